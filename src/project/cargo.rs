//! The project that is released: the package as Cargo describes it, and its source as git describes it.
//!
//! It only reads: nothing is built or fetched, and no file is written.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};
use semver::Version;

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
    /// `[package.metadata.floe]`.
    pub config: Config,
    /// Whether there is such a table.
    pub is_configured: bool,
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

/// Finds the package: the named one, else the one of the manifest, else the workspace's only one with a binary.
///
/// The manifest defaults to the `Cargo.toml` in the current folder or above it.
pub fn load(manifest_path: Option<&Path>, package: Option<&str>) -> anyhow::Result<Project> {
    let manifest = manifest(manifest_path)?;
    let mut command = MetadataCommand::new();
    command.cargo_path(variable_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.manifest_path(&manifest).no_deps().other_options(["--offline".to_owned()]);
    let json = process::run(&mut command.cargo_command())
        .with_context(|| format!("failed to read `{}`", manifest.display()))?;
    let metadata =
        MetadataCommand::parse(json).with_context(|| format!("failed to read `{}`", manifest.display()))?;
    let package = choose(&metadata, &manifest, package)?;
    project(package, &metadata)
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

/// Checks that a tag, if one is given, names the package's version; otherwise the exit code is 3.
pub fn check_tag(project: &Project, tag: Option<&Tag>) -> anyhow::Result<()> {
    let Project { name, version, .. } = project;
    match tag {
        Some(tag) if tag.version() != version => Err(Failure::new(format!(
            "the tag `{tag}` does not name the version of `{name}`, which is {version}"
        ))
        .hint(format!(
            "release it as `{}`, or change `version` in Cargo.toml",
            Tag::prefixed_or_plain(&project.config.tag_prefix, version)
        ))
        .exit(Exit::Problems)
        .into()),
        _ => Ok(()),
    }
}

/// As [`find_repo`], for a project that is known already. Runs `git remote` each time.
pub fn repo(project: &Project, given: Option<&Repo>) -> anyhow::Result<Repo> {
    find_repo(given, || Ok(Some(project)))
}

/// The repository on GitHub: the given one, `GITHUB_REPOSITORY`, git's remote `origin`, or `repository` in
/// `Cargo.toml`. The project is only asked for if neither of the first two says it.
pub fn find_repo<'p>(
    given: Option<&Repo>,
    project: impl FnOnce() -> anyhow::Result<Option<&'p Project>>,
) -> anyhow::Result<Repo> {
    choose_repo(given, variable("GITHUB_REPOSITORY").as_deref(), project)
}

fn choose_repo<'p>(
    given: Option<&Repo>,
    variable: Option<&str>,
    project: impl FnOnce() -> anyhow::Result<Option<&'p Project>>,
) -> anyhow::Result<Repo> {
    if let Some(repo) = given {
        return Ok(repo.clone());
    }
    if let Some(text) = variable {
        return text.parse().map_err(anyhow::Error::msg).context("failed to read `GITHUB_REPOSITORY`");
    }
    let failure = match project()? {
        None => Failure::new("no repository is given for the release").hint("give it as `--repo owner/name`"),
        Some(project) => {
            let named = || project.repository.as_deref().and_then(Repo::from_url);
            if let Some(repo) = git::origin(&project.root)?.or_else(named) {
                return Ok(repo);
            }
            Failure::new(format!("the repository of `{}` is unknown", project.name))
                .hint("give it as `--repo owner/name`, or add `repository` to Cargo.toml")
        }
    };
    Err(failure.exit(Exit::Usage).into())
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

fn current_folder() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("failed to find the current folder")
}

fn manifest_above(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| path.is_file())
}

fn choose<'m>(metadata: &'m Metadata, manifest: &Path, name: Option<&str>) -> anyhow::Result<&'m Package> {
    let members = metadata.workspace_packages();
    let released: Vec<&Package> = members.iter().copied().filter(|one| !binaries(one).is_empty()).collect();
    let names = released.iter().map(|one| format!("`{}`", one.name)).collect::<Vec<_>>().join(", ");
    if let Some(name) = name {
        if let Some(package) = released.iter().find(|one| *one.name == name) {
            return Ok(package);
        }
        let why = match members.iter().any(|one| *one.name == name) {
            true => format!("the package `{name}` has no binary"),
            false => format!("there is no package `{name}` in `{}`", manifest.display()),
        };
        bail!(match released.is_empty() {
            true => Failure::new(why).hint("add `src/main.rs` or a `[[bin]]` to the package"),
            false => Failure::new(why).hint(format!("give one of {names} as `--package`")),
        });
    }
    if let Some(package) = released.iter().find(|one| same_file(one.manifest_path.as_std_path(), manifest)) {
        return Ok(package);
    }
    match released[..] {
        [package] => Ok(package),
        [] => bail!(
            Failure::new(format!("`{}` has no binary, so there is nothing to release", manifest.display()))
                .hint("add `src/main.rs` or a `[[bin]]` to the package, or give another `--manifest-path`")
        ),
        [first, ..] => bail!(
            Failure::new(format!("`{}` has several packages with a binary: {names}", manifest.display()))
                .hint(format!("say which one is released: `--package {}`", first.name))
                .exit(Exit::Usage)
        ),
    }
}

fn project(package: &Package, metadata: &Metadata) -> anyhow::Result<Project> {
    let manifest_path = package.manifest_path.clone().into_std_path_buf();
    let all = binaries(package);
    let table = package.metadata.get("floe").unwrap_or(&serde_json::Value::Null);
    let config = Config::parse(table, &all).map_err(|problems| {
        Failure::new(format!("`[package.metadata.floe]` in `{}` is invalid", package.manifest_path))
            .details(problems)
            .exit(Exit::Usage)
    })?;
    let root = manifest_path.parent().unwrap_or(Path::new("/")).to_owned();
    Ok(Project {
        name: package.name.to_string(),
        version: package.version.clone(),
        description: package.description.clone(),
        license: package.license.clone(),
        repository: package.repository.clone(),
        homepage: package.homepage.clone(),
        documentation: package.documentation.clone(),
        root,
        workspace_root: metadata.workspace_root.clone().into_std_path_buf(),
        manifest_path,
        target_dir: metadata.target_directory.clone().into_std_path_buf(),
        binaries: config.binaries.clone().unwrap_or(all),
        config,
        is_configured: !table.is_null(),
    })
}

/// The names of a package's binaries, the main one first.
fn binaries(package: &Package) -> Vec<String> {
    let targets = package.targets.iter().filter(|target| target.is_kind(TargetKind::Bin));
    let mut names: Vec<String> = targets.map(|target| target.name.clone()).collect();
    names.sort_by_cached_key(|name| {
        (Some(name) != package.default_run.as_ref(), name != package.name.as_str(), name.clone())
    });
    names
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

    fn project(repository: Option<&str>) -> Project {
        Project {
            name: "tool".to_owned(),
            version: Version::new(1, 4, 0),
            description: None,
            license: None,
            repository: repository.map(str::to_owned),
            homepage: None,
            documentation: None,
            root: PathBuf::from("/nowhere"),
            workspace_root: PathBuf::from("/nowhere"),
            manifest_path: PathBuf::from("/nowhere/Cargo.toml"),
            target_dir: PathBuf::from("/nowhere/target"),
            binaries: vec!["tool".to_owned()],
            config: Config::default(),
            is_configured: false,
        }
    }

    #[test]
    fn the_variable_goes_before_the_manifest() {
        let project = project(Some("https://github.com/acme/from-cargo"));
        let find = |variable| choose_repo(None, variable, || Ok(Some(&project))).map(|repo| repo.to_string());
        assert_eq!(find(Some("acme/from-env")).unwrap(), "acme/from-env");
        assert_eq!(find(Some("")).unwrap(), "acme/from-cargo");
        assert_eq!(find(None).unwrap(), "acme/from-cargo");
        assert!(
            format!("{:#}", find(Some("acme")).unwrap_err())
                .starts_with("failed to read `GITHUB_REPOSITORY`")
        );
    }

    #[test]
    fn an_unknown_repository_is_an_error_with_a_hint() {
        let project = project(None);
        for project in [None, Some(&project)] {
            let error = choose_repo(None, None, || Ok(project)).unwrap_err();
            let failure = error.downcast_ref::<Failure>().unwrap();
            assert!(failure.hint_text().unwrap().contains("--repo owner/name"), "{failure}");
            assert_eq!(failure.exit_code(), Exit::Usage);
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
