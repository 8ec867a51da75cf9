//! Checks single values of the table, and words their problems.

use super::super::NotesFrom;
use super::reader::Parsed;
use crate::model::release::{CHECKSUMS, is_asset_name};
use crate::model::{Manifest, Sbom, Tag, Target};
use crate::untrusted::text::has_only;

pub(super) fn unknown(name: &str, known: &[&str], what: &str) -> String {
    format!("is not a {what}{}; the {what}s are {}", did_you_mean(name, known), listed(known))
}

/// The text if it is good, else a problem that begins with it.
pub(super) fn accept(text: &str, is_good: bool, why: &str) -> Parsed<String> {
    if is_good { Ok(text.to_owned()) } else { Err(format!("`{text}` {why}")) }
}

/// A relative path with slashes and without `.` components. It may begin with `..`, but leads no further down than up.
pub(super) fn include_path(text: &str) -> Parsed<String> {
    let refuse = |why: &str| Err(format!("`{text}` {why}; write it relative to the package's folder"));
    if text.starts_with('/') || text.contains(['\\', ':']) {
        return refuse("is absolute or has a character that not every system allows");
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let Some(down) = parts.iter().position(|part| *part != "..") else {
        return refuse("names no file or folder");
    };
    if parts[down..].contains(&"..") {
        return refuse("has `..` after the name of a folder");
    }
    Ok(parts.join("/"))
}

/// A path in the folder where a build script puts its output. It is read by a shell, too, so it is no pattern.
pub(super) fn built_path(text: &str) -> Parsed<String> {
    let is_plain = |c: char| c.is_alphanumeric() || "._-+@/".contains(c);
    let path = include_path(text).unwrap_or_default();
    let is_built = !path.is_empty() && !path.starts_with("..") && !path.starts_with('-');
    let why = "is not a path in the build script's `OUT_DIR`; write it without patterns and spaces, as `assets/tool.1`";
    accept(text, is_built && path.chars().all(is_plain), why).map(|_| path)
}

/// A path in the archives that a document of the build gets.
pub(super) fn document_path(text: &str) -> Parsed<String> {
    let path = built_path(text).unwrap_or_default();
    let is_document = matches!(path.split('/').next(), Some("completions" | "man"));
    let why = "is not in `completions` or `man`, where the documents of a build are packed";
    accept(text, is_document, why).map(|_| path)
}

/// A path in the archives.
pub(super) fn archive_path(text: &str) -> Parsed<String> {
    let path = include_path(text).unwrap_or_default();
    let why = "is not a path in the archives; write it as `README.md` or `man/tool.1`";
    accept(text, !path.is_empty() && !path.starts_with(".."), why).map(|_| path)
}

/// The name of a further asset: GitHub changes other characters, and floe makes some of the names itself.
pub(super) fn asset(text: &str) -> Parsed<String> {
    let plain = text.replace("{name}", "name").replace("{version}", "1.0.0");
    let why = "is not the name of an asset; it takes letters, digits and `._+-`, `{name}` and `{version}`";
    let name = accept(text, plain.len() <= 200 && is_asset_name(&plain), why)?;
    let is_made = |target: Target| {
        plain.ends_with(&target.archive_file("")) || plain.ends_with(&Sbom::file_name("", target))
    };
    if plain == CHECKSUMS || plain.ends_with(&Manifest::file_name("")) || Target::all().any(is_made) {
        return Err(format!("floe makes `{text}` itself; list only files that something else makes"));
    }
    Ok(name)
}

pub(super) fn notes(text: &str) -> Parsed<NotesFrom> {
    match text {
        "changelog" => Ok(NotesFrom::Changelog),
        "github" => Ok(NotesFrom::Github),
        "auto" => Ok(NotesFrom::Auto),
        _ => Err(format!("`{text}` is none of `changelog`, `github` and `auto`")),
    }
}

/// The name of something that the package has.
pub(super) fn known(kind: &str, name: &str, all: &[String]) -> Parsed<String> {
    if all.iter().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let meant = did_you_mean(name, &all);
    let it_has = if all.is_empty() { "none".to_owned() } else { listed(&all) };
    Err(format!("the package has no {kind} `{name}`{meant}; it has {it_has}"))
}

pub(super) fn tag_prefix(text: &str) -> Parsed<String> {
    Tag::prefixed(text, &semver::Version::new(1, 0, 0)).map(|_| text.to_owned())
}

/// As Cargo takes it on its command line: `vendored`, or `serde/derive` of a dependency.
pub(super) fn feature(text: &str, all: &[String]) -> Parsed<String> {
    let is_name = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || "-_+.".contains(c))
            && !part.starts_with('-')
    };
    let parts: Vec<&str> = text.split('/').collect();
    match parts.len() <= 2 && parts.iter().copied().all(is_name) {
        // Those of dependencies are Cargo's to judge.
        true if parts.len() == 2 => Ok(text.to_owned()),
        true => known("feature", text, all),
        false => Err(format!("`{text}` is not the name of a feature")),
    }
}

pub(super) fn profile(text: &str) -> Parsed<String> {
    accept(text, has_only(text, "-_"), "is not the name of a profile")
}

pub(super) fn not_empty(text: &str) -> Parsed<String> {
    if text.is_empty() { Err("an argument is empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// The path of a file in the image; it is an annotation in which spaces separate paths.
pub(super) fn program(text: &str) -> Parsed<String> {
    let parts = text.strip_prefix('/').map(|rest| rest.split('/').collect::<Vec<_>>()).unwrap_or_default();
    let is_plain = !parts.is_empty() && !parts.iter().any(|part| ["", ".", ".."].contains(part));
    let is_program = is_plain && text.chars().all(|c| c.is_ascii_graphic());
    accept(text, is_program, "is not the path of a program; write it as /bin/busybox")
}

pub(super) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A suggestion if one of `known` is similar enough, by the measure and the bound that clap uses.
pub(super) fn did_you_mean(name: &str, known: &[&str]) -> String {
    let scored = known.iter().map(|known| (strsim::jaro(name, known), known));
    let best = scored.filter(|(score, _)| *score > 0.7).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, meant)| format!(" (did you mean `{meant}`?)")).unwrap_or_default()
}
