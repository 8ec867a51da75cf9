//! The commands that install a release, one a channel.

use super::{ChannelKind, Manifest, ManifestChannel};

/// A command that installs a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// The channel.
    pub kind: ChannelKind,
    /// Where it is typed, in words for people.
    pub place: &'static str,
    /// The command, in one line.
    pub command: String,
}

/// The commands for the channels of a release, in their order. A build script is not installed by a command.
pub fn commands(manifest: &Manifest) -> Vec<Install> {
    manifest.channels.iter().filter_map(|entry| install(manifest, entry)).collect()
}

fn install(manifest: &Manifest, entry: &ManifestChannel) -> Option<Install> {
    let Manifest { repository: page, tag, .. } = manifest;
    let asset = || format!("{page}/releases/download/{tag}/{}", entry.path);
    let repository = entry.repository.as_deref().unwrap_or_default();
    let file = entry.path.rsplit('/').next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let (place, command) = match entry.kind {
        ChannelKind::Sh => {
            ("macOS and Linux", format!("curl --proto '=https' --tlsv1.2 -fsSL {} | sh", asset()))
        }
        ChannelKind::Ps1 => {
            ("Windows", format!("powershell -ExecutionPolicy Bypass -c \"irm {} | iex\"", asset()))
        }
        // The full name: a formula of a tap that is not Homebrew's own is trusted by nothing less.
        ChannelKind::Homebrew => {
            let (owner, tap) = repository.split_once('/')?;
            ("Homebrew", format!("brew install {owner}/{}/{stem}", tap.strip_prefix("homebrew-")?))
        }
        ChannelKind::Scoop => {
            let (owner, _) = repository.split_once('/')?;
            let site = page.rsplitn(3, '/').nth(2)?;
            let bucket = format!("scoop bucket add {owner} {site}/{repository}");
            ("Scoop", format!("{bucket}; scoop install {owner}/{stem}"))
        }
        ChannelKind::Winget => {
            let id = stem.strip_suffix(".installer")?;
            ("winget", format!("winget install --exact --id {id}"))
        }
        ChannelKind::Chocolatey => {
            let id = stem.strip_suffix(&format!(".{}", manifest.version))?;
            ("Chocolatey", format!("choco install {id}"))
        }
        ChannelKind::Aur => return None,
    };
    Some(Install { kind: entry.kind, place, command })
}

impl Install {
    /// The commands as Markdown.
    pub fn markdown(installs: &[Install]) -> String {
        let block = |install: &Install| {
            let language = match install.kind {
                ChannelKind::Sh | ChannelKind::Homebrew => "sh",
                _ => "powershell",
            };
            format!("{}:\n\n```{language}\n{}\n```\n", install.place, install.command)
        };
        installs.iter().map(block).collect::<Vec<_>>().join("\n")
    }
}
