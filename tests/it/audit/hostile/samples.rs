//! Binaries made by hand that have everything the audit reads, under 4 KiB each: to compare facts exactly, and for
//! being broken.
//!
//! They are for reading, not for running: a loader would find no code in them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest as _, Sha256};

use crate::support::binaries::Bytes;

pub const STORE: &str = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-glibc-2.40/lib";
const COMMIT: &str = "82e1608dfa6e0b5569232559e3d385fea5a93112";

/// Each format's sample, by name.
pub fn all() -> [(&'static str, Vec<u8>); 4] {
    [("elf", elf()), ("macho", macho(ARM64)), ("universal", universal()), ("pe", pe())]
}

/// The section that `cargo auditable` would embed for two packages.
fn dependencies() -> Vec<u8> {
    let json = br#"{"packages":[{"name":"a","version":"1.0.0"},{"name":"b","version":"2.0.0"}]}"#;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(json).unwrap();
    encoder.finish().unwrap()
}

/// Texts with a zero byte after each, and where each begins.
fn strings<const N: usize>(texts: [&str; N]) -> (Vec<u8>, [u32; N]) {
    let mut bytes = vec![0];
    let at = texts.map(|text| {
        let at = bytes.len() as u32;
        bytes.extend(text.as_bytes());
        bytes.push(0);
        at
    });
    (bytes, at)
}

/// A position-independent executable for glibc that needs 2.39 because of a weak symbol, and much else.
pub fn elf() -> Vec<u8> {
    let texts = [
        "libc.so.6",
        "libm.so.6",
        "GLIBC_2.17",
        "GLIBC_2.39",
        "GLIBC_2.29",
        "write",
        "pidfd_spawnp",
        "exp",
        STORE,
        "$ORIGIN/../lib:/opt/x",
    ];
    let (dynstr, [libc, libm, v17, v39, v29, write, spawn, exp, rpath, runpath]) = strings(texts);
    let rodata = format!("/home/user/floe/src/main.rs\0/rustc/{COMMIT}/library/std\0");
    let comment = "GCC: 13\0rustc version 1.75.0 (82e1608df 2023-12-21)\0";
    let dependencies = dependencies();
    let (names, sections) = elf_sections([rodata.len(), comment.len(), dependencies.len()]);
    let size = 0xa00_u64;
    // type, flags, offset, size
    let segments: [(u32, u32, u64, u64); 7] = [
        (3, 4, 0x1c8, 28),
        (1, 4, 0, size),
        (1, 6, 0x480, 0x130),
        (2, 6, 0x480, 0x120),
        (4, 4, 0x1f0, 36),
        (0x6474_e551, 6, 0, 0),
        (0x6474_e552, 4, 0x480, 0x130),
    ];
    let mut file = Bytes::default()
        .raw(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0")
        .u16(&[3, 62])
        .u32(&[1])
        .u64(&[0x600, 64, 0x800])
        .u32(&[0])
        .u16(&[64, 56, segments.len() as u16, 64, sections.len() as u16, 7]);
    for (kind, flags, offset, size) in segments {
        file = file.u32(&[kind, flags]).u64(&[offset, offset, offset, size, size, 4]);
    }
    file = file.pad(0x1c8).raw(b"/lib64/ld-linux-x86-64.so.2\0").pad(0x1f0);
    file = file.u32(&[4, 20, 3]).raw(b"GNU\0").raw(&[0xab; 20]).pad(0x220);
    // One bucket, four symbols.
    file = file.u32(&[1, 4, 1, 0]).pad(0x240).u64(&[0, 0, 0]);
    for (name, bind) in [(write, 1), (spawn, 2), (exp, 1)] {
        file = file.u32(&[name]).raw(&[bind << 4 | 2, 0, 0, 0]).u64(&[0, 0]);
    }
    file = file.pad(0x2a0).raw(&dynstr).pad(0x3a0).u16(&[0, 2, 3, 4]).pad(0x3b0);
    // Two libraries: version, entries, name, where the entries are, where the next is. An entry: hash, flags, index,
    // name, where the next is.
    file = file.u16(&[1, 2]).u32(&[libc, 16, 48]);
    file = file.u32(&[0]).u16(&[0, 2]).u32(&[v17, 16]).u32(&[0]).u16(&[0, 3]).u32(&[v39, 0]);
    file = file.u16(&[1, 1]).u32(&[libm, 16, 0]).u32(&[0]).u16(&[2, 4]).u32(&[v29, 0]).pad(0x480);
    file = file
        .u64(&elf_dynamic([libc, libm, rpath, runpath], dynstr.len()))
        .pad(0x600)
        .raw(rodata.as_bytes())
        .pad(0x680)
        .raw(comment.as_bytes());
    file = file.pad(0x6c0).raw(&dependencies).pad(0x740).raw(&names).pad(0x800);
    for (name, kind, offset, size) in sections {
        file = file.u32(&[name, kind]).u64(&[0, 0, offset, size]).u32(&[0, 0]).u64(&[1, 0]);
    }
    file.pad(size as usize).0
}

/// Name, kind, offset and size.
type ElfSection = (u32, u32, u64, u64);

/// The names of the sample's sections, and the sections.
fn elf_sections([rodata, comment, dependencies]: [usize; 3]) -> (Vec<u8>, [ElfSection; 8]) {
    let texts = [".dynsym", ".symtab", ".rodata", ".comment", ".dep-v0", ".debug_info"];
    let (names, [n_dynsym, n_symtab, n_rodata, n_comment, n_dep, n_debug]) = strings(texts);
    let sections = [
        (0, 0, 0, 0),
        (n_dynsym, 11, 0x240, 96),
        (n_symtab, 2, 0x240, 96),
        (n_rodata, 1, 0x600, rodata as u64),
        (n_comment, 1, 0x680, comment as u64),
        (n_dep, 1, 0x6c0, dependencies as u64),
        (n_debug, 1, 0x240, 1),
        (0, 3, 0x740, names.len() as u64),
    ];
    (names, sections)
}

/// The dynamic section of the sample, whose string table has a size.
fn elf_dynamic([libc, libm, rpath, runpath]: [u32; 4], strings: usize) -> Vec<u64> {
    let entries: [(u64, u64); 15] = [
        (1, libc.into()),
        (1, libm.into()),
        (15, rpath.into()),
        (29, runpath.into()),
        (4, 0x220),
        (5, 0x2a0),
        (6, 0x240),
        (10, strings as u64),
        (11, 24),
        (0x6fff_fff0, 0x3a0),
        (0x6fff_fffe, 0x3b0),
        (0x6fff_ffff, 2),
        (30, 8),
        (0x6fff_fffb, 0x0800_0001),
        (0, 0),
    ];
    entries.map(|(tag, value)| [tag, value]).concat()
}

pub const ARM64: u32 = 0x0100_000c;
pub const X86_64: u32 = 0x0100_0007;
const SIGNATURE: u32 = 0x800;

/// An executable for macOS 11.0 that needs a library in a Nix store, signed by a made-up developer.
pub fn macho(cpu: u32) -> Vec<u8> {
    let segment = |name: &str, at: [u64; 4], sections: &[Vec<u8>]| {
        Bytes::default()
            .u32(&[0x19, 72 + 80 * sections.len() as u32])
            .text(name, 16)
            .u64(&at)
            .u32(&[5, 5, sections.len() as u32, 0])
            .raw(&sections.concat())
            .0
    };
    let section = |name: &str, segment: &str, offset: u32, size: u64| {
        Bytes::default()
            .text(name, 16)
            .text(segment, 16)
            .u64(&[offset.into(), size])
            .u32(&[offset, 0, 0, 0, 0, 0, 0, 0])
            .0
    };
    let dylib = |command: u32, path: &str| {
        let size = (path.len() + 1).next_multiple_of(8);
        Bytes::default().u32(&[command, 24 + size as u32, 24, 2, 0x0547_0000, 0x0001_0000]).text(path, size).0
    };
    let path = |command: u32, path: &str| {
        let size = (path.len() + 1 + 4).next_multiple_of(8) - 4;
        Bytes::default().u32(&[command, 12 + size as u32, 12]).text(path, size).0
    };
    let dependencies = dependencies();
    let signature = 0x400;
    let text = [section("__text", "__TEXT", 0x6c0, 16), section("__cstring", "__TEXT", 0x700, 64)];
    let data = [section(".dep-v0", "__DATA", 0x740, dependencies.len() as u64)];
    let commands = [
        segment("__TEXT", [0, 0x800, 0, 0x740], &text),
        segment("__DATA", [0x740, 0x80, 0x740, 0x80], &data),
        segment("__LINKEDIT", [0x7c0, 0x1000, 0x7c0, 0x40 + signature], &[]),
        path(0xe, "/usr/lib/dyld"),
        Bytes::default().u32(&[0x1b, 24]).raw(&[0xcd; 16]).0,
        Bytes::default().u32(&[0x32, 24, 1, 11 << 16, 14 << 16 | 2 << 8, 0]).0,
        dylib(0xc, "/usr/lib/libSystem.B.dylib"),
        dylib(0x8000_0018, "/usr/lib/libiconv.2.dylib"),
        dylib(0xc, &format!("{STORE}/libiconv.2.dylib")),
        path(0x8000_001c, "@executable_path/../lib"),
        // Symbols, and of them none that are local.
        Bytes::default().u32(&[2, 24, 0x7c0, 1, 0x7e0, 0x20]).0,
        Bytes::default().u32(&[0xb, 80, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).0,
        Bytes::default().u32(&[0x1d, 16, SIGNATURE, signature as u32]).0,
    ];
    let size: usize = commands.iter().map(Vec::len).sum();
    let code = Bytes::default()
        .u32(&[0xfeed_facf, cpu, 0, 2, commands.len() as u32, size as u32, 0x0020_0085, 0])
        .raw(&commands.concat())
        .pad(0x6c0)
        .pad(0x700)
        .raw(b"/Users/user/floe/src/main.rs")
        .pad(0x740)
        .raw(&dependencies)
        .pad(SIGNATURE as usize)
        .0;
    let signed = sign(&code);
    Bytes(code).raw(&signed).pad(SIGNATURE as usize + signature as usize).0
}

/// A signature over pages of 1 KiB, with a list of requirements and a blob that only looks like certificates.
fn sign(code: &[u8]) -> Vec<u8> {
    let blob = |magic: u32, content: &[u8]| {
        [&magic.to_be_bytes()[..], &(content.len() as u32 + 8).to_be_bytes(), content].concat()
    };
    let requirements = blob(0xfade_0c01, &[0; 4]);
    let (ident, team) = ("org.example.floe\0", "TEAM123456\0");
    let hashes: Vec<u8> = [vec![0; 32], Sha256::digest(&requirements).to_vec(), vec![0; 32]][1..]
        .iter()
        .cloned()
        .chain(code.chunks(1024).map(|page| Sha256::digest(page).to_vec()))
        .flatten()
        .collect();
    let fixed = 88_u32;
    let names = fixed + (ident.len() + team.len()) as u32;
    let directory = [
        // Version, flags (hardened runtime), where the digests and the name are, how many of each, where the code ends.
        &[0x2_0400, 0x1_0000, names + 64, fixed, 2, code.len() as u32 / 1024, code.len() as u32]
            .map(u32::to_be_bytes)
            .concat()[..],
        // Size and kind of a digest, platform, power of the page's size.
        &[32, 2, 0, 10],
        &[0, 0, fixed + ident.len() as u32, 0].map(u32::to_be_bytes).concat(),
        &[0; 8 + 24],
        ident.as_bytes(),
        team.as_bytes(),
        &hashes,
    ]
    .concat();
    let directory = blob(0xfade_0c02, &directory);
    let certificates = blob(0xfade_0b01, b"0\x82Developer ID Application: User One (TEAM123456)");
    let blobs = [(0_u32, directory), (2, requirements), (0x1_0000, certificates)];
    let mut offset = 12 + 8 * blobs.len() as u32;
    let mut index = (blobs.len() as u32).to_be_bytes().to_vec();
    for (slot, blob) in &blobs {
        index.extend([*slot, offset].map(u32::to_be_bytes).concat());
        offset += blob.len() as u32;
    }
    let content = blobs.map(|(_, blob)| blob).concat();
    blob(0xfade_0cc0, &[index, content].concat())
}

/// Both instruction sets in one file. Its slices are cut to fit, so their signatures cover no code.
pub fn universal() -> Vec<u8> {
    let slices = [(X86_64, macho(X86_64)), (ARM64, macho(ARM64))];
    let mut file = [0xcafe_babe_u32, 2].map(u32::to_be_bytes).concat();
    let mut offset = 0x40;
    for (cpu, slice) in &slices {
        file.extend([*cpu, 0, offset, slice.len() as u32, 2].map(u32::to_be_bytes).concat());
        offset += slice.len() as u32;
    }
    file.resize(0x40, 0);
    for (_, slice) in &slices {
        file.extend(slice);
    }
    file
}

/// A console program for Windows that needs the dynamic runtime, with a PDB, and "signed".
pub fn pe() -> Vec<u8> {
    let texts = ["KERNEL32.dll", "VCRUNTIME140.dll", "bcrypt.dll", "C:\\Users\\User One\\floe\\src\\main.rs"];
    let (names, [kernel, runtime, bcrypt, _]) = strings(texts);
    let name = |at: u32| 0x1180 + at;
    let dependencies = dependencies();
    let mut directories = [0_u32; 32];
    for (index, address, size) in [(1, 0x1000, 60), (4, 0xa00, 16), (6, 0x1080, 56), (13, 0x1040, 64)] {
        directories[index * 2] = address;
        directories[index * 2 + 1] = size;
    }
    let section = |name: &str, offset: u32, size: u32| {
        Bytes::default().text(name, 8).u32(&[size, 0xc00 + offset, 0x200, offset, 0, 0, 0, 0x4000_0040]).0
    };
    Bytes::default()
        .raw(b"MZ")
        .pad(0x3c)
        .u32(&[0x80])
        .pad(0x80)
        .raw(b"PE\0\0")
        .u16(&[0x8664, 3])
        .u32(&[0x6ad1_a108, 0, 0])
        .u16(&[240, 0x22])
        .u16(&[0x20b, 0x0e])
        .u32(&[0x600, 0, 0, 0x1000, 0x1000])
        .u64(&[0x1_4000_0000])
        .u32(&[0x200, 0x200])
        .u16(&[6, 0, 0, 0, 6, 0])
        .u32(&[0, 0x2000, 0x400, 0])
        .u16(&[3, 0x4160])
        .u64(&[0x10_0000, 0x1000, 0x10_0000, 0x1000])
        .u32(&[0, 16])
        .u32(&directories)
        .raw(&section(".rdata", 0x400, 0x200))
        .raw(&section(".text", 0x600, 0x200))
        .raw(&section(".dep-v0", 0x800, dependencies.len() as u32))
        .pad(0x400)
        .u32(&[0, 0, 0, name(kernel), 0x1170])
        .u32(&[0, 0, 0, name(runtime), 0x1170])
        .pad(0x440)
        .u32(&[1, name(bcrypt), 0, 0, 0, 0, 0, 0])
        .pad(0x480)
        // CodeView, and that the time stamp is none.
        .u32(&[0, 0, 0, 2, 24 + 9, 0x1100, 0x500])
        .u32(&[0, 0, 0, 16, 0, 0, 0])
        .pad(0x500)
        .raw(b"RSDS")
        .raw(&[0xef; 16])
        .u32(&[3])
        .raw(b"floe.pdb\0")
        .pad(0x580)
        .raw(&names)
        .pad(0x800)
        .raw(&dependencies)
        .pad(0xa00)
        .u32(&[16])
        .u16(&[0x200, 2])
        .u64(&[0])
        .0
}
