//! Whether an image is the promised one: its platforms, its labels, and that its programs are those of the archives.

use std::collections::BTreeSet;
use std::path::PathBuf;

use semver::Version;

use super::{Depth, Expect, FoundImage, Problem, ProblemKind};
use crate::model::{BinaryFacts, Commit, Entry, Image, Os, Platform, PlatformImage, Record, Target};
use crate::oci::PROGRAMS;

/// The promised image, if it is there and nothing is wrong with it.
pub(super) fn check_image(
    found: Vec<FoundImage>,
    archives: &[(Record, PathBuf)],
    expect: &Expect,
    problems: &mut Vec<Problem>,
) -> Option<Image> {
    if found.len() > 1 {
        let paths: Vec<String> = found.iter().map(|image| format!("`{}`", image.path.display())).collect();
        problems.push(format!("there is more than one image: {}", paths.join(", ")).into());
        return None;
    }
    let Some(FoundImage { path, image, depth }) = found.into_iter().next() else {
        if expect.image && !expect.platforms.is_empty() {
            let text = "the image is missing: no dist holds `image/`".to_owned();
            problems.push(ProblemKind::MissingImage.with(text));
        }
        return None;
    };
    let path = path.display();
    if !expect.image {
        problems.push(format!("`{path}` is an image, but the release has no image").into());
        return None;
    }
    let image = match image {
        Ok(image) => image,
        Err(whys) => {
            problems.extend(whys.iter().map(|why| format!("the image `{path}` is broken: {why}").into()));
            return None;
        }
    };
    let there: BTreeSet<Platform> = image.platforms.iter().map(|one| one.platform).collect();
    let wanted: BTreeSet<Platform> = expect.platforms.iter().copied().collect();
    let missing = wanted.difference(&there).map(|platform| format!("the image lacks {platform}"));
    problems.extend(missing.map(|text| ProblemKind::MissingTarget.with(text)));
    let has_linux = |platform: &Platform| {
        let mut targets = expect.targets.iter();
        targets.any(|target| target.os == Os::Linux && target.arch == platform.arch())
    };
    let extra =
        there.difference(&wanted).filter(|platform| !expect.targets.is_empty() && !has_linux(platform));
    let text = |platform| format!("the image holds {platform}, which the release does not promise");
    problems.extend(extra.map(|platform| text(platform).into()));
    if depth == Depth::Whole {
        problems.extend(compare_programs(&image, &programs(archives)).into_iter().map(Problem::from));
    }
    check_labels(&image, expect, problems);
    Some(image)
}

fn programs(archives: &[(Record, PathBuf)]) -> Vec<ArchiveProgram<'_>> {
    archives
        .iter()
        .flat_map(|(record, _)| {
            record.binaries.iter().map(|binary| ArchiveProgram {
                target: record.target,
                binary,
                // An old record may have no facts; then the target says what its binaries need.
                is_dynamic: match binary.facts.as_ref().and_then(|facts| facts.elf.as_ref()) {
                    Some(elf) => elf.interpreter.is_some(),
                    None => !record.target.contract.is_static,
                },
            })
        })
        .collect()
}

/// The paths of the executable files of an image that are in no archive, separated by spaces.
fn extra_programs(image: &Image) -> &str {
    image.annotations.get(PROGRAMS).map_or("", String::as_str)
}

/// A binary of an archive, as a program that the image may hold.
pub(super) struct ArchiveProgram<'a> {
    pub target: Target,
    pub binary: &'a BinaryFacts,
    /// Whether it needs the target's standard loader.
    pub is_dynamic: bool,
}

/// The program that the image starts must be, digest for digest, one of an archive for that system, and so must every
/// other executable file in it, except for those that it lists. A sentence for each platform where it is not.
pub(super) fn compare_programs(image: &Image, programs: &[ArchiveProgram<'_>]) -> Vec<String> {
    let why = |one: &PlatformImage| compare_platform(one, programs, extra_programs(image)).err();
    let line = |one: &PlatformImage| Some(format!("the image for {}: {}", one.platform, why(one)?));
    image.platforms.iter().filter_map(line).collect()
}

fn compare_platform(
    image: &PlatformImage,
    programs: &[ArchiveProgram<'_>],
    extra: &str,
) -> Result<(), String> {
    let arch = image.platform.arch();
    let programs: Vec<&ArchiveProgram<'_>> =
        programs.iter().filter(|one| one.target.os == Os::Linux && one.target.arch == arch).collect();
    if programs.is_empty() {
        return Err(format!("there is no Linux archive for {arch} to compare it with"));
    }
    let is_same = |one: &ArchiveProgram<'_>, file: &Entry| one.binary.digest == file.digest;
    let is_extra = |file: &Entry| extra.split(' ').any(|path| path.strip_prefix('/') == Some(&file.path));
    let is_foreign = |file: &&Entry| !programs.iter().any(|one| is_same(one, file)) && !is_extra(file);
    let mut executables = image.files.iter().filter(|file| file.mode & 0o111 != 0);
    if let Some(Entry { path, .. }) = executables.find(is_foreign) {
        let name = path.rsplit('/').next().unwrap_or_default();
        return Err(match programs.iter().any(|one| one.binary.name == name) {
            true => format!("`/{path}` is not the `{name}` of any {arch} archive"),
            false => format!("`/{path}` is a program that no {arch} archive holds"),
        });
    }
    let started = image.files.iter().find(|file| Some(&file.path) == image.program.as_ref());
    let started = started.ok_or("nothing says which program it starts")?;
    let same: Vec<_> = programs.iter().filter(|one| is_same(one, started)).collect();
    let path = &started.path;
    let Some(first) = same.first() else {
        return Err(format!("it starts `/{path}`, which no {arch} archive holds"));
    };
    let has_loader = |one: &ArchiveProgram<'_>| {
        let loader = one.target.contract.interpreter.as_ref();
        !one.is_dynamic || loader.is_some_and(|loader| image.loaders.contains(loader))
    };
    if same.iter().any(|one| has_loader(one)) {
        return Ok(());
    }
    let loader = first.target.contract.interpreter.as_deref().unwrap_or("a loader");
    Err(format!("it starts `/{path}`, which needs `{loader}`, and the image does not hold that"))
}

fn check_labels(image: &Image, expect: &Expect, problems: &mut Vec<Problem>) {
    let mut check = |label: &str, found: &str, expected: &str| {
        if found != expected {
            let text = format!("the image's label `{label}` is `{found}`, but it should be `{expected}`");
            problems.push(text.into());
        }
    };
    if let Some(programs) = &expect.programs {
        check(PROGRAMS, extra_programs(image), &programs.join(" "));
    }
    let expected = [
        ("org.opencontainers.image.version", expect.version.as_ref().map(Version::to_string)),
        ("org.opencontainers.image.revision", expect.commit.as_ref().map(Commit::to_string)),
    ];
    for (label, expected) in expected {
        if let (Some(found), Some(expected)) = (image.annotations.get(label), expected) {
            check(label, found, &expected);
        }
    }
}
