//! Words the lines that let a workflow of the project call floe's, as far as its text shows what it has.

use super::advice::PUBLISHERS;
use super::template::{self, Filling};
use super::{code, lacks};

/// Whether jobs of the project's own are beside the call of floe.
pub(super) fn is_shared(text: &str) -> bool {
    code(text).any(|line| line.starts_with("runs-on:"))
}

/// The lines of the call's permissions that a workflow with jobs of its own lacks.
pub(super) fn missing(text: &str, filling: &Filling) -> Vec<String> {
    let job = job(filling, "", false);
    let permissions = job.into_iter().skip_while(|line| line.trim() != "permissions:");
    permissions.filter(|line| lacks(text, line) > 0).collect()
}

/// The lines to add.
pub(super) fn lines(path: &str, text: &str, filling: &Filling) -> Vec<String> {
    let mut lines = triggers(text, filling);
    let (inline, jobs) = block(text, "jobs").unwrap_or_default();
    let indent = jobs.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(2);
    let is_named = |name: &str| {
        let mut keys = jobs.iter().filter(|line| line.len() - line.trim_start().len() == indent);
        keys.any(|line| line.split_once(':').is_some_and(|(key, _)| key.trim().trim_matches(QUOTES) == name))
    };
    let names = ["release", "floe", "floe-release"];
    let name = names.into_iter().find(|name| !is_named(name)).unwrap_or("publish-with-floe");
    lines.push(match (inline, jobs.is_empty()) {
        ("", true) => "add at the end:".to_owned(),
        ("", false) => "add below `jobs:`:".to_owned(),
        _ => format!("`jobs: {inline}` is written on one line: write it as a block, with this job in it:"),
    });
    if jobs.is_empty() {
        lines.push("    jobs:".to_owned());
    }
    let has_input = block(text, "on").is_some_and(|(_, on)| on.iter().any(|line| key(line) == "dry-run"));
    let margin = " ".repeat(4 + indent);
    lines.extend(job(filling, name, has_input).into_iter().map(|line| format!("{margin}{line}")));
    if let Some(tool) = PUBLISHERS.iter().find(|word| code(text).any(|line| line.contains(**word))) {
        lines.push(format!("remove `{tool}` from `{path}`, or both publish the release of a tag"));
    }
    lines
}

const QUOTES: [char; 2] = ['"', '\''];

/// The template's job under another name. Other triggers of the workflow do not start it.
fn job(filling: &Filling, name: &str, has_input: bool) -> Vec<String> {
    let text = template::workflow(filling, &filling.floe.call());
    let lines = text.lines().skip_while(|line| *line != "jobs:").skip(2);
    let is_kept = |line: &&str| {
        has_input || !["with:", "dry-run:"].contains(&line.trim().split(' ').next().unwrap_or_default())
    };
    let lines = lines.filter(is_kept).filter_map(|line| line.strip_prefix("  ")).map(str::to_owned);
    let condition = format!("  if: startsWith(github.ref, 'refs/tags/{}v')", filling.tag_prefix);
    [format!("{name}:"), condition].into_iter().chain(lines).collect()
}

/// The lines that make the workflow run for the tags of releases.
fn triggers(text: &str, filling: &Filling) -> Vec<String> {
    let tags = template::tags(&filling.tag_prefix);
    let unseen = || {
        vec![format!("whether it runs for tags like `{tags}` cannot be seen: `on.push.tags` must match them")]
    };
    let Some((inline, on)) = block(text, "on") else {
        return unseen();
    };
    let has_push = inline.split(|character: char| "[], ".contains(character)).any(|event| event == "push");
    if inline.contains('{') {
        return unseen();
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let Some(at) = on.iter().position(|line| key(line) == "push" || line.trim() == "- push") else {
        return match (has_push, inline.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => vec![
                "add below `on:`:".to_owned(),
                "      push:".to_owned(),
                format!("        tags: [\"{tags}\"]"),
            ],
            (false, false) => vec![
                format!("replace `on: {inline}`, which starts it for no tag, by a block that has:"),
                "    on:".to_owned(),
                "      push:".to_owned(),
                format!("        tags: [\"{tags}\"]"),
            ],
        };
    };
    let push: Vec<&str> =
        on[at + 1..].iter().copied().take_while(|line| indent(line) > indent(on[at])).collect();
    let has = |word: &str| push.iter().any(|line| key(line) == word);
    let is_matching = |line: &str| {
        let mut words = line.split(|character: char| " [],\"'".contains(character));
        words.any(|word| {
            // A single star does not match the slash of a prefix.
            [tags.as_str(), "**"].contains(&word)
                || (word == "*" && !filling.tag_prefix.contains('/'))
                || word == format!("{}v*", filling.tag_prefix)
        })
    };
    match (has("tags"), has("tags-ignore") || on[at].contains('{')) {
        (_, true) => unseen(),
        (true, false) if push.iter().skip_while(|line| key(line) != "tags").any(|line| is_matching(line)) => {
            Vec::new()
        }
        (true, false) => vec![format!("add `\"{tags}\"` to `on.push.tags`, unless they match it already")],
        (false, false) if has("branches") || has("branches-ignore") => {
            vec!["add below `push:`:".to_owned(), format!("        tags: [\"{tags}\"]")]
        }
        // Without a filter, a push of a tag starts it, too; with one of paths alone, GitHub ignores that for tags.
        (false, false) => Vec::new(),
    }
}

fn key(line: &str) -> &str {
    line.split(':').next().unwrap_or_default().trim().trim_matches(QUOTES)
}

/// The value of a top-level key on its own line, and the lines below the key, without comments.
fn block<'t>(text: &'t str, name: &str) -> Option<(&'t str, Vec<&'t str>)> {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let mut lines = text.lines().filter(is_code);
    let is_top = |line: &str| !line.starts_with([' ', '-']);
    let first = lines.find(|line| is_top(line) && line.contains(':') && key(line) == name)?;
    let inline = first.split_once(':')?.1.split(" #").next()?.trim();
    Some((inline, lines.take_while(|line| !is_top(line)).collect()))
}
