//! Small binaries that the machine's compilers make, each for one thing that real ones seldom have.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use floe_audit::{BinaryKind, Crt, Facts, PathKind, Relro, Stack};
use floe_core::model::Arch;
use tempfile::TempDir;

use super::{differences, elf, facts_of, pe};
use crate::support::peers::peer;

/// A program that needs a newer glibc than the oldest one: `getrandom` came with 2.25.
const PROGRAM: &str = "#include <stdlib.h>\n#include <sys/random.h>\n\
    int main(void) { char byte; return getrandom(&byte, 1, 0) == 1 ? abs(0) : 1; }\n";

pub(super) struct Built {
    _folder: TempDir,
    pub(super) path: PathBuf,
}

/// Compiles a text; `None` where the compiler is not installed, or is one that Nix wraps: that adds options of its own.
pub(super) fn build(compiler: &str, options: &[&str], text: &str) -> Option<Built> {
    // MinGW's compiler has this name on Windows, and Apple's clang on macOS. They make no ELF files.
    if compiler == "gcc" && !cfg!(target_os = "linux") {
        return None;
    }
    let compiler = peer(compiler).filter(|_| std::env::var_os("NIX_CC").is_none())?;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("program.c"), text).unwrap();
    let path = folder.path().join("program");
    let mut command = Command::new(compiler);
    // Inside the folder, so that no path of the machine gets into the binary.
    command.current_dir(folder.path()).args(["program.c", "-o", "program"]).args(options);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(Built { _folder: folder, path })
}

/// The facts of an ELF file, after comparing them with `readelf`.
pub(super) fn checked_elf(built: &Built) -> Facts {
    let facts = facts_of(&built.path);
    if let Some(readelf) = peer("readelf") {
        agree(&built.path, differences(&built.path, &elf::ours(&facts), &elf::theirs(&readelf, &built.path)));
    }
    facts
}

pub(super) fn agree(path: &Path, differences: Vec<String>) {
    assert!(differences.is_empty(), "{path:?}\n{}", differences.join("\n"));
}

#[test]
fn the_glibc_floor_and_its_symbols_are_read() {
    let Some(built) = build("gcc", &[], PROGRAM) else { return };
    let facts = checked_elf(&built);
    assert_eq!(facts.kind, BinaryKind::Pie);
    assert!(!facts.stripped && !facts.debug_info);
    let floor = &facts.elf.unwrap().floors["GLIBC"];
    // Which release of glibc is installed decides the number; that it is beyond 2.17 does not depend on it.
    let minor: u32 = floor.version.strip_prefix("2.").unwrap().parse().unwrap();
    assert!(minor >= 25, "{floor:?}");
    let need = floor.needs.iter().find(|need| need.version == "GLIBC_2.25").unwrap();
    assert_eq!((need.library.as_str(), need.symbol_count), ("libc.so.6", 1));
    assert_eq!(need.symbols[0].name, "getrandom");
}

#[test]
fn the_cross_compilers_binaries_are_for_the_other_processor() {
    // Without a C library, for the compiler may have come without one.
    let (start, answer) = ("void _start(void) { for (;;) { } }\n", "int answer(void) { return 42; }\n");
    for (options, start, kind) in
        [(&["-static"][..], start, BinaryKind::Static), (&["-shared", "-fPIC"], answer, BinaryKind::Shared)]
    {
        let options = [options, &["-nostdlib", "-ffreestanding"]].concat();
        let Some(built) = build("aarch64-linux-gnu-gcc", &options, start) else { return };
        let facts = checked_elf(&built);
        assert_eq!((facts.arches.as_slice(), facts.kind), (&[Arch::Aarch64][..], kind));
    }
}

#[test]
fn kinds_and_hardening_are_read() {
    let shared = "int answer(void) { return 42; }\n";
    for (options, text, kind, stack, relro) in [
        (
            &["-no-pie", "-Wl,-z,norelro"][..],
            PROGRAM,
            BinaryKind::Executable,
            Stack::NotExecutable,
            Relro::None,
        ),
        (&["-pie", "-Wl,-z,relro,-z,lazy"], PROGRAM, BinaryKind::Pie, Stack::NotExecutable, Relro::Partial),
        (&["-pie", "-Wl,-z,now,-z,execstack"], PROGRAM, BinaryKind::Pie, Stack::Executable, Relro::Full),
        (&["-static"], PROGRAM, BinaryKind::Static, Stack::NotExecutable, Relro::Partial),
        (&["-static-pie", "-g"], PROGRAM, BinaryKind::StaticPie, Stack::NotExecutable, Relro::Full),
        (&["-shared", "-fPIC", "-s"], shared, BinaryKind::Shared, Stack::NotExecutable, Relro::Partial),
        (
            &["-shared", "-fPIC", "-Wl,-soname,libx.so.1"],
            shared,
            BinaryKind::Shared,
            Stack::NotExecutable,
            Relro::Partial,
        ),
    ] {
        let Some(built) = build("gcc", options, text) else { return };
        let facts = checked_elf(&built);
        assert_eq!((facts.kind, facts.stripped), (kind, options.contains(&"-s")), "{options:?}");
        assert_eq!(facts.debug_info, options.contains(&"-g"), "{options:?}");
        let elf = facts.elf.unwrap();
        // Linkers differ in their defaults, but not in what an option asks for.
        assert_eq!(elf.stack, stack, "{options:?}");
        assert_eq!(elf.nx, stack == Stack::NotExecutable, "{options:?}");
        if options.iter().any(|option| option.contains("-z,")) {
            assert_eq!(elf.relro, relro, "{options:?}");
        }
    }
}

#[test]
fn run_paths_interpreters_and_paths_in_strings_are_read() {
    let store = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-glibc-2.40/lib";
    let interpreter = format!("-Wl,--dynamic-linker={store}/ld-linux-x86-64.so.2");
    let text = format!("const char *const file = \"/home/user/floe/data\";\n{PROGRAM}");
    for (option, run) in [("--disable-new-dtags", false), ("--enable-new-dtags", true)] {
        let paths = format!("-Wl,{option},-rpath,{store}:$ORIGIN/../lib");
        let Some(built) = build("gcc", &[&interpreter, &paths], &text) else { return };
        let facts = checked_elf(&built);
        let elf = facts.elf.unwrap();
        let expected = [store.to_owned(), "$ORIGIN/../lib".to_owned()];
        let (given, empty) = if run { (elf.runpath, elf.rpath) } else { (elf.rpath, elf.runpath) };
        assert_eq!((given.as_slice(), empty.len()), (&expected[..], 0));
        assert_eq!(elf.interpreter.unwrap(), format!("{store}/ld-linux-x86-64.so.2"));
        let found: Vec<_> =
            facts.paths.found.iter().map(|path| (path.kind, path.section.as_deref())).collect();
        assert!(found.contains(&(PathKind::NixStore, Some(".interp"))), "{found:?}");
        assert!(found.contains(&(PathKind::NixStore, Some(".dynstr"))), "{found:?}");
        assert!(found.contains(&(PathKind::Home, Some(".rodata"))), "{found:?}");
    }
}

#[test]
fn without_section_headers_the_needs_are_the_same() {
    for options in [&["-Wl,--hash-style=gnu"][..], &["-Wl,--hash-style=sysv"], &["-Wl,--hash-style=both"]] {
        let Some(built) = build("gcc", options, PROGRAM) else { return };
        let whole = facts_of(&built.path);
        let mut content = fs::read(&built.path).unwrap();
        // e_shoff, then e_shnum and e_shstrndx.
        content[40..48].fill(0);
        content[60..64].fill(0);
        let bare = floe_audit::facts(std::io::Cursor::new(content)).unwrap();
        assert_eq!(bare.elf, whole.elf, "{options:?}");
        assert_eq!((bare.kind, bare.build_id), (whole.kind, whole.build_id));
        assert!(bare.stripped && !whole.stripped);
    }
}

#[test]
fn musl_binaries_are_static_and_need_nothing() {
    let Some(built) = build("musl-gcc", &["-static"], PROGRAM) else { return };
    let facts = checked_elf(&built);
    let elf = facts.elf.unwrap();
    assert_eq!(facts.kind, BinaryKind::Static);
    assert_eq!((elf.interpreter, elf.needed.len(), elf.floors.len()), (None, 0, 0));
    let Some(built) = build("musl-gcc", &[], PROGRAM) else { return };
    let elf = checked_elf(&built).elf.unwrap();
    assert!(elf.interpreter.unwrap().starts_with("/lib/ld-musl-"));
}

#[test]
fn the_runtime_and_the_time_stamp_of_windows_binaries_are_read() {
    let program = "#include <stdio.h>\nint main(void) { puts(\"C:\\\\Users\\\\User One\\\\floe\\\\x.c\"); return 0; }\n";
    let stamped = &["-g", "-Wl,--no-dynamicbase"][..];
    for (options, reproducible) in [(&["-s", "-Wl,--no-insert-timestamp"][..], true), (stamped, false)] {
        let Some(built) = build("x86_64-w64-mingw32-gcc", options, program) else { return };
        // mingw adds the suffix to a name that has none.
        let path = built.path.with_extension("exe");
        let facts = facts_of(&path);
        if let Some(readobj) = peer("llvm-readobj") {
            agree(&path, differences(&path, &pe::ours(&facts), &pe::theirs(&readobj, &path)));
        }
        assert_eq!((facts.kind, facts.stripped), (BinaryKind::Executable, reproducible));
        assert_eq!(facts.debug_info, !reproducible);
        let home =
            facts.paths.found.iter().find(|path| path.text == "C:\\Users\\User One\\floe\\x.c").unwrap();
        assert_eq!((home.kind, home.section.as_deref()), (PathKind::Home, Some(".rdata")));
        let pe = facts.pe.unwrap();
        assert_eq!((pe.crt, pe.timestamp.reproducible), (Crt::Dynamic, reproducible));
        assert_eq!(pe.subsystem, "windows_cui");
        assert_eq!((pe.aslr, pe.authenticode), (reproducible, false));
    }
}
