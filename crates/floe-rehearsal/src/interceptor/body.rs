//! Bodies that break off where a fault says.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::mpsc;

use super::DROPPED;

/// The most bytes that a slow reader takes at once.
const SIP: usize = 1024;

/// The body of a request, which breaks off after `cut` bytes. It ends with an error if it is shorter than its
/// `Content-Length`. A slow one comes in small pieces, with a turn for other tasks between them.
pub(super) fn request(inner: Incoming, cut: Option<u64>, slow: bool) -> Body {
    if inner.is_end_stream() {
        return Body::empty();
    }
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        if let Err(arrived) = read(inner, &sender, cut, slow).await {
            let text = format!("the body of the request broke off after {arrived} bytes");
            let _ = sender.send(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text))).await;
        }
    });
    Body::from_stream(stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))))
}

/// Reads a body to its end, also what the handler ignores: a client that is still sending would not read the response. The
/// error is the number of bytes after which it broke off.
async fn read(
    mut inner: Incoming,
    handler: &mpsc::Sender<io::Result<Bytes>>,
    cut: Option<u64>,
    slow: bool,
) -> Result<(), u64> {
    let (promised, mut arrived) = (inner.size_hint().exact(), 0);
    while cut != Some(arrived) || promised == Some(arrived) {
        let mut data = match inner.frame().await {
            Some(frame) => frame.map_err(|_| arrived)?.into_data().unwrap_or_default(),
            // hyper reports the end of the connection as the end of the body, so the length is compared.
            None if promised.is_none_or(|promised| promised == arrived) => return Ok(()),
            None => return Err(arrived),
        };
        if let Some(cut) = cut {
            data.truncate(usize::try_from(cut - arrived).unwrap_or(usize::MAX));
        }
        arrived += data.len() as u64;
        while !data.is_empty() {
            let length = if slow { data.len().min(SIP) } else { data.len() };
            let _ = handler.send(Ok(data.split_to(length))).await;
            if slow {
                tokio::task::yield_now().await;
            }
        }
    }
    Err(arrived)
}

/// The body of a response, which breaks off after so many bytes. Its length is in the headers already.
pub(super) fn cut_off(inner: Body, after: u64) -> Body {
    Body::from_stream(stream::unfold((inner, after), async |(mut inner, left)| {
        if left == 0 {
            // hyper flushes its buffer when a body is pending, and drops it at an error.
            tokio::task::yield_now().await;
            return Some((Err(axum::Error::new(DROPPED)), (inner, left)));
        }
        let data = inner.frame().await?.map(|frame| {
            let mut data = frame.into_data().unwrap_or_default();
            data.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            data
        });
        let left = left - data.as_ref().map_or(0, |data| data.len() as u64);
        Some((data, (inner, left)))
    }))
}
