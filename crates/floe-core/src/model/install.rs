//! The commands that install a release, one a channel.

use super::places::Feed;
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
    let site = page.rsplitn(3, '/').nth(2).unwrap_or_default();
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
            let tap = format!("{owner}/{}", tap.strip_prefix("homebrew-")?);
            // Homebrew looks for a tap on github.com.
            let add = match site {
                "https://github.com" => String::new(),
                site => format!("brew tap {tap} {site}/{repository} && "),
            };
            ("Homebrew", format!("{add}brew install {tap}/{stem}"))
        }
        ChannelKind::Scoop => {
            let (owner, _) = repository.split_once('/')?;
            let bucket = format!("scoop bucket add {owner} {site}/{repository}");
            ("Scoop", format!("{bucket}; scoop install {owner}/{stem}"))
        }
        ChannelKind::Winget => {
            let id = stem.strip_suffix(".installer")?;
            ("winget", format!("winget install --exact --id {id}"))
        }
        ChannelKind::Chocolatey => {
            let id = stem.strip_suffix(&format!(".{}", manifest.version))?;
            // Elsewhere the name may be that of another package.
            let source = match repository {
                push if push == Feed::COMMUNITY.0 => String::new(),
                host => format!(" --source https://{host}/api/v2"),
            };
            ("Chocolatey", format!("choco install {id}{source}"))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_names_the_server_where_it_is_not_the_usual_one() {
        let command = |page: &str, kind: &str, repository: &str, path: &str| {
            let digest = crate::model::Digest::of(b"");
            let entry = json!({ "kind": kind, "repository": repository, "path": path, "digest": digest, "revision": 1 });
            let manifest = json!({
                "schema": 1, "name": "tool", "version": "1.4.0", "tag": "v1.4.0", "repository": page,
                "commit": "0".repeat(40), "artifacts": [], "channels": [entry],
            });
            commands(&serde_json::from_value(manifest).unwrap()).remove(0).command
        };
        let (public, own) = ("https://github.com/acme/tool", "https://ghe.example.org/acme/tool");
        let (tap, bucket, package) = ("acme/homebrew-tap", "acme/bucket", "tool.1.4.0.nupkg");
        for (page, kind, repository, path, expected) in [
            (public, "homebrew", tap, "Formula/t.rb", "brew install acme/tap/t"),
            (
                own,
                "homebrew",
                tap,
                "Formula/t.rb",
                "brew tap acme/tap https://ghe.example.org/acme/homebrew-tap && brew install acme/tap/t",
            ),
            (
                own,
                "scoop",
                bucket,
                "bucket/t.json",
                "scoop bucket add acme https://ghe.example.org/acme/bucket; scoop install acme/t",
            ),
            (public, "chocolatey", "push.chocolatey.org", package, "choco install tool"),
            (
                public,
                "chocolatey",
                "choco.example.org",
                package,
                "choco install tool --source https://choco.example.org/api/v2",
            ),
        ] {
            assert_eq!(command(page, kind, repository, path), expected);
        }
    }
}
