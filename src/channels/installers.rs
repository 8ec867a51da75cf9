//! The installers: scripts that download the archive for the machine, verify its digest, and install its programs.
//!
//! The scripts are beside this file, with `__NAME__` for what is filled in; so linters read them as they are.

use std::collections::BTreeSet;

use percent_encoding::utf8_percent_encode;

use super::text::{PATH, fill, ps1, sh};
use super::{Subject, below_top, binaries, completions, man_page, rendered};
use floe_core::model::manifest::Artifact;
use floe_core::model::{Arch, ChannelKind, Channels, Manifest, Os, Rendered, Target};

/// Renders the installer for Unix shells; `None` if there is no archive for Linux or macOS.
pub(super) fn sh_installer(subject: &Subject<'_>) -> Option<Rendered> {
    let Manifest { name, version, .. } = subject.manifest;
    let mut archives = Vec::new();
    let mut lines = Vec::new();
    for (os, system) in [(Os::Linux, "linux"), (Os::Macos, "macos")] {
        for arch in [Arch::X86_64, Arch::Aarch64, Arch::Arm, Arch::Riscv64] {
            // Rosetta runs what is built for Intel.
            let is_apple = (os, arch) == (Os::Macos, Arch::Aarch64);
            let rosetta = || subject.archive(os, Arch::X86_64).filter(|_| is_apple);
            let Some(archive) = subject.archive(os, arch).or_else(rosetta) else { continue };
            let glibc = archive.requires.get("glibc").map_or("-", String::as_str);
            lines.push(format!("{system}-{arch} {} {} {glibc}", archive.file, archive.digest.hex()));
            archives.push(archive);
        }
    }
    let first = archives.first()?;
    let extra_lines: Vec<String> =
        extras(&archives).into_iter().map(|(path, place)| format!("{path}|{place}")).collect();
    let (api, token) = api(subject);
    let values = [
        ("MARKER", subject.marker()),
        ("NAME", sh(name)),
        ("VERSION", sh(&version.to_string())),
        ("BASE", sh(&subject.downloads())),
        ("API", sh(&api)),
        ("TOKEN", token.to_owned()),
        ("ARCHIVES", sh(&lines.join("\n"))),
        ("PROGRAMS", sh(&binaries(name, first).join("\n"))),
        ("EXTRAS", sh(&extra_lines.join("\n"))),
        ("PREFIX", prefix(name)),
    ];
    Some(asset(ChannelKind::Sh, name, fill(include_str!("installer.sh"), &values)))
}

/// Renders the installer for PowerShell; `None` if there is no archive for Windows.
pub(super) fn ps1_installer(subject: &Subject<'_>) -> Option<Rendered> {
    let Manifest { name, version, .. } = subject.manifest;
    let processors = [("x86_64", Arch::X86_64), ("aarch64", Arch::Aarch64), ("x86", Arch::X86)];
    let archives = subject.archives(Os::Windows, &processors);
    let programs: Vec<String> = binaries(name, archives.first()?.1).into_iter().map(ps1).collect();
    let entry = |(arch, archive): &(&str, &Artifact)| {
        let values = [&archive.file, &archive.digest.hex(), &archive.target.top_folder(name)];
        format!("{} = @({})", ps1(arch), values.map(|value| ps1(value)).join(", "))
    };
    let archives: Vec<String> = archives.iter().map(entry).collect();
    let file = file_name(ChannelKind::Ps1, name);
    let (api, token) = api(subject);
    let values = [
        ("MARKER", subject.marker()),
        ("ADDRESS", format!("{}/{file}", subject.downloads())),
        ("FOLDER", name.clone()),
        ("NAME", ps1(name)),
        ("VERSION", ps1(&version.to_string())),
        ("BASE", ps1(&subject.downloads())),
        ("API", ps1(&api)),
        ("TOKEN", token.to_owned()),
        ("ARCHIVES", format!("@{{ {} }}", archives.join("; "))),
        ("PROGRAMS", format!("@({})", programs.join(", "))),
        ("PREFIX", prefix(name)),
    ];
    Some(asset(ChannelKind::Ps1, name, fill(include_str!("installer.ps1"), &values)))
}

/// The names of the installers that a release of these targets has.
pub fn file_names(project: &str, targets: &[Target], channels: &Channels) -> Vec<String> {
    let is_for = |kind: &&ChannelKind| targets.iter().any(|target| kind.is_for(*target));
    channels.installers.iter().filter(is_for).map(|kind| file_name(*kind, project)).collect()
}

fn file_name(kind: ChannelKind, project: &str) -> String {
    format!("{project}-installer.{kind}")
}

fn asset(kind: ChannelKind, name: &str, text: String) -> Rendered {
    rendered(kind, None, file_name(kind, name), text, &[])
}

/// The beginning of the names of its variables.
fn prefix(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// The address of the release in the API, and the variable that gh reads the token for it from: of github.com or ghe.com, or
/// of a GitHub Enterprise Server with its API at the usual place, which gets no token of github.com.
fn api(subject: &Subject<'_>) -> (String, &'static str) {
    let tag = utf8_percent_encode(subject.manifest.tag.as_str(), PATH);
    let repository = &subject.repository;
    let site = repository.rsplitn(3, '/').nth(2).unwrap_or(repository);
    let repo = repository[site.len()..].trim_start_matches('/');
    let (api, token) = match site == "https://github.com" || site.ends_with(".ghe.com") {
        true => (site.replacen("://", "://api.", 1), "GITHUB_TOKEN"),
        false => (format!("{site}/api/v3"), "GH_ENTERPRISE_TOKEN"),
    };
    (format!("{api}/repos/{repo}/releases/tags/{tag}"), token)
}

/// The man pages and completions of the archives, each with its path below `share`.
pub(super) fn extras(archives: &[&Artifact]) -> BTreeSet<(String, String)> {
    let mut files = BTreeSet::new();
    for archive in archives {
        let man = archive.extras.man.iter().filter_map(|path| Some((path, man_page(below_top(path))?)));
        for (path, place) in man.chain(completions(&archive.extras)) {
            let path = below_top(path);
            if !path.contains(['|', '\n']) && !path.split('/').any(|part| part == "..") {
                files.insert((path.to_owned(), place));
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;
    use crate::channels::render;
    use crate::channels::tests::{manifest, with_extras, without};

    #[test]
    fn the_api_is_that_of_the_site() {
        for (site, api, token) in [
            ("https://github.com", "https://api.github.com/", "GITHUB_TOKEN"),
            ("https://acme.ghe.com", "https://api.acme.ghe.com/", "GITHUB_TOKEN"),
            ("https://github.acme.example", "https://github.acme.example/api/v3/", "GH_ENTERPRISE_TOKEN"),
            ("https://notghe.com", "https://notghe.com/api/v3/", "GH_ENTERPRISE_TOKEN"),
        ] {
            let manifest = manifest(|json| json["repository"] = json!(format!("{site}/acme/tool")));
            let found = self::api(&Subject::new(&manifest));
            assert_eq!(found, (format!("{api}repos/acme/tool/releases/tags/v1.4.0"), token));
        }
    }

    /// The lines in which the values of a release are.
    #[test]
    fn installers_hold_the_digests_of_their_archives() {
        let files = render(&manifest(with_extras), &Channels::default()).unwrap();
        let mut shown = String::new();
        for file in &files {
            let text = String::from_utf8(file.bytes.clone()).unwrap();
            assert!(!text.contains("__"), "{}", file.entry.path);
            shown.push_str(&format!("== {}\n", file.entry.path));
            let begin =
                text.find(if file.entry.kind == ChannelKind::Sh { "name=" } else { "$name =" }).unwrap();
            let end =
                text.find(if file.entry.kind == ChannelKind::Sh { "temp=" } else { "if ($args" }).unwrap();
            shown.push_str(&format!("{}\n", text[begin..end].trim_end()));
        }
        expect![[r#"
        == tool-installer.sh
        name='tool'
        version='1.4.0'
        base='https://github.com/acme/tool/releases/download/v1.4.0'
        api='https://api.github.com/repos/acme/tool/releases/tags/v1.4.0'
        # One a line: system-processor, archive, SHA-256, the glibc that it needs.
        archives='linux-x86_64 tool-x86_64-unknown-linux-musl.tar.gz fc2f1b1961d4f0b6dacc700b3a838c4db8273fcdbd844574768802e0b2818dcd -
        linux-aarch64 tool-aarch64-unknown-linux-musl.tar.gz c1a55e2399b3c96803516a8c9c9d04271014d5b9d63899bd0b7e809ebd60fd11 -
        macos-x86_64 tool-x86_64-apple-darwin.tar.gz 8c7259675f74bd4b62200d566a9baf07f42b95918f4a5973727d4752b61fefe4 -
        macos-aarch64 tool-aarch64-apple-darwin.tar.gz 8caa71f0a07e171dc9c2181c6d6c3871c3eeb349ab88393871e2fd12bbb63455 -'
        # The programs, one a line; the first is started to see that it runs here.
        programs='tool'
        # One a line, separated by `|`: a file of the archive, and its path below `share`.
        extras='completions/_tool|zsh/site-functions/_tool
        completions/tool.bash|bash-completion/completions/tool
        completions/tool.fish|fish/vendor_completions.d/tool.fish
        man/de/tool.5|man/de/man5/tool.5
        man/tool-run.1|man/man1/tool-run.1
        man/tool.1|man/man1/tool.1'
        == tool-installer.ps1
        $name = 'tool'
            $release = '1.4.0'
            $base = 'https://github.com/acme/tool/releases/download/v1.4.0'
            $api = 'https://api.github.com/repos/acme/tool/releases/tags/v1.4.0'
            # By processor: the archive, its SHA-256, its top folder.
            $archives = @{ 'x86_64' = @('tool-x86_64-pc-windows-msvc.zip', 'a68b4d748be9dc7e83d12dbc9d56e12d9401b26c65401cb09a77b6af460ab577', 'tool-x86_64-pc-windows-msvc') }
            # The first is started to see that it runs here.
            $programs = @('tool.exe')
    "#]].assert_eq(&shown);
        // Rosetta runs what is built for Intel, and nothing else is a substitute.
        let few = manifest(|value| {
            without(value, "aarch64");
            without(value, "windows");
        });
        let [installer] = &render(&few, &Channels::default()).unwrap()[..] else { panic!("one file") };
        let text = String::from_utf8(installer.bytes.clone()).unwrap();
        assert!(
            text.contains("\nmacos-aarch64 tool-x86_64-apple-darwin.tar.gz ")
                && !text.contains("linux-aarch64")
        );
        // With glibc alone, its version is checked.
        let gnu = manifest(|value| {
            without(value, "musl");
            value["artifacts"][1]["requires"] = json!({ "glibc": "2.17" });
        });
        let text = String::from_utf8(render(&gnu, &Channels::default()).unwrap()[0].bytes.clone()).unwrap();
        assert!(
            text.contains("\nlinux-aarch64 tool-aarch64-unknown-linux-gnu.tar.gz ")
                && text.contains(" 2.17\n")
        );
    }
}
