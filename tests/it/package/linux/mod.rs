//! The packages that `floe package` makes for dpkg and rpm.

mod peers;
mod published;
mod reader;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use expect_test::expect;
use floe_core::model::{Digest, Record, Target};

use crate::support::binaries::binary;
use crate::support::sample::{Sample, floe};
use crate::support::scenario::Scenario;
use crate::support::words::error_of;

/// The keys that package managers need.
const ABOUT: &str = "description = \"A tool that turns this into that.\"\nauthors = [\"Somebody\", \"Acme <acme@example.org>\"]\n\
                     license = \"MIT OR Apache-2.0\"\nrepository = \"https://github.com/acme/tool\"\n";
const TABLES: &str =
    "[package.metadata.floe]\nsbom = false\n[package.metadata.floe.deb]\n[package.metadata.floe.rpm]\n";

/// A project with pages and completions, at a version and with these lines about itself.
fn project(version: &str, lines: &str) -> Sample {
    let head = format!("[package]\nname = \"tool\"\nversion = \"{version}\"\nedition = \"2021\"\n");
    Sample::with_manifest(&format!("{head}{lines}"))
        .file("src/main.rs", "fn main() { println!(\"it runs\"); }\n")
        .file("README.md", "# tool\n")
        .file("LICENSE-MIT", "Copyright (c) 2026 Acme\n\nPermission is hereby granted.\n")
        .file("LICENSE-APACHE", include_str!("../../../../LICENSE-APACHE"))
        .file("man/tool.1", PAGE)
        .file("man/de/tool.1", PAGE)
        .file("man/tool.conf.5.gz", gzip(PAGE))
        .file("completions/tool.bash", "complete -W 'a b' tool\n")
        .file("completions/bash/tool", "complete -W 'c d' tool\n")
        .file("completions/_tool", "#compdef tool\n")
        .file("completions/tool.fish", "complete -c tool\n")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

const PAGE: &str = ".TH TOOL 1 2026-01-01 tool \"User Commands\"\n.SH NAME\ntool \\- turns this into that\n.SH SYNOPSIS\n.B tool\n";

/// Packs tiny, but real binaries for these targets into `dist`.
fn pack(sample: &Sample, targets: &[&str]) -> Result<PathBuf, String> {
    for target in targets {
        let target: Target = target.parse().unwrap();
        let path = sample.path().join("native").join(target.triple).join("tool");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, binary(target, b"tool")).unwrap();
    }
    let output = floe(sample.path()).args(["package", "native", "--epoch", "1709210096"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    if output.status.success() { Ok(sample.path().join("dist")) } else { Err(said) }
}

fn packages(dist: &Path) -> Vec<String> {
    let names = fs::read_dir(dist).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|name| name.ends_with(".deb") || name.ends_with(".rpm")).collect();
    names.sort();
    names
}

fn deb(dist: &Path, name: &str) -> (String, reader::Files) {
    reader::deb(&fs::read(dist.join(name)).unwrap())
}

#[test]
fn a_package_is_made_of_each_static_archive() {
    let sample = project("1.4.0", &format!("{ABOUT}{TABLES}"));
    let dist = pack(&sample, &["x86_64-musl", "x86_64-gnu", "armv7-musl", "aarch64-macos"]).unwrap();
    let names = [
        "tool-1.4.0-1.armv7hl.rpm",
        "tool-1.4.0-1.x86_64.rpm",
        "tool_1.4.0_amd64.deb",
        "tool_1.4.0_armhf.deb",
    ];
    assert_eq!(packages(&dist), names);

    let (control, files) = deb(&dist, "tool_1.4.0_amd64.deb");
    expect![[r#"
        Package: tool
        Version: 1.4.0
        Architecture: amd64
        Maintainer: Acme <acme@example.org>
        Installed-Size: 29
        Section: utils
        Priority: optional
        Homepage: https://github.com/acme/tool
        Description: Turns this into that
         A tool that turns this into that.
         .
         The programs are linked statically and need no other package.
    "#]]
    .assert_eq(&control);
    expect![[r#"
        040755 usr/
        040755 usr/bin/
        100755 usr/bin/tool
        040755 usr/share/
        040755 usr/share/bash-completion/
        040755 usr/share/bash-completion/completions/
        100644 usr/share/bash-completion/completions/tool
        040755 usr/share/doc/
        040755 usr/share/doc/tool/
        100644 usr/share/doc/tool/README.md
        100644 usr/share/doc/tool/changelog.gz
        100644 usr/share/doc/tool/copyright
        040755 usr/share/fish/
        040755 usr/share/fish/vendor_completions.d/
        100644 usr/share/fish/vendor_completions.d/tool.fish
        040755 usr/share/lintian/
        040755 usr/share/lintian/overrides/
        100644 usr/share/lintian/overrides/tool
        040755 usr/share/man/
        040755 usr/share/man/de/
        040755 usr/share/man/de/man1/
        100644 usr/share/man/de/man1/tool.1.gz
        040755 usr/share/man/man1/
        100644 usr/share/man/man1/tool.1.gz
        040755 usr/share/man/man5/
        100644 usr/share/man/man5/tool.conf.5.gz
        040755 usr/share/zsh/
        040755 usr/share/zsh/vendor-completions/
        100644 usr/share/zsh/vendor-completions/_tool"#]]
    .assert_eq(&reader::listing(&files));
    assert_eq!(files["usr/bin/tool"].1, binary("x86_64-musl".parse().unwrap(), b"tool"));
    assert_eq!(files["usr/share/bash-completion/completions/tool"].1, b"complete -W 'c d' tool\n");
    expect![[r#"
        This is tool 1.4.0 from <https://github.com/acme/tool>, made from its release.

        License: MIT OR Apache-2.0

        Debian keeps the texts of common licenses in /usr/share/common-licenses/.

        LICENSE-APACHE: see /usr/share/common-licenses/Apache-2.0

        LICENSE-MIT:

        Copyright (c) 2026 Acme

        Permission is hereby granted.
    "#]]
    .assert_eq(std::str::from_utf8(&files["usr/share/doc/tool/copyright"].1).unwrap());

    let (tags, files) = reader::rpm(&fs::read(dist.join("tool-1.4.0-1.x86_64.rpm")).unwrap());
    let facts = [1000, 1001, 1002, 1004, 1005, 1006, 1014, 1015, 1020, 1022, 1044, 1047, 1049, 1113];
    let facts: Vec<String> = facts.iter().map(|tag| format!("{tag} {}", tags[tag].join(", "))).collect();
    expect![[r#"
        1000 tool
        1001 1.4.0
        1002 1
        1004 Turns this into that
        1005 A tool that turns this into that.
        1006 1709210096
        1014 MIT OR Apache-2.0
        1015 Acme <acme@example.org>
        1020 https://github.com/acme/tool
        1022 x86_64
        1044 tool-1.4.0-1.src.rpm
        1047 tool
        1049 rpmlib(CompressedFileNames), rpmlib(FileDigests), rpmlib(PayloadFilesHavePrefix)
        1113 1.4.0-1"#]]
    .assert_eq(&facts.join("\n"));
    expect![[r#"
        100755 ./usr/bin/tool
        100644 ./usr/share/bash-completion/completions/tool
        040755 ./usr/share/doc/tool
        100644 ./usr/share/doc/tool/README.md
        100644 ./usr/share/fish/vendor_completions.d/tool.fish
        040755 ./usr/share/licenses/tool
        100644 ./usr/share/licenses/tool/LICENSE-APACHE
        100644 ./usr/share/licenses/tool/LICENSE-MIT
        100644 ./usr/share/man/de/man1/tool.1.gz
        100644 ./usr/share/man/man1/tool.1.gz
        100644 ./usr/share/man/man5/tool.conf.5.gz
        100644 ./usr/share/zsh/site-functions/_tool"#]]
    .assert_eq(&reader::listing(&files));
    assert_eq!(files["./usr/bin/tool"].1, binary("x86_64-musl".parse().unwrap(), b"tool"));
}

#[test]
fn every_text_of_a_license_is_one_in_a_package() {
    let texts = ["license.md", "Licence", "Copying.LESSER", "UNLICENSE", "notice.txt", "LICENSES/Zlib.txt"];
    let lines = format!("{ABOUT}{TABLES}").replace("sbom = false", "sbom = false\ninclude = [\"LICENSES\"]");
    let sample = texts
        .iter()
        .fold(project("1.4.0", &lines), |sample, text| sample.file(text, format!("Text of {text}")));
    let dist = pack(&sample, &["x86_64-musl"]).unwrap();
    let (_, files) = reader::deb(&fs::read(dist.join("tool_1.4.0_amd64.deb")).unwrap());
    let copyright = String::from_utf8_lossy(&files["usr/share/doc/tool/copyright"].1).into_owned();
    let (_, files) = reader::rpm(&fs::read(dist.join("tool-1.4.0-1.x86_64.rpm")).unwrap());
    for text in texts {
        assert!(copyright.contains(&format!("Text of {text}\n")), "{text}: {copyright}");
        assert!(files.contains_key(&format!("./usr/share/licenses/tool/{text}")), "{text}");
    }
}

#[test]
fn the_same_archive_gives_the_same_packages_and_a_new_version_replaces_the_old_ones() {
    let lines = format!("{ABOUT}{TABLES}");
    let (one, other) = (project("1.4.0", &lines), project("1.4.0", &lines));
    let (first, second) = (pack(&one, &["x86_64-musl"]).unwrap(), pack(&other, &["x86_64-musl"]).unwrap());
    let mut digests = Vec::new();
    for name in packages(&first) {
        let bytes = fs::read(first.join(&name)).unwrap();
        assert_eq!(bytes, fs::read(second.join(&name)).unwrap(), "{name}");
        digests.push(format!("{name} {}", Digest::of(&bytes)));
    }
    // If this fails, raise the revision of the packages: a published one must not be called wrong because a rule has changed.
    digests.push(format!("revision {}", floe::channels::packages::REVISION));
    expect![[r#"
        tool-1.4.0-1.x86_64.rpm sha256:815f23ac1c8a8f7f90351f6b22fcc9a6e6173bad73ce6557b1e5941b7ac99fb9
        tool_1.4.0_amd64.deb sha256:791b64cb78c87432514b3b7a7d1ed02cad8d7ca7881b2fe45eb3f93c6793fc89
        revision 1"#]]
    .assert_eq(&digests.join("\n"));
    let manifest = fs::read_to_string(one.path().join("Cargo.toml")).unwrap();
    let one = one.file("Cargo.toml", manifest.replace("1.4.0", "1.5.0-rc.1"));
    let dist = pack(&one, &["x86_64-musl"]).unwrap();
    assert_eq!(packages(&dist), ["tool-1.5.0-rc.1-1.x86_64.rpm", "tool_1.5.0-rc.1_amd64.deb"]);
    assert!(deb(&dist, "tool_1.5.0-rc.1_amd64.deb").0.contains("\nVersion: 1.5.0~rc.1\n"));
    let (tags, _) = reader::rpm(&fs::read(dist.join("tool-1.5.0-rc.1-1.x86_64.rpm")).unwrap());
    assert_eq!((&tags[&1001][0], &tags[&1113][0]), (&"1.5.0~rc.1".to_owned(), &"1.5.0~rc.1-1".to_owned()));
}

#[test]
fn a_description_cannot_add_a_field_or_end_the_text() {
    for (text, summary) in [
        (r"x\nDepends: evil\n\nPackage: other", "X Depends: evil Package: other"),
        (r". .. .hidden\n.\n.text", "Hidden . .text"),
        (r"...", "Command-line tool"),
        (r"An \u202eodd\u0000 one.\t", "Odd one"),
        (
            r"The one \u00fcber tool, .deb .rpm .tar.gz .zip .deb .rpm .tar.gz .zip .deb .rpm .tar.gz .zip .deb .rpm .tar.gz",
            "",
        ),
    ] {
        let sample = project(
            "1.4.0",
            &format!("{}{TABLES}", ABOUT.replace("A tool that turns this into that.", text)),
        );
        let dist = pack(&sample, &["x86_64-musl"]).unwrap();
        let (control, _) = deb(&dist, "tool_1.4.0_amd64.deb");
        let (fields, description) = control.split_once("\nDescription: ").unwrap();
        assert_eq!(fields.lines().count(), 8, "{control}");
        let (first, more) = description.split_once('\n').unwrap();
        assert!(!first.is_empty() && first.chars().count() <= 79, "{control}");
        assert!(summary.is_empty() || first == summary, "{first:?}");
        let is_line =
            |line: &str| line == " ." || line.starts_with(' ') && !line[1..].starts_with(['.', ' ']);
        assert!(
            more.lines().all(is_line) && more.lines().filter(|line| *line == " .").count() == 1,
            "{control}"
        );
        let (tags, _) = reader::rpm(&fs::read(dist.join("tool-1.4.0-1.x86_64.rpm")).unwrap());
        assert_eq!(tags[&1004], [first]);
    }
}

#[test]
fn a_project_that_lacks_something_is_refused_before_anything_is_packed() {
    let sample = project("1.4.0", &format!("homepage = \"tool.example\"\n{TABLES}"));
    let said = pack(&sample, &["x86_64-musl"]).unwrap_err();
    expect![[r#"
        error: the binaries of `tool` 1.4.0 cannot be packed
          `deb` needs a `description` in Cargo.toml
          `deb` needs a `homepage` in Cargo.toml that begins with `https://`
          `deb` needs a `maintainer` in its table, or `authors` in Cargo.toml, as `Name <address>`
          `rpm` needs a `description` in Cargo.toml
          `rpm` needs a `homepage` in Cargo.toml that begins with `https://`
    "#]]
    .assert_eq(&error_of(&said));
    assert!(!sample.path().join("dist").exists());
    let plan = Scenario::empty("1.4.0").before_anything_is_built(TABLES).run(["plan"]).exit(3);
    expect![[r#"
        error: the package lacks keys that its channels need
          `deb` needs a `description` in Cargo.toml
          `deb` needs a `maintainer` in its table, or `authors` in Cargo.toml, as `Name <address>`
          `rpm` needs a `description` in Cargo.toml

        hint: add the keys to [package] in Cargo.toml and pack again with `floe package`
    "#]]
    .assert_eq(&error_of(&plan.stderr));
}

#[test]
fn an_edited_package_is_not_verified_even_if_its_record_is_edited_too() {
    let sample = project("1.4.0", &format!("{ABOUT}{TABLES}"));
    let dist = pack(&sample, &["x86_64-musl"]).unwrap();
    let verify = || {
        let mut command = floe(sample.path());
        command.args(["verify", "dist", "--target", "x86_64-musl", "--no-image"]);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(verify().0, Some(0), "{}", verify().1);
    let path = dist.join("tool_1.4.0_amd64.deb");
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    // The last byte is part of a checksum of gzip.
    *bad.iter_mut().rfind(|byte| **byte != b'\n').unwrap() ^= 1;
    fs::write(&path, &bad).unwrap();
    let (code, said) = verify();
    assert!(code == Some(3) && said.contains("`tool_1.4.0_amd64.deb` has the digest"), "{said}");

    let at = dist.join("tool-x86_64-unknown-linux-musl.tar.gz.json");
    let mut record: Record = serde_json::from_slice(&fs::read(&at).unwrap()).unwrap();
    record.packages[0].digest = Digest::of(&bad);
    fs::write(&at, floe_core::model::to_json(&record)).unwrap();
    let (code, said) = verify();
    assert!(code == Some(3) && said.contains("amd64.deb` is not what floe renders"), "{said}");

    fs::remove_file(&path).unwrap();
    let (code, said) = verify();
    assert!(code == Some(3) && said.contains("`tool_1.4.0_amd64.deb` is missing"), "{said}");

    // Its own name, which a record may not choose.
    record.packages[0].file = "tool_9.9.9_amd64.deb".to_owned();
    fs::write(dist.join("tool_9.9.9_amd64.deb"), &good).unwrap();
    record.packages[0].digest = Digest::of(&good);
    fs::write(&at, floe_core::model::to_json(&record)).unwrap();
    let (code, said) = verify();
    assert!(code == Some(3) && said.contains("should be called `tool_1.4.0_amd64.deb`"), "{said}");
}
