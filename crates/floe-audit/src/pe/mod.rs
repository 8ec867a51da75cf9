//! PE32 and PE32+ (Microsoft, "PE Format"): 32-bit and 64-bit Windows programs and DLLs.
//!
//! Addresses are mapped to offsets with the section table, as the Windows loader does.

mod debug;
mod imports;
mod signature;

use object::LittleEndian as LE;
use object::pe::{
    self, ImageDataDirectory, ImageDosHeader, ImageFileHeader, ImageNtHeaders32, ImageNtHeaders64,
    ImageSectionHeader, ImageSymbolBytes,
};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader as _};

use super::error::{Result, cut_off, malformed, of_target, unsupported};
use super::facts::{Mapping, Section, of_format};
use super::headers::Headers;
use super::reader::BinaryReader;
use super::text::{named, printable};
use super::{BinaryKind, Facts, PeFacts, TimeStamp};
use crate::{Arch, Format};

const DIRECTORY: u64 = size_of::<ImageDataDirectory>() as u64;
/// The size of the signature and the file header, which precede the optional header, in bytes.
const FILE_HEADER: u64 = 24;
/// The type of an Authenticode certificate (`WIN_CERT_TYPE_PKCS_SIGNED_DATA`).
const PKCS_SIGNED_DATA: u16 = 2;
/// The size of the header of a certificate (`WIN_CERTIFICATE`), in bytes.
const WIN_CERTIFICATE: u64 = 8;
/// A larger signature is not read for its name, in bytes.
const MAX_SIGNATURE: u64 = 1024 * 1024;
/// The longest name of a section, with its zero byte.
const SECTION_NAME: u64 = 256;

/// `IMAGE_SUBSYSTEM_NATIVE` and others.
const SUBSYSTEMS: &str = "1=native 2=windows_gui 3=windows_cui 7=posix_cui 10=efi_application";

/// Where the parts of an image are in the file.
struct Image<'f> {
    reader: BinaryReader<'f>,
    directories: Vec<ImageDataDirectory>,
    /// The sections, then the headers.
    mappings: Vec<Mapping>,
}

pub(super) fn read<'f>(reader: BinaryReader<'f>) -> Result<Headers<'f>> {
    let part = "PE header";
    let dos: ImageDosHeader = reader.pod("DOS header", 0)?;
    let begin = u64::from(dos.e_lfanew.get(LE));
    // The magic of the optional header decides how large all headers are.
    let magic: object::U16<LE> = reader.pod(part, begin + FILE_HEADER)?;
    match magic.get(LE) {
        pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => of_bits::<ImageNtHeaders64>(reader, begin),
        pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => of_bits::<ImageNtHeaders32>(reader, begin),
        _ => Err(malformed(part, "it has no known magic")),
    }
}

/// Reads a file of 32 or 64 bits, whose headers are at `begin`.
fn of_bits<N: ImageNtHeaders + Copy>(reader: BinaryReader<'_>, begin: u64) -> Result<Headers<'_>> {
    let part = "PE header";
    let nt: N = reader.pod(part, begin)?;
    let (file, optional) = (nt.file_header(), nt.optional_header());
    if nt.signature() != pe::IMAGE_NT_SIGNATURE {
        return Err(malformed(part, "it has no known magic"));
    }
    let arch = arch(file.machine.get(LE), if nt.is_type_64() { 64 } else { 32 })?;
    let characteristics = file.characteristics.get(LE);
    if !characteristics.contains(pe::IMAGE_FILE_EXECUTABLE_IMAGE) {
        return unsupported("it is a PE file that was not linked, not an executable");
    }
    let size = u64::from(file.size_of_optional_header.get(LE));
    let fixed = size_of::<N>() as u64 - FILE_HEADER;
    let room = size.checked_sub(fixed).ok_or_else(|| cut_off(part))? / DIRECTORY;
    let count = room.min(optional.number_of_rva_and_sizes().into());
    let directories = reader.pods("list of PE data directories", begin + FILE_HEADER + fixed, count)?;
    let count = file.number_of_sections.get(LE);
    let table: Vec<ImageSectionHeader> =
        reader.pods("PE section table", begin + FILE_HEADER + size, count.into())?;
    let mut mappings = table.iter().map(|one| mapping(&reader, one)).collect::<Result<Vec<_>>>()?;
    let mut sections = Vec::new();
    for (section, Mapping { offset, size, .. }) in table.iter().zip(&mappings) {
        if *size > 0 {
            let name = section_name(&reader, file, section)?;
            sections.push(Section { name, offset: *offset, size: *size });
        }
    }
    mappings.push(Mapping { address: 0, offset: 0, size: optional.size_of_headers().into() });

    let image = Image { reader, directories, mappings };
    let debug = debug::read(&image)?;
    let (imports, delay_imports) = imports::read(&image)?;
    let (crt, crt_dlls) = imports::crt(imports.iter().chain(&delay_imports));
    let signature = image.authenticode()?;
    let flags = optional.dll_characteristics();
    let (major, minor) = (optional.major_subsystem_version(), optional.minor_subsystem_version());
    let value = file.time_date_stamp.get(LE);
    let pe = PeFacts {
        subsystem: named(optional.subsystem().0.into(), SUBSYSTEMS),
        subsystem_version: format!("{major}.{minor}"),
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
        authenticode: signature.is_some(),
        signer: signature.flatten(),
    };
    let is_library = characteristics.contains(pe::IMAGE_FILE_DLL);
    let kind = if is_library { BinaryKind::Shared } else { BinaryKind::Executable };
    let facts = Facts {
        stripped: file.number_of_symbols.get(LE) == 0,
        build_id: debug.id,
        pe: Some(pe),
        ..of_format(Format::Pe, vec![arch], kind)
    };
    Ok(Headers { facts, sections, has_entry: !is_library, signatures: Vec::new() })
}

fn mapping(reader: &BinaryReader<'_>, section: &ImageSectionHeader) -> Result<Mapping> {
    let (at, size) = (section.pointer_to_raw_data.get(LE), section.size_of_raw_data.get(LE));
    // A section without a place in the file is all zeros, whatever its size.
    if at > 0 {
        reader.within("PE section", at.into(), size.into())?;
    }
    // Bytes after its size in memory are padding.
    let size = match section.virtual_size.get(LE) {
        _ if at == 0 => 0,
        0 => size,
        mapped => size.min(mapped),
    };
    Ok(Mapping { address: section.virtual_address.get(LE).into(), offset: at.into(), size: size.into() })
}

/// A section's name. If it is too long for its field, the field refers to the COFF string table: `/4`.
fn section_name(
    reader: &BinaryReader<'_>,
    file: &ImageFileHeader,
    section: &ImageSectionHeader,
) -> Result<String> {
    let symbols = u64::from(file.pointer_to_symbol_table.get(LE));
    match section.name_offset() {
        Ok(Some(index)) if symbols != 0 => {
            let entry = size_of::<ImageSymbolBytes>() as u64;
            let count = u64::from(file.number_of_symbols.get(LE));
            let at = symbols + count * entry + u64::from(index);
            reader.string("COFF string table", at, at + SECTION_NAME)
        }
        _ => Ok(printable(section.raw_name())),
    }
}

impl Image<'_> {
    /// The address and the size of a data directory, if the file has it.
    pub(super) fn directory(&self, index: usize) -> Option<(u64, u64)> {
        let found = self.directories.get(index)?;
        let (address, size) = (found.virtual_address.get(LE), found.size.get(LE));
        (address != 0).then_some((address.into(), size.into()))
    }

    /// The offset in the file of an address relative to the image, and of the end of its section.
    pub(super) fn offset(&self, part: &str, address: u64) -> Result<(u64, u64)> {
        let found = Mapping::find(&self.mappings, address);
        found.ok_or_else(|| malformed(part, format_args!("address {address:#x} is in no section")))
    }

    /// The signer of an Authenticode signature in the certificate table, if there is one and it names a signer.
    fn authenticode(&self) -> Result<Option<Option<String>>> {
        // This is the only directory whose address is an offset in the file.
        let table = self.directory(pe::IMAGE_DIRECTORY_ENTRY_SECURITY).filter(|(_, size)| *size > 0);
        let Some((at, size)) = table else { return Ok(None) };
        let (reader, part) = (&self.reader, "PE certificate table");
        reader.within(part, at, size)?;
        // dwLength, wRevision, wCertificateType
        let fields: Vec<object::U16<LE>> = reader.pods(part, at, 4)?;
        if fields[3].get(LE) != PKCS_SIGNED_DATA {
            return Ok(None);
        }
        let size = size.min(MAX_SIGNATURE).saturating_sub(WIN_CERTIFICATE);
        let signed = reader.bytes(part, at + WIN_CERTIFICATE, size)?;
        Ok(Some(signature::signer(&signed)))
    }
}

fn arch(machine: pe::Machine, bits: u8) -> Result<Arch> {
    let arch = match machine {
        pe::IMAGE_FILE_MACHINE_AMD64 => Some(Arch::X86_64),
        pe::IMAGE_FILE_MACHINE_ARM64 => Some(Arch::Aarch64),
        pe::IMAGE_FILE_MACHINE_I386 => Some(Arch::X86),
        _ => None,
    };
    of_target(arch, bits, Format::Pe, format_args!("{:#06x}", machine.0))
}
