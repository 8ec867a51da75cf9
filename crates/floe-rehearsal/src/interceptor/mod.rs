//! Serving, watching and disturbing: what both embedded servers are reached through.
//!
//! Every request is counted and logged on its way in, and a [`Fault`] can be put in its way. It never looks into
//! a body, never logs a header, and knows nothing of what the servers answer.

mod body;
mod fault;
mod secrets;
mod serve;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde::Serialize;

use body::{AnswerBody, RequestBody, SlowBody};
use fault::Armed;
pub use fault::{Callback, Fault, Limit, What, When};
use floe_core::clock::Clock;
use secrets::{carries, redacted};
pub use serve::{Server, serve};

/// The log of a server's requests and the faults that wait for them. Clones share both.
#[derive(Clone, Default)]
pub struct Interceptor {
    inner: Arc<Mutex<Inner>>,
}

/// A request as it arrives, before anything was done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestHead {
    /// Which request of this server it is, counted from 1.
    pub n: u64,
    /// The method, in capitals.
    pub method: String,
    /// Path and query; the values of tokens and passwords in the query are replaced.
    pub path: String,
}

/// A request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// Which request of this server it was, counted from 1.
    pub n: u64,
    /// The method, in capitals.
    pub method: String,
    /// Path and query; the values of tokens and passwords in the query are replaced.
    pub path: String,
    /// The status that was answered; 0 while it is being handled, and if the connection was dropped instead.
    pub status: u16,
    /// Bytes of the request's body that arrived.
    pub received: u64,
    /// Bytes of the answer's body that were sent.
    pub sent: u64,
    /// Milliseconds from the request's head to the end of the answer, or to the end so far.
    pub millis: u64,
}

/// What is called once a request was handled; see [`Interceptor::after_each`].
pub type Afterwards = Arc<dyn Fn(&LoggedRequest) + Send + Sync>;

#[derive(Default)]
struct Inner {
    log: Vec<LogEntry>,
    faults: Vec<Armed>,
    before: Option<Callback>,
    after: Option<Afterwards>,
    clock: Clock,
    /// What no request may carry, and how many did.
    forbidden: Vec<String>,
    leaks: usize,
    /// Requests that are being handled.
    busy: usize,
}

struct LogEntry {
    seen: LoggedRequest,
    started: Instant,
}

/// The connection ends without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

impl Interceptor {
    /// An empty log and no faults.
    pub fn new() -> Self {
        Interceptor::default()
    }

    /// Every request so far, in the order of arrival.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.lock().log.iter().map(|entry| entry.seen.clone()).collect()
    }

    /// How many requests so far were meant to change something: POST, PATCH, PUT or DELETE.
    pub fn writes(&self) -> usize {
        let writes =
            |entry: &&LogEntry| matches!(entry.seen.method.as_str(), "POST" | "PATCH" | "PUT" | "DELETE");
        self.lock().log.iter().filter(writes).count()
    }

    /// Puts a fault in the way of requests to come. A request meets at most one: the one injected first.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.push(Armed::new(fault));
    }

    /// Calls `callback` with each request before it is handled. It must not wait for an answer of this server.
    pub fn before_each(&self, callback: impl Fn(&RequestHead) + Send + Sync + 'static) {
        self.lock().before = Some(Arc::new(callback));
    }

    /// Calls `callback` with each request once it was handled and before its answer is sent: the server's state
    /// holds still for this request. It must not wait for an answer of this server.
    pub fn after_each(&self, callback: impl Fn(&LoggedRequest) + Send + Sync + 'static) {
        self.lock().after = Some(Arc::new(callback));
    }

    /// Takes another clock for what is late and what is limited.
    pub fn set_clock(&self, clock: Clock) {
        self.lock().clock = clock;
    }

    /// Counts from now on how many requests carry one of these texts in a header or in their address.
    pub fn forbid(&self, texts: Vec<String>) {
        self.lock().forbidden = texts;
    }

    /// How many requests carried what [`Interceptor::forbid`] forbids.
    pub fn leaks(&self) -> usize {
        self.lock().leaks
    }

    /// Forgets everything: the log, the faults, the hooks. Numbers begin at 1 again.
    pub fn reset(&self) {
        let mut inner = self.lock();
        *inner = Inner { busy: inner.busy, clock: inner.clock.clone(), ..Inner::default() };
    }

    /// Takes every fault and hook away; the log stays.
    pub fn calm(&self) {
        let mut inner = self.lock();
        inner.faults.clear();
        (inner.before, inner.after) = (None, None);
    }

    /// Waits until no request is being handled.
    pub async fn quiet(&self) {
        while self.lock().busy > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Handles one request, or the fault that waits for it.
    async fn handle(self, router: Router, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
        let _busy = Busy::new(&self);
        let (head, fault) = self.arrive(&request);
        let before = self.lock().before.clone();
        if let Some(before) = before {
            before(&head);
        }
        let answer = match fault {
            None => Ok(self.perform(head.n, router, request, None).await),
            Some(fault) => self.disturb(fault, &head, router, request).await,
        };
        let answer = answer.map(|(response, cut)| {
            self.update(head.n, |seen| seen.status = response.status().as_u16());
            response.map(|body| Body::new(AnswerBody::new(body, self.clone(), head.n, cut)))
        });
        self.finish(head.n);
        answer
    }

    /// Does to a request what `fault` says. Of an answer it also says after how many bytes to cut it.
    async fn disturb(
        &self,
        fault: What,
        head: &RequestHead,
        router: Router,
        request: Request<Incoming>,
    ) -> Result<(Response<Body>, Option<u64>), Dropped> {
        match fault {
            What::Refuse => Err(Dropped),
            What::Kill(callback) => {
                callback(head);
                Err(Dropped)
            }
            What::DoThenKill(callback) => {
                self.perform(head.n, router, request, None).await;
                callback(head);
                Err(Dropped)
            }
            What::Answer { status, headers, body } => {
                // The body is read all the same: a client that is still sending would not look for an answer.
                let mut incoming = RequestBody::new(request.into_body(), self.clone(), head.n, None);
                while let Some(Ok(_)) = incoming.frame().await {}
                Ok((made_up(status, &headers, body), None))
            }
            What::DoThenAnswer { status, body } => {
                self.perform(head.n, router, request, None).await;
                Ok((made_up(status, &[], body), None))
            }
            What::CutRequest { after } => {
                self.perform(head.n, router, request, Some(after)).await;
                Err(Dropped)
            }
            What::CutAnswer { after } => {
                let (response, _) = self.perform(head.n, router, request, None).await;
                Ok((response, Some(after)))
            }
            What::Late(wait) => {
                let clock = self.lock().clock.clone();
                clock.wait(wait).await;
                Ok(self.perform(head.n, router, request, None).await)
            }
            What::Slow => {
                let request =
                    request.map(|body| SlowBody::new(RequestBody::new(body, self.clone(), head.n, None)));
                Ok((call(router, request.map(Body::new)).await, None))
            }
            What::First(callback) => {
                callback(head);
                Ok(self.perform(head.n, router, request, None).await)
            }
            What::Limit(limit) => {
                let refusal = self.limit(limit);
                Box::pin(self.disturb(refusal, head, router, request)).await
            }
        }
    }

    /// Begins a limit, and gives the answer for this first request.
    fn limit(&self, limit: Limit) -> What {
        let mut inner = self.lock();
        let now = inner.clock.now();
        let until = now + limit.lasts();
        let answer = limit.answer(now, until);
        inner.faults.insert(0, Armed::new(Fault { when: When::Until(until), what: answer.clone() }));
        answer
    }

    async fn perform(
        &self,
        n: u64,
        router: Router,
        request: Request<Incoming>,
        cut: Option<u64>,
    ) -> (Response<Body>, Option<u64>) {
        let request = request.map(|body| Body::new(RequestBody::new(body, self.clone(), n, cut)));
        (call(router, request).await, None)
    }

    /// Enters a request into the log and finds the fault that waits for it.
    fn arrive<B>(&self, request: &Request<B>) -> (RequestHead, Option<What>) {
        let mut inner = self.lock();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let head = RequestHead {
            n: inner.log.len() as u64 + 1,
            method: request.method().as_str().to_owned(),
            path: redacted(path),
        };
        let RequestHead { n, method, path } = head.clone();
        let seen = LoggedRequest { n, method, path, status: 0, received: 0, sent: 0, millis: 0 };
        inner.log.push(LogEntry { seen, started: Instant::now() });
        let now = inner.clock.now();
        inner.faults.retain(|armed| !armed.is_spent(now));
        let fault = inner.faults.iter_mut().find_map(|armed| armed.strikes(&head, now));
        if carries(request, &inner.forbidden) {
            inner.leaks += 1;
        }
        (head, fault)
    }

    /// Calls the hook for handled requests.
    fn finish(&self, n: u64) {
        self.update(n, |_| ());
        let (after, seen) = {
            let inner = self.lock();
            (inner.after.clone(), inner.log.get(index(n)).map(|entry| entry.seen.clone()))
        };
        if let (Some(after), Some(seen)) = (after, seen) {
            after(&seen);
        }
    }

    /// Changes what the log says about request `n`, and how long it took so far.
    fn update(&self, n: u64, change: impl FnOnce(&mut LoggedRequest)) {
        if let Some(entry) = self.lock().log.get_mut(index(n)) {
            change(&mut entry.seen);
            entry.seen.millis = entry.started.elapsed().as_millis() as u64;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts as a request that is being handled, until it is dropped.
struct Busy(Interceptor);

impl Busy {
    fn new(interceptor: &Interceptor) -> Self {
        interceptor.lock().busy += 1;
        Busy(interceptor.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
    }
}

async fn call(router: Router, request: Request<Body>) -> Response<Body> {
    match TowerToHyperService::new(router).call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Where request `n`, counted from 1, stands in the log.
fn index(n: u64) -> usize {
    n as usize - 1
}

/// The answer of a fault; JSON unless its headers say otherwise.
fn made_up(status: u16, headers: &[(String, String)], body: String) -> Response<Body> {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        builder = builder.header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    }
    builder.body(Body::from(Bytes::from(body))).unwrap_or_else(|error| {
        // A fault that cannot be answered is a mistake in a test, which should see it.
        Response::new(Body::from(format!("this fault is not an answer: {error}")))
    })
}
