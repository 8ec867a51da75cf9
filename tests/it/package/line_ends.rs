//! Files that a setting of git, which each machine has of its own, gives other bytes than the commit has.

use std::fs;

use super::Case;
use crate::project::git;
use crate::support::peers::peer;
use crate::support::sample::Sample;

/// The warnings of floe for a checkout with or without the setting `core.autocrlf`, which Git for Windows makes.
fn said(sample: Sample, autocrlf: bool) -> String {
    git(sample.path(), &["init", "--quiet"]);
    git(sample.path(), &["add", "."]);
    git(sample.path(), &["commit", "--quiet", "-m", "one"]);
    git(sample.path(), &["config", "core.autocrlf", &autocrlf.to_string()]);
    check_out(&sample);
    let case = Case::new(sample).tool("x86_64-gnu");
    let said = case.said();
    assert!(!said.contains("error"), "{said}");
    let record = fs::read_to_string(case.out().join("tool-x86_64-unknown-linux-gnu.tar.gz.json")).unwrap();
    assert!(record.contains("\"commit\": \""), "{record}");
    said
}

/// Checks every file out again, by the commands of the warning.
fn check_out(sample: &Sample) {
    git(sample.path(), &["rm", "-rq", "--cached", "."]);
    git(sample.path(), &["reset", "--quiet", "--hard"]);
}

#[test]
fn line_ends_that_only_this_machine_has_are_a_warning_with_the_way_out() {
    if peer("git").is_none() {
        return;
    }
    let said = said(Sample::tool(), true);
    let rest = "and 2 other packed files have Windows line ends here and Unix ones in the commit";
    assert!(said.contains(&format!("`CHANGELOG.md` {rest}")), "{said}");
    // With the file that the warning names, there is none.
    let sample = Sample::tool().file(".gitattributes", "* text=auto eol=lf\n");
    assert_eq!(self::said(sample, true), "");
}

#[test]
fn a_pattern_in_a_name_and_files_of_many_folders_are_looked_at() {
    if peer("git").is_none() {
        return;
    }
    let mut sample = Sample::tool()
        .file(".gitattributes", "*.md text eol=lf\nLICENSE* text eol=lf\n")
        .file("share/[a-z].txt", "one\n")
        .file("share/b.txt", "two\n")
        .manifest_lines("[package.metadata.floe]\ninclude = [\"share/[a-z].txt\", \"docs\"]");
    for number in 0..120 {
        sample =
            sample.file(&format!("docs/{number}/page"), "x\n").file(&format!("docs/all/{number}"), "x\n");
    }
    let said = said(sample, true);
    assert!(said.contains("and 240 other packed files have Windows line ends here"), "{said}");
}

#[test]
fn line_ends_that_every_checkout_has_are_right() {
    if peer("git").is_none() {
        return;
    }
    assert_eq!(said(Sample::tool(), false), "");
    assert_eq!(said(Sample::tool().file("README.md", "# tool\r\n"), false), "");
    for attributes in ["* text eol=crlf\n", "* -text\n"] {
        let sample = Sample::tool().file("README.md", "# tool\n").file(".gitattributes", attributes);
        assert_eq!(said(sample, true), "", "{attributes}");
    }
}
