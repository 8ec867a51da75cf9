//! The embedded registry over HTTP.

mod access;
mod clients;
mod conformance;
mod manifests;
mod push;

use std::path::{Path, PathBuf};

use floe_core::model::Digest;
use floe_rehearsal::interceptor::{self};
use floe_rehearsal::registry::{EmbeddedRegistry, RegistryAccount, RegistryOptions};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

/// A running registry, and a client with a token for one repository.
struct Server {
    registry: EmbeddedRegistry,
    host: String,
    http: Client,
    bearer: Option<String>,
    _server: interceptor::Server,
}

/// GHCR's behaviour and two accounts: `owner` may push everywhere, `guest` nowhere.
fn options(root: &Path) -> RegistryOptions {
    let account = |user: &str, push: &[&str]| RegistryAccount {
        user: user.to_owned(),
        token: format!("{user}-secret"),
        push: push.iter().map(|name| (*name).to_owned()).collect(),
    };
    RegistryOptions {
        accounts: vec![account("owner", &["*"]), account("guest", &[])],
        ..RegistryOptions::ghcr(root)
    }
}

impl Server {
    async fn start(options: RegistryOptions) -> Self {
        crate::install_tls();
        let registry = EmbeddedRegistry::open(options).unwrap();
        let server = interceptor::serve(registry.router()).await.unwrap();
        let http = Client::builder().no_proxy().build().unwrap();
        Server { registry, host: server.addr.to_string(), http, bearer: None, _server: server }
    }

    /// With a token of `owner` to pull from and push to `acme/floe`.
    async fn for_owner(options: RegistryOptions) -> Self {
        let mut server = Server::start(options).await;
        server.login("owner", "acme/floe").await;
        server
    }

    async fn login(&mut self, user: &str, repository: &str) {
        let scope = format!("repository:{repository}:pull,push");
        let (status, body) = self.token(Some((user, &format!("{user}-secret"))), &scope).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        self.bearer = Some(body["token"].as_str().unwrap().to_owned());
    }

    async fn token(&self, credentials: Option<(&str, &str)>, scope: &str) -> (StatusCode, Value) {
        let url = format!("http://{}/token?service={}&scope={scope}", self.host, self.host);
        let request = self.http.get(url);
        let request = match credentials {
            Some((user, token)) => request.basic_auth(user, Some(token)),
            None => request,
        };
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.host));
        match &self.bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        }
    }

    async fn send(&self, method: Method, path: &str) -> Response {
        self.request(method, path).send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path).await
    }

    /// Starts an upload to `acme/floe` and returns its address.
    async fn begin(&self) -> String {
        let response = self.send(Method::POST, "/v2/acme/floe/blobs/uploads/").await;
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        header(response.headers(), "location")
    }

    /// Pushes a blob to `acme/floe` in one piece.
    async fn blob(&self, bytes: &'static [u8]) -> Digest {
        let digest = Digest::of(bytes);
        let path = format!("{}&digest={digest}", self.begin().await);
        let response = self.request(Method::PUT, &path).body(bytes).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        digest
    }

    async fn put_manifest(&self, reference: &str, media_type: &str, body: &Value) -> Response {
        let path = format!("/v2/acme/floe/manifests/{reference}");
        let request = self.request(Method::PUT, &path).header("content-type", media_type);
        request.body(body.to_string()).send().await.unwrap()
    }

    /// The bytes of a blob of `acme/floe`, as the registry sends them.
    async fn read(&self, digest: &Digest) -> Vec<u8> {
        let response = self.get(&format!("/v2/acme/floe/blobs/{digest}")).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.bytes().await.unwrap().to_vec()
    }
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).unwrap_or_else(|| panic!("there is a {name}")).to_str().unwrap().to_owned()
}

fn location(response: &Response) -> String {
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

/// The status and the error code of an error response.
async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["errors"][0]["code"].as_str().unwrap().to_owned())
}

fn no(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// All files below a folder but the one with the state.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.retain(|path| !path.ends_with("state.json"));
    found.sort();
    found
}
