//! GitHub's JSON, as little of it as floe reads.

use serde::Deserialize;

use crate::net::answer::words;
use floe_core::untrusted::text;
use floe_core::world::{RemoteAsset, RemoteRelease};

#[derive(Deserialize)]
pub(super) struct Repository {
    pub private: bool,
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    pub disabled: bool,
    #[serde(default)]
    pub full_name: Option<String>,
    #[serde(default)]
    pub permissions: Option<Permissions>,
}

#[derive(Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub push: bool,
}

#[derive(Deserialize)]
pub(super) struct GitRef {
    pub object: GitObject,
}

#[derive(Deserialize)]
pub(super) struct GitObject {
    #[serde(rename = "type")]
    pub kind: String,
    pub sha: String,
}

#[derive(Deserialize)]
pub(super) struct Release {
    id: u64,
    tag_name: String,
    #[serde(default)]
    body: Option<String>,
    draft: bool,
    prerelease: bool,
    #[serde(default)]
    immutable: bool,
    html_url: String,
    upload_url: String,
    #[serde(default)]
    assets: Vec<Asset>,
}

#[derive(Deserialize)]
pub(super) struct Asset {
    id: u64,
    name: String,
    size: u64,
    state: String,
    #[serde(default)]
    digest: Option<String>,
    browser_download_url: String,
}

#[derive(Deserialize)]
pub(super) struct Notes {
    pub body: String,
}

impl Release {
    pub fn into_remote(self) -> RemoteRelease {
        RemoteRelease {
            id: self.id,
            tag: self.tag_name,
            notes: self.body.unwrap_or_default(),
            draft: self.draft,
            prerelease: self.prerelease,
            immutable: self.immutable,
            // It is printed where programs read it: one address is one line.
            url: text::line(&self.html_url).into_owned(),
            upload_url: self.upload_url,
            assets: self.assets.into_iter().map(Asset::into_remote).collect(),
        }
    }
}

impl Asset {
    pub fn into_remote(self) -> RemoteAsset {
        RemoteAsset {
            id: self.id,
            name: self.name,
            size: self.size,
            uploaded: self.state == "uploaded",
            // A digest of another kind proves nothing to floe, so it counts as none.
            digest: self.digest.and_then(|digest| digest.parse().ok()),
            url: self.browser_download_url,
        }
    }
}

/// GitHub's own words for an error: `message`, with the codes of `errors` behind it.
pub(super) fn message(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let mut message = body.get("message")?.as_str()?.to_owned();
    for error in body.get("errors").and_then(|errors| errors.as_array()).into_iter().flatten() {
        let part = |key: &str| error.get(key).and_then(|value| value.as_str());
        match (part("message"), part("field"), part("code")) {
            (Some(text), _, _) => message.push_str(&format!("; {text}")),
            (None, Some(field), Some(code)) => message.push_str(&format!("; {field}: {code}")),
            _ => {}
        }
    }
    Some(words(&message))
}

/// Whether an error is the one for a name that is taken.
pub(super) fn already_exists(body: &[u8]) -> bool {
    let body: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let errors = body.as_ref().and_then(|body| body.get("errors")).and_then(|errors| errors.as_array());
    errors
        .into_iter()
        .flatten()
        .any(|error| error.get("code").and_then(|code| code.as_str()) == Some("already_exists"))
}
