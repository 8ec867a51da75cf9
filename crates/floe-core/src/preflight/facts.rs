//! Facts about the token, the repository and the package. They are plain data and say nothing of how they were found.

use chrono::{DateTime, Utc};

use crate::model::Subject;
use crate::world::{Access, Asked, Budget};

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

/// A secret of channels: the token for their repositories, or the key for a feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Secret {
    /// There is none.
    #[default]
    Absent,
    /// There is one.
    There,
    /// There is one of an app: GitHub does not say what it may do.
    OfApp,
    /// The job that publishes has one, and this one does not.
    Follows,
}

/// The rights that a run has by its tokens and arguments, known without a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Whether there is a token for GitHub at all.
    pub has_token: bool,
    /// Whether only that is asked which a token without write permissions can answer.
    pub reads_only: bool,
    /// The token for the repositories of channels, which is GitHub's if no other is given.
    pub channel_token: Secret,
    /// Whether a token of its kind can open pull requests in a repository of somebody else. A fine-grained one and an app's
    /// cannot.
    pub channel_pulls: bool,
    /// The key for the feed.
    pub feed_key: Secret,
    /// GitHub's web address.
    pub site: String,
}

/// The answers to all checks; `None` for checks that were not needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// When it was asked.
    pub now: DateTime<Utc>,
    /// The rights of the run.
    pub rights: Rights,
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
}

impl Rights {
    /// Whether there is a token, and GitHub does not say that its account may not push.
    pub fn may_push(&self, access: &Asked<Access>) -> bool {
        self.has_token && access.as_ref().is_ok_and(|access| access.push != Some(false))
    }
}

impl ServerFacts {
    /// Why a permission was not checked.
    pub(super) fn why_unasked(&self, subject: &Subject<'_>, verb: &str) -> String {
        match subject.release {
            _ if self.rights.reads_only => {
                "this run has no permission to write; the job that publishes checks it".to_owned()
            }
            _ if !self.rights.has_token => "there is no token".to_owned(),
            None if !self.rights.may_push(&self.access) => "the token may not push".to_owned(),
            _ => format!("nothing is left to {verb}"),
        }
    }
}
