//! "Get it": for each system what to download, from where and with what command, and how to check it.
//!
//! Addresses are those of the real release, never of the servers of a rehearsal.

use super::html::Html;
use floe_core::model::manifest::Artifact;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Arch, Os, Release, Target};
use floe_core::units::size;

/// The archives of one system.
pub(super) struct Family<'a> {
    pub(super) name: &'static str,
    pub(super) anchor: &'static str,
    os: Os,
    artifacts: Vec<&'a Artifact>,
}

/// The systems that there are archives for, in the order people look for them.
pub(super) fn families(release: &Release) -> Vec<Family<'_>> {
    let all = [
        (Os::Linux, "Linux", "#linux"),
        (Os::Macos, "macOS", "#macos"),
        (Os::Windows, "Windows", "#windows"),
    ];
    let family = |(os, name, anchor)| {
        // The table of targets stands in the order of how many people look for them.
        let targets = Target::all().filter(|target| target.os() == os);
        let artifacts = targets
            .flat_map(|target| release.manifest.artifacts.iter().filter(move |one| one.target == target));
        Family { name, anchor, os, artifacts: artifacts.collect() }
    };
    all.into_iter().map(family).filter(|family| !family.artifacts.is_empty()).collect()
}

/// The address an asset will have.
pub(super) fn address(release: &Release, file: &str) -> String {
    format!("{}/releases/download/{}/{file}", release.home.page, release.home.tag)
}

/// Writes every system's archives.
pub(super) fn archives(html: &mut Html, release: &Release) {
    for family in families(release) {
        html.leaf("h3", &[("id", &family.anchor[1..])], family.name);
        html.element("ul", &[("class", "downloads")], |html| {
            for artifact in family.artifacts {
                html.element("li", &[], |html| one(html, release, artifact));
            }
        });
    }
}

fn one(html: &mut Html, release: &Release, artifact: &Artifact) {
    html.element("div", &[("class", "what")], |html| {
        html.leaf("strong", &[], machine(artifact));
        html.leaf("span", &[("class", "target")], artifact.target.triple());
        html.leaf("span", &[], format!("{}, {}", artifact.kind, size(artifact.size)));
    });
    html.element("div", &[("class", "how")], |html| {
        let curl = if artifact.target.os() == Os::Windows { "curl.exe" } else { "curl" };
        html.command(&format!("{curl} -fLO {}", address(release, &artifact.file)));
        html.digest(&artifact.digest);
    });
}

/// What a target is to people who choose a download.
fn machine(artifact: &Artifact) -> String {
    let target = artifact.target;
    let processor = match (target.os(), target.arch()) {
        (Os::Macos, Arch::Aarch64) => "Apple silicon",
        (Os::Macos, Arch::X86_64) => "Intel",
        (_, Arch::Aarch64) => "ARM64",
        (_, Arch::X86_64) => "x86-64",
    };
    match target.triple().rsplit('-').next() {
        Some("musl") => format!("{processor}, any Linux (static)"),
        Some("gnu") => format!("{processor}, glibc"),
        _ => processor.to_owned(),
    }
}

/// Writes how to check what was downloaded.
pub(super) fn verify(html: &mut Html, release: &Release) {
    html.leaf("h3", &[("id", "verify")], "Verify");
    html.element("p", &[], |html| {
        html.text("Next to the files that were downloaded, with ");
        html.code(CHECKSUMS);
        html.text(" from the same place:");
    });
    html.command(&format!("curl -fLO {}", address(release, CHECKSUMS)));
    html.element("dl", &[("class", "commands")], |html| {
        for family in families(release) {
            let command = match family.os {
                Os::Linux => format!("sha256sum --ignore-missing -c {CHECKSUMS}"),
                Os::Macos => format!("shasum -a 256 --ignore-missing -c {CHECKSUMS}"),
                Os::Windows => match family.artifacts.first() {
                    Some(artifact) => format!("Get-FileHash -Algorithm SHA256 {}", artifact.file),
                    None => continue,
                },
            };
            html.leaf("dt", &[], family.name);
            html.element("dd", &[], |html| html.command(&command));
        }
    });
    html.leaf("p", &[], "Or the whole release, every file and the image, as a stranger:");
    html.command(&format!("floe verify --release {} --repo {}", release.home.tag, release.home.repo));
}
