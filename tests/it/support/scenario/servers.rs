//! The initial state of the two embedded servers of a scenario: one repository, one account with write access, one with read access.

use std::path::Path;

use floe_core::model::{ImageName, Repo};
use floe_rehearsal::github::{EmbeddedGitHub, GitHubAccount, GitHubOptions, StoredRef};
use floe_rehearsal::registry::{RegistryAccount, RegistryOptions};

use super::{CHANNELS, COMMIT, READER, TOKEN, WORKFLOW};

pub fn open_github(folder: &Path, version: &str) -> EmbeddedGitHub {
    let repo: Repo = "acme/tool".parse().unwrap();
    let account = |token: &str, login: &str, can_push: Vec<Repo>| GitHubAccount {
        token: token.to_owned(),
        login: login.to_owned(),
        can_push,
        admin: false,
        expires: None,
    };
    let (tap, bucket): (Repo, Repo) =
        ("acme/homebrew-tap".parse().unwrap(), "acme/scoop-bucket".parse().unwrap());
    let (upstream, fork): (Repo, Repo) =
        ("microsoft/winget-pkgs".parse().unwrap(), "acme/winget-pkgs".parse().unwrap());
    let github = EmbeddedGitHub::open(GitHubOptions {
        tokens: vec![
            account(TOKEN, "maintainer", vec![repo.clone(), tap.clone(), bucket.clone(), fork.clone()]),
            account(CHANNELS, "channels", vec![tap.clone(), bucket.clone(), fork.clone()]),
            account(WORKFLOW, "github-actions[bot]", vec![repo.clone()]),
            account(READER, "reader", Vec::new()),
        ],
        rate_limit: 100_000,
        ..GitHubOptions::new(folder.join("github"))
    })
    .unwrap();
    let add = |repo: &Repo, branch: &str, tag: &str| {
        github.add_repo(repo, branch, None).unwrap();
        push_tag(&github, repo, tag);
    };
    add(&repo, "main", &format!("v{version}"));
    add(&tap, "main", "first");
    // The default branch need not be `main`.
    add(&bucket, "master", "first");
    add(&upstream, "master", "first");
    github.add_repo(&fork, "master", Some(&upstream)).unwrap();
    github
}

/// Pushes an annotated tag of the commit that was built.
pub fn push_tag(github: &EmbeddedGitHub, repo: &Repo, tag: &str) {
    github.push_tag(repo, tag, StoredRef { commit: COMMIT.parse().unwrap(), annotated: true }).unwrap();
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
