//! Mach-O: 64-bit executables, thin or universal (Apple's `mach-o/loader.h` and `mach-o/fat.h`).

use object::macho::{self, CpuType, MachHeader64};
use object::read::ReadRef;
use object::read::macho::{FatArch, MachHeader as _, MachOFatFile, Segment as _};
use object::{BigEndian, Endianness, U32};

use super::{Identity, broken, end};
use crate::{Arch, Format};

/// More load commands, in bytes, than any linker writes; a file with more is not read on.
pub(crate) const MAX_COMMANDS: u32 = 1024 * 1024;
/// More instruction sets than there ever were; Java's class files have the same magic and a version there.
pub(crate) const MAX_ARCHES: u32 = 30;

pub(super) fn kind<'data, R: ReadRef<'data>>(data: R) -> Result<Identity, String> {
    let (arch, extent) = thin(data, 0)?;
    Ok(Identity { format: Format::Macho, arches: vec![arch], interpreter: None, extent })
}

pub(super) fn universal<'data, Fat: FatArch, R: ReadRef<'data>>(data: R) -> Result<Identity, String> {
    let header = broken("universal Mach-O header");
    let count = data.read_at::<U32<BigEndian>>(4).map(|count| count.get(BigEndian));
    match count {
        Ok(1..=MAX_ARCHES) => {}
        Ok(_) => {
            return Err("it is not an executable of a format that floe knows (ELF, Mach-O, PE)".to_owned());
        }
        Err(()) => return Err("its universal Mach-O header is broken or cut off".to_owned()),
    }
    let file = MachOFatFile::<Fat>::parse(data).map_err(header)?;
    let mut kind = Identity { format: Format::Macho, arches: Vec::new(), interpreter: None, extent: 0 };
    for slice in file.arches() {
        let (offset, size) = slice.file_range();
        let (arch, _) = thin(data, offset)?;
        kind.arches.push(arch);
        kind.extent = kind.extent.max(end("universal Mach-O header", offset, size)?);
    }
    Ok(kind)
}

/// The instruction set and the extent of the Mach-O file that begins at `offset`.
fn thin<'data, R: ReadRef<'data>>(data: R, offset: u64) -> Result<(Arch, u64), String> {
    end("universal Mach-O header", offset, size_of::<MachHeader64<Endianness>>() as u64)?;
    let header = MachHeader64::<Endianness>::parse(data, offset).map_err(broken("Mach-O header"))?;
    let endian = header.endian().map_err(broken("Mach-O header"))?;
    let arch = arch(header.cputype(endian))?;
    match header.filetype(endian) {
        macho::MH_EXECUTE => {}
        macho::MH_OBJECT => return Err("it is a Mach-O object file, not an executable".to_owned()),
        macho::MH_DYLIB => return Err("it is a Mach-O library, not an executable".to_owned()),
        other => return Err(format!("it is a Mach-O file of type {}, not an executable", other.0)),
    }
    if header.sizeofcmds(endian) > MAX_COMMANDS {
        return Err("its list of Mach-O load commands is broken (it is too long)".to_owned());
    }
    let mut commands =
        header.load_commands(endian, data, offset).map_err(broken("list of Mach-O load commands"))?;
    let mut extent = 0;
    while let Some(command) = commands.next().map_err(broken("list of Mach-O load commands"))? {
        if let Some((segment, _)) = command.segment_64().map_err(broken("Mach-O segment"))? {
            let (begin, size) = segment.file_range(endian);
            if size > 0 {
                extent = extent.max(end("Mach-O segment", begin, size)?);
            }
        }
    }
    if extent == 0 {
        return Err("it is a Mach-O file that loads nothing, not an executable".to_owned());
    }
    Ok((arch, end("Mach-O segment", offset, extent)?))
}

/// The instruction set of a CPU type.
pub(crate) fn arch(cpu: CpuType) -> Result<Arch, String> {
    match cpu {
        macho::CPU_TYPE_X86_64 => Ok(Arch::X86_64),
        macho::CPU_TYPE_ARM64 => Ok(Arch::Aarch64),
        other => Err(format!("it is a Mach-O file for CPU type {}, which no target of floe has", other.0)),
    }
}
