//! The embedded GitHub over HTTP.

mod access;
mod assets;
mod contents;
mod git;
mod graphql;
mod octocrab;
mod releases;
mod source;

use std::path::Path;

use floe_core::model::{Digest, Repo};
use floe_rehearsal::github::{EmbeddedGitHub, GitHubAccount, GitHubOptions, StoredRef};
use floe_rehearsal::interceptor::{Server, serve};
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::client;

/// May write `acme/floe` and `acme/secret`, and read their settings.
const OWNER: &str = "token-of-the-owner";
/// May write nothing.
const GUEST: &str = "token-of-a-guest";

/// A server with a public and a private repository, and a client for it.
struct Hub {
    github: EmbeddedGitHub,
    server: Server,
    client: reqwest::Client,
    repo: Repo,
    folder: tempfile::TempDir,
}

/// A complete response.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Hub {
    async fn new() -> Self {
        Hub::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut GitHubOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let github = open(folder.path(), change);
        github.edit(&"acme/secret".parse().unwrap(), |stored| stored.private = true).unwrap();
        let server = serve(github.router()).await.unwrap();
        Hub { github, server, client: client(), repo: "acme/floe".parse().unwrap(), folder }
    }

    /// Another server with the same folder.
    async fn restarted(self) -> Self {
        let Hub { server, client, repo, folder, .. } = self;
        drop(server);
        let github = open(folder.path(), |_| ());
        let server = serve(github.router()).await.unwrap();
        Hub { github, server, client, repo, folder }
    }

    fn request(&self, method: Method, path: &str, token: &str) -> reqwest::RequestBuilder {
        let url = match path.starts_with("http") {
            true => path.to_owned(),
            false => format!("{}{path}", self.server.url()),
        };
        let request = self.client.request(method, url).header("user-agent", "test");
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            bytes: answer.bytes().await.unwrap().to_vec(),
        }
    }

    async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(self.request(Method::GET, path, token)).await
    }

    async fn post(&self, path: &str, json: Value) -> Answer {
        self.send(self.request(Method::POST, path, OWNER).json(&json)).await
    }

    async fn patch(&self, path: &str, json: Value) -> Answer {
        self.send(self.request(Method::PATCH, path, OWNER).json(&json)).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path, OWNER)).await
    }

    /// Creates a release and returns its JSON.
    async fn made(&self, json: Value) -> Value {
        let answer = self.post("/repos/acme/floe/releases", json).await;
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.bytes));
        answer.json()
    }

    fn uploading(
        &self,
        release: &Value,
        name: &str,
        bytes: impl Into<reqwest::Body>,
    ) -> reqwest::RequestBuilder {
        let template = release["upload_url"].as_str().unwrap();
        let url = format!("{}?name={name}", template.split_once('{').unwrap().0);
        self.request(Method::POST, &url, OWNER).header("content-type", "application/gzip").body(bytes)
    }

    async fn upload(&self, release: &Value, name: &str, bytes: &[u8]) -> Answer {
        self.send(self.uploading(release, name, bytes.to_vec())).await
    }

    async fn latest(&self) -> String {
        self.get("/repos/acme/floe/releases/latest", "").await.json()["tag_name"]
            .as_str()
            .unwrap_or("none")
            .to_owned()
    }
}

fn open(root: &Path, change: impl FnOnce(&mut GitHubOptions)) -> EmbeddedGitHub {
    let repos: Vec<Repo> = vec!["acme/floe".parse().unwrap(), "acme/secret".parse().unwrap()];
    let account = |token: &str, can_push: Vec<Repo>, admin| GitHubAccount {
        token: token.to_owned(),
        login: format!("{token}-login"),
        can_push,
        admin,
        expires: admin.then(|| "2031-01-02 03:04:05 UTC".to_owned()),
    };
    let mut options = GitHubOptions {
        tokens: vec![account(OWNER, repos.clone(), true), account(GUEST, Vec::new(), false)],
        ..GitHubOptions::new(root.to_owned())
    };
    change(&mut options);
    let github = EmbeddedGitHub::open(options).unwrap();
    for repo in repos.iter().filter(|repo| github.look(repo, |_| ()).is_none()) {
        github.add_repo(repo, "main", None).unwrap();
        let tags = [
            ("v1.0.0", to(1, false)),
            ("v1.1.0", to(2, true)),
            ("v1.0.1", to(3, false)),
            ("v2.0.0-rc.1", to(4, false)),
            ("tools/v1.0.0", to(5, true)),
        ];
        tags.into_iter().for_each(|(tag, to)| github.push_tag(repo, tag, to).unwrap());
    }
    github
}

fn to(commit: u8, annotated: bool) -> StoredRef {
    StoredRef { commit: commit_name(commit).parse().unwrap(), annotated }
}

fn commit_name(n: u8) -> String {
    Digest::of(&[n]).hex()[..40].to_owned()
}

/// The values of a property in a list.
fn each<'a>(list: &'a Value, property: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| one[property].as_str().unwrap_or("?")).collect()
}
