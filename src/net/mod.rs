//! The HTTP transport and its rules: addresses, uploads, retries, waiting and signals.

pub mod address;
pub mod body;
pub mod client;
pub mod retry;
pub mod stop;
pub mod wait;

use http::HeaderValue;

/// The value of a header that no log shows; `None` if it has a letter that no header has, such as a line break.
pub(crate) fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A server's own words as one short line.
pub(crate) fn words(text: &str) -> String {
    const LONGEST: usize = 500;
    let line = floe_core::untrusted::text::line(text.trim());
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_one_line_of_bearable_length() {
        assert_eq!(words(" no\n::error::x\x1b "), r"no\n::error::x\u{1b}");
        assert_eq!(words(&"ä".repeat(600)).chars().count(), 501);
        assert_eq!(words(&"ä".repeat(500)).chars().count(), 500);
    }
}
