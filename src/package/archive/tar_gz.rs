//! tar.gz: POSIX ustar (IEEE 1003.1, "pax", "ustar Interchange Format") in one gzip member (RFC 1952).

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write};

use anyhow::{Context as _, bail, ensure};
use flate2::bufread::GzDecoder;
use tar::{EntryType, Header};

use super::deflate::Gzip;
use super::names::readable;
use super::read::{PIECE, RawEntry, ReadSeek, Visit};
use super::tar_walk::{self, TarKind, TarMember, TarRules};
use super::write::PackItem;
use super::{Limits, Packed};
use floe_core::model::Hashing;
use floe_core::untrusted::bounded::{Bounded, ByteLimit};

/// The size of a block of a tar in bytes.
const BLOCK: u64 = 512;

pub(super) fn write(items: &[PackItem<'_>], epoch: u64, into: &mut File) -> anyhow::Result<Packed> {
    let mut gzip = Gzip::new(BufWriter::new(Hashing::new(into)))?;
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        let (mut file, size) = item.open()?;
        if !item.path.is_ascii() {
            // Without it, some readers take the name to be in the user's encoding.
            let record = pax_path(&item.path);
            let header = header(EntryType::XHeader, "@PaxHeader", 0o644, record.len() as u64, epoch)?;
            gzip.write_all(
                &[header.as_bytes().as_slice(), record.as_bytes(), padding(record.len() as u64)].concat(),
            )?;
        }
        let header = header(EntryType::Regular, &item.path, item.mode, size, epoch)?;
        gzip.write_all(header.as_bytes())?;
        entries.push(item.pack(&mut file, size, &mut gzip)?);
        gzip.write_all(padding(size))?;
    }
    gzip.write_all(&[0; 2 * BLOCK as usize])?;
    let (_, digest, size) = gzip.finish()?.into_inner().map_err(|error| error.into_error())?.finish();
    Ok(Packed { size, digest, entries })
}

/// A tar.gz of files that are in memory, in the given order: each with its path and its mode. The path of a folder ends with
/// a slash. There are no extended headers, which dpkg refuses.
pub fn small(files: &[(String, u32, &[u8])], epoch: u64) -> anyhow::Result<Vec<u8>> {
    let mut gzip = Gzip::new(Vec::new())?;
    for (path, mode, bytes) in files {
        let kind = if path.ends_with('/') { EntryType::Directory } else { EntryType::Regular };
        let size = bytes.len() as u64;
        gzip.write_all(header(kind, path, *mode, size, epoch)?.as_bytes())?;
        gzip.write_all(bytes)?;
        gzip.write_all(padding(size))?;
    }
    gzip.write_all(&[0; 2 * BLOCK as usize])?;
    Ok(gzip.finish()?)
}

/// The zeros after a content of `size` bytes.
fn padding(size: u64) -> &'static [u8] {
    &[0; BLOCK as usize][..(size.next_multiple_of(BLOCK) - size) as usize]
}

/// The record of a path in an extended header: its own length in decimal, then key and value.
fn pax_path(path: &str) -> String {
    let record = format!(" path={path}\n");
    let length = |digits: usize| record.len() + digits;
    let digits = (1..).find(|digits| length(*digits).to_string().len() == *digits).unwrap_or_default();
    format!("{}{record}", length(digits))
}

fn header(kind: EntryType, path: &str, mode: u32, size: u64, epoch: u64) -> anyhow::Result<Header> {
    let header = ustar_header(kind, path, mode, size, epoch);
    let mut header = header.with_context(|| format!("`{path}` is too long for a path in an archive"))?;
    header.set_device_major(0)?;
    header.set_device_minor(0)?;
    header.set_cksum();
    Ok(header)
}

/// A header of root's, without numbers of devices. It fails where the path is too long.
pub fn ustar_header(kind: EntryType, path: &str, mode: u32, size: u64, epoch: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(epoch);
    header.set_size(size);
    header.set_cksum();
    Ok(header)
}

/// Calls `visit` with every entry, in the archive's order.
pub(super) fn read(file: &mut dyn ReadSeek, limits: Limits, visit: Visit<'_>) -> anyhow::Result<()> {
    let gzip = GzDecoder::new(BufReader::with_capacity(PIECE, file));
    let mut tar = Bounded::new(gzip, ByteLimit::of_unpacked(limits.bytes));
    let rules = TarRules { headers: 2 * limits.entries, headers_limit: limits.entries, long_names: false };
    let mut members = 0;
    // The walk reads to the end, so gzip's checksum is compared too.
    tar_walk::walk(&mut tar, rules, |TarMember { name, kind, mode, time, .. }, content| {
        members += 1;
        ensure!(members <= limits.entries, "it has more members than the {} allowed", limits.entries);
        let path = readable(&name).map_err(anyhow::Error::msg)?.to_owned();
        let is_folder = match kind {
            TarKind::File => false,
            TarKind::Directory => true,
            TarKind::Symlink | TarKind::HardLink => bail!("`{path}` is a link"),
        };
        visit(RawEntry { path, is_folder, mode, time, content })
    })?;
    let mut file = tar.into_inner().into_inner();
    let rest = file.fill_buf().context("failed to read its end")?;
    ensure!(rest.is_empty(), "it has data after its gzip member");
    Ok(())
}
