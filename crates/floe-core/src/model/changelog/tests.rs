use super::*;

fn names() -> Vec<String> {
    vec!["tool".to_owned()]
}

fn of(changelog: &str, version: &str) -> Result<String, NoSection> {
    section(changelog, &version.parse().unwrap(), &names())
}

const CHANGELOG: &str = "\
# Changelog

## Unreleased

## [1.4.0] - 2026-09-01

### Added

- Things ([#12]).

```sh
# 1.3.0 is not a heading here
```

## v1.3.0

Old.

[#12]: https://example.org/12
[#13]: https://example.org/13
";

#[test]
fn a_section_comes_with_the_definitions_of_its_links() {
    assert_eq!(
        of(CHANGELOG, "1.4.0").unwrap(),
        "### Added\n\n- Things ([#12]).\n\n```sh\n# 1.3.0 is not a heading here\n```\n\n[#12]: https://example.org/12"
    );
    assert_eq!(of(CHANGELOG, "1.3.0").as_deref(), Ok("Old."));
    assert_eq!(of(CHANGELOG, "1.4.1"), Err(NoSection::Missing));
}

/// A name, and the heading of a version.
type Form<'f> = (&'f str, &'f dyn Fn(&str) -> String);

#[test]
fn headings_of_any_form_are_found_and_end_the_section_before() {
    let atx = |title: &str| format!("## {title}\n");
    let forms: [Form<'_>; 32] = [
        ("plain", &|v| atx(v)),
        ("top level", &|v| format!("# {v}\n")),
        ("level 4", &|v| format!("#### {v}\n")),
        ("closed and indented", &|v| format!("   ## {v} ##\n")),
        ("setext 1", &|v| format!("{v} (2026-01-02)\n======\n")),
        ("setext 2", &|v| format!("[{v}](https://x/{v}) - 2026-08-03\n---\n")),
        ("brackets", &|v| atx(&format!("[{v}] - 2026-01-02"))),
        ("reference", &|v| atx(&format!("[v{v}][v{v}] (2026-01-01)"))),
        ("link", &|v| atx(&format!("[{v}](https://x/compare/1.0.0...{v}) (2026-01-01)"))),
        ("bold", &|v| atx(&format!("**{v}** - 2026"))),
        ("code", &|v| atx(&format!("`{v}`"))),
        ("capital", &|v| atx(&format!("V{v}"))),
        ("project", &|v| atx(&format!("tool-v{v}"))),
        ("project and slash", &|v| atx(&format!("tool/{v}"))),
        ("project and space", &|v| atx(&format!("Tool {v}"))),
        ("date first", &|v| atx(&format!("2026-03-01, Version {v}"))),
        ("date in words", &|v| atx(&format!("March 1st, 2026 - {v}"))),
        ("date after a slash", &|v| atx(&format!("{v}/2026-01-01"))),
        ("emoji", &|v| atx(&format!("🚀 Release v{v} (2026)"))),
        ("shortcode", &|v| atx(&format!(":tada: {v}"))),
        ("anchor", &|v| atx(&format!("<a name=\"v{v}\"></a>{v}"))),
        ("anchor above", &|v| format!("<a name=\"{v}\"></a>\n## {v}\n")),
        ("attribute", &|v| atx(&format!("{v} {{#v{v}}}"))),
        ("yanked", &|v| atx(&format!("{v} [YANKED]"))),
        ("code name", &|v| atx(&format!("{v} Big Bang"))),
        ("quoted name", &|v| atx(&format!("{v} - \"Big Bang\""))),
        ("display name", &|v| atx(&format!("Hammer {v}"))),
        ("bold line", &|v| format!("**{v}** (2026-01-01)\n")),
        ("html", &|v| format!("<h2 id=\"{v}\">{v}</h2>\n")),
        ("rule between", &|v| format!("---\n\n## {v}\n")),
        ("word", &|v| atx(&format!("Release {v}: 2026"))),
        ("image", &|v| atx(&format!("{v} ![badge](https://x/y.svg)"))),
    ];
    for (form, title) in forms {
        let section = |version: &str| format!("{}\n### Fixed\n\n- In {version}.\n\n", title(version));
        let text: String = ["1.4.0-rc.1", "1.3.1", "1.3.0", "1.2.9", "0.9.0"].map(section).concat();
        // Headings with spaces before them, lists and quotes must not matter.
        let text = format!("\u{feff}{text}");
        for version in ["1.4.0-rc.1", "1.3.1", "1.3.0", "0.9.0"] {
            let expected = format!("### Fixed\n\n- In {version}.");
            assert_eq!(of(&text, version), Ok(expected.clone()), "{form}\n{text}");
            let windows = text.replace('\n', "\r\n");
            assert_eq!(of(&windows, version), Ok(expected), "{form}, CRLF");
        }
        assert_eq!(of(&text, "1.4.0"), Err(NoSection::Missing), "{form}");
        assert_eq!(of(&text, "3.0.0"), Err(NoSection::Missing), "{form}");
    }
}

#[test]
fn another_version_ends_a_section_at_any_depth() {
    let text = "## [1.3.0](https://x)\n\n### Features\n\n- a\n\n### [1.2.9](https://x)\n\n### Bug Fixes\n\n- b\n\n## 1.2.0\n\nc\n";
    assert_eq!(of(text, "1.3.0").unwrap(), "### Features\n\n- a");
    assert_eq!(of(text, "1.2.9").unwrap(), "### Bug Fixes\n\n- b");
    assert_eq!(of(text, "1.2.0").unwrap(), "c");
    // Headings of the same level that name no version are a part of it.
    let flat = "# 1.3.0\n\n# Added\n\n- a\n\n# Fixed\n\n- b\n\n# 1.2.0\n\n# Added\n";
    assert_eq!(of(flat, "1.3.0").unwrap(), "# Added\n\n- a\n\n# Fixed\n\n- b");
    // A heading above all versions is none.
    assert_eq!(of("# Log\n\n## 1.3.0\na\n# Older\nb\n", "1.3.0").unwrap(), "a");
    assert_eq!(of("## 1.3.0\na\n## [Unreleased]\nb\n", "1.3.0").unwrap(), "a");
}

#[test]
fn versions_of_other_things_in_headings_below_end_nothing() {
    let body = "### Upgrade clap to 4.0.0\n\na\n\n### MSRV 1.70\n\nb\n\n#### 2.0 compatibility\n\nc\n\n### v2\n\nd\n\n> ## 1.2.0\n\n- # 1.1.0\n\n- x\n\n  ## 1.2.0\n\n  1.2.0\n  ---\n\n1. y\n\n   # v1.2.0\n\n> - z\n>\n>   ## 1.2.0\n\n**1.2.0** is not affected.";
    assert_eq!(of(&format!("## 1.3.0\n\n{body}\n\n## 1.2.9\n\nz\n"), "1.3.0").unwrap(), body);
}

#[test]
fn a_short_version_is_taken_if_it_is_the_only_one() {
    let text = "## 1.4 (released 2nd March 2026)\n\nfour\n\n## 1.3.1\n\none\n\n## 1.3\n\nzero\n";
    assert_eq!(of(text, "1.4.0").unwrap(), "four");
    assert_eq!(of(text, "1.3.0").unwrap(), "zero");
    assert_eq!(of(text, "1.4.1"), Err(NoSection::Missing));
    assert_eq!(of(&format!("{text}\n## 1.3.0\n\nfull\n"), "1.3.0").unwrap(), "full");
    assert_eq!(of(&format!("{text}\n## v1.3\n\nagain\n"), "1.3.0"), Err(NoSection::Ambiguous));
}

#[test]
fn a_version_is_not_mistaken_for_one_that_begins_like_it() {
    for text in ["## 1.3.0-rc.1\n\nno\n", "## 11.3.0\n\nno\n", "## 1.3.0.1\n\nno\n", "## 1.3.01\n\nno\n"] {
        assert_eq!(of(text, "1.3.0"), Err(NoSection::Missing), "{text}");
    }
}

#[test]
fn a_version_of_another_package_is_not_taken() {
    let text = "## other-v1.3.0\n\nother's\n\n## tool-v1.3.0\n\nits own\n\n## other-v1.2.0\n";
    assert_eq!(of(text, "1.3.0").unwrap(), "its own");
    assert_eq!(of(text, "1.2.0"), Err(NoSection::Missing));
    assert_eq!(of("## Unreleased\n\n### Bump clap to 1.3.0\n\na\n", "1.3.0"), Err(NoSection::Missing));
    assert_eq!(of("## alpha 1.3.0\n\na\n\n## beta 1.3.0\n\nb\n", "1.3.0"), Err(NoSection::Missing));
}

#[test]
fn a_package_has_a_part_of_a_changelog_that_several_share() {
    for title in ["# Changelog\n\n", ""] {
        let part = |name: &str| format!("## {name}\n\n### 1.3.0\n\n- {name}'s\n\n### 1.2.0\n\n- old\n\n");
        let text = format!("{title}{}{}{}", part("other"), part("tool"), part("`more`"));
        assert_eq!(of(&text, "1.3.0").as_deref(), Ok("- tool's"), "{text}");
        let foreign = text.replace("## tool", "## third");
        assert_eq!(of(&foreign, "1.3.0"), Err(NoSection::Ambiguous), "{foreign}");
    }
    // The next part ends the last section, also without a version of its own.
    let text = "# Log\n\n## Tool\n\n### 1.3.0\n\n- a\n\n## Other\n\n- b\n";
    assert_eq!(of(text, "1.3.0").as_deref(), Ok("- a"));
}

#[test]
fn code_and_comments_are_no_headings_and_stay_whole() {
    // Backticks on one line are code within a line (CommonMark, section 6.1).
    assert_eq!(
        of("## 1.3.0\n\n```cargo install tool```\n\n## 1.2.0\n\nold\n", "1.3.0").unwrap(),
        "```cargo install tool```"
    );
    let comment = "a\n\n<!--\n## Template\n### Added\n-->\n\nb";
    assert_eq!(of(&format!("## 1.3.0\n\n{comment}\n\n## 1.2.0\n"), "1.3.0").unwrap(), comment);
    let tilde = "~~~~\n~~~\n## 1.2.0\n~~~~";
    assert_eq!(of(&format!("## 1.3.0\n\n{tilde}\n\n## 1.2.0\n"), "1.3.0").unwrap(), tilde);
    let indented = "- list\n\n      # 1.2.0 in code\n\n        ## 1.1.0";
    assert_eq!(of(&format!("## 1.3.0\n\n{indented}\n\n## 1.2.0\n"), "1.3.0").unwrap(), indented);
    assert_eq!(of("<!--\n## 1.3.0\n\nno\n-->\n", "1.3.0"), Err(NoSection::Missing));
    // Without an end these would hide whatever follows the notes.
    assert_eq!(of("## 1.3.0\n\na\n\n<!-- open\n\n## 1.2.0\n", "1.3.0").unwrap(), "a");
    assert_eq!(of("## 1.3.0\n\na\n\n````sh\nb\n", "1.3.0").unwrap(), "a\n\n````sh\nb\n````");
    assert_eq!(of("## 1.3.0\n\n<details>\n\na\n", "1.3.0").unwrap(), "<details>\n\na\n\n</details>");
}

#[test]
fn definitions_are_kept_where_they_are_used() {
    let text = "## 1.3.0\n\nSee [Guide][ A  guide ], ![x] and a note[^n].\n\n[unused]: https://unused\n\n## 1.2.0\n\nb[^n]\n\n\
        [a Guide]: <https://guide>\n  \"Title\"\n[X]: x.svg\n[^n]: A [late] note.\n\n[late]: https://late\n[1.3.0]: https://x\n";
    assert_eq!(
        of(text, "1.3.0").unwrap(),
        "See [Guide][ A  guide ], ![x] and a note[^n].\n\n[a Guide]: <https://guide>\n  \"Title\"\n[X]: x.svg\n\
         [^n]: A [late] note.\n[late]: https://late"
    );
}

#[test]
fn the_text_stays_as_it_is_written() {
    let body = "    indented code\n\n* a  \n  b\n\n\n+ c \\\n\n|x|\n|-|\n|1|\n\n<img src=x>\n\n***\n\nend";
    assert_eq!(of(&format!("## 1.3.0\n\n\n{body}\n\n---\n\n## 1.2.0\n"), "1.3.0").unwrap(), body);
}

#[test]
fn an_empty_section_is_reported_as_such() {
    assert_eq!(of("## 1.3.0\n\n---\n\n## 1.2.0\n\nOld.\n", "1.3.0"), Err(NoSection::Empty));
    assert_eq!(of("## 1.3.0", "1.3.0"), Err(NoSection::Empty));
    // The first heading of several that has a text.
    assert_eq!(of("## 1.3.0\n\n## 1.3.0 (again)\n\na\n\n## 1.3.0\n\nb\n", "1.3.0").unwrap(), "a");
    let body = "a\n\n### Upgrading to 1.3.0\n\n### 1.3.0 in short\n\nb";
    assert_eq!(of(&format!("## 1.3.0\n\n{body}\n"), "1.3.0").unwrap(), body);
    assert_eq!(of("", "1.3.0"), Err(NoSection::Missing));
}

#[test]
fn unreleased_changes_are_found() {
    assert_eq!(unreleased("## [Unreleased]\n\nSoon.\n## 1.0.0\n").as_deref(), Some("Soon."));
    assert_eq!(
        unreleased("## Unreleased - ReleaseDate\n\nSoon.\n## tool-v1.0.0\n").as_deref(),
        Some("Soon.")
    );
    assert_eq!(unreleased(CHANGELOG), None);
}
#[test]
fn headings_in_html_and_other_line_ends_are_known() {
    for (begin, end) in
        [("<H2>", "</H2>"), ("<div align=\"center\">\n<h2>", "</h2>\n</div>"), ("  <h2>", "</h2>")]
    {
        let text = format!("{begin}1.3.0{end}\n\n- a\n\n{begin}1.2.0{end}\n\n- b\n");
        assert_eq!(of(&text, "1.3.0").as_deref(), Ok("- a"), "{text}");
        assert_eq!(of(&text, "1.2.0").as_deref(), Ok("- b"), "{text}");
    }
    // They part a block of HTML that ends with an empty line.
    let tight = "<h2>1.3.0</h2>\n- a\n<h2><a href=\"x\">1.2.0</a></h2>\n- b\n\n- c\n";
    assert_eq!(of(tight, "1.3.0").as_deref(), Ok("- a"));
    assert_eq!(of(tight, "1.2.0").as_deref(), Ok("- b\n\n- c"));
    assert_eq!(of("## 1.3.0\r\r- a\r\r## 1.2.0\r\r- b\r", "1.3.0").unwrap(), "- a");
    // HTML in a list is a part of it.
    let body = "- a\n\n  <h2>1.2.0</h2>\n\n<p>1.2.0</p>\n\n<hr>1.2.0";
    assert_eq!(of(&format!("<h2>1.3.0</h2>\n\n{body}\n"), "1.3.0").unwrap(), body);
}

#[test]
fn a_build_of_a_version_has_its_section() {
    let text = "## 1.3.0+musl\n\nmusl\n\n## 1.3.0\n\nplain\n\n## 1.2.0\n\nold\n";
    assert_eq!(of(text, "1.3.0+musl").unwrap(), "musl");
    assert_eq!(of(text, "1.3.0").unwrap(), "plain");
    assert_eq!(of(text, "1.2.0+build.5").unwrap(), "old");
    assert_eq!(of("## 1.3.0+musl\n\nmusl\n", "1.3.0+gnu"), Err(NoSection::Missing));
}
