//! Text that somebody else wrote, made fit for a terminal, a log and a page: it can neither move the cursor, nor turn
//! the direction of reading, nor look like a line of floe's own.
//!
//! Nothing is dropped: what is not fit stands there in the form `\u{1b}`.

use std::borrow::Cow;

/// What stands before each further line of a text that has several: no command of a workflow and no `hint:` of floe's
/// own begins like this.
const FURTHER: &str = "\n    | ";

/// The text in one line.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// The text with its line breaks, each further line marked as one.
pub fn lines(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.trim_end_matches(['\n', '\r']).split('\n').map(clean).collect();
    lines.join(FURTHER)
}

/// The text as a table that floe itself laid out: line breaks and tabs are its own.
pub fn table(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| matches!(letter, '\n' | '\t'))
}

/// JSON in which no string holds a character that is not fit for a terminal. It stays the same value.
pub fn json(text: &str) -> Cow<'_, str> {
    if text.chars().all(|letter| letter == '\n' || is_fit(letter)) {
        return Cow::Borrowed(text);
    }
    let mut fit = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if letter == '\n' || is_fit(letter) {
            fit.push(letter);
            continue;
        }
        let mut units = [0; 2];
        for unit in letter.encode_utf16(&mut units) {
            fit.push_str(&format!("\\u{unit:04x}"));
        }
    }
    Cow::Owned(fit)
}

fn clean(line: &str) -> Cow<'_, str> {
    escaped(line.trim_end_matches('\r'), |letter| letter == '\t')
}

fn escaped(text: &str, may_stay: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(|letter| may_stay(letter) || is_fit(letter)) {
        return Cow::Borrowed(text);
    }
    let mut fit = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match may_stay(letter) || is_fit(letter) {
            true => fit.push(letter),
            false => fit.extend(letter.escape_default()),
        }
    }
    Cow::Owned(fit)
}

/// Neither a control character (C0, DEL, C1) nor one that is not seen and changes how others are: Unicode's separators
/// of lines, marks of direction (UAX 9), zero-width letters and tags.
fn is_fit(letter: char) -> bool {
    let unseen = matches!(letter,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !letter.is_control() && !unseen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_is_shown_instead() {
        assert_eq!(line("plain, ä, 漢, \u{1f980}"), "plain, ä, 漢, \u{1f980}");
        assert_eq!(line("a\x1b[2J\x07\x7f\u{9b}b"), "a\\u{1b}[2J\\u{7}\\u{7f}\\u{9b}b");
        assert_eq!(line("a\n::set-output\r"), "a\\n::set-output\\r");
        assert_eq!(line("txt.\u{202e}exe"), "txt.\\u{202e}exe");
        assert_eq!(table("a\n\tb\x1b"), "a\n\tb\\u{1b}");
    }

    #[test]
    fn a_further_line_never_looks_like_one_of_our_own() {
        assert_eq!(lines("one\r\nhint: two\n::error::three\n"), "one\n    | hint: two\n    | ::error::three");
    }

    #[test]
    fn json_stays_the_value_it_was() {
        let value = serde_json::json!({ "a\u{9b}": "\u{1b}[2J\u{202e}\u{e0041}ä\n" });
        let text = serde_json::to_string_pretty(&value).unwrap();
        let fit = json(&text);
        assert!(fit.chars().all(|letter| letter == '\n' || is_fit(letter)), "{fit}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&fit).unwrap(), value);
    }
}
