//! The project that is released: the package as Cargo describes it, and its source as git describes it.
//!
//! It only reads: nothing is built or fetched, and no file is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cargo_metadata::{Metadata, MetadataCommand, Package, Target};
use semver::Version;
use serde_json::Value;

use crate::environment::{variable, variable_os};
use crate::error::{Exit, Failure};
use crate::project::git;
use crate::project::process;
use floe_core::model::{Commit, Config, Repo, Tag};

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
    /// `description`.
    pub description: Option<String>,
    /// `license`, an SPDX expression.
    pub license: Option<String>,
    /// `repository`.
    pub repository: Option<String>,
    /// `homepage`.
    pub homepage: Option<String>,
    /// `documentation`.
    pub documentation: Option<String>,
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
    /// The other packages of the workspace that have a binary and such a table.
    pub siblings: Vec<(String, Config)>,
}

/// A binary that requires a feature that is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gated {
    /// Its name.
    pub name: String,
    /// The features of its `required-features` that are off.
    pub features: Vec<String>,
}

impl Gated {
    /// The setting that builds it.
    fn setting(&self) -> String {
        format!("`features = [\"{}\"]` under [package.metadata.floe]", self.features.join("\", \""))
    }

    /// A line that says why it is left out, and how it is not.
    pub fn line(&self) -> String {
        let (name, features) = (&self.name, self.features.join("`, `"));
        format!(
            "`{name}` is left out, because it requires the feature `{features}`: {} builds it",
            self.setting()
        )
    }
}

/// Where the binaries come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The commit, if it is known and no tracked file is modified.
    pub commit: Option<Commit>,
    /// The time of every file, in seconds since 1970-01-01 UTC.
    pub epoch: u64,
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
    let failed = || format!("failed to read `{}`", manifest.display());
    let mut command = MetadataCommand::new();
    command.cargo_path(variable_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.manifest_path(&manifest).no_deps().other_options(["--offline".to_owned()]);
    let json = process::run(&mut command.cargo_command()).with_context(failed)?;
    let metadata = MetadataCommand::parse(json).with_context(failed)?;
    project(choose(&metadata, &manifest, package)?, &metadata)
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
pub fn origin(project: &Project, commit: Option<&Commit>, epoch: Option<u64>) -> anyhow::Result<Origin> {
    if let (Some(commit), Some(epoch)) = (commit, epoch) {
        return Ok(Origin { commit: Some(commit.clone()), epoch });
    }
    let head = git::head(&project.manifest_path)?;
    let epoch = epoch.or(head.as_ref().map(|head| head.time)).unwrap_or(NO_COMMIT_EPOCH);
    let unmodified = head.filter(|head| !head.modified).map(|head| head.commit);
    Ok(Origin { commit: commit.cloned().or(unmodified), epoch })
}

/// Checks that a tag, if one is given, is one of the package's and names its version; otherwise the exit code is 3.
pub fn check_tag(project: &Project, tag: Option<&Tag>) -> anyhow::Result<()> {
    let Project { name, version, .. } = project;
    let Some(tag) = tag else { return Ok(()) };
    check_prefix(project, tag, version)?;
    if tag.version() == version {
        return Ok(());
    }
    let own = Tag::prefixed_or_plain(&project.config.tag_prefix, version);
    Err(Failure::new(format!("the tag `{tag}` does not name the version of `{name}`, which is {version}"))
        .hint(format!("release it as `{own}`, or change `version` in Cargo.toml"))
        .exit(Exit::Problems)
        .into())
}

/// Checks that a tag has the package's prefix; otherwise the exit code is 3.
pub fn check_prefix(project: &Project, tag: &Tag, version: &Version) -> anyhow::Result<()> {
    let prefix = &project.config.tag_prefix;
    if tag.prefix() == prefix {
        return Ok(());
    }
    let (name, own) = (&project.name, Tag::prefixed_or_plain(prefix, version));
    Err(Failure::new(format!("`{tag}` is not a tag of `{name}`, whose tags are like `{own}`"))
        .hint(format!(
            "release it as `{own}`, or write `tag-prefix = \"{}\"` under [package.metadata.floe]",
            tag.prefix()
        ))
        .exit(Exit::Problems)
        .into())
}

/// The repository on GitHub: the given one, `GITHUB_REPOSITORY`, git's remote `origin`, or `repository` in `Cargo.toml`.
pub fn repo(project: Option<&Project>, given: Option<&Repo>) -> anyhow::Result<Repo> {
    let folder = project.map_or_else(current_folder, |project| Ok(project.root.clone()))?;
    if let Some(repo) = repo_outside_cargo(given, &folder)? {
        return Ok(repo);
    }
    let failure = match project {
        None => Failure::new("no repository is given for the release").hint("give it as `--repo owner/name`"),
        Some(project) => {
            if let Some(repo) = project.repository.as_deref().and_then(on_github) {
                return Ok(repo);
            }
            let found = match &project.repository {
                Some(url) => {
                    format!("`repository = \"{url}\"` of `{}` is not a repository on GitHub", project.name)
                }
                None => format!("the repository of `{}` is unknown", project.name),
            };
            Failure::new(found)
                .hint("give it as `--repo owner/name`, or write `repository = \"https://github.com/owner/name\"` into Cargo.toml")
        }
    };
    Err(failure.exit(Exit::Usage).into())
}

/// The repository as far as it is known without Cargo: the given one, `GITHUB_REPOSITORY`, or git's remote `origin`.
pub fn repo_outside_cargo(given: Option<&Repo>, folder: &Path) -> anyhow::Result<Option<Repo>> {
    if let Some(repo) = given {
        return Ok(Some(repo.clone()));
    }
    match variable("GITHUB_REPOSITORY") {
        Some(text) => {
            text.parse().map(Some).map_err(anyhow::Error::msg).context("failed to read `GITHUB_REPOSITORY`")
        }
        None => git::origin(folder),
    }
}

/// The repository that `repository` in `Cargo.toml` names: the address of any of its pages or a git remote's, at GitHub.
/// `nix/project.nix` reads the same.
pub fn on_github(url: &str) -> Option<Repo> {
    let rest = url.trim_start_matches("git+");
    let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
    let (host, _) = rest.split_once(['/', ':'])?;
    let host = host.rsplit('@').next()?.to_ascii_lowercase();
    let is_github = ["github.com", "www.github.com"].contains(&host.as_str());
    Repo::from_url(url).filter(|_| is_github)
}

impl Project {
    /// The names of the further files that its release has.
    pub fn asset_names(&self) -> Vec<String> {
        self.config.asset_names(&self.name, &self.version)
    }

    /// The changelog of the package or of its workspace: `CHANGELOG.md` if there is one, else another usual name, and
    /// Markdown before other formats.
    pub fn changelog(&self) -> anyhow::Result<Option<Changelog>> {
        let mut found = Vec::new();
        for folder in [&self.root, &self.workspace_root] {
            let failed = || format!("failed to read the folder `{}`", folder.display());
            for entry in folder.read_dir().with_context(failed)? {
                let path = entry.with_context(failed)?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if let Some((stem, is_markdown)) = changelog_name(&name).filter(|_| path.is_file()) {
                    let folder = folder != &self.root;
                    found.push(((name != "CHANGELOG.md", !is_markdown, folder, stem, name), path));
                }
            }
        }
        Ok(found.into_iter().min().map(|(rank, path)| Changelog { path, is_markdown: !rank.1 }))
    }

    /// The file that release notes are taken from, for messages: the Markdown changelog, or `CHANGELOG.md`.
    pub fn changelog_name(&self) -> anyhow::Result<String> {
        let found = self.changelog()?.filter(|found| found.is_markdown);
        let name = found.as_ref().and_then(|found| found.path.file_name());
        Ok(name.map_or_else(|| "CHANGELOG.md".to_owned(), |name| name.to_string_lossy().into_owned()))
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
    let absent = |what: String| {
        Failure::new(what).hint("run floe in the project's folder, or give `--manifest-path <PATH>`")
    };
    if let Some(path) = given {
        if !path.is_file() {
            bail!(absent(format!("there is no file `{}`", path.display())));
        }
        return std::path::absolute(path).with_context(|| format!("failed to find `{}`", path.display()));
    }
    let folder = current_folder()?;
    manifest_above(&folder).ok_or_else(|| {
        absent(format!("there is no `Cargo.toml` in `{}` or above it", folder.display())).into()
    })
}

pub fn current_folder() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("failed to find the current folder")
}

/// The `Cargo.toml` of a folder or of one above it.
fn manifest_above(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| path.is_file())
}

fn choose<'m>(metadata: &'m Metadata, manifest: &Path, name: Option<&str>) -> anyhow::Result<&'m Package> {
    let members = metadata.workspace_packages();
    let released: Vec<&Package> = members.iter().copied().filter(|one| !built(one).0.is_empty()).collect();
    let names = released.iter().map(|one| format!("`{}`", one.name)).collect::<Vec<_>>().join(", ");
    if let Some(name) = name {
        if let Some(package) = released.iter().find(|one| *one.name == name) {
            return Ok(package);
        }
        let why = match members.iter().find(|one| *one.name == name) {
            Some(package) if !built(package).1.is_empty() => bail!(only_gated(package)),
            Some(_) => format!("the package `{name}` has no binary"),
            None => format!("there is no package `{name}` in `{}`", manifest.display()),
        };
        bail!(match released.is_empty() {
            true => Failure::new(why).hint("add `src/main.rs` or a `[[bin]]` to the package"),
            false => Failure::new(why).hint(format!("give one of {names} as `--package`")),
        });
    }
    if let Some(package) = released.iter().find(|one| same_file(one.manifest_path.as_std_path(), manifest)) {
        return Ok(package);
    }
    // Cargo before 1.71 does not name them.
    let default = &metadata.workspace_default_members;
    let is_default = |one: &&Package| default.is_available() && default.contains(&one.id);
    let default: Vec<&Package> = released.iter().copied().filter(is_default).collect();
    match (&default[..], &released[..]) {
        ([package], _) | (_, [package]) => Ok(package),
        (_, []) => match members.iter().find(|one| !built(one).1.is_empty()) {
            Some(package) => bail!(only_gated(package)),
            None => bail!(
                Failure::new(format!(
                    "`{}` has no binary, so there is nothing to release",
                    manifest.display()
                ))
                .hint("add `src/main.rs` or a `[[bin]]` to the package, or give another `--manifest-path`")
            ),
        },
        (default, [first, ..]) => bail!(
            Failure::new(format!("`{}` has several packages with a binary: {names}", manifest.display()))
                .hint(format!(
                    "say which one is released: `--package {}`",
                    default.first().unwrap_or(first).name
                ))
                .exit(Exit::Usage)
        ),
    }
}

fn only_gated(package: &Package) -> Failure {
    let gated = built(package).1;
    let needs = |one: &Gated| format!("`{}` requires the feature `{}`", one.name, one.features.join("`, `"));
    Failure::new(format!("no binary of `{}` is built with the features that are on", package.name))
        .details(gated.iter().map(needs))
        .hint(gated.first().map_or_else(String::new, |one| format!("write {}", one.setting())))
}

fn project(package: &Package, metadata: &Metadata) -> anyhow::Result<Project> {
    let manifest_path = package.manifest_path.clone().into_std_path_buf();
    let (built, gated) = built(package);
    let config = config(package).map_err(|problems| {
        Failure::new(format!("`[package.metadata.floe]` in `{}` is invalid", package.manifest_path))
            .details(problems)
            .exit(Exit::Usage)
    })?;
    let chosen = config.binaries.clone();
    let is_wanted = |one: &&Gated| chosen.iter().flatten().any(|name| *name == one.name);
    if let Some(one) = gated.iter().find(is_wanted) {
        let needs = one.features.join("`, `");
        bail!(
            Failure::new(format!("`binaries` names `{}`, which requires the feature `{needs}`", one.name))
                .hint(format!("write {}, or take it out of `binaries`", one.setting()))
                .exit(Exit::Usage)
        );
    }
    let siblings = metadata.workspace_packages().into_iter().filter(|one| {
        one.id != package.id && one.metadata.get("floe").is_some() && !self::built(one).0.is_empty()
    });
    Ok(Project {
        name: package.name.to_string(),
        version: package.version.clone(),
        description: package.description.clone(),
        license: package.license.clone(),
        repository: package.repository.clone(),
        homepage: package.homepage.clone(),
        documentation: package.documentation.clone(),
        root: manifest_path.parent().unwrap_or(Path::new("/")).to_owned(),
        workspace_root: metadata.workspace_root.clone().into_std_path_buf(),
        manifest_path,
        target_dir: metadata.target_directory.clone().into_std_path_buf(),
        // With `binaries` nothing is left out that was not meant to be.
        gated: if chosen.is_some() { Vec::new() } else { gated },
        binaries: chosen.unwrap_or(built),
        config,
        is_configured: package.metadata.get("floe").is_some(),
        // A table that is wrong is reported when its own package is released.
        siblings: siblings.filter_map(|one| Some((one.name.to_string(), self::config(one).ok()?))).collect(),
    })
}

fn config(package: &Package) -> Result<Config, Vec<String>> {
    let names: Vec<String> = binaries(package).iter().map(|target| target.name.clone()).collect();
    Config::parse(package.metadata.get("floe").unwrap_or(&Value::Null), &names)
}

/// A package's binaries, the main one first.
fn binaries(package: &Package) -> Vec<&Target> {
    let mut found: Vec<&Target> = package.targets.iter().filter(|target| target.is_bin()).collect();
    found.sort_by_cached_key(|Target { name, .. }| {
        (Some(name) != package.default_run.as_ref(), name != package.name.as_str(), name.clone())
    });
    found
}

/// The binaries that are built with the features that are on, the main one first, and those that are not.
fn built(package: &Package) -> (Vec<String>, Vec<Gated>) {
    let on = features(package);
    let (mut built, mut gated) = (Vec::new(), Vec::new());
    for Target { name, required_features, .. } in binaries(package) {
        let off: Vec<String> =
            required_features.iter().filter(|feature| !on.contains(*feature)).cloned().collect();
        match off.is_empty() {
            true => built.push(name.clone()),
            false => gated.push(Gated { name: name.clone(), features: off }),
        }
    }
    (built, gated)
}

/// The features that releases are built with, and all that these turn on.
fn features(package: &Package) -> BTreeSet<String> {
    let setting = |key: &str| package.metadata.get("floe").and_then(|floe| floe.get(key));
    let given = setting("features").and_then(Value::as_array).into_iter().flatten();
    let mut todo: Vec<String> = given.filter_map(Value::as_str).map(str::to_owned).collect();
    if setting("default-features") != Some(&Value::Bool(false)) {
        todo.push("default".to_owned());
    }
    let mut on = BTreeSet::new();
    while let Some(feature) = todo.pop() {
        // `dependency/feature` turns the optional dependency on as well, `dependency?/feature` does not.
        todo.extend(
            feature.split_once('/').filter(|(one, _)| !one.ends_with('?')).map(|(one, _)| one.to_owned()),
        );
        let more = package.features.get(&feature).cloned().unwrap_or_default();
        if on.insert(feature) {
            todo.extend(more);
        }
    }
    on
}

/// Whether two paths lead to the same file, resolving symbolic links.
fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_at_github_name_a_repository() {
        for url in [
            "https://github.com/acme/tool",
            "https://github.com/acme/tool.git",
            "https://github.com/acme/tool/",
            "https://github.com/acme/tool.git/",
            "https://github.com/acme/tool/tree/main/cli",
            "http://www.github.com/acme/tool",
            "HTTPS://GitHub.com/acme/tool",
            "git@github.com:acme/tool.git",
            "ssh://git@github.com/acme/tool.git",
            "git://github.com/acme/tool",
            "git+https://github.com/acme/tool.git",
        ] {
            assert_eq!(on_github(url).map(|repo| repo.to_string()).as_deref(), Some("acme/tool"), "{url}");
        }
        for url in [
            "https://gitlab.com/acme/tool",
            "https://github.com.example/acme/tool",
            "https://example.org/github.com/tool",
            "https://github.com@example.org/acme/tool",
            "https://github.com/acme",
            "github.com/acme/tool",
            "acme/tool",
            "",
        ] {
            assert_eq!(on_github(url), None, "{url}");
        }
    }

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
