//! Faults: which request goes wrong, and how.
//!
//! A fault is data that a test injects; it never changes what the servers do for other requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Head;

/// What is called when a request meets a fault that asks for it.
pub type Callback = Arc<dyn Fn(&Head) + Send + Sync>;

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
    /// The n-th request of this server since the tap was made, counted from 1.
    Nth(u64),
    /// Requests that look like this.
    Route {
        /// The method in capitals, or any.
        method: Option<String>,
        /// A part of path and query as [`Head::path`] shows them.
        path_contains: String,
        /// How many such requests are let through first.
        skip: usize,
        /// How many are struck after those.
        times: usize,
    },
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
    /// Handles the request only after this time.
    Late(Duration),
    /// Calls back, then drops the connection without doing anything.
    Kill(Callback),
    /// Does what was asked, calls back, then drops the connection without an answer.
    DoThenKill(Callback),
}

impl Fault {
    /// A fault for the n-th request of the server, counted from 1.
    pub fn nth(n: u64, what: What) -> Self {
        Fault { when: When::Nth(n), what }
    }

    /// A fault for the next request with this method and this part of a path.
    pub fn next(method: &str, path_contains: &str, what: What) -> Self {
        Fault::route(method, path_contains, 0, 1, what)
    }

    /// A fault for `times` requests with this method and this part of a path, after `skip` of them.
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

    /// What this fault does to the request, if it is the one it waits for. Counts it as met.
    pub(super) fn strikes(&mut self, head: &Head) -> Option<What> {
        match &mut self.fault.when {
            When::Nth(n) => (*n == head.n).then(|| self.fault.what.clone()),
            When::Route { method, path_contains, skip, times } => {
                let same_method = method.as_ref().is_none_or(|method| *method == head.method);
                if !same_method || !head.path.contains(path_contains.as_str()) {
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
        let head = |method: &str, path: &str| Head { n: 1, method: method.into(), path: path.into() };
        let mut struck = |method, path| armed.strikes(&head(method, path)).is_some();
        assert!(!struck("GET", "/r/1/assets"));
        assert!(!struck("POST", "/r/1"));
        assert!(!struck("POST", "/r/1/assets"));
        assert!(struck("POST", "/r/1/assets"));
        assert!(struck("POST", "/r/1/assets?name=x"));
        assert!(!struck("POST", "/r/1/assets"));
    }
}
