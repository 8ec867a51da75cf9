//! Generated notes, and the permission to write: GitHub generates notes only for a token that has it, and stores nothing.

use anyhow::Context as _;
use http::StatusCode;

use super::GitHub;
use super::error::is_status;
use crate::error::Failure;
use crate::net::retry::{AttemptError, RetryPolicy};
use floe_core::model::Tag;
use floe_core::parallel::lock;

impl GitHub {
    /// Asks whether the token may write contents. The draft uses the notes later. `permissions.push` of the repository does
    /// not say it: it is `false` for every token of an app, among them a workflow's.
    pub async fn may_write(&self, tag: &Tag, previous: Option<&Tag>) -> anyhow::Result<()> {
        let ask = async |_| match self.notes_since(tag, previous).await {
            Ok(text) => {
                *lock(&self.notes) = Some((tag.clone(), previous.cloned(), text));
                Ok(())
            }
            // 422 means the request was authorised but invalid, so the token may write.
            answer if is_status(&answer, StatusCode::UNPROCESSABLE_ENTITY) => Ok(()),
            // GitHub answers 404 instead of 403 when the token lacks access.
            answer if is_status(&answer, StatusCode::NOT_FOUND) => {
                let text =
                    format!("the token may not write to `{}`: GitHub answered 404 Not Found", self.repo);
                Err(AttemptError::fatal(Failure::new(text).hint(self.lacking(None))))
            }
            Err(error) => {
                let AttemptError { error, retry } = self.judge(error);
                let error = match retry {
                    RetryPolicy::Never => {
                        error.context(format!("the token may not write to `{}`", self.repo))
                    }
                    _ => error.context("failed to ask GitHub for the permission to write"),
                };
                Err(AttemptError { error, retry })
            }
        };
        self.retry().run(ask).await
    }

    /// The notes that GitHub generates from the changes since `previous`.
    pub async fn generate_notes(&self, tag: &Tag, previous: Option<&Tag>) -> anyhow::Result<String> {
        let asked = lock(&self.notes).take();
        if let Some((_, _, text)) = asked.filter(|(of, since, _)| of == tag && since.as_ref() == previous) {
            return Ok(text);
        }
        let ask =
            async |_| self.change(self.notes_since(tag, previous)).await?.map_err(|error| self.judge(error));
        self.retry().run(ask).await.context("failed to have GitHub generate the notes")
    }

    async fn notes_since(&self, tag: &Tag, previous: Option<&Tag>) -> octocrab::Result<String> {
        let repos = self.repos();
        let releases = repos.releases();
        let mut notes = releases.generate_release_notes(tag.as_str());
        if let Some(previous) = previous {
            notes = notes.previous_tag_name(previous.as_str());
        }
        Ok(notes.send().await?.body)
    }
}
