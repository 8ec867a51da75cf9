//! Formats the facts of one binary for the terminal.

use std::fmt::Display;

use super::BinaryReport;
use floe_audit::rules::{self, Violation};
use floe_audit::{BinaryKind, Crt, ElfFacts, Facts, PeFacts, Relro, RuleKind, SignatureKind, Slice, Stack};

/// The place, then a line for each fact; the crates of `cargo auditable` if it is verbose.
pub fn block(binary: &BinaryReport, is_verbose: bool) -> String {
    let facts = &binary.facts;
    let targets: Vec<&str> = binary.targets.iter().map(|target| target.name).collect();
    let crates = binary.crates.iter().flatten().filter(|_| is_verbose).map(|one| {
        let build = if one.kind == "build" { ", for the build" } else { "" };
        line("crate", format!("{} {} ({}{build})", one.name, one.version, one.source))
    });
    let violations =
        binary.violations.iter().map(|Violation { rule, kind, found, loosened, .. }| match loosened {
            Some(reason) => line("loosened", format!("{rule}: {found} ({reason})")),
            None => line(&kind.to_string(), format!("{rule}: {found}")),
        });
    let mut lines = vec![binary.place.clone(), line("is", is(facts))];
    lines.extend((!targets.is_empty()).then(|| line("judged as", targets.join(" and "))));
    lines.extend(facts.elf.iter().flat_map(of_elf));
    lines.extend(facts.macho.iter().flat_map(|macho| &macho.slices).flat_map(of_slice));
    lines.extend(facts.pe.iter().flat_map(of_pe));
    lines.extend(of_any(facts).into_iter().chain(crates).chain(violations));
    lines.push(line("verdict", verdict(binary)));
    lines.join("\n")
}

fn line(name: &str, text: impl Display) -> String {
    format!("  {name:<12}{text}")
}

fn verdict(binary: &BinaryReport) -> String {
    let rules = |kind| {
        let mut names: Vec<&str> =
            rules::unloosened(&binary.violations, kind).map(|violation| violation.rule.name()).collect();
        names.dedup();
        names.join(", ")
    };
    match (binary.portable, rules(RuleKind::Hygiene)) {
        (None, _) => "not judged: no target is for it".to_owned(),
        (Some(false), _) => format!("not portable: {}", rules(RuleKind::Portability)),
        (Some(true), warnings) if warnings.is_empty() => "portable".to_owned(),
        (Some(true), warnings) => format!("portable, with warnings: {warnings}"),
    }
}

/// The kind of a binary as text.
pub fn is(facts: &Facts) -> String {
    let arches: Vec<String> = facts.arches.iter().map(ToString::to_string).collect();
    let kind = match facts.kind {
        // Every PE executable is of this kind.
        BinaryKind::Executable if facts.pe.as_ref().is_some_and(|pe| pe.aslr) => "executable",
        BinaryKind::Executable => "executable at a fixed address",
        BinaryKind::Pie => "position-independent executable",
        BinaryKind::Static => "static executable",
        BinaryKind::StaticPie => "static position-independent executable",
        BinaryKind::Shared => "shared library",
    };
    let stripped = if facts.stripped { "stripped" } else { "not stripped" };
    let debug = if facts.debug_info { ", with debug info" } else { "" };
    format!("{} {}-bit for {}, {kind}, {stripped}{debug}", facts.format, facts.bits, arches.join(" and "))
}

fn of_elf(elf: &ElfFacts) -> Vec<String> {
    let rpath = [elf.rpath.as_slice(), &elf.runpath].concat();
    let floors = elf.floors.iter().map(|(family, floor)| {
        let need = floor.needs.first();
        let symbols = need.iter().flat_map(|need| &need.symbols);
        let symbols: Vec<&str> = symbols.map(|symbol| symbol.name.as_str()).take(4).collect();
        line("floor", format!("{family} {} because of {}", floor.version, symbols.join(", ")))
    });
    let relro = match elf.relro {
        Relro::None => "no RELRO",
        Relro::Partial => "partial RELRO",
        Relro::Full => "full RELRO",
    };
    let stack = if elf.stack == Stack::Executable { "executable stack" } else { "no executable stack" };
    let nx = if elf.nx { "NX" } else { "no NX" };
    let mut lines = vec![
        line("loader", elf.interpreter.as_deref().unwrap_or("none")),
        line("libraries", list(&elf.needed)),
    ];
    lines.extend((!rpath.is_empty()).then(|| line("rpath", list(&rpath))));
    lines.extend(floors);
    lines.push(line("hardening", format!("{relro}, {nx}, {stack}")));
    lines
}

fn of_slice(slice: &Slice) -> Vec<String> {
    let [min, sdk] = [&slice.min_os, &slice.sdk].map(|version| version.as_deref().unwrap_or("unknown"));
    let dylibs: Vec<&str> = slice.dylibs.iter().map(|dylib| dylib.path.as_str()).collect();
    let kind = match slice.signature.kind {
        SignatureKind::None => "none",
        SignatureKind::AdHoc => "ad hoc",
        SignatureKind::DeveloperId => "Developer ID",
        SignatureKind::Certificate => "a certificate",
    };
    let intact = match slice.signature.intact {
        Some(true) => ", matches the bytes",
        Some(false) => ", does not match the bytes",
        None => "",
    };
    let mut lines = vec![
        line("macOS", format!("{min} and later, SDK {sdk} ({})", slice.arch)),
        line("libraries", list(&dylibs)),
    ];
    lines.extend((!slice.rpaths.is_empty()).then(|| line("rpath", list(&slice.rpaths))));
    lines.push(line("signature", format!("{kind}{intact}")));
    lines
}

fn of_pe(pe: &PeFacts) -> Vec<String> {
    let flags = [(pe.aslr, "ASLR"), (pe.high_entropy_va, "high entropy"), (pe.dep, "DEP"), (pe.cfg, "CFG")];
    let flags: Vec<&str> = flags.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    let runtime = match pe.crt {
        Crt::Static => "static".to_owned(),
        Crt::Dynamic | Crt::DynamicDebug => format!("from {}", list(&pe.crt_dlls)),
    };
    let time = match pe.timestamp.reproducible {
        true => "reproducible".to_owned(),
        false => format!("{} s since 1970", pe.timestamp.value),
    };
    let signature = match (pe.authenticode, &pe.signer) {
        (false, _) => "none".to_owned(),
        (true, None) => "Authenticode".to_owned(),
        (true, Some(signer)) => format!("Authenticode, {signer}"),
    };
    vec![
        line("subsystem", format!("{} {}", pe.subsystem, pe.subsystem_version)),
        line("libraries", list(&pe.libraries())),
        line("C runtime", runtime),
        line("time stamp", time),
        line("hardening", list(&flags)),
        line("signature", signature),
    ]
}

fn of_any(facts: &Facts) -> Vec<String> {
    let rustc = facts.rustc.as_ref().map(|rustc| rustc.version.clone().or_else(|| rustc.source.clone()));
    let packages = facts.auditable.as_ref().map(|auditable| match auditable.packages {
        Some(count) => format!("{count} packages"),
        None => "unreadable".to_owned(),
    });
    let paths = facts.paths.found.iter().take(4).map(|path| {
        let section = path.section.as_deref().unwrap_or("no section");
        line("path", format!("{} at {} ({section})", path.text, path.offset))
    });
    let total = facts.paths.total;
    let build_id = facts.build_id.iter().map(|id| line("build id", id));
    let rustc = rustc.map(|version| line("rustc", version.unwrap_or_default()));
    let lines = build_id.chain(rustc).chain(packages.map(|text| line("auditable", text))).chain(paths);
    lines.chain((total > 4).then(|| line("path", format!("… {total} in all")))).collect()
}

fn list(items: &[impl AsRef<str>]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
