//! Reads the members of a checked layer, for comparing it with another one.
//!
//! The layer is read as a stream; only requested files are written.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use flate2::read::MultiGzDecoder;

use super::UNPACKED_LIMIT;
use super::{rootfs, tarball};
use crate::error::AtPath as _;
use crate::package::archive::tar_walk::TarKind;
use floe_core::model::Member;
use floe_core::untrusted::bounded::{Bounded, ByteLimit};

/// Every member of the layer at `layer`, sorted by path.
pub fn members(layer: &Path) -> anyhow::Result<Vec<Member>> {
    let mut members =
        rootfs::scan(unpacked(layer)?, tarball::MEMBERS_LIMIT).at("failed to read the layer", layer)?.members;
    for top in members.iter_mut().filter(|member| member.path.is_empty()) {
        top.path.push('.');
    }
    members.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(members)
}

/// Writes the content of the file at `path` in the layer to `into`.
pub fn copy(layer: &Path, path: &str, into: &Path) -> anyhow::Result<()> {
    let mut found = false;
    tarball::walk(unpacked(layer)?, tarball::MEMBERS_LIMIT, |member, content| {
        if member.path == path && member.kind == TarKind::File {
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
    let file = File::open(layer).at("failed to open", layer)?;
    Ok(Bounded::new(MultiGzDecoder::new(file), ByteLimit::of_unpacked(UNPACKED_LIMIT)))
}
