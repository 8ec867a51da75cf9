//! The invariants of channels: no file names a version that is not public, none goes down or is taken from somebody, and
//! the other files of a repository stay as they are.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use floe_core::model::channel::digests;
use floe_core::model::places::{Home, Submission};
use floe_core::model::{ChannelPlace, Marker, Release, Subject};

use super::Testbed;
use crate::github::{StoredPull, StoredRelease};

/// The files that each release has for a channel.
pub(super) struct ExpectedChannel {
    place: ChannelPlace,
    /// The files of each dist.
    files: Vec<Files>,
}

/// Files by path.
type Files = BTreeMap<String, Vec<u8>>;

/// The files of a branch of a repository; without a name, of the default one.
type Branch = (String, Option<String>);

/// The state of all channels.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Seen {
    branches: BTreeMap<Branch, Files>,
    pulls: BTreeMap<String, Vec<StoredPull>>,
}

impl ExpectedChannel {
    /// The channels of several dists of one version.
    pub(super) fn all(releases: &[&Release]) -> Vec<Self> {
        let channel = |place: &ChannelPlace| {
            let files = |release: &&Release| {
                let files = release.files_of(place).into_iter();
                files.map(|file| (file.entry.path.clone(), file.bytes.clone())).collect()
            };
            ExpectedChannel { place: place.clone(), files: releases.iter().map(files).collect() }
        };
        let first = releases.first().map(|release| Subject::from(*release));
        first.iter().flat_map(Subject::channels).map(channel).collect()
    }

    /// The branch that it changes.
    fn branch(&self) -> Branch {
        match &self.place.home {
            Home::Repo(repo) => (repo.to_string(), None),
            Home::Upstream(submission) => (submission.fork.to_string(), Some(submission.branch())),
            // A feed has packages in place of branches.
            Home::Feed(feed) => (feed.host.clone(), None),
        }
    }
}

/// The state of all channels now.
pub(super) fn seen(testbed: &Testbed, expected: &[ExpectedChannel]) -> Seen {
    let mut seen = Seen::default();
    for channel in expected {
        let repos = match &channel.place.home {
            Home::Repo(repo) => [Some(repo), None],
            Home::Upstream(Submission { upstream, fork, .. }) => {
                seen.pulls.insert(upstream.to_string(), testbed.github.pulls(upstream));
                [Some(upstream), Some(fork)]
            }
            Home::Feed(_) => {
                seen.branches.insert(channel.branch(), testbed.feed.state().packages.clone());
                [None, None]
            }
        };
        for repo in repos.into_iter().flatten() {
            let named = testbed.github.branches(repo).into_iter().map(Some);
            for branch in named.chain([None]) {
                let files = testbed.github.branch_files(repo, branch.as_deref());
                seen.branches.insert((repo.to_string(), branch), files);
            }
        }
    }
    seen
}

/// Everything that requests must not have changed.
pub(super) fn judge(
    testbed: &Testbed,
    expected: &[ExpectedChannel],
    (before, now): (&Seen, &Seen),
    releases: &[StoredRelease],
) -> Vec<String> {
    if before == now {
        return Vec::new();
    }
    let tag = &testbed.home.tag;
    let names = match releases.iter().any(|release| !release.draft && release.tag_name == tag.as_str()) {
        false => Some(format!("names {tag}, which is not public")),
        true => tag.is_prerelease().then(|| format!("names {tag}, a pre-release")),
    };
    let mut violations = judge_others(expected, before, now);
    for channel in expected {
        let place = &channel.place;
        let of = |seen: &Seen| {
            let files = seen.branches.get(&channel.branch()).cloned().unwrap_or_default();
            files.into_iter().filter(|(path, _)| place.paths.contains(path)).collect::<Files>()
        };
        let (files_before, files_now) = (of(before), of(now));
        let mut found = Vec::new();
        if files_before != files_now {
            found.extend(names.clone());
            found.extend(judge_files(channel, testbed, &files_before, &files_now));
        }
        if let Home::Upstream(submission) = &place.home {
            let pulls =
                |seen: &Seen| seen.pulls.get(&submission.upstream.to_string()).cloned().unwrap_or_default();
            let (before, now) = (pulls(before), pulls(now));
            if before != now {
                found.extend(names.clone());
                found.extend(judge_pulls(submission, channel.files.contains(&files_now), &before, &now));
            }
        }
        violations.extend(found.into_iter().map(|text| format!("{place}: {text}")));
    }
    violations
}

/// The files and branches that are no channel's.
fn judge_others(expected: &[ExpectedChannel], before: &Seen, now: &Seen) -> Vec<String> {
    let mut violations = Vec::new();
    // A fork's default branch may become that of the repository that it comes from.
    let upstream_of = |branch: &Branch| {
        expected.iter().find_map(|channel| match &channel.place.home {
            Home::Upstream(submission) if *branch == (submission.fork.to_string(), None) => {
                now.branches.get(&(submission.upstream.to_string(), None))
            }
            _ => None,
        })
    };
    let none = Files::new();
    let all: BTreeSet<&Branch> = before.branches.keys().chain(now.branches.keys()).collect();
    for branch in all {
        let channels: Vec<_> = expected.iter().filter(|channel| channel.branch() == *branch).collect();
        let shown =
            branch.1.as_ref().map_or_else(|| branch.0.clone(), |name| format!("{} ({name})", branch.0));
        let Some(there) = now.branches.get(branch) else {
            violations.push(format!("{shown} was deleted"));
            continue;
        };
        if upstream_of(branch) == Some(there) {
            continue;
        }
        // A new branch begins as the default one.
        let from = before.branches.get(branch).or_else(|| now.branches.get(&(branch.0.clone(), None)));
        let from = from.unwrap_or(&none);
        if !before.branches.contains_key(branch) && channels.is_empty() {
            violations.push(format!("{shown} was created"));
        }
        let paths: BTreeSet<&String> = from.keys().chain(there.keys()).collect();
        for path in paths {
            let is_channel = channels.iter().any(|channel| channel.place.paths.contains(path));
            match (from.get(path), there.get(path)) {
                (Some(_), None) => violations.push(format!("`{path}` of {shown} was deleted")),
                (from, there) if from != there && !is_channel => {
                    violations.push(format!("`{path}` of {shown}, which is no channel's, was changed"));
                }
                _ => {}
            }
        }
    }
    violations
}

/// The files of a channel that have changed.
fn judge_files(channel: &ExpectedChannel, testbed: &Testbed, before: &Files, now: &Files) -> Vec<String> {
    let tag = &testbed.home.tag;
    let mut violations = Vec::new();
    if !channel.files.contains(now) {
        violations.push("became files of no release".to_owned());
    }
    let first = channel.place.paths.first();
    let of = |files: &Files| first.and_then(|path| files.get(path).cloned());
    let (Some(before), Some(now)) = (of(before), of(now)) else { return violations };
    match Marker::of(&before) {
        _ if before == now => {}
        _ if matches!(channel.place.home, Home::Feed(_)) => {
            violations.push("replaced a version of a feed".to_owned());
        }
        None if channel.place.adopt => {}
        None => violations.push("replaced a file by hand".to_owned()),
        Some(marker) => match marker.version.cmp_precedence(tag.version()) {
            Ordering::Greater => violations.push(format!("went down from {}", marker.version)),
            Ordering::Equal if digests(&before) != digests(&now) => {
                violations.push("replaced the same version of other digests".to_owned());
            }
            _ => {}
        },
    }
    violations
}

/// The pull requests that have changed.
fn judge_pulls(
    submission: &Submission,
    is_whole: bool,
    before: &[StoredPull],
    now: &[StoredPull],
) -> Vec<String> {
    let mut violations = Vec::new();
    if now.get(..before.len()) != Some(before) {
        violations.push("changed a pull request".to_owned());
    }
    let is_ours = |pull: &&StoredPull| pull.from == submission.fork && pull.branch == submission.branch();
    for pull in now.iter().skip(before.len()) {
        if !is_ours(&pull) {
            violations.push(format!("opened a pull request of another branch, {}", pull.branch));
        }
        if !is_whole {
            violations.push("opened a pull request of a branch that is not whole".to_owned());
        }
    }
    if now.iter().filter(is_ours).count() > 1 {
        violations.push("opened a second pull request of the version".to_owned());
    }
    violations
}
