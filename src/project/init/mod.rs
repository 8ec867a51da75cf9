//! The files that `floe init` manages: their text, and how far existing files have drifted from it.
//!
//! Pure: it decides by what was found and neither reads nor writes. A file of another origin is reported, never merged.

pub mod advice;
mod existing;
mod manifest;
pub mod template;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use semver::Version;
use serde::Serialize;

use crate::project::cargo::Project;
use floe_core::model::Repo;
use floe_core::model::config::NotesFrom;
use template::{CALLED, Floe, PLACEHOLDER};

/// Where GitHub looks for workflows, below the root of the repository.
pub const WORKFLOWS: &str = ".github/workflows";
/// The workflow that is written.
pub const RELEASE: &str = ".github/workflows/release.yml";
const NO_CALL: &str = "exists and does not call floe";

/// The state of the project. Paths are relative to the root of the repository, with slashes.
#[derive(Debug, Clone)]
pub struct FoundProject {
    /// The package, with the targets that were asked for.
    pub project: Project,
    /// The folder of the workspace; empty if it is the root of the repository.
    pub folder: String,
    /// The path and the text of the package's `Cargo.toml`.
    pub manifest: (String, String),
    /// Whether there is a `Cargo.lock`.
    pub has_lock: bool,
    /// The repository on GitHub that `Cargo.toml` names.
    pub repository: Option<Repo>,
    /// The git repository; `None` if the project is in none.
    pub git: Option<Git>,
    /// The text of `flake.nix`.
    pub flake: Option<String>,
    /// The text of `flake.lock`.
    pub flake_lock: Option<String>,
    /// The text of every workflow by its path.
    pub workflows: BTreeMap<String, String>,
    /// The path of a new changelog; `None` if the project has one under any of the usual names.
    pub new_changelog: Option<String>,
}

/// The project's git repository.
#[derive(Debug, Clone)]
pub struct Git {
    /// The repository that the remote `origin` points to.
    pub origin: Option<Repo>,
    /// Every tag.
    pub tags: Vec<String>,
    /// Whether it has the package's `Cargo.toml` and Cargo.lock.
    pub is_tracked: bool,
    /// The files of a release that `.gitignore` excludes.
    pub ignored: Vec<String>,
}

/// One managed file. `floe init --check --json` lists it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ManagedFile {
    /// Its path below the root of the repository, with slashes.
    pub path: String,
    /// How it compares with floe's text.
    pub state: State,
    /// How it differs, as a phrase that follows its path; `None` if it does not.
    pub drift: Option<String>,
    /// The lines that the user adds to it, so that it calls floe.
    pub add: Vec<String>,
    /// Its present text; `None` if it does not exist.
    #[serde(skip)]
    pub old: Option<String>,
    /// The text to write; `None` if the file stays as it is.
    #[serde(skip)]
    pub new: Option<String>,
    /// Another way out of its drift than to add lines or to replace it.
    #[serde(skip)]
    pub way_out: Option<String>,
}

/// How a file compares with floe's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It does not differ.
    #[default]
    Same,
    /// It does not exist.
    Missing,
    /// It does not call floe, or calls it for another package.
    Foreign,
    /// It calls floe, but differs.
    Drifted,
}

impl FoundProject {
    /// Whether the flake can find the repository on GitHub, or names it.
    pub fn has_repository(&self) -> bool {
        let is_named = |flake: &String| code(flake).any(|line| line.contains("repo = \""));
        let origin = self.git.as_ref().is_some_and(|git| git.origin.is_some());
        self.repository.is_some() || self.flake.as_ref().map_or(origin, is_named)
    }

    /// Whether `flake.lock` pins floe.
    pub fn is_flake_locked(&self) -> bool {
        self.flake_lock.as_ref().is_some_and(|text| text.contains("\"floe\""))
    }
}

impl ManagedFile {
    /// Whether the file, as it would be, calls this floe.
    pub fn calls(&self, floe: &Floe) -> bool {
        let is_call = |line: &str| line.contains(&floe.input) || line.contains(&floe.call());
        self.new.as_ref().is_some_and(|text| code(text).any(is_call))
    }

    /// Whether only `--force` may write it, because that replaces text that floe did not write.
    pub fn needs_force(&self) -> bool {
        matches!(self.state, State::Foreign | State::Drifted)
    }

    /// A line that names the file and its drift, if it has drifted.
    pub fn drift_line(&self) -> Option<String> {
        self.drift.as_ref().map(|drift| format!("`{}` {drift}", self.path))
    }
}

/// Every managed file, sorted by path.
pub fn files(found: &FoundProject, floe: &Floe) -> anyhow::Result<Vec<ManagedFile>> {
    let Project { name, config, .. } = &found.project;
    let mut files = vec![workflow(found, floe), flake(found, floe), cargo(found)?];
    if let Some(path) = found.new_changelog.as_ref().filter(|_| config.notes != NotesFrom::Github) {
        files.push(missing(path, template::changelog(name)));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn flake(found: &FoundProject, floe: &Floe) -> ManagedFile {
    let (path, text) = ("flake.nix", template::flake(found, floe));
    let Some(old) = &found.flake else { return missing(path, text) };
    if !code(old).any(|line| line.contains(".mkRelease")) {
        return ManagedFile { add: existing::flake(old, found, floe), ..foreign(path, old, NO_CALL, &text) };
    }
    // A flake may say anything besides its call. `nix flake update` does not move a version in a URL.
    let Some(other) = other_package(old, &found.project.name) else {
        return ManagedFile { new: newer_flake(old, floe), ..unchanged(path, old) };
    };
    let drift = format!("releases `{other}`, and a flake releases one package");
    let way_out = format!(
        "release `{}` without a flake, with `floe package` and `floe publish`, or from a repository of its own",
        found.project.name
    );
    ManagedFile { way_out: Some(way_out), ..foreign(path, old, &drift, &text) }
}

fn workflow<'f>(found: &'f FoundProject, floe: &Floe) -> ManagedFile {
    let prefix = &found.project.config.tag_prefix;
    let called = |(path, text): (&'f String, &'f String)| Some((path, text, call(text, floe)?));
    // A project may call floe in a file of another name.
    let Some((path, old, call)) = found.workflows.iter().find_map(called) else {
        let text = template::workflow(prefix, &floe.call());
        let mut workflows = found.workflows.iter();
        let present = found.workflows.get_key_value(RELEASE);
        return match present.or_else(|| workflows.find(|(path, _)| is_release(path))) {
            None => missing(RELEASE, text),
            Some((path, old)) => ManagedFile {
                add: existing::workflow(old, prefix, floe),
                way_out: Some(format!("delete `{path}` if floe replaces it")),
                ..foreign(path, old, NO_CALL, &text)
            },
        };
    };
    let words = call.split(['@', '#', ' ']);
    let version = words.filter_map(|word| Version::parse(word.strip_prefix('v')?).ok()).next_back();
    if let Some(newer) = version.clone().filter(|version| *version > floe.version) {
        let way_out = Some("check with the version of floe that the workflow calls".to_owned());
        let drift = format!("calls floe {newer}, which is newer than this floe");
        return ManagedFile { way_out, ..drifted(path, old, drift) };
    }
    // The call of a fork stays, and so does a commit unless another one is given.
    let own = floe.call();
    let ours = format!("{}{CALLED}", floe.repo);
    // The commit of the given version stays, too.
    let is_same = call.starts_with(&ours) && version.as_ref() == Some(&floe.version);
    let is_other = !is_same || floe.reference != format!("v{}", floe.version);
    let is_older_tag =
        call.starts_with(&format!("{ours}v")) && version.is_some_and(|version| version < floe.version);
    let is_placeholder = call.starts_with(&format!("{PLACEHOLDER}/"));
    let is_pinned = floe.commit.is_some() && call.contains(&ours);
    let moves = is_older_tag || is_placeholder || is_pinned || (floe.is_given && is_other);
    let wanted = if moves { &own } else { call };
    let text = template::workflow(prefix, wanted);
    // Further jobs are the user's, and so is what starts them.
    let is_shared = existing::is_shared(old);
    let lacking = if is_shared { existing::missing(old, prefix, floe) } else { Vec::new() };
    let lines = if is_shared { lacking.len() } else { lacks(old, &text) };
    let drift = match lines {
        0 if wanted == call => return unchanged(path, old),
        0 => return ManagedFile { new: Some(old.replacen(call, wanted, 1)), ..unchanged(path, old) },
        1 => "lacks one line of floe's template".to_owned(),
        lines => format!("lacks {lines} lines of floe's template"),
    };
    let (add, new) = match is_shared {
        true => ([vec!["add to the job that calls floe:".to_owned()], lacking].concat(), None),
        false => (Vec::new(), Some(with_line_ends_of(old, &text))),
    };
    ManagedFile { add, new, ..drifted(path, old, drift) }
}

/// Whether a path is that of the release workflow, by either of GitHub's endings and in any case: a second one beside it
/// would release the same tags.
pub fn is_release(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    ["release.yml", "release.yaml"].contains(&name.as_str())
}

/// The package that a flake names, if it names only others than this project's.
fn other_package(flake: &str, own: &str) -> Option<String> {
    let named = code(flake).flat_map(|line| line.split("package = \"").skip(1));
    let mut named = named.filter_map(|rest| rest.split('"').next());
    let other = named.next().filter(|name| *name != own)?;
    named.all(|name| name != own).then(|| other.to_owned())
}

/// A warning if the given address cannot be written into the flake that calls floe.
pub fn immovable(found: &FoundProject, floe: &Floe) -> Option<String> {
    let flake = found.flake.as_ref().filter(|_| floe.is_given)?;
    let is_called = code(flake).any(|line| line.contains(".mkRelease"));
    (is_called && existing::url(flake, floe).is_none()).then(|| {
        format!(
            "`flake.nix` does not show the URL of floe as one string, so `--floe-url` does not move it: give its input \
             the URL `{}`",
            floe.input
        )
    })
}

/// The flake with this version of floe, if its URL names an older one, the placeholder, or another than the given one.
fn newer_flake(text: &str, floe: &Floe) -> Option<String> {
    let range = existing::url(text, floe)?;
    let named = &text[range.clone()];
    let version = named.strip_prefix(&format!("github:{}/v", floe.repo)).map(Version::parse);
    let is_older = version.is_some_and(|version| version.is_ok_and(|version| version < floe.version));
    let is_placeholder = named.starts_with(&format!("github:{PLACEHOLDER}/"));
    let moves = (floe.is_given || is_older || is_placeholder) && named != floe.input;
    moves.then(|| format!("{}{}{}", &text[..range.start], floe.input, &text[range.end..]))
}

/// The table in `Cargo.toml` is the user's: it is added once, and its content never counts as drift.
fn cargo(found: &FoundProject) -> anyhow::Result<ManagedFile> {
    let (path, old) = &found.manifest;
    let Project { config, is_configured, .. } = &found.project;
    let prefix = &config.tag_prefix;
    // cargo-binstall guesses every address but that of a tag with a prefix.
    let is_prefixed = !prefix.is_empty() && !code(old).any(|line| line.contains("binstall"));
    let mut file = unchanged(path, old);
    for (name, is_added, table) in [
        ("floe", !is_configured, template::table(&config.targets)),
        ("binstall", is_prefixed, template::binstall(prefix)),
    ] {
        if is_added {
            let new = manifest::with_table(file.new.as_ref().unwrap_or(old), name, &table);
            let failed = || format!("failed to add `[package.metadata.{name}]` to `{path}`");
            file.new = Some(new.with_context(failed)?);
        }
    }
    Ok(file)
}

fn missing(path: &str, new: String) -> ManagedFile {
    ManagedFile {
        path: path.to_owned(),
        state: State::Missing,
        drift: Some("is missing".to_owned()),
        new: Some(new),
        way_out: Some("write missing files with `floe init`".to_owned()),
        ..ManagedFile::default()
    }
}

fn foreign(path: &str, old: &str, drift: &str, new: &str) -> ManagedFile {
    let new = Some(with_line_ends_of(old, new));
    ManagedFile { state: State::Foreign, drift: Some(drift.to_owned()), new, ..unchanged(path, old) }
}

fn drifted(path: &str, old: &str, drift: String) -> ManagedFile {
    ManagedFile { state: State::Drifted, drift: Some(drift), ..unchanged(path, old) }
}

fn unchanged(path: &str, old: &str) -> ManagedFile {
    ManagedFile { path: path.to_owned(), old: Some(old.to_owned()), ..ManagedFile::default() }
}

/// A text with the line ends of another one.
fn with_line_ends_of(old: &str, new: &str) -> String {
    let new = new.replace("\r\n", "\n");
    if old.contains("\r\n") { new.replace('\n', "\r\n") } else { new }
}

/// The call of floe in a workflow, as it follows `uses:`, from whichever fork.
fn call<'t>(text: &'t str, floe: &Floe) -> Option<&'t str> {
    let called = format!("/{}{CALLED}", floe.repo.name());
    code(text).find_map(|line| Some(line.split_once("uses:")?.1.trim()).filter(|call| call.contains(&called)))
}

/// How many lines of floe's workflow another one lacks. Additions, order, comments, quotes, the name and the version
/// of floe do not count.
fn lacks(text: &str, own: &str) -> usize {
    let lines = |text| -> BTreeSet<String> {
        let lines = code(text).filter(|line| !line.contains(CALLED) && !line.starts_with("name:"));
        lines.map(|line| line.split(" #").next().unwrap_or(line).trim().replace('\'', "\"")).collect()
    };
    lines(own).difference(&lines(text)).count()
}

/// The lines that are neither empty nor a comment, trimmed.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_and_formatting_are_no_drift_but_missing_lines_are() {
        let own = "on:\n  push:\n    tags: [\"v*\"]\n    permissions:\n      packages: write # the image\n";
        let theirs = "# mine\non:\n  push:\n    tags: ['v*']\n    branches: [x]\n    permissions:\n      packages: write\n";
        assert_eq!(lacks(theirs, own), 0);
        assert_eq!(lacks("on:\n  push:\n    permissions:\n", own), 2);
    }

    #[test]
    fn a_call_is_found_in_any_fork_but_not_in_a_comment() {
        let floe = Floe::at("github:acme/floe/v0.1.0").unwrap();
        let text = |line: &str| format!("jobs:\n  # uses: acme/floe{CALLED}v0.0.1\n  a:\n    {line}\n");
        let uses = format!("fork/floe{CALLED}v0.2.0");
        assert_eq!(call(&text(&format!("uses: {uses}")), &floe), Some(uses.as_str()));
        assert_eq!(call(&text("uses: acme/other/.github/workflows/release.yml@v1"), &floe), None);
    }

    #[test]
    fn only_older_versions_placeholders_and_given_addresses_move_a_flake() {
        let given = Floe::at("github:acme/floe/v0.2.0").unwrap();
        let own = Floe { is_given: false, ..given.clone() };
        let flake = |url: &str| format!("{{ inputs = {{ floe = {{ url = \"{url}\"; }}; }}; }} # \"{url}\"");
        for (url, moves, moves_if_given) in [
            ("github:acme/floe/v0.1.0", true, true),
            ("github:acme/floe/v0.2.0", false, false),
            ("github:acme/floe/v0.3.0", false, true),
            ("github:fork/floe/v0.1.0", false, true),
            ("github:OWNER/floe/v0.1.0", true, true),
            ("flake:floe", false, true),
        ] {
            for (floe, moves) in [(&own, moves), (&given, moves_if_given)] {
                let new = newer_flake(&flake(url), floe);
                let moved = flake(url).replacen(url, "github:acme/floe/v0.2.0", 1);
                assert_eq!(new, moves.then_some(moved), "{url}");
            }
        }
    }
}
