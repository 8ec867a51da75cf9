//! The differences inside a published file and its rebuild: entries, and the bytes of them.
//!
//! Both are untrusted: they are unpacked within limits, compared as streams, and nothing in them is run.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::files::scratch::Scratch;
use crate::image::{JSON_LIMIT, layer_reader};
use crate::package::archive;
use crate::project::process;
use floe_core::model::{ArchiveKind, Member};
use floe_core::reproduce::{self, FINDINGS};
use floe_core::untrusted::files;

/// The words for archives whose unpacked content is the same.
const SAME: &str = "same content in another container";
/// The number of bytes that are compared at once.
const PIECE: usize = 256 * 1024;
/// The most that is shown of diffoscope's report, in bytes.
const REPORT_LIMIT: u64 = 64 * 1024;

/// Two files of one name.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The published one.
    pub published: PathBuf,
    /// The rebuilt one.
    pub rebuilt: PathBuf,
}

impl Pair {
    /// The differences between two archives: the entries, and the places in them.
    pub fn archives(&self, kind: ArchiveKind) -> anyhow::Result<Vec<String>> {
        let members = self.each(|path| archive::members(path, kind))?;
        let scratch = Scratch::new("reproduce")?;
        let folders = ["published", "rebuilt"].map(|name| scratch.path().join(name));
        findings(&members, |path| {
            if !folders[0].exists() {
                archive::extract(&self.published, kind, &folders[0])?;
                archive::extract(&self.rebuilt, kind, &folders[1])?;
            }
            compare(&folders[0].join(path), &folders[1].join(path))
        })
    }

    /// The differences between two layers of an image.
    pub fn layers(&self) -> anyhow::Result<Vec<String>> {
        let members = self.each(layer_reader::members)?;
        let scratch = Scratch::new("reproduce")?;
        findings(&members, |path| {
            let [one, other] = ["published", "rebuilt"].map(|name| scratch.path().join(name));
            layer_reader::copy(&self.published, path, &one)?;
            layer_reader::copy(&self.rebuilt, path, &other)?;
            compare(&one, &other)
        })
    }

    /// The differences between two JSON documents.
    pub fn documents(&self) -> anyhow::Result<Vec<String>> {
        let [theirs, ours] = self.each(json)?;
        let found = reproduce::differences(&theirs, &ours);
        Ok(if found.is_empty() { vec!["same content, written differently".to_owned()] } else { found })
    }

    fn each<T>(&self, read: impl Fn(&Path) -> anyhow::Result<T>) -> anyhow::Result<[T; 2]> {
        Ok([read(&self.published)?, read(&self.rebuilt)?])
    }

    /// The beginning of diffoscope's report; `None` where it is not installed.
    pub fn diffoscope(&self) -> anyhow::Result<Option<String>> {
        if !process::is_there("diffoscope") {
            return Ok(None);
        }
        let mut command = Command::new("diffoscope");
        command.args(["--no-progress", "--text", "-", "--"]).arg(&self.published).arg(&self.rebuilt);
        let mut said = process::run_within(&mut command, REPORT_LIMIT)?;
        if said.len() as u64 >= REPORT_LIMIT {
            said.push_str("\n… and more; run diffoscope yourself to see it");
        }
        Ok(Some(said))
    }
}

/// The findings, or why there are none: the verdict was reached without them.
pub fn or_why(found: anyhow::Result<Vec<String>>) -> Vec<String> {
    found.unwrap_or_else(|error| vec![format!("could not be looked into: {error:#}")])
}

/// A clause a difference. `bytes` compares the content of a file; it is called for the first few only.
fn findings(
    [theirs, ours]: &[Vec<Member>; 2],
    bytes: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<Vec<String>> {
    let mut differences = reproduce::compare_members(theirs, ours);
    if differences.is_empty() {
        return Ok(vec![SAME.to_owned()]);
    }
    for difference in differences.iter_mut().take(FINDINGS).filter(|one| one.content) {
        difference.facts.push(bytes(&difference.path)?);
    }
    Ok(differences.iter().map(ToString::to_string).collect())
}

/// The place where two files differ: the first byte, its section if they are binaries, and how many there are.
fn compare(published: &Path, rebuilt: &Path) -> anyhow::Result<String> {
    let counted = count(published, rebuilt)
        .with_context(|| format!("failed to compare `{}` with its rebuild", published.display()))?;
    let Some(first) = counted.first else {
        return Ok(format!("the shorter one is the beginning of the longer, {} bytes", counted.compared));
    };
    let section = |path: &Path| floe_audit::section_at(File::open(path).ok()?, first);
    let place = match (section(published), section(rebuilt)) {
        (Some(theirs), Some(ours)) if theirs != ours => format!(" in `{theirs}`, rebuilt in `{ours}`"),
        (Some(one), _) | (None, Some(one)) => format!(" in `{one}`"),
        (None, None) => String::new(),
    };
    let differ = if counted.different == 1 { "differs" } else { "differ" };
    Ok(format!(
        "{} of {} bytes {differ}, the first at {first:#x}{place}",
        counted.different, counted.compared
    ))
}

/// How two streams of bytes differ as far as both go.
#[derive(Default)]
struct Counted {
    first: Option<u64>,
    different: u64,
    compared: u64,
}

fn count(published: &Path, rebuilt: &Path) -> std::io::Result<Counted> {
    let mut theirs = BufReader::with_capacity(PIECE, File::open(published)?);
    let mut ours = BufReader::with_capacity(PIECE, File::open(rebuilt)?);
    let mut counted = Counted::default();
    loop {
        let (one, other) = (theirs.fill_buf()?, ours.fill_buf()?);
        let length = one.len().min(other.len());
        if length == 0 {
            return Ok(counted);
        }
        let different =
            || one[..length].iter().zip(&other[..length]).enumerate().filter(|(_, (a, b))| a != b);
        if counted.first.is_none() {
            counted.first = different().next().map(|(at, _)| counted.compared + at as u64);
        }
        counted.different += different().count() as u64;
        counted.compared += length as u64;
        theirs.consume(length);
        ours.consume(length);
    }
}

fn json(path: &Path) -> anyhow::Result<serde_json::Value> {
    let read = || anyhow::Ok(serde_json::from_slice(&files::read(files::open(path)?, JSON_LIMIT)?)?);
    read().with_context(|| format!("failed to read `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};

    use super::*;
    use crate::package::archive::{Contents, Item};

    fn said(published: &[u8], rebuilt: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = [("one", published), ("other", rebuilt)].map(|(name, bytes)| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        });
        compare(&one, &other).unwrap()
    }

    #[test]
    fn modes_and_times_are_compared_in_both_formats() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "the same").unwrap();
        for kind in [ArchiveKind::TarGz, ArchiveKind::Zip] {
            let archive = |name: &str, epoch: u64, executable: bool| {
                let path = folder.path().join(format!("{name}-{kind:?}"));
                let items = vec![Item { path: "file".to_owned(), file: file.clone(), executable }];
                let mut out = OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
                archive::write(
                    &Contents { top: "top".to_owned(), epoch, items },
                    kind,
                    &mut out,
                    &mut archive::copy,
                )
                .unwrap();
                path
            };
            let published = archive("published", 1_700_000_000, false);
            let same = Pair { published: published.clone(), rebuilt: published.clone() };
            assert_eq!(same.archives(kind).unwrap(), [SAME]);
            let other = Pair { published, rebuilt: archive("rebuilt", 1_600_000_000, true) };
            assert_eq!(
                other.archives(kind).unwrap(),
                [
                    "`top/file`: mode 0644, rebuilt 0755; time 2023-11-14T22:13:20Z, rebuilt 2020-09-13T12:26:40Z"
                ]
            );
        }
    }

    #[test]
    fn files_that_cannot_be_opened_leave_the_verdict_and_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let [published, rebuilt] = ["published", "rebuilt"].map(|name| folder.path().join(name));
        fs::write(&published, "not gzip").unwrap();
        let pair = Pair { published, rebuilt };
        for found in [pair.archives(ArchiveKind::TarGz), pair.layers(), pair.documents()] {
            let findings = or_why(found);
            assert!(findings[0].starts_with("could not be looked into: "), "{findings:?}");
        }
    }

    #[test]
    fn bytes_are_counted_across_the_pieces_in_which_they_are_read() {
        let long = vec![7; 2 * PIECE + 5];
        let mut changed = long.clone();
        for at in [PIECE - 1, PIECE, 2 * PIECE + 4] {
            changed[at] = 8;
        }
        assert_eq!(said(&long, &changed), "3 of 524293 bytes differ, the first at 0x3ffff");
        assert_eq!(said(b"abc", b"abd"), "1 of 3 bytes differs, the first at 0x2");
        assert_eq!(said(b"abc", b"abcdef"), "the shorter one is the beginning of the longer, 3 bytes");
    }

    #[test]
    fn in_a_binary_the_section_is_named() {
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        let text = b"a text that this binary contains exactly once".as_slice();
        let Some(at) = memchr::memmem::find(&own, text) else { panic!("this test is not in its own binary") };
        let mut changed = own.clone();
        changed[at] ^= 1;
        let said = said(&own, &changed);
        assert!(said.contains(&format!("the first at {at:#x} in `")), "{said}");
        #[cfg(target_os = "linux")]
        assert!(said.ends_with(" in `.rodata`"), "{said}");
    }
}
