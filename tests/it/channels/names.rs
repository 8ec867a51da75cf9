//! The names of archives, by the rules of tools that find them by name and need no file of their own.
//!
//! Each rule is written from the tool's source, which its comment names.

use floe_core::model::{Arch, Os, Target};

fn archives() -> Vec<(Target, String)> {
    Target::defaults().map(|target| (target, target.archive_file("tool"))).collect()
}

/// The other assets of a release.
const OTHERS: [&str; 4] = ["SHA256SUMS", "tool-installer.ps1", "tool-installer.sh", "tool-manifest.json"];

/// cargo-binstall 1.22: `NOVERSION_FILENAMES` below `GITHUB_RELEASE_PATHS` in
/// `crates/binstalk-fetchers/src/gh_crate_meta/hosting.rs`, and for the folder `infer_bin_dir_template` in
/// `crates/binstalk-bins/src/lib.rs`.
#[test]
fn cargo_binstall_finds_every_archive_without_metadata() {
    const ADDRESS: &str = "{ repo }/releases/download/v{ version }/{ name }-{ target }{ archive-suffix }";
    const FOLDER: &str = "{ name }-{ target }";
    for (target, file) in archives() {
        let fill = |template: &str| {
            [
                ("{ repo }", "https://github.com/acme/tool"),
                ("{ version }", "1.4.0"),
                ("{ name }", "tool"),
                ("{ target }", target.triple),
                ("{ archive-suffix }", if target.os == Os::Windows { ".zip" } else { ".tar.gz" }),
            ]
            .iter()
            .fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
        };
        assert_eq!(fill(ADDRESS), format!("https://github.com/acme/tool/releases/download/v1.4.0/{file}"));
        assert_eq!(fill(FOLDER), target.top_folder("tool"));
    }
}

/// Whether one of the words is in the name, between characters that are no letter or digit.
fn has_word(name: &str, words: &[&str]) -> bool {
    let name = name.to_lowercase();
    let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    words.iter().any(|word| {
        name.match_indices(word).any(|(at, _)| {
            is_end(name[..at].chars().next_back()) && is_end(name[at + word.len()..].chars().next())
        })
    })
}

/// mise, `src/backend/asset_matcher.rs`: `OS_PATTERNS`, `ARCH_PATTERNS` and `LIBC_PATTERNS`, each in its order. Of the
/// systems those count that are no other one: Android takes what names Linux.
#[test]
fn mise_knows_the_system_the_processor_and_the_c_library_of_every_archive() {
    fn first(name: &str, patterns: &[(&'static str, &[&str])]) -> Option<&'static str> {
        patterns.iter().find(|(_, words)| has_word(name, words)).map(|(what, _)| *what)
    }
    let os = |name: &str| {
        first(
            name,
            &[
                (
                    "linux",
                    &[
                        "linux",
                        "manylinux",
                        "musllinux",
                        "ubuntu",
                        "debian",
                        "fedora",
                        "centos",
                        "rhel",
                        "alpine",
                        "arch",
                    ],
                ),
                ("macos", &["darwin", "mac", "macos", "macosx", "osx"]),
                ("windows", &["mingw-w64", "win", "win32", "win64", "windows"]),
            ],
        )
    };
    let arch = |name: &str| {
        first(
            name,
            &[
                ("x64", &["x86_64", "x86-64", "x64", "amd64"]),
                ("arm64", &["aarch64", "aarch_64", "arm64", "arm_64"]),
            ],
        )
    };
    let libc = |name: &str| {
        first(
            name,
            &[("msvc", &["msvc"]), ("gnu", &["gnu", "glibc", "manylinux"]), ("musl", &["musl", "musllinux"])],
        )
    };
    for (target, file) in archives() {
        let expected_os = match target.os {
            Os::Linux => "linux",
            Os::Macos => "macos",
            Os::Windows => "windows",
        };
        let expected_arch = if target.arch == Arch::X86_64 { "x64" } else { "arm64" };
        let expected_libc = ["msvc", "gnu", "musl"].into_iter().find(|libc| target.triple.ends_with(libc));
        assert_eq!(
            (os(&file), arch(&file), libc(&file)),
            (Some(expected_os), Some(expected_arch), expected_libc)
        );
    }
    for other in OTHERS {
        assert_eq!((os(other), arch(other)), (None, None), "{other}");
    }
}

/// aqua's entry in docs/channels.md, by `replacements` and `overrides` of its registry: one template gives every name.
#[test]
fn an_entry_for_aqua_gives_the_name_of_an_archive_for_each_system() {
    let systems = [
        ("amd64", "x86_64", "linux", "unknown-linux-musl", "tar.gz"),
        ("arm64", "aarch64", "linux", "unknown-linux-musl", "tar.gz"),
        ("amd64", "x86_64", "darwin", "apple-darwin", "tar.gz"),
        ("arm64", "aarch64", "darwin", "apple-darwin", "tar.gz"),
        ("amd64", "x86_64", "windows", "pc-windows-msvc", "zip"),
    ];
    let known = archives();
    let page = include_str!("../../../docs/channels.md");
    assert!(page.contains("asset: tool-{{.Arch}}-{{.OS}}.{{.Format}}"));
    for (arch, as_arch, os, as_os, format) in systems {
        let name = format!("tool-{as_arch}-{as_os}.{format}");
        assert!(known.iter().any(|(_, file)| *file == name), "{name}");
        for line in [format!("{os}: {as_os}"), format!("{arch}: {as_arch}")] {
            assert!(page.contains(&line), "{line}");
        }
    }
}

/// ubi, `ubi/src/picker.rs` with the patterns of `os.rs` and `arch.rs`: the system, then the processor. On musl it drops the
/// names of glibc, and then those without musl if there is one with it. On macOS for ARM, names for Intel count too, but
/// the first for ARM is taken. Of several it takes the first by name.
#[test]
fn ubi_picks_an_archive_for_each_system() {
    let pick = |os: &[&str], arch: &[&str], first: &[&str], is_musl: bool| {
        let mut names: Vec<String> = archives().into_iter().map(|(_, file)| file).collect();
        names.extend(OTHERS.map(str::to_owned));
        names.retain(|name| has_word(name, os) && has_word(name, arch));
        names.retain(|name| !is_musl || !has_word(name, &["gnu", "glibc"]));
        if is_musl && names.iter().any(|name| has_word(name, &["alpine", "musl"])) {
            names.retain(|name| has_word(name, &["alpine", "musl"]));
        }
        names.sort();
        names.iter().find(|name| has_word(name, first)).or(names.first()).cloned().unwrap_or_default()
    };
    let x86 = &["x86_64", "x86-64", "x64", "amd64"][..];
    let arm = &["aarch64", "aarch_64", "arm64", "arm_64"][..];
    let both = [x86, arm, &["arm", "all"]].concat();
    for (os, arch, first, is_musl, expected) in [
        (&["linux"][..], x86, &[][..], true, "tool-x86_64-unknown-linux-musl.tar.gz"),
        (&["linux"], arm, &[], true, "tool-aarch64-unknown-linux-musl.tar.gz"),
        (&["linux"], x86, &[], false, "tool-x86_64-unknown-linux-gnu.tar.gz"),
        (&["linux"], arm, &[], false, "tool-aarch64-unknown-linux-gnu.tar.gz"),
        (&["darwin", "mac", "macos", "macosx", "osx"], &both, arm, false, "tool-aarch64-apple-darwin.tar.gz"),
        (&["win", "win32", "win64", "windows"], x86, &[], false, "tool-x86_64-pc-windows-msvc.zip"),
    ] {
        assert_eq!(pick(os, arch, first, is_musl), expected);
    }
}

/// eget, `detect.go`: what matches both system and processor; it asks if that is not one name. Its `win` is not that of
/// `darwin`: a letter other than `r` stands before it.
#[test]
fn eget_asks_only_where_its_own_rules_make_it() {
    let has = |name: &str, words: &[&str]| words.iter().any(|word| name.to_lowercase().contains(word));
    let matches = |os: &[&str], arch: &[&str]| {
        let names = archives().into_iter().map(|(_, file)| file).chain(OTHERS.map(str::to_owned));
        names.filter(|name| has(name, os) && has(name, arch)).collect::<Vec<_>>()
    };
    let (amd64, arm64) = (["x64", "amd64", "x86-64", "x86_64", "x8664"], ["arm64", "armv8", "aarch64"]);
    let macos = ["darwin", "mac", "osx"];
    assert_eq!(matches(&macos, &amd64), ["tool-x86_64-apple-darwin.tar.gz"]);
    assert_eq!(matches(&macos, &arm64), ["tool-aarch64-apple-darwin.tar.gz"]);
    assert_eq!(matches(&["windows", "-win"], &amd64), ["tool-x86_64-pc-windows-msvc.zip"]);
    for arch in [&amd64[..], &arm64] {
        assert_eq!(matches(&["linux", "ubuntu"], arch).len(), 2, "glibc and musl");
    }
}
