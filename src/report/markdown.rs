//! Tables in Markdown, as GitHub shows them on the page of a run.
//!
//! Cells are escaped, so that no file name becomes a link, a heading or another column.

/// A table; the first row is its head.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line = |cells: [String; N]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(head.map(str::to_owned));
    text.push_str(&line(head.map(|_| "---".to_owned())));
    for row in rows {
        text.push_str(&line(row.map(|cell| escaped(&cell))));
    }
    text
}

/// Text with its Markdown and HTML escaped, so that `<`, `|` and `*` are shown as they are. Text in backticks stays
/// code where the backticks come in pairs.
fn escaped(cell: &str) -> String {
    let cell = cell.replace(['\n', '\r'], " ").replace('|', "\\|");
    let parts: Vec<&str> = cell.split('`').collect();
    // An even number of parts means that one backtick has no partner.
    let paired = parts.len() % 2 == 1;
    let part = |(at, part): (usize, &&str)| match at % 2 == 1 && paired {
        true => format!("`{part}`"),
        false => plain(part),
    };
    let shown: Vec<String> = parts.iter().enumerate().map(part).collect();
    if paired { shown.concat() } else { shown.join("\\`") }
}

fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '&' => shown.push_str("&amp;"),
            '*' | '_' | '[' | ']' | '#' | '~' => shown.extend(['\\', c]),
            _ => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_table_are_escaped() {
        let rows = [["a|b\nc".to_owned(), "<img src=x> [x](y) *z* `a_b`".to_owned()]];
        assert_eq!(
            table(["one", "two"], rows),
            "| one | two |\n| --- | --- |\n| a\\|b c | &lt;img src=x> \\[x\\](y) \\*z\\* `a_b` |\n"
        );
        assert_eq!(escaped("a ` b_c"), "a \\` b\\_c");
    }
}
