//! SBOMs and the attestation as artifacts that refer to the image, in registries with and without an API for them.

use std::fs;

use expect_test::expect;
use floe_core::attachment::{self, Unfit};
use floe_core::model::{Digest, Release, SbomFacts, Target};
use serde_json::{Value, json};

use crate::faults::bench::made;
use crate::support::artifacts::put;
use crate::support::attestation::{Claims, root, sign};
use crate::support::scenario::{Scenario, make_dist_with_sboms};
use crate::support::words::problems;

const INDEX: &str = floe_core::oci::INDEX;
const IMAGE: &str = "acme/tool";
const TABLE: &str = "[package.metadata.floe]\nimage.attach = true\n";

/// A signed release with SBOMs that attaches them, and a registry that has the API or not.
fn scenario(has_api: bool) -> Scenario {
    let scenario = Scenario::empty("1.4.0");
    make_dist_with_sboms(b"1.4.0", &scenario.dist(), "1.4.0", &Target::defaults().collect::<Vec<_>>());
    scenario.registry.options().referrers = has_api;
    sign_again(&scenario);
    scenario.in_project(TABLE).arguments(&["--trusted-root", &root()])
}

fn sign_again(scenario: &Scenario) {
    let bundle = sign(&Claims::of("1.4.0"), &scenario.subjects_of(true, true));
    fs::write(scenario.path().join("bundle.json"), bundle).unwrap();
}

/// An upload session that is opened to ask for the right to push, and closed.
const ASKED: usize = 2;
const PUBLISH: [&str; 3] = ["publish", "--attestation", "bundle.json"];
const VERIFY: [&str; 5] = ["verify", "--release", "v1.4.0", "--strict", "--require-attestation"];

fn tags(scenario: &Scenario) -> Vec<String> {
    scenario.registry.tags(IMAGE).into_keys().collect()
}

/// A document of the registry.
fn document(scenario: &Scenario, digest: &Digest) -> Value {
    let path = scenario.path().join("registry/blobs/sha256").join(digest.hex());
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The digest of the image's index, and of the index of artifacts that refer to it.
fn indexes(scenario: &Scenario) -> (Digest, Option<Digest>) {
    let tags = scenario.registry.tags(IMAGE);
    let image = tags["1.4.0"];
    (image, tags.get(&format!("sha256-{}", image.hex())).copied())
}

#[test]
fn sboms_and_the_attestation_are_attached_before_anything_is_public() {
    for has_api in [true, false] {
        let scenario = scenario(has_api);
        let plan = scenario.run(["plan", "--attestation", "bundle.json"]).exit(0).only_asked().stdout;
        let lines: Vec<&str> =
            plan.lines().filter(|line| line.contains(" attach ") || line.contains(" list ")).collect();
        assert_eq!(lines.len(), if has_api { 1 } else { 2 }, "{plan}");
        assert!(lines[0].contains("attach   3 files to the image"), "{plan}");
        scenario.run(PUBLISH).exit(0);
        // The second run finds all of it.
        scenario.run(PUBLISH).exit(0).no_writes();
        let lists = tags(&scenario).into_iter().filter(|tag| tag.starts_with("sha256-")).count();
        assert_eq!(lists, if has_api { 0 } else { 3 });
        let verified = scenario.run(VERIFY).exit(0).stdout;
        assert!(
            verified.contains("\n  attached   3 files to the image, as the manifest promises\n"),
            "{verified}"
        );
        let log = scenario.registry_interceptor().log();
        let at = |part: &str| {
            log.iter().position(|seen| seen.method == "PUT" && seen.path.contains(part)).unwrap()
        };
        if !has_api {
            assert!(at("manifests/1.4.0") < at("manifests/sha256-"), "the lists follow the tags");
        }
    }
}

#[test]
fn an_artifact_is_what_cosign_and_oras_write() {
    let scenario = scenario(false);
    scenario.run(PUBLISH).exit(0);
    let (image, list) = indexes(&scenario);
    let list = document(&scenario, &list.unwrap());
    let [entry] = &list["manifests"].as_array().unwrap()[..] else { panic!("{list}") };
    let mut manifest = document(&scenario, &entry["digest"].as_str().unwrap().parse().unwrap());
    assert_eq!(manifest["subject"]["digest"], image.to_string());
    assert_eq!(entry["artifactType"], manifest["artifactType"]);
    let bundle: Digest = manifest["layers"][0]["digest"].as_str().unwrap().parse().unwrap();
    assert_eq!(bundle, Digest::of(&fs::read(scenario.path().join("bundle.json")).unwrap()));
    for part in ["subject", "layers"] {
        manifest[part].take();
    }
    expect![[r#"
        {
          "annotations": {
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"
          },
          "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
          "config": {
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "mediaType": "application/vnd.oci.empty.v1+json",
            "size": 2
          },
          "layers": null,
          "mediaType": "application/vnd.oci.image.manifest.v1+json",
          "schemaVersion": 2,
          "subject": null
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&manifest).unwrap());
}

#[test]
fn the_attestation_of_another_run_stands_for_this_one() {
    for has_api in [true, false] {
        let scenario = scenario(has_api);
        scenario.run(PUBLISH).exit(0);
        sign_again(&scenario);
        scenario.run(PUBLISH).exit(0).no_writes();
        scenario.run(VERIFY).exit(0);
    }
}

#[test]
fn what_others_attached_is_kept() {
    let scenario = scenario(false);
    scenario.run(["publish", "--attestation", "bundle.json"]).exit(0);
    let (image, _) = indexes(&scenario);
    // The next release is of the same image: another client has attached something to it meanwhile.
    let foreign = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [
        { "mediaType": INDEX, "digest": image, "size": size(&scenario, &image), "data": "e30=" },
    ] });
    put_list(&scenario, &image, &foreign);
    scenario.run(VERIFY).exit(3).says("`SHA256SUMS.sigstore.json` is not attached to the image");
    scenario.run(PUBLISH).exit(0).writes(1 + ASKED);
    let list = document(&scenario, &indexes(&scenario).1.unwrap());
    let entries = list["manifests"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]), (2, &foreign["manifests"][0]), "every field of it");
    scenario.run(VERIFY).exit(0);
    scenario.run(PUBLISH).exit(0).no_writes();
}

fn size(scenario: &Scenario, digest: &Digest) -> u64 {
    let path = scenario.path().join("registry/blobs/sha256").join(digest.hex());
    fs::metadata(path).unwrap().len()
}

/// Writes the list of artifacts of a manifest, as another client does.
fn put_list(scenario: &Scenario, subject: &Digest, list: &Value) {
    let tag = format!("sha256-{}", subject.hex());
    put(&scenario.registry, IMAGE, Some(&tag), (INDEX, list.to_string().as_bytes()), None);
}

#[test]
fn verify_names_what_is_not_attached() {
    let scenario = scenario(false);
    scenario.run(PUBLISH).exit(0);
    let (image, _) = indexes(&scenario);
    let empty = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] });
    let platform: Digest =
        document(&scenario, &image)["manifests"][0]["digest"].as_str().unwrap().parse().unwrap();
    put_list(&scenario, &image, &empty);
    put_list(&scenario, &platform, &empty);
    let wrong = problems(&scenario.run(VERIFY).exit(3).stderr);
    let wrong = wrong.replace(&platform.to_string(), "<platform>");
    expect![[r#"
        `tool-x86_64-unknown-linux-musl.cdx.json` is not attached to the image, although the manifest promises it: nothing in the registry refers to sha256:<0> with it
        `SHA256SUMS.sigstore.json` is not attached to the image, although the manifest promises it, nor is another attestation of these files"#]].assert_eq(&wrong);
    scenario.run(PUBLISH).exit(0).writes(2 + ASKED);
    scenario.run(VERIFY).exit(0);
}

#[test]
fn an_attestation_of_something_else_does_not_stand_for_that_of_the_release() {
    for (version, is_good) in [(Some("1.3.0"), false), (Some("1.4.0"), true), (None, false)] {
        let scenario = scenario(false);
        scenario.run(PUBLISH).exit(0);
        let (image, list) = indexes(&scenario);
        let mut list = document(&scenario, &list.unwrap());
        let ours = list["manifests"][0]["digest"].as_str().unwrap().parse().unwrap();
        // The artifact of another bundle in place of ours, or of an empty file.
        let subjects = scenario.subjects_of(true, true);
        let bundle = version.map_or_else(String::new, |version| sign(&Claims::of(version), &subjects));
        let mut manifest = document(&scenario, &ours);
        manifest["layers"][0]["digest"] = Digest::of(bundle.as_bytes()).to_string().into();
        manifest["layers"][0]["size"] = bundle.len().into();
        let manifest = manifest.to_string();
        let artifact = (floe_core::oci::MANIFEST, manifest.as_bytes());
        put(&scenario.registry, IMAGE, None, artifact, Some(bundle.as_bytes()));
        list["manifests"][0]["digest"] = Digest::of(manifest.as_bytes()).to_string().into();
        list["manifests"][0]["size"] = manifest.len().into();
        put_list(&scenario, &image, &list);
        match is_good {
            true => scenario.run(VERIFY).exit(0),
            false => scenario.run(VERIFY).exit(3).says("nor is another attestation of these files"),
        };
    }
}

#[test]
fn an_sbom_of_a_program_that_is_not_in_the_image_is_not_attached() {
    let targets = ["x86_64-gnu", "x86_64-musl"].map(|target| target.parse::<Target>().unwrap());
    let Release { image, mut manifest, .. } = made("one", "1.4.0", &targets).release;
    let image = image.as_ref();
    manifest.image.as_mut().unwrap().attached = true;
    let sbom = SbomFacts { file: "tool.cdx.json".to_owned(), digest: Digest::of(b"{}") };
    assert_eq!(attachment::unfit(image, &manifest), Unfit::default(), "no SBOMs are wanted");
    manifest.artifacts[0].sbom = Some(sbom.clone());
    let Unfit { missing, wrong } = attachment::unfit(image, &manifest);
    assert!(wrong.is_empty());
    assert_eq!(
        missing,
        ["no SBOM is attached to the image for linux/amd64: the release has none of a static binary for it"]
    );
    manifest.artifacts[1].sbom = Some(sbom);
    assert_eq!(attachment::unfit(image, &manifest), Unfit::default());
    // As in an image that was made from the archive for glibc.
    manifest.artifacts[1].binaries[0].digest = Digest::of(b"another program");
    let unfit = attachment::unfit(image, &manifest);
    assert!(unfit.missing.is_empty());
    expect!["`tool.cdx.json` is not the SBOM of the image for linux/amd64, which holds no program of `tool-x86_64-unknown-linux-musl.tar.gz`"].assert_eq(&unfit.wrong.join("\n"));
}

#[test]
fn nothing_is_attached_unless_the_project_wants_it() {
    let scenario = Scenario::new("1.4.0");
    scenario.registry.options().referrers = false;
    scenario.run(["publish"]).exit(0);
    let asked = scenario.registry_interceptor().log();
    assert!(!asked.iter().any(|seen| seen.path.contains("referrers") || seen.path.contains("sha256-")));
    assert!(tags(&scenario).iter().all(|tag| !tag.starts_with("sha256-")));
}
