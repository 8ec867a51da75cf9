//! Untrusted text, escaped for a terminal, a log and a page: it cannot move the cursor, change the reading
//! direction or look like a line of floe's own.
//!
//! Nothing is dropped: an unsafe character is shown as `\u{1b}`.

use std::borrow::Cow;

/// Begins the second and each later line of a text: no workflow command and no `hint:` of floe begins like this.
const FURTHER: &str = "\n    | ";

/// The text in one line.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false, in_rust)
}

/// A name from a file or an archive, at most 200 characters of it.
pub fn name(name: impl AsRef<[u8]>) -> String {
    let escape = |letter: char| match letter {
        '"' | '\'' => letter.to_string(),
        _ => letter.escape_debug().to_string(),
    };
    String::from_utf8_lossy(name.as_ref()).chars().take(200).map(escape).collect()
}

/// The text with its line breaks, each line after the first marked as such.
pub fn lines(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text
        .trim_end_matches(['\n', '\r'])
        .split('\n')
        .map(|line| escaped(line.trim_end_matches('\r'), |letter| letter == '\t', in_rust))
        .collect();
    lines.join(FURTHER)
}

/// The text of a table that floe laid out: line breaks and tabs are kept.
pub fn table(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| matches!(letter, '\n' | '\t'), in_rust)
}

/// JSON in which unsafe characters of strings are escaped. It stays the same value.
pub fn json(text: &str) -> Cow<'_, str> {
    escaped(
        text,
        |letter| letter == '\n',
        |letter| letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    )
}

/// The text with unsafe characters in another form, except those to keep.
fn escaped(text: &str, keep: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    let is_fine = |letter: char| keep(letter) || is_safe(letter);
    if text.chars().all(is_fine) {
        return Cow::Borrowed(text);
    }
    let shown = |letter: char| if is_fine(letter) { letter.to_string() } else { escape(letter) };
    text.chars().map(shown).collect()
}

fn in_rust(letter: char) -> String {
    letter.escape_default().to_string()
}

/// Whether a character is safe to print: excludes control characters (C0, DEL, C1) and invisible ones that change how others are shown: Unicode's line
/// separators, direction marks (UAX 9), zero-width characters and tags.
pub fn is_safe(letter: char) -> bool {
    let is_invisible = matches!(letter,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !letter.is_control() && !is_invisible
}

/// Whether a text is one or more ASCII letters, digits and `others`.
pub fn has_only(text: &str, others: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_are_escaped() {
        assert_eq!(line("plain, ä, 漢, \u{1f980}"), "plain, ä, 漢, \u{1f980}");
        assert_eq!(line("a\x1b[2J\x07\x7f\u{9b}b"), "a\\u{1b}[2J\\u{7}\\u{7f}\\u{9b}b");
        assert_eq!(line("a\n::set-output\r"), "a\\n::set-output\\r");
        assert_eq!(line("txt.\u{202e}exe"), "txt.\\u{202e}exe");
        assert_eq!(table("a\n\tb\x1b"), "a\n\tb\\u{1b}");
    }

    #[test]
    fn a_later_line_never_looks_like_one_of_floes_own() {
        assert_eq!(lines("one\r\nhint: two\n::error::three\n"), "one\n    | hint: two\n    | ::error::three");
    }

    #[test]
    fn json_stays_the_value_it_was() {
        let value = serde_json::json!({ "a\u{9b}": "\u{1b}[2J\u{202e}\u{e0041}ä\n" });
        let text = serde_json::to_string_pretty(&value).unwrap();
        let fit = json(&text);
        assert!(fit.chars().all(|letter| letter == '\n' || is_safe(letter)), "{fit}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&fit).unwrap(), value);
    }
}
