//! A token service with GHCR's manners, whose tokens Debian's `docker-registry` believes: JWTs signed with the `openssl`
//! program (distribution's token specification, "Token Authentication Implementation").
//!
//! It grants the requested rights that the account has, as real ones do, and refuses unknown credentials.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Json, Router, routing};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::scenario::TOKEN;

const SERVICE: &str = "counterpart.example";
const ISSUER: &str = "the tests of floe";
const REPOSITORY: &str = "acme/tool";

/// A running token service.
pub struct TokenService {
    state: Arc<Service>,
    url: String,
    // Dropped, it ends the service.
    _runtime: tokio::runtime::Runtime,
}

struct Service {
    openssl: PathBuf,
    key: PathBuf,
    certificate: PathBuf,
    may_push: AtomicBool,
    is_public: AtomicBool,
    asked: Mutex<Vec<String>>,
}

#[derive(Deserialize)]
struct Question {
    service: String,
    scope: String,
}

impl TokenService {
    /// Makes a key in `folder` and serves tokens for `tester`, who may push, and for anonymous clients, which may pull.
    pub fn start(openssl: &Path, folder: &Path) -> Self {
        let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
        let made = Command::new(openssl)
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tokens"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let state = Arc::new(Service {
            openssl: openssl.to_owned(),
            key,
            certificate,
            may_push: AtomicBool::new(true),
            is_public: AtomicBool::new(true),
            asked: Mutex::default(),
        });
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let router = Router::new().route("/token", routing::get(answer)).with_state(Arc::clone(&state));
        runtime.spawn(async move { axum::serve(listener, router).await });
        TokenService { state, url, _runtime: runtime }
    }

    /// The section `auth` of the registry's configuration.
    pub fn auth(&self) -> Value {
        json!({ "token": {
            "realm": self.url,
            "service": SERVICE,
            "issuer": ISSUER,
            "rootcertbundle": self.state.certificate,
        } })
    }

    /// Allows or denies pushes by `tester`.
    pub fn let_push(&self, may: bool) {
        self.state.may_push.store(may, Ordering::Relaxed);
    }

    /// Allows or denies anonymous pulls.
    pub fn allow_anonymous_pulls(&self, may: bool) {
        self.state.is_public.store(may, Ordering::Relaxed);
    }

    /// The account and the scope of each request since the last call, in order: `tester repository:acme/tool:pull,push`.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.asked.lock().unwrap())
    }
}

async fn answer(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Query(question): Query<Question>,
) -> (StatusCode, Json<Value>) {
    // Signing waits for another program.
    tokio::task::spawn_blocking(move || service.answer(&headers, &question)).await.unwrap()
}

impl Service {
    fn answer(&self, headers: &HeaderMap, question: &Question) -> (StatusCode, Json<Value>) {
        let denied = || {
            let body = json!({ "errors": [{ "code": "DENIED", "message": "denied" }] });
            (StatusCode::FORBIDDEN, Json(body))
        };
        let tester = format!("Basic {}", base64(format!("tester:{TOKEN}").as_bytes()));
        let user = match headers.get("authorization").map(|value| value.to_str().unwrap()) {
            Some(known) if known == tester => "tester",
            Some(_) => return denied(),
            None => "anonymous",
        };
        self.asked.lock().unwrap().push(format!("{user} {}", question.scope));
        let wanted = question.scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':'));
        let Some((name, actions)) = wanted.filter(|_| question.service == SERVICE) else { return denied() };
        let may = |action: &str| match (user, action) {
            ("tester", "push") => self.may_push.load(Ordering::Relaxed),
            ("tester", "pull") => true,
            (_, "pull") => self.is_public.load(Ordering::Relaxed),
            _ => false,
        };
        let granted: Vec<&str> =
            actions.split(',').filter(|action| name == REPOSITORY && may(action)).collect();
        if granted.is_empty() {
            return denied();
        }
        (StatusCode::OK, Json(json!({ "token": self.token(user, &granted) })))
    }

    fn token(&self, user: &str, granted: &[&str]) -> String {
        let pem = std::fs::read_to_string(&self.certificate).unwrap();
        let certificate: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let header = json!({ "typ": "JWT", "alg": "RS256", "x5c": [certificate] });
        let claims = json!({
            "iss": ISSUER, "sub": user, "aud": SERVICE, "exp": now + 300, "nbf": now - 10, "iat": now, "jti": "1",
            "access": [{ "type": "repository", "name": REPOSITORY, "actions": granted }],
        });
        let signed = format!(
            "{}.{}",
            base64url(header.to_string().as_bytes()),
            base64url(claims.to_string().as_bytes())
        );
        format!("{signed}.{}", base64url(&self.sign(&signed)))
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256, which a JWT calls `RS256` (RFC 7518, section 3.3).
    fn sign(&self, text: &str) -> Vec<u8> {
        let mut process = Command::new(&self.openssl)
            .args(["dgst", "-sha256", "-sign"])
            .arg(&self.key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success());
        output.stdout
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        let digit = |at: usize| match at <= three.len() {
            true => char::from(ALPHABET[(bits >> (18 - 6 * at)) as usize & 63]),
            false => '=',
        };
        [digit(0), digit(1), digit(2), digit(3)]
    };
    bytes.chunks(3).flat_map(group).collect()
}

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    base64(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

#[test]
fn base64_matches_rfc_4648() {
    let vectors = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
    for (plain, encoded) in vectors {
        assert_eq!(base64(plain.as_bytes()), encoded);
    }
    assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
}
