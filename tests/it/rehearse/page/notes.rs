//! Release notes on the page: what Markdown becomes, and what of it never becomes markup.

use super::sample::Sample;
use super::{assert_balanced, tags, values};

fn page(text: &str) -> String {
    let mut sample = Sample::new();
    sample.notes = text.to_owned();
    sample.render()
}

/// The notes of a page.
fn notes(text: &str) -> String {
    let html = page(text);
    assert_balanced(&html);
    let (_, rest) = html.split_once("<div class=\"notes\">").unwrap();
    let (notes, _) = rest.split_once("</div></section>").unwrap();
    notes.to_owned()
}

#[track_caller]
fn same(text: &str, expected: &str) {
    // Lines end between elements.
    let html = notes(text).replace(">\n", ">");
    assert_eq!(html, expected, "{text}");
}

#[test]
fn headings_are_below_those_of_the_page() {
    same("## Added\n\n### Fast ###\n# Top\n", "<h3>Added</h3><h4>Fast</h4><h3>Top</h3>");
    same("### Added\n", "<h4>Added</h4>");
    same("# a\n###### b\n#c\n", "<h3>a</h3><h6>b</h6><p>#c</p>");
    same(
        "## a\n```sh\n# no heading\n```\n",
        "<h3>a</h3><pre><code class=\"language-sh\"># no heading\n</code></pre>",
    );
}

#[test]
fn blocks_are_those_of_commonmark() {
    same("- a\n  - b\n- c\nlazy\n", "<ul><li>a\n<ul><li>b</li></ul></li><li>c\nlazy</li></ul>");
    same(
        "3. a\n4. b\n\n1) c\n\n   d",
        "<ol start=\"3\"><li>a</li><li>b</li></ol><ol><li><p>c</p><p>d</p></li></ol>",
    );
    same("a\n\n---\n> b\n> - c\n", "<p>a</p><hr /><blockquote><p>b</p><ul><li>c</li></ul></blockquote>");
    same("```\r\n<b>&\r\n", "<pre><code>&lt;b&gt;&amp;\n</code></pre>");
    same("a  \nb\\\nc", "<p>a<br />b<br />c</p>");
    same("**a *b*** `*x*` \\*", "<p><strong>a <em>b</em></strong> <code>*x*</code> *</p>");
}

#[test]
fn tables_strikethrough_and_tasks_are_those_of_github() {
    same(
        "| a | b |\n|---|--:|\n| `x` | 1 \\| 2 |\n| y |\n\nend",
        "<table><thead><tr><th>a</th><th style=\"text-align: right\">b</th></tr></thead><tbody>\
         <tr><td><code>x</code></td><td style=\"text-align: right\">1 | 2</td></tr>\
         <tr><td>y</td><td style=\"text-align: right\"></td></tr></tbody></table><p>end</p>",
    );
    same("~~a~~", "<p><del>a</del></p>");
    same(
        "- [x] a\n- [ ] b\n",
        "<ul><li><input disabled=\"\" type=\"checkbox\" checked=\"\"/>a</li>\
         <li><input disabled=\"\" type=\"checkbox\"/>b</li></ul>",
    );
}

#[test]
fn links_lead_to_the_web_or_are_text() {
    same(
        "[a](https://x.org/a_(b) \"title\") [`c`][1] [1] [none]\n\n[1]: <https://x.org/1> 'one'\n",
        "<p><a href=\"https://x.org/a_(b)\">a</a> <a href=\"https://x.org/1\"><code>c</code></a> \
         <a href=\"https://x.org/1\">1</a> [none]</p>",
    );
    same(
        "See https://x.org/a?b=1&c=2. (http://x.org/a) <https://x.org> xhttps://x.org `https://x.org`",
        "<p>See <a href=\"https://x.org/a?b=1&amp;c=2\">https://x.org/a?b=1&amp;c=2</a>. \
         (<a href=\"http://x.org/a\">http://x.org/a</a>) <a href=\"https://x.org/\">https://x.org</a> \
         xhttps://x.org <code>https://x.org</code></p>",
    );
    same(
        "**Full Changelog**: https://x.org/compare/v1...v2",
        "<p><strong>Full Changelog</strong>: \
         <a href=\"https://x.org/compare/v1...v2\">https://x.org/compare/v1...v2</a></p>",
    );
    same("![logo](https://x.org/l.png)", "<p><a href=\"https://x.org/l.png\">logo</a></p>");
    same("![](https://x.org/l.png)", "<p><a href=\"https://x.org/l.png\">https://x.org/l.png</a></p>");
    same("[![badge](https://x.org/b.svg)](https://x.org)", "<p><a href=\"https://x.org/\">badge</a></p>");
    same("[a](docs/a.md) [b](#b) ![c](c.png) <a@x.org>", "<p>a b c a@x.org</p>");
}

#[test]
fn html_is_text_and_its_comments_are_hidden() {
    same("<!-- next\nheader -->\na <!-- b -->c", "<p>a c</p>");
    same("<!-- open <script>", "<p>&lt;!-- open &lt;script&gt;</p>");
    same(
        "<!-- --><b>a</b>\n\nb <i>c</i>",
        "<p>&lt;!-- --&gt;&lt;b&gt;a&lt;/b&gt;\n</p><p>b &lt;i&gt;c&lt;/i&gt;</p>",
    );
}

#[test]
fn no_hostile_text_becomes_markup() {
    for text in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](\u{1}javascript:alert(1))",
        "[a](java&#10;script:alert(1))",
        "[a](&#x6a;avascript:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a]( javascript:alert(1) \"x\")",
        "[a][b]\n\n[b]: javascript:alert(1)",
        "<javascript:alert(1)>",
        "![a](javascript:alert(1))",
        "[a](https://x.org/\"onmouseover=\"alert(1))",
        "[a](<https://x.org/\"onmouseover=\"alert(1)> '\"><script>')",
        "https://x.org/\"onmouseover=\"alert(1)",
        "[a\"><script>](https://x.org/'><script>)",
        "![\"><script>](https://x.org/\"><script>)",
        "| <script> | \"x |\n|---|---|\n| <b onclick='x'> | `<i>` |",
        "| \" onmouseover=\"alert(1) | x |\n|---|---|\n| a | b |",
        "```\"><script>\n</code></pre><script>\n```",
        "# <script>\n- <script>\n> <script>\n\n1. *<script>* **<b>** ~~<b>~~\n- [x] <script>",
        "&lt;script&gt; \\<script\\> &#60;script&#62;",
        "<!-- --><script>alert(1)</script>",
        "<!--> <script>alert(1)</script> -->",
        "a <!-- x --> <!-- > <script>alert(1)</script> -->",
        "<![CDATA[<script>]]> <?php <script> ?> <!X <script>>",
        "</div></section></main><script>",
    ] {
        let html = notes(text);
        for (tag, attributes) in tags(&html) {
            assert!(!["script", "img", "b", "i"].contains(&tag.as_str()), "{text}\n{html}");
            assert!(attributes.iter().all(|(name, _)| !name.starts_with("on")), "{text}\n{html}");
        }
        for link in values(&html, "href") {
            assert!(link.starts_with("https://x.org/"), "{text}\n{html}");
        }
    }
}

#[test]
fn control_characters_never_reach_the_page() {
    let html = notes("a\0b\u{1b}[31mc \u{9b}d [e](https://x.org/\u{7}) `\u{8}` &#7;\r\nf\tg");
    assert!(!html.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{html:?}");
    assert!(html.contains("b\u{fffd}[31mc") && html.contains("f\tg"), "{html:?}");
}

#[test]
fn deep_nesting_is_shown_as_its_source() {
    let text = format!("{}a <b>", "- ".repeat(101));
    let html = notes(&text);
    assert!(html.contains("nested too deeply to render"), "{html}");
    assert!(html.contains(&format!("<code>{}a &lt;b&gt;</code>", "- ".repeat(101))), "{html}");
}

/// Texts as long as GitHub accepts them, each of which costs a careless renderer time or memory.
#[test]
fn any_text_is_rendered_in_little_time_and_space() {
    let length = floe_core::model::notes::LIMIT;
    let repeated = [
        "[",
        "![",
        "*",
        "* ",
        "*a ",
        "**a ",
        "_a",
        "`",
        "``a`",
        "> ",
        "- ",
        "1. ",
        "> - ",
        "<",
        "<a b='",
        "<https://",
        "https://x.org/(",
        "https://x.org/)",
        "[a](",
        "[a][",
        "](",
        "\\",
        "|",
        "|-",
        "a|b\n-|-\n",
        "\u{a0}- ",
        "- a\n\u{3000}",
        "```\n",
        "~~~",
        "~~a",
        "<!--",
        "<!--\n",
        "a <!-- ",
        "ä*ö_",
        "\t- x\n",
        "  ",
        "[a]: https://x.org\n",
        "- a\n\n",
        "\r",
        "\0",
        "#",
        "\n",
        "&",
        "\"",
    ];
    let mut texts: Vec<String> = repeated.iter().map(|piece| piece.repeat(length / piece.len())).collect();
    let half = length / 2;
    let items = |indent: usize| (0..350).map(move |level| format!("{}- a\n", " ".repeat(indent * level)));
    texts.extend([
        format!("{}a\n{}", "- ".repeat(half / 2), "a\n".repeat(half / 2)),
        format!("a\r{}a\r{}", "- ".repeat(half / 2), "a\r".repeat(half / 2)),
        format!("{}a\n{}", "> ".repeat(half / 2), ">\n".repeat(half / 2)),
        format!("{}\n{}", items(1).collect::<String>(), "a\n".repeat(half / 4)),
        format!("{}a{}", "*".repeat(half), "*".repeat(half)),
        format!("{}a{}", "![".repeat(half / 4), "](b)".repeat(half / 4)),
        format!("[a]: https://x.org/{}\n\n{}", "b".repeat(half), "[a]".repeat(half / 3)),
        format!("{}|b\n-|-\n{}", "\"".repeat(half), "a\n".repeat(half / 2)),
        format!("{}\n{}\n{}", "a|".repeat(300), "-|".repeat(300), "a\n".repeat(half)),
        format!("https://x.org/{}", ").".repeat(half)),
    ]);
    for text in texts {
        let start: String = text.chars().take(20).collect();
        let html = page(&text);
        assert!(html.len() < 100 * length, "{start:?} becomes {} bytes", html.len());
    }
}
