//! A Sigstore bundle as a file: its limits, and the form that a release's must have.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;
use sigstore_verify::types::{self, SignatureContent, TransparencyLogEntry};

use super::authentic::Unproven;
use super::statement::Statement;
use floe_core::attachment::{BUNDLE, BUNDLE_LIMIT};

/// The two spellings of version 0.3 of the format, which `actions/attest` and GitHub write.
const MEDIA_TYPES: [&str; 2] = [BUNDLE, "application/vnd.dev.sigstore.bundle+json;version=0.3"];
/// How the media type of a bundle of any version begins.
const FAMILIES: [&str; 2] =
    ["application/vnd.dev.sigstore.bundle.v", "application/vnd.dev.sigstore.bundle+json;version="];
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The most log entries and timestamps. Each costs a signature check.
const MOST_PROOFS: usize = 8;
/// The most bundles in a file. GitHub lists 30 attestations of a file at once.
const MOST_BUNDLES: usize = 64;

/// A bundle whose form is right. Nothing in it is proved yet.
#[derive(Debug)]
pub struct Bundle {
    pub(super) inner: types::Bundle,
    pub(super) statement: Statement,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with `mediaType` and `verificationMaterial`")]
struct Format {
    media_type: String,
}

/// The parts of which `sigstore-verify` takes one, where there may be no other.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alternatives {
    message_signature: Option<IgnoredAny>,
    verification_material: Material,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    public_key: Option<IgnoredAny>,
}

/// The kind of a log entry, as its signed body names it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    kind: String,
    api_version: String,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// It is too large, is not a bundle of version 0.3, or holds anything but one attestation by one certificate.
    pub fn parse(json: &[u8]) -> Result<Self, Unproven> {
        if json.len() as u64 > BUNDLE_LIMIT {
            return Err(Unproven::wrong(format!("it is larger than {BUNDLE_LIMIT} bytes")));
        }
        let text = std::str::from_utf8(json).map_err(|_| Unproven::wrong("it is not UTF-8"))?;
        if text.trim().is_empty() {
            return Err(Unproven::wrong("it is empty"));
        }
        let format: Result<Format, _> = serde_json::from_str(text);
        let Format { media_type } = format.map_err(|error| Unproven::wrong(broken(&error)))?;
        if !MEDIA_TYPES.contains(&media_type.as_str()) {
            let why = format!("its format is `{media_type}`, not `{BUNDLE}`");
            let is_bundle = FAMILIES.iter().any(|family| media_type.starts_with(family));
            return Err(if is_bundle { Unproven::by_format(why) } else { Unproven::wrong(why) });
        }
        Bundle::of_known_format(text).map_err(Unproven::wrong)
    }

    /// The bundles of a file: one as JSON, or one on each line, as `gh attestation download` writes them.
    ///
    /// # Errors
    /// It holds too many.
    pub fn split(file: &[u8]) -> Result<Vec<&[u8]>, String> {
        let lines: Vec<&[u8]> =
            file.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).collect();
        let is_json = |line: &&[u8]| serde_json::from_slice::<IgnoredAny>(line).is_ok();
        match lines.first().is_some_and(is_json) {
            true if lines.len() > MOST_BUNDLES => Err(format!("it holds more than {MOST_BUNDLES} bundles")),
            true => Ok(lines),
            false => Ok(vec![file]),
        }
    }

    fn of_known_format(text: &str) -> Result<Self, String> {
        let alternatives: Alternatives = serde_json::from_str(text).map_err(|error| broken(&error))?;
        let inner = types::Bundle::from_json(text).map_err(|error| match error {
            types::Error::Json(error) => broken(&error),
            other => format!("it is not a Sigstore bundle: {other}"),
        })?;
        let SignatureContent::DsseEnvelope(envelope) = &inner.content else {
            return Err(NO_ATTESTATION.to_owned());
        };
        if alternatives.message_signature.is_some() {
            return Err("it holds an attestation and another signature".to_owned());
        }
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(format!("it signs `{}`, not `{PAYLOAD_TYPE}`", envelope.payload_type));
        }
        let Material { certificate, x509_certificate_chain, public_key } = alternatives.verification_material;
        if public_key.is_some() {
            return Err("it is signed with a key that somebody holds, so it names no workflow".to_owned());
        }
        if certificate.is_none() || x509_certificate_chain.is_some() {
            return Err("it does not hold exactly one certificate".to_owned());
        }
        let material = &inner.verification_material;
        let stamps = material.timestamp_verification_data.rfc3161_timestamps.len();
        if material.tlog_entries.len().max(stamps) > MOST_PROOFS {
            return Err(format!("it has more than {MOST_PROOFS} log entries or timestamps"));
        }
        material.tlog_entries.iter().try_for_each(check_kind)?;
        let statement = Statement::parse(envelope.payload.as_bytes())?;
        Ok(Bundle { inner, statement })
    }
}

/// The outer kind of an entry is not signed, so it must be the one in the signed body.
fn check_kind(entry: &TransparencyLogEntry) -> Result<(), String> {
    let Ok(Body { kind, api_version }) = serde_json::from_slice(entry.canonicalized_body.as_bytes()) else {
        return Err("the body of its log entry cannot be read".to_owned());
    };
    let (outer, outer_version) = (entry.kind_version.kind(), entry.kind_version.version());
    match (&*kind, &*api_version) == (outer, outer_version) {
        true => Ok(()),
        false => {
            Err(format!("its log entry is called `{outer} {outer_version}`, but is `{kind} {api_version}`"))
        }
    }
}

fn broken(error: &serde_json::Error) -> String {
    match error.classify() {
        Category::Eof => "it is cut off: its JSON has no end".to_owned(),
        Category::Syntax => format!("it is not JSON: {error}"),
        Category::Data | Category::Io => format!("it is not a Sigstore bundle: {error}"),
    }
}

const NO_ATTESTATION: &str =
    "it holds the signature of one file and no attestation, so it does not say where the file comes from";
