//! The targets floe knows, read from the one table `targets.json`.
//!
//! A target's peculiarity is a field in its row, never an `else if` somewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Platform, Schema};
use floe_audit::rules::{self, Violation};
use floe_audit::{Arch, Contract, Facts, Format, Rule};

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../targets.json"))
        .expect("targets.json is read by a test before it is ever shipped")
});

/// A Rust target triple that floe can release for: a row of the table.
#[derive(Clone, Copy)]
pub struct Target(&'static Row);

// Its texts are borrowed from the program itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
struct Table {
    #[serde(rename = "schema")]
    _schema: Schema<1>,
    targets: Vec<Row>,
}

/// The facts of a target. The ones that a workflow needs are written to its matrix, `floe targets --json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The short name, such as `x86_64-musl`.
    pub name: &'static str,
    /// The Rust target triple, such as `x86_64-unknown-linux-musl`.
    #[serde(rename(serialize = "target"))]
    pub triple: &'static str,
    /// The operating system.
    #[serde(skip_serializing)]
    pub os: Os,
    /// The instruction set.
    #[serde(skip_serializing)]
    pub arch: Arch,
    /// The format of its executables.
    #[serde(skip_serializing)]
    pub format: Format,
    /// The suffix of an executable's name: `.exe` or nothing.
    #[serde(skip_serializing)]
    pub exe: &'static str,
    /// The format of its archive.
    pub archive: ArchiveKind,
    /// How it is built.
    pub builder: Builder,
    /// The OCI platform whose image takes this target's binary, if there is one.
    #[serde(rename = "image")]
    pub platform: Option<Platform>,
    /// The label of the GitHub runner that its binaries run on; `None` if GitHub has none.
    pub runner: Option<&'static str>,
    /// Whether a project releases for it only if the project lists it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// How its own system builds it; `None` where the flake does.
    pub native: Option<Native>,
    /// The requirements that its binaries may have of their host.
    #[serde(skip_serializing)]
    pub contract: Contract,
}

/// How Cargo is run on a machine of the target's own system, so that the same source gives the same bytes there. In the
/// flags, `{0}` is the folder of the source and `{1}` the one that Cargo's home is in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Native {
    /// Flags of rustc, also those that it passes on to the linker.
    pub rustflags: String,
    /// Flags of the C compiler, for the crates that have C code.
    pub cflags: String,
    /// Variables that compiler and linker read.
    pub env: BTreeMap<String, String>,
}

/// The operating system a target runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Os {
    /// Linux, with glibc or musl.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

/// The format of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArchiveKind {
    /// A gzip-compressed POSIX tar.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// A ZIP file.
    #[serde(rename = "zip")]
    Zip,
}

/// How a target's binary is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Builder {
    /// The flake, on any Linux.
    Nix,
    /// Cargo on a machine of that system.
    Native,
}

impl Target {
    /// The rows of the table.
    pub fn rows() -> &'static [Row] {
        &TABLE.targets
    }

    /// Every target, in the table's order.
    pub fn all() -> impl Iterator<Item = Target> {
        Target::rows().iter().map(Target)
    }

    /// The targets of a project that lists none, in the table's order.
    pub fn defaults() -> impl Iterator<Item = Target> {
        Target::all().filter(|target| !target.optional)
    }

    /// Compares a binary's facts with the contract. A violation that the project has loosened carries its reason.
    pub fn judge(self, facts: &Facts, loosened: &BTreeMap<Rule, String>) -> Vec<Violation> {
        rules::judge(facts, (self.format, self.arch), &self.contract, loosened)
    }

    /// The archive's top folder, `<name>-<triple>`.
    pub fn top_folder(self, project: &str) -> String {
        format!("{project}-{}", self.triple)
    }

    /// The archive's file name, `<name>-<triple>.tar.gz` or `.zip`.
    pub fn archive_file(self, project: &str) -> String {
        format!("{}.{}", self.top_folder(project), self.archive)
    }
}

impl Deref for Target {
    type Target = Row;

    fn deref(&self) -> &Row {
        self.0
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Target {}

impl PartialOrd for Target {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Target {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.triple.cmp(other.triple)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.triple)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Target::all().find(|target| target.name == text || target.triple == text);
        found.ok_or_else(|| {
            let shown: String = text.chars().take(100).collect();
            let known: Vec<&str> = Target::all().map(|target| target.name).collect();
            format!("`{shown}` is not a target that floe knows; the targets are {}", known.join(", "))
        })
    }
}

as_text!(Target);

impl ArchiveKind {
    /// The kind of archive that a file of this name is; `None` if it is none.
    pub fn of_file(name: &str) -> Option<Self> {
        [ArchiveKind::TarGz, ArchiveKind::Zip].into_iter().find(|kind| name.ends_with(&format!(".{kind}")))
    }
}

floe_audit::display_as_serde!(ArchiveKind);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_each_row_is_found_by_both_names() {
        assert_eq!((Target::all().count(), Target::defaults().count()), (13, 7));
        for target in Target::all() {
            assert_eq!(target.name.parse(), Ok(target));
            assert_eq!(target.triple.parse(), Ok(target));
        }
        assert!("x86_64-linux".parse::<Target>().unwrap_err().contains("aarch64-musl"));
    }

    #[test]
    fn each_native_target_says_how_it_is_built_and_keeps_its_contract() {
        for target in Target::all() {
            assert_eq!(target.native.is_some(), target.builder == Builder::Native, "{target:?}");
            let Some(native) = &target.native else { continue };
            let oldest = native.env.get("MACOSX_DEPLOYMENT_TARGET");
            assert_eq!(oldest, target.contract.min_os.as_ref(), "{target:?}");
            assert_eq!(native.rustflags.contains("+crt-static"), target.contract.crt_static, "{target:?}");
            assert_eq!(native.rustflags.contains("/Brepro"), target.os == Os::Windows, "{target:?}");
            for folder in ["--remap-path-prefix={0}=", "--remap-path-prefix={1}="] {
                assert!(native.rustflags.contains(folder), "{target:?}");
            }
        }
    }

    #[test]
    fn archives_have_stable_addresses() {
        let windows: Target = "x86_64-windows".parse().unwrap();
        assert_eq!(windows.archive_file("floe"), "floe-x86_64-pc-windows-msvc.zip");
    }
}
