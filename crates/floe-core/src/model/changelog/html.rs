//! Headings that a document writes in HTML.

use std::ops::Range;

/// The levels, texts and places of headings like `<h2 id="x">1.4.0</h2>`, with the tags around them.
pub(super) fn html_headings(html: &str) -> Vec<(usize, String, Range<usize>)> {
    let mut found: Vec<(usize, String, Range<usize>)> = Vec::new();
    let mut open: Option<(usize, String, usize)> = None;
    let mut has_text = html.split('<').next().is_some_and(|text| !text.trim().is_empty());
    for (at, _) in html.match_indices('<') {
        let part = html[at + 1..].split('<').next().unwrap_or_default();
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        let is_blank = text.trim().is_empty();
        let end = at + 1 + if is_blank { part.len() } else { tag.len() + 1 };
        let level = name.strip_prefix('h').and_then(|level| level.parse().ok());
        match (open.take(), level.filter(|level| (1..=6).contains(level))) {
            (Some((level, heading, begin)), _) if name == format!("/h{level}") => {
                found.push((level, heading, begin..end));
            }
            (Some((level, heading, begin)), _) => open = Some((level, heading + text, begin)),
            (None, Some(level)) => {
                let begin = if found.is_empty() && !has_text { 0 } else { at };
                open = Some((level, text.to_owned(), begin));
            }
            (None, None) => {
                if let Some((_, _, last)) = found.last_mut().filter(|(_, _, last)| is_blank && last.end == at)
                {
                    last.end = end;
                }
                has_text |= !is_blank;
            }
        }
    }
    found
}
