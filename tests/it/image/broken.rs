//! Layouts that are broken in every way: each gives all of its problems.

use std::fs;

use expect_test::expect;
use floe::image;
use floe_core::model::{Digest, Image};
use serde_json::{Value, json};

use super::{Work, blob, tar};

/// A layout whose documents can be changed with all digests above them made right again.
struct Forgery {
    work: Work,
    image: Image,
}

impl Forgery {
    fn new() -> Self {
        let work = Work::new();
        let image = work.built();
        Forgery { work, image }
    }

    fn document(&self, digest: &Digest) -> Value {
        serde_json::from_str(&blob(&self.image, digest)).unwrap()
    }

    /// Writes a blob in another's place and says its descriptor's digest and size.
    fn put(&self, old: &Digest, bytes: &[u8]) -> (Value, Value) {
        fs::remove_file(self.image.blob_path(old)).unwrap();
        let digest = Digest::of(bytes);
        fs::write(self.image.blob_path(&digest), bytes).unwrap();
        (json!(digest), json!(bytes.len()))
    }

    /// Changes config, manifest and entry of linux/amd64 and the image index.
    fn change(self, change: impl FnOnce(&mut Value, &mut Value, &mut Value)) -> Self {
        let amd64 = &self.image.platforms[0];
        let mut config = self.document(&amd64.config.digest);
        let mut manifest = self.document(&amd64.manifest.digest);
        let mut index = self.document(&self.image.index.digest);
        change(&mut config, &mut manifest, &mut index);
        let (digest, size) = self.put(&amd64.config.digest, config.to_string().as_bytes());
        (manifest["config"]["digest"], manifest["config"]["size"]) = (digest, size);
        let (digest, size) = self.put(&amd64.manifest.digest, manifest.to_string().as_bytes());
        (index["manifests"][0]["digest"], index["manifests"][0]["size"]) = (digest, size);
        let (digest, size) = self.put(&self.image.index.digest, index.to_string().as_bytes());
        let mut top: Value =
            serde_json::from_slice(&fs::read(self.work.path("image/index.json")).unwrap()).unwrap();
        (top["manifests"][0]["digest"], top["manifests"][0]["size"]) = (digest, size);
        self.work.write("image/index.json", top.to_string().as_bytes());
        self
    }

    /// The same for the layer of linux/amd64, whose diff id is made right as well.
    fn layer(self, tar: &[u8], compressed: &[u8]) -> Self {
        let (digest, size) = self.put(&self.image.platforms[0].layers[0].digest, compressed);
        let diff_id = Digest::of(tar);
        self.change(|config, manifest, _| {
            (manifest["layers"][0]["digest"], manifest["layers"][0]["size"]) = (digest, size);
            config["rootfs"]["diff_ids"][0] = json!(diff_id);
        })
    }

    fn problems(&self) -> String {
        image::check(&self.work.path("image")).unwrap_err().join("\n")
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_problem_of_a_broken_layout_is_reported() {
    let forgery = Forgery::new();
    let image = &forgery.image;
    let [amd64, arm64] = image.platforms.as_slice() else { panic!("two platforms were made") };
    forgery.work.write("image/oci-layout", br#"{"imageLayoutVersion":"2.0.0"}"#);
    fs::remove_file(image.blob_path(&amd64.config.digest)).unwrap();
    let mut flipped = fs::read(image.blob_path(&arm64.layers[0].digest)).unwrap();
    flipped[40] ^= 1;
    fs::write(image.blob_path(&arm64.layers[0].digest), &flipped).unwrap();
    fs::write(image.blob_path(&arm64.config.digest), "{").unwrap();
    expect![[r#"
        `oci-layout` is of version `2.0.0`, not 1.0.0
        the config of linux/amd64, blob `sha256:e5462d38251d51391329f822c32409846e6f9a6dd6986333ab5242d5a1cbce59`, is missing
        the config of linux/arm64, blob `sha256:286ef0c57303bfcfa7627515f1a5443d009e15acc8a9f96b8909253936291e8e`, has 1 bytes, not 778
        layer 1 of linux/arm64, blob `sha256:71130db39719d60645d514355a82e9127b16b556c76fcf29d2ea84fbb27f4fc7`, has the digest sha256:eb59afbb1a3313c91136367661a423ac7eb614c020e1e0f1864a87a967d81407"#]].assert_eq(&forgery.problems());
}

#[test]
fn documents_that_contradict_each_other_are_problems() {
    let forgery = Forgery::new().change(|config, manifest, index| {
        config["architecture"] = json!("arm64");
        config["rootfs"]["diff_ids"] = json!([Digest::of(b"other"), Digest::of(b"")]);
        manifest["schemaVersion"] = json!(1);
        manifest["layers"][0]["mediaType"] = json!("application/vnd.docker.image.rootfs.diff.tar.gzip");
        let mut attestation = index["manifests"][1].clone();
        attestation["platform"] = json!({"architecture": "unknown", "os": "unknown"});
        let mut variant = index["manifests"][1].clone();
        variant["platform"]["variant"] = json!("v8");
        let twice = index["manifests"][1].clone();
        index["manifests"].as_array_mut().unwrap().extend([attestation, variant, twice]);
    });
    expect![[r#"
        the manifest of linux/amd64 has the schema version 1, not 2
        entry 3 of the image index has the platform {"architecture":"unknown","os":"unknown"}, which is not exactly one of linux/amd64, linux/arm64, linux/arm/v7 and linux/riscv64
        entry 4 of the image index has the platform {"architecture":"arm64","os":"linux","variant":"v8"}, which is not exactly one of linux/amd64, linux/arm64, linux/arm/v7 and linux/riscv64
        the image index has linux/arm64 twice
        layer 1 of linux/amd64 is of the media type `application/vnd.docker.image.rootfs.diff.tar.gzip`, not `application/vnd.oci.image.layer.v1.tar+gzip`
        the config of linux/amd64 is for `linux/arm64`
        the config of linux/amd64 has 2 diff ids, but its manifest has 1 layers
        layer 1 of linux/amd64 unpacks to sha256:7d3d3b44eb8dec25be8724bc6ce8bddbb643b2d70069236460779ee4f1fe11c2, but the config says sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"#]].assert_eq(&forgery.problems());
}

/// A registry takes such a manifest, and a client that trusts its second size does not.
#[test]
fn a_blob_that_is_listed_twice_has_the_promised_size_each_time() {
    let forgery = Forgery::new().change(|config, manifest, _| {
        let twice = |list: &mut Value| {
            let first = list[0].clone();
            list.as_array_mut().unwrap().push(first);
        };
        twice(&mut config["rootfs"]["diff_ids"]);
        twice(&mut config["history"]);
        twice(&mut manifest["layers"]);
        manifest["layers"][1]["size"] = json!(1);
    });
    expect!["layer 2 of linux/amd64, blob `sha256:377397982dbe241f8dca8e2e2ff47cbf0cf0ef46f03b480149f8b23dac526438`, has 404 bytes, not 1"].assert_eq(&forgery.problems());
}

#[test]
fn a_config_that_is_listed_as_a_layer_is_judged_as_one() {
    let forgery = Forgery::new().change(|config, manifest, _| {
        let config = config.to_string();
        let layer = &mut manifest["layers"][0];
        (layer["digest"], layer["size"]) = (json!(Digest::of(config.as_bytes())), json!(config.len()));
    });
    expect![[r#"
        layer 1 of linux/amd64 cannot be unpacked: it cannot be read as a tar: invalid gzip header
        nothing references `blobs/sha256/377397982dbe241f8dca8e2e2ff47cbf0cf0ef46f03b480149f8b23dac526438`"#]]
    .assert_eq(&forgery.problems());
}

#[test]
fn blobs_that_nothing_names_are_problems() {
    let forgery = Forgery::new();
    fs::write(forgery.image.blob_path(&Digest::of(b"secret")), "secret").unwrap();
    fs::create_dir(forgery.work.path("image/blobs/sha512")).unwrap();
    expect![[r#"
        nothing references `blobs/sha512`
        nothing references `blobs/sha256/2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b`"#]]
    .assert_eq(&forgery.problems());
}

#[test]
fn layers_that_are_not_safe_to_unpack_are_problems() {
    let evil = tar(&[("bin/tool", b"1"), ("bin/tool", b"2")]);
    let problems = Forgery::new().layer(&evil, &gzip(&evil)).problems();
    expect!["layer 1 of linux/amd64: `bin/tool` is there twice"].assert_eq(&problems);
    let plain = Forgery::new().layer(&evil, &evil).problems();
    expect!["layer 1 of linux/amd64 cannot be unpacked: it cannot be read as a tar: invalid gzip header"]
        .assert_eq(&plain);
    let tail = [gzip(&evil), b"tail".to_vec()].concat();
    assert!(Forgery::new().layer(&evil, &tail).problems().contains("cannot be unpacked"));
}

#[test]
fn each_missing_file_of_a_layout_is_one_problem() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        image::check(folder.path()).unwrap_err(),
        ["`oci-layout` is missing", "`index.json` is missing"]
    );
    let work = Work::new();
    work.built();
    work.write("image/index.json", &vec![b' '; 5 << 20]);
    assert_eq!(
        image::check(&work.path("image")).unwrap_err(),
        ["`index.json` cannot be read: it is larger than 4.0 MiB"]
    );
    work.write("image/index.json", br#"{"schemaVersion":2,"manifests":[]}"#);
    assert_eq!(image::check(&work.path("image")).unwrap_err(), ["`index.json` has 0 entries, not one"]);
}

#[test]
fn an_image_that_cannot_start_is_a_problem() {
    let problems = |change: fn(&mut Value)| {
        Forgery::new().change(|config, _, _| change(&mut config["config"])).problems()
    };
    expect!["the image of linux/amd64 cannot start: it starts `/bin/nope`: `/bin/nope` is not in the image"]
        .assert_eq(&problems(|config| config["Entrypoint"] = json!(["/bin/nope"])));
    expect!["the image of linux/amd64 cannot start: it starts `/bin/sh`: `/bin/sh` is not in the image"]
        .assert_eq(&problems(|config| config["Entrypoint"] = json!(["/bin/sh", "-c", "exec tool"])));
    expect!["the image of linux/amd64 cannot start: it starts `/etc/passwd`: `/etc/passwd` has the mode 0644, so not every user can run it"]
        .assert_eq(&problems(|config| config["Entrypoint"] = json!(["/etc/passwd"])));
    expect!["the image of linux/amd64 cannot start: it starts `/tmp`: `/tmp` is a folder"]
        .assert_eq(&problems(|config| config["Entrypoint"] = json!(["/tmp"])));
    expect!["the image of linux/amd64 cannot start: it has neither an entrypoint nor a command"]
        .assert_eq(&problems(|config| *config = json!({})));
    expect!["the image of linux/amd64 cannot start: its config has `entrypoint`, which some runtimes read as `Entrypoint`"]
        .assert_eq(&problems(|config| *config = json!({ "Cmd": ["/bin/tool"], "entrypoint": ["/bin/tool"] })));
    let setuid = super::samples::Tar::new().mode(0o4755, "bin/tool", b"1").end();
    let problems = Forgery::new().layer(&setuid, &gzip(&setuid)).problems();
    expect![
        "layer 1 of linux/amd64: `bin/tool` has the mode 4755: it would run as another user (`chmod a-s`)"
    ]
    .assert_eq(&problems);
}

#[test]
fn a_history_of_other_layers_is_a_problem() {
    let problems = Forgery::new().change(|config, _, _| {
        let step = config["history"][0].clone();
        config["history"] = json!([step, step, { "created_by": "ENV A=1", "empty_layer": true }]);
    });
    expect!["the config of linux/amd64 has a history of 2 layers, but it has 1"]
        .assert_eq(&problems.problems());
}

/// Annotations take about ten times their size in memory, and every entry of an index may lead to the same manifest.
#[cfg(target_os = "linux")]
#[test]
fn annotations_of_many_manifests_are_not_held_together() {
    let forgery = Forgery::new();
    let mut manifest = forgery.document(&forgery.image.platforms[0].manifest.digest);
    let annotations: serde_json::Map<_, _> = (0..30_000).map(|key| (key.to_string(), json!(""))).collect();
    manifest["annotations"] = json!(annotations);
    manifest["layers"][0]["annotations"] = json!(annotations);
    let bytes = manifest.to_string();
    let digest = Digest::of(bytes.as_bytes());
    fs::write(forgery.image.blob_path(&digest), &bytes).unwrap();
    let forgery = forgery.change(|_, _, index| {
        let entries = index["manifests"].as_array_mut().unwrap();
        let mut entry = entries[0].clone();
        (entry["digest"], entry["size"]) = (json!(digest), json!(bytes.len()));
        entries.extend(vec![entry; 30]);
    });
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_floe"))
        .arg("verify")
        .arg(forgery.work.path("image"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = kilobytes.unwrap_or(peak);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!((1 << 10..100 << 10).contains(&peak), "{peak} kB");
}
