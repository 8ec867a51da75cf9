//! Images as data: names, platforms, and what one multi-platform OCI image holds.
//!
//! Nothing in here reads a layout.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Arch, Digest, Entry};
use crate::untrusted::text::has_only;

/// An OCI platform that floe makes images for (OCI image-spec, "Image Index": `platform`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// `linux/amd64`.
    LinuxAmd64,
    /// `linux/arm64`.
    LinuxArm64,
    /// `linux/arm/v7`.
    LinuxArmV7,
    /// `linux/riscv64`.
    LinuxRiscv64,
}

impl Platform {
    /// Every platform floe makes images for.
    pub const ALL: [Platform; 4] =
        [Platform::LinuxAmd64, Platform::LinuxArm64, Platform::LinuxArmV7, Platform::LinuxRiscv64];

    /// The `os` field of the specification.
    pub fn os(self) -> &'static str {
        "linux"
    }

    fn row(self) -> (&'static str, Option<&'static str>, Arch) {
        match self {
            Platform::LinuxAmd64 => ("amd64", None, Arch::X86_64),
            Platform::LinuxArm64 => ("arm64", None, Arch::Aarch64),
            Platform::LinuxArmV7 => ("arm", Some("v7"), Arch::Arm),
            Platform::LinuxRiscv64 => ("riscv64", None, Arch::Riscv64),
        }
    }

    /// The `architecture` field of the specification, in Go's spelling.
    pub fn architecture(self) -> &'static str {
        self.row().0
    }

    /// The `variant` field of the specification, for a platform that has one.
    pub fn variant(self) -> Option<&'static str> {
        self.row().1
    }

    /// The instruction set of its binaries.
    pub fn arch(self) -> Arch {
        self.row().2
    }

    /// Every platform in a list for people: `linux/amd64, linux/arm64 and …`.
    pub fn list() -> String {
        let [first @ .., last] = Platform::ALL.map(|platform| platform.to_string());
        format!("{} and {last}", first.join(", "))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os(), self.architecture())?;
        self.variant().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Platform::ALL.into_iter().find(|platform| platform.to_string() == text).ok_or_else(|| {
            format!("`{text}` is not a platform that floe makes images for; those are {}", Platform::list())
        })
    }
}

/// The name of an image: a registry's host and a repository in it, without tag or digest
/// (OCI distribution-spec, "Pulling manifests": `<name>`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageName {
    registry: String,
    repository: String,
}

impl ImageName {
    /// The registry's host, with a port where there is one: `ghcr.io`, `127.0.0.1:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The address of the registry. Docker Hub's is not that of its name.
    pub fn address(&self) -> String {
        let host = if self.registry == "docker.io" { "registry-1.docker.io" } else { &self.registry };
        format!("https://{host}")
    }

    /// The repository in the registry, lower-case: `acme/floe`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The first part of the repository, which is a user or an organisation: `acme`.
    pub fn owner(&self) -> &str {
        self.repository.split('/').next().unwrap_or_default()
    }

    /// Where the settings of the package are, for a name at GHCR; there is no API for them.
    pub fn settings(&self) -> Option<String> {
        let (owner, package) = self.repository.split_once('/').filter(|_| self.registry == "ghcr.io")?;
        let package = package.replace('/', "%2F");
        Some(format!(
            "https://github.com/users/{owner}/packages/container/{package}/settings (an organisation's: \
             https://github.com/orgs/{owner}/packages/container/{package}/settings)"
        ))
    }

    /// The name with a digest, the form that always means the same bytes.
    pub fn at(&self, digest: &Digest) -> String {
        format!("{self}@{digest}")
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)
    }
}

impl FromStr for ImageName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The text may hold a password, so it is not repeated.
        let secret = text.contains('@') && !text.contains("@sha256:");
        let shown = if secret { "the given text".to_owned() } else { format!("`{text}`") };
        let refuse =
            |why: &str| format!("{shown} is not an image name: {why}; write it as ghcr.io/owner/name");
        let (registry, repository) = text.split_once('/').ok_or_else(|| refuse("it has no registry"))?;
        if registry.contains('@') {
            return Err(refuse("a registry's URL must not contain a user or a password"));
        }
        let is_registry = registry.contains(['.', ':']) || registry == "localhost";
        if !is_registry || !is_host(registry) {
            return Err(refuse("its first part is not a registry's host"));
        }
        let component = |part: &str| {
            let edge = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            edge(part.bytes().next())
                && edge(part.bytes().last())
                && has_only(part, "._-")
                && part == part.to_ascii_lowercase()
        };
        if !repository.split('/').all(component) {
            return Err(refuse(
                "a repository is lower-case letters, digits and ._- between slashes, without a tag",
            ));
        }
        Ok(ImageName { registry: registry.to_owned(), repository: repository.to_owned() })
    }
}

/// A host and, where there is one, a port (RFC 3986, section 3.2.2), and nothing that an address could go on with.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
    let is_name = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => has_only(address, ":."),
        None => has_only(host, ".-"),
    };
    text.len() <= 255 && is_name && port.is_none_or(is_port)
}

as_text!(Platform, ImageName);

/// Checks a port of a container: `8080`, `8080/tcp`, `53/udp` or `5060/sctp`.
///
/// # Errors
/// A sentence about `text`.
pub fn parse_port(text: &str) -> Result<String, String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    match (parse_digits::<u16>(number), protocol) {
        (Some(1..), "tcp" | "udp" | "sctp") => Ok(text.to_owned()),
        _ => Err(format!("`{text}` is not a port; write it as 8080/tcp or 53/udp")),
    }
}

/// Checks the user of a container, `uid` or `uid:gid`: numbers, because an image may have no passwd file, and never root.
///
/// # Errors
/// A sentence about `text`.
pub fn parse_user(text: &str) -> Result<String, String> {
    let (user, group) = text.split_once(':').unwrap_or((text, "0"));
    let problem = match (parse_digits::<u32>(user), parse_digits::<u32>(group)) {
        (Some(0), _) => "root",
        (Some(_), Some(_)) => return Ok(text.to_owned()),
        _ => "not a number",
    };
    Err(format!("`{text}` is {problem}; write a numeric uid or uid:gid such as 65532:65532"))
}

/// A number without a sign.
fn parse_digits<N: FromStr>(text: &str) -> Option<N> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A piece of content in an OCI layout or registry (OCI image-spec, "Descriptor").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its media type, as the specification names it.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// The path of a blob in a layout (OCI image-spec, "OCI Image Layout").
pub fn blob_path(layout: &Path, digest: &Digest) -> PathBuf {
    layout.join("blobs").join("sha256").join(digest.hex())
}

/// One multi-platform image as it lies in an OCI layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The layout's folder; blobs are at `blobs/sha256/<hex>` below it.
    pub layout: PathBuf,
    /// The image index: the thing that tags point to.
    pub index: Blob,
    /// The index's annotations.
    pub annotations: BTreeMap<String, String>,
    /// The images in the index, sorted by platform; one a platform.
    pub platforms: Vec<PlatformImage>,
}

/// The image of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformImage {
    /// Where it runs.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: Blob,
    /// Its config.
    pub config: Blob,
    /// Its layers, bottom first.
    pub layers: Vec<Blob>,
    /// The regular files of its layers, by path without a leading slash.
    pub files: Vec<Entry>,
    /// The one of these files that a container starts; `None` if the layers were not read.
    pub program: Option<String>,
    /// Those of the targets' standard loaders that the image holds.
    pub loaders: Vec<String>,
}

impl Image {
    /// Every blob a registry must hold before the manifests may be pushed: configs and layers, each once,
    /// in an order that does not depend on anything but the image.
    pub fn blobs(&self) -> Vec<&Blob> {
        let mut seen = std::collections::BTreeSet::new();
        self.platforms
            .iter()
            .flat_map(|image| image.layers.iter().chain([&image.config]))
            .filter(|blob| seen.insert(blob.digest))
            .collect()
    }

    /// Every manifest in the order in which it must be pushed: platforms first, the index last.
    pub fn manifests(&self) -> Vec<&Blob> {
        self.platforms.iter().map(|image| &image.manifest).chain([&self.index]).collect()
    }

    /// The path of a blob in the layout.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        blob_path(&self.layout, digest)
    }

    /// The bytes a registry stores for this image: blobs and manifests.
    pub fn size(&self) -> u64 {
        self.blobs().iter().chain(&self.manifests()).map(|blob| blob.size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_have_a_number_and_a_protocol() {
        for port in ["1", "80", "8080/tcp", "53/udp", "5060/sctp", "65535"] {
            assert_eq!(parse_port(port).as_deref(), Ok(port));
        }
        for port in ["0", "65536", "http", "80/icmp", "+80", "", "80/", "/tcp"] {
            assert!(parse_port(port).unwrap_err().contains("is not a port"), "{port}");
        }
    }

    #[test]
    fn users_are_numbers_and_never_root() {
        for user in ["1", "1000:0", "65532:65532"] {
            assert_eq!(parse_user(user).as_deref(), Ok(user));
        }
        for user in ["0", "0:0", "00", "0:7"] {
            assert!(parse_user(user).unwrap_err().contains("is root"), "{user}");
        }
        for user in ["root", "65532:users", "", "-1", "+5", "1:2:3", "4294967296"] {
            assert!(parse_user(user).unwrap_err().contains("is not a number"), "{user}");
        }
    }

    #[test]
    fn a_registry_is_at_the_host_of_its_name_but_docker_hub() {
        for (name, address) in [
            ("ghcr.io/acme/tool", "https://ghcr.io"),
            ("registry.example:5000/tool", "https://registry.example:5000"),
            ("docker.io/acme/tool", "https://registry-1.docker.io"),
        ] {
            let name: ImageName = name.parse().unwrap();
            assert_eq!(name.address(), address);
        }
    }

    #[test]
    fn image_names_are_parsed() {
        for fine in ["127.0.0.1:5000/a", "localhost/a", "[::1]:5000/a", "[::1]/a", "my-registry.example:80/a"]
        {
            assert!(fine.parse::<ImageName>().is_ok(), "{fine}");
        }
        let name: ImageName = "ghcr.io/acme/floe".parse().unwrap();
        assert_eq!((name.registry(), name.repository()), ("ghcr.io", "acme/floe"));
        for wrong in [
            "acme/floe",
            "ghcr.io",
            "ghcr.io/Acme/floe",
            "ghcr.io/acme/floe:1",
            "u:p@ghcr.io/a/b",
            "ghcr.io//a",
            "ghcr.io?x=/a",
            "ghcr.io#/a",
            "ghcr.io\n::x/a",
            "evil.org\\/a",
            "ghcr.io:/a",
            "ghcr.io:+80/a",
            "ghcr.io:70000/a",
            "a:b@ghcr.io:1/a",
            "[::1/a",
        ] {
            assert!(wrong.parse::<ImageName>().is_err(), "{wrong}");
        }
    }
}
