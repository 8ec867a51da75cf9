//! The paths that an archive may have: it must unpack to the same files on every system.

use std::collections::BTreeMap;

use floe_core::untrusted::text;

/// The paths seen so far in one archive.
#[derive(Default)]
pub(super) struct Names {
    seen: BTreeMap<String, SeenPath>,
}

struct SeenPath {
    path: String,
    is_file: bool,
}

impl Names {
    /// Adds the path of a regular file. It must not be there already, differ from another one only in case, or be a
    /// folder too.
    pub(super) fn file(&mut self, path: &str) -> Result<(), String> {
        self.parents(path)?;
        self.add(path, true)
    }

    /// Adds the path of a folder, which may come more than once.
    pub(super) fn folder(&mut self, path: &str) -> Result<(), String> {
        self.parents(path)?;
        self.add(path, false)
    }

    fn parents(&mut self, path: &str) -> Result<(), String> {
        path.match_indices('/').try_for_each(|(at, _)| self.add(&path[..at], false))
    }

    fn add(&mut self, path: &str, is_file: bool) -> Result<(), String> {
        let Some(other) = self.seen.get(&path.to_lowercase()) else {
            self.seen.insert(path.to_lowercase(), SeenPath { path: path.to_owned(), is_file });
            return Ok(());
        };
        if other.path != path {
            return Err(format!("`{path}` and `{}` differ only in case", other.path));
        }
        match (is_file, other.is_file) {
            (false, false) => Ok(()),
            (true, true) => Err(format!("`{path}` is there twice")),
            _ => Err(format!("`{path}` is both a file and a folder")),
        }
    }
}

/// Checks a path that is to be written: only components that every system, shell and release page accepts unchanged.
pub(super) fn writable(path: &str) -> Result<(), String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    for component in path.split('/') {
        if component.is_empty()
            || component == "."
            || component == ".."
            || component.ends_with('.')
            || is_reserved(component)
        {
            return Err(format!("`{path}` is not a valid path on every system"));
        }
        if !component.bytes().all(good) {
            return Err(format!(
                "`{path}` has a character other than letters, digits and `._+-`, which is not portable"
            ));
        }
    }
    Ok(())
}

/// The path of an untrusted entry, if it stays below the folder it is unpacked into.
pub(super) fn readable(raw: &[u8]) -> Result<&str, String> {
    let refuse = |why: &str| Err(format!("`{}` {why}", text::name(raw)));
    let Ok(path) = str::from_utf8(raw) else { return refuse("is not UTF-8") };
    if path.starts_with('/') {
        return refuse("is absolute");
    }
    if path.contains('\\') {
        return refuse("has a backslash");
    }
    if path.contains(':') || path.chars().any(char::is_control) {
        return refuse("has a colon or a control character");
    }
    // Systems disagree about which Unicode spellings of a name are the same file.
    if !path.is_ascii() {
        return refuse("has a letter that is not ASCII");
    }
    if path.contains(['<', '>', '"', '|', '?', '*']) {
        return refuse("has a character that is not portable");
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    for component in path.split('/') {
        match component {
            ".." => return refuse("leaves the folder it is unpacked into"),
            "" | "." => return refuse("has an empty component"),
            _ if component.ends_with(['.', ' ']) => {
                return refuse("ends in a dot or a space, which Windows drops");
            }
            _ if is_reserved(component) => return refuse("is the name of a device on Windows"),
            _ => {}
        }
    }
    Ok(path)
}

/// Whether a name is a device on Windows, with any extension (Microsoft, "Naming Files, Paths, and Namespaces").
pub fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ').to_ascii_uppercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_are_written() {
        for path in ["tool", "a/b.c+d-e_f", ".hidden", "A/1"] {
            assert_eq!(writable(path), Ok(()), "{path}");
        }
        for path in [
            "",
            "/a",
            "a/",
            "a//b",
            ".",
            "../a",
            "a b",
            "ü",
            "a\\b",
            "a:b",
            "con.",
            "a\n",
            "nul",
            "a/Com1.md",
        ] {
            assert!(writable(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn only_paths_below_the_folder_are_read() {
        assert_eq!(readable(b"a/b c"), Ok("a/b c"));
        assert_eq!(readable(b"console/com10.nul"), Ok("console/com10.nul"));
        assert_eq!(readable(b"a/b/"), Ok("a/b"));
        for path in [
            &b"/etc/passwd"[..],
            b"..",
            b"a/../../b",
            b"a\\..\\b",
            b"C:/x",
            b"",
            b"a//b",
            b"./a",
            b"a\0b",
            b"\xff",
            "\u{fc}".as_bytes(),
            b"a/NUL",
            b"con.txt/a",
            b"a/lpt9 .x",
            b"a./b",
            b"a /b",
            b"a?",
            b"//",
        ] {
            assert!(readable(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn paths_must_not_collide() {
        let add = |paths: [&str; 2]| {
            let mut names = Names::default();
            paths.iter().try_for_each(|path| names.file(path))
        };
        assert_eq!(add(["a/b", "a/c"]), Ok(()));
        assert_eq!(add(["a/b", "a/b"]).unwrap_err(), "`a/b` is there twice");
        assert_eq!(add(["README", "readme"]).unwrap_err(), "`readme` and `README` differ only in case");
        assert_eq!(add(["a/b", "A/c"]).unwrap_err(), "`A` and `a` differ only in case");
        assert_eq!(add(["a", "a/b"]).unwrap_err(), "`a` is both a file and a folder");
        assert_eq!(add(["a/b", "a"]).unwrap_err(), "`a` is both a file and a folder");
    }
}
