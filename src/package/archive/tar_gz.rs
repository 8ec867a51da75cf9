//! tar.gz: POSIX ustar (IEEE 1003.1, "pax", "ustar Interchange Format") in one gzip member (RFC 1952).

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read, Write};

use anyhow::{Context as _, bail, ensure};
use flate2::bufread::GzDecoder;
use tar::{EntryType, Header};

use super::gzip::Gzip;
use super::names::readable;
use super::read::{Budget, Found, PIECE, Source, Visit};
use super::write::{Inside, Ready};
use super::{Limits, Packed};
use floe_core::model::Hashing;

/// tar counts in blocks of this many bytes.
const BLOCK: u64 = 512;

pub(super) fn write(items: &[Ready<'_>], epoch: u64, into: &mut File) -> anyhow::Result<Packed> {
    let mut gzip = Gzip::new(BufWriter::new(Hashing::new(into))).context("failed to write the archive")?;
    let mut inside = Inside::default();
    for item in items {
        let (mut file, size) = item.open()?;
        let header = header(&item.path, item.mode, size, epoch)?;
        gzip.write_all(header.as_bytes()).context("failed to write the archive")?;
        inside.add(item.copy(&mut file, size, &mut gzip)?);
        let padding = size.next_multiple_of(BLOCK) - size;
        gzip.write_all(&[0; BLOCK as usize][..padding as usize]).context("failed to write the archive")?;
    }
    gzip.write_all(&[0; 2 * BLOCK as usize]).context("failed to write the archive")?;
    let out = gzip.finish().context("failed to write the archive")?;
    let out = out.into_inner().map_err(|error| error.into_error()).context("failed to write the archive")?;
    let (_, digest, size) = out.finish();
    Ok(inside.packed((digest, size)))
}

fn header(path: &str, mode: u32, size: u64, epoch: u64) -> anyhow::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(path).with_context(|| format!("`{path}` is too long for a path in an archive"))?;
    header.set_entry_type(EntryType::Regular);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(epoch);
    header.set_size(size);
    header.set_device_major(0)?;
    header.set_device_minor(0)?;
    header.set_cksum();
    Ok(header)
}

/// Hands every entry to `visit`, in the archive's order.
pub(super) fn read(file: &mut dyn Source, limits: Limits, visit: Visit<'_>) -> anyhow::Result<()> {
    let gzip = GzDecoder::new(BufReader::with_capacity(PIECE, file));
    let mut budget = limits.bytes;
    let mut archive = tar::Archive::new(Budget { inner: gzip, left: &mut budget, limit: limits.bytes });
    // Raw: no header may change what a later one means, because readers do not agree on those that do.
    let entries = archive.entries().context("failed to read the first entry")?.raw(true);
    for (index, entry) in entries.enumerate() {
        ensure!(index < limits.entries, "it has more than {} entries", limits.entries);
        let mut entry = entry.context("failed to read the next entry")?;
        let raw = entry.path_bytes().into_owned();
        let path = readable(&raw).map_err(anyhow::Error::msg)?.to_owned();
        let is_folder = match entry.header().entry_type() {
            EntryType::Regular => false,
            EntryType::Directory => true,
            EntryType::Symlink | EntryType::Link => bail!("`{path}` is a link"),
            EntryType::Block | EntryType::Char | EntryType::Fifo => bail!("`{path}` is a device"),
            other => bail!("`{path}` is an entry of type {:?}", char::from(other.as_byte())),
        };
        let mode = entry.header().mode().with_context(|| format!("`{path}` has no mode"))?;
        let time = entry.header().mtime().with_context(|| format!("`{path}` has no time"))?;
        visit(Found { path, is_folder, mode, time, content: &mut entry })?;
    }
    only_zeros(archive.into_inner())
}

/// Behind the last entry there is nothing, neither in the tar nor behind the gzip member. Reading to the end is also
/// what compares the gzip checksum.
fn only_zeros(mut rest: Budget<'_, GzDecoder<BufReader<&mut dyn Source>>>) -> anyhow::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        match rest.read(&mut buffer).context("failed to read its end")? {
            0 => break,
            read => {
                ensure!(buffer[..read].iter().all(|byte| *byte == 0), "it has data behind the last entry")
            }
        }
    }
    let mut file = rest.inner.into_inner();
    ensure!(file.fill_buf().context("failed to read its end")?.is_empty(), "it has data behind its end");
    Ok(())
}
