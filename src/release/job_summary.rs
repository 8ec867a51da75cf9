//! The summary of a workflow's job, and its outputs for later steps.

use crate::report::{Report, markdown, size};
use floe_core::model::{Asset, Destination, Digest, Manifest, Release, Subject};
use floe_core::plan::{Line, Plan};
use floe_core::preflight::Check;
use floe_core::receipt::Receipt;

/// The plan in the job summary, and the outputs for later steps.
pub fn planned(release: &Release, plan: &Plan, checks: &[Check], report: &Report) {
    let Destination { tag, repo, .. } = &release.destination;
    let row = |Check { about, outcome }: &Check| {
        [(*about).to_owned(), outcome.answer.to_string(), outcome.found.clone()]
    };
    let rows = checks.iter().map(row);
    report.summary(&format!(
        "### Release {tag} of {repo} as planned\n\n{}\n{}\n\n{}",
        markdown::table(Line::HEAD, plan.lines().iter().map(Line::cells)),
        plan.summary(&Subject::from(release)),
        markdown::table(["check", "passed", "found"], rows),
    ));
    outputs(release, report);
    report.output("todo", &plan.todo().count().to_string());
}

/// The finished release on a workflow's page, and its addresses for later steps.
pub fn published(release: &Release, receipt: &Receipt, report: &Report) {
    let Destination { tag, repo, .. } = &release.destination;
    let image = receipt.image.as_ref().map(|image| format!("`{image}`\n\n")).unwrap_or_default();
    let (url, state) = (receipt.url.as_deref().unwrap_or_default(), receipt.state());
    let table = markdown::table(Line::HEAD, receipt.steps.iter().map(Line::cells));
    report.summary(&format!("### Released [{tag} of {repo}]({url})\n\n{image}{table}\n{state}"));
    outputs(release, report);
    report.output("url", url);
}

/// The assembled release for the person who approves it, and the digests for later jobs: of `SHA256SUMS`, and of each written
/// file in the form that `sha256sum --check` reads.
pub fn assembled(release: &Release, written: &[(String, String)], report: &Report) {
    let Destination { tag, repo, commit, .. } = &release.destination;
    let row = |asset: &Asset| [asset.name.clone(), size(asset.size), format!("`{}`", asset.digest)];
    let table = markdown::table(["file", "size", "digest"], release.assets.iter().map(row));
    let Manifest { image, built_on, .. } = &release.manifest;
    let image = image.as_ref().map(|image| format!("\nImage `{}`\n", image.name.at(&image.digest)));
    let built_on = built_on.as_ref().map(|built_on| format!("\nBuilt on {}\n", built_on.line()));
    let further = [image, built_on].map(Option::unwrap_or_default).concat();
    report.summary(&format!("### {tag} of {repo} at commit {commit}\n\n{table}{further}"));
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
