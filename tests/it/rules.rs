//! Each rule, broken by one change of the facts of a good binary.

use std::collections::BTreeMap;
use std::io::Cursor;

use floe_audit::rules::unloosened;
use floe_audit::{
    self, BinaryKind, Crt, Dylib, DylibLoad, Facts, FloatAbi, Floor, FoundPath, PathKind, RuleKind, Stack,
    Symbol, VersionNeed,
};
use floe_core::model::{Rule, Target};

use crate::support::binaries::binary;

fn good(target: &str) -> (Facts, Target) {
    let target: Target = target.parse().unwrap();
    let mut facts = floe_audit::facts(Cursor::new(binary(target, b"seed"))).unwrap();
    if facts.kind == BinaryKind::Static {
        facts.kind = BinaryKind::StaticPie;
    }
    (facts, target)
}

/// The rules that are broken after a change of the facts.
fn broken(target: &str, change: impl FnOnce(&mut Facts)) -> Vec<Rule> {
    let (mut facts, target) = good(target);
    change(&mut facts);
    target.judge(&facts, &BTreeMap::new()).into_iter().map(|violation| violation.rule).collect()
}

fn need(version: &str, library: &str) -> VersionNeed {
    let symbols = vec![Symbol { name: "pidfd_getpid".to_owned(), weak: true }];
    VersionNeed {
        version: version.to_owned(),
        library: library.to_owned(),
        weak: false,
        symbols,
        symbol_count: 1,
    }
}

#[test]
fn a_good_binary_of_each_target_keeps_every_rule() {
    for target in Target::all() {
        assert_eq!(broken(target.name, |_| ()), [], "{}", target.name);
    }
}

#[test]
fn format_and_instruction_set_must_be_the_targets() {
    let (facts, _) = good("aarch64-musl");
    let rules = "x86_64-musl".parse::<Target>().unwrap().judge(&facts, &BTreeMap::new());
    assert_eq!(rules[0].rule, Rule::Arch);
    assert_eq!(broken("x86_64-gnu", |facts| facts.kind = BinaryKind::Shared), [Rule::Program]);
}

#[test]
fn floating_point_arguments_are_passed_as_the_targets_libraries_expect() {
    for (target, abi, wrong) in [
        ("armv7-gnu", FloatAbi::Hard, FloatAbi::Soft),
        ("armv7-musl", FloatAbi::Hard, FloatAbi::Soft),
        ("riscv64-gnu", FloatAbi::Double, FloatAbi::Single),
        ("riscv64-musl", FloatAbi::Double, FloatAbi::Quad),
    ] {
        let (facts, _) = good(target);
        assert_eq!(facts.elf.unwrap().float_abi, Some(abi), "{target}");
        let change = |facts: &mut Facts| facts.elf.as_mut().unwrap().float_abi = Some(wrong);
        assert_eq!(broken(target, change), [Rule::Arch], "{target}");
    }
    // The instruction set alone is named where it differs, too.
    let (facts, _) = good("riscv64-musl");
    let rules = "armv7-musl".parse::<Target>().unwrap().judge(&facts, &BTreeMap::new());
    assert_eq!(rules.iter().map(|rule| rule.rule).collect::<Vec<_>>(), [Rule::Arch]);
}

#[test]
fn a_linux_binary_needs_nothing_unusual() {
    let elf = |change: fn(&mut floe_audit::ElfFacts)| {
        broken("x86_64-gnu", |facts| change(facts.elf.as_mut().unwrap()))
    };
    let store = "/nix/store/00000000000000000000000000000000-glibc/lib/ld-linux-x86-64.so.2";
    assert_eq!(
        broken("x86_64-gnu", |facts| facts.elf.as_mut().unwrap().interpreter = Some(store.to_owned())),
        [Rule::Interpreter]
    );
    assert_eq!(elf(|elf| elf.runpath = vec!["/opt/lib".to_owned()]), [Rule::Rpath]);
    assert_eq!(elf(|elf| elf.rpath = vec!["$ORIGIN".to_owned()]), [Rule::Rpath]);
    assert_eq!(elf(|elf| elf.needed.push("libssl.so.3".to_owned())), [Rule::Libraries]);
    assert_eq!(elf(|elf| elf.stack = Stack::Executable), [Rule::Stack]);
    let nx = |elf: &mut floe_audit::ElfFacts| (elf.stack, elf.nx) = (Stack::NotExecutable, false);
    assert_eq!(elf(nx), [Rule::Hardening]);
    assert_eq!(broken("x86_64-gnu", |facts| facts.kind = BinaryKind::Executable), [Rule::Hardening]);
    assert_eq!(broken("riscv64-musl", |facts| facts.kind = BinaryKind::Static), [Rule::Hardening]);
    // Every glibc comes with these, and every distribution of it with the C compiler's runtime library.
    for library in ["libanl.so.1", "libmvec.so.1", "libgcc_s.so.1", "libthread_db.so.1"] {
        let needs = |facts: &mut Facts| facts.elf.as_mut().unwrap().needed.push(library.to_owned());
        assert_eq!(broken("aarch64-gnu", needs), [], "{library}");
    }
    for library in ["libcrypt.so.1", "libnsl.so.1", "libstdc++.so.6", "LIBC.so.6"] {
        let needs = |facts: &mut Facts| facts.elf.as_mut().unwrap().needed.push(library.to_owned());
        assert_eq!(broken("x86_64-gnu", needs), [Rule::Libraries], "{library}");
    }
    // An interpreter that is not there at all is a static binary, which runs anywhere.
    assert_eq!(elf(|elf| (elf.interpreter, elf.needed) = (None, Vec::new())), []);
}

#[test]
fn a_floor_is_named_with_its_symbols_and_only_above_the_limit() {
    let with = |version: &str, library: &str| {
        let floor =
            Floor { version: version.to_owned(), needs: vec![need(&format!("GLIBC_{version}"), library)] };
        let (mut facts, target) = good("x86_64-gnu");
        facts.elf.as_mut().unwrap().interpreter = target.contract.interpreter.clone();
        facts.elf.as_mut().unwrap().floors.insert("GLIBC".to_owned(), floor);
        target.judge(&facts, &BTreeMap::new())
    };
    assert_eq!(with("2.17", "libc.so.6"), []);
    let violations = with("2.39", "libc.so.6");
    assert_eq!(violations.len(), 1);
    let line = violations[0].to_string();
    assert!(line.starts_with(
        "rule `floor`: it needs GLIBC 2.39 (at most 2.17 is allowed), because of pidfd_getpid@GLIBC_2.39"
    ));
    assert!(line.contains("cargo zigbuild"), "{line}");
}

#[test]
fn a_version_that_the_loader_does_without_breaks_no_rule() {
    let needs = |weak: bool| {
        broken("x86_64-gnu", |facts| {
            let elf = facts.elf.as_mut().unwrap();
            let of = |version: &str| VersionNeed { weak, ..need(version, "libc.so.6") };
            let needs = vec![of("GLIBC_2.39"), need("GLIBC_2.17", "libc.so.6")];
            elf.floors.insert("GLIBC".to_owned(), Floor { version: "2.39".to_owned(), needs });
            elf.unnumbered.push(of("GLIBC_ABI_DT_RELR"));
        })
    };
    assert_eq!(needs(true), []);
    assert_eq!(needs(false), [Rule::Floor, Rule::Floor]);
}

#[test]
fn each_rule_is_of_portability_or_of_hygiene() {
    use Rule::{Arch, Crt, Floor, Interpreter, Libraries, MinOs, Program, Signature, Static};
    let portability = [Arch, Program, Interpreter, Libraries, Floor, Static, MinOs, Signature, Crt];
    for rule in Rule::ALL {
        let expected = if portability.contains(rule) { RuleKind::Portability } else { RuleKind::Hygiene };
        assert_eq!(rule.kind(), expected, "{rule}");
    }
    let (mut facts, target) = good("x86_64-musl");
    facts.debug_info = true;
    let violation = &target.judge(&facts, &BTreeMap::new())[0];
    assert_eq!(serde_json::to_value(violation).unwrap()["kind"], "hygiene");
}

#[test]
fn a_musl_binary_needs_nothing_at_all() {
    let needs =
        |facts: &mut Facts| facts.elf.as_mut().unwrap().needed.push("libc.musl-x86_64.so.1".to_owned());
    assert_eq!(broken("x86_64-musl", needs), [Rule::Static]);
}

#[test]
fn a_macos_binary_needs_only_libraries_of_every_mac() {
    let slice = |change: fn(&mut floe_audit::Slice)| {
        broken("aarch64-macos", |facts| change(&mut facts.macho.as_mut().unwrap().slices[0]))
    };
    let library = |path: &str| Dylib {
        path: path.to_owned(),
        load: DylibLoad::Load,
        current_version: "1.0.0".to_owned(),
        compatibility_version: "1.0.0".to_owned(),
    };
    assert_eq!(slice(|slice| slice.min_os = Some("14.0".to_owned())), [Rule::MinOs]);
    assert_eq!(slice(|slice| slice.min_os = None), [Rule::MinOs]);
    assert_eq!(slice(|slice| slice.min_os = Some("10.12".to_owned())), []);
    assert_eq!(slice(|slice| slice.rpaths.push("@executable_path".to_owned())), [Rule::Rpath]);
    assert_eq!(slice(|slice| slice.rpaths.push("/usr/lib/swift".to_owned())), []);
    assert_eq!(slice(|slice| slice.kind = BinaryKind::Executable), [Rule::Hardening]);
    assert_eq!(slice(|slice| slice.signature.intact = Some(false)), [Rule::Signature]);
    assert_eq!(slice(|slice| slice.signature = floe_audit::SliceSignature::default()), [Rule::Signature]);
    // An Intel Mac starts a program without one.
    let (intel, _) = good("x86_64-macos");
    assert_eq!(intel.macho.unwrap().slices[0].signature.kind, floe_audit::SignatureKind::None);
    let iconv = "/nix/store/00000000000000000000000000000000-libiconv/lib/libiconv.2.dylib";
    for (path, rules) in [(iconv, &[Rule::Libraries][..]), ("/usr/lib/libSystem.B.dylib", &[])] {
        let needs = |facts: &mut Facts| facts.macho.as_mut().unwrap().slices[0].dylibs.push(library(path));
        assert_eq!(broken("aarch64-macos", needs), rules, "{path}");
    }
    // Swift's libraries are below `@rpath` for systems that lack them; others have them in the folder of an rpath.
    for (rpath, load, rules) in [
        ("/usr/lib/swift", DylibLoad::Load, &[][..]),
        ("/opt/swift", DylibLoad::Load, &[Rule::Libraries, Rule::Rpath]),
        ("/usr/lib/swift", DylibLoad::Weak, &[]),
    ] {
        let needs = |facts: &mut Facts| {
            let slice = &mut facts.macho.as_mut().unwrap().slices[0];
            slice.rpaths.push(rpath.to_owned());
            slice.dylibs.push(Dylib { load, ..library("@rpath/libswiftCore.dylib") });
        };
        assert_eq!(broken("aarch64-macos", needs), rules, "{rpath}");
    }
    let weak = |facts: &mut Facts| {
        let dylib = Dylib { load: DylibLoad::Weak, ..library("@rpath/libswift_Concurrency.dylib") };
        facts.macho.as_mut().unwrap().slices[0].dylibs.push(dylib);
    };
    assert_eq!(broken("aarch64-macos", weak), []);
}

#[test]
fn a_universal_binary_is_for_the_target_of_each_slice() {
    let (mut facts, _) = good("x86_64-macos");
    let (other, _) = good("aarch64-macos");
    facts.arches.extend(other.arches);
    let slices = &mut facts.macho.as_mut().unwrap().slices;
    slices.extend(other.macho.unwrap().slices);
    for slice in slices.iter_mut() {
        slice.min_os = Some("14.0".to_owned());
    }
    for target in ["x86_64-macos", "aarch64-macos"] {
        // Both slices break the rule in the same way, which is reported once.
        let violations = target.parse::<Target>().unwrap().judge(&facts, &BTreeMap::new());
        assert_eq!(violations.iter().map(|one| one.rule).collect::<Vec<_>>(), [Rule::MinOs], "{target}");
    }
    let linux = "x86_64-musl".parse::<Target>().unwrap().judge(&facts, &BTreeMap::new());
    assert_eq!(linux[0].found, "it is Mach-O for x86_64 and aarch64, not ELF for x86_64");
}

#[test]
fn a_windows_binary_needs_only_libraries_of_windows() {
    let runtime = |facts: &mut Facts| {
        let pe = facts.pe.as_mut().unwrap();
        pe.crt = Crt::Dynamic;
        pe.crt_dlls = vec!["VCRUNTIME140.dll".to_owned()];
        pe.imports.push("VCRUNTIME140.dll".to_owned());
    };
    assert_eq!(broken("x86_64-windows", runtime), [Rule::Crt]);
    let import = |name: &'static str| {
        broken("x86_64-windows", |facts| facts.pe.as_mut().unwrap().imports.push(name.to_owned()))
    };
    for library in [
        "KERNEL32.dll",
        "combase.dll",
        "OPENGL32.dll",
        "d3d12.dll",
        "dxgi.dll",
        "DWrite.dll",
        "imm32.dll",
        "WTSAPI32.dll",
        "wldap32.dll",
        "normaliz.dll",
        "wintrust.dll",
        "credui.dll",
        "mpr.dll",
        "msimg32.dll",
        "WINSPOOL.DRV",
        "hid.dll",
        "rstrtmgr.dll",
        "avrt.dll",
        "urlmon.dll",
        "wininet.dll",
        "shcore.dll",
        "dxcore.dll",
        "icu.dll",
        "mfplat.dll",
        "xinput1_4.dll",
        "WinHvPlatform.dll",
        "bthprops.cpl",
        "hhctrl.ocx",
        "kernel32",
        "api-ms-win-core-synch-l1-2-0.dll",
        "API-MS-Win-shcore-scaling-l1-1-1.dll",
        "ext-ms-win-ntuser-window-l1-1-0.dll",
        "msvcrt.dll",
        "ucrtbase.dll",
        "api-ms-win-crt-heap-l1-1-0.dll",
    ] {
        assert_eq!(import(library), [], "{library}");
    }
    for library in [
        "libssl-3-x64.dll",
        "zlib1.dll",
        "libgcc_s_seh-1.dll",
        "libwinpthread-1.dll",
        "vulkan-1.dll",
        "d3dx9_43.dll",
        "python312.dll",
        "wpcap.dll",
        "nvcuda.dll",
        "kernel32.so",
        "api-ms.dll",
    ] {
        assert_eq!(import(library), [Rule::Libraries], "{library}");
    }
}

#[test]
fn a_runtime_that_is_a_part_of_windows_breaks_no_rule() {
    let runtime = |crt: Crt, dlls: &[&str]| {
        let (mut facts, target) = good("x86_64-windows");
        let pe = facts.pe.as_mut().unwrap();
        pe.crt = crt;
        pe.crt_dlls = dlls.iter().map(|dll| (*dll).to_owned()).collect();
        pe.imports.extend(pe.crt_dlls.clone());
        target.judge(&facts, &BTreeMap::new()).into_iter().map(|one| one.found).collect::<Vec<_>>()
    };
    assert!(runtime(Crt::Dynamic, &["msvcrt.dll"]).is_empty());
    assert!(runtime(Crt::Dynamic, &["ucrtbase.dll", "api-ms-win-crt-stdio-l1-1-0.dll"]).is_empty());
    assert_eq!(
        runtime(Crt::Dynamic, &["msvcrt.dll", "VCRUNTIME140.dll", "vcruntime140.dll", "MSVCP140.dll"]),
        [
            "it needs VCRUNTIME140.dll, MSVCP140.dll, which users must install (the Visual C++ redistributable)"
        ]
    );
    assert_eq!(
        runtime(Crt::DynamicDebug, &["ucrtbased.dll"]),
        ["it needs ucrtbased.dll, which only machines with Visual Studio have"]
    );
}

#[test]
fn a_windows_binary_is_hardened_and_can_be_reproduced() {
    let pe = |change: fn(&mut floe_audit::PeFacts)| {
        broken("x86_64-windows", |facts| change(facts.pe.as_mut().unwrap()))
    };
    assert_eq!(pe(|pe| pe.aslr = false), [Rule::Hardening]);
    assert_eq!(pe(|pe| (pe.aslr, pe.dep) = (false, false)), [Rule::Hardening]);
    assert_eq!(pe(|pe| pe.timestamp.reproducible = false), [Rule::TimeStamp]);
    let debug = |facts: &mut Facts| facts.debug_info = true;
    assert_eq!(broken("x86_64-windows", debug), [Rule::DebugInfo]);
}

#[test]
fn a_library_is_listed_once_in_any_case() {
    let (mut facts, _) = good("x86_64-windows");
    let pe = facts.pe.as_mut().unwrap();
    pe.imports = ["KERNEL32.dll", "kernel32.dll", "bcrypt.dll"].map(str::to_owned).to_vec();
    pe.delay_imports = ["Kernel32.DLL", "shell32.dll"].map(str::to_owned).to_vec();
    assert_eq!(pe.libraries(), ["KERNEL32.dll", "bcrypt.dll", "shell32.dll"]);
}

#[test]
fn build_paths_are_named_with_their_place_unless_the_rule_is_loosened() {
    let path = |kind: PathKind, text: &str| FoundPath {
        kind,
        text: text.to_owned(),
        section: Some(".rodata".to_owned()),
        offset: 4096,
    };
    let (mut facts, target) = good("x86_64-musl");
    facts.paths.total = 3;
    facts.paths.found = vec![
        path(PathKind::NixStore, "/nix/store/00000000000000000000000000000000-x"),
        path(PathKind::Home, "/home/me/.cargo/registry/src/x.rs"),
        path(PathKind::Temporary, "/tmp/x/y"),
    ];
    let reasons = BTreeMap::from([(Rule::BuilderPath, "they are in panics only".to_owned())]);
    let all = target.judge(&facts, &reasons);
    assert_eq!(all.iter().map(|one| one.rule).collect::<Vec<_>>(), [Rule::StorePath, Rule::BuilderPath]);
    assert!(all[0].found.contains("-x` at offset 4096 (.rodata)"), "{}", all[0].found);
    assert_eq!(all[1].loosened.as_deref(), Some("they are in panics only"));
    let rules = |kind| unloosened(&all, kind).map(|one| one.rule).collect::<Vec<_>>();
    assert_eq!(rules(RuleKind::Hygiene), [Rule::StorePath]);
    assert_eq!(rules(RuleKind::Portability), []);
}
