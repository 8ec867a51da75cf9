//! Packages of Linux distributions, each made from the archive of a static target.

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Arch, Digest, Os, Target};
use crate::untrusted::text::{has_only, is_safe};

/// The format of a package, by the program that installs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageKind {
    /// For dpkg: Debian, Ubuntu and others.
    Deb,
    /// For rpm: Fedora, openSUSE and others.
    Rpm,
}

impl PackageKind {
    /// Every kind.
    pub const ALL: [PackageKind; 2] = [PackageKind::Deb, PackageKind::Rpm];

    /// The distributions' name of a target's architecture. `None` where no package is made: a program that is not static
    /// would need packages whose names differ from one distribution to the next.
    pub fn arch(self, target: Target) -> Option<&'static str> {
        if target.os != Os::Linux || !target.contract.is_static {
            return None;
        }
        match (self, target.arch) {
            (PackageKind::Deb, Arch::X86_64) => Some("amd64"),
            (PackageKind::Deb, Arch::Aarch64) => Some("arm64"),
            (PackageKind::Deb, Arch::Arm) => Some("armhf"),
            (PackageKind::Rpm, Arch::X86_64) => Some("x86_64"),
            (PackageKind::Rpm, Arch::Aarch64) => Some("aarch64"),
            (PackageKind::Rpm, Arch::Arm) => Some("armv7hl"),
            (_, Arch::Riscv64) => Some("riscv64"),
            _ => None,
        }
    }

    /// The name of the file. It has the version as SemVer writes it, because GitHub replaces a `~` in the name of an asset.
    pub fn file_name(self, package: &str, version: &Version, target: Target) -> Option<String> {
        let arch = self.arch(target)?;
        Some(match self {
            PackageKind::Deb => format!("{package}_{version}_{arch}.deb"),
            PackageKind::Rpm => format!("{package}-{version}-1.{arch}.rpm"),
        })
    }
}

floe_audit::display_as_serde!(PackageKind);

/// A package as the record of its archive names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFacts {
    /// The format.
    pub kind: PackageKind,
    /// Its file name, also the asset's.
    pub file: String,
    /// Its digest.
    pub digest: Digest,
    /// The revision of the rules by which it was made. Another revision makes other bytes.
    pub revision: u32,
    /// The name that it is installed under.
    pub package: String,
    /// The maintainer, `Name <address>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintainer: Option<String>,
    /// The address of the project's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
}

/// A version as dpkg and rpm order it: a pre-release is below its release.
pub fn version(version: &Version) -> String {
    let Version { major, minor, patch, pre, .. } = version;
    let tilde = if pre.is_empty() { "" } else { "~" };
    format!("{major}.{minor}.{patch}{tilde}{}", pre.replace('-', "~"))
}

/// A name that both dpkg and rpm take, made of a Cargo package's.
pub fn package_name(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// Whether dpkg and rpm take a name (Debian Policy 5.6.1).
pub fn is_package_name(name: &str) -> bool {
    let is_lower = name == name.to_ascii_lowercase();
    is_lower
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= 100
        && has_only(name, "+-.")
}

/// Whether a text is a person with an address, as Debian wants a maintainer (Debian Policy 5.6.2): `Name <address>`.
pub fn is_contact(text: &str) -> bool {
    let Some((name, address)) = text.strip_suffix('>').and_then(|text| text.split_once(" <")) else {
        return false;
    };
    let is_part =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>@".contains(c));
    let is_address = address.split_once('@').is_some_and(|(user, host)| is_part(user) && is_part(host));
    is_address && !name.trim().is_empty() && name.chars().all(|c| is_safe(c) && !"<>".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_as_the_distributions_call_them() {
        let names = |version: &str| {
            let version = version.parse().unwrap();
            let version = &version;
            let of = |kind: PackageKind| {
                Target::all().filter_map(move |target| kind.file_name("tool", version, target))
            };
            PackageKind::ALL.into_iter().flat_map(of).collect::<Vec<_>>().join("\n")
        };
        expect_test::expect![[r#"
            tool_1.4.0-rc.1_amd64.deb
            tool_1.4.0-rc.1_arm64.deb
            tool_1.4.0-rc.1_armhf.deb
            tool_1.4.0-rc.1_riscv64.deb
            tool-1.4.0-rc.1-1.x86_64.rpm
            tool-1.4.0-rc.1-1.aarch64.rpm
            tool-1.4.0-rc.1-1.armv7hl.rpm
            tool-1.4.0-rc.1-1.riscv64.rpm"#]]
        .assert_eq(&names("1.4.0-rc.1"));
    }

    #[test]
    fn a_pre_release_sorts_below_its_release() {
        for (from, to) in [
            ("1.4.0", "1.4.0"),
            ("1.4.0-rc.1", "1.4.0~rc.1"),
            ("1.4.0-alpha-2.x", "1.4.0~alpha~2.x"),
            ("1.4.0+5", "1.4.0"),
        ] {
            assert_eq!(version(&from.parse().unwrap()), to);
        }
    }

    #[test]
    fn a_maintainer_has_a_name_and_an_address() {
        for good in ["Acme <acme@example.org>", "Ann B. Ö <a+b@example.org>"] {
            assert!(is_contact(good), "{good}");
        }
        for bad in [
            "",
            "Acme",
            "<acme@example.org>",
            " <acme@example.org>",
            "Acme <acme>",
            "Acme <@example.org>",
            "Acme <a@b> <c@d>",
            "Acme <a b@c>",
            "Ac\nme <acme@example.org>",
            "Acme <acme@example.org> ",
        ] {
            assert!(!is_contact(bad), "{bad}");
        }
        assert!(is_package_name(&package_name("My_tool2")) && !is_package_name("-x") && !is_package_name(""));
    }
}
