//! The nouns of a release: plain data, parsed once and carried as types.
//!
//! Nothing in here touches a file, the network, the environment or a terminal.

/// Serialises a type as its `Display` and reads it back with its `FromStr`.
macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

pub mod assembly;
pub mod body;
pub mod built_on;
pub mod changelog;
pub mod channel;
pub mod config;
pub mod dependencies;
pub mod digest;
pub mod extras;
pub mod image;
pub mod install;
pub mod manifest;
pub mod member;
pub mod notes;
pub mod packages;
pub mod places;
pub mod record;
pub mod release;
#[expect(missing_docs, reason = "the fields are the format's")]
pub mod sbom;
pub mod schema;
pub mod subject;
pub mod tag;
pub mod target;

pub use assembly::Assembly;
pub use built_on::BuiltOn;
pub use channel::{ChannelKind, ManifestChannel, Marker, Rendered};
pub use config::{Channels, Config};
pub use dependencies::{CrateSource, Dependency};
pub use digest::{Digest, Hasher, Hashing};
pub use extras::{Completions, Extras};
pub use floe_audit::{Arch, Facts, Format, Rule};
pub use image::{Blob, Image, ImageName, Platform, PlatformImage};
pub use manifest::Manifest;
pub use member::{Member, Nature};
pub use packages::{PackageFacts, PackageKind};
pub use places::ChannelPlace;
pub use record::{About, BinaryFacts, Entry, FileFacts, Minisign, Record, Source, spdx};
pub use release::{Asset, Attestation, Content, Destination, PromisedFile, Release, ReleaseParts};
pub use sbom::{Sbom, SbomFacts};
pub use schema::Schema;
pub use subject::Subject;
pub use tag::{Commit, Repo, Tag};
pub use target::{ArchiveKind, Builder, Native, Os, Target};

/// A document as it is written: indented JSON with a final newline, always the same bytes.
pub fn to_json(document: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(document).expect("it has only string keys") + "\n"
}
