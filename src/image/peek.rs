//! Looks into one layer of a layout that was checked, for comparing it with another one.
//!
//! It reads the layer as a stream and writes nothing but the files it is asked for.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use flate2::read::MultiGzDecoder;

use super::UNPACKED_LIMIT;
use super::tarball::{self, Bounded, Kind};
use floe_core::model::{Digest, Member, Nature};

/// Every member of the layer at `layer`, sorted by path.
///
/// # Errors
/// It cannot be read, or is not a layer that [`super::check`] lets pass.
pub fn members(layer: &Path) -> anyhow::Result<Vec<Member>> {
    let mut members = Vec::new();
    tarball::walk(unpacked(layer)?, tarball::MEMBERS_LIMIT, |member, content| {
        let nature = match member.kind {
            Kind::File => {
                let (digest, _) = Digest::of_reader(content)?;
                Nature::File(digest)
            }
            Kind::Directory => Nature::Folder,
            Kind::Symlink | Kind::HardLink(_) => Nature::Link,
        };
        let path = if member.path.is_empty() { ".".to_owned() } else { member.path.clone() };
        members.push(Member { path, nature, size: member.size, mode: member.mode, time: member.time });
        Ok(())
    })
    .with_context(|| format!("failed to read the layer `{}`", layer.display()))?;
    members.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(members)
}

/// Writes the content of the file at `path` in the layer to `into`.
///
/// # Errors
/// As [`members`]; or there is no such file, or `into` cannot be written.
pub fn copy(layer: &Path, path: &str, into: &Path) -> anyhow::Result<()> {
    let mut found = false;
    tarball::walk(unpacked(layer)?, tarball::MEMBERS_LIMIT, |member, content| {
        if member.path == path && member.kind == Kind::File {
            io::copy(content, &mut File::create(into)?)?;
            found = true;
        }
        Ok(())
    })
    .with_context(|| format!("failed to unpack `{path}` of the layer `{}`", layer.display()))?;
    anyhow::ensure!(found, "there is no file `{path}` in the layer `{}`", layer.display());
    Ok(())
}

fn unpacked(layer: &Path) -> anyhow::Result<Bounded<MultiGzDecoder<File>>> {
    let file = File::open(layer).with_context(|| format!("failed to open `{}`", layer.display()))?;
    Ok(Bounded::new(MultiGzDecoder::new(file), UNPACKED_LIMIT))
}
