//! Every asset of the release with its size, digest and contents.

use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{body, digest, table};
use floe_core::model::manifest::Artifact;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Asset, Manifest, Release};
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

fn is_sbom(artifact: &Artifact, name: &str) -> bool {
    artifact.sbom.as_ref().is_some_and(|sbom| sbom.file == name)
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
            @for binary in &artifact.binaries { .binary {
                p { code.path { (binary.path) } " " (binary.format) ", " (binary.arch) ", " (size(binary.size)) }
                (digest(&binary.digest))
            } }
        } @else if let Some(artifact) = artifacts.iter().find(|one| is_sbom(one, &asset.name)) {
            "The crates in " code.path { (artifact.file) }
        } @else if asset.name == CHECKSUMS {
            "The digests of the other files"
        } @else if asset.name == Manifest::file_name(&release.name) {
            "The release as data: " (artifacts.len()) @if artifacts.len() == 1 { " archive" } @else { " archives" }
            @if image.is_some() { " and the image" }
        }
    }
}
