//! The faults that an interceptor can inject: which request is affected, and how.

use std::sync::Arc;
use std::time::Duration;

use super::LoggedRequest;

pub type Callback = Arc<dyn Fn(&LoggedRequest) + Send + Sync>;

/// A fault of a request.
#[derive(Clone)]
pub struct Fault {
    pub(super) when: When,
    pub(super) what: What,
}

/// The requests that a fault affects.
#[derive(Clone)]
pub(super) enum When {
    /// The n-th request at this server, from 1.
    Nth(u64),
    /// Requests that match.
    Route {
        /// In capitals.
        method: String,
        /// A part of [`LoggedRequest::path`]; with a final `$`, its end.
        path_contains: String,
        /// The number of matching requests that pass first.
        skip: usize,
        /// The number of matching requests that are affected after those.
        times: usize,
    },
    /// Every request before this time of the interceptor's clock, since 1970-01-01 in UTC.
    Until(Duration),
}

/// The effect of a fault.
#[derive(Clone)]
pub enum What {
    /// Drops the connection before the body is read. Nothing is done.
    Refuse,
    /// Reads the request and sends this response, with JSON unless a header says otherwise. Nothing is done.
    Answer { status: u16, headers: Vec<(String, String)>, body: String },
    /// Handles the request, but sends this response.
    DoThenAnswer { status: u16, body: String },
    /// Handles the request as one whose body breaks off after so many bytes, then drops the connection. Of a shorter
    /// body only the response is lost.
    CutRequest { after: u64 },
    /// Handles the request, but drops the connection after the head and so many bytes of the response body. A shorter
    /// response arrives whole.
    CutAnswer { after: u64 },
    /// Handles the request after a delay on the interceptor's clock.
    Late(Duration),
    /// Handles the request, but reads its body in small pieces and lets other tasks run between them.
    Slow,
    /// Refuses this and all other requests for a time on the interceptor's clock.
    Limit(Limit, Duration),
    /// Calls back, then handles the request: for changes just before it.
    First(Callback),
    /// Calls back, then drops the connection. Nothing is done.
    Kill(Callback),
    /// Handles the request, calls back, then drops the connection without a response.
    DoThenKill(Callback),
}

/// A rate limit and how the server reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// 403 with GitHub's message of a secondary limit.
    Secondary,
    /// The same with `Retry-After`.
    SecondaryRetryAfter,
    /// 403 with GitHub's message and headers of a used-up hour.
    Primary,
    /// 429 without a header.
    TooMany,
}

impl Limit {
    /// The response at `now` under a limit until `until`.
    pub(super) fn answer(self, now: Duration, until: Duration) -> What {
        let left = until.saturating_sub(now).as_secs() + 1;
        let (status, message) = match self {
            Limit::Secondary | Limit::SecondaryRetryAfter => (
                403,
                "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            ),
            Limit::Primary => (403, "API rate limit exceeded for this account."),
            Limit::TooMany => (429, "Too many requests"),
        };
        let headers = match self {
            Limit::SecondaryRetryAfter => vec![("retry-after", left)],
            Limit::Primary => vec![("x-ratelimit-remaining", 0), ("x-ratelimit-reset", until.as_secs() + 1)],
            Limit::Secondary | Limit::TooMany => Vec::new(),
        };
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
        What::Answer { status, headers, body: serde_json::json!({ "message": message }).to_string() }
    }
}

impl Fault {
    /// A fault of the n-th request at the server, from 1.
    pub fn nth(n: u64, what: What) -> Self {
        Fault { when: When::Nth(n), what }
    }

    /// A fault of the next request with this method and this part of a path; with a final `$`, this end.
    pub fn next(method: &str, path_contains: &str, what: What) -> Self {
        Fault::route(method, path_contains, 0, 1, what)
    }

    /// A fault of `times` requests with this method and this part or end of a path, after `skip` of them.
    pub fn route(method: &str, path_contains: &str, skip: usize, times: usize, what: What) -> Self {
        let (method, path_contains) = (method.to_owned(), path_contains.to_owned());
        Fault { when: When::Route { method, path_contains, skip, times }, what }
    }

    /// The effect on a request, if it is affected. Counts the request.
    pub(super) fn strikes(&mut self, head: &LoggedRequest, now: Duration) -> Option<What> {
        let strikes = match &mut self.when {
            When::Until(time) => now < *time,
            When::Nth(n) => *n == head.n,
            When::Route { method, path_contains, skip, times } => {
                let same_path = match path_contains.strip_suffix('$') {
                    Some(end) => head.path.ends_with(end),
                    None => head.path.contains(path_contains.as_str()),
                };
                if *method != head.method || !same_path {
                    return None;
                }
                let passes = *skip > 0;
                let left = if passes { skip } else { times };
                *left = left.checked_sub(1)?;
                !passes
            }
        };
        strikes.then(|| self.what.clone())
    }
}

impl What {
    /// Sends a status with a message as GitHub's JSON has it. Nothing is done.
    pub fn answer(status: u16, message: &str) -> Self {
        let body = serde_json::json!({ "message": message }).to_string();
        What::Answer { status, headers: Vec::new(), body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_skips_strikes_and_is_spent() {
        let mut fault = Fault::route("POST", "/assets", 1, 2, What::Refuse);
        let head = |method: &str, path: &str| LoggedRequest {
            n: 1,
            method: method.into(),
            path: path.into(),
            ..LoggedRequest::default()
        };
        let mut struck = |method, path| fault.strikes(&head(method, path), Duration::ZERO).is_some();
        assert!(!struck("GET", "/r/1/assets"));
        assert!(!struck("POST", "/r/1"));
        assert!(!struck("POST", "/r/1/assets"));
        assert!(struck("POST", "/r/1/assets"));
        assert!(struck("POST", "/r/1/assets?name=x"));
        assert!(!struck("POST", "/r/1/assets"));
    }
}
