//! Binaries of cross compilers for the optional targets: right ones are accepted, and each wrong one is named.
//!
//! They have no C library of the distribution, whose package may be missing, but a stand-in of two functions.

use std::collections::BTreeMap;
use std::process::Command;

use floe_audit::{BinaryKind, Facts, FloatAbi};
use floe_core::model::{Arch, Rule, Target};

use super::built::{Built, agree, build, checked_elf};
use super::{differences, facts_of, pe};
use crate::support::peers::peer;

/// A C library with a function of two versions of glibc each.
const LIBRARY: &str = "int answer(void) { return 42; }\nint newer(void) { return 43; }\n";
const START: &str = "int answer(void);\nint newer(void);\nvoid _start(void) { CALL(); for (;;) { } }\n";
/// A program that makes the system call `exit(0)`.
const EXIT: &str = "void _start(void) {\n#if defined(__arm__)\n\
    __asm__ volatile(\"mov r0, #0\\n mov r7, #1\\n svc #0\");\n#else\n\
    __asm__ volatile(\"li a0, 0\\n li a7, 93\\n ecall\");\n#endif\n for (;;) { } }\n";

/// A compiler, its target for glibc and for musl, the oldest version that the library has, and one that is too new.
const LINUX: [(&str, &str, &str, Arch, FloatAbi, &str); 2] = [
    ("arm-linux-gnueabihf-gcc", "armv7-gnu", "armv7-musl", Arch::Arm, FloatAbi::Hard, "GLIBC_2.4"),
    ("riscv64-linux-gnu-gcc", "riscv64-gnu", "riscv64-musl", Arch::Riscv64, FloatAbi::Double, "GLIBC_2.27"),
];

fn broken(facts: &Facts, target: &str) -> Vec<(Rule, String)> {
    let violations = target.parse::<Target>().unwrap().judge(facts, &BTreeMap::new());
    violations.into_iter().map(|violation| (violation.rule, violation.found)).collect()
}

/// A position independent program that calls a function of a library that is called like glibc's.
fn dynamic(compiler: &str, oldest: &str, function: &str, more: &[&str]) -> Option<Built> {
    let versions =
        format!("{oldest} {{ global: answer; local: *; }};\nGLIBC_2.34 {{ global: newer; }} {oldest};\n");
    let script = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(script.path(), versions).unwrap();
    let script = format!("-Wl,--version-script={}", script.path().display());
    let library = ["-shared", "-fPIC", "-nostdlib", "-ffreestanding", "-Wl,-soname,libc.so.6", &script];
    let library = build(compiler, &library, LIBRARY)?;
    let (call, library) = (format!("-DCALL={function}"), library.path.display().to_string());
    let options = ["-pie", "-fPIE", "-nostdlib", "-ffreestanding", "-Wl,-z,noexecstack", &call, &library];
    build(compiler, &[&options, more].concat(), START)
}

#[test]
fn a_program_for_glibc_of_another_processor_is_judged_by_its_contract() {
    for (compiler, gnu, musl, arch, abi, oldest) in LINUX {
        let loader = gnu.parse::<Target>().unwrap().contract.interpreter.clone().unwrap();
        let linked = |path: &str| format!("-Wl,--dynamic-linker={path}");
        let Some(built) = dynamic(compiler, oldest, "answer", &[&linked(&loader)]) else { continue };
        let facts = checked_elf(&built);
        assert_eq!((facts.arches.as_slice(), facts.bits), (&[arch][..], arch.bits()), "{gnu}");
        assert_eq!(
            (facts.kind, facts.elf.as_ref().unwrap().float_abi),
            (BinaryKind::Pie, Some(abi)),
            "{gnu}"
        );
        assert_eq!(broken(&facts, gnu), [], "{gnu}");
        let needs = format!("it needs {loader}, libc.so.6");
        assert_eq!(broken(&facts, musl), [(Rule::Static, needs)], "{gnu}");

        let facts = checked_elf(&dynamic(compiler, oldest, "newer", &[&linked(&loader)]).unwrap());
        let most = &gnu.parse::<Target>().unwrap().contract.floors["GLIBC"];
        let found = format!("it needs GLIBC 2.34 (at most {most} is allowed), because of newer@GLIBC_2.34");
        assert_eq!(broken(&facts, gnu), [(Rule::Floor, found)], "{gnu}");

        let other = "/lib/ld-linux.so.3";
        let facts = checked_elf(&dynamic(compiler, oldest, "answer", &[&linked(other)]).unwrap());
        let found = format!("its loader is `{other}`, not `{loader}`");
        assert_eq!(broken(&facts, gnu), [(Rule::Interpreter, found)], "{gnu}");
    }
}

#[test]
fn a_static_program_of_another_processor_runs_in_its_emulator_and_is_judged() {
    let soft = [&["-mfloat-abi=soft"][..], &["-march=rv64imac", "-mabi=lp64"]];
    for ((compiler, gnu, musl, _, abi, _), soft) in LINUX.into_iter().zip(soft) {
        let options = ["-static", "-nostdlib", "-ffreestanding", "-Wl,-z,noexecstack"];
        let Some(built) = build(compiler, &options, EXIT) else { continue };
        let facts = checked_elf(&built);
        let fixed = (Rule::Hardening, "it is loaded at a fixed address (no PIE)".to_owned());
        assert_eq!((facts.kind, broken(&facts, musl)), (BinaryKind::Static, vec![fixed.clone()]), "{musl}");
        let emulator = format!("qemu-{}-static", compiler.split('-').next().unwrap());
        if let Some(emulator) = peer(&emulator) {
            assert!(Command::new(emulator).arg(&built.path).status().unwrap().success(), "{musl}");
        }
        let facts = checked_elf(&build(compiler, &[&options, soft].concat(), EXIT).unwrap());
        let found = format!(
            "it passes floating-point arguments by the soft-float convention, not the {abi}-float one"
        );
        for target in [gnu, musl] {
            assert_eq!(broken(&facts, target), [(Rule::Arch, found.clone()), fixed.clone()], "{target}");
        }
        let arch = facts.arches[0];
        let found = format!("it is ELF for {arch}, not ELF for aarch64");
        assert_eq!(broken(&facts, "aarch64-musl"), [(Rule::Arch, found), fixed]);
    }
}

#[test]
fn a_32_bit_windows_program_is_read_as_llvm_reads_it_and_judged() {
    let program = "#include <stdio.h>\nint main(void) { puts(\"floe\"); return 0; }\n";
    let options = ["-s", "-Wl,--no-insert-timestamp,--dynamicbase,--nxcompat"];
    let Some(built) = build("i686-w64-mingw32-gcc", &options, program) else { return };
    // mingw adds the suffix to a name that has none.
    let path = built.path.with_extension("exe");
    let facts = facts_of(&path);
    if let Some(readobj) = peer("llvm-readobj") {
        agree(&path, differences(&path, &pe::ours(&facts), &pe::theirs(&readobj, &path)));
    }
    assert_eq!((facts.arches.as_slice(), facts.bits), (&[Arch::X86][..], 32));
    assert_eq!(broken(&facts, "i686-windows"), []);
    for (target, arch) in [("x86_64-windows", "x86_64"), ("aarch64-windows", "aarch64")] {
        let found = format!("it is PE for x86, not PE for {arch}");
        assert_eq!(broken(&facts, target), [(Rule::Arch, found)]);
    }
}
