//! Release notes as GitHub renders them, but without raw HTML and with nothing to load.
//!
//! HTML is shown as text, only http and https addresses become links, and an image becomes a link.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::Event::{End, Html, InlineHtml, Start, Text};
use pulldown_cmark::{Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream};

use super::web_address;

/// More lists and quotes than this may not begin on one line.
const MARKERS: usize = 100;

pub(super) fn render(text: &str) -> Markup {
    // Below thousands of open lists, pulldown-cmark takes seconds for the lines that follow.
    if text.split(['\n', '\r']).any(|line| markers(line) > MARKERS) {
        return html! {
            p.about { "The lists or quotes of these notes are nested too deeply to render; this is their source." }
            pre { code { (text) } }
        };
    }
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events: Vec<Event> = TextMergeStream::new(Parser::new_ext(text, options)).collect();
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, harmless(events).into_iter());
    PreEscaped(html)
}

/// At least the number of lists and quotes that begin on a line.
fn markers(line: &str) -> usize {
    let is_marker = |word: &&str| word.chars().all(|c| ">-+*.)0123456789".contains(c));
    let words = line.split_whitespace().take_while(is_marker);
    words.map(|word| word.matches('>').count() + usize::from(!word.ends_with('>'))).sum()
}

/// The events without HTML, images and addresses that are not of the web, and with headings below the page's own.
fn harmless(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    // The page's own headings are of the levels 1 and 2.
    let below = |level: HeadingLevel| {
        HeadingLevel::try_from((level as usize + 1).clamp(3, 6)).unwrap_or(HeadingLevel::H6)
    };
    let mut shown = Vec::with_capacity(events.len());
    // Whether each open link and image is shown as a link. HTML forbids a link in a link, such as a badge's image.
    let (mut links, mut in_link, mut in_code) = (Vec::new(), false, false);
    let mut events = events.into_iter().peekable();
    while let Some(event) = events.next() {
        match event {
            Start(Tag::Heading { level, .. }) => shown.push(heading(below(level))),
            End(TagEnd::Heading(level)) => shown.push(End(TagEnd::Heading(below(level)))),
            Start(Tag::HtmlBlock) => {
                let mut html = String::new();
                while let Some(Html(line)) = events.next_if(|next| matches!(next, Html(_))) {
                    html.push_str(&line);
                }
                if !is_comment(&html) {
                    let paragraph = [Start(Tag::Paragraph), Text(html.into()), End(TagEnd::Paragraph)];
                    shown.extend(paragraph);
                }
            }
            InlineHtml(html) if is_comment(&html) => {}
            Html(html) | InlineHtml(html) => shown.push(Text(html)),
            Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                let address = web_address(&dest_url).filter(|_| !in_link);
                links.push(address.is_some());
                in_link |= address.is_some();
                shown.extend(address.map(link));
                if matches!(events.peek(), Some(End(TagEnd::Link | TagEnd::Image))) {
                    shown.push(Text(dest_url));
                }
            }
            End(TagEnd::Link | TagEnd::Image) => {
                if links.pop() == Some(true) {
                    in_link = false;
                    shown.push(End(TagEnd::Link));
                }
            }
            Text(text) if !in_link && !in_code => with_links(&text, &mut shown),
            other => {
                match other {
                    Start(Tag::CodeBlock(_)) => in_code = true,
                    End(TagEnd::CodeBlock) => in_code = false,
                    _ => {}
                }
                shown.push(other);
            }
        }
    }
    shown
}

fn heading<'e>(level: HeadingLevel) -> Event<'e> {
    Start(Tag::Heading { level, id: None, classes: Vec::new(), attrs: Vec::new() })
}

fn link<'e>(address: String) -> Event<'e> {
    Start(Tag::Link {
        link_type: LinkType::Inline,
        dest_url: address.into(),
        title: "".into(),
        id: "".into(),
    })
}

fn is_comment(html: &str) -> bool {
    let start = html.trim().strip_suffix("-->");
    start.is_some_and(|text| text.starts_with("<!--") && !text.contains("-->"))
}

/// Adds text with its bare addresses as links (GitHub Flavored Markdown, "Autolinks").
fn with_links(text: &str, shown: &mut Vec<Event<'_>>) {
    for word in text.split_inclusive(|c: char| c.is_whitespace() || "(<>\"|[]`".contains(c)) {
        let is_web = word.starts_with("https://") || word.starts_with("http://");
        let named = word.trim_end_matches(|c: char| c.is_whitespace() || "?!.,:;*_~'(<>\"|[]`)".contains(c));
        match web_address(named).filter(|_| is_web) {
            Some(address) => shown.extend([
                link(address),
                Text(named.to_owned().into()),
                End(TagEnd::Link),
                Text(word[named.len()..].to_owned().into()),
            ]),
            None => shown.push(Text(word.to_owned().into())),
        }
    }
}
