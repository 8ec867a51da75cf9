//! The repository on GitHub that a project is released from.

use std::path::Path;

use anyhow::Context as _;

use crate::error::{Exit, Failure};
use crate::project::cargo::{Project, current_folder};
use crate::project::git;
use floe_core::model::Repo;

/// The repository on GitHub: the given one, `GITHUB_REPOSITORY`, git's remote `origin`, or `repository` in `Cargo.toml`.
pub fn find(project: Option<&Project>, given: Option<&Repo>) -> anyhow::Result<Repo> {
    let folder = project.map_or_else(current_folder, |project| Ok(project.root.clone()))?;
    if let Some(repo) = outside_cargo(given, &folder)? {
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
pub fn outside_cargo(given: Option<&Repo>, folder: &Path) -> anyhow::Result<Option<Repo>> {
    if let Some(repo) = given {
        return Ok(Some(repo.clone()));
    }
    match std::env::var("GITHUB_REPOSITORY") {
        Ok(text) if !text.is_empty() => {
            text.parse().map(Some).map_err(anyhow::Error::msg).context("failed to read `GITHUB_REPOSITORY`")
        }
        _ => git::origin(folder),
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
}
