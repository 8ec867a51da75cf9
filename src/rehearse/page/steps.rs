//! The steps of the receipt, each with a bar on one time axis. A step without times has no bar.

use std::time::Duration;

use maud::{Markup, html};

use super::{cells, table};
use floe_core::plan::Phase;
use floe_core::receipt::{Line, Receipt, Status};
use floe_core::units::{seconds, size};

pub(super) fn show(receipt: &Receipt) -> Markup {
    let steps = &receipt.steps;
    let axis = Axis::of(steps);
    let heads = ["Step", "Size", "Status", "Took", "Time line"];
    // Without an axis there is nothing to put into the last two columns.
    let heads = if axis.is_some() { &heads[..] } else { &heads[..3] };
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
                tr role="row" { (cells(heads, step(line, axis.as_ref()))) }
            }
        } }
    };
    html! {
        p.about {
            @if let Some(axis) = &axis {
                (steps.iter().filter(|line| line.status == Status::Done).count()) " of " (steps.len())
                " steps done in this run, in " (took(axis.length)) " and " (receipt.requests) " requests."
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

fn step(line: &Line, axis: Option<&Axis>) -> [Markup; 5] {
    // The first word is the class.
    let status = line.status.words();
    [
        html! { span.verb { (line.verb) } " " span.path { (line.object) } },
        html! { @if let Some(bytes) = line.bytes { (size(bytes)) } },
        html! { span.status.(status) { (status) } },
        html! { @if let Some((from, to)) = line.millis { (took(to.saturating_sub(from))) } },
        html! { @if let Some(axis) = axis { (axis.track(line)) } },
    ]
}

/// A duration: `12 ms`, `1.2 s`.
fn took(millis: u64) -> String {
    if millis < 1000 { format!("{millis} ms") } else { seconds(Duration::from_millis(millis)) }
}

/// The time from the start of the run to the end of its last step, in milliseconds.
struct Axis {
    /// Never 0.
    length: u64,
    /// When this run began to publish.
    commit: Option<u64>,
}

impl Axis {
    fn of(steps: &[Line]) -> Option<Self> {
        let length = steps.iter().filter_map(|line| line.millis).map(|(_, to)| to).max()?.max(1);
        let publish = steps.iter().find(|line| line.verb == "publish");
        Some(Axis { length, commit: publish.and_then(|line| line.millis).map(|(from, _)| from) })
    }

    fn percent(&self, millis: u64) -> f64 {
        (millis as f64 / self.length as f64 * 100.0).min(100.0)
    }

    /// A step's bar, and the commit point.
    fn track(&self, line: &Line) -> Markup {
        let class = if line.phase == Phase::Reveal { "reveal" } else { "stage" };
        let left = |millis: u64| format!("left:{:.2}%", self.percent(millis));
        html! {
            .track {
                @if let Some(commit) = self.commit { i.commit style=(left(commit)) {} }
                @if let Some((from, to)) = line.millis {
                    @let width = self.percent(to.max(from)) - self.percent(from);
                    @let title = format!("from {} to {}", took(from), took(to));
                    span.bar.(class) style={ (left(from)) ";width:" (format!("{width:.2}%")) } title=(title) {}
                }
            }
        }
    }
}
