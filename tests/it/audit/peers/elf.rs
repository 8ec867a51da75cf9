//! ELF as binutils' `readelf` prints it.

use std::collections::BTreeMap;
use std::path::Path;

use floe_audit::{BinaryKind, Facts, Relro, Stack};
use floe_core::model::Arch;

use super::{Fields, facts_of, field, our_sections_of_paths, output, sections_of_paths};

pub fn ours(facts: &Facts) -> Fields {
    let elf = facts.elf.as_ref().unwrap();
    let mut fields = Fields::new();
    field(&mut fields, "arch", format!("{:?}", facts.arches));
    field(&mut fields, "float_abi", elf.float_abi.map_or("none".to_owned(), |abi| abi.to_string()));
    field(&mut fields, "kind", format!("{:?}", facts.kind));
    field(&mut fields, "stripped", facts.stripped);
    field(&mut fields, "debug_info", facts.debug_info);
    field(&mut fields, "build_id", format!("{:?}", facts.build_id));
    field(
        &mut fields,
        "rustc",
        format!("{:?}", facts.rustc.as_ref().and_then(|rustc| rustc.version.clone())),
    );
    field(&mut fields, "interpreter", format!("{:?}", elf.interpreter));
    field(&mut fields, "soname", format!("{:?}", elf.soname));
    field(&mut fields, "needed", format!("{:?}", elf.needed));
    field(&mut fields, "rpath", elf.rpath.join(":"));
    field(&mut fields, "runpath", elf.runpath.join(":"));
    field(&mut fields, "stack", format!("{:?}", elf.stack));
    field(&mut fields, "nx", elf.nx);
    field(&mut fields, "relro", format!("{:?}", elf.relro));
    for need in elf.floors.values().flat_map(|floor| &floor.needs).chain(&elf.unnumbered) {
        let mut names: Vec<_> = need
            .symbols
            .iter()
            .map(|symbol| format!("{}{}", symbol.name, if symbol.weak { " weak" } else { "" }))
            .collect();
        names.sort();
        let weak = if need.weak { " WEAK" } else { "" };
        let value = format!("{}{weak}: {}", need.symbol_count, names.join(", "));
        field(&mut fields, &format!("needs {} of {}", need.version, need.library), value);
    }
    for (family, floor) in &elf.floors {
        field(&mut fields, &format!("floor {family}"), &floor.version);
    }
    field(&mut fields, "sections of paths", our_sections_of_paths(facts));
    fields
}

pub fn theirs(readelf: &Path, file: &Path) -> Fields {
    let text = output(readelf, &["-W", "-h", "-l", "-S", "-d", "-n", "-V", "--dyn-syms"], file);
    let mut fields = Fields::new();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let after = |begin: &str| lines.iter().find_map(|line| line.strip_prefix(begin)).map(str::trim);
    let arch = match after("Machine:").unwrap() {
        "Advanced Micro Devices X86-64" => Arch::X86_64,
        "AArch64" => Arch::Aarch64,
        "ARM" => Arch::Arm,
        "RISC-V" => Arch::Riscv64,
        other => panic!("{other}"),
    };
    field(&mut fields, "arch", format!("{:?}", [arch]));
    let flags = after("Flags:").unwrap();
    let abis = ["soft", "hard", "single", "double", "quad"];
    let abi = abis.into_iter().find(|abi| flags.contains(&format!("{abi}-float ABI")));
    field(&mut fields, "float_abi", abi.unwrap_or("none"));
    let tagged = |tag: &str| -> Vec<String> {
        let lines = lines.iter().filter(|line| line.contains(&format!("({tag})")));
        lines.filter_map(|line| Some(line.split_once('[')?.1.strip_suffix(']')?.to_owned())).collect()
    };
    let interpreter =
        after("[Requesting program interpreter:").map(|rest| rest.trim_end_matches(']').to_owned());
    let needed = tagged("NEEDED");
    let asks = interpreter.is_some() || !needed.is_empty();
    let kind = match (after("Type:").unwrap(), asks) {
        ("EXEC (Executable file)", true) => BinaryKind::Executable,
        ("EXEC (Executable file)", false) => BinaryKind::Static,
        ("DYN (Position-Independent Executable file)", true) => BinaryKind::Pie,
        ("DYN (Position-Independent Executable file)", false) => BinaryKind::StaticPie,
        ("DYN (Shared object file)", _) => BinaryKind::Shared,
        (other, _) => panic!("{other}"),
    };
    field(&mut fields, "kind", format!("{kind:?}"));
    field(&mut fields, "interpreter", format!("{interpreter:?}"));
    field(&mut fields, "soname", format!("{:?}", tagged("SONAME").pop()));
    field(&mut fields, "needed", format!("{needed:?}"));
    field(&mut fields, "rpath", tagged("RPATH").join(":"));
    field(&mut fields, "runpath", tagged("RUNPATH").join(":"));
    let id = lines.iter().find_map(|line| line.split_once("Build ID: ")).map(|(_, id)| id.trim());
    field(&mut fields, "build_id", format!("{:?}", id.map(str::to_owned)));
    hardening(&lines, &mut fields);
    needs(&lines, &mut fields);
    let sections = sections(&lines);
    let named = |name: &str| sections.iter().any(|(other, ..)| other == name);
    field(&mut fields, "stripped", !named(".symtab"));
    field(&mut fields, "debug_info", named(".debug_info"));
    field(&mut fields, "sections of paths", sections_of_paths(&facts_of(file), &sections));
    let comment = if named(".comment") { output(readelf, &["-p", ".comment"], file) } else { String::new() };
    let rustc =
        comment.lines().find_map(|line| line.split_once("rustc version ")).map(|(_, rest)| rest.trim());
    field(&mut fields, "rustc", format!("{:?}", rustc.map(str::to_owned)));
    fields
}

fn hardening(lines: &[&str], fields: &mut Fields) {
    // Type, offset, two addresses, two sizes, and flags that may have spaces, before the alignment.
    let flags = |kind: &'static str| {
        let segments = lines.iter().filter(move |line| line.split_whitespace().next() == Some(kind));
        segments.filter_map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            (words.len() > 7).then(|| words[6..words.len() - 1].concat())
        })
    };
    let stack = match flags("GNU_STACK").next() {
        None => Stack::Unsaid,
        Some(flags) if flags.contains('E') => Stack::Executable,
        Some(_) => Stack::NotExecutable,
    };
    let mixed = flags("LOAD").any(|flags| flags.contains('W') && flags.contains('E'));
    field(fields, "stack", format!("{stack:?}"));
    field(fields, "nx", stack == Stack::NotExecutable && !mixed);
    let dynamic = |tag: &str, word: &str| {
        lines.iter().any(|line| {
            line.contains(&format!("({tag})")) && line.split_whitespace().any(|part| part == word)
        })
    };
    let now = dynamic("FLAGS", "BIND_NOW") || dynamic("FLAGS_1", "NOW") || dynamic("BIND_NOW", "(BIND_NOW)");
    let relro = match (flags("GNU_RELRO").next(), now) {
        (None, _) => Relro::None,
        (Some(_), false) => Relro::Partial,
        (Some(_), true) => Relro::Full,
    };
    field(fields, "relro", format!("{relro:?}"));
}

/// `0x0010: Version: 1  File: libc.so.6  Cnt: 4` and `0x0020: Name: GLIBC_2.4  Flags: none  Version: 5`, and symbols as
/// `name@GLIBC_2.4 (5)`.
fn needs(lines: &[&str], fields: &mut Fields) {
    let word_after = |line: &str, label: &str| {
        let rest = line.split_once(label)?.1;
        rest.split_whitespace().next().map(str::to_owned)
    };
    let mut library = String::new();
    let mut needs = BTreeMap::new();
    for line in lines.iter().skip_while(|line| !line.starts_with("Version needs section")) {
        if let Some(file) = word_after(line, "File: ") {
            library = file;
        } else if let (Some(name), Some(index)) =
            (word_after(line, " Name: "), word_after(line, " Version: "))
        {
            let weak = line.contains("Flags: WEAK");
            needs.insert(index, (name, library.clone(), weak, Vec::new()));
        }
    }
    let mut floors = BTreeMap::<String, Vec<(Vec<u32>, String)>>::new();
    let symbols = lines.iter().skip_while(|line| !line.starts_with("Symbol table '.dynsym'"));
    for line in symbols.take_while(|line| !line.starts_with("Version")) {
        let words: Vec<_> = line.split_whitespace().collect();
        let [.., symbol, index] = words[..] else { continue };
        let (Some((name, _)), Some(index)) = (symbol.split_once('@'), index.strip_prefix('(')) else {
            continue;
        };
        let Some(need) = needs.get_mut(index.trim_end_matches(')')) else { continue };
        need.3.push(format!("{name}{}", if words[4] == "WEAK" { " weak" } else { "" }));
    }
    for (version, library, weak, mut symbols) in needs.into_values() {
        let count = symbols.len();
        symbols.truncate(32);
        symbols.sort();
        let weak = if weak { " WEAK" } else { "" };
        let value = format!("{count}{weak}: {}", symbols.join(", "));
        field(fields, &format!("needs {version} of {library}"), value);
        if let Some((family, number)) = version.rsplit_once('_')
            && let Ok(numbers) = number.split('.').map(str::parse).collect::<Result<_, _>>()
        {
            floors.entry(family.to_owned()).or_default().push((numbers, number.to_owned()));
        }
    }
    for (family, numbers) in floors {
        field(fields, &format!("floor {family}"), &numbers.iter().max().unwrap().1);
    }
}

/// `[ 1] .name TYPE address offset size …`
fn sections(lines: &[&str]) -> Vec<(String, u64, u64)> {
    let mut sections = Vec::new();
    for line in lines.iter().filter(|line| line.starts_with('[')) {
        let Some((_, rest)) = line.split_once(']') else { continue };
        let words: Vec<_> = rest.split_whitespace().collect();
        if words.len() > 5 && words[1] != "NOBITS" {
            let numbers = [words[3], words[4]].map(|digits| u64::from_str_radix(digits, 16));
            if let [Ok(offset), Ok(size)] = numbers {
                sections.push((words[0].to_owned(), offset, size));
            }
        }
    }
    sections
}
