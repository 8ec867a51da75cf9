//! A `Cargo.toml` with one table more, and every other byte of it as it was.
//!
//! It reads no more of TOML than where a table begins (TOML 1.0.0, "Table"); Cargo reads the result before it is kept.

use std::fmt;

/// There is no `[package]` that the table could stand behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPlace;

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it has no line `[package]`")
    }
}

impl std::error::Error for NoPlace {}

/// Puts a table behind `[package]` and its subtables, before whatever comes next, with the file's own line ends.
///
/// # Errors
///
/// [`NoPlace`].
pub fn with_table(text: &str, table: &str) -> Result<String, NoPlace> {
    let lines = lines(text);
    let is_package = |name: &str| name == "package" || name.starts_with("package.");
    let start = lines.iter().position(|line| line.header == Some("package")).ok_or(NoPlace)?;
    let next = lines[start..].iter().position(|line| line.header.is_some_and(|name| !is_package(name)));
    let at = match next {
        None => text.len(),
        Some(next) => {
            // A comment right above the next table is about that one.
            let above = lines[start..start + next].iter().rev().take_while(|line| line.is_comment).count();
            lines[start + next - above].start
        }
    };
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let (before, after) = text.split_at(at);
    let table = table.replace('\n', end);
    let gap = if before.ends_with('\n') { end.to_owned() } else { end.repeat(2) };
    // One empty line before the table, also if the file has one there already.
    let gap = if before.ends_with(&end.repeat(2)) { "" } else { &gap };
    let tail = if after.is_empty() { "" } else { end };
    Ok(format!("{before}{gap}{table}{tail}{after}"))
}

/// Whether `[profile.release]` says whether symbols are stripped.
pub fn says_strip(text: &str) -> bool {
    let mut header = None;
    lines(text).iter().any(|line| {
        header = line.header.or(header);
        header == Some("profile.release") && text[line.start..].trim_start().starts_with("strip")
    })
}

struct Line<'t> {
    start: usize,
    /// The name of the table that it begins.
    header: Option<&'t str>,
    is_comment: bool,
}

/// The lines, told apart into headers, comments and the rest. What looks like a header inside a text or a list is none.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut state = Value::default();
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let trimmed = line.trim();
            let is_free = state.is_over();
            let header = is_free.then(|| header(trimmed)).flatten();
            if header.is_none() {
                state.read(line);
            }
            let found = Line { start, header, is_comment: is_free && trimmed.starts_with('#') };
            start += line.len();
            found
        })
        .collect()
}

/// The name between the brackets of a header.
fn header(line: &str) -> Option<&str> {
    let inside = line.strip_prefix("[[").or(line.strip_prefix('['))?;
    Some(inside.split_once(']')?.0.trim())
}

/// How far a value that may go over several lines has been read.
#[derive(Default)]
struct Value {
    /// The quotes that end the text that it is in.
    quotes: Option<&'static str>,
    /// How many brackets and braces are open.
    depth: usize,
}

impl Value {
    fn is_over(&self) -> bool {
        self.quotes.is_none() && self.depth == 0
    }

    fn read(&mut self, line: &str) {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let mut length = first.len_utf8();
            match self.quotes {
                Some(end) if rest.starts_with(end) => (self.quotes, length) = (None, end.len()),
                // The escape and what it escapes.
                Some("\"" | "\"\"\"") if first == '\\' => {
                    length += rest[1..].chars().next().map_or(0, char::len_utf8);
                }
                Some(_) => {}
                None => match first {
                    '#' => break,
                    '[' | '{' => self.depth += 1,
                    ']' | '}' => self.depth = self.depth.saturating_sub(1),
                    '"' | '\'' => {
                        let quotes = ["\"\"\"", "'''", "\"", "'"];
                        self.quotes = quotes.into_iter().find(|quotes| rest.starts_with(quotes));
                        length = self.quotes.map_or(1, str::len);
                    }
                    _ => {}
                },
            }
            rest = &rest[length..];
        }
        // Only texts in three quotes go over the end of a line.
        if matches!(self.quotes, Some("\"" | "'")) {
            self.quotes = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    const TABLE: &str = "[package.metadata.floe]\nx = 1\n";

    #[test]
    fn the_table_stands_behind_the_package_and_nothing_else_moves() {
        let text = "[package] # mine\nname = \"a\"\nkeywords = [\n  \"[x]\",\n  [\"[y]\"]\n]\n\n[package.metadata.deb]\n\
            text = \"\"\"\n[not.a.table]\n\\\"\"\"\"\n\n# About what is needed.\n[dependencies]\nb = \"1\"\n";
        expect![[r#"
            [package] # mine
            name = "a"
            keywords = [
              "[x]",
              ["[y]"]
            ]

            [package.metadata.deb]
            text = """
            [not.a.table]
            \""""

            [package.metadata.floe]
            x = 1

            # About what is needed.
            [dependencies]
            b = "1"
        "#]]
        .assert_eq(&with_table(text, TABLE).unwrap());
    }

    #[test]
    fn a_file_that_ends_with_the_package_gets_it_at_its_end() {
        for (text, gap) in [("[package]\nname = 'a'", "\n\n"), ("[package]\nname = 'a'\n", "\n")] {
            assert_eq!(with_table(text, TABLE).unwrap(), format!("{text}{gap}{TABLE}"));
        }
        assert_eq!(
            with_table("[package]\r\na = 1\r\n[lib]\r\n", TABLE).unwrap(),
            "[package]\r\na = 1\r\n\r\n[package.metadata.floe]\r\nx = 1\r\n\r\n[lib]\r\n"
        );
    }

    #[test]
    fn without_a_package_there_is_no_place() {
        assert_eq!(with_table("[workspace]\nmembers = [\"[package]\"]\n", TABLE), Err(NoPlace));
        assert_eq!(with_table("x = '''\n[package]\n'''\n", TABLE), Err(NoPlace));
    }

    #[test]
    fn stripping_is_found_only_in_the_release_profile() {
        assert!(says_strip("[profile.release]\nlto = true\nstrip = true\n"));
        assert!(!says_strip("[profile.dev]\nstrip = true\n[profile.release]\nlto = true\n# strip = true\n"));
    }
}
