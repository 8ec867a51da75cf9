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
    /// The kind of the member.
    pub kind: TarKind,
    /// Where a link leads: the path of an earlier file for a hard link, any text for a symbolic link, and empty for
    /// everything else.
    pub target: String,
    /// Its permission bits.
    pub mode: u32,
    /// Its time, in seconds since 1970-01-01 UTC.
    pub time: u64,
}

/// Calls `visit` with every member of the tar and its content, in order, and reads `reader` to its end.
/// `visit` may leave content unread.
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
            TarKind::HardLink => safe(&member.target).map(|(target, _)| target),
            _ => plain(&member.target).map(str::to_owned),
        };
        let target = target.with_context(|| format!("the target of the link `{path}` is invalid"))?;
        ensure!(kind == TarKind::Directory || !path.is_empty(), "the top folder is not a folder");
        names += path.len() + target.len();
        ensure!(names <= NAMES_LIMIT, "its names are longer than {NAMES_LIMIT} bytes together");
        let (mode, time) = (member.mode & 0o7777, member.time);
        visit(&LayerMember { path, absolute, kind, target, mode, time }, content)
    })
}

fn plain(name: &[u8]) -> anyhow::Result<&str> {
    let text = std::str::from_utf8(name).ok().filter(|text| !text.chars().any(char::is_control));
    let text = text.with_context(|| format!("the name `{}` is not plain text", text::name(name)))?;
    ensure!(text.len() <= NAME_LIMIT, "the name `{}…` is longer than {NAME_LIMIT} bytes", text::name(name));
    Ok(text)
}

/// A path without leading slash, `.` and empty parts, and whether it had a leading slash.
fn safe(name: &[u8]) -> anyhow::Result<(String, bool)> {
    let text = plain(name)?;
    ensure!(!text.is_empty(), "a member has no name");
    let leads_out = text.split('/').any(|part| part == "..");
    ensure!(!leads_out, "the name `{}` leads out of its folder", text::name(name));
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    Ok((parts.join("/"), text.starts_with('/')))
}
