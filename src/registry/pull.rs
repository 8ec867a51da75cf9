//! Pulling: manifests whole, blobs into files. The digest of everything that is pulled by digest is checked.
//!
//! Missing or wrong content and an unreachable registry are different errors, because only the first is a
//! fault of the release.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::{Method, StatusCode, header};
use reqwest::Request;
use tokio::time::timeout;
use url::Url;

use super::auth::Bearer;
use super::{ANSWER_LIMIT, Registry, SERVER, accept_manifests};
use crate::error::Failure;
use crate::net::client::{self, Streamed, TooLarge};
use crate::net::retry::{self, AttemptError};
use floe_core::model::{Blob, Digest, Hasher};
use floe_core::units::seconds;

/// Why something was not pulled.
pub enum PullError {
    /// The registry does not hold what the name promises, in words for the user.
    Wrong(String),
    /// The registry cannot be reached or refuses, or a file cannot be written.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for PullError {
    fn from(error: anyhow::Error) -> Self {
        PullError::Failed(error)
    }
}

impl Registry {
    /// The same client, but its tokens may only pull, and its errors are for users who only pull.
    pub fn pull_only(self) -> Self {
        Registry { pull_only: true, ..self }
    }

    /// The bytes of a manifest by tag or digest.
    pub async fn pull_manifest(&self, reference: &str) -> Result<Bytes, PullError> {
        let digest: Option<Digest> = reference.parse().ok();
        let what = format!("{} `{reference}`", if digest.is_some() { "manifest" } else { "tag" });
        let path = format!("manifests/{reference}");
        let pull = async |_| {
            let answer = self.send(Method::GET, &path, accept_manifests).await?;
            match answer.status {
                StatusCode::OK => Ok(Ok(answer.body)),
                StatusCode::NOT_FOUND => Ok(Err(absent(&what))),
                _ => Err(self.refused(&answer, "read")),
            }
        };
        let manifest = self.pull(&what, pull).await?;
        if let Some(digest) = digest {
            check(&what, Digest::of(&manifest), digest).map_err(PullError::Wrong)?;
        }
        Ok(manifest)
    }

    /// Pulls a blob into a new file at `path`.
    pub async fn pull_blob(&self, blob: &Blob, path: &Path) -> Result<(), PullError> {
        let what = format!("blob `{}`", blob.digest);
        let url = self.address(&format!("blobs/{}", blob.digest))?;
        let patience = retry::patience(blob.size);
        let late = |_| AttemptError::connection(anyhow!("it was not complete within {}", seconds(patience)));
        let pull =
            async |_| timeout(patience, self.save_blob(&what, &url, blob, path)).await.map_err(late)?;
        self.pull(&what, pull).await
    }

    /// One attempt at a blob. The inner error says what is wrong with the registry's content.
    async fn save_blob(
        &self,
        what: &str,
        url: &Url,
        blob: &Blob,
        path: &Path,
    ) -> Result<Result<(), String>, AttemptError> {
        let token = self.bearer.lock().await.clone();
        let mut answer = self.stream(url, token.as_ref()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let refused = answer.read(SERVER, ANSWER_LIMIT).await?;
            let token = self.renew(&refused, token.as_ref()).await?;
            answer = self.stream(url, Some(&token)).await?;
        }
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(Err(absent(what))),
            _ => return Err(self.refused(&answer.read(SERVER, ANSWER_LIMIT).await?, "read")),
        }
        let mut hasher = Hasher::default();
        match answer.save(path, blob.size, |piece| hasher.update(piece)).await? {
            Ok(()) => Ok(check(what, hasher.finish().0, blob.digest)),
            Err(TooLarge) => {
                Ok(Err(format!("{what} has more than the {} bytes that its manifest says", blob.size)))
            }
        }
    }

    /// Sends a GET and leaves the body of its answer to the caller.
    async fn stream(&self, url: &Url, token: Option<&Bearer>) -> Result<Streamed, AttemptError> {
        let mut request = Request::new(Method::GET, url.clone());
        if let Some(token) = token {
            request.headers_mut().insert(header::AUTHORIZATION, token.header()?);
        }
        let line = client::line(&request);
        self.count();
        let answer = self.client.stream(request).await?;
        self.trace(&line, answer.status());
        Ok(answer)
    }

    async fn pull<T>(
        &self,
        what: &str,
        attempt: impl AsyncFnMut(u32) -> Result<Result<T, String>, AttemptError>,
    ) -> Result<T, PullError> {
        let pulled = self.retry.run(attempt).await;
        let how = if self.has_credentials() { "" } else { " anonymously" };
        let context = || format!("failed to pull {what} of `{}`{how}", self.name);
        pulled.with_context(context)?.map_err(PullError::Wrong)
    }

    /// The failure of a user who only pulls and may not. `said` is the registry's own message.
    pub(super) fn pull_denied(&self, said: Option<String>) -> Failure {
        let said = said.map(|said| format!(" ({said})")).unwrap_or_default();
        if self.has_credentials() {
            return Failure::new(format!("the registry does not allow this account to pull{said}")).hint(
                "set GITHUB_TOKEN to a token with `read:packages`, or FLOE_REGISTRY_USER and FLOE_REGISTRY_TOKEN for another registry",
            );
        }
        Failure::new(format!("the registry does not allow anonymous pulls{said}")).hint(format!(
            "the image is private: the owner of `{}` must make it public, unless the repository is private too",
            self.name
        ))
    }
}

fn absent(what: &str) -> String {
    format!("{what} is not in the registry")
}

fn check(what: &str, found: Digest, expected: Digest) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what} is {found} in the registry"))
}
