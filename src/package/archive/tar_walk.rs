//! Walks an untrusted tar as a stream (POSIX.1-2017, "pax Interchange Format", with GNU's long names). Names are
//! given as they are; the caller decides which of them it accepts.
//!
//! Nothing is read without a limit, nothing is written and no link is followed.

use std::io::{self, Read};

use anyhow::{Context as _, bail, ensure};
use tar::{EntryType, PaxExtensions};

use floe_core::untrusted::text;

/// The most bytes of a long name or extended header of one member.
const HEADER_LIMIT: u64 = 1 << 20;

/// The limits of a tar, and the kinds of members that it may have.
#[derive(Debug, Clone, Copy)]
pub struct TarRules {
    /// How many headers are read.
    pub headers: usize,
    /// The limit that this is a part of, for the message.
    pub headers_limit: usize,
    /// Whether a long name or any extended header may come before a member. Readers disagree about those, so in a release
    /// archive an extended header may only repeat the name of its member.
    pub long_names: bool,
}

/// A member of a tar, by its headers.
#[derive(Debug)]
pub struct TarMember {
    /// Its name, unchecked.
    pub name: Vec<u8>,
    /// The kind of the member.
    pub kind: TarKind,
    /// The unchecked name that a link leads to; empty for everything else. That of a hard link is an earlier file's.
    pub target: Vec<u8>,
    /// The size of its content in bytes; 0 for everything but a file.
    pub size: u64,
    /// Its mode, unchecked.
    pub mode: u32,
    /// Its time, in seconds since 1970-01-01 UTC.
    pub time: u64,
}

/// The kind of a member of a tar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TarKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of an earlier file.
    HardLink,
}

/// Calls `visit` with every member of the tar and its content, in order, and reads `reader` to its end. `visit` may
/// leave content unread.
pub fn walk(
    mut reader: impl Read,
    rules: TarRules,
    mut visit: impl FnMut(TarMember, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut archive = tar::Archive::new(&mut reader);
    let mut long = LongHeaders::default();
    // Raw, because the crate itself would read a long name whole, whatever its size.
    for (count, entry) in archive.entries()?.raw(true).enumerate() {
        ensure!(count < rules.headers, "it has more members than the {} allowed", rules.headers_limit);
        let mut entry = entry.context("it cannot be read as a tar")?;
        if !long.take(&mut entry, rules)? {
            let member = member(&entry, std::mem::take(&mut long))?;
            let is_plain = rules.long_names || member.name == *entry.path_bytes();
            ensure!(is_plain, "`{}` has another name in its extended header", text::name(&member.name));
            visit(member, &mut entry)?;
        }
    }
    ensure!(long.is_empty(), "it ends after a long name that belongs to no member");
    only_zeros(&mut reader)
}

/// The headers before a member that apply to it.
#[derive(Default)]
struct LongHeaders {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl LongHeaders {
    fn is_empty(&self) -> bool {
        self.name.is_none() && self.link.is_none() && self.size.is_none()
    }

    /// Reads `entry` if it is such a header; false if it is a member.
    fn take<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>, rules: TarRules) -> anyhow::Result<bool> {
        match entry.header().entry_type() {
            EntryType::GNULongName if rules.long_names => self.name = Some(gnu_name(entry)?),
            EntryType::GNULongLink if rules.long_names => self.link = Some(gnu_name(entry)?),
            EntryType::XHeader => {
                ensure!(rules.long_names || self.is_empty(), "it has two extended headers in a row");
                self.take_pax(&content(entry)?, rules)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_pax(&mut self, data: &[u8], rules: TarRules) -> anyhow::Result<()> {
        for record in PaxExtensions::new(data) {
            let record = record.context("it has a damaged extended header")?;
            match record.key_bytes() {
                b"path" => self.name = Some(record.value_bytes().to_vec()),
                key if !rules.long_names => {
                    bail!("it has an extended header with `{}`", text::name(key))
                }
                b"linkpath" => self.link = Some(record.value_bytes().to_vec()),
                b"size" => self.size = Some(record.value()?.parse().context("its size is not a number")?),
                key if key.starts_with(b"GNU.sparse.") => bail!("it has sparse files"),
                _ => {}
            }
        }
        Ok(())
    }
}

fn gnu_name<R: Read>(entry: &mut tar::Entry<'_, R>) -> anyhow::Result<Vec<u8>> {
    let mut name = content(entry)?;
    if name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn content<R: Read>(entry: &mut tar::Entry<'_, R>) -> anyhow::Result<Vec<u8>> {
    ensure!(entry.size() <= HEADER_LIMIT, "it has an extended header of {} bytes", entry.size());
    let mut data = Vec::new();
    entry.read_to_end(&mut data).context("it cannot be read as a tar")?;
    Ok(data)
}

fn member<R: Read>(entry: &tar::Entry<'_, R>, long: LongHeaders) -> anyhow::Result<TarMember> {
    let name = long.name.unwrap_or_else(|| entry.path_bytes().into_owned());
    let shown = || text::name(&name);
    let header = entry.header();
    let kind = match header.entry_type() {
        EntryType::Regular => TarKind::File,
        EntryType::Directory => TarKind::Directory,
        EntryType::Symlink => TarKind::Symlink,
        EntryType::Link => TarKind::HardLink,
        EntryType::GNUSparse => bail!("`{}` is a sparse file", shown()),
        EntryType::Char | EntryType::Block | EntryType::Fifo => bail!("`{}` is a device", shown()),
        other => {
            bail!("`{}` is an entry of the unsupported type {:?}", shown(), char::from(other.as_byte()))
        }
    };
    let target = match kind {
        TarKind::HardLink | TarKind::Symlink => {
            long.link.or_else(|| entry.link_name_bytes().map(|name| name.into_owned()))
        }
        _ => None,
    };
    let size = entry.size();
    // Readers disagree about which size counts.
    ensure!(long.size.is_none_or(|other| other == size), "`{}` has two different sizes", shown());
    ensure!(kind == TarKind::File || size == 0, "`{}` has content but is not a file", shown());
    let mode = header.mode().with_context(|| format!("`{}` has no readable mode", shown()))?;
    let time = header.mtime().with_context(|| format!("`{}` has no readable time", shown()))?;
    Ok(TarMember { name, kind, target: target.unwrap_or_default(), size, mode, time })
}

fn only_zeros(reader: &mut impl Read) -> anyhow::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = match reader.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other.context("failed to read its end")?,
        };
        if read == 0 {
            return Ok(());
        }
        ensure!(buffer[..read].iter().all(|byte| *byte == 0), "it has data after its end");
    }
}
