//! The problems that a release can have before it is published, as data and as lines to read.

use std::fmt;
use std::path::PathBuf;

use semver::Version;

use super::ASSET_LIMIT;
use crate::model::{Commit, Digest, Platform, Tag, Target};
use floe_audit::rules::Violation;

/// Something that makes a release not well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a variant's line says what its fields are")]
pub enum Problem {
    /// There is nothing to release.
    Empty,
    /// A file has another size than its record says.
    WrongSize { file: String, found: u64, record: u64 },
    /// A file has another digest than its record says.
    WrongDigest { file: String, found: Digest, record: Digest },
    /// A record is missing or cannot be read.
    BadRecord { file: String, why: String },
    /// A record without its archive.
    LonelyRecord { file: String },
    /// An archive cannot be opened.
    BadArchive { file: String, why: String },
    /// The content of an archive is not what its record says.
    Contents { file: String, path: String, why: &'static str },
    /// A binary would not run on a common host.
    Portability { file: String, path: String, violation: Violation },
    /// A link where a file should be.
    Link { path: PathBuf },
    /// A rendered file that is not what the release renders.
    Edited { path: PathBuf },
    /// A file that is not part of the release.
    Stray { path: PathBuf },
    /// A project's name that no asset can have.
    BadName { file: String, name: String },
    /// The name of an archive is not the one its record leads to.
    WrongName { file: String, expected: String },
    /// An archive is of another project.
    WrongProject { file: String, found: String, expected: String },
    /// An archive is of another version.
    WrongVersion { file: String, found: Version, expected: Version },
    /// The tag names another version.
    WrongTag { tag: Tag, version: Version },
    /// An archive was built from another commit.
    WrongCommit { file: String, found: Commit, expected: Commit },
    /// The same target twice.
    TwiceTarget { target: Target, files: Vec<String> },
    /// A promised target is not there.
    MissingTarget { target: Target },
    /// A target is there that the release does not promise.
    ExtraTarget { target: Target, file: String },
    /// An archive lacks a binary.
    MissingBinary { file: String, binary: String },
    /// An archive has no SBOM.
    MissingSbom { file: String },
    /// An archive has an SBOM that the release does not promise.
    ExtraSbom { file: String },
    /// The SBOM that a record names is not there.
    AbsentSbom { sbom: String, file: String },
    /// An SBOM cannot be read, or does not describe the archive.
    BadSbom { sbom: String, file: String, why: String },
    /// A file that the project or a record promises is not there.
    MissingFile { file: String },
    /// Two files of one name differ.
    TwiceFile { paths: [PathBuf; 2] },
    /// A file is larger than GitHub accepts.
    TooLarge { file: String, size: u64 },
    /// More assets than GitHub accepts.
    TooMany { count: usize },
    /// The promised image is not there.
    MissingImage,
    /// An image is there that the release does not promise.
    ExtraImage { path: PathBuf },
    /// More than one image.
    TwoImages { paths: Vec<PathBuf> },
    /// The image layout is broken.
    BadImage { path: PathBuf, why: String },
    /// A promised platform is not in the image.
    MissingPlatform { platform: Platform },
    /// A platform is in the image that the release does not promise.
    ExtraPlatform { platform: Platform },
    /// A binary in the image is not the one in the archives.
    ImageBinary { platform: Platform, why: String },
    /// A label of the image names another version or commit.
    ImageLabel { label: &'static str, found: String, expected: String },
    /// The version cannot be an image tag.
    NotATag { version: Version },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Empty => write!(f, "there is no archive in the given folders"),
            Problem::WrongSize { file, found, record } => {
                write!(f, "`{file}` has {found} bytes, but its record says {record}")
            }
            Problem::WrongDigest { file, found, record } => {
                write!(f, "`{file}` has the digest {found}, but its record says {record}")
            }
            Problem::BadRecord { file, why } => write!(f, "`{file}` has no usable record: {why}"),
            Problem::LonelyRecord { file } => write!(f, "`{file}` is a record, but its archive is not there"),
            Problem::BadArchive { file, why } => write!(f, "`{file}` cannot be opened: {why}"),
            Problem::Contents { file, path, why } => write!(f, "`{path}` {why} (`{file}`)"),
            Problem::Portability { file, path, violation } => write!(f, "`{path}` in `{file}`: {violation}"),
            Problem::Link { path } => {
                write!(f, "`{}` is a link; a dist holds the files themselves", path.display())
            }
            Problem::Edited { path } => write!(
                f,
                "`{}` is not what floe renders for this release: it was edited, or is of another release",
                path.display()
            ),
            Problem::Stray { path } => write!(
                f,
                "`{}` is not part of the release; list further files as `assets` in [package.metadata.floe]",
                path.display()
            ),
            Problem::BadName { file, name } => write!(
                f,
                "`{file}` is of a project called `{name}`; an asset's name takes up to 100 letters, digits and `._+-`"
            ),
            Problem::WrongName { file, expected } => write!(f, "`{file}` should be called `{expected}`"),
            Problem::WrongProject { file, found, expected } => {
                write!(f, "`{file}` is an archive of `{found}`, not of `{expected}`")
            }
            Problem::WrongVersion { file, found, expected } => {
                write!(f, "`{file}` is version {found}, but the release is {expected}")
            }
            Problem::WrongTag { tag, version } => {
                write!(f, "tag `{tag}` names version {}, but the project is at {version}", tag.version())
            }
            Problem::WrongCommit { file, found, expected } => {
                write!(f, "`{file}` was built from commit {}, not from {}", found.short(), expected.short())
            }
            Problem::TwiceTarget { target, files } => {
                write!(f, "target {} is there more than once: {}", target.name(), files.join(", "))
            }
            Problem::MissingTarget { target } => write!(f, "target {} is missing", target.name()),
            Problem::ExtraTarget { target, file } => {
                write!(f, "`{file}` is for {}, which the release does not promise", target.name())
            }
            Problem::MissingBinary { file, binary } => write!(f, "`{file}` lacks the binary `{binary}`"),
            Problem::MissingSbom { file } => write!(
                f,
                "`{file}` has no SBOM; pack it again, or write `sbom = false` under [package.metadata.floe]"
            ),
            Problem::ExtraSbom { file } => {
                write!(f, "`{file}` has an SBOM, but the release has none (`sbom = false`); pack it again")
            }
            Problem::AbsentSbom { sbom, file } => {
                write!(f, "`{sbom}` is missing, the SBOM that the record of `{file}` names")
            }
            Problem::BadSbom { sbom, file, why } => {
                write!(f, "`{sbom}` is not the SBOM of `{file}`: {why}")
            }
            Problem::MissingFile { file } => {
                write!(f, "`{file}` is missing, which a record or [package.metadata.floe] promises")
            }
            Problem::TwiceFile { paths: [one, other] } => {
                write!(f, "`{}` and `{}` have the same name and differ", one.display(), other.display())
            }
            Problem::TooLarge { file, size } => {
                write!(f, "`{file}` has {size} bytes; GitHub accepts files below {ASSET_LIMIT} bytes")
            }
            Problem::TooMany { count } => {
                write!(f, "{count} assets are more than the 1000 that GitHub accepts")
            }
            Problem::MissingImage => write!(f, "the image is missing: no dist holds `image/`"),
            Problem::ExtraImage { path } => {
                write!(f, "`{}` is an image, but the release has no image", path.display())
            }
            Problem::TwoImages { paths } => {
                let paths: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
                write!(f, "there is more than one image: {}", paths.join(", "))
            }
            Problem::BadImage { path, why } => write!(f, "the image `{}` is broken: {why}", path.display()),
            Problem::MissingPlatform { platform } => write!(f, "the image lacks {platform}"),
            Problem::ExtraPlatform { platform } => {
                write!(f, "the image holds {platform}, which the release does not promise")
            }
            Problem::ImageBinary { platform, why } => write!(f, "the image for {platform}: {why}"),
            Problem::ImageLabel { label, found, expected } => {
                write!(f, "the image's label `{label}` is `{found}`, but it should be `{expected}`")
            }
            Problem::NotATag { version } => {
                write!(
                    f,
                    "version {version} has build metadata, which no image tag can hold (OCI tags cannot contain `+`)"
                )
            }
        }
    }
}
