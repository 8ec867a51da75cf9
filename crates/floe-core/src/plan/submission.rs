//! Whether a version is submitted by a pull request: decided by what the repository of packages holds, and by the branch
//! and the pull request of an earlier run.

use std::cmp::Ordering;

use super::Standing;
use super::channel::{ChannelConflict, Own};
use crate::model::ChannelPlace;
use crate::model::channel::digests;
use crate::model::places::Home;
use crate::world::{PullState, RemoteBranch, RemoteSubmission};

/// Compares a package's versions, its branch and its pull request with the files of a release.
pub(super) fn standing(own: &Own<'_>, there: &RemoteSubmission) -> Standing {
    if let Some(merged) = &there.merged {
        // Those who merge may edit the text, so only the archives count.
        return match own.bytes() {
            Some(bytes) if digests(bytes) != digests(merged) => {
                Standing::Conflict(ChannelConflict::OtherDigests(own.version.clone()))
            }
            _ => Standing::Same,
        };
    }
    let highest = there.versions.iter().max_by(|a, b| a.cmp_precedence(b));
    if let Some(newer) = highest.filter(|there| there.cmp_precedence(own.version) == Ordering::Greater) {
        return Standing::Newer(newer.clone());
    }
    let lower = || highest.map_or(Standing::Absent, |highest| Standing::Behind(highest.clone()));
    let on_branch = there.branch.as_ref().and_then(|branch| of_branch(own, branch));
    match (&there.pull, on_branch) {
        // It is merged, although the listing does not show it, or somebody has removed that version again.
        (Some(pull), _) if pull.state == PullState::Merged => Standing::Same,
        (Some(pull), _) if pull.state == PullState::Closed => Standing::Closed(pull.url.clone()),
        (Some(pull), Some(Standing::Same)) => Standing::Pending(pull.url.clone()),
        (_, Some(conflict @ Standing::Conflict(_))) => conflict,
        (Some(_), _) => Standing::Reworded,
        (None, _) => lower(),
    }
}

/// The branch compared with the files of a release; `None` if it has none of them.
fn of_branch(own: &Own<'_>, branch: &RemoteBranch) -> Option<Standing> {
    let first = branch.files.values().next()?;
    let Some(files) = &own.files else { return Some(Standing::Same) };
    if holds(branch, own) {
        return Some(Standing::Same);
    }
    let there = files.first().and_then(|file| branch.files.get(&file.path)).unwrap_or(first);
    Some(match Standing::of_file(own, there) {
        Standing::Same => Standing::Reworded,
        standing => standing,
    })
}

/// Whether a branch holds exactly the files of a release.
pub fn holds(branch: &RemoteBranch, own: &Own<'_>) -> bool {
    let is_same = |files: &Vec<&crate::model::Rendered>| {
        files.iter().all(|file| branch.files.get(&file.path) == Some(&file.bytes))
    };
    own.files.as_ref().is_some_and(is_same)
}

/// The hint for a conflict.
pub(super) fn way_out(place: &ChannelPlace) -> String {
    match &place.home {
        Home::Upstream(submission) => format!(
            "close that pull request and delete the branch `{}` of `{}`; a version that people may have installed is never changed: raise the version and release that",
            submission.branch(),
            submission.fork
        ),
        Home::Repo(_) | Home::Feed(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use semver::Version;

    use super::*;
    use crate::model::{ChannelKind, Digest, Marker, Rendered};
    use crate::world::RemotePull;

    const FOLDER: &str = "manifests/a/Acme/Tool/1.4.0";

    fn rendered(name: &str, text: &str) -> Rendered {
        let marker = Marker::text("tool", &Version::new(1, 4, 0));
        Rendered {
            kind: ChannelKind::Winget,
            repository: None,
            path: format!("{FOLDER}/Acme.Tool{name}.yaml"),
            bytes: format!("# {marker}\n{text}\n").into_bytes(),
            settings: BTreeMap::new(),
        }
    }

    fn branch(files: &[Rendered]) -> Option<RemoteBranch> {
        let files = files.iter().map(|file| (file.path.clone(), file.bytes.clone())).collect();
        Some(RemoteBranch { head: "1".to_owned(), files })
    }

    fn pull(state: PullState) -> Option<RemotePull> {
        Some(RemotePull { url: "https://x/pull/1".to_owned(), state })
    }

    #[test]
    fn a_version_is_submitted_once() {
        let version = Version::new(1, 4, 0);
        let (one, other) = (Digest::of(b"1").hex().to_uppercase(), Digest::of(b"2").hex());
        let files = [rendered(".installer", &one), rendered(".locale.en-US", "text")];
        let (ours, archives) = (Some(files.iter().collect()), Default::default());
        let own = Own { name: "tool", version: &version, files: ours, archives, adopt: false };
        let same = branch(&files);
        let reworded = branch(&[rendered(".installer", &format!("{one} again")), files[1].clone()]);
        let text_only = branch(&[files[0].clone(), rendered(".locale.en-US", "another")]);
        let rebuilt = branch(&[rendered(".installer", &other), files[1].clone()]);
        let by_hand = Rendered { bytes: b"by hand".to_vec(), ..files[0].clone() };
        let by_hand = branch(&[by_hand, files[1].clone()]);
        let url = || "https://x/pull/1".to_owned();
        let none = || RemoteSubmission::default();
        let conflict = |why| Standing::Conflict(why);
        for (there, wanted) in [
            (none(), Standing::Absent),
            (RemoteSubmission { branch: same.clone(), ..none() }, Standing::Absent),
            (
                RemoteSubmission { versions: vec![Version::new(1, 3, 0), Version::new(1, 2, 0)], ..none() },
                Standing::Behind(Version::new(1, 3, 0)),
            ),
            (
                RemoteSubmission { versions: vec![Version::new(2, 0, 0)], ..none() },
                Standing::Newer(Version::new(2, 0, 0)),
            ),
            (
                RemoteSubmission { branch: same.clone(), pull: pull(PullState::Open), ..none() },
                Standing::Pending(url()),
            ),
            (
                RemoteSubmission { branch: reworded, pull: pull(PullState::Open), ..none() },
                Standing::Reworded,
            ),
            (
                RemoteSubmission { branch: text_only, pull: pull(PullState::Open), ..none() },
                Standing::Reworded,
            ),
            (
                RemoteSubmission { branch: rebuilt, pull: pull(PullState::Open), ..none() },
                conflict(ChannelConflict::OtherDigests(version.clone())),
            ),
            (RemoteSubmission { branch: by_hand, ..none() }, conflict(ChannelConflict::Foreign)),
            (RemoteSubmission { pull: pull(PullState::Merged), ..none() }, Standing::Same),
            (
                RemoteSubmission { branch: same, pull: pull(PullState::Closed), ..none() },
                Standing::Closed(url()),
            ),
            (
                RemoteSubmission { merged: Some(format!("edited {one}").into_bytes()), ..none() },
                Standing::Same,
            ),
            (
                RemoteSubmission { merged: Some(other.clone().into_bytes()), ..none() },
                conflict(ChannelConflict::OtherDigests(version.clone())),
            ),
        ] {
            assert_eq!(standing(&own, &there), wanted, "{there:?}");
        }
    }
}
