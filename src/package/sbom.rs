//! Builds SBOMs: the crates of a program become a CycloneDX document whose bytes depend on nothing else. Reads them, too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use semver::Version;

use crate::files::name_of;
use crate::package::audit::Audited;
use floe_audit::EmbeddedCrate;
use floe_core::model::sbom::{
    BomFormat, LIMIT, SbomComponent, SbomEdges, SbomHash, SbomLicense, SbomMetadata, SbomProperty,
    SbomReference, TARGET,
};
use floe_core::model::{BinaryFacts, CrateSource, Dependency, Record, Sbom, spdx};
use floe_core::units;
use floe_core::untrusted::files;
use floe_core::untrusted::text::has_only;

/// The part of a Package URL that needs no percent-encoding (purl specification, "Character encoding").
const PURL: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b':').remove(b'/');

/// Reads an SBOM, or says why it is none.
pub fn read(path: &Path) -> Result<Sbom, String> {
    let json = files::open_no_link(path).and_then(|file| files::read(file, LIMIT));
    Sbom::read(&json.map_err(|error| error.to_string())?)
}

/// Why an SBOM is wrong by the lists that `cargo auditable` embedded in the binaries of its archive. An SBOM that cannot be
/// read has no such reason; that is found before.
pub fn compare_embedded(sbom: &Path, archive: &str, audited: &[Audited]) -> Vec<String> {
    let lists = audited.iter().filter_map(|one| Some((one.inside.as_ref()?, one.crates.as_ref()?)));
    let lists: Vec<_> = lists.collect();
    let name = name_of(sbom);
    let Some(sbom) = (!lists.is_empty()).then(|| read(sbom).ok()).flatten() else { return Vec::new() };
    let compare = |(path, listed): (&String, &Vec<EmbeddedCrate>)| {
        let missing = sbom.missing_from(listed);
        let (first, more) = (missing.first()?, missing.len() - 1);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!(
            "`{name}` is not the SBOM of `{archive}`: it names {first}{more}, which the list of `cargo auditable` in `{path}` lacks"
        ))
    };
    lists.into_iter().filter_map(compare).collect()
}

/// The SBOM of the program in an archive, by its record. The first of the crates is its package.
pub fn build(record: &Record, repository: Option<&str>, crates: &[Dependency]) -> Sbom {
    let refs = refs(crates);
    let mut components: Vec<SbomComponent> =
        crates.iter().zip(&refs).map(|(one, bom_ref)| component(one, bom_ref)).collect();
    let edges = crates.iter().zip(&refs).map(|(one, from)| SbomEdges {
        from: from.clone(),
        depends_on: one.uses.iter().map(|used| refs[*used].clone()).collect(),
    });
    let mut dependencies: Vec<SbomEdges> = edges.collect();
    dependencies.sort_by(|a, b| a.from.cmp(&b.from));
    let package = components.drain(..1.min(components.len())).next().unwrap_or_default();
    components.sort_by(|a, b| a.bom_ref.cmp(&b.bom_ref));
    let floe = SbomComponent { version: Some(env!("CARGO_PKG_VERSION").to_owned()), ..application("floe") };
    let sbom = Sbom {
        bom_format: BomFormat::CycloneDX,
        spec_version: "1.6".to_owned(),
        serial_number: None,
        version: 1,
        metadata: SbomMetadata {
            timestamp: units::rfc3339(record.source.epoch),
            lifecycles: vec![BTreeMap::from([("phase".to_owned(), "build".to_owned())])],
            tools: BTreeMap::from([("components".to_owned(), vec![floe])]),
            component: described(record, repository, package),
            properties: vec![
                property(TARGET, record.target.triple),
                property("floe:excluded", "procedural macros, build dependencies, development dependencies"),
            ],
        },
        components,
        dependencies,
    };
    sbom.with_serial_number()
}

/// The package as the program that was made from it: with the digests of its binaries.
fn described(record: &Record, repository: Option<&str>, package: SbomComponent) -> SbomComponent {
    let hashes = |binary: &BinaryFacts| vec![SbomHash::sha256(&binary.digest)];
    let binary = |one: &BinaryFacts| SbomComponent { hashes: hashes(one), ..application(&one.name) };
    let (hashes, components) = match &record.binaries[..] {
        [only] => (hashes(only), Vec::new()),
        several => (Vec::new(), several.iter().map(binary).collect()),
    };
    let reference = |url: &str| SbomReference { kind: "vcs".to_owned(), url: url.to_owned() };
    let mut properties = package.properties;
    properties.push(property("floe:archive", &record.archive.file));
    SbomComponent {
        kind: "application".to_owned(),
        description: record.package.as_ref().and_then(|about| about.description.clone()),
        hashes,
        external_references: repository.into_iter().map(reference).collect(),
        properties,
        components,
        ..package
    }
}

fn application(name: &str) -> SbomComponent {
    SbomComponent { kind: "application".to_owned(), name: name.to_owned(), ..SbomComponent::default() }
}

fn component(one: &Dependency, bom_ref: &str) -> SbomComponent {
    let features: Vec<&str> = one.features.iter().map(String::as_str).collect();
    let features = (!features.is_empty()).then(|| property("floe:features", &features.join(",")));
    SbomComponent {
        kind: "library".to_owned(),
        bom_ref: Some(bom_ref.to_owned()),
        name: one.name.clone(),
        version: Some(one.version.to_string()),
        hashes: one.checksum.iter().map(SbomHash::sha256).collect(),
        licenses: one.license.iter().map(|text| license(text)).collect(),
        purl: Some(purl(&one.name, &one.version, &one.source)),
        properties: features.into_iter().collect(),
        ..SbomComponent::default()
    }
}

/// A name for each crate in the document: its Package URL. Folders of the same name and version, or a folder and a crate of
/// crates.io, would share one, so the later ones are numbered.
fn refs(crates: &[Dependency]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let name = |one: &Dependency| {
        let purl = purl(&one.name, &one.version, &one.source);
        let numbered = (2..).map(|n| format!("{purl}#{n}"));
        let free = [purl.clone()].into_iter().chain(numbered).find(|name| taken.insert(name.clone()));
        free.unwrap_or(purl)
    };
    crates.iter().map(name).collect()
}

/// The Package URL of a crate (purl specification, type `cargo`).
fn purl(name: &str, version: &Version, source: &CrateSource) -> String {
    let encode = |text: &str| utf8_percent_encode(text, PURL).to_string();
    let version = encode(&version.to_string());
    let qualifier = match source {
        CrateSource::Path | CrateSource::CratesIo => String::new(),
        CrateSource::Registry(url) => format!("?repository_url={}", encode(url)),
        CrateSource::Git { url, commit } => format!("?vcs_url={}", encode(&format!("git+{url}@{commit}"))),
    };
    format!("pkg:cargo/{}@{version}{qualifier}", encode(name))
}

/// A text that is no expression is a name.
fn license(text: &str) -> SbomLicense {
    let expression = spdx(text);
    match is_expression(&expression) {
        true => SbomLicense::Expression(expression),
        false => SbomLicense::License { name: text.to_owned() },
    }
}

/// Whether a text has the form of an SPDX licence expression (SPDX 2.3, annex D). The list of licences is not asked.
fn is_expression(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut open, mut wants_operand) = (0_u32, true);
    for word in spaced.split_whitespace() {
        let is_operator = ["AND", "OR", "WITH"].contains(&word);
        match (word, wants_operand) {
            ("(", true) => open += 1,
            (")", false) if open > 0 => open -= 1,
            (_, false) if is_operator => wants_operand = true,
            (_, true) if !is_operator && is_license(word) => wants_operand = false,
            _ => return false,
        }
    }
    open == 0 && !wants_operand
}

fn is_license(word: &str) -> bool {
    has_only(word.strip_suffix('+').unwrap_or(word), ".-:")
}

fn property(name: &str, value: &str) -> SbomProperty {
    SbomProperty { name: name.to_owned(), value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_expressions_or_names() {
        let expression = |text: &str| SbomLicense::Expression(text.to_owned());
        for (text, expected) in [
            ("MIT", "MIT"),
            ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
            ("Unlicense / MIT", "Unlicense OR MIT"),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", "(MIT OR Apache-2.0) AND Unicode-3.0"),
            ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
            ("GPL-2.0+", "GPL-2.0+"),
        ] {
            assert_eq!(license(text), expression(expected), "{text}");
        }
        for text in ["see LICENSE", "MIT OR", "MIT Apache-2.0", "(MIT", "MIT)", "()", "non-standard, ask us"]
        {
            assert_eq!(license(text), SbomLicense::License { name: text.to_owned() }, "{text}");
        }
    }

    #[test]
    fn package_urls_say_where_a_crate_is_from() {
        let version: Version = "1.0.0-rc.1+build".parse().unwrap();
        let of = |source: CrateSource| purl("a_b", &version, &source);
        assert_eq!(of(CrateSource::CratesIo), "pkg:cargo/a_b@1.0.0-rc.1%2Bbuild");
        assert_eq!(of(CrateSource::Path), of(CrateSource::CratesIo));
        let url = "https://git.example/a b".to_owned();
        assert_eq!(
            of(CrateSource::Git { url, commit: "abc".to_owned() }),
            "pkg:cargo/a_b@1.0.0-rc.1%2Bbuild?vcs_url=git%2Bhttps://git.example/a%20b%40abc"
        );
        assert_eq!(
            of(CrateSource::Registry("https://crates.example/index?x=1&y#z".to_owned())),
            "pkg:cargo/a_b@1.0.0-rc.1%2Bbuild?repository_url=https://crates.example/index%3Fx%3D1%26y%23z"
        );
    }

    #[test]
    fn crates_that_share_a_package_url_have_names_of_their_own() {
        let one = |source| Dependency {
            name: "a".to_owned(),
            version: Version::new(1, 0, 0),
            source,
            checksum: None,
            license: None,
            features: BTreeSet::new(),
            uses: BTreeSet::new(),
        };
        let crates = [one(CrateSource::Path), one(CrateSource::CratesIo), one(CrateSource::Path)];
        assert_eq!(refs(&crates), ["pkg:cargo/a@1.0.0", "pkg:cargo/a@1.0.0#2", "pkg:cargo/a@1.0.0#3"]);
    }
}
