//! Identifies the inputs of an image by their content, never by their names: static Linux binaries and docker
//! archives. Each platform has one docker archive or any number of binaries.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};

use super::docker_archive::DockerArchive;
use crate::error::{AtPath as _, Exit, Failure};
use floe_core::model::Platform;
use floe_core::untrusted::{files, text};

/// The inputs for one platform: a docker archive, as `docker save` and dockerTools write it, or static executables by their
/// names in the image.
#[derive(Debug, Default)]
pub struct Input {
    pub archive: Option<DockerArchive>,
    pub programs: BTreeMap<String, PathBuf>,
}

/// Identifies every file. A binary is called as its file is, if `released` has that name, and else like the first of these.
pub fn examine(paths: &[PathBuf], released: &[String]) -> anyhow::Result<BTreeMap<Platform, Input>> {
    ensure!(!paths.is_empty(), "an image needs at least one binary or docker archive");
    let mut inputs: BTreeMap<Platform, Input> = BTreeMap::new();
    for path in paths {
        let (platform, archive) = examine_one(path)?;
        let input = inputs.entry(platform).or_default();
        let called = released.iter().find(|name| path.file_name() == Some(name.as_ref()));
        let name = called.or(released.first()).context("the project has no binary")?;
        let is_second = match archive {
            Some(archive) => input.archive.replace(archive).is_some() || !input.programs.is_empty(),
            None => input.programs.insert(name.clone(), path.clone()).is_some() || input.archive.is_some(),
        };
        if is_second {
            let hint =
                "give each released binary under its own name, or one docker archive, for each platform";
            let why = format!("is the second file for `{name}` of {platform}");
            return Err(refuse(path, &why).hint(hint).into());
        }
    }
    Ok(inputs)
}

/// The platform of a file, and its content if it is a docker archive.
fn examine_one(path: &Path) -> anyhow::Result<(Platform, Option<DockerArchive>)> {
    let mut start = Vec::new();
    files::open(path).and_then(|file| file.take(512).read_to_end(&mut start)).at("cannot read", path)?;
    if start.starts_with(b"\x7fELF") {
        return Ok((static_binary(path)?, None));
    }
    if start.starts_with(&[0x1f, 0x8b]) || start.get(257..262) == Some(b"ustar") {
        let archive = DockerArchive::open(path)
            .with_context(|| format!("`{}` is not a docker archive that floe can use", path.display()))?;
        return Ok((archive.platform, Some(archive)));
    }
    let hint = match start.as_slice() {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "write the docker archive with gzip or plain: `compressor = \"gz\";`",
        [b'M', b'Z', ..] | [0xcf, 0xfa, 0xed, 0xfe, ..] => {
            "images hold Linux binaries: give the musl target's"
        }
        _ => "give static Linux binaries, or what `dockerTools.buildLayeredImage` makes",
    };
    let text = "is neither a Linux binary nor a docker archive";
    Err(refuse(path, text).exit(Exit::Usage).hint(hint).into())
}

/// The platform of a static executable that is all there.
fn static_binary(path: &Path) -> anyhow::Result<Platform> {
    let file = files::open(path).at("cannot read", path)?;
    let kind = floe_audit::identify(file).map_err(|why| {
        let hint = match why {
            floe_audit::Error::Unsupported(_) => {
                "give a binary for a musl target, as Cargo put it into target/<triple>/release/"
            }
            _ => "build it again",
        };
        refuse(path, "cannot be put into an image").because(anyhow!(why)).hint(hint)
    })?;
    if let Some(interpreter) = kind.interpreter {
        let interpreter = text::name(&interpreter);
        let why = format!("is dynamically linked: it needs `{interpreter}`, which floe's images do not have");
        return Err(refuse(path, &why)
            .hint("build for a musl target: `cargo build --release --target x86_64-unknown-linux-musl`")
            .into());
    }
    let platform = Platform::ALL.into_iter().find(|platform| kind.arches == [platform.arch()]);
    platform.with_context(|| format!("`{}` is for a processor that floe makes no images for", path.display()))
}

fn refuse(path: &Path, why: &str) -> Failure {
    Failure::new(format!("`{}` {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::exit_of;

    /// A static executable that loads itself whole; `machine` is 62 for x86-64 and 183 for AArch64.
    fn elf(machine: u16) -> Vec<u8> {
        elf_of(machine, &[(1, 0, 64 + 56 + 8)], b"the code")
    }

    /// The same, but it asks for `/lib/ld.so`.
    fn elf_with_interpreter(machine: u16) -> Vec<u8> {
        let end = 64 + 2 * 56 + 11;
        elf_of(machine, &[(1, 0, end), (3, end - 11, 11)], b"/lib/ld.so\0")
    }

    /// An executable of segments: type, offset and size in the file.
    fn elf_of(machine: u16, segments: &[(u32, u64, u64)], tail: &[u8]) -> Vec<u8> {
        let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        elf.extend([2, machine].map(u16::to_le_bytes).concat());
        elf.extend(1u32.to_le_bytes());
        elf.extend([0x40_0078, 64, 0].map(u64::to_le_bytes).concat());
        elf.extend(0u32.to_le_bytes());
        elf.extend([64, 56, segments.len() as u16, 64, 0, 0].map(u16::to_le_bytes).concat());
        for (kind, offset, size) in segments {
            let address = 0x40_0000 + offset;
            elf.extend([*kind, 5].map(u32::to_le_bytes).concat());
            elf.extend([*offset, address, address, *size, *size, 4096].map(u64::to_le_bytes).concat());
        }
        elf.extend(tail);
        elf
    }

    fn refused(file: &[u8]) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, file).unwrap();
        let error = examine(&[path], &["tool".to_owned()]).unwrap_err();
        let hint = error.chain().find_map(|cause| cause.downcast_ref::<Failure>()?.hint.as_deref());
        let is_other = error.to_string().contains("neither a Linux binary");
        assert_eq!(exit_of(&error) == Exit::Usage, is_other, "{error:#}");
        (format!("{error:#}"), hint.unwrap_or_default().to_owned())
    }

    #[test]
    fn a_file_that_would_not_run_is_refused_with_a_hint() {
        let mut shared = elf(62);
        shared[24..32].fill(0);
        let interpreted = elf_with_interpreter(62);
        let no_input = "neither a Linux binary nor a docker archive";
        for (file, why, fix) in [
            (interpreted, "is dynamically linked: it needs `/lib/ld.so`", "musl"),
            (elf(258), "a 64-bit ELF file for machine 258", "musl"),
            (shared, "a library, not an executable", "musl"),
            (elf(62)[..20].to_vec(), "its ELF header is broken or cut off", "build it again"),
            (elf(62)[..100].to_vec(), "cut off", "build it again"),
            (elf(62)[..125].to_vec(), "its ELF segment is broken or cut off (it ends at", "build it again"),
            (b"MZ\x90".to_vec(), no_input, "musl"),
            (Vec::new(), no_input, "static Linux binaries"),
        ] {
            let (error, hint) = refused(&file);
            assert!(error.contains(why), "{error}");
            assert!(hint.contains(fix), "{error}: {hint}");
        }
    }
}
