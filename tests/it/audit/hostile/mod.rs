//! Hostile binaries: the facts of a sample of each format are exact, then it is broken by hand and at random.
//!
//! Every file gets an answer soon, and none causes a panic.

mod samples;

#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
pub use samples::universal;

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use expect_test::{expect, expect_file};
use floe_audit::{BinaryKind, Crt, DylibLoad, Facts, PathKind, Relro, SignatureKind, facts};
use floe_core::model::{Arch, Target};

use crate::support::binaries::binary;

fn facts_of(content: &[u8]) -> Result<Facts, String> {
    facts(Cursor::new(content)).map_err(|why| why.to_string())
}

fn paths(facts: &Facts) -> Vec<(PathKind, &str, Option<&str>)> {
    facts.paths.found.iter().map(|path| (path.kind, path.text.as_str(), path.section.as_deref())).collect()
}

#[test]
fn all_facts_of_an_elf_file_are_read() {
    let facts = facts_of(&samples::elf()).unwrap();
    assert_eq!((facts.kind, facts.stripped, facts.debug_info), (BinaryKind::Pie, false, true));
    assert_eq!(facts.build_id, Some("ab".repeat(20)));
    let rustc = facts.rustc.as_ref().unwrap();
    assert_eq!(rustc.version.as_deref(), Some("1.75.0 (82e1608df 2023-12-21)"));
    assert_eq!(rustc.source.as_deref(), Some("82e1608dfa6e0b5569232559e3d385fea5a93112"));
    assert_eq!(facts.auditable.as_ref().unwrap().packages, Some(2));
    let home = (PathKind::Home, "/home/user/floe/src/main.rs", Some(".rodata"));
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
fn all_facts_of_a_macho_file_are_read() {
    let facts = facts_of(&samples::macho(samples::ARM64)).unwrap();
    assert_eq!((facts.kind, facts.stripped, facts.debug_info), (BinaryKind::Pie, true, false));
    assert_eq!(facts.build_id.as_deref(), Some("CDCDCDCD-CDCD-CDCD-CDCD-CDCDCDCDCDCD"));
    assert_eq!(facts.auditable.as_ref().unwrap().packages, Some(2));
    let home = (PathKind::Home, "/Users/user/floe/src/main.rs", Some("__TEXT,__cstring"));
    let library = format!("{}/libiconv.2.dylib", samples::STORE);
    assert_eq!(paths(&facts), [(PathKind::NixStore, library.as_str(), Some("__TEXT")), home]);
    let macho = facts.macho.unwrap();
    assert!(!macho.universal);
    let slice = &macho.slices[0];
    let versions = [&slice.platform, &slice.min_os, &slice.sdk, &slice.dylinker].map(Option::as_deref);
    assert_eq!(versions, [Some("macos"), Some("11.0"), Some("14.2"), Some("/usr/lib/dyld")]);
    let dylibs: Vec<_> = slice.dylibs.iter().map(|dylib| (dylib.path.as_str(), dylib.load)).collect();
    let weak = ("/usr/lib/libiconv.2.dylib", DylibLoad::Weak);
    let system = ("/usr/lib/libSystem.B.dylib", DylibLoad::Load);
    assert_eq!(dylibs, [system, weak, (library.as_str(), DylibLoad::Load)]);
    assert_eq!(slice.rpaths, ["@executable_path/../lib"]);
    let signature = &slice.signature;
    assert_eq!((signature.kind, signature.intact), (SignatureKind::DeveloperId, Some(true)), "{signature:?}");
    assert_eq!(signature.identifier.as_deref(), Some("org.example.floe"));
    assert_eq!(signature.team.as_deref(), Some("TEAM123456"));
    assert!(signature.hardened_runtime && !signature.linker_signed);
    let both = facts_of(&samples::universal()).unwrap();
    assert_eq!(both.arches, [Arch::X86_64, Arch::Aarch64]);
    assert!(both.macho.unwrap().slices.iter().all(|slice| slice.signature.intact == Some(true)));
}

#[test]
fn a_signature_that_does_not_match_names_the_place() {
    let signature = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut content = samples::macho(samples::ARM64);
        change(&mut content);
        facts_of(&content).unwrap().macho.unwrap().slices.remove(0).signature
    };
    let mismatch = |change: &dyn Fn(&mut Vec<u8>)| signature(change).mismatch.unwrap_or_default();
    assert_eq!(mismatch(&|_| {}), "");
    assert_eq!(mismatch(&|content| content[0x701] ^= 1), "the page at offset 1024 has another digest");
    // The content of the requirements, which are before the certificates.
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
fn all_facts_of_a_pe_file_are_read() {
    let facts = facts_of(&samples::pe()).unwrap();
    assert_eq!((facts.kind, facts.stripped, facts.debug_info), (BinaryKind::Executable, true, false));
    assert_eq!(facts.build_id.as_deref(), Some("EFEFEFEF-EFEF-EFEF-EFEF-EFEFEFEFEFEF-3"));
    assert_eq!(facts.auditable.as_ref().unwrap().packages, Some(2));
    assert_eq!(paths(&facts), [(PathKind::Home, "C:\\Users\\User One\\floe\\src\\main.rs", Some(".rdata"))]);
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
        let facts = facts_of(&binary(target, b"seed")).unwrap();
        assert_eq!((facts.format, facts.arches.as_slice()), (target.format, &[target.arch][..]), "{target}");
        assert!(facts.kind != BinaryKind::Shared, "{target}");
    }
}

/// The limit that detects hangs: far more than any of these files takes.
const LIMIT: Duration = Duration::from_secs(60);

fn soon(content: &[u8], what: impl Fn() -> String) -> Result<Facts, String> {
    let begin = Instant::now();
    let answer = std::panic::catch_unwind(|| facts_of(content));
    assert!(begin.elapsed() < LIMIT, "{} took {:?}", what(), begin.elapsed());
    answer.unwrap_or_else(|_| panic!("{} made the reader panic", what()))
}

#[test]
fn files_broken_by_hand_are_refused_with_the_right_reason() {
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
    expect_file!["../../corpus/audit.txt"].assert_eq(&answers);
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

/// A file of a given size: a sample, followed by copies of a text. It counts the bytes that are read.
struct Endless {
    begin: Vec<u8>,
    text: &'static [u8],
    size: u64,
    at: u64,
    read: u64,
    largest: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = (self.size - self.at).min(buffer.len() as u64) as usize;
        for (place, at) in buffer[..length].iter_mut().zip(self.at as usize..) {
            *place = self.begin.get(at).copied().unwrap_or_else(|| self.text[at % self.text.len()]);
        }
        self.at += length as u64;
        self.read += length as u64;
        self.largest = self.largest.max(length);
        Ok(length)
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(distance) => self.size.strict_add_signed(distance),
            SeekFrom::Current(distance) => self.at.strict_add_signed(distance),
        };
        Ok(self.at)
    }
}

#[test]
fn a_large_file_is_read_once_and_in_small_pieces() {
    for text in [&b"\0\x01\x02"[..], b"/", b"/home/", b"/tmp/a/b", b":\\Users\\x"] {
        let size = 3_000_000;
        let mut file = Endless { begin: samples::elf(), text, size, at: 0, read: 0, largest: 0 };
        let facts = facts(&mut file).unwrap();
        assert_eq!(facts.size, size);
        assert!(facts.paths.found.len() <= 3 * 32, "{}", facts.paths.found.len());
        assert!(file.read < size + 65_536, "{} bytes were read", file.read);
        assert!(file.largest < 512 * 1024, "{} bytes were read at once", file.largest);
    }
}

/// A small generator, so that every run is the same (Marsaglia's xorshift64*).
pub struct Random(pub u64);

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
pub fn mutate(content: &mut Vec<u8>, random: &mut Random) {
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
    let rounds = if cfg!(debug_assertions) { 6_000 } else { 100_000 };
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
