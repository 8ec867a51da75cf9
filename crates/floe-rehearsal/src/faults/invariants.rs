//! What must hold after every request, whatever goes wrong: looked at on the servers' own state, from inside.
//!
//! It makes no request and changes nothing. What somebody else does is taken as it is; what is done by request is
//! judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use semver::Version;

use super::Testbed;
use super::fault::Side;
use crate::github::StoredRelease;
use crate::interceptor::LoggedRequest;
use crate::registry::Held;
use floe_core::model::{Commit, Digest, Release, Tag};

/// Watches both servers while one release is published. Clones watch together.
#[derive(Clone)]
pub struct Invariants {
    inside: Testbed,
    promised: Arc<Promised>,
    state: Arc<Mutex<Observed>>,
}

/// What the release promises.
struct Promised {
    tag: Tag,
    /// The assets of one dist, or of each of several that are published at once.
    assets: Vec<Assets>,
    indexes: Vec<Digest>,
}

/// Names, sizes and digests.
type Assets = BTreeSet<(String, u64, Option<Digest>)>;

#[derive(Default)]
struct Observed {
    /// Every public release by its number, as it was when it became public.
    public: BTreeMap<u64, StoredRelease>,
    /// The commits of the public releases' tags.
    commits: BTreeMap<u64, Option<Commit>>,
    /// The highest stable version that a listing has shown the publisher.
    known: Option<Version>,
    latest: Option<String>,
    tags: BTreeMap<String, Digest>,
    whole: BTreeSet<Digest>,
    broken: Vec<String>,
    checks: u64,
    two_drafts: bool,
    /// The commit that the tag had when the publisher last looked.
    looked: Option<Commit>,
    /// Releases that somebody else published under the publisher's hands, and how many changes of each may still
    /// come: those of requests that were under way.
    under_way: BTreeMap<u64, u32>,
}

/// So many changes may still be seen when a publisher cannot know yet what somebody else has done: six uploads are
/// under way at the most, and each is seen when it begins and when it ends.
const UNDER_WAY: u32 = 12;

impl Invariants {
    /// Begins to watch from what both servers hold now.
    pub fn new(inside: &Testbed, release: &Release) -> Self {
        Invariants::any_of(inside, &[release])
    }

    /// The same where several dists of one version are published at once: any of them may become public, whole.
    pub fn any_of(inside: &Testbed, releases: &[&Release]) -> Self {
        let assets = |release: &&Release| {
            release.assets.iter().map(|one| (one.name.clone(), one.size, Some(one.digest))).collect()
        };
        let images = releases.iter().filter_map(|release| release.image.as_ref());
        let promised = Promised {
            tag: inside.home.tag.clone(),
            assets: releases.iter().map(assets).collect(),
            indexes: images.map(|image| image.index.digest).collect(),
        };
        let watch =
            Invariants { inside: inside.clone(), promised: Arc::new(promised), state: Arc::default() };
        {
            let mut state = watch.lock();
            watch.judge(&mut state, "at the beginning");
            state.broken.clear();
        }
        watch
    }

    /// Has both taps call it after every request.
    pub fn attach(&self) {
        for side in [Side::GitHub, Side::Registry] {
            let watch = self.clone();
            self.inside.interceptor(side).after_each(move |seen| watch.check(side, seen));
        }
    }

    /// Takes it as no fault that there are two drafts for a while: there are two publishers, or a listing lags.
    pub fn expect_two_drafts(&self) {
        self.lock().two_drafts = true;
    }

    /// What was broken, in words, each with the request after which it was seen.
    pub fn broken(&self) -> Vec<String> {
        self.lock().broken.clone()
    }

    /// How many requests were checked.
    pub fn checks(&self) -> u64 {
        self.lock().checks
    }

    /// Does what somebody else does: what it changes is as it should be.
    pub fn by_somebody_else(&self, deed: impl FnOnce()) {
        let mut state = self.lock();
        // What was changed before it is judged first.
        self.judge(&mut state, "before somebody else's deed");
        deed();
        let releases = self.inside.github.releases(&self.inside.home.repo);
        let published = releases.iter().filter(|one| !one.draft && !state.public.contains_key(&one.id));
        let under_way: Vec<(u64, u32)> = published.map(|release| (release.id, UNDER_WAY)).collect();
        state.under_way.extend(under_way);
        self.take(&mut state, &releases);
    }

    fn check(&self, side: Side, seen: &LoggedRequest) {
        let mut state = self.lock();
        state.checks += 1;
        let shows_releases = seen.method == "GET" && seen.path.contains("/releases?") && seen.status == 200;
        let after = format!("{side} request {}, {} {} {}", seen.n, seen.method, seen.path, seen.status);
        self.judge(&mut state, &after);
        if side == Side::GitHub && seen.method == "GET" && seen.path.contains("/git/") {
            state.looked = self.inside.github.tag(&self.inside.home.repo, self.promised.tag.as_str());
        }
        if side == Side::GitHub && shows_releases {
            state.known = highest_stable(state.public.values()).max(state.known.take());
        }
        if seen.method == "DELETE" && side == Side::Registry && !seen.path.contains("/uploads/") {
            state.broken.push(format!("something was deleted from the registry ({after})"));
        }
    }

    /// Compares both servers with what they held before.
    fn judge(&self, state: &mut Observed, after: &str) {
        let releases = self.inside.github.releases(&self.inside.home.repo);
        let mut broken = self.releases(state, &releases);
        broken.extend(self.latest(state));
        match self.inside.registry.held(self.inside.home.image.repository(), &state.whole) {
            Ok(held) => {
                broken.extend(self.image(state, &releases, &held));
                state.tags = held.tags;
            }
            Err(error) => broken.push(format!("the registry cannot be read: {error:#}")),
        }
        state.broken.extend(broken.into_iter().map(|text| format!("{text} ({after})")));
        self.take(state, &releases);
    }

    fn releases(&self, state: &mut Observed, releases: &[StoredRelease]) -> Vec<String> {
        let mut broken = Vec::new();
        for (id, before) in &state.public {
            match releases.iter().find(|release| release.id == *id).map(frozen) {
                None => broken.push(format!("the public release {} was deleted", before.tag_name)),
                Some(now) if now != *before && state.under_way.get(id).is_some_and(|left| *left > 0) => {
                    state.under_way.entry(*id).and_modify(|left| *left -= 1);
                }
                Some(now) if now != *before => {
                    broken.push(format!("the public release {} was changed", before.tag_name));
                }
                Some(_) if self.commit(before) != state.commits.get(id).cloned().flatten() => {
                    broken.push(format!("the tag of the public release {} was moved", before.tag_name));
                }
                Some(_) => {}
            }
        }
        for release in releases.iter().filter(|one| !one.draft && !state.public.contains_key(&one.id)) {
            if release.tag_name != self.promised.tag.as_str() {
                broken.push(format!("a release of another tag, {}, became public", release.tag_name));
            } else if !self.promised.assets.contains(&set(release)) {
                broken.push(format!("{} became public without being complete", release.tag_name));
            } else if state.looked.as_ref() != Some(&self.inside.home.commit) {
                broken
                    .push(format!("{} became public although its tag was seen elsewhere", release.tag_name));
            }
        }
        let ours = |one: &&StoredRelease| one.draft && !one.is_by_somebody_else();
        let drafts = releases.iter().filter(ours).count();
        if drafts > 1 && !state.two_drafts {
            broken.push(format!("there are {drafts} drafts of our own"));
        }
        broken
    }

    fn latest(&self, state: &Observed) -> Vec<String> {
        let latest = self.inside.github.latest(&self.inside.home.repo);
        if latest == state.latest {
            return Vec::new();
        }
        let version = latest.as_ref().and_then(|tag| tag.parse::<Tag>().ok());
        let is_lower = |tag: &Tag| state.known.as_ref().is_some_and(|known| tag.version() < known);
        match version {
            Some(tag) if tag.is_prerelease() => vec![format!("latest is the pre-release {tag}")],
            Some(tag) if is_lower(&tag) => vec![format!("latest went down to {tag}")],
            None if state.latest.is_some() => vec!["there is no latest release any more".to_owned()],
            _ => Vec::new(),
        }
    }

    fn image(&self, state: &mut Observed, releases: &[StoredRelease], held: &Held) -> Vec<String> {
        let mut broken: Vec<String> =
            held.missing.iter().map(|digest| format!("an image tag points to what lacks {digest}")).collect();
        if held.missing.is_empty() {
            state.whole.extend(held.tags.values().copied());
        }
        let tag = self.promised.tag.as_str();
        let public = releases.iter().any(|release| !release.draft && release.tag_name == tag);
        for (name, digest) in &held.tags {
            if state.tags.get(name) == Some(digest) {
                continue;
            }
            if !self.promised.indexes.contains(digest) {
                broken.push(format!("the image tag {name} was moved to an image that is not ours"));
            }
            if !public {
                broken.push(format!("the image tag {name} moved before the release was public"));
            }
            let ours = self.promised.tag.version();
            let is_pre = self.promised.tag.is_prerelease();
            let lower = name == "latest" && state.known.as_ref().is_some_and(|known| ours < known);
            if lower || (is_pre && name != &ours.to_string()) {
                broken.push(format!("the image tag {name} moved to {ours}, which does not own it"));
            }
        }
        for name in state.tags.keys().filter(|name| !held.tags.contains_key(*name)) {
            broken.push(format!("the image tag {name} was deleted"));
        }
        broken
    }

    /// Takes what GitHub holds now as what was there before.
    fn take(&self, state: &mut Observed, releases: &[StoredRelease]) {
        let public = releases.iter().filter(|release| !release.draft);
        state.public = public.map(|release| (release.id, frozen(release))).collect();
        state.commits = state.public.iter().map(|(id, release)| (*id, self.commit(release))).collect();
        state.latest = self.inside.github.latest(&self.inside.home.repo);
    }

    fn commit(&self, release: &StoredRelease) -> Option<Commit> {
        self.inside.github.tag(&self.inside.home.repo, &release.tag_name)
    }

    fn lock(&self) -> MutexGuard<'_, Observed> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A release without what looking at it changes.
fn frozen(release: &StoredRelease) -> StoredRelease {
    let mut release = release.clone();
    release.updated_at.clear();
    for asset in &mut release.assets {
        asset.download_count = 0;
    }
    release
}

fn set(release: &StoredRelease) -> Assets {
    let whole = release.assets.iter().filter(|asset| asset.is_uploaded());
    let mut set: Assets = whole.map(|one| (one.name.clone(), one.size, one.digest)).collect();
    // An unfinished asset belongs to no promise.
    set.extend(release.assets.iter().filter(|one| !one.is_uploaded()).map(|one| (one.name.clone(), 0, None)));
    set
}

fn highest_stable<'a>(releases: impl Iterator<Item = &'a StoredRelease>) -> Option<Version> {
    let stable = releases.filter(|release| !release.prerelease && !release.draft);
    let tags = stable.filter_map(|release| release.tag_name.parse::<Tag>().ok());
    tags.filter(|tag| !tag.is_prerelease()).map(|tag| tag.version().clone()).max()
}
