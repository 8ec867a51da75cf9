//! The artifacts that refer to a manifest (OCI distribution-spec v1.1, "Listing Referrers" and "Referrers Tag Schema").
//!
//! Where a registry has no API for them, as GHCR, clients keep an index of them under a tag.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, anyhow, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;
use http::Method;
use serde_json::{Value, json};

use super::pull::{absent, check};
use super::{Registry, WrongContent, wrong_or_failed};
use crate::net::retry::AttemptError;
use floe_core::attachment::{Attachment, BUNDLE, BUNDLE_LIMIT};
use floe_core::model::{Blob, Digest};
use floe_core::oci::{INDEX, ImageManifest};

/// The most attestations of others that are read.
const MOST: usize = 8;

/// The artifacts that a registry lists for a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrers {
    /// Whether the registry lists them itself.
    pub by_api: bool,
    /// Their manifests.
    pub manifests: BTreeSet<Digest>,
}

impl Registry {
    /// The artifacts that refer to a manifest, by the API or else by the index under `tag`.
    pub async fn referrers(&self, subject: &Digest, tag: &str) -> anyhow::Result<Referrers> {
        let failed = || format!("failed to look for what is attached to `{}@{subject}`", self.name);
        let mut index = self.index(&format!("referrers/{subject}")).await.with_context(failed)?;
        let by_api = index.is_some();
        if !by_api {
            index = self.index(&format!("manifests/{tag}")).await.with_context(failed)?;
        }
        let manifests = index.map(|index| digests(&index)).transpose().with_context(failed)?;
        Ok(Referrers { by_api, manifests: manifests.unwrap_or_default() })
    }

    /// The artifacts that refer to the same manifests as these, by the tag of their index.
    pub async fn lists(&self, attachments: &[Attachment]) -> anyhow::Result<BTreeMap<String, Referrers>> {
        let subjects: BTreeMap<String, Digest> =
            attachments.iter().map(|one| (one.tag(), one.subject.digest)).collect();
        let lists = subjects.into_iter().map(async |(tag, subject)| {
            let list = self.referrers(&subject, &tag).await?;
            anyhow::Ok((tag, list))
        });
        Ok(try_join_all(lists).await?.into_iter().collect())
    }

    /// The other attestations among artifacts that refer to the same manifest as `ours`. Those that cannot be read are none.
    pub async fn attestations(
        &self,
        ours: &Attachment,
        artifacts: BTreeSet<Digest>,
    ) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut found = Vec::new();
        for digest in artifacts.into_iter().filter(|digest| *digest != ours.manifest.digest).take(MOST) {
            found.extend(wrong_or_failed(self.attestation(ours, &digest).await)?.ok().flatten());
        }
        Ok(found)
    }

    async fn attestation(&self, ours: &Attachment, digest: &Digest) -> anyhow::Result<Option<Vec<u8>>> {
        let bytes = self.pull_manifest(&digest.to_string()).await?;
        let Ok(manifest) = serde_json::from_slice::<ImageManifest>(&bytes) else { return Ok(None) };
        let is_about = manifest.subject.is_some_and(|subject| subject.digest == ours.subject.digest);
        // The type in an index is not believed: cosign writes another one there.
        match (&manifest.layers[..], is_about) {
            ([layer], true) if layer.media_type == BUNDLE => {
                Ok(Some(self.pull_small(&layer.blob(), BUNDLE_LIMIT).await?.to_vec()))
            }
            _ => Ok(None),
        }
    }

    /// An image index below the repository; `None` if it is not there.
    async fn index(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let Some(answer) = self.look(Method::GET, path).await? else { return Ok(None) };
        let index = serde_json::from_slice(&answer.body);
        index.map(Some).context("the registry's list of artifacts is not JSON")
    }

    /// Adds artifacts to the index under a tag, and keeps all others in it. Registries cannot do that at once, so it is looked at again
    /// afterwards: another client may have written the tag meanwhile.
    pub async fn list_referrers(&self, tag: &str, attachments: &[&Attachment]) -> anyhow::Result<()> {
        let path = format!("manifests/{tag}");
        let list = async |_| {
            let index = self.index(&path).await?;
            let Some(index) = with_entries(index, attachments)? else { return Ok(()) };
            let body = Bytes::from(serde_json::to_vec(&index).context("an index has only string keys")?);
            let blob =
                Blob { media_type: INDEX.to_owned(), digest: Digest::of(&body), size: body.len() as u64 };
            self.push_manifest(tag, &blob, &body).await?;
            let there = self.index(&path).await?;
            match with_entries(there, attachments)? {
                None => Ok(()),
                Some(_) => Err(AttemptError::later(anyhow!("another client has replaced it meanwhile"))),
            }
        };
        let failed = || format!("failed to list what is attached, in `{}:{tag}`", self.name);
        self.client.retry.run(list).await.with_context(failed)
    }

    /// A small blob.
    async fn pull_small(&self, blob: &Blob, limit: u64) -> anyhow::Result<Bytes> {
        let what = format!("blob `{}`", blob.digest);
        ensure!(blob.size <= limit, WrongContent(format!("{what} is too large")));
        let pulled = self.look(Method::GET, &format!("blobs/{}", blob.digest)).await;
        let pulled = pulled.with_context(|| format!("failed to pull {what} of `{}`", self.name))?;
        let bytes = pulled.ok_or_else(|| absent(&what))?.body;
        check(&what, Digest::of(&bytes), blob.digest)?;
        Ok(bytes)
    }
}

/// The digests in an index. An entry that floe does not understand is none of its own.
fn digests(index: &Value) -> anyhow::Result<BTreeSet<Digest>> {
    let entries = index.get("manifests").and_then(Value::as_array);
    let entries = entries.context("the registry's list of artifacts is not an image index")?;
    let digest = |entry: &Value| entry.get("digest")?.as_str()?.parse().ok();
    Ok(entries.iter().filter_map(digest).collect())
}

/// The index with the entries that it lacks; `None` if it lacks none.
fn with_entries(index: Option<Value>, attachments: &[&Attachment]) -> anyhow::Result<Option<Value>> {
    let none = || json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] });
    let mut index = index.unwrap_or_else(none);
    let there = digests(&index)?;
    let missing = attachments.iter().filter(|one| !there.contains(&one.manifest.digest));
    let missing: Vec<Value> = missing.map(|one| one.entry()).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    if let Some(entries) = index.get_mut("manifests").and_then(Value::as_array_mut) {
        entries.extend(missing);
    }
    Ok(Some(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_keeps_what_others_wrote() {
        let foreign =
            json!({ "mediaType": "x", "digest": Digest::of(b"x"), "size": 1, "data": "eA==", "new": [1] });
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [foreign], "annotations": { "a": "b" } });
        assert_eq!(with_entries(Some(index.clone()), &[]).unwrap(), None);
        assert_eq!(digests(&index).unwrap(), BTreeSet::from([Digest::of(b"x")]));
        for wrong in [json!({ "schemaVersion": 2, "layers": [] }), json!([]), json!({ "manifests": {} })] {
            assert!(with_entries(Some(wrong), &[]).is_err());
        }
    }
}
