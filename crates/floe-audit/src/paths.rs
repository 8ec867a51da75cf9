//! Which texts are paths of a builder's machine, and where they end.
//!
//! A marker such as `/home/` is only the beginning: a plausible name and something below it must follow, and what
//! stands before must not make it the middle of a longer path or of an address. Rust lays texts side by side without a
//! separator, so a letter before a marker says nothing; the end of a source file's name does.

use super::PathKind;

/// How much of a path is kept, in bytes.
const TEXT: usize = 200;
/// The longest name of a person or a folder that is believed, in bytes.
const NAME: usize = 64;
/// The letters and digits of a Nix store hash: 32 of these. A reference that was removed has `e`s there, which the
/// alphabet has not, and leads nowhere.
const NIX_ALPHABET: &[u8] = b"0123456789abcdfghijklmnpqrsvwxyz";
/// Folders that every machine of a kind has; programs ask for them by name.
const OF_EVERYBODY: [&str; 5] = [
    "/home/linuxbrew/",
    "/Users/Shared/",
    "C:\\Users\\Public\\",
    "C:\\Users\\Default\\",
    "C:\\Users\\All Users\\",
];
/// What only a builder's path has below it.
const OF_BUILDERS: [&str; 6] =
    ["/.cargo/", "/.rustup/", "/registry/src/", "/cargo-vendor-dir/", "/build/source/", "/nix-build-"];
/// Ends of source files' names, behind which another path may begin at once.
const SOURCES: [&str; 9] = [".rs", ".c", ".cc", ".cpp", ".h", ".hpp", ".inc", ".s", ".S"];
/// Where another path begins behind one.
const ROOTS: [&str; 11] = [
    "/home/",
    "/Users/",
    "/root/",
    "/nix/",
    "/rustc/",
    "/build/",
    "/builds/",
    "/tmp/",
    "/usr/",
    "/cargo/",
    "/private/",
];

/// The folders that have a marker of their own.
const MARKED: [&str; 12] = [
    "/nix/store/",
    "/home/",
    "/Users/",
    "/root/",
    "/build/",
    "/builds/",
    "/__w/",
    "/tmp/",
    "/private/tmp/",
    "/var/tmp/",
    "/var/folders/",
    "/github/workspace/",
];

/// A text whose surroundings are worth reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    NixStore,
    Home,
    Users,
    Root,
    WindowsUsers,
    /// The folder of the Nix sandbox.
    Build,
    /// GitLab's.
    Builds,
    /// GitHub's, in containers.
    Workspace,
    /// GitHub's, on Windows.
    WindowsWorkspace,
    Tmp,
    VarFolders,
    /// GitHub's, in containers.
    Github,
    /// Cargo's folder of sources, wherever that is.
    DotCargo,
    /// The same, as images of the Rust project have it in `/usr/local`.
    Cargo,
    /// Not a builder's: the standard library's sources, as its paths have it.
    Rustc,
}

/// A path of a builder's machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) kind: PathKind,
    /// How many bytes before the marker it begins.
    pub(super) lead: usize,
    pub(super) text: String,
}

impl Marker {
    pub(super) const ALL: [Marker; 15] = [
        Marker::NixStore,
        Marker::Home,
        Marker::Users,
        Marker::Root,
        Marker::WindowsUsers,
        Marker::Build,
        Marker::Builds,
        Marker::Workspace,
        Marker::WindowsWorkspace,
        Marker::Tmp,
        Marker::VarFolders,
        Marker::Github,
        Marker::DotCargo,
        Marker::Cargo,
        Marker::Rustc,
    ];

    pub(super) fn text(self) -> &'static str {
        match self {
            Marker::NixStore => "/nix/store/",
            Marker::Home => "/home/",
            Marker::Users => "/Users/",
            Marker::Root => "/root/",
            Marker::WindowsUsers => ":\\Users\\",
            Marker::Build => "/build/",
            Marker::Builds => "/builds/",
            Marker::Workspace => "/__w/",
            Marker::WindowsWorkspace => ":\\a\\",
            Marker::Tmp => "/tmp/",
            Marker::VarFolders => "/var/folders/",
            Marker::Github => "/github/workspace/",
            Marker::DotCargo => "/.cargo/registry/src/",
            Marker::Cargo => "/cargo/registry/src/",
            Marker::Rustc => "/rustc",
        }
    }
}

/// Reads the path at a marker, which `behind` begins with; `before` ends where that begins.
pub(super) fn read(marker: Marker, before: &[u8], behind: &[u8]) -> Option<Hit> {
    let below = behind.strip_prefix(marker.text().as_bytes())?;
    let (kind, lead) = match marker {
        Marker::NixStore => {
            let hash = below.get(..33)?;
            (hash[..32].iter().all(|byte| NIX_ALPHABET.contains(byte)) && hash[32] == b'-').then_some(())?;
            (PathKind::NixStore, 0)
        }
        Marker::WindowsUsers | Marker::WindowsWorkspace => {
            before.last().filter(|byte| byte.is_ascii_alphabetic())?;
            two_deep(below, b'\\', b" ")?;
            let home = marker == Marker::WindowsUsers;
            (if home { PathKind::Home } else { PathKind::Build }, 1)
        }
        Marker::Users
            if before.ends_with(b":") && before.iter().nth_back(1).is_some_and(u8::is_ascii_alphabetic) =>
        {
            two_deep(below, b'/', b" ")?;
            (PathKind::Home, 2)
        }
        Marker::Home | Marker::Users | Marker::Root => {
            two_deep(below, b'/', b"")?;
            let person = if marker == Marker::Root { 0 } else { memchr::memchr(b'/', below)? + 1 };
            (begins(before) || below[person..].starts_with(b".cargo/registry/")).then_some(())?;
            (PathKind::Home, 0)
        }
        Marker::Tmp | Marker::VarFolders => {
            two_deep(below, b'/', b"")?;
            let above =
                ["/private/var", "/private", "/var"].iter().find(|above| before.ends_with(above.as_bytes()));
            let lead = above.map_or(0, |above| above.len());
            surely_begins(&before[..before.len() - lead], behind).then_some(())?;
            let nix = below.starts_with(b"nix-build-");
            (if nix { PathKind::Build } else { PathKind::Temporary }, lead)
        }
        Marker::Build | Marker::Builds | Marker::Workspace | Marker::Github => {
            two_deep(below, b'/', b"")?;
            surely_begins(before, behind).then_some(())?;
            (PathKind::Build, 0)
        }
        Marker::DotCargo | Marker::Cargo => {
            // A registry's folder and a crate's in it; without them it is a text that speaks of such paths.
            two_deep(below, b'/', b"")?;
            (PathKind::Build, lead_of_cargo(before)?)
        }
        Marker::Rustc => return None,
    };
    let whole = [&before[before.len() - lead..], behind].concat();
    let text = text(&whole, if whole.get(1) == Some(&b':') { b" " } else { b"" });
    (!OF_EVERYBODY.iter().any(|folder| text.starts_with(folder))).then_some(Hit { kind, lead, text })
}

/// What stands behind `/rustc/`: a commit, or a version as in `/rustc-1.75.0-src/` where a distribution built it.
pub(super) fn rustc_source(behind: &[u8]) -> Option<String> {
    let name =
        behind.strip_prefix(b"/rustc")?.strip_prefix(b"/").or_else(|| behind.strip_prefix(b"/rustc-"))?;
    let length = name.iter().position(|byte| matches!(byte, b'/' | b'\\'))?;
    let name = std::str::from_utf8(&name[..length.min(NAME)]).ok()?;
    let name = name.strip_suffix("-src").unwrap_or(name);
    let commit = name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut numbers = name.split(['.', '-']);
    let number = |part: Option<&str>| part.is_some_and(|part| part.parse::<u16>().is_ok());
    let version = number(numbers.next()) && number(numbers.next()) && number(numbers.next());
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    (commit || version && plain).then(|| name.to_owned())
}

/// A name, a separator, and something below it.
fn two_deep(below: &[u8], separator: u8, also: &[u8]) -> Option<()> {
    let part = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'@')
            || also.contains(&byte)
    };
    let length = below.iter().position(|byte| !part(*byte))?;
    let (name, rest) = below.split_at(length);
    let named = name.iter().any(u8::is_ascii_alphanumeric) && length <= NAME;
    // The first byte is the separator, the next one begins a name.
    (named && rest[0] == separator && rest.get(1).is_some_and(|byte| part(*byte))).then_some(())
}

/// How many bytes of this belong to the path of Cargo's folder behind it; none where that lies in a folder that has a
/// marker of its own.
fn lead_of_cargo(before: &[u8]) -> Option<usize> {
    let part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'@' | b'/');
    let run = before.iter().rev().take_while(|byte| part(byte)).count();
    let run = &before[before.len() - run..];
    // What stands before the first slash is another text, and so is what ends with a source file's name.
    let mut ends = (0..run.len()).rev().filter(|at| run[*at] == b'/' && ends_source(&run[..*at]));
    let begin = ends.next().or_else(|| memchr::memchr(b'/', run)).unwrap_or(run.len());
    let folder = [&run[begin..], b"/"].concat();
    let marked = MARKED.iter().any(|root| folder.starts_with(root.as_bytes()));
    let parent = run.iter().rposition(|byte| *byte == b'/').map_or(&run[..0], |at| &run[..at]);
    let home = run.ends_with(b"/root") || parent.ends_with(b"/home") || parent.ends_with(b"/Users");
    (!marked && !home).then(|| run.len() - begin)
}

/// Whether a path may begin behind this: not in the middle of a longer path or of an address.
fn begins(before: &[u8]) -> bool {
    let part = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'@' | b'~' | b'%' | b':' | b'/')
    };
    let run = before.iter().rev().take_while(|byte| part(byte)).count();
    let run = &before[before.len() - run..];
    run.ends_with(b"://") || ends_source(run) || !run.contains(&b'/')
}

/// Whether a path begins behind this even if its first folder is a common word: a text ends just there, or what is
/// below is a builder's.
fn surely_begins(before: &[u8], behind: &[u8]) -> bool {
    let part = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'@' | b'~' | b'%' | b'/' | b'}')
    };
    let separate = before.last().is_none_or(|byte| !part(byte));
    let option = [b"-I", b"-L"].iter().any(|option| before.ends_with(*option));
    let path = &behind[..behind.len().min(TEXT)];
    let builders = || OF_BUILDERS.iter().any(|part| memchr::memmem::find(path, part.as_bytes()).is_some());
    separate || option || ends_source(before) || before.ends_with(b"://") || begins(before) && builders()
}

fn ends_source(before: &[u8]) -> bool {
    SOURCES.iter().any(|end| before.ends_with(end.as_bytes()))
}

/// The path that the bytes begin with: printable, without what ends a path in a text, and no further than a Rust
/// source file's name.
fn text(bytes: &[u8], also: &[u8]) -> String {
    let ends = |byte: &u8| {
        let quote = matches!(
            byte,
            b'"' | b'\'' | b'`' | b'<' | b'>' | b'|' | b'*' | b'?' | b';' | b',' | b'{' | b')'
        );
        quote || !byte.is_ascii_graphic() && !also.contains(byte)
    };
    let bytes = &bytes[..bytes.len().min(TEXT)];
    let length = bytes.iter().position(ends).unwrap_or(bytes.len());
    let mut text: String = bytes[..length].iter().map(|byte| char::from(*byte)).collect();
    let source = text.match_indices(".rs").map(|(at, _)| at + 3).find(|end| {
        let rest = &text[*end..];
        !rest.starts_with('/') || ROOTS.iter().any(|root| rest.starts_with(root))
    });
    text.truncate(source.unwrap_or(text.len()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every path in a text, as the scan finds them.
    fn found(text: &str) -> Vec<(PathKind, String)> {
        let bytes = text.as_bytes();
        let mut hits = Vec::new();
        for at in 0..bytes.len() {
            for marker in Marker::ALL {
                if let Some(hit) = read(marker, &bytes[..at], &bytes[at..]) {
                    assert!(text[at - hit.lead..].starts_with(&hit.text), "{hit:?}");
                    hits.push((hit.kind, hit.text));
                }
            }
        }
        hits
    }

    #[test]
    fn paths_of_builders_are_found() {
        let store = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-libiconv-99/lib/libiconv.2.dylib";
        for (text, kind, path) in [
            (store, PathKind::NixStore, store),
            ("x=/home/jane/work/a.c:1", PathKind::Home, "/home/jane/work/a.c:1"),
            ("error/home/jane/.cargo/registry/x.rsfailed", PathKind::Home, "/home/jane/.cargo/registry/x.rs"),
            ("/rustc/1/a.rs/home/jane/b.rs", PathKind::Home, "/home/jane/b.rs"),
            ("text/html/root/.cargo/registry/src/x", PathKind::Home, "/root/.cargo/registry/src/x"),
            ("a/b/home/jane/.cargo/registry/src/x", PathKind::Home, "/home/jane/.cargo/registry/src/x"),
            ("file:///home/jane/b", PathKind::Home, "/home/jane/b"),
            ("(/Users/jane/src)", PathKind::Home, "/Users/jane/src"),
            ("/root/.cargo/registry", PathKind::Home, "/root/.cargo/registry"),
            ("at C:\\Users\\Jane Doe\\x\\y.pdb\0", PathKind::Home, "C:\\Users\\Jane Doe\\x\\y.pdb"),
            ("C:/Users/jane/x", PathKind::Home, "C:/Users/jane/x"),
            ("D:\\a\\floe\\floe\\x.pdb", PathKind::Build, "D:\\a\\floe\\floe\\x.pdb"),
            ("panicked/build/source/src/main.rs", PathKind::Build, "/build/source/src/main.rs"),
            ("/private/tmp/nix-build-x.drv-0/y", PathKind::Build, "/private/tmp/nix-build-x.drv-0/y"),
            (" /tmp/cargo-install9/release", PathKind::Temporary, "/tmp/cargo-install9/release"),
            ("\0/var/folders/zz/x1/T/", PathKind::Temporary, "/var/folders/zz/x1/T/"),
            (
                "/github/home/.cargo/registry/src/x-1/y.rs",
                PathKind::Build,
                "/github/home/.cargo/registry/src/x-1/y.rs",
            ),
            (
                "a.rs/usr/local/cargo/registry/src/x/b.rs/usr/x",
                PathKind::Build,
                "/usr/local/cargo/registry/src/x/b.rs",
            ),
            ("/github/workspace/src/x.c", PathKind::Build, "/github/workspace/src/x.c"),
            ("/__w/floe/floe/x.c", PathKind::Build, "/__w/floe/floe/x.c"),
        ] {
            assert_eq!(found(text), [(kind, path.to_owned())], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_not() {
        for text in [
            "/nix/store/",
            "/nix/store/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-openssl-3.0/etc/ssl",
            "/home/",
            "/home/jane",
            "/home/{}/x",
            "/home/<user>/x",
            "https://example.org/home/jane/x",
            "/var/lib/home/jane/x",
            "src/home/mod.rs",
            "//root/[name]",
            "/root/",
            "target/build/floe/out",
            "crate/build/gen/x",
            "/tmp/",
            "/tmp/x",
            "foo/tmp/a/b",
            "\\Users\\jane\\x",
            "C:\\Users\\",
            "C:\\Users\\Public\\x",
            "/home/linuxbrew/.linuxbrew/bin",
            "/rustc/82e1608dfa6e0b5569232559e3d385fea5a93112/library/core/src/a.rs",
            "/vendor/registry/src/index-1949cf8c6b5b557f/serde-1.0.0/src/lib.rs",
            // The texts of this file itself, as a linker may lay them side by side.
            "/nix//rustc//usr//cargo//private//.cargo/registry/src//cargo/registry/src/it",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn the_compiler_is_named_by_commit_or_version() {
        let commit = "82e1608dfa6e0b5569232559e3d385fea5a93112";
        let source = |text: &str| rustc_source(text.as_bytes());
        assert_eq!(source(&format!("/rustc/{commit}/library/std")).as_deref(), Some(commit));
        assert_eq!(source(&format!("/rustc/{commit}\\library\\std")).as_deref(), Some(commit));
        assert_eq!(source("/rustc-1.75.0-src/library").as_deref(), Some("1.75.0"));
        assert_eq!(source("/rustc/1.80.0-beta.2/x").as_deref(), Some("1.80.0-beta.2"));
        for text in ["/rustc/", "/rustc/x/", "/rustc", "/rustc/82e1608\x1b/x", "/rustc-dev/x"] {
            assert_eq!(source(text), None, "{text}");
        }
    }
}
