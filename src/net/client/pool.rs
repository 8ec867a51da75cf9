//! The connections of a client: those being opened, those that wait for a request, by the server they lead to.
//!
//! A connection is used by one request at a time. It never waits for a free one: whoever finds none opens one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::client::conn::http1::SendRequest;
use tokio::task::JoinHandle;
use url::Url;

use super::{Body, connect};
use crate::net::retry::Refused;

/// All connections that no request is using, by origin.
#[derive(Clone, Default)]
pub(super) struct Pool {
    idle: Arc<Mutex<BTreeMap<String, Idle>>>,
}

#[derive(Default)]
struct Idle {
    /// The one used last at the end: it is used next, so that those which are not needed grow old.
    ready: Vec<SendRequest<Body>>,
    opening: Vec<JoinHandle<Result<SendRequest<Body>, Refused>>>,
}

/// A connection in use.
pub(super) struct Connection {
    /// What takes its requests.
    pub sender: SendRequest<Body>,
    /// Whether it has been there for a while, so that the server may have closed it.
    pub was_idle: bool,
    origin: String,
}

impl Pool {
    /// Opens connections until there are `count`.
    pub fn open(&self, server: &Url, count: usize) {
        let mut all = self.lock();
        let idle = all.entry(origin(server)).or_default();
        for _ in idle.ready.len() + idle.opening.len()..count {
            let server = server.clone();
            idle.opening.push(tokio::spawn(async move { connect::connect(&server).await }));
        }
    }

    /// A connection for one request: one that is there, else one that is being opened, else a new one.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn take(&self, server: &Url) -> Result<Connection, Refused> {
        let origin = origin(server);
        while let Some(mut sender) = self.pop_ready(&origin) {
            // It says so at once unless the server has closed it.
            if sender.ready().await.is_ok() {
                return Ok(Connection { sender, was_idle: true, origin });
            }
        }
        while let Some(opening) = self.pop_opening(&origin) {
            if let Ok(Ok(mut sender)) = opening.await
                && sender.ready().await.is_ok()
            {
                return Ok(Connection { sender, was_idle: true, origin });
            }
        }
        Ok(Connection { sender: Box::pin(connect::connect(server)).await?, was_idle: false, origin })
    }

    /// Keeps a connection whose answer was read to its end.
    pub fn keep(&self, connection: Connection) {
        if !connection.sender.is_closed() {
            self.lock().entry(connection.origin).or_default().ready.push(connection.sender);
        }
    }

    fn pop_ready(&self, origin: &str) -> Option<SendRequest<Body>> {
        self.lock().get_mut(origin)?.ready.pop()
    }

    fn pop_opening(&self, origin: &str) -> Option<JoinHandle<Result<SendRequest<Body>, Refused>>> {
        self.lock().get_mut(origin)?.opening.pop()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Scheme, host and port: what makes two addresses one server's.
fn origin(server: &Url) -> String {
    server.origin().ascii_serialization()
}
