//! Inputs of an image, by their content: binaries and docker archives, whose members and configs are untrusted.

use expect_test::expect;
use floe::error::Failure;
use floe::image;
use floe_core::model::{Digest, Platform};
use serde_json::{Value, json};

use super::samples::{Tar, docker_archive, docker_config, gzip, programs};
use super::{Work, blob, spec};
use crate::support::binaries::binary;

/// The error of `floe image` for a docker archive, with its details.
fn refused(archive: &[u8]) -> String {
    let work = Work::new();
    work.write("docker", archive);
    let error = work.build(&["docker"]).unwrap_err();
    let details = error.chain().filter_map(|cause| cause.downcast_ref::<Failure>());
    let details: Vec<String> = details.flat_map(|failure| failure.details.to_vec()).collect();
    format!("{error:#}: {}", details.join("; "))
}

/// The same for an archive of one layer.
fn refused_layer(layer: Tar) -> String {
    refused(&docker_archive("amd64", &[&layer.end()], START))
}

/// How a container is started, as docker archives have it.
const START: &str = r#"{"Entrypoint": ["/bin/floe"]}"#;

/// The regular files of an image of these layers and of [`programs`], without those that every image has.
fn files(layers: &[Tar]) -> Vec<String> {
    let work = Work::new();
    let layers: Vec<Vec<u8>> =
        std::iter::once(programs()).chain(layers.iter().cloned().map(Tar::end)).collect();
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    work.write("docker", &docker_archive("amd64", &layers, START));
    let image = work.build(&["docker"]).unwrap();
    let common = ["bin/floe", "bin/other", "etc/group", "etc/passwd"];
    let others = image.platforms[0].files.iter().filter(|file| !common.contains(&file.path.as_str()));
    others.map(|file| format!("{} {}", file.path, file.size)).collect()
}

#[test]
fn kind_and_platform_are_read_from_the_content() {
    let work = Work::new();
    let archive = docker_archive("amd64", &[&programs()], START);
    work.write("plain", &archive);
    work.write("gzip", &gzip(&archive));
    for inputs in [["arm64", "amd64"], ["arm64", "plain"], ["gzip", "arm64"]] {
        let image = work.build(&inputs).unwrap();
        let platforms: Vec<Platform> = image.platforms.iter().map(|one| one.platform).collect();
        assert_eq!(platforms, [Platform::LinuxAmd64, Platform::LinuxArm64], "{inputs:?}");
    }
}

#[test]
fn arm_v7_has_its_variant_in_the_index_and_in_the_config() {
    let work = Work::new();
    for (name, target) in [("arm", "armv7-musl"), ("riscv", "riscv64-musl")] {
        work.write(name, &binary(target.parse().unwrap(), b"seed"));
    }
    let image = work.build(&["riscv", "arm", "arm64", "amd64"]).unwrap();
    assert_eq!(image.platforms.iter().map(|one| one.platform).collect::<Vec<_>>(), Platform::ALL);
    let index: Value = serde_json::from_str(&blob(&image, &image.index.digest)).unwrap();
    let platforms = index["manifests"].as_array().unwrap().iter().map(|one| &one["platform"]);
    let expected = serde_json::json!([
        { "architecture": "amd64", "os": "linux" },
        { "architecture": "arm64", "os": "linux" },
        { "architecture": "arm", "os": "linux", "variant": "v7" },
        { "architecture": "riscv64", "os": "linux" },
    ]);
    assert_eq!(platforms.collect::<Vec<_>>(), expected.as_array().unwrap().iter().collect::<Vec<_>>());
    let configs = image.platforms.iter().map(|one| blob(&image, &one.config.digest));
    let configs: Vec<Value> = configs.map(|config| serde_json::from_str(&config).unwrap()).collect();
    let variants: Vec<_> = configs.iter().map(|config| config["variant"].as_str()).collect();
    assert_eq!(variants, [None, None, Some("v7"), None]);
    assert_eq!(image::check(&work.path("image")).unwrap(), image);
    for platform in Platform::ALL {
        assert_eq!(platform.to_string().parse(), Ok(platform));
    }
    assert_eq!(
        "linux/arm".parse::<Platform>().unwrap_err(),
        "`linux/arm` is not a platform that floe makes images for; those are linux/amd64, linux/arm64, linux/arm/v7 and \
         linux/riscv64"
    );
}

#[test]
fn a_docker_archive_for_arm_is_one_for_v7_unless_it_has_another_variant() {
    let program = binary("armv7-musl".parse().unwrap(), b"seed");
    let archive = docker_archive("arm", &[&Tar::new().program("bin/floe", &program).end()], START);
    let with = |variant: &str| {
        // The same length, so that the tar stays as it is.
        let config = r#""os": "linux", "created": "1970-01-01T00:00:01+00:00""#;
        let other = format!(r#""os":"linux","variant":"{variant}","created":"1970""#);
        let at = archive.windows(config.len()).position(|text| text == config.as_bytes()).unwrap();
        let mut bytes = archive.clone();
        let padded = format!("{other:<width$}", width = config.len());
        bytes[at..at + config.len()].copy_from_slice(padded.as_bytes());
        bytes
    };
    for bytes in [archive.clone(), with("v7")] {
        let work = Work::new();
        work.write("docker", &bytes);
        let image = work.build(&["docker"]).unwrap();
        assert_eq!(image.platforms[0].platform, Platform::LinuxArmV7);
        let config: Value = serde_json::from_str(&blob(&image, &image.platforms[0].config.digest)).unwrap();
        assert_eq!((&config["architecture"], &config["variant"]), (&"arm".into(), &"v7".into()));
    }
    let error = refused(&with("v6"));
    assert!(error.contains("it is for `linux/arm/v6`, and floe makes images for linux/amd64, "), "{error}");
    let error = refused(&docker_archive("386", &[&programs()], START));
    assert!(error.contains("it is for `linux/386`"), "{error}");
}

#[test]
fn two_files_of_one_platform_are_refused() {
    let work = Work::new();
    work.write("docker", &docker_archive("amd64", &[&programs()], START));
    let error = work.build(&["docker", "arm64", "amd64"]).unwrap_err();
    let why = error.to_string();
    assert!(why.ends_with("amd64` is the second file for `tool` of linux/amd64"), "{why}");
    assert!(error.downcast_ref::<Failure>().unwrap().hint.as_deref().is_some());
    assert!(work.build(&[]).is_err());
}

#[test]
fn layers_keep_their_bytes_and_come_in_the_order_of_the_manifest() {
    let floe = binary("aarch64-musl".parse().unwrap(), b"seed");
    let lower = Tar::new().dir("./").program("./bin/floe", &floe).end();
    let upper = Tar::new().file("etc/floe.toml", b"upper").end();
    // dockerTools writes the manifest last, and layers may come in any order.
    let config = docker_config("arm64", &[&lower, &upper, &lower], START);
    let archive = Tar::new()
        .dir("u")
        .file("./u/layer.tar", &upper)
        .file("l/layer.tar", &lower)
        .file("c.json", config.as_bytes())
        .file(
            "manifest.json",
            br#"[{"Config":"c.json","RepoTags":["floe:1"],"Layers":["l/layer.tar","u/layer.tar","l/layer.tar"]}]"#,
        )
        .end();
    for bytes in [archive.clone(), gzip(&archive)] {
        let work = Work::new();
        work.write("docker", &bytes);
        let image = work.build(&["docker"]).unwrap();
        let [arm64] = image.platforms.as_slice() else { panic!("one platform was given") };
        assert_eq!(arm64.platform, Platform::LinuxArm64);
        let config: Value = serde_json::from_str(&blob(&image, &arm64.config.digest)).unwrap();
        let digests = [&lower, &upper, &lower].map(|layer| Digest::of(layer));
        let diff_ids = config["rootfs"]["diff_ids"].as_array().unwrap();
        assert_eq!(serde_json::json!(diff_ids[..3]), serde_json::json!(digests));
        // floe adds a layer with users and `/tmp`.
        assert_eq!((arm64.files.len(), arm64.layers.len(), diff_ids.len()), (4, 4, 4));
        assert_eq!(image::check(&work.path("image")).unwrap(), image);
    }
}

#[test]
fn names_and_links_that_no_archive_needs_are_refused() {
    let good = || Tar::new().file("manifest.json", b"[]");
    assert!(refused(&good().file("../../etc/passwd", b"").end()).contains("leads out of its folder"));
    assert!(refused(&good().file("/etc/passwd", b"").end()).contains("absolute path"));
    assert!(refused(&good().symlink("layer.tar", "/etc/passwd").end()).contains("is a link"));
    assert!(refused(&good().hard_link("layer.tar", "manifest.json").end()).contains("is a link"));
    assert!(refused(&good().file("./manifest.json", b"[]").end()).contains("`manifest.json` twice"));
}

#[test]
fn a_description_that_does_not_fit_is_refused() {
    let manifest = |json: &str| refused(&Tar::new().file("manifest.json", json.as_bytes()).end());
    assert!(refused(&Tar::new().file("a", b"").end()).contains("holds no `manifest.json`"));
    assert!(manifest("[]").contains("it holds 0 images"));
    assert!(manifest("{}").contains("its `manifest.json` cannot be read"));
    assert!(manifest(r#"[{"Config":"../c","Layers":[]}]"#).contains("holds no `../c`"));
    let gone = |name: &str| {
        let config = docker_config("amd64", &[b""], START);
        let manifest = format!(r#"[{{"Config":"c.json","Layers":["{name}"]}}]"#);
        refused(
            &Tar::new().file("c.json", config.as_bytes()).file("manifest.json", manifest.as_bytes()).end(),
        )
    };
    assert!(gone("gone").contains("it lists the layer `gone`, which is not in it"));
    assert!(gone("\\u001b[2J").contains("`\\u{1b}[2J`"));
    let error = refused(&Tar::new().file("manifest.json", &vec![b' '; (4 << 20) + 1]).end());
    assert!(error.contains("its `manifest.json` cannot be read: it is larger than 4.0 MiB"), "{error}");
    let layer = Tar::new().end();
    assert!(refused(&docker_archive("riscv64", &[&layer], START)).contains("linux/riscv64"));
    assert!(refused(&docker_archive("amd64", &[], START)).contains("no layers"));
}

#[test]
fn a_layer_with_another_digest_and_a_cut_archive_are_refused() {
    let (layer, other) = (Tar::new().file("a", b"1").end(), Tar::new().file("a", b"2").end());
    let wrong = Tar::new()
        .file("l.tar", &layer)
        .file("c.json", docker_config("amd64", &[&other], START).as_bytes())
        .file("manifest.json", br#"[{"Config":"c.json","Layers":["l.tar"]}]"#)
        .end();
    assert!(refused(&wrong).contains("but its config says"));
    let whole = gzip(&docker_archive("amd64", &[&Tar::new().file("a", &[1; 4000]).end()], START));
    for cut in [20, whole.len() / 2, whole.len() - 4] {
        assert!(!refused(&whole[..cut]).is_empty(), "{cut}");
    }
}

#[test]
fn upper_layers_cover_lower_ones() {
    let lower = Tar::new().dir("a/").file("a/1", b"1").file("b", b"b").file("d/1", b"1").file("e", b"e");
    let upper = Tar::new().file("a/2", b"2").file("./b", b"other").symlink("d", "/elsewhere").dir("e/");
    assert_eq!(files(&[lower.file("d.txt", b""), upper]), ["a/1 1", "a/2 1", "b 5", "d.txt 0"]);
}

#[test]
fn hard_links_are_files_and_symbolic_links_are_not() {
    let lower = Tar::new().file("a", b"content").symlink("s", "a");
    let upper = Tar::new().hard_link("b", "a").hard_link("t", "s");
    assert_eq!(files(&[lower, upper]), ["a 7", "b 7"]);
    let error = refused_layer(Tar::new().hard_link("b", "a"));
    assert!(error.contains("`b` is a hard link to `a`, which is missing"), "{error}");
}

#[test]
fn layers_that_unpackers_disagree_about_are_refused() {
    assert_eq!(files(&[Tar::new().dir("a").dir("a/").file("/nix/store/x", b"")]), ["nix/store/x 0"]);
    let whiteout = |path: &str| {
        let error = refused_layer(Tar::new().file("b", b"").file(path, b""));
        assert!(error.contains(&format!("`{path}` is a whiteout, which floe does not apply")), "{error}");
    };
    ["a/.wh.b", "a/.wh..wh..opq", ".wh.b", ".wh.a/b"].into_iter().for_each(whiteout);
    for (layer, why) in [
        (Tar::new().mode(0o4755, "bin/su", b""), "`bin/su` has the mode 4755: it would run as another user"),
        (Tar::new().mode(0o2755, "bin/x", b""), "`bin/x` has the mode 2755: it would run as another user"),
        (Tar::new().file("../a", b""), "leads out of its folder"),
        (Tar::new().file("/etc/shadow", b""), "`/etc/shadow` is an absolute path"),
        (Tar::new().file("a", b"1").file("./a", b"2"), "`a` is there twice"),
        (Tar::new().symlink("l", "/etc").file("l/x", b""), "`l/x` is below `l`, which is not a folder"),
        (Tar::new().file("l/x", b"").symlink("l", "/etc"), "`l/x` is below `l`, which is not a folder"),
    ] {
        let error = refused_layer(layer);
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn settings_of_a_docker_archive_that_the_image_lacks_are_named() {
    let work = Work::new();
    let lost = |config: Value| {
        work.write("docker", &docker_archive("amd64", &[&programs()], &config.to_string()));
        image::stage(&[work.path("docker")], &spec(), &work.path("image")).unwrap().2.join("\n")
    };
    let plain =
        json!({"Entrypoint": ["/bin/floe"], "Labels": {}, "OnBuild": null, "Hostname": "", "Tty": false});
    assert_eq!(lost(plain), "");
    let set = json!({"Entrypoint": ["/bin/floe"], "Labels": {"a": "b"}, "Healthcheck": {"Test": ["CMD", "/bin/floe"]}, "Shell": ["/bin/sh"]});
    expect![[r#"
        the image for linux/amd64 lacks `Labels` of its docker archive; write them as `labels` under [package.metadata.floe.image]
        the image for linux/amd64 lacks `Healthcheck` of its docker archive, which OCI images do not have
        the image for linux/amd64 lacks `Shell` of its docker archive, which OCI images do not have"#]]
    .assert_eq(&lost(set));
}
