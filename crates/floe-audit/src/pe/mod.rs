//! PE32+: what the Windows loader would do with a file (Microsoft, "PE Format").
//!
//! Addresses are turned into offsets with the section table, as the loader maps them.

mod debug;
mod imports;

use std::io::{Read, Seek};

use object::LittleEndian as LE;
use object::pe::{
    self, ImageDataDirectory, ImageDosHeader, ImageNtHeaders64, ImageSectionHeader, ImageSymbolBytes,
};

use super::identify::pe::arch;
use super::read::{Headers, Section};
use super::source::{Source, cut_off, printable};
use super::{Kind, PeFacts, TimeStamp};

/// The data directories that a header has room for (`IMAGE_NUMBEROF_DIRECTORY_ENTRIES`).
const DIRECTORIES: u32 = 16;
/// The longest name of a section, with its zero byte.
const SECTION_NAME: u64 = 256;

/// The headers that say where everything is.
pub(super) struct Image {
    nt: ImageNtHeaders64,
    directories: Vec<ImageDataDirectory>,
    table: Vec<ImageSectionHeader>,
}

pub(super) fn read<S: Read + Seek>(source: &mut Source<S>) -> Result<(Headers, PeFacts), String> {
    let image = Image::read(source)?;
    let (file, optional) = (&image.nt.file_header, &image.nt.optional_header);
    let arch = arch(file.machine.get(LE))?;
    let sections = image.sections(source)?;
    let flags = optional.dll_characteristics.get(LE);
    let debug = debug::read(source, &image)?;
    let (imports, delay_imports) = imports::read(source, &image)?;
    let (crt, crt_dlls) = imports::crt(imports.iter().chain(&delay_imports));
    let value = file.time_date_stamp.get(LE);
    let facts = PeFacts {
        subsystem: subsystem(optional.subsystem.get(LE)),
        subsystem_version: format!(
            "{}.{}",
            optional.major_subsystem_version.get(LE),
            optional.minor_subsystem_version.get(LE)
        ),
        imports,
        delay_imports,
        crt,
        crt_dlls,
        pdb_path: debug.pdb_path,
        timestamp: TimeStamp { reproducible: debug.reproducible || matches!(value, 0 | u32::MAX), value },
        debug_directory: debug.kinds,
        aslr: flags.contains(pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE),
        high_entropy_va: flags.contains(pe::IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA),
        dep: flags.contains(pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT),
        cfg: flags.contains(pe::IMAGE_DLLCHARACTERISTICS_GUARD_CF),
        authenticode: authenticode(source, &image)?,
    };
    let characteristics = file.characteristics.get(LE);
    if !characteristics.contains(pe::IMAGE_FILE_EXECUTABLE_IMAGE) {
        return Err("it is a PE file that was not linked, not an executable".to_owned());
    }
    let library = characteristics.contains(pe::IMAGE_FILE_DLL);
    let headers = Headers {
        arches: vec![arch],
        kind: if library { Kind::Shared } else { Kind::Executable },
        stripped: file.number_of_symbols.get(LE) == 0,
        build_id: debug.id,
        sections,
    };
    Ok((headers, facts))
}

impl Image {
    fn read<S: Read + Seek>(source: &mut Source<S>) -> Result<Image, String> {
        let dos: ImageDosHeader = source.pod("DOS header", 0)?;
        let begin = u64::from(dos.e_lfanew.get(LE));
        // The signature and the file header stand before the optional header, whose magic tells the rest apart.
        let magic: object::U16<LE> = source.pod("PE header", begin + 24)?;
        match magic.get(LE) {
            pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => {}
            pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => {
                return Err("it is a 32-bit PE file, and no target of floe is 32-bit".to_owned());
            }
            _ => return Err("its PE header is broken (it has no known magic)".to_owned()),
        }
        let nt: ImageNtHeaders64 = source.pod("PE header", begin)?;
        if nt.signature.get(LE) != pe::IMAGE_NT_SIGNATURE {
            return Err("its PE header is broken (it has no known magic)".to_owned());
        }
        let size = u64::from(nt.file_header.size_of_optional_header.get(LE));
        let fixed = (size_of::<ImageNtHeaders64>() - 24) as u64;
        let room = size.checked_sub(fixed).ok_or_else(|| cut_off("PE header"))? / DIRECTORY;
        let count = nt.optional_header.number_of_rva_and_sizes.get(LE).min(DIRECTORIES);
        let directories =
            source.pods("list of PE data directories", begin + 24 + fixed, room.min(count.into()))?;
        let count = nt.file_header.number_of_sections.get(LE);
        let table: Vec<ImageSectionHeader> =
            source.pods("PE section table", begin + 24 + size, count.into())?;
        for section in &table {
            let (at, size) = (section.pointer_to_raw_data.get(LE), section.size_of_raw_data.get(LE));
            // One without a place in the file is all zeros, whatever its size.
            if at > 0 {
                source.within("PE section", at.into(), size.into())?;
            }
        }
        Ok(Image { nt, directories, table })
    }

    /// The address and the size of a data directory, if the file has it.
    pub(super) fn directory(&self, index: usize) -> Option<(u64, u64)> {
        let found = self.directories.get(index)?;
        let (address, size) = (found.virtual_address.get(LE), found.size.get(LE));
        (address != 0).then_some((address.into(), size.into()))
    }

    /// Where in the file an address (relative to the image) is loaded from, and where its section ends in the file.
    pub(super) fn offset(&self, what: &str, address: u64) -> Result<(u64, u64), String> {
        for section in &self.table {
            let (at, size) = file_range(section);
            let distance = address.checked_sub(section.virtual_address.get(LE).into());
            if let Some(distance) = distance.filter(|distance| *distance < size) {
                return Ok((at + distance, at + size));
            }
        }
        let headers = u64::from(self.nt.optional_header.size_of_headers.get(LE));
        if address < headers {
            return Ok((address, headers));
        }
        Err(format!("its {what} is broken (address {address:#x} is in no section)"))
    }

    /// The text at an address.
    pub(super) fn string<S: Read + Seek>(
        &self,
        source: &mut Source<S>,
        what: &str,
        address: u64,
    ) -> Result<String, String> {
        let (at, end) = self.offset(what, address)?;
        source.string(what, at, end)
    }

    fn sections<S: Read + Seek>(&self, source: &mut Source<S>) -> Result<Vec<Section>, String> {
        let mut sections = Vec::new();
        for section in &self.table {
            let (offset, size) = file_range(section);
            if size > 0 {
                sections.push(Section { name: self.section_name(source, section)?, offset, size });
            }
        }
        Ok(sections)
    }

    /// A section's name; where it is too long for its field, that says where in the COFF string table it stands.
    fn section_name<S: Read + Seek>(
        &self,
        source: &mut Source<S>,
        section: &ImageSectionHeader,
    ) -> Result<String, String> {
        let length = section.name.iter().position(|byte| *byte == 0).unwrap_or(section.name.len());
        let name = printable(&section.name[..length]);
        let symbols = u64::from(self.nt.file_header.pointer_to_symbol_table.get(LE));
        match name.strip_prefix('/').map(str::parse::<u32>) {
            Some(Ok(index)) if symbols != 0 => {
                let entry = size_of::<ImageSymbolBytes>() as u64;
                let count = u64::from(self.nt.file_header.number_of_symbols.get(LE));
                let at = symbols + count * entry + u64::from(index);
                source.string("COFF string table", at, at + SECTION_NAME)
            }
            _ => Ok(name),
        }
    }
}

const DIRECTORY: u64 = size_of::<ImageDataDirectory>() as u64;

/// Where a section's bytes are in the file: offset and size. What is behind its size in memory is padding.
fn file_range(section: &ImageSectionHeader) -> (u64, u64) {
    let size = section.size_of_raw_data.get(LE);
    let size = match section.virtual_size.get(LE) {
        0 => size,
        mapped => size.min(mapped),
    };
    match section.pointer_to_raw_data.get(LE) {
        0 => (0, 0),
        at => (at.into(), size.into()),
    }
}

/// Whether the certificate table holds an Authenticode signature (`WIN_CERT_TYPE_PKCS_SIGNED_DATA`).
fn authenticode<S: Read + Seek>(source: &mut Source<S>, image: &Image) -> Result<bool, String> {
    // The one directory whose address is an offset in the file.
    let Some((at, size)) = image.directory(pe::IMAGE_DIRECTORY_ENTRY_SECURITY).filter(|(_, size)| *size > 0)
    else {
        return Ok(false);
    };
    let what = "PE certificate table";
    source.within(what, at, size)?;
    // dwLength, wRevision, wCertificateType
    let fields: Vec<object::U16<LE>> = source.pods(what, at, 4)?;
    Ok(fields[3].get(LE) == 2)
}

fn subsystem(number: pe::Subsystem) -> String {
    let name = match number {
        pe::IMAGE_SUBSYSTEM_NATIVE => "native",
        pe::IMAGE_SUBSYSTEM_WINDOWS_GUI => "windows_gui",
        pe::IMAGE_SUBSYSTEM_WINDOWS_CUI => "windows_cui",
        pe::IMAGE_SUBSYSTEM_POSIX_CUI => "posix_cui",
        pe::IMAGE_SUBSYSTEM_EFI_APPLICATION => "efi_application",
        other => return other.0.to_string(),
    };
    name.to_owned()
}
