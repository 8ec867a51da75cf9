//! A project whose one binary is as large as wished and cannot be compressed: a valid ELF header, then noise.
//!
//! The noise comes from a fixed seed, so that every run handles the same bytes. It is written in pieces.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// So much is written at once, in bytes.
const PIECE: usize = 1 << 20;
/// An ELF header and one program header (System V ABI, "ELF Header", "Program Header").
const HEADERS: u64 = 64 + 56;

/// Makes the project, with the built binary below `native/`.
pub fn project(folder: &Path, size: u64) -> anyhow::Result<()> {
    let write = || {
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("Cargo.toml"), MANIFEST)?;
        fs::write(folder.join("src/main.rs"), "fn main() {}\n")?;
        fs::write(folder.join("LICENSE"), "Do as you please.\n")?;
        fs::write(folder.join("CHANGELOG.md"), "# Changelog\n\n## 1.4.0\n\nIt is large.\n")?;
        let path = binary_of(folder);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        noise(&mut File::create(path)?, size)
    };
    write().with_context(|| format!("failed to make the project `{}`", folder.display()))
}

/// Where the project's binary is.
pub fn binary_of(folder: &Path) -> PathBuf {
    folder.join("native/x86_64-unknown-linux-musl/tool")
}

const MANIFEST: &str = r#"[package]
name = "tool"
version = "1.4.0"
edition = "2021"
description = "A tool of some weight"
license = "MIT"
repository = "https://github.com/acme/tool"

[workspace]

[package.metadata.floe]
targets = ["x86_64-musl"]
sbom = false
installers = []
"#;

/// A static executable for Linux on x86_64 with `size` bytes, which one segment loads.
fn noise(file: &mut File, size: u64) -> std::io::Result<()> {
    let size = size.max(HEADERS);
    file.write_all(&headers(size))?;
    let mut left = size - HEADERS;
    let mut state = 0x5eed_u64;
    let mut piece = vec![0; PIECE];
    while left > 0 {
        for word in piece.chunks_exact_mut(8) {
            word.copy_from_slice(&next(&mut state).to_le_bytes());
        }
        let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        file.write_all(&piece[..length])?;
        left -= length as u64;
    }
    Ok(())
}

fn headers(size: u64) -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let (executable, x86_64, version) = (2_u16, 62_u16, 1_u32);
    bytes.extend([executable.to_le_bytes(), x86_64.to_le_bytes()].concat());
    bytes.extend(version.to_le_bytes());
    let (entry, programs, sections, flags) = (BASE + HEADERS, 64_u64, 0_u64, 0_u32);
    bytes.extend([entry, programs, sections].map(u64::to_le_bytes).concat());
    bytes.extend(flags.to_le_bytes());
    // The sizes of the headers and how many there are: one program header, no sections.
    bytes.extend([64_u16, 56, 1, 64, 0, 0].map(u16::to_le_bytes).concat());
    let (load, readable_and_executable) = (1_u32, 5_u32);
    bytes.extend([load, readable_and_executable].map(u32::to_le_bytes).concat());
    bytes.extend([0, BASE, BASE, size, size, 0x1000].map(u64::to_le_bytes).concat());
    bytes
}

/// SplitMix64, a generator whose output no compressor makes smaller.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
