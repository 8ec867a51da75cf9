//! The paths that an archive may have: it must unpack to the same files on every system.

use std::borrow::Cow;
use std::collections::BTreeMap;

use floe_core::untrusted::text;
use icu_normalizer::ComposingNormalizerBorrowed;

/// The paths seen so far in one archive.
#[derive(Default)]
pub(super) struct Names {
    /// Each path by its folded form, and whether it is a file.
    seen: BTreeMap<String, (String, bool)>,
}

impl Names {
    /// Adds a path and the folders above it. A file must not be there already, and neither may differ from another path
    /// only in case, or be both a file and a folder.
    pub(super) fn add(&mut self, path: &str, is_file: bool) -> Result<(), String> {
        path.match_indices('/').try_for_each(|(at, _)| self.add_one(&path[..at], false))?;
        self.add_one(path, is_file)
    }

    fn add_one(&mut self, path: &str, is_file: bool) -> Result<(), String> {
        let Some((other, was_file)) = self.seen.get(&folded(path)) else {
            self.seen.insert(folded(path), (path.to_owned(), is_file));
            return Ok(());
        };
        if other != path {
            return Err(format!("`{path}` and `{other}` differ only in case"));
        }
        match (is_file, *was_file) {
            (false, false) => Ok(()),
            (true, true) => Err(format!("`{path}` is there twice")),
            _ => Err(format!("`{path}` is both a file and a folder")),
        }
    }
}

/// The paths that no archive can hold together, each with the reason.
pub fn conflicts<'p>(paths: impl IntoIterator<Item = &'p String>) -> Vec<(&'p str, String)> {
    let mut names = Names::default();
    let mut why = |path: &'p String| portable(path).and_then(|()| names.add(path, true)).err();
    paths.into_iter().filter_map(|path| Some((path.as_str(), why(path)?))).collect()
}

/// A path as a system that ignores case compares it.
fn folded(path: &str) -> String {
    composed(&path.to_uppercase().to_lowercase()).into_owned()
}

/// The composed spelling of a name (Unicode's NFC). Some systems store the decomposed one.
pub fn composed(name: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(name)
}

/// The longest name of a file on common systems, in bytes.
const NAME_LIMIT: usize = 255;

/// Checks that a path is the same on every system: a relative one of plain components.
pub fn portable(path: &str) -> Result<(), String> {
    let whole = [
        (path.starts_with('/'), "is absolute"),
        (path.contains('\\'), "has a backslash"),
        (
            path.contains(['<', '>', ':', '"', '|', '?', '*']),
            "has a character that Windows does not allow in a name (one of `<>:\"|?*`)",
        ),
        (!path.chars().all(text::is_safe), "has a control or an invisible character"),
        // Systems disagree about which Unicode spellings of a name are the same file.
        (composed(path) != path, "is not spelled in Unicode's composed form (NFC)"),
    ];
    let component = |name: &str| {
        [
            (name == "..", "leaves the folder it is unpacked into"),
            (name.is_empty() || name == ".", "has an empty component"),
            (name.ends_with(['.', ' ']), "has a name that ends in a dot or a space, which Windows drops"),
            (name.len() > NAME_LIMIT, "has a name of more than 255 bytes"),
            (is_reserved(name), "has the name of a device on Windows"),
        ]
    };
    let mut rules = whole.into_iter().chain(path.split('/').flat_map(component));
    match rules.find(|(is_broken, _)| *is_broken) {
        Some((_, why)) => Err(format!("`{}` {why}", text::name(path))),
        None => Ok(()),
    }
}

/// The path of an untrusted entry, if it is the same on every system.
pub(super) fn readable(raw: &[u8]) -> Result<&str, String> {
    let path = str::from_utf8(raw).map_err(|_| format!("`{}` is not UTF-8", text::name(raw)))?;
    let path = path.strip_suffix('/').unwrap_or(path);
    portable(path).map(|()| path)
}

/// Whether a name is a device on Windows, with any extension (Microsoft, "Naming Files, Paths, and Namespaces").
pub fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ').to_ascii_uppercase();
    let number = ["COM", "LPT"].iter().find_map(|device| stem.strip_prefix(device));
    let number: Option<Vec<char>> = number.map(|number| number.chars().collect());
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || matches!(number.as_deref(), Some(['1'..='9' | '¹' | '²' | '³']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_are_the_same_everywhere_are_taken() {
        for path in [
            "tool",
            "a/b.c+d-e_f",
            ".hidden",
            "A/1",
            "a b",
            "README.中文.md",
            "tool@.service",
            "å/é",
            "~$&(),;='[]{}%#!^",
        ] {
            assert_eq!(readable(path.as_bytes()), Ok(path));
        }
        assert_eq!(readable(b"console/com10.nul"), Ok("console/com10.nul"));
        assert_eq!(readable(b"a/b/"), Ok("a/b"));
        for (path, why) in [
            (&b"/etc/passwd"[..], "absolute"),
            (b"", "empty component"),
            (b"..", "leaves"),
            (b"a/../../b", "leaves"),
            (b"a//b", "empty component"),
            (b"./a", "empty component"),
            (b"//", "absolute"),
            (b"a\\..\\b", "backslash"),
            (b"C:/x", "Windows does not allow"),
            (b"a?", "Windows does not allow"),
            (b"a\0b", "control"),
            (b"a\n", "control"),
            ("a\u{202e}b".as_bytes(), "invisible"),
            (b"\xff", "not UTF-8"),
            ("u\u{308}".as_bytes(), "composed form"),
            (b"a/NUL", "device"),
            (b"a/aux.md", "device"),
            (b"con.txt/a", "device"),
            (b"a/lpt9 .x", "device"),
            ("COM\u{b9}".as_bytes(), "device"),
            (b"a./b", "dot or a space"),
            (b"a /b", "dot or a space"),
            ("ä".repeat(128).as_bytes(), "255 bytes"),
        ] {
            let refused = readable(path).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn paths_must_not_collide() {
        let add = |paths: [&str; 2]| {
            let mut names = Names::default();
            paths.iter().try_for_each(|path| names.add(path, true))
        };
        assert_eq!(add(["a/b", "a/c"]), Ok(()));
        assert_eq!(add(["a/b", "a/b"]).unwrap_err(), "`a/b` is there twice");
        assert_eq!(add(["README", "readme"]).unwrap_err(), "`readme` and `README` differ only in case");
        assert_eq!(add(["a/b", "A/c"]).unwrap_err(), "`A` and `a` differ only in case");
        assert_eq!(add(["a/Ä", "a/ä"]).unwrap_err(), "`a/ä` and `a/Ä` differ only in case");
        assert_eq!(
            add(["a/Straße", "a/STRASSE"]).unwrap_err(),
            "`a/STRASSE` and `a/Straße` differ only in case"
        );
        assert_eq!(add(["a", "a/b"]).unwrap_err(), "`a` is both a file and a folder");
        assert_eq!(add(["a/b", "a"]).unwrap_err(), "`a` is both a file and a folder");
    }
}
