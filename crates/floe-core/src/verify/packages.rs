//! The packages of a dist: each is made from an archive, whose record names it. Their bytes are compared by those who can
//! make them again.

use std::path::PathBuf;

use super::{Expect, Problem};
use crate::model::{PackageFacts, PromisedFile, Record, packages};

/// Checks that the packages that records name are there, and are what the records say.
pub(super) fn check_packages(
    files: &[PromisedFile],
    archives: &[(Record, PathBuf)],
    expect: &Expect,
    problems: &mut Vec<Problem>,
) {
    let named = archives.iter().flat_map(|(record, _)| record.packages.iter().map(move |one| (record, one)));
    for (record, PackageFacts { kind, file, digest, package, .. }) in named {
        match kind.file_name(package, &record.version, record.target) {
            _ if !packages::is_package_name(package) => {
                problems.push(Problem::BadName { file: record.archive.file.clone(), name: package.clone() });
            }
            Some(expected) if expected == *file => {}
            Some(expected) => problems.push(Problem::WrongName { file: file.clone(), expected }),
            None => {
                let why = format!("it names a `{kind}`, which its target has none of");
                problems.push(Problem::BadRecord { file: record.archive.file.clone(), why });
            }
        }
        match files.iter().find(|found| found.name == *file) {
            Some(found) if found.digest == *digest => {}
            Some(found) => {
                let (file, found) = (file.clone(), found.digest);
                problems.push(Problem::WrongDigest { file, found, record: *digest });
            }
            None if expect.files.contains(file) => {}
            None => problems.push(Problem::MissingFile { file: file.clone() }),
        }
    }
}
