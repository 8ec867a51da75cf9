//! Finding what was built: from the arguments, or from folders laid out as `<triple>/<binary>`.
//!
//! Nothing is skipped silently: omitted files are warnings, unknown ones are errors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::ensure;

use super::contents::FOLDERS;
use crate::cli::PackageArgs;
use crate::error::usage;
use crate::files;
use crate::package::binary;
use crate::project::build::{Build, Documents};
use crate::project::cargo::Project;
use crate::report::Report;
use floe_core::model::Target;

/// The builds that the arguments list, one for each target, sorted by triple.
pub fn find(args: &PackageArgs, project: &Project, report: &Report) -> anyhow::Result<Vec<Build>> {
    let build = |target, binaries, documents: Option<PathBuf>| {
        (target, Build { target, binaries, documents: documents.map(Documents::Folder), crates: None })
    };
    let given = args.target.map(|target| build(target, args.binary.clone(), args.documents.clone()));
    let mut builds: BTreeMap<Target, Build> = given.into_iter().collect();
    for folder in &args.folders {
        for (target, path) in target_folders(folder, report)? {
            let (name, shown) = (target.name, path.display());
            ensure!(
                !builds.contains_key(&target),
                "binaries for {name} are given twice, the second time in `{shown}`"
            );
            let binaries = binaries(&path, target, project, report)?;
            builds.extend([build(target, binaries, Some(path))]);
        }
    }
    let hint = "give folders laid out as <triple>/<binary>, or `--target <TARGET> --binary <PATH>`";
    ensure!(!builds.is_empty(), usage("no binaries are given, so there is nothing to pack").hint(hint));
    Ok(builds.into_values().collect())
}

/// The folders in `folder` that are named like a target.
fn target_folders(folder: &Path, report: &Report) -> anyhow::Result<Vec<(Target, PathBuf)>> {
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for (name, path) in entries(folder)? {
        match name.parse::<Target>() {
            _ if name.starts_with('.') => report.warn(format!("left out the hidden `{}`", path.display())),
            Ok(target) if path.is_dir() => found.push((target, path)),
            Ok(_) => unknown.push(format!("`{}` is not a folder", path.display())),
            Err(error) => unknown.push(error.to_string()),
        }
    }
    let hint = if files::name_of(folder).parse::<Target>().is_ok() {
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        format!("give the folder above it: `floe package {}`", parent.unwrap_or(Path::new(".")).display())
    } else {
        let example = folder.join(Target::all().map(|target| target.triple).next().unwrap_or_default());
        format!("name its folders like targets, for example `{}`", example.display())
    };
    usage(format!("`{}` is not laid out as <triple>/<binary>", folder.display()))
        .hint(hint)
        .if_any(unknown)?;
    let none = || usage(format!("`{}` holds no folder that is named like a target", folder.display()));
    ensure!(!found.is_empty(), none());
    Ok(found)
}

/// The files of a target's folder that are packed: the files named like a released binary, and every other executable, so that
/// it is refused later instead of missing from the release.
fn binaries(
    folder: &Path,
    target: Target,
    project: &Project,
    report: &Report,
) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for (name, path) in entries(folder)? {
        let released = project.binaries.iter().any(|binary| name == binary.clone() + target.exe);
        let is_documents = FOLDERS.contains(&name.as_str()) && path.is_dir();
        let is_file = !name.starts_with('.') && path.is_file() && !path.is_symlink();
        let is_executable = if released || !is_file { Ok(released) } else { binary::is_executable(&path) };
        match is_executable {
            Ok(true) => found.push(path),
            Ok(false) if is_documents => {}
            Ok(false) => report.warn(format!(
                "left out `{}`, which is neither an executable nor a folder `completions` or `man`",
                path.display()
            )),
            // Debug data that was split off, for example, begins as its executable does.
            Err(why) => report.warn(format!("left out a file: {why:#}")),
        }
    }
    Ok(found)
}

/// The entries of a folder with their names, sorted.
fn entries(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    Ok(files::entries(folder)?.into_iter().map(|path| (files::name_of(&path), path)).collect())
}
