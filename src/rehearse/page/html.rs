//! HTML that cannot come out wrong: every text is escaped, and every element that is opened is closed.
//!
//! It never takes markup from a value; tags and the names of attributes are written in this program.

use url::Url;

/// The characters that mean something in HTML as references; what no HTML may hold as the replacement character.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// The address as a browser reads it, if it is one of the web: any other scheme could do things.
pub(super) fn web_address(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// Names and values of attributes.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// A piece of HTML that grows.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Begins a document.
    pub(super) fn document() -> Self {
        Html("<!doctype html>\n".to_owned())
    }

    /// The finished HTML.
    pub(super) fn finish(mut self) -> String {
        self.0.push('\n');
        self.0
    }

    /// Text, escaped.
    pub(super) fn text(&mut self, text: impl AsRef<str>) {
        self.0.push_str(&escape(text.as_ref()));
    }

    /// An element with whatever `inside` writes.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Html),
    ) {
        self.void(tag, attributes);
        inside(self);
        self.0.push_str(&format!("</{tag}>"));
        // Lines are for people who read the source; inside a line of text they would be spaces.
        if !matches!(tag, "a" | "b" | "code" | "em" | "span" | "strong" | "pre" | "kbd") {
            self.0.push('\n');
        }
    }

    /// An element that holds text only.
    pub(super) fn leaf(&mut self, tag: &'static str, attributes: Attributes<'_>, text: impl AsRef<str>) {
        self.element(tag, attributes, |html| html.text(text));
    }

    /// An element that has no end, such as `br`.
    pub(super) fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.0.push_str(&format!("<{tag}"));
        for (name, value) in attributes {
            self.0.push_str(&format!(" {name}=\"{}\"", escape(value)));
        }
        self.0.push('>');
    }

    /// The page's own style sheet, the one text that is not escaped: nothing in a `style` element is.
    pub(super) fn style(&mut self, css: &'static str) {
        self.element("style", &[], |html| html.0.push_str(css));
    }

    /// A text in the type of code.
    pub(super) fn code(&mut self, text: impl AsRef<str>) {
        self.leaf("code", &[], text);
    }

    /// A digest: one click selects the whole of it, and it may be broken anywhere.
    pub(super) fn digest(&mut self, digest: &floe_core::model::Digest) {
        self.leaf("code", &[("class", "digest")], digest.to_string());
    }

    /// A command to paste: one click selects the whole of it.
    pub(super) fn command(&mut self, text: &str) {
        self.element("pre", &[("class", "command")], |html| html.code(text));
    }

    /// A link that leaves the page if `address` is one of the web; else only what stands in it.
    pub(super) fn web_link(&mut self, address: &str, inside: impl FnOnce(&mut Html)) {
        match web_address(address) {
            Some(url) => self.element("a", &[("href", url.as_str()), ("rel", "noopener noreferrer")], inside),
            None => inside(self),
        }
    }

    /// A table with a name for who cannot see what stands above it; each cell carries its column's name, for screens where rows stand as blocks. The roles say what the
    /// tags say already, because some browsers forget it as soon as a table is not displayed as one.
    pub(super) fn table(
        &mut self,
        (class, label): (&'static str, &str),
        heads: &'static [&'static str],
        bodies: impl FnOnce(&mut Table),
    ) {
        self.element("table", &[("class", class), ("role", "table"), ("aria-label", label)], |html| {
            html.element("thead", &[("role", "rowgroup")], |html| {
                html.element("tr", &[("role", "row")], |html| {
                    for head in heads {
                        html.leaf("th", &[("scope", "col"), ("role", "columnheader")], head);
                    }
                });
            });
            bodies(&mut Table { html, heads });
        });
    }
}

/// The groups of a table's rows.
pub(super) struct Table<'a> {
    html: &'a mut Html,
    heads: &'static [&'static str],
}

impl Table<'_> {
    /// A group of rows.
    pub(super) fn body(&mut self, rows: impl FnOnce(&mut Rows)) {
        let heads = self.heads;
        self.html.element("tbody", &[("role", "rowgroup")], |html| rows(&mut Rows { html, heads }));
    }
}

/// The rows of a group.
pub(super) struct Rows<'a> {
    html: &'a mut Html,
    heads: &'static [&'static str],
}

impl Rows<'_> {
    /// A row; its first cell is its header.
    pub(super) fn row(&mut self, attributes: Attributes<'_>, cells: impl FnOnce(&mut Row)) {
        let attributes = [&[("role", "row")], attributes].concat();
        let heads = self.heads;
        self.html.element("tr", &attributes, |html| cells(&mut Row { html, heads, at: 0 }));
    }

    /// A row over all columns that says something about those below it in its group.
    pub(super) fn title(&mut self, class: &'static str, inside: impl FnOnce(&mut Html)) {
        let width = self.heads.len().to_string();
        let cell = [("colspan", width.as_str()), ("scope", "rowgroup"), ("role", "rowheader")];
        self.html
            .element("tr", &[("class", class), ("role", "row")], |html| html.element("th", &cell, inside));
    }
}

/// The cells of a row, from the first on.
pub(super) struct Row<'a> {
    html: &'a mut Html,
    heads: &'static [&'static str],
    at: usize,
}

impl Row<'_> {
    /// The next cell.
    pub(super) fn cell(&mut self, inside: impl FnOnce(&mut Html)) {
        let label = self.heads.get(self.at).copied().unwrap_or_default();
        match self.at {
            0 => self.html.element("th", &[("scope", "row"), ("role", "rowheader")], inside),
            _ => self.html.element("td", &[("data-label", label), ("role", "cell")], inside),
        }
        self.at += 1;
    }

    /// The next cell, with a text.
    pub(super) fn text(&mut self, text: impl AsRef<str>) {
        self.cell(|html| html.text(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escape("<b a=\"x\" c='y'>&amp;\n\0"),
            "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;\n\u{fffd}"
        );
        let mut html = Html::default();
        html.element("p", &[("title", "\"><script>")], |html| html.text("</p>"));
        assert_eq!(html.finish(), "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;/p&gt;</p>\n\n");
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        assert_eq!(
            web_address("HTTPS://Example.org/ä?a=1").as_deref(),
            Some("https://example.org/%C3%A4?a=1")
        );
        for wrong in [
            "javascript:alert(1)",
            "java\nscript:alert(1)",
            " data:text/html,x",
            "//example.org",
            "docs/a.md",
            "vbscript:x",
            "https://",
            "ftp://example.org",
            "",
        ] {
            assert_eq!(web_address(wrong), None, "{wrong}");
        }
    }
}
