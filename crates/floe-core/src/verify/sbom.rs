//! The SBOMs of a dist: each belongs to an archive, whose record names it.

use std::path::PathBuf;

use super::{Expect, FoundSbom, Problem};
use crate::model::{PromisedFile, Record, Sbom, SbomFacts};

/// Checks that each archive has the SBOM that its record names and that it describes the archive's binaries.
pub(super) fn check_sboms(
    mut found: Vec<FoundSbom>,
    archives: &[(Record, PathBuf)],
    expect: &Expect,
    problems: &mut Vec<Problem>,
) -> Vec<PromisedFile> {
    found.sort_by(|a, b| a.file.name.cmp(&b.file.name));
    // The same dist may be given twice.
    found.dedup_by(|a, b| a.file.name == b.file.name && a.file.digest == b.file.digest);
    for pair in found.windows(2).filter(|pair| pair[0].file.name == pair[1].file.name) {
        let paths = [pair[0].file.path.clone(), pair[1].file.path.clone()];
        problems.push(Problem::TwiceFile { paths });
    }
    for (record, _) in archives {
        check_sbom(&found, record, expect, problems);
    }
    found.into_iter().map(|sbom| sbom.file).collect()
}

fn check_sbom(found: &[FoundSbom], record: &Record, expect: &Expect, problems: &mut Vec<Problem>) {
    let file = record.archive.file.clone();
    let Some(SbomFacts { file: name, digest }) = &record.sbom else {
        if expect.sbom == Some(true) {
            problems.push(Problem::MissingSbom { file });
        }
        return;
    };
    if expect.sbom == Some(false) {
        problems.push(Problem::ExtraSbom { file: file.clone() });
    }
    let expected = Sbom::file_name(&record.name, record.target);
    if *name != expected {
        problems.push(Problem::WrongName { file: name.clone(), expected });
    }
    let named: Vec<&FoundSbom> = found.iter().filter(|sbom| sbom.file.name == *name).collect();
    if named.is_empty() {
        problems.push(Problem::AbsentSbom { sbom: name.clone(), file: file.clone() });
    }
    for FoundSbom { file: sbom, content } in named {
        if sbom.digest != *digest {
            let (file, found) = (sbom.name.clone(), sbom.digest);
            problems.push(Problem::WrongDigest { file, found, record: *digest });
        }
        let whys = match content {
            Ok(content) => {
                content.contradictions((&record.name, &record.version, record.target), &record.binaries)
            }
            Err(why) => vec![format!("it cannot be read: {why}")],
        };
        let wrong = |why| Problem::BadSbom { sbom: sbom.name.clone(), file: file.clone(), why };
        problems.extend(whys.into_iter().map(wrong));
    }
}
