//! The test language: a release, two servers, the real program as a process, and what came of it.
//!
//! `Scenario::new("1.4.0").flip_bit("tool-x86_64-apple-darwin.tar.gz").run(["publish"]).exit(3)`

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use floe_core::model::{Repo, Target};
use floe_rehearsal::feed::EmbeddedFeed;
use floe_rehearsal::github::EmbeddedGitHub;
use floe_rehearsal::interceptor::{Fault, Interceptor, LoggedRequest, Server, serve};
use floe_rehearsal::registry::EmbeddedRegistry;
use tempfile::TempDir;

mod dist;
mod heard;
mod outcome;
mod secrets;
pub mod servers;
mod signals;
mod state;

pub use dist::{
    DESCRIBED, image_spec, make_described_dist, make_dist, make_dist_from, make_dist_of, make_dist_with,
    make_dist_with_lines, make_dist_with_sboms,
};
use heard::Heard;
pub use outcome::Outcome;
pub use signals::SIGNALS;

/// The token of the account that may push.
pub const TOKEN: &str = "token-that-may-push";
/// The token of an account that may only read.
pub const READER: &str = "token-that-may-read";
/// The token of a workflow that may push: an app's token, for which GitHub reports that no user has push access.
pub const WORKFLOW: &str = "ghs_token-of-a-workflow";
/// The token of an account that may push to the repositories of channels alone.
pub const CHANNELS: &str = "token-of-the-channels";
/// The key of the feed.
pub const FEED_KEY: &str = "key-of-the-feed";
/// The commit everything is built from.
pub const COMMIT: &str = "3f9ac21c0ffee0000000000000000000000000aa";

/// The account of this token at the registry.
fn user(token: &str) -> &'static str {
    match token {
        READER => "reader",
        WORKFLOW => "workflow",
        _ => "tester",
    }
}

/// A release on disk and the servers it goes to.
pub struct Scenario {
    folder: TempDir,
    version: String,
    runtime: tokio::runtime::Runtime,
    /// The embedded GitHub.
    pub github: EmbeddedGitHub,
    /// The embedded registry.
    pub registry: EmbeddedRegistry,
    github_server: Server,
    registry_server: Server,
    /// The embedded feed of packages.
    pub feed: EmbeddedFeed,
    feed_server: Server,
    registry_elsewhere: Option<String>,
    token: Option<&'static str>,
    registry_secret: bool,
    names_dist: bool,
    extra: Vec<String>,
    replaced: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    /// Every byte that any run wrote to its terminal.
    said: Mutex<Vec<u8>>,
}

/// A run under way, for tests that interfere.
#[derive(Clone, Default)]
struct Watched {
    child: Arc<Mutex<Option<Child>>>,
    heard: Heard,
}

impl Scenario {
    /// A release `tool <version>` for all seven targets and both platforms, and servers that hold its tag.
    pub fn new(version: &str) -> Self {
        let scenario = Scenario::empty(version);
        make_dist(&scenario.dist(), version, &Target::defaults().collect::<Vec<_>>());
        scenario
    }

    /// The servers alone.
    pub fn empty(version: &str) -> Self {
        Scenario::behind(version, |router| router)
    }

    /// The servers alone, the embedded GitHub with a layer around its routes.
    pub fn behind(version: &str, layer: impl FnOnce(axum::Router) -> axum::Router) -> Self {
        floe::release::session::install_tls();
        let folder = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let github = servers::open_github(folder.path(), version);
        let registry = EmbeddedRegistry::open(servers::registry(folder.path())).unwrap();
        let (github_server, registry_server) = runtime.block_on(async {
            let github = serve(layer(github.router())).await.unwrap();
            (github, serve(registry.router()).await.unwrap())
        });
        let feed = EmbeddedFeed::open(folder.path().join("feed"), FEED_KEY).unwrap();
        let feed_server = serve(feed.router());
        let feed_server = runtime.block_on(feed_server).unwrap();
        Scenario {
            folder,
            version: version.to_owned(),
            runtime,
            github,
            registry,
            github_server,
            registry_server,
            feed,
            feed_server,
            registry_elsewhere: None,
            token: Some(TOKEN),
            registry_secret: true,
            names_dist: true,
            extra: Vec::new(),
            replaced: Vec::new(),
            environment: Vec::new(),
            said: Mutex::default(),
        }
    }

    /// The same servers with everything they hold, and the dist of another version whose tag is pushed too.
    pub fn next(mut self, version: &str) -> Self {
        servers::push_tag(&self.github, &self.repo(), &format!("v{version}"));
        std::fs::remove_dir_all(self.dist()).unwrap();
        make_dist(&self.dist(), version, &Target::defaults().collect::<Vec<_>>());
        self.version = version.to_owned();
        self
    }

    /// The folder of the dist.
    pub fn dist(&self) -> PathBuf {
        self.folder.path().join("dist")
    }

    /// The scenario's own folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The repository.
    pub fn repo(&self) -> Repo {
        "acme/tool".parse().unwrap()
    }

    /// The address of the embedded GitHub.
    pub fn github_url(&self) -> String {
        self.github_server.url()
    }

    /// The address of the registry; the embedded one by default.
    pub fn registry_url(&self) -> String {
        self.registry_elsewhere.clone().unwrap_or_else(|| self.registry_server.url())
    }

    /// The watcher of the embedded GitHub.
    pub fn github_interceptor(&self) -> &Interceptor {
        &self.github_server.interceptor
    }

    /// The watcher of the embedded feed.
    pub fn feed_interceptor(&self) -> &Interceptor {
        &self.feed_server.interceptor
    }

    /// The watcher of the embedded registry.
    pub fn registry_interceptor(&self) -> &Interceptor {
        &self.registry_server.interceptor
    }

    /// With one bit of a file in the dist turned over.
    pub fn flip_bit(self, file: &str) -> Self {
        let path = self.dist().join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// Without a file of the dist.
    pub fn without(self, file: &str) -> Self {
        std::fs::remove_file(self.dist().join(file)).unwrap();
        self
    }

    /// With another token than the one that may push; none at all is possible.
    pub fn token(mut self, token: Option<&'static str>) -> Self {
        self.token = token;
        self
    }

    /// With the image in a registry that is not the embedded one. Its requests are not counted,
    /// and its tags are not in [`Scenario::state`].
    pub fn registry_at(mut self, url: &str) -> Self {
        self.registry_elsewhere = Some(url.to_owned());
        self
    }

    /// With GitHub's token only, and no secret for the registry.
    pub fn without_registry_secret(mut self) -> Self {
        self.registry_secret = false;
        self
    }

    /// With no dist on the command line, in the folder of a project with these lines at the end of its `Cargo.toml`.
    pub fn before_anything_is_built(mut self, lines: &str) -> Self {
        self.names_dist = false;
        self.in_project(lines).arguments(&["--commit", COMMIT])
    }

    /// In the folder of a project with these lines at the end of its `Cargo.toml`.
    pub fn in_project(self, lines: &str) -> Self {
        let manifest = format!("[package]\nname = \"tool\"\nversion = \"{}\"\n{lines}", self.version);
        std::fs::create_dir_all(self.path().join("src")).unwrap();
        std::fs::write(self.path().join("src/main.rs"), "fn main() {}\n").unwrap();
        std::fs::write(self.path().join("Cargo.toml"), manifest).unwrap();
        self
    }

    /// For another version's tag; what is on disk and on the servers stays.
    pub fn at(mut self, version: &str) -> Self {
        self.version = version.to_owned();
        self
    }

    /// With further arguments on the command line.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.extra.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// With another value for an argument that it is given anyway.
    pub fn instead(mut self, name: &str, value: &str) -> Self {
        self.replaced.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a variable in the program's environment.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With something that happens to the requests GitHub gets.
    pub fn disturb_github(self, fault: Fault) -> Self {
        self.github_server.interceptor.inject(fault);
        self
    }

    /// With something that happens to the requests the registry gets.
    pub fn disturb_registry(self, fault: Fault) -> Self {
        self.registry_server.interceptor.inject(fault);
        self
    }

    /// Runs the program to its end.
    pub fn run<'v>(&self, verb: impl AsRef<[&'v str]>) -> Outcome {
        self.start(verb.as_ref(), &Watched::default())
    }

    /// Runs the program to its end with further variables in its environment.
    pub fn run_with(&self, variables: &[(&str, &str)], verb: &[&str]) -> Outcome {
        self.start_with(variables, verb, &Watched::default())
    }

    /// Runs the program and kills it when a server gets its n-th request from now on.
    pub fn run_until(&self, interceptor: &Interceptor, n: u64, verb: &[&str]) -> Outcome {
        let watched = Watched::default();
        let doomed = Arc::clone(&watched.child);
        interceptor.before_each(move |head, _, _| {
            if head.n == n
                && let Some(child) = doomed.lock().unwrap().as_mut()
            {
                // It may have ended by itself in the meantime.
                let _ = child.kill();
            }
        });
        let outcome = self.start(verb, &watched);
        interceptor.before_each(|_, _, _| ());
        outcome
    }

    fn start(&self, verb: &[&str], watched: &Watched) -> Outcome {
        self.start_with(&[], verb, watched)
    }

    fn start_with(&self, variables: &[(&str, &str)], verb: &[&str], watched: &Watched) -> Outcome {
        let before = self.seen_writes().len();
        let mut command = Command::new(env!("CARGO_BIN_EXE_floe"));
        command.current_dir(self.path()).args(verb).stdout(Stdio::piped()).stderr(Stdio::piped()).env_clear();
        for kept in ["PATH", "SystemRoot", "TMPDIR", "TEMP", "SSL_CERT_FILE"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        if let Some(token) = self.token {
            let user = user(token);
            command.env("GITHUB_TOKEN", token);
            if self.registry_secret {
                command.env("FLOE_REGISTRY_USER", user).env("FLOE_REGISTRY_TOKEN", token);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.envs(variables.iter().copied());
        command.args(self.arguments_of(verb[0]));
        let (mut out, err) = {
            // The lock is held until the child is in it, so that the killer cannot come too early and find nothing.
            let mut slot = watched.child.lock().unwrap();
            let mut child = command.spawn().unwrap();
            let pipes = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
            *slot = Some(child);
            pipes
        };
        let reader = watched.heard.listen(err);
        let mut stdout = Vec::new();
        out.read_to_end(&mut stdout).unwrap();
        let stderr = reader.join().unwrap();
        let status = watched.child.lock().unwrap().as_mut().unwrap().wait().unwrap();
        self.said.lock().unwrap().extend(stdout.iter().chain(&stderr));
        Outcome {
            code: status.code(),
            stdout: self.neutral(&stdout),
            // Messages name paths as the system writes them.
            stderr: self.neutral(&stderr).replace(std::path::MAIN_SEPARATOR, "/"),
            writes: self.seen_writes().split_off(before),
        }
    }

    fn arguments_of(&self, verb: &str) -> Vec<String> {
        let mut arguments = Vec::new();
        if matches!(verb, "plan" | "publish") {
            arguments.extend(self.names_dist.then(|| "dist".to_owned()));
            arguments.extend(["--tag".to_owned(), format!("v{}", self.version)]);
        }
        if matches!(verb, "plan" | "publish" | "verify" | "reproduce") {
            arguments.extend(["--first-wait", "1"].map(str::to_owned));
            arguments.extend(["--repo", "acme/tool", "--api-url", &self.github_url()].map(str::to_owned));
            arguments.extend(["--registry-url", &self.registry_url()].map(str::to_owned));
            arguments.extend(["--feed-url", &self.feed_server.url()].map(str::to_owned));
        }
        for (name, value) in &self.replaced {
            if let Some(at) = arguments.iter().position(|argument| argument == name) {
                arguments[at + 1].clone_from(value);
            }
        }
        arguments.extend(self.extra.clone());
        arguments
    }

    fn seen_writes(&self) -> Vec<String> {
        let line = |seen: &LoggedRequest| {
            format!("{} {}", seen.method, seen.path.split('?').next().unwrap_or_default())
        };
        let servers = [&self.github_server, &self.registry_server, &self.feed_server];
        let all = servers.into_iter().flat_map(|server| server.interceptor.log());
        all.filter(|seen| !matches!(seen.method.as_str(), "GET" | "HEAD")).map(|seen| line(&seen)).collect()
    }

    fn neutral(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.replace(&self.github_url(), "http://github")
            .replace(&self.registry_url(), "http://registry")
            .replace(&self.feed_server.url(), "http://feed")
            .replace(&self.path().display().to_string(), "FOLDER")
    }
}
