//! Identifies the inputs of an image by their content, never by their names: static Linux binaries and docker
//! archives, one for each platform.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};

use super::docker_archive::DockerArchive;
use crate::error::Failure;
use floe_core::model::Platform;
use floe_core::untrusted::{files, text};

/// The input for one platform.
#[derive(Debug)]
pub struct Input {
    /// Its path.
    pub path: PathBuf,
    /// Its platform.
    pub platform: Platform,
    /// The kind of the file.
    pub kind: InputKind,
}

/// The kind of an input.
#[derive(Debug)]
pub enum InputKind {
    /// A static executable.
    Binary,
    /// A docker archive, as `docker save` and dockerTools write it.
    DockerArchive(Box<DockerArchive>),
}

/// Identifies every file; the result is sorted by platform.
pub fn examine(paths: &[PathBuf]) -> anyhow::Result<Vec<Input>> {
    ensure!(!paths.is_empty(), "an image needs at least one binary or docker archive");
    let mut inputs = paths.iter().map(|path| examine_one(path)).collect::<anyhow::Result<Vec<_>>>()?;
    inputs.sort_by_key(|input| input.platform);
    let mut pairs = inputs.iter().zip(inputs.iter().skip(1));
    if let Some((one, other)) = pairs.find(|(one, other)| one.platform == other.platform) {
        let (one_path, other_path) = (one.path.display(), other.path.display());
        return Err(Failure::new(format!(
            "`{one_path}` and `{other_path}` are both for {}, but an image has one entry for each platform",
            one.platform
        ))
        .hint("give `floe image` one file for each platform")
        .into());
    }
    Ok(inputs)
}

fn examine_one(path: &Path) -> anyhow::Result<Input> {
    let reading = || format!("cannot read `{}`", path.display());
    let mut start = Vec::new();
    files::open(path).and_then(|file| file.take(512).read_to_end(&mut start)).with_context(reading)?;
    let path = path.to_owned();
    if start.starts_with(b"\x7fELF") {
        let platform = static_binary(&path)?;
        return Ok(Input { path, platform, kind: InputKind::Binary });
    }
    if start.starts_with(&[0x1f, 0x8b]) || start.get(257..262) == Some(b"ustar") {
        let archive = DockerArchive::open(&path)
            .with_context(|| format!("`{}` is no docker archive that floe can use", path.display()))?;
        return Ok(Input {
            path,
            platform: archive.platform,
            kind: InputKind::DockerArchive(Box::new(archive)),
        });
    }
    let hint = match start.as_slice() {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "write the docker archive with gzip or plain: `compressor = \"gz\";`",
        [b'M', b'Z', ..] | [0xcf, 0xfa, 0xed, 0xfe, ..] => {
            "images hold Linux binaries: give the musl target's"
        }
        _ => "give static Linux binaries, or what `dockerTools.buildLayeredImage` makes",
    };
    Err(refuse(&path, "is neither a Linux binary nor a docker archive").hint(hint).into())
}

/// The platform of a static executable that is all there.
fn static_binary(path: &Path) -> anyhow::Result<Platform> {
    let reading = || format!("cannot read `{}`", path.display());
    let file = files::open(path).with_context(reading)?;
    let kind = floe_audit::identify(file).map_err(|why| {
        let hint = match why {
            floe_audit::Error::Truncated { .. } => "build it again",
            _ => "give a binary for a musl target, as Cargo put it into target/<triple>/release/",
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
        let error = examine(&[path]).unwrap_err();
        let hint = error.chain().find_map(|cause| cause.downcast_ref::<Failure>()?.hint_text());
        (format!("{error:#}"), hint.unwrap_or_default().to_owned())
    }

    #[test]
    fn what_would_not_run_is_refused_with_a_way_out() {
        let mut shared = elf(62);
        shared[24..32].fill(0);
        let interpreted = elf_with_interpreter(62);
        for (file, why) in [
            (interpreted, "is dynamically linked: it needs `/lib/ld.so`"),
            (elf(243), "an ELF file for machine 243"),
            (shared, "a library, not an executable"),
            (elf(62)[..100].to_vec(), "cut off"),
            (elf(62)[..125].to_vec(), "its ELF segment is broken or cut off (it ends at"),
            (b"MZ\x90".to_vec(), "neither a Linux binary nor a docker archive"),
            (Vec::new(), "neither a Linux binary nor a docker archive"),
        ] {
            let (told, hint) = refused(&file);
            assert!(told.contains(why), "{told}");
            assert!(!hint.is_empty(), "{told}");
        }
    }
}
