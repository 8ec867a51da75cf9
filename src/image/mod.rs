//! OCI image layouts (OCI image-spec v1.1): made, read and checked as files in a folder.
//!
//! The same inputs give the same bytes on every machine: an image depends neither on the clock, nor on modes or the
//! order of files on disk.

mod build;
mod config;
mod docker_archive;
mod draft;
mod input;
mod layer;
pub mod layer_reader;
mod layout;
mod measure;
mod rootfs;
mod start;
mod strict;
mod tarball;

use std::path::PathBuf;

use semver::Version;

use floe_core::model::config::ImageSettings;
use floe_core::model::{About, ImageName, Source};

/// Where programs look for CA certificates.
pub const CERTIFICATES: [&str; 4] = [
    "etc/ssl/certs/ca-certificates.crt",
    "etc/ssl/certs/ca-bundle.crt",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/cert.pem",
];

pub use build::{build, stage};
pub use draft::LayoutDraft;
pub use layout::{check, check_to};

/// The most bytes that a layer or a docker archive may unpack to: GitHub's registry takes no larger layer.
pub const UNPACKED_LIMIT: u64 = 10 << 30;

/// The most bytes of a JSON document of an image (OCI distribution-spec, "Pushing Manifests": registries may refuse
/// larger ones).
pub const JSON_LIMIT: u64 = 4 << 20;

/// The most entries of an image index, far more than there are platforms.
pub const ENTRIES_LIMIT: usize = 32;

/// The most layers of an image; container runtimes take 127.
pub const LAYERS_LIMIT: usize = 256;

/// The metadata of an image, and how it is started.
#[derive(Debug, Clone)]
pub struct ImageSpec {
    /// The name under which it is published.
    pub name: ImageName,
    /// The project's name: `org.opencontainers.image.title`.
    pub title: String,
    /// Its version.
    pub version: Version,
    /// Its description of itself.
    pub about: About,
    /// The address of the repository, `https://github.com/owner/name`, by which GitHub links package and repository.
    pub repository: String,
    /// The address of its documentation.
    pub documentation: Option<String>,
    /// The commit it was built from, and the time of image and files.
    pub source: Source,
    /// The names of the released binaries, the main one first. They are at `/bin/<name>`, unless a docker archive has them.
    pub binaries: Vec<String>,
    /// The project's settings. Their name is an option; [`ImageSpec::name`] counts.
    pub settings: ImageSettings,
    /// A file of CA certificates (PEM) for `/etc/ssl/certs/ca-certificates.crt`.
    pub ca_certificates: Option<PathBuf>,
}
