//! The time that waits take: the system's, or a simulated one in which they take none.
//!
//! Fault schedules and tests use a simulated clock, which records each wait and skips it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::parallel::lock;

/// A clock; clones show the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    own: Option<Arc<Mutex<Own>>>,
}

#[derive(Debug)]
struct Own {
    now: Duration,
    waited: Duration,
}

/// How often a skipped wait yields, so that other tasks still go first.
const TURNS: usize = 20;

impl Clock {
    /// The system's clock: waiting waits.
    pub fn system() -> Self {
        Clock::default()
    }

    /// A simulated clock that begins now and that only waits advance.
    pub fn skipping() -> Self {
        let own = Own { now: Clock::system().now(), waited: Duration::ZERO };
        Clock { own: Some(Arc::new(Mutex::new(own))) }
    }

    /// The time since 1970-01-01 in UTC.
    pub fn now(&self) -> Duration {
        match &self.own {
            Some(own) => lock(own).now,
            None => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    /// Waits.
    pub async fn wait(&self, time: Duration) {
        let Some(own) = &self.own else { return tokio::time::sleep(time).await };
        let until = {
            let mut own = lock(own);
            own.waited += time;
            own.now + time
        };
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        let mut own = lock(own);
        // Waits that begin together end together.
        own.now = own.now.max(until);
    }

    /// The sum of all skipped waits; zero on the system's clock.
    pub fn waited(&self) -> Duration {
        self.own.as_ref().map_or(Duration::ZERO, |own| lock(own).waited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_are_skipped_and_recorded() {
        let clock = Clock::skipping();
        let (began, hour) = (clock.now(), Duration::from_secs(3600));
        tokio::join!(clock.wait(hour), clock.wait(hour));
        assert_eq!(clock.now() - began, hour);
        assert_eq!(clock.waited(), 2 * hour);
    }
}
