//! Files of a repository: one is read, and written under the lock of the name of the bytes that it replaces.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use octocrab::GitHubError;
use serde_json::{Value, json};

use super::GitHub;
use super::models::Contents;
use super::mutations::RESERVED;
use crate::error::Failure;
use crate::net::retry::{AttemptError, RetryPolicy};
use floe_core::model::Rendered;
use floe_core::world::RemoteFile;

impl GitHub {
    /// A file of the default branch; `None` if it is not there.
    pub async fn file(&self, path: &str) -> anyhow::Result<Option<RemoteFile>> {
        self.file_at(path, None).await
    }

    /// A file of a commit, or of the default branch.
    pub(super) async fn file_at(
        &self,
        path: &str,
        commit: Option<&str>,
    ) -> anyhow::Result<Option<RemoteFile>> {
        let at = commit.map(|commit| format!("?ref={commit}")).unwrap_or_default();
        let address = self.path(&format!("/contents/{}{at}", escape(path)));
        let what = format!("`{path}` of `{}`", self.repo);
        let Some(found) = self.get::<Contents>(&what, &address).await? else { return Ok(None) };
        let content = found.content.filter(|_| found.encoding.as_deref() == Some("base64"));
        let content =
            content.with_context(|| format!("GitHub sends no bytes for {what}: it is too large"))?;
        let bytes = STANDARD
            .decode(content.replace(['\n', '\r'], ""))
            .with_context(|| format!("GitHub's bytes of {what} are not base64"))?;
        Ok(Some(RemoteFile { sha: found.sha, bytes }))
    }

    /// Tries to write a file to the default branch, over the bytes of this name if there are any.
    pub async fn write_file(
        &self,
        file: &Rendered,
        message: &str,
        over: Option<String>,
    ) -> Result<(), AttemptError> {
        let address = self.path(&format!("/contents/{}", escape(&file.entry.path)));
        // Without `branch` it is the default one, also in a repository without a commit. Without an author, GitHub signs
        // the commit of an app.
        let mut body = json!({ "message": message, "content": STANDARD.encode(&file.bytes) });
        if let Some(sha) = over {
            body["sha"] = sha.into();
        }
        match self.change(self.crab.put::<Value, _, _>(&address, Some(&body))).await? {
            Ok(_) => Ok(()),
            Err(octocrab::Error::GitHub { source, .. }) => Err(self.unwritten(&source)),
            Err(error) => Err(self.judge(error)),
        }
    }

    /// Judges a refused write. The file may have moved, which another look shows.
    fn unwritten(&self, error: &GitHubError) -> AttemptError {
        let repo = &self.repo;
        let judged = self.refusal(error);
        self.limiter.learn(&judged);
        let hint = match error.status_code {
            _ if judged.retry != RetryPolicy::Never => return judged,
            StatusCode::CONFLICT if is_rule(&error.message) => format!(
                "let the token write past the rule, at {}/{repo}/settings/rules, or take the rule away",
                self.site
            ),
            StatusCode::CONFLICT => return AttemptError { retry: RetryPolicy::Later, ..judged },
            StatusCode::UNPROCESSABLE_ENTITY if error.message.contains("sha") => {
                return AttemptError { retry: RetryPolicy::Later, ..judged };
            }
            StatusCode::FORBIDDEN if error.message.contains("archived") => {
                format!("unarchive it at {}/{repo}/settings", self.site)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => format!(
                "give a token with \"Contents: Read and write\" on `{repo}` as FLOE_CHANNEL_TOKEN (in the workflow: secret `channel-token`)"
            ),
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {
                format!("`{repo}` has another name now: write that in Cargo.toml")
            }
            _ => return judged,
        };
        // GitHub's own refusal has a hint for the token of the release.
        AttemptError::fatal(Failure::new(format!("{:#}", judged.error)).hint(hint))
    }
}

/// Whether a 409 is a rule of the branch, which no other attempt passes.
fn is_rule(message: &str) -> bool {
    let message = message.to_lowercase();
    ["rule violation", "pull request", "protected branch", "required status"]
        .iter()
        .any(|words| message.contains(words))
}

/// A path with every segment percent-encoded.
pub(super) fn escape(path: &str) -> String {
    let segment = |part| percent_encoding::utf8_percent_encode(part, RESERVED).to_string();
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}
