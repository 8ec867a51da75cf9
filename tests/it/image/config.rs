//! Config and annotations of an image: the project's settings over the docker archive's, and what is refused.

use std::collections::BTreeMap;

use expect_test::expect;
use floe::error::Failure;
use floe::image::{self, ImageSpec};
use floe_core::model::{About, Source};
use serde_json::Value;

use super::samples::{docker_archive, programs};
use super::{Work, blob, pretty, spec, with_settings};

/// The config of an image of one input, as JSON.
fn config(work: &Work, input: &str, spec: &ImageSpec) -> anyhow::Result<String> {
    let image = image::build(&[work.path(input)], spec, &work.path("image"))?;
    Ok(blob(&image, &image.platforms[0].config.digest))
}

/// The `config` object of an image of a docker archive with this one.
fn started(spec: &ImageSpec, execution: &str) -> anyhow::Result<Value> {
    let work = Work::new();
    work.write("docker", &docker_archive("amd64", &[&programs()], execution));
    let config: Value = serde_json::from_str(&config(&work, "docker", spec)?)?;
    Ok(config["config"].clone())
}

fn refused(spec: &ImageSpec, execution: &str) -> String {
    let error = started(spec, execution).unwrap_err();
    let details = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
    format!("{error:#}: {}", details.map(|failure| failure.details.join("; ")).unwrap_or_default())
}

fn annotations(spec: &ImageSpec) -> anyhow::Result<BTreeMap<String, String>> {
    let work = Work::new();
    Ok(image::build(&[work.path("amd64")], spec, &work.path("image"))?.annotations)
}

#[test]
fn a_binary_is_started_as_nonroot_with_the_settings_of_the_project() {
    let work = Work::new();
    let certificates = work.write("ca.pem", b"-----BEGIN CERTIFICATE-----\n");
    let mut spec = with_settings(|settings| settings.ports = vec!["8080/tcp".to_owned()]);
    spec.ca_certificates = Some(certificates);
    let config: Value = serde_json::from_str(&config(&work, "arm64", &spec).unwrap()).unwrap();
    let mut config = config["config"].clone();
    config.as_object_mut().unwrap().remove("Labels").unwrap();
    expect![[r#"
        {
          "Entrypoint": [
            "/bin/tool"
          ],
          "Env": [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"
          ],
          "ExposedPorts": {
            "8080/tcp": {}
          },
          "User": "65532:65532"
        }"#]]
    .assert_eq(&pretty(&config.to_string()));
}

#[test]
fn the_keys_of_a_config_are_in_the_order_of_the_specification() {
    let work = Work::new();
    let spec = with_settings(|settings| settings.ports = vec!["80".to_owned()]);
    let config = config(&work, "amd64", &spec).unwrap();
    let keys =
        ["created", "architecture", "os", "config", "User", "ExposedPorts", "Env", "Entrypoint", "Labels"];
    let places = keys.map(|key| config.find(&format!("\"{key}\":")).unwrap());
    assert!(places.is_sorted() && config.ends_with("]}"), "{config}");
    let [rootfs, history] =
        ["\"rootfs\":{\"type\":", "\"history\":[{\"created\":"].map(|key| config.find(key).unwrap());
    assert!(places[8] < rootfs && rootfs < history, "{config}");
}

#[test]
fn settings_of_the_project_override_those_of_an_archive() {
    let base = r#"{"Env": ["PATH=/bin", "A=1"], "Cmd": ["serve"], "Entrypoint": ["/bin/floe"], "WorkingDir": "/data",
        "ExposedPorts": {"53/udp": {}, "80/sctp": {}}, "User": "1000", "Labels": {"x": "y"}, "Volumes": null}"#;
    let mut kept = started(&spec(), base).unwrap();
    let labels = kept.as_object_mut().unwrap().remove("Labels").unwrap();
    assert_eq!(labels.get("x"), None);
    expect![[r#"{"Cmd":["serve"],"Entrypoint":["/bin/floe"],"Env":["PATH=/bin","A=1"],"ExposedPorts":{"53/udp":{},"80/sctp":{}},"User":"1000","WorkingDir":"/data"}"#]]
        .assert_eq(&kept.to_string());
    let over = with_settings(|settings| {
        settings.entrypoint = Some(vec!["/bin/other".to_owned()]);
        settings.ports = vec!["80".to_owned()];
        settings.user = Some("7:7".to_owned());
    });
    let over = started(&over, base).unwrap();
    assert_eq!((over["Entrypoint"].to_string(), over.get("Cmd")), (r#"["/bin/other"]"#.to_owned(), None));
    assert_eq!(
        (over["User"].as_str(), over["ExposedPorts"].to_string()),
        (Some("7:7"), r#"{"80":{}}"#.to_owned())
    );
}

#[test]
fn root_and_wrong_ports_and_nothing_to_start_are_refused() {
    let start = |more: &str| format!(r#"{{"Entrypoint": ["/bin/floe"]{more}}}"#);
    for user in ["0", "root"] {
        let spec_of = with_settings(|settings| settings.user = Some(user.to_owned()));
        let error = refused(&spec_of, &start(""));
        assert!(error.contains(&format!("the image's user is invalid: `{user}` is ")), "{error}");
        let error = refused(&spec(), &start(&format!(r#", "User": "{user}""#)));
        assert!(error.contains(&format!("the image's user is invalid: `{user}` is ")), "{error}");
    }
    let spec_of = with_settings(|settings| settings.ports = vec!["80/icmp".to_owned()]);
    let error = refused(&spec_of, &start(""));
    assert!(error.contains("the image cannot expose a port: `80/icmp` is not a port"), "{error}");
    let error = refused(&spec(), &start(r#", "ExposedPorts": {"0/tcp": {}}"#));
    assert!(error.contains("`0/tcp` is not a port"), "{error}");
    assert!(refused(&spec(), r#"{"Cmd": []}"#).contains("neither an entrypoint nor a command"));
}

#[test]
fn store_paths_are_reported_with_their_place() {
    let error = refused(
        &spec(),
        r#"{"Env": ["A=1", "LIBS=/nix/store/abc/lib"], "Entrypoint": ["/nix/store/abc/bin/floe"]}"#,
    );
    assert!(error.contains("`config.Env[2]` is `LIBS=/nix/store/abc/lib`"), "{error}");
    assert!(error.contains("`config.Entrypoint[0]` is `/nix/store/abc/bin/floe`"), "{error}");
}

#[test]
fn long_texts_are_cut_or_refused() {
    let about = About { description: Some("ü".repeat(600)), ..About::default() };
    let long = ImageSpec { about, ..spec() };
    let description = &annotations(&long).unwrap()["org.opencontainers.image.description"];
    assert_eq!(description.chars().count(), 512);
    assert!(description.ends_with("ü…"));
    let about = About { license: Some("MIT OR ".repeat(40)), ..About::default() };
    let long = ImageSpec { about, ..spec() };
    assert!(annotations(&long).unwrap_err().to_string().contains("280 characters"));
}

#[test]
fn labels_add_and_replace_but_some_are_floes_own() {
    let with =
        |key: &str| with_settings(|settings| settings.labels = [(key.to_owned(), "mine".to_owned())].into());
    for key in ["com.acme.team", "org.opencontainers.image.title"] {
        assert_eq!(annotations(&with(key)).unwrap()[key], "mine");
    }
    let known =
        ["version", "revision", "created", "ref.name"].map(|key| format!("org.opencontainers.image.{key}"));
    for key in known.iter().map(String::as_str).chain(["floe.image.programs"]) {
        let error = annotations(&with(key)).unwrap_err();
        assert!(error.to_string().ends_with("cannot be set"), "{error}");
    }
    assert!(annotations(&with(" ")).unwrap_err().to_string().contains("a label has no name"));
}

#[test]
fn times_are_those_that_files_can_have() {
    let at = |epoch| annotations(&ImageSpec { source: Source { commit: None, epoch }, ..spec() });
    assert_eq!(at(0).unwrap()["org.opencontainers.image.created"], "1970-01-01T00:00:00Z");
    for epoch in [1 << 40, u64::MAX] {
        assert!(at(epoch).unwrap_err().to_string().contains("is not a time"), "{epoch}");
    }
}
