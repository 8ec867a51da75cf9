//! `floe package`: built binaries become archives, each with its SBOM and its record.
//!
//! All binaries are audited before the first one is packed. No archive gets its final name before all are complete. Nothing is
//! built and nothing is sent.

mod builds;
pub(super) mod contents;
mod linux;
mod patterns;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

pub use crate::project::build::Build;
pub use builds::find;

use crate::cli::PackageArgs;
use crate::error::{Failure, invalid};
use crate::files;
use crate::files::atomic_file::{self, AtomicFile};
use crate::files::unfinished;
use crate::package::archive::{self, Contents, Item, Packed};
use crate::package::binary;
use crate::package::sbom;
use crate::project::cargo::{self, Project};
use crate::project::dependencies::{self, Lock};
use crate::report::{self, Report};
use floe_audit::rules::Violation;
use floe_audit::{Facts, RuleKind};
use floe_core::model::{
    self, Arch, BinaryFacts, Digest, FileFacts, PackageFacts, Record, Rule, Sbom, SbomFacts, Schema, Source,
    Target,
};
use floe_core::parallel;

/// `floe package`: prints the path of each archive on stdout, one a line.
pub fn package(args: PackageArgs, report: &Report) -> anyhow::Result<()> {
    let project = cargo::load(args.project.manifest_path.as_deref(), args.project.package.as_deref())?;
    cargo::tag(Some(&project), args.source.tag.as_ref(), &project.version)?;
    let source = cargo::source(&project, args.source.commit.as_ref(), args.source.epoch)?;
    if source.commit.is_none() {
        report.warn("the records name no commit, because git has none or a tracked file is modified: commit it, or give `--commit`");
    }
    project.gated.iter().for_each(|gated| report.warn(gated.line()));
    let mut builds = find(&args, &project, report)?;
    find_crates(&project, &mut builds, args.trees.as_deref())?;
    for record in pack((&project, &source), &builds, &args.out, Enforcement::Deny, report)? {
        report.out(args.out.join(&record.archive.file).display().to_string());
    }
    Ok(())
}

/// Adds the crates to builds, for their SBOMs, unless the project wants none. `trees` is a folder with the output of
/// `cargo tree` for each target; without it, Cargo is run.
pub fn find_crates(project: &Project, builds: &mut [Build], trees: Option<&Path>) -> anyhow::Result<()> {
    if !project.config.sbom {
        return Ok(());
    }
    let lock = Lock::read(project)?;
    let find = |build: &mut Build| -> anyhow::Result<()> {
        build.crates = Some(dependencies::of(project, &lock, build.target, trees)?);
        Ok(())
    };
    parallel::map(builds.iter_mut().collect(), find).into_iter().collect()
}

/// Makes the archive, the SBOM and the record of each build in the folder `out`; older ones of the same names are replaced.
///
/// The records come back sorted by target. The bytes depend on the files, the version and the source only.
pub fn pack(
    (project, source): (&Project, &Source),
    builds: &[Build],
    out: &Path,
    enforcement: Enforcement,
    report: &Report,
) -> anyhow::Result<Vec<Record>> {
    let mut problems = Vec::new();
    let mut checked: Vec<(&Build, Vec<Binary>)> =
        builds.iter().map(|build| (build, check(project, build, &mut problems))).collect();
    checked.sort_by_key(|(build, _)| build.target);
    for (build, binaries) in &checked {
        for Binary { path, violations, .. } in binaries {
            for violation in violations.iter().filter(|violation| violation.loosened.is_none()) {
                let line = format!("`{}` for {}: {violation}", path.display(), build.target.name);
                match (violation.kind, enforcement) {
                    (_, Enforcement::Warn { except }) if except.contains(&violation.rule) => {}
                    (RuleKind::Hygiene, _) => report.warn(line),
                    (RuleKind::Portability, Enforcement::Warn { .. }) => {
                        report.warn(format!("{line}; `floe package` would refuse it"));
                    }
                    (RuleKind::Portability, Enforcement::Deny) => problems.push(line),
                }
            }
        }
    }
    problems.extend(project.packages_lack());
    refused(project).if_any(problems)?;
    let common = contents::common(project, report)?;
    let mut packed = Vec::new();
    for (build, binaries) in checked {
        let Build { target, documents, .. } = build;
        let items = contents::with_built(project, documents.as_ref(), &common, report)
            .with_context(|| format!("failed to pack the documents for {}", target.name))?;
        let one = pack_one((project, source), build, binaries, &items, out)
            .with_context(|| format!("failed to pack `{}`", target.archive_file(&project.name)))?;
        packed.push(one);
    }
    report.refuse_warnings()?;
    let _all_or_none = unfinished::hold();
    packed.into_iter().map(|one| one.commit(out, report)).collect()
}

fn refused(Project { name, version, .. }: &Project) -> Failure {
    invalid(format!("the binaries of `{name}` {version} cannot be packed"))
}

/// How a broken rule of portability is handled. A broken rule of hygiene is a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// The binary is refused.
    Deny,
    /// A warning: in a rehearsal, which is built for this machine.
    Warn {
        /// The rules that depend on how this build was made, and not on the project.
        except: &'static [Rule],
    },
}

/// A binary of its target's format and architecture.
struct Binary {
    name: String,
    path: PathBuf,
    /// Of the bytes that were audited. The packed ones must be the same.
    digest: Digest,
    facts: Facts,
    /// The rules that it breaks, also those that the project has loosened.
    violations: Vec<Violation>,
}

/// Checks that a build has exactly the released binaries, each of the right format and architecture, and audits them.
fn check(project: &Project, build: &Build, problems: &mut Vec<String>) -> Vec<Binary> {
    let target = build.target;
    let wanted = |name: &str| format!("{name}{}", target.exe);
    let released =
        project.binaries.iter().map(|name| format!("`{}`", wanted(name))).collect::<Vec<_>>().join(", ");
    let mut seen = BTreeSet::new();
    let mut binaries = Vec::new();
    for path in &build.binaries {
        let file_name = files::name_of(path);
        let gated = project.gated.iter().find(|gated| wanted(&gated.name) == file_name);
        let name = project.binaries.iter().find(|name| wanted(name) == file_name);
        match (gated, name) {
            (Some(gated), _) => problems.push(gated.line()),
            (None, None) => problems.push(format!(
                "`{}` is not a released binary: `{}` releases {released} (`binaries` in \
                 `[package.metadata.floe]` lists them)",
                path.display(),
                project.name
            )),
            (None, Some(name)) if !seen.insert(name) => {
                problems.push(format!("`{file_name}` for {} is given twice", target.name));
            }
            (None, Some(name)) => match audit(path, target) {
                Ok((facts, digest)) => {
                    let violations = target.judge(&facts, &project.config.loosen);
                    let (name, path) = (name.clone(), path.clone());
                    binaries.push(Binary { name, path, digest, facts, violations });
                }
                Err(error) => problems.push(format!("{error:#}")),
            },
        }
    }
    for name in project.binaries.iter().filter(|name| !seen.contains(name)) {
        problems.push(format!("`{}` for {} is missing", wanted(name), target.name));
    }
    binaries
}

/// The facts and the digest of a binary, which must be of the target's format and architecture.
fn audit(path: &Path, target: Target) -> anyhow::Result<(Facts, Digest)> {
    let (kind, facts, digest) = binary::examine(path)?;
    let (format, arch, shown, name) = (target.format, target.arch, path.display(), target.name);
    if kind.arches.len() > 1 && kind.format == format {
        let slice = if arch == Arch::Aarch64 { "arm64".to_owned() } else { arch.to_string() };
        bail!(
            "`{shown}` is universal ({kind}), but {name} takes one architecture: `lipo -thin {slice} {shown} -output …`"
        );
    }
    ensure!(kind.is_for(format, arch), "`{shown}` is {kind}, but {name} takes {format} for {arch}");
    Ok((facts, digest))
}

/// A complete archive under a temporary name, which is removed if this is dropped.
struct Unnamed {
    archive: AtomicFile,
    sbom: Option<String>,
    packages: Vec<AtomicFile>,
    record: Record,
}

impl Unnamed {
    /// Gives the archive its name, and writes the SBOM and the record.
    fn commit(self, out: &Path, report: &Report) -> anyhow::Result<Record> {
        let Unnamed { archive, sbom, packages, record } = self;
        linux::remove_old(&out.join(record.file_name()), &record)?;
        archive.commit()?;
        packages.into_iter().try_for_each(|package| package.commit().map(drop))?;
        let path = out.join(Sbom::file_name(&record.name, record.target));
        match sbom {
            Some(json) => atomic_file::write(&path, json.as_bytes())?,
            // One that an earlier run left would belong to no record.
            None => files::remove_if_there(&path)?,
        }
        // The record comes last: if it exists, the archive and the SBOM are complete.
        atomic_file::write(&out.join(record.file_name()), model::to_json(&record).as_bytes())?;
        let FileFacts { file, size, digest } = &record.archive;
        report.step("Packed", format!("{file}  {}  {digest}", report::size(*size)));
        for PackageFacts { file, digest, .. } in &record.packages {
            report.step("Packed", format!("{file}  {digest}"));
        }
        Ok(record)
    }
}

/// Packs the binaries of a target.
fn pack_one(
    (project, source): (&Project, &Source),
    build: &Build,
    binaries: Vec<Binary>,
    common: &[Item],
    out: &Path,
) -> anyhow::Result<Unnamed> {
    let target = build.target;
    let top = target.top_folder(&project.name);
    let item =
        |one: &Binary| Item { path: files::name_of(&one.path), file: one.path.clone(), executable: true };
    let items = binaries.iter().map(item).chain(common.iter().cloned()).collect();
    let contents = Contents { top: top.clone(), epoch: source.epoch, items };
    let file = target.archive_file(&project.name);
    let mut archive = AtomicFile::create(&out.join(&file))?;
    let Packed { size, digest, entries } = archive::write(&contents, target.archive, archive.file())?;

    let mut all: Vec<BinaryFacts> = Vec::new();
    let mut loosened = BTreeMap::new();
    for Binary { name, path: built, digest, facts, violations } in binaries {
        let path = format!("{top}/{}", files::name_of(&built));
        let is_packed = entries.iter().any(|entry| entry.path == path && entry.digest == digest);
        ensure!(is_packed, "`{}` changed while it was packed", built.display());
        loosened.extend(violations.into_iter().filter_map(|one| Some((one.rule, one.loosened?))));
        let (format, arch) = (target.format, target.arch);
        all.push(BinaryFacts { name, path, size: facts.size, digest, format, arch, facts: Some(facts) });
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    let mut record = Record {
        schema: Schema,
        name: project.name.clone(),
        version: project.version.clone(),
        target,
        source: source.clone(),
        package: project.about(),
        archive: FileFacts { file, size, digest },
        binaries: all,
        loosened,
        contents: entries,
        sbom: None,
        packages: Vec::new(),
    };
    let repository = project.repository.as_deref();
    let sbom = build.crates.as_ref().map(|crates| model::to_json(&sbom::build(&record, repository, crates)));
    record.sbom = sbom.as_ref().map(|json| SbomFacts {
        file: Sbom::file_name(&project.name, target),
        digest: Digest::of(json.as_bytes()),
    });
    let packages = linux::make(project, &mut record, archive.file(), out)?;
    Ok(Unnamed { archive, sbom, packages, record })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_that_changes_after_its_audit_is_not_packed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("tool"), folder.path().join("dist"));
        // A static executable of one segment.
        let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
        elf.extend([0x40_0078, 64, 0].map(u64::to_le_bytes).concat());
        elf.extend([0, 0, 64, 56, 1, 64, 0, 0, 1, 0, 5, 0].map(u16::to_le_bytes).concat());
        elf.extend([0, 0x40_0000, 0x40_0000, 120, 120, 4096].map(u64::to_le_bytes).concat());
        let build = Build {
            target: "x86_64-musl".parse().unwrap(),
            binaries: vec![path.clone()],
            documents: None,
            crates: None,
        };
        let (project, source) = (Project::sample(), Source { commit: None, epoch: 1_709_210_096 });
        let mut other = elf.clone();
        other[24] += 1;
        for (packed, is_same) in [(elf.clone(), true), (other, false), ([&elf[..], b"more"].concat(), false)]
        {
            std::fs::write(&path, &elf).unwrap();
            let mut problems = Vec::new();
            let binaries = check(&project, &build, &mut problems);
            assert_eq!(problems, Vec::<String>::new());
            std::fs::write(&path, packed).unwrap();
            let error = pack_one((&project, &source), &build, binaries, &[], &out).err();
            let expected = format!("`{}` changed while it was packed", path.display());
            assert_eq!(error.map(|error| error.to_string()), (!is_same).then_some(expected));
            assert!(!out.exists());
        }
    }
}
