//! The difference of two texts as `git diff` shows it, for people to read and for `git apply`.
//!
//! It is made for files of some hundred lines; where much of a long one differs, it shows all of that as replaced.

use std::fmt::Write as _;

/// How many lines around a change are shown.
const CONTEXT: usize = 3;
/// How many pairs of lines are compared at the most, before all between is taken as replaced.
const PAIRS: usize = 4_000_000;

/// The difference of one file, with git's header; empty if there is none. `old` is `None` for a new file.
pub fn unified(path: &str, old: Option<&str>, new: &str) -> String {
    if old == Some(new) {
        return String::new();
    }
    let mut text = format!("diff --git a/{path} b/{path}\n");
    match old {
        None => text.push_str("new file mode 100644\n--- /dev/null\n"),
        Some(_) => _ = writeln!(text, "--- a/{path}"),
    }
    _ = writeln!(text, "+++ b/{path}");
    let lines = compare(&split(old.unwrap_or_default()), &split(new));
    for hunk in hunks(&lines) {
        write_hunk(&mut text, &lines, hunk);
    }
    text
}

/// A line and where it stands: only in the old text, only in the new one, or in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'t> {
    Old(&'t str),
    New(&'t str),
    Both(&'t str),
}

/// Lines with their ends, so that a missing last line end is a difference too.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn compare<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let rest = (&old[before..], &new[before..]);
    let after = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle = (&rest.0[..rest.0.len() - after], &rest.1[..rest.1.len() - after]);
    let mut lines: Vec<Line> = old[..before].iter().map(|line| Line::Both(line)).collect();
    lines.extend(compare_middle(middle.0, middle.1));
    lines.extend(old[old.len() - after..].iter().map(|line| Line::Both(line)));
    lines
}

/// The longest common subsequence, by the table of the lengths that are left from each pair of places on.
fn compare_middle<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let width = new.len() + 1;
    if old.len().saturating_mul(width) > PAIRS {
        let replaced = old.iter().map(|line| Line::Old(line));
        return replaced.chain(new.iter().map(|line| Line::New(line))).collect();
    }
    let mut left = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            left[i * width + j] = match old[i] == new[j] {
                true => left[(i + 1) * width + j + 1] + 1,
                false => left[(i + 1) * width + j].max(left[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Both(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && left[(i + 1) * width + j] >= left[i * width + j + 1]) {
            lines.push(Line::Old(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}

/// The ranges of lines to show: each change with its context, those that touch as one.
fn hunks(lines: &[Line]) -> Vec<std::ops::Range<usize>> {
    let mut hunks: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| !matches!(line, Line::Both(_))) {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + CONTEXT + 1).min(lines.len()));
        match hunks.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => hunks.push(start..end),
        }
    }
    hunks
}

fn write_hunk(text: &mut String, lines: &[Line], hunk: std::ops::Range<usize>) {
    let count = |part: &[Line], is_new: bool| {
        let other = |line: &&Line| !matches!((line, is_new), (Line::Old(_), true) | (Line::New(_), false));
        part.iter().filter(other).count()
    };
    let side = |is_new: bool| {
        let (before, inside) = (count(&lines[..hunk.start], is_new), count(&lines[hunk.clone()], is_new));
        // A side without lines is named by the line before it (POSIX, diff -u).
        let start = if inside == 0 { before } else { before + 1 };
        if inside == 1 { start.to_string() } else { format!("{start},{inside}") }
    };
    _ = writeln!(text, "@@ -{} +{} @@", side(false), side(true));
    for line in &lines[hunk] {
        let (mark, line) = match line {
            Line::Both(line) => (' ', line),
            Line::Old(line) => ('-', line),
            Line::New(line) => ('+', line),
        };
        text.push(mark);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_new_file_is_all_added() {
        expect![[r#"
            diff --git a/x b/x
            new file mode 100644
            --- /dev/null
            +++ b/x
            @@ -0,0 +1,2 @@
            +a
            +b
        "#]]
        .assert_eq(&unified("x", None, "a\nb\n"));
        assert_eq!(unified("x", Some("a\n"), "a\n"), "");
    }

    #[test]
    fn a_change_is_shown_with_three_lines_around_it() {
        let old: String = (1..=20).map(|number| format!("{number}\n")).collect();
        let new = old.replace("5\n", "five\n").replace("\n20\n", "\n20\n21");
        expect![[r#"
            diff --git a/x b/x
            --- a/x
            +++ b/x
            @@ -2,7 +2,7 @@
             2
             3
             4
            -5
            +five
             6
             7
             8
            @@ -12,9 +12,10 @@
             12
             13
             14
            -15
            +1five
             16
             17
             18
             19
             20
            +21
            \ No newline at end of file
        "#]]
        .assert_eq(&unified("x", Some(&old), &new));
    }

    #[test]
    fn what_is_too_much_to_compare_is_replaced() {
        let long = |word: &str| (0..3000).map(|number| format!("{word}{number}\n")).collect::<String>();
        let diff = unified("x", Some(&long("a")), &long("b"));
        assert_eq!(diff.lines().filter(|line| line.starts_with("-a")).count(), 3000);
        assert_eq!(diff.lines().filter(|line| line.starts_with("+b")).count(), 3000);
    }
}
