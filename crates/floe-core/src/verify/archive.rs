//! One archive of a dist and its record.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::problem::{bad_name, bad_record, check_digest, check_name, check_size};
use super::{Expect, FoundArchive, Problem};
use crate::model::release::is_asset_name;
use crate::model::{BinaryFacts, Entry, Record, Target};
use crate::untrusted::text;
use floe_audit::{RuleKind, rules};

pub(super) fn check_archive(
    found: FoundArchive,
    expect: &Expect,
    problems: &mut Vec<Problem>,
) -> Option<(Record, PathBuf)> {
    let FoundArchive { archive, record, contents } = found;
    let file = &archive.name;
    problems.extend(check_size(&archive));
    if let Err(why) = &contents {
        problems.push(format!("`{file}` is not a valid archive: {why}").into());
    }
    let record = match record {
        Ok(record) => record,
        Err(why) => {
            problems.push(bad_record(file, why));
            return None;
        }
    };
    if archive.size != record.archive.size {
        let (found, promised) = (archive.size, record.archive.size);
        problems.push(format!("`{file}` has {found} bytes, but its record says {promised}").into());
    } else {
        problems.extend(check_digest(file, archive.digest, record.archive.digest));
    }
    if !expect.tolerate {
        problems.extend(judge(&record));
    }
    if record.name.len() > 100 || !is_asset_name(&record.name) {
        problems.push(bad_name(file, &record.name));
    }
    let expected = record.target.archive_file(&record.name);
    if let Some(problem) = check_name(file, &expected) {
        problems.push(problem);
    } else if record.archive.file != expected {
        problems
            .push(bad_record(file, format!("it calls the archive `{}`", text::name(&record.archive.file))));
    }
    if let Ok(contents) = contents {
        problems.extend(compare_contents(file, &contents, &record));
    }
    Some((record, archive.path))
}

/// The portability gate over the facts that were read when the archive was packed; `compare_contents` sees to it that
/// they are of the binaries in it.
fn judge(record: &Record) -> Vec<Problem> {
    let file = &record.archive.file;
    let mut unbroken = record.loosened.clone();
    let mut of_one = |binary: &BinaryFacts| -> Vec<Problem> {
        let path = &binary.path;
        let Some(facts) = &binary.facts else {
            return vec![bad_record(file, format!("it has no facts about `{path}`; pack it again"))];
        };
        let violations = record.target.judge(facts, &record.loosened);
        violations.iter().for_each(|violation| drop(unbroken.remove(&violation.rule)));
        let broken = rules::unloosened(&violations, RuleKind::Portability);
        broken.map(|violation| format!("`{path}` in `{file}`: {violation}").into()).collect()
    };
    let mut problems: Vec<Problem> = record.binaries.iter().flat_map(&mut of_one).collect();
    let text =
        |rule| format!("`{file}` breaks no rule `{rule}`, although its record loosens it; pack it again");
    problems.extend(unbroken.keys().map(|rule| text(rule).into()));
    problems
}

fn compare_contents(file: &str, contents: &[Entry], record: &Record) -> Vec<Problem> {
    let found: BTreeMap<&str, &Entry> = contents.iter().map(|entry| (entry.path.as_str(), entry)).collect();
    let promised: BTreeMap<&str, &Entry> =
        record.contents.iter().map(|entry| (entry.path.as_str(), entry)).collect();
    let mut problems = Vec::new();
    let mut problem = |path: &str, why| problems.push(format!("`{path}` {why} (`{file}`)").into());
    for path in found.keys().chain(promised.keys()).collect::<BTreeSet<_>>() {
        match (found.get(path), promised.get(path)) {
            (Some(_), None) => problem(path, "is in the archive but not in its record"),
            (None, Some(_)) => problem(path, "is in the record but not in the archive"),
            (Some(found), Some(promised)) if found != promised => problem(path, "differs from the record"),
            _ => {}
        }
    }
    for binary in &record.binaries {
        match found.get(binary.path.as_str()) {
            Some(entry) if is_binary(entry, binary, record.target) => {}
            Some(_) => problem(&binary.path, "is not the binary of the record"),
            None => problem(&binary.path, "is a binary of the record but not in the archive"),
        }
    }
    problems
}

/// Whether a file of a target's archive is the binary that a record or a manifest describes.
pub(super) fn is_binary(entry: &Entry, binary: &BinaryFacts, target: Target) -> bool {
    let BinaryFacts { name, path, size, digest, format, arch, .. } = binary;
    let called = path.rsplit('/').next().unwrap_or_default();
    (&entry.path, entry.size, entry.mode, entry.digest) == (path, *size, 0o755, *digest)
        && called.strip_suffix(target.exe).unwrap_or(called) == name
        && (*format, *arch) == (target.format, target.arch)
}
