//! One file a verb; each reads top to bottom as that verb's pipeline.

pub mod audit;
pub mod completions;
pub mod gather;
pub mod image;
pub mod init;
pub mod outlook;
pub mod package;
pub mod plan;
pub mod publish;
pub mod rehearse;
pub mod reproduce;
pub mod targets;
pub mod tell;
pub mod trial;
pub mod verify;

use crate::cli::Command;
use crate::io::remote::install_tls;
use crate::report::Report;

/// Runs the verb that was typed.
///
/// # Errors
/// Whatever the verb could not do.
pub fn run(command: Command, report: &Report) -> anyhow::Result<()> {
    match command {
        Command::Package(args) => package::package(args, report),
        Command::Audit(args) => audit::audit(args, report),
        Command::Image(args) => image::image(args, report),
        Command::Init(args) => init::init(args, report),
        Command::Targets(args) => targets::targets(args, report),
        Command::Completions(args) => completions::completions(args, report),
        Command::Plan(args) => online(plan::plan(args, report)),
        Command::Publish(args) => online(publish::publish(args, report)),
        Command::Verify(args) => online(verify::verify(args, report)),
        Command::Reproduce(args) => online(reproduce::reproduce(args, report)),
        Command::Rehearse(args) => online(rehearse::rehearse(args, report)),
    }
}

/// Runs what talks to servers; the runtime and the TLS provider are made only for it.
fn online(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    install_tls();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}
