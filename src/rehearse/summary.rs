//! The summary of a rehearsal, as text and as JSON.

use std::time::Duration;

use serde::Serialize;

use crate::report::{seconds, size};
use floe_core::model::{Asset, Commit, Digest, Release, Schema};
use floe_core::receipt::{Receipt, Status};

/// The JSON has schema 1.
#[derive(Serialize)]
pub struct Summary {
    schema: Schema<1>,
    name: String,
    version: semver::Version,
    commit: Commit,
    files: Vec<SummaryFile>,
    image: Option<Digest>,
    requests: u64,
    done: usize,
    millis: u64,
}

#[derive(Serialize)]
struct SummaryFile {
    name: String,
    size: u64,
    digest: Digest,
}

impl Summary {
    pub fn new(release: &Release, receipt: &Receipt, took: Duration) -> Self {
        let file =
            |asset: &Asset| SummaryFile { name: asset.name.clone(), size: asset.size, digest: asset.digest };
        Summary {
            schema: Schema,
            name: release.manifest.name.clone(),
            version: release.manifest.version.clone(),
            commit: release.destination.commit.clone(),
            files: release.assets.iter().map(file).collect(),
            image: release.image.as_ref().map(|image| image.index.digest),
            requests: receipt.requests,
            done: receipt.steps.iter().filter(|line| line.status == Status::Done).count(),
            millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }

    pub fn table(&self, release: &Release, receipt: &Receipt) -> String {
        let destination = &release.destination;
        let took = seconds(Duration::from_millis(self.millis));
        let mut lines = vec![format!(
            "Rehearsed {} of {} at {} in {took}",
            destination.tag,
            destination.repo,
            destination.commit.short()
        )];
        let width = self.files.iter().map(|file| file.name.len()).max().unwrap_or(0);
        for file in &self.files {
            lines.push(format!("  {:<width$}  {:>9}  {}", file.name, size(file.size), file.digest));
        }
        if let Some(image) = &release.image {
            let platforms: Vec<String> = image.platforms.iter().map(|one| one.platform.to_string()).collect();
            let name = format!("image for {}", platforms.join(", "));
            lines.push(format!("  {name:<width$}  {:>9}  {}", size(image.size()), image.index.digest));
        }
        for artifact in &release.manifest.artifacts {
            lines.push(format!("  {} needs {} from its host", artifact.file, artifact.needs()));
        }
        lines.push(format!(
            "  {} of {} steps done in this run, {} requests; {}",
            self.done,
            receipt.steps.len(),
            self.requests,
            receipt.state()
        ));
        lines.join("\n")
    }
}
