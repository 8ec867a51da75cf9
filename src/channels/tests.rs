//! The rendered files of a sample release. Tests of one channel are in its own module.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use floe_core::model::config::{Aur, Chocolatey, Homebrew, Scoop, Winget};

/// A release of all targets, with `change` made to its JSON.
pub(super) fn manifest(change: impl FnOnce(&mut Value)) -> Manifest {
    let mut value: Value = serde_json::from_str(include_str!("../../tests/it/compat/manifest.json")).unwrap();
    value["package"] = json!({
        "description": "A tool that turns \"this\" into that.",
        "license": "MIT OR Apache-2.0",
    });
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

/// Without the archives whose names contain `part`.
pub(super) fn without(value: &mut Value, part: &str) {
    let artifacts = value["artifacts"].as_array_mut().unwrap();
    artifacts.retain(|artifact| !artifact["file"].as_str().unwrap().contains(part));
}

pub(super) fn with_extras(value: &mut Value) {
    for artifact in value["artifacts"].as_array_mut().unwrap() {
        let top = format!("tool-{}", artifact["target"].as_str().unwrap());
        artifact["extras"] = json!({
            "man": [format!("{top}/man/tool-run.1"), format!("{top}/man/tool.1"), format!("{top}/man/de/tool.5")],
            "completions": {
                "bash": [format!("{top}/completions/tool.bash")],
                "zsh": [format!("{top}/completions/_tool")],
                "fish": [format!("{top}/completions/tool.fish")],
                "pwsh": [format!("{top}/completions/_tool.ps1")],
            },
        });
    }
}

/// Every channel, with nothing but what its table demands.
pub(super) fn all() -> Channels {
    let (tap, bucket) = ("acme/homebrew-tap".parse().unwrap(), "acme/scoop-bucket".parse().unwrap());
    Channels {
        homebrew: Some(Homebrew { tap, formula: None, caveats: None, adopt: false }),
        scoop: Some(Scoop { bucket, manifest: None, adopt: false }),
        winget: Some(Winget { id: "Acme.Tool".to_owned(), publisher: None, fork: None }),
        chocolatey: Some(Chocolatey { id: None, authors: None, feed: None }),
        aur: Some(Aur { package: None, maintainer: None }),
        ..Channels::default()
    }
}

fn homebrew() -> Channels {
    Channels { homebrew: all().homebrew, ..Channels::NONE }
}

pub(super) fn scoop() -> Channels {
    Channels { scoop: all().scoop, ..Channels::NONE }
}

/// The lines by which the only file of a changed release differs from that of the sample.
pub(super) fn check_change(change: impl FnOnce(&mut Value), channels: &Channels, expected: Expect) {
    let text = |manifest: &Manifest| {
        let [file] = &render(manifest, channels).unwrap()[..] else { panic!("one file") };
        String::from_utf8(file.bytes.clone()).unwrap()
    };
    let (before, after) = (text(&manifest(|_| ())), text(&manifest(change)));
    let patch = diffy::DiffOptions::new().set_context_len(0).create_patch(&before, &after);
    let lines = patch.hunks().iter().flat_map(diffy::Hunk::lines).map(|line| match line {
        diffy::Line::Context(line) => format!(" {line}"),
        diffy::Line::Delete(line) => format!("-{line}"),
        diffy::Line::Insert(line) => format!("+{line}"),
    });
    expected.assert_eq(&lines.collect::<String>());
}

pub(super) fn check(manifest: &Manifest, channels: &Channels, expected: Expect) {
    let mut shown = String::new();
    for file in render(manifest, channels).unwrap() {
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        let repository = file.entry.repository.unwrap_or_default();
        assert_eq!(Marker::of(text.as_bytes()).unwrap().version, manifest.version);
        shown.push_str(&format!("{} {repository} {}\n{text}", file.entry.kind, file.entry.path));
    }
    expected.assert_eq(&shown);
}

#[test]
fn a_formula_has_a_block_for_each_system_and_processor() {
    check(
        &manifest(with_extras),
        &homebrew(),
        expect![[r##"
            homebrew acme/homebrew-tap Formula/tool.rb
            # Made by floe from the release manifest of tool 1.4.0.
            class Tool < Formula
              desc "Turns \"this\" into that"
              homepage "https://github.com/acme/tool"
              license any_of: ["MIT", "Apache-2.0"]

              livecheck do
                url :stable
                strategy :github_latest
              end

              on_macos do
                on_arm do
                  url "https://github.com/acme/tool/releases/download/v1.4.0/tool-aarch64-apple-darwin.tar.gz"
                  sha256 "8caa71f0a07e171dc9c2181c6d6c3871c3eeb349ab88393871e2fd12bbb63455"
                end
                on_intel do
                  url "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-apple-darwin.tar.gz"
                  sha256 "8c7259675f74bd4b62200d566a9baf07f42b95918f4a5973727d4752b61fefe4"
                end
              end

              on_linux do
                on_arm do
                  url "https://github.com/acme/tool/releases/download/v1.4.0/tool-aarch64-unknown-linux-musl.tar.gz"
                  sha256 "c1a55e2399b3c96803516a8c9c9d04271014d5b9d63899bd0b7e809ebd60fd11"
                end
                on_intel do
                  url "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-unknown-linux-musl.tar.gz"
                  sha256 "fc2f1b1961d4f0b6dacc700b3a838c4db8273fcdbd844574768802e0b2818dcd"
                end
              end

              def install
                bin.install "tool"
                (man/"de/man5").install "man/de/tool.5"
                man1.install "man/tool-run.1"
                man1.install "man/tool.1"
                bash_completion.install "completions/tool.bash" => "tool"
                fish_completion.install "completions/tool.fish"
                pwsh_completion.install "completions/_tool.ps1"
                zsh_completion.install "completions/_tool"
              end

              test do
                assert_match version.to_s, shell_output("#{bin}/tool --version")
              end
            end
        "##]],
    );
}

#[test]
fn a_formula_keeps_systems_without_an_archive_from_installing_another_ones() {
    let linux = |value: &mut Value| {
        without(value, "darwin");
        without(value, "aarch64");
        value["tag"] = "tool-v1.4.0".into();
        value["package"]["homepage"] = "https://tool.example".into();
    };
    check_change(
        linux,
        &homebrew(),
        expect![[r#"
        -  homepage "https://github.com/acme/tool"
        +  homepage "https://tool.example"
        +  url "https://github.com/acme/tool/releases/download/tool-v1.4.0/tool-x86_64-unknown-linux-musl.tar.gz"
        +  version "1.4.0"
        +  sha256 "fc2f1b1961d4f0b6dacc700b3a838c4db8273fcdbd844574768802e0b2818dcd"
        -    strategy :github_latest
        +    regex(/^tool-v?(\d+(?:\.\d+)+)$/i)
        -  on_macos do
        -    on_arm do
        -      url "https://github.com/acme/tool/releases/download/v1.4.0/tool-aarch64-apple-darwin.tar.gz"
        -      sha256 "8caa71f0a07e171dc9c2181c6d6c3871c3eeb349ab88393871e2fd12bbb63455"
        -    end
        -    on_intel do
        -      url "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-apple-darwin.tar.gz"
        -      sha256 "8c7259675f74bd4b62200d566a9baf07f42b95918f4a5973727d4752b61fefe4"
        -    end
        -  end
        +  depends_on :linux
        -      url "https://github.com/acme/tool/releases/download/v1.4.0/tool-aarch64-unknown-linux-musl.tar.gz"
        -      sha256 "c1a55e2399b3c96803516a8c9c9d04271014d5b9d63899bd0b7e809ebd60fd11"
        -    end
        -    on_intel do
        -      url "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-unknown-linux-musl.tar.gz"
        -      sha256 "fc2f1b1961d4f0b6dacc700b3a838c4db8273fcdbd844574768802e0b2818dcd"
        +      depends_on arch: :x86_64
    "#]],
    );
    check_change(
        |value| without(value, "x86_64-apple"),
        &homebrew(),
        expect![[r#"
        +  url "https://github.com/acme/tool/releases/download/v1.4.0/tool-aarch64-apple-darwin.tar.gz"
        +  sha256 "8caa71f0a07e171dc9c2181c6d6c3871c3eeb349ab88393871e2fd12bbb63455"
        -    on_arm do
        -      url "https://github.com/acme/tool/releases/download/v1.4.0/tool-aarch64-apple-darwin.tar.gz"
        -      sha256 "8caa71f0a07e171dc9c2181c6d6c3871c3eeb349ab88393871e2fd12bbb63455"
        -    end
        -      url "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-apple-darwin.tar.gz"
        -      sha256 "8c7259675f74bd4b62200d566a9baf07f42b95918f4a5973727d4752b61fefe4"
        +      depends_on arch: :arm64
    "#]],
    );
}

/// Without a word about it, a plan would promise a file that is not rendered, or a user would miss one.
#[test]
fn a_channel_renders_a_file_for_each_target_that_it_is_for() {
    const KINDS: [ChannelKind; 7] = [
        ChannelKind::Sh,
        ChannelKind::Ps1,
        ChannelKind::Homebrew,
        ChannelKind::Scoop,
        ChannelKind::Winget,
        ChannelKind::Chocolatey,
        ChannelKind::Aur,
    ];
    let (channels, repo) = (all(), "acme/tool".parse().unwrap());
    for target in Target::all() {
        let only = manifest(|value| {
            let mut artifact = value["artifacts"][0].clone();
            artifact["target"] = target.triple.into();
            artifact["file"] = target.archive_file("tool").into();
            value["artifacts"] = json!([artifact]);
        });
        let files = render(&only, &channels).unwrap();
        let of = |kind| files.iter().find(|file| file.entry.kind == kind);
        let left_out = left_out(&only, &channels).concat();
        let places = places(("tool", &only.version), Some(&repo), &[target], &channels);
        for kind in KINDS {
            assert_eq!(of(kind).is_some(), kind.is_for(target), "{kind} for {target}");
            assert_eq!(left_out.contains(&format!("`{kind}`")), !kind.is_asset() && of(kind).is_none());
            let is_planned = places.iter().any(|place| place.kind == kind);
            let is_moved = !kind.is_asset() && kind != ChannelKind::Aur;
            assert_eq!(is_planned, is_moved && of(kind).is_some(), "{kind} for {target}");
            let text = of(kind).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
            let names_archive = |text: String| kind == ChannelKind::Winget || text.contains(target.triple);
            assert!(kind == ChannelKind::Chocolatey || text.is_none_or(names_archive), "{kind} for {target}");
        }
        let installers: Vec<&str> = files
            .iter()
            .filter(|file| file.entry.kind.is_asset())
            .map(|file| file.entry.path.as_str())
            .collect();
        assert_eq!(installers, self::installers("tool", &[target], &channels));
    }
}

#[test]
fn nothing_is_rendered_for_a_prerelease_or_without_archives() {
    let both = Channels { scoop: scoop().scoop, ..homebrew() };
    let prerelease = |value: &mut Value| {
        value["version"] = "1.5.0-rc.1".into();
        value["tag"] = "v1.5.0-rc.1".into();
    };
    assert_eq!(render(&manifest(prerelease), &both), Ok(Vec::new()));
    let empty = manifest(|value| value["artifacts"] = json!([]));
    assert_eq!(render(&empty, &both), Ok(Vec::new()));
    assert_eq!(
        left_out(&empty, &both),
        [
            "nothing is rendered for `homebrew`: there is no archive for macOS or Linux on x86-64 or ARM64",
            "nothing is rendered for `scoop`: there is no archive for Windows"
        ]
    );
    assert!(left_out(&manifest(|_| ()), &both).is_empty());
    let undescribed = manifest(|value| {
        value["package"] = json!({ "homepage": "tool.example" });
    });
    let winget = Channels { winget: all().winget, ..homebrew() };
    let page = "a `homepage` that begins with `https://` in Cargo.toml";
    assert_eq!(
        render(&undescribed, &winget).unwrap_err(),
        [
            "`homebrew` needs a `description` in Cargo.toml",
            &format!("`homebrew` needs {page}"),
            "`winget` needs a `description` in Cargo.toml",
            &format!("`winget` needs {page}"),
            "`winget` needs a `license` in Cargo.toml",
        ]
    );
}

#[test]
fn a_man_page_goes_to_the_folder_of_its_section_and_language() {
    for (path, expected) in [
        ("man/tool.1", Some("man/man1/tool.1")),
        ("man/man5/tool.conf.5", Some("man/man5/tool.conf.5")),
        ("man/de/tool.1.gz", Some("man/de/man1/tool.1.gz")),
        ("man/pt_BR/man1/tool.1", Some("man/pt_BR/man1/tool.1")),
        ("man/notes/tool.1", Some("man/man1/tool.1")),
        ("man/tool.txt", None),
    ] {
        assert_eq!(man_page(path).as_deref(), expected, "{path}");
    }
}

/// If this fails, raise [`REVISION`]: a published release must not be called wrong because a text has changed.
#[test]
fn the_texts_are_those_of_this_revision() {
    let channels = all();
    let mut shown = format!("revision {REVISION}\n");
    for file in render(&manifest(with_extras), &channels).unwrap() {
        shown.push_str(&format!(
            "{} {}\n",
            file.entry.path,
            floe_core::model::Digest::of(&file.bytes).short()
        ));
    }
    expect![[r#"
        revision 1
        tool-installer.sh 0ee30a894218
        tool-installer.ps1 90618d88a26c
        Formula/tool.rb 36eca53e6f21
        bucket/tool.json 62bb64ee1976
        manifests/a/Acme/Tool/1.4.0/Acme.Tool.installer.yaml b6f5ad050b59
        manifests/a/Acme/Tool/1.4.0/Acme.Tool.locale.en-US.yaml 838deef30bd2
        manifests/a/Acme/Tool/1.4.0/Acme.Tool.yaml be385b2701a2
        tool.1.4.0.nupkg 679f6e5e3efc
        tool-bin/.SRCINFO eba3bc5dcfd6
        tool-bin/PKGBUILD c0bd99a1b3db
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_release_is_rendered_again_from_its_manifest_alone() {
    let mut channels = Channels {
        winget: Some(Winget {
            id: "Acme.Tool".to_owned(),
            publisher: Some("Acme Inc.".to_owned()),
            fork: None,
        }),
        chocolatey: Some(Chocolatey {
            // An identifier may hold dots and digits.
            id: Some("a.2b.1".to_owned()),
            authors: Some("Acme & others".to_owned()),
            feed: Some("push.example.org".to_owned()),
        }),
        aur: Some(Aur { package: Some("tool-acme-bin".to_owned()), maintainer: Some("Acme".to_owned()) }),
        ..all()
    };
    channels.homebrew = channels.homebrew.map(|homebrew| Homebrew {
        formula: Some("tool-acme".to_owned()),
        caveats: Some("Run `tool init` first.\nThen \"run\" #{it}.".to_owned()),
        ..homebrew
    });
    let mut manifest = manifest(with_extras);
    let files = render(&manifest, &channels).unwrap();
    manifest.channels = files.iter().map(|file| file.entry.clone()).collect();
    assert_eq!(render(&manifest, &settings(&manifest)).unwrap(), files);
    // The files go where they were going to go before the build.
    let targets: Vec<Target> = manifest.artifacts.iter().map(|artifact| artifact.target).collect();
    let repo = "acme/tool".parse().unwrap();
    let planned = places(("tool", &manifest.version), Some(&repo), &targets, &channels);
    assert_eq!(planned.len(), 4);
    assert_eq!(places_of(&manifest, &settings(&manifest)), planned);
}
