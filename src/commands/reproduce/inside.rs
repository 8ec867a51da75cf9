//! The differences inside a published file and its rebuild.
//!
//! Both are untrusted: they are read within limits, and nothing in them is run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::image::{JSON_LIMIT, layer_reader};
use crate::package::archive;
use crate::project::process;
use floe_core::model::{ArchiveKind, Member};
use floe_core::reproduce;
use floe_core::untrusted::files;

/// The words for archives whose unpacked content is the same.
const SAME: &str = "same content in another container";
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
    /// The entries in which two archives differ.
    pub fn archives(&self, kind: ArchiveKind) -> anyhow::Result<Vec<String>> {
        Ok(findings(&self.each(|path| archive::members(path, kind))?))
    }

    /// The entries in which two layers of an image differ.
    pub fn layers(&self) -> anyhow::Result<Vec<String>> {
        Ok(findings(&self.each(layer_reader::members)?))
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

fn findings([theirs, ours]: &[Vec<Member>; 2]) -> Vec<String> {
    let found = reproduce::compare_members(theirs, ours);
    if found.is_empty() { vec![SAME.to_owned()] } else { found }
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
                archive::write(&Contents { top: "top".to_owned(), epoch, items }, kind, &mut out).unwrap();
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
}
