//! The libraries that are a part of Windows.
//!
//! `windows.txt` holds the names of the libraries in `System32` that a fresh Windows 10 and a fresh Windows 11 have in common,
//! by the listings that `delvewheel` keeps of both, without keyboard layouts and code pages; and those of Windows 11 that later
//! versions of Windows 10 brought and for which `windows-sys` (Microsoft's metadata) or mingw-w64 has an import library. A name
//! without an ending ends in `.dll`.

/// Names that begin so are API sets: contracts that the loader resolves to a library of the Windows that it runs on
/// (Microsoft, "Windows API sets"). The universal C runtime, `api-ms-win-crt-*`, is among them.
const API_SETS: [&str; 2] = ["api-ms-win-", "ext-ms-"];

/// Whether every Windows since 10 has a library. The loader ignores case and adds a missing `.dll`.
pub(crate) fn has_library(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(".dll").unwrap_or(&name);
    API_SETS.iter().any(|set| stem.starts_with(set))
        || include_str!("windows.txt").split_ascii_whitespace().any(|known| known == stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_of_windows_are_known_and_others_are_not() {
        for name in ["combase.dll", "KERNEL32.dll", "kernel32", "WINSPOOL.DRV", "msvcrt.dll", "D3D12.dll"] {
            assert!(has_library(name), "{name}");
        }
        for name in ["api-ms-win-shcore-scaling-l1-1-1.dll", "ext-ms-win-ntuser-window-l1-1-0.dll"] {
            assert!(has_library(name), "{name}");
        }
        for name in ["", ".dll", "winspool", "vcruntime140.dll", "msvcp140.dll", "zlib1.dll", "vulkan-1.dll"]
        {
            assert!(!has_library(name), "{name}");
        }
    }
}
