//! The annotations of an image (OCI image-spec, annotations.md: "Pre-Defined Annotation Keys"). One set serves as the labels
//! of the configs, which docker shows, and the annotations of manifests and index, which GitHub shows.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use chrono::{DateTime, SecondsFormat};

use super::ImageSpec;
use crate::error::Failure;

/// The prefix of the pre-defined keys.
const PREFIX: &str = "org.opencontainers.image.";

/// The characters of a description that GitHub shows.
const DESCRIPTION_LIMIT: usize = 512;

/// The characters of a licence that GitHub shows.
const LICENSES_LIMIT: usize = 256;

/// The keys that labels of the project cannot set, because floe knows their values.
const FACTS: [&str; 4] = ["version", "revision", "created", "ref.name"];

/// The annotations of a project's image.
pub fn annotations(spec: &ImageSpec) -> anyhow::Result<BTreeMap<String, String>> {
    let created = created(spec.epoch)?;
    let texts = [
        ("title", Some(spec.title.clone())),
        ("description", spec.description.as_deref().map(shortened)),
        ("version", Some(spec.version.to_string())),
        ("revision", spec.revision.as_ref().map(ToString::to_string)),
        ("created", Some(created)),
        ("source", spec.source.clone()),
        ("url", spec.url.clone()),
        ("documentation", spec.documentation.clone()),
        ("licenses", spec.licenses.clone()),
    ];
    let mut set: BTreeMap<String, String> = texts
        .into_iter()
        .filter_map(|(key, text)| Some((format!("{PREFIX}{key}"), text.filter(|text| !text.is_empty())?)))
        .collect();
    for (key, value) in &spec.labels {
        ensure!(!key.trim().is_empty(), "a label has no name");
        if FACTS.iter().any(|fact| key.strip_prefix(PREFIX) == Some(*fact)) {
            return Err(Failure::new(format!("the label `{key}` cannot be set"))
                .hint("remove it from `labels` in `[package.metadata.floe.image]`; floe sets it itself")
                .into());
        }
        set.insert(key.clone(), value.clone());
    }
    let licenses = set.get(&format!("{PREFIX}licenses")).map_or(0, |text| text.chars().count());
    if licenses > LICENSES_LIMIT {
        return Err(Failure::new(format!(
            "the licence has {licenses} characters, but an image takes {LICENSES_LIMIT}"
        ))
        .hint("set `license` in Cargo.toml to an SPDX expression, such as `MIT OR Apache-2.0`")
        .into());
    }
    Ok(set)
}

/// The time in RFC 3339, as `created` has it in configs and annotations.
pub fn created(epoch: u64) -> anyhow::Result<String> {
    let time = i64::try_from(epoch).ok().and_then(|epoch| DateTime::from_timestamp(epoch, 0));
    // The most seconds of a ustar header; RFC 3339 has four digits for the year.
    let time = time.filter(|_| epoch < 0o77777777777);
    let time =
        time.with_context(|| format!("`{epoch}` is not a time in seconds since 1970 that files can have"))?;
    Ok(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= DESCRIPTION_LIMIT {
        return text.to_owned();
    }
    text.chars().take(DESCRIPTION_LIMIT - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::samples::image_spec;

    #[test]
    fn the_set_is_what_is_known_and_no_more() {
        let set = annotations(&image_spec()).unwrap();
        let lines: Vec<String> = set.iter().map(|(key, value)| format!("{key}={value}")).collect();
        expect_test::expect![[r#"
            org.opencontainers.image.created=2001-09-09T01:46:40Z
            org.opencontainers.image.description=Turns a tag into a release
            org.opencontainers.image.licenses=MIT OR Apache-2.0
            org.opencontainers.image.revision=3f9ac21000000000000000000000000000000000
            org.opencontainers.image.source=https://github.com/acme/floe
            org.opencontainers.image.title=floe
            org.opencontainers.image.version=1.4.0"#]]
        .assert_eq(&lines.join("\n"));
    }

    #[test]
    fn what_github_would_cut_is_cut_on_a_character_and_what_it_would_break_is_refused() {
        let long = ImageSpec { description: Some("ü".repeat(600)), ..image_spec() };
        let set = annotations(&long).unwrap();
        let description = &set["org.opencontainers.image.description"];
        assert_eq!(description.chars().count(), 512);
        assert!(description.ends_with("ü…"));
        let long = ImageSpec { licenses: Some("MIT OR ".repeat(40)), ..image_spec() };
        assert!(annotations(&long).unwrap_err().to_string().contains("280 characters"));
    }

    #[test]
    fn labels_add_and_replace_but_contradict_no_fact() {
        let with =
            |key: &str| ImageSpec { labels: [(key.to_owned(), "mine".to_owned())].into(), ..image_spec() };
        assert_eq!(annotations(&with("com.acme.team")).unwrap()["com.acme.team"], "mine");
        let title = "org.opencontainers.image.title";
        assert_eq!(annotations(&with(title)).unwrap()[title], "mine");
        assert!(annotations(&with("org.opencontainers.image.version")).is_err());
    }

    #[test]
    fn times_are_written_as_the_specification_wants_them() {
        assert_eq!(created(0).unwrap(), "1970-01-01T00:00:00Z");
        assert!(created(u64::MAX).is_err());
        assert!(created(1 << 40).is_err());
    }
}
