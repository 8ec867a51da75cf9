//! The problems that a release can have before it is published, as data and as lines to read.

use std::path::PathBuf;

use semver::Version;

use super::ASSET_LIMIT;
use crate::model::{Commit, Digest, Platform, Tag, Target};
use floe_audit::rules::Violation;

/// Something that makes a release not well formed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "a variant's line says what its fields are")]
pub enum Problem {
    /// There is nothing to release.
    #[error("there is no archive in the given folders")]
    Empty,
    /// A file has another size than its record says.
    #[error("`{file}` has {found} bytes, but its record says {record}")]
    WrongSize { file: String, found: u64, record: u64 },
    /// A file has another digest than its record says.
    #[error("`{file}` has the digest {found}, but its record says {record}")]
    WrongDigest { file: String, found: Digest, record: Digest },
    /// A record is missing or cannot be read.
    #[error("`{file}` has no usable record: {why}")]
    BadRecord { file: String, why: String },
    /// A record without its archive.
    #[error("`{file}` is a record, but its archive is not there")]
    LonelyRecord { file: String },
    /// An archive cannot be opened.
    #[error("`{file}` cannot be opened: {why}")]
    BadArchive { file: String, why: String },
    /// The content of an archive is not what its record says.
    #[error("`{path}` {why} (`{file}`)")]
    Contents { file: String, path: String, why: &'static str },
    /// A binary would not run on a common host.
    #[error("`{path}` in `{file}`: {violation}")]
    Portability { file: String, path: String, violation: Violation },
    /// A link where a file should be.
    #[error("`{path}` is a link; a dist holds the files themselves")]
    Link { path: PathBuf },
    /// A rendered file that is not what the release renders.
    #[error("`{path}` is not what floe renders for this release: it was edited, or is of another release")]
    Edited { path: PathBuf },
    /// A file that is not part of the release.
    #[error("`{path}` is not part of the release; list further files as `assets` in [package.metadata.floe]")]
    Stray { path: PathBuf },
    /// A project's name that no asset can have.
    #[error(
        "`{file}` is of a project called `{name}`; an asset's name takes up to 100 letters, digits and `._+-`"
    )]
    BadName { file: String, name: String },
    /// The name of an archive is not the one its record leads to.
    #[error("`{file}` should be called `{expected}`")]
    WrongName { file: String, expected: String },
    /// An archive is of another project.
    #[error("`{file}` is an archive of `{found}`, not of `{expected}`")]
    WrongProject { file: String, found: String, expected: String },
    /// An archive is of another version.
    #[error("`{file}` is version {found}, but the release is {expected}")]
    WrongVersion { file: String, found: Version, expected: Version },
    /// The tag names another version.
    #[error("tag `{tag}` names version {}, but the project is at {version}", .tag.version())]
    WrongTag { tag: Tag, version: Version },
    /// An archive was built from another commit.
    #[error("`{file}` was built from commit {}, not from {}", .found.short(), .expected.short())]
    WrongCommit { file: String, found: Commit, expected: Commit },
    /// The same target twice.
    #[error("target {} is there more than once: {}", .target.name(), .files.join(", "))]
    TwiceTarget { target: Target, files: Vec<String> },
    /// A promised target is not there.
    #[error("target {} is missing", .target.name())]
    MissingTarget { target: Target },
    /// A target is there that the release does not promise.
    #[error("`{file}` is for {}, which the release does not promise", .target.name())]
    ExtraTarget { target: Target, file: String },
    /// An archive lacks a binary.
    #[error("`{file}` lacks the binary `{binary}`")]
    MissingBinary { file: String, binary: String },
    /// An archive has no SBOM.
    #[error("`{file}` has no SBOM; pack it again, or write `sbom = false` under [package.metadata.floe]")]
    MissingSbom { file: String },
    /// An archive has an SBOM that the release does not promise.
    #[error("`{file}` has an SBOM, but the release has none (`sbom = false`); pack it again")]
    ExtraSbom { file: String },
    /// The SBOM that a record names is not there.
    #[error("`{sbom}` is missing, the SBOM that the record of `{file}` names")]
    AbsentSbom { sbom: String, file: String },
    /// An SBOM cannot be read, or does not describe the archive.
    #[error("`{sbom}` is not the SBOM of `{file}`: {why}")]
    BadSbom { sbom: String, file: String, why: String },
    /// A file that the project or a record promises is not there.
    #[error("`{file}` is missing, which a record or [package.metadata.floe] promises")]
    MissingFile { file: String },
    /// Two files of one name differ.
    #[error("`{}` and `{}` have the same name and differ", .paths[0].display(), .paths[1].display())]
    TwiceFile { paths: [PathBuf; 2] },
    /// A file is larger than GitHub accepts.
    #[error("`{file}` has {size} bytes; GitHub accepts files below {ASSET_LIMIT} bytes")]
    TooLarge { file: String, size: u64 },
    /// More assets than GitHub accepts.
    #[error("{count} assets are more than the 1000 that GitHub accepts")]
    TooMany { count: usize },
    /// The promised image is not there.
    #[error("the image is missing: no dist holds `image/`")]
    MissingImage,
    /// An image is there that the release does not promise.
    #[error("`{path}` is an image, but the release has no image")]
    ExtraImage { path: PathBuf },
    /// More than one image.
    #[error("there is more than one image: {}", quoted(.paths))]
    TwoImages { paths: Vec<PathBuf> },
    /// The image layout is broken.
    #[error("the image `{path}` is broken: {why}")]
    BadImage { path: PathBuf, why: String },
    /// A promised platform is not in the image.
    #[error("the image lacks {platform}")]
    MissingPlatform { platform: Platform },
    /// A platform is in the image that the release does not promise.
    #[error("the image holds {platform}, which the release does not promise")]
    ExtraPlatform { platform: Platform },
    /// A binary in the image is not the one in the archives.
    #[error("the image for {platform}: {why}")]
    ImageBinary { platform: Platform, why: String },
    /// A label of the image names another version or commit.
    #[error("the image's label `{label}` is `{found}`, but it should be `{expected}`")]
    ImageLabel { label: &'static str, found: String, expected: String },
}

fn quoted(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
}
