//! What `plan` and `publish` tell besides their results: the answers to their questions, and what a workflow shows of
//! them on its page and hands to later steps.
//!
//! Nothing is decided here.

use crate::commands::verify::Verdict;
use crate::report::{Report, markdown, size};
use floe_core::model::Release;
use floe_core::plan::{Line, Plan};
use floe_core::preflight::{Answer, Question};
use floe_core::receipt::Receipt;

/// Tells what was asked. What would be refused is left to the error that ends the run.
pub fn questions(questions: &[Question], report: &Report) {
    let _group = report.group("Questions before the release");
    for question in questions {
        let line = format!("{:<10}  {}", question.about, question.found());
        match &question.answer {
            Answer::Yes(_) => report.folded("Passed", line),
            Answer::Unasked(_) => report.folded("Unasked", line),
            Answer::Warning(said) => report.warn(format!("{}: {}", said.found, said.cure)),
            Answer::No(_) => report.folded("Refused", line),
        }
    }
}

/// The plan on a workflow's page, and what later steps may want to know of it.
pub fn planned(release: &Release, plan: &Plan, questions: &[Question], report: &Report) {
    let home = &release.home;
    let asked = questions
        .iter()
        .map(|question| [question.about.to_owned(), question.word().to_owned(), question.found().to_owned()]);
    report.summary(&format!(
        "### Release {} of {} as planned\n\n{}\n{}\n\n{}",
        home.tag,
        home.repo,
        markdown::table(Line::HEAD, plan.lines().iter().map(Line::cells)),
        plan.summary(),
        markdown::table(["question", "answer", "found"], asked),
    ));
    outputs(release, report);
    report.output("todo", &plan.todo().count().to_string());
}

/// The finished release on a workflow's page, and its addresses for later steps.
pub fn published(release: &Release, receipt: &Receipt, report: &Report) {
    let home = &release.home;
    let image = receipt.image.as_ref().map(|image| format!("`{image}`\n\n")).unwrap_or_default();
    let url = receipt.url.as_deref().unwrap_or_default();
    report.summary(&format!(
        "### Released [{} of {}]({url})\n\n{image}{}\n{}",
        home.tag,
        home.repo,
        markdown::table(Line::HEAD, receipt.steps.iter().map(Line::cells)),
        receipt.state()
    ));
    outputs(release, report);
    report.output("url", url);
    report.notice(&format!("Released {} of {}", home.tag, home.repo), url);
}

/// What was verified, on a workflow's page.
pub fn verified(verdict: &Verdict, title: &str, report: &Report) {
    let files =
        verdict.files.iter().map(|file| [file.name.clone(), size(file.size), format!("`{}`", file.digest)]);
    let image = verdict.image.map(|digest| format!("\nimage `{digest}`\n")).unwrap_or_default();
    report.summary(&format!(
        "### {title}: all is as it should be\n\n{}{image}",
        markdown::table(["file", "size", "digest"], files)
    ));
}

fn outputs(release: &Release, report: &Report) {
    report.output("tag", release.home.tag.as_str());
    if let Some(image) = &release.image {
        report.output("image", &release.home.image.at(&image.index.digest));
        report.output("digest", &image.index.digest.to_string());
    }
}
