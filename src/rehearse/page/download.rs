//! "Get it": the archives of each system with their URL, command and digest, and how to verify them.
//!
//! URLs are those of the real release, never of the rehearsal's servers.

use maud::{Markup, html};

use super::{command, digest};
use floe_core::model::install;
use floe_core::model::manifest::Artifact;
use floe_core::model::notes::verify_command;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Arch, Os, Release, Target};
use floe_core::units::size;

/// The archives of one system.
pub(super) struct Family<'a> {
    os: Os,
    pub(super) name: &'static str,
    pub(super) id: &'static str,
    artifacts: Vec<&'a Artifact>,
}

/// The systems that the release has archives for.
pub(super) fn families(release: &Release) -> Vec<Family<'_>> {
    let systems =
        [(Os::Linux, "Linux", "linux"), (Os::Macos, "macOS", "macos"), (Os::Windows, "Windows", "windows")];
    let family = |(os, name, id)| {
        // The table of targets is ordered by demand, the manifest is not.
        let targets = Target::all().filter(|target| target.os() == os);
        let of = |target| release.manifest.artifacts.iter().filter(move |one| one.target == target);
        Family { os, name, id, artifacts: targets.flat_map(of).collect() }
    };
    systems.into_iter().map(family).filter(|family| !family.artifacts.is_empty()).collect()
}

fn download(curl: &str, release: &Release, file: &str) -> Markup {
    let destination = &release.destination;
    command(&format!("{curl} -fLO {}/releases/download/{}/{file}", destination.page, destination.tag))
}

/// The commands that install the release.
pub(super) fn installs(release: &Release) -> Markup {
    let installs = install::commands(&release.manifest);
    html! {
        @if !installs.is_empty() {
            h3 #install { "Install" }
            dl.commands {
                @for install in installs { dt { (install.place) } dd { (command(&install.command)) } }
            }
        }
    }
}

pub(super) fn archives(release: &Release) -> Markup {
    html! {
        @for family in families(release) {
            @let curl = if family.os == Os::Windows { "curl.exe" } else { "curl" };
            h3 id=(family.id) { (family.name) }
            ul.downloads {
                @for artifact in family.artifacts { li {
                    .what {
                        strong { (machine(artifact.target)) }
                        span.target { (artifact.target.triple()) }
                        span { (artifact.kind) ", " (size(artifact.size)) }
                    }
                    .how { (download(curl, release, &artifact.file)) (digest(&artifact.digest)) }
                } }
            }
        }
    }
}

/// A target in the words of people who choose a download.
fn machine(target: Target) -> String {
    let processor = match (target.os(), target.arch()) {
        (Os::Macos, Arch::Aarch64) => "Apple silicon",
        (Os::Macos, Arch::X86_64) => "Intel",
        (_, Arch::Aarch64) => "ARM64",
        (_, Arch::X86_64) => "x86-64",
        (_, Arch::X86) => "x86, 32-bit",
        (_, Arch::Arm) => "ARMv7, 32-bit",
        (_, Arch::Riscv64) => "RISC-V, 64-bit",
    };
    match target.os() {
        Os::Linux if target.contract().is_static => format!("{processor}, any Linux (static)"),
        Os::Linux => format!("{processor}, glibc"),
        Os::Macos | Os::Windows => processor.to_owned(),
    }
}

pub(super) fn verify(release: &Release) -> Markup {
    let check = |family: &Family<'_>| match family.os {
        Os::Linux => format!("sha256sum --ignore-missing -c {CHECKSUMS}"),
        Os::Macos => format!("shasum -a 256 --ignore-missing -c {CHECKSUMS}"),
        Os::Windows => format!("Get-FileHash -Algorithm SHA256 {}", family.artifacts[0].file),
    };
    html! {
        h3 #verify { "Verify" }
        p { "Next to the downloaded files, with " code { (CHECKSUMS) } " from the same place:" }
        (download("curl", release, CHECKSUMS))
        dl.commands {
            @for family in families(release) { dt { (family.name) } dd { (command(&check(&family))) } }
        }
        p { "Or the whole release, every file and the image, downloaded anonymously:" }
        (command(&verify_command(&release.manifest, &release.destination)))
    }
}
