//! The annotations of an image (OCI image-spec, annotations.md: "Pre-Defined Annotation Keys"). One set serves as
//! the labels of the configs, which docker shows, and the annotations of manifests and index, which GitHub shows.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

use super::ImageSpec;
use crate::error::Failure;
use floe_core::clock;
use floe_core::oci::PROGRAMS;

/// The prefix of the pre-defined keys.
const PREFIX: &str = "org.opencontainers.image.";

/// The characters of a description that GitHub shows.
const DESCRIPTION_LIMIT: usize = 512;

/// The characters of a licence that GitHub shows.
const LICENSES_LIMIT: usize = 256;

/// The pre-defined keys that labels of the project cannot set, because floe knows their values.
const FACTS: [&str; 4] = ["version", "revision", "created", "ref.name"];

/// The annotations of a project's image.
pub fn annotations(spec: &ImageSpec) -> anyhow::Result<BTreeMap<String, String>> {
    let texts = [
        ("title", Some(spec.title.clone())),
        ("description", spec.about.description.as_deref().map(shortened)),
        ("version", Some(spec.version.to_string())),
        ("revision", spec.source.commit.as_ref().map(ToString::to_string)),
        ("created", Some(created(spec.source.epoch)?)),
        ("source", Some(spec.repository.clone())),
        ("url", spec.about.homepage.clone()),
        ("documentation", spec.documentation.clone()),
        ("licenses", spec.about.license.clone()),
    ];
    let texts = texts.into_iter().map(|(key, text)| (format!("{PREFIX}{key}"), text.unwrap_or_default()));
    let programs = (PROGRAMS.to_owned(), spec.settings.programs.join(" "));
    let mut set: BTreeMap<String, String> =
        texts.chain([programs]).filter(|(_, text)| !text.is_empty()).collect();
    for (key, value) in &spec.settings.labels {
        ensure!(!key.trim().is_empty(), "a label has no name");
        if key == PROGRAMS || key.strip_prefix(PREFIX).is_some_and(|key| FACTS.contains(&key)) {
            return Err(Failure::new(format!("the label `{key}` cannot be set"))
                .hint("remove it from `labels` in `[package.metadata.floe.image]`; floe sets it itself")
                .into());
        }
        set.insert(key.clone(), value.clone());
    }
    let licenses = set.get(&format!("{PREFIX}licenses")).map_or(0, |text| text.chars().count());
    if licenses > LICENSES_LIMIT {
        let why = format!("the licence has {licenses} characters, but an image takes {LICENSES_LIMIT}");
        let hint = "set `license` in Cargo.toml to an SPDX expression, such as `MIT OR Apache-2.0`";
        return Err(Failure::new(why).hint(hint).into());
    }
    Ok(set)
}

/// The time in RFC 3339, as `created` has it in configs and annotations.
pub fn created(epoch: u64) -> anyhow::Result<String> {
    clock::rfc3339(epoch)
        .with_context(|| format!("`{epoch}` is not a time in seconds since 1970 that files can have"))
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= DESCRIPTION_LIMIT {
        return text.to_owned();
    }
    text.chars().take(DESCRIPTION_LIMIT - 1).chain(['…']).collect()
}
