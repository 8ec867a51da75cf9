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
pub mod reproduce;
pub mod targets;
pub mod tell;
pub mod trial;
pub mod verify;
