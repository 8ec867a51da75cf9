//! Tags of a repository that releases several things, and versions that cannot be released.

use floe::rehearse::disturbed::in_words;
use floe::release::inputs;
use floe_core::model::Tag;
use floe_core::world::{RemoteRelease, World};

use crate::support::sample::Sample;

fn tag_of(lines: &str, given: Option<&str>, version: &str) -> Result<String, String> {
    let project = Sample::tool().manifest_lines(lines).load().unwrap();
    let given = given.map(|tag| tag.parse().unwrap());
    let tag = inputs::tag(Some(&project), given, &version.parse().unwrap());
    tag.map(|tag| tag.to_string()).map_err(|error| in_words(&error))
}

#[test]
fn a_tag_has_the_prefix_that_the_package_says() {
    let prefixed = "[package.metadata.floe]\ntag-prefix = \"tool-\"";
    assert_eq!(tag_of("", None, "1.4.0").unwrap(), "v1.4.0");
    assert_eq!(tag_of("", Some("1.4.0"), "1.4.0").unwrap(), "1.4.0");
    assert_eq!(tag_of(prefixed, None, "1.4.0").unwrap(), "tool-v1.4.0");
    assert_eq!(tag_of(prefixed, Some("tool-1.4.0"), "1.4.0").unwrap(), "tool-1.4.0");
    let other = tag_of(prefixed, Some("lib-v1.4.0"), "1.4.0").unwrap_err();
    assert_eq!(other, "tag `lib-v1.4.0` is not one of this package's, whose tags are like `tool-v1.4.0`");
    let unsaid = tag_of("", Some("tool-v1.4.0"), "1.4.0").unwrap_err();
    assert_eq!(unsaid, "tag `tool-v1.4.0` is not one of this package's, whose tags are like `v1.4.0`");
}

#[test]
fn a_version_with_build_metadata_is_refused_with_the_reason() {
    let refused = tag_of("", None, "1.4.0+build.5").unwrap_err();
    assert_eq!(refused, "version 1.4.0+build.5 cannot be released: it has build metadata, `+build.5`");
}

#[test]
fn versions_of_another_prefix_do_not_count() {
    let release = |id: u64, tag: &str| RemoteRelease {
        id,
        tag: tag.to_owned(),
        title: String::new(),
        notes: String::new(),
        draft: false,
        prerelease: false,
        immutable: false,
        url: String::new(),
        upload_url: String::new(),
        assets: Vec::new(),
    };
    let tags = ["app-v1.2.0", "lib-v9.0.0", "v3.0.0", "nightly", "app-1.1.0", "app/v5.0.0"];
    let releases = tags.iter().zip(1..).map(|(tag, id)| release(id, tag)).collect();
    let world = World { releases, ..World::default() };
    let of = |tag: &str| {
        let tag: Tag = tag.parse().unwrap();
        let others = world.other_versions(&tag);
        let previous = floe_core::plan::previous(&tag, &others).map(|tag| tag.to_string());
        (floe_core::plan::image_tags(&tag, &others).join(" "), previous)
    };
    assert_eq!(of("app-v1.3.0"), ("1.3.0 1.3 1 latest".to_owned(), Some("app-v1.2.0".to_owned())));
    assert_eq!(of("app-v1.1.1"), ("1.1.1 1.1".to_owned(), Some("app-1.1.0".to_owned())));
    assert_eq!(of("v3.0.1"), ("3.0.1 3.0 3 latest".to_owned(), Some("v3.0.0".to_owned())));
    assert_eq!(of("lib-v1.0.0").1, None);
}
