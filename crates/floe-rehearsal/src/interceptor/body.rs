//! Bodies that are counted as they stream, and that break off where a fault says.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::{DROPPED, Interceptor};

/// The most bytes that a slow reader takes at once.
const SIP: usize = 1024;

/// A request body. It ends with an error if it is shorter than its `Content-Length`.
pub(super) struct RequestBody {
    /// `None` after the end of the body.
    inner: Option<Incoming>,
    interceptor: Interceptor,
    n: u64,
    promised: Option<u64>,
    arrived: u64,
    cut: Option<u64>,
}

impl RequestBody {
    /// The body of request `n`, which breaks off after `cut` bytes.
    pub(super) fn new(inner: Incoming, interceptor: Interceptor, n: u64, cut: Option<u64>) -> Self {
        let promised = inner.size_hint().exact();
        RequestBody { inner: Some(inner), interceptor, n, promised, arrived: 0, cut }
    }

    /// The body for a handler.
    pub(super) fn stream(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut body| async { Some((body.next().await?, body)) }))
    }

    /// The same in small pieces, with a turn for other tasks between them.
    pub(super) fn slow_stream(self) -> Body {
        Body::from_stream(stream::unfold((self, Bytes::new()), |(mut body, mut rest)| async {
            tokio::task::yield_now().await;
            if rest.is_empty() {
                rest = match body.next().await? {
                    Ok(data) => data,
                    Err(error) => return Some((Err(error), (body, rest))),
                };
            }
            let sip = rest.split_to(rest.len().min(SIP));
            Some((Ok(sip), (body, rest)))
        }))
    }

    /// Reads and discards the body.
    pub(super) async fn discard(mut self) {
        while let Some(Ok(_)) = self.next().await {}
    }

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.cut == Some(self.arrived) && self.promised != Some(self.arrived) {
            return self.broken();
        }
        match self.inner.as_mut()?.frame().await {
            Some(Ok(frame)) => {
                let mut data = frame.into_data().unwrap_or_default();
                if let Some(cut) = self.cut {
                    data.truncate(usize::try_from(cut - self.arrived).unwrap_or(usize::MAX));
                }
                self.arrived += data.len() as u64;
                self.interceptor.update(self.n, |request| request.received += data.len() as u64);
                Some(Ok(data))
            }
            Some(Err(_)) => self.broken(),
            // hyper reports the end of the connection as the end of the body, so the length is compared.
            None if self.promised.is_some_and(|promised| promised != self.arrived) => self.broken(),
            None => {
                self.inner = None;
                None
            }
        }
    }

    /// Ends the body with an error, once, and leaves the rest unread.
    fn broken(&mut self) -> Option<io::Result<Bytes>> {
        drop(self.inner.take()?);
        let text = format!("the body of the request broke off after {} bytes", self.arrived);
        Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text)))
    }
}

impl Drop for RequestBody {
    /// Reads the rest that the server ignored: a client that is still sending would not read the response.
    fn drop(&mut self) {
        let (Some(mut inner), Ok(runtime)) = (self.inner.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        if inner.is_end_stream() || self.cut.is_some() {
            return;
        }
        let (interceptor, n) = (self.interceptor.clone(), self.n);
        runtime.spawn(async move {
            while let Some(Ok(frame)) = inner.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                interceptor.update(n, |request| request.received += length);
            }
        });
    }
}

/// The body of the response to request `n`, which breaks off after `cut` bytes. Its length is in the headers already.
pub(super) fn response(inner: Body, interceptor: Interceptor, n: u64, cut: Option<u64>) -> Body {
    Body::from_stream(stream::unfold((inner, 0), move |(mut inner, sent)| {
        let interceptor = interceptor.clone();
        async move {
            if cut == Some(sent) {
                // hyper flushes its buffer when a body is pending, and drops it at an error.
                tokio::task::yield_now().await;
                return Some((Err(axum::Error::new(DROPPED)), (inner, sent)));
            }
            let mut data = match inner.frame().await? {
                Ok(frame) => frame.into_data().unwrap_or_default(),
                Err(error) => return Some((Err(error), (inner, sent))),
            };
            if let Some(cut) = cut {
                data.truncate(usize::try_from(cut - sent).unwrap_or(usize::MAX));
            }
            interceptor.update(n, |request| request.sent += data.len() as u64);
            let sent = sent + data.len() as u64;
            Some((Ok(data), (inner, sent)))
        }
    }))
}
