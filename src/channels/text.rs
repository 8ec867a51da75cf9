//! Texts of a project inside of files in other languages: each is escaped for the language that it ends in.

use floe_core::untrusted::text::is_safe;

/// The text in one line: whitespace becomes a space, and characters that nobody sees are dropped.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.chars().filter(|c| is_safe(*c)).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A string literal of Ruby, in which nothing is interpolated.
pub(super) fn ruby(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
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
    fn texts_are_cut_between_words() {
        assert_eq!(cut("one two three", 100), "one two three");
        assert_eq!(cut("one two three", 7), "one two");
        assert_eq!(cut("one two three", 9), "one two");
        assert_eq!(cut("onetwothree", 4), "onet");
        assert_eq!(cut("ä ö ü", 3), "ä ö");
        assert_eq!(one_line(" a\n\tb\u{202e} \u{200b} c "), "a b c");
    }
}
