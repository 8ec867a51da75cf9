//! The embedded GitHub and registry in a process of their own: this very program, started again.
//!
//! They end when their stdin does, also if the benchmark was killed.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use floe::rehearse::servers::{self, USER};
use floe::report::Report;
use floe::token::Token;
use floe_core::model::notes::NotesSource;
use floe_core::model::{Attestation, Destination, ImageName, Release, ReleaseParts, Repo, Tag};

use crate::COMMIT;
use crate::watch::{Usage, Watcher};

/// The token at both servers.
const TOKEN: &str = "token-of-the-benchmark";
/// The repository that is released to.
pub const REPO: &str = "acme/tool";

/// The two servers, running and watched.
pub struct Servers {
    child: Child,
    watcher: Watcher,
    github: String,
    registry: String,
}

impl Servers {
    /// Starts them with their state in a folder.
    ///
    /// # Errors
    /// The process cannot be started, or says no addresses.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let start = || {
            let mut child = Command::new(std::env::current_exe()?)
                .arg("--serve")
                .arg(folder)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let watcher = Watcher::of(&child);
            let stdout = child.stdout.take().context("it has no stdout")?;
            let mut lines = BufReader::new(stdout).lines();
            let mut line = || lines.next().context("it ended")?.context("it cannot be read");
            let (github, registry) = (line()?, line()?);
            anyhow::Ok(Servers { child, watcher, github, registry })
        };
        start().context("failed to start the embedded servers")
    }

    /// Leads a verb of floe here, with the right to publish.
    pub fn reached_by<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .args(["--repo", REPO, "--api-url", &self.github, "--registry-url", &self.registry])
            .env("GITHUB_TOKEN", TOKEN)
            .env("FLOE_REGISTRY_USER", USER)
            .env("FLOE_REGISTRY_TOKEN", TOKEN)
    }

    /// Ends them.
    ///
    /// # Errors
    /// They did not end well, or nothing was seen of them.
    pub fn stop(mut self) -> anyhow::Result<Usage> {
        let usage = self.watcher.stop()?;
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        anyhow::ensure!(status.success(), "the embedded servers ended with {status}");
        Ok(usage)
    }
}

/// The started process: serves, says its two addresses, and ends with its stdin.
///
/// # Errors
/// The folder cannot be used or no port can be had.
pub fn until_stdin_ends(folder: &Path, report: &Report) -> anyhow::Result<()> {
    floe::release::session::install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let token = Token::from(TOKEN.to_owned());
    let release = release()?;
    let servers = runtime.block_on(servers::Servers::start(folder, &release, 0, token))?;
    for server in &servers.running[..2] {
        report.out(server.url());
    }
    std::io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn release() -> anyhow::Result<Release> {
    let parse = || {
        let repo: Repo = REPO.parse()?;
        let image: ImageName = format!("ghcr.io/{REPO}").parse()?;
        let page = format!("https://github.com/{REPO}");
        Ok(Destination {
            repo,
            page,
            tag: "v1.4.0".parse::<Tag>()?,
            commit: COMMIT.parse()?,
            image,
            may_be_latest: true,
            attach: false,
            built_on: None,
        })
    };
    let destination = parse().map_err(|error: String| anyhow::anyhow!(error))?;
    let (archives, files, attestation) = (Vec::new(), Vec::new(), Attestation::default());
    let parts = ReleaseParts {
        archives,
        files,
        image: None,
        destination,
        notes: NotesSource::Generated,
        attestation,
    };
    Ok(Release::new(parts, Vec::new(), Vec::new()))
}
