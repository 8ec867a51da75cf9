//! floe turns a git tag into a release: the same bytes from any machine, checked before anyone sees them,
//! published all at once.
//!
//! **floe observes, then plans, then executes.** Observing and executing ([`release`]) use the network; planning
//! ([`floe_core::plan`]) is a pure function of what was observed. No state file is read: after a failure, the next run
//! observes and plans again, and executes only the missing steps.
//!
//! Modules in reading order:
//!
//! 1. [`cli`]: the arguments; [`commands`]: one file a subcommand; [`error`]: failures with a hint and an exit code;
//!    [`environment`]: its variables.
//! 2. [`release`]: from dists and arguments to a release, a session with the servers, a plan, and its execution.
//! 3. [`github`], [`registry`], [`download`]: the clients; [`net`]: their transport, retries, URL rules and tokens.
//! 4. [`package`]: archives; [`image`]: the OCI layout; [`files`]: atomic files and folders.
//!    [`attest`]: what a Sigstore bundle must say of a release.
//!    [`channels`]: installers, and files for package managers.
//! 5. [`project`]: Cargo, git, the repository, and `floe init`.
//! 6. [`report`]: the only module that prints.
//! 7. `rehearse`: the whole release on this machine (feature `rehearse`, on by default).

pub mod attest;
pub mod channels;
pub mod cli;
pub mod commands;
pub mod download;
pub mod environment;
pub mod error;
pub mod feed;
pub mod files;
pub mod github;
pub mod image;
pub mod net;
pub mod package;
pub mod project;
pub mod registry;
#[cfg(feature = "rehearse")]
pub mod rehearse;
pub mod release;
pub mod report;
pub mod token;

use cli::Command;
use net::stop;
use release::session::install_tls;
use report::Report;

/// Runs a subcommand. With `--strict` it fails if there was a warning.
pub fn run(command: Command, report: &Report) -> anyhow::Result<()> {
    let result = match command {
        Command::Package(args) => offline(report, || commands::package::package(args, report)),
        Command::Assemble(args) => offline(report, || commands::assemble::assemble(args, report)),
        Command::Audit(args) => offline(report, || commands::audit::audit(args, report)),
        Command::Image(args) => offline(report, || commands::image::image(args, report)),
        Command::Init(args) => offline(report, || commands::init::init(args, report)),
        Command::Targets(args) => commands::targets::targets(args, report),
        Command::Completions(args) => commands::completions::completions(args, report),
        Command::Plan(args) => online(commands::plan::plan(args, report)),
        Command::Publish(args) => online(commands::publish::publish(args, report)),
        Command::Verify(args) => online(commands::verify::verify(args, report)),
        Command::Reproduce(args) => online(commands::reproduce::reproduce(args, report)),
        #[cfg(feature = "rehearse")]
        Command::Rehearse(args) => online(rehearse::rehearse(args, report)),
    };
    result.and_then(|()| report.check_results()).and_then(|()| report.refuse_warnings())
}

/// Runs what writes files and talks to no server. A signal removes its temporary files.
fn offline(report: &Report, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _inside = runtime.enter();
    stop::listen(report);
    work()
}

/// Runs what talks to servers; the runtime and the TLS provider are made only for it.
fn online(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    install_tls();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}
