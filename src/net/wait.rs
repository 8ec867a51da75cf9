//! Waits that are shown: how long, until when and why.
//!
//! A wait ends at once when the process is asked to stop.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::error::Failure;
use crate::net::retry::Retry;
use crate::net::stop;
use floe_core::clock::Clock;
use floe_core::units::seconds;

/// A shorter wait is shown with `-v` only.
const WORTH_A_LINE: Duration = Duration::from_secs(5);
/// A shorter wait is shown without the time of its end.
const WORTH_A_TIME: Duration = Duration::from_secs(60);

/// Waits and shows it: a verb for the end of the wait, and what follows its length.
pub async fn wait(
    Retry { report, clock, .. }: &Retry,
    (verb, why): (&'static str, &str),
    time: Duration,
) -> anyhow::Result<()> {
    let line = line(why, time, DateTime::UNIX_EPOCH + clock.now() + time);
    if time < WORTH_A_LINE {
        report.detail(verb, line)
    } else {
        report.step(verb, line)
    }
    wait_silently(clock, time).await
}

/// Waits on a clock.
pub async fn wait_silently(clock: &Clock, time: Duration) -> anyhow::Result<()> {
    tokio::select! {
        biased;
        () = stop::until_asked() => {
            let by = stop::asked().unwrap_or("a signal");
            Err(Failure::new(format!("the wait was ended by {by}")).into())
        }
        () = clock.wait(time) => Ok(()),
    }
}

fn line(why: &str, time: Duration, end: DateTime<Utc>) -> String {
    let end = if time < WORTH_A_TIME { String::new() } else { end.format(", at %H:%M:%S UTC").to_string() };
    format!("in {}{end}{why}", seconds(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_shows_its_length_its_end_and_its_reason() {
        let end = DateTime::from_timestamp(1_790_000_042, 0).unwrap();
        let why = " (2/5): GitHub answered 429";
        for (left, shown) in [(75_000, "in 1 min 15 s, at 14:14:02 UTC"), (5300, "in 5.3 s")] {
            assert_eq!(line(why, Duration::from_millis(left), end), format!("{shown}{why}"));
        }
    }
}
