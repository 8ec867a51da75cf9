//! Binaries nobody would ship: a sample of each format is told exactly, then broken by hand and at random.
//!
//! Whatever is in a file, there is an answer soon, and never a panic.

mod samples;

use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use expect_test::expect;
use floe::audit::{Crt, DylibLoad, Facts, Kind, PathKind, Relro, SignatureKind, facts};
use floe::model::{Arch, Target};

use crate::binaries::binary;

fn told(content: &[u8]) -> Result<Facts, String> {
    facts(Cursor::new(content))
}

fn paths(facts: &Facts) -> Vec<(PathKind, &str, Option<&str>)> {
    facts.paths.found.iter().map(|path| (path.kind, path.text.as_str(), path.section.as_deref())).collect()
}

#[test]
fn everything_an_elf_file_can_say_is_told() {
    let facts = told(&samples::elf()).unwrap();
    assert_eq!((facts.kind, facts.stripped, facts.debug_info), (Kind::Pie, false, true));
    assert_eq!(facts.build_id, Some("ab".repeat(20)));
    let rustc = facts.rustc.as_ref().unwrap();
    assert_eq!(rustc.version.as_deref(), Some("1.75.0 (82e1608df 2023-12-21)"));
    assert_eq!(rustc.source.as_deref(), Some("82e1608dfa6e0b5569232559e3d385fea5a93112"));
    assert_eq!(facts.auditable.as_ref().unwrap().packages, Some(2));
    let home = (PathKind::Home, "/home/jane/floe/src/main.rs", Some(".rodata"));
    assert_eq!(paths(&facts), [(PathKind::NixStore, samples::STORE, None), home]);
    let elf = facts.elf.unwrap();
    assert_eq!(elf.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
    assert_eq!(elf.needed, ["libc.so.6", "libm.so.6"]);
    assert_eq!(elf.rpath, [samples::STORE]);
    assert_eq!(elf.runpath, ["$ORIGIN/../lib", "/opt/x"]);
    assert_eq!((elf.nx, elf.relro), (true, Relro::Full));
    expect![[r#"
        {
          "GLIBC": {
            "version": "2.39",
            "needs": [
              {
                "version": "GLIBC_2.39",
                "library": "libc.so.6",
                "symbols": [
                  {
                    "name": "pidfd_spawnp",
                    "weak": true
                  }
                ],
                "symbol_count": 1
              },
              {
                "version": "GLIBC_2.29",
                "library": "libm.so.6",
                "weak": true,
                "symbols": [
                  {
                    "name": "exp"
                  }
                ],
                "symbol_count": 1
              },
              {
                "version": "GLIBC_2.17",
                "library": "libc.so.6",
                "symbols": [
                  {
                    "name": "write"
                  }
                ],
                "symbol_count": 1
              }
            ]
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&elf.floors).unwrap());
}

#[test]
fn everything_a_macho_file_can_say_is_told() {
    let facts = told(&samples::macho(samples::ARM64)).unwrap();
    assert_eq!((facts.kind, facts.stripped, facts.debug_info), (Kind::Pie, true, false));
    assert_eq!(facts.build_id.as_deref(), Some("CDCDCDCD-CDCD-CDCD-CDCD-CDCDCDCDCDCD"));
    assert_eq!(facts.auditable.as_ref().unwrap().packages, Some(2));
    let home = (PathKind::Home, "/Users/jane/floe/src/main.rs", Some("__TEXT,__cstring"));
    let library = format!("{}/libiconv.2.dylib", samples::STORE);
    assert_eq!(paths(&facts), [(PathKind::NixStore, library.as_str(), Some("__TEXT")), home]);
    let macho = facts.macho.unwrap();
    assert!(!macho.universal);
    let slice = &macho.slices[0];
    let told = [&slice.platform, &slice.min_os, &slice.sdk, &slice.dylinker].map(Option::as_deref);
    assert_eq!(told, [Some("macos"), Some("11.0"), Some("14.2"), Some("/usr/lib/dyld")]);
    let dylibs: Vec<_> = slice.dylibs.iter().map(|dylib| (dylib.path.as_str(), dylib.load)).collect();
    let weak = ("/usr/lib/libiconv.2.dylib", DylibLoad::Weak);
    let system = ("/usr/lib/libSystem.B.dylib", DylibLoad::Load);
    assert_eq!(dylibs, [system, weak, (library.as_str(), DylibLoad::Load)]);
    assert_eq!(slice.rpaths, ["@executable_path/../lib"]);
    let signature = &slice.signature;
    assert_eq!((signature.kind, signature.intact), (SignatureKind::DeveloperId, Some(true)), "{signature:?}");
    assert_eq!(signature.identifier.as_deref(), Some("org.example.floe"));
    assert_eq!(signature.team.as_deref(), Some("JANE123456"));
    assert!(signature.hardened_runtime && !signature.linker_signed);
    let both = self::told(&samples::universal()).unwrap();
    assert_eq!(both.arches, [Arch::X86_64, Arch::Aarch64]);
    assert!(both.macho.unwrap().slices.iter().all(|slice| slice.signature.intact == Some(true)));
}

#[test]
fn a_signature_that_does_not_match_says_where() {
    let signature = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut content = samples::macho(samples::ARM64);
        change(&mut content);
        told(&content).unwrap().macho.unwrap().slices.remove(0).signature
    };
    let mismatch = |change: &dyn Fn(&mut Vec<u8>)| signature(change).mismatch.unwrap_or_default();
    assert_eq!(mismatch(&|_| {}), "");
    assert_eq!(mismatch(&|content| content[0x701] ^= 1), "the page at offset 1024 has another digest");
    // The content of the requirements, which stand before the certificates.
    let requirements = |content: &mut Vec<u8>| {
        let at = content.windows(4).rposition(|bytes| bytes == [0xfa, 0xde, 0x0c, 0x01]).unwrap();
        content[at + 11] = 1;
    };
    assert_eq!(mismatch(&requirements), "its part 2 has another digest");
    // Flags and the end of the code, in the directory.
    let directory =
        |content: &[u8]| content.windows(4).position(|bytes| bytes == [0xfa, 0xde, 0x0c, 0x02]).unwrap();
    let ad_hoc = signature(&|content| {
        let at = directory(content);
        content[at + 15] = 2;
    });
    assert_eq!((ad_hoc.kind, ad_hoc.intact), (SignatureKind::AdHoc, Some(true)));
    let short = mismatch(&|content| {
        let at = directory(content);
        content[at + 34] = 4;
    });
    assert_eq!(short, "it signs 1024 bytes, and the signature begins at 2048");
    let sha1 = signature(&|content| {
        let at = directory(content);
        content[at + 37] = 1;
    });
    assert_eq!((sha1.intact, sha1.mismatch), (None, None));
}

#[test]
fn everything_a_pe_file_can_say_is_told() {
    let facts = told(&samples::pe()).unwrap();
    assert_eq!((facts.kind, facts.stripped, facts.debug_info), (Kind::Executable, true, false));
    assert_eq!(facts.build_id.as_deref(), Some("EFEFEFEF-EFEF-EFEF-EFEF-EFEFEFEFEFEF-3"));
    assert_eq!(facts.auditable.as_ref().unwrap().packages, Some(2));
    assert_eq!(paths(&facts), [(PathKind::Home, "C:\\Users\\Jane Doe\\floe\\src\\main.rs", Some(".rdata"))]);
    let pe = facts.pe.unwrap();
    assert_eq!(pe.imports, ["KERNEL32.dll", "VCRUNTIME140.dll"]);
    assert_eq!(pe.delay_imports, ["bcrypt.dll"]);
    assert_eq!((pe.crt, pe.crt_dlls.as_slice()), (Crt::Dynamic, &["VCRUNTIME140.dll".to_owned()][..]));
    assert_eq!(pe.debug_directory, ["codeview", "repro"]);
    assert_eq!(pe.pdb_path.as_deref(), Some("floe.pdb"));
    assert_eq!((pe.timestamp.reproducible, pe.timestamp.value), (true, 0x6ad1_a108));
    assert!(pe.aslr && pe.high_entropy_va && pe.dep && pe.cfg && pe.authenticode);
}

#[test]
fn the_smallest_binaries_of_every_target_have_facts() {
    for target in Target::all() {
        let facts = told(&binary(target, b"seed")).unwrap();
        assert_eq!(
            (facts.format, facts.arches.as_slice()),
            (target.format(), &[target.arch()][..]),
            "{target}"
        );
        assert!(facts.kind != Kind::Shared, "{target}");
    }
}

/// What stands in the way of hangs: far more than any of these files takes, far less than a person waits.
const LIMIT: Duration = Duration::from_secs(5);

fn soon(content: &[u8], what: impl Fn() -> String) -> Result<Facts, String> {
    let begin = Instant::now();
    let answer = std::panic::catch_unwind(|| told(content));
    assert!(begin.elapsed() < LIMIT, "{} took {:?}", what(), begin.elapsed());
    answer.unwrap_or_else(|_| panic!("{} made the reader panic", what()))
}

#[test]
fn files_broken_by_hand_are_refused_for_what_is_wrong_with_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus/audit");
    let mut answers = String::new();
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    for path in files.collect::<std::collections::BTreeSet<_>>() {
        let content = std::fs::read(&path).unwrap();
        assert!(content.len() < 4096, "{path:?} is too large to be kept");
        let answer =
            soon(&content, || path.display().to_string()).err().unwrap_or_else(|| "it is read".to_owned());
        answers += &format!("{}: {answer}\n", path.file_name().unwrap().display());
    }
    expect![[r#"
        elf-32-bit: it is a 32-bit ELF file, and no target of floe is 32-bit
        elf-65535-segments: its ELF program header table is broken (it is too long)
        elf-all-needs: its table of ELF version needs is broken (it is larger than any linker writes)
        elf-big-endian: it is a big-endian ELF file, and no target of floe is big-endian
        elf-cut-off: its ELF segment is broken or cut off (it ends at 2560, the file at 1792)
        elf-dynamic-section-of-a-gigabyte: its ELF segment is broken or cut off (it ends at 1073742976, the file at 2560)
        elf-interpreter-without-end: its ELF interpreter is broken or cut off
        elf-needed-beyond-strings: its ELF dynamic string table is broken or cut off
        elf-needs-beyond-the-end: its table of ELF version needs is broken or cut off (it ends at 4294968255, the file at 2560)
        elf-note-longer-than-all: its list of ELF notes is broken (Invalid ELF note namesz)
        elf-object-file: it is an ELF object file, not an executable
        elf-overlapping-needs: its ELF dynamic string table is broken or cut off
        elf-section-beyond-the-end: its ELF section is broken or cut off (it ends at 6400, the file at 2560)
        elf-sections-beyond-the-end: its ELF section table is broken or cut off (it ends at 9223372036854775616, the file at 2560)
        elf-sections-counted-elsewhere: its ELF section table is broken (its size or that of an entry is wrong)
        elf-segment-wraps-around: its ELF segment is broken or cut off
        elf-segments-beyond-the-end: its ELF program header table is broken or cut off (it ends at 9223372036854776199, the file at 2560)
        elf-string-table-in-no-segment: its ELF dynamic section is broken or cut off
        elf-string-table-without-end: its ELF dynamic string table is broken or cut off
        elf-symbols-by-a-lying-hash-table: its ELF dynamic symbol table is broken or cut off (it ends at 98880, the file at 2560)
        elf-symbols-of-all-memory: its ELF section is broken or cut off (it ends at 4611686018427388480, the file at 2560)
        macho-32-bit: it is a 32-bit Mach-O file, and no target of floe is 32-bit
        macho-all-commands: its list of Mach-O load commands is broken (it is too long)
        macho-command-longer-than-all: its list of Mach-O load commands is broken (Invalid Mach-O load command size)
        macho-command-of-no-size: its list of Mach-O load commands is broken (Invalid Mach-O load command size)
        macho-commands-beyond-the-end: its list of Mach-O load commands is broken or cut off
        macho-cut-off: its Mach-O segment is broken or cut off
        macho-library-name-outside: its list of Mach-O load commands is broken (Invalid load command string offset)
        macho-more-sections-than-room: its list of Mach-O load commands is broken (Invalid Mach-O number of sections)
        macho-segment-wraps-around: its Mach-O segment is broken or cut off
        macho-signature-beyond-the-end: its Mach-O signature is broken or cut off
        macho-signature-in-itself: its Mach-O signature is broken (it has no code directory)
        macho-signature-not-one: its Mach-O signature is broken (Unsupported Mach-O code signature magic)
        macho-signature-of-all-blobs: its Mach-O signature is broken (Invalid Mach-O code signature blob count)
        macho-signature-of-endless-code: it is read
        macho-signature-of-enormous-pages: its Mach-O signature is broken (its pages are too large)
        macho-signature-without-name: its Mach-O signature is broken (Invalid Mach-O code directory identifier offset)
        macho-symbols-beyond-the-end: its Mach-O symbol table is broken or cut off (it ends at 4294967299, the file at 3072)
        pe-32-bit: it is a 32-bit PE file, and no target of floe is 32-bit
        pe-65535-sections: its PE section table is broken or cut off (it ends at 2621792, the file at 2576)
        pe-certificate-beyond-the-end: its PE certificate table is broken or cut off (it ends at 8589934590, the file at 2576)
        pe-cut-off: its PE section is broken or cut off (it ends at 2560, the file at 2304)
        pe-debug-directory-of-a-gigabyte: its PE debug directory is broken (it is larger than any linker writes)
        pe-delayed-by-address: its PE delay-load import table is broken (it has absolute addresses)
        pe-header-beyond-the-end: its PE header is broken or cut off (it ends at 4294967321, the file at 2576)
        pe-header-in-itself: its PE header is broken (it has no known magic)
        pe-import-name-in-no-section: its PE import table is broken (address 0xffffffff is in no section)
        pe-imports-in-no-section: its PE import table is broken (address 0x70000000 is in no section)
        pe-imports-without-end: its PE import table is broken (address 0xefefefef is in no section)
        pe-not-linked: it is a PE file that was not linked, not an executable
        pe-optional-header-of-no-size: its PE header is broken or cut off
        pe-pdb-beyond-the-end: its PE debug directory is broken or cut off (it ends at 4294971415, the file at 2576)
        pe-section-at-the-end-of-memory: its PE debug directory is broken (address 0x1080 is in no section)
        pe-section-beyond-the-end: its PE section is broken or cut off (it ends at 8589934590, the file at 2576)
        pe-section-name-beyond-the-end: its COFF string table is broken or cut off
        universal-in-itself: it is a Mach-O file for CPU type 33554432, which no target of floe has
        universal-of-one-slice-twice: it is a universal Mach-O file with two slices for one instruction set
        universal-of-thirty-slices: it is a universal Mach-O file with two slices for one instruction set
        universal-or-a-java-class: it is not a binary of a format that floe knows (ELF, Mach-O, PE)
        universal-slice-beyond-the-end: its universal Mach-O header is broken or cut off (it ends at 8589934590, the file at 3136)
        universal-slice-wraps-around: its universal Mach-O header is broken or cut off
    "#]].assert_eq(&answers);
}

#[test]
fn beginnings_of_samples_are_cut_off_or_complete() {
    for (name, whole) in samples::all() {
        for length in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
            let answer = soon(&whole[..length], || format!("{name} cut to {length}"));
            assert!(answer.is_err(), "{name} cut to {length} was taken");
        }
    }
}

/// A small generator, so that every run is the same (Marsaglia's xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// One to eight changes: bits, integers at the edges of what they can hold, pieces from elsewhere in the file, its end.
fn mutate(content: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(8) {
        let size = content.len();
        let at = random.below(size);
        match random.below(10) {
            0 => content[at] ^= 1 << random.below(8),
            1 => content[at] = random.next() as u8,
            2 => content.truncate(size - random.below(size / 4 + 1)),
            3 => {
                let (length, from) = (random.below(64), random.below(size));
                let piece: Vec<u8> = content[from..].iter().take(length).copied().collect();
                let length = piece.len().min(size - at);
                content[at..at + length].copy_from_slice(&piece[..length]);
            }
            _ => {
                let edges =
                    [0, 1, 2, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX, u64::MAX / 2];
                let near = [size as u64, size as u64 - 1, at as u64, random.next()];
                let value = match random.below(3) {
                    0 => near[random.below(near.len())],
                    _ => edges[random.below(edges.len())],
                };
                let width = 1 << random.below(4);
                let at = at / width * width;
                let bytes = if random.below(4) == 0 { value.to_be_bytes() } else { value.to_le_bytes() };
                let bytes = if random.below(4) == 0 { &bytes[8 - width..] } else { &bytes[..width] };
                let length = width.min(size - at);
                content[at..at + length].copy_from_slice(&bytes[..length]);
            }
        }
        if content.is_empty() {
            return;
        }
    }
}

#[test]
fn no_mutation_makes_the_reader_panic_or_hang() {
    let rounds = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    let mut seeds: Vec<(String, Vec<u8>)> =
        samples::all().map(|(name, content)| (name.to_owned(), content)).to_vec();
    seeds.extend(Target::all().map(|target| (target.to_string(), binary(target, b"seed"))));
    let mut read = 0;
    for (name, whole) in &seeds {
        for seed in 1..=rounds {
            let mut content = whole.clone();
            mutate(&mut content, &mut Random(seed));
            read += u32::from(soon(&content, || format!("{name} with seed {seed}")).is_ok());
        }
    }
    // Mutations that only ever end in an error would test the first header and no more.
    assert!(read > rounds as u32, "only {read} of {} were read", seeds.len() as u64 * rounds);
}
