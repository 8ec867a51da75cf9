//! The image: how to pull it, and its platforms.

use maud::{Markup, html};

use super::{command, digest};
use floe_core::model::{Image, Release};
use floe_core::plan::{Plan, Step};
use floe_core::units::size;

pub(super) fn show(release: &Release, image: &Image, plan: &Plan) -> Markup {
    let name = &release.destination.image;
    let tags = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::TagImage { tags, .. } => Some(tags),
        _ => None,
    });
    html! {
        (command(&format!("docker pull {}", name.at(&image.index.digest))))
        @if let Some(tags) = tags {
            p {
                "The same by tag: "
                @for (index, tag) in tags.iter().enumerate() { @if index > 0 { ", " } code { (name) ":" (tag) } }
                ". Later releases move the tags; the digest never changes."
            }
        }
        dl.files {
            @for one in &image.platforms {
                @let blobs = one.layers.iter().chain([&one.manifest, &one.config]);
                dt { (one.platform) " " small { (size(blobs.map(|blob| blob.size).sum())) } }
                dd { (digest(&one.manifest.digest)) }
            }
        }
    }
}
