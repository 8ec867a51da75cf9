//! Files that are rendered from a release manifest: installers, and the files of package managers.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Arch, Digest, Os, Target};

/// The kind of a rendered file, by the program that reads it. The order is the one in which channels are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// The installer for Unix shells, an asset of the release.
    Sh,
    /// The installer for PowerShell, an asset of the release.
    Ps1,
    /// A formula in a Homebrew tap.
    Homebrew,
    /// A manifest in a Scoop bucket.
    Scoop,
    /// A manifest in winget's repository of packages.
    Winget,
    /// A package for a Chocolatey feed.
    Chocolatey,
    /// A build script of the Arch User Repository.
    Aur,
}

impl ChannelKind {
    /// Whether the file is an asset of the release itself. Any other file belongs to a repository of its own.
    pub fn is_asset(self) -> bool {
        matches!(self, ChannelKind::Sh | ChannelKind::Ps1)
    }

    /// Whether it installs what is built for a target.
    pub fn is_for(self, target: Target) -> bool {
        let (_, systems, processors) = self.hosts();
        systems.contains(&target.os) && processors.is_none_or(|all| all.contains(&target.arch))
    }

    /// The systems that it installs on, in words.
    pub fn systems(self) -> &'static str {
        self.hosts().0
    }

    /// The machines that it installs on: in words, their systems, and their processors if it is not all.
    fn hosts(self) -> (&'static str, &'static [Os], Option<&'static [Arch]>) {
        const UNIX: &[Os] = &[Os::Linux, Os::Macos];
        const USUAL: &[Arch] = &[Arch::X86_64, Arch::Aarch64];
        match self {
            ChannelKind::Sh => ("macOS or Linux", UNIX, None),
            ChannelKind::Homebrew => ("macOS or Linux on x86-64 or ARM64", UNIX, Some(USUAL)),
            ChannelKind::Ps1 | ChannelKind::Scoop | ChannelKind::Winget => ("Windows", &[Os::Windows], None),
            ChannelKind::Chocolatey => ("Windows on x86-64", &[Os::Windows], Some(&[Arch::X86_64])),
            ChannelKind::Aur => ("Linux", &[Os::Linux], None),
        }
    }
}

floe_audit::display_as_serde!(ChannelKind);

/// A file that was rendered from a release manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its entry in the manifest.
    pub entry: ManifestChannel,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A rendered file as the release manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestChannel {
    /// The program that reads it.
    pub kind: ChannelKind,
    /// The repository that it belongs to: `owner/name` on GitHub, or the host of a feed. None for an asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Its path in that repository, with slashes; the name of an asset.
    pub path: String,
    /// Its digest.
    pub digest: Digest,
    /// The revision of the text that it was rendered from. Another revision renders other bytes.
    pub revision: u32,
    /// The settings that it was rendered with and that neither the path nor the rest of the manifest holds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

const MARKER: &str = "Made by floe from the release manifest of ";
/// The lines of a file in which the marker is looked for: JSON has it after the brace.
const MARKER_LINES: usize = 3;
/// The longest first lines that are read.
const MARKER_BYTES: usize = 4096;

/// The origin that a rendered file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// The project.
    pub name: String,
    /// The version.
    pub version: Version,
}

impl Marker {
    /// The text of the marker, which is in one of the first lines of every rendered text.
    pub fn text(name: &str, version: &Version) -> String {
        format!("{MARKER}{name} {version}.")
    }

    /// The marker of a file; `None` if floe has not rendered it.
    pub fn of(file: &[u8]) -> Option<Self> {
        let head = String::from_utf8_lossy(&file[..file.len().min(MARKER_BYTES)]);
        let marked = head.lines().take(MARKER_LINES).find_map(|line| line.split_once(MARKER))?.1;
        let (name, rest) = marked.split_once(' ')?;
        let version = rest.split(|c: char| c.is_whitespace() || c == '"').next()?.strip_suffix('.')?;
        Some(Marker { name: name.to_owned(), version: version.parse().ok()? })
    }
}

/// The SHA-256 digests that a text names, in either case: two files of the same ones install the same archives.
pub fn digests(file: &[u8]) -> BTreeSet<Digest> {
    let text = String::from_utf8_lossy(file).to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.len() == 64).filter_map(|word| format!("sha256:{word}").parse().ok()).collect()
}

/// Whether a text names digests, and none but these: it installs no other archives.
pub fn installs(archives: &BTreeSet<Digest>, file: &[u8]) -> bool {
    let named = digests(file);
    !named.is_empty() && named.is_subset(archives)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_from_the_first_lines_only() {
        let version: Version = "1.4.0-rc.1".parse().unwrap();
        let text = Marker::text("tool", &version);
        let marker = Some(Marker { name: "tool".to_owned(), version });
        for file in [
            format!("# {text}\nclass Tool\n"),
            format!("{{\n    \"##\": \"{text}\",\n"),
            format!("\u{feff}<?xml?>\r\n<!-- {text} -->\r\n"),
        ] {
            assert_eq!(Marker::of(file.as_bytes()), marker, "{file}");
        }
        for file in ["", "class Tool\n", "# Made by floe from the release manifest of tool\n", "\n\n\n\n"] {
            assert_eq!(Marker::of(file.as_bytes()), None, "{file}");
        }
        assert_eq!(Marker::of(format!("\n\n\n# {text}\n").as_bytes()), None);
    }

    #[test]
    fn digests_of_both_cases_are_found() {
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let file = format!(
            "sha256 \"{}\"\nInstallerSha256: {}\nx{}",
            one.hex(),
            two.hex().to_uppercase(),
            one.hex()
        );
        assert_eq!(digests(file.as_bytes()), BTreeSet::from([one, two]));
    }
}
