//! The templates in `nix/template/`, which `nix flake init -t` copies and `floe init` fills in.
//!
//! Values come from the project, and floe's own address from its `Cargo.toml`; no template names an address.

use semver::Version;

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

/// The values that are filled into the templates.
#[derive(Debug, Clone)]
pub struct Filling {
    /// The floe to call.
    pub floe: Floe,
    /// The package's name, for the changelog.
    pub name: String,
    /// The package, unless a flake finds it by itself.
    pub package: Option<String>,
    /// The folder of the workspace below the root of the repository, unless it is the root.
    pub folder: Option<String>,
    /// The repository, unless a flake finds it in `Cargo.toml`.
    pub repo: Option<Repo>,
    /// The targets of a release.
    pub targets: Vec<Target>,
    /// The prefix of the package's tags.
    pub tag_prefix: String,
}

/// A version of floe and where it is.
#[derive(Debug, Clone)]
pub struct Floe {
    /// Its repository.
    pub repo: Repo,
    /// Its version.
    pub version: Version,
    /// The commit of that version, if workflows should name it instead of the tag.
    pub commit: Option<Commit>,
}

impl Floe {
    /// The running one, with the address in the `Cargo.toml` it was built from.
    pub fn own(commit: Option<Commit>) -> anyhow::Result<Self> {
        let url = env!("CARGO_PKG_REPOSITORY");
        let repo = Repo::from_url(url).ok_or_else(|| {
            anyhow::anyhow!("this floe was built without its address: `{url}` is not a repository")
        })?;
        Ok(Floe { repo, version: env!("CARGO_PKG_VERSION").parse()?, commit })
    }

    /// The URL of a flake's input; `flake.lock` pins the commit.
    pub fn input(&self) -> String {
        format!("github:{}/v{}", self.repo, self.version)
    }

    /// The call in a workflow, pinned to the commit, with the version in a comment, or to the tag.
    pub fn call(&self) -> String {
        let Floe { repo, version, commit } = self;
        match commit {
            Some(commit) => format!("{repo}{CALLED}{commit} # v{version}"),
            None => format!("{repo}{CALLED}v{version}"),
        }
    }
}

/// `flake.nix`.
pub fn flake(filling: &Filling) -> String {
    let input = format!("\"{}\"", filling.floe.input());
    plain(FLAKE).replacen(FLOE_INPUT, &input, 1).replacen(ARGUMENTS, &arguments(filling), 1)
}

/// `.github/workflows/release.yml`, with the call of floe that it is to make.
pub fn workflow(filling: &Filling, call: &str) -> String {
    let line = |line: &str| match line.split_once("uses: ") {
        Some((before, called)) if called.contains(CALLED) => format!("{before}uses: {call}\n"),
        _ => format!("{line}\n"),
    };
    let text: String = plain(WORKFLOW).lines().map(line).collect();
    text.replacen(TAGS, &tags(&filling.tag_prefix), 1)
}

/// The pattern of the tags for which the workflow runs. The digit keeps `v` apart from prefixes such as `viewer-`.
pub fn tags(prefix: &str) -> String {
    format!("{prefix}{TAGS}")
}

/// `CHANGELOG.md`.
pub fn changelog(filling: &Filling) -> String {
    format!(
        "# Changelog\n\n\
         All notable changes to {}, newest first. The format is based on\n\
         [Keep a Changelog](https://keepachangelog.com), and versions follow [SemVer](https://semver.org).\n\n\
         ## Unreleased\n",
        filling.name
    )
}

/// The table for `Cargo.toml`.
pub fn table(filling: &Filling) -> String {
    let rows: String = filling.targets.iter().map(|target| format!("    \"{}\",\n", target.name())).collect();
    format!(
        "# The targets of a release; others are not built. `floe targets` lists all that floe knows.\n\
         [package.metadata.floe]\ntargets = [\n{rows}]\n"
    )
}

/// The arguments of `mkRelease`, in braces.
pub fn arguments(filling: &Filling) -> String {
    let mut words = match &filling.folder {
        None => "src = self;".to_owned(),
        // Only the root of the repository has a commit.
        Some(folder) if folder.bytes().all(is_plain) => format!("src = ./{folder}; inherit self;"),
        Some(folder) => format!("src = self + \"/{folder}\"; inherit self;"),
    };
    for (name, value) in
        [("package", filling.package.clone()), ("repo", filling.repo.as_ref().map(Repo::to_string))]
    {
        if let Some(value) = value {
            words.push_str(&format!(" {name} = \"{value}\";"));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn filling() -> Filling {
        let floe = Floe { repo: "acme/floe".parse().unwrap(), version: Version::new(0, 1, 0), commit: None };
        Filling {
            floe,
            name: "tool".to_owned(),
            package: None,
            folder: None,
            repo: None,
            targets: Vec::new(),
            tag_prefix: String::new(),
        }
    }

    fn workflow(filling: &Filling) -> String {
        super::workflow(filling, &filling.floe.call())
    }

    #[test]
    fn every_place_of_the_templates_is_filled_in() {
        let mut filling = filling();
        assert!(flake(&filling).contains("inputs.floe.url = \"github:acme/floe/v0.1.0\";"));
        assert!(flake(&filling).contains("floe.lib.mkRelease { src = self; };"));
        assert!(workflow(&filling).contains("    uses: acme/floe/.github/workflows/release.yml@v0.1.0\n"));
        assert!(workflow(&filling).contains("    tags: [\"v[0-9]*\"]\n"));
        filling.tag_prefix = "tool-".to_owned();
        assert!(workflow(&filling).contains("    tags: [\"tool-v[0-9]*\"]\n"));
        filling.package = Some("toolctl".to_owned());
        filling.folder = Some("rust".to_owned());
        filling.repo = Some("acme/tool".parse().unwrap());
        assert!(flake(&filling).contains(
            "mkRelease { src = ./rust; inherit self; package = \"toolctl\"; repo = \"acme/tool\"; };"
        ));
        filling.folder = Some("my tool".to_owned());
        assert!(flake(&filling).contains("mkRelease { src = self + \"/my tool\"; inherit self;"));
        filling.floe.commit = Some("a".repeat(40).parse().unwrap());
        let call = format!("uses: acme/floe/.github/workflows/release.yml@{} # v0.1.0\n", "a".repeat(40));
        assert!(workflow(&filling).contains(&call));
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
    fn this_floe_knows_its_address() {
        let floe = Floe::own(None).unwrap();
        assert!(env!("CARGO_PKG_REPOSITORY").ends_with(&floe.repo.to_string()));
        assert!(floe.call().ends_with(&format!("@v{}", env!("CARGO_PKG_VERSION"))));
    }
}
