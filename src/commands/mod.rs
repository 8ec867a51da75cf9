//! One file a verb; each reads top to bottom as that verb's pipeline.

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

use crate::cli::{ProjectArgs, RemoteArgs};
use crate::project::repo_context::RepoContext;

/// The project and the repository that the arguments name, or those of the current folder.
fn context(project: &ProjectArgs, remote: &RemoteArgs) -> RepoContext {
    RepoContext::new(project.manifest_path.clone(), project.package.clone(), remote.repo.clone())
}
