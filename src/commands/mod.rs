//! One file a verb; each reads top to bottom as that verb's pipeline.

pub mod assemble;
pub mod audit;
pub mod completions;
pub mod image;
pub mod init;
pub mod package;
pub mod plan;
pub mod publish;
pub mod reproduce;
pub mod targets;
pub mod verify;

use std::path::Path;

use crate::cli::{ProjectArgs, RemoteArgs};
use crate::project::{cargo, repository};
use crate::release::{inputs, session};
use floe_core::model::Repo;

/// The repository that the arguments name, or the one of the current folder. Neither git nor Cargo is run before it is
/// needed.
fn repo(args: &ProjectArgs, remote: &RemoteArgs) -> anyhow::Result<Repo> {
    let folder = match args.manifest_path.as_deref().and_then(Path::parent) {
        Some(folder) => std::path::absolute(folder)?,
        None => cargo::current_folder()?,
    };
    let site = session::known_site(remote);
    match repository::outside_cargo(remote.repo.as_ref(), &folder, site.as_deref())? {
        Some(repo) => Ok(repo),
        None => repository::find(inputs::find_project(args)?.as_ref(), None, site.as_deref()),
    }
}
