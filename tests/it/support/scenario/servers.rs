//! The initial state of the two embedded servers of a scenario: one repository, one account with write access, one with read access.

use std::path::Path;

use floe_core::model::{ImageName, Repo};
use floe_rehearsal::github::{EmbeddedGitHub, GitHubAccount, GitHubOptions, SeedRepo, SeedTag};
use floe_rehearsal::registry::{RegistryAccount, RegistryOptions};

use super::{CHANNELS, COMMIT, READER, TOKEN, WORKFLOW};

/// An embedded GitHub with the repositories of [`github`].
pub fn open_github(folder: &Path, version: &str) -> EmbeddedGitHub {
    EmbeddedGitHub::open(github(folder, version)).unwrap()
}

fn github(folder: &Path, version: &str) -> GitHubOptions {
    let repo: Repo = "acme/tool".parse().unwrap();
    let account = |token: &str, login: &str, can_push: Vec<Repo>| GitHubAccount {
        token: token.to_owned(),
        login: login.to_owned(),
        can_push,
        admin: false,
        expires: None,
    };
    let tag = SeedTag { name: format!("v{version}"), commit: COMMIT.parse().unwrap(), annotated: true };
    let seed = |repo: &Repo, tag: &SeedTag, branch: &str| SeedRepo {
        repo: repo.clone(),
        tags: vec![tag.clone()],
        default_branch: branch.to_owned(),
        parent: None,
    };
    let (tap, bucket): (Repo, Repo) =
        ("acme/homebrew-tap".parse().unwrap(), "acme/scoop-bucket".parse().unwrap());
    let (upstream, fork): (Repo, Repo) =
        ("microsoft/winget-pkgs".parse().unwrap(), "acme/winget-pkgs".parse().unwrap());
    let first = SeedTag { name: "first".to_owned(), ..tag.clone() };
    GitHubOptions {
        repos: vec![
            seed(&repo, &tag, "main"),
            seed(&tap, &first, "main"),
            // The default branch need not be `main`.
            seed(&bucket, &first, "master"),
            seed(&upstream, &first, "master"),
            SeedRepo { parent: Some(upstream.clone()), ..seed(&fork, &first, "master") },
        ],
        tokens: vec![
            account(TOKEN, "maintainer", vec![repo.clone(), tap.clone(), bucket.clone(), fork.clone()]),
            account(CHANNELS, "channels", vec![tap, bucket, fork]),
            account(WORKFLOW, "github-actions[bot]", vec![repo]),
            account(READER, "reader", Vec::new()),
        ],
        rate_limit: 100_000,
        ..GitHubOptions::new(folder.join("github"))
    }
}

pub fn registry(folder: &Path) -> RegistryOptions {
    let name: ImageName = "ghcr.io/acme/tool".parse().unwrap();
    let may_push = || vec![name.repository().to_owned()];
    let account = |token: &str, push: Vec<String>| RegistryAccount {
        user: super::user(token).to_owned(),
        token: token.to_owned(),
        push,
    };
    RegistryOptions {
        accounts: vec![
            account(TOKEN, may_push()),
            account(WORKFLOW, may_push()),
            account(READER, Vec::new()),
        ],
        public: vec!["*".to_owned()],
        ..RegistryOptions::ghcr(folder.join("registry"))
    }
}
