//! The files beside an archive that its record names: its SBOM, and the packages that were made from it. The bytes of
//! packages are compared by those who can make them again.

use std::path::PathBuf;

use semver::Version;

use super::problem::{bad_name, bad_record, check_digest, check_name};
use super::{Expect, FoundSboms, Problem};
use crate::model::{BinaryFacts, Digest, PackageFacts, PromisedFile, Record, Sbom, Target, packages};

/// Checks that the files that records name are there and are what the records say, and that each SBOM describes the
/// binaries of its archive.
pub(super) fn check_beside(
    (files, sboms): (&[PromisedFile], &FoundSboms),
    archives: &[(Record, PathBuf)],
    expect: &Expect,
    problems: &mut Vec<Problem>,
) {
    for (record, _) in archives {
        check_sbom((files, sboms), record, expect, problems);
        for package in &record.packages {
            check_package(package, record, problems);
            named(files, (&package.file, package.digest), expect, problems);
        }
    }
}

/// The files of a name and digest that a record says. The same dist may be given twice.
fn named<'f>(
    files: &'f [PromisedFile],
    (name, digest): (&str, Digest),
    expect: &Expect,
    problems: &mut Vec<Problem>,
) -> Vec<&'f PromisedFile> {
    let found: Vec<&PromisedFile> = files.iter().filter(|file| file.name == name).collect();
    // A file that the project promises is missed already.
    if found.is_empty() && !expect.files.iter().any(|file| file == name) {
        problems.push(super::missing(name));
    }
    problems.extend(found.iter().filter_map(|file| check_digest(name, file.digest, digest)));
    found
}

fn check_sbom(
    (files, sboms): (&[PromisedFile], &FoundSboms),
    record: &Record,
    expect: &Expect,
    problems: &mut Vec<Problem>,
) {
    let archive = &record.archive.file;
    let Some(facts) = &record.sbom else {
        let text = || {
            format!(
                "`{archive}` has no SBOM; pack it again, or write `sbom = false` under [package.metadata.floe]"
            )
        };
        problems.extend((expect.sbom == Some(true)).then(|| text().into()));
        return;
    };
    if expect.sbom == Some(false) {
        let text =
            format!("`{archive}` has an SBOM, but the release has none (`sbom = false`); pack it again");
        problems.push(text.into());
    }
    problems.extend(check_name(&facts.file, &Sbom::file_name(&record.name, record.target)));
    for file in named(files, (&facts.file, facts.digest), expect, problems) {
        let sbom = (file.name.as_str(), sboms.get(&file.path));
        let program = (record.name.as_str(), &record.version, record.target);
        problems.extend(contradictions(sbom, (archive, &record.binaries), program).map(Problem::from));
    }
}

/// Why an SBOM, as it was read, is not that of an archive.
pub(super) fn contradictions(
    (name, sbom): (&str, Option<&Result<Sbom, String>>),
    (archive, binaries): (&str, &[BinaryFacts]),
    program: (&str, &Version, Target),
) -> impl Iterator<Item = String> {
    let whys = match sbom {
        Some(Ok(sbom)) => sbom.contradictions(program, binaries),
        Some(Err(why)) => vec![format!("it cannot be read: {why}")],
        None => Vec::new(),
    };
    whys.into_iter().map(move |why| format!("`{name}` is not the SBOM of `{archive}`: {why}"))
}

fn check_package(package: &PackageFacts, record: &Record, problems: &mut Vec<Problem>) {
    let (PackageFacts { kind, file, package, .. }, archive) = (package, &record.archive.file);
    problems.extend(match kind.file_name(package, &record.version, record.target) {
        _ if !packages::is_package_name(package) => Some(bad_name(archive, package)),
        Some(expected) => check_name(file, &expected),
        None => Some(bad_record(archive, format!("it names a `{kind}`, which its target has none of"))),
    });
}
