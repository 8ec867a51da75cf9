//! Waiting where a person sees it: what for, how long, until when. A long wait is said again now and then.
//!
//! It ends at once when the process is asked to stop, and it decides nothing: how long is the caller's.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::error::Failure;
use crate::net::stop;
use crate::report::Report;
use floe_core::clock::Clock;
use floe_core::units::seconds;

/// A shorter wait is not worth a line of its own.
const WORTH_A_LINE: Duration = Duration::from_secs(5);

/// Waits on a clock, and says so.
///
/// # Errors
/// The process was asked to stop meanwhile.
pub async fn wait(report: &Report, clock: &Clock, why: &str, time: Duration) -> anyhow::Result<()> {
    let began = clock.now();
    let end = DateTime::<Utc>::UNIX_EPOCH + began + time;
    if time < WORTH_A_LINE {
        report.detail("Retrying", line(why, time, end));
        return match stop::cut_short(clock, time).await {
            true => Err(stopped()),
            false => Ok(()),
        };
    }
    let countdown = report.countdown();
    let mut left = time;
    while !left.is_zero() {
        countdown.say(line(why, left, end));
        if stop::cut_short(clock, left.min(countdown.every())).await {
            return Err(stopped());
        }
        left = time.saturating_sub(clock.now().saturating_sub(began));
    }
    Ok(())
}

fn line(why: &str, left: Duration, end: DateTime<Utc>) -> String {
    format!("{why} in {}, at {} UTC", seconds(left), end.format("%H:%M:%S"))
}

fn stopped() -> anyhow::Error {
    Failure::new(format!("the wait was ended by {}", stop::asked().unwrap_or("a signal"))).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_says_what_for_how_long_and_until_when() {
        let end = DateTime::from_timestamp(1_790_000_042, 0).unwrap();
        assert_eq!(
            line("GitHub answered 429; try 2 of 5", Duration::from_secs(75), end),
            "GitHub answered 429; try 2 of 5 in 1 min 15 s, at 14:14:02 UTC"
        );
    }
}
