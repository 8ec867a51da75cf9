//! The installers: scripts that download the archive for the machine, verify its digest, and install its programs.
//!
//! The scripts are beside this file, with `__NAME__` for what is filled in; so linters read them as they are.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::utf8_percent_encode;

use super::text::{PATH, fill, ps1, sh};
use super::{Subject, below_top, binaries};
use floe_core::model::extras::{command, section};
use floe_core::model::manifest::Artifact;
use floe_core::model::{Arch, ChannelKind, Channels, Manifest, Os, Rendered, Target};

/// Renders the installer for Unix shells; `None` if there is no archive for Linux or macOS.
pub(super) fn sh_installer(subject: &Subject<'_>) -> Option<Rendered> {
    let Manifest { name, version, .. } = subject.manifest;
    let mut archives = Vec::new();
    let mut lines = Vec::new();
    for (os, system) in [(Os::Linux, "linux"), (Os::Macos, "macos")] {
        for arch in [Arch::X86_64, Arch::Aarch64] {
            // Rosetta runs what is built for Intel.
            let rosetta = || subject.archive(os, Arch::X86_64).filter(|_| os == Os::Macos);
            let Some(archive) = subject.archive(os, arch).or_else(rosetta) else { continue };
            let glibc = archive.requires.get("glibc").map_or("-", String::as_str);
            lines.push(format!("{system}-{arch} {} {} {glibc}", archive.file, archive.digest.hex()));
            archives.push(archive);
        }
    }
    let first = archives.first()?;
    let extra_lines: Vec<String> =
        extras(&archives).into_iter().map(|(path, place)| format!("{path}|{place}")).collect();
    let values = [
        ("MARKER", subject.marker()),
        ("NAME", sh(name)),
        ("VERSION", sh(&version.to_string())),
        ("BASE", sh(&subject.downloads())),
        ("API", sh(&api(subject))),
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
    let archives: Vec<(Arch, &Artifact)> = [Arch::X86_64, Arch::Aarch64]
        .into_iter()
        .filter_map(|arch| Some((arch, subject.archive(Os::Windows, arch)?)))
        .collect();
    let programs: Vec<String> = binaries(name, archives.first()?.1).into_iter().map(ps1).collect();
    let entry = |(arch, archive): &(Arch, &Artifact)| {
        let values = [&archive.file, &archive.digest.hex(), &archive.target.top_folder(name)];
        let values: Vec<String> = values.into_iter().map(|value| ps1(value)).collect();
        format!("{} = @({})", ps1(&arch.to_string()), values.join(", "))
    };
    let archives: Vec<String> = archives.iter().map(entry).collect();
    let file = file_name(ChannelKind::Ps1, name);
    let values = [
        ("MARKER", subject.marker()),
        ("ADDRESS", format!("{}/{file}", subject.downloads())),
        ("FOLDER", name.clone()),
        ("NAME", ps1(name)),
        ("VERSION", ps1(&version.to_string())),
        ("BASE", ps1(&subject.downloads())),
        ("API", ps1(&api(subject))),
        ("ARCHIVES", format!("@{{ {} }}", archives.join("; "))),
        ("PROGRAMS", format!("@({})", programs.join(", "))),
        ("PREFIX", prefix(name)),
    ];
    Some(asset(ChannelKind::Ps1, name, fill(include_str!("installer.ps1"), &values)))
}

/// The names of the installers that a release of these targets has.
pub fn file_names(project: &str, targets: &[Target], channels: &Channels) -> Vec<String> {
    let is_for = |kind: &&ChannelKind| targets.iter().any(|target| kind.systems().0.contains(&target.os()));
    channels.installers.iter().filter(is_for).map(|kind| file_name(*kind, project)).collect()
}

fn file_name(kind: ChannelKind, project: &str) -> String {
    format!("{project}-installer.{kind}")
}

fn asset(kind: ChannelKind, name: &str, text: String) -> Rendered {
    Rendered {
        kind,
        repository: None,
        path: file_name(kind, name),
        bytes: text.into_bytes(),
        settings: BTreeMap::new(),
    }
}

/// The beginning of the names of its variables.
fn prefix(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// The address of the release in the API: that of github.com, or of a GitHub Enterprise Server at its usual place.
fn api(subject: &Subject<'_>) -> String {
    let tag = utf8_percent_encode(subject.manifest.tag.as_str(), PATH);
    let (site, repo) = match subject.repository.split_once("://") {
        Some((scheme, rest)) => {
            let (host, repo) = rest.split_once('/').unwrap_or((rest, ""));
            (format!("{scheme}://{host}"), repo)
        }
        None => (subject.repository.clone(), ""),
    };
    let api = if site == "https://github.com" {
        "https://api.github.com".to_owned()
    } else {
        format!("{site}/api/v3")
    };
    format!("{api}/repos/{repo}/releases/tags/{tag}")
}

/// The man pages and completions of the archives, each with its path below `share`.
pub(super) fn extras(archives: &[&Artifact]) -> BTreeSet<(String, String)> {
    let mut files = BTreeSet::new();
    for archive in archives {
        let completions = &archive.extras.completions;
        let man = archive.extras.man.iter().filter_map(|path| Some((path, page(below_top(path))?)));
        let named = |folder: &'static str, begin: &'static str, end: &'static str| {
            move |path: &String| format!("{folder}/{begin}{}{end}", command(path))
        };
        let bash = named("bash-completion/completions", "", "");
        let zsh = named("zsh/site-functions", "_", "");
        let fish = named("fish/vendor_completions.d", "", ".fish");
        let all = man
            .chain(completions.bash.iter().map(|path| (path, bash(path))))
            .chain(completions.zsh.iter().map(|path| (path, zsh(path))))
            .chain(completions.fish.iter().map(|path| (path, fish(path))));
        for (path, place) in all {
            let path = below_top(path);
            if !path.contains(['|', '\n']) && !path.split('/').any(|part| part == "..") {
                files.insert((path.to_owned(), place));
            }
        }
    }
    files
}

/// The place of a man page: in the folder of its section, below that of its language if it has one.
fn page(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    let section = section(name)?;
    let mut language = folder.split('/').skip(1).filter(|part| !part.starts_with("man"));
    let language = language.next().map(|language| format!("{language}/")).unwrap_or_default();
    Some(format!("man/{language}man{section}/{name}"))
}
