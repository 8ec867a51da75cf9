//! Asking for rights: what GitHub would refuse later is asked in a way that leaves nothing behind.

use std::sync::PoisonError;

use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use super::{GitHub, models, parse};
use crate::error::Failure;
use crate::net::retry::{AttemptError, RetryPolicy};
use floe_core::model::Tag;
use floe_core::world::Budget;

impl GitHub {
    /// Asks for the right to write contents, by having notes written: the draft's, if there is going to be one, else
    /// nobody's. What GitHub says of an account (`permissions.push`) is no answer: it is `false` for every token of an
    /// app, a workflow's among them.
    ///
    /// # Errors
    /// The token has no such right, or GitHub cannot be reached.
    pub async fn may_write(&self, tag: &Tag, previous: Option<&Tag>) -> anyhow::Result<()> {
        let body = about_notes(tag, previous);
        let ask = async |_| {
            let answer = self.change(Method::POST, &self.path("/releases/generate-notes"), &body).await?;
            match answer.status {
                StatusCode::OK => {
                    let notes = parse::<models::Notes>(&answer.body)?.body;
                    *self.notes.lock().unwrap_or_else(PoisonError::into_inner) = Some((body.clone(), notes));
                    Ok(())
                }
                // Whoever is told that the question is wrong was let in.
                StatusCode::UNPROCESSABLE_ENTITY => Ok(()),
                // Whom it does not want to let in, GitHub tells that there is nothing.
                StatusCode::NOT_FOUND => Err(AttemptError::fatal(
                    Failure::new(format!(
                        "the token may not write to `{}`: GitHub answered 404 Not Found",
                        self.repo
                    ))
                    .hint(lacking(None))
                    .into(),
                )),
                _ => {
                    let AttemptError { error, retry } = self.refused(answer);
                    let error = match retry {
                        RetryPolicy::Never => {
                            error.context(format!("the token may not write to `{}`", self.repo))
                        }
                        _ => error.context("failed to ask GitHub for the right to write"),
                    };
                    Err(AttemptError { error, retry })
                }
            }
        };
        self.retry.run(ask).await
    }

    /// What is left of GitHub's hour, as its last answer said.
    pub fn budget(&self) -> Option<Budget> {
        *self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn learn_budget(&self, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.parse().ok();
        let found = number("x-ratelimit-remaining").zip(number("x-ratelimit-reset"));
        if let Some((remaining, reset)) = found {
            *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = Some(Budget { remaining, reset });
        }
    }
}

/// The question for notes about the changes since an earlier release.
pub(super) fn about_notes(tag: &Tag, previous: Option<&Tag>) -> serde_json::Value {
    let mut body = json!({ "tag_name": tag });
    if let Some(previous) = previous {
        body["previous_tag_name"] = json!(previous);
    }
    body
}

/// The way out for a token without the right, with GitHub's own word for the right if it said one.
pub(super) fn lacking(accepted: Option<&str>) -> String {
    let right = accepted.unwrap_or("contents=write");
    format!(
        "the token lacks a permission ({right}): in a workflow give the job `permissions: contents: write`; a fine-grained \
         token needs \"Contents: Read and write\" for this repository, a classic one `repo`: https://github.com/settings/tokens"
    )
}
