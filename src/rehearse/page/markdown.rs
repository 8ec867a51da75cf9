//! Release notes as GitHub renders them, but without raw HTML and with nothing to load.
//!
//! HTML is shown as text, only http and https addresses become links, and an image becomes a link.

use std::mem;
use std::slice::Iter;

use maud::{Markup, html};
use pulldown_cmark::Event::{
    Code, End, HardBreak, Html, InlineHtml, Rule, SoftBreak, Start, TaskListMarker, Text,
};
use pulldown_cmark::{Alignment, Event, Options, Parser, Tag, TextMergeStream};

use super::web_link;

/// Elements that are nested deeper keep their text only.
const DEPTH: usize = 32;
/// More lists and quotes than this may not begin on one line.
const MARKERS: usize = 100;

pub(super) fn render(text: &str) -> Markup {
    // Below thousands of open lists, pulldown-cmark takes seconds for the lines that follow.
    if text.split(['\n', '\r']).any(|line| markers(line) > MARKERS) {
        return html! {
            p.about { "The lists or quotes of these notes are nested too deeply to render; this is their source." }
            pre tabindex="0" { code { (text) } }
        };
    }
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events: Vec<Event> = TextMergeStream::new(Parser::new_ext(text, options)).collect();
    let levels = events.iter().filter_map(|event| match event {
        Start(Tag::Heading { level, .. }) => Some(*level as usize),
        _ => None,
    });
    Renderer { top: levels.min().unwrap_or(1), events: events.iter(), depth: 0, in_link: false }.content()
}

/// At least the number of lists and quotes that begin on a line.
fn markers(line: &str) -> usize {
    let is_marker = |word: &&str| word.chars().all(|c| ">-+*.)0123456789".contains(c));
    let words = line.split_whitespace().take_while(is_marker);
    words.map(|word| word.matches('>').count() + usize::from(!word.ends_with('>'))).sum()
}

struct Renderer<'e> {
    events: Iter<'e, Event<'e>>,
    /// The highest level of the headings; it becomes the one below the page's own.
    top: usize,
    depth: usize,
    in_link: bool,
}

impl<'e> Renderer<'e> {
    /// The next event in the open element, or `None` at its end, which is consumed.
    fn next(&mut self) -> Option<&'e Event<'e>> {
        self.events.next().filter(|event| !matches!(event, End(_)))
    }

    fn content(&mut self) -> Markup {
        if self.depth == DEPTH {
            return html! { (self.text()) };
        }
        self.depth += 1;
        let content = html! {
            @while let Some(event) = self.next() {
                @match event {
                    Start(Tag::Paragraph) => p { (self.content()) },
                    Start(Tag::Heading { level, .. }) => (self.heading(*level as usize - self.top)),
                    Start(Tag::BlockQuote(_)) => blockquote { (self.content()) },
                    // Keyboard users can scroll only what takes the focus.
                    Start(Tag::CodeBlock(_)) => pre tabindex="0" { code { (self.text()) } },
                    Start(Tag::HtmlBlock) => {
                        @let text = self.text();
                        @if !is_comment(&text) { p { (text) } }
                    },
                    Start(Tag::List(None)) => ul { (self.content()) },
                    Start(Tag::List(Some(first))) => ol start=[(*first != 1).then_some(first)] { (self.content()) },
                    Start(Tag::Item) => li { (self.content()) },
                    Start(Tag::Emphasis) => em { (self.content()) },
                    Start(Tag::Strong) => strong { (self.content()) },
                    Start(Tag::Strikethrough) => del { (self.content()) },
                    Start(Tag::Link { dest_url, .. }) => (self.link(dest_url, dest_url)),
                    Start(Tag::Image { dest_url, .. }) => (self.link(dest_url, "image")),
                    Start(Tag::Table(alignments)) => (self.table(alignments)),
                    Text(text) if !self.in_link => (with_links(text)),
                    InlineHtml(text) if is_comment(text) => {},
                    Code(text) => code { (text.as_ref()) },
                    HardBreak => br;,
                    Rule => hr;,
                    TaskListMarker(done) => { input type="checkbox" disabled checked[*done] aria-label="done"; " " },
                    // The rest belongs to extensions that are not enabled.
                    Start(_) => (self.content()),
                    other => (own_text(other)),
                }
            }
        };
        self.depth -= 1;
        content
    }

    /// The text of the open element without its markup.
    fn text(&mut self) -> String {
        let (mut text, mut open) = (String::new(), 1);
        while open > 0
            && let Some(event) = self.events.next()
        {
            match event {
                Start(_) => open += 1,
                End(_) => open -= 1,
                other => text.push_str(own_text(other)),
            }
        }
        text
    }

    fn heading(&mut self, level: usize) -> Markup {
        match level {
            0 => html! { h3 { (self.content()) } },
            1 => html! { h4 { (self.content()) } },
            2 => html! { h5 { (self.content()) } },
            _ => html! { h6 { (self.content()) } },
        }
    }

    /// A link in a link, such as a badge's image, is only its text: HTML forbids it.
    fn link(&mut self, address: &str, if_empty: &str) -> Markup {
        let is_nested = mem::replace(&mut self.in_link, true);
        let content = Some(self.content()).filter(|content| !content.0.is_empty());
        self.in_link = is_nested;
        let content = content.unwrap_or_else(|| html! { (if_empty) });
        if is_nested { content } else { web_link(address, content) }
    }

    fn table(&mut self, alignments: &[Alignment]) -> Markup {
        let class = |alignment: &Alignment| match alignment {
            Alignment::Right => Some("right"),
            Alignment::Center => Some("center"),
            Alignment::Left | Alignment::None => None,
        };
        html! {
            table { @while let Some(row) = self.next() { tr {
                // The parser adds up to 262,144 cells to rows that are too short.
                @for (cell, alignment) in self.row().iter().zip(alignments) {
                    @if matches!(row, Start(Tag::TableHead)) { th scope="col" class=[class(alignment)] { (cell) } }
                    @else if cell.0.is_empty() { td {} }
                    @else { td class=[class(alignment)] { (cell) } }
                }
            } } }
        }
    }

    fn row(&mut self) -> Vec<Markup> {
        std::iter::from_fn(|| self.next().is_some().then(|| self.content())).collect()
    }
}

fn own_text<'e>(event: &'e Event) -> &'e str {
    match event {
        Text(text) | Code(text) | Html(text) | InlineHtml(text) => text,
        SoftBreak | HardBreak => "\n",
        _ => "",
    }
}

fn is_comment(html: &str) -> bool {
    let start = html.trim().strip_suffix("-->");
    start.is_some_and(|text| text.starts_with("<!--") && !text.contains("-->"))
}

/// Text with its bare addresses as links (GitHub Flavored Markdown, "Autolinks").
fn with_links(text: &str) -> Markup {
    html! {
        @for word in text.split_inclusive(|c: char| c.is_whitespace() || "<>\"|[]`".contains(c)) {
            @let (before, address, after) = address(word);
            (before) (web_link(address, html! { (address) })) (after)
        }
    }
}

/// Splits a word into the text before an address, the address and the punctuation after it.
fn address(word: &str) -> (&str, &str, &str) {
    let start = ["https://", "http://"].iter().filter_map(|scheme| word.find(scheme)).min();
    let (before, rest) = word.split_at(start.unwrap_or(word.len()));
    if before.ends_with(char::is_alphanumeric) {
        return (word, "", "");
    }
    let mut unopened = rest.matches(')').count().saturating_sub(rest.matches('(').count());
    let address = rest.trim_end_matches(|c: char| {
        let closes = c == ')' && unopened > 0;
        unopened -= usize::from(closes);
        closes || c.is_whitespace() || "?!.,:;*_~'<>\"|[]`".contains(c)
    });
    (before, address, &rest[address.len()..])
}
