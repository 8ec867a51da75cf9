//! Checks permissions with requests that store nothing.

use std::sync::PoisonError;

use http::StatusCode;

use super::error::{is_status, lacking};
use super::{GitHub, Notes};
use crate::error::Failure;
use crate::net::retry::{AttemptError, RetryPolicy};
use floe_core::model::Tag;
use floe_core::world::Budget;

impl GitHub {
    /// Asks whether the token may write contents, by having GitHub write notes, which only answers that. The draft takes
    /// them later. `permissions.push` of the repository is no answer: it is `false` for every token of an app, among
    /// them a workflow's.
    pub async fn may_write(&self, tag: &Tag, previous: Option<&Tag>) -> anyhow::Result<()> {
        let ask = async |_| match self.notes_since(tag, previous).await {
            Ok(text) => {
                let notes = Notes { tag: tag.clone(), previous: previous.cloned(), text };
                *self.notes.lock().unwrap_or_else(PoisonError::into_inner) = Some(notes);
                Ok(())
            }
            // 422 means the request was authorised but invalid, so the token may write.
            answer if is_status(&answer, StatusCode::UNPROCESSABLE_ENTITY) => Ok(()),
            // GitHub answers 404 instead of 403 when the token lacks access.
            answer if is_status(&answer, StatusCode::NOT_FOUND) => {
                let text =
                    format!("the token may not write to `{}`: GitHub answered 404 Not Found", self.repo);
                Err(AttemptError::fatal(Failure::new(text).hint(lacking(None)).into()))
            }
            Err(error) => {
                let AttemptError { error, retry } = super::judge(error);
                let error = match retry {
                    RetryPolicy::Never => {
                        error.context(format!("the token may not write to `{}`", self.repo))
                    }
                    _ => error.context("failed to ask GitHub for the permission to write"),
                };
                Err(AttemptError { error, retry })
            }
        };
        self.retry.run(ask).await
    }

    pub(super) async fn notes_since(&self, tag: &Tag, previous: Option<&Tag>) -> octocrab::Result<String> {
        let repos = self.repos();
        let releases = repos.releases();
        let mut notes = releases.generate_release_notes(tag.as_str());
        if let Some(previous) = previous {
            notes = notes.previous_tag_name(previous.as_str());
        }
        Ok(notes.send().await?.body)
    }

    /// The requests left in GitHub's hour, by its last answer.
    pub fn budget(&self) -> Option<Budget> {
        self.service.counts.budget()
    }
}
