//! The body of an answer, read within a limit.
//!
//! A body over the limit is truncated if it describes an error, and refused otherwise.

use std::ops::ControlFlow;

use anyhow::anyhow;
use bytes::Bytes;
use http::StatusCode;

use crate::net::retry::AttemptError;
use floe_core::units::size;

/// The limit of a body that describes an error, in bytes.
const ERROR_LIMIT: usize = 256 * 1024;

/// The part of a body that has arrived.
pub(crate) struct Gathered {
    bytes: Vec<u8>,
    limit: usize,
    is_error: bool,
    server: &'static str,
}

impl Gathered {
    /// For an answer of this status with a body of at most `limit` bytes. `server` names the sender in messages.
    pub(crate) fn new(server: &'static str, status: StatusCode, limit: usize) -> Self {
        let is_error = !status.is_success();
        let limit = if is_error { limit.min(ERROR_LIMIT) } else { limit };
        Gathered { bytes: Vec::new(), limit, is_error, server }
    }

    /// Adds the next piece; breaks once the rest is not wanted.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<ControlFlow<()>, AttemptError> {
        let room = self.limit - self.bytes.len();
        if piece.len() <= room {
            self.bytes.extend_from_slice(piece);
            return Ok(ControlFlow::Continue(()));
        }
        if self.is_error {
            self.bytes.extend_from_slice(&piece[..room]);
            return Ok(ControlFlow::Break(()));
        }
        let text = format!("{}'s answer is larger than {}", self.server, size(self.limit as u64));
        Err(AttemptError::fatal(anyhow!(text)))
    }

    /// The whole body.
    pub(crate) fn finish(self) -> Bytes {
        self.bytes.into()
    }
}

/// A server's own words as one short line.
pub(crate) fn words(text: &str) -> String {
    const LONGEST: usize = 500;
    let mut words: String = floe_core::untrusted::text::line(text.trim()).chars().take(LONGEST + 1).collect();
    if words.chars().count() > LONGEST {
        words = words.chars().take(LONGEST).chain(['…']).collect();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_cut_and_any_other_answer_refused() {
        let mut error = Gathered::new("GitHub", StatusCode::BAD_GATEWAY, 4);
        assert!(error.take(b"123").unwrap().is_continue());
        assert!(error.take(b"456").unwrap().is_break());
        assert_eq!(&error.finish()[..], b"1234");
        let mut answer = Gathered::new("GitHub", StatusCode::OK, 4);
        assert!(answer.take(b"1234").unwrap().is_continue());
        assert_eq!(answer.take(b"5").unwrap_err().error.to_string(), "GitHub's answer is larger than 4 B");
        let mut endless = Gathered::new("GitHub", StatusCode::NOT_FOUND, usize::MAX);
        while endless.take(&[b'x'; 9000]).unwrap().is_continue() {}
        assert_eq!(endless.finish().len(), ERROR_LIMIT);
    }

    #[test]
    fn messages_are_cut_to_one_line_of_limited_length() {
        assert_eq!(words(" no\n::error::x\x1b "), r"no\n::error::x\u{1b}");
        assert_eq!(words(&"ä".repeat(600)).chars().count(), 501);
    }
}
