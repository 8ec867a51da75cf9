//! The templates in `nix/template/`, which `nix flake init -t` copies and `floe init` fills in.
//!
//! Values come from the project, and floe's own address from its `Cargo.toml`; no template names an address.

use semver::Version;

use super::FoundProject;
use crate::project::repository;
use floe_core::model::{Commit, Repo, Target};

const FLAKE: &str = include_str!("../../../nix/template/flake.nix");
const WORKFLOW: &str = include_str!("../../../nix/template/.github/workflows/release.yml");

/// The placeholder for floe's address in the flake's template.
const FLOE_INPUT: &str = "\"flake:floe\"";
/// The arguments of `mkRelease` in the flake's template.
const ARGUMENTS: &str = "{ src = self; }";
/// The tags in the workflow's template.
const TAGS: &str = "v[0-9]*";
/// The path of the called workflow, after the repository's name.
pub const CALLED: &str = "/.github/workflows/release.yml@";
/// The owner in floe's own `Cargo.toml` before its first publication.
pub const PLACEHOLDER: &str = "OWNER";

/// A version of floe and where it is.
#[derive(Debug, Clone)]
pub struct Floe {
    /// Its repository.
    pub repo: Repo,
    /// Its version.
    pub version: Version,
    /// The URL of a flake's input; `flake.lock` pins the commit.
    pub input: String,
    /// The tag, branch or commit that a workflow calls.
    pub reference: String,
    /// The commit of that version, if workflows should name it instead.
    pub commit: Option<Commit>,
    /// Whether the user gave the URL, so that existing calls move to it.
    pub is_given: bool,
}

impl Floe {
    /// The running one, with the address in the `Cargo.toml` it was built from.
    pub fn own() -> anyhow::Result<Self> {
        let url = env!("CARGO_PKG_REPOSITORY");
        let repo = Repo::from_url(url).ok_or_else(|| {
            anyhow::anyhow!("this floe was built without its address: `{url}` is not a repository")
        })?;
        let floe = Floe::at(&format!("github:{repo}")).map_err(anyhow::Error::msg)?;
        Ok(Floe { is_given: false, ..floe })
    }

    /// The one that a flake reference names; without a tag, branch or commit, the running version.
    pub fn at(url: &str) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/?&=._@+-".contains(&byte);
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut parts = address.strip_prefix("github:").unwrap_or_default().splitn(3, '/');
        let repo = match (parts.next(), parts.next()) {
            (Some(owner), Some(name)) => format!("{owner}/{name}").parse().ok(),
            _ if address.starts_with("git+") => repository::on_github(address),
            _ => None,
        };
        let Some(repo) = repo.filter(|_| url.bytes().all(is_plain)) else {
            return Err(format!("`{url}` is not the flake reference of a repository on GitHub"));
        };
        let mut reference = parts.next().filter(|path| !path.is_empty());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("ref" | "rev", value)) if reference.is_none() => reference = Some(value),
                _ => {
                    return Err(format!(
                        "`{pair}` of `{url}` has no counterpart in a workflow, which calls one tag, branch or commit"
                    ));
                }
            }
        }
        let version: Version = env!("CARGO_PKG_VERSION").parse().map_err(|error| format!("{error}"))?;
        let own = format!("v{version}");
        let input = match (reference, address.starts_with("github:")) {
            (Some(""), _) => return Err(format!("`{url}` ends before its tag")),
            (Some(_), _) => url.to_owned(),
            (None, true) => format!("{}/{own}", address.trim_end_matches('/')),
            (None, false) => format!("{address}?ref=refs/tags/{own}"),
        };
        let reference = reference.unwrap_or(&own);
        let short = ["refs/tags/", "refs/heads/"].iter().find_map(|start| reference.strip_prefix(start));
        let reference = short.unwrap_or(reference).to_owned();
        let version = reference.strip_prefix('v').and_then(|rest| rest.parse().ok()).unwrap_or(version);
        Ok(Floe { repo, version, input, reference, commit: None, is_given: true })
    }

    /// The commit to which a `flake.lock` pins this tag of this repository.
    pub fn locked(&self, lock: &str) -> Option<Commit> {
        let lock: serde_json::Value = serde_json::from_str(lock).ok()?;
        let node = lock["nodes"]["root"]["inputs"]["floe"].as_str()?;
        let (original, locked) = (&lock["nodes"][node]["original"], &lock["nodes"][node]["locked"]);
        let reference = original["ref"].as_str()?;
        let is_tag = self.reference == format!("v{}", self.version) && reference == self.reference;
        let repo = format!("{}/{}", locked["owner"].as_str()?, locked["repo"].as_str()?);
        let is_it = is_tag && locked["type"] == "github" && repo.eq_ignore_ascii_case(&self.repo.to_string());
        if is_it { locked["rev"].as_str()?.parse().ok() } else { None }
    }

    /// Whether a workflow would call a tag of it, which can be moved.
    pub fn is_called_by_tag(&self) -> bool {
        self.commit.is_none() && self.has_address() && self.reference == format!("v{}", self.version)
    }

    /// The address that git reads its repository from.
    pub fn remote(&self) -> String {
        match self.input.strip_prefix("git+") {
            Some(url) => url.split('?').next().unwrap_or(url).to_owned(),
            None => format!("https://github.com/{}", self.repo),
        }
    }

    /// Whether its repository is not the placeholder of a source before its first publication.
    pub fn has_address(&self) -> bool {
        self.repo.owner() != PLACEHOLDER
    }

    /// The call in a workflow, pinned to the commit, with the version in a comment, or to the tag.
    pub fn call(&self) -> String {
        let Floe { repo, reference, commit, .. } = self;
        match commit {
            Some(commit) => format!("{repo}{CALLED}{commit} # {reference}"),
            None => format!("{repo}{CALLED}{reference}"),
        }
    }
}

/// `flake.nix`.
pub fn flake(found: &FoundProject, floe: &Floe) -> String {
    let input = format!("\"{}\"", floe.input);
    plain(FLAKE).replacen(FLOE_INPUT, &input, 1).replacen(ARGUMENTS, &arguments(found, "self"), 1)
}

/// `.github/workflows/release.yml` for tags with a prefix, with the call of floe that it is to make.
pub fn workflow(prefix: &str, call: &str) -> String {
    let line = |line: &str| match line.split_once("uses: ") {
        Some((before, called)) if called.contains(CALLED) => format!("{before}uses: {call}\n"),
        _ => format!("{line}\n"),
    };
    let text: String = plain(WORKFLOW).lines().map(line).collect();
    text.replacen(TAGS, &tags(prefix), 1)
}

/// The pattern of the tags for which the workflow runs. The digit keeps `v` apart from prefixes such as `viewer-`.
pub fn tags(prefix: &str) -> String {
    format!("{prefix}{TAGS}")
}

/// `CHANGELOG.md`.
pub fn changelog(name: &str) -> String {
    format!(
        "# Changelog\n\n\
         All notable changes to {name}, newest first. The format is based on\n\
         [Keep a Changelog](https://keepachangelog.com), and versions follow [SemVer](https://semver.org).\n\n\
         ## Unreleased\n"
    )
}

/// The table for `Cargo.toml`.
pub fn table(targets: &[Target]) -> String {
    let rows: String = targets.iter().map(|target| format!("    \"{}\",\n", target.name)).collect();
    format!(
        "# The targets of a release; others are not built. `floe targets` lists all that floe knows.\n\
         [package.metadata.floe]\ntargets = [\n{rows}]\n"
    )
}

/// The arguments of `mkRelease`, in braces; `this` is the flake itself.
pub fn arguments(found: &FoundProject, this: &str) -> String {
    let own = if this == "self" { "inherit self;".to_owned() } else { format!("self = {this};") };
    let mut words = match found.folder.as_str() {
        "" => format!("src = {this};"),
        // The root of the repository alone has a commit.
        folder if folder.bytes().all(is_plain) => format!("src = ./{folder}; {own}"),
        folder => format!("src = {this} + \"/{folder}\"; {own}"),
    };
    // A flake finds the root's package by itself, and a repository that Cargo.toml names.
    if found.project.root != found.project.workspace_root {
        words.push_str(&format!(" package = \"{}\";", found.project.name));
    }
    let origin = found.git.as_ref().and_then(|git| git.origin.as_ref());
    if let Some(repo) = origin.filter(|_| found.repository.is_none()) {
        words.push_str(&format!(" repo = \"{repo}\";"));
    }
    format!("{{ {words} }}")
}

/// Whether Nix allows a byte in a path without quotes.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-+/".contains(&byte)
}

/// Removes the carriage returns that git may add to floe's own sources on Windows.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The table `[package.metadata.binstall]`, with which cargo-binstall finds archives below tags with a prefix.
pub(super) fn binstall(prefix: &str) -> String {
    format!(
        "# Where `cargo binstall` finds the archives.\n[package.metadata.binstall]\n\
         pkg-url = \"{{ repo }}/releases/download/{prefix}v{{ version }}/{{ name }}-{{ target }}{{ archive-suffix }}\"\n\
         bin-dir = \"{{ name }}-{{ target }}/{{ bin }}{{ binary-ext }}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::advice::tests::ready;
    use super::*;

    #[test]
    fn every_place_of_the_templates_is_filled_in() {
        let mut floe = Floe::at("github:acme/floe/v0.1.0").unwrap();
        let mut found = ready();
        assert!(flake(&found, &floe).contains("inputs.floe.url = \"github:acme/floe/v0.1.0\";"));
        assert!(flake(&found, &floe).contains("floe.lib.mkRelease { src = self; };"));
        let text = workflow("", &floe.call());
        assert!(text.contains("    uses: acme/floe/.github/workflows/release.yml@v0.1.0\n"));
        assert!(text.contains("    tags: [\"v[0-9]*\"]\n"));
        assert!(workflow("tool-", &floe.call()).contains("    tags: [\"tool-v[0-9]*\"]\n"));
        found.project.root = "/nowhere/member".into();
        found.folder = "rust".to_owned();
        found.repository = None;
        assert!(flake(&found, &floe).contains(
            "mkRelease { src = ./rust; inherit self; package = \"tool\"; repo = \"Acme/tool\"; };"
        ));
        found.folder = "my tool".to_owned();
        assert!(flake(&found, &floe).contains("mkRelease { src = self + \"/my tool\"; inherit self;"));
        floe.commit = Some("a".repeat(40).parse().unwrap());
        let call = format!("uses: acme/floe/.github/workflows/release.yml@{} # v0.1.0\n", "a".repeat(40));
        assert!(workflow("", &floe.call()).contains(&call));
    }

    #[test]
    fn the_templates_are_short_and_name_no_address() {
        assert!(plain(FLAKE).lines().count() < 25);
        assert_eq!(plain(FLAKE).matches("github:").count(), 1, "the one in the comment");
        assert!(plain(FLAKE).contains(FLOE_INPUT) && plain(FLAKE).contains(ARGUMENTS));
        assert_eq!(plain(WORKFLOW).matches(CALLED).count(), 1);
        assert!(plain(WORKFLOW).contains("\npermissions: {}\n"));
    }

    #[test]
    fn a_flake_reference_gives_the_input_and_what_the_workflow_calls() {
        let own = env!("CARGO_PKG_VERSION");
        let commit = "c".repeat(40);
        for (url, input, called) in [
            ("github:acme/floe/v0.1.0", "github:acme/floe/v0.1.0".to_owned(), "v0.1.0".to_owned()),
            ("github:acme/floe", format!("github:acme/floe/v{own}"), format!("v{own}")),
            ("github:acme/floe/", format!("github:acme/floe/v{own}"), format!("v{own}")),
            ("github:acme/floe?ref=main", "github:acme/floe?ref=main".to_owned(), "main".to_owned()),
            (&format!("github:acme/floe/{commit}"), format!("github:acme/floe/{commit}"), commit.clone()),
            (
                "git+https://github.com/acme/floe?ref=refs/tags/v0.1.0",
                "git+https://github.com/acme/floe?ref=refs/tags/v0.1.0".to_owned(),
                "v0.1.0".to_owned(),
            ),
            (
                "git+ssh://git@github.com/acme/floe.git",
                format!("git+ssh://git@github.com/acme/floe.git?ref=refs/tags/v{own}"),
                format!("v{own}"),
            ),
        ] {
            let floe = Floe::at(url).unwrap();
            assert_eq!(
                (floe.input.as_str(), floe.call()),
                (input.as_str(), format!("acme/floe{CALLED}{called}")),
                "{url}"
            );
        }
    }

    #[test]
    fn a_reference_that_no_workflow_could_call_is_an_error_that_names_it() {
        for url in [
            "",
            "acme/floe",
            "path:/srv/floe",
            "flake:floe",
            "gitlab:acme/floe",
            "github:acme",
            "github:acme/floe/v1\"; x = \"",
            "github:acme/floe?dir=sub",
            "github:acme/floe/v1?ref=v2",
            "github:acme/floe?host=github.example.org",
            "git+https://example.org/acme/floe",
            "git+https://github.com/acme/floe?ref=",
        ] {
            let error = Floe::at(url).unwrap_err();
            assert!(error.contains(&format!("`{url}`")), "{url}: {error}");
        }
    }

    #[test]
    fn only_the_placeholder_is_no_address() {
        assert!(!Floe::at("github:OWNER/floe").unwrap().has_address());
        assert!(Floe::at("github:owner/floe").unwrap().has_address());
        let floe = Floe::own().unwrap();
        assert!(env!("CARGO_PKG_REPOSITORY").ends_with(&floe.repo.to_string()));
        assert!(floe.call().ends_with(&format!("@v{}", env!("CARGO_PKG_VERSION"))));
    }
}
