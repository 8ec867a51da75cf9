//! The settings that a release was rendered with, from its manifest: so it can be rendered again without the project.

use std::collections::BTreeMap;

use floe_core::model::config::{Aur, Chocolatey, Homebrew, Scoop, Winget};
use floe_core::model::places::Submission;
use floe_core::model::{ChannelKind, Channels, Manifest, ManifestChannel};

/// The settings. An entry that floe cannot have written is left out, so the file is missing when they are rendered.
pub fn settings(manifest: &Manifest) -> Channels {
    let mut channels = Channels::NONE;
    for entry in &manifest.channels {
        match entry.kind {
            kind @ (ChannelKind::Sh | ChannelKind::Ps1) => channels.installers.push(kind),
            ChannelKind::Homebrew => channels.homebrew = homebrew(entry),
            ChannelKind::Scoop => channels.scoop = scoop(entry),
            ChannelKind::Winget => channels.winget = channels.winget.or_else(|| winget(entry)),
            ChannelKind::Chocolatey => channels.chocolatey = chocolatey(manifest, entry),
            ChannelKind::Aur => channels.aur = channels.aur.or_else(|| aur(entry)),
        }
    }
    channels
}

fn homebrew(entry: &ManifestChannel) -> Option<Homebrew> {
    Some(Homebrew {
        tap: entry.repository.as_ref()?.parse().ok()?,
        formula: Some(stem(entry)?),
        caveats: text(&entry.settings, "caveats"),
        adopt: false,
    })
}

fn scoop(entry: &ManifestChannel) -> Option<Scoop> {
    Some(Scoop {
        bucket: entry.repository.as_ref()?.parse().ok()?,
        manifest: Some(stem(entry)?),
        adopt: false,
    })
}

fn winget(entry: &ManifestChannel) -> Option<Winget> {
    let id = stem(entry)?.strip_suffix(".installer")?.to_owned();
    let fork = text(&entry.settings, Submission::FORK).and_then(|fork| fork.parse().ok());
    Some(Winget { id, publisher: text(&entry.settings, "publisher"), fork })
}

fn chocolatey(manifest: &Manifest, entry: &ManifestChannel) -> Option<Chocolatey> {
    let id = entry.path.strip_suffix(".nupkg")?.strip_suffix(&format!(".{}", manifest.version))?.to_owned();
    Some(Chocolatey {
        id: Some(id),
        authors: text(&entry.settings, "authors"),
        feed: entry.repository.clone(),
    })
}

fn aur(entry: &ManifestChannel) -> Option<Aur> {
    let package = entry.path.strip_suffix("/PKGBUILD")?.to_owned();
    Some(Aur { package: Some(package), maintainer: text(&entry.settings, "maintainer") })
}

/// The name of the file without its extension.
fn stem(entry: &ManifestChannel) -> Option<String> {
    let (_, name) = entry.path.rsplit_once('/')?;
    name.rsplit_once('.').map(|(stem, _)| stem.to_owned())
}

fn text(settings: &BTreeMap<String, String>, key: &str) -> Option<String> {
    settings.get(key).cloned()
}
