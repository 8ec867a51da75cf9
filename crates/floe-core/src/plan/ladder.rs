//! Which version owns which moving name: `latest`, `1`, `1.4`, and where generated notes begin.
//!
//! One predicate serves GitHub's `make_latest`, the image's tags and the notes, so that they cannot disagree. Versions are
//! compared among tags of one prefix.

use semver::Version;

use crate::model::Tag;
use crate::world::{Published, World};

/// The image tags a version owns: itself, then its minor, its major and `latest`, each only if no published version
/// that is higher has a better right to it (SemVer 2.0.0, item 11). A pre-release owns only itself. There is no tag
/// `0`: below 1.0.0 a major number promises nothing (item 4).
pub fn image_tags(own: &Published, others: &[Published]) -> Vec<String> {
    let version = own.tag.version();
    let mut tags = vec![version.to_string()];
    let Version { major, minor, .. } = *version;
    if is_highest_stable(own, others, |other| (other.major, other.minor) == (major, minor)) {
        tags.push(format!("{major}.{minor}"));
    }
    if major > 0 && is_highest_stable(own, others, |other| other.major == major) {
        tags.push(major.to_string());
    }
    if is_highest_stable(own, others, |_| true) {
        tags.push("latest".to_owned());
    }
    tags
}

/// Where generated notes begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// At this tag.
    Tag(Tag),
    /// At the beginning.
    Beginning,
    /// At the beginning of this package. GitHub knows no packages and would begin at another one's release.
    BeginningOfPackage,
}

impl Since {
    /// The highest published version below a tag's; a stable release looks at stable ones only.
    pub fn of(tag: &Tag, world: &World) -> Self {
        let others = world.other_versions(tag);
        let lower =
            others.iter().filter(|one| is_below(&one.tag, tag) && (one.stable || tag.is_prerelease()));
        let highest = lower.max_by(|a, b| a.tag.version().cmp_precedence(b.tag.version()));
        match highest {
            Some(highest) => Since::Tag(highest.tag.clone()),
            None if others.is_empty() && world.has_other_releases(tag) => Since::BeginningOfPackage,
            None => Since::Beginning,
        }
    }

    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Since::Tag(tag) => Some(tag),
            Since::Beginning | Since::BeginningOfPackage => None,
        }
    }
}

pub(super) fn is_highest_stable(
    own: &Published,
    others: &[Published],
    among: impl Fn(&Version) -> bool,
) -> bool {
    own.stable
        && others
            .iter()
            .filter(|other| other.stable && among(other.tag.version()))
            .all(|other| is_below(&other.tag, &own.tag))
}

/// Whether a version ranks below another; build metadata does not count (SemVer, item 10).
fn is_below(one: &Tag, other: &Tag) -> bool {
    one.version().cmp_precedence(other.version()).is_lt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::RemoteRelease;

    fn published(tags: &[&str]) -> Vec<Published> {
        tags.iter().map(|tag| Published::new(tag.parse().unwrap(), false)).collect()
    }

    fn tags(tag: &str, others: &[&str]) -> String {
        image_tags(&published(&[tag])[0], &published(others)).join(" ")
    }

    #[test]
    fn a_version_owns_the_tags_that_no_higher_version_owns() {
        assert_eq!(tags("v1.4.0", &[]), "1.4.0 1.4 1 latest");
        assert_eq!(tags("v1.3.9", &["v1.4.0"]), "1.3.9 1.3");
        assert_eq!(tags("v2.0.0-rc.1", &["v1.4.0"]), "2.0.0-rc.1");
        assert_eq!(tags("v2.0.0", &["v1.4.0", "v2.0.0-rc.1"]), "2.0.0 2.0 2 latest");
        assert_eq!(tags("v1.4.1", &["v1.4.0", "v2.0.0"]), "1.4.1 1.4 1");
        assert_eq!(tags("v1.4.0", &["v1.4.1"]), "1.4.0");
        assert_eq!(tags("v0.2.0", &["v0.1.0"]), "0.2.0 0.2 latest");
        assert_eq!(tags("v1.0.0", &["v2.0.0-beta.1"]), "1.0.0 1.0 1 latest");
        assert_eq!(tags("v1.4.0", &["v1.4.0+rebuilt"]), "1.4.0");
    }

    #[test]
    fn a_release_that_is_marked_as_a_pre_release_owns_itself_alone() {
        let own = Published::new("v1.4.0".parse().unwrap(), true);
        assert_eq!(image_tags(&own, &published(&["v1.3.9"])), ["1.4.0"]);
    }

    #[test]
    fn in_any_order_every_name_ends_at_its_highest_version() {
        let versions = ["v1.4.0", "v1.3.9", "v2.0.0-rc.1", "v2.0.0", "v1.4.1"];
        let mut order = vec![0; versions.len()];
        let mut count = 0;
        for mut number in 0..120 {
            // The factorial number system: each number below 5! is another order.
            let mut left: Vec<usize> = (0..versions.len()).collect();
            for (place, at) in order.iter_mut().enumerate() {
                let choices = versions.len() - place;
                *at = left.remove(number % choices);
                number /= choices;
            }
            let mut names = std::collections::BTreeMap::new();
            for (done, at) in order.iter().enumerate() {
                let before: Vec<&str> = order[..done].iter().map(|at| versions[*at]).collect();
                let moved = image_tags(&published(&[versions[*at]])[0], &published(&before));
                names.extend(moved.into_iter().map(|name| (name, versions[*at])));
            }
            for (name, owner) in [
                ("latest", "v2.0.0"),
                ("2", "v2.0.0"),
                ("2.0", "v2.0.0"),
                ("1", "v1.4.1"),
                ("1.4", "v1.4.1"),
                ("1.3", "v1.3.9"),
                ("2.0.0-rc.1", "v2.0.0-rc.1"),
            ] {
                assert_eq!(names[name], owner, "{name} in {order:?}");
            }
            assert_eq!(names.len(), 6 + versions.len(), "{names:?}");
            count += 1;
        }
        assert_eq!(count, 120);
    }

    #[test]
    fn notes_begin_at_the_highest_lower_version_of_the_same_kind_and_prefix() {
        let since = |tag: &str, releases: &[&str]| {
            let release = |tag: &&str| RemoteRelease { tag: (*tag).to_owned(), ..RemoteRelease::default() };
            let world = World { releases: releases.iter().map(release).collect(), ..World::default() };
            match Since::of(&tag.parse().unwrap(), &world) {
                Since::Tag(tag) => tag.to_string(),
                since => format!("{since:?}"),
            }
        };
        let others = ["v1.3.0", "v1.4.0", "v2.0.0-rc.1", "v3.0.0"];
        assert_eq!(since("v2.0.0", &others), "v1.4.0");
        assert_eq!(since("v2.0.0-rc.2", &others), "v2.0.0-rc.1");
        assert_eq!(since("v1.3.1", &others), "v1.3.0");
        assert_eq!(since("v1.0.0", &others), "Beginning");
        assert_eq!(since("v1.0.0", &[]), "Beginning");
        let packages = ["app-v1.2.0", "lib-v9.0.0", "nightly", "app/v5.0.0"];
        assert_eq!(since("app-v2.0.0", &packages), "app-v1.2.0");
        assert_eq!(since("app-v1.2.0", &packages), "BeginningOfPackage", "its own release does not count");
        assert_eq!(since("v1.0.0", &packages), "BeginningOfPackage");
        assert_eq!(since("cli-v1.0.0", &packages), "BeginningOfPackage");
    }
}
