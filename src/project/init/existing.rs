//! The lines that let a flake or a workflow of the project's own call floe. The files are not parsed: what stays in them is
//! for the user to judge, so the lines fit any file.

use std::ops::Range;

use super::template::{self, CALLED, Floe};
use super::{FoundProject, code, lacks};

/// The lines that let a flake release the project beside its own outputs.
pub(super) fn flake(text: &str, found: &FoundProject, floe: &Floe) -> Vec<String> {
    let release = template::arguments(found, "inputs.self");
    // A function of exact arguments refuses an input that it does not name.
    let (head, given) = match url(text, floe) {
        Some(_) => ("the input for floe stays;".to_owned(), "inputs"),
        None => (
            format!("add beside `outputs`:\n    inputs.floe.url = \"{}\";", floe.input),
            "(builtins.removeAttrs inputs [ \"floe\" ])",
        ),
    };
    let lines = format!(
        "{head}
write `outputs` like this, with its present value in place of `…`:
    outputs = inputs:
      let
        yours = (…) {given};
        release = inputs.floe.lib.mkRelease {release};
        merge = name: own: release.${{name}} // builtins.mapAttrs (system: value: release.${{name}}.${{system}} or {{ }} // value) own;
      in
      release // yours // builtins.mapAttrs merge (builtins.intersectAttrs release yours);
an output that both define, such as `packages.x86_64-linux.default`, stays yours: a release needs floe's `dist` and `gate`"
    );
    lines.lines().map(str::to_owned).collect()
}

/// The range of the first string of a flake that is a reference to floe, from whichever fork.
pub(super) fn url(text: &str, floe: &Floe) -> Option<Range<usize>> {
    let is_reference = |url: &str| {
        url == "flake:floe" || Floe::at(url).is_ok_and(|named| named.repo.name() == floe.repo.name())
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut at = start;
        // Every second part is between quotes.
        for (number, part) in line.split('"').enumerate() {
            match number % 2 {
                0 if part.contains('#') => break,
                1 if is_reference(part) => return Some(at..at + part.len()),
                _ => at += part.len() + 1,
            }
        }
        start += line.len();
    }
    None
}

/// Whether jobs of the project's own are beside the call of floe.
pub(super) fn is_shared(workflow: &str) -> bool {
    let is_other_call = |line: &str| line.contains("/.github/workflows/") && !line.contains(CALLED);
    code(workflow)
        .any(|line| line.starts_with("runs-on:") || (line.starts_with("uses:") && is_other_call(line)))
}

/// The lines of the call's permissions that a workflow with jobs of its own lacks.
pub(super) fn missing(workflow: &str, prefix: &str, floe: &Floe) -> Vec<String> {
    let job = job(prefix, floe, "", false);
    let permissions = job.into_iter().skip_while(|line| line.trim() != "permissions:");
    permissions.filter(|line| lacks(workflow, line) > 0).collect()
}

/// The lines that let a workflow release the project beside its own jobs.
pub(super) fn workflow(text: &str, prefix: &str, floe: &Floe) -> Vec<String> {
    let has = |start: &str| code(text).any(|line| line.starts_with(start));
    let names = ["release", "floe", "floe-release"];
    let name = names.into_iter().find(|name| !has(&format!("{name}:"))).unwrap_or("publish-with-floe");
    let jobs = text.lines().skip_while(|line| !line.starts_with("jobs:")).skip(1);
    let first = jobs.into_iter().find(|line| code(line).next().is_some());
    let indent = first.map_or(2, |line| line.len() - line.trim_start().len());
    let mut lines = vec![
        "let pushed tags of releases start it, unless they do:".to_owned(),
        "    on:".to_owned(),
        "      push:".to_owned(),
        format!("        tags: [\"{}\"]", template::tags(prefix)),
        "add below `jobs:`:".to_owned(),
    ];
    let job = job(prefix, floe, name, has("dry-run:"));
    lines.extend(job.into_iter().map(|line| format!("    {}{line}", " ".repeat(indent))));
    lines
}

/// The template's job under another name. Other triggers of the workflow do not start it.
fn job(prefix: &str, floe: &Floe, name: &str, has_input: bool) -> Vec<String> {
    let text = template::workflow(prefix, &floe.call());
    let lines = text.lines().skip_while(|line| *line != "jobs:").skip(2);
    let is_kept = |line: &&str| {
        has_input || !["with:", "dry-run:"].contains(&line.trim().split(' ').next().unwrap_or_default())
    };
    let lines = lines.filter(is_kept).filter_map(|line| line.strip_prefix("  ")).map(str::to_owned);
    let condition = format!("  if: startsWith(github.ref, 'refs/tags/{prefix}v')");
    [format!("{name}:"), condition].into_iter().chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_floe_is_found_in_every_notation_but_not_in_comments() {
        let floe = Floe::at("github:acme/floe/v0.1.0").unwrap();
        for url in
            ["github:acme/floe/v0.1.0", "github:fork/floe", "git+https://github.com/a/floe", "flake:floe"]
        {
            for flake in [
                "{ inputs.floe.url = \"U\"; }",
                "{ inputs = { nixpkgs.url = \"github:NixOS/nixpkgs\"; floe.url = \"U\"; }; }",
                "{ inputs.\"floe\" = { flake = true; url = \"U\"; }; } # \"U\"",
                "# url = \"github:acme/floe/v0.0.1\";\n{\n  description = \"of floe\";\n  inputs.tool.url = \"U\"; }",
            ] {
                let flake = flake.replace('U', url);
                assert_eq!(super::url(&flake, &floe).map(|range| &flake[range]), Some(url), "{flake}");
            }
        }
        for flake in ["", "\"", "{ inputs.floe.url = \"", "{ inputs.a.url = \"github:acme/other\"; }"] {
            assert_eq!(url(flake, &floe), None, "{flake}");
        }
    }
}
