//! PE32+: 64-bit Windows executables (Microsoft, "PE Format").

use object::LittleEndian as LE;
use object::pe::{self, ImageDosHeader, ImageNtHeaders64};
use object::read::ReadRef;
use object::read::pe::ImageNtHeaders as _;

use super::{Identity, broken, end};
use crate::{Arch, Format};

pub(super) fn kind<'data, R: ReadRef<'data>>(data: R) -> Result<Identity, String> {
    let dos = ImageDosHeader::parse(data).map_err(broken("DOS header"))?;
    let mut offset = u64::from(dos.nt_headers_offset());
    match object::read::pe::optional_header_magic(data).map_err(broken("PE header"))? {
        pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => {}
        pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => {
            return Err("it is a 32-bit PE file, and no target of floe is 32-bit".to_owned());
        }
        _ => return Err("its PE header is broken (it has no known magic)".to_owned()),
    }
    let (headers, _) = ImageNtHeaders64::parse(data, &mut offset).map_err(broken("PE header"))?;
    let header = headers.file_header();
    let arch = arch(header.machine.get(LE))?;
    let flags = header.characteristics.get(LE).0;
    if flags & pe::IMAGE_FILE_DLL.0 != 0 {
        return Err("it is a DLL, not an executable".to_owned());
    }
    if flags & pe::IMAGE_FILE_EXECUTABLE_IMAGE.0 == 0 {
        return Err("it is a PE file that was not linked, not an executable".to_owned());
    }
    let sections = headers.sections(data, offset).map_err(broken("PE section table"))?;
    let mut extent = offset;
    for section in sections.iter() {
        let (begin, size) = section.pe_file_range();
        if size > 0 {
            extent = extent.max(end("PE section table", begin.into(), size.into())?);
        }
    }
    Ok(Identity { format: Format::Pe, arches: vec![arch], interpreter: None, extent })
}

/// The instruction set of a machine.
pub(crate) fn arch(machine: pe::Machine) -> Result<Arch, String> {
    match machine {
        pe::IMAGE_FILE_MACHINE_AMD64 => Ok(Arch::X86_64),
        pe::IMAGE_FILE_MACHINE_ARM64 => Ok(Arch::Aarch64),
        other => Err(format!("it is a PE file for machine {:#06x}, which no target of floe has", other.0)),
    }
}
