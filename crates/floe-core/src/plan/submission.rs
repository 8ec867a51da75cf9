//! Whether a version is submitted by a pull request: decided by what the repository of packages holds, and by the branch
//! and the pull request of an earlier run.

use std::cmp::Ordering;

use super::Standing;
use super::channel::Own;
use crate::model::Digest;
use crate::model::places::Submission;
use crate::world::{PullState, RemoteBranch, RemoteSubmission};

/// Compares a package's versions, its branch and its pull request with the files of a release.
pub(super) fn standing(own: &Own<'_>, there: &RemoteSubmission) -> Standing {
    if let Some(merged) = &there.merged {
        // Those who merge may edit the text.
        return if own.is_served(merged, merged) { Standing::Same } else { own.other_digests() };
    }
    let highest = there.versions.iter().max_by(|a, b| a.cmp_precedence(b));
    if let Some(newer) = highest.filter(|there| there.cmp_precedence(own.version) == Ordering::Greater) {
        return Standing::Newer(newer.clone());
    }
    let lower = || highest.map_or(Standing::Absent, |highest| Standing::Behind(highest.clone()));
    let on_branch = there.branch.as_ref().and_then(|branch| of_branch(own, branch));
    match (&there.pull, on_branch) {
        // The listing lags, or somebody has removed that version again.
        (Some(pull), _) if pull.state == PullState::Merged => Standing::Removed(pull.url.clone()),
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
    if holds(branch, own) {
        return Some(Standing::Same);
    }
    let there = own.files.first().and_then(|(path, _)| branch.files.get(*path)).unwrap_or(first);
    Some(match Standing::of_file(own, there) {
        Standing::Same => Standing::Reworded,
        standing => standing,
    })
}

/// Whether a branch holds all files of a release, as far as they are known.
pub fn holds(branch: &RemoteBranch, own: &Own<'_>) -> bool {
    let there = |path: &str| branch.files.get(path).map(|bytes| Digest::of(bytes));
    own.files.iter().all(|(path, digest)| there(path) == Some(*digest))
}

/// The hint for a conflict.
pub(super) fn way_out(submission: &Submission) -> String {
    format!(
        "close that pull request and delete the branch `{}` of `{}`; a version that people may have installed is never changed: raise the version and release that",
        submission.branch(),
        submission.fork
    )
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;
    use crate::model::places::Home;
    use crate::model::{ChannelKind, ChannelPlace, Marker};
    use crate::world::RemotePull;

    const FOLDER: &str = "manifests/a/Acme/Tool/1.4.0";

    /// The path of a file, and its bytes.
    type File = (String, Vec<u8>);

    fn rendered(name: &str, text: &str) -> File {
        let marker = Marker::text("tool", &Version::new(1, 4, 0));
        (format!("{FOLDER}/Acme.Tool{name}.yaml"), format!("# {marker}\n{text}\n").into_bytes())
    }

    fn branch(files: [File; 2]) -> Option<RemoteBranch> {
        Some(RemoteBranch { head: "1".to_owned(), files: files.into() })
    }

    fn pull(state: PullState) -> Option<RemotePull> {
        Some(RemotePull { url: "https://x/pull/1".to_owned(), state })
    }

    #[test]
    fn a_version_is_submitted_once() {
        let version = Version::new(1, 4, 0);
        let (one, other) = (Digest::of(b"1").hex().to_uppercase(), Digest::of(b"2").hex());
        let files = [rendered(".installer", &one), rendered(".locale.en-US", "text")];
        let ours = files.iter().map(|(path, bytes)| (path.as_str(), Digest::of(bytes))).collect();
        let archives = [Digest::of(b"1")].into();
        let home = Home::Repo("acme/winget-pkgs".parse().unwrap());
        let place = ChannelPlace { kind: ChannelKind::Winget, home, paths: Vec::new(), adopt: false };
        let own = Own { name: "tool", version: &version, files: ours, archives, place: &place };
        let same = branch(files.clone());
        let reworded = branch([rendered(".installer", &format!("{one} again")), files[1].clone()]);
        let text_only = branch([files[0].clone(), rendered(".locale.en-US", "another")]);
        let rebuilt = branch([rendered(".installer", &other), files[1].clone()]);
        let by_hand = branch([(files[0].0.clone(), b"by hand".to_vec()), files[1].clone()]);
        let url = || "https://x/pull/1".to_owned();
        let none = || RemoteSubmission::default();
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
                own.other_digests(),
            ),
            (RemoteSubmission { branch: by_hand, ..none() }, own.foreign()),
            (RemoteSubmission { pull: pull(PullState::Merged), ..none() }, Standing::Removed(url())),
            (
                RemoteSubmission { branch: same, pull: pull(PullState::Closed), ..none() },
                Standing::Closed(url()),
            ),
            (
                RemoteSubmission { merged: Some(format!("edited {one}").into_bytes()), ..none() },
                Standing::Same,
            ),
            (RemoteSubmission { merged: Some(other.clone().into_bytes()), ..none() }, own.other_digests()),
        ] {
            assert_eq!(standing(&own, &there), wanted, "{there:?}");
        }
    }
}
