//! The one retry function: bounded, exponential with jitter, honouring the server's own wait.
//!
//! An attempt that changes something must check first whether an earlier, ambiguous one succeeded.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
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

/// The number of attempts at a request, and the waits between them.
#[derive(Clone)]
pub struct Retry {
    /// The number of attempts; at least one.
    pub tries: u32,
    /// The first wait; each further one is twice as long, with jitter.
    pub first_wait: Duration,
    /// The clock that measures waits.
    pub clock: Clock,
    /// The report that shows waits.
    pub report: Report,
    /// The reasons of the waits on display, so that requests that fail for the same reason show it once.
    shown: Arc<Mutex<BTreeSet<String>>>,
}

/// The default first wait.
pub const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait, unless a server asks for a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// The run ends if a server asks for a longer wait.
const PATIENCE: Duration = Duration::from_secs(3600);
/// GitHub's advice for a secondary rate limit that names no time.
const LIMITED_WAIT: Duration = Duration::from_secs(60);

/// The timeout of a request with a body of this size: a minute, plus the transfer at 64 KiB a second.
pub fn patience(bytes: u64) -> Duration {
    Duration::from_secs(60 + bytes / (64 * 1024))
}

/// An attempt that did not succeed.
#[derive(Debug)]
pub struct AttemptError {
    /// The reason.
    pub error: anyhow::Error,
    /// Whether another attempt may succeed.
    pub retry: RetryPolicy,
}

/// Whether and when another attempt may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryPolicy {
    /// The answer is final.
    Never,
    /// At once: the attempt itself has removed the obstacle.
    Now,
    /// After a while: a connection broke, or the server has an error.
    Later,
    /// After a rate limit, with the server's own wait if it named one.
    Limited(Option<Duration>),
    /// After a rate limit that ends at this time, since 1970-01-01 in UTC.
    LimitedUntil(Duration),
}

impl AttemptError {
    /// An error that another attempt cannot change.
    pub fn fatal(error: anyhow::Error) -> Self {
        AttemptError { error, retry: RetryPolicy::Never }
    }

    /// The connection broke or could not be opened.
    pub fn connection(error: impl Into<anyhow::Error>) -> Self {
        AttemptError { error: error.into(), retry: RetryPolicy::Later }
    }

    /// The connection to a server broke or could not be opened. The innermost cause has the reason.
    pub fn unreachable(server: &Url, error: &(dyn std::error::Error + 'static)) -> Self {
        if let Some(wrong) = WrongBytes::among_causes(error) {
            return AttemptError::fatal(Failure::from(wrong.clone()).into());
        }
        let mut error = error;
        while let Some(source) = error.source() {
            error = source;
        }
        let host = server.host_str().unwrap_or_default();
        let failure = Failure::new(format!("the connection to `{host}` failed: {error}")).hint(format!(
            "check that this machine reaches it: `curl -sSI {server}`; then run the same command again"
        ));
        AttemptError::connection(failure)
    }

    /// Judges an answer that is not a success by its status and headers.
    pub fn answer(status: StatusCode, headers: &HeaderMap, body: &str, error: anyhow::Error) -> Self {
        let limited = || wait_asked_for(headers).unwrap_or(RetryPolicy::Limited(None));
        let retry = match status.as_u16() {
            429 => limited(),
            403 if is_rate_limit(headers, body) => limited(),
            408 => RetryPolicy::Later,
            500.. => wait_asked_for(headers).unwrap_or(RetryPolicy::Later),
            _ => RetryPolicy::Never,
        };
        AttemptError { error, retry }
    }
}

impl From<anyhow::Error> for AttemptError {
    fn from(error: anyhow::Error) -> Self {
        AttemptError::fatal(error)
    }
}

impl Retry {
    /// `tries` attempts, with waits that begin with `first_wait`.
    pub fn new(tries: u32, first_wait: Duration, clock: Clock, report: Report) -> Self {
        Retry { tries, first_wait, clock, report, shown: Arc::default() }
    }

    /// Tries until an attempt succeeds, fails for good, or is the last one. Attempts are counted from 1, so that a
    /// repeated change can check the state first.
    pub async fn run<T>(
        &self,
        mut attempt: impl AsyncFnMut(u32) -> Result<T, AttemptError>,
    ) -> anyhow::Result<T> {
        let mut waits = backon::ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(LONGEST_WAIT)
            .with_jitter()
            .with_max_times(usize::MAX)
            .build();
        for number in 1.. {
            let AttemptError { error, retry } = match attempt(number).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            if retry == RetryPolicy::Never {
                return Err(error);
            }
            if number >= self.tries {
                return Err(if number == 1 { error } else { tried(error, number) });
            }
            let own = waits.next().unwrap_or(LONGEST_WAIT);
            let retry = match retry {
                RetryPolicy::LimitedUntil(time) => {
                    RetryPolicy::Limited(Some(time.saturating_sub(self.clock.now())))
                }
                retry => retry,
            };
            let wait = match retry {
                RetryPolicy::Limited(Some(asked)) if asked > PATIENCE => {
                    return Err(error.context(format!("the server asks to wait {}", seconds(asked))));
                }
                RetryPolicy::Limited(Some(asked)) => asked,
                RetryPolicy::Limited(None) | RetryPolicy::LimitedUntil(_) => {
                    own.max(LIMITED_WAIT.min(self.first_wait * 60))
                }
                RetryPolicy::Now | RetryPolicy::Never => Duration::ZERO,
                RetryPolicy::Later => own,
            };
            if let Err(stopped) = self.wait(&error, number + 1, wait).await {
                return Err(error.context(stopped.to_string()));
            }
        }
        Err(anyhow!("was never tried"))
    }

    /// Waits for the attempt `next`. The line is left to another request that waits for the same reason.
    async fn wait(&self, error: &anyhow::Error, next: u32, time: Duration) -> anyhow::Result<()> {
        let reason = format!("{error:#}");
        let line = format!(" ({next}/{}): {reason}", self.tries);
        match Shown::insert(&self.shown, reason) {
            Some(_shown) => wait::wait(&self.report, &self.clock, ("Retrying", &line), time).await,
            None => wait::wait_silently(&self.clock, time).await,
        }
    }
}

/// A reason that is shown until this is dropped.
struct Shown<'a>(&'a Mutex<BTreeSet<String>>, String);

impl<'a> Shown<'a> {
    /// `None` if it is shown already.
    fn insert(all: &'a Mutex<BTreeSet<String>>, reason: String) -> Option<Self> {
        let is_new = all.lock().unwrap_or_else(PoisonError::into_inner).insert(reason.clone());
        is_new.then_some(Shown(all, reason))
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// The last error, with the number of tries after it; its hint is kept.
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

/// The wait that `Retry-After` (RFC 9110, section 10.2.3) or GitHub's reset header asks for.
fn wait_asked_for(headers: &HeaderMap) -> Option<RetryPolicy> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let until = |epoch: u64| RetryPolicy::LimitedUntil(Duration::from_secs(epoch));
    if let Some(after) = text("retry-after") {
        if let Ok(seconds) = after.parse() {
            return Some(RetryPolicy::Limited(Some(Duration::from_secs(seconds))));
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

    fn judge(status: u16, headers: &[(&'static str, &str)], body: &str) -> RetryPolicy {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        AttemptError::answer(StatusCode::from_u16(status).unwrap(), &headers, body, anyhow!("x")).retry
    }

    #[test]
    fn a_final_answer_differs_from_one_that_may_pass() {
        assert_eq!(judge(404, &[], ""), RetryPolicy::Never);
        assert_eq!(judge(403, &[], "Resource not accessible by integration"), RetryPolicy::Never);
        assert_eq!(judge(403, &[], "You have exceeded a secondary rate limit"), RetryPolicy::Limited(None));
        assert_eq!(
            judge(403, &[("retry-after", "7")], ""),
            RetryPolicy::Limited(Some(Duration::from_secs(7)))
        );
        assert_eq!(judge(429, &[], ""), RetryPolicy::Limited(None));
        assert_eq!(judge(502, &[], ""), RetryPolicy::Later);
        assert_eq!(
            judge(503, &[("retry-after", "3")], ""),
            RetryPolicy::Limited(Some(Duration::from_secs(3)))
        );
        assert_eq!(judge(408, &[], ""), RetryPolicy::Later);
        let past = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")];
        assert_eq!(judge(403, &past, ""), RetryPolicy::LimitedUntil(Duration::from_secs(1)));
    }

    #[test]
    fn a_reason_is_shown_once_at_a_time() {
        let all = Mutex::default();
        let shown = Shown::insert(&all, "cut".to_owned());
        assert!(shown.is_some());
        assert!(Shown::insert(&all, "cut".to_owned()).is_none());
        assert!(Shown::insert(&all, "503".to_owned()).is_some());
        drop(shown);
        assert!(Shown::insert(&all, "cut".to_owned()).is_some());
    }

    #[tokio::test]
    async fn it_stops_after_the_last_try_and_keeps_the_real_error() {
        let report = Report::new(Verbosity::Quiet);
        let retry = Retry::new(3, Duration::ZERO, Clock::system(), report);
        let mut seen = Vec::new();
        let result: anyhow::Result<()> = retry
            .run(async |number| {
                seen.push(number);
                Err(AttemptError::connection(anyhow!("cut")))
            })
            .await;
        assert_eq!(format!("{:#}", result.unwrap_err()), "cut (3 tries)");
        assert_eq!(seen, [1, 2, 3]);
    }
}
