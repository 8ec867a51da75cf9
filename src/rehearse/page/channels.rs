//! Package managers: the command that users of each type, and the file that it reads.

use maud::{Markup, html};

use super::command;
use crate::package::archive::unzipped;
use crate::release::installs;
use floe_core::model::{ChannelKind, ChannelPlace, Release, Rendered};
use floe_core::plan::{Plan, Step};

/// The channels that the release moves.
fn places(plan: &Plan) -> impl Iterator<Item = &ChannelPlace> {
    plan.steps.iter().filter_map(|planned| match &planned.step {
        Step::Channel { place, .. } => Some(place),
        _ => None,
    })
}

pub(super) fn are_there(plan: &Plan) -> bool {
    places(plan).next().is_some()
}

pub(super) fn show(release: &Release, plan: &Plan) -> Markup {
    let installs = installs(release, plan);
    html! {
        @if are_there(plan) {
            h3 #channels { "Package managers" }
            dl.commands {
                @for place in places(plan) {
                    dt { (name(place.kind)) }
                    dd {
                        @for install in installs.iter().filter(|install| install.kind == place.kind) {
                            (command(&install.command))
                        }
                        @if let Some(waits) = waits(place.kind) { p.about { (waits) } }
                        @for file in release.files_of(place) {
                            details {
                                summary { code { (file.entry.path) } " in " (place.home) }
                                (command(&text(file)))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A file as text: of a package the files that are in it.
fn text(file: &Rendered) -> String {
    let bytes = match file.entry.kind {
        ChannelKind::Chocolatey => unzipped(&file.bytes).unwrap_or_default(),
        _ => file.bytes.clone(),
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The step between the release and its users.
fn waits(kind: ChannelKind) -> Option<&'static str> {
    match kind {
        ChannelKind::Winget => Some("It finds the version once the pull request is merged."),
        ChannelKind::Chocolatey => Some("It finds the version once people have approved it."),
        _ => None,
    }
}

fn name(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Homebrew => "Homebrew",
        ChannelKind::Scoop => "Scoop",
        ChannelKind::Winget => "winget",
        ChannelKind::Chocolatey => "Chocolatey",
        ChannelKind::Aur => "Arch User Repository",
        ChannelKind::Sh => "Shell",
        ChannelKind::Ps1 => "PowerShell",
    }
}
