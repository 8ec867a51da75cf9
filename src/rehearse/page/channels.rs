//! Package managers: the files that they read.

use maud::{Markup, html};

use super::command;
use crate::package::archive::unzipped;
use floe_core::model::{ChannelKind, ChannelPlace, Release, Rendered};
use floe_core::plan::{Plan, Step};

/// The files of the channels that the release changes, if there are any.
pub(super) fn show(release: &Release, plan: &Plan) -> Option<Markup> {
    let places = plan.steps.iter().filter_map(|planned| match &planned.step {
        Step::Channel { place, .. } => Some(place),
        _ => None,
    });
    let places: Vec<&ChannelPlace> = places.collect();
    let files = html! {
        p.about { "The files that they read, and that this release changes." }
        @for place in &places {
            @if let Some(waits) = waits(place.kind) { p.about { (waits) } }
            @for file in release.files_of(place) {
                details {
                    summary { code { (file.entry.path) } " in " (place.home) }
                    (command(&text(file)))
                }
            }
        }
    };
    (!places.is_empty()).then_some(files)
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
        ChannelKind::Winget => Some("winget finds the version once the pull request is merged."),
        ChannelKind::Chocolatey => Some("Chocolatey finds the version once people have approved it."),
        _ => None,
    }
}
