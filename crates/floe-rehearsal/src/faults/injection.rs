//! One fault at one request: how its kind becomes what the interceptor and the servers do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::fault::{FaultKind, Side, Where};
use super::{Invariants, Testbed};
use crate::github::SeedTag;
use crate::interceptor::{Callback, Fault, Limit, RequestHead, What};
use floe_core::model::{Commit, Digest, Tag};

/// One fault at one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injection {
    /// Which server.
    pub side: Side,
    /// Which of its requests, counted from 1; for a kind with a route, which of those that fit.
    pub nth: u64,
    /// What happens.
    pub kind: FaultKind,
    /// How much of it: bytes before a cut, listings that lag, minutes that a limit lasts.
    pub amount: u64,
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, amount) = (self.kind, self.amount);
        match self.kind.place() {
            Where::Route(_, verb, part) => write!(f, "{} {verb} {part} #{}: {kind}", self.side, self.nth)?,
            _ => write!(f, "{} request {}: {kind}", self.side, self.nth)?,
        }
        match self.kind {
            FaultKind::CutRequest | FaultKind::CutAnswer => write!(f, " after {amount} bytes"),
            FaultKind::ReleaseLag | FaultKind::AssetLag => write!(f, " for {amount} listings"),
            FaultKind::TooMany | FaultKind::Secondary | FaultKind::SecondaryTold | FaultKind::Primary => {
                write!(f, " for {amount} minutes")
            }
            _ => Ok(()),
        }
    }
}

impl Injection {
    /// Puts the fault in its request's way. `watch` is told what somebody else does.
    pub fn arm(&self, inside: &Testbed, watch: &Invariants) {
        let what = self.what(inside, watch);
        let fault = match self.kind.place() {
            Where::Route(_, verb, part) => {
                let skip = usize::try_from(self.nth.saturating_sub(1)).unwrap_or(usize::MAX);
                Fault::route(verb, part, skip, 1, what)
            }
            _ => Fault::nth(self.nth, what),
        };
        inside.interceptor(self.side).inject(fault);
    }

    fn what(&self, inside: &Testbed, watch: &Invariants) -> What {
        let lasts = Duration::from_secs(60 * self.amount);
        match self.kind {
            FaultKind::Refuse => What::Refuse,
            FaultKind::CutRequest => What::CutRequest { after: self.amount },
            FaultKind::CutAnswer => What::CutAnswer { after: self.amount },
            FaultKind::NoAnswer => What::DoThenKill(Arc::new(|_| ())),
            FaultKind::Late => What::Late(Duration::from_secs(20)),
            FaultKind::Slow => What::Slow,
            FaultKind::Error500 => What::answer(500, "Error creating asset temp dir"),
            FaultKind::Error502 => What::answer(502, "Server Error"),
            FaultKind::Error503 => {
                What::answer(503, "No server is currently available to service your request.")
            }
            FaultKind::Error504 => What::answer(504, "Gateway Timeout"),
            FaultKind::Stored502 => What::DoThenAnswer { status: 502, body: String::new() },
            FaultKind::TooMany => What::Limit(Limit::TooMany { lasts }),
            FaultKind::Secondary => What::Limit(Limit::Secondary { lasts, told: false }),
            FaultKind::SecondaryTold => What::Limit(Limit::Secondary { lasts, told: true }),
            FaultKind::Primary => What::Limit(Limit::Primary { lasts }),
            FaultKind::AlreadyExists => {
                What::Answer { status: 422, headers: Vec::new(), body: already_exists() }
            }
            FaultKind::StoredAlreadyExists => What::DoThenAnswer { status: 422, body: already_exists() },
            FaultKind::Kill => What::Kill(kill(inside)),
            FaultKind::KillAfter => What::DoThenKill(kill(inside)),
            _ => What::First(self.first(inside, watch)),
        }
    }

    /// What happens to a server's state just before the request is handled.
    fn first(&self, inside: &Testbed, watch: &Invariants) -> Callback {
        let (strike, inside, watch) = (*self, inside.clone(), watch.clone());
        Arc::new(move |_: &RequestHead| watch.by_somebody_else(|| strike.happen(&inside)))
    }

    fn happen(self, inside: &Testbed) {
        let (github, registry) = (&inside.github, &inside.registry);
        let listings = u32::try_from(self.amount).unwrap_or(u32::MAX);
        match (self.kind, self.side) {
            (FaultKind::Starter, _) => github.leave_starter(),
            (FaultKind::Renamed, _) => github.rename_next(),
            (FaultKind::WrongDigest, _) => github.spoil_next(),
            (FaultKind::ReleaseLag, _) => github.lag_releases(listings),
            (FaultKind::AssetLag, _) => github.lag_assets(listings),
            (FaultKind::Expired, Side::GitHub) => github.expire_tokens(true),
            (FaultKind::Expired, Side::Registry) => registry.revoke_tokens(),
            (FaultKind::NoPush, Side::GitHub) => github.set_push(&inside.users.0, Vec::new()),
            (FaultKind::Immutable, _) => github.set_immutable(true),
            (FaultKind::Forgotten, _) => registry.forget_uploads(),
            (FaultKind::Misreported, _) => registry.misreport_next(),
            // What fails is a deed that cannot be done any more, such as moving an immutable release's tag.
            _ => drop(self.deed(inside)),
        }
    }

    /// What somebody with rights does, which may be refused.
    fn deed(self, inside: &Testbed) -> anyhow::Result<()> {
        let (github, home) = (&inside.github, &inside.home);
        match self.kind {
            FaultKind::NoPush => inside.registry.set_push(&inside.users.1, Vec::new()),
            FaultKind::DuplicateDraft => github.add_draft(&home.repo, home.tag.as_str()).map(drop),
            FaultKind::TagMoved => github.push_tag(&home.repo, &tag(&home.tag, &elsewhere())),
            FaultKind::TagDeleted => github.delete_tag(&home.repo, home.tag.as_str()),
            FaultKind::Published => publish(inside, home.tag.as_str()),
            FaultKind::Newer => {
                let newer = newer(&home.tag);
                github.push_tag(&home.repo, &tag(&newer, &home.commit))?;
                publish(inside, newer.as_str())
            }
            _ => Ok(()),
        }
    }
}

/// Publishes the draft of a tag, or an empty release where there is no draft; what is public stays as it is.
fn publish(inside: &Testbed, tag: &str) -> anyhow::Result<()> {
    let (github, repo) = (&inside.github, &inside.home.repo);
    let releases = github.releases(repo);
    let mut of_tag = releases.iter().filter(|release| release.tag_name == tag);
    if of_tag.clone().any(|release| !release.draft) {
        return Ok(());
    }
    let draft = match of_tag.next() {
        Some(draft) => draft.id,
        None => github.add_draft(repo, tag)?,
    };
    github.publish_behind_your_back(repo, draft)
}

fn kill(inside: &Testbed) -> Callback {
    let killed = Arc::clone(&inside.killed);
    Arc::new(move |_| killed.notify_one())
}

fn tag(name: &Tag, commit: &Commit) -> SeedTag {
    SeedTag { name: name.to_string(), commit: commit.clone(), annotated: true }
}

/// The next minor version.
fn newer(tag: &Tag) -> Tag {
    let version = tag.version();
    Tag::of(&semver::Version::new(version.major, version.minor + 1, 0))
}

/// A commit that nothing was built from.
fn elsewhere() -> Commit {
    let hex = Digest::of(b"elsewhere").hex();
    hex[..40].parse().unwrap_or_else(|_| unreachable!("a digest is hexadecimal"))
}

/// GitHub's words for a name that is taken.
fn already_exists() -> String {
    let error = serde_json::json!({ "resource": "ReleaseAsset", "code": "already_exists", "field": "name" });
    serde_json::json!({ "message": "Validation Failed", "errors": [error] }).to_string()
}
