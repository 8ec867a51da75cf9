//! The section of a changelog for one version, cut out of its source.
//!
//! A CommonMark parser with GitHub's extensions decides what is a heading, code or a comment.

mod html;
mod title;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use semver::{BuildMetadata, Version};

use html::html_headings;
use title::{Mention, is_unreleased, mentions, names_project};

/// Why a changelog has no text for a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSection {
    /// No heading names it.
    #[error("has no section for")]
    Missing,
    /// Nothing is below its heading.
    #[error("has nothing below its heading for")]
    Empty,
    /// Several headings name only a part of it, such as `1.4` of 1.4.0.
    #[error("has several headings that may be for")]
    Ambiguous,
}

/// The section for a version of the project with these names: from the heading that names it to the next one that names
/// another version. The definitions of its links and footnotes come with it. Line ends become `\n`.
///
/// # Errors
/// There is no such section, or nothing in it.
pub fn section(changelog: &str, version: &Version, names: &[String]) -> Result<String, NoSection> {
    let source = normalised(changelog);
    let document = Document::read(&source, names);
    let plain = Version { build: BuildMetadata::EMPTY, ..version.clone() };
    let found = match document.find(version) {
        // Builds of a version share its section.
        Err(NoSection::Missing) => document.find(&plain)?,
        found => found?,
    };
    let found = document.own(found)?;
    // A heading below the section's may name the same version.
    let ends = |heading: &Heading, level| {
        let is_own = heading.level > level && heading.mentions.iter().any(|mention| mention.is(version));
        !is_own && heading.is_title(level)
    };
    found.into_iter().find_map(|at| document.text(at, ends)).ok_or(NoSection::Empty)
}

/// The section of what is not released yet: below a heading that begins with `Unreleased`.
pub fn unreleased(changelog: &str) -> Option<String> {
    let source = normalised(changelog);
    let document = Document::read(&source, &[]);
    let at = document.headings.iter().position(|heading| heading.is_unreleased)?;
    document.text(at, Heading::is_title)
}

fn normalised(changelog: &str) -> String {
    changelog.strip_prefix('\u{feff}').unwrap_or(changelog).replace("\r\n", "\n").replace('\r', "\n")
}

/// Text that ends outside of any block that would take in what follows: an open code block is closed, and an open
/// comment is left out.
pub(super) fn closed(text: &str) -> String {
    let after = format!("{text}\n\n# After\n");
    let (mut depth, mut details) = (0_usize, 0_isize);
    for (event, range) in Parser::new_ext(&after, options()).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if depth == 0 && range.start < text.len() && range.end > text.len() + 2 {
                    return match tag {
                        Tag::HtmlBlock => closed(text[..range.start].trim_end()),
                        _ => format!("{text}\n{}", fence(&text[range.start..])),
                    };
                }
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            Event::Html(html) | Event::InlineHtml(html) if !html.starts_with("<!--") => {
                details += html.matches("<details").count() as isize;
                details -= html.matches("</details").count() as isize;
            }
            _ => {}
        }
    }
    format!("{text}{}", "\n\n</details>".repeat(details.max(0) as usize))
}

/// The characters that a code block begins with.
fn fence(block: &str) -> &str {
    let block = block.trim_start();
    let first = block.chars().next().unwrap_or('`');
    &block[..block.len() - block.trim_start_matches(first).len()]
}

/// The extensions that GitHub renders.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
}

/// The level of a line in bold that names a version, below all headings.
const BOLD: usize = 7;

/// A heading on lines of its own.
struct Heading {
    level: usize,
    range: Range<usize>,
    mentions: Vec<Mention>,
    is_unreleased: bool,
    /// Whether it names the project.
    is_own: bool,
}

impl Heading {
    fn new(level: usize, range: Range<usize>, text: &str, names: &[String]) -> Self {
        let (is_unreleased, is_own) = (is_unreleased(text), names_project(text, names));
        Heading { level, range, mentions: mentions(text, names), is_unreleased, is_own }
    }

    /// Whether it is the title of a version, seen from a section of this level. A heading below that may mention a version
    /// in passing.
    fn is_title(&self, level: usize) -> bool {
        let is_level = self.level <= level;
        let is_clear = |one: &Mention| one.leads && one.ends && one.numbers > 1;
        self.mentions.iter().any(|one| is_clear(one) || is_level && (one.leads || one.ends))
    }
}

/// A changelog with its headings.
struct Document<'s> {
    source: &'s str,
    events: Vec<(Event<'s>, Range<usize>)>,
    headings: Vec<Heading>,
    /// Blocks without content: lines that part sections, and the anchors of headings.
    separators: Vec<Range<usize>>,
    /// The definitions of links, by their labels.
    links: BTreeMap<String, Range<usize>>,
    footnotes: BTreeMap<String, Range<usize>>,
}

impl<'s> Document<'s> {
    fn read(source: &'s str, names: &[String]) -> Self {
        let parser = Parser::new_ext(source, options()).into_offset_iter();
        let definitions = parser.reference_definitions().iter();
        let links = definitions.map(|(name, definition)| (label(name), definition.span.clone())).collect();
        let mut document = Document {
            source,
            events: parser.collect(),
            headings: Vec::new(),
            separators: Vec::new(),
            links,
            footnotes: BTreeMap::new(),
        };
        let (mut depth, mut lists, mut begin) = (0_usize, 0_usize, 0);
        // The spaces before headings outside of lists. A heading with as many belongs to the document, although a list before
        // it takes it in.
        let mut margins = BTreeSet::new();
        for at in 0..document.events.len() {
            let (event, range) = document.events[at].clone();
            match event {
                Event::Start(tag) => {
                    let is_heading = matches!(tag, Tag::Heading { .. } | Tag::HtmlBlock);
                    let margin = document.margin(range.start).filter(|_| is_heading);
                    let is_outside = depth == 0 && !matches!(tag, Tag::HtmlBlock);
                    let is_taken_in =
                        |margin| depth > 0 && depth == lists && margin > 0 && margins.contains(&margin);
                    if margin.is_some_and(|margin| is_outside || is_taken_in(margin)) {
                        let is_end = |event: &Event<'_>| {
                            matches!(event, Event::End(TagEnd::Heading(_) | TagEnd::HtmlBlock))
                        };
                        let end = document.events[at..].iter().position(|(event, _)| is_end(event));
                        document.block(at..at + end.unwrap_or_default(), names);
                    }
                    if depth == 0 {
                        margins.extend(margin);
                    }
                    begin = if depth == 0 { at } else { begin };
                    depth += 1;
                    lists += usize::from(matches!(tag, Tag::List(_) | Tag::Item));
                }
                Event::End(tag) => {
                    depth -= 1;
                    lists -= usize::from(matches!(tag, TagEnd::List(_) | TagEnd::Item));
                    if depth == 0 && !matches!(tag, TagEnd::Heading(_)) {
                        document.block(begin..at, names);
                    }
                }
                Event::Rule if depth == 0 => document.separators.push(range),
                _ => {}
            }
        }
        document
    }

    /// The number of spaces that a line with an offset begins with, if nothing else is before the offset.
    fn margin(&self, offset: usize) -> Option<usize> {
        let begin = self.source[..offset].rfind('\n').map_or(0, |at| at + 1);
        let line = &self.source[begin..];
        let margin = line.len() - line.trim_start_matches(' ').len();
        (begin + margin >= offset).then_some(margin)
    }

    /// Sorts a heading or a block outside of any other, by its events without the last one.
    fn block(&mut self, events: Range<usize>, names: &[String]) {
        let range = self.events[events.start].1.clone();
        let (mut text, mut html, mut lines) = (String::new(), String::new(), 1);
        for (event, _) in &self.events[events.clone()] {
            match event {
                Event::Text(part) | Event::Code(part) => text.push_str(part),
                Event::InlineHtml(part) | Event::Html(part) => html.push_str(part),
                Event::SoftBreak | Event::HardBreak => {
                    text.push(' ');
                    lines += 1;
                }
                _ => {}
            }
        }
        let heading = |level, text: &str| Heading::new(level, range.clone(), text, names);
        let is_anchor = text.trim().is_empty() && html.trim_start().starts_with("<a ");
        match &self.events[events.start].0 {
            Event::Start(Tag::Heading { level, .. }) => self.headings.push(heading(*level as usize, &text)),
            Event::Start(Tag::FootnoteDefinition(name)) => drop(self.footnotes.insert(label(name), range)),
            Event::Start(Tag::Paragraph) if is_anchor => self.separators.push(range),
            Event::Start(Tag::Paragraph) if lines == 1 => {
                let is_bold = matches!(self.events[events.start + 1].0, Event::Start(Tag::Strong));
                let bold = heading(BOLD, &text);
                if is_bold && bold.mentions.iter().any(|one| one.leads && one.is_last) {
                    self.headings.push(bold);
                }
            }
            Event::Start(Tag::HtmlBlock) => {
                let found = html_headings(&self.source[range.clone()]);
                if found.is_empty() && is_anchor {
                    self.separators.push(range);
                    return;
                }
                for (level, text, inside) in found {
                    let range = range.start + inside.start..range.start + inside.end;
                    self.headings.push(Heading::new(level, range, &text, names));
                }
            }
            _ => {}
        }
    }

    /// The headings of a version: those that name it whole, else the only one that names it as `1.4` or under a name that
    /// all headings of its level have.
    fn find(&self, version: &Version) -> Result<Vec<usize>, NoSection> {
        let find = |is_it: &dyn Fn(&Mention) -> bool| -> Vec<usize> {
            let named = |heading: &Heading| heading.mentions.iter().any(|one| one.is(version) && is_it(one));
            (0..self.headings.len()).filter(|at| named(&self.headings[*at])).collect()
        };
        let whole = find(&|one| one.leads && one.numbers == 3 && one.owner.is_none());
        if !whole.is_empty() {
            return Ok(whole);
        }
        match find(&|one| one.leads && one.owner.is_none())[..] {
            [only] => return Ok(vec![only]),
            [] => {}
            _ => return Err(NoSection::Ambiguous),
        }
        match find(&|one| one.numbers == 3 && one.owner.is_some())[..] {
            [only] if self.is_display_name(&self.headings[only]) => Ok(vec![only]),
            _ => Err(NoSection::Missing),
        }
    }

    /// Whether the name before a version is the project's under another spelling: all headings that name a version have it,
    /// and none is of a higher level.
    fn is_display_name(&self, heading: &Heading) -> bool {
        let with_versions = self.headings.iter().filter(|one| !one.mentions.is_empty());
        let (same, others): (Vec<_>, Vec<_>) = with_versions.partition(|one| one.level == heading.level);
        let owners = same.iter().flat_map(|one| &one.mentions).map(|one| one.owner.as_deref());
        let owners: BTreeSet<_> = owners.collect();
        let is_short = |name: &str| name.split(' ').count() <= 2;
        owners.len() == 1
            && owners.first().is_some_and(|owner| owner.is_some_and(is_short))
            && others.iter().all(|one| one.level > heading.level)
    }

    /// Those of several headings of a version that are below one that names the project, if other packages have a part of
    /// the changelog, too.
    fn own(&self, found: Vec<usize>) -> Result<Vec<usize>, NoSection> {
        let above = |at: usize| {
            let level = self.headings[at].level;
            self.headings[..at].iter().rev().find(|one| one.level < level && one.mentions.is_empty())
        };
        let parts: BTreeSet<Option<usize>> =
            found.iter().map(|at| above(*at).map(|one| one.range.start)).collect();
        if parts.len() < 2 {
            return Ok(found);
        }
        let own = found.into_iter().filter(|at| above(*at).is_some_and(|one| one.is_own));
        Some(own.collect::<Vec<_>>()).filter(|own| !own.is_empty()).ok_or(NoSection::Ambiguous)
    }

    /// The lowest of the levels above this one that the headings before the first version have, such as that of the
    /// document's title or of a package.
    fn part_level(&self, level: usize) -> usize {
        let before = self.headings.iter().take_while(|one| one.mentions.is_empty());
        let above = before.filter(|one| !one.is_unreleased && one.level < level);
        above.map(|one| one.level).max().unwrap_or(0)
    }

    /// The text below a heading, up to the next one that `ends` it or begins another part of the document.
    fn text(&self, at: usize, ends: impl Fn(&Heading, usize) -> bool) -> Option<String> {
        let (heading, later) = (&self.headings[at], &self.headings[at + 1..]);
        let level = heading.level;
        let part = self.part_level(level);
        let next = later.iter().find(|one| one.is_unreleased || one.level <= part || ends(one, level));
        let begin = heading.range.end;
        let mut end = next.map_or(self.source.len(), |next| next.range.start);
        while let Some(last) = self.separators.iter().find(|range| {
            range.start >= begin
                && range.start < end
                && self.source[range.end.min(end)..end].trim().is_empty()
        }) {
            end = last.start;
        }
        let mut used = BTreeSet::new();
        self.add_definitions(begin..end, &mut used);
        let inside = |range: &Range<usize>| begin <= range.start && range.end <= end;
        let unused = self.links.values().filter(|range| inside(range) && !used.contains(&range.start));
        let mut unused: Vec<&Range<usize>> = unused.collect();
        unused.sort_by_key(|range| range.start);
        let mut body = String::new();
        let mut from = begin;
        for range in unused {
            body.push_str(&self.source[from..range.start]);
            from = range.end + usize::from(self.source[range.end..].starts_with('\n'));
        }
        body.push_str(&self.source[from..end.max(from)]);
        // Empty lines go, and spaces before the first word stay: they may make it code or a list.
        let blank = body.len() - body.trim_start().len();
        let body = closed(body[body[..blank].rfind('\n').map_or(0, |at| at + 1)..].trim_end());
        if body.is_empty() {
            return None;
        }
        let elsewhere = self.links.values().chain(self.footnotes.values());
        let mut elsewhere: Vec<&Range<usize>> =
            elsewhere.filter(|range| used.contains(&range.start) && !inside(range)).collect();
        elsewhere.sort_by_key(|range| range.start);
        let definitions: Vec<&str> =
            elsewhere.into_iter().map(|range| self.source[range.clone()].trim_end()).collect();
        let gap = if definitions.is_empty() { "" } else { "\n\n" };
        Some(format!("{body}{gap}{}", definitions.join("\n")))
    }

    /// Adds where the definitions begin that a part of the source uses, and those that they use themselves.
    fn add_definitions(&self, part: Range<usize>, used: &mut BTreeSet<usize>) {
        let is_inside =
            |(_, range): &&(Event<'_>, Range<usize>)| part.start <= range.start && range.end <= part.end;
        for (event, _) in self.events.iter().filter(is_inside) {
            match event {
                Event::Start(Tag::Link { id, .. } | Tag::Image { id, .. }) => {
                    used.extend(self.links.get(&label(id)).map(|definition| definition.start));
                }
                Event::FootnoteReference(name) => {
                    if let Some(note) = self.footnotes.get(&label(name))
                        && used.insert(note.start)
                    {
                        self.add_definitions(note.clone(), used);
                    }
                }
                _ => {}
            }
        }
    }
}

/// A label as labels are compared.
fn label(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests;
