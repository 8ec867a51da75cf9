//! Formats the facts of one binary for the terminal.

use super::BinaryReport;
use floe_audit::{
    BinaryKind, Crt, ElfFacts, Facts, MachoFacts, PeFacts, Relro, RuleKind, SignatureKind, Stack, rules,
};

/// The place, then a line for each fact; the crates of `cargo auditable` if it is verbose.
pub fn block(binary: &BinaryReport, is_verbose: bool) -> String {
    let facts = &binary.facts;
    let mut lines = vec![binary.place.clone()];
    let mut line = |name: &str, text: String| lines.push(format!("  {name:<12}{text}"));
    line("is", is(facts));
    if !binary.targets.is_empty() {
        let names: Vec<&str> = binary.targets.iter().map(|target| target.name()).collect();
        line("judged as", names.join(" and "));
    }
    if let Some(elf) = &facts.elf {
        of_elf(elf, &mut line);
    }
    if let Some(macho) = &facts.macho {
        of_macho(macho, &mut line);
    }
    if let Some(pe) = &facts.pe {
        of_pe(pe, &mut line);
    }
    of_any(facts, &mut line);
    for one in binary.crates.iter().flatten().filter(|_| is_verbose) {
        let build = if one.kind == "build" { ", for the build" } else { "" };
        line("crate", format!("{} {} ({}{build})", one.name, one.version, one.source));
    }
    for violation in &binary.violations {
        match &violation.loosened {
            Some(reason) => line("loosened", format!("{}: {} ({reason})", violation.rule, violation.found)),
            None => line(&violation.kind.to_string(), format!("{}: {}", violation.rule, violation.found)),
        }
    }
    line("verdict", verdict(binary));
    lines.join("\n")
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

fn of_elf(elf: &ElfFacts, line: &mut impl FnMut(&str, String)) {
    line("loader", elf.interpreter.clone().unwrap_or_else(|| "none".to_owned()));
    line("libraries", list(&elf.needed));
    if !elf.rpath.is_empty() || !elf.runpath.is_empty() {
        line("rpath", list(&[elf.rpath.clone(), elf.runpath.clone()].concat()));
    }
    for (family, floor) in &elf.floors {
        let symbols: Vec<&str> = floor
            .needs
            .first()
            .iter()
            .flat_map(|need| &need.symbols)
            .map(|symbol| symbol.name.as_str())
            .take(4)
            .collect();
        line("floor", format!("{family} {} because of {}", floor.version, symbols.join(", ")));
    }
    let relro = match elf.relro {
        Relro::None => "no RELRO",
        Relro::Partial => "partial RELRO",
        Relro::Full => "full RELRO",
    };
    let stack = if elf.stack == Stack::Executable { "executable stack" } else { "no executable stack" };
    line("hardening", format!("{relro}, {}, {stack}", if elf.nx { "NX" } else { "no NX" }));
}

fn of_macho(macho: &MachoFacts, line: &mut impl FnMut(&str, String)) {
    for slice in &macho.slices {
        let unknown = || "unknown".to_owned();
        let (min, sdk) =
            (slice.min_os.clone().unwrap_or_else(unknown), slice.sdk.clone().unwrap_or_else(unknown));
        line("macOS", format!("{min} and later, SDK {sdk} ({})", slice.arch));
        line("libraries", list(&slice.dylibs.iter().map(|dylib| dylib.path.clone()).collect::<Vec<_>>()));
        if !slice.rpaths.is_empty() {
            line("rpath", list(&slice.rpaths));
        }
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
        line("signature", format!("{kind}{intact}"));
    }
}

fn of_pe(pe: &PeFacts, line: &mut impl FnMut(&str, String)) {
    line("subsystem", format!("{} {}", pe.subsystem, pe.subsystem_version));
    line("libraries", list(&pe.libraries()));
    let crt = match pe.crt {
        Crt::Static => "static".to_owned(),
        Crt::Dynamic | Crt::DynamicDebug => format!("from {}", list(&pe.crt_dlls)),
    };
    line("C runtime", crt);
    let stamp = if pe.timestamp.reproducible {
        "reproducible".to_owned()
    } else {
        format!("{} s since 1970", pe.timestamp.value)
    };
    line("time stamp", stamp);
    let flags = [(pe.aslr, "ASLR"), (pe.high_entropy_va, "high entropy"), (pe.dep, "DEP"), (pe.cfg, "CFG")];
    let flags: Vec<&str> = flags.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    line("hardening", if flags.is_empty() { "none".to_owned() } else { flags.join(", ") });
    let signature = match (pe.authenticode, &pe.signer) {
        (false, _) => "none".to_owned(),
        (true, None) => "Authenticode".to_owned(),
        (true, Some(signer)) => format!("Authenticode, {signer}"),
    };
    line("signature", signature);
}

fn of_any(facts: &Facts, line: &mut impl FnMut(&str, String)) {
    if let Some(build_id) = &facts.build_id {
        line("build id", build_id.clone());
    }
    if let Some(rustc) = &facts.rustc {
        line("rustc", rustc.version.clone().or_else(|| rustc.source.clone()).unwrap_or_default());
    }
    if let Some(auditable) = &facts.auditable {
        let packages =
            auditable.packages.map_or_else(|| "unreadable".to_owned(), |count| format!("{count} packages"));
        line("auditable", packages);
    }
    for path in facts.paths.found.iter().take(4) {
        let section = path.section.as_deref().unwrap_or("no section");
        line("path", format!("{} at {} ({section})", path.text, path.offset));
    }
    if facts.paths.total > 4 {
        line("path", format!("… {} in all", facts.paths.total));
    }
}

fn list(items: &[impl AsRef<str>]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
