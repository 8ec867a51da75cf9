//! The header and the load commands of one slice (Apple's `mach-o/loader.h`).

use object::LittleEndian as LE;
use object::macho::{
    self, DylibCommand, DysymtabCommand, MachHeader64, Nlist64, SegmentCommand64, SymtabCommand, Version,
};
use object::read::macho::{LoadCommandData, LoadCommandVariant, MachHeader as _, Section as _, Segment as _};

use super::signature::SignaturePlace;
use crate::Arch;
use crate::error::{Result, broken, malformed, unsupported};
use crate::facts::Section;
use crate::reader::BinaryReader;
use crate::text::{named, printable, uuid};
use crate::{BinaryKind, Dylib, DylibLoad, Slice, SliceSignature};

const PART: &str = "list of Mach-O load commands";
/// More load commands, in bytes, than any linker writes.
const MAX_COMMANDS: u32 = 1024 * 1024;

/// The load commands of a slice.
pub(super) struct SliceHeaders<'f> {
    /// Of the slice alone.
    reader: BinaryReader<'f>,
    /// All facts but the signature.
    pub(super) slice: Slice,
    pub(super) signature: Option<SignaturePlace<'f>>,
    /// The sections and the segments with bytes in the file.
    pub(super) sections: Vec<Section>,
    pub(super) segments: Vec<Section>,
}

impl<'f> SliceHeaders<'f> {
    pub(super) fn read(reader: BinaryReader<'f>) -> Result<SliceHeaders<'f>> {
        let header: MachHeader64<LE> = reader.pod("Mach-O header", 0)?;
        if !header.is_supported() {
            return Err(malformed("Mach-O header", "it has no known magic"));
        }
        let slice = Slice {
            arch: arch(header.cputype(LE))?,
            kind: BinaryKind::Shared,
            offset: reader.begin,
            size: reader.size,
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
            signature: SliceSignature::default(),
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
        let bytes = reader.bytes(PART, 0, length)?;
        let (sections, segments) = (Vec::new(), Vec::new());
        let mut headers = SliceHeaders { reader, slice, signature: None, sections, segments };
        headers.read_commands(&header, &bytes)?;
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

    fn read_commands(&mut self, header: &MachHeader64<LE>, bytes: &[u8]) -> Result<()> {
        let (mut symbols, mut local) = (None, None);
        for command in header.load_commands(LE, bytes, 0).map_err(broken(PART))? {
            let command = command.map_err(broken(PART))?;
            let slice = &mut self.slice;
            let text = |at| command.string(LE, at).map(printable).map_err(broken(PART));
            match command.variant().map_err(broken(PART))? {
                LoadCommandVariant::Segment64(segment, data) => self.read_segment(segment, data)?,
                LoadCommandVariant::Symtab(found) => symbols = Some(found),
                LoadCommandVariant::Dysymtab(found) => local = Some(found),
                LoadCommandVariant::LinkeditData(data) if command.cmd() == macho::LC_CODE_SIGNATURE => {
                    let (offset, size) = (data.dataoff.get(LE).into(), data.datasize.get(LE).into());
                    self.signature = Some(SignaturePlace { slice: self.reader.clone(), offset, size });
                }
                LoadCommandVariant::Dylib(found) => slice.dylibs.push(dylib(command, found)?),
                LoadCommandVariant::IdDylib(found) => slice.install_name = Some(text(found.dylib.name)?),
                LoadCommandVariant::LoadDylinker(found) => slice.dylinker = Some(text(found.name)?),
                LoadCommandVariant::Rpath(found) => slice.rpaths.push(text(found.path)?),
                LoadCommandVariant::Uuid(found) => slice.uuid = Some(uuid(found.uuid)),
                LoadCommandVariant::BuildVersion(found, _) => {
                    let number = found.platform.get(LE).0;
                    set_platform(slice, number, found.minos.get(LE), found.sdk.get(LE));
                }
                LoadCommandVariant::VersionMin(found) => {
                    let number = match found.cmd.get(LE) {
                        macho::LC_VERSION_MIN_MACOSX => 1,
                        macho::LC_VERSION_MIN_IPHONEOS => 2,
                        macho::LC_VERSION_MIN_TVOS => 3,
                        _ => 4,
                    };
                    set_platform(slice, number, found.version.get(LE), found.sdk.get(LE));
                }
                _ => {}
            }
        }
        if self.segments.is_empty() {
            return unsupported("it is a Mach-O file that loads nothing, not an executable");
        }
        if let Some(symbols) = symbols {
            self.slice.stripped = self.is_stripped(symbols, local)?;
        }
        Ok(())
    }

    fn read_segment(&mut self, segment: &SegmentCommand64<LE>, data: &[u8]) -> Result<()> {
        let part = "Mach-O segment";
        let (begin, size) = segment.file_range(LE);
        if size > 0 {
            self.reader.within(part, begin, size)?;
            let (name, offset) = (printable(segment.name()), self.reader.begin + begin);
            self.segments.push(Section { name, offset, size });
        }
        for section in segment.sections(LE, data).map_err(broken(PART))? {
            let name = format!("{},{}", printable(section.segment_name()), printable(section.name()));
            self.slice.debug_info |=
                matches!(name.as_str(), "__DWARF,__debug_info" | "__DWARF,__zdebug_info");
            if let Some((begin, size)) = section.file_range(LE, section.offset(LE).into())
                && size > 0
            {
                self.reader.within(part, begin, size)?;
                self.sections.push(Section { name, offset: self.reader.begin + begin, size });
            }
        }
        Ok(())
    }

    /// Whether it has no local symbols. Apple's `strip` leaves one of its own, named after the bug that it works around.
    fn is_stripped(&self, symbols: &SymtabCommand<LE>, local: Option<&DysymtabCommand<LE>>) -> Result<bool> {
        let all = symbols.nsyms.get(LE);
        let local = local.map(|local| (local.ilocalsym.get(LE), local.nlocalsym.get(LE)));
        let (first, count) = local.unwrap_or((0, all));
        let count = count.min(all);
        if count != 1 {
            return Ok(count == 0);
        }
        let part = "Mach-O symbol table";
        let at = u64::from(symbols.symoff.get(LE)) + u64::from(first) * size_of::<Nlist64<LE>>() as u64;
        // The first field is the index of the name.
        let name: object::U32<LE> = self.reader.pod(part, at)?;
        let names = u64::from(symbols.stroff.get(LE));
        let end = names + u64::from(symbols.strsize.get(LE));
        Ok(self.reader.string(part, names + u64::from(name.get(LE)), end)? == "radr://5614542")
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
        current_version: found.dylib.current_version.get(LE).to_string(),
        compatibility_version: found.dylib.compatibility_version.get(LE).to_string(),
    })
}

/// `PLATFORM_MACOS` and the following.
const PLATFORMS: &str = "1=macos 2=ios 3=tvos 4=watchos 5=bridgeos 6=maccatalyst 7=iossimulator 8=tvossimulator \
     9=watchossimulator 10=driverkit 11=visionos 12=visionossimulator";

fn set_platform(slice: &mut Slice, number: u32, min_os: Version, sdk: Version) {
    slice.platform = Some(named(number, PLATFORMS));
    slice.min_os = Some(version(min_os));
    slice.sdk = (sdk.0 != 0).then(|| version(sdk));
}

/// A last part of zero is left out.
fn version(number: Version) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_as_apple_does() {
        assert_eq!(version(Version(0x000b_0000)), "11.0");
        assert_eq!(version(Version(0x000a_0a00)), "10.10");
        assert_eq!(version(Version(0x000a_0d04)), "10.13.4");
        assert_eq!(version(Version(0x000b_000a)), "11.0.10");
    }
}
