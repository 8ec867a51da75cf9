//! The DLLs that a PE file imports (Microsoft, "PE Format", "The .idata Section" and "Delay-Load Import Tables").
//!
//! Functions are not listed, because a missing DLL already prevents the start.

use object::LittleEndian as LE;
use object::pe::{self, ImageDelayloadDescriptor, ImageImportDescriptor};
use object::pod::Pod;

use super::Image;
use crate::Crt;
use crate::error::{Result, malformed, too_large};

/// More DLLs than any program imports.
const MAX_DLLS: usize = 4096;

/// The DLLs needed at the start, and those needed at a first call.
pub(super) fn read(image: &Image<'_>) -> Result<(Vec<String>, Vec<String>)> {
    let imports = names(
        image,
        "PE import table",
        pe::IMAGE_DIRECTORY_ENTRY_IMPORT,
        |entry: &ImageImportDescriptor| Ok(entry.name.get(LE)),
    )?;
    let part = "PE delay-load import table";
    let delayed =
        names(image, part, pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, |entry: &ImageDelayloadDescriptor| {
            let (name, attributes) = (entry.dll_name_rva.get(LE), entry.attributes.get(LE));
            match name != 0 && attributes & pe::IMAGE_DELAYLOAD_RVA_BASED == 0 {
                true => Err(malformed(part, "it has absolute addresses")),
                false => Ok(name),
            }
        })?;
    Ok((imports, delayed))
}

/// The names in a table of entries. It ends with an empty entry, whatever size its directory gives.
fn names<T: Pod + Copy>(
    image: &Image<'_>,
    part: &str,
    directory: usize,
    name: impl Fn(&T) -> Result<u32>,
) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let Some((begin, _)) = image.directory(directory) else { return Ok(names) };
    while names.len() <= MAX_DLLS {
        let (at, _) = image.offset(part, begin + names.len() as u64 * size_of::<T>() as u64)?;
        match name(&image.reader.pod(part, at)?)? {
            0 => return Ok(names),
            address => {
                let (at, end) = image.offset(part, address.into())?;
                names.push(image.reader.string(part, at, end)?);
            }
        }
    }
    Err(too_large(part))
}

/// Where the C runtime comes from, and its DLLs among the imports.
pub(super) fn crt<'a>(imports: impl Iterator<Item = &'a String>) -> (Crt, Vec<String>) {
    let found = |dll: &'a String| Some((crt_of_dll(&dll.to_ascii_lowercase())?, dll.clone()));
    let (kinds, dlls): (Vec<Crt>, Vec<String>) = imports.filter_map(found).unzip();
    (kinds.into_iter().max().unwrap_or(Crt::Static), dlls)
}

/// Recognises Microsoft's names: `vcruntime140_1.dll`, `msvcp140.dll`, `msvcr120.dll`, `msvcrt.dll`, `ucrtbase.dll` and its
/// `api-ms-win-crt-*`. A `d` before the dot is the debug runtime.
fn crt_of_dll(dll: &str) -> Option<Crt> {
    let name = dll.strip_suffix(".dll")?;
    if name == "ucrtbase" || name == "msvcrt" || name.starts_with("api-ms-win-crt-") {
        return Some(Crt::Dynamic);
    }
    if name == "ucrtbased" || name == "msvcrtd" {
        return Some(Crt::DynamicDebug);
    }
    let families = ["vcruntime", "msvcp", "msvcr", "concrt"];
    let version = families.iter().find_map(|family| name.strip_prefix(family))?;
    if !version.starts_with(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    Some(if version.ends_with('d') { Crt::DynamicDebug } else { Crt::Dynamic })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crt_of(dlls: &[&str]) -> (Crt, Vec<String>) {
        crt(dlls.iter().map(|dll| (*dll).to_owned()).collect::<Vec<_>>().iter())
    }

    #[test]
    fn the_runtime_is_recognised_by_its_dlls() {
        assert_eq!(crt_of(&["KERNEL32.dll", "ntdll.dll", "bcrypt.dll"]), (Crt::Static, vec![]));
        let (crt, dlls) = crt_of(&["KERNEL32.dll", "VCRUNTIME140.dll", "api-ms-win-crt-heap-l1-1-0.dll"]);
        assert_eq!((crt, dlls.len()), (Crt::Dynamic, 2));
        assert_eq!(crt_of(&["msvcrt.dll", "VCRUNTIME140_1D.dll", "ucrtbase.dll"]).0, Crt::DynamicDebug);
        assert_eq!(crt_of(&["msvcrypt.dll", "msvcp.dll", "vcruntime140"]).0, Crt::Static);
    }
}
