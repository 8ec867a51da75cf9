//! The texts that `nix flake init -t` gives as they are and `floe init` fills in: there is one of each, in
//! `nix/template/`.
//!
//! It fills in what is known and never asks; floe's own address comes from its `Cargo.toml`.

use semver::Version;

use floe_core::model::{Commit, Repo, Target};

const FLAKE: &str = include_str!("../../../nix/template/flake.nix");
const WORKFLOW: &str = include_str!("../../../nix/template/.github/workflows/release.yml");

/// The address in the flake's template that stands for floe's.
const FLOE_INPUT: &str = "\"flake:floe\"";
/// The arguments in the flake's template.
const ARGUMENTS: &str = "{ src = self; }";
/// What a workflow calls, behind the repository's name.
pub const CALLED: &str = "/.github/workflows/release.yml@";

/// What the texts are filled in with.
#[derive(Debug, Clone)]
pub struct Filling {
    /// Which floe they call.
    pub floe: Floe,
    /// The name of the program's package, for the changelog.
    pub name: String,
    /// The package, where a flake would not find it by itself.
    pub package: Option<String>,
    /// The folder of the workspace below the root of the repository, where it is not the root itself.
    pub folder: Option<String>,
    /// The repository, where `Cargo.toml` does not say it.
    pub repo: Option<Repo>,
    /// What a release holds.
    pub targets: Vec<Target>,
}

/// A floe that can be named: where it lives, and which one.
#[derive(Debug, Clone)]
pub struct Floe {
    /// Its repository.
    pub repo: Repo,
    /// Its version.
    pub version: Version,
    /// The commit of that version, if workflows are to name it rather than the tag.
    pub commit: Option<Commit>,
}

impl Floe {
    /// The one that runs now.
    ///
    /// # Errors
    ///
    /// It was built from a `Cargo.toml` that does not say where it lives.
    pub fn own(commit: Option<Commit>) -> anyhow::Result<Self> {
        let url = env!("CARGO_PKG_REPOSITORY");
        let repo = Repo::from_url(url).ok_or_else(|| {
            anyhow::anyhow!("this floe does not know where it lives: `{url}` is no repository")
        })?;
        Ok(Floe { repo, version: env!("CARGO_PKG_VERSION").parse()?, commit })
    }

    /// How a flake names it; the exact commit stands in `flake.lock`.
    pub fn input(&self) -> String {
        format!("github:{}/v{}", self.repo, self.version)
    }

    /// How a workflow names which one, behind the `@`: the commit with the version in a comment, else the tag.
    pub fn reference(&self) -> String {
        match &self.commit {
            Some(commit) => format!("{commit} # v{}", self.version),
            None => format!("v{}", self.version),
        }
    }
}

/// `flake.nix`.
pub fn flake(filling: &Filling) -> String {
    let input = format!("\"{}\"", filling.floe.input());
    plain(FLAKE).replacen(FLOE_INPUT, &input, 1).replacen(ARGUMENTS, &arguments(filling), 1)
}

/// `.github/workflows/release.yml`.
pub fn workflow(filling: &Filling) -> String {
    let call = format!("{}{CALLED}{}", filling.floe.repo, filling.floe.reference());
    let line = |line: &str| match line.split_once("uses: ") {
        Some((before, called)) if called.contains(CALLED) => format!("{before}uses: {call}\n"),
        _ => format!("{line}\n"),
    };
    plain(WORKFLOW).lines().map(line).collect()
}

/// `CHANGELOG.md`.
pub fn changelog(filling: &Filling) -> String {
    format!(
        "# Changelog\n\n\
         Every change that users of {} can see, newest first. The format is that of\n\
         [Keep a Changelog](https://keepachangelog.com), and versions follow [SemVer](https://semver.org).\n\n\
         ## Unreleased\n",
        filling.name
    )
}

/// The table of `Cargo.toml`.
pub fn table(filling: &Filling) -> String {
    let rows: String = filling.targets.iter().map(|target| format!("    \"{}\",\n", target.name())).collect();
    format!(
        "# What a release holds; `floe targets` lists what there is. What is not named here is not built.\n\
         [package.metadata.floe]\ntargets = [\n{rows}]\n"
    )
}

/// What the flake says to `mkRelease`, in braces.
pub fn arguments(filling: &Filling) -> String {
    let mut words = match &filling.folder {
        None => "src = self;".to_owned(),
        // Only the root of the repository knows its commit.
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

/// Whether a byte may stand in a path as Nix writes it without quotes.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-+/".contains(&byte)
}

/// With plain line ends, also if git checked floe's own sources out with others.
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
        }
    }

    #[test]
    fn every_place_of_the_templates_is_filled_in() {
        let mut filling = filling();
        assert!(flake(&filling).contains("inputs.floe.url = \"github:acme/floe/v0.1.0\";"));
        assert!(flake(&filling).contains("floe.lib.mkRelease { src = self; };"));
        assert!(workflow(&filling).contains("    uses: acme/floe/.github/workflows/release.yml@v0.1.0\n"));
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
    fn the_templates_stay_short_and_say_no_address_of_their_own() {
        assert!(plain(FLAKE).lines().count() < 25);
        assert_eq!(plain(FLAKE).matches("github:").count(), 1, "the one in the comment");
        assert!(plain(FLAKE).contains(FLOE_INPUT) && plain(FLAKE).contains(ARGUMENTS));
        assert_eq!(plain(WORKFLOW).matches(CALLED).count(), 1);
        assert!(plain(WORKFLOW).contains("\npermissions: {}\n"));
    }

    #[test]
    fn this_floe_knows_where_it_lives() {
        let floe = Floe::own(None).unwrap();
        assert!(env!("CARGO_PKG_REPOSITORY").ends_with(&floe.repo.to_string()));
        assert_eq!(floe.reference(), format!("v{}", env!("CARGO_PKG_VERSION")));
    }
}
