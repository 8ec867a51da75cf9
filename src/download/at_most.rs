//! A writer that takes no more than was promised: a server may send without an end.
//!
//! What is too much is an error and is not written.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

/// Writes the promised number of bytes and fails on the next one.
pub(super) struct AtMost<W> {
    inner: W,
    left: u64,
}

impl<W> AtMost<W> {
    /// `limit` bytes of what comes, in `inner`.
    pub(super) fn new(inner: W, limit: u64) -> Self {
        AtMost { inner, left: limit }
    }
}

/// Whether a write failed because there was more than was promised.
pub(super) fn is_too_much(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::FileTooLarge
}

impl<W: AsyncWrite + Unpin> AsyncWrite for AtMost<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.len() as u64 > self.left {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            self.left -= *count as u64;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn exactly_what_was_promised_is_written() {
        let mut written = Vec::new();
        let mut writer = AtMost::new(&mut written, 4);
        writer.write_all(b"1234").await.unwrap();
        assert!(is_too_much(&writer.write_all(b"5").await.unwrap_err()));
        assert_eq!(written, b"1234");
    }
}
