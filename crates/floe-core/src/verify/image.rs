//! Whether an image is the promised one: its platforms, its labels, and that its binaries are the archives'.

use std::collections::BTreeSet;
use std::path::PathBuf;

use semver::Version;

use super::{Depth, Expect, FoundImage, Identity, Problem};
use crate::model::{BinaryFacts, Commit, Entry, Image, Os, Platform, PlatformImage, Record, Target};

/// The promised image, if it is there and nothing is wrong with it.
pub(super) fn check_image(
    found: Vec<FoundImage>,
    archives: &[(Record, PathBuf)],
    identity: &Identity,
    expect: &Expect,
    problems: &mut Vec<Problem>,
) -> Option<Image> {
    if found.len() > 1 {
        problems.push(Problem::TwoImages { paths: found.iter().map(|image| image.path.clone()).collect() });
        return None;
    }
    let Some(FoundImage { path, image, depth }) = found.into_iter().next() else {
        problems.extend((expect.image && !expect.platforms.is_empty()).then_some(Problem::MissingImage));
        return None;
    };
    if !expect.image {
        problems.push(Problem::ExtraImage { path });
        return None;
    }
    let image = match image {
        Ok(image) => image,
        Err(whys) => {
            problems.extend(whys.into_iter().map(|why| Problem::BadImage { path: path.clone(), why }));
            return None;
        }
    };
    let there: BTreeSet<Platform> = image.platforms.iter().map(|one| one.platform).collect();
    let wanted: BTreeSet<Platform> = expect.platforms.iter().copied().collect();
    problems
        .extend(wanted.difference(&there).map(|platform| Problem::MissingPlatform { platform: *platform }));
    let has_linux = |platform: &Platform| {
        let mut targets = expect.targets.iter();
        targets.any(|target| target.os() == Os::Linux && target.arch() == platform.arch())
    };
    let extra =
        there.difference(&wanted).filter(|platform| !expect.targets.is_empty() && !has_linux(platform));
    problems.extend(extra.map(|platform| Problem::ExtraPlatform { platform: *platform }));
    if depth == Depth::Whole {
        problems.extend(image.platforms.iter().filter_map(|one| compare_image_binaries(one, archives)));
    }
    check_labels(&image, identity, problems);
    Some(image)
}

fn compare_image_binaries(image: &PlatformImage, archives: &[(Record, PathBuf)]) -> Option<Problem> {
    let candidates: Vec<ImageFile<'_>> = archives
        .iter()
        .flat_map(|(record, _)| {
            record.binaries.iter().map(|binary| ImageFile { target: record.target, binary })
        })
        .collect();
    let why = compare_image_file(image, &candidates).err()?;
    Some(Problem::ImageBinary { platform: image.platform, why })
}

/// A binary of an archive, as something the image may hold.
pub(super) struct ImageFile<'a> {
    pub target: Target,
    pub binary: &'a BinaryFacts,
}

/// Each binary in the image must be, digest for digest, a binary in an archive for that system.
pub(super) fn compare_image_file(image: &PlatformImage, binaries: &[ImageFile<'_>]) -> Result<(), String> {
    let arch = image.platform.arch();
    let candidates: Vec<&BinaryFacts> = binaries
        .iter()
        .filter(|one| one.target.os() == Os::Linux && one.target.arch() == arch)
        .map(|one| one.binary)
        .collect();
    if candidates.is_empty() {
        return Err(format!("there is no Linux archive for {arch} to compare it with"));
    }
    let mut seen = false;
    for binary in &candidates {
        let named = |file: &&Entry| file.path.rsplit('/').next() == Some(&binary.name);
        let Some(file) = image.files.iter().find(named) else { continue };
        if !candidates.iter().any(|other| other.name == binary.name && other.digest == file.digest) {
            return Err(format!("`/{}` is not the `{}` of any {arch} archive", file.path, binary.name));
        }
        seen = true;
    }
    if seen { Ok(()) } else { Err("it holds none of the archives' binaries".to_owned()) }
}

fn check_labels(image: &Image, identity: &Identity, problems: &mut Vec<Problem>) {
    let expected = [
        ("org.opencontainers.image.version", identity.version.as_ref().map(Version::to_string)),
        ("org.opencontainers.image.revision", identity.commit.as_ref().map(Commit::to_string)),
    ];
    for (label, expected) in expected {
        if let (Some(found), Some(expected)) = (image.annotations.get(label), expected)
            && *found != expected
        {
            problems.push(Problem::ImageLabel { label, found: found.clone(), expected });
        }
    }
    if let Some(version) = identity.version.as_ref().filter(|version| !version.build.is_empty()) {
        problems.push(Problem::NotATag { version: version.clone() });
    }
}
