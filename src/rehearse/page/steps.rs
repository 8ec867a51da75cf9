//! What was done and when: every step of the receipt with a bar on one axis of time.
//!
//! Only the receipt speaks here; a step without times has no bar.

use std::time::Duration;

use super::html::{Html, Row, Rows};
use floe_core::receipt::{Line, Receipt, Status};
use floe_core::units::{seconds, size};

/// At most so many marks stand on the axis, the one at its beginning not counted.
const MARKS: u64 = 5;

/// Writes the steps.
pub(super) fn show(html: &mut Html, receipt: &Receipt) {
    let axis = Axis::of(receipt);
    let about = axis.as_ref().map_or_else(|| nothing_done(receipt), |axis| axis.summary(receipt));
    html.leaf("p", &[("class", "about")], about);
    let heads: &[&str] = match axis {
        Some(_) => &["Step", "Size", "Status", "Took", "Time line"],
        None => &["Step", "Size", "Status"],
    };
    html.table(("stack steps", "Steps"), heads, |table| {
        for group in receipt.steps.chunk_by(|a, b| a.phase == b.phase) {
            table.body(|rows| {
                if group.first().is_none_or(|line| line.verb != "publish") {
                    let phase = group.first().map_or("", |line| line.phase.as_str());
                    rows.title("phase", |html| title(html, phase));
                }
                for line in group {
                    if line.verb == "publish" {
                        commit_point(rows, line);
                    }
                    rows.row(&[], |row| step(row, line, axis.as_ref()));
                }
            });
        }
        if let Some(axis) = &axis {
            table.body(|rows| rows.row(&[("class", "axis")], |row| axis.marks(row)));
        }
    });
}

fn nothing_done(receipt: &Receipt) -> String {
    match receipt.steps.iter().all(|line| line.status == Status::Was) {
        true => "Everything was there before this run; nothing was left to do.".to_owned(),
        false => "No step was begun.".to_owned(),
    }
}

fn title(html: &mut Html, phase: &str) {
    match phase {
        "stage" => html.text("Stage: nobody sees it"),
        "reveal" => html.text("Reveal"),
        other => html.text(other),
    }
}

fn commit_point(rows: &mut Rows, line: &Line) {
    rows.title("commit", |html| {
        html.leaf("strong", &[], "Commit point");
        html.text(match (line.status, line.millis) {
            (Status::Was, _) => ": the release was public before this run.".to_owned(),
            (_, None) => ": nothing is public before this.".to_owned(),
            (_, Some((from, _))) => format!(": nothing is public before this, {} into the run.", took(from)),
        });
    });
}

fn step(row: &mut Row, line: &Line, axis: Option<&Axis>) {
    row.cell(|html| {
        html.leaf("span", &[("class", "verb")], &line.verb);
        html.text(" ");
        html.leaf("span", &[("class", "path")], &line.object);
    });
    row.text(line.bytes.map(size).unwrap_or_default());
    row.cell(|html| {
        let (class, text) = status(line.status);
        html.leaf("span", &[("class", class)], text);
    });
    let Some(axis) = axis else { return };
    row.text(line.millis.map(|(from, to)| took(to.saturating_sub(from))).unwrap_or_default());
    row.cell(|html| axis.track(html, line));
}

fn status(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Done => ("status done", "done"),
        Status::Was => ("status was", "was there"),
        Status::Todo => ("status todo", "to do"),
        Status::Failed => ("status failed", "failed"),
    }
}

/// A time of a run for people: `12 ms`, `1.2 s`.
fn took(millis: u64) -> String {
    if millis < 1000 { format!("{millis} ms") } else { seconds(Duration::from_millis(millis)) }
}

/// The run's time from its start to the end of its last step.
struct Axis {
    /// In milliseconds, never 0.
    length: u64,
    /// From one mark to the next, in milliseconds.
    pace: u64,
    /// When publishing began, if this run did it.
    commit: Option<u64>,
}

impl Axis {
    /// None if no step of the run has a time.
    fn of(receipt: &Receipt) -> Option<Self> {
        let length = receipt.steps.iter().filter_map(|line| line.millis).map(|(_, to)| to).max()?.max(1);
        let publish = receipt.steps.iter().find(|line| line.verb == "publish");
        let commit = publish.and_then(|line| line.millis).map(|(from, _)| from);
        Some(Axis { length, pace: pace(length), commit })
    }

    fn summary(&self, receipt: &Receipt) -> String {
        let done = receipt.steps.iter().filter(|line| line.status == Status::Done).count();
        let (all, took) = (receipt.steps.len(), took(self.length));
        format!("{done} of {all} steps done in this run, in {took} and {} requests.", receipt.requests)
    }

    fn percent(&self, millis: u64) -> f64 {
        (millis as f64 / self.length as f64 * 100.0).min(100.0)
    }

    fn track(&self, html: &mut Html, line: &Line) {
        html.element("div", &[("class", "track")], |html| {
            self.grid(html);
            let Some((from, to)) = line.millis else { return };
            let (left, right) = (self.percent(from), self.percent(to.max(from)));
            let place = format!("left:{left:.2}%;width:{:.2}%", right - left);
            let class = match (line.status, line.phase.as_str()) {
                (Status::Failed, _) => "bar failed",
                (_, "reveal") => "bar reveal",
                _ => "bar",
            };
            let title = format!("from {} to {}", took(from), took(to));
            html.leaf("span", &[("class", class), ("style", &place), ("title", &title)], "");
        });
    }

    fn grid(&self, html: &mut Html) {
        for mark in self.moments() {
            html.leaf("i", &[("style", &format!("left:{:.2}%", self.percent(mark)))], "");
        }
        if let Some(commit) = self.commit {
            let place = format!("left:{:.2}%", self.percent(commit));
            html.leaf("i", &[("class", "commit"), ("style", &place)], "");
        }
    }

    /// The row below all bars that says what the lines mean.
    fn marks(&self, row: &mut Row) {
        row.text("Time since the run began");
        for _ in 0..3 {
            row.text("");
        }
        row.cell(|html| {
            html.element("div", &[("class", "track marks")], |html| {
                for mark in self.moments() {
                    let place = format!("left:{:.2}%", self.percent(mark));
                    html.leaf("span", &[("style", &place)], took(mark));
                }
            });
        });
    }

    fn moments(&self) -> impl Iterator<Item = u64> {
        (0..=self.length / self.pace).map(|mark| mark * self.pace)
    }
}

/// The shortest round time, in milliseconds, that a length is at most [`MARKS`] times of.
fn pace(length: u64) -> u64 {
    let mut ten = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let pace = ten.saturating_mul(factor);
            if length / pace <= MARKS {
                return pace;
            }
        }
        ten = ten.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_has_a_few_round_marks_however_long_the_run_is() {
        for (length, expected) in [(1, 1), (7, 2), (480, 100), (1_900, 500), (61_000, 20_000)] {
            assert_eq!(pace(length), expected, "{length}");
        }
        let longest = pace(u64::MAX);
        assert!(longest > 0 && u64::MAX / longest <= MARKS, "{longest}");
    }
}
