//! Every asset of the release with its size, digest and contents.

use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::image::copies;
use super::{body, digest, table};
use floe_core::model::manifest::Artifact;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Asset, BinaryFacts, Content, Manifest, Release};
use floe_core::units::size;

/// A file's name as one segment of a path (RFC 3986, section 3.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

pub(super) fn show(release: &Release) -> Markup {
    let heads = ["Name", "Size", "Digest", "Contents"];
    let rows = release.assets.iter().map(|asset| {
        let copy = format!("release/assets/{}", utf8_percent_encode(&asset.name, SEGMENT));
        let name = html! { a.path id=(anchor(release, &asset.name)) href=(copy) { (asset.name) } };
        [name, html! { (size(asset.size)) }, digest(&asset.digest), contents(release, asset)]
    });
    html! {
        p.about {
            (release.assets.len()) " files, " (size(release.asset_bytes())) " together."
            " A name links to the copy that this rehearsal downloaded anonymously."
        }
        (table("assets", "Artifacts", &heads, body(&heads, rows)))
    }
}

/// The id of an asset on the page: its position, because a name may hold characters that an id may not.
pub(super) fn anchor(release: &Release, file: &str) -> String {
    let index = release.assets.iter().position(|asset| asset.name == file);
    index.map_or_else(|| "artifacts".to_owned(), |index| format!("asset-{}", index + 1))
}

fn contents(release: &Release, asset: &Asset) -> Markup {
    let Manifest { artifacts, image, .. } = &release.manifest;
    html! {
        @if let Some(artifact) = artifacts.iter().find(|artifact| artifact.file == asset.name) {
            @for binary in &artifact.binaries { .binary { (executable(release, artifact, binary)) } }
        } @else if asset.name == CHECKSUMS {
            (checksums(release, asset))
        } @else if asset.name == Manifest::file_name(&release.name) {
            "The release as data: " (artifacts.len()) @if artifacts.len() == 1 { " archive" } @else { " archives" }
            @if image.is_some() { " and the image" }
        }
    }
}

fn executable(release: &Release, artifact: &Artifact, binary: &BinaryFacts) -> Markup {
    let copies = copies(release, binary);
    let mut platforms = release.image.iter().flat_map(|image| &image.platforms).map(|one| one.platform);
    let own = platforms.find(|platform| artifact.target.platform() == Some(*platform));
    html! {
        p { code.path { (binary.path) } " " (binary.format) ", " (binary.arch) ", " (size(binary.size)) }
        (digest(&binary.digest))
        @for (platform, file) in &copies {
            p.same { "Equal to " code.path { "/" (file.path) } " in the image for " (platform) }
        }
        @if let Some(platform) = own && copies.is_empty() {
            p.other { "No file of the image for " (platform) " is equal to it" }
        }
    }
}

/// Counts the other assets that are listed with the digest they have.
fn checksums(release: &Release, asset: &Asset) -> String {
    let Content::Bytes(bytes) = &asset.content else { return "The digests of the other files".to_owned() };
    let text = String::from_utf8_lossy(bytes);
    let others = release.assets.iter().filter(|other| other.name != asset.name);
    let expected = others.map(|other| format!("{}  {}", other.digest.hex(), other.name));
    let is_listed = |expected: &String| text.lines().any(|line| line == expected);
    let (listed, other): (Vec<_>, Vec<_>) = expected.partition(is_listed);
    format!("The digests of {} of the {} other files", listed.len(), listed.len() + other.len())
}
