//! The entries of two archives or layers: which are on one side only, and what of the others differs.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Member, Nature};
use crate::units::{rfc3339, size};

/// A clause for each path that differs, in their order. None means: the same content in another container.
pub fn compare(published: &[Member], rebuilt: &[Member]) -> Vec<String> {
    let by_path = |members: &[Member]| -> BTreeMap<String, Member> {
        members.iter().map(|member| (member.path.clone(), member.clone())).collect()
    };
    let (theirs, ours) = (by_path(published), by_path(rebuilt));
    let paths: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let difference = |path: &String| {
        let facts = match (theirs.get(path), ours.get(path)) {
            (Some(theirs), Some(ours)) => changed(theirs, ours),
            (Some(_), None) => vec!["only in the published one".to_owned()],
            (None, _) => vec!["only in the rebuilt one".to_owned()],
        };
        (!facts.is_empty()).then(|| format!("`{path}`: {}", facts.join("; ")))
    };
    paths.into_iter().filter_map(difference).collect()
}

/// The facts that differ.
fn changed(theirs: &Member, ours: &Member) -> Vec<String> {
    let mut facts = Vec::new();
    match (&theirs.nature, &ours.nature) {
        (one, other) if one == other => {}
        (Nature::File(_), Nature::File(_)) if theirs.size == ours.size => {
            facts.push("the bytes differ".to_owned());
        }
        (Nature::File(_), Nature::File(_)) => {}
        (one, other) => facts.push(format!("{}, rebuilt {}", kind(one), kind(other))),
    }
    if theirs.size != ours.size {
        facts.push(format!("{}, rebuilt {}", bytes(theirs.size), bytes(ours.size)));
    }
    if theirs.mode != ours.mode {
        facts.push(format!("mode {:04o}, rebuilt {:04o}", theirs.mode, ours.mode));
    }
    if theirs.time != ours.time {
        facts.push(format!("time {}, rebuilt {}", time(theirs.time), time(ours.time)));
    }
    facts
}

fn kind(nature: &Nature) -> String {
    match nature {
        Nature::File(_) => "a file".to_owned(),
        Nature::Folder => "a folder".to_owned(),
        Nature::Symlink(target) => format!("a link to `{target}`"),
        Nature::HardLink(target) => format!("a hard link to `{target}`"),
    }
}

/// A size to the byte: two that differ must not look the same.
fn bytes(count: u64) -> String {
    match size(count) {
        text if count < 1024 => text,
        text => format!("{count} bytes ({text})"),
    }
}

fn time(seconds: u64) -> String {
    rfc3339(seconds).unwrap_or_else(|| seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    fn member(path: &str, content: &[u8]) -> Member {
        let nature = Nature::File(Digest::of(content));
        Member { path: path.to_owned(), nature, size: content.len() as u64, mode: 0o644, time: 1_700_000_000 }
    }

    #[test]
    fn the_same_entries_in_another_order_are_the_same() {
        let (one, other) = (member("a", b"1"), member("b", b"2"));
        assert_eq!(compare(&[one.clone(), other.clone()], &[other, one]), Vec::<String>::new());
    }

    #[test]
    fn each_difference_names_its_path_and_kind() {
        let published = [member("gone", b""), member("kept", b"x"), member("tool", &[0; 5000])];
        let mut rebuilt = [member("kept", b"y"), member("new", b""), member("tool", &[0; 5001])];
        rebuilt[2].mode = 0o755;
        rebuilt[2].time = 0;
        assert_eq!(
            compare(&published, &rebuilt),
            [
                "`gone`: only in the published one",
                "`kept`: the bytes differ",
                "`new`: only in the rebuilt one",
                "`tool`: 5000 bytes (4.9 KiB), rebuilt 5001 bytes (4.9 KiB); mode 0644, rebuilt 0755; \
                 time 2023-11-14T22:13:20Z, rebuilt 1970-01-01T00:00:00Z",
            ]
        );
        let folder = Member { nature: Nature::Folder, ..member("kept", b"x") };
        assert_eq!(compare(&published[1..2], &[folder]), ["`kept`: a file, rebuilt a folder"]);
        let link = |nature: Nature| [Member { nature, ..member("link", b"") }];
        let (one, other) =
            (link(Nature::Symlink("kept".to_owned())), link(Nature::Symlink("tool".to_owned())));
        assert_eq!(compare(&one, &one), Vec::<String>::new());
        assert_eq!(compare(&one, &other), ["`link`: a link to `kept`, rebuilt a link to `tool`"]);
        let hard = link(Nature::HardLink("kept".to_owned()));
        assert_eq!(compare(&one, &hard), ["`link`: a link to `kept`, rebuilt a hard link to `kept`"]);
    }
}
