//! The image of a release: its index, and manifest, config and layers of each platform, digest by digest.

use std::collections::BTreeSet;

use super::{ComparisonLine, Verdict};
use crate::model::{Digest, Image, Platform, PlatformImage};

/// A kind of part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A JSON document: index, manifest or config.
    Document,
    /// A layer.
    Layer,
}

/// Every part of the image with its name: the index, then platform by platform manifest, config and layers.
pub fn parts(image: &Image) -> Vec<(String, Part, Digest)> {
    let index = ("image".to_owned(), Part::Document, image.index.digest);
    std::iter::once(index).chain(image.platforms.iter().flat_map(parts_of)).collect()
}

fn parts_of(image: &PlatformImage) -> Vec<(String, Part, Digest)> {
    let name = format!("image {}", image.platform);
    let config = (format!("{name} config"), Part::Document, image.config.digest);
    let mut parts = vec![(name.clone(), Part::Document, image.manifest.digest), config];
    let layers = (1..).zip(&image.layers);
    parts.extend(layers.map(|(number, layer)| (format!("{name} layer {number}"), Part::Layer, layer.digest)));
    parts
}

/// A line a part. Every image platform is one that Nix builds, so all of it is claimed.
pub(super) fn compare(published: Option<&Image>, rebuilt: Option<&Image>) -> Vec<ComparisonLine> {
    let (theirs, ours) = match (published, rebuilt) {
        (None, None) => return Vec::new(),
        (Some(theirs), None) => {
            let mut line = ComparisonLine::of("image", Some(theirs.index.digest), None);
            line.add(["no rebuilt dist holds an image".to_owned()]);
            return vec![line];
        }
        (None, Some(ours)) => return vec![ComparisonLine::of("image", None, Some(ours.index.digest))],
        (Some(theirs), Some(ours)) => (theirs, ours),
    };
    let mut lines = vec![ComparisonLine::of("image", Some(theirs.index.digest), Some(ours.index.digest))];
    let platforms = theirs.platforms.iter().chain(&ours.platforms).map(|one| one.platform);
    for platform in platforms.collect::<BTreeSet<Platform>>() {
        let parts = |image: &Image| {
            let one = image.platforms.iter().find(|one| one.platform == platform);
            one.map(parts_of).unwrap_or_default()
        };
        let (theirs, ours) = (parts(theirs), parts(ours));
        let longer = if theirs.len() >= ours.len() { &theirs } else { &ours };
        for (index, (name, _, _)) in longer.iter().enumerate() {
            let digest = |parts: &[(String, Part, Digest)]| parts.get(index).map(|(_, _, digest)| *digest);
            let mut line = ComparisonLine::of(name, digest(&theirs), digest(&ours));
            line.add((line.rebuilt.is_none()).then(|| "no rebuilt image has it".to_owned()));
            lines.push(line);
        }
    }
    let differs = lines.iter().filter(|line| line.verdict != Verdict::Match && is_leaf(&line.name));
    let parts: Vec<&str> = differs.map(|line| line.name.trim_start_matches("image ")).collect();
    if lines[0].verdict == Verdict::Differs && !parts.is_empty() {
        let because = format!("because of {}", parts.join(", "));
        lines[0].add([because]);
    }
    lines
}

/// Whether a part has content of its own; index and manifests follow from those.
fn is_leaf(name: &str) -> bool {
    name.ends_with(" config") || name.contains(" layer ")
}
