//! The image: how to pull it, the files of each platform, and which of its files are the binaries of the archives.

use maud::{Markup, html};

use super::{body, command, digest, table};
use floe_core::model::manifest::Artifact;
use floe_core::model::{BinaryFacts, Entry, Image, Platform, PlatformImage, Release};
use floe_core::plan::{Plan, Step};
use floe_core::units::size;

/// A longer list of files is folded.
const FILES_SHOWN: usize = 12;

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
        @for one in &image.platforms { (platform(release, one)) }
    }
}

fn platform(release: &Release, one: &PlatformImage) -> Markup {
    let files = one.files.iter().map(|file| {
        let name = html! { code.path { "/" (file.path) } small { "mode " (format!("{:04o}", file.mode)) } };
        let digest = html! { (digest(&file.digest)) (origin(release, one.platform, file)) };
        [name, html! { (size(file.size)) }, digest]
    });
    let blobs = one.layers.iter().chain([&one.manifest, &one.config]);
    let bytes: u64 = blobs.map(|blob| blob.size).sum();
    html! {
        h3 { (one.platform) " " small { (size(bytes)) } }
        (digest(&one.manifest.digest))
        details open[one.files.len() <= FILES_SHOWN] {
            summary {
                (one.files.len()) @if one.files.len() == 1 { " file, " } @else { " files, " }
                (size(one.files.iter().map(|file| file.size).sum()))
            }
            @let heads = ["File", "Size", "Digest"];
            (table("parts", &format!("Files of the image for {}", one.platform), &heads, body(&heads, files)))
        }
    }
}

/// Compares a file with the binaries of the archives: by digest, or else by name with those for its own platform.
fn origin(release: &Release, platform: Platform, file: &Entry) -> Markup {
    let artifacts = || release.manifest.artifacts.iter();
    let all = || artifacts().flat_map(|one| one.binaries.iter().map(move |binary| (one, binary)));
    let is_own = |artifact: &Artifact| artifact.target.platform() == Some(platform);
    let is_equal = |binary: &BinaryFacts| binary.digest == file.digest;
    let is_namesake = |binary: &BinaryFacts| file.path.rsplit('/').next() == Some(&binary.name);
    let found = all()
        .find(|(_, binary)| is_equal(binary))
        .or_else(|| all().find(|(artifact, binary)| is_own(artifact) && is_namesake(binary)));
    html! {
        @if let Some((artifact, binary)) = found {
            @let (class, verdict) = if is_equal(binary) { ("same", "Equal to ") } else { ("other", "Not equal to ") };
            p.(class) {
                (verdict) code { (binary.name) } " in "
                a href={ "#asset-" (artifact.file) } { (artifact.file) }
            }
        }
    }
}
