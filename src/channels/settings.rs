//! The settings that a release was rendered with, from its manifest: so it can be rendered again without the project.

use floe_core::model::config::{Aur, Chocolatey, Homebrew, Scoop, Winget};
use floe_core::model::places::Submission;
use floe_core::model::{ChannelKind, Channels, Manifest, ManifestChannel};

/// The settings. An entry that floe cannot have written is left out, so the file is missing when they are rendered.
pub fn settings(manifest: &Manifest) -> Channels {
    let mut channels = Channels::NONE;
    for ManifestChannel { kind, repository, path, settings, .. } in &manifest.channels {
        let text = |key: &str| settings.get(key).cloned();
        let repo = || repository.as_ref()?.parse().ok();
        // The name of the file without its extension.
        let stem = || path.rsplit_once('/')?.1.rsplit_once('.').map(|(stem, _)| stem.to_owned());
        match kind {
            ChannelKind::Sh | ChannelKind::Ps1 => channels.installers.push(*kind),
            ChannelKind::Homebrew => {
                channels.homebrew = repo().zip(stem()).map(|(tap, formula)| Homebrew {
                    tap,
                    formula: Some(formula),
                    caveats: text("caveats"),
                    adopt: false,
                });
            }
            ChannelKind::Scoop => {
                let both = repo().zip(stem());
                channels.scoop =
                    both.map(|(bucket, name)| Scoop { bucket, manifest: Some(name), adopt: false });
            }
            ChannelKind::Winget => {
                let id = stem().and_then(|stem| stem.strip_suffix(".installer").map(str::to_owned));
                let fork = || text(Submission::FORK).and_then(|fork| fork.parse().ok());
                let winget = id.map(|id| Winget { id, publisher: text("publisher"), fork: fork() });
                channels.winget = channels.winget.or(winget);
            }
            ChannelKind::Chocolatey => {
                let id = path.strip_suffix(&format!(".{}.nupkg", manifest.version)).map(str::to_owned);
                channels.chocolatey = id.map(|id| Chocolatey {
                    id: Some(id),
                    authors: text("authors"),
                    feed: repository.clone(),
                });
            }
            ChannelKind::Aur => {
                let package = path.strip_suffix("/PKGBUILD").map(str::to_owned);
                let aur = package.map(|name| Aur { package: Some(name), maintainer: text("maintainer") });
                channels.aur = channels.aur.or(aur);
            }
        }
    }
    channels
}
