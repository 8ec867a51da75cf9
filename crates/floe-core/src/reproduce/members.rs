//! The entries of two archives or layers: which are on one side only, and what of the others differs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::DateTime;

use crate::model::{Member, Nature};
use crate::units::size;

/// A path at which two containers differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The path.
    pub path: String,
    /// The differences in what the containers say of it, a clause each.
    pub facts: Vec<String>,
    /// Whether it is a file on both sides with another content.
    pub content: bool,
}

/// Every difference, in the order of the paths. None means: the same content in another container.
pub fn compare(published: &[Member], rebuilt: &[Member]) -> Vec<Difference> {
    let by_path = |members: &[Member]| -> BTreeMap<String, Member> {
        members.iter().map(|member| (member.path.clone(), member.clone())).collect()
    };
    let (theirs, ours) = (by_path(published), by_path(rebuilt));
    let paths: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let difference = |path: &String| {
        let (facts, content) = match (theirs.get(path), ours.get(path)) {
            (Some(theirs), Some(ours)) => changed(theirs, ours),
            (Some(_), None) => (vec!["only in the published one".to_owned()], false),
            (None, _) => (vec!["only in the rebuilt one".to_owned()], false),
        };
        (content || !facts.is_empty()).then(|| Difference { path: path.clone(), facts, content })
    };
    paths.into_iter().filter_map(difference).collect()
}

/// The facts that differ, and whether the content does.
fn changed(theirs: &Member, ours: &Member) -> (Vec<String>, bool) {
    let mut facts = Vec::new();
    let content = match (&theirs.nature, &ours.nature) {
        (Nature::File(theirs), Nature::File(ours)) => theirs != ours,
        (theirs, ours) => {
            if theirs != ours {
                facts.push(format!("{}, rebuilt {}", kind(theirs), kind(ours)));
            }
            false
        }
    };
    if theirs.size != ours.size {
        facts.push(format!("{}, rebuilt {}", bytes(theirs.size), bytes(ours.size)));
    }
    if theirs.mode != ours.mode {
        facts.push(format!("mode {:04o}, rebuilt {:04o}", theirs.mode, ours.mode));
    }
    if theirs.time != ours.time {
        facts.push(format!("time {}, rebuilt {}", time(theirs.time), time(ours.time)));
    }
    (facts, content)
}

fn kind(nature: &Nature) -> &'static str {
    match nature {
        Nature::File(_) => "a file",
        Nature::Folder => "a folder",
        Nature::Link => "a link",
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
    let time = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    time.map_or_else(|| seconds.to_string(), |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.facts.is_empty() {
            true => write!(f, "`{}` differs", self.path),
            false => write!(f, "`{}`: {}", self.path, self.facts.join("; ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    fn member(path: &str, content: &[u8]) -> Member {
        let nature = Nature::File(Digest::of(content));
        Member { path: path.to_owned(), nature, size: content.len() as u64, mode: 0o644, time: 1_700_000_000 }
    }

    fn said(published: &[Member], rebuilt: &[Member]) -> Vec<String> {
        compare(published, rebuilt).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_entries_in_another_order_are_the_same() {
        let (one, other) = (member("a", b"1"), member("b", b"2"));
        assert_eq!(compare(&[one.clone(), other.clone()], &[other, one]), []);
    }

    #[test]
    fn each_difference_names_its_path_and_kind() {
        let published = [member("gone", b""), member("kept", b"x"), member("tool", &[0; 5000])];
        let mut rebuilt = [member("kept", b"y"), member("new", b""), member("tool", &[0; 5001])];
        rebuilt[2].mode = 0o755;
        rebuilt[2].time = 0;
        assert_eq!(
            said(&published, &rebuilt),
            [
                "`gone`: only in the published one",
                "`kept` differs",
                "`new`: only in the rebuilt one",
                "`tool`: 5000 bytes (4.9 KiB), rebuilt 5001 bytes (4.9 KiB); mode 0644, rebuilt 0755; \
                 time 2023-11-14T22:13:20Z, rebuilt 1970-01-01T00:00:00Z",
            ]
        );
        let folder = Member { nature: Nature::Folder, ..member("kept", b"x") };
        assert_eq!(said(&published[1..2], &[folder]), ["`kept`: a file, rebuilt a folder"]);
    }
}
