//! Files of a repository: one is read, and written under the lock of the name of the bytes that it replaces.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::GitHub;
use super::error::message;
use super::models::{FileContents, FolderEntry};
use super::mutations::RESERVED;
use crate::error::Failure;
use crate::net::retry::{AttemptError, RetryPolicy};
use floe_core::model::Rendered;
use floe_core::world::RemoteFile;

impl GitHub {
    /// A file of a commit, or of the default branch; `None` if it is not there.
    pub async fn file(&self, path: &str, commit: Option<&str>) -> anyhow::Result<Option<RemoteFile>> {
        let at = commit.map(|commit| format!("?ref={commit}")).unwrap_or_default();
        let address = self.path(&format!("/contents/{}{at}", escape(path)));
        let what = format!("`{path}` of `{}`", self.repo);
        let Some(found) = self.get::<FileContents>(&what, &address).await? else { return Ok(None) };
        let content = found.content.filter(|_| found.encoding.as_deref() == Some("base64"));
        let content =
            content.with_context(|| format!("GitHub sends no bytes for {what}: it is too large"))?;
        let bytes = STANDARD
            .decode(content.replace(['\n', '\r'], ""))
            .with_context(|| format!("GitHub's bytes of {what} are not base64"))?;
        Ok(Some(RemoteFile { sha: found.sha, bytes }))
    }

    /// Fails if the first file of a folder would hide files of the root. Homebrew and Scoop look for packages in that folder,
    /// and only without it in the root.
    pub async fn check_root(&self, path: &str) -> anyhow::Result<()> {
        let repo = &self.repo;
        let entries =
            self.get::<Vec<FolderEntry>>(&format!("the files of `{repo}`"), &self.path("/contents")).await?;
        let names: Vec<String> = entries.into_iter().flatten().map(|entry| entry.name).collect();
        let (folder, end) = (path.split('/').next().unwrap_or_default(), path.rsplit('.').next());
        let is_like = |name: &&String| name.rsplit('.').next() == end || *name == "HomebrewFormula";
        match names.iter().find(is_like) {
            Some(hidden) if !names.iter().any(|name| name == folder) => {
                let why = format!(
                    "`{path}` would hide `{hidden}` of `{repo}`, which is found only while there is no folder `{folder}`"
                );
                let hint =
                    format!("move such files to `{folder}/`; if that is no package, put any file there");
                Err(Failure::new(why).hint(hint).into())
            }
            _ => Ok(()),
        }
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
        let token = format!(
            "give a token with \"Contents: Read and write\" on `{}` as FLOE_CHANNEL_TOKEN (in the workflow: secret `channel-token`)",
            self.repo
        );
        self.write(self.crab.put::<Value, _, _>(&address, Some(&body)), &token).await.map(drop)
    }

    /// Tries to make a change in the repository of a channel. `token` is the hint for one that may not.
    pub(super) async fn write<T>(
        &self,
        change: impl Future<Output = octocrab::Result<T>>,
        token: &str,
    ) -> Result<T, AttemptError> {
        self.change(change).await?.map_err(|error| self.unwritten(error, token))
    }

    /// Judges a refused change. Something may have moved or be there by now, which another look shows.
    pub(super) fn unwritten(&self, error: octocrab::Error, token: &str) -> AttemptError {
        let octocrab::Error::GitHub { source, .. } = &error else { return self.judge(error) };
        let (status, said) = (source.status_code, message(source).unwrap_or_default().to_lowercase());
        let says = |words: &[&str]| words.iter().any(|words| said.contains(words));
        let (repo, site, judged) = (&self.repo, &self.site, self.judge(error));
        let past_rule = || {
            format!(
                "let the token write past the rule, at {site}/{repo}/settings/rules, or take the rule away"
            )
        };
        let hint = match status {
            _ if judged.retry != RetryPolicy::Never => return judged,
            StatusCode::CONFLICT if says(&RULE) => past_rule(),
            StatusCode::CONFLICT => return AttemptError { retry: RetryPolicy::Later, ..judged },
            StatusCode::UNPROCESSABLE_ENTITY if says(&MOVED) => {
                return AttemptError { retry: RetryPolicy::Later, ..judged };
            }
            StatusCode::UNPROCESSABLE_ENTITY if says(&["rule violation"]) => past_rule(),
            StatusCode::FORBIDDEN if says(&["archived"]) => format!("unarchive it at {site}/{repo}/settings"),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => token.to_owned(),
            _ => return judged,
        };
        // GitHub's own refusal has a hint for the token of the release.
        judged.hint(hint)
    }
}

/// The words of a 409 for a rule of the branch, which no other attempt passes.
const RULE: [&str; 4] = ["rule violation", "pull request", "protected branch", "required status"];
/// The words of a 422 for something that is there already, or that has moved.
const MOVED: [&str; 5] =
    ["sha", "already exists", "no commits between", "not a fast forward", "reference does not exist"];

/// A path with every segment percent-encoded.
pub(super) fn escape(path: &str) -> String {
    let segment = |part| percent_encoding::utf8_percent_encode(part, RESERVED).to_string();
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}
