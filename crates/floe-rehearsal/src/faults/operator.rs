//! What a maintainer does between two runs: puts right what the last one ended at, as its hint says.
//!
//! Nothing else is touched, and what is public never is.

use super::{Invariants, Testbed};
use crate::github::{SeedTag, StoredRelease};

/// Puts right what only a person can, and tells what that was.
///
/// `promised` are the names of the release's assets.
pub fn repair(inside: &Testbed, watch: &Invariants, promised: &[String]) -> Vec<String> {
    let (github, registry, home) = (&inside.github, &inside.registry, &inside.home);
    let mut told = Vec::new();
    watch.by_somebody_else(|| {
        if github.expired() {
            github.expire_tokens(false);
            told.push("set a token that is valid".to_owned());
        }
        // Rights are given whether or not they were taken: who has them already notices nothing.
        github.set_push(&inside.users.0, vec![home.repo.clone()]);
        let _ = registry.set_push(&inside.users.1, vec![home.image.repository().to_owned()]);
        if github.tag(&home.repo, home.tag.as_str()).as_ref() != Some(&home.commit) {
            let tag = SeedTag { name: home.tag.to_string(), commit: home.commit.clone(), annotated: true };
            if github.push_tag(&home.repo, &tag).is_ok() {
                told.push(format!("pushed the tag `{}` where it was", home.tag));
            }
        }
        told.extend(tidy_drafts(inside, promised));
    });
    told
}

/// Leaves one draft of the tag, with nothing in it that the release does not promise.
fn tidy_drafts(inside: &Testbed, promised: &[String]) -> Vec<String> {
    let (github, home) = (&inside.github, &inside.home);
    let of_tag = |release: &StoredRelease| release.tag_name == home.tag.as_str();
    let releases: Vec<StoredRelease> = github.releases(&home.repo).into_iter().filter(of_tag).collect();
    let published = releases.iter().any(|release| !release.draft);
    let mut told = Vec::new();
    for extra in releases.iter().filter(|release| release.draft).skip(usize::from(!published)) {
        if github.delete_release(&home.repo, extra.id).is_ok() {
            told.push(format!("deleted the extra draft {} of `{}`", extra.id, home.tag));
        }
    }
    for draft in releases.iter().filter(|release| release.draft).take(usize::from(!published)) {
        for asset in draft.assets.iter().filter(|asset| !promised.contains(&asset.name)) {
            if github.remove_asset(&home.repo, asset.id).is_ok() {
                told.push(format!("deleted `{}` from the draft", asset.name));
            }
        }
    }
    told
}
