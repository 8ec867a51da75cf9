//! The project a command runs in and the repository that it belongs to, each found at most once per command.
//!
//! Neither Cargo nor git is run before an answer is needed.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::project::cargo::{self, Project};
use floe_core::model::Repo;

/// The values of `--manifest-path`, `--package` and `--repo`, and the project and repository that they name.
#[derive(Debug, Default)]
pub struct RepoContext {
    manifest_path: Option<PathBuf>,
    package: Option<String>,
    given: Option<Repo>,
    project: OnceLock<Option<Project>>,
    repo: OnceLock<Repo>,
}

impl RepoContext {
    /// A context in which nothing has been looked up yet.
    pub fn new(manifest_path: Option<PathBuf>, package: Option<String>, repo: Option<Repo>) -> Self {
        RepoContext { manifest_path, package, given: repo, ..RepoContext::default() }
    }

    /// The project, as `cargo::find` finds it. Runs `cargo metadata` the first time.
    pub fn project(&self) -> anyhow::Result<Option<&Project>> {
        let found =
            once(&self.project, || cargo::find(self.manifest_path.as_deref(), self.package.as_deref()));
        found.map(Option::as_ref)
    }

    /// The repository, as `cargo::find_repo` finds it. Runs `git remote` the first time.
    pub fn repo(&self) -> anyhow::Result<&Repo> {
        once(&self.repo, || cargo::find_repo(self.given.as_ref(), || self.project()))
    }
}

fn once<T>(cell: &OnceLock<T>, find: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<&T> {
    if let Some(found) = cell.get() {
        return Ok(found);
    }
    let found = find()?;
    Ok(cell.get_or_init(|| found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_kept_and_an_error_is_not() {
        let cell = OnceLock::new();
        assert!(once(&cell, || anyhow::bail!("not yet")).is_err());
        assert_eq!(once(&cell, || Ok(1)).unwrap(), &1);
        assert_eq!(once(&cell, || Ok(2)).unwrap(), &1);
    }
}
