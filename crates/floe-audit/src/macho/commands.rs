//! The load commands of one slice (Apple's `mach-o/loader.h`).
//!
//! It only lists what they say; what lies elsewhere in the slice is given as a place and is read by others.

use std::io::{Read, Seek};

use object::Endianness;
use object::macho::{self, DylibCommand, SegmentCommand64};
use object::read::macho::{
    LoadCommandData, LoadCommandIterator, LoadCommandVariant, Section as _, Segment as _,
};

use crate::Arch;
use crate::read::Section;
use crate::source::{Source, cut_off, printable};
use crate::{Dylib, DylibLoad, Kind, Signature, SignatureKind, Slice};

/// What the commands of a slice say.
pub(super) struct Commands {
    /// All but what other tables tell: the instruction set, the kind, the symbols and the signature.
    pub(super) slice: Slice,
    pub(super) symbols: Option<LocalSymbols>,
    /// Offset in the slice and size, in bytes.
    pub(super) signature: Option<(u64, u64)>,
    /// Whether something of the file is loaded.
    loads: bool,
}

/// Where the local symbols of a slice are.
pub(super) struct LocalSymbols {
    /// In bytes from the beginning of the file.
    first: u64,
    count: u64,
    /// Where their names begin and end.
    names: (u64, u64),
}

impl Commands {
    /// Reads all commands; the sections and segments with bytes in the file are added to `sections`.
    pub(super) fn read(
        mut all: LoadCommandIterator<'_, Endianness>,
        endian: Endianness,
        (offset, size): (u64, u64),
        sections: &mut Vec<Section>,
    ) -> Result<Commands, String> {
        let mut commands = Commands::new(offset, size);
        let (mut table, mut local) = (None, None);
        let mut segments = Vec::new();
        while let Some(command) = all.next().map_err(broken)? {
            let variant = command.variant().map_err(broken)?;
            match variant {
                LoadCommandVariant::Segment64(segment, data) => {
                    commands.segment(endian, (segment, data), sections, &mut segments)?;
                }
                LoadCommandVariant::Symtab(found) => table = Some(found),
                LoadCommandVariant::Dysymtab(found) => {
                    local = Some((found.ilocalsym.get(endian), found.nlocalsym.get(endian)));
                }
                LoadCommandVariant::LinkeditData(data) if command.cmd() == macho::LC_CODE_SIGNATURE => {
                    let place = (data.dataoff.get(endian).into(), data.datasize.get(endian).into());
                    commands.signature = Some(place);
                }
                other => commands.fact(endian, &command, other)?,
            }
        }
        if !commands.loads {
            return Err("it is a Mach-O file that loads nothing, not an executable".to_owned());
        }
        // Behind all sections, because they lie in segments and are the better name.
        sections.append(&mut segments);
        commands.symbols = table.map(|table| {
            let all = (0, table.nsyms.get(endian));
            let (first, count) = local.unwrap_or(all);
            let names = offset + u64::from(table.stroff.get(endian));
            LocalSymbols {
                first: offset + u64::from(table.symoff.get(endian)) + u64::from(first) * NLIST,
                count: count.min(table.nsyms.get(endian)).into(),
                names: (names, names + u64::from(table.strsize.get(endian))),
            }
        });
        Ok(commands)
    }

    fn new(offset: u64, size: u64) -> Commands {
        let slice = Slice {
            arch: Arch::X86_64,
            kind: Kind::Executable,
            offset,
            size,
            stripped: true,
            debug_info: false,
            uuid: None,
            platform: None,
            min_os: None,
            sdk: None,
            dylinker: None,
            install_name: None,
            dylibs: Vec::new(),
            rpaths: Vec::new(),
            signature: Signature {
                kind: SignatureKind::None,
                identifier: None,
                team: None,
                linker_signed: false,
                hardened_runtime: false,
                intact: None,
                mismatch: None,
            },
        };
        Commands { slice, symbols: None, signature: None, loads: false }
    }

    fn segment(
        &mut self,
        endian: Endianness,
        (segment, data): (&SegmentCommand64<Endianness>, &[u8]),
        sections: &mut Vec<Section>,
        segments: &mut Vec<Section>,
    ) -> Result<(), String> {
        let what = "Mach-O segment";
        let within = |begin: u64, size: u64| match begin.checked_add(size) {
            Some(end) if end <= self.slice.size => Ok(self.slice.offset + begin),
            _ => Err(cut_off(what)),
        };
        let (begin, size) = segment.file_range(endian);
        if size > 0 {
            self.loads = true;
            let name = printable(segment.name());
            segments.push(Section { name, offset: within(begin, size)?, size });
        }
        for section in segment.sections(endian, data).map_err(broken)? {
            let name = format!("{},{}", printable(section.segment_name()), printable(section.name()));
            self.slice.debug_info |=
                matches!(name.as_str(), "__DWARF,__debug_info" | "__DWARF,__zdebug_info");
            if let Some((begin, size)) = section.file_range(endian, section.offset(endian).into())
                && size > 0
            {
                sections.push(Section { name, offset: within(begin, size)?, size });
            }
        }
        Ok(())
    }

    fn fact(
        &mut self,
        endian: Endianness,
        command: &LoadCommandData<'_, Endianness>,
        variant: LoadCommandVariant<'_, Endianness>,
    ) -> Result<(), String> {
        let slice = &mut self.slice;
        let text = |at| command.string(endian, at).map(printable).map_err(broken);
        match variant {
            LoadCommandVariant::Dylib(found) => slice.dylibs.push(dylib(endian, command, found)?),
            LoadCommandVariant::IdDylib(found) => slice.install_name = Some(text(found.dylib.name)?),
            LoadCommandVariant::LoadDylinker(found) => slice.dylinker = Some(text(found.name)?),
            LoadCommandVariant::Rpath(found) => slice.rpaths.push(text(found.path)?),
            LoadCommandVariant::Uuid(found) => slice.uuid = Some(uuid(found.uuid)),
            LoadCommandVariant::BuildVersion(found, _) => {
                slice.platform = Some(platform(found.platform.get(endian).0));
                slice.min_os = Some(version(found.minos.get(endian).0));
                slice.sdk = sdk(found.sdk.get(endian).0);
            }
            LoadCommandVariant::VersionMin(found) => {
                let number = match found.cmd.get(endian) {
                    macho::LC_VERSION_MIN_MACOSX => 1,
                    macho::LC_VERSION_MIN_IPHONEOS => 2,
                    macho::LC_VERSION_MIN_TVOS => 3,
                    _ => 4,
                };
                slice.platform = Some(platform(number));
                slice.min_os = Some(version(found.version.get(endian).0));
                slice.sdk = sdk(found.sdk.get(endian).0);
            }
            _ => {}
        }
        Ok(())
    }
}

const NLIST: u64 = size_of::<macho::Nlist64<Endianness>>() as u64;

impl LocalSymbols {
    /// Whether there are none. Apple's `strip` leaves one of its own, which says which bug it works around.
    pub(super) fn is_stripped<S: Read + Seek>(&self, source: &mut Source<S>) -> Result<bool, String> {
        if self.count > 1 {
            return Ok(false);
        }
        for index in 0..self.count {
            let what = "Mach-O symbol table";
            // The index of the name is the first field; only its bytes are read, for both byte orders of floe's
            // targets are the same.
            let name: object::U32<object::LittleEndian> = source.pod(what, self.first + index * NLIST)?;
            let at = self.names.0 + u64::from(name.get(object::LittleEndian));
            if source.string(what, at, self.names.1)? != "radr://5614542" {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn broken(why: object::read::Error) -> String {
    format!("its list of Mach-O load commands is broken ({why})")
}

fn dylib(
    endian: Endianness,
    command: &LoadCommandData<'_, Endianness>,
    found: &DylibCommand<Endianness>,
) -> Result<Dylib, String> {
    let load = match command.cmd() {
        macho::LC_LOAD_WEAK_DYLIB => DylibLoad::Weak,
        macho::LC_REEXPORT_DYLIB => DylibLoad::Reexport,
        macho::LC_LAZY_LOAD_DYLIB => DylibLoad::Lazy,
        macho::LC_LOAD_UPWARD_DYLIB => DylibLoad::Upward,
        _ => DylibLoad::Load,
    };
    // Linkers for macOS 15 and later may say it with flags behind the command instead.
    let load = match command.dylib_use_flags(endian, found).map_err(broken)? {
        Some(flags) if flags.contains(macho::DYLIB_USE_WEAK_LINK) => DylibLoad::Weak,
        Some(flags) if flags.contains(macho::DYLIB_USE_REEXPORT) => DylibLoad::Reexport,
        Some(flags) if flags.contains(macho::DYLIB_USE_DELAYED_INIT) => DylibLoad::Lazy,
        Some(flags) if flags.contains(macho::DYLIB_USE_UPWARD) => DylibLoad::Upward,
        _ => load,
    };
    Ok(Dylib {
        path: command.string(endian, found.dylib.name).map(printable).map_err(broken)?,
        load,
        current_version: version_of_three(found.dylib.current_version.get(endian).0),
        compatibility_version: version_of_three(found.dylib.compatibility_version.get(endian).0),
    })
}

fn uuid(bytes: [u8; 16]) -> String {
    let mut text = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02X}"));
    }
    text
}

/// `xxxx.yy.zz` in nibbles; a last part that is zero is left out.
fn version(number: u32) -> String {
    match number & 0xff {
        0 => format!("{}.{}", number >> 16, number >> 8 & 0xff),
        patch => format!("{}.{}.{patch}", number >> 16, number >> 8 & 0xff),
    }
}

fn version_of_three(number: u32) -> String {
    format!("{}.{}.{}", number >> 16, number >> 8 & 0xff, number & 0xff)
}

fn sdk(number: u32) -> Option<String> {
    (number != 0).then(|| version(number))
}

fn platform(number: u32) -> String {
    let name = match number {
        1 => "macos",
        2 => "ios",
        3 => "tvos",
        4 => "watchos",
        5 => "bridgeos",
        6 => "maccatalyst",
        7 => "iossimulator",
        8 => "tvossimulator",
        9 => "watchossimulator",
        10 => "driverkit",
        11 => "visionos",
        12 => "visionossimulator",
        other => return other.to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_uuids_are_written_as_apple_does() {
        assert_eq!(version(0x000b_0000), "11.0");
        assert_eq!(version(0x000a_0d04), "10.13.4");
        assert_eq!(version_of_three(0x0547_0000), "1351.0.0");
        assert_eq!(sdk(0), None);
        assert_eq!(uuid([0xab; 16]), "ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB");
        assert_eq!((platform(1), platform(99)), ("macos".to_owned(), "99".to_owned()));
    }
}
