//! The summary of a workflow's job, and its outputs for later steps.

use crate::report::{Report, markdown};
use floe_core::model::Release;
use floe_core::plan::{Line, Plan};
use floe_core::preflight::Check;
use floe_core::receipt::Receipt;

/// The plan in the job summary, and the outputs for later steps.
pub fn planned(release: &Release, plan: &Plan, checks: &[Check], report: &Report) {
    let destination = &release.destination;
    let rows = checks.iter().map(|check| [check.about, check.word(), check.found()].map(str::to_owned));
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

fn outputs(release: &Release, report: &Report) {
    report.output("tag", release.destination.tag.as_str());
    if let Some(image) = &release.image {
        report.output("image", &release.destination.image.at(&image.index.digest));
        report.output("digest", &image.index.digest.to_string());
    }
}
