//! A software bill of materials (SBOM): the crates in the binaries of one target, as CycloneDX 1.6 JSON.
//!
//! The structs hold the part of the format that floe writes; everything else is ignored when one is read. The source is the
//! JSON schema `bom-1.6.schema.json` of CycloneDX.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{BinaryFacts, Digest, Target, to_json};
use floe_audit::EmbeddedCrate;

/// How the name of an SBOM ends. Readers such as osv-scanner find SBOMs by it.
pub const SUFFIX: &str = ".cdx.json";
/// The property of the metadata that names the target (CycloneDX property taxonomy, `cdx:rustc`).
pub const TARGET: &str = "cdx:rustc:sbom:target:triple";
/// The largest SBOM that is read, in bytes.
pub const LIMIT: u64 = 16 * 1024 * 1024;

/// An SBOM as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SbomFacts {
    /// Its file name, also the asset's.
    pub file: String,
    /// Its digest.
    pub digest: Digest,
}

/// An SBOM: the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sbom {
    pub bom_format: BomFormat,
    pub spec_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    pub version: u32,
    pub metadata: SbomMetadata,
    #[serde(default)]
    pub components: Vec<SbomComponent>,
    #[serde(default)]
    pub dependencies: Vec<SbomEdges>,
}

/// The only value of `bomFormat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BomFormat {
    /// `CycloneDX`.
    CycloneDX,
}

/// `metadata`: what is described, and by which tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SbomMetadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    #[serde(default)]
    pub lifecycles: Vec<BTreeMap<String, String>>,
    #[serde(default)]
    pub tools: BTreeMap<String, Vec<SbomComponent>>,
    pub component: SbomComponent,
    #[serde(default)]
    pub properties: Vec<SbomProperty>,
}

/// A component: a program, one of its binaries, or a crate in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SbomComponent {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(rename = "bom-ref", default, skip_serializing_if = "Option::is_none")]
    pub bom_ref: Option<String>,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<SbomHash>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<SbomLicense>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    #[serde(rename = "externalReferences", default, skip_serializing_if = "Vec::is_empty")]
    pub external_references: Vec<SbomReference>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<SbomProperty>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<SbomComponent>,
}

/// A digest of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SbomHash {
    pub alg: String,
    pub content: String,
}

/// A licence: an SPDX expression, or a name that is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SbomLicense {
    Expression(String),
    License { name: String },
}

/// An address that belongs to a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SbomReference {
    #[serde(rename = "type")]
    pub kind: String,
    pub url: String,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SbomProperty {
    pub name: String,
    pub value: String,
}

/// The components that one uses, by their `bom-ref`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SbomEdges {
    #[serde(rename = "ref")]
    pub from: String,
    #[serde(default)]
    pub depends_on: BTreeSet<String>,
}

impl SbomHash {
    /// A SHA-256 digest.
    pub fn sha256(digest: &Digest) -> Self {
        SbomHash { alg: "SHA-256".to_owned(), content: digest.hex() }
    }

    fn digest(&self) -> Option<Digest> {
        (self.alg == "SHA-256").then(|| format!("sha256:{}", self.content).parse().ok())?
    }
}

impl Sbom {
    /// The name of the SBOM of a project's binaries for a target.
    pub fn file_name(project: &str, target: Target) -> String {
        format!("{}{SUFFIX}", target.top_folder(project))
    }

    /// Reads an SBOM of CycloneDX 1.6.
    ///
    /// # Errors
    /// It is none; the message says why.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        let sbom: Sbom = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        match sbom.spec_version.as_str() {
            "1.6" => Ok(sbom),
            other => Err(format!("it is CycloneDX {other}, not 1.6")),
        }
    }

    /// The document with a serial number that depends on its content alone: a UUID of version 8 (RFC 9562, section 5.8) from
    /// the SHA-256 of the document without it.
    pub fn with_serial_number(mut self) -> Self {
        self.serial_number = None;
        let hex = Digest::of(to_json(&self).as_bytes()).hex();
        // The variant is 10 in binary, so the digit is 8, 9, a or b.
        let variant = ["8", "9", "a", "b"][usize::from_str_radix(&hex[16..17], 16).unwrap_or_default() % 4];
        let parts = [&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32]];
        let [a, b, c, d, e] = parts;
        self.serial_number = Some(format!("urn:uuid:{a}-{b}-8{c}-{variant}{d}-{e}"));
        self
    }

    /// The names and versions of the crates, that of the program included.
    pub fn crates(&self) -> BTreeSet<(&str, &str)> {
        let all = self.components.iter().chain([&self.metadata.component]);
        all.map(|one| (one.name.as_str(), one.version.as_deref().unwrap_or_default())).collect()
    }

    /// The crates of the program that are not in a list of `cargo auditable`. That list has more crates than the binary, so
    /// the opposite proves nothing.
    pub fn missing_from(&self, listed: &[EmbeddedCrate]) -> Vec<String> {
        let listed: BTreeSet<(&str, &str)> =
            listed.iter().map(|one| (one.name.as_str(), one.version.as_str())).collect();
        self.crates().difference(&listed).map(|(name, version)| format!("`{name}` {version}")).collect()
    }

    /// Why this is not the SBOM of these binaries, a clause each. None means that it is.
    pub fn contradictions(
        &self,
        (name, version, target): (&str, &Version, Target),
        binaries: &[BinaryFacts],
    ) -> Vec<String> {
        let mut found = Vec::new();
        let SbomMetadata { component, properties, .. } = &self.metadata;
        if component.name != name {
            found.push(format!("it describes `{}`, not `{name}`", component.name));
        }
        let described = component.version.as_deref().unwrap_or_default();
        if described != version.to_string() {
            found.push(format!("it describes version {described}, not {version}"));
        }
        let targets: Vec<&str> = properties
            .iter()
            .filter(|property| property.name == TARGET)
            .map(|property| property.value.as_str())
            .collect();
        match targets[..] {
            [one] if one == target.triple => {}
            [] => found.push("it names no target".to_owned()),
            _ => found.push(format!("it describes {}, not {}", targets.join(" and "), target.triple)),
        }
        let described: BTreeSet<Digest> = component
            .components
            .iter()
            .chain([component])
            .flat_map(|one| &one.hashes)
            .filter_map(SbomHash::digest)
            .collect();
        for binary in binaries.iter().filter(|binary| !described.contains(&binary.digest)) {
            found.push(format!("it does not name `{}` by its digest {}", binary.path, binary.digest));
        }
        for other in described.iter().filter(|one| !binaries.iter().any(|binary| binary.digest == **one)) {
            found.push(format!("it names a binary {other}, which is not in the archive"));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sbom(name: &str) -> Sbom {
        let json = format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
                "metadata": {{"component": {{"type": "application", "name": "{name}", "version": "1.0.0"}}}}}}"#
        );
        Sbom::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn the_serial_number_is_a_uuid_that_depends_on_the_content_alone() {
        let serial = |name: &str| sbom(name).with_serial_number().serial_number.unwrap();
        let hex = serial("a").strip_prefix("urn:uuid:").unwrap().to_owned();
        let parts: Vec<&str> = hex.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(parts[2].starts_with('8') && parts[3].starts_with(['8', '9', 'a', 'b']), "{hex}");
        assert_eq!(serial("a"), serial("a"));
        assert_ne!(serial("a"), serial("b"));
        // A number that is there already does not count.
        let numbered = sbom("a").with_serial_number();
        assert_eq!(numbered.clone().with_serial_number(), numbered);
    }

    #[test]
    fn a_list_of_cargo_auditable_may_have_more_but_not_less() {
        let one = |name: &str| EmbeddedCrate {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            source: String::new(),
            kind: String::new(),
            root: false,
        };
        assert_eq!(sbom("a").missing_from(&[one("a"), one("b")]), Vec::<String>::new());
        assert_eq!(sbom("a").missing_from(&[one("b")]), ["`a` 1.0.0"]);
    }
}
