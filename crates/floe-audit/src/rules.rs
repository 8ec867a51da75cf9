//! The rules, by which a binary is judged: its facts are compared with the contract of a target.
//!
//! The contracts are data that the caller owns. A rule that a project has loosened is still checked, so that its violations
//! stay visible.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::above;
use crate::{
    Arch, BinaryKind, Contract, Crt, DylibLoad, ElfFacts, Facts, Format, MachoFacts, PathKind, PeFacts,
    SignatureKind, Slice, Stack, VersionNeed, windows,
};

/// The meaning of a broken rule for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// The binary does not start or does not work on other machines.
    Portability,
    /// The binary works, but it reveals its builder, lacks hardening or cannot be reproduced elsewhere.
    Hygiene,
}

/// Each rule once: its name in Cargo.toml and in records, its kind, and the usual cause of a violation with a fix.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident, $name:literal, $kind:ident, $cure:literal;)+) => {
        /// A rule, by the name under which a project can loosen it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Rule {
            $($(#[$doc])* #[serde(rename = $name)] $rule,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Rule] = &[$(Rule::$rule,)+];

            fn row(self) -> (&'static str, RuleKind, &'static str) {
                match self {
                    $(Rule::$rule => ($name, RuleKind::$kind, $cure),)+
                }
            }
        }
    };
}

rules! {
    /// The binary is for the target's instruction set.
    Arch, "arch", Portability,
        "it was built for another machine: build with `--target`, and put it into the folder of that triple";
    /// The binary is a program, not a library.
    Program, "program", Portability, "give the binary of a `[[bin]]`";
    /// It needs the standard loader of its system, or none.
    Interpreter, "interpreter", Portability,
        "link it to the standard loader: with `cargo zigbuild`, or in floe's flake (toolchains of Nix and Guix use loaders of their own)";
    /// It only needs libraries that every such system has.
    Libraries, "libraries", Portability,
        "other machines may lack it: link it statically (a `vendored`, `bundled` or `static` feature of its crate)";
    /// It needs no newer symbol version than the target's contract allows.
    Floor, "floor", Portability,
        "it was linked against a newer glibc than its users have: link against the allowed version, `cargo zigbuild --target <triple>.<version>`";
    /// It is statically linked.
    Static, "static", Portability,
        "it was linked dynamically: build for the musl target, with C code compiled for musl too";
    /// It starts on the oldest macOS that is promised.
    MinOs, "min-os", Portability,
        "the deployment target is too new: set `MACOSX_DEPLOYMENT_TARGET=11.0` for the whole build";
    /// Its signature matches its bytes. For Arm it has one.
    Signature, "signature", Portability,
        "it was changed after it was linked, and macOS will kill it: sign again, `codesign --force --sign -`";
    /// It needs no C runtime that users must install.
    Crt, "crt", Portability, "build with `RUSTFLAGS=\"-C target-feature=+crt-static\"`";
    /// It has no RPATH and no RUNPATH.
    Rpath, "rpath", Hygiene, "the linker recorded a search path: drop `-Wl,-rpath` (in Nix: link with zig)";
    /// Its stack is not executable.
    Stack, "stack", Hygiene,
        "assembly without a `.note.GNU-stack` section makes the stack executable: add the section, or link with `-z noexecstack`";
    /// It is loaded at any address, and no memory is both writable and executable.
    Hardening, "hardening", Hygiene, "drop the linker's flag that turns it off, or link with `-C link-arg=-pie`";
    /// It contains no path of a Nix store.
    StorePath, "store-path", Hygiene,
        "a path of the builder's Nix store was compiled in: pass `--remap-path-prefix` for Rust and `-ffile-prefix-map` for C";
    /// It contains no path of a home folder or a build folder.
    BuilderPath, "builder-path", Hygiene,
        "paths of the build machine were compiled in: pass `--remap-path-prefix=$HOME/.cargo=/vendor --remap-path-prefix=$PWD=/src` for Rust and `-ffile-prefix-map` for C";
    /// It contains no debug information.
    DebugInfo, "debug-info", Hygiene, "set `strip = \"debuginfo\"` in the profile, or loosen the rule if users should have it";
    /// It contains no time of its build.
    TimeStamp, "time-stamp", Hygiene, "link with `-C link-arg=/Brepro`";
}

impl Rule {
    /// Its name in Cargo.toml and in records.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Whether it is about portability or about hygiene.
    pub fn kind(self) -> RuleKind {
        self.row().1
    }

    /// The usual cause of a violation, and a fix.
    fn cure(self) -> &'static str {
        self.row().2
    }
}

display_as_serde!(Rule, RuleKind);

/// A rule that a binary breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// The kind of the rule.
    pub kind: RuleKind,
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
    let mut found = Found { contract, loosened, all: Vec::new() };
    // A universal binary runs wherever one of its slices does.
    if facts.format != format || !facts.arches.contains(&arch) {
        let arches: Vec<String> = facts.arches.iter().map(Arch::to_string).collect();
        let what = format!("{} for {}", facts.format, arches.join(" and "));
        found.add(Rule::Arch, format!("it is {what}, not {format} for {arch}"));
    }
    if facts.kind == BinaryKind::Shared {
        found.add(Rule::Program, "it is a shared library");
    }
    if let Some(elf) = &facts.elf {
        found.judge_elf(elf);
        if matches!(facts.kind, BinaryKind::Executable | BinaryKind::Static) {
            found.add(Rule::Hardening, "it is loaded at a fixed address (no PIE)");
        }
    }
    if let Some(macho) = &facts.macho {
        found.judge_macho(macho);
    }
    if let Some(pe) = &facts.pe {
        found.judge_pe(pe);
    }
    found.judge_content(facts);
    found.all
}

/// The violations of one kind that no reason allows.
pub fn unloosened(violations: &[Violation], kind: RuleKind) -> impl Iterator<Item = &Violation> {
    violations.iter().filter(move |violation| violation.kind == kind && violation.loosened.is_none())
}

struct Found<'c> {
    contract: &'c Contract,
    loosened: &'c BTreeMap<Rule, String>,
    all: Vec<Violation>,
}

impl Found<'_> {
    /// Two slices of a universal binary may break a rule in the same way.
    fn add(&mut self, rule: Rule, found: impl Into<String>) {
        let (kind, cure, loosened) = (rule.kind(), rule.cure().to_owned(), self.loosened.get(&rule).cloned());
        let violation = Violation { rule, kind, found: found.into(), cure, loosened };
        if !self.all.contains(&violation) {
            self.all.push(violation);
        }
    }

    fn add_list(&mut self, rule: Rule, what: &str, found: impl IntoIterator<Item = impl AsRef<str>>) {
        let found: Vec<String> = found.into_iter().map(|one| one.as_ref().to_owned()).collect();
        if !found.is_empty() {
            self.add(rule, format!("{what} {}", found.join(", ")));
        }
    }

    fn judge_elf(&mut self, elf: &ElfFacts) {
        let contract = self.contract;
        // A file for another instruction set has a convention of its own, and is refused already.
        let arch_fits = self.all.iter().all(|violation| violation.rule != Rule::Arch);
        if let (Some(wanted), Some(found), true) = (contract.float_abi, elf.float_abi, arch_fits)
            && wanted != found
        {
            self.add(
                Rule::Arch,
                format!("it passes floating-point arguments by the {found}-float convention, not the {wanted}-float one"),
            );
        }
        if contract.is_static && (elf.interpreter.is_some() || !elf.needed.is_empty()) {
            self.add_list(Rule::Static, "it needs", elf.interpreter.iter().chain(&elf.needed));
        } else {
            if let Some(loader) = &elf.interpreter
                && elf.interpreter != contract.interpreter
            {
                let found = match &contract.interpreter {
                    Some(wanted) => format!("its loader is `{loader}`, not `{wanted}`"),
                    None => format!("it needs the loader `{loader}`, and the target has none"),
                };
                self.add(Rule::Interpreter, found);
            }
            let foreign = elf.needed.iter().filter(|library| !contract.has_library(library));
            self.add_list(Rule::Libraries, "it needs", foreign);
            self.judge_versions(elf);
        }
        self.add_list(Rule::Rpath, "it searches for libraries in", elf.rpath.iter().chain(&elf.runpath));
        match elf.stack {
            Stack::Executable => self.add(Rule::Stack, "its stack is executable (PT_GNU_STACK)"),
            Stack::NotExecutable if !elf.nx => {
                self.add(Rule::Hardening, "a segment is both writable and executable");
            }
            _ => {}
        }
    }

    /// The loader starts a program without a version that is marked as weak. A library that is not allowed at all is
    /// already a violation of `libraries`, whatever is needed of it.
    fn judge_versions(&mut self, elf: &ElfFacts) {
        let contract = self.contract;
        let counts = |need: &&VersionNeed| !need.weak && contract.has_library(&need.library);
        for (family, floor) in elf.floors.iter().filter(|_| elf.interpreter.is_some()) {
            let allowed = contract.floors.get(family);
            let is_too_new = |need: &&VersionNeed| allowed.is_none_or(|most| above(need.number(), most));
            let too_new: Vec<&VersionNeed> = floor.needs.iter().filter(counts).filter(is_too_new).collect();
            let Some(highest) = too_new.first() else { continue };
            let limit =
                allowed.map_or("none is allowed".to_owned(), |most| format!("at most {most} is allowed"));
            let named = |need: &VersionNeed| -> Vec<String> {
                need.symbols.iter().map(|symbol| format!("{}@{}", symbol.name, need.version)).collect()
            };
            let mut symbols: Vec<String> = too_new.iter().flat_map(|need| named(need)).collect();
            let more = more(symbols.len().saturating_sub(8));
            symbols.truncate(8);
            let (version, symbols) = (highest.number(), symbols.join(", "));
            self.add(
                Rule::Floor,
                format!("it needs {family} {version} ({limit}), because of {symbols}{more}"),
            );
        }
        let unnumbered: Vec<&VersionNeed> = elf.unnumbered.iter().filter(counts).collect();
        if let Some(need) = unnumbered.first() {
            let more = more(unnumbered.len() - 1);
            self.add(Rule::Floor, format!("it needs `{}` of {}{more}", need.version, need.library));
        }
    }

    fn judge_macho(&mut self, macho: &MachoFacts) {
        for slice in &macho.slices {
            self.judge_dylibs(slice);
            match (&self.contract.min_os, &slice.min_os) {
                (Some(most), Some(min_os)) if above(min_os, most) => {
                    self.add(Rule::MinOs, format!("it starts on macOS {min_os} and later, not on {most}"));
                }
                (Some(_), None) => self.add(Rule::MinOs, "it names no oldest macOS version"),
                _ => {}
            }
            if slice.signature.intact == Some(false) {
                let why = slice.signature.mismatch.as_deref().unwrap_or("its bytes have other digests");
                self.add(Rule::Signature, format!("its signature does not match: {why}"));
            }
            if slice.signature.kind == SignatureKind::None && slice.arch == Arch::Aarch64 {
                self.add(Rule::Signature, "it has no signature, which macOS requires on Arm");
            }
            if slice.kind == BinaryKind::Executable {
                self.add(Rule::Hardening, "it is loaded at a fixed address (no MH_PIE)");
            }
        }
    }

    /// dyld starts a program without a weak library, and searches the run paths for what is below `@rpath`, which may be a
    /// folder of the system: `/usr/lib/swift`.
    fn judge_dylibs(&mut self, slice: &Slice) {
        let contract = self.contract;
        let found = |path: &str| {
            let below = path.strip_prefix("@rpath/");
            let mut folders = slice.rpaths.iter();
            contract.has_library(path)
                || below.is_some_and(|rest| folders.any(|at| contract.has_library(&format!("{at}/{rest}"))))
        };
        let needed = slice.dylibs.iter().filter(|dylib| dylib.load != DylibLoad::Weak);
        let foreign = needed.map(|dylib| dylib.path.as_str()).filter(|path| !found(path));
        self.add_list(Rule::Libraries, "it needs", foreign);
        let is_foreign = |folder: &&str| !contract.has_library(&format!("{folder}/"));
        let folders = slice.rpaths.iter().map(String::as_str).filter(is_foreign);
        self.add_list(Rule::Rpath, "it searches for libraries in", folders);
    }

    fn judge_pe(&mut self, pe: &PeFacts) {
        let contract = self.contract;
        let libraries = pe.libraries();
        let is_foreign =
            |dll: &&str| !contract.has_library(&dll.to_ascii_lowercase()) && !windows::has_library(dll);
        let (runtime, others): (Vec<&str>, Vec<&str>) = libraries
            .into_iter()
            .filter(is_foreign)
            .partition(|dll| pe.crt_dlls.iter().any(|crt| crt.eq_ignore_ascii_case(dll)));
        let owner = match pe.crt {
            Crt::DynamicDebug => "which only machines with Visual Studio have",
            _ => "which users must install (the Visual C++ redistributable)",
        };
        if contract.crt_static && !runtime.is_empty() {
            self.add(Rule::Crt, format!("it needs {}, {owner}", runtime.join(", ")));
        }
        self.add_list(Rule::Libraries, "it needs", others);
        let missing = [(pe.aslr, "ASLR"), (pe.dep, "DEP")].into_iter().filter(|(on, _)| !on);
        self.add_list(Rule::Hardening, "it was linked without", missing.map(|(_, name)| name));
        if !pe.timestamp.reproducible {
            let time = pe.timestamp.value;
            self.add(Rule::TimeStamp, format!("it contains the time of its build, {time} s since 1970"));
        }
    }

    fn judge_content(&mut self, facts: &Facts) {
        for (rule, kinds) in [
            (Rule::StorePath, &[PathKind::NixStore][..]),
            (Rule::BuilderPath, &[PathKind::Home, PathKind::Build][..]),
        ] {
            let mut paths = facts.paths.found.iter().filter(|path| kinds.contains(&path.kind));
            if let Some(first) = paths.next() {
                let place = first.section.as_deref().unwrap_or("no section");
                let more = more(paths.count());
                self.add(rule, format!("`{}` at offset {} ({place}){more}", first.text, first.offset));
            }
        }
        if facts.debug_info {
            self.add(Rule::DebugInfo, "it contains debug information (DWARF)");
        }
    }
}

fn more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" and {count} more") }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule `{}`: {}; {}", self.rule, self.found, self.cure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_read_from_its_name() {
        for rule in Rule::ALL {
            let name = serde_json::to_value(rule).unwrap();
            assert_eq!(name, rule.name());
            assert_eq!(serde_json::from_value::<Rule>(name).unwrap(), *rule);
        }
    }
}
