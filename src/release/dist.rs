//! Dists: folders of archives with their records, one of them with an image. They are read here, and judged by
//! [`verify::check`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::error::{Failure, invalid, usage};
use crate::files;
use crate::image;
use crate::package;
use crate::package::archive::{self, Examined, UnpackBudget};
use floe_core::model::assembly::DESCRIPTION;
use floe_core::model::{ArchiveKind, Digest, PromisedFile, Record, sbom};
use floe_core::untrusted::files as untrusted;
use floe_core::verify::{
    self, Depth, Expect, Found, FoundArchive, FoundImage, Problem, ProblemKind, Verified,
};
use floe_core::{parallel, receipt, units};

/// The folder of the files for package managers.
pub const CHANNELS: &str = "channels";
/// The ends of the names of installers.
const INSTALLERS: [&str; 2] = ["-installer.sh", "-installer.ps1"];
/// The largest record.
const RECORD_LIMIT: u64 = 4 * 1024 * 1024;

/// Reads any number of dists as one, to a depth. It fails only if a folder or a file in it cannot be read at all.
pub fn read(dists: &[PathBuf], depth: Depth) -> anyhow::Result<Found> {
    let hint = "make one first: `floe package native/ --out dist`, then `floe publish dist`";
    ensure!(!dists.is_empty(), usage("no dist is given, so there is nothing to publish").hint(hint));
    let mut listed = Listed::default();
    for dist in dists {
        list(dist, &mut listed).with_context(|| failed(dist))?;
    }
    let Listed { mut found, archives, layouts } = listed;
    let image = |path: PathBuf| FoundImage { image: image::check_to(depth, &path), path, depth };
    found.images = layouts.into_iter().map(image).collect();
    let budget = UnpackBudget::default();
    let read = |(path, kind): (PathBuf, ArchiveKind)| {
        read_archive(&path, kind, depth, &budget).with_context(|| failed(path.parent().unwrap_or(&path)))
    };
    found.archives = parallel::map(archives, read).into_iter().collect::<anyhow::Result<_>>()?;
    Ok(found)
}

/// A rendered file that is not what the release renders.
pub fn edited(path: &Path) -> Problem {
    let path = path.display();
    format!("`{path}` is not what floe renders for this release: it was edited, or is of another release")
        .into()
}

/// Verifies what was read. Every problem is reported, with exit code 3.
pub fn verify(found: Found, expect: &Expect) -> anyhow::Result<Verified> {
    verify::check(found, expect).map_err(|problems| refuse(&problems).into())
}

/// The failure that lists every problem.
pub fn refuse(problems: &[Problem]) -> Failure {
    let kind = problems.iter().map(|problem| problem.kind).max();
    let count = |kind| problems.iter().filter(|problem| problem.kind == kind).count();
    let only_unread = count(ProblemKind::MissingTarget) <= count(ProblemKind::BadRecord);
    let hint = match kind {
        Some(ProblemKind::WrongTag) => {
            "give the tag of the version that was built, or raise `version` in Cargo.toml and build again"
        }
        // The target of a record that cannot be read counts as missing, too.
        Some(ProblemKind::BadRecord) if only_unread => {
            "pack again with this version of floe: `floe package native/ --out dist`"
        }
        Some(ProblemKind::BadRecord | ProblemKind::MissingTarget) => {
            "add what is missing to a dist, or list what this release holds: `targets` in [package.metadata.floe], or `--target` for each"
        }
        Some(ProblemKind::MissingImage) => {
            "make it with `floe image`, or release without an image: `--no-image`, or `image = false` in [package.metadata.floe]"
        }
        Some(ProblemKind::Other) | None => {
            "make the dist again with `floe package` and `floe image`, and remove other files; `floe verify --render` writes the installers and the files of channels"
        }
    };
    let count = units::counted(problems.len(), "problem");
    let failure = invalid(format!("the release has {count}")).details(problems).hint(hint);
    if kind == Some(ProblemKind::WrongTag) { failure.file("Cargo.toml") } else { failure }
}

/// The contents of dists by name: archives and layouts are still to be read.
#[derive(Default)]
struct Listed {
    found: Found,
    archives: Vec<(PathBuf, ArchiveKind)>,
    layouts: Vec<PathBuf>,
}

fn failed(dist: &Path) -> String {
    format!("failed to read the dist `{}`", dist.display())
}

/// Sorts the contents of a dist.
fn list(dist: &Path, listed: &mut Listed) -> anyhow::Result<()> {
    let Listed { found, archives, layouts } = listed;
    if dist.join("oci-layout").is_file() {
        layouts.push(dist.to_owned());
        return Ok(());
    }
    let entries = files::entries(dist)?;
    let names: Vec<String> = entries.iter().map(|path| files::name_of(path)).collect();
    for (path, name) in entries.into_iter().zip(&names) {
        let kind_of_file = fs::symlink_metadata(&path)?.file_type();
        let is_file = kind_of_file.is_file();
        match (ArchiveKind::of_file(name), name.strip_suffix(".json")) {
            // Hidden files belong to other programs.
            _ if name.starts_with('.') => {}
            _ if [DESCRIPTION, receipt::FILE].contains(&&**name) && is_file => {}
            // A link may lead elsewhere by the time the file is sent.
            _ if kind_of_file.is_symlink() => found.problems.push(link(&path)),
            _ if name == "image" && kind_of_file.is_dir() => layouts.push(path),
            _ if name == CHANNELS && kind_of_file.is_dir() => list_rendered(&path, name, found)?,
            (Some(kind), _) if is_file => archives.push((path, kind)),
            (None, Some(archive)) if is_file && ArchiveKind::of_file(archive).is_some() => {
                if !names.iter().any(|other| other == archive) {
                    let text = format!("`{name}` is a record, but its archive is not there");
                    found.problems.push(text.into());
                }
            }
            _ if is_file => {
                let is_installer = INSTALLERS.iter().any(|suffix| name.ends_with(suffix));
                if name.ends_with(sbom::SUFFIX) {
                    found.sboms.insert(path.clone(), package::sbom::read(&path));
                }
                let file = file(path, name)?;
                if is_installer { found.rendered.push(file) } else { found.files.push(file) }
            }
            _ => found.problems.push(verify::stray(&path)),
        }
    }
    Ok(())
}

fn link(path: &Path) -> Problem {
    format!("`{}` is a link; a dist holds the files themselves", path.display()).into()
}

fn file(path: PathBuf, name: &str) -> io::Result<PromisedFile> {
    let (digest, size) = Digest::of_reader(fs::File::open(&path)?)?;
    Ok(PromisedFile { name: name.to_owned(), size, digest, path })
}

/// Lists the files below the folder of rendered files.
fn list_rendered(folder: &Path, name: &str, found: &mut Found) -> anyhow::Result<()> {
    for path in files::entries(folder)? {
        let kind = fs::symlink_metadata(&path)?.file_type();
        let name = format!("{name}/{}", files::name_of(&path));
        match () {
            () if kind.is_symlink() => found.problems.push(link(&path)),
            () if kind.is_dir() => list_rendered(&path, &name, found)?,
            () if kind.is_file() => found.rendered.push(file(path, &name)?),
            () => found.problems.push(verify::stray(&path)),
        }
    }
    Ok(())
}

fn read_archive(
    path: &Path,
    kind: ArchiveKind,
    depth: Depth,
    budget: &UnpackBudget,
) -> anyhow::Result<FoundArchive> {
    let failed = || format!("failed to read `{}`", path.display());
    let record = read_record(path);
    let Examined { size, digest, contents } = match &record {
        // Taken for what its record claims, except for the size.
        Ok(record) if depth == Depth::Claims => {
            let size = fs::metadata(path).with_context(failed)?.len();
            Examined { size, digest: record.archive.digest, contents: Ok(record.contents.clone()) }
        }
        _ => {
            let promised = record.as_ref().ok().map(|record| record.contents.as_slice());
            archive::examine(path, kind, promised, budget).with_context(failed)?
        }
    };
    let archive = PromisedFile { name: files::name_of(path), size, digest, path: path.to_owned() };
    Ok(FoundArchive { archive, record, contents })
}

fn read_record(archive: &Path) -> Result<Record, String> {
    let mut path = archive.as_os_str().to_owned();
    path.push(".json");
    let file = untrusted::open_no_link(path.as_ref()).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "it is missing; `floe package` writes it".to_owned(),
        _ => error.to_string(),
    })?;
    let read = || anyhow::Ok(serde_json::from_slice(&untrusted::read(file, RECORD_LIMIT)?)?);
    read().map_err(|error| error.to_string())
}
