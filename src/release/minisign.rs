//! Signatures that lie beside the files of a release and are published with it. floe holds no key and signs nothing.
//!
//! A signature of minisign is verified with the key that the project publishes for cargo-binstall, which verifies it again
//! before it installs. All others (GPG, SSH, cosign with a key) are published as they are.

use std::io::Read;

use anyhow::Context as _;
use minisign_verify::{Error, PublicKey, Signature};

use crate::error::{AtPath as _, Failure, invalid};
use crate::report::Report;
use floe_core::model::release::SIGNATURES;
use floe_core::model::{ArchiveKind, Content, Minisign};
use floe_core::units;
use floe_core::untrusted::files;

/// The largest signature of minisign.
const LIMIT: u64 = 64 * 1024;
/// How many bytes are hashed at once.
const PIECE: usize = 256 * 1024;

/// The files of a release by name.
pub type ReleaseFiles<'a> = Vec<(&'a str, Content)>;

/// The signatures of minisign among the files of a release.
#[derive(Default)]
pub struct Judged {
    /// How many are right.
    pub verified: usize,
    /// Everything that is wrong.
    pub problems: Vec<String>,
    /// Those that no key is for.
    pub unchecked: Vec<String>,
}

/// Verifies every signature of minisign among the files of a release with a key, which messages call by a name.
pub fn judge(files: &ReleaseFiles<'_>, signing: Option<&Minisign>, key_name: &str) -> anyhow::Result<Judged> {
    let mut judged = Judged::default();
    let key = match signing.map(key_of).transpose() {
        Ok(key) => key,
        Err(problem) => return Ok(Judged { problems: vec![problem], ..judged }),
    };
    let suffix = signing.and_then(|signing| signing.suffix.as_deref());
    for (name, content) in files {
        let Some((subject, end)) = split(name) else { continue };
        let Some((_, signed)) = files.iter().find(|(name, _)| *name == subject) else { continue };
        let promised = suffix == Some(end) && ArchiveKind::of_file(subject).is_some();
        match (read(content)?, &key) {
            (Some(signature), Some(key)) => match check(key, &signature, signed)? {
                Ok(()) => judged.verified += 1,
                Err(error) => judged
                    .problems
                    .push(format!("`{name}` is not a signature of `{subject}`: {}", why(&error, key_name))),
            },
            (Some(_), None) => judged.unchecked.push((*name).to_owned()),
            (None, Some(_)) if promised => judged.problems.push(format!(
                "`{name}` is not a signature of minisign, which [package.metadata.binstall.signing] promises"
            )),
            // GPG's, ssh-keygen's, cosign's.
            (None, _) => {}
        }
    }
    Ok(judged)
}

fn key_of(signing: &Minisign) -> Result<PublicKey, String> {
    let key = PublicKey::from_base64(&signing.pubkey);
    key.map_err(|_| format!("`{}` is not a public key of minisign", signing.pubkey))
}

/// Verifies every signature of minisign among the files of a release, and warns of what cargo-binstall would refuse.
pub fn verify(files: &ReleaseFiles<'_>, signing: Option<&Minisign>, report: &Report) -> anyhow::Result<()> {
    if let Some(Err(problem)) = signing.map(key_of) {
        return Err(Failure::new(problem)
            .hint("write the second line of the `.pub` file as `pubkey` under [package.metadata.binstall.signing]")
            .into());
    }
    let Judged { verified, problems, unchecked } =
        judge(files, signing, "`pubkey` under [package.metadata.binstall.signing]")?;
    for name in unchecked {
        report.warn(format!(
            "`{name}` is not verified: no key is in Cargo.toml, as `pubkey` under [package.metadata.binstall.signing]"
        ));
    }
    invalid("the release has signatures that are wrong")
        .hint("sign the files of this dist again: `minisign -S -x FILE.sig -m FILE`")
        .if_any(problems)?;
    if verified > 0 {
        report.step("Verified", count(verified));
    }
    if let Some(suffix) = signing.and_then(|signing| signing.suffix.as_deref()) {
        let is_signed = |name: &str| files.iter().any(|(other, _)| *other == format!("{name}{suffix}"));
        let archives = files.iter().filter(|(name, _)| ArchiveKind::of_file(name).is_some());
        for (name, _) in archives.filter(|(name, _)| !is_signed(name)) {
            report.warn(format!(
                "cargo-binstall will refuse `{name}`: there is no `{name}{suffix}`, which [package.metadata.binstall.signing] promises"
            ));
        }
    }
    Ok(())
}

/// `7 signatures of minisign`
pub fn count(signatures: usize) -> String {
    units::counted(signatures, "signature") + " of minisign"
}

/// The file that a signature is of, and how the signature's name ends.
fn split(name: &str) -> Option<(&str, &str)> {
    SIGNATURES.iter().find_map(|end| Some((name.strip_suffix(end)?, *end)))
}

fn open(content: &Content) -> anyhow::Result<Box<dyn Read + '_>> {
    Ok(match content {
        Content::Bytes(bytes) => Box::new(&bytes[..]),
        Content::File(path) => Box::new(files::open_no_link(path).at("failed to read", path)?),
    })
}

/// A signature of minisign; `None` if it is of another program.
fn read(content: &Content) -> anyhow::Result<Option<Signature>> {
    let mut text = Vec::new();
    open(content)?.take(LIMIT).read_to_end(&mut text).context("failed to read a signature")?;
    Ok(std::str::from_utf8(&text).ok().and_then(|text| Signature::decode(text).ok()))
}

/// Whether a signature is of these bytes, or why not.
fn check(key: &PublicKey, signature: &Signature, signed: &Content) -> anyhow::Result<Result<(), Error>> {
    let mut verifier = match key.verify_stream(signature) {
        Ok(verifier) => verifier,
        Err(error) => return Ok(Err(error)),
    };
    let (mut signed, mut piece) = (open(signed)?, vec![0; PIECE]);
    loop {
        match signed.read(&mut piece).context("failed to read a signed file")? {
            0 => return Ok(verifier.finalize()),
            length => verifier.update(&piece[..length]),
        }
    }
}

fn why(error: &Error, key_name: &str) -> String {
    match error {
        Error::UnexpectedKeyId => format!("it was made with another key than {key_name}"),
        Error::UnsupportedLegacyMode | Error::UnexpectedAlgorithm | Error::UnsupportedAlgorithm => {
            "it is of the old form (`minisign -l`), which cargo-binstall refuses".to_owned()
        }
        _ => "the file or the signature has changed since".to_owned(),
    }
}
