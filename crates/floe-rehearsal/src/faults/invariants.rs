//! The invariants of publishing, checked on the state of both servers after every request.
//!
//! The check makes no request and changes nothing. Changes by other users are accepted; changes by requests are judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use floe_core::model::{Commit, Digest, Release, Tag};
use floe_core::parallel::lock;
use semver::Version;

use super::Testbed;
use super::artifacts::Artifacts;
use super::channels::{self, ExpectedChannel, Seen};
use super::fault::Side;
use crate::github::{StoredAsset, StoredRef, StoredRelease, StoredRepo};
use crate::interceptor::LoggedRequest;

/// Checks both servers while one release is published. Clones share what was observed.
#[derive(Clone)]
pub struct Invariants {
    pub testbed: Testbed,
    expected: Arc<Expected>,
    observed: Arc<Mutex<Observed>>,
}

/// The release that is published.
struct Expected {
    /// The assets of each dist, where several are published at once.
    assets: Vec<Assets>,
    indexes: Vec<Digest>,
    artifacts: Artifacts,
    channels: Vec<ExpectedChannel>,
}

/// Names, sizes and digests.
type Assets = BTreeSet<(String, u64, Option<Digest>)>;

#[derive(Default)]
struct Observed {
    /// The state after the last request or change.
    last: Snapshot,
    /// The highest stable version of the package that a listing has shown the publisher.
    known: Option<Version>,
    /// Images that were complete, which need no second look.
    complete: BTreeSet<Digest>,
    violations: Vec<String>,
    checks: u64,
    two_drafts: bool,
    /// The commit of the tag when the publisher last asked for it.
    tag_commit: Option<Commit>,
    /// Releases that another user published during a run, with the number of changes that may still come from requests
    /// that were under way.
    under_way: BTreeMap<u64, u32>,
}

/// The state of the servers.
#[derive(Default)]
struct Snapshot {
    /// All releases without the times of their last changes.
    releases: Vec<StoredRelease>,
    /// The commit of each git tag.
    commits: BTreeMap<String, Commit>,
    latest: Option<String>,
    /// The tags of every image.
    image_tags: BTreeMap<String, BTreeMap<String, Digest>>,
    channels: Seen,
}

impl Snapshot {
    fn release(&self, id: u64) -> Option<&StoredRelease> {
        self.releases.iter().find(|release| release.id == id)
    }

    fn public(&self) -> impl Iterator<Item = &StoredRelease> {
        self.releases.iter().filter(|release| !release.draft)
    }

    /// The releases that are public now and were not in another state.
    fn new_since(&self, before: &Snapshot) -> impl Iterator<Item = &StoredRelease> {
        self.public().filter(|release| before.public().all(|known| known.id != release.id))
    }
}

/// The most changes by a publisher that cannot know yet what another user did: at most six uploads are under way, and
/// each changes its asset when it starts and when it ends.
const UNDER_WAY: u32 = 12;

impl Invariants {
    /// Starts from the current state of the servers. Of several dists of one version any may become public.
    pub fn new(testbed: &Testbed, releases: &[&Release]) -> Self {
        let assets = |release: &&Release| {
            release.assets.iter().map(|one| (one.name.clone(), one.size, Some(one.digest))).collect()
        };
        let images = releases.iter().filter_map(|release| release.image.as_ref());
        let expected = Expected {
            assets: releases.iter().map(assets).collect(),
            indexes: images.map(|image| image.index.digest).collect(),
            artifacts: Artifacts::of(releases),
            channels: ExpectedChannel::all(releases),
        };
        let invariants =
            Invariants { testbed: testbed.clone(), expected: Arc::new(expected), observed: Arc::default() };
        let last = invariants.snapshot();
        lock(&invariants.observed).last = last;
        invariants
    }

    /// Checks after every request at any server.
    pub fn attach(&self) {
        for side in Side::ALL.iter().copied() {
            let invariants = self.clone();
            self.testbed.interceptor(side).after_each(move |request| invariants.check(side, request));
        }
    }

    /// Accepts two drafts, for two publishers or a listing that lags.
    pub fn allow_two_drafts(&self) {
        lock(&self.observed).two_drafts = true;
    }

    /// The violations so far, each with the request after which it was seen.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.observed).violations.clone()
    }

    /// The number of requests that were checked.
    pub fn checks(&self) -> u64 {
        lock(&self.observed).checks
    }

    /// Makes a change that is not the publisher's and accepts its result.
    pub(super) fn external_change(&self, change: impl FnOnce(&Testbed)) {
        let mut observed = lock(&self.observed);
        // Earlier changes are judged first.
        self.judge(&mut observed, "before a change by another user");
        change(&self.testbed);
        let now = self.snapshot();
        let published: Vec<(u64, u32)> =
            now.new_since(&observed.last).map(|release| (release.id, UNDER_WAY)).collect();
        observed.under_way.extend(published);
        observed.last = now;
    }

    /// Whether the release has an asset of this name.
    pub(super) fn promises(&self, name: &str) -> bool {
        self.expected.assets.iter().flatten().any(|(promised, ..)| promised == name)
    }

    fn check(&self, side: Side, request: &LoggedRequest) {
        let LoggedRequest { n, method, path, status, .. } = request;
        let after = format!("{side} request {n}, {method} {path} {status}");
        let mut observed = lock(&self.observed);
        observed.checks += 1;
        self.judge(&mut observed, &after);
        match (side, method.as_str()) {
            (Side::GitHub, "GET") if path.contains("/commits/refs/tags/") => {
                let tag = self.testbed.home.tag.as_str();
                observed.tag_commit = self.testbed.github.tag(&self.testbed.home.repo, tag);
            }
            (Side::GitHub, "GET") if path.contains("/releases?") && *status == 200 => {
                let newest = self.testbed.github.quirks().newest_shown;
                let listed = |release: &&StoredRelease| newest.is_none_or(|newest| release.id <= newest);
                let highest = self.highest_stable(observed.last.public().filter(listed));
                observed.known = highest.max(observed.known.take());
            }
            (Side::Registry, "DELETE") if !path.contains("/uploads/") => {
                observed.violations.push(format!("something was deleted from the registry ({after})"));
            }
            _ => {}
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (github, repo) = (&self.testbed.github, &self.testbed.home.repo);
        let commits = |stored: &StoredRepo| {
            let tag = |(path, to): (&String, &StoredRef)| {
                Some((path.strip_prefix("tags/")?.to_owned(), to.commit.clone()))
            };
            stored.refs.iter().filter_map(tag).collect()
        };
        Snapshot {
            releases: github.releases(repo).into_iter().map(frozen).collect(),
            commits: github.look(repo, commits).unwrap_or_default(),
            latest: github.latest(repo),
            image_tags: self.testbed.registry.all_tags(),
            channels: channels::seen(&self.testbed, &self.expected.channels),
        }
    }

    /// Compares the servers with their last state.
    fn judge(&self, observed: &mut Observed, after: &str) {
        let now = self.snapshot();
        let mut violations = self.judge_releases(observed, &now);
        violations.extend(self.judge_latest(observed, &now));
        let (expected, seen) = (&self.expected.channels, (&observed.last.channels, &now.channels));
        violations.extend(channels::judge(&self.testbed, expected, seen, &now.releases));
        let of_registry = self.judge_registry(observed, &now);
        let unread = |error| vec![format!("cannot read the registry: {error:#}")];
        violations.extend(of_registry.unwrap_or_else(unread));
        observed.violations.extend(violations.into_iter().map(|text| format!("{text} ({after})")));
        observed.last = now;
    }

    fn judge_releases(&self, observed: &mut Observed, now: &Snapshot) -> Vec<String> {
        let (before, mut violations) = (&observed.last, Vec::new());
        for old in before.public() {
            let tag = &old.tag_name;
            match now.release(old.id) {
                None => violations.push(format!("the public release {tag} was deleted")),
                Some(new) if new != old => match observed.under_way.get_mut(&old.id) {
                    Some(left) if *left > 0 => *left -= 1,
                    _ => violations.push(format!("the public release {tag} was changed")),
                },
                Some(_) if before.commits.get(tag) != now.commits.get(tag) => {
                    violations.push(format!("the tag of the public release {tag} was moved"));
                }
                Some(_) => {}
            }
        }
        for release in now.new_since(before) {
            let tag = &release.tag_name;
            if tag != self.testbed.home.tag.as_str() {
                violations.push(format!("a release of another tag, {tag}, became public"));
            } else if !self.expected.assets.contains(&assets(release)) {
                violations.push(format!("{tag} became public without being complete"));
            } else if observed.tag_commit.as_ref() != Some(&self.testbed.home.commit) {
                violations.push(format!("{tag} became public although its tag was seen at another commit"));
            }
        }
        for old in before.releases.iter().filter(|release| release.draft && release.is_foreign()) {
            let lost = now.release(old.id).map_or(Some("was deleted"), |new| self.lost(old, new));
            violations.extend(lost.map(|lost| format!("the draft {} by another user {lost}", old.id)));
        }
        let drafts = now.releases.iter().filter(|one| one.draft && !one.is_foreign()).count();
        if drafts > 1 && !observed.two_drafts {
            violations.push(format!("there are {drafts} drafts by the publisher"));
        }
        violations
    }

    /// The part of another user's draft that is not there any more.
    fn lost(&self, before: &StoredRelease, now: &StoredRelease) -> Option<&'static str> {
        let is_theirs = |asset: &&StoredAsset| asset.uploader == before.author && !self.promises(&asset.name);
        let mut theirs = before.assets.iter().filter(is_theirs);
        let title = before.name.as_ref().filter(|title| !title.trim().is_empty());
        let body = |release: &StoredRelease| release.body.as_deref().unwrap_or_default().replace('\r', "");
        match () {
            () if title.is_some() && now.name != before.name => Some("lost its title"),
            () if !body(now).starts_with(by_hand(&body(before))) => Some("lost text"),
            () if before.prerelease && !now.prerelease => Some("is not marked as a pre-release any more"),
            () if (&now.author, &now.target_commitish) != (&before.author, &before.target_commitish) => {
                Some("has another author or target")
            }
            () if theirs.any(|asset| !now.assets.contains(asset)) => Some("lost a file"),
            () => None,
        }
    }

    fn judge_latest(&self, observed: &Observed, now: &Snapshot) -> Option<String> {
        let before = &observed.last.latest;
        if now.latest == *before {
            return None;
        }
        let tag = now.latest.as_ref().and_then(|tag| tag.parse::<Tag>().ok());
        match tag {
            // Without any latest release GitHub shows the first that is published.
            Some(tag) if before.is_some() && !self.testbed.home.may_be_latest => {
                Some(format!("latest moved to {tag}, whose package does not own it"))
            }
            Some(tag) if tag.prefix() != self.testbed.home.tag.prefix() => {
                Some(format!("latest moved to {tag}, a release of another package"))
            }
            Some(tag) if tag.is_prerelease() => Some(format!("latest is the prerelease {tag}")),
            Some(tag) if observed.known.as_ref().is_some_and(|known| tag.version() < known) => {
                Some(format!("latest went down to {tag}"))
            }
            None if before.is_some() => Some("there is no latest release any more".to_owned()),
            _ => None,
        }
    }

    fn judge_registry(&self, observed: &mut Observed, now: &Snapshot) -> anyhow::Result<Vec<String>> {
        let (registry, image) = (&self.testbed.registry, self.testbed.home.image.repository());
        let (mut others, mut others_before) = (now.image_tags.clone(), observed.last.image_tags.clone());
        let [tags, before] =
            [&mut others, &mut others_before].map(|all| all.remove(image).unwrap_or_default());
        let entries = |index| registry.children(image, index);
        let images: BTreeSet<Digest> = tags.values().copied().collect();
        let missing = registry.missing(image, images.difference(&observed.complete).copied())?;
        if missing.is_empty() {
            observed.complete.extend(images);
        }
        let missing = missing.iter();
        let mut violations: Vec<String> =
            missing.map(|digest| format!("an image tag points to an image without {digest}")).collect();
        let tag = &self.testbed.home.tag;
        let public = now.public().any(|release| release.tag_name == tag.as_str());
        for (name, digest) in &tags {
            if before.get(name) == Some(digest) {
                continue;
            }
            if Artifacts::is_list(name) {
                let before = before.get(name).map(entries).transpose()?.unwrap_or_default();
                violations.extend(self.expected.artifacts.judge(name, (&before, &entries(digest)?), public));
                continue;
            }
            if !self.expected.indexes.contains(digest) {
                violations.push(format!("the image tag {name} moved to another image than the release's"));
            }
            if !public {
                violations.push(format!("the image tag {name} moved before the release was public"));
            }
            let version = tag.version();
            let is_lower = observed.known.as_ref().is_some_and(|known| version < known);
            if (name == "latest" && is_lower) || (tag.is_prerelease() && name != &version.to_string()) {
                violations.push(format!("the image tag {name} moved to {version}, which must not have it"));
            }
        }
        for name in before.keys().filter(|name| !tags.contains_key(*name)) {
            violations.push(format!("the image tag {name} was deleted"));
        }
        if others != others_before {
            violations.push("a tag of another image moved".to_owned());
        }
        Ok(violations)
    }

    /// The highest stable version among published releases of this package: those whose tags have its prefix.
    fn highest_stable<'a>(&self, releases: impl Iterator<Item = &'a StoredRelease>) -> Option<Version> {
        let stable = releases.filter(|release| !release.prerelease);
        let tags = stable.filter_map(|release| release.tag_name.parse::<Tag>().ok());
        let own = tags.filter(|tag| !tag.is_prerelease() && tag.prefix() == self.testbed.home.tag.prefix());
        own.map(|tag| tag.version().clone()).max()
    }
}

/// The text above the part that a publisher writes.
fn by_hand(body: &str) -> &str {
    body.split("<!-- floe:").next().unwrap_or_default().trim_end()
}

/// A release without the time of its last change.
fn frozen(mut release: StoredRelease) -> StoredRelease {
    release.updated_at.clear();
    release
}

/// The assets of a release. An unfinished one has no digest, so it matches no expected one.
fn assets(release: &StoredRelease) -> Assets {
    release.assets.iter().map(|asset| (asset.name.clone(), asset.size, asset.digest)).collect()
}
