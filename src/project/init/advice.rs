//! What else a first release would stumble over, told while there is time: licence, lock file, tags, a second releaser.
//!
//! It only tells, each with the way out. Nothing of it is changed, and nothing of it is drift.

use std::fmt;

use semver::Version;

use super::{Found, pin};
use floe_core::model::{Repo, Tag};

/// What is known of the project's surroundings.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The package's version.
    pub version: Version,
    /// The repository that `Cargo.toml` names.
    pub repository: Option<Repo>,
    /// The repository that git's remote `origin` names.
    pub origin: Option<Repo>,
    /// Whether the project lies in a git repository.
    pub has_git: bool,
    /// Every tag that git has here.
    pub tags: Vec<String>,
    /// What becomes of `Cargo.lock`.
    pub lock: Lock,
    /// Whether a file is there whose name begins with `LICENSE`, `LICENCE` or `COPYING`.
    pub has_license: bool,
    /// Whether `[profile.release]` says whether symbols are stripped.
    pub says_strip: bool,
    /// Whether `flake.lock` is there and says which floe is meant.
    pub is_flake_locked: bool,
}

/// What becomes of `Cargo.lock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// It is in git, or there is no git.
    Kept,
    /// It is not there.
    Missing,
    /// `.gitignore` names it.
    Ignored,
    /// It is there and was never added.
    Untracked,
}

/// One thing to know, with the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// The project is in no git repository.
    NoGit,
    /// Nothing says where the release goes.
    NoHome,
    /// `Cargo.toml` names no repository, or none on GitHub that a flake can read; git knows this one.
    NoRepository(Repo),
    /// `Cargo.toml` and git name different ones, in this order.
    TwoHomes(Repo, Repo),
    /// The version is 0.0.0.
    NoVersion,
    /// The version has its tag already.
    Tagged(Version),
    /// The tags here are written in another way, like this one.
    TagStyle(String),
    /// `Cargo.lock` would not be there where the release is built.
    NoLock(Lock),
    /// There is no licence file.
    NoLicense,
    /// Another workflow publishes releases as well.
    Rival {
        /// Its path.
        path: String,
        /// The line, counted from 1.
        line: usize,
        /// What it uses for it.
        what: &'static str,
    },
    /// Another workflow makes the tags.
    Tagger {
        /// Its path.
        path: String,
        /// The line, counted from 1.
        line: usize,
        /// What it uses for it.
        what: &'static str,
    },
    /// The changelog has a name that floe does not read.
    OtherChangelog(String),
    /// Which floe is meant is not locked.
    FlakeUnlocked,
    /// Nothing says that binaries are stripped.
    NotStripped,
}

/// What other workflows publish releases with.
const RIVALS: [&str; 12] = [
    "softprops/action-gh-release",
    "ncipollo/release-action",
    "actions/create-release",
    "actions/upload-release-asset",
    "svenstaro/upload-release-action",
    "taiki-e/create-gh-release-action",
    "taiki-e/upload-rust-binary-action",
    "goreleaser/goreleaser-action",
    "cli/gh-release",
    "gh release create",
    "gh release upload",
    "dist host",
];

/// What other workflows make tags with.
const TAGGERS: [&str; 4] = [
    "release-plz/action",
    "MarcoIeni/release-plz-action",
    "googleapis/release-please-action",
    "google-github-actions/release-please-action",
];

/// All there is to know, what stops a release first.
pub fn about(around: &Surroundings, found: &Found) -> Vec<Advice> {
    let mut advice = Vec::new();
    match (around.has_git, &around.repository, &around.origin) {
        (false, ..) => advice.push(Advice::NoGit),
        (true, None, None) => advice.push(Advice::NoHome),
        (true, None, Some(origin)) => advice.push(Advice::NoRepository(origin.clone())),
        // GitHub takes capitals and small letters for the same.
        (true, Some(named), Some(origin)) if !named.to_string().eq_ignore_ascii_case(&origin.to_string()) => {
            advice.push(Advice::TwoHomes(named.clone(), origin.clone()));
        }
        (true, Some(_), _) => {}
    }
    if around.lock != Lock::Kept {
        advice.push(Advice::NoLock(around.lock));
    }
    let rival = |(path, line, what)| Advice::Rival { path, line, what };
    advice.extend(uses(found, &RIVALS).into_iter().map(rival));
    let tagger = |(path, line, what)| Advice::Tagger { path, line, what };
    advice.extend(uses(found, &TAGGERS).into_iter().map(tagger));
    advice.extend(version(around));
    advice.extend(tag_style(&around.tags).map(Advice::TagStyle));
    if !around.is_flake_locked {
        advice.push(Advice::FlakeUnlocked);
    }
    if !around.has_license {
        advice.push(Advice::NoLicense);
    }
    let other_name = found.changelog.as_ref().filter(|path| !path.ends_with("CHANGELOG.md"));
    advice.extend(other_name.cloned().map(Advice::OtherChangelog));
    if !around.says_strip {
        advice.push(Advice::NotStripped);
    }
    advice
}

/// The tag that the next release would have: the version's own, or that of the next one if it has been released.
pub fn next_tag(around: &Surroundings) -> Tag {
    let Surroundings { version, .. } = around;
    match is_tagged(around) {
        false => Tag::of(version),
        true if version.pre.is_empty() => {
            Tag::of(&Version::new(version.major, version.minor, version.patch + 1))
        }
        true => Tag::of(&Version::new(version.major, version.minor, version.patch)),
    }
}

fn is_tagged(around: &Surroundings) -> bool {
    around.tags.iter().filter_map(|tag| tag.parse::<Tag>().ok()).any(|tag| *tag.version() == around.version)
}

fn version(around: &Surroundings) -> Option<Advice> {
    if around.version == Version::new(0, 0, 0) {
        return Some(Advice::NoVersion);
    }
    is_tagged(around).then(|| Advice::Tagged(around.version.clone()))
}

/// A tag of the style in use, if there are tags for versions and none is like `v1.4.0`.
fn tag_style(tags: &[String]) -> Option<String> {
    let (mut bare, mut other) = (None, None);
    for tag in tags {
        let last = tag.rsplit(['-', '/', '_']).next().unwrap_or(tag);
        match (tag.parse::<Tag>(), last.parse::<Tag>()) {
            (Ok(_), _) if tag.starts_with('v') => return None,
            (Ok(parsed), _) => bare = bare.max(Some((parsed.version().clone(), tag))),
            (Err(_), Ok(parsed)) => other = other.max(Some((parsed.version().clone(), tag))),
            (Err(_), Err(_)) => {}
        }
    }
    bare.or(other).map(|(_, tag)| tag.clone())
}

/// For each workflow that mentions one of the words outside its comments: where it does so first.
fn uses(found: &Found, words: &[&'static str]) -> Vec<(String, usize, &'static str)> {
    let mut uses = Vec::new();
    for (path, text) in &found.workflows {
        let word = |line: &str| words.iter().copied().find(|word| line.contains(word));
        let lines = text.lines().enumerate().filter(|(_, line)| pin::code(line).next().is_some());
        let first = lines.filter_map(|(at, line)| Some((at + 1, word(line)?))).next();
        uses.extend(first.map(|(line, what)| (path.clone(), line, what)));
    }
    uses
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Advice::NoGit => write!(
                f,
                "this is no git repository, and a release begins with a tag: `git init`, commit, and push to GitHub"
            ),
            Advice::NoHome => write!(
                f,
                "nothing says where the release goes: write `repository` into Cargo.toml, or add git's remote `origin`"
            ),
            Advice::NoRepository(repo) => write!(
                f,
                "Cargo.toml does not say where the project lives: write \
                 `repository = \"https://github.com/{repo}\"` below [package]"
            ),
            Advice::TwoHomes(named, origin) => write!(
                f,
                "`repository` in Cargo.toml is {named} and git's origin is {origin}: the image is labelled with the \
                 first, a release goes to where its workflow runs"
            ),
            Advice::NoVersion => write!(f, "`version` is 0.0.0: raise it before the first tag"),
            Advice::Tagged(version) => {
                write!(
                    f,
                    "the version {version} has its tag already: raise `version` before the next release"
                )
            }
            Advice::TagStyle(tag) => write!(
                f,
                "tags are written like `{tag}` here; the workflow runs for those like `v1.4.0`, so name the next one so"
            ),
            Advice::NoLock(Lock::Ignored) => write!(
                f,
                "git ignores Cargo.lock, and a release is built from it: take it out of .gitignore and commit it"
            ),
            Advice::NoLock(Lock::Untracked) => {
                write!(f, "Cargo.lock is not in git, and a release is built from it: `git add Cargo.lock`")
            }
            Advice::NoLock(_) => write!(
                f,
                "Cargo.lock is missing, and a release is built from it: `cargo generate-lockfile`, and commit it"
            ),
            Advice::NoLicense => {
                write!(f, "there is no LICENSE file, so the archives hold none: add one beside Cargo.toml")
            }
            Advice::Rival { path, line, what } => write!(
                f,
                "`{path}` publishes releases too (`{what}` in line {line}): take that out, or two of them make one tag's \
                 release"
            ),
            Advice::Tagger { path, line, what } => write!(
                f,
                "`{path}` makes tags (`{what}` in line {line}): pushed with GITHUB_TOKEN they start no workflow, so give \
                 it an app's token or run the release by hand, and let it make no release of its own"
            ),
            Advice::OtherChangelog(path) => write!(
                f,
                "`{path}` is not read: without a CHANGELOG.md the notes of a release are those GitHub generates"
            ),
            Advice::FlakeUnlocked => write!(
                f,
                "flake.lock does not say which floe is meant: `git add flake.nix && nix flake lock`, and commit both"
            ),
            Advice::NotStripped => write!(
                f,
                "binaries keep their symbols: `strip = true` below [profile.release] makes downloads smaller"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidy() -> Surroundings {
        let repo: Repo = "acme/tool".parse().unwrap();
        Surroundings {
            version: Version::new(1, 4, 0),
            repository: Some(repo.clone()),
            origin: Some(repo),
            has_git: true,
            tags: vec!["v1.3.0".to_owned()],
            lock: Lock::Kept,
            has_license: true,
            says_strip: true,
            is_flake_locked: true,
        }
    }

    fn told(around: &Surroundings) -> Vec<Advice> {
        about(around, &Found::default())
    }

    #[test]
    fn where_all_is_well_nothing_is_said() {
        assert_eq!(told(&tidy()), []);
        assert_eq!(told(&Surroundings { origin: Some("Acme/tool".parse().unwrap()), ..tidy() }), []);
        assert_eq!(next_tag(&tidy()).as_str(), "v1.4.0");
    }

    #[test]
    fn each_thing_is_told() {
        let other: Repo = "acme/fork".parse().unwrap();
        let cases: [(Surroundings, Advice); 9] = [
            (Surroundings { has_git: false, ..tidy() }, Advice::NoGit),
            (Surroundings { repository: None, origin: None, ..tidy() }, Advice::NoHome),
            (Surroundings { repository: None, ..tidy() }, Advice::NoRepository("acme/tool".parse().unwrap())),
            (
                Surroundings { origin: Some(other.clone()), ..tidy() },
                Advice::TwoHomes("acme/tool".parse().unwrap(), other),
            ),
            (Surroundings { version: Version::new(0, 0, 0), ..tidy() }, Advice::NoVersion),
            (Surroundings { lock: Lock::Ignored, ..tidy() }, Advice::NoLock(Lock::Ignored)),
            (Surroundings { has_license: false, ..tidy() }, Advice::NoLicense),
            (Surroundings { says_strip: false, ..tidy() }, Advice::NotStripped),
            (Surroundings { is_flake_locked: false, ..tidy() }, Advice::FlakeUnlocked),
        ];
        for (around, advice) in cases {
            assert_eq!(told(&around), [advice]);
        }
    }

    #[test]
    fn a_version_that_was_released_gives_way_to_the_next() {
        let tagged = |version: &str, tag: &str| Surroundings {
            version: version.parse().unwrap(),
            tags: vec![tag.to_owned(), "v0.1.0".to_owned()],
            ..tidy()
        };
        assert_eq!(told(&tagged("1.4.0", "v1.4.0")), [Advice::Tagged(Version::new(1, 4, 0))]);
        assert_eq!(next_tag(&tagged("1.4.0", "1.4.0")).as_str(), "v1.4.1");
        assert_eq!(next_tag(&tagged("1.4.0-rc.1", "v1.4.0-rc.1")).as_str(), "v1.4.0");
    }

    #[test]
    fn another_way_to_write_tags_is_seen() {
        let style = |tags: &[&str]| tag_style(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>());
        assert_eq!(style(&["14.9.0", "14.10.0", "ignore-0.4.1"]).as_deref(), Some("14.10.0"));
        assert_eq!(style(&["tool-v1.0.0"]).as_deref(), Some("tool-v1.0.0"));
        assert_eq!(style(&["0.9.0", "v1.0.0"]), None);
        assert_eq!(style(&["nightly", "weekly-2"]), None);
    }

    #[test]
    fn a_second_releaser_is_named_with_its_line() {
        let mut found = Found::default();
        let text = "jobs:\n  # - uses: softprops/action-gh-release\n  - run: gh release upload v1 x\n  - run: gh release create\n";
        found.workflows.insert(".github/workflows/cd.yml".to_owned(), text.to_owned());
        let path = ".github/workflows/cd.yml".to_owned();
        assert_eq!(about(&tidy(), &found), [Advice::Rival { path, line: 3, what: "gh release upload" }]);
        let (path, what) = (".github/workflows/cd.yml".to_owned(), "release-plz/action");
        found.workflows.insert(path.clone(), format!("- uses: {what}@v0.5\n"));
        assert_eq!(about(&tidy(), &found), [Advice::Tagger { path, line: 1, what }]);
    }
}
