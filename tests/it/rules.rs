//! Each portability rule, broken by one change of the facts of a good binary.

use std::collections::BTreeMap;
use std::io::Cursor;

use floe_audit::rules::stopping;
use floe_audit::{
    self, BinaryKind, Crt, Dylib, DylibLoad, Facts, Floor, FoundPath, PathKind, Stack, Symbol, VersionNeed,
};
use floe_core::model::{Rule, Target};

use crate::support::binaries::binary;

fn good(target: &str) -> (Facts, Target) {
    let target: Target = target.parse().unwrap();
    (floe_audit::facts(Cursor::new(binary(target, b"seed"))).unwrap(), target)
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
        assert_eq!(broken(target.name(), |_| ()), [], "{}", target.name());
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
fn a_linux_binary_asks_for_nothing_unusual() {
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
    // An interpreter that is not there at all is a static binary, which runs anywhere.
    assert_eq!(elf(|elf| (elf.interpreter, elf.needed) = (None, Vec::new())), []);
}

#[test]
fn a_floor_is_named_with_its_symbols_and_only_above_the_limit() {
    let with = |version: &str, library: &str| {
        let floor =
            Floor { version: version.to_owned(), needs: vec![need(&format!("GLIBC_{version}"), library)] };
        let (mut facts, target) = good("x86_64-gnu");
        facts.elf.as_mut().unwrap().interpreter = target.contract().interpreter.clone();
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
fn a_musl_binary_needs_nothing_at_all() {
    let needs =
        |facts: &mut Facts| facts.elf.as_mut().unwrap().needed.push("libc.musl-x86_64.so.1".to_owned());
    assert_eq!(broken("x86_64-musl", needs), [Rule::Static]);
}

#[test]
fn a_macos_binary_takes_only_what_every_mac_has() {
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
    assert_eq!(slice(|slice| slice.signature.intact = Some(false)), [Rule::Signature]);
    let iconv = "/nix/store/00000000000000000000000000000000-libiconv/lib/libiconv.2.dylib";
    for (path, rules) in [(iconv, &[Rule::Libraries][..]), ("/usr/lib/libSystem.B.dylib", &[])] {
        let asks = |facts: &mut Facts| facts.macho.as_mut().unwrap().slices[0].dylibs.push(library(path));
        assert_eq!(broken("aarch64-macos", asks), rules, "{path}");
    }
}

#[test]
fn a_windows_binary_brings_its_runtime() {
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
    assert_eq!(import("KERNEL32.dll"), []);
    assert_eq!(import("api-ms-win-core-synch-l1-2-0.dll"), []);
    assert_eq!(import("libssl-3-x64.dll"), [Rule::Libraries]);
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
    assert_eq!(stopping(&all).map(|one| one.rule).collect::<Vec<_>>(), [Rule::StorePath]);
}
