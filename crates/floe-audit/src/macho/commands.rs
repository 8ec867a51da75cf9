//! The header and the load commands of one slice (Apple's `mach-o/loader.h`).

use object::LittleEndian as LE;
use object::macho::{self, DylibCommand, MachHeader64, Nlist64, SegmentCommand64};
use object::read::macho::{LoadCommandData, LoadCommandVariant, MachHeader as _, Section as _, Segment as _};

use super::signature;
use crate::Arch;
use crate::error::{Error, Result, broken, cut_off, malformed, unsupported};
use crate::facts::Section;
use crate::reader::{BinaryReader, printable};
use crate::{BinaryKind, Dylib, DylibLoad, Signature, Slice};

const PART: &str = "list of Mach-O load commands";
/// More load commands, in bytes, than any linker writes.
const MAX_COMMANDS: u32 = 1024 * 1024;

pub(super) struct SliceHeaders {
    /// All facts but those outside the load commands: whether it is stripped, and its signature.
    pub(super) slice: Slice,
    symbols: Option<LocalSymbols>,
    /// Offset in the slice and size, in bytes.
    signature: Option<(u64, u64)>,
}

/// Where the local symbols of a slice are.
struct LocalSymbols {
    /// In bytes from the beginning of the file.
    first: u64,
    count: u64,
    /// Where their names begin and end.
    names: (u64, u64),
}

impl SliceHeaders {
    /// Reads the slice at an offset in the file, both in bytes. Its sections and segments with bytes in the file are added
    /// to `sections`.
    pub(super) fn read(
        reader: &mut BinaryReader<'_>,
        (offset, size): (u64, u64),
        sections: &mut Vec<Section>,
    ) -> Result<SliceHeaders> {
        let header: MachHeader64<LE> = reader.pod("Mach-O header", offset)?;
        if !header.is_supported() {
            return Err(malformed("Mach-O header", "it has no known magic"));
        }
        let slice = Slice {
            arch: arch(header.cputype(LE))?,
            kind: BinaryKind::Shared,
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
            signature: Signature::default(),
        };
        match header.filetype(LE) {
            macho::MH_EXECUTE | macho::MH_DYLIB | macho::MH_BUNDLE => {}
            macho::MH_OBJECT => return unsupported("it is a Mach-O object file, not an executable"),
            other => {
                return unsupported(format!("it is a Mach-O file of type {}, not an executable", other.0));
            }
        }
        if header.sizeofcmds(LE) > MAX_COMMANDS {
            return Err(malformed(PART, "it is too long"));
        }
        let length = size_of::<MachHeader64<LE>>() as u64 + u64::from(header.sizeofcmds(LE));
        if length > size {
            return Err(cut_off(PART));
        }
        let bytes = reader.bytes(PART, offset, length)?;
        let mut headers = SliceHeaders { slice, symbols: None, signature: None };
        headers.read_commands(&header, &bytes, sections)?;
        let slice = &mut headers.slice;
        if header.filetype(LE) == macho::MH_EXECUTE {
            slice.kind = match header.flags(LE).contains(macho::MH_PIE) {
                _ if slice.dylinker.is_none() && slice.dylibs.is_empty() => BinaryKind::Static,
                true => BinaryKind::Pie,
                false => BinaryKind::Executable,
            };
        }
        Ok(headers)
    }

    fn read_commands(
        &mut self,
        header: &MachHeader64<LE>,
        bytes: &[u8],
        sections: &mut Vec<Section>,
    ) -> Result<()> {
        let (mut table, mut local) = (None, None);
        let mut segments = Vec::new();
        for command in header.load_commands(LE, bytes, 0).map_err(broken(PART))? {
            let command = command.map_err(broken(PART))?;
            let slice = &mut self.slice;
            let text = |at| command.string(LE, at).map(printable).map_err(broken(PART));
            match command.variant().map_err(broken(PART))? {
                LoadCommandVariant::Segment64(segment, data) => {
                    self.segment(segment, data, sections, &mut segments)?;
                }
                LoadCommandVariant::Symtab(found) => table = Some(found),
                LoadCommandVariant::Dysymtab(found) => {
                    local = Some((found.ilocalsym.get(LE), found.nlocalsym.get(LE)));
                }
                LoadCommandVariant::LinkeditData(data) if command.cmd() == macho::LC_CODE_SIGNATURE => {
                    self.signature = Some((data.dataoff.get(LE).into(), data.datasize.get(LE).into()));
                }
                LoadCommandVariant::Dylib(found) => slice.dylibs.push(dylib(command, found)?),
                LoadCommandVariant::IdDylib(found) => slice.install_name = Some(text(found.dylib.name)?),
                LoadCommandVariant::LoadDylinker(found) => slice.dylinker = Some(text(found.name)?),
                LoadCommandVariant::Rpath(found) => slice.rpaths.push(text(found.path)?),
                LoadCommandVariant::Uuid(found) => slice.uuid = Some(uuid(found.uuid)),
                LoadCommandVariant::BuildVersion(found, _) => {
                    slice.platform = Some(platform(found.platform.get(LE).0));
                    slice.min_os = Some(version(found.minos.get(LE).0));
                    slice.sdk = sdk(found.sdk.get(LE).0);
                }
                LoadCommandVariant::VersionMin(found) => {
                    let number = match found.cmd.get(LE) {
                        macho::LC_VERSION_MIN_MACOSX => 1,
                        macho::LC_VERSION_MIN_IPHONEOS => 2,
                        macho::LC_VERSION_MIN_TVOS => 3,
                        _ => 4,
                    };
                    slice.platform = Some(platform(number));
                    slice.min_os = Some(version(found.version.get(LE).0));
                    slice.sdk = sdk(found.sdk.get(LE).0);
                }
                _ => {}
            }
        }
        if segments.is_empty() {
            return unsupported("it is a Mach-O file that loads nothing, not an executable");
        }
        // Sections lie in segments and are the better name, so they come first.
        sections.append(&mut segments);
        let offset = self.slice.offset;
        self.symbols = table.map(|table| {
            let all = (0, table.nsyms.get(LE));
            let (first, count) = local.unwrap_or(all);
            let names = offset + u64::from(table.stroff.get(LE));
            LocalSymbols {
                first: offset + u64::from(table.symoff.get(LE)) + u64::from(first) * NLIST,
                count: count.min(table.nsyms.get(LE)).into(),
                names: (names, names + u64::from(table.strsize.get(LE))),
            }
        });
        Ok(())
    }

    fn segment(
        &mut self,
        segment: &SegmentCommand64<LE>,
        data: &[u8],
        sections: &mut Vec<Section>,
        segments: &mut Vec<Section>,
    ) -> Result<()> {
        let part = "Mach-O segment";
        let (slice_offset, slice_size) = (self.slice.offset, self.slice.size);
        let within = |begin: u64, size: u64| match begin.checked_add(size) {
            Some(end) if end <= slice_size => Ok(slice_offset + begin),
            Some(end) => Err(Error::Truncated { part, end, size: slice_size }),
            None => Err(cut_off(part)),
        };
        let (begin, size) = segment.file_range(LE);
        if size > 0 {
            let name = printable(segment.name());
            segments.push(Section { name, offset: within(begin, size)?, size });
        }
        for section in segment.sections(LE, data).map_err(broken(PART))? {
            let name = format!("{},{}", printable(section.segment_name()), printable(section.name()));
            self.slice.debug_info |=
                matches!(name.as_str(), "__DWARF,__debug_info" | "__DWARF,__zdebug_info");
            if let Some((begin, size)) = section.file_range(LE, section.offset(LE).into())
                && size > 0
            {
                sections.push(Section { name, offset: within(begin, size)?, size });
            }
        }
        Ok(())
    }

    pub(super) fn facts(self, reader: &mut BinaryReader<'_>) -> Result<Slice> {
        let mut slice = self.slice;
        if let Some(symbols) = self.symbols {
            slice.stripped = symbols.are_stripped(reader)?;
        }
        if let Some(place) = self.signature {
            slice.signature = signature::read(reader, (slice.offset, slice.size), place)?;
        }
        Ok(slice)
    }
}

const NLIST: u64 = size_of::<Nlist64<LE>>() as u64;

impl LocalSymbols {
    /// Whether there are none. Apple's `strip` leaves one of its own, named after the bug that it works around.
    fn are_stripped(&self, reader: &mut BinaryReader<'_>) -> Result<bool> {
        if self.count > 1 {
            return Ok(false);
        }
        for index in 0..self.count {
            let part = "Mach-O symbol table";
            // The first field is the index of the name.
            let name: object::U32<LE> = reader.pod(part, self.first + index * NLIST)?;
            let at = self.names.0 + u64::from(name.get(LE));
            if reader.string(part, at, self.names.1)? != "radr://5614542" {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn arch(cpu: macho::CpuType) -> Result<Arch> {
    match cpu {
        macho::CPU_TYPE_X86_64 => Ok(Arch::X86_64),
        macho::CPU_TYPE_ARM64 => Ok(Arch::Aarch64),
        other => {
            unsupported(format!("it is a Mach-O file for CPU type {}, which no target of floe has", other.0))
        }
    }
}

fn dylib(command: LoadCommandData<'_, LE>, found: &DylibCommand<LE>) -> Result<Dylib> {
    let load = match command.cmd() {
        macho::LC_LOAD_WEAK_DYLIB => DylibLoad::Weak,
        macho::LC_REEXPORT_DYLIB => DylibLoad::Reexport,
        macho::LC_LAZY_LOAD_DYLIB => DylibLoad::Lazy,
        macho::LC_LOAD_UPWARD_DYLIB => DylibLoad::Upward,
        _ => DylibLoad::Load,
    };
    // Linkers for macOS 15 and later may use flags after the command instead.
    let load = match command.dylib_use_flags(LE, found).map_err(broken(PART))? {
        Some(flags) if flags.contains(macho::DYLIB_USE_WEAK_LINK) => DylibLoad::Weak,
        Some(flags) if flags.contains(macho::DYLIB_USE_REEXPORT) => DylibLoad::Reexport,
        Some(flags) if flags.contains(macho::DYLIB_USE_DELAYED_INIT) => DylibLoad::Lazy,
        Some(flags) if flags.contains(macho::DYLIB_USE_UPWARD) => DylibLoad::Upward,
        _ => load,
    };
    Ok(Dylib {
        path: command.string(LE, found.dylib.name).map(printable).map_err(broken(PART))?,
        load,
        current_version: version_of_three(found.dylib.current_version.get(LE).0),
        compatibility_version: version_of_three(found.dylib.compatibility_version.get(LE).0),
    })
}

fn uuid(bytes: [u8; 16]) -> String {
    let hex = format!("{:032X}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// `xxxx.yy.zz` in nibbles; a last part of zero is left out.
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

/// The platforms by their numbers, from 1 on (`PLATFORM_MACOS` and the following).
const PLATFORMS: &str = "macos ios tvos watchos bridgeos maccatalyst iossimulator tvossimulator watchossimulator driverkit \
     visionos visionossimulator";

fn platform(number: u32) -> String {
    let name = (number as usize).checked_sub(1).and_then(|index| PLATFORMS.split(' ').nth(index));
    name.map_or_else(|| number.to_string(), str::to_owned)
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
