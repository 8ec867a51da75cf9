//! floe's facts compared field by field with the output of other programs.
//!
//! On real binaries of all seven targets, and on small ones that the machine's compilers make.

mod built;
mod cross;
mod elf;
mod macho;
mod pe;
mod signed;
mod wheels;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use floe_audit::{Facts, facts};
use floe_core::model::{Format, Target};

use crate::support::peers::peer;

/// The facts of a file: a text for each field, so that a difference names it.
type Fields = BTreeMap<String, String>;

fn field(fields: &mut Fields, name: &str, value: impl ToString) {
    fields.insert(name.to_owned(), value.to_string());
}

/// The differences between two sets of fields, one a line.
fn differences(path: &Path, ours: &Fields, theirs: &Fields) -> Vec<String> {
    let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let nothing = String::from("(nothing)");
    let differ = |name: &&&String| ours.get(**name) != theirs.get(**name);
    let names = names.iter().filter(differ);
    names
        .map(|name| {
            let (ours, theirs) = (ours.get(*name).unwrap_or(&nothing), theirs.get(*name).unwrap_or(&nothing));
            format!("{}: {name}\n  floe:   {ours}\n  theirs: {theirs}", path.display())
        })
        .collect()
}

/// The output of a program for a file.
fn output(program: &Path, options: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(options).arg(file).output().unwrap();
    assert!(output.status.success(), "{program:?} {file:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn facts_of(path: &Path) -> Facts {
    match facts(File::open(path).unwrap()) {
        Ok(facts) => facts,
        Err(why) => panic!("{path:?}: {why}"),
    }
}

/// Compares all real binaries of a format; how many there were.
fn compare(format: Format, program: &str, compared: impl Fn(&Path, &Path) -> (Fields, Fields)) {
    let (Some(program), Some(all)) = (peer(program), wheels::binaries()) else { return };
    let files: Vec<_> = all.iter().filter(|real| real.target.format == format).collect();
    let mut wrong = Vec::new();
    for real in &files {
        let (ours, theirs) = compared(&program, &real.path);
        assert!(theirs.len() > 5, "{}: {theirs:?}", real.path.display());
        wrong.extend(differences(&real.path, &ours, &theirs));
    }
    assert!(files.len() >= 5, "only {} files", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn facts_of_real_elf_files_agree_with_readelf() {
    compare(Format::Elf, "readelf", |readelf, path| (elf::ours(&facts_of(path)), elf::theirs(readelf, path)));
}

#[test]
fn facts_of_real_macho_files_agree_with_llvm_objdump() {
    let ours = |path: &Path| macho::ours(&facts_of(path));
    compare(Format::Macho, "llvm-objdump", |objdump, path| (ours(path), macho::theirs(objdump, path)));
}

#[test]
fn facts_of_real_pe_files_agree_with_llvm_readobj() {
    compare(Format::Pe, "llvm-readobj", |readobj, path| {
        (pe::ours(&facts_of(path)), pe::theirs(readobj, path))
    });
}

#[test]
fn thirty_real_binaries_of_seven_targets_have_facts_that_make_sense() {
    let Some(all) = wheels::binaries() else { return };
    assert!(all.len() >= 30, "only {}", all.len());
    for target in Target::defaults() {
        let of_target: Vec<_> = all.iter().filter(|real| real.target == target).collect();
        assert!(of_target.len() >= 3, "{target}: only {}", of_target.len());
        for real in of_target {
            let facts = facts_of(&real.path);
            let path = real.path.display();
            assert_eq!(facts.format, target.format, "{path}");
            assert!(facts.arches.contains(&target.arch), "{path}");
            assert_eq!(facts.size, real.path.metadata().unwrap().len(), "{path}");
            // rustc makes everything but the C compiler's runtime library, which some of them carry along.
            assert!(facts.rustc.is_some() || path.to_string().contains("libgcc_s"), "{path}");
            found_paths_are_there(&real.path, &facts);
            let json = serde_json::to_string(&facts).unwrap();
            assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts, "{path}");
        }
    }
}

/// Every path found is at its offset, and a search for the bytes alone finds no more.
fn found_paths_are_there(path: &Path, facts: &Facts) {
    let content = fs::read(path).unwrap();
    for found in &facts.paths.found {
        assert!(content[found.offset as usize..].starts_with(found.text.as_bytes()), "{path:?}: {found:?}");
    }
    let registry = content.windows(14).filter(|bytes| *bytes == b"/.cargo/regist").count();
    let windows = content.windows(14).filter(|bytes| *bytes == b"\\.cargo\\regist").count();
    assert!(facts.paths.total as usize >= registry + windows, "{path:?}: {registry} and {windows}");
}

/// The sections of the paths found, by another program's table: name, offset and size.
fn sections_of_paths(facts: &Facts, table: &[(String, u64, u64)]) -> String {
    let mut all = Vec::new();
    for found in &facts.paths.found {
        let holds = |(_, offset, size): &&(String, u64, u64)| {
            *offset <= found.offset && found.offset - offset < *size
        };
        let name = table.iter().find(holds).map_or("none", |(name, ..)| name);
        all.push(format!("{:#x} {name}", found.offset));
    }
    all.join(", ")
}

/// The same by floe.
fn our_sections_of_paths(facts: &Facts) -> String {
    let all = facts.paths.found.iter();
    let all: Vec<_> = all
        .map(|found| format!("{:#x} {}", found.offset, found.section.as_deref().unwrap_or("none")))
        .collect();
    all.join(", ")
}

fn number(text: &str) -> u64 {
    match text.trim().strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).unwrap(),
        None => text.trim().parse().unwrap(),
    }
}
