//! PE as LLVM's `llvm-readobj` prints it.

use std::path::Path;

use floe_audit::{BinaryKind, Facts};
use floe_core::model::Arch;

use super::{Fields, facts_of, field, number, our_sections_of_paths, output, sections_of_paths};

pub fn ours(facts: &Facts) -> Fields {
    let pe = facts.pe.as_ref().unwrap();
    let mut fields = Fields::new();
    field(&mut fields, "arch", format!("{:?}", facts.arches));
    field(&mut fields, "kind", format!("{:?}", facts.kind));
    field(&mut fields, "stripped", facts.stripped);
    field(&mut fields, "debug_info", facts.debug_info);
    field(&mut fields, "build_id", format!("{:?}", facts.build_id));
    field(&mut fields, "pdb_path", format!("{:?}", pe.pdb_path));
    field(&mut fields, "subsystem", &pe.subsystem);
    field(&mut fields, "subsystem_version", &pe.subsystem_version);
    field(&mut fields, "imports", format!("{:?}", pe.imports));
    field(&mut fields, "delay_imports", format!("{:?}", pe.delay_imports));
    field(&mut fields, "crt_dlls", format!("{:?}", pe.crt_dlls));
    field(&mut fields, "debug_directory", format!("{:?}", pe.debug_directory));
    field(&mut fields, "timestamp", format!("{:#x} {}", pe.timestamp.value, pe.timestamp.reproducible));
    field(&mut fields, "aslr", pe.aslr);
    field(&mut fields, "high_entropy_va", pe.high_entropy_va);
    field(&mut fields, "dep", pe.dep);
    field(&mut fields, "cfg", pe.cfg);
    field(&mut fields, "authenticode", pe.authenticode);
    field(&mut fields, "sections of paths", our_sections_of_paths(facts));
    fields
}

pub fn theirs(readobj: &Path, file: &Path) -> Fields {
    let options = ["--file-headers", "--sections", "--coff-imports", "--coff-debug-directory"];
    let text = output(readobj, &options, file);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let first = |label: &str| lines.iter().find_map(|line| line.strip_prefix(label)).map(str::trim);
    let value = |label: &str| first(label).unwrap_or_else(|| panic!("{file:?}: {label}"));
    let flag = |name: &str| lines.iter().any(|line| line.starts_with(name));
    let mut fields = Fields::new();
    let arch = match value("Machine:") {
        "IMAGE_FILE_MACHINE_AMD64 (0x8664)" => Arch::X86_64,
        "IMAGE_FILE_MACHINE_ARM64 (0xAA64)" => Arch::Aarch64,
        "IMAGE_FILE_MACHINE_I386 (0x14C)" => Arch::X86,
        other => panic!("{other}"),
    };
    field(&mut fields, "arch", format!("{:?}", [arch]));
    let kind = if flag("IMAGE_FILE_DLL ") { BinaryKind::Shared } else { BinaryKind::Executable };
    field(&mut fields, "kind", format!("{kind:?}"));
    field(&mut fields, "stripped", value("SymbolCount:") == "0");
    let subsystem = value("Subsystem: IMAGE_SUBSYSTEM_").split(' ').next().unwrap();
    field(&mut fields, "subsystem", subsystem.to_lowercase());
    let version = [value("MajorSubsystemVersion:"), value("MinorSubsystemVersion:")];
    field(&mut fields, "subsystem_version", version.join("."));
    for (name, label) in [
        ("aslr", "IMAGE_DLL_CHARACTERISTICS_DYNAMIC_BASE"),
        ("high_entropy_va", "IMAGE_DLL_CHARACTERISTICS_HIGH_ENTROPY_VA"),
        ("dep", "IMAGE_DLL_CHARACTERISTICS_NX_COMPAT"),
        ("cfg", "IMAGE_DLL_CHARACTERISTICS_GUARD_CF"),
    ] {
        field(&mut fields, name, flag(label));
    }
    field(&mut fields, "authenticode", number(value("CertificateTableSize:")) > 0);
    let imports = imported(&lines, "Import {");
    let delayed = imported(&lines, "DelayImport {");
    let of_crt = |dll: &&String| {
        let dll = dll.to_lowercase();
        ["vcruntime", "msvcp140", "msvcrt.dll", "ucrtbase", "api-ms-win-crt-"]
            .iter()
            .any(|begin| dll.starts_with(begin))
    };
    field(
        &mut fields,
        "crt_dlls",
        format!("{:?}", imports.iter().chain(&delayed).filter(of_crt).collect::<Vec<_>>()),
    );
    field(&mut fields, "imports", format!("{imports:?}"));
    field(&mut fields, "delay_imports", format!("{delayed:?}"));
    debug(&lines, &mut fields);
    let sections = sections(&lines);
    field(&mut fields, "debug_info", sections.iter().any(|(name, ..)| name == ".debug_info"));
    field(&mut fields, "sections of paths", sections_of_paths(&facts_of(file), &sections));
    fields
}

fn imported(lines: &[&str], begin: &str) -> Vec<String> {
    let pairs = lines.iter().zip(lines.iter().skip(1));
    let names =
        pairs.filter(|(line, _)| **line == begin).map(|(_, next)| next.strip_prefix("Name: ").unwrap());
    names.map(str::to_owned).collect()
}

fn debug(lines: &[&str], fields: &mut Fields) {
    let first = |label: &str| lines.iter().find_map(|line| line.strip_prefix(label)).map(str::trim);
    let kinds: Vec<_> = lines
        .iter()
        .skip_while(|line| !line.starts_with("DebugDirectory"))
        .filter_map(|line| line.strip_prefix("Type: "))
        .map(|kind| match kind.split(' ').next().unwrap() {
            "CodeView" => "codeview".to_owned(),
            "VCFeature" => "vc_feature".to_owned(),
            "POGO" => "pogo".to_owned(),
            "ILTCG" => "iltcg".to_owned(),
            "Repro" => "repro".to_owned(),
            "ExtendedDLLCharacteristics" => "ex_dllcharacteristics".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    let stamp = first("TimeDateStamp:").unwrap();
    let stamp = number(stamp.rsplit_once('(').unwrap().1.trim_end_matches(')'));
    let reproducible = stamp == 0 || stamp == u64::from(u32::MAX) || kinds.iter().any(|kind| kind == "repro");
    field(fields, "timestamp", format!("{stamp:#x} {reproducible}"));
    field(fields, "debug_directory", format!("{kinds:?}"));
    let path = first("PDBFileName:").map(str::to_owned);
    field(fields, "pdb_path", format!("{path:?}"));
    let id = first("PDBGUID:").zip(first("PDBAge:")).map(|(guid, age)| format!("{}-{age}", identifier(guid)));
    field(fields, "build_id", format!("{id:?}"));
}

/// Older releases write the bytes in the order of the file, newer ones the identifier.
fn identifier(text: &str) -> String {
    let Some(bytes) = text.strip_prefix('(') else {
        return text.trim_matches(['{', '}']).to_uppercase();
    };
    let bytes: Vec<_> = bytes.trim_end_matches(')').split(' ').collect();
    let order = [&[3, 2, 1, 0][..], &[5, 4], &[7, 6], &[8, 9], &[10, 11, 12, 13, 14, 15]];
    order.map(|part| part.iter().map(|index| bytes[*index]).collect::<String>()).join("-")
}

fn sections(lines: &[&str]) -> Vec<(String, u64, u64)> {
    let mut sections = Vec::new();
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| **line == "Section {") {
        let get = |label: &str| lines[at..].iter().find_map(|line| line.strip_prefix(label)).unwrap().trim();
        let name = get("Name:").split(' ').next().unwrap().to_owned();
        let size = number(get("RawDataSize:")).min(number(get("VirtualSize:")));
        sections.push((name, number(get("PointerToRawData:")), size));
    }
    sections
}
