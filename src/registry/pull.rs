//! Pulling: manifests whole, blobs into files. The digest of everything that is pulled by digest is checked.
//!
//! Missing or wrong content is an error of its own, because it is a fault of the release, unlike a registry that cannot be
//! asked.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::{Method, StatusCode};

use super::{ANSWER_LIMIT, Registry};
use crate::error::Failure;
use crate::net::client::{Answer, TooLarge};
use crate::net::retry::AttemptError;
use floe_core::model::{Blob, Digest, Hasher};

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
        let body = |answer: Answer| match answer.body.is_empty() {
            true => Err(AttemptError::later(anyhow!("the registry answered without a manifest"))),
            false => Ok(answer.body),
        };
        let pulled = self.look(Method::GET, &format!("manifests/{reference}"), body).await;
        let manifest = pulled.with_context(|| self.failed(&what))?.ok_or_else(|| absent(&what))?;
        if let Some(digest) = digest {
            check(&what, Digest::of(&manifest), digest)?;
        }
        Ok(manifest)
    }

    /// Pulls a blob into a new file at `path`.
    pub async fn pull_blob(&self, blob: &Blob, path: &Path) -> Result<(), PullError> {
        let what = format!("blob `{}`", blob.digest);
        let pull = async |_| self.save_blob(&what, blob, path).await;
        self.client.retry.run(pull).await.with_context(|| self.failed(&what))?
    }

    /// One attempt at a blob. The inner error says what is wrong with the registry's content.
    async fn save_blob(
        &self,
        what: &str,
        blob: &Blob,
        path: &Path,
    ) -> Result<Result<(), PullError>, AttemptError> {
        let mut answer = self.open(Method::GET, &format!("blobs/{}", blob.digest), |_| {}).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(Err(absent(what))),
            _ => return Err(self.refused(&answer.read(ANSWER_LIMIT).await?, "read")),
        }
        let mut hasher = Hasher::default();
        Ok(match answer.save(path, blob.size, |piece| hasher.update(piece)).await? {
            Ok(()) => check(what, hasher.finish().0, blob.digest),
            Err(TooLarge) => {
                let text = format!("{what} has more than the {} bytes that its manifest says", blob.size);
                Err(PullError::Wrong(text))
            }
        })
    }

    fn failed(&self, what: &str) -> String {
        let how = if self.has_credentials() { "" } else { " anonymously" };
        format!("failed to pull {what} of `{}`{how}", self.name)
    }

    /// The failure of a user who only pulls and may not. `said` is the registry's own message.
    pub(super) fn pull_denied(&self, said: Option<String>) -> Failure {
        let said = said.map(|said| format!(" ({said})")).unwrap_or_default();
        if let Some(credentials) = &self.credentials {
            return Failure::new(format!("the registry does not allow this account to pull{said}")).hint(format!(
                "{}; set GITHUB_TOKEN to a token with `read:packages`, or FLOE_REGISTRY_USER and FLOE_REGISTRY_TOKEN for another registry",
                credentials.sent()
            ));
        }
        Failure::new(format!("the registry does not allow anonymous pulls{said}")).hint(format!(
            "the image is private: the owner of `{}` must make it public, unless the repository is private too",
            self.name
        ))
    }
}

pub(super) fn absent(what: &str) -> PullError {
    PullError::Wrong(format!("{what} is not in the registry"))
}

pub(super) fn check(what: &str, found: Digest, expected: Digest) -> Result<(), PullError> {
    match found == expected {
        true => Ok(()),
        false => Err(PullError::Wrong(format!("{what} is {found} in the registry"))),
    }
}
