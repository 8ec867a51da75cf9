//! The project that is released: what Cargo says about the package, and what git says about its source.
//!
//! It only looks: nothing is built, nothing is fetched, no file is written.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};
use semver::Version;

use crate::cli::{ProjectArgs, SourceArgs};
use crate::error::{Exit, Failure};
use crate::project::git;
use crate::project::process;
use floe_core::model::{Commit, Config, Repo, Tag};

/// The time of files where there is no commit: 1980-01-01, the earliest that a ZIP file can hold.
const NO_COMMIT_EPOCH: u64 = 315_532_800;

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
    /// The folder of the workspace; the same where there is none.
    pub workspace_root: PathBuf,
    /// The package's `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// Where Cargo builds.
    pub target_dir: PathBuf,
    /// The binaries that are released, without `.exe`, never empty. The first is the main one: in the order of the
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
    /// The commit, if it is known and nothing is modified.
    pub commit: Option<Commit>,
    /// The time of every file, in seconds since 1970-01-01 UTC.
    pub epoch: u64,
}

/// Finds the package: `--package`, else the one of the folder, else the workspace's only one with a binary.
///
/// # Errors
///
/// There is no `Cargo.toml`, no cargo, no such package, none or more than one with a binary, or the configuration
/// is wrong.
pub fn load(args: &ProjectArgs) -> anyhow::Result<Project> {
    let manifest = manifest(args.manifest_path.as_deref())?;
    let mut command = MetadataCommand::new();
    command.manifest_path(&manifest).no_deps().other_options(["--offline".to_owned()]);
    let json = process::run(&mut command.cargo_command())
        .with_context(|| format!("failed to read `{}`", manifest.display()))?;
    let metadata =
        MetadataCommand::parse(json).with_context(|| format!("failed to read `{}`", manifest.display()))?;
    let package = choose(&metadata, &manifest, args.package.as_deref())?;
    project(package, &metadata)
}

/// Whether this folder belongs to a Cargo project.
///
/// # Errors
///
/// The current folder cannot be found.
pub fn is_here() -> anyhow::Result<bool> {
    let folder = std::env::current_dir().context("failed to find the current folder")?;
    Ok(folder.ancestors().any(|folder| folder.join("Cargo.toml").is_file()))
}

/// The commit and the time of the source, from the arguments, else from git.
///
/// A commit is claimed only if no tracked file differs from it. Where there is no commit at all, the time is
/// 1980-01-01.
///
/// # Errors
///
/// There is a repository, but git is not installed or cannot read it.
pub fn origin(project: &Project, source: &SourceArgs) -> anyhow::Result<Origin> {
    if let (Some(commit), Some(epoch)) = (&source.commit, source.epoch) {
        return Ok(Origin { commit: Some(commit.clone()), epoch });
    }
    let head = git::head(&project.manifest_path)?;
    let epoch = source.epoch.or(head.as_ref().map(|head| head.time)).unwrap_or(NO_COMMIT_EPOCH);
    let unmodified = head.filter(|head| !head.modified).map(|head| head.commit);
    Ok(Origin { commit: source.commit.clone().or(unmodified), epoch })
}

/// Checks that a tag, if there is one, names the package's version.
///
/// # Errors
///
/// It names another one (exit code 3).
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

/// The repository on GitHub: the given one, `GITHUB_REPOSITORY`, the git remote `origin`, or `repository` in
/// `Cargo.toml`.
///
/// # Errors
///
/// None of them says it, or `GITHUB_REPOSITORY` is not `owner/name`.
pub fn repo(project: &Project, given: Option<&Repo>) -> anyhow::Result<Repo> {
    find_repo(project, given, std::env::var("GITHUB_REPOSITORY").ok().as_deref())
}

fn find_repo(project: &Project, given: Option<&Repo>, variable: Option<&str>) -> anyhow::Result<Repo> {
    if let Some(repo) = given {
        return Ok(repo.clone());
    }
    if let Some(text) = variable.filter(|text| !text.is_empty()) {
        return text.parse().map_err(anyhow::Error::msg).context("failed to read `GITHUB_REPOSITORY`");
    }
    if let Some(repo) = git::origin(&project.root)? {
        return Ok(repo);
    }
    project.repository.as_deref().and_then(Repo::from_url).ok_or_else(|| {
        Failure::new(format!("nothing says which repository `{}` belongs to", project.name))
            .hint("give it as `--repo owner/name`, or write `repository` into Cargo.toml")
            .exit(Exit::Usage)
            .into()
    })
}

/// The `Cargo.toml` to read: the given one, else that of this folder or one above it.
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
    let folder = std::env::current_dir().context("failed to find the current folder")?;
    let found = folder.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| path.is_file());
    found.ok_or_else(|| {
        absent(format!("there is no `Cargo.toml` in `{}` or above it", folder.display())).into()
    })
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

/// Whether two paths mean one file, also where one of them goes through a symbolic link.
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
        let find = |variable| find_repo(&project, None, variable).map(|repo| repo.to_string());
        assert_eq!(find(Some("acme/from-env")).unwrap(), "acme/from-env");
        assert_eq!(find(Some("")).unwrap(), "acme/from-cargo");
        assert_eq!(find(None).unwrap(), "acme/from-cargo");
        assert!(
            format!("{:#}", find(Some("acme")).unwrap_err())
                .starts_with("failed to read `GITHUB_REPOSITORY`")
        );
    }

    #[test]
    fn where_nothing_says_the_repository_the_way_out_is_named() {
        let error = find_repo(&project(None), None, None).unwrap_err();
        assert!(error.downcast_ref::<Failure>().unwrap().hint_text().unwrap().contains("--repo owner/name"));
    }
}
