//! The work of a maintainer between two runs: fixes the cause of the last error, as its hint says.
//!
//! Nothing else changes, and published releases never do.

use floe_core::model::Marker;
use floe_core::model::places::Home;

use super::{Invariants, Testbed};
use crate::github::{StoredRef, StoredRelease};

/// Fixes what a publisher cannot, and returns a description of each fix.
pub fn repair(invariants: &Invariants) -> Vec<String> {
    let mut fixes = Vec::new();
    invariants.external_change(|testbed| {
        let (github, registry, home) = (&testbed.github, &testbed.registry, &testbed.home);
        if std::mem::take(&mut github.options().expired) {
            fixes.push("set a valid token".to_owned());
        }
        if std::mem::take(&mut testbed.feed.state().expired) {
            fixes.push("set a valid key for the feed".to_owned());
        }
        // Granting rights that exist changes nothing.
        let channels = testbed.channels.iter().filter_map(|place| place.writes().cloned());
        github.set_push(&testbed.users.0, [home.repo.clone()].into_iter().chain(channels).collect());
        registry.set_push(&testbed.users.1, &[home.image.repository()]);
        if github.tag(&home.repo, home.tag.as_str()).as_ref() != Some(&home.commit) {
            let to = StoredRef { commit: home.commit.clone(), annotated: true };
            if github.push_tag(&home.repo, home.tag.as_str(), to).is_ok() {
                fixes.push(format!("pushed the tag `{}` again", home.tag));
            }
        }
        fixes.extend(tidy_drafts(testbed, invariants));
        fixes.extend(open_channels(testbed));
    });
    fixes
}

/// Leaves one draft of the tag, with no other assets than those of the release; none if the release is published.
fn tidy_drafts(testbed: &Testbed, invariants: &Invariants) -> Vec<String> {
    let (github, home) = (&testbed.github, &testbed.home);
    let of_tag = |release: &StoredRelease| release.tag_name == home.tag.as_str();
    let (drafts, published): (Vec<_>, Vec<_>) =
        github.releases(&home.repo).into_iter().filter(of_tag).partition(|release| release.draft);
    let keep = usize::from(published.is_empty());
    let mut fixes = Vec::new();
    for extra in drafts.iter().skip(keep) {
        if github.edit(&home.repo, |stored| stored.releases.retain(|one| one.id != extra.id)).is_ok() {
            fixes.push(format!("deleted the extra draft {} of `{}`", extra.id, home.tag));
        }
    }
    for asset in drafts.iter().take(keep).flat_map(|draft| &draft.assets) {
        if !invariants.promises(&asset.name) && github.remove_asset(&home.repo, asset.id).is_ok() {
            fixes.push(format!("deleted `{}` from the draft", asset.name));
        }
    }
    fixes
}

/// Opens the repositories of the channels to changes, and deletes files by hand.
fn open_channels(testbed: &Testbed) -> Vec<String> {
    let github = &testbed.github;
    let mut fixes = Vec::new();
    let is_by_hand = |file: Option<Vec<u8>>| file.is_some_and(|file| Marker::of(&file).is_none());
    for place in &testbed.channels {
        let Some(repository) = place.writes() else { continue };
        // Opening what is open changes nothing.
        let _ = github.edit(repository, |stored| stored.archived = false);
        let _ = github.edit(repository, |stored| stored.protected = false);
        for path in &place.paths {
            match &place.home {
                Home::Repo(_) if is_by_hand(github.files(repository).remove(path)) => {
                    let deleted = github.delete_file(repository, path).ok();
                    fixes.extend(deleted.map(|()| format!("deleted the `{path}` by hand in `{repository}`")));
                }
                Home::Upstream(submission) => {
                    let branch = submission.branch();
                    if is_by_hand(github.branch_files(repository, Some(&branch)).remove(path)) {
                        let deleted = github
                            .edit(repository, |stored| stored.refs.remove(&format!("heads/{branch}")))
                            .ok();
                        fixes.extend(
                            deleted.map(|_| format!("deleted the branch `{branch}` of `{repository}`")),
                        );
                    }
                }
                Home::Repo(_) | Home::Feed(_) => {}
            }
        }
    }
    fixes
}
