//! Every file of the release with size and digest, and what is in it.
//!
//! What it says about a file's content comes from the release's own facts or is counted here.

use super::html::Html;
use super::image::holders;
use floe_core::model::manifest::Artifact;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Asset, BinaryFacts, Content, Manifest, Release};
use floe_core::units::size;

/// Writes the table of all assets.
pub(super) fn show(html: &mut Html, release: &Release) {
    let total = format!("{} files, {} together.", release.assets.len(), size(release.asset_bytes()));
    html.element("p", &[("class", "about")], |html| {
        html.text(total);
        html.text(" A name leads to the copy that was downloaded here as a stranger would.");
    });
    html.table(("stack assets", "Artifacts"), &["Name", "Size", "Digest", "What is inside"], |table| {
        table.body(|rows| {
            for asset in &release.assets {
                rows.row(&[("id", &anchor(release, &asset.name))], |row| {
                    row.cell(|html| {
                        let copy = format!("release/assets/{}", path(&asset.name));
                        html.leaf("a", &[("href", &copy), ("class", "path")], &asset.name);
                    });
                    row.text(size(asset.size));
                    row.cell(|html| html.digest(&asset.digest));
                    row.cell(|html| inside(html, release, asset));
                });
            }
        });
    });
}

/// The id of an asset's row; a name may hold what an id may not.
pub(super) fn anchor(release: &Release, file: &str) -> String {
    let index = release.assets.iter().position(|asset| asset.name == file);
    index.map_or_else(|| "artifacts".to_owned(), |index| format!("asset-{}", index + 1))
}

/// A name as one segment of an address.
fn path(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2E", ".")
        .replace("%2D", "-")
        .replace("%5F", "_")
}

fn inside(html: &mut Html, release: &Release, asset: &Asset) {
    if let Some(artifact) = release.manifest.artifacts.iter().find(|artifact| artifact.file == asset.name) {
        for binary in &artifact.binaries {
            html.element("div", &[("class", "binary")], |html| executable(html, release, artifact, binary));
        }
    } else if asset.name == CHECKSUMS {
        html.text(checksums(release, asset));
    } else if asset.name == Manifest::file_name(&release.name) {
        let image = if release.manifest.image.is_some() { " and the image" } else { "" };
        let count = release.manifest.artifacts.len();
        let archives = if count == 1 { "1 archive".to_owned() } else { format!("{count} archives") };
        html.text(format!("The release as data: {archives}{image}"));
    }
}

fn executable(html: &mut Html, release: &Release, artifact: &Artifact, binary: &BinaryFacts) {
    html.element("p", &[], |html| {
        html.leaf("code", &[("class", "path")], &binary.path);
        html.text(format!(" {}, {}, {}", binary.format, binary.arch, size(binary.size)));
    });
    html.digest(&binary.digest);
    let holders = holders(release, binary);
    for (platform, file) in &holders {
        html.element("p", &[("class", "same")], |html| {
            html.text("Equal to ");
            html.leaf("code", &[("class", "path")], format!("/{}", file.path));
            html.text(format!(" in the image for {platform}"));
        });
    }
    let image = release.image.iter().flat_map(|image| &image.platforms);
    let wanted = image.map(|one| one.platform).find(|platform| artifact.target.platform() == Some(*platform));
    if let (Some(platform), true) = (wanted, holders.is_empty()) {
        html.leaf("p", &[("class", "other")], format!("No file of the image for {platform} is equal to it"));
    }
}

/// How many of the other assets it lists with the digest they have.
fn checksums(release: &Release, asset: &Asset) -> String {
    let others: Vec<&Asset> = release.assets.iter().filter(|other| other.name != asset.name).collect();
    let Content::Bytes(bytes) = &asset.content else { return "The digests of the other files".to_owned() };
    let text = String::from_utf8_lossy(bytes);
    let lists = |other: &&&Asset| {
        let line = format!("{}  {}", other.digest.hex(), other.name);
        text.lines().any(|one| one == line)
    };
    format!("The digests of {} of the {} other files", others.iter().filter(lists).count(), others.len())
}
