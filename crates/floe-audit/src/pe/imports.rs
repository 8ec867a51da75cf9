//! The DLLs a PE file asks for (Microsoft, "PE Format", `.idata` and "Delay-Load Import Tables").
//!
//! Functions are not listed: a missing DLL is what stops a program on a stranger's machine.

use std::io::{Read, Seek};

use object::LittleEndian as LE;
use object::pe::{self, ImageDelayloadDescriptor, ImageImportDescriptor};

use super::Image;
use crate::Crt;
use crate::source::Source;

/// More DLLs than any program asks for.
const MAX_DLLS: usize = 4096;

/// The DLLs asked for at the start, and those asked for on the first call.
pub(super) fn read<S: Read + Seek>(
    source: &mut Source<S>,
    image: &Image,
) -> Result<(Vec<String>, Vec<String>), String> {
    let mut imports = Vec::new();
    let what = "PE import table";
    let size = size_of::<ImageImportDescriptor>() as u64;
    // The table ends with an empty entry, whatever its directory says of its size.
    for index in entries(image, pe::IMAGE_DIRECTORY_ENTRY_IMPORT, size) {
        let (at, _) = image.offset(what, index)?;
        let entry: ImageImportDescriptor = source.pod(what, at)?;
        if entry.name.get(LE) == 0 {
            break;
        }
        imports.push(image.string(source, what, entry.name.get(LE).into())?);
        bounded(what, &imports)?;
    }
    let mut delayed = Vec::new();
    let what = "PE delay-load import table";
    let size = size_of::<ImageDelayloadDescriptor>() as u64;
    for index in entries(image, pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, size) {
        let (at, _) = image.offset(what, index)?;
        let entry: ImageDelayloadDescriptor = source.pod(what, at)?;
        if entry.dll_name_rva.get(LE) == 0 {
            break;
        }
        if entry.attributes.get(LE) & pe::IMAGE_DELAYLOAD_RVA_BASED == 0 {
            return Err(format!("its {what} is broken (it has absolute addresses)"));
        }
        delayed.push(image.string(source, what, entry.dll_name_rva.get(LE).into())?);
        bounded(what, &delayed)?;
    }
    Ok((imports, delayed))
}

/// The addresses of a table's entries, without an end.
fn entries(image: &Image, directory: usize, size: u64) -> impl Iterator<Item = u64> + use<> {
    let begin = image.directory(directory).map(|(address, _)| address);
    begin.into_iter().flat_map(move |begin| (0..).map(move |index| begin + index * size))
}

fn bounded(what: &str, names: &[String]) -> Result<(), String> {
    if names.len() > MAX_DLLS {
        return Err(format!("its {what} is broken (it is larger than any linker writes)"));
    }
    Ok(())
}

/// Where the C runtime comes from, and its DLLs among the imports.
pub(super) fn crt<'a>(imports: impl Iterator<Item = &'a String>) -> (Crt, Vec<String>) {
    let mut crt = Crt::Static;
    let mut dlls = Vec::new();
    for dll in imports {
        match of_crt(&dll.to_ascii_lowercase()) {
            Some(Crt::DynamicDebug) => crt = Crt::DynamicDebug,
            Some(_) if crt == Crt::Static => crt = Crt::Dynamic,
            Some(_) => {}
            None => continue,
        }
        dlls.push(dll.clone());
    }
    (crt, dlls)
}

/// Microsoft's names: `vcruntime140_1.dll`, `msvcp140.dll`, `msvcr120.dll`, `msvcrt.dll`, `ucrtbase.dll` and its
/// `api-ms-win-crt-*`; a `d` before the dot is the debug runtime.
fn of_crt(dll: &str) -> Option<Crt> {
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

    fn told(dlls: &[&str]) -> (Crt, Vec<String>) {
        crt(dlls.iter().map(|dll| (*dll).to_owned()).collect::<Vec<_>>().iter())
    }

    #[test]
    fn the_runtime_is_told_by_its_dlls() {
        assert_eq!(told(&["KERNEL32.dll", "ntdll.dll", "bcrypt.dll"]), (Crt::Static, vec![]));
        let (crt, dlls) = told(&["KERNEL32.dll", "VCRUNTIME140.dll", "api-ms-win-crt-heap-l1-1-0.dll"]);
        assert_eq!((crt, dlls.len()), (Crt::Dynamic, 2));
        assert_eq!(told(&["msvcrt.dll", "VCRUNTIME140_1D.dll", "ucrtbase.dll"]).0, Crt::DynamicDebug);
        assert_eq!(told(&["msvcrypt.dll", "msvcp.dll", "vcruntime140"]).0, Crt::Static);
    }
}
