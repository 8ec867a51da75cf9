//! ELF: little-endian, 64-bit executables, with or without an interpreter (System V ABI, "Object Files").

use object::LittleEndian;
use object::elf::{self, FileHeader64, ProgramHeader64};
use object::read::ReadRef;
use object::read::elf::{FileHeader as _, ProgramHeader as _};

use super::{Identity, broken, end};
use crate::{Arch, Format};

/// More program headers than any linker writes; a file with more is not read on.
const MAX_PROGRAM_HEADERS: u16 = 1024;
/// The longest path that Linux takes for an interpreter (`PATH_MAX`).
const MAX_INTERPRETER: u64 = 4096;

pub(super) fn kind<'data, R: ReadRef<'data>>(data: R) -> Result<Identity, String> {
    let arch = arch(data)?;
    let header = FileHeader64::<LittleEndian>::parse(data).map_err(broken("ELF header"))?;
    let endian = LittleEndian;
    if header.e_entry(endian) == 0 {
        return Err("it is an ELF file without an entry point: a library, not an executable".to_owned());
    }
    if header.e_phnum(endian) > MAX_PROGRAM_HEADERS {
        return Err("its ELF program header table is broken (it is too long)".to_owned());
    }
    let segments = header.program_headers(endian, data).map_err(broken("ELF program header table"))?;
    if !segments.iter().any(|segment| segment.p_type(endian) == elf::PT_LOAD) {
        return Err("it is an ELF file that loads nothing, not an executable".to_owned());
    }
    let mut extent = 0;
    for segment in segments.iter().filter(|segment| segment.p_filesz(endian) > 0) {
        extent = extent.max(end("ELF segment", segment.p_offset(endian), segment.p_filesz(endian))?);
    }
    let interpreter = segments.iter().find(|segment| segment.p_type(endian) == elf::PT_INTERP);
    let interpreter = interpreter.map(|segment| interpreter_path(segment, data)).transpose()?;
    Ok(Identity { format: Format::Elf, arches: vec![arch], interpreter, extent })
}

/// The instruction set of what may be an executable or a library, from the file header alone.
pub(crate) fn arch<'data, R: ReadRef<'data>>(data: R) -> Result<Arch, String> {
    let ident = data.read_bytes_at(0, 6).map_err(|()| "its ELF header is broken or cut off".to_owned())?;
    match (ident[4], ident[5]) {
        (1, _) => return Err("it is a 32-bit ELF file, and no target of floe is 32-bit".to_owned()),
        (_, 2) => return Err("it is a big-endian ELF file, and no target of floe is big-endian".to_owned()),
        _ => {}
    }
    let header = FileHeader64::<LittleEndian>::parse(data).map_err(broken("ELF header"))?;
    let endian = header.endian().map_err(broken("ELF header"))?;
    match header.e_type(endian) {
        elf::ET_EXEC | elf::ET_DYN => {}
        elf::ET_REL => return Err("it is an ELF object file, not an executable".to_owned()),
        elf::ET_CORE => return Err("it is an ELF core dump, not an executable".to_owned()),
        other => return Err(format!("it is an ELF file of type {}, not an executable", other.0)),
    }
    match header.e_machine(endian) {
        elf::EM_X86_64 => Ok(Arch::X86_64),
        elf::EM_AARCH64 => Ok(Arch::Aarch64),
        other => Err(format!("it is an ELF file for machine {}, which no target of floe has", other.0)),
    }
}

fn interpreter_path<'data, R: ReadRef<'data>>(
    segment: &ProgramHeader64<LittleEndian>,
    data: R,
) -> Result<String, String> {
    let broken = || "its ELF interpreter is broken or cut off".to_owned();
    let (offset, size) = (segment.p_offset(LittleEndian), segment.p_filesz(LittleEndian));
    if size > MAX_INTERPRETER {
        return Err(broken());
    }
    let bytes = data.read_bytes_at(offset, size).map_err(|()| broken())?;
    let path = bytes.strip_suffix(b"\0").filter(|path| !path.is_empty()).ok_or_else(broken)?;
    Ok(String::from_utf8_lossy(path).into_owned())
}
