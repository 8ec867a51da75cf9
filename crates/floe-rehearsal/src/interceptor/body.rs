//! Bodies that are counted as they stream, and that break off where a fault says.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::Interceptor;

/// A request body. It ends with an error if it is shorter than its `Content-Length`.
pub(super) struct RequestBody {
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

    /// Ends the body with an error and leaves the rest unread.
    fn broken(&mut self) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.inner = None;
        let text = format!("the body of the request broke off after {} bytes", self.arrived);
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text))))
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.cut == Some(self.arrived) && self.promised != Some(self.arrived) {
            return self.broken();
        }
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        match std::task::ready!(Pin::new(inner).poll_frame(cx)) {
            Some(Ok(frame)) => {
                let Ok(mut data) = frame.into_data() else {
                    return Poll::Ready(None);
                };
                if let Some(cut) = self.cut {
                    data.truncate(usize::try_from(cut - self.arrived).unwrap_or(usize::MAX));
                }
                self.arrived += data.len() as u64;
                self.interceptor.update(self.n, |request| request.received += data.len() as u64);
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Err(_)) => self.broken(),
            // hyper reports the end of the connection as the end of the body, so the length is compared.
            None if self.promised.is_some_and(|promised| promised != self.arrived) => self.broken(),
            None => {
                self.inner = None;
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(|inner| inner.is_end_stream() && self.promised == Some(self.arrived))
    }

    fn size_hint(&self) -> SizeHint {
        self.promised.map_or_else(SizeHint::default, |promised| SizeHint::with_exact(promised - self.arrived))
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

/// A request body that is read in small pieces, with a turn for other tasks between them.
pub(super) struct SlowBody {
    inner: RequestBody,
    rest: Bytes,
    turn: bool,
}

/// The most bytes that a slow reader takes at once.
const SIP: usize = 1024;

impl SlowBody {
    pub(super) fn new(inner: RequestBody) -> Self {
        SlowBody { inner, rest: Bytes::new(), turn: false }
    }
}

impl HttpBody for SlowBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.turn = !self.turn;
        if self.turn {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            match std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => self.rest = frame.into_data().unwrap_or_default(),
                other => return Poll::Ready(other),
            }
        }
        let length = self.rest.len().min(SIP);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// A response body.
pub(super) struct ResponseBody {
    inner: Body,
    interceptor: Interceptor,
    n: u64,
    sent: u64,
    cut: Option<u64>,
    flushed: bool,
}

impl ResponseBody {
    /// The body of the response to request `n`, which breaks off after `cut` bytes.
    pub(super) fn new(inner: Body, interceptor: Interceptor, n: u64, cut: Option<u64>) -> Self {
        ResponseBody { inner, interceptor, n, sent: 0, cut, flushed: false }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.cut == Some(self.sent) {
            // hyper flushes its buffer when a body is pending, and drops it at an error.
            if !self.flushed {
                self.flushed = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(Some(Err(axum::Error::new(super::Dropped))));
        }
        match std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            Some(Ok(frame)) => {
                let mut data = match frame.into_data() {
                    Ok(data) => data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                };
                if let Some(cut) = self.cut {
                    data.truncate(usize::try_from(cut - self.sent).unwrap_or(usize::MAX));
                }
                self.sent += data.len() as u64;
                self.interceptor.update(self.n, |request| request.sent += data.len() as u64);
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            other => Poll::Ready(other),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream() && self.cut != Some(self.sent)
    }

    fn size_hint(&self) -> SizeHint {
        // The whole length, also if the response is going to be cut.
        self.inner.size_hint()
    }
}
