//! The project that is released: the package as Cargo describes it, and its source as git describes it.
//!
//! It only reads: nothing is built or fetched, and no file is written.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use cargo_metadata::MetadataCommand;
use semver::Version;

use crate::environment::variable_os;
use crate::error::{AtPath as _, Exit, Failure};
use crate::files;
use crate::project::package::{self, Gated};
use crate::project::{git, process, repository};
use floe_core::model::{About, Commit, Config, PackageKind, Repo, Source, Tag, Target, packages};

/// The time of files without a commit: 1980-01-01, the earliest that a ZIP file can hold.
const NO_COMMIT_EPOCH: u64 = 315_532_800;
/// The usual names of changelogs in lower case, without extension.
const CHANGELOGS: [&str; 5] = ["changelog", "changes", "history", "releases", "news"];

/// A Cargo package with a binary.
#[derive(Debug, Clone)]
pub struct Project {
    /// The package's name.
    pub name: String,
    /// Its version, inherited from the workspace or its own.
    pub version: Version,
    /// Its description of itself: `description`, `license`, `homepage`, and how cargo-binstall verifies its archives.
    pub about: About,
    /// `authors`.
    pub authors: Vec<String>,
    /// `repository`.
    pub repository: Option<String>,
    /// `documentation`.
    pub documentation: Option<String>,
    /// `readme`, relative to the package's folder. Cargo fills it in if there is a README of a usual name.
    pub readme: Option<PathBuf>,
    /// `license-file`, relative to the package's folder.
    pub license_file: Option<PathBuf>,
    /// The folder of the package.
    pub root: PathBuf,
    /// The folder of the workspace; the same as `root` for a single package.
    pub workspace_root: PathBuf,
    /// The package's `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// Cargo's build folder.
    pub target_dir: PathBuf,
    /// The binaries that are released, without `.exe`, never empty, the main one first: in the order of the
    /// configuration's `binaries`, else `default-run`, the one named like the package, the others by name.
    pub binaries: Vec<String>,
    /// The binaries that are not built, because they require a feature that is off.
    pub gated: Vec<Gated>,
    /// `[package.metadata.floe]`.
    pub config: Config,
    /// Whether there is such a table.
    pub is_configured: bool,
    /// The other packages of the workspace, each with its table if it has one and a binary.
    pub siblings: Vec<(String, Option<Config>)>,
}

/// A project's changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changelog {
    /// The file.
    pub path: PathBuf,
    /// Whether it is Markdown. Release notes are taken from nothing else.
    pub is_markdown: bool,
}

/// Finds the package: the named one, else that of the manifest, else the only one with a binary among the workspace's
/// default members or among all of its members.
///
/// The manifest defaults to the `Cargo.toml` in the current folder or above it.
pub fn load(manifest_path: Option<&Path>, package: Option<&str>) -> anyhow::Result<Project> {
    // An empty variable counts as unset.
    let package = package.filter(|name| !name.is_empty());
    let manifest = manifest(manifest_path)?;
    let mut command = MetadataCommand::new();
    command.cargo_path(cargo()).manifest_path(&manifest).no_deps().other_options(["--offline".to_owned()]);
    // The project's toolchain and configuration count, and not those of another folder.
    manifest_path.and(manifest.parent()).map(|folder| command.current_dir(folder));
    let json = process::run(&mut command.cargo_command()).at("failed to read", &manifest)?;
    let metadata = MetadataCommand::parse(json).at("failed to read", &manifest)?;
    package::project(package::choose(&metadata, &manifest, package)?, &metadata)
}

/// As [`load`], but `None` if neither argument is given and the current folder is in no Cargo project.
pub fn find(manifest_path: Option<&Path>, package: Option<&str>) -> anyhow::Result<Option<Project>> {
    if manifest_path.is_none() && package.is_none() && manifest_above(&current_folder()?).is_none() {
        return Ok(None);
    }
    load(manifest_path, package).map(Some)
}

/// The commit and the time of the source: those given, else git's.
///
/// HEAD counts as the commit only if no tracked file is modified. Without any commit the time is 1980-01-01.
pub fn source(project: &Project, commit: Option<&Commit>, epoch: Option<u64>) -> anyhow::Result<Source> {
    if let (Some(commit), Some(epoch)) = (commit, epoch) {
        return Ok(Source { commit: Some(commit.clone()), epoch });
    }
    let head = git::head(&project.manifest_path)?;
    let epoch = epoch.or(head.as_ref().map(|head| head.time)).unwrap_or(NO_COMMIT_EPOCH);
    let unmodified = head.filter(|head| !head.modified).map(|head| head.commit);
    Ok(Source { commit: commit.cloned().or(unmodified), epoch })
}

/// The tag of a release: the given one, else the one that the version and `tag-prefix` make. The version must be one that can
/// be released, and the given tag must be the package's and name the version; otherwise the exit code is 3.
pub fn tag(project: Option<&Project>, given: Option<&Tag>, version: &Version) -> anyhow::Result<Tag> {
    let hint = "SemVer ignores build metadata when it compares versions, and an image tag cannot contain `+`: take it out of `version` in Cargo.toml, or raise the version";
    let refused =
        || format!("version {version} cannot be released: it has build metadata, `+{}`", version.build);
    ensure!(version.build.is_empty(), Failure::new(refused()).hint(hint).exit(Exit::Problems));
    let prefix = project.map_or("", |project| &project.config.tag_prefix);
    let own = Tag::prefixed_or_plain(prefix, version);
    let (Some(tag), Some(Project { name, .. })) = (given, project) else {
        return Ok(given.cloned().unwrap_or(own));
    };
    let (why, fix) = if tag.prefix() != prefix {
        let setting = match tag.prefix() {
            "" => "take `tag-prefix` out of".to_owned(),
            given => format!("write `tag-prefix = \"{given}\"` under"),
        };
        let why = format!("`{tag}` is not a tag of `{name}`, whose tags are like `{own}`");
        (why, format!("{setting} [package.metadata.floe]"))
    } else if tag.version() != version {
        let why = format!("the tag `{tag}` does not name the version of `{name}`, which is {version}");
        (why, "change `version` in Cargo.toml".to_owned())
    } else {
        return Ok(tag.clone());
    };
    Err(Failure::new(why).hint(format!("release it as `{own}`, or {fix}")).exit(Exit::Problems).into())
}

/// Cargo: the one that runs floe, if there is one.
fn cargo() -> OsString {
    variable_os("CARGO").unwrap_or_else(|| "cargo".into())
}

impl Project {
    /// Cargo with some arguments, for the package with the features of a release.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root).args(arguments).arg("--manifest-path").arg(&self.manifest_path);
        if !self.config.features.is_empty() {
            command.args(["--features", &self.config.features.join(",")]);
        }
        if !self.config.default_features {
            command.arg("--no-default-features");
        }
        command
    }

    /// The names of the further files that its release has.
    pub fn asset_names(&self) -> Vec<String> {
        self.config.asset_names(&self.name, &self.version)
    }

    /// The names of the packages that its release of these targets has.
    pub fn package_files(&self, targets: &[Target]) -> Vec<String> {
        self.config.package_files(&self.name, &self.version, targets)
    }

    /// The maintainer of a package: the table's, else the first author with an address.
    pub fn maintainer(&self, kind: PackageKind) -> Option<String> {
        let given = self.config.packages.get(&kind).and_then(|settings| settings.maintainer.clone());
        given.or_else(|| self.authors.iter().find(|author| packages::is_contact(author)).cloned())
    }

    /// The keys of Cargo.toml that a package needs and the project lacks, each as a sentence.
    pub fn packages_lack(&self) -> Vec<String> {
        let mut lacking = Vec::new();
        for kind in self.config.packages.keys().copied() {
            let package = self.config.package_name(kind, &self.name);
            let maintainer = "`maintainer` in its table, or `authors` in Cargo.toml, as `Name <address>`";
            let name = format!("`package` in its table, as it cannot be called `{package}`");
            let needs = [
                (self.about.description.is_none(), "`description` in Cargo.toml"),
                (self.about.has_wrong_page(), "`homepage` in Cargo.toml that begins with `https://`"),
                (kind == PackageKind::Deb && self.maintainer(kind).is_none(), maintainer),
                (!packages::is_package_name(&package), &name),
            ];
            let needs = needs.into_iter().filter(|(is_needed, _)| *is_needed);
            lacking.extend(needs.map(|(_, what)| format!("`{kind}` needs a {what}")));
        }
        lacking
    }

    /// Its description of itself; `None` if it has none.
    pub fn about(&self) -> Option<About> {
        Some(self.about.clone()).filter(|about| *about != About::default())
    }

    /// Whether SBOMs and the attestation are attached to its image.
    pub fn attaches(&self) -> bool {
        self.config.image.as_ref().is_some_and(|image| image.attach)
    }

    /// The changelog of the package or of its workspace: `CHANGELOG.md` if there is one, else another usual name, and
    /// Markdown before other formats.
    pub fn changelog(&self) -> anyhow::Result<Option<Changelog>> {
        let mut found = Vec::new();
        for folder in [&self.root, &self.workspace_root] {
            for path in files::entries(folder)? {
                let name = files::name_of(&path);
                if let Some((stem, is_markdown)) = changelog_name(&name).filter(|_| path.is_file()) {
                    let folder = folder != &self.root;
                    found.push(((name != "CHANGELOG.md", !is_markdown, folder, stem, name), path));
                }
            }
        }
        Ok(found.into_iter().min().map(|(rank, path)| Changelog { path, is_markdown: !rank.1 }))
    }

    /// The names that headings of a changelog may have before a version: the package's, its tags' and the repository's.
    pub fn names(&self) -> Vec<String> {
        let repository = self.repository.as_deref().and_then(repository::on_github);
        // Another package that is called like the repository has sections of its own.
        let repository = repository.filter(|repo| !self.siblings.iter().any(|(name, _)| name == repo.name()));
        let prefix = self.config.tag_prefix.trim_end_matches(['-', '_', '/']);
        let names = [Some(self.name.as_str()), Some(prefix), repository.as_ref().map(Repo::name)];
        names.into_iter().flatten().filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// The path of a file in the repository, with slashes; without one, in the workspace.
    pub fn path_in_repository(&self, path: &Path) -> anyhow::Result<String> {
        let root = git::root(&self.workspace_root)?;
        let path = path.strip_prefix(root.as_ref().unwrap_or(&self.workspace_root)).unwrap_or(path);
        Ok(path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"))
    }
}

/// Which of the usual names of a changelog this is, and whether the file is Markdown.
fn changelog_name(name: &str) -> Option<(usize, bool)> {
    let name = name.to_lowercase();
    let (stem, extension) = name.split_once('.').unwrap_or((&name, ""));
    let stem = CHANGELOGS.iter().position(|known| *known == stem)?;
    let is_markdown = ["md", "markdown"].contains(&extension);
    (is_markdown || ["", "txt", "rst", "adoc"].contains(&extension)).then_some((stem, is_markdown))
}

/// The `Cargo.toml` to read: the given one, else that of the current folder or one above it.
fn manifest(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = given {
        return std::path::absolute(path).at("failed to find", path);
    }
    let folder = current_folder()?;
    manifest_above(&folder).ok_or_else(|| {
        Failure::new(format!("there is no `Cargo.toml` in `{}` or above it", folder.display()))
            .hint("run floe in the project's folder, or give `--manifest-path <PATH>`")
            .into()
    })
}

pub fn current_folder() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("failed to find the current folder")
}

/// The `Cargo.toml` of a folder or of one above it.
fn manifest_above(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| path.is_file())
}

#[cfg(test)]
impl Project {
    /// A package of one binary, without a table.
    pub(crate) fn sample() -> Self {
        let text = |text: &str| Some(text.to_owned());
        Project {
            name: "tool".to_owned(),
            version: Version::new(1, 4, 0),
            about: About { description: text("A tool"), license: text("MIT"), ..About::default() },
            authors: Vec::new(),
            repository: None,
            documentation: text("https://docs.rs/tool"),
            readme: None,
            license_file: None,
            root: "/nowhere".into(),
            workspace_root: "/nowhere".into(),
            manifest_path: "/nowhere/Cargo.toml".into(),
            target_dir: "/nowhere/target".into(),
            binaries: vec!["tool".to_owned()],
            gated: Vec::new(),
            config: Config::default(),
            is_configured: false,
            siblings: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changelogs_are_known_by_their_names() {
        for (name, expected) in [
            ("CHANGELOG.md", Some((0, true))),
            ("Changelog.markdown", Some((0, true))),
            ("CHANGES", Some((1, false))),
            ("NEWS.rst", Some((4, false))),
            ("CHANGELOG.html", None),
            ("CHANGELOG.de.md", None),
            ("changelogs.md", None),
        ] {
            assert_eq!(changelog_name(name), expected, "{name}");
        }
    }
}
