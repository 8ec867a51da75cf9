//! The body of an answer, gathered within a limit: whoever answers may send without an end.
//!
//! What a server says about an error is cut where it gets too long; any other answer that is too long is refused.

use std::ops::ControlFlow;

use anyhow::anyhow;
use bytes::Bytes;
use http::StatusCode;

use crate::net::retry::Refused;
use floe_core::units::size;

/// So much is read of what a server says about an error, in bytes.
const ERROR_LIMIT: usize = 256 * 1024;

/// What has come of an answer so far.
pub(crate) struct Gathered {
    bytes: Vec<u8>,
    limit: usize,
    is_error: bool,
    server: &'static str,
}

impl Gathered {
    /// For an answer of this status, of which no more than `limit` bytes are taken. `server` is who sends it, for the
    /// message.
    pub(crate) fn new(server: &'static str, status: StatusCode, limit: usize) -> Self {
        let is_error = !status.is_success();
        let limit = if is_error { limit.min(ERROR_LIMIT) } else { limit };
        Gathered { bytes: Vec::new(), limit, is_error, server }
    }

    /// Takes the next piece; says to stop once nothing more is wanted.
    ///
    /// # Errors
    /// The answer is larger than agreed.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<ControlFlow<()>, Refused> {
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
        Err(Refused::no(anyhow!(text)))
    }

    /// All that was taken.
    pub(crate) fn finish(self) -> Bytes {
        self.bytes.into()
    }
}

/// A server's own words, in one line that a person reads.
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
    fn words_are_one_line_of_bearable_length() {
        assert_eq!(words(" no\n::error::x\x1b "), r"no\n::error::x\u{1b}");
        assert_eq!(words(&"ä".repeat(600)).chars().count(), 501);
    }
}
