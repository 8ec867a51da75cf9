//! Decides which texts are paths of the machine that built a binary, and where they end.
//!
//! A marker such as `/home/` is only a candidate: a plausible name and something below it must follow, and the text
//! before must not make it the middle of a longer path or of a URL. Rust places string literals side by side without a
//! separator, so a letter before a marker proves nothing; the end of a source file's name does.

use semver::Version;

use super::PathKind;

/// How much of a path is kept, in bytes.
const TEXT: usize = 200;
/// The longest plausible name of a person or a folder, in bytes.
const NAME: usize = 64;
/// The 32 characters of Nix's base 32. It has no `e`, so the `eeee…` of a removed reference is not a store path.
const NIX_ALPHABET: &[u8] = b"0123456789abcdfghijklmnpqrsvwxyz";
/// Folders that every machine of a kind has, so programs name them on purpose.
const SHARED: [&str; 5] = [
    "/home/linuxbrew/",
    "/Users/Shared/",
    "C:\\Users\\Public\\",
    "C:\\Users\\Default\\",
    "C:\\Users\\All Users\\",
];
/// Folders that only occur below a build folder.
const BUILD_ONLY: [&str; 6] =
    ["/.cargo/", "/.rustup/", "/registry/src/", "/cargo-vendor-dir/", "/build/source/", "/nix-build-"];
/// Endings of source files' names, which another path may follow directly.
const SOURCES: [&str; 9] = [".rs", ".c", ".cc", ".cpp", ".h", ".hpp", ".inc", ".s", ".S"];
/// Beginnings of a path that may directly follow another one.
const ROOTS: &str = "/home/ /Users/ /root/ /nix/ /rustc/ /build/ /builds/ /tmp/ /usr/ /cargo/ /private/";

/// Folders below which another marker already finds the sources of Cargo's registry.
const MARKED: &str = "/nix/store/ /home/ /Users/ /root/ /build/ /builds/ /__w/ /tmp/ /private/tmp/ /var/tmp/ \
     /var/folders/ /github/workspace/";

/// The marker of the standard library's sources, which do not reveal the builder but the compiler.
pub(super) const RUSTC: &str = "/rustc";

/// A text whose surroundings are worth judging.
pub(super) type PathMarker = (&'static str, MarkerKind);

/// The kind of path that a marker begins, which decides what must surround it.
#[derive(Clone, Copy)]
pub(super) enum MarkerKind {
    NixStore,
    /// The parent of home folders, or the home folder of root.
    Homes,
    /// `:\Users\` or `:\a\`, after a drive letter.
    Drive(PathKind),
    /// The folder of a sandbox or a build service.
    Build,
    Temporary,
    /// The sources of Cargo's registry, in any folder.
    CargoRegistry,
    Rustc,
}

pub(super) const MARKERS: [PathMarker; 15] = [
    ("/nix/store/", MarkerKind::NixStore),
    ("/home/", MarkerKind::Homes),
    ("/Users/", MarkerKind::Homes),
    ("/root/", MarkerKind::Homes),
    (":\\Users\\", MarkerKind::Drive(PathKind::Home)),
    // The Nix sandbox.
    ("/build/", MarkerKind::Build),
    // GitLab.
    ("/builds/", MarkerKind::Build),
    // GitHub: in containers, and on Windows.
    ("/__w/", MarkerKind::Build),
    ("/github/workspace/", MarkerKind::Build),
    (":\\a\\", MarkerKind::Drive(PathKind::Build)),
    ("/tmp/", MarkerKind::Temporary),
    ("/var/folders/", MarkerKind::Temporary),
    ("/.cargo/registry/src/", MarkerKind::CargoRegistry),
    // The same below `/usr/local`, as in the images of the Rust project.
    ("/cargo/registry/src/", MarkerKind::CargoRegistry),
    (RUSTC, MarkerKind::Rustc),
];

/// A path of the machine that built the binary.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) kind: PathKind,
    /// How many bytes before the marker it begins.
    pub(super) lead: usize,
    pub(super) text: String,
}

/// Reads the path at a marker, with which `text` begins. `before` is what precedes it in the file.
pub(super) fn read((marker, place): PathMarker, before: &[u8], text: &[u8]) -> Option<Hit> {
    let below = text.strip_prefix(marker.as_bytes())?;
    let after_letter = |before: &[u8]| before.last().is_some_and(u8::is_ascii_alphabetic);
    let (kind, lead) = match place {
        MarkerKind::NixStore if is_store_path(below) => (PathKind::NixStore, 0),
        MarkerKind::Drive(kind) if after_letter(before) && two_deep(below, b'\\', b" ") => (kind, 1),
        // A Windows path with slashes: `C:/Users/…`.
        MarkerKind::Homes
            if marker == "/Users/"
                && before.strip_suffix(b":").is_some_and(after_letter)
                && two_deep(below, b'/', b" ") =>
        {
            (PathKind::Home, 2)
        }
        MarkerKind::NixStore | MarkerKind::Drive(_) | MarkerKind::Rustc => return None,
        _ if !two_deep(below, b'/', b"") => return None,
        MarkerKind::Homes => {
            let user = if marker == "/root/" { 0 } else { memchr::memchr(b'/', below)? + 1 };
            let is_registry = below[user..].starts_with(b".cargo/registry/");
            (begins(before) || is_registry).then_some((PathKind::Home, 0))?
        }
        MarkerKind::Temporary => {
            let above =
                ["/private/var", "/private", "/var"].iter().find(|above| before.ends_with(above.as_bytes()));
            let lead = above.map_or(0, |above| above.len());
            let is_nix = below.starts_with(b"nix-build-");
            let kind = if is_nix { PathKind::Build } else { PathKind::Temporary };
            surely_begins(&before[..before.len() - lead], text).then_some((kind, lead))?
        }
        MarkerKind::Build => surely_begins(before, text).then_some((PathKind::Build, 0))?,
        // The folders of a registry and of a crate follow. Otherwise a text only talks about such paths.
        MarkerKind::CargoRegistry => (PathKind::Build, lead_of_registry(before)?),
    };
    let whole = [&before[before.len() - lead..], text].concat();
    let text = path_at(&whole, if whole.get(1) == Some(&b':') { b" " } else { b"" });
    (!SHARED.iter().any(|folder| text.starts_with(folder))).then_some(Hit { kind, lead, text })
}

/// The compiler in a path of the standard library: a commit after `/rustc/`, or the version that a distribution writes,
/// as in `/rustc-1.75.0-src/`.
pub(super) fn rustc_source(text: &[u8]) -> Option<String> {
    let name = text.strip_prefix(RUSTC.as_bytes())?.strip_prefix(b"/");
    let name = name.or_else(|| text.strip_prefix(b"/rustc-"))?;
    let length = name.iter().position(|byte| matches!(byte, b'/' | b'\\'))?;
    let name = std::str::from_utf8(&name[..length.min(NAME)]).ok()?;
    let name = name.strip_suffix("-src").unwrap_or(name);
    let is_commit = name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_version = Version::parse(name).is_ok_and(|version| version.build.is_empty());
    (is_commit || is_version).then(|| name.to_owned())
}

/// Whether the digest and the name of a store path follow.
fn is_store_path(below: &[u8]) -> bool {
    let hash = below.split_first_chunk::<32>();
    hash.is_some_and(|(hash, rest)| {
        hash.iter().all(|byte| NIX_ALPHABET.contains(byte)) && rest.starts_with(b"-")
    })
}

/// Whether a name, a separator, and the beginning of another name follow. `also` are further characters of names.
fn two_deep(below: &[u8], separator: u8, also: &[u8]) -> bool {
    let part = |byte: &u8| is_name(byte) || also.contains(byte);
    let length = below.iter().take_while(|byte| part(byte)).count();
    let (name, rest) = below.split_at(length);
    let named = name.iter().any(u8::is_ascii_alphanumeric) && length <= NAME;
    named && rest.first() == Some(&separator) && rest.get(1).is_some_and(part)
}

fn is_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'@')
}

/// The bytes at the end of `before` that satisfy a predicate.
fn run(before: &[u8], part: impl Fn(&u8) -> bool) -> &[u8] {
    let length = before.iter().rev().take_while(|byte| part(byte)).count();
    &before[before.len() - length..]
}

/// How many bytes of `before` belong to the path of the registry that follows; `None` if another marker finds that path.
fn lead_of_registry(before: &[u8]) -> Option<usize> {
    let run = run(before, |byte| is_name(byte) || *byte == b'/');
    // Text before the first slash is another literal, and so is everything up to a source file's name.
    let mut ends = (0..run.len()).rev().filter(|at| run[*at] == b'/' && ends_source(&run[..*at]));
    let begin = ends.next().or_else(|| memchr::memchr(b'/', run)).unwrap_or(run.len());
    let folder = [&run[begin..], b"/"].concat();
    let marked = MARKED.split(' ').any(|root| folder.starts_with(root.as_bytes()));
    let parent = run.iter().rposition(|byte| *byte == b'/').map_or(&run[..0], |at| &run[..at]);
    let home = run.ends_with(b"/root") || parent.ends_with(b"/home") || parent.ends_with(b"/Users");
    (!marked && !home).then(|| run.len() - begin)
}

/// Whether a path may begin after `before`, which must not be the middle of a longer path or of a URL.
fn begins(before: &[u8]) -> bool {
    let run = run(before, |byte| is_name(byte) || matches!(byte, b'~' | b'%' | b':' | b'/'));
    run.ends_with(b"://") || ends_source(run) || !run.contains(&b'/')
}

/// Whether a path begins after `before` although its first folder is a common word: another text ends just there, or
/// the path leads to a folder that only builds have.
fn surely_begins(before: &[u8], text: &[u8]) -> bool {
    let part = |byte: &u8| is_name(byte) || matches!(byte, b'~' | b'%' | b'/' | b'}');
    let separate = before.last().is_none_or(|byte| !part(byte));
    let option = [b"-I", b"-L"].iter().any(|option| before.ends_with(*option));
    let path = &text[..text.len().min(TEXT)];
    let build = || BUILD_ONLY.iter().any(|part| memchr::memmem::find(path, part.as_bytes()).is_some());
    separate || option || ends_source(before) || before.ends_with(b"://") || begins(before) && build()
}

fn ends_source(before: &[u8]) -> bool {
    SOURCES.iter().any(|end| before.ends_with(end.as_bytes()))
}

/// The path that the bytes begin with: printable, up to a character that ends a path in prose, and no further than the
/// name of a Rust source file. `also` are further characters of paths.
fn path_at(bytes: &[u8], also: &[u8]) -> String {
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
        !rest.starts_with('/') || ROOTS.split(' ').any(|root| rest.starts_with(root))
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
            for marker in MARKERS {
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
            ("x=/home/user/work/a.c:1", PathKind::Home, "/home/user/work/a.c:1"),
            ("error/home/user/.cargo/registry/x.rsfailed", PathKind::Home, "/home/user/.cargo/registry/x.rs"),
            ("/rustc/1/a.rs/home/user/b.rs", PathKind::Home, "/home/user/b.rs"),
            ("text/html/root/.cargo/registry/src/x", PathKind::Home, "/root/.cargo/registry/src/x"),
            ("a/b/home/user/.cargo/registry/src/x", PathKind::Home, "/home/user/.cargo/registry/src/x"),
            ("file:///home/user/b", PathKind::Home, "/home/user/b"),
            ("(/Users/user/src)", PathKind::Home, "/Users/user/src"),
            ("/root/.cargo/registry", PathKind::Home, "/root/.cargo/registry"),
            ("at C:\\Users\\User One\\x\\y.pdb\0", PathKind::Home, "C:\\Users\\User One\\x\\y.pdb"),
            ("C:/Users/user/x", PathKind::Home, "C:/Users/user/x"),
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
    fn a_text_that_only_looks_like_a_path_is_not_found() {
        for text in [
            "/nix/store/",
            "/nix/store/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-openssl-3.0/etc/ssl",
            "/home/",
            "/home/user",
            "/home/{}/x",
            "/home/<user>/x",
            "https://example.org/home/user/x",
            "/var/lib/home/user/x",
            "src/home/mod.rs",
            "//root/[name]",
            "/root/",
            "target/build/floe/out",
            "crate/build/gen/x",
            "/tmp/",
            "/tmp/x",
            "foo/tmp/a/b",
            "\\Users\\user\\x",
            "C:\\Users\\",
            "C:\\Users\\Public\\x",
            "/home/linuxbrew/.linuxbrew/bin",
            "/rustc/82e1608dfa6e0b5569232559e3d385fea5a93112/library/core/src/a.rs",
            "/vendor/registry/src/index-1949cf8c6b5b557f/serde-1.0.0/src/lib.rs",
            // The literals of this file itself, as a linker may place them side by side.
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
