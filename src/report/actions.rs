//! GitHub Actions' conventions: workflow commands on stderr, outputs for later steps, and the job's summary.
//!
//! They are used only where `GITHUB_ACTIONS` is `true`. floe never masks anything (`::add-mask::` would write the very
//! secret into the log's stream; it prints none) and never writes to stdout, which belongs to results.

use std::fs::OpenOptions;
use std::io::Write;

use anyhow::Context as _;

use crate::environment::variable_os;

/// An annotation: `::error title=floe,file=…::message`. Its level is `error` or `warning`.
pub fn annotation(level: &str, file: Option<&str>, message: &str) -> String {
    let file = file.map(|file| format!(",file={}", property(file))).unwrap_or_default();
    format!("::{level} title=floe{file}::{}", data(message))
}

/// The line that begins a group of lines that the log folds.
pub fn group(title: &str) -> String {
    format!("::group::{}", data(title))
}

/// The line that ends it.
pub const END_GROUP: &str = "::endgroup::";

/// Untrusted text (a server's message, the name of a file), escaped so that the runner takes no line of it for a
/// workflow command.
pub fn harmless(text: &str) -> String {
    let line = |line: &str| {
        let rest = line.trim_start();
        match rest.starts_with("::") {
            true => format!("{}\\{rest}", &line[..line.len() - rest.len()]),
            false => line.to_owned(),
        }
    };
    let lines: Vec<String> = text.split('\n').map(line).collect();
    // The runner looks for its older form, `##[command]`, anywhere in a line.
    lines.join("\n").replace("##[", "#\\#[")
}

/// A value after `::` (actions/toolkit, `escapeData`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value of a property (actions/toolkit, `escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// `name=value`, or the form for values of several lines, with an end that the value does not hold.
pub fn output_lines(name: &str, value: &str) -> String {
    if !value.contains(['\n', '\r']) {
        return format!("{name}={value}\n");
    }
    let mut end = "floe_end".to_owned();
    while value.contains(&end) {
        end.push('_');
    }
    format!("{name}<<{end}\n{value}\n{end}\n")
}

/// Appends to the file that a variable names, such as `GITHUB_OUTPUT`.
pub fn append(variable: &str, text: &str) -> anyhow::Result<()> {
    let Some(path) = variable_os(variable) else { return Ok(()) };
    let write = || OpenOptions::new().append(true).create(true).open(&path)?.write_all(text.as_bytes());
    write().with_context(|| format!("failed to write `{}`, which GitHub Actions reads", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_always_one_line() {
        assert_eq!(
            annotation("error", Some("a: b, c.toml"), "100%\nof it\r"),
            "::error title=floe,file=a%3A b%2C c.toml::100%25%0Aof it%0D"
        );
        assert_eq!(annotation("warning", None, "a:b,c"), "::warning title=floe::a:b,c");
        assert_eq!(group("a\n::error::b"), "::group::a%0A::error::b");
    }

    #[test]
    fn untrusted_text_is_never_a_command() {
        assert_eq!(harmless("fine: a::b"), "fine: a::b");
        assert_eq!(harmless("::add-mask::x\n  ::error::y"), "\\::add-mask::x\n  \\::error::y");
        assert_eq!(harmless("say ##[error]x"), "say #\\#[error]x");
    }

    #[test]
    fn a_value_cannot_end_its_own_output() {
        assert_eq!(output_lines("tag", "v1.4.0"), "tag=v1.4.0\n");
        assert_eq!(
            output_lines("notes", "a\nfloe_end\ntag=v9"),
            "notes<<floe_end_\na\nfloe_end\ntag=v9\nfloe_end_\n"
        );
    }
}
