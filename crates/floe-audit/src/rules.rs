//! The portability rules: they compare the facts of a binary with the contract of a target.
//!
//! The contracts are data that the caller owns. A rule that a project has loosened is still checked, so that its violations
//! stay visible.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{BinaryKind, Crt, ElfFacts, Facts, Floor, MachoFacts, PathKind, PeFacts, Stack, VersionNeed};
use crate::model::above;
use crate::{Arch, Contract, Format, Rule};

/// A rule that a binary breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// The finding, as a clause: the symbols, the libraries, or the path and its place.
    pub found: String,
    /// The usual cause, and a fix.
    pub cure: String,
    /// The project's reason for allowing it. `None` if the rule was not loosened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loosened: Option<String>,
}

/// Every rule of a target's contract that a binary breaks. `loosened` holds a project's reasons for allowing violations,
/// which are returned with them.
pub fn judge(
    facts: &Facts,
    (format, arch): (Format, Arch),
    contract: &Contract,
    loosened: &BTreeMap<Rule, String>,
) -> Vec<Violation> {
    let mut found: Vec<(Rule, String)> = Vec::new();
    judge_any(facts, (format, arch), &mut found);
    if let Some(elf) = &facts.elf {
        judge_elf(elf, contract, &mut found);
    }
    if let Some(macho) = &facts.macho {
        judge_macho(macho, contract, &mut found);
    }
    if let Some(pe) = &facts.pe {
        judge_pe(pe, contract, &mut found);
    }
    let violation = |(rule, found): (Rule, String)| Violation {
        rule,
        found,
        cure: cure(rule).to_owned(),
        loosened: loosened.get(&rule).cloned(),
    };
    found.into_iter().map(violation).collect()
}

/// The violations that stop a release: those that no reason allows.
pub fn stopping(violations: &[Violation]) -> impl Iterator<Item = &Violation> {
    violations.iter().filter(|violation| violation.loosened.is_none())
}

fn cure(rule: Rule) -> &'static str {
    match rule {
        Rule::Arch => {
            "it was built for another machine: build with `--target`, and lay it into the folder of that triple"
        }
        Rule::Program => "a library lies where a program should: give the binary of `[[bin]]`",
        Rule::Interpreter => {
            "a Nix or Guix toolchain linked it to its own loader: link with `cargo zigbuild`, or build with floe's flake"
        }
        Rule::Rpath => {
            "the linker was told where libraries lie on the builder: drop `-Wl,-rpath` (in Nix: link with zig)"
        }
        Rule::Libraries => {
            "a library of the builder is not on other machines: link it statically (a `vendored`, `bundled` or `static` feature of its crate)"
        }
        Rule::Floor => {
            "it was linked against a newer glibc than its users have: link against an old one, `cargo zigbuild --target <triple>.2.17`"
        }
        Rule::Static => {
            "it was linked dynamically: build for the musl target, with C code compiled for musl too"
        }
        Rule::Stack => {
            "assembly without a `.note.GNU-stack` section makes the stack executable: mend it, or link with `-z noexecstack`"
        }
        Rule::MinOs => {
            "the deployment target is too new: set `MACOSX_DEPLOYMENT_TARGET=11.0` for the whole build"
        }
        Rule::Signature => {
            "it was changed after it was signed, and macOS will kill it: sign again, `codesign --force --sign -`"
        }
        Rule::Crt => {
            "it needs Visual Studio's runtime: build with `RUSTFLAGS=\"-C target-feature=+crt-static\"`"
        }
        Rule::StorePath => {
            "a path of the builder's Nix store was compiled in: pass `--remap-path-prefix` for Rust and `-ffile-prefix-map` for C"
        }
        Rule::BuilderPath => {
            "paths of the build machine were compiled in: pass `--remap-path-prefix=$HOME/.cargo=/vendor --remap-path-prefix=$PWD=/src` for Rust and `-ffile-prefix-map` for C"
        }
    }
}

fn judge_any(facts: &Facts, (format, arch): (Format, Arch), found: &mut Vec<(Rule, String)>) {
    if facts.format != format || facts.arches != [arch] {
        let arches: Vec<String> = facts.arches.iter().map(Arch::to_string).collect();
        found.push((Rule::Arch, format!("it is {} for {}", facts.format, arches.join(" and "))));
    }
    if facts.kind == BinaryKind::Shared {
        found.push((Rule::Program, "it is a shared library".to_owned()));
    }
    for (rule, kinds) in [
        (Rule::StorePath, &[PathKind::NixStore][..]),
        (Rule::BuilderPath, &[PathKind::Home, PathKind::Build][..]),
    ] {
        let paths: Vec<_> = facts.paths.found.iter().filter(|path| kinds.contains(&path.kind)).collect();
        if let Some(first) = paths.first() {
            let place = first.section.as_deref().unwrap_or("no section");
            let more = more(paths.len() - 1);
            found.push((rule, format!("`{}` at offset {} ({place}){more}", first.text, first.offset)));
        }
    }
}

fn judge_elf(elf: &ElfFacts, contract: &Contract, found: &mut Vec<(Rule, String)>) {
    if contract.is_static && (elf.interpreter.is_some() || !elf.needed.is_empty()) {
        let asks: Vec<&str> = elf.interpreter.iter().chain(&elf.needed).map(String::as_str).collect();
        found.push((Rule::Static, format!("it asks for {}", asks.join(", "))));
        return;
    }
    let wanted = contract.interpreter.as_deref();
    if elf.interpreter.is_some() && elf.interpreter.as_deref() != wanted {
        let (is, should) = (elf.interpreter.as_deref().unwrap_or_default(), wanted.unwrap_or("none"));
        found.push((Rule::Interpreter, format!("its loader is `{is}`, not `{should}`")));
    }
    let paths: Vec<&str> = elf.rpath.iter().chain(&elf.runpath).map(String::as_str).collect();
    if !paths.is_empty() {
        found.push((Rule::Rpath, format!("it looks for libraries in `{}`", paths.join(":"))));
    }
    judge_libraries(elf.needed.iter().map(String::as_str), contract, found);
    // A library that is not allowed at all is already a violation of `libraries`, whatever is needed of it.
    let counts = |need: &VersionNeed| contract.has_library(&need.library);
    for (family, floor) in elf.floors.iter().filter(|(_, floor)| floor.needs.iter().any(counts)) {
        let allowed = contract.floors.get(family);
        if elf.interpreter.is_some() && allowed.is_none_or(|allowed| above(&floor.version, allowed)) {
            found.push((Rule::Floor, floor_found(family, floor, allowed.map(String::as_str))));
        }
    }
    let unnumbered: Vec<&VersionNeed> = elf.unnumbered.iter().filter(|need| counts(need)).collect();
    if let Some(need) = unnumbered.first() {
        let more = more(unnumbered.len() - 1);
        found.push((Rule::Floor, format!("it needs `{}` of {}{more}", need.version, need.library)));
    }
    if elf.stack == Stack::Executable {
        found.push((Rule::Stack, "its stack is executable (PT_GNU_STACK)".to_owned()));
    }
}

fn judge_libraries<'a>(
    asked: impl Iterator<Item = &'a str>,
    contract: &Contract,
    found: &mut Vec<(Rule, String)>,
) {
    let foreign: Vec<&str> = asked.filter(|library| !contract.has_library(library)).collect();
    if !foreign.is_empty() {
        found.push((Rule::Libraries, format!("it asks for {}", foreign.join(", "))));
    }
}

/// Names the symbols of every version above the allowed one.
fn floor_found(family: &str, floor: &Floor, allowed: Option<&str>) -> String {
    let too_new = floor.needs.iter().filter(|need| {
        let version = need.version.strip_prefix(&format!("{family}_")).unwrap_or(&need.version);
        allowed.is_none_or(|allowed| above(version, allowed))
    });
    let symbols: Vec<String> = too_new
        .flat_map(|need| need.symbols.iter().map(move |symbol| format!("{}@{}", symbol.name, need.version)))
        .collect();
    let shown = symbols.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    let more = more(symbols.len().saturating_sub(8));
    let limit = allowed
        .map_or_else(|| "none is allowed".to_owned(), |allowed| format!("at most {allowed} is allowed"));
    format!("it needs {family} {} ({limit}), because of {shown}{more}", floor.version)
}

fn judge_macho(macho: &MachoFacts, contract: &Contract, found: &mut Vec<(Rule, String)>) {
    for slice in &macho.slices {
        judge_libraries(slice.dylibs.iter().map(|dylib| dylib.path.as_str()), contract, found);
        if !slice.rpaths.is_empty() {
            found.push((Rule::Rpath, format!("it looks for libraries in `{}`", slice.rpaths.join("`, `"))));
        }
        if let Some(allowed) = &contract.min_os {
            match &slice.min_os {
                Some(min_os) if above(min_os, allowed) => {
                    found.push((
                        Rule::MinOs,
                        format!("it starts on macOS {min_os} and later, not on {allowed}"),
                    ));
                }
                Some(_) => {}
                None => found.push((Rule::MinOs, "it does not say which macOS it starts on".to_owned())),
            }
        }
        if slice.signature.intact == Some(false) {
            let why = slice.signature.mismatch.as_deref().unwrap_or("its bytes have other digests");
            found.push((Rule::Signature, format!("its signature does not match: {why}")));
        }
    }
}

fn judge_pe(pe: &PeFacts, contract: &Contract, found: &mut Vec<(Rule, String)>) {
    if contract.crt_static && pe.crt != Crt::Static {
        found.push((Rule::Crt, format!("its C runtime comes from {}", pe.crt_dlls.join(", "))));
    }
    let all = pe.imports.iter().chain(&pe.delay_imports).map(String::as_str);
    judge_libraries(all.filter(|dll| !pe.crt_dlls.iter().any(|crt| crt == dll)), contract, found);
}

fn more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" and {count} more") }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule `{}`: {}; {}", self.rule, self.found, self.cure)
    }
}
