//! Pulling: manifests whole, blobs into files. The digest of everything that is pulled by digest is checked.
//!
//! Missing or wrong content is [`WrongContent`], because it is a fault of the release, unlike a registry that cannot be asked.

use std::path::Path;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Method, StatusCode};

use super::{ANSWER_LIMIT, Registry};
use crate::error::Failure;
use crate::net::client::TooLarge;
use crate::net::retry::AttemptError;
use floe_core::model::{Blob, Digest, Hasher};

/// The registry does not hold what a name promises.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongContent(pub String);

/// Separates wrong content, which is a result, from a registry that cannot be asked and a file that cannot be written.
pub fn wrong_or_failed<T>(pulled: anyhow::Result<T>) -> anyhow::Result<Result<T, String>> {
    match pulled {
        Ok(pulled) => Ok(Ok(pulled)),
        Err(error) => error.downcast().map(|WrongContent(problem)| Err(problem)),
    }
}

impl Registry {
    /// The same client, but its tokens may only pull, and its errors are for users who only pull.
    pub fn pull_only(self) -> Self {
        Registry { pull_only: true, ..self }
    }

    /// The bytes of a manifest by tag or digest.
    pub async fn pull_manifest(&self, reference: &str) -> anyhow::Result<Bytes> {
        let digest: Option<Digest> = reference.parse().ok();
        let what = format!("{} `{reference}`", if digest.is_some() { "manifest" } else { "tag" });
        let pulled = self.look(Method::GET, &format!("manifests/{reference}")).await;
        let manifest = pulled.with_context(|| self.failed(&what))?.ok_or_else(|| absent(&what))?.body;
        if let Some(digest) = digest {
            check(&what, Digest::of(&manifest), digest)?;
        }
        Ok(manifest)
    }

    /// Pulls a blob into a new file at `path`.
    pub async fn pull_blob(&self, blob: &Blob, path: &Path) -> anyhow::Result<()> {
        let what = format!("blob `{}`", blob.digest);
        let pull = async |_| {
            let request = self.request(Method::GET, &format!("blobs/{}", blob.digest))?;
            let mut answer = self.open(request).await?;
            match answer.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => return Err(AttemptError::fatal(absent(&what))),
                _ => return Err(self.refused(&answer.read(ANSWER_LIMIT).await?, "read")),
            }
            let mut hasher = Hasher::default();
            answer.save(path, blob.size, |piece| hasher.update(piece)).await?.map_err(|TooLarge| {
                let text = format!("{what} has more than the {} bytes that its manifest says", blob.size);
                AttemptError::fatal(WrongContent(text))
            })?;
            Ok(check(&what, hasher.finish().0, blob.digest)?)
        };
        self.client.retry.run(pull).await.with_context(|| self.failed(&what))
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

pub(super) fn absent(what: &str) -> WrongContent {
    WrongContent(format!("{what} is not in the registry"))
}

pub(super) fn check(what: &str, found: Digest, expected: Digest) -> anyhow::Result<()> {
    ensure!(found == expected, WrongContent(format!("{what} is {found} in the registry")));
    Ok(())
}
