//! What Markdown becomes on the page, and what of it never gets there.

use super::*;

fn html(text: &str) -> String {
    let mut html = Html::default();
    render(&mut html, text);
    html.finish().replace(" rel=\"noopener noreferrer\"", "").split('\n').collect()
}

#[track_caller]
fn same(text: &str, expected: &str) {
    assert_eq!(html(text), expected, "{text}");
}

#[test]
fn headings_stand_below_those_of_the_page() {
    same("## Added\n\n### Fast ###\n# Top\n", "<h4>Added</h4><h5>Fast</h5><h3>Top</h3>");
    same("### Added\n", "<h3>Added</h3>");
    same("# a\n###### b\n#c\n", "<h3>a</h3><h6>b</h6><p>#c</p>");
    same("## a\n```sh\n# no heading\n```\n", "<h3>a</h3><pre tabindex=\"0\"><code># no heading</code></pre>");
}

#[test]
fn lists_are_nested_by_indentation() {
    same("- a\n  - b\n    more\n- c\nlazy\n", "<ul><li>a<ul><li>bmore</li></ul></li><li>clazy</li></ul>");
    same("3. a\n4. b\n\ntext", "<ol start=\"3\"><li>a</li><li>b</li></ol><p>text</p>");
    same("- a\n\n- b\n", "<ul><li><p>a</p></li><li><p>b</p></li></ul>");
    same("- a\n\n  b\n", "<ul><li><p>a</p><p>b</p></li></ul>");
    same("- a\n\n\tb\n* c", "<ul><li><p>a</p><p>b</p></li></ul><ul><li>c</li></ul>");
    same(
        "- a\n  ```\n  x\n    y\n  ```\n- b\n",
        "<ul><li>a<pre tabindex=\"0\"><code>x  y</code></pre></li><li>b</li></ul>",
    );
    same("text\n- a\n-\n", "<p>text</p><ul><li>a</li><li></li></ul>");
    same("In\n2. no list", "<p>In2. no list</p>");
}

#[test]
fn code_is_shown_as_it_is() {
    same("```\n<b>&\n", "<pre tabindex=\"0\"><code>&lt;b&gt;&amp;</code></pre>");
    same("~~~~\n~~~\n```\n~~~~\nend", "<pre tabindex=\"0\"><code>~~~```</code></pre><p>end</p>");
    same("`` a`b `` `*x*` `open", "<p><code>a`b</code> <code>*x*</code> `open</p>");
}

#[test]
fn bold_and_italic_begin_and_end_at_words() {
    same(
        "**a *b*** ***c*** _d_ __e__",
        "<p><strong>a <em>b</em></strong> <strong><em>c</em></strong> <em>d</em> <strong>e</strong></p>",
    );
    same("snake_case_name 2 * 3 * 4 **open", "<p>snake_case_name 2 * 3 * 4 **open</p>");
    same("\\*no\\* *`*`* *ä*", "<p>*no* <em><code>*</code></em> <em>ä</em></p>");
    same("a  \nb\\\nc", "<p>a<br>b<br>c</p>");
}

#[test]
fn links_lead_to_the_web_or_are_text() {
    same(
        "[a](https://x.org/a_(b) \"title\") [`c`][1] [1] [1][] [none]\n\n[1]: <https://x.org/1> 'one'\n",
        "<p><a href=\"https://x.org/a_(b)\">a</a> <a href=\"https://x.org/1\"><code>c</code></a> \
         <a href=\"https://x.org/1\">1</a> <a href=\"https://x.org/1\">1</a> [none]</p>",
    );
    same(
        "See https://x.org/a?b=1&c=2. (http://x.org/a) <https://x.org>",
        "<p>See <a href=\"https://x.org/a?b=1&amp;c=2\">https://x.org/a?b=1&amp;c=2</a>. \
         (<a href=\"http://x.org/a\">http://x.org/a</a>) <a href=\"https://x.org/\">https://x.org</a></p>",
    );
    same("![logo](https://x.org/l.png)", "<p><a href=\"https://x.org/l.png\">logo</a></p>");
    same("[![badge](https://x.org/b.svg)](https://x.org)", "<p><a href=\"https://x.org/\">badge</a></p>");
    same("[a](docs/a.md) [b](#b) ![c](c.png)", "<p>a b c</p>");
}

#[test]
fn tables_have_heads_and_alignment() {
    same(
        "| a | b |\n|---|--:|\n| `x` | 1 \\| 2 |\n| y |\n\nend",
        "<table class=\"stack\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">\
         <th scope=\"col\" class=\"left\" role=\"columnheader\">a</th>\
         <th scope=\"col\" class=\"right\" role=\"columnheader\">b</th></tr></thead><tbody role=\"rowgroup\">\
         <tr role=\"row\"><td data-label=\"a\" class=\"left\" role=\"cell\"><code>x</code></td>\
         <td data-label=\"b\" class=\"right\" role=\"cell\">1 | 2</td></tr>\
         <tr role=\"row\"><td data-label=\"a\" class=\"left\" role=\"cell\">y</td>\
         <td data-label=\"b\" class=\"right\" role=\"cell\"></td></tr></tbody></table><p>end</p>",
    );
    same("a | b\n--|--|--\n", "<p>a | b--|--|--</p>");
}

#[test]
fn rules_quotes_and_comments_are_known() {
    same("a\n\n---\n> b\n> - c\n", "<p>a</p><hr><blockquote><p>b</p><ul><li>c</li></ul></blockquote>");
    same("<!-- next\nheader -->\na", "<p>a</p>");
    same("<!-- open <script>", "<p>&lt;!-- open &lt;script&gt;</p>");
}

#[test]
fn nothing_hostile_becomes_markup() {
    for text in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](\u{1}javascript:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a]( javascript:alert(1) \"x\")",
        "[a][b]\n\n[b]: javascript:alert(1)",
        "<javascript:alert(1)>",
        "![a](javascript:alert(1))",
        "[a](https://x.org/\"onmouseover=\"alert(1))",
        "https://x.org/\"onmouseover=\"alert(1)",
        "[a\"><script>](https://x.org/'><script>)",
        "| <script> | \"x |\n|---|---|\n| <b onclick='x'> | `<i>` |",
        "```<script>\n</code></pre><script>\n```",
        "# <script>\n- <script>\n> <script>\n\n1. *<script>* **<b>**",
        "&lt;script&gt; \\<script\\>",
        "<!-- --><script>alert(1)</script>",
    ] {
        let html = html(text);
        for wrong in [
            "<script",
            "<img",
            "<b ",
            "<b>",
            "<i>",
            "=\"javascript",
            "=\"data:text",
            "\"onmouse",
            "<a onmouse",
        ] {
            assert!(!html.to_lowercase().contains(wrong), "{text}\n{html}");
        }
        for (_, link) in html.match_indices("href=\"").map(|(at, mark)| html.split_at(at + mark.len())) {
            assert!(link.starts_with("https://x.org/"), "{text}\n{html}");
        }
    }
}

#[test]
fn any_text_is_rendered_in_time() {
    let length = floe_core::model::notes::LIMIT / 4;
    for piece in [
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
        "<",
        "<https://",
        "https://x.org/(",
        "[a](",
        "[a][",
        "\\",
        "|",
        "|-",
        "a|b\n-|-\n",
        "\u{a0}- ",
        "- a\n\u{3000}",
        "```\n",
        "~~~",
        "<!--",
        "<!--\n",
        "ä*ö_",
        "\t- x\n",
        "  ",
        "[a]: https://x.org\n",
        "- a\n\n",
        "\r",
        "\0",
        "#",
        "\n",
    ] {
        let text = piece.repeat(length / piece.len());
        let html = html(&text);
        assert!(html.len() < 40 * length, "{piece:?} gives {} bytes", html.len());
    }
}
