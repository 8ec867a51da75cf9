//! What is known before a release, besides what stands in the world: about the token, the repository and the
//! package.
//!
//! Data and nothing else: it never knows how it was found out.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::Subject;

use crate::world::{Access, Budget};

/// Something in words: what was found, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was found: a lower-case fragment that names the thing.
    pub found: String,
    /// What to do about it: a setting's address, a permission's name, a workflow's line.
    pub cure: String,
}

/// The answer of a server that may also be a no.
pub type Asked<T> = Result<T, Finding>;

/// How the image's package looks to strangers now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// There is none yet.
    Absent,
    /// Anybody can pull it.
    Public,
    /// Strangers are not let in.
    Hidden,
}

/// Everything that was asked; `None` is what did not need to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// When it was asked.
    pub now: DateTime<Utc>,
    /// Whether there is a token for GitHub at all.
    pub has_token: bool,
    /// The repository and the token.
    pub access: Asked<Access>,
    /// Whether the token may write contents, asked where that is needed.
    pub write: Option<Asked<()>>,
    /// What is left of GitHub's hour.
    pub budget: Option<Budget>,
    /// Whether the registry answers, if the release has an image.
    pub registry: Option<Asked<()>>,
    /// Whether the image may be pushed, asked where that is needed.
    pub push: Option<Asked<()>>,
    /// How the package looks to strangers, asked where it will matter.
    pub package: Option<Package>,
}

impl Facts {
    /// Whether there is a token, and GitHub does not say that its account may not push.
    pub fn may_push(&self) -> bool {
        self.has_token && self.access.as_ref().is_ok_and(|access| access.push != Some(false))
    }

    /// Why a right was not asked for.
    pub(super) fn why_unasked(&self, subject: Subject<'_>, verb: &str) -> String {
        match subject {
            _ if !self.has_token => "there is no token".to_owned(),
            Subject::Outline(_) if !self.may_push() => "the token may not push".to_owned(),
            _ => format!("nothing is left to {verb}"),
        }
    }
}
