//! Words the lines that let a workflow of the project call floe's, as far as its YAML shows what it has.

use super::advice::PUBLISHERS;
use super::template::{self, Filling};
use super::yaml::{Node, Value};
use super::{code, lacks};

/// Whether jobs of the project's own are beside the call of floe.
pub(super) fn is_shared(text: &str) -> bool {
    let Some(root) = Node::read(text) else {
        return code(text).any(|line| line.starts_with("runs-on:"));
    };
    let is_call = |job: &Node<'_>| {
        job.get("uses").and_then(Node::text).is_some_and(|called| called.contains(template::CALLED))
    };
    root.get("jobs").is_some_and(|jobs| jobs.entries().any(|(_, job)| !is_call(job)))
}

/// The lines of the call's permissions that a workflow with jobs of its own lacks.
pub(super) fn missing(text: &str, filling: &Filling) -> Vec<String> {
    let job = job(filling, "", false);
    let permissions = job.into_iter().skip_while(|line| line.trim() != "permissions:");
    permissions.filter(|line| lacks(text, line) > 0).collect()
}

/// The lines to add.
pub(super) fn lines(path: &str, text: &str, filling: &Filling) -> Vec<String> {
    let root = Node::read(text);
    let get = |name| root.as_ref().and_then(|root| root.get(name));
    let (on, jobs) = (get("on"), get("jobs"));
    let mut lines = triggers(on, filling);
    let names = ["release", "floe", "floe-release"];
    let is_named = |name: &str| jobs.is_some_and(|jobs| jobs.get(name).is_some());
    let name = names.into_iter().find(|name| !is_named(name)).unwrap_or("publish-with-floe");
    match jobs {
        None => lines.extend(["add at the end:".to_owned(), "    jobs:".to_owned()]),
        Some(Node { inline: Some(inline), .. }) => lines.extend([
            format!("`jobs: {inline}` is written on one line: write it as a block, with this job in it:"),
            "    jobs:".to_owned(),
        ]),
        Some(_) => lines.push("add below `jobs:`:".to_owned()),
    }
    let inputs =
        ["workflow_dispatch", "workflow_call"].into_iter().filter_map(|event| on?.get(event)?.get("inputs"));
    let has_input = inputs.into_iter().any(|inputs| inputs.get("dry-run").is_some());
    let indent = jobs.and_then(Node::keys_column).unwrap_or(2);
    lines.extend(job(filling, name, has_input).into_iter().map(|line| indented(indent, &line)));
    if let Some(tool) = PUBLISHERS.iter().find(|word| code(text).any(|line| line.contains(**word))) {
        lines.push(format!("remove `{tool}` from `{path}`, or both publish the release of a tag"));
    }
    lines
}

/// A line to paste at a column.
fn indented(column: usize, line: &str) -> String {
    format!("    {}{line}", " ".repeat(column))
}

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
fn triggers(on: Option<&Node<'_>>, filling: &Filling) -> Vec<String> {
    let tags = template::tags(&filling.tag_prefix);
    let push =
        |column, step| [indented(column, "push:"), indented(column + step, &format!("tags: [\"{tags}\"]"))];
    let instead_of = |present: &str| {
        let replace = format!("replace {present}, which starts it for no tag, by a block that has:");
        [vec![replace, "    on:".to_owned()], push(2, 2).to_vec()].concat()
    };
    let unseen = || {
        vec![format!("whether it runs for tags like `{tags}` cannot be seen: `on.push.tags` must match them")]
    };
    let Some(on) = on else { return unseen() };
    let inline = on.inline.map(|inline| format!("`on: {inline}`"));
    let pushed = match &on.value {
        Value::Alias => return unseen(),
        Value::Nothing => None,
        Value::Text(_) | Value::List(_) if on.texts().contains(&"push") => return Vec::new(),
        Value::Text(_) | Value::List(_) => {
            return instead_of(inline.as_deref().unwrap_or("the list below `on:`"));
        }
        Value::Table(_) => on.get("push"),
    };
    let Some(pushed) = pushed else {
        return match (inline, on.keys_column().unwrap_or(2)) {
            (Some(inline), _) => instead_of(&inline),
            (None, column) => [vec!["add below `on:`:".to_owned()], push(column, 2).to_vec()].concat(),
        };
    };
    match (&pushed.value, pushed.get("tags")) {
        (Value::Alias, _) => unseen(),
        _ if pushed.get("tags-ignore").is_some() => unseen(),
        (_, Some(Node { value: Value::Alias, .. })) => unseen(),
        (_, Some(present)) if present.texts().iter().any(|pattern| matches(pattern, filling)) => Vec::new(),
        (_, Some(_)) => vec![format!("add `\"{tags}\"` to `on.push.tags`, unless they match it already")],
        (_, None) if ["branches", "branches-ignore"].iter().any(|name| pushed.get(name).is_some()) => {
            let line = format!("tags: [\"{tags}\"]");
            match pushed.keys_column() {
                Some(column) => vec!["add below `push:`:".to_owned(), indented(column, &line)],
                None => vec![format!("add `{line}` to `on.push`")],
            }
        }
        // Without a filter, a push of a tag starts it, too; with one of paths alone, GitHub ignores that for tags.
        (_, None) => Vec::new(),
    }
}

/// Whether a pattern certainly matches the tags of releases.
fn matches(pattern: &str, filling: &Filling) -> bool {
    let prefix = &filling.tag_prefix;
    let known = [template::tags(prefix), format!("{prefix}v*"), format!("{prefix}v**"), "**".to_owned()];
    // A single star does not match the slash of a prefix.
    known.iter().any(|known| known == pattern) || (pattern == "*" && !prefix.contains('/'))
}
