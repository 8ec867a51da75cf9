//! Texts of a project inside of files in other languages: each is escaped for the language that it ends in.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use floe_core::untrusted::text::is_safe;

/// The characters that a part of a path in a URL cannot have.
pub(super) const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');
/// The characters that no URL has.
const NOT_IN_URLS: &AsciiSet = &{
    let (mut set, mut rest) = (CONTROLS.add(b' '), b"\"'$`<>\\^{|}".as_slice());
    while let [letter, more @ ..] = rest {
        (set, rest) = (set.add(*letter), more);
    }
    set
};

/// A URL in plain ASCII: other characters, and those that are special in a language, are percent-encoded.
pub(super) fn url(text: &str) -> String {
    utf8_percent_encode(text.trim(), NOT_IN_URLS).to_string()
}

/// Replaces each `__NAME__` by its value, in one pass: what was inserted is not looked at again.
pub(super) fn fill(skeleton: &str, values: &[(&str, String)]) -> String {
    // Every second part is a name.
    let parts = skeleton.split("__").enumerate().map(|(at, part)| match at % 2 {
        0 => part.to_owned(),
        _ => match values.iter().find(|(name, _)| *name == part) {
            Some((_, value)) => value.clone(),
            None => format!("__{part}__"),
        },
    });
    // git may have changed the line endings of the skeleton.
    parts.collect::<String>().replace("\r\n", "\n")
}

/// A word of a shell. Control characters but the line break are dropped: no name or URL has any.
pub(super) fn sh(text: &str) -> String {
    let text: String = text.chars().filter(|c| *c == '\n' || is_safe(*c)).collect();
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A string of PowerShell, in ASCII: Windows PowerShell reads a file without a mark as ANSI, and takes typographic
/// quotes for quotes.
pub(super) fn ps1(text: &str) -> String {
    let is_plain = |c: char| c == ' ' || c.is_ascii_graphic();
    if text.chars().all(is_plain) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut units = [0; 2];
    let mut parts = Vec::new();
    for letter in text.chars() {
        match is_plain(letter) {
            true => parts.push(format!("'{}'", letter.to_string().replace('\'', "''"))),
            false => parts.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("[char]{unit}"))),
        }
    }
    format!("('' + {})", parts.join(" + "))
}

/// The text in one line: whitespace becomes a space, and invisible characters are dropped.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.chars().filter(|c| is_safe(*c)).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A string literal of Ruby, in which nothing is interpolated.
pub(super) fn ruby(text: &str) -> String {
    let mut literal = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' | '#' => literal.extend(['\\', letter]),
            '\n' => literal.push_str("\\n"),
            _ if is_safe(letter) => literal.push(letter),
            _ => literal.extend(letter.escape_unicode()),
        }
    }
    literal.push('"');
    literal
}

/// A string of JSON, which is also a scalar of YAML.
pub(super) fn json(text: &str) -> String {
    let json = serde_json::to_string(text).expect("a string is JSON");
    floe_core::untrusted::text::json(&json).into_owned()
}

/// Text of XML, also inside of an attribute. Characters that XML does not allow are dropped.
pub(super) fn xml(text: &str) -> String {
    let text: String = text.chars().filter(|c| *c == '\n' || is_safe(*c)).collect();
    let escapes = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&apos;")];
    // The ampersand first, because it is in all others.
    escapes.iter().fold(text, |text, (letter, escape)| text.replace(*letter, escape))
}

/// The text cut to at most `limit` characters, at the end of a word where there is one.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(limit) else { return text };
    let head = &text[..end];
    let is_cut = !text[end..].starts_with(' ');
    match head.rfind(' ') {
        Some(space) if is_cut => head[..space].trim_end(),
        _ => head.trim_end(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_ruby_literal_is_evaluated() {
        assert_eq!(ruby(r#"a "b" #{1} \#$x"#), r##""a \"b\" \#{1} \\\#$x""##);
        assert_eq!(ruby("a\nb\r\u{202e}\0"), "\"a\\nb\\u{d}\\u{202e}\\u{0}\"");
    }

    #[test]
    fn what_was_filled_in_is_not_filled_again() {
        let values = [("A", "__B__".to_owned()), ("B", "b".to_owned()), ("PREFIX", "TOOL".to_owned())];
        assert_eq!(fill("__A__ __B__ __C__ __PREFIX___DIR _", &values), "__B__ b __C__ TOOL_DIR _");
    }

    #[test]
    fn words_and_strings_hold_any_text() {
        assert_eq!(sh("a'b$(c)\n\u{202e}\0d"), "'a'\\''b$(c)\nd'");
        assert_eq!(ps1("a'b$(c)"), "'a''b$(c)'");
        assert_eq!(ps1("a’\n"), "('' + 'a' + [char]8217 + [char]10)");
        assert_eq!(url(" https://example.org/ä$(x)'\"%20"), "https://example.org/%C3%A4%24(x)%27%22%20");
    }

    #[test]
    fn texts_are_cut_between_words() {
        assert_eq!(cut("one two three", 100), "one two three");
        assert_eq!(cut("one two three", 7), "one two");
        assert_eq!(cut("one two three", 9), "one two");
        assert_eq!(cut("onetwothree", 4), "onet");
        assert_eq!(cut("ä ö ü", 3), "ä ö");
        assert_eq!(one_line(" a\n\tb\u{202e} \u{200b} c "), "a b c");
    }
}
