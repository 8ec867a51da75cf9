//! Secrets are not sent to another host, over plain http, to an untrusted server or to a child process. That
//! none is ever said or written holds for every scenario, see `scenario/secrets.rs`.

use std::io::{Read as _, Write as _};
#[cfg(unix)]
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use floe_rehearsal::interceptor::{Fault, Server, What, serve};
use http::StatusCode;

use crate::support::scenario::Scenario;
#[cfg(unix)]
use crate::support::scenario::TOKEN;

/// A server of somebody else, which writes down the secrets it is shown.
struct Elsewhere {
    server: Server,
    shown: Arc<Mutex<Vec<String>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Elsewhere {
    fn new() -> Self {
        let shown: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = shown.clone();
        let handler = move |request: Request| async move {
            let secret = request.headers().get("authorization").map(|value| format!("{value:?}"));
            kept.lock().unwrap().push(format!("{} {}", request.method(), secret.unwrap_or_default()));
            StatusCode::NOT_FOUND
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let router = Router::new().fallback(handler);
        let server = runtime.block_on(serve(router)).unwrap();
        Elsewhere { server, shown, _runtime: runtime }
    }

    /// An answer that sends the client there.
    fn lead(&self, status: u16) -> What {
        let location = ("location".to_owned(), format!("{}/elsewhere", self.server.url()));
        What::Answer { status, headers: vec![location], body: "{}".to_owned() }
    }

    #[track_caller]
    fn was_asked_without_a_secret(&self, request: &str) {
        assert_eq!(self.shown.lock().unwrap().first().map(String::as_str), Some(request));
        assert!(self.shown.lock().unwrap().iter().all(|shown| shown.ends_with(' ')), "{:?}", self.shown);
    }
}

#[test]
fn a_redirect_of_github_sends_no_token_to_another_host() {
    let other = Elsewhere::new();
    let scenario =
        Scenario::new("1.4.0").disturb_github(Fault::next("GET", "/repos/acme/tool$", other.lead(302)));
    scenario.run(["publish"]).exit(1);
    other.was_asked_without_a_secret("GET ");
}

#[test]
fn a_redirect_of_the_registry_sends_no_token_to_another_host() {
    let other = Elsewhere::new();
    // The first is asked without a token; the redirect meets one that has it.
    let fault = Fault::route("HEAD", "/manifests/1.4.0", 0, 1, other.lead(307));
    let scenario = Scenario::new("1.4.0").disturb_registry(fault);
    scenario.run(["publish"]);
    other.was_asked_without_a_secret("HEAD ");
}

#[test]
fn an_upload_to_another_host_has_no_token() {
    let other = Elsewhere::new();
    let fault = Fault::route("POST", "/blobs/uploads/", 1, 100, other.lead(202));
    Scenario::new("1.4.0").disturb_registry(fault).run(["publish"]).exit(1);
    other.was_asked_without_a_secret("PUT ");
}

#[test]
fn a_download_of_a_private_release_sends_no_token_to_another_host() {
    let other = Elsewhere::new();
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    scenario.github.edit(&scenario.repo(), |stored| stored.private = true).unwrap();
    let scenario = scenario.disturb_github(Fault::route("GET", "/releases/assets/", 0, 100, other.lead(302)));
    scenario.run(["verify", "--release", "v1.4.0"]).exit(1);
    other.was_asked_without_a_secret("GET ");
}

#[test]
fn a_token_service_of_another_site_gets_no_secret() {
    let challenge = |status| {
        let name = "www-authenticate".to_owned();
        let value = "Bearer realm=\"https://tokens.example.org/token\",service=\"ghcr.io\"".to_owned();
        What::Answer { status, headers: vec![(name, value)], body: "{}".to_owned() }
    };
    let words = "sends the token to another site, `tokens.example.org`; it does not go there";
    let scenario = Scenario::new("1.4.0").disturb_registry(Fault::route("HEAD", "/", 0, 100, challenge(401)));
    scenario.run(["publish"]).exit(1).says(words);

    // Downloading a private release uses a secret too.
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    scenario.github.edit(&scenario.repo(), |stored| stored.private = true).unwrap();
    scenario.registry.options().public.clear();
    let scenario = scenario.disturb_registry(Fault::route("GET", "/v2/$", 0, 100, challenge(401)));
    scenario.run(["verify", "--release", "v1.4.0"]).exit(1).says(words);
}

#[test]
fn plain_http_and_passwords_in_addresses_are_wrong_usage_and_are_not_repeated() {
    for (name, value, words) in [
        ("--api-url", "http://api.example.org", "would be reached without TLS"),
        ("--registry-url", "http://registry.example.org", "would be reached without TLS"),
        (
            "--registry-url",
            "https://user:s3cret-word@registry.example.org",
            "must not contain a user or a password",
        ),
        (
            "--server-url",
            "https://user:s3cret-word@github.example.org",
            "must not contain a user or a password",
        ),
    ] {
        let mut scenario = Scenario::new("1.4.0");
        scenario = match name {
            "--server-url" => scenario.arguments(&[name, value]),
            _ => scenario.instead(name, value),
        };
        let outcome = scenario.run(["publish"]).exit(2).no_writes().says(words);
        assert!(!outcome.stderr.contains("s3cret-word"), "{}", outcome.stderr);
    }
    let outcome =
        Scenario::new("1.4.0").arguments(&["--image", "https://u:s3cret-word@ghcr.io/a/b"]).run(["plan"]);
    assert!(!outcome.exit(2).stderr.contains("s3cret-word"));
}

#[test]
fn a_server_with_an_untrusted_certificate_gets_nothing() {
    let (address, received) = untrusted_server();
    let outcome = Scenario::new("1.4.0").instead("--api-url", &address).run(["publish"]).exit(1);
    let place = match std::env::consts::OS {
        "windows" => "certutil -addstore Root",
        "macos" => "keychain",
        _ => "in `SSL_CERT_FILE`",
    };
    let outcome = outcome.says("the certificate of `127.0.0.1` is not valid").says(place);
    assert!(!outcome.stderr.contains("tries)"), "{}", outcome.stderr);
    assert_eq!(*received.lock().unwrap(), Vec::<u8>::new());
}

/// A TLS server on this machine with a certificate that it signed itself, and what it received after the handshake.
fn untrusted_server() -> (String, Arc<Mutex<Vec<u8>>>) {
    floe::release::session::install_tls();
    let certificate = include_bytes!("support/tls/untrusted.der").to_vec().into();
    let key = include_bytes!("support/tls/untrusted.key").to_vec();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.into());
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
    let config = Arc::new(config.unwrap());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let received: Arc<Mutex<Vec<u8>>> = Arc::default();
    let kept = received.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let mut piece = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                kept.lock().unwrap().extend_from_slice(&piece[..count]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
            }
        }
    });
    (address, received)
}

#[cfg(unix)]
#[test]
fn no_child_process_has_a_secret_in_its_environment() {
    let scenario = Scenario::new("1.4.0");
    let folder = scenario.path().to_owned();
    let dumps = stand_ins(&folder, &["git", "cargo"]);
    project(&folder);
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
    let scenario = scenario
        .environment("PATH", &path)
        .environment("GH_TOKEN", TOKEN)
        .environment("CARGO_REGISTRY_TOKEN", "token-of-a-registry")
        .environment("SPARE_COPY", &format!("x-access-token:{TOKEN}"))
        .environment("KEPT", "yes");
    scenario.run(["rehearse"]);
    let mut names = Vec::new();
    for dump in std::fs::read_dir(dumps).unwrap() {
        let path = dump.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("KEPT=yes"), "{text}");
        for secret in [TOKEN, "token-of-a-registry"] {
            assert!(!text.contains(secret), "{}:\n{text}", path.display());
        }
        names.push(path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned());
    }
    names.sort();
    names.dedup();
    assert_eq!(names, ["cargo", "git"]);
}

/// Programs that write down their environment, then are the real ones.
#[cfg(unix)]
fn stand_ins(folder: &Path, names: &[&str]) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let (bin, dumps) = (folder.join("bin"), folder.join("dumps"));
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::create_dir_all(&dumps).unwrap();
    for name in names {
        let script = format!(
            "#!/bin/sh\nenv > '{}/{name}.'$$\nPATH=\"${{PATH#*:}}\"\nexec {name} \"$@\"\n",
            dumps.display()
        );
        std::fs::write(bin.join(name), script).unwrap();
        std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    dumps
}

/// A project in a git repository that has a commit only if git is there.
#[cfg(unix)]
fn project(folder: &Path) {
    let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n\
                    repository = \"https://github.com/acme/tool\"\n";
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/main.rs"), "fn main() {}\n").unwrap();
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::create_dir_all(folder.join(".git")).unwrap();
}
