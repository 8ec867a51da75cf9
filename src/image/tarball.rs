//! Reads the tar of a layer or a docker archive: its members with safe paths, within the limits of an image.
//!
//! Nothing is written and no link is followed.

use std::io::Read;

use anyhow::{Context, ensure};

use crate::package::archive::tar_walk::{self, TarKind, TarRules};
use floe_core::untrusted::text;

/// The most members the layers of an image may have; each costs memory.
pub const MEMBERS_LIMIT: usize = 250_000;

/// The longest name of a member, in bytes (Linux, `PATH_MAX`).
const NAME_LIMIT: usize = 4096;

/// The most bytes that the names of all members of a tar may have together; they are held in memory.
const NAMES_LIMIT: usize = 32 << 20;

/// A member of a layer or a docker archive.
#[derive(Debug)]
pub struct LayerMember {
    /// Its path: no leading slash, no `.` and no `..`; empty for the top folder itself.
    pub path: String,
    /// Whether the tar gave the path with a leading slash.
    pub absolute: bool,
    /// What it is. Where a symbolic link leads is not checked: the container resolves it.
    pub kind: TarKind,
    /// The path of the file that a hard link is another name of; empty for everything else.
    pub target: String,
    /// The size of its content in bytes.
    pub size: u64,
    /// Its permission bits.
    pub mode: u32,
    /// Its time, in seconds since 1970-01-01 UTC.
    pub time: u64,
}

/// Calls `visit` with every member of the tar and its content, in order, and reads `reader` to its end.
/// `visit` may leave content unread.
///
/// # Errors
/// What [`tar_walk::walk`] refuses, more than `members` members, names that leave the top folder, are no text or too long,
/// and whatever `visit` returns.
pub fn walk(
    reader: impl Read,
    members: usize,
    mut visit: impl FnMut(&LayerMember, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let rules = TarRules { headers: members, headers_limit: MEMBERS_LIMIT, long_names: true };
    let mut names = 0;
    tar_walk::walk(reader, rules, |member, content| {
        let (path, absolute) = safe(&member.name)?;
        let kind = member.kind;
        let target = match kind {
            TarKind::HardLink => {
                safe(&member.target)
                    .with_context(|| format!("the target of the hard link `{path}` is invalid"))?
                    .0
            }
            _ => String::new(),
        };
        ensure!(kind == TarKind::Directory || !path.is_empty(), "the top folder is no folder");
        names += path.len() + target.len();
        ensure!(names <= NAMES_LIMIT, "its names are longer than {NAMES_LIMIT} bytes together");
        let (size, mode, time) = (member.size, member.mode & 0o7777, member.time);
        visit(&LayerMember { path, absolute, kind, target, size, mode, time }, content)
    })
}

/// A path without leading slash, `.` and empty parts, and whether it had a leading slash.
fn safe(name: &[u8]) -> anyhow::Result<(String, bool)> {
    let shown = || text::name(name);
    let text = std::str::from_utf8(name).ok().filter(|text| !text.chars().any(char::is_control));
    let text = text.with_context(|| format!("the name `{}` is no plain text", shown()))?;
    ensure!(!text.is_empty(), "a member has no name");
    ensure!(text.len() <= NAME_LIMIT, "the name `{}…` is longer than {NAME_LIMIT} bytes", shown());
    ensure!(text.split('/').all(|part| part != ".."), "the name `{}` leads out of its folder", shown());
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    Ok((parts.join("/"), text.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use tar::EntryType;

    use super::*;
    use crate::image::samples::{Tar, raw_header};

    fn names(tar: &[u8]) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        walk(tar, 99, |member, _| {
            names.push(member.path.clone());
            Ok(())
        })?;
        Ok(names)
    }

    fn refused(tar: &[u8]) -> String {
        format!("{:#}", names(tar).unwrap_err())
    }

    #[test]
    fn names_are_made_plain() {
        let tar =
            Tar::new().dir("./").dir("./bin/").file("./bin//floe", b"x").file("/nix/store/a", b"y").end();
        assert_eq!(names(&tar).unwrap(), ["", "bin", "bin/floe", "nix/store/a"]);
    }

    #[test]
    fn long_names_of_both_kinds_are_read() {
        let name = format!("{}/file", "folder".repeat(40));
        let mut gnu = Tar::new();
        gnu.append(EntryType::GNULongName, "././@LongLink", format!("{name}\0").as_bytes());
        let pax = format!(" path={name}\n");
        let pax = format!("{}{pax}", pax.len() + 3);
        let mut posix = Tar::new();
        posix.append(EntryType::XHeader, "x", pax.as_bytes());
        for tar in [gnu, posix] {
            assert_eq!(names(&tar.file("short", b"x").end()).unwrap(), [name.as_str()]);
        }
    }

    #[test]
    fn names_that_lead_out_are_refused_wherever_they_stand() {
        for name in ["../evil", "a/../../evil", "/..", "a/.."] {
            assert!(refused(&Tar::new().file(name, b"x").end()).contains("leads out"), "{name}");
        }
        let mut long = Tar::new();
        long.append(EntryType::GNULongName, "././@LongLink", b"../evil\0");
        assert!(refused(&long.file("good", b"x").end()).contains("leads out"));
        let mut posix = Tar::new();
        posix.append(EntryType::XHeader, "x", b"16 path=../evil\n");
        assert!(refused(&posix.file("good", b"x").end()).contains("leads out"));
        assert!(refused(&Tar::new().hard_link("a", "../../etc/shadow").end()).contains("leads out"));
        assert!(refused(&Tar::new().file("a\x1b[2Jb", b"x").end()).contains("a\\u{1b}[2Jb"));
    }

    #[test]
    fn what_an_image_has_no_use_for_is_refused() {
        for (kind, why) in
            [(EntryType::Char, "device"), (EntryType::Fifo, "device"), (EntryType::GNUSparse, "sparse")]
        {
            let mut tar = Tar::new();
            tar.append(kind, "thing", b"");
            assert!(refused(&tar.end()).contains(why), "{why}");
        }
        let mut global = Tar::new();
        global.append(EntryType::XGlobalHeader, "g", b"12 path=evil\n");
        assert!(refused(&global.end()).contains("unsupported type 'g'"));
        let mut sparse = Tar::new();
        sparse.append(EntryType::XHeader, "x", b"22 GNU.sparse.major=1\n");
        assert!(refused(&sparse.file("a", b"x").end()).contains("sparse"));
    }

    #[test]
    fn two_sizes_and_huge_headers_are_refused_before_they_are_read() {
        let mut tar = Tar::new();
        tar.append(EntryType::XHeader, "x", b"12 size=999\n");
        assert!(refused(&tar.file("a", b"x").end()).contains("two different sizes"));
        let claim = raw_header(EntryType::GNULongName, "././@LongLink", 1 << 40);
        assert!(refused(&claim).contains("extended header of 1099511627776 bytes"));
    }

    #[test]
    fn names_are_bounded_in_number_and_length() {
        let tar = Tar::new().file("a", b"").file("b", b"").end();
        let told = walk(tar.as_slice(), 1, |_, _| Ok(())).unwrap_err();
        assert!(told.to_string().contains("more members than"), "{told}");
        let long = |length: usize| {
            let mut tar = Tar::new();
            tar.append(EntryType::GNULongName, "././@LongLink", &vec![b'n'; length]);
            tar.file("x", b"")
        };
        assert!(refused(&long(NAME_LIMIT + 1).end()).contains("is longer than 4096 bytes"));
        let one = long(NAME_LIMIT).bytes();
        let many = one[..one.len() - 1024].repeat(NAMES_LIMIT / NAME_LIMIT + 1);
        let told = walk(many.as_slice(), MEMBERS_LIMIT, |_, _| Ok(())).unwrap_err();
        assert!(told.to_string().contains("its names are longer than"), "{told}");
    }

    #[test]
    fn a_cut_tar_and_a_tar_with_a_tail_are_refused() {
        let tar = Tar::new().file("a", &[7; 2000]).end();
        assert!(names(&tar[..1000]).is_err());
        let tail = [tar, b"more".to_vec()].concat();
        assert!(refused(&tail).contains("after its end"));
    }
}
