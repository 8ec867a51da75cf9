//! The image: how it is pulled, what each of its platforms is made of, and whether its binaries are the archives'.
//!
//! Sameness is a comparison of digests; where there is nothing to compare with, it says so.

use super::html::Html;
use floe_core::model::manifest::Artifact;
use floe_core::model::{BinaryFacts, Blob, Entry, Image, Platform, PlatformImage, Release};
use floe_core::plan::{Plan, Step};
use floe_core::units::size;

/// So many files are listed at once; more of them open with a click.
const FILES_SHOWN: usize = 12;

/// Writes the image.
pub(super) fn show(html: &mut Html, release: &Release, image: &Image, plan: &Plan) {
    let name = &release.home.image;
    html.leaf("h3", &[("id", "image")], "Image");
    html.command(&format!("docker pull {}", name.at(&image.index.digest)));
    let tags = plan.steps.iter().find_map(|planned| match &planned.step {
        Step::TagImage { tags, .. } => Some(tags),
        _ => None,
    });
    if let Some(tags) = tags {
        html.element("p", &[], |html| {
            html.text("The same by tag: ");
            for (index, tag) in tags.iter().enumerate() {
                html.text(if index == 0 { "" } else { ", " });
                html.code(format!("{name}:{tag}"));
            }
            html.text(". Tags move with later releases, the digest never does.");
        });
    }
    for one in &image.platforms {
        platform(html, release, one);
    }
}

fn platform(html: &mut Html, release: &Release, one: &PlatformImage) {
    let bytes: u64 = one.layers.iter().chain([&one.config, &one.manifest]).map(|blob| blob.size).sum();
    html.element("h4", &[], |html| {
        html.text(format!("{} ", one.platform));
        html.leaf("small", &[], size(bytes));
    });
    html.table(
        ("stack parts", &format!("Parts of the image for {}", one.platform)),
        &["Part", "Size", "Digest"],
        |table| {
            table.body(|rows| {
                let mut part = |name: String, blob: &Blob| {
                    rows.row(&[], |row| {
                        row.cell(|html| {
                            html.text(name);
                            html.leaf("small", &[], &blob.media_type);
                        });
                        row.text(size(blob.size));
                        row.cell(|html| html.digest(&blob.digest));
                    });
                };
                part("Manifest".to_owned(), &one.manifest);
                part("Config".to_owned(), &one.config);
                for (index, layer) in one.layers.iter().enumerate() {
                    part(format!("Layer {} of {}", index + 1, one.layers.len()), layer);
                }
            });
        },
    );
    let bytes: u64 = one.files.iter().map(|file| file.size).sum();
    let summary = match one.files.len() {
        1 => format!("1 file in it, {}", size(bytes)),
        many => format!("{many} files in it, {}", size(bytes)),
    };
    let open: &[_] = if one.files.len() <= FILES_SHOWN { &[("open", "")] } else { &[] };
    html.element("details", open, |html| {
        html.leaf("summary", &[], summary);
        files(html, release, one);
    });
}

fn files(html: &mut Html, release: &Release, one: &PlatformImage) {
    html.table(
        ("stack parts", &format!("Files of the image for {}", one.platform)),
        &["File", "Size", "Digest"],
        |table| {
            table.body(|rows| {
                for file in &one.files {
                    rows.row(&[], |row| {
                        row.cell(|html| {
                            html.leaf("code", &[("class", "path")], format!("/{}", file.path));
                            html.leaf("small", &[], format!("mode {:04o}", file.mode));
                        });
                        row.text(size(file.size));
                        row.cell(|html| {
                            html.digest(&file.digest);
                            kinship(html, release, one.platform, file);
                        });
                    });
                }
            });
        },
    );
}

/// What an image's file has to do with the archives.
enum Kin<'a> {
    /// It has the digest of this binary.
    Same(&'a Artifact, &'a BinaryFacts),
    /// It is called like this binary of the same platform's archive, but is another one.
    Other(&'a Artifact, &'a BinaryFacts),
}

fn kinship(html: &mut Html, release: &Release, platform: Platform, file: &Entry) {
    let Some(kin) = kin(release, platform, file) else { return };
    let (class, before, artifact, binary) = match kin {
        Kin::Same(artifact, binary) => ("same", "Equal to ", artifact, binary),
        Kin::Other(artifact, binary) => ("other", "Not equal to ", artifact, binary),
    };
    html.element("p", &[("class", class)], |html| {
        html.text(before);
        html.code(&binary.name);
        html.text(" in ");
        html.element(
            "a",
            &[("href", &format!("#{}", super::artifacts::anchor(release, &artifact.file)))],
            |html| {
                html.text(&artifact.file);
            },
        );
    });
}

fn kin<'a>(release: &'a Release, platform: Platform, file: &Entry) -> Option<Kin<'a>> {
    let own = |artifact: &&Artifact| artifact.target.platform() == Some(platform);
    let artifacts = &release.manifest.artifacts;
    let binaries = |artifact: &'a Artifact| artifact.binaries.iter().map(move |binary| (artifact, binary));
    let (first, rest): (Vec<_>, Vec<_>) = artifacts.iter().partition(own);
    let same = first
        .iter()
        .chain(&rest)
        .copied()
        .flat_map(binaries)
        .find(|(_, binary)| binary.digest == file.digest);
    if let Some((artifact, binary)) = same {
        return Some(Kin::Same(artifact, binary));
    }
    let name = file.path.rsplit('/').next();
    let other = first.into_iter().flat_map(binaries).find(|(_, binary)| Some(binary.name.as_str()) == name);
    other.map(|(artifact, binary)| Kin::Other(artifact, binary))
}

/// The files of the image that have a binary's digest, each with its platform.
pub(super) fn holders<'a>(release: &'a Release, binary: &BinaryFacts) -> Vec<(Platform, &'a Entry)> {
    let platforms = release.image.iter().flat_map(|image| &image.platforms);
    platforms
        .flat_map(|one| one.files.iter().map(|file| (one.platform, file)))
        .filter(|(_, file)| file.digest == binary.digest)
        .collect()
}
