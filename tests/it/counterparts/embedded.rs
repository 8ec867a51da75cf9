//! skopeo and curl on the embedded servers after a release.

use std::fs;

use super::skopeo_finds;
use crate::support::peers::{self, peer};
use crate::support::scenario::Scenario;

#[test]
fn skopeo_pulls_the_image_from_the_embedded_registry() {
    let Some(skopeo) = peer("skopeo") else { return };
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    let tags = scenario.image_tags();
    assert_eq!(tags.iter().map(|(tag, _)| tag.as_str()).collect::<Vec<_>>(), ["1", "1.4", "1.4.0", "latest"]);
    for (tag, digest) in &tags {
        skopeo_finds(&skopeo, &scenario.registry_url(), (tag, digest), &scenario.dist().join("image"));
    }
}

#[test]
fn curl_downloads_from_the_stable_address_of_the_latest_release() {
    let Some(curl) = peer("curl") else { return };
    let scenario = Scenario::new("1.4.0");
    scenario.run(["publish"]).exit(0);
    let home = tempfile::tempdir().unwrap();
    for (file, where_from) in [
        ("tool-x86_64-unknown-linux-musl.tar.gz", "latest/download"),
        ("tool-x86_64-pc-windows-msvc.zip", "latest/download"),
        ("tool-aarch64-apple-darwin.tar.gz", "download/v1.4.0"),
    ] {
        let address = format!("{}/acme/tool/releases/{where_from}/{file}", scenario.github_url());
        let arguments =
            ["--silent", "--show-error", "--fail", "--location", "--noproxy", "*", "--output", file];
        let arguments = [&arguments[..], &["--write-out", "%{num_redirects}", &address]].concat();
        let redirects = peers::run(&curl, home.path(), &arguments).unwrap();
        assert_ne!(redirects, "0", "GitHub redirects a download to its storage");
        assert_eq!(
            fs::read(home.path().join(file)).unwrap(),
            fs::read(scenario.dist().join(file)).unwrap(),
            "{file}"
        );
    }
}
