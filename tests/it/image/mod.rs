//! Images from the outside: made of files, read back by floe and by oci-spec's types.

mod broken;
mod config;
mod elsewhere;
mod inputs;
mod samples;
mod starts;
mod tars;
mod verified;

use std::fs;
use std::path::PathBuf;

use expect_test::expect;
use floe::cli::{ImageArgs, SourceArgs};
use floe::error::Failure;
use floe::image::{self, ImageSpec};
use floe::report::{Report, Verbosity};
use floe_core::model::config::ImageSettings;
use floe_core::model::{About, Digest, Image, Platform, Source};
use oci_spec::image::{Arch, ImageConfiguration, ImageIndex, ImageManifest, OciLayout, Os};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::binaries::binary;
use crate::support::sample::Sample;

fn spec() -> ImageSpec {
    ImageSpec {
        name: "ghcr.io/acme/tool".parse().unwrap(),
        title: "tool".to_owned(),
        version: "1.4.0".parse().unwrap(),
        about: About {
            description: Some("A tool".to_owned()),
            license: Some("MIT".to_owned()),
            ..About::default()
        },
        repository: "https://github.com/acme/tool".to_owned(),
        documentation: None,
        source: Source {
            commit: Some("3f9ac21000000000000000000000000000000000".parse().unwrap()),
            epoch: 1_000_000_000,
        },
        binaries: vec!["tool".to_owned()],
        settings: ImageSettings::default(),
        ca_certificates: None,
    }
}

/// The same with settings of the project.
fn with_settings(change: impl FnOnce(&mut ImageSettings)) -> ImageSpec {
    let mut spec = spec();
    change(&mut spec.settings);
    spec
}

/// A folder with two static binaries and a place for a layout.
struct Work {
    folder: TempDir,
}

impl Work {
    fn new() -> Self {
        let work = Work { folder: tempfile::tempdir().unwrap() };
        for (name, target) in [("amd64", "x86_64-musl"), ("arm64", "aarch64-musl")] {
            work.write(name, &binary(target.parse().unwrap(), b"seed"));
        }
        work
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn build(&self, inputs: &[&str]) -> anyhow::Result<Image> {
        let inputs: Vec<PathBuf> = inputs.iter().map(|name| self.path(name)).collect();
        image::build(&inputs, &spec(), &self.path("image"))
    }

    /// A layout of both platforms.
    fn built(&self) -> Image {
        self.build(&["amd64", "arm64"]).unwrap()
    }
}

fn blob(image: &Image, digest: &Digest) -> String {
    fs::read_to_string(image.blob_path(digest)).unwrap()
}

fn pretty(json: &str) -> String {
    serde_json::to_string_pretty(&serde_json::from_str::<Value>(json).unwrap()).unwrap()
}

/// A tar whose members are as unlike floe's own as dockerTools makes them.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o555);
        header.set_mtime(1);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, path, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

fn archive_layer() -> Vec<u8> {
    tar(&[("bin/tool", &binary("x86_64-musl".parse().unwrap(), b"seed")), ("etc/tool.toml", b"a = 1")])
}

/// A docker archive for linux/amd64 as dockerTools makes it, with a store path in its history.
fn docker_archive(entrypoint: &str, history: &str) -> Vec<u8> {
    let layer = archive_layer();
    let config = json!({
        "architecture": "amd64", "os": "linux", "created": "1970-01-01T00:00:01+00:00",
        "config": {"Entrypoint": [entrypoint], "Env": ["A=1"], "Labels": {"gone": "yes"}},
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer)]},
        "history": [{"created": "1970-01-01T00:00:01+00:00", "comment": history}],
    });
    let manifest = json!([{"Config": "c.json", "RepoTags": ["tool:1"], "Layers": ["x/layer.tar"]}]);
    let [config, manifest] = [config, manifest].map(|json| json.to_string().into_bytes());
    tar(&[("x/layer.tar", &layer), ("c.json", &config), ("manifest.json", &manifest)])
}

#[test]
fn the_image_depends_only_on_the_content_of_its_inputs() {
    let work = Work::new();
    let first = work.built();
    let elsewhere = Work::new();
    fs::rename(elsewhere.path("amd64"), elsewhere.path("zzz")).unwrap();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(86_400);
    fs::File::options().write(true).open(elsewhere.path("arm64")).unwrap().set_modified(old).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for (name, mode) in [("zzz", 0o777), ("arm64", 0o400)] {
            fs::set_permissions(elsewhere.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
    }
    let second = elsewhere.build(&["arm64", "zzz"]).unwrap();
    assert_eq!(first.index, second.index);
    assert_eq!(first.platforms, second.platforms);
}

#[test]
fn the_documents_are_valid_for_other_readers() {
    let work = Work::new();
    let image = work.built();
    expect![[r#"
        {
          "manifests": [
            {
              "annotations": {
                "io.containerd.image.name": "ghcr.io/acme/tool:1.4.0",
                "org.opencontainers.image.ref.name": "1.4.0"
              },
              "digest": "sha256:f4e484f64543075c69e0a7a6547b6749e449c71f171c06a88e8bbd51ba5e6f04",
              "mediaType": "application/vnd.oci.image.index.v1+json",
              "size": 882
            }
          ],
          "mediaType": "application/vnd.oci.image.index.v1+json",
          "schemaVersion": 2
        }"#]]
    .assert_eq(&pretty(&fs::read_to_string(work.path("image/index.json")).unwrap()));
    expect![[r#"
        {
          "annotations": {
            "org.opencontainers.image.created": "2001-09-09T01:46:40Z",
            "org.opencontainers.image.description": "A tool",
            "org.opencontainers.image.licenses": "MIT",
            "org.opencontainers.image.revision": "3f9ac21000000000000000000000000000000000",
            "org.opencontainers.image.source": "https://github.com/acme/tool",
            "org.opencontainers.image.title": "tool",
            "org.opencontainers.image.version": "1.4.0"
          },
          "manifests": [
            {
              "digest": "sha256:f036a0709aafda31ad90575b852147bfd6c760f1e06d5567fb887ff1df0068f1",
              "mediaType": "application/vnd.oci.image.manifest.v1+json",
              "platform": {
                "architecture": "amd64",
                "os": "linux"
              },
              "size": 792
            },
            {
              "digest": "sha256:3fd0713d3a28c9e63ad68f8b2434c7454417d628ac32704ab01c6e5487e4dfc7",
              "mediaType": "application/vnd.oci.image.manifest.v1+json",
              "platform": {
                "architecture": "arm64",
                "os": "linux"
              },
              "size": 792
            }
          ],
          "mediaType": "application/vnd.oci.image.index.v1+json",
          "schemaVersion": 2
        }"#]]
    .assert_eq(&pretty(&blob(&image, &image.index.digest)));
    let amd64 = &image.platforms[0];
    expect![[r#"
        {
          "annotations": {
            "org.opencontainers.image.created": "2001-09-09T01:46:40Z",
            "org.opencontainers.image.description": "A tool",
            "org.opencontainers.image.licenses": "MIT",
            "org.opencontainers.image.revision": "3f9ac21000000000000000000000000000000000",
            "org.opencontainers.image.source": "https://github.com/acme/tool",
            "org.opencontainers.image.title": "tool",
            "org.opencontainers.image.version": "1.4.0"
          },
          "config": {
            "digest": "sha256:e5462d38251d51391329f822c32409846e6f9a6dd6986333ab5242d5a1cbce59",
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "size": 778
          },
          "layers": [
            {
              "digest": "sha256:377397982dbe241f8dca8e2e2ff47cbf0cf0ef46f03b480149f8b23dac526438",
              "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
              "size": 404
            }
          ],
          "mediaType": "application/vnd.oci.image.manifest.v1+json",
          "schemaVersion": 2
        }"#]]
    .assert_eq(&pretty(&blob(&image, &amd64.manifest.digest)));
    expect![[r#"
        {
          "architecture": "amd64",
          "config": {
            "Entrypoint": [
              "/bin/tool"
            ],
            "Env": [
              "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            ],
            "Labels": {
              "org.opencontainers.image.created": "2001-09-09T01:46:40Z",
              "org.opencontainers.image.description": "A tool",
              "org.opencontainers.image.licenses": "MIT",
              "org.opencontainers.image.revision": "3f9ac21000000000000000000000000000000000",
              "org.opencontainers.image.source": "https://github.com/acme/tool",
              "org.opencontainers.image.title": "tool",
              "org.opencontainers.image.version": "1.4.0"
            },
            "User": "65532:65532"
          },
          "created": "2001-09-09T01:46:40Z",
          "history": [
            {
              "created": "2001-09-09T01:46:40Z",
              "created_by": "floe image"
            }
          ],
          "os": "linux",
          "rootfs": {
            "diff_ids": [
              "sha256:7d3d3b44eb8dec25be8724bc6ce8bddbb643b2d70069236460779ee4f1fe11c2"
            ],
            "type": "layers"
          }
        }"#]]
    .assert_eq(&pretty(&blob(&image, &amd64.config.digest)));

    // And as other people's types read them.
    OciLayout::from_file(work.path("image/oci-layout")).unwrap();
    ImageIndex::from_file(work.path("image/index.json")).unwrap();
    let index = ImageIndex::from_file(image.blob_path(&image.index.digest)).unwrap();
    let platforms = [(Arch::Amd64, &image.platforms[0]), (Arch::ARM64, &image.platforms[1])];
    for (entry, (arch, expected)) in index.manifests().iter().zip(platforms) {
        let platform = entry.platform().as_ref().unwrap();
        assert_eq!((platform.os(), platform.architecture()), (&Os::Linux, &arch));
        assert_eq!((platform.variant(), platform.os_version(), platform.features()), (&None, &None, &None));
        assert_eq!(entry.digest().to_string(), expected.manifest.digest.to_string());
        ImageManifest::from_file(image.blob_path(&expected.manifest.digest)).unwrap();
        let config = ImageConfiguration::from_file(image.blob_path(&expected.config.digest)).unwrap();
        assert_eq!(config.history().as_ref().map(Vec::len), Some(config.rootfs().diff_ids().len()));
        assert_eq!(config.architecture(), &arch);
    }
}

#[test]
fn an_image_is_read_as_it_was_made() {
    let work = Work::new();
    work.write("docker", &docker_archive("/bin/tool", ""));
    let certificates = work.write("ca.pem", b"-----BEGIN CERTIFICATE-----\n");
    let with = ImageSpec { ca_certificates: Some(certificates), ..spec() };
    for (inputs, spec, files) in [
        (["amd64", "arm64"], spec(), [3, 3]),
        (["amd64", "arm64"], with.clone(), [4, 4]),
        (["arm64", "docker"], spec(), [4, 3]),
        (["arm64", "docker"], with, [5, 4]),
    ] {
        let inputs = inputs.map(|name| work.path(name));
        let made = image::build(&inputs, &spec, &work.path("image")).unwrap();
        assert_eq!(image::check(&work.path("image")).unwrap(), made);
        assert_eq!([made.platforms[0].files.len(), made.platforms[1].files.len()], files);
    }
}

#[test]
fn a_binary_can_be_compared_with_the_archives() {
    let image = Work::new().built();
    let arm64 = &image.platforms[1];
    let tool = arm64.files.iter().find(|file| file.path == "bin/tool").unwrap();
    let bytes = binary("aarch64-musl".parse().unwrap(), b"seed");
    assert_eq!(arm64.platform, Platform::LinuxArm64);
    assert_eq!((tool.digest, tool.size, tool.mode), (Digest::of(&bytes), bytes.len() as u64, 0o755));
}

#[test]
fn the_history_of_a_docker_archive_is_replaced() {
    let work = Work::new();
    let digests = ["/nix/store/abc-customisation-layer", "/nix/store/def-customisation-layer"].map(|path| {
        work.write("docker", &docker_archive("/bin/tool", &format!("store paths: ['{path}']")));
        work.build(&["docker"]).unwrap().index.digest
    });
    assert_eq!(digests[0], digests[1]);
    let image = image::check(&work.path("image")).unwrap();
    let config: Value = serde_json::from_str(&blob(&image, &image.platforms[0].config.digest)).unwrap();
    expect![[r#"
        [
          {
            "created": "2001-09-09T01:46:40Z",
            "created_by": "floe image"
          },
          {
            "created": "2001-09-09T01:46:40Z",
            "created_by": "floe image"
          }
        ]"#]]
    .assert_eq(&pretty(&config["history"].to_string()));
    assert_eq!(config["created"], "2001-09-09T01:46:40Z");
    assert_eq!(config["config"]["Labels"].get("gone"), None);
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["rootfs"]["diff_ids"][0], json!(Digest::of(&archive_layer())));
}

#[test]
fn a_store_path_in_the_config_is_refused_and_nothing_is_left_behind() {
    let work = Work::new();
    work.write("docker", &docker_archive("/nix/store/abc-tool/bin/tool", ""));
    let error = work.build(&["docker"]).unwrap_err();
    let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>()).unwrap();
    assert_eq!(failure.details, ["`config.Entrypoint[0]` is `/nix/store/abc-tool/bin/tool`"]);
    let mut left: Vec<_> =
        fs::read_dir(work.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["amd64", "arm64", "docker"]);
}

#[test]
fn a_certificate_bundle_with_anything_else_is_refused() {
    let work = Work::new();
    for (content, why) in [
        ("-----BEGIN CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\n", "holds a private key"),
        ("not PEM", "holds no certificate"),
    ] {
        let file = work.write("ca.pem", content.as_bytes());
        let spec = ImageSpec { ca_certificates: Some(file), ..spec() };
        let error = image::build(&[work.path("amd64")], &spec, &work.path("image")).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn the_command_makes_the_image_of_a_project() {
    let sample = Sample::tool()
        .manifest_lines("description = \"A tool\"\n[package.metadata.floe.image]\nports = [\"80\"]");
    let sample = sample.file("arm64", binary("aarch64-musl".parse().unwrap(), b"seed"));
    let args = ImageArgs {
        inputs: vec![sample.path().join("arm64")],
        ca_certificates: None,
        out: sample.path().join("dist/image"),
        repo: Some("acme/tool".parse().unwrap()),
        project: sample.args(),
        source: SourceArgs { epoch: Some(0), ..SourceArgs::default() },
    };
    let report = Report::new(Verbosity::Quiet);
    floe::commands::image::image(args, &report).unwrap();
    let image = image::check(&sample.path().join("dist/image")).unwrap();
    assert_eq!(image.annotations["org.opencontainers.image.source"], "https://github.com/acme/tool");
    assert_eq!(image.annotations["org.opencontainers.image.description"], "A tool");
    assert_eq!(image.annotations["org.opencontainers.image.created"], "1970-01-01T00:00:00Z");
    assert!(image.platforms[0].files.iter().any(|file| file.path == "bin/tool"));
}
