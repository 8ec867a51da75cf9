//! The state of the servers as text, so that two cases can be compared.

use floe_core::model::places::Home;
use floe_core::model::{ChannelPlace, Digest};
use floe_rehearsal::faults::Testbed;
use floe_rehearsal::github::StoredPull;

/// The state of both servers as lines that are the same for every successful release. Ids, times and the drafts of
/// other users are left out.
pub fn state(testbed: &Testbed) -> String {
    let mut lines = Vec::new();
    for release in testbed.github.releases(&testbed.home.repo) {
        if release.draft && release.is_foreign() {
            continue;
        }
        let kind = if release.draft { "draft" } else { "published" };
        let (tag, name) = (&release.tag_name, release.name.as_deref().unwrap_or("-"));
        let notes = Digest::of(comparable(&release.body.unwrap_or_default()).as_bytes()).short();
        lines.push(format!("{kind} {tag} {name} prerelease={} notes={notes}", release.prerelease));
        lines.extend(release.assets.iter().map(|asset| {
            let digest = asset.digest.map(|digest| digest.to_string()).unwrap_or_default();
            format!("{kind} {tag} {} {} {} {digest}", asset.name, asset.size, asset.state())
        }));
    }
    lines.sort();
    lines.push(format!("latest {}", testbed.github.latest(&testbed.home.repo).unwrap_or_default()));
    let image = testbed.home.image.repository();
    let tags = testbed.registry.tags(image);
    lines.extend(tags.iter().map(|(tag, digest)| format!("image {tag} {digest}")));
    let missing = testbed.registry.missing(image, tags.into_values()).unwrap();
    lines.extend(missing.iter().map(|digest| format!("image lacks {digest}")));
    lines.extend(testbed.channels.iter().flat_map(|place| channel(testbed, place)));
    lines.join("\n")
}

/// A channel as lines that are the same for every successful release.
fn channel(testbed: &Testbed, place: &ChannelPlace) -> Vec<String> {
    let github = &testbed.github;
    let (files, pulls) = match &place.home {
        Home::Repo(repo) => (github.files(repo), Vec::new()),
        Home::Feed(feed) => {
            let package = testbed.feed.package(&feed.id, &feed.version);
            (package.into_iter().map(|bytes| (place.path(), bytes)).collect(), Vec::new())
        }
        Home::Upstream(submission) => {
            let branch = submission.branch();
            let pulls = github.pulls(&submission.upstream).into_iter();
            let pulls = pulls.filter(|pull| pull.from == submission.fork && pull.branch == branch).collect();
            (github.branch_files(&submission.fork, Some(&branch)), pulls)
        }
    };
    let digest = |path: &String| files.get(path).map(|bytes| Digest::of(bytes).to_string());
    let file = |path: &String| format!("channel {place} {path} {}", digest(path).unwrap_or_default());
    let pull = |pull: &StoredPull| format!("channel {place} pull open={} merged={}", pull.open, pull.merged);
    place.paths.iter().map(file).chain(pulls.iter().map(pull)).collect()
}

/// Notes without the ports of local servers, which generated notes contain, and without the comment that has a digest of
/// them.
fn comparable(notes: &str) -> String {
    let lines = notes.lines().filter(|line| !line.starts_with("<!-- floe:"));
    let without_port = |line: &str| match line.split_once("http://127.0.0.1:") {
        Some((before, after)) => [before, after.trim_start_matches(|c: char| c.is_ascii_digit())].concat(),
        None => line.to_owned(),
    };
    lines.map(without_port).collect::<Vec<_>>().join("\n")
}
