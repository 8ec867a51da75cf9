//! Rate limits on changes: a number per minute and per hour, and one after the other once GitHub answers
//! with a rate limit (GitHub's "Rate limits for the REST API" and "Best practices for using the REST API").
//!
//! It counts the changes of this run. GitHub's answers show when other clients have used up the limit.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use crate::net::retry::{AttemptError, Retry};
use crate::net::wait;

/// Changes and the seconds within which GitHub accepts no more of them.
const LIMITS: [(usize, u32); 2] = [(80, 60), (500, 3600)];

/// The right to make a change.
type Permit<'a> = MutexGuard<'a, VecDeque<Duration>>;

/// Keeps changes within GitHub's limits.
pub(super) struct RateLimiter {
    slow: AtomicBool,
    /// When the last changes were made, newest last, as many as the longest limit counts.
    made: Mutex<VecDeque<Duration>>,
    retry: Retry,
}

impl RateLimiter {
    pub fn new(retry: Retry) -> Self {
        RateLimiter { slow: AtomicBool::default(), made: Mutex::default(), retry }
    }

    /// Waits until one change may be made. While the permit lives, no other change is made, if one at a time may be.
    pub async fn acquire(&self) -> anyhow::Result<Option<Permit<'_>>> {
        // A second; shorter where a run waits less.
        let Retry { first_wait: second, clock, .. } = &self.retry;
        let mut made = self.made.lock().await;
        let slow = self.slow.load(Ordering::Relaxed);
        if let Some(last) = made.back().filter(|_| slow) {
            clock.wait((*last + *second).saturating_sub(clock.now())).await;
        }
        let full = due(&made, *second).saturating_sub(clock.now());
        if !full.is_zero() {
            let why = ": GitHub accepts 80 changes a minute and 500 an hour";
            wait::wait(&self.retry, ("Resuming", why), full).await?;
        }
        made.push_back(clock.now());
        if made.len() > LIMITS[LIMITS.len() - 1].0 {
            made.pop_front();
        }
        Ok(Some(made).filter(|_| slow))
    }

    /// Slows down once GitHub has answered with a rate limit.
    pub fn learn(&self, refused: &AttemptError) {
        if refused.retry.is_limit() {
            self.slow.store(true, Ordering::Relaxed);
        }
    }
}

/// When the next change may be made, after those that were.
fn due(made: &VecDeque<Duration>, second: Duration) -> Duration {
    let of_one = |(count, seconds): (usize, u32)| {
        let first = made.get(made.len().checked_sub(count)?)?;
        Some(*first + second * seconds)
    };
    LIMITS.into_iter().filter_map(of_one).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Report, Verbosity};
    use floe_core::clock::Clock;

    #[tokio::test]
    async fn no_minute_has_more_than_80_changes_and_no_hour_more_than_500() {
        let (second, clock) = (Duration::from_secs(1), Clock::skipping());
        let report = Report::new(Verbosity::Quiet);
        let limiter = RateLimiter::new(Retry::new(1, second, clock.clone(), report));
        let began = clock.now();
        let mut made = Vec::new();
        for _ in 0..1000 {
            drop(limiter.acquire().await.unwrap());
            made.push(clock.now() - began);
        }
        for (count, seconds) in LIMITS {
            let apart = made.iter().zip(&made[count..]).map(|(one, later)| *later - *one);
            assert!(apart.min().unwrap() >= second * seconds, "{count} in {seconds} s");
        }
        assert_eq!(made[79], Duration::ZERO);
        assert_eq!((made[80], made[499]), (60 * second, 360 * second));
        assert_eq!((made[500], made[999]), (3600 * second, 3960 * second));
    }
}
