//! GitHub's errors: whether another attempt may succeed, with hints.

use std::error::Error as _;

use anyhow::anyhow;
use http::StatusCode;
use octocrab::GitHubError;

use super::GitHub;
use super::service::Passed;
use crate::error::{Exit, Failure};
use crate::net::retry::AttemptError;
use crate::net::words;

impl GitHub {
    /// Judges an error of octocrab's. After a rate limit, changes are made one after the other.
    pub(super) fn judge(&self, error: octocrab::Error) -> AttemptError {
        let judged = match error {
            octocrab::Error::GitHub { source, .. } => self.refusal(&source),
            octocrab::Error::Service { source, .. } => match source.downcast::<Passed>() {
                Ok(passed) => passed.0,
                Err(source) => AttemptError::fatal(anyhow::Error::from_boxed(source)),
            },
            error => {
                let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                AttemptError::fatal(anyhow!(cause).context("GitHub's answer cannot be parsed"))
            }
        };
        self.limiter.learn(&judged);
        judged
    }

    /// The same for a change of a release, whose tag GitHub refuses if an immutable release has used it.
    pub(super) fn judge_release(&self, error: octocrab::Error) -> AttemptError {
        const SPENT: &str = "the tag belonged to an immutable release and cannot be used again: raise the version and release that";
        let is_spent = matches!(&error, octocrab::Error::GitHub { source, .. } if is_spent(source));
        let judged = self.judge(error);
        if !is_spent {
            return judged;
        }
        let failure = Failure::reworded(&judged.error, format!("{:#}", judged.error));
        AttemptError::fatal(failure.hint(SPENT).exit(Exit::Conflicts))
    }

    /// Judges an answer that is not a success.
    pub(super) fn refusal(&self, error: &GitHubError) -> AttemptError {
        let status = error.status_code;
        let said = message(error).map(|message| format!(": {}", words(&message))).unwrap_or_default();
        let failure = Failure::new(format!("GitHub answered {status}{said}"));
        let headers = error.headers.clone().unwrap_or_default();
        let judge = |failure| AttemptError::answer(status, &headers, &error.message, failure);
        let failure = match status {
            // `gh` prints a token that is set, so both are unset first.
            StatusCode::UNAUTHORIZED => failure.hint(
                "the token is wrong or has expired: set one that is valid, for example `unset GH_TOKEN GITHUB_TOKEN; export GITHUB_TOKEN=$(gh auth token)`",
            ),
            StatusCode::FORBIDDEN if error.message.contains("not accessible by") => {
                let accepted = headers.get("x-accepted-github-permissions").and_then(|value| value.to_str().ok());
                failure.hint(self.lacking(accepted))
            }
            StatusCode::FORBIDDEN if error.message.contains("SAML") => failure.hint(format!(
                "authorise the token for the organization: \"Configure SSO\" next to the token at {}/settings/tokens",
                self.site
            )),
            StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
                if !self.has_token() && judge(Failure::new("")).retry.is_limit() =>
            {
                failure.hint("set GITHUB_TOKEN, because the limit is higher with a token; or run the same command again later")
            }
            _ => failure,
        };
        judge(failure)
    }

    /// The hint for a token without a permission, with GitHub's own name of the permission if it sent one.
    pub(super) fn lacking(&self, accepted: Option<&str>) -> String {
        let permission = words(accepted.unwrap_or("contents=write"));
        format!(
            "the token lacks a permission ({permission}): in a workflow give the job `permissions: contents: write`; a fine-grained \
             token needs \"Contents: Read and write\" for this repository, a classic one `repo`: {}/settings/tokens",
            self.site
        )
    }
}

/// Whether an answer has this status.
pub(super) fn is_status<T>(result: &octocrab::Result<T>, status: StatusCode) -> bool {
    matches!(result, Err(octocrab::Error::GitHub { source, .. }) if source.status_code == status)
}

/// Whether a 422 says that the name is taken.
pub(super) fn already_exists(error: &GitHubError) -> bool {
    let mut errors = error.errors.iter().flatten();
    error.status_code == StatusCode::UNPROCESSABLE_ENTITY
        && errors.any(|one| one.get("code").and_then(|code| code.as_str()) == Some("already_exists"))
}

/// Whether a 422 to a change of a release says that an immutable release has used the tag. GitHub uses the second text for
/// every rule about new refs.
fn is_spent(error: &GitHubError) -> bool {
    const WORDS: [&str; 3] =
        ["used by an immutable release", "creations being restricted", "must have a valid tag"];
    let text = message(error).unwrap_or_default();
    error.status_code == StatusCode::UNPROCESSABLE_ENTITY && WORDS.iter().any(|words| text.contains(words))
}

/// Whether an answer says that a ref is not there or leads to no commit, or that the repository has no commits.
pub(super) fn has_no_commit(error: &GitHubError) -> bool {
    let is = |status, words| error.status_code == status && error.message.starts_with(words);
    is(StatusCode::UNPROCESSABLE_ENTITY, "No commit found")
        || is(StatusCode::CONFLICT, "Git Repository is empty")
}

/// GitHub's own words: `message`, followed by the texts or codes of `errors`. There are none where the answer was not
/// the JSON of an error: octocrab then has the body or the status in the message's place.
pub(super) fn message(error: &GitHubError) -> Option<String> {
    let mut message = error.message.clone();
    if message.starts_with(['<', '{', '[']) || error.status_code.canonical_reason() == Some(&message) {
        return None;
    }
    for error in error.errors.iter().flatten() {
        let part = |key: &str| error.get(key).and_then(|value| value.as_str());
        match (part("message"), part("field"), part("code")) {
            (Some(text), _, _) => message.push_str(&format!("; {text}")),
            (None, Some(field), Some(code)) => message.push_str(&format!("; {field}: {code}")),
            _ => {}
        }
    }
    Some(message)
}
