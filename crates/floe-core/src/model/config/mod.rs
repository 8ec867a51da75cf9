//! `[package.metadata.floe]`, floe's only configuration. Every key is optional.
//!
//! It never reads the file: Cargo does, and passes the table on as JSON.

mod channels;
mod parse;

use std::collections::BTreeMap;

use super::{ImageName, PackageKind, Rule, Target, packages};
pub use channels::{Aur, Channels, Chocolatey, Homebrew, LinuxPackage, Scoop, Winget};

/// A project's `[package.metadata.floe]`.
#[derive(Debug, Clone)]
pub struct Config {
    /// `targets`: the targets a release must contain. Default: every target floe knows.
    pub targets: Vec<Target>,
    /// `include`: extra files and folders for the archives.
    pub include: Vec<Include>,
    /// `include`: documents that a build script makes.
    pub built: Vec<Built>,
    /// `exclude`: paths in the archives, or patterns of them, that are left out.
    pub exclude: Vec<String>,
    /// `assets`: the names of further files that a release has. `{name}` and `{version}` are replaced by the package's.
    pub assets: Vec<String>,
    /// `sbom`: whether a release has an SBOM for each target. Default: `true`.
    pub sbom: bool,
    /// `image`: the image; `None` for `image = false`.
    pub image: Option<ImageSettings>,
    /// `notes`: where the release notes come from.
    pub notes: NotesFrom,
    /// `binaries`: which of the package's binaries are released. Default: all of them.
    pub binaries: Option<Vec<String>>,
    /// `profile`: the Cargo profile that releases are built with. Default: `release`.
    pub profile: Option<String>,
    /// `features`: Cargo features that releases are built with.
    pub features: Vec<String>,
    /// `default-features`: whether Cargo's default features are on. Default: `true`.
    pub default_features: bool,
    /// `tag-prefix`: the prefix of this package's tags, for repositories that release several packages. Default: empty.
    pub tag_prefix: String,
    /// `latest`: whether a release of this package may become GitHub's latest. Default: only without a `tag-prefix`.
    pub latest: Option<bool>,
    /// `loosen`: rules that binaries may break, each with the reason shown to users.
    pub loosen: BTreeMap<Rule, String>,
    /// `installers`, and the tables of package managers.
    pub channels: Channels,
    /// The tables `deb` and `rpm`.
    pub packages: BTreeMap<PackageKind, LinuxPackage>,
}

impl Config {
    /// Whether a release of this package may become GitHub's latest, a name that all packages of a repository share.
    pub fn may_be_latest(&self) -> bool {
        self.latest.unwrap_or(self.tag_prefix.is_empty())
    }
}

/// Extra files for the archives: a path, or `{ from = "…", to = "…" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// A file, a folder or a pattern, with slashes, relative to the package's folder; it may lead to the workspace's.
    pub from: String,
    /// The path in the archives; for a pattern, the folder. Default: the path in the package or in the workspace.
    pub to: Option<String>,
}

/// A document that the package's build script makes: `{ built = "…", to = "…" }` of `include`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// A file or folder in the `OUT_DIR` of the build script, with slashes.
    pub from: String,
    /// The path in the archives, in `completions` or `man`.
    pub to: String,
}

/// The `image` table.
#[derive(Debug, Clone, Default)]
pub struct ImageSettings {
    /// `name`: registry and repository. Default: `ghcr.io/<owner>/<repository name>`, and with a `tag-prefix`
    /// `/<package>` after it.
    pub name: Option<ImageName>,
    /// `entrypoint`. Default: `["/bin/<the first binary>"]`.
    pub entrypoint: Option<Vec<String>>,
    /// `labels`: extra labels and annotations.
    pub labels: BTreeMap<String, String>,
    /// `ports`: exposed ports, such as `8080/tcp`.
    pub ports: Vec<String>,
    /// `user`: numeric `uid` or `uid:gid`, never root. Default: `65532:65532`.
    pub user: Option<String>,
    /// `programs`: executable files of the image that are in no archive, such as `/bin/busybox`. Default: none.
    pub programs: Vec<String>,
    /// `attach`: whether SBOMs and the attestation are attached to the image. Default: `false`.
    pub attach: bool,
}

/// Where release notes come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NotesFrom {
    /// The changelog's section for the version, which must exist.
    Changelog,
    /// GitHub's generated notes.
    Github,
    /// The changelog's section if there is one, else GitHub's.
    #[default]
    Auto,
}

impl Config {
    /// The names of the further files that a release of this version has.
    pub fn asset_names(&self, name: &str, version: &semver::Version) -> Vec<String> {
        let version = version.to_string();
        let fill = |asset: &String| asset.replace("{name}", name).replace("{version}", &version);
        self.assets.iter().map(fill).collect()
    }

    /// The name that a package is installed under.
    pub fn package_name(&self, kind: PackageKind, name: &str) -> String {
        let given = self.packages.get(&kind).and_then(|settings| settings.package.clone());
        given.unwrap_or_else(|| packages::package_name(name))
    }

    /// The names of the packages that a release of these targets has.
    pub fn package_files(&self, name: &str, version: &semver::Version, targets: &[Target]) -> Vec<String> {
        let of = |kind: &PackageKind| {
            let (kind, package) = (*kind, self.package_name(*kind, name));
            targets.iter().filter_map(move |target| kind.file_name(&package, version, *target))
        };
        self.packages.keys().flat_map(of).collect()
    }
}

impl Default for Config {
    fn default() -> Self {
        Config::parse(&serde_json::Value::Null, &[], &[]).expect("every key is optional")
    }
}
