//! `floe verify` on dists that are broken in many ways: it reports every problem, before anything is sent.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod alone;
mod attested;
mod auditable;
mod claims;
mod covered;
mod kept;
mod lies;
mod published;
pub mod release;
mod requested;
#[cfg(unix)]
mod run;
mod sbom;
mod signatures;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use floe_core::model::Target;
use serde_json::Value;

use crate::support::scenario::{Scenario, make_dist, make_dist_from};
use crate::support::words::{flip_bit, problems};

const MUSL: &str = "tool-x86_64-unknown-linux-musl.tar.gz";
const WINDOWS: &str = "tool-x86_64-pc-windows-msvc.zip";

/// A dist as it should be, to be broken.
struct Dist {
    scenario: Scenario,
}

impl Dist {
    fn new() -> Self {
        Dist { scenario: Scenario::new("1.4.0").token(None) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scenario.dist().join(name)
    }

    /// The blobs of the image index, of the manifest of linux/amd64, and of its config and layer.
    fn image(&self) -> [PathBuf; 4] {
        let blob = |digest: &Value| self.path("image/blobs/sha256").join(&digest.as_str().unwrap()[7..]);
        let read = |path: &Path| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
        let index = blob(&read(&self.path("image/index.json"))["manifests"][0]["digest"]);
        let manifest = blob(&read(&index)["manifests"][0]["digest"]);
        let document = read(&manifest);
        let (config, layer) = (blob(&document["config"]["digest"]), blob(&document["layers"][0]["digest"]));
        [index, manifest, config, layer]
    }

    /// A dist of one target beside this one, to take files from.
    fn other(&self, seed: &[u8], version: &str) -> PathBuf {
        let path = self.scenario.path().join("other");
        make_dist_from(seed, &path, version, &["x86_64-musl".parse().unwrap()]);
        path
    }

    fn take(&self, other: &Path, names: &[&str]) {
        for name in names {
            fs::copy(other.join(name), self.path(name)).unwrap();
        }
    }

    #[track_caller]
    fn verify(&self, expected: Expect) {
        self.verify_as("v1.4.0", expected);
    }

    #[track_caller]
    fn verify_as(&self, tag: &str, expected: Expect) {
        let outcome = self.scenario.run(["verify", "dist", "--tag", tag]).exit(3).no_writes();
        assert_eq!(outcome.stdout, "");
        let problems = problems(&outcome.stderr);
        let count = problems.lines().count();
        let title = format!("the release has {count} problem{}\n", if count == 1 { "" } else { "s" });
        let outcome = outcome.says(&title);
        let any = |begin: &str, end: &str| {
            problems.lines().any(|problem| problem.starts_with(begin) && problem.ends_with(end))
        };
        outcome.says(match () {
            () if any("tag `", "") => "hint: give the tag of the version that was built",
            () if problems.contains(" has no usable record: ") => {
                "hint: pack again with this version of floe: `floe package native/ --out dist`"
            }
            () if any("target ", " is missing") => "hint: add what is missing",
            () => "hint: make the dist again",
        });
        expected.assert_eq(&problems);
    }
}

#[test]
fn a_valid_dist_has_no_problem() {
    let dist = Dist::new();
    let outcome = dist.scenario.run(["verify", "dist", "--tag", "v1.4.0"]).exit(0).no_writes();
    assert!(outcome.stdout.starts_with("tool 1.4.0: 7 files, "), "{}", outcome.stdout);
}

#[test]
fn a_workflow_that_runs_for_a_tag_of_no_release_is_told_which_tag_is_used() {
    let dist = Dist::new();
    let verify = |kind: &str, name: &str, more: &[&str]| {
        let variables = [("GITHUB_REF_TYPE", kind), ("GITHUB_REF_NAME", name)];
        dist.scenario.run_with(&variables, &[&["verify", "dist"], more].concat())
    };
    let warning = "which is not the tag of a release: `v1.4.0` is used instead";
    for foreign in ["nightly", "v1.4"] {
        verify("tag", foreign, &[]).exit(0).says(&format!("this workflow runs for `{foreign}`, {warning}"));
        verify("tag", foreign, &["--strict"]).exit(1).says("because of `--strict`");
    }
    for (kind, name, more) in [("tag", "nightly", &["--tag", "v1.4.0"][..]), ("branch", "main", &[])] {
        let outcome = verify(kind, name, more).exit(0);
        assert!(!outcome.stderr.contains("this workflow runs for"), "{}", outcome.stderr);
    }
}

#[test]
fn the_json_of_a_dist_lists_every_file_of_it() {
    let dist = Dist::new();
    let signature = format!("{MUSL}.asc");
    fs::write(dist.path(&signature), "a signature of GPG").unwrap();
    let outcome = dist.scenario.run(["verify", "dist", "--tag", "v1.4.0"]).exit(0);
    assert!(outcome.stdout.starts_with("tool 1.4.0: 8 files, "), "{}", outcome.stdout);
    let outcome = dist.scenario.run(["verify", "dist", "--tag", "v1.4.0", "--json"]).exit(0);
    let verdict: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let files = verdict["files"].as_array().unwrap().iter();
    let names: BTreeSet<String> = files.map(|file| file["name"].as_str().unwrap().to_owned()).collect();
    assert!(names.contains(&signature) && verdict["image"].as_str().unwrap().starts_with("sha256:"));
    let on_disk = std::fs::read_dir(dist.path("")).unwrap().map(|entry| entry.unwrap());
    let on_disk = on_disk.filter(|entry| entry.path().is_file()).map(|entry| entry.file_name());
    let on_disk: BTreeSet<String> = on_disk.map(|name| name.into_string().unwrap()).collect();
    let is_record = |name: &&String| on_disk.contains(name.strip_suffix(".json").unwrap_or_default());
    assert_eq!(names, on_disk.iter().filter(|name| !is_record(name)).cloned().collect());
}

#[test]
fn a_flipped_bit_in_a_tar_gz_is_found() {
    let dist = Dist::new();
    flip_bit(&dist.path(MUSL));
    dist.verify(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz` is not a valid archive: failed to read its end: corrupt gzip stream does not have a matching checksum
        `tool-x86_64-unknown-linux-musl.tar.gz` has the digest sha256:<0>, but its record says sha256:<1>"#]]);
}

#[test]
fn a_flipped_bit_in_a_zip_is_found() {
    let dist = Dist::new();
    flip_bit(&dist.path(WINDOWS));
    dist.verify(expect![[r#"
        `tool-x86_64-pc-windows-msvc.zip` is not a valid archive: its index is not where its end record says
        `tool-x86_64-pc-windows-msvc.zip` has the digest sha256:<0>, but its record says sha256:<1>"#]]);
}

#[test]
fn a_flipped_bit_in_a_record_is_found() {
    let dist = Dist::new();
    let path = dist.path(&format!("{MUSL}.json"));
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"size\"", "\"sizf\"", 1)).unwrap();
    dist.verify(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz` has no usable record: missing field `size`
        target x86_64-musl is missing
        the image for linux/amd64: `/bin/tool` is not the `tool` of any x86_64 archive"#]]);
    // The same bit in a value that is still understood.
    let digest = text.find("sha256:").unwrap() + "sha256:".len();
    let mut bytes = text.into_bytes();
    bytes[digest] = if bytes[digest] == b'0' { b'1' } else { b'0' };
    fs::write(&path, bytes).unwrap();
    dist.verify(expect![
        "`tool-x86_64-unknown-linux-musl.tar.gz` has the digest sha256:<0>, but its record says sha256:<1>"
    ]);
}

#[test]
fn a_flipped_bit_in_each_kind_of_blob_is_found() {
    let broken: String = ["the image index", "the manifest", "the config", "layer 1"]
        .into_iter()
        .enumerate()
        .map(|(kind, name)| {
            let dist = Dist::new();
            flip_bit(&dist.image()[kind]);
            let outcome = dist.scenario.run(["verify", "dist", "--tag", "v1.4.0"]).exit(3).no_writes();
            let found = problems(&outcome.stderr);
            assert!(found.lines().count() == 1 && found.contains(name), "{found}");
            found + "\n"
        })
        .collect();
    expect![[r#"
        the image `dist/image` is broken: the image index, blob `sha256:<0>`, has the digest sha256:<1>
        the image `dist/image` is broken: the manifest of linux/amd64, blob `sha256:<0>`, has the digest sha256:<1>
        the image `dist/image` is broken: the config of linux/amd64, blob `sha256:<0>`, has the digest sha256:<1>
        the image `dist/image` is broken: layer 1 of linux/amd64, blob `sha256:<0>`, has the digest sha256:<1>
    "#]].assert_eq(&broken);
}

#[test]
fn a_flipped_bit_in_the_index_of_the_layout_is_found() {
    let dist = Dist::new();
    let path = dist.path("image/index.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("digest", "digesu", 1)).unwrap();
    dist.verify(expect![
        "the image `dist/image` is broken: `index.json` cannot be read: missing field `digest`"
    ]);
}

#[test]
fn a_target_that_is_missing() {
    let dist = Dist::new();
    fs::remove_file(dist.path(MUSL)).unwrap();
    fs::remove_file(dist.path(&format!("{MUSL}.json"))).unwrap();
    dist.verify(expect![[r#"
        target x86_64-musl is missing
        the image for linux/amd64: `/bin/tool` is not the `tool` of any x86_64 archive"#]]);
}

#[test]
fn an_archive_of_another_version() {
    let dist = Dist::new();
    let other = dist.other(b"older", "1.3.0");
    dist.take(&other, &[MUSL, &format!("{MUSL}.json")]);
    dist.verify(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz` is version 1.3.0, but the release is 1.4.0
        the image for linux/amd64: `/bin/tool` is not the `tool` of any x86_64 archive"#]]);
}

#[test]
fn an_old_archive_among_new_ones_is_named() {
    let dist = Dist::new();
    let other = dist.scenario.path().join("other");
    make_dist(&other, "1.3.0", &["aarch64-macos".parse().unwrap()]);
    let mac = "tool-aarch64-apple-darwin.tar.gz";
    dist.take(&other, &[mac, &format!("{mac}.json")]);
    dist.verify(expect!["`tool-aarch64-apple-darwin.tar.gz` is version 1.3.0, but the release is 1.4.0"]);
}

#[test]
fn a_tag_of_another_version() {
    Dist::new().verify_as("v1.5.0", expect!["tag `v1.5.0` names version 1.5.0, but the project is at 1.4.0"]);
}

#[test]
fn files_that_belong_to_no_release() {
    let dist = Dist::new();
    fs::write(dist.path("notes.txt"), "by hand").unwrap();
    fs::create_dir(dist.path("old")).unwrap();
    fs::write(dist.path("image/secret.pem"), "a secret").unwrap();
    dist.verify(expect![[r#"
        `dist/notes.txt` is not part of the release; list further files as `assets` in [package.metadata.floe]
        `dist/old` is not part of the release; list further files as `assets` in [package.metadata.floe]
        the image `dist/image` is broken: nothing references `secret.pem`"#]]);
}

#[test]
fn an_empty_file_that_github_refuses() {
    for name in ["SHA256SUMS.asc".to_owned(), format!("{MUSL}.sig")] {
        let dist = Dist::new();
        fs::write(dist.path(&name), "").unwrap();
        let outcome = dist.scenario.run(["verify", "dist", "--tag", "v1.4.0"]).exit(3);
        outcome.says(&format!("  `{name}` is empty; GitHub accepts no empty file\n"));
    }
}

#[test]
fn records_that_disagree_with_each_other_or_with_their_binaries() {
    let package = |license: &str| serde_json::json!({ "license": license });
    for (changes, expected) in [
        (
            vec![
                ("tool-aarch64-apple-darwin.tar.gz", "package", package("MIT")),
                (MUSL, "package", package("GPL-2.0")),
            ],
            expect![
                "`tool-x86_64-unknown-linux-musl.tar.gz` and `tool-aarch64-apple-darwin.tar.gz` describe their package differently; pack them from one `Cargo.toml`"
            ],
        ),
        (
            vec![(MUSL, "loosened", serde_json::json!({ "static": "it needs a library" }))],
            expect![
                "`tool-x86_64-unknown-linux-musl.tar.gz` breaks no rule `static`, although its record loosens it; pack it again"
            ],
        ),
    ] {
        let dist = Dist::new();
        for (archive, field, value) in changes {
            let path = dist.path(&format!("{archive}.json"));
            let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            record[field] = value;
            fs::write(path, record.to_string()).unwrap();
        }
        dist.verify(expected);
    }
}

#[test]
fn an_archive_under_another_name() {
    let dist = Dist::new();
    fs::rename(dist.path(MUSL), dist.path("tool-linux.tar.gz")).unwrap();
    dist.verify(expect![[r#"
        `tool-x86_64-unknown-linux-musl.tar.gz.json` is a record, but its archive is not there
        `tool-linux.tar.gz` has no usable record: it is missing; `floe package` writes it
        target x86_64-musl is missing
        the image for linux/amd64: `/bin/tool` is not the `tool` of any x86_64 archive"#]]);
    fs::rename(dist.path(&format!("{MUSL}.json")), dist.path("tool-linux.tar.gz.json")).unwrap();
    dist.verify(expect!["`tool-linux.tar.gz` should be called `tool-x86_64-unknown-linux-musl.tar.gz`"]);
}

#[test]
fn a_binary_that_is_not_the_one_in_the_image() {
    let dist = Dist::new();
    let other = dist.other(b"another build", "1.4.0");
    dist.take(&other, &[MUSL, &format!("{MUSL}.json")]);
    dist.verify(expect!["the image for linux/amd64: `/bin/tool` is not the `tool` of any x86_64 archive"]);
}

#[test]
fn an_image_of_another_release() {
    let dist = Dist::new();
    let other = dist.scenario.path().join("other");
    make_dist(&other, "1.3.0", &Target::defaults().collect::<Vec<_>>());
    fs::remove_dir_all(dist.path("image")).unwrap();
    fs::rename(other.join("image"), dist.path("image")).unwrap();
    dist.verify(expect![[r#"
        the image for linux/amd64: `/bin/tool` is not the `tool` of any x86_64 archive
        the image for linux/arm64: `/bin/tool` is not the `tool` of any aarch64 archive
        the image's label `org.opencontainers.image.version` is `1.3.0`, but it should be `1.4.0`"#]]);
}

#[test]
fn all_problems_are_reported_together() {
    let dist = Dist::new();
    flip_bit(&dist.path(WINDOWS));
    flip_bit(&dist.image()[3]);
    fs::remove_file(dist.path("tool-aarch64-apple-darwin.tar.gz")).unwrap();
    fs::write(dist.path("notes.txt"), "by hand").unwrap();
    dist.verify_as("v1.5.0", expect![[r#"
        `dist/notes.txt` is not part of the release; list further files as `assets` in [package.metadata.floe]
        `tool-aarch64-apple-darwin.tar.gz.json` is a record, but its archive is not there
        `tool-x86_64-pc-windows-msvc.zip` is not a valid archive: its index is not where its end record says
        `tool-x86_64-pc-windows-msvc.zip` has the digest sha256:<0>, but its record says sha256:<1>
        tag `v1.5.0` names version 1.5.0, but the project is at 1.4.0
        target aarch64-macos is missing
        the image `dist/image` is broken: layer 1 of linux/amd64, blob `sha256:<2>`, has the digest sha256:<3>"#]]);
}
