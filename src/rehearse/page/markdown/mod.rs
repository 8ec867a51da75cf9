//! Release notes as HTML: the part of Markdown that changelogs use, as CommonMark and GitHub read it.
//!
//! Headings, paragraphs, nested lists, quotes, code, tables, rules, links. It never lets HTML through, never links
//! to anything but http and https, and loads nothing: a picture stands as a link.

mod inline;

use inline::Definitions;

use super::html::Html;

/// How deep lists and quotes may be nested; what is deeper stands as a paragraph.
const DEPTH: usize = 8;
/// The headings of the notes stand below the page's own.
const HEADINGS: [&str; 4] = ["h3", "h4", "h5", "h6"];

/// Writes notes.
pub(super) fn render(html: &mut Html, text: &str) {
    let text: Vec<String> = text.lines().map(spaces_for_tabs).collect();
    let mut definitions = Definitions::default();
    let (mut fence, mut top) = (None, 6);
    let mut lines = Vec::new();
    for line in &text {
        Fence::follow(&mut fence, line);
        if fence.is_some() || !definitions.take(line) {
            lines.push(line.as_str());
        }
        if let (None, Some((level, _))) = (fence, heading(line)) {
            top = top.min(level);
        }
    }
    Blocks { definitions, top }.write(html, &lines, (0, false));
}

/// Writes blocks; knows what the whole text says about links and headings.
struct Blocks {
    definitions: Definitions,
    top: usize,
}

impl Blocks {
    /// Writes lines; paragraphs of a tight list stand without a `p`.
    fn write(&self, html: &mut Html, lines: &[&str], (depth, tight): (usize, bool)) {
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let rest = &lines[at..];
            at += if line.trim().is_empty() {
                1
            } else if let Some(fence) = Fence::open(line) {
                code(html, rest, fence)
            } else if let Some((level, text)) = heading(line) {
                let tag = HEADINGS[(level.saturating_sub(self.top)).min(HEADINGS.len() - 1)];
                html.element(tag, &[], |html| self.definitions.render(html, text));
                1
            } else if is_rule(line) {
                html.void("hr", &[]);
                1
            } else if let Some(length) = comment(rest) {
                length
            } else if depth < DEPTH && unindented(line).starts_with('>') {
                self.quote(html, rest, depth)
            } else if depth < DEPTH && Marker::of(line).is_some() {
                self.list(html, rest, depth)
            } else if let Some(aligned) = alignments(rest) {
                self.table(html, rest, &aligned)
            } else {
                self.paragraph(html, rest, tight)
            };
        }
    }

    fn paragraph(&self, html: &mut Html, lines: &[&str], tight: bool) -> usize {
        let more = lines[1..].iter().take_while(|line| !line.trim().is_empty() && !interrupts(line));
        let length = 1 + more.count();
        let text = lines[..length].iter().map(|line| unindented(line)).collect::<Vec<_>>().join("\n");
        let text = text.trim_end();
        match tight {
            true => self.definitions.render(html, text),
            false => html.element("p", &[], |html| self.definitions.render(html, text)),
        }
        length
    }

    fn quote(&self, html: &mut Html, lines: &[&str], depth: usize) -> usize {
        let inside = lines.iter().map_while(|line| unindented(line).strip_prefix('>'));
        let inside: Vec<&str> = inside.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        html.element("blockquote", &[], |html| self.write(html, &inside, (depth + 1, false)));
        inside.len()
    }

    fn list(&self, html: &mut Html, lines: &[&str], depth: usize) -> usize {
        let (mut at, mut loose, mut items) = (0, false, Vec::new());
        let mut first = None;
        while let Some(marker) = lines.get(at).and_then(|line| Marker::of(line)) {
            let kind = *first.get_or_insert((marker.kind, marker.number));
            if kind.0 != marker.kind {
                break;
            }
            let (item, length) = item(&lines[at..], marker.offset);
            // A blank line between two items, or between two blocks of one, sets the list's paragraphs apart.
            let blank_before = at > 0 && lines[at - 1].trim().is_empty();
            let apart = |pair: &[&str]| pair[0].is_empty() && Marker::of(pair[1]).is_none();
            loose |= blank_before || item.windows(2).any(apart);
            items.push(item);
            at += length;
        }
        let number = first.and_then(|(_, number)| number);
        let start = number.filter(|number| *number != 1).map(|number| number.to_string());
        let start = start.as_ref().map(|start| ("start", start.as_str()));
        html.element(if number.is_some() { "ol" } else { "ul" }, start.as_slice(), |html| {
            for item in &items {
                html.element("li", &[], |html| self.write(html, item, (depth + 1, !loose)));
            }
        });
        at
    }

    /// A table of GitHub's kind: a row of heads, a row of dashes, and rows up to a blank line.
    fn table(&self, html: &mut Html, lines: &[&str], aligned: &[&'static str]) -> usize {
        let heads = cells(lines[0]);
        let rows = lines[2..].iter().take_while(|line| !line.trim().is_empty() && !interrupts(line));
        let rows: Vec<Vec<String>> = rows.map(|line| cells(line)).collect();
        html.element("table", &[("class", "stack"), ("role", "table")], |html| {
            html.element("thead", &[("role", "rowgroup")], |html| {
                html.element("tr", &[("role", "row")], |html| {
                    for (head, class) in heads.iter().zip(aligned) {
                        let attributes = [("scope", "col"), ("class", *class), ("role", "columnheader")];
                        html.element("th", &attributes, |html| self.definitions.render(html, head));
                    }
                });
            });
            html.element("tbody", &[("role", "rowgroup")], |html| {
                for row in &rows {
                    html.element("tr", &[("role", "row")], |html| {
                        for (index, (head, class)) in heads.iter().zip(aligned).enumerate() {
                            let cell = row.get(index).map_or("", String::as_str);
                            let attributes =
                                [("data-label", head.as_str()), ("class", *class), ("role", "cell")];
                            html.element("td", &attributes, |html| self.definitions.render(html, cell));
                        }
                    });
                }
            });
        });
        2 + rows.len()
    }
}

/// A code fence: what it is made of, how long it is, and how far it is indented.
#[derive(Clone, Copy)]
struct Fence {
    mark: char,
    length: usize,
    indent: usize,
}

impl Fence {
    fn open(line: &str) -> Option<Self> {
        let text = unindented(line);
        let mark = text.chars().next().filter(|mark| "`~".contains(*mark))?;
        let length = text.chars().take_while(|one| *one == mark).count();
        let named = &text[length..];
        (length >= 3 && !named.contains('`')).then_some(Fence {
            mark,
            length,
            indent: line.len() - text.len(),
        })
    }

    fn is_closed_by(self, line: &str) -> bool {
        let text = line.trim();
        text.len() >= self.length && text.chars().all(|one| one == self.mark)
    }

    /// Goes on by a line: a fence begins, goes on or ends. Its last line is not inside any more.
    fn follow(open: &mut Option<Fence>, line: &str) {
        *open = match *open {
            None => Fence::open(line),
            Some(fence) => Some(fence).filter(|fence| !fence.is_closed_by(line)),
        };
    }
}

fn code(html: &mut Html, lines: &[&str], fence: Fence) -> usize {
    let inside: Vec<&str> = lines[1..].iter().copied().take_while(|line| !fence.is_closed_by(line)).collect();
    let without_indent = |line: &&str| {
        let spaces = line.bytes().take(fence.indent).take_while(|byte| *byte == b' ').count();
        format!("{}\n", &line[spaces..])
    };
    let text: String = inside.iter().map(without_indent).collect();
    // What may be scrolled must be reachable by keyboard.
    html.element("pre", &[("tabindex", "0")], |html| html.code(text));
    (inside.len() + 2).min(lines.len())
}

/// A comment is for whoever edits the notes; visitors do not see it. One that does not end soon is text.
fn comment(lines: &[&str]) -> Option<usize> {
    const REACH: usize = 100;
    unindented(lines[0]).starts_with("<!--").then_some(())?;
    lines.iter().take(REACH).position(|line| line.trim_end().ends_with("-->")).map(|last| last + 1)
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let line = line.trim();
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    let fits = (1..=6).contains(&level) && (text.is_empty() || text.starts_with(' '));
    fits.then(|| (level, text.trim_end_matches('#').trim()))
}

fn is_rule(line: &str) -> bool {
    let mut marks = line.chars().filter(|one| *one != ' ');
    let first = marks.next().filter(|mark| "-*_".contains(*mark));
    first.is_some_and(|first| marks.clone().count() >= 2 && marks.all(|one| one == first))
}

/// Whether a line ends a paragraph although no blank line stands between.
fn interrupts(line: &str) -> bool {
    let list = Marker::of(line).is_some_and(|marker| marker.number.is_none_or(|number| number == 1));
    list || Fence::open(line).is_some()
        || heading(line).is_some()
        || is_rule(line)
        || unindented(line).starts_with('>')
}

/// What a list item begins with.
struct Marker {
    /// The bullet, or what stands behind the number.
    kind: char,
    number: Option<u64>,
    /// How far lines must be indented to belong to it.
    offset: usize,
}

impl Marker {
    fn of(line: &str) -> Option<Self> {
        let text = unindented(line);
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let kind = text[digits..].chars().next()?;
        let fits = if digits == 0 { "-*+".contains(kind) } else { digits < 10 && ".)".contains(kind) };
        let after = text.get(digits + 1..).filter(|_| fits && !is_rule(line))?;
        let spaces = after.bytes().take_while(|byte| *byte == b' ').count();
        (after.is_empty() || spaces > 0).then(|| Marker {
            kind,
            number: text[..digits].parse().ok(),
            offset: line.len() - text.len() + digits + 1 + if (1..5).contains(&spaces) { spaces } else { 1 },
        })
    }
}

/// The lines of the first item, without marker and indentation, and how many lines it takes with the blank ones
/// behind it.
fn item<'t>(lines: &[&'t str], offset: usize) -> (Vec<&'t str>, usize) {
    let mut inside = vec![lines[0].get(offset..).unwrap_or_default()];
    let mut fence = None;
    Fence::follow(&mut fence, inside[0]);
    for line in &lines[1..] {
        let indent = line.len() - unindented(line).len();
        let after_blank = inside.last().is_some_and(|last| last.trim().is_empty());
        let line = match () {
            () if line.trim().is_empty() => "",
            () if indent >= offset => &line[offset..],
            () if after_blank || fence.is_some() || interrupts(line) || Marker::of(line).is_some() => break,
            () => unindented(line),
        };
        Fence::follow(&mut fence, line);
        inside.push(line);
    }
    let length = inside.len();
    while inside.len() > 1 && inside.last().is_some_and(|last| last.is_empty()) {
        inside.pop();
    }
    (inside, length)
}

/// How each column of a table is aligned, if a table begins here.
fn alignments(lines: &[&str]) -> Option<Vec<&'static str>> {
    let (heads, dashes) = (lines.first()?, lines.get(1)?);
    if !(heads.contains('|') && dashes.contains('-')) {
        return None;
    }
    let column = |cell: &String| {
        let (left, right) = (cell.starts_with(':'), cell.ends_with(':'));
        let bare = cell.trim_matches(':');
        (!bare.is_empty() && bare.bytes().all(|byte| byte == b'-')).then_some(match (left, right) {
            (true, true) => "center",
            (false, true) => "right",
            _ => "left",
        })
    };
    let aligned: Option<Vec<_>> = cells(dashes).iter().map(column).collect();
    aligned.filter(|aligned| aligned.len() == cells(heads).len())
}

/// The cells of a table's row; `\|` is a bar in a cell.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = line.strip_suffix('|').filter(|rest| !rest.ends_with('\\')).unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for character in line.chars() {
        match (character, cells.last_mut()) {
            ('|', _) if !escaped => cells.push(String::new()),
            ('|', Some(cell)) => {
                cell.pop();
                cell.push('|');
            }
            (other, Some(cell)) => cell.push(other),
            (_, None) => {}
        }
        escaped = character == '\\' && !escaped;
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// The line without the spaces it begins with; no other white space indents.
fn unindented(line: &str) -> &str {
    line.trim_start_matches(' ')
}

/// The line with its leading tabs as spaces, up to the next of every fourth column.
fn spaces_for_tabs(line: &str) -> String {
    let text = line.trim_start_matches([' ', '\t']);
    let indent = line[..line.len() - text.len()].chars().fold(0, |column, character| match character {
        '\t' => column / 4 * 4 + 4,
        _ => column + 1,
    });
    format!("{}{text}", " ".repeat(indent))
}

#[cfg(test)]
mod tests;
