//! The invariants of channels: no file names a version that is not public, none goes down or is taken from somebody, and
//! the other files of a repository stay as they are.

use std::collections::BTreeMap;

use floe_core::model::channel::digests;
use floe_core::model::{ChannelKind, ChannelPlace, Marker, Release, Repo};

use super::Testbed;
use crate::github::StoredRelease;

/// The file that each release has for a channel.
pub(super) struct ExpectedChannel {
    kind: ChannelKind,
    repository: Repo,
    path: String,
    /// Whether a file by hand may be replaced.
    adopt: bool,
    files: Vec<Vec<u8>>,
}

/// The files of each channel's repository.
pub(super) type Files = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

impl ExpectedChannel {
    /// The channels of several dists of one version.
    pub(super) fn all(releases: &[&Release]) -> Vec<Self> {
        let places = releases.first().map(|release| ChannelPlace::of(&release.channels)).unwrap_or_default();
        let channel = |place: ChannelPlace| {
            let file = |release: &&Release| place.file(&release.channels).map(|file| file.bytes.clone());
            let files = releases.iter().filter_map(file).collect();
            let adopt = releases.iter().any(|release| release.adopts.contains(&place.kind));
            let ChannelPlace { kind, repository, path } = place;
            ExpectedChannel { kind, repository, path, adopt, files }
        };
        places.into_iter().map(channel).collect()
    }
}

/// The files of all channels' repositories now.
pub(super) fn files(testbed: &Testbed, expected: &[ExpectedChannel]) -> Files {
    let files = |channel: &ExpectedChannel| {
        (channel.repository.to_string(), testbed.github.files(&channel.repository))
    };
    expected.iter().map(files).collect()
}

/// Everything that requests must not have changed.
pub(super) fn judge(
    testbed: &Testbed,
    expected: &[ExpectedChannel],
    (before, now): (&Files, &Files),
    releases: &[StoredRelease],
) -> Vec<String> {
    let tag = &testbed.home.tag;
    let is_public = releases.iter().any(|release| !release.draft && release.tag_name == tag.as_str());
    let mut violations = Vec::new();
    for (repository, before) in before {
        let now = now.get(repository);
        for (path, bytes) in before {
            let is_channel =
                expected.iter().any(|one| one.repository.to_string() == *repository && one.path == *path);
            match now.and_then(|now| now.get(path)) {
                None => violations.push(format!("`{path}` of {repository} was deleted")),
                Some(other) if other != bytes && !is_channel => {
                    violations.push(format!("`{path}` of {repository}, which is no channel's, was changed"));
                }
                Some(_) => {}
            }
        }
    }
    for ExpectedChannel { kind, repository, path, adopt, files } in expected {
        let of = |files: &Files| files.get(&repository.to_string())?.get(path).cloned();
        let (before, Some(now)) = (of(before), of(now)) else { continue };
        if before.as_ref() == Some(&now) {
            continue;
        }
        let mut violation = |text: String| violations.push(format!("{kind}: `{path}` {text}"));
        if !files.contains(&now) {
            violation("became a file of no release".to_owned());
        }
        if !is_public {
            violation(format!("names {tag}, which is not public"));
        }
        if tag.is_prerelease() {
            violation(format!("names {tag}, a pre-release"));
        }
        match before.as_deref().map(|before| (before, Marker::of(before))) {
            None => {}
            Some((_, None)) if *adopt => {}
            Some((_, None)) => violation("replaced a file by hand".to_owned()),
            Some((before, Some(marker))) => match marker.version.cmp_precedence(tag.version()) {
                std::cmp::Ordering::Greater => violation(format!("went down from {}", marker.version)),
                std::cmp::Ordering::Equal if digests(before) != digests(&now) => {
                    violation("replaced the same version of other digests".to_owned());
                }
                _ => {}
            },
        }
    }
    violations
}
