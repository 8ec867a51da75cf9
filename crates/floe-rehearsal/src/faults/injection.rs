//! One fault at one request, and its effect on the interceptor and the servers.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use floe_core::model::places::{Feed, Home};
use floe_core::model::{ChannelPlace, Commit, Digest, Marker, Tag};

use super::fault::{FaultKind, Side, Where};
use super::{Invariants, Testbed};
use crate::github::{SeedTag, StoredPull, UploadQuirk};
use crate::interceptor::{Callback, Fault, Limit, What};

/// One fault at one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injection {
    pub side: Side,
    /// The number of the request at this server, from 1; for a kind with a route, among the requests that fit.
    pub nth: u64,
    pub kind: FaultKind,
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
            FaultKind::CutRequest | FaultKind::CutAnswer => write!(f, " after {amount} bytes"),
            FaultKind::ReleaseLag | FaultKind::AssetLag => write!(f, " for {amount} listings"),
            FaultKind::TooMany
            | FaultKind::Secondary
            | FaultKind::SecondaryRetryAfter
            | FaultKind::Primary => {
                write!(f, " for {amount} minutes")
            }
            _ => Ok(()),
        }
    }
}

impl Injection {
    /// Arms the fault at its server. Changes by other users are reported to `invariants`.
    pub fn arm(&self, testbed: &Testbed, invariants: &Invariants) {
        let what = self.what(testbed, invariants);
        let fault = match self.kind.place() {
            Where::Route(_, verb, part) => {
                let skip = usize::try_from(self.nth.saturating_sub(1)).unwrap_or(usize::MAX);
                let times = if self.kind == FaultKind::BranchMoved { self.amount as usize } else { 1 };
                Fault::route(verb, part, skip, times, what)
            }
            _ => Fault::nth(self.nth, what),
        };
        testbed.interceptor(self.side).inject(fault);
    }

    fn what(&self, testbed: &Testbed, invariants: &Invariants) -> What {
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
            FaultKind::Secondary => What::Limit(Limit::Secondary { lasts, retry_after: false }),
            FaultKind::SecondaryRetryAfter => What::Limit(Limit::Secondary { lasts, retry_after: true }),
            FaultKind::Primary => What::Limit(Limit::Primary { lasts }),
            FaultKind::AlreadyExists => {
                What::Answer { status: 422, headers: Vec::new(), body: already_exists() }
            }
            FaultKind::StoredAlreadyExists => What::DoThenAnswer { status: 422, body: already_exists() },
            FaultKind::ForkStuck => What::answer(409, "There are merge conflicts"),
            FaultKind::PullExists => What::answer(422, "A pull request already exists for it."),
            FaultKind::PushConflict => What::answer(409, "A package with this version already exists."),
            FaultKind::StoredPushConflict => What::DoThenAnswer {
                status: 409,
                body: "A package with this version already exists.".to_owned(),
            },
            FaultKind::BranchMoved => What::answer(409, "is at 1a2b3c4 but expected 5d6e7f8"),
            FaultKind::BadSize => What::answer(400, "Bad Size"),
            FaultKind::Doubted => registry_error(400, "DIGEST_INVALID"),
            FaultKind::StoredDoubted => {
                What::DoThenAnswer { status: 400, body: registry_error_body("DIGEST_INVALID") }
            }
            FaultKind::BlobUnknown => registry_error(404, "MANIFEST_BLOB_UNKNOWN"),
            FaultKind::Kill => What::Kill(kill(testbed)),
            FaultKind::KillAfter => What::DoThenKill(kill(testbed)),
            _ => {
                let (injection, testbed, invariants) = (*self, testbed.clone(), invariants.clone());
                What::First(Arc::new(move |_| invariants.external_change(|| injection.change(&testbed))))
            }
        }
    }

    /// Changes the state of a server just before the request is handled.
    fn change(self, testbed: &Testbed) {
        let (github, registry) = (&testbed.github, &testbed.registry);
        let listings = u32::try_from(self.amount).unwrap_or(u32::MAX);
        match (self.kind, self.side) {
            (FaultKind::Starter, _) => github.spoil_next_upload(UploadQuirk::Starter),
            (FaultKind::Renamed, _) => github.spoil_next_upload(UploadQuirk::Renamed),
            (FaultKind::WrongDigest, _) => github.spoil_next_upload(UploadQuirk::Corrupted),
            (FaultKind::ReleaseLag, _) => github.lag_releases(listings),
            (FaultKind::AssetLag, _) => github.lag_assets(listings),
            (FaultKind::Expired, Side::GitHub) => github.expire_tokens(true),
            (FaultKind::Expired, Side::Registry) => registry.revoke_tokens(),
            (FaultKind::Expired | FaultKind::NoPush, Side::Feed) => testbed.feed.expire_key(true),
            (FaultKind::NoPush, Side::GitHub) => github.set_push(&testbed.users.0, Vec::new()),
            (FaultKind::Immutable, _) => github.set_immutable(true),
            (FaultKind::Forgotten, _) => registry.forget_uploads(),
            // Some changes are impossible by now, such as moving the tag of an immutable release.
            _ => drop(self.try_change(testbed)),
        }
    }

    /// Makes a change that can fail.
    fn try_change(self, testbed: &Testbed) -> anyhow::Result<()> {
        let (github, home) = (&testbed.github, &testbed.home);
        match self.kind {
            FaultKind::NoPush => testbed.registry.set_push(&testbed.users.1, Vec::new()),
            FaultKind::DuplicateDraft => github.add_draft(&home.repo, home.tag.as_str()).map(drop),
            FaultKind::TagMoved => github.push_tag(&home.repo, &tag(&home.tag, &other_commit())),
            FaultKind::TagDeleted => github.delete_tag(&home.repo, home.tag.as_str()),
            FaultKind::Published => publish(testbed, home.tag.as_str()),
            FaultKind::Newer => {
                let newer = next_minor(&home.tag);
                github.push_tag(&home.repo, &tag(&newer, &home.commit))?;
                publish(testbed, newer.as_str())
            }
            _ => testbed.channels.iter().try_for_each(|place| self.change_channel(testbed, place)),
        }
    }
}

impl Injection {
    /// Changes the repository of a channel.
    fn change_channel(self, testbed: &Testbed, place: &ChannelPlace) -> anyhow::Result<()> {
        let (github, name) = (&testbed.github, testbed.project.as_str());
        let made = |version: &semver::Version| format!("# {}\n", Marker::text(name, version)).into_bytes();
        let newer = next_minor(&testbed.home.tag);
        match &place.home {
            Home::Repo(repo) => {
                let path = place.path();
                let write = |bytes: &[u8]| github.write_file(repo, &path, bytes);
                match self.kind {
                    // No run of floe goes down.
                    FaultKind::ChannelMoved if github.files(repo).remove(&path).is_none() => {
                        write(&made(&semver::Version::new(0, 0, 1)))
                    }
                    FaultKind::ChannelNewer => write(&made(newer.version())),
                    FaultKind::ChannelByHand => write(b"# by hand\n"),
                    FaultKind::ChannelOther => github.write_file(repo, "Formula/other.rb", b"# another\n"),
                    FaultKind::ChannelProtected => github.set_protected(repo, true),
                    FaultKind::ChannelArchived => github.set_archived(repo, true),
                    _ => Ok(()),
                }
            }
            Home::Feed(package) => match self.kind {
                FaultKind::PushedMeanwhile
                    if testbed.feed.package(&package.id, &package.version).is_none() =>
                {
                    testbed.feed.put(&by_hand(package)?)
                }
                FaultKind::Approved => {
                    testbed.feed.approve(&package.id, &package.version);
                    Ok(())
                }
                _ => Ok(()),
            },
            Home::Upstream(submission) => {
                let (upstream, branch) = (&submission.upstream, submission.branch());
                let is_open = |pull: &StoredPull| pull.open && pull.branch == branch;
                let pull = github.pulls(upstream).into_iter().find(is_open).map(|pull| pull.number);
                let path = place.paths.first().map_or("", String::as_str);
                match (self.kind, pull) {
                    (FaultKind::ChannelOther | FaultKind::UpstreamMoved, _) => {
                        github.write_file(upstream, "manifests/o/Other/Tool/1.0.0/Other.yaml", b"# another\n")
                    }
                    (FaultKind::ChannelNewer, _) => {
                        let path = format!("{}/{}/Tool.yaml", submission.folder, newer.version());
                        github.write_file(upstream, &path, &made(newer.version()))
                    }
                    (FaultKind::SubmittedByHand, None) => {
                        github.write_branch(&submission.fork, &branch, path, b"# by hand\n")
                    }
                    (FaultKind::PullMerged, Some(number)) => github.merge_pull(upstream, number),
                    (FaultKind::PullClosed, Some(number)) => github.close_pull(upstream, number),
                    _ => Ok(()),
                }
            }
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

fn tag(name: &Tag, commit: &Commit) -> SeedTag {
    SeedTag { name: name.to_string(), commit: commit.clone(), annotated: true }
}

fn next_minor(tag: &Tag) -> Tag {
    let version = tag.version();
    Tag::of(&semver::Version::new(version.major, version.minor + 1, 0))
}

/// A commit that nothing was built from.
fn other_commit() -> Commit {
    let hex = Digest::of(b"elsewhere").hex();
    hex[..40].parse().unwrap_or_else(|_| unreachable!("a digest is hexadecimal"))
}

/// A registry's error (distribution-spec, "Error Codes").
fn registry_error(status: u16, code: &str) -> What {
    What::Answer { status, headers: Vec::new(), body: registry_error_body(code) }
}

fn registry_error_body(code: &str) -> String {
    serde_json::json!({ "errors": [{ "code": code, "message": "the registry is confused" }] }).to_string()
}

/// GitHub's error for the name of an existing asset.
fn already_exists() -> String {
    let error = serde_json::json!({ "resource": "ReleaseAsset", "code": "already_exists", "field": "name" });
    serde_json::json!({ "message": "Validation Failed", "errors": [error] }).to_string()
}
