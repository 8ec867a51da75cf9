//! Serves a router, logs its requests and injects faults. Both embedded servers are reached through an interceptor.
//!
//! It does not look into bodies, logs no headers, and does not depend on the routes.

mod body;
mod fault;
mod secrets;
mod serve;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use floe_core::clock::Clock;
use floe_core::parallel::lock;
use http::{HeaderMap, Request, Response, Uri, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use fault::When;
pub use fault::{Callback, Fault, Limit, What};
use secrets::redacted;
pub use serve::{Server, serve};

type Watcher = Arc<dyn Fn(&LoggedRequest, &Uri, &HeaderMap) + Send + Sync>;

/// The log of a server's requests, and the faults that wait for them. Clones share both.
#[derive(Clone, Default)]
pub struct Interceptor {
    inner: Arc<Mutex<Inner>>,
}

/// A request in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoggedRequest {
    /// The number of the request at this server, from 1.
    pub n: u64,
    /// The method, in capitals.
    pub method: String,
    /// Path and query, with the values of tokens and passwords replaced.
    pub path: String,
    /// The status of the response; 0 while the request is handled, and if the connection was dropped.
    pub status: u16,
}

#[derive(Default)]
struct Inner {
    log: Vec<LoggedRequest>,
    faults: Vec<Fault>,
    before: Option<Watcher>,
    after: Option<Callback>,
    clock: Clock,
    /// Each request that is being handled has a clone.
    busy: Arc<()>,
}

/// The error that ends a connection without a response.
const DROPPED: &str = "the connection was dropped on purpose";

impl Interceptor {
    /// Every request so far, in the order of arrival.
    pub fn log(&self) -> Vec<LoggedRequest> {
        lock(&self.inner).log.clone()
    }

    /// Injects a fault into requests to come. A request meets at most one: the one that was injected first.
    pub fn inject(&self, fault: Fault) {
        lock(&self.inner).faults.push(fault);
    }

    /// Calls `callback` with each request, its address and its headers before it is handled. It must not wait for a response
    /// of this server.
    pub fn before_each(&self, callback: impl Fn(&LoggedRequest, &Uri, &HeaderMap) + Send + Sync + 'static) {
        lock(&self.inner).before = Some(Arc::new(callback));
    }

    /// Calls `callback` with each request after it was handled and before its response is sent. It must not wait for a
    /// response of this server.
    pub fn after_each(&self, callback: impl Fn(&LoggedRequest) + Send + Sync + 'static) {
        lock(&self.inner).after = Some(Arc::new(callback));
    }

    /// Replaces the clock of late responses and limits.
    pub fn set_clock(&self, clock: Clock) {
        lock(&self.inner).clock = clock;
    }

    /// Clears log, faults and callbacks. Numbers start at 1 again.
    pub fn reset(&self) {
        let mut inner = lock(&self.inner);
        *inner = Inner { busy: inner.busy.clone(), clock: inner.clock.clone(), ..Inner::default() };
    }

    /// Removes all faults and callbacks. The log stays.
    pub fn calm(&self) {
        let mut inner = lock(&self.inner);
        inner.faults.clear();
        (inner.before, inner.after) = (None, None);
    }

    /// Waits until no request is being handled.
    pub async fn quiet(&self) {
        while Arc::strong_count(&lock(&self.inner).busy) > 1 {
            tokio::task::yield_now().await;
        }
    }

    /// Counts as a request that is being handled until it is dropped.
    fn busy(&self) -> Arc<()> {
        lock(&self.inner).busy.clone()
    }

    /// Handles a request to the server at `own`, with the fault that waits for it.
    async fn handle(
        self,
        own: SocketAddr,
        router: Router,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, &'static str> {
        let (head, fault) = self.arrive(own, &request);
        let before = lock(&self.inner).before.clone();
        if let Some(before) = before {
            before(&head, request.uri(), request.headers());
        }
        let outcome = self.perform(fault, &head, router, request).await;
        let status = outcome.as_ref().map_or(0, |response| response.status().as_u16());
        let after = {
            let mut inner = lock(&self.inner);
            // The log may have been cleared meanwhile.
            if let Some(logged) = inner.log.get_mut(head.n as usize - 1) {
                logged.status = status;
            }
            inner.after.clone()
        };
        if let Some(after) = after {
            after(&LoggedRequest { status, ..head });
        }
        outcome
    }

    /// Handles a request under a fault, if any.
    async fn perform(
        &self,
        fault: Option<What>,
        head: &LoggedRequest,
        router: Router,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, &'static str> {
        let slow = matches!(fault, Some(What::Slow));
        let body = |inner, cut| body::request(inner, cut, slow);
        let cut = match &fault {
            Some(What::Refuse) => return Err(DROPPED),
            Some(What::Kill(callback)) => {
                callback(head);
                return Err(DROPPED);
            }
            Some(What::Answer { status, headers, body: text }) => {
                // The body is read because a client that is still sending would not read the response.
                let mut ignored = body(request.into_body(), None);
                while let Some(Ok(_)) = ignored.frame().await {}
                return Ok(fault_response(*status, headers, text.clone()));
            }
            Some(What::First(callback)) => {
                callback(head);
                None
            }
            Some(What::Late(delay)) => {
                let clock = lock(&self.inner).clock.clone();
                clock.wait(*delay).await;
                None
            }
            Some(What::CutRequest { after }) => Some(*after),
            _ => None,
        };
        let request = request.map(|inner| body(inner, cut));
        let Ok(response) = TowerToHyperService::new(router).call(request).await;
        match fault {
            Some(What::CutRequest { .. }) => Err(DROPPED),
            Some(What::DoThenKill(callback)) => {
                callback(head);
                Err(DROPPED)
            }
            Some(What::DoThenAnswer { status, body }) => Ok(fault_response(status, &[], body)),
            Some(What::CutAnswer { after }) => Ok(response.map(|inner| body::cut_off(inner, after))),
            _ => Ok(response),
        }
    }

    /// Logs a request and finds the fault that waits for it. A misdirected request meets none.
    fn arrive<B>(&self, own: SocketAddr, request: &Request<B>) -> (LoggedRequest, Option<What>) {
        let mut inner = lock(&self.inner);
        let path = redacted(request.uri().path_and_query().map_or("/", |path| path.as_str()));
        let (n, method) = (inner.log.len() as u64 + 1, request.method().to_string());
        let logged = LoggedRequest { n, method, path, ..LoggedRequest::default() };
        inner.log.push(logged.clone());
        let fault = refusal(own, request).or_else(|| inner.strike(&logged));
        (logged, fault)
    }
}

impl Inner {
    /// The effect of the fault that waits for a request, if any. A limit begins here, and lasts for later requests.
    fn strike(&mut self, head: &LoggedRequest) -> Option<What> {
        let now = self.clock.now();
        let what = self.faults.iter_mut().find_map(|fault| fault.strikes(head, now))?;
        let What::Limit(limit, lasts) = what else { return Some(what) };
        let until = now + lasts;
        let answer = limit.answer(now, until);
        self.faults.insert(0, Fault { when: When::Until(until), what: answer.clone() });
        Some(answer)
    }
}

/// The response to a request that is for another server (RFC 9110, section 15.5.20).
///
/// A web page can rebind its DNS name to this machine, but its requests keep that name. Names below `.localhost` are never
/// looked up (RFC 6761, section 6.3) and are accepted from a client that uses this server as its proxy, as `gh` has to.
fn refusal<B>(own: SocketAddr, request: &Request<B>) -> Option<What> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Some(What::answer(400, "the request needs one `Host`"));
    };
    let host = host.to_str().unwrap_or_default().to_ascii_lowercase();
    let is_own = host == own.to_string() || host == format!("localhost:{}", own.port());
    let is_right = match request.uri().authority() {
        None => is_own,
        Some(target) => *target == host.as_str() && (is_own || host.ends_with(".localhost")),
    };
    (!is_right).then(|| What::answer(421, &format!("this server is `{own}` and no other host")))
}

/// The response of a fault, with JSON unless the headers say otherwise.
fn fault_response(status: u16, headers: &[(String, String)], body: String) -> Response<Body> {
    let mut builder = Response::builder().status(status).header(header::CONTENT_LENGTH, body.len());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        builder = builder.header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    }
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
    builder.body(Body::from(body)).unwrap_or_else(|error| {
        // An invalid fault is a mistake in a test, which should see it.
        Response::new(Body::from(format!("invalid fault: {error}")))
    })
}
