//! The repository on GitHub that a project is released from.

use std::path::Path;

use anyhow::Context as _;

use crate::environment::variable;
use crate::error::{Exit, Failure};
use crate::project::cargo::{Project, current_folder};
use crate::project::git::{self, Origin};
use floe_core::model::Repo;

/// The repository on GitHub: the given one, `GITHUB_REPOSITORY`, git's remote `origin`, or `repository` in `Cargo.toml`.
/// With a `site`, the address of the GitHub that is asked, a remote at another server is an error.
pub fn find(project: Option<&Project>, given: Option<&Repo>, site: Option<&str>) -> anyhow::Result<Repo> {
    let folder = project.map_or_else(current_folder, |project| Ok(project.root.clone()))?;
    if let Some(repo) = outside_cargo(given, &folder, site)? {
        return Ok(repo);
    }
    let failure = match project {
        None => Failure::new("no repository is given for the release").hint("give it as `--repo owner/name`"),
        Some(project) => {
            if let Some(repo) = project.repository.as_deref().and_then(on_github) {
                return Ok(repo);
            }
            let name = &project.name;
            let found = match &project.repository {
                Some(url) => format!("`repository = \"{url}\"` of `{name}` is not a repository on GitHub"),
                None => format!("the repository of `{name}` is unknown"),
            };
            Failure::new(found)
                .hint("write `repository = \"https://github.com/owner/name\"` into Cargo.toml, or set `GITHUB_REPOSITORY` to `owner/name`")
        }
    };
    Err(failure.exit(Exit::Usage).into())
}

/// The repository as far as it is known without Cargo: the given one, `GITHUB_REPOSITORY`, or git's remote `origin`.
pub fn outside_cargo(
    given: Option<&Repo>,
    folder: &Path,
    site: Option<&str>,
) -> anyhow::Result<Option<Repo>> {
    if let Some(repo) = given {
        return Ok(Some(repo.clone()));
    }
    if let Some(text) = variable("GITHUB_REPOSITORY") {
        let repo = text.parse().map_err(anyhow::Error::msg).context("failed to read `GITHUB_REPOSITORY`")?;
        return Ok(Some(repo));
    }
    let Some(origin) = git::origin(folder)? else { return Ok(None) };
    match site.filter(|site| !is_at(&origin.host, site)) {
        None => Ok(Some(origin.repo)),
        Some(site) => Err(elsewhere(&origin, site).into()),
    }
}

/// Whether a remote's host is that of a site, which may have another name for SSH. A name without a dot is one of SSH's
/// configuration.
fn is_at(host: &str, site: &str) -> bool {
    let (site, host) = (git::host(site).to_ascii_lowercase(), host.to_ascii_lowercase());
    let name = ["www.", "ssh."].iter().find_map(|part| host.strip_prefix(part)).unwrap_or(&host);
    !host.contains('.') || name == site
}

fn elsewhere(origin: &Origin, site: &str) -> Failure {
    let Origin { host, repo } = origin;
    Failure::new(format!("git's `origin` is {repo} at `{host}`, and the release would go to {site}"))
        .hint("name the repository on GitHub with `--repo owner/name`, or GitHub's own server with `--api-url https://github.example.com/api/v3` or the variable `GITHUB_API_URL`")
        .exit(Exit::Usage)
}

/// The repository that `repository` in `Cargo.toml` names: the address of any of its pages or a git remote's, at GitHub.
/// `nix/project.nix` reads the same.
pub fn on_github(url: &str) -> Option<Repo> {
    let host = git::host(url).to_ascii_lowercase();
    let is_github = ["github.com", "www.github.com"].contains(&host.as_str());
    Repo::from_url(url).filter(|_| is_github)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_at_another_server_is_not_taken_for_one_at_github() {
        for host in ["github.com", "GitHub.com", "www.github.com", "ssh.github.com", "gh", "github-work"] {
            assert!(is_at(host, "https://github.com"), "{host}");
        }
        for host in ["gitlab.com", "codeberg.org", "github.com.example", "mygithub.com", "github.example.com"]
        {
            assert!(!is_at(host, "https://github.com"), "{host}");
        }
        assert!(is_at("github.example.com", "https://github.example.com:8443/"));
        assert!(
            is_at("acme.ghe.com", "https://acme.ghe.com") && !is_at("github.com", "https://acme.ghe.com")
        );
    }

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
