//! The inside of a line of Markdown: code, links, bold, italic, hard breaks.
//!
//! It never looks further than [`REACH`] bytes for an end, so that no text, however hostile, takes long.

use std::collections::BTreeMap;

use super::super::html::{Html, web_address};

/// How long a construct may be, in bytes; what is longer stands as it was typed.
const REACH: usize = 1000;
/// How deep constructs may be nested.
const DEPTH: usize = 8;

/// What links by reference lead to: the address by label in lower case; none if it is no address of the web.
#[derive(Default)]
pub(super) struct Definitions(BTreeMap<String, Option<String>>);

/// A construct of a line.
enum Construct<'t> {
    Text(&'t str),
    Break,
    Code(&'t str),
    Link { label: &'t str, address: Option<String> },
    Address { shown: &'t str, address: String },
    Marked { tag: &'static str, inside: &'t str },
}

impl Definitions {
    /// Takes a line in if it is a definition, `[label]: address`, with or without a title (CommonMark, section 4.7).
    pub(super) fn take(&mut self, line: &str) -> bool {
        let Some((label, rest)) = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]:"))
        else {
            return false;
        };
        let rest = rest.trim();
        let (address, title) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if address.is_empty() || label.starts_with('^') || label.contains(['[', ']']) {
            return false;
        }
        if !(title.is_empty() || title.trim_start().starts_with(['"', '\'', '('])) {
            return false;
        }
        let address = address.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(address);
        self.0.entry(label.to_lowercase()).or_insert_with(|| web_address(address));
        true
    }

    /// Writes a text with all that is in it.
    pub(super) fn render(&self, html: &mut Html, text: &str) {
        self.write(html, text, (0, false));
    }

    fn write(&self, html: &mut Html, text: &str, (depth, in_link): (usize, bool)) {
        let (mut at, mut plain) = (0, 0);
        while at < text.len() {
            let Some((construct, length)) = self.construct(text, at, in_link).filter(|_| depth < DEPTH)
            else {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                continue;
            };
            html.text(&text[plain..at]);
            at += length;
            plain = at;
            match construct {
                Construct::Text(text) => html.text(text),
                Construct::Break => html.void("br", &[]),
                Construct::Code(code) => html.code(code.replace('\n', " ")),
                Construct::Link { label, address: Some(address) } => {
                    html.web_link(&address, |html| self.write(html, label, (depth + 1, true)));
                }
                Construct::Link { label, address: None } => self.write(html, label, (depth + 1, in_link)),
                Construct::Address { shown, address } => html.web_link(&address, |html| html.text(shown)),
                Construct::Marked { tag, inside } => {
                    html.element(tag, &[], |html| self.write(html, inside, (depth + 1, in_link)));
                }
            }
        }
        html.text(&text[plain..]);
    }

    /// The construct that begins at a byte, and its length in bytes.
    fn construct<'t>(&self, text: &'t str, at: usize, in_link: bool) -> Option<(Construct<'t>, usize)> {
        let rest = &text[at..];
        let rest = &rest[..rest.floor_char_boundary(REACH)];
        let before = text[..at].chars().next_back();
        match rest.as_bytes()[0] {
            b'\\' => match rest.as_bytes().get(1)? {
                b'\n' => Some((Construct::Break, 2)),
                next if next.is_ascii_punctuation() => Some((Construct::Text(&rest[1..2]), 2)),
                _ => None,
            },
            b' ' => {
                let spaces = run(rest, b' ');
                (spaces >= 2 && rest[spaces..].starts_with('\n')).then_some((Construct::Break, spaces + 1))
            }
            b'`' => Some(code(rest).unwrap_or_else(|| {
                let ticks = run(rest, b'`');
                (Construct::Text(&rest[..ticks]), ticks)
            })),
            b'!' => self.image(rest, in_link),
            b'[' if !in_link => self.link(rest),
            b'<' if !in_link => {
                let shown = &rest[1..rest.find('>')?];
                let address = web_address(shown).filter(|_| !shown.contains(char::is_whitespace))?;
                Some((Construct::Address { shown, address }, shown.len() + 2))
            }
            b'h' if !in_link && !before.is_some_and(char::is_alphanumeric) => bare_address(rest),
            b'*' | b'_' => emphasis(rest, before),
            _ => None,
        }
    }

    /// A picture stands as a link with its description: the page loads nothing.
    fn image<'t>(&self, rest: &'t str, in_link: bool) -> Option<(Construct<'t>, usize)> {
        match self.link(rest.get(1..).filter(|rest| rest.starts_with('['))?)? {
            (Construct::Link { label, .. }, length) if in_link => Some((Construct::Text(label), length + 1)),
            (Construct::Link { label: "", address }, length) => {
                Some((Construct::Link { label: "image", address }, length + 1))
            }
            (link, length) => Some((link, length + 1)),
        }
    }

    /// `[text](address "title")`, `[text][label]`, `[label][]` and `[label]`.
    fn link<'t>(&self, rest: &'t str) -> Option<(Construct<'t>, usize)> {
        let end = closing_bracket(rest)?;
        let (label, after) = (&rest[1..end], &rest[end + 1..]);
        if let Some((address, length)) = destination(after) {
            return Some((Construct::Link { label, address: web_address(address) }, end + 1 + length));
        }
        let reference =
            after.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inside, _)| inside);
        let length = end + 1 + reference.map_or(0, |reference| reference.len() + 2);
        let named = reference.filter(|reference| !reference.is_empty()).unwrap_or(label);
        let address = self.0.get(&named.to_lowercase())?.clone();
        Some((Construct::Link { label, address }, length))
    }
}

/// How often a byte stands at the beginning of a text.
fn run(text: &str, byte: u8) -> usize {
    text.bytes().take_while(|one| *one == byte).count()
}

/// Code between as many backticks as it began with.
fn code(rest: &str) -> Option<(Construct<'_>, usize)> {
    let ticks = run(rest, b'`');
    let mut at = ticks;
    loop {
        at += rest[at..].find('`')?;
        let closing = run(&rest[at..], b'`');
        if closing == ticks {
            break;
        }
        at += closing;
    }
    let inside = &rest[ticks..at];
    // One space at both ends is there for code that begins or ends with a backtick.
    let trimmed = inside.strip_prefix(' ').and_then(|inside| inside.strip_suffix(' '));
    let inside = trimmed.filter(|trimmed| !trimmed.trim().is_empty()).unwrap_or(inside);
    Some((Construct::Code(inside), at + ticks))
}

/// The next byte after what begins at `at` and means nothing: an escaped character or code.
fn skip(rest: &str, at: usize) -> Option<usize> {
    match rest.as_bytes()[at] {
        b'\\' => Some(at + 2),
        b'`' => Some(at + code(&rest[at..]).map_or_else(|| run(&rest[at..], b'`'), |(_, length)| length)),
        _ => None,
    }
}

fn closing_bracket(rest: &str) -> Option<usize> {
    let (mut at, mut open) = (0, 0_usize);
    while at < rest.len() {
        if let Some(next) = skip(rest, at) {
            at = next;
            continue;
        }
        match rest.as_bytes()[at] {
            b'[' => open += 1,
            b']' if open == 1 => return Some(at),
            b']' => open -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// `(address "title")`: the address and the length of the whole.
fn destination(after: &str) -> Option<(&str, usize)> {
    let inside = after.strip_prefix('(')?;
    let mut open = 0_usize;
    let end = inside.find(|character: char| {
        match character {
            '(' => open += 1,
            ')' if open == 0 => return true,
            ')' => open -= 1,
            _ => {}
        }
        false
    })?;
    let text = inside[..end].trim();
    let (address, title) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let address = address.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(address);
    (title.is_empty() || title.trim_start().starts_with(['"', '\''])).then_some((address, end + 2))
}

/// An address that stands in the text as it is, without the punctuation that follows it.
fn bare_address(rest: &str) -> Option<(Construct<'_>, usize)> {
    if !(rest.starts_with("https://") || rest.starts_with("http://")) {
        return None;
    }
    let end = rest
        .find(|c: char| c.is_whitespace() || c.is_control() || "<>`\"|[]".contains(c))
        .unwrap_or(rest.len());
    let mut shown = rest[..end].trim_end_matches(|c| "?!.,:;*_~'".contains(c));
    while shown.ends_with(')') && shown.matches(')').count() > shown.matches('(').count() {
        shown = shown[..shown.len() - 1].trim_end_matches(|c| "?!.,:;*_~'".contains(c));
    }
    Some((Construct::Address { shown, address: web_address(shown)? }, shown.len()))
}

/// `*italic*`, `**bold**`, `***both***`, and the same with `_` where that does not stand inside a word.
fn emphasis(rest: &str, before: Option<char>) -> Option<(Construct<'_>, usize)> {
    let mark = rest.as_bytes()[0];
    let width = run(rest, mark);
    let literal = Some((Construct::Text(&rest[..width]), width));
    let in_word = |character: Option<char>| mark == b'_' && character.is_some_and(char::is_alphanumeric);
    if width > 3 || in_word(before) || rest[width..].chars().next().is_none_or(char::is_whitespace) {
        return literal;
    }
    let mut at = width;
    while let Some(found) =
        rest.get(at..).and_then(|rest| rest.bytes().position(|b| b == mark || b"\\`".contains(&b)))
    {
        at += found;
        if let Some(next) = skip(rest, at) {
            at = next;
            continue;
        }
        let closing = run(&rest[at..], mark);
        let spaced = rest[..at].ends_with(char::is_whitespace);
        let fits = closing == width || closing == 3;
        if spaced || !fits || in_word(rest[at + closing..].chars().next()) {
            at += closing;
            continue;
        }
        // Of three marks at the end, the inner ones belong to what is inside.
        let (tag, own) = if width == 1 { ("em", 1) } else { ("strong", 2) };
        let end = at + closing;
        return Some((Construct::Marked { tag, inside: &rest[own..end - own] }, end));
    }
    literal
}
