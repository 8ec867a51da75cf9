//! Packages for dpkg and rpm, made from an archive that was just written.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::channels::packages::{PackageSource, Wanted};
use crate::files;
use crate::files::atomic_file::AtomicFile;
use crate::project::cargo::Project;
use floe_core::model::{PackageFacts, PackageKind, Record};

/// Makes the packages that the project wants of an archive, and lists them in its record. Their files have no names yet.
pub(super) fn make(
    project: &Project,
    record: &mut Record,
    archive: &mut File,
    out: &Path,
) -> anyhow::Result<Vec<AtomicFile>> {
    let wanted = |kind: &PackageKind| Wanted {
        kind: *kind,
        package: project.config.package_name(*kind, &project.name),
        maintainer: project.maintainer(*kind),
        homepage: project.about.homepage.clone().or_else(|| project.repository.clone()),
    };
    let wanted: Vec<Wanted> = project.config.packages.keys().map(wanted).collect();
    let made = PackageSource::of_record(record).make((archive, Path::new(&record.archive.file)), &wanted)?;
    let mut packages = Vec::new();
    for (facts, bytes) in made {
        let mut package = AtomicFile::create(&out.join(&facts.file))?;
        package.file().write_all(&bytes).with_context(|| format!("failed to write `{}`", facts.file))?;
        packages.push(package);
        record.packages.push(facts);
    }
    Ok(packages)
}

/// Removes the packages that an earlier run made beside an archive and that are not replaced: their names have the version.
pub(super) fn remove_old(path: &Path, record: &Record) -> anyhow::Result<()> {
    let old = fs::read(path).ok().and_then(|json| serde_json::from_slice::<Record>(&json).ok());
    for PackageFacts { file, .. } in old.iter().flat_map(|old| &old.packages) {
        let is_kept = record.packages.iter().any(|one| one.file == *file);
        let is_package = PackageKind::ALL.iter().any(|kind| file.ends_with(&format!(".{kind}")));
        if is_package && !is_kept && !file.contains(['/', '\\']) {
            files::remove_if_there(&path.with_file_name(file))?;
        }
    }
    Ok(())
}
