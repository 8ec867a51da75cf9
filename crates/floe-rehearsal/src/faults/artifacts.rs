//! The indexes in which artifacts are listed that refer to the image, each under a tag: other clients' entries stay.

use std::collections::{BTreeMap, BTreeSet};

use floe_core::attachment;
use floe_core::model::{Digest, Release};

/// The artifacts of the release, by the tag of their index.
pub(super) struct Artifacts(BTreeMap<String, BTreeSet<Digest>>);

impl Artifacts {
    pub(super) fn of(releases: &[&Release]) -> Self {
        let mut artifacts = BTreeMap::<_, BTreeSet<_>>::new();
        for one in releases.iter().flat_map(|release| attachment::of_release(release)) {
            artifacts.entry(one.tag()).or_default().insert(one.manifest.digest);
        }
        Artifacts(artifacts)
    }

    /// Whether a tag is that of an index of artifacts (OCI distribution-spec, "Referrers Tag Schema").
    pub(super) fn is_list(tag: &str) -> bool {
        let hex = tag.strip_prefix("sha256-");
        hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// Judges an index that was written.
    pub(super) fn judge(
        &self,
        tag: &str,
        (before, now): (&BTreeSet<Digest>, &BTreeSet<Digest>),
        public: bool,
    ) -> Vec<String> {
        let Some(ours) = self.0.get(tag) else {
            return vec![format!("the list of artifacts {tag} changed, which is of another image")];
        };
        let early = (!public).then(|| "changed before the release was public".to_owned());
        let lost = before.difference(now).map(|digest| format!("lost {digest}"));
        let strange = now.difference(before).filter(|digest| !ours.contains(digest));
        let strange = strange.map(|digest| format!("got {digest}, not ours"));
        let all = early.into_iter().chain(lost).chain(strange);
        all.map(|text| format!("the list of artifacts {tag} {text}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_can_be_broken() {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let tag = format!("sha256-{}", digest("image").hex());
        assert!(Artifacts::is_list(&tag) && !Artifacts::is_list("sha256-1") && !Artifacts::is_list("latest"));
        let artifacts = Artifacts(BTreeMap::from([(tag.clone(), BTreeSet::from([digest("ours")]))]));
        let judge = |tag: &str, before: &[&str], now: &[&str], public| {
            let set = |names: &[&str]| names.iter().map(|name| digest(name)).collect();
            artifacts.judge(tag, (&set(before), &set(now)), public).len()
        };
        assert_eq!(judge(&tag, &["theirs"], &["theirs", "ours"], true), 0);
        assert_eq!(judge(&tag, &[], &["ours"], false), 1, "too early");
        assert_eq!(judge(&tag, &["theirs"], &["ours"], true), 1, "an entry is lost");
        assert_eq!(judge(&tag, &[], &["strange", "ours"], true), 1, "a strange entry");
        assert_eq!(judge("sha256-0", &[], &["ours"], true), 1, "another image's");
    }
}
