//! The one retry function: bounded, exponential with jitter, honouring the server's own wait.
//!
//! An attempt that changes something must check first whether an earlier, ambiguous one succeeded.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::anyhow;
use backon::BackoffBuilder;
use chrono::{DateTime, TimeDelta};
use http::{HeaderMap, StatusCode};

use crate::error::{Failure, Refusal};
use crate::net::wait;
use crate::report::Report;
use floe_core::clock::Clock;
use floe_core::parallel::lock;
use floe_core::units::seconds;

/// The number of attempts at a request, and the waits between them.
#[derive(Clone)]
pub struct Retry {
    /// The number of attempts; at least one.
    pub tries: u32,
    /// The first wait; each further one is twice as long, with jitter.
    pub first_wait: Duration,
    /// How long a rate limit may delay one request, all waits together. A server that asks for more ends the run.
    pub patience: Duration,
    /// The clock that measures waits.
    pub clock: Clock,
    /// The report that shows waits.
    pub report: Report,
    /// The reasons of the waits that are shown now, so that requests that fail together share one line.
    shown: Arc<Mutex<BTreeSet<String>>>,
}

/// The default first wait.
pub const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait, unless a server asks for a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// GitHub's limits last an hour at most.
const PATIENCE: Duration = Duration::from_secs(3600);
/// Nothing is lost if a command that only reads is run again later.
const READING_PATIENCE: Duration = Duration::from_secs(75);
/// GitHub's advice for a secondary rate limit that names no time.
const LIMITED_WAIT: Duration = Duration::from_secs(60);

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

impl RetryPolicy {
    /// Whether it is a rate limit.
    pub fn is_limit(self) -> bool {
        matches!(self, RetryPolicy::Limited(_) | RetryPolicy::LimitedUntil(_))
    }
}

impl AttemptError {
    /// An error that another attempt cannot change.
    pub fn fatal(error: impl Into<anyhow::Error>) -> Self {
        AttemptError { error: error.into(), retry: RetryPolicy::Never }
    }

    /// An error that may be gone after a while, such as a connection that broke.
    pub fn later(error: impl Into<anyhow::Error>) -> Self {
        AttemptError { error: error.into(), retry: RetryPolicy::Later }
    }

    /// The same with another way out, which the caller knows better.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        let message = format!("{:#}", self.error);
        AttemptError { error: Failure::reworded(&self.error, message).hint(hint).into(), ..self }
    }

    /// Judges an answer that is not a success by its status and headers.
    pub fn answer(status: StatusCode, headers: &HeaderMap, body: &str, failure: Failure) -> Self {
        let limited = || wait_asked_for(headers).unwrap_or(RetryPolicy::Limited(None));
        let retry = match status.as_u16() {
            429 => limited(),
            403 if is_rate_limit(headers, body) => limited(),
            408 => RetryPolicy::Later,
            500.. => wait_asked_for(headers).unwrap_or(RetryPolicy::Later),
            _ => RetryPolicy::Never,
        };
        let failure = match (status.as_u16(), retry) {
            (401 | 403 | 404, RetryPolicy::Never) => failure.refused(Refusal::Denied),
            (403 | 429, _) => failure.refused(Refusal::Limited),
            _ => failure,
        };
        AttemptError { error: failure.into(), retry }
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
        Retry { tries, first_wait, patience: PATIENCE, clock, report, shown: Arc::default() }
    }

    /// The same for a command that only reads: it ends with the time of a limit's end instead of waiting for it.
    pub fn reading(self) -> Self {
        Retry { patience: READING_PATIENCE, ..self }
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
        let mut limited = Duration::ZERO;
        for number in 1.. {
            let AttemptError { error, retry } = match attempt(number).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            if retry == RetryPolicy::Never {
                return Err(error);
            }
            if number >= self.tries {
                let tried = || Failure::reworded(&error, format!("{error:#} ({number} tries)"));
                return Err(if number == 1 { error } else { tried().into() });
            }
            let own = waits.next().unwrap_or(LONGEST_WAIT);
            let wait = match retry {
                RetryPolicy::Limited(Some(asked)) => asked,
                RetryPolicy::Limited(None) => own.max(LIMITED_WAIT.min(self.first_wait * 60)),
                RetryPolicy::LimitedUntil(time) => time.saturating_sub(self.clock.now()),
                RetryPolicy::Later => own,
                RetryPolicy::Now | RetryPolicy::Never => Duration::ZERO,
            };
            if retry.is_limit() {
                limited = limited.saturating_add(wait);
                if limited > self.patience {
                    return Err(self.too_long(wait, error));
                }
            }
            if let Err(stopped) = self.wait(&error, number + 1, wait).await {
                return Err(error.context(stopped.to_string()));
            }
        }
        Err(anyhow!("was never tried"))
    }

    /// The error for a rate limit that lasts longer than is waited for.
    fn too_long(&self, wait: Duration, error: anyhow::Error) -> anyhow::Error {
        let end = TimeDelta::from_std(self.clock.now().saturating_add(wait)).ok();
        let end = end.and_then(|end| DateTime::UNIX_EPOCH.checked_add_signed(end));
        let end = end.map(|end| end.format(", until %H:%M:%S UTC").to_string()).unwrap_or_default();
        let failure = Failure::new(format!("the server asks to wait {}{end}", seconds(wait))).because(error);
        failure.refused(Refusal::Limited).hint("run the same command again after that").into()
    }

    /// Waits for the attempt `next`. Another request that waits for the same reason shows the line.
    async fn wait(&self, error: &anyhow::Error, next: u32, time: Duration) -> anyhow::Result<()> {
        let reason = format!("{error:#}");
        let line = format!(" ({next}/{}): {reason}", self.tries);
        match Shown::insert(&self.shown, reason) {
            Some(_shown) => wait::wait(self, ("Retrying", &line), time).await,
            None => wait::wait_silently(&self.clock, time).await,
        }
    }
}

/// A reason that is shown until this is dropped.
struct Shown<'a>(&'a Mutex<BTreeSet<String>>, String);

impl<'a> Shown<'a> {
    /// `None` if it is shown already.
    fn insert(all: &'a Mutex<BTreeSet<String>>, reason: String) -> Option<Self> {
        let is_new = lock(all).insert(reason.clone());
        is_new.then_some(Shown(all, reason))
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        lock(self.0).remove(&self.1);
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
        if let Ok(date) = httpdate::parse_http_date(after) {
            return date.duration_since(UNIX_EPOCH).ok().map(RetryPolicy::LimitedUntil);
        }
    }
    if text("x-ratelimit-remaining") == Some("0") {
        return text("x-ratelimit-reset").and_then(|reset| reset.parse().ok()).map(until);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Exit, refusal_of};
    use crate::report::Verbosity;

    fn judge(status: u16, headers: &[(&'static str, &str)], body: &str) -> RetryPolicy {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        AttemptError::answer(StatusCode::from_u16(status).unwrap(), &headers, body, Failure::new("x")).retry
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
        for date in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            let until = RetryPolicy::LimitedUntil(Duration::from_secs(784_111_777));
            assert_eq!(judge(429, &[("retry-after", date)], ""), until, "{date}");
        }
        for wrong in ["-5", "soon", ""] {
            assert_eq!(judge(429, &[("retry-after", wrong)], ""), RetryPolicy::Limited(None), "{wrong}");
            assert_eq!(judge(503, &[("retry-after", wrong)], ""), RetryPolicy::Later, "{wrong}");
        }
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
                Err(AttemptError::later(anyhow!("cut")))
            })
            .await;
        assert_eq!(format!("{:#}", result.unwrap_err()), "cut (3 tries)");
        assert_eq!(seen, [1, 2, 3]);
        let conflict =
            || Failure::new("two drafts").details(["41", "42"]).hint("delete one").exit(Exit::Conflicts);
        let result: anyhow::Result<()> = retry.run(async |_| Err(AttemptError::later(conflict()))).await;
        let last: Failure = result.unwrap_err().downcast().unwrap();
        assert_eq!((last.to_string(), last.exit), ("two drafts (3 tries)".to_owned(), Exit::Conflicts));
        assert_eq!((last.details, last.hint), (conflict().details, conflict().hint));
    }

    #[test]
    fn access_is_denied_by_401_403_and_404_without_a_rate_limit() {
        let refusal = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            let judged = AttemptError::answer(status, &HeaderMap::new(), body, Failure::new("x"));
            refusal_of(&judged.error.context("y"))
        };
        for status in [401, 403, 404] {
            assert_eq!(refusal(status, "denied"), Some(Refusal::Denied), "{status}");
        }
        for (status, body) in [(403, "API rate limit exceeded"), (429, "")] {
            assert_eq!(refusal(status, body), Some(Refusal::Limited), "{status}");
        }
        for status in [400, 408, 500, 502, 503] {
            assert_eq!(refusal(status, ""), None, "{status}");
        }
    }

    #[tokio::test]
    async fn a_command_that_reads_does_not_wait_for_a_long_limit() {
        let (clock, minutes) = (Clock::skipping(), |count: u64| Duration::from_secs(60 * count));
        let retry = Retry::new(5, Duration::from_secs(1), clock.clone(), Report::new(Verbosity::Quiet));
        let limit = |asked: Duration| {
            let until = clock.now() + asked;
            async move |number: u32| match number {
                1 => Err(AttemptError { error: anyhow!("no"), retry: RetryPolicy::LimitedUntil(until) }),
                _ => Ok(()),
            }
        };
        let error = retry.clone().reading().run(limit(minutes(24))).await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("the server asks to wait 24 min 00 s, until "), "{text}");
        assert_eq!(clock.waited(), Duration::ZERO);
        assert_eq!(refusal_of(&error), Some(Refusal::Limited));
        retry.clone().reading().run(limit(minutes(1))).await.unwrap();
        retry.run(limit(minutes(24))).await.unwrap();
        assert_eq!(clock.waited(), minutes(25));
    }

    #[tokio::test]
    async fn short_limits_add_up() {
        let clock = Clock::skipping();
        let retry = Retry::new(5, Duration::from_secs(1), clock.clone(), Report::new(Verbosity::Quiet));
        let attempt =
            async |_| Err::<(), _>(AttemptError { error: anyhow!("no"), retry: RetryPolicy::Limited(None) });
        assert!(retry.clone().reading().run(attempt).await.is_err());
        assert_eq!(clock.waited(), LIMITED_WAIT);
        let never = RetryPolicy::Limited(Some(Duration::MAX));
        let endless = async |_| Err::<(), _>(AttemptError { error: anyhow!("no"), retry: never });
        assert!(retry.run(endless).await.unwrap_err().to_string().starts_with("the server asks to wait "));
    }
}
