//! Writes the names, texts and identifiers of a file in a form that is safe to print.

/// The longest name or path that is kept, in bytes.
pub(super) const TEXT: usize = 1024;

/// A text without control characters and invalid UTF-8, which are replaced, and without the bytes after the first 1024.
pub(super) fn printable(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(TEXT)];
    let shown = |letter: char| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
    String::from_utf8_lossy(bytes).chars().map(shown).collect()
}

/// The text before the first zero byte.
pub(super) fn until_zero(bytes: &[u8]) -> String {
    printable(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// The name of a number in a table of `number=name`, or the number.
pub(super) fn named(number: u32, names: &str) -> String {
    let number = number.to_string();
    let name = names.split(' ').find_map(|entry| entry.strip_prefix(&number)?.strip_prefix('='));
    name.map_or_else(|| number.clone(), str::to_owned)
}

/// `XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX`
pub(super) fn uuid(bytes: [u8; 16]) -> String {
    let hex = hex::encode_upper(bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_named_or_written() {
        let names = ["1", "11", "2"].map(|number| named(number.parse().unwrap(), "11=b 1=a"));
        assert_eq!(names, ["a", "b", "2"]);
    }

    #[test]
    fn identifiers_are_written_as_apple_does() {
        assert_eq!(uuid([0xab; 16]), "ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB");
    }

    #[test]
    fn names_lose_terminal_control_sequences() {
        assert_eq!(printable(b"lib\x1b[31m\xff.so"), "lib\u{fffd}[31m\u{fffd}.so");
        assert_eq!(printable(&[b'a'; 5000]).len(), 1024);
    }
}
