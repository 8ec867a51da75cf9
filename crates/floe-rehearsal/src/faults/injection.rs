//! One fault at one request, and its effect on the interceptor and the servers.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use floe_core::model::places::{Feed, Home};
use floe_core::model::{ChannelPlace, Commit, Digest, Marker, Tag};

use super::fault::{FaultKind as Kind, Side, Where};
use super::{Invariants, Testbed};
use crate::github::{StoredPull, StoredRef, UploadQuirk};
use crate::interceptor::{Callback, Fault, Limit, What};

/// One fault at one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injection {
    pub side: Side,
    /// The number of the request at this server, from 1; for a kind with a route, among the requests that fit.
    pub nth: u64,
    pub kind: Kind,
    /// Bytes before a cut, listings that lag, or minutes of a limit.
    pub amount: u64,
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Injection { side, nth, kind, amount } = self;
        match kind.place() {
            Where::Route(_, verb, part) => write!(f, "{side} {verb} {part} #{nth}: {kind}")?,
            _ => write!(f, "{side} request {nth}: {kind}")?,
        }
        match kind {
            Kind::CutRequest | Kind::CutAnswer => write!(f, " ({amount} bytes)"),
            Kind::ReleaseLag | Kind::AssetLag => write!(f, " ({amount} listings)"),
            Kind::TooMany | Kind::Secondary | Kind::SecondaryRetryAfter | Kind::Primary => {
                write!(f, " ({amount} minutes)")
            }
            _ => Ok(()),
        }
    }
}

impl Injection {
    /// Arms the fault at its server. Changes by other users are reported to `invariants`.
    pub fn arm(&self, invariants: &Invariants) {
        let what = self.what(invariants);
        let fault = match self.kind.place() {
            Where::Route(_, verb, part) => {
                let skip = usize::try_from(self.nth.saturating_sub(1)).unwrap_or(usize::MAX);
                let times = if self.kind == Kind::BranchMoved { self.amount as usize } else { 1 };
                Fault::route(verb, part, skip, times, what)
            }
            _ => Fault::nth(self.nth, what),
        };
        invariants.testbed.interceptor(self.side).inject(fault);
    }

    fn what(&self, invariants: &Invariants) -> What {
        const TAKEN: &str = "A package with this version already exists.";
        let lasts = Duration::from_secs(60 * self.amount);
        let answer = |status, body| What::Answer { status, headers: Vec::new(), body };
        let stored = |status, body| What::DoThenAnswer { status, body };
        match self.kind {
            Kind::Refuse => What::Refuse,
            Kind::CutRequest => What::CutRequest { after: self.amount },
            Kind::CutAnswer => What::CutAnswer { after: self.amount },
            Kind::NoAnswer => What::DoThenKill(Arc::new(|_| ())),
            Kind::Late => What::Late(Duration::from_secs(20)),
            Kind::Slow => What::Slow,
            Kind::Error500 => What::answer(500, "Error creating asset temp dir"),
            Kind::Error502 => What::answer(502, "Server Error"),
            Kind::Error503 => What::answer(503, "No server is currently available to service your request."),
            Kind::Error504 => What::answer(504, "Gateway Timeout"),
            Kind::Stored502 => stored(502, String::new()),
            Kind::TooMany => What::Limit(Limit::TooMany, lasts),
            Kind::Secondary => What::Limit(Limit::Secondary, lasts),
            Kind::SecondaryRetryAfter => What::Limit(Limit::SecondaryRetryAfter, lasts),
            Kind::Primary => What::Limit(Limit::Primary, lasts),
            Kind::AlreadyExists => answer(422, already_exists()),
            Kind::StoredAlreadyExists => stored(422, already_exists()),
            Kind::ForkStuck => What::answer(409, "There are merge conflicts"),
            Kind::PullExists => What::answer(422, "A pull request already exists for it."),
            Kind::PushConflict => What::answer(409, TAKEN),
            Kind::StoredPushConflict => stored(409, TAKEN.to_owned()),
            Kind::BranchMoved => What::answer(409, "is at 1a2b3c4 but expected 5d6e7f8"),
            Kind::BadSize => What::answer(400, "Bad Size"),
            Kind::Doubted => answer(400, registry_error("DIGEST_INVALID")),
            Kind::StoredDoubted => stored(400, registry_error("DIGEST_INVALID")),
            Kind::BlobUnknown => answer(404, registry_error("MANIFEST_BLOB_UNKNOWN")),
            Kind::Kill => What::Kill(kill(&invariants.testbed)),
            Kind::KillAfter => What::DoThenKill(kill(&invariants.testbed)),
            _ => {
                let (injection, invariants) = (*self, invariants.clone());
                // Some changes are impossible by now, such as moving the tag of an immutable release.
                let change = move |testbed: &Testbed| drop(injection.change(testbed));
                What::First(Arc::new(move |_| invariants.external_change(change)))
            }
        }
    }

    /// Changes the state of a server just before the request is handled.
    fn change(self, testbed: &Testbed) -> anyhow::Result<()> {
        let (github, registry, home) = (&testbed.github, &testbed.registry, &testbed.home);
        let listings = u32::try_from(self.amount).unwrap_or(u32::MAX);
        match (self.kind, self.side) {
            (Kind::Starter, _) => github.quirks().uploads.push_back(UploadQuirk::Starter),
            (Kind::Renamed, _) => github.quirks().uploads.push_back(UploadQuirk::Renamed),
            (Kind::WrongDigest, _) => github.quirks().uploads.push_back(UploadQuirk::Corrupted),
            (Kind::ReleaseLag, _) => github.quirks().releases = github.lag(listings),
            (Kind::AssetLag, _) => github.quirks().assets = github.lag(listings),
            (Kind::Expired, Side::GitHub) => github.options().expired = true,
            (Kind::Expired, Side::Registry) => registry.revoke_tokens(),
            (Kind::Expired | Kind::NoPush, Side::Feed) => testbed.feed.state().expired = true,
            (Kind::NoPush, Side::GitHub) => github.set_push(&testbed.users.0, Vec::new()),
            (Kind::NoPush, Side::Registry) => registry.set_push(&testbed.users.1, &[]),
            (Kind::Immutable, _) => github.options().immutable = true,
            (Kind::Forgotten, _) => registry.forget_uploads(),
            (Kind::DuplicateDraft, _) => drop(github.add_draft(&home.repo, home.tag.as_str())?),
            (Kind::TagMoved, _) => {
                github.push_tag(&home.repo, home.tag.as_str(), annotated(other_commit()))?
            }
            (Kind::TagDeleted, _) => github.delete_tag(&home.repo, home.tag.as_str())?,
            (Kind::Published, _) => publish(testbed, home.tag.as_str())?,
            (Kind::Newer, _) => {
                let newer = next_minor(&home.tag);
                github.push_tag(&home.repo, newer.as_str(), annotated(home.commit.clone()))?;
                publish(testbed, newer.as_str())?;
            }
            _ => testbed.channels.iter().try_for_each(|place| self.change_channel(testbed, place))?,
        }
        Ok(())
    }

    /// Changes the server of a channel.
    fn change_channel(self, testbed: &Testbed, place: &ChannelPlace) -> anyhow::Result<()> {
        let (github, feed, name) = (&testbed.github, &testbed.feed, testbed.project.as_str());
        let made = |version: &semver::Version| format!("# {}\n", Marker::text(name, version)).into_bytes();
        let (newer, lower) = (next_minor(&testbed.home.tag), semver::Version::new(0, 0, 1));
        let path = place.paths.first().map_or("", String::as_str);
        let is_done = |files: &BTreeMap<String, Vec<u8>>| {
            let marker = files.get(path).and_then(|file| Marker::of(file));
            marker.is_some_and(|marker| marker.version == *testbed.home.tag.version())
        };
        match (self.kind, &place.home) {
            // No run of floe goes down.
            (Kind::ChannelMoved, Home::Repo(repo)) if !github.files(repo).contains_key(path) => {
                github.write_file(repo, path, &made(&lower))
            }
            (Kind::ChannelNewer, Home::Repo(repo)) => github.write_file(repo, path, &made(newer.version())),
            // A run that has written the file does not look at it again.
            (Kind::ChannelByHand, Home::Repo(repo)) if !is_done(&github.files(repo)) => {
                github.write_file(repo, path, b"# by hand\n")
            }
            (Kind::ChannelOther, Home::Repo(repo)) => {
                github.write_file(repo, "Formula/other.rb", b"# another\n")
            }
            (Kind::ChannelProtected, Home::Repo(repo)) => github.edit(repo, |stored| stored.protected = true),
            (Kind::ChannelArchived, Home::Repo(repo)) => github.edit(repo, |stored| stored.archived = true),
            (Kind::PushedMeanwhile, Home::Feed(one)) if feed.package(&one.id, &one.version).is_none() => {
                feed.put(&by_hand(one)?)
            }
            (Kind::Approved, Home::Feed(_)) => {
                feed.state().approved.insert(path.to_owned());
                Ok(())
            }
            (Kind::ChannelOther | Kind::UpstreamMoved, Home::Upstream(one)) => {
                let other = "manifests/o/Other/Tool/1.0.0/Other.yaml";
                github.write_file(&one.upstream, other, b"# another\n")
            }
            (Kind::ChannelNewer, Home::Upstream(one)) => {
                let path = format!("{}/{}/Tool.yaml", one.folder, newer.version());
                github.write_file(&one.upstream, &path, &made(newer.version()))
            }
            (kind, Home::Upstream(one)) => {
                let (upstream, branch) = (&one.upstream, one.branch());
                let is_open = |pull: &StoredPull| pull.open && pull.branch == branch;
                let pull = github.pulls(upstream).into_iter().find(is_open).map(|pull| pull.number);
                match (kind, pull) {
                    (Kind::SubmittedByHand, None) => {
                        github.write_branch(&one.fork, &branch, path, b"# by hand\n")
                    }
                    (Kind::PullMerged, Some(number)) => github.merge_pull(upstream, number),
                    (Kind::PullClosed, Some(number)) => {
                        github.edit(upstream, |stored| stored.pulls[number as usize - 1].open = false)
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// A package that installs something else.
fn by_hand(package: &Feed) -> anyhow::Result<Vec<u8>> {
    let Feed { id, version, .. } = package;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file(format!("{id}.nuspec"), stored)?;
    write!(zip, "<package><metadata><id>{id}</id><version>{version}</version></metadata></package>")?;
    Ok(zip.finish()?.into_inner())
}

/// Publishes the draft of a tag, or an empty release if there is none. A published release stays as it is.
fn publish(testbed: &Testbed, tag: &str) -> anyhow::Result<()> {
    let (github, repo) = (&testbed.github, &testbed.home.repo);
    let releases = github.releases(repo);
    let mut of_tag = releases.iter().filter(|release| release.tag_name == tag);
    if of_tag.clone().any(|release| !release.draft) {
        return Ok(());
    }
    let draft = match of_tag.next() {
        Some(draft) => draft.id,
        None => github.add_draft(repo, tag)?,
    };
    github.publish_draft(repo, draft)
}

fn kill(testbed: &Testbed) -> Callback {
    let killed = Arc::clone(&testbed.killed);
    Arc::new(move |_| killed.notify_one())
}

fn annotated(commit: Commit) -> StoredRef {
    StoredRef { commit, annotated: true }
}

fn next_minor(tag: &Tag) -> Tag {
    let version = tag.version();
    Tag::of(&semver::Version::new(version.major, version.minor + 1, 0))
}

/// A commit that nothing was built from.
pub(super) fn other_commit() -> Commit {
    let hex = Digest::of(b"elsewhere").hex();
    hex[..40].parse().unwrap_or_else(|_| unreachable!("a digest is hexadecimal"))
}

/// A registry's error (distribution-spec, "Error Codes").
fn registry_error(code: &str) -> String {
    serde_json::json!({ "errors": [{ "code": code, "message": "the registry is confused" }] }).to_string()
}

/// GitHub's error for the name of an existing asset.
fn already_exists() -> String {
    let error = serde_json::json!({ "resource": "ReleaseAsset", "code": "already_exists", "field": "name" });
    serde_json::json!({ "message": "Validation Failed", "errors": [error] }).to_string()
}
