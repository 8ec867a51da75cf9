//! OCI image layouts (OCI image-spec v1.1) as bytes in a folder: made, read and checked.
//!
//! Nothing in here prints, talks to a network or runs a program. The same inputs give the same bytes on every
//! machine: no clock, no file mode and no order of a folder goes into an image, and `history` never does.

mod annotations;
mod atomic_dir;
mod blobs;
mod build;
mod claimed;
mod config;
mod docker_archive;
mod input;
mod layer;
pub mod layer_reader;
mod layout;
mod measure;
mod rootfs;
mod spec;
mod strict;
mod tarball;

#[cfg(test)]
mod samples;

use std::collections::BTreeMap;
use std::path::PathBuf;

use semver::Version;

use floe_core::model::Commit;

pub use atomic_dir::AtomicDir;
pub use build::build;
pub use claimed::claimed;
pub use layout::{check, check_and_tell, read};
pub use measure::Tell;

/// The most a layer or a docker archive may unpack to, in bytes: what GitHub's registry takes as one layer.
/// It stops a small file that unpacks without end.
pub const UNPACKED_LIMIT: u64 = 10 << 30;

/// The most a JSON document of an image may measure, in bytes (OCI distribution-spec, "Pushing Manifests":
/// registries need not take larger ones).
pub const JSON_LIMIT: u64 = 4 << 20;

/// The most entries an image index may have: far more than there are platforms.
pub const ENTRIES_LIMIT: usize = 32;

/// The most layers an image may have; runtimes stop at 127.
pub const LAYERS_LIMIT: usize = 256;

/// What an image says about itself and how it is started.
#[derive(Debug, Clone)]
pub struct ImageSpec {
    /// The project's name: `org.opencontainers.image.title`.
    pub title: String,
    /// Its version.
    pub version: Version,
    /// One line about it; cut to the 512 characters that GitHub shows.
    pub description: Option<String>,
    /// The licence as an SPDX expression, 256 characters at most.
    pub licenses: Option<String>,
    /// The address of the sources, `https://github.com/owner/name`; GitHub links package and repository by it.
    pub source: Option<String>,
    /// The address of the project's page.
    pub url: Option<String>,
    /// The address of its documentation.
    pub documentation: Option<String>,
    /// The commit it was built from, if it is known.
    pub revision: Option<Commit>,
    /// The time that image and files carry: seconds since 1970-01-01 UTC (`SOURCE_DATE_EPOCH`).
    pub epoch: u64,
    /// The file name of a binary in the image, `/bin/<binary>`; docker archives bring their own.
    pub binary: String,
    /// The entrypoint, instead of `/bin/<binary>` or the docker archive's.
    pub entrypoint: Option<Vec<String>>,
    /// Extra labels, which are also annotations.
    pub labels: BTreeMap<String, String>,
    /// Exposed ports, such as `8080/tcp`.
    pub ports: Vec<String>,
    /// The user as a number, `uid` or `uid:gid`, never root. Default: `65532:65532`.
    pub user: Option<String>,
    /// A file of CA certificates (PEM) for `/etc/ssl/certs/ca-certificates.crt`.
    pub ca_certificates: Option<PathBuf>,
}
