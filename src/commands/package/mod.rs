//! `floe package`: built binaries become archives, each with its record.
//!
//! Everything is checked before the first archive is written. Nothing is built and nothing is sent.

mod builds;
mod contents;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

pub use builds::find;

use crate::archive::{self, Contents, Item, Packed};
use crate::audit::{Facts, rules};
use crate::cli::PackageArgs;
use crate::error::{Exit, Failure};
use crate::io::binary;
use crate::io::pending::Pending;
use crate::io::project::{self, Origin, Project};
use crate::model::{Arch, ArchiveFacts, BinaryFacts, Format, Record, Schema, Source, Target};
use crate::report::{self, Report};

/// The binaries that were built for a target.
#[derive(Debug, Clone)]
pub struct Build {
    /// What they run on.
    pub target: Target,
    /// Where they are; each is called like a released binary of the project, with `.exe` for Windows.
    pub binaries: Vec<PathBuf>,
}

/// `floe package`: prints the path of each archive on stdout, one a line.
///
/// # Errors
///
/// The tag is not the version's, a binary is missing, superfluous or not its target's, a file cannot be packed.
pub fn package(args: PackageArgs, report: &Report) -> anyhow::Result<()> {
    let project = project::load(&args.project)?;
    project::check_tag(&project, args.source.tag.as_ref())?;
    let origin = project::origin(&project, &args.source)?;
    if origin.commit.is_none() {
        report
            .warn("the records name no commit: a tracked file is modified, or git has none; see `--commit`");
    }
    let builds = find(&args, &project, report)?;
    for record in pack((&project, &origin), &builds, &args.out, Gate::Stop, report)? {
        report.out(args.out.join(&record.archive.file).display().to_string());
    }
    Ok(())
}

/// Makes the archive and the record of each build in the folder `out`; older ones of the same names are replaced.
///
/// The records come back sorted by target. The bytes depend on the files, the version and the origin only.
///
/// # Errors
///
/// All that is wrong with the binaries, before anything is written (exit code 3); then the first file that cannot be
/// read or written.
pub fn pack(
    (project, origin): (&Project, &Origin),
    builds: &[Build],
    out: &Path,
    gate: Gate,
    report: &Report,
) -> anyhow::Result<Vec<Record>> {
    let mut problems = Vec::new();
    let mut checked: Vec<(Target, Vec<Binary>)> =
        builds.iter().map(|build| (build.target, check(project, build, &mut problems))).collect();
    let violations = checked.iter().flat_map(|(target, binaries)| violations(project, *target, binaries));
    for violation in violations {
        match gate {
            Gate::Stop => problems.push(violation),
            Gate::Tell => report.warn(format!("{violation}; `floe package` would refuse it")),
        }
    }
    if !problems.is_empty() {
        let what = format!("the binaries of `{}` {} cannot be packed", project.name, project.version);
        return Err(Failure::new(what).details(problems).exit(Exit::Problems).into());
    }
    checked.sort_by_key(|(target, _)| *target);
    let common = contents::common(project, report)?;
    let pack = |(target, binaries): (Target, Vec<Binary>)| {
        let record = pack_one(project, origin, target, binaries, &common, out)
            .with_context(|| format!("failed to pack `{}`", target.archive_file(&project.name)))?;
        let ArchiveFacts { file, size, digest } = &record.archive;
        report.step("Packed", format!("{file}  {}  {digest}", report::size(*size)));
        Ok(record)
    };
    checked.into_iter().map(pack).collect()
}

/// What becomes of a binary that would not run on a stranger's machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It is refused.
    Stop,
    /// It is only told: in a rehearsal, which is built for this machine.
    Tell,
}

/// A binary that is what its target wants.
struct Binary {
    name: String,
    file_name: String,
    path: PathBuf,
    format: Format,
    arch: Arch,
    facts: Facts,
}

/// The portability rules that binaries break, those that the project has not loosened, as lines for people.
fn violations(project: &Project, target: Target, binaries: &[Binary]) -> Vec<String> {
    let of_one = |binary: &Binary| {
        let violations = rules::judge(&binary.facts, target, &project.config.loosen);
        let lines = rules::stopping(&violations)
            .map(|one| format!("`{}` for {}: {one}", binary.path.display(), target.name()));
        lines.collect::<Vec<_>>()
    };
    binaries.iter().flat_map(of_one).collect()
}

/// Checks that a build has exactly the released binaries and that each is its target's.
fn check(project: &Project, build: &Build, problems: &mut Vec<String>) -> Vec<Binary> {
    let target = build.target;
    let wanted = |name: &str| format!("{name}{}", target.exe_suffix());
    let released =
        project.binaries.iter().map(|name| format!("`{}`", wanted(name))).collect::<Vec<_>>().join(", ");
    let mut seen = BTreeSet::new();
    let mut binaries = Vec::new();
    for path in &build.binaries {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(name) = project.binaries.iter().find(|name| wanted(name) == file_name) else {
            problems.push(format!(
                "`{}` is not a released binary: `{}` releases {released} (`binaries` in \
                 `[package.metadata.floe]` says which)",
                path.display(),
                project.name
            ));
            continue;
        };
        if !seen.insert(name) {
            problems.push(format!("`{file_name}` for {} is given twice", target.name()));
            continue;
        }
        match facts(path, target) {
            Ok((format, arch, facts)) => {
                binaries.push(Binary {
                    name: name.clone(),
                    file_name,
                    path: path.clone(),
                    format,
                    arch,
                    facts,
                });
            }
            Err(error) => problems.push(format!("{error:#}")),
        }
    }
    for name in project.binaries.iter().filter(|name| !seen.contains(name)) {
        problems.push(format!("`{}` for {} is missing", wanted(name), target.name()));
    }
    binaries
}

fn facts(path: &Path, target: Target) -> anyhow::Result<(Format, Arch, Facts)> {
    let kind = binary::identify(path)?;
    match kind.arch() {
        Some(arch) if kind.is_for(target) => Ok((kind.format, arch, binary::facts(path)?)),
        _ => anyhow::bail!(
            "`{}` is {kind}, but {} takes {} for {}",
            path.display(),
            target.name(),
            target.format(),
            target.arch()
        ),
    }
}

fn pack_one(
    project: &Project,
    origin: &Origin,
    target: Target,
    binaries: Vec<Binary>,
    common: &[Item],
    out: &Path,
) -> anyhow::Result<Record> {
    let top = target.top_folder(&project.name);
    let items = binaries
        .iter()
        .map(|one| Item { path: one.file_name.clone(), file: one.path.clone(), executable: true })
        .chain(common.iter().cloned())
        .collect();
    let contents = Contents { top: top.clone(), epoch: origin.epoch, items };
    let file = target.archive_file(&project.name);
    let mut pending = Pending::create(&out.join(&file))?;
    let Packed { size, digest, entries } = archive::write(&contents, target.archive(), &mut pending.file)?;
    pending.commit()?;

    let mut facts: Vec<BinaryFacts> = Vec::new();
    let mut loosened = BTreeMap::new();
    for binary in binaries {
        let path = format!("{top}/{}", binary.file_name);
        let entry = entries.iter().find(|entry| entry.path == path);
        let entry = entry.with_context(|| format!("`{path}` is not in the archive that was just written"))?;
        let violations = rules::judge(&binary.facts, target, &project.config.loosen);
        loosened.extend(violations.into_iter().filter_map(|one| Some((one.rule, one.loosened?))));
        let Binary { name, format, arch, facts: own, .. } = binary;
        let (size, digest) = (entry.size, entry.digest);
        facts.push(BinaryFacts { name, path, size, digest, format, arch, facts: Some(own) });
    }
    facts.sort_by(|a, b| a.path.cmp(&b.path));
    let record = Record {
        schema: Schema,
        name: project.name.clone(),
        version: project.version.clone(),
        target,
        source: Source { commit: origin.commit.clone(), epoch: origin.epoch },
        archive: ArchiveFacts { file, size, digest },
        binaries: facts,
        loosened,
        contents: entries,
    };
    // The record comes last: where it is, the archive is whole.
    let mut pending = Pending::create(&out.join(record.file_name()))?;
    pending.file.write_all(record.to_json().as_bytes()).context("failed to write the record")?;
    pending.commit()?;
    Ok(record)
}
