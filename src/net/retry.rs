//! The one retry function: bounded, exponential with jitter, honouring what the server says about waiting.
//!
//! It repeats only what is safe to repeat: an attempt that changes something looks first whether an earlier,
//! ambiguous one has done it already.

use std::time::Duration;

use anyhow::anyhow;
use backon::BackoffBuilder;
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::error::{Failure, hint_of};
use crate::net::body::WrongBytes;
use crate::net::wait;
use crate::report::Report;
use floe_core::clock::Clock;
use floe_core::units::seconds;

/// How often and how long something is tried.
#[derive(Clone)]
pub struct Retry {
    /// How many attempts there are at the most; at least one.
    pub tries: u32,
    /// The first wait; each further one is twice as long, with jitter.
    pub first_wait: Duration,
    /// What is waited by.
    pub clock: Clock,
    /// Where waits are said.
    pub report: Report,
}

/// The first wait of a run that was not told another.
pub const FIRST_WAIT: Duration = Duration::from_secs(1);
/// No wait of our own choosing is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// A server that asks for a longer wait is not waited for.
const PATIENCE: Duration = Duration::from_secs(3600);
/// GitHub's advice for a secondary rate limit that names no time.
const LIMITED_WAIT: Duration = Duration::from_secs(60);

/// How long an answer to a request with so many bytes is waited for: a minute, and what the bytes take on a line of
/// 64 KiB a second.
pub fn patience(bytes: u64) -> Duration {
    Duration::from_secs(60 + bytes / (64 * 1024))
}

/// An attempt that did not succeed.
#[derive(Debug)]
pub struct Refused {
    /// What happened.
    pub error: anyhow::Error,
    /// Whether it makes sense to try again.
    pub again: Again,
}

/// Whether it makes sense to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The server said no; asking again changes nothing.
    No,
    /// At once: the attempt itself has put right what was in the way.
    Now,
    /// After a while: a connection broke, or the server is in trouble.
    Later,
    /// The server asks to slow down, and says until when if it says anything.
    Limited(Option<Duration>),
    /// The server asks to slow down until this time, since 1970-01-01 in UTC.
    LimitedUntil(Duration),
}

impl Refused {
    /// The server said no.
    pub fn no(error: anyhow::Error) -> Self {
        Refused { error, again: Again::No }
    }

    /// The connection broke, or it never came to be.
    pub fn connection(error: impl Into<anyhow::Error>) -> Self {
        Refused { error: error.into(), again: Again::Later }
    }

    /// The connection to a server broke, or it never came to be. The last cause is the one that says what happened.
    pub fn unreachable(server: &Url, error: &(dyn std::error::Error + 'static)) -> Self {
        if let Some(wrong) = WrongBytes::among_causes(error) {
            return Refused::no(Failure::from(wrong.clone()).into());
        }
        let mut error = error;
        while let Some(source) = error.source() {
            error = source;
        }
        let host = server.host_str().unwrap_or_default();
        let failure = Failure::new(format!("the connection to `{host}` failed: {error}")).hint(format!(
            "check that this machine reaches it: `curl -sSI {server}`; then run the same command again"
        ));
        Refused::connection(failure)
    }

    /// Judges an answer that is not a success by its status and headers.
    pub fn answer(status: StatusCode, headers: &HeaderMap, body: &str, error: anyhow::Error) -> Self {
        let again = match status.as_u16() {
            429 => wait_asked_for(headers).unwrap_or(Again::Limited(None)),
            403 if is_rate_limit(headers, body) => wait_asked_for(headers).unwrap_or(Again::Limited(None)),
            408 => Again::Later,
            500.. => wait_asked_for(headers).unwrap_or(Again::Later),
            _ => Again::No,
        };
        Refused { error, again }
    }
}

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Self {
        Refused::no(error)
    }
}

impl Retry {
    /// Tries until it succeeds, is refused for good, or has been tried often enough. The attempt is told which one
    /// it is, counted from 1, so that a repeated change can look first.
    ///
    /// # Errors
    /// The last real error; if there was more than one attempt it says how many.
    pub async fn run<T>(
        &self,
        what: &str,
        mut attempt: impl AsyncFnMut(u32) -> Result<T, Refused>,
    ) -> anyhow::Result<T> {
        let mut waits = backon::ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(LONGEST_WAIT)
            .with_jitter()
            .with_max_times(usize::MAX)
            .build();
        for number in 1.. {
            let Refused { error, again } = match attempt(number).await {
                Ok(value) => return Ok(value),
                Err(refused) => refused,
            };
            if again == Again::No {
                return Err(error);
            }
            if number >= self.tries {
                return Err(if number == 1 { error } else { tried(error, number) });
            }
            let own = waits.next().unwrap_or(LONGEST_WAIT);
            let again = match again {
                Again::LimitedUntil(time) => Again::Limited(Some(time.saturating_sub(self.clock.now()))),
                again => again,
            };
            let wait = match again {
                Again::Limited(Some(asked)) if asked > PATIENCE => {
                    return Err(error.context(format!("the server asks to wait {}", seconds(asked))));
                }
                Again::Limited(Some(asked)) => asked,
                Again::Limited(None) | Again::LimitedUntil(_) => {
                    own.max(LIMITED_WAIT.min(self.first_wait * 60))
                }
                Again::Now | Again::No => Duration::ZERO,
                Again::Later => own,
            };
            let why = format!("{what}: {error:#}; try {} of {}", number + 1, self.tries);
            if let Err(stopped) = wait::wait(&self.report, &self.clock, &why, wait).await {
                return Err(error.context(stopped.to_string()));
            }
        }
        Err(anyhow!("was never tried"))
    }
}

/// The last real error, with the number of tries behind it; the way out it names is kept.
fn tried(error: anyhow::Error, number: u32) -> anyhow::Error {
    let failure = Failure::new(format!("{error:#} ({number} tries)"));
    match hint_of(&error) {
        Some(hint) => failure.hint(hint).into(),
        None => failure.into(),
    }
}

fn is_rate_limit(headers: &HeaderMap, body: &str) -> bool {
    let nothing_left = headers.get("x-ratelimit-remaining").is_some_and(|left| left.as_bytes() == b"0");
    nothing_left
        || headers.contains_key(http::header::RETRY_AFTER)
        || body.to_ascii_lowercase().contains("rate limit")
}

/// What `Retry-After` (RFC 9110, section 10.2.3) or GitHub's reset header ask for.
fn wait_asked_for(headers: &HeaderMap) -> Option<Again> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let until = |epoch: u64| Again::LimitedUntil(Duration::from_secs(epoch));
    if let Some(after) = text("retry-after") {
        if let Ok(seconds) = after.parse() {
            return Some(Again::Limited(Some(Duration::from_secs(seconds))));
        }
        let date = chrono::DateTime::parse_from_rfc2822(after).ok()?;
        return Some(until(u64::try_from(date.timestamp()).ok()?));
    }
    if text("x-ratelimit-remaining") == Some("0") {
        return text("x-ratelimit-reset").and_then(|reset| reset.parse().ok()).map(until);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verbosity;

    fn judge(status: u16, headers: &[(&'static str, &str)], body: &str) -> Again {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        Refused::answer(StatusCode::from_u16(status).unwrap(), &headers, body, anyhow!("x")).again
    }

    #[test]
    fn a_no_is_told_from_a_not_now() {
        assert_eq!(judge(404, &[], ""), Again::No);
        assert_eq!(judge(403, &[], "Resource not accessible by integration"), Again::No);
        assert_eq!(judge(403, &[], "You have exceeded a secondary rate limit"), Again::Limited(None));
        assert_eq!(judge(403, &[("retry-after", "7")], ""), Again::Limited(Some(Duration::from_secs(7))));
        assert_eq!(judge(429, &[], ""), Again::Limited(None));
        assert_eq!(judge(502, &[], ""), Again::Later);
        assert_eq!(judge(503, &[("retry-after", "3")], ""), Again::Limited(Some(Duration::from_secs(3))));
        assert_eq!(judge(408, &[], ""), Again::Later);
        let past = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")];
        assert_eq!(judge(403, &past, ""), Again::LimitedUntil(Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn it_stops_after_the_last_try_and_keeps_the_real_error() {
        let report = Report::new(Verbosity::Quiet);
        let retry = Retry { tries: 3, first_wait: Duration::ZERO, clock: Clock::system(), report };
        let mut seen = Vec::new();
        let result: anyhow::Result<()> = retry
            .run("asking", async |number| {
                seen.push(number);
                Err(Refused::connection(anyhow!("cut")))
            })
            .await;
        assert_eq!(format!("{:#}", result.unwrap_err()), "cut (3 tries)");
        assert_eq!(seen, [1, 2, 3]);
    }
}
