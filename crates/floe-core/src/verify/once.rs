//! What lies in two dists, byte for byte the same, is one: a dist may be given together with one that it came from.

use super::{Found, FoundArchive, FoundImage};

/// The same without what is there already. Archives that differ, or that only one record describes, all stay.
pub(super) fn once(found: Found) -> Found {
    let Found { archives, images, lonely_records, links, strays } = found;
    let mut kept: Vec<FoundArchive> = Vec::new();
    for archive in archives {
        let same = |other: &FoundArchive| other.facts == archive.facts && other.record == archive.record;
        if !kept.iter().any(same) {
            kept.push(archive);
        }
    }
    let mut layouts: Vec<FoundImage> = Vec::new();
    for layout in images {
        let same = |other: &FoundImage| match (&other.image, &layout.image) {
            (Ok(one), Ok(other)) => one.index.digest == other.index.digest,
            _ => false,
        };
        if !layouts.iter().any(same) {
            layouts.push(layout);
        }
    }
    Found { archives: kept, images: layouts, lonely_records, links, strays }
}
