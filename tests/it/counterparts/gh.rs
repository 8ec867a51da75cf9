//! GitHub's own client, `gh`, on the servers of a rehearsal.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use floe_core::model::Target;
use serde_json::{Value, json};

use crate::support::peers::{self, peer};
use crate::support::sample::{self, Sample};
use crate::support::scenario::make_dist;

/// `gh` with a home of its own, at one embedded GitHub.
pub struct Gh {
    program: PathBuf,
    pub home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Gh {
    /// `gh` needs TLS unless the host is `github.localhost`, and reaches a port of its own through a proxy only.
    pub fn new(program: PathBuf, url: &str, token: &str) -> Self {
        let variables = [("GH_HOST", "github.localhost"), ("GH_TOKEN", token), ("http_proxy", url)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Gh { program, home: tempfile::tempdir().unwrap(), variables: variables.into() }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.home.path().join(file)
    }

    /// Runs `gh`, and gives its stdout, or else its stderr.
    pub fn try_run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = peers::command(&self.program, self.home.path());
        for variable in ["NO_PROXY", "no_proxy", "GH_ENTERPRISE_TOKEN", "GITHUB_TOKEN", "GH_REPO", "GH_DEBUG"]
        {
            command.env_remove(variable);
        }
        command.env("GH_NO_UPDATE_NOTIFIER", "1").env("GH_PROMPT_DISABLED", "1").stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = command.args(arguments).output().unwrap();
        let bytes = if output.status.success() { Ok(output.stdout) } else { Err(output.stderr) };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        bytes.map(text).map_err(text)
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        self.try_run(arguments).unwrap_or_else(|error| panic!("gh {arguments:?}: {error}"))
    }

    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments)).unwrap()
    }

    /// Drafts, fills, changes, publishes, downloads and deletes the release `v2.0.0` of `acme/tool`, whose latest release is
    /// `v1.4.0`.
    pub fn tour(&self) {
        let release = |verb: &str, arguments: &[&str]| {
            self.try_run(&[&["release", verb, "-R", "acme/tool"], arguments].concat())
        };
        let fields = "tagName,isDraft,isLatest,isPrerelease,name";
        let list = || self.json(&["release", "list", "-R", "acme/tool", "--json", fields]);
        let listed = |tag: &str, draft: bool, latest: bool, name: &str| json!({ "tagName": tag, "isDraft": draft, "isLatest": latest, "isPrerelease": false, "name": name });
        let view =
            |fields: &str| self.json(&["release", "view", "v2.0.0", "-R", "acme/tool", "--json", fields]);
        assert_eq!(list(), json!([listed("v1.4.0", false, true, "v1.4.0")]));

        for (file, text) in [("a.txt", "first"), ("b.txt", "second")] {
            std::fs::write(self.path(file), text).unwrap();
        }
        let files = ["v2.0.0", "a.txt", "b.txt#The second"];
        let create = ["--draft", "--title", "Two", "--notes", "Notes."];
        let url = release("create", &[&files[..], &create].concat()).unwrap();
        assert!(url.starts_with("http://github.localhost/acme/tool/releases/tag/untagged-"), "{url}");
        let [old, draft] = [listed("v1.4.0", false, true, "v1.4.0"), listed("v2.0.0", true, false, "Two")];
        assert_eq!(list(), json!([draft, old]));
        let assets = |shown: &Value| -> Vec<(String, u64)> {
            let one =
                |asset: &Value| (asset["name"].as_str().unwrap().to_owned(), asset["size"].as_u64().unwrap());
            let mut assets: Vec<_> = shown["assets"].as_array().unwrap().iter().map(one).collect();
            assets.sort();
            assets
        };
        let asset = |name: &str, size| (name.to_owned(), size);
        assert_eq!(assets(&view("assets")), [asset("a.txt", 5), asset("b.txt", 6)]);

        let taken = release("upload", &["v2.0.0", "a.txt"]).unwrap_err();
        assert!(taken.contains("asset under the same name already exists"), "{taken}");
        std::fs::write(self.path("a.txt"), "the first again").unwrap();
        release("upload", &["v2.0.0", "a.txt", "--clobber"]).unwrap();
        release("delete-asset", &["v2.0.0", "b.txt", "--yes"]).unwrap();
        assert_eq!(assets(&view("assets")), [asset("a.txt", 15)]);

        let edited =
            release("edit", &["v2.0.0", "--draft=false", "--notes", "Other notes.", "--latest"]).unwrap();
        assert_eq!(edited, "http://github.localhost/acme/tool/releases/tag/v2.0.0\n");
        let shown = view("isDraft,body,name,targetCommitish,publishedAt,createdAt");
        assert_eq!((&shown["isDraft"], &shown["body"]), (&json!(false), &json!("Other notes.")));
        assert!(release("view", &["v2.0.0"]).unwrap().contains("Other notes."));
        let latest =
            self.json(&["repo", "view", "acme/tool", "--json", "latestRelease,defaultBranchRef,visibility"]);
        assert_eq!(
            (&latest["latestRelease"]["tagName"], &latest["defaultBranchRef"]["name"], &latest["visibility"]),
            (&json!("v2.0.0"), &json!("main"), &json!("PUBLIC"))
        );
        assert!(self.run(&["repo", "view", "acme/tool"]).contains("# tool"));

        release("download", &["v2.0.0", "--dir", "loaded"]).unwrap();
        release("download", &["--pattern", "a.*", "--output", "latest.txt"]).unwrap();
        for file in ["loaded/a.txt", "latest.txt"] {
            assert_eq!(std::fs::read_to_string(self.path(file)).unwrap(), "the first again", "{file}");
        }
        release("download", &["v2.0.0", "--archive", "tar.gz", "--dir", "source"]).unwrap();
        assert_eq!(std::fs::read_dir(self.path("source")).unwrap().count(), 1);

        release("delete", &["v2.0.0", "--yes", "--cleanup-tag"]).unwrap();
        assert_eq!(release("view", &["v2.0.0"]).unwrap_err(), "release not found\n");
        assert_eq!(list(), json!([listed("v1.4.0", false, true, "v1.4.0")]));
    }
}

/// A rehearsal that serves until the value is dropped.
struct Served {
    process: Child,
    /// The lines that say how to reach it.
    lines: Vec<String>,
    /// The lines after them.
    rest: Box<dyn Iterator<Item = String>>,
}

impl Served {
    fn start(project: &Path, dist: &Path) -> Self {
        // skopeo is the last of the clients.
        Self::until("skopeo", project, dist)
    }

    /// Starts it and reads its lines until one of the clients is shown.
    fn until(client: &str, project: &Path, dist: &Path) -> Self {
        let mut command = sample::floe(project);
        command.arg("rehearse").arg(dist).args(["--serve", "--keep"]);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut all = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let said: Vec<String> =
            all.by_ref().take_while(|line| !line.starts_with("The servers run")).collect();
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line: &String| !line.contains(client)) {
            lines.push(all.next().unwrap_or_else(|| panic!("it ended early: {said:#?}")));
        }
        Served { process, lines, rest: Box::new(all) }
    }

    /// The value of a variable in the line for `gh`.
    fn variable(&self, name: &str) -> String {
        let line = self.lines.iter().find(|line| line.contains(" gh ")).unwrap();
        let mut words = line.split_whitespace();
        words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).unwrap().to_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn project() -> (Sample, tempfile::TempDir) {
    let project = Sample::tool().manifest_lines("repository = \"https://github.com/acme/tool\"");
    let made = tempfile::tempdir().unwrap();
    make_dist(&made.path().join("dist"), "1.4.0", &Target::defaults().collect::<Vec<_>>());
    (project.file("CHANGELOG.md", "# Changelog\n\n## 1.4.0\n\n- Something.\n"), made)
}

#[test]
fn gh_works_on_a_served_rehearsal_with_the_printed_commands() {
    let Some(program) = peer("gh") else { return };
    let (project, made) = project();
    let served = Served::start(project.path(), &made.path().join("dist"));
    let gh = Gh::new(program, &served.variable("http_proxy"), &served.variable("GH_TOKEN"));
    let shown =
        gh.json(&["release", "view", "v1.4.0", "-R", "acme/tool", "--json", "body,assets,isImmutable"]);
    assert!(shown["body"].as_str().unwrap().contains("- Something."), "{shown}");
    assert_eq!((shown["assets"].as_array().unwrap().len(), &shown["isImmutable"]), (11, &json!(true)));
    gh.run(&["release", "download", "v1.4.0", "-R", "acme/tool", "--dir", "all"]);
    for file in std::fs::read_dir(gh.path("all")).unwrap() {
        let file = file.unwrap().path();
        let packed = made.path().join("dist").join(file.file_name().unwrap());
        if packed.exists() {
            assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(packed).unwrap(), "{}", file.display());
        }
    }
    std::fs::write(gh.path("late.txt"), "late").unwrap();
    let frozen = gh.try_run(&["release", "upload", "v1.4.0", "late.txt", "-R", "acme/tool"]).unwrap_err();
    assert!(frozen.contains("Cannot upload assets to an immutable release."), "{frozen}");
    gh.tour();
    let spent = ["release", "create", "v2.0.0", "-R", "acme/tool", "--notes", "again"];
    let spent = gh.try_run(&spent).unwrap_err();
    assert!(spent.contains("tag_name was used by an immutable release"), "{spent}");
}

/// The status line of the answer to a GET with this `Host`.
fn answer(address: &str, host: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /v2/ HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.lines().next().unwrap().to_owned()
}

#[test]
fn the_servers_of_a_rehearsal_refuse_other_host_names() {
    let (project, made) = project();
    let served = Served::start(project.path(), &made.path().join("dist"));
    let github = served.variable("http_proxy");
    let registry = served.lines.last().unwrap().split("docker://").nth(1).unwrap();
    let registry = registry.split('/').next().unwrap();
    for address in [github.strip_prefix("http://").unwrap(), registry] {
        let port = address.split(':').nth(1).unwrap();
        for host in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1", "github.localhost"] {
            assert_eq!(answer(address, host), "HTTP/1.1 421 Misdirected Request", "{host}");
        }
        for host in [address, &format!("localhost:{port}")] {
            assert!(!answer(address, host).contains("421"), "{host}");
        }
    }
}

#[test]
fn the_printed_commands_fit_the_image() {
    for (table, image) in
        [("image = { name = \"registry.example/other/tool\" }", true), ("image = false", false)]
    {
        let (project, made) = project();
        let project = project.manifest_lines(&format!("[package.metadata.floe]\n{table}"));
        let dist = made.path().join("dist");
        if !image {
            std::fs::remove_dir_all(dist.join("image")).unwrap();
        }
        let mut served = Served::until(if image { "skopeo" } else { "floe verify" }, project.path(), &dist);
        let line = served.lines.iter().find_map(|line| line.trim().strip_prefix("floe ")).unwrap().to_owned();
        let verify = sample::floe(made.path()).args(line.split(' ')).output().unwrap();
        assert!(verify.status.success(), "{line}: {}", String::from_utf8_lossy(&verify.stderr));
        served.process.kill().unwrap();
        let shown: Vec<String> = served.lines.drain(..).chain(served.rest.by_ref()).collect();
        assert_eq!(shown.iter().any(|line| line.contains("skopeo")), image, "{shown:#?}");
    }
}

#[test]
fn every_rehearsal_has_a_new_token() {
    let (project, made) = project();
    let tokens = [(), ()].map(|()| {
        let served = Served::start(project.path(), &made.path().join("dist"));
        let token = served.variable("GH_TOKEN");
        assert!(token.len() >= 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
        assert!(served.lines.iter().any(|line| line.contains("skopeo inspect")), "{:?}", served.lines);
        token
    });
    assert_ne!(tokens[0], tokens[1]);
}
