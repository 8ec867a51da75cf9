//! The accept loop: HTTP/1.1 on 127.0.0.1 and nowhere else.
//!
//! It is ours rather than axum's because a fault has to end a connection without an answer.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::{Dropped, Interceptor};

/// A server that runs. Dropping it ends the accept loop and all connections.
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it has seen, and where faults are injected.
    pub interceptor: Interceptor,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    handlers: mpsc::Receiver<()>,
}

/// Serves `router` through `interceptor` on 127.0.0.1, at a free port unless one is given.
///
/// # Errors
///
/// The port is taken.
pub async fn serve(router: Router, interceptor: Interceptor, port: Option<u16>) -> anyhow::Result<Server> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0)));
    let listener =
        TcpListener::bind(wanted).await.with_context(|| format!("failed to listen on `{wanted}`"))?;
    let addr = listener.local_addr().context("failed to read the address of the server")?;
    let (stop, stopped) = oneshot::channel();
    let (working, handlers) = mpsc::channel(1);
    let task = tokio::spawn(accept(listener, stopped, router, interceptor.clone(), working));
    Ok(Server { addr, interceptor, stop: Some(stop), task, handlers })
}

impl Server {
    /// The base address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Ends all connections and waits until every request that was begun has been handled.
    pub async fn shut_down(mut self) {
        self.stop.take();
        // The task ends by itself now; it can only fail by panicking, which has been reported by then.
        let _ = (&mut self.task).await;
        // Nothing is ever sent: this waits until the last handler has dropped its sender.
        let _ = self.handlers.recv().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    mut stopped: oneshot::Receiver<()>,
    router: Router,
    interceptor: Interceptor,
    working: mpsc::Sender<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => {
                // A connection that broke before it was accepted is of no interest.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, router.clone(), interceptor.clone(), working.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
}

/// Serves the requests of one connection until it ends or a fault ends it.
async fn connection(stream: TcpStream, router: Router, interceptor: Interceptor, working: mpsc::Sender<()>) {
    // Without it a small answer may wait for the client's acknowledgement; that it fails would only be slow.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let (router, interceptor, working) = (router.clone(), interceptor.clone(), working.clone());
        async move {
            // A task of its own, so that what was begun is finished even if the client has gone, as real servers do.
            let handled = tokio::spawn(async move {
                let answer = interceptor.handle(router, request).await;
                drop(working);
                answer
            });
            // A handler that panicked gives no answer; the panic itself has been reported by then.
            handled.await.unwrap_or(Err(Dropped))
        }
    });
    // An error here is a client that went away or a connection that a fault dropped; both are in the log.
    // Half-closed connections are answered: a client may have said all it has to say.
    let _ = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(stream), service).await;
}
