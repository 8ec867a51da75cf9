//! Facts about the token, the repository and the package. They are plain data and say nothing of how they were found.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::Subject;

use crate::world::{Access, Budget};

/// A finding, with a hint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A lower-case fragment that names the thing.
    pub found: String,
    /// The way out: a setting's address, a permission's name, a workflow's line.
    pub cure: String,
}

/// A server's answer, which may be a refusal.
pub type Asked<T> = Result<T, Finding>;

/// Who can pull the image's package now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// There is none yet.
    Absent,
    /// Everybody can.
    Public,
    /// Clients with credentials can.
    Hidden,
}

/// The token that writes to the repositories of channels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChannelToken {
    /// There is none.
    #[default]
    Absent,
    /// GitHub's, which also publishes the release.
    Main,
    /// One of its own, of an account.
    Own,
    /// One of its own, of an app: GitHub does not say what it may do.
    OwnOfApp,
    /// The job that publishes has one, and this one does not.
    Follows,
}

/// The key that pushes a package to a feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FeedKey {
    /// There is none.
    #[default]
    Absent,
    /// There is one.
    Own,
    /// The job that publishes has one, and this one does not.
    Follows,
}

/// The answers to all checks; `None` for checks that were not needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// When it was asked.
    pub now: DateTime<Utc>,
    /// Whether there is a token for GitHub at all.
    pub has_token: bool,
    /// Whether only that was asked which a token without write permissions can answer.
    pub reads_only: bool,
    /// The repository and the token.
    pub access: Asked<Access>,
    /// Whether the token may write contents; checked only if needed.
    pub write: Option<Asked<()>>,
    /// GitHub's rate limit.
    pub budget: Option<Budget>,
    /// Whether the registry answers, if the release has an image.
    pub registry: Option<Asked<()>>,
    /// Whether the image may be pushed; checked only if needed.
    pub push: Option<Asked<()>>,
    /// Who can pull the package, asked where it matters.
    pub package: Option<Asked<Package>>,
    /// Whether each channel could be looked at, in the order of the release's.
    pub channels: Vec<Asked<()>>,
    /// The token for the repositories of channels.
    pub channel_token: ChannelToken,
    /// Whether a token of its kind can open pull requests in a repository of somebody else. A fine-grained one and an app's
    /// cannot.
    pub channel_pulls: bool,
    /// The key for the feed: absent, there, or in the job that publishes.
    pub feed_key: FeedKey,
    /// GitHub's web address.
    pub site: String,
}

impl ServerFacts {
    /// Whether there is a token, and GitHub does not say that its account may not push.
    pub fn may_push(&self) -> bool {
        self.has_token && self.access.as_ref().is_ok_and(|access| access.push != Some(false))
    }

    /// Why a permission was not checked.
    pub(super) fn why_unasked(&self, subject: Subject<'_>, verb: &str) -> String {
        match subject {
            _ if self.reads_only => {
                "this run has no permission to write; the job that publishes asks".to_owned()
            }
            _ if !self.has_token => "there is no token".to_owned(),
            Subject::Outline(_) if !self.may_push() => "the token may not push".to_owned(),
            _ => format!("nothing is left to {verb}"),
        }
    }
}
