//! The summary of a workflow's job, and its outputs for later steps.

use crate::report::{Report, markdown, size};
use floe_core::model::{Digest, Release};
use floe_core::plan::{Line, Plan};
use floe_core::preflight::Check;
use floe_core::receipt::Receipt;

/// The plan in the job summary, and the outputs for later steps.
pub fn planned(release: &Release, plan: &Plan, checks: &[Check], report: &Report) {
    let destination = &release.destination;
    let row = |Check { about, outcome }: &Check| {
        [(*about).to_owned(), outcome.answer.to_string(), outcome.found.clone()]
    };
    let rows = checks.iter().map(row);
    report.summary(&format!(
        "### Release {} of {} as planned\n\n{}\n{}\n\n{}",
        destination.tag,
        destination.repo,
        markdown::table(Line::HEAD, plan.lines().iter().map(Line::cells)),
        plan.summary(),
        markdown::table(["check", "passed", "found"], rows),
    ));
    outputs(release, report);
    report.output("todo", &plan.todo().count().to_string());
}

/// The finished release on a workflow's page, and its addresses for later steps.
pub fn published(release: &Release, receipt: &Receipt, report: &Report) {
    let destination = &release.destination;
    let image = receipt.image.as_ref().map(|image| format!("`{image}`\n\n")).unwrap_or_default();
    let url = receipt.url.as_deref().unwrap_or_default();
    report.summary(&format!(
        "### Released [{} of {}]({url})\n\n{image}{}\n{}",
        destination.tag,
        destination.repo,
        markdown::table(Line::HEAD, receipt.steps.iter().map(Line::cells)),
        receipt.state()
    ));
    outputs(release, report);
    report.output("url", url);
    report.notice(&format!("Released {} of {}", destination.tag, destination.repo), url);
}

/// The assembled release for the person who approves it, and the digests for later jobs: of `SHA256SUMS`, and of each written
/// file in the form that `sha256sum --check` reads.
pub fn assembled(release: &Release, written: &[(String, String)], report: &Report) {
    let destination = &release.destination;
    let rows = release
        .assets
        .iter()
        .map(|asset| [asset.name.clone(), size(asset.size), format!("`{}`", asset.digest)]);
    let image = release.manifest.image.as_ref();
    let image =
        image.map(|image| format!("\nImage `{}`\n", image.name.at(&image.digest))).unwrap_or_default();
    let built_on =
        release.manifest.built_on.as_ref().map(|built_on| format!("\nBuilt on {}\n", built_on.line()));
    report.summary(&format!(
        "### {} of {} at commit {}\n\n{}{image}{}",
        destination.tag,
        destination.repo,
        destination.commit,
        markdown::table(["file", "size", "digest"], rows),
        built_on.unwrap_or_default(),
    ));
    outputs(release, report);
    report.output("sums", &release.sums().to_string());
    report.output("checksums", release.checksums().trim_end());
    let lines = written.iter().map(|(name, text)| format!("{}  {name}", Digest::of(text.as_bytes()).hex()));
    report.output("digests", &lines.collect::<Vec<_>>().join("\n"));
}

fn outputs(release: &Release, report: &Report) {
    report.output("tag", release.destination.tag.as_str());
    if let Some(image) = &release.image {
        report.output("image", &release.destination.image.at(&image.index.digest));
        report.output("digest", &image.index.digest.to_string());
    }
}
