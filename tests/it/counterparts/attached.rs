//! oras finds and pulls what floe attached to an image, by the referrers API and by the index under a tag.

use std::fs;

use serde_json::Value;

use crate::support::attestation::{Claims, root, sign};
use crate::support::peers::{self, peer};
use crate::support::scenario::Scenario;

#[test]
fn oras_finds_and_pulls_what_is_attached() {
    let Some(oras) = peer("oras") else { return };
    for has_api in [true, false] {
        let scenario =
            Scenario::new("1.4.0").in_project("[package.metadata.floe]\nsbom = false\nimage.attach = true\n");
        scenario.registry.options().referrers = has_api;
        let bundle = sign(&Claims::of("1.4.0"), &scenario.subjects_of(true, true));
        fs::write(scenario.path().join("bundle.json"), &bundle).unwrap();
        scenario.run(["publish", "--attestation", "bundle.json", "--trusted-root", &root()]).exit(0);
        let home = tempfile::tempdir().unwrap();
        let host = scenario.registry_url().trim_start_matches("http://").trim_end_matches('/').to_owned();
        let image = format!("{host}/acme/tool");
        let found = peers::run(
            &oras,
            home.path(),
            &["discover", "--plain-http", "-o", "json", &format!("{image}:1.4.0")],
        );
        let found: Value = serde_json::from_str(&found.unwrap()).unwrap();
        let artifact = &found["manifests"][0];
        assert_eq!(artifact["artifactType"], "application/vnd.dev.sigstore.bundle.v0.3+json", "{found}");
        let digest = artifact["digest"].as_str().unwrap();
        peers::run(&oras, home.path(), &["pull", "--plain-http", &format!("{image}@{digest}")]).unwrap();
        assert_eq!(fs::read_to_string(home.path().join("SHA256SUMS.sigstore.json")).unwrap(), bundle);
    }
}
