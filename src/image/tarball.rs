//! Reads a tar that nobody vouches for: names are made safe or refused, and nothing is read without a bound.
//!
//! It never writes to the disk and never follows a link. POSIX.1-2017 "pax Interchange Format", with GNU's
//! long names.

use std::io::{self, Read};

use anyhow::{Context, bail, ensure};
use tar::{EntryType, PaxExtensions};

/// The most members the layers of an image may have; each costs memory.
pub const MEMBERS_LIMIT: usize = 250_000;

/// The longest name of a member, in bytes (Linux, `PATH_MAX`).
const NAME_LIMIT: usize = 4096;

/// The most bytes that the names of all members of a tar may have together; they are held in memory.
const NAMES_LIMIT: usize = 32 << 20;

/// The most bytes of long names and extended headers for one member.
const HEADER_LIMIT: u64 = 1 << 20;

/// What a member of a tar is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link; where it points is the business of whoever runs the image.
    Symlink,
    /// Another name of an earlier file, whose path this is.
    HardLink(String),
}

/// A member of a tar.
#[derive(Debug)]
pub struct Member {
    /// Its path: no leading slash, no `.` and no `..`; empty for the top folder itself.
    pub path: String,
    /// Whether the tar gave the path with a leading slash.
    pub absolute: bool,
    /// What it is.
    pub kind: Kind,
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
/// A damaged tar, names that leave the top folder or that no person could read, members that are no file, folder
/// or link, sparse files, more than `members` members, names without measure, bytes behind the end, and whatever `visit` returns.
pub fn walk<R: Read>(
    mut reader: R,
    members: usize,
    mut visit: impl FnMut(&Member, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut archive = tar::Archive::new(&mut reader);
    let (mut long, mut names) = (Long::default(), 0);
    // Raw, because the crate's own treatment of long names would read them whole, however long they say they are.
    for (count, entry) in archive.entries()?.raw(true).enumerate() {
        ensure!(count < members, "it has more members than the {MEMBERS_LIMIT} an image may have");
        let mut entry = entry.context("it cannot be read as a tar")?;
        if long.take(&mut entry)? {
            continue;
        }
        let member = member(&entry, std::mem::take(&mut long))?;
        names += member.path.len();
        if let Kind::HardLink(target) = &member.kind {
            names += target.len();
        }
        ensure!(names <= NAMES_LIMIT, "its names are longer than {NAMES_LIMIT} bytes together");
        visit(&member, &mut entry)?;
    }
    ensure!(long.is_empty(), "it ends behind a long name that belongs to no member");
    only_zeros(&mut reader)
}

/// A reader that fails once more than `limit` bytes came out of it, before a bomb fills the disk.
pub struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R> Bounded<R> {
    /// Passes on `inner`, `limit` bytes of it at most.
    pub fn new(inner: R, limit: u64) -> Self {
        Bounded { inner, left: limit, limit }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::other(format!("it unpacks to more than {}", floe_core::units::size(self.limit)))
        })?;
        Ok(read)
    }
}

/// A name from a foreign file as it may stand in a message.
pub fn shown(name: &[u8]) -> String {
    let plain = |letter: char| match letter {
        '"' | '\'' => letter.to_string(),
        _ => letter.escape_debug().to_string(),
    };
    String::from_utf8_lossy(name).chars().take(200).map(plain).collect()
}

/// What the headers before a member say about it.
#[derive(Default)]
struct Long {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Long {
    fn is_empty(&self) -> bool {
        self.path.is_none() && self.link.is_none() && self.size.is_none()
    }

    /// Takes what `entry` says about the next member; false if it is a member itself.
    fn take<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> anyhow::Result<bool> {
        match entry.header().entry_type() {
            EntryType::GNULongName => self.path = Some(gnu_name(entry)?),
            EntryType::GNULongLink => self.link = Some(gnu_name(entry)?),
            EntryType::XHeader => self.take_pax(&extension(entry)?)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_pax(&mut self, data: &[u8]) -> anyhow::Result<()> {
        for record in PaxExtensions::new(data) {
            let record = record.context("it has a damaged extended header")?;
            match record.key_bytes() {
                b"path" => self.path = Some(record.value_bytes().to_vec()),
                b"linkpath" => self.link = Some(record.value_bytes().to_vec()),
                b"size" => {
                    self.size = Some(record.value()?.parse().context("it has a size that is no number")?)
                }
                key if key.starts_with(b"GNU.sparse.") => bail!("it has sparse files"),
                _ => {}
            }
        }
        Ok(())
    }
}

fn gnu_name<R: Read>(entry: &mut tar::Entry<'_, R>) -> anyhow::Result<Vec<u8>> {
    let mut name = extension(entry)?;
    if name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn extension<R: Read>(entry: &mut tar::Entry<'_, R>) -> anyhow::Result<Vec<u8>> {
    ensure!(entry.size() <= HEADER_LIMIT, "it has an extended header of {} bytes", entry.size());
    let mut data = Vec::new();
    entry.read_to_end(&mut data).context("it cannot be read as a tar")?;
    Ok(data)
}

fn member<R: Read>(entry: &tar::Entry<'_, R>, long: Long) -> anyhow::Result<Member> {
    let name = long.path.unwrap_or_else(|| entry.path_bytes().into_owned());
    let (path, absolute) = safe(&name)?;
    let header = entry.header();
    let kind = match header.entry_type() {
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Symlink,
        EntryType::Link => {
            let target = long.link.or_else(|| entry.link_name_bytes().map(|name| name.into_owned()));
            let (target, _) = safe(&target.unwrap_or_default())
                .with_context(|| format!("`{path}` is a hard link to nowhere good"))?;
            Kind::HardLink(target)
        }
        EntryType::GNUSparse => bail!("`{path}` is a sparse file"),
        EntryType::Char | EntryType::Block | EntryType::Fifo => bail!("`{path}` is a device"),
        other => bail!("`{path}` is of the unknown kind {:?}", char::from(other.as_byte())),
    };
    // Readers disagree about which size counts; a tar that says two is made to be read in two ways.
    let size = entry.size();
    ensure!(long.size.is_none_or(|said| said == size), "`{path}` has two different sizes");
    ensure!(kind == Kind::File || size == 0, "`{path}` has content but is no file");
    ensure!(kind == Kind::Directory || !path.is_empty(), "the top folder is no folder");
    let mode = header.mode().with_context(|| format!("`{path}` has no readable mode"))? & 0o7777;
    let time = header.mtime().with_context(|| format!("`{path}` has no readable time"))?;
    Ok(Member { path, absolute, kind, size, mode, time })
}

/// A path without leading slash, `.` and empty parts, and whether it had a leading slash.
fn safe(name: &[u8]) -> anyhow::Result<(String, bool)> {
    let text = std::str::from_utf8(name).ok().filter(|text| !text.chars().any(char::is_control));
    let text = text.with_context(|| format!("the name `{}` is no plain text", shown(name)))?;
    ensure!(!text.is_empty(), "a member has no name");
    ensure!(text.len() <= NAME_LIMIT, "the name `{}…` is longer than {NAME_LIMIT} bytes", shown(name));
    ensure!(text.split('/').all(|part| part != ".."), "the name `{}` leads out of its folder", shown(name));
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    Ok((parts.join("/"), text.starts_with('/')))
}

fn only_zeros(reader: &mut impl Read) -> anyhow::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = match reader.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if read == 0 {
            return Ok(());
        }
        ensure!(buffer[..read].iter().all(|byte| *byte == 0), "it goes on behind its end");
    }
}

#[cfg(test)]
mod tests {
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
        assert!(refused(&global.end()).contains("unknown kind"));
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
        assert!(refused(&tail).contains("behind its end"));
    }

    #[test]
    fn the_bound_stops_a_reader_that_never_ends() {
        let read = io::copy(&mut Bounded::new(io::repeat(0), 1 << 20), &mut io::sink());
        assert_eq!(read.unwrap_err().to_string(), "it unpacks to more than 1.0 MiB");
        let exact = io::copy(&mut Bounded::new(io::repeat(0).take(9), 9), &mut io::sink());
        assert_eq!(exact.unwrap(), 9);
    }
}
