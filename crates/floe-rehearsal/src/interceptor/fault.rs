//! Faults: which request goes wrong, and how.
//!
//! A fault is data that a test injects; it never changes what the servers do for other requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::RequestHead;

/// What is called when a request meets a fault that asks for it.
pub type Callback = Arc<dyn Fn(&RequestHead) + Send + Sync>;

/// Something that goes wrong with a request.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which request it waits for.
    pub when: When,
    /// What it does to it.
    pub what: What,
}

/// Which request a fault waits for.
#[derive(Debug, Clone)]
pub enum When {
    /// The n-th request of this server since the interceptor was made, counted from 1.
    Nth(u64),
    /// Requests that look like this.
    Route {
        /// The method in capitals, or any.
        method: Option<String>,
        /// A part of path and query as [`RequestHead::path`] shows them; with a `$` behind it, their end.
        path_contains: String,
        /// How many such requests are let through first.
        skip: usize,
        /// How many are struck after those.
        times: usize,
    },
    /// Every request before this time on the interceptor's clock, since 1970-01-01 in UTC.
    Until(Duration),
}

/// What a fault does to a request.
#[derive(Clone)]
pub enum What {
    /// Drops the connection before the body is read and before anything is done.
    Refuse,
    /// Reads the request and answers this, without doing anything; JSON unless a header says otherwise.
    Answer {
        /// The status.
        status: u16,
        /// Headers, name and value.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Does what was asked, but answers this.
    DoThenAnswer {
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
    /// Handles the request as one whose body broke off, then drops the connection. A shorter body is handled
    /// whole, so that only its answer is lost.
    CutRequest {
        /// After so many bytes of the request's body.
        after: u64,
    },
    /// Does what was asked, but drops the connection while it answers. A shorter answer arrives whole.
    CutAnswer {
        /// After so many bytes of the answer's body; the head is always sent.
        after: u64,
    },
    /// Handles the request only after this time on the interceptor's clock.
    Late(Duration),
    /// Handles the request as usual, but reads its body in small pieces, and lets others go first after each.
    Slow,
    /// Refuses this request, and all others until so much time is over on the interceptor's clock, without doing anything.
    Limit(Limit),
    /// Calls back, then handles the request as usual: for what happens elsewhere just before it.
    First(Callback),
    /// Calls back, then drops the connection without doing anything.
    Kill(Callback),
    /// Does what was asked, calls back, then drops the connection without an answer.
    DoThenKill(Callback),
}

/// How a server says that it was asked too often, for how long that holds, and whether it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// 403 with GitHub's words for a secondary limit, and a `Retry-After` if it is `told`.
    Secondary {
        /// For how long.
        lasts: Duration,
        /// Whether the answer says so.
        told: bool,
    },
    /// 403 with GitHub's words and headers for an hour's requests that are used up.
    Primary {
        /// For how long.
        lasts: Duration,
    },
    /// 429 without anything else.
    TooMany {
        /// For how long.
        lasts: Duration,
    },
}

impl Limit {
    /// For how long it holds.
    pub fn lasts(&self) -> Duration {
        match self {
            Limit::Secondary { lasts, .. } | Limit::Primary { lasts } | Limit::TooMany { lasts } => *lasts,
        }
    }

    /// The answer to a request that comes at `now` when the limit holds until `until`.
    pub(super) fn answer(&self, now: Duration, until: Duration) -> What {
        let left = (until.saturating_sub(now).as_secs() + 1).to_string();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (status, headers, message) = match self {
            Limit::Secondary { told, .. } => {
                let headers = if *told { vec![header("retry-after", &left)] } else { Vec::new() };
                (
                    403,
                    headers,
                    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
                )
            }
            Limit::Primary { .. } => {
                let reset = (until.as_secs() + 1).to_string();
                let headers = vec![header("x-ratelimit-remaining", "0"), header("x-ratelimit-reset", &reset)];
                (403, headers, "API rate limit exceeded for this account.")
            }
            Limit::TooMany { .. } => (429, Vec::new(), "Too many requests"),
        };
        What::Answer { status, headers, body: serde_json::json!({ "message": message }).to_string() }
    }
}

impl Fault {
    /// A fault for the n-th request of the server, counted from 1.
    pub fn nth(n: u64, what: What) -> Self {
        Fault { when: When::Nth(n), what }
    }

    /// A fault for the next request with this method and this part of a path, or this end with a `$` behind it.
    pub fn next(method: &str, path_contains: &str, what: What) -> Self {
        Fault::route(method, path_contains, 0, 1, what)
    }

    /// A fault for `times` requests with this method and this part or end of a path, after `skip` of them.
    pub fn route(method: &str, path_contains: &str, skip: usize, times: usize, what: What) -> Self {
        let (method, path_contains) = (Some(method.to_owned()), path_contains.to_owned());
        Fault { when: When::Route { method, path_contains, skip, times }, what }
    }
}

impl What {
    /// Answers a status with a JSON message as GitHub words it, without doing anything.
    pub fn answer(status: u16, message: &str) -> Self {
        let body = serde_json::json!({ "message": message }).to_string();
        What::Answer { status, headers: Vec::new(), body }
    }
}

impl fmt::Debug for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Refuse => f.write_str("Refuse"),
            What::Answer { status, .. } => write!(f, "Answer({status})"),
            What::DoThenAnswer { status, .. } => write!(f, "DoThenAnswer({status})"),
            What::CutRequest { after } => write!(f, "CutRequest({after})"),
            What::CutAnswer { after } => write!(f, "CutAnswer({after})"),
            What::Late(wait) => write!(f, "Late({wait:?})"),
            What::Slow => f.write_str("Slow"),
            What::Limit(limit) => write!(f, "Limit({limit:?})"),
            What::First(_) => f.write_str("First"),
            What::Kill(_) => f.write_str("Kill"),
            What::DoThenKill(_) => f.write_str("DoThenKill"),
        }
    }
}

/// A fault that waits, with what is left of it.
pub(super) struct Armed {
    fault: Fault,
}

impl Armed {
    pub(super) fn new(fault: Fault) -> Self {
        Armed { fault }
    }

    /// Whether it can never strike again.
    pub(super) fn is_spent(&self, now: Duration) -> bool {
        match &self.fault.when {
            When::Nth(_) => false,
            When::Route { times, .. } => *times == 0,
            When::Until(time) => now >= *time,
        }
    }

    /// What this fault does to the request, if it is the one it waits for. Counts it as met.
    pub(super) fn strikes(&mut self, head: &RequestHead, now: Duration) -> Option<What> {
        match &mut self.fault.when {
            When::Until(time) => (now < *time).then(|| self.fault.what.clone()),
            When::Nth(n) => (*n == head.n).then(|| self.fault.what.clone()),
            When::Route { method, path_contains, skip, times } => {
                let same_method = method.as_ref().is_none_or(|method| *method == head.method);
                let same_path = match path_contains.strip_suffix('$') {
                    Some(end) => head.path.ends_with(end),
                    None => head.path.contains(path_contains.as_str()),
                };
                if !same_method || !same_path {
                    return None;
                }
                if *skip > 0 {
                    *skip -= 1;
                    return None;
                }
                *times = times.checked_sub(1)?;
                Some(self.fault.what.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_skips_strikes_and_is_spent() {
        let mut armed = Armed::new(Fault::route("POST", "/assets", 1, 2, What::Refuse));
        let head = |method: &str, path: &str| RequestHead { n: 1, method: method.into(), path: path.into() };
        let mut struck = |method, path| armed.strikes(&head(method, path), Duration::ZERO).is_some();
        assert!(!struck("GET", "/r/1/assets"));
        assert!(!struck("POST", "/r/1"));
        assert!(!struck("POST", "/r/1/assets"));
        assert!(struck("POST", "/r/1/assets"));
        assert!(struck("POST", "/r/1/assets?name=x"));
        assert!(!struck("POST", "/r/1/assets"));
    }
}
