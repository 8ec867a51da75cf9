//! The accept loop: HTTP/1.1 on 127.0.0.1. It is not axum's, because a fault can end a connection without a response.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::{DROPPED, Interceptor};

/// A running server. Dropping it ends the accept loop and all connections; requests under way are handled to their end.
pub struct Server {
    pub addr: SocketAddr,
    /// Its log, and where faults are injected.
    pub interceptor: Interceptor,
    task: JoinHandle<()>,
}

/// Serves `router` through an interceptor on a free port of 127.0.0.1.
///
/// # Errors
/// There is no free port.
pub async fn serve(router: Router) -> anyhow::Result<Server> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("failed to listen on 127.0.0.1")?;
    let addr = listener.local_addr().context("failed to read the address of the server")?;
    let interceptor = Interceptor::default();
    let task = tokio::spawn(accept((listener, addr), router, interceptor.clone()));
    Ok(Server { addr, interceptor, task })
}

impl Server {
    /// The base address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept((listener, own): (TcpListener, SocketAddr), router: Router, interceptor: Interceptor) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error means that a connection broke before it was accepted.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, own, router.clone(), interceptor.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, own: SocketAddr, router: Router, interceptor: Interceptor) {
    // Without it a small response may wait for the client's acknowledgement. A failure only costs time.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let (busy, handled) = (interceptor.busy(), interceptor.clone().handle(own, router.clone(), request));
        // In its own task, so that the request is handled to its end if the client goes away, as real servers do.
        let handled = tokio::spawn(async move { (handled.await, busy).0 });
        // A handler that panics gives no response; the panic is reported on stderr.
        async { handled.await.unwrap_or(Err(DROPPED)) }
    });
    // An error means that the client went away or that a fault dropped the connection; the log has both. A client that
    // closes its half of the connection still gets a response.
    let _ = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(stream), service).await;
}
