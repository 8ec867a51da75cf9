//! The steps of the receipt.

use std::time::Duration;

use maud::{Markup, html};

use super::{cells, table};
use floe_core::plan::Phase;
use floe_core::receipt::{Line, Receipt, Status};
use floe_core::units::{seconds, size};

pub(super) fn show(receipt: &Receipt) -> Markup {
    let steps = &receipt.steps;
    let last = steps.iter().filter_map(|line| line.millis).map(|(_, to)| to).max();
    let heads = ["Step", "Size", "Status", "Took"];
    // Without times there is nothing to put into the last column.
    let heads = if last.is_some() { &heads[..] } else { &heads[..3] };
    let title = |class: &str, content: Markup| {
        html! {
            tr.(class) role="row" { th colspan=(heads.len()) scope="rowgroup" role="rowheader" { (content) } }
        }
    };
    let bodies = html! {
        @for phase in steps.chunk_by(|a, b| a.phase == b.phase) { tbody role="rowgroup" {
            @if phase[0].phase == Phase::Stage { (title("phase", html! { "Stage: invisible to visitors" })) }
            @for line in phase {
                @if line.verb == "publish" {
                    (title("commit", html! { strong { "Commit point" } ": " (commit_point(line)) }))
                }
                tr role="row" { (cells(heads, step(line))) }
            }
        } }
    };
    html! {
        p.about {
            @if let Some(last) = last {
                (steps.iter().filter(|line| line.status == Status::Done).count()) " of " (steps.len())
                " steps done in this run, in " (took(last)) " and " (receipt.requests) " requests."
            } @else {
                "Every step was done before this run."
            }
        }
        (table("steps", "Steps", heads, bodies))
    }
}

fn commit_point(publish: &Line) -> String {
    match publish.millis {
        None => "the release was public before this run.".to_owned(),
        Some((from, _)) => format!("nothing is public before this, {} into the run.", took(from)),
    }
}

fn step(line: &Line) -> [Markup; 4] {
    // The first word is the class.
    let status = line.status.words();
    [
        html! { span.verb { (line.verb) } " " span.path { (line.object) } },
        html! { @if let Some(bytes) = line.bytes { (size(bytes)) } },
        html! { span.status.(status) { (status) } },
        html! { @if let Some((from, to)) = line.millis { (took(to.saturating_sub(from))) } },
    ]
}

/// A duration: `12 ms`, `1.2 s`.
fn took(millis: u64) -> String {
    if millis < 1000 { format!("{millis} ms") } else { seconds(Duration::from_millis(millis)) }
}
