//! The settings that a release was rendered with, from its manifest: so it can be rendered again without the project.

use std::collections::BTreeMap;

use floe_core::model::config::{Homebrew, Scoop};
use floe_core::model::{ChannelKind, Channels, Manifest, ManifestChannel};

/// The settings. An entry that floe cannot have written is left out, so the file is missing when they are rendered.
pub fn settings(manifest: &Manifest) -> Channels {
    let mut channels = Channels::NONE;
    for entry in &manifest.channels {
        match entry.kind {
            kind @ (ChannelKind::Sh | ChannelKind::Ps1) => channels.installers.push(kind),
            ChannelKind::Homebrew => channels.homebrew = homebrew(entry),
            ChannelKind::Scoop => channels.scoop = scoop(entry),
            ChannelKind::Winget | ChannelKind::Chocolatey | ChannelKind::Aur => {}
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

/// The name of the file without its extension.
fn stem(entry: &ManifestChannel) -> Option<String> {
    let (_, name) = entry.path.rsplit_once('/')?;
    name.rsplit_once('.').map(|(stem, _)| stem.to_owned())
}

fn text(settings: &BTreeMap<String, String>, key: &str) -> Option<String> {
    settings.get(key).cloned()
}
