//! A sample: a release of seven targets and an image of two platforms, and the run that published it.

use std::path::PathBuf;

use floe::rehearse::page::Page;
use floe_core::model::notes::NotesSource;
use floe_core::model::{
    Attestation, BinaryFacts, Blob, Destination, Digest, Entry, FileFacts, Image, Platform, PlatformImage,
    Record, Release, ReleaseParts, Schema, Source, Subject, Tag, Target,
};
use floe_core::plan::{Phase, Plan};
use floe_core::receipt::{Receipt, Status};
use floe_core::world::{RemoteImage, World};

/// A release of seven targets and two platforms, and a run that published it.
pub struct Sample {
    pub release: Release,
    pub plan: Plan,
    pub receipt: Receipt,
    pub notes: String,
}

const CHANGELOG: &str = "\
### Added

- `tool watch` runs again when a file changes ([#41]):
  - it looks at what the command reads, not at the folder;
  - `--once` ends after the first change.
- A **quiet** mode, *really* quiet.

### Fixed

1. Paths with spaces on Windows, see https://github.com/acme/tool/issues/39.
2. Exit codes:

   ```sh
   tool check || echo \"the exit code is $?, as the manual says\" # and this line is longer than a narrow screen is wide
   ```

[#41]: https://github.com/acme/tool/pull/41
";

impl Sample {
    pub fn new() -> Self {
        Sample::named("tool", CHANGELOG)
    }

    /// Files and paths are named after `name`, which may hold any character.
    pub fn named(name: &str, changelog: &str) -> Self {
        let archives = Target::defaults().map(|target| (record(name, target), nowhere())).collect();
        let destination = Destination {
            repo: "acme/tool".parse().unwrap(),
            page: "https://github.com/acme/tool".to_owned(),
            tag: "v1.4.0".parse::<Tag>().unwrap(),
            commit: "3f9ac21be0a94f28a4a2f2c6f4be3b1c5d0e7a90".parse().unwrap(),
            image: "ghcr.io/acme/tool".parse().unwrap(),
            may_be_latest: true,
            attach: false,
            built_on: None,
        };
        let head = NotesSource::Text(changelog.to_owned());
        let release = release(archives, Some(image(name)), destination, head);
        let world = World {
            tag: Some(release.destination.commit.clone()),
            image: Some(RemoteImage::default()),
            ..World::default()
        };
        let plan = Plan::new(&Subject::from(&release), &world).unwrap();
        let mut receipt = Receipt::new(&release, &plan, "2026-11-22T20:54:55Z".to_owned());
        receipt.published = true;
        receipt.requests = 97;
        for (index, line) in receipt.steps.iter_mut().enumerate() {
            let from = if line.phase == Phase::Stage { index as u64 * 31 } else { index as u64 * 40 };
            line.status = Status::Done;
            line.millis = Some((from, from + line.bytes.unwrap_or(2_000_000) / 30_000));
        }
        let notes = release.notes.render("", &release.destination.page);
        Sample { release, plan, receipt, notes }
    }

    pub fn render(&self) -> String {
        let Sample { release, plan, receipt, notes } = self;
        Page { release, plan, receipt, notes }.render()
    }
}

/// A release without installers, channels and attestation.
pub fn release(
    archives: Vec<(Record, PathBuf)>,
    image: Option<Image>,
    destination: Destination,
    notes: NotesSource,
) -> Release {
    let (files, attestation) = (Vec::new(), Attestation::default());
    let parts = ReleaseParts { archives, files, image, destination, notes, attestation };
    Release::new(parts, Vec::new(), Vec::new())
}

fn binary(name: &str, target: Target) -> BinaryFacts {
    BinaryFacts {
        name: name.to_owned(),
        path: format!("{}/{name}{}", target.top_folder(name), target.exe),
        size: 6_812_344 + target.triple.len() as u64 * 3_217,
        digest: Digest::of(target.triple.as_bytes()),
        format: target.format,
        arch: target.arch,
        facts: None,
    }
}

pub fn record(name: &str, target: Target) -> Record {
    Record {
        schema: Schema,
        name: name.to_owned(),
        version: semver::Version::new(1, 4, 0),
        target,
        package: None,
        source: Source { commit: None, epoch: 0 },
        archive: FileFacts {
            file: target.archive_file(name),
            size: 2_911_003 + target.triple.len() as u64 * 1_013,
            digest: Digest::of(target.archive_file(name).as_bytes()),
        },
        binaries: vec![binary(name, target)],
        loosened: std::collections::BTreeMap::new(),
        contents: Vec::new(),
        sbom: None,
        packages: Vec::new(),
    }
}

fn blob(kind: &str, text: &str, size: u64) -> Blob {
    Blob {
        media_type: format!("application/vnd.oci.image.{kind}"),
        digest: Digest::of(text.as_bytes()),
        size,
    }
}

/// A file that is never opened.
pub fn nowhere() -> PathBuf {
    "nowhere".into()
}

fn image(name: &str) -> Image {
    let platform = |platform: Platform| {
        let target = Target::all().find(|target| target.platform == Some(platform)).unwrap();
        let binary = binary(name, target);
        let file = |path: String, mode, size, digest| Entry { path, size, mode, digest };
        let text = |kind: &str| format!("{kind} {platform}");
        PlatformImage {
            platform,
            manifest: blob("manifest.v1+json", &text("manifest"), 563),
            config: blob("config.v1+json", &text("config"), 812),
            layers: vec![
                blob("layer.v1.tar+gzip", &text("base"), 118_204),
                blob("layer.v1.tar+gzip", &text("layer"), 2_998_113),
            ],
            files: vec![
                file(
                    "etc/ssl/certs/ca-certificates.crt".to_owned(),
                    0o644,
                    221_470,
                    Digest::of(b"certificates"),
                ),
                file(format!("usr/bin/{name}"), 0o755, binary.size, binary.digest),
            ],
            program: Some(format!("usr/bin/{name}")),
            loaders: Vec::new(),
        }
    };
    Image {
        layout: "nowhere".into(),
        index: blob("index.v1+json", "index", 744),
        annotations: Default::default(),
        platforms: Platform::ALL.map(platform).into(),
    }
}
