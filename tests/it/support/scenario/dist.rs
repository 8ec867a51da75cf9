//! A sample dist: tiny but real binaries, packed by floe itself.

use std::collections::BTreeSet;
use std::path::Path;

use floe::commands::package::{self, Build, Enforcement};
use floe::image::{self, ImageSpec};
use floe::report::{Report, Verbosity};
use floe_core::model::config::ImageSettings;
use floe_core::model::{About, CrateSource, Dependency, Source, Target};

use super::COMMIT;
use crate::support::binaries::binary;
use crate::support::sample::Sample;

/// Packs a dist of tiny but real binaries, with an image of both platforms where the targets allow it.
pub fn make_dist(out: &Path, version: &str, targets: &[Target]) {
    make_dist_from(version.as_bytes(), out, version, targets);
}

/// The same from binaries that differ: another seed, another binary.
pub fn make_dist_from(seed: &[u8], out: &Path, version: &str, targets: &[Target]) {
    make_dist_with(|_| seed, out, version, targets);
}

/// The same with a seed a target.
pub fn make_dist_with<'s>(seed: impl Fn(Target) -> &'s [u8], out: &Path, version: &str, targets: &[Target]) {
    make_dist_of("tool", seed, out, version, targets);
}

/// The same with an SBOM for each target: of `tool` and a crate of crates.io.
pub fn make_dist_with_sboms(seed: &[u8], out: &Path, version: &str, targets: &[Target]) {
    let one = |name: &str, version: &str, source, uses: &[usize]| Dependency {
        name: name.to_owned(),
        version: version.parse().unwrap(),
        source,
        checksum: None,
        license: Some("MIT/Apache-2.0".to_owned()),
        features: BTreeSet::from(["default".to_owned()]),
        uses: uses.iter().copied().collect(),
    };
    let crates =
        vec![one("tool", version, CrateSource::Path, &[1]), one("log", "0.4.1", CrateSource::CratesIo, &[])];
    make(("tool", "", Some(&crates)), |_| seed, out, version, targets);
}

/// The same for a package of any name.
pub fn make_dist_of<'s>(
    name: &str,
    seed: impl Fn(Target) -> &'s [u8],
    out: &Path,
    version: &str,
    targets: &[Target],
) {
    make((name, "", None), seed, out, version, targets);
}

/// A dist of `tool` with these lines in its Cargo.toml.
pub fn make_dist_with_lines(lines: &str, out: &Path, version: &str, targets: &[Target]) {
    make(("tool", lines, None), |_| b"tool", out, version, targets);
}

/// A dist of `tool` whose package says about itself what package managers need, from binaries of a seed.
pub fn make_described_dist(seed: &str, out: &Path, version: &str, targets: &[Target]) {
    make(("tool", DESCRIBED, None), |_| seed.as_bytes(), out, version, targets);
}

/// The lines of Cargo.toml that package managers need.
pub const DESCRIBED: &str = "description = \"A tool of Acme.\"\nlicense = \"MIT OR Apache-2.0\"\n";

fn make<'s>(
    (name, lines, crates): (&str, &str, Option<&Vec<Dependency>>),
    seed: impl Fn(Target) -> &'s [u8],
    out: &Path,
    version: &str,
    targets: &[Target],
) {
    let head = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n");
    let manifest = format!("{head}{lines}");
    let sample = Sample::with_manifest(&manifest)
        .file("src/main.rs", "fn main() {}\n")
        .file("README.md", "# tool\n")
        .file("LICENSE-MIT", "Permission is hereby granted.\n");
    let project = sample.load().unwrap();
    let source = Source { commit: Some(COMMIT.parse().unwrap()), epoch: 1_700_000_000 };
    let built = tempfile::tempdir().unwrap();
    let mut builds = Vec::new();
    let mut for_image = Vec::new();
    for target in targets {
        let path = built.path().join(target.triple).join(format!("{name}{}", target.exe));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, binary(*target, seed(*target))).unwrap();
        if target.platform.is_some() {
            for_image.push(path.clone());
        }
        builds.push(Build {
            target: *target,
            binaries: vec![path],
            documents: None,
            crates: crates.cloned(),
        });
    }
    let report = Report::new(Verbosity::Quiet);
    package::pack((&project, &source), &builds, out, Enforcement::Deny, &report).unwrap();
    if !for_image.is_empty() {
        let (title, binaries) = (name.to_owned(), vec![name.to_owned()]);
        let spec = ImageSpec { title, binaries, ..image_spec(version, source) };
        image::build(&for_image, &spec, &out.join("image")).unwrap();
    }
}

/// The settings of the image of a version.
pub fn image_spec(version: &str, source: Source) -> ImageSpec {
    ImageSpec {
        name: "ghcr.io/acme/tool".parse().unwrap(),
        title: "tool".to_owned(),
        version: version.parse().unwrap(),
        about: About::default(),
        repository: "https://github.com/acme/tool".to_owned(),
        documentation: None,
        source,
        binaries: vec!["tool".to_owned()],
        settings: ImageSettings::default(),
        ca_certificates: None,
    }
}
