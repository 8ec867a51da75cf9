//! A feed of NuGet packages, version 2 of the protocol, which Chocolatey uses: a package is looked for, downloaded and
//! pushed.
//!
//! The key is a header of the push alone, which follows no redirect. Questions are asked without it.

use anyhow::Context as _;
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::Request;

use crate::error::Failure;
use crate::net::address::Endpoint;
use crate::net::client::{Client, HttpResponse};
use crate::net::retry::{AttemptError, RetryPolicy};
use crate::net::{secret, words};
use crate::package::archive::unzipped;
use crate::token::Token;
use floe_core::model::places::Feed;
use floe_core::world::RemotePackage;

/// The limit of an answer. A package that floe renders has a few kilobytes.
const LIMIT: usize = 4 * 1024 * 1024;
const SERVER: &str = "the feed";
const KEY: &str = "x-nuget-apikey";
/// The boundary of the parts of a push. No package that floe renders holds it.
const BOUNDARY: &str = "floe-2b6f0c1e8d9a4c57";

/// The client of one package's feed.
pub struct FeedClient {
    client: Client,
    /// The server that is asked.
    asks: Endpoint,
    /// The server that is pushed to.
    pushes: Endpoint,
    key: Option<Token>,
    package: Feed,
}

impl FeedClient {
    /// Makes the client; nothing is sent yet. `address` replaces both servers of the feed.
    pub fn connect(
        client: Client,
        feed: &Feed,
        address: Option<&str>,
        key: Option<Token>,
    ) -> anyhow::Result<Self> {
        let server = |host: &str| {
            Endpoint::given(SERVER, &address.map_or_else(|| format!("https://{host}"), str::to_owned))
        };
        let (asks, pushes) = (server(feed.asks())?, server(&feed.host)?);
        Ok(FeedClient { client, asks, pushes, key, package: feed.clone() })
    }

    /// The package of a version; `None` if it is not there. The text of people who moderate is not read.
    pub async fn package(&self) -> anyhow::Result<Option<RemotePackage>> {
        let Feed { id, version, .. } = &self.package;
        let entry = format!("/api/v2/Packages(Id='{id}',Version='{version}')");
        let entry = self.get(&entry).await;
        let looking = || format!("failed to look for `{id}` {version} in its feed");
        let Some(entry) = entry.with_context(looking)? else { return Ok(None) };
        let entry = String::from_utf8_lossy(&entry.body);
        let bytes = self.get(&format!("/api/v2/package/{id}/{version}")).await;
        let bytes = bytes.with_context(|| format!("failed to download `{id}` {version} from its feed"))?;
        let absent = || format!("the feed lists `{id}` {version}, but has no file of it");
        let bytes = bytes.with_context(absent)?;
        Ok(Some(RemotePackage {
            // A package that cannot be opened installs nothing that is known.
            text: unzipped(&bytes.body).unwrap_or_default(),
            bytes: bytes.body.to_vec(),
            waits: property(&entry, "IsApproved") == Some("false"),
            url: format!("{}/packages/{id}/{version}", self.asks.url.as_str().trim_end_matches('/')),
        }))
    }

    /// Tries to push the package.
    pub async fn push(&self, bytes: &[u8]) -> Result<(), AttemptError> {
        let mut request = Request::new(Method::PUT, self.pushes.below("/api/v2/package")?);
        let headers = request.headers_mut();
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&kind).map_err(anyhow::Error::from)?);
        if let Some(key) = &self.key {
            let wrong = "the key for the feed holds a line break or another letter that no key has";
            headers.insert(KEY, secret(key.reveal()).context(wrong)?);
        }
        let begin = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"package\"; filename=\"package.nupkg\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let end = format!("\r\n--{BOUNDARY}--\r\n");
        *request.body_mut() = Some([begin.as_bytes(), bytes, end.as_bytes()].concat().into());
        let answer = self.client.exchange(&self.pushes, request, LIMIT).await?;
        match answer.status {
            StatusCode::OK | StatusCode::CREATED | StatusCode::ACCEPTED => Ok(()),
            _ => Err(self.unpushed(&answer)),
        }
    }

    /// Reads one thing, with retries; `None` for 404.
    async fn get(&self, path: &str) -> anyhow::Result<Option<HttpResponse>> {
        let ask = async |_| {
            let request = Request::new(Method::GET, self.asks.below(path)?);
            let answer = self.client.exchange(&self.asks, request, LIMIT).await?;
            match answer.status {
                StatusCode::OK => Ok(Some(answer)),
                StatusCode::NOT_FOUND => Ok(None),
                _ => Err(refused(&answer)),
            }
        };
        self.client.retry.run(ask).await
    }

    /// Judges a refused push. The package may be there by now, which another look shows.
    fn unpushed(&self, answer: &HttpResponse) -> AttemptError {
        let Feed { id, .. } = &self.package;
        let judged = refused(answer);
        let said = String::from_utf8_lossy(&answer.body).to_lowercase();
        let hint = match answer.status {
            _ if judged.retry != RetryPolicy::Never => return judged,
            // A version that was refused, or that is not listed yet, is a conflict as well.
            StatusCode::CONFLICT => "the feed has that version but does not show it: see the packages of your account, and raise the version if it was refused".to_owned(),
            StatusCode::FORBIDDEN if said.contains("submitted state") || said.contains("moderation") => format!(
                "an earlier version of `{id}` waits for moderation: run the same command again when it is approved"
            ),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => format!(
                "give the API key of an account that may push `{id}` as FLOE_CHOCOLATEY_KEY (in the workflow: secret `chocolatey-key`)"
            ),
            _ => return judged,
        };
        let retry =
            if answer.status == StatusCode::CONFLICT { RetryPolicy::Later } else { RetryPolicy::Never };
        AttemptError { retry, ..judged.hint(hint) }
    }
}

fn refused(answer: &HttpResponse) -> AttemptError {
    let said = String::from_utf8_lossy(&answer.body);
    let said = if said.trim_start().starts_with('<') { "" } else { said.trim() };
    let said = if said.is_empty() { String::new() } else { format!(": {}", words(said)) };
    let failure = Failure::new(format!("the feed answered {}{said}", answer.status));
    AttemptError::answer(answer.status, &answer.headers, "", failure)
}

/// The text of a property of an entry: `<d:IsApproved m:type="Edm.Boolean">false</d:IsApproved>`.
fn property<'a>(entry: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = entry.split_once(&format!("<d:{name}"))?;
    let (_, rest) = rest.split_once('>')?;
    Some(rest.split_once('<')?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_read_with_and_without_its_type() {
        let entry = "<entry><d:Version>1.4.0</d:Version><d:IsApproved m:type=\"Edm.Boolean\">false</d:IsApproved>\
                     <d:Listed m:type=\"Edm.Boolean\" /></entry>";
        assert_eq!(property(entry, "IsApproved"), Some("false"));
        assert_eq!(property(entry, "Version"), Some("1.4.0"));
        assert_eq!(property(entry, "PackageStatus"), None);
    }

    #[test]
    fn the_community_is_asked_at_another_host_than_the_one_that_is_pushed_to() {
        let feed =
            |host: &str| Feed { host: host.to_owned(), id: "tool".to_owned(), version: "1.4.0".to_owned() };
        assert_eq!(feed("push.chocolatey.org").asks(), "community.chocolatey.org");
        assert_eq!(feed("packages.example.org").asks(), "packages.example.org");
    }
}
