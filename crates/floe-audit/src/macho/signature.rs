//! The signature embedded in a slice (Apple's `kern/cs_blobs.h`): its kind, and whether the pages still match its digests.
//!
//! Certificates are not checked, because the host decides which ones it trusts.

use object::BigEndian as BE;
use object::macho::{self, CsSlot};
use object::read::macho::{CodeDirectory, CodeSignature};
use sha2::{Digest as _, Sha256};

use crate::error::{Result, broken, malformed};
use crate::reader::BinaryReader;
use crate::text::printable;
use crate::{SignatureKind, SliceSignature};

const PART: &str = "Mach-O signature";
/// How much of a page is read at once, in bytes.
const PIECE: u64 = 256 * 1024;
/// More parts (code directories, requirements and the like) than any signer writes.
const MAX_BLOBS: u32 = 64;
/// Signers align the signature to a multiple of this many bytes.
const ALIGNMENT: u64 = 16;

/// Where the signature of a slice is.
pub(crate) struct SignaturePlace<'f> {
    pub(super) slice: BinaryReader<'f>,
    /// The offset in the slice and the size, in bytes.
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// Reads a signature, and every page that it signs.
pub(crate) fn read(
    SignaturePlace { slice: reader, offset, size }: SignaturePlace<'_>,
) -> Result<SliceSignature> {
    let bytes = reader.bytes(PART, offset, size)?;
    let signature = CodeSignature::parse(&bytes).map_err(broken(PART))?;
    if signature.header().count.get(BE) > MAX_BLOBS {
        return Err(malformed(PART, "it has too many parts"));
    }
    let mut directories = Vec::new();
    let (mut certificate, mut parts) = (&[][..], Vec::new());
    for blob in signature.blobs() {
        let blob = blob.map_err(broken(PART))?;
        if let Some(directory) = blob.code_directory().map_err(broken(PART))? {
            directories.push(directory);
        } else if blob.slot() == macho::CSSLOT_SIGNATURESLOT {
            certificate = blob.contents();
        } else {
            parts.push((blob.slot(), blob.data()));
        }
    }
    let main = directories.first().ok_or_else(|| malformed(PART, "it has no code directory"))?;
    let flags = main.header().flags.get(BE);
    let kind = if flags.contains(macho::CS_ADHOC) || certificate.is_empty() {
        SignatureKind::AdHoc
    } else if memchr::memmem::find(certificate, b"Developer ID Application").is_some() {
        SignatureKind::DeveloperId
    } else {
        SignatureKind::Certificate
    };
    let mut facts = SliceSignature {
        kind,
        identifier: Some(printable(main.ident().map_err(broken(PART))?)),
        team: main.team_id().map_err(broken(PART))?.map(printable),
        linker_signed: flags.contains(macho::CS_LINKER_SIGNED),
        hardened_runtime: flags.contains(macho::CS_RUNTIME),
        intact: None,
        mismatch: None,
    };
    let computable = |directory: &&CodeDirectory<'_>| {
        let header = directory.header();
        let whole = header.hash_type == macho::CS_HASHTYPE_SHA256 && header.hash_size == 32;
        let cut = header.hash_type == macho::CS_HASHTYPE_SHA256_TRUNCATED && header.hash_size == 20;
        (whole || cut) && directory.scatter_offset().unwrap_or(0) == 0
    };
    if let Some(directory) = directories.iter().find(computable) {
        facts.mismatch = mismatch(&reader, directory, offset, &parts)?;
        facts.intact = Some(facts.mismatch.is_none());
    }
    Ok(facts)
}

/// The first part that does not match a code directory. `signature` is the offset of the signature in the slice.
fn mismatch(
    reader: &BinaryReader<'_>,
    directory: &CodeDirectory<'_>,
    signature: u64,
    parts: &[(CsSlot, &[u8])],
) -> Result<Option<String>> {
    let header = directory.header();
    let limit = directory.code_limit();
    if limit > signature || limit + ALIGNMENT <= signature {
        return Ok(Some(format!("it signs {limit} bytes, and the signature begins at {signature}")));
    }
    let page = match header.page_size {
        0 => limit.max(1),
        power @ 1..32 => 1 << power,
        _ => return Err(malformed(PART, "its pages are too large")),
    };
    if limit.div_ceil(page) != u64::from(header.n_code_slots.get(BE)) {
        return Ok(Some(format!("it has digests of another number of pages than {}", limit.div_ceil(page))));
    }
    for (slot, bytes) in parts {
        let Ok(expected) = directory.special_hash(*slot) else { continue };
        if !Sha256::digest(bytes).starts_with(expected) {
            return Ok(Some(format!("its part {} has another digest", slot.0)));
        }
    }
    let mut buffer = vec![0; PIECE.min(page) as usize];
    for index in 0..limit.div_ceil(page) {
        let (begin, end) = (index * page, limit.min((index + 1) * page));
        let mut hasher = Sha256::new();
        for at in (begin..end).step_by(PIECE as usize) {
            let piece = &mut buffer[..PIECE.min(end - at) as usize];
            reader.fill(at, piece)?;
            hasher.update(piece);
        }
        if !hasher.finalize().starts_with(directory.code_hash(index as u32).map_err(broken(PART))?) {
            return Ok(Some(format!("the page at offset {begin} has another digest")));
        }
    }
    Ok(None)
}
