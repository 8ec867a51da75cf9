//! Signs attestations with the keys of `tests/it/attest/data`, for any workflow, source and files.
//!
//! It is a certificate authority, a certificate transparency log and a Rekor in one: what it makes is accepted under
//! `root.json` of that folder, by floe and by other verifiers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_core::model::Digest;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use x509_cert::der::asn1::{BitString, Ia5String, ObjectIdentifier, OctetString, UtcTime, Utf8StringRef};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate};

use floe::release::{assemble, dist};
use floe::report::{Report, Verbosity};
use floe_core::model::notes::NotesSource;
use floe_core::model::{Attestation, Channels, Destination, Tag, Target};
use floe_core::verify::{Depth, Expect};

use super::scenario::{COMMIT, Scenario};

const EC_KEY: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
const SCT: &str = "1.3.6.1.4.1.11129.2.4.2";

/// A file of the folder with the test data.
fn data(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/attest/data")).join(name)
}

/// The path of the trusted root.
pub fn root() -> String {
    data("root.json").display().to_string()
}

impl Scenario {
    /// The subjects of an attestation of the dist: each file in `SHA256SUMS`, `SHA256SUMS` itself, and the image. The manifest
    /// may promise the attestation, which changes both.
    pub fn subjects(&self, promised: bool) -> BTreeMap<String, Digest> {
        self.subjects_of(promised, false)
    }

    /// The same of a release that may attach files to its image, which the manifest promises too.
    pub fn subjects_of(&self, promised: bool, attach: bool) -> BTreeMap<String, Digest> {
        let targets: Vec<Target> = Target::defaults().collect();
        let expect = Expect {
            name: Some("tool".to_owned()),
            platforms: targets.iter().filter_map(|target| target.platform).collect(),
            targets,
            image: true,
            ..Expect::default()
        };
        let verified = dist::verify(dist::read(&[self.dist()], Depth::Whole).unwrap(), &expect).unwrap();
        let destination = Destination {
            repo: self.repo(),
            page: "https://github.com/acme/tool".to_owned(),
            tag: Tag::of(&verified.version),
            commit: COMMIT.parse().unwrap(),
            image: "ghcr.io/acme/tool".parse().unwrap(),
            may_be_latest: true,
            attach,
            built_on: None,
        };
        let promise = Attestation { promised, bundle: None };
        let report = Report::new(Verbosity::Quiet);
        let what = (destination, NotesSource::Generated);
        let release = assemble::assemble(verified, what, promise, &Channels::default(), &report).unwrap();
        release.subject_digests()
    }
}

/// The content of an attestation. Each field can be a lie.
#[derive(Clone)]
pub struct Claims {
    pub issuer: String,
    /// The signing workflow, `OWNER/REPO/PATH@ref`.
    pub signer: String,
    pub repository: String,
    pub git_ref: String,
    pub commit: String,
    pub runner: String,
    pub predicate_type: String,
    pub predicate: Value,
    /// The seconds between the certificate and the signature.
    pub delay: i64,
    /// The identity instead of the workflow's.
    pub identity: Option<String>,
}

impl Claims {
    /// The truth about a version of `acme/tool`, released by floe's workflow.
    pub fn of(version: &str) -> Self {
        Claims {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            signer: "OWNER/floe/.github/workflows/release.yml@refs/tags/v1.0.0".to_owned(),
            repository: "acme/tool".to_owned(),
            git_ref: format!("refs/tags/v{version}"),
            commit: COMMIT.to_owned(),
            runner: "github-hosted".to_owned(),
            predicate_type: "https://slsa.dev/provenance/v1".to_owned(),
            predicate: json!({}),
            delay: 1,
            identity: None,
        }
    }

    /// GitHub's own attestation of an immutable release, of these assets.
    pub fn of_github(version: &str) -> Self {
        Claims {
            identity: Some("https://dotcom.releases.github.com".to_owned()),
            predicate_type: "https://in-toto.io/attestation/release/v0.2".to_owned(),
            predicate: json!({ "repository": "acme/tool", "tag": format!("v{version}") }),
            ..Claims::of(version)
        }
    }
}

fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Key(EcdsaKeyPair);

impl Key {
    fn read(pkcs8: &[u8]) -> Self {
        Key(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &SystemRandom::new()).unwrap())
    }

    fn new() -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
        Key::read(pkcs8.unwrap().as_ref())
    }

    fn sign(&self, data: &[u8]) -> Vec<u8> {
        self.0.sign(&SystemRandom::new(), data).unwrap().as_ref().to_vec()
    }

    fn spki(&self) -> SubjectPublicKeyInfoOwned {
        SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned {
                oid: oid(EC_KEY),
                parameters: Some(x509_cert::der::Any::encode_from(&oid(P256)).unwrap()),
            },
            subject_public_key: BitString::from_bytes(self.0.public_key().as_ref()).unwrap(),
        }
    }

    fn id(&self) -> [u8; 32] {
        sha256(&[&self.spki().to_der().unwrap()])
    }
}

/// A bundle as JSON: an attestation of these subjects.
pub fn sign(claims: &Claims, subjects: &BTreeMap<String, Digest>) -> String {
    let subjects: Vec<Value> = subjects
        .iter()
        .map(|(name, digest)| json!({ "name": name, "digest": { "sha256": digest.hex() } }))
        .collect();
    sign_subjects(claims, &subjects)
}

/// The same with subjects as they are written.
pub fn sign_subjects(claims: &Claims, subjects: &[Value]) -> String {
    let keys: Value = serde_json::from_slice(&std::fs::read(data("keys.json")).unwrap()).unwrap();
    let key = |name: &str| Key::read(&STANDARD.decode(keys[name].as_str().unwrap()).unwrap());
    let time = keys["time"].as_u64().unwrap();
    let leaf = Key::new();
    let certificate = certificate(claims, (&key("authority"), &key("ct")), &leaf, time);

    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": claims.predicate_type,
        "predicate": claims.predicate,
    });
    let payload = statement.to_string().into_bytes();
    let kind = "application/vnd.in-toto+json";
    let pae = [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(), &payload].concat();
    let signature = STANDARD.encode(leaf.sign(&pae));
    let envelope = json!({
        "payload": STANDARD.encode(&payload),
        "payloadType": kind,
        "signatures": [{ "sig": signature }],
    });
    let entry =
        Entry { envelope: &envelope, payload: &payload, signature: &signature, certificate: &certificate };
    let entry =
        entry.enter(&key("log"), keys["host"].as_str().unwrap(), time.saturating_add_signed(claims.delay));
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": { "rawBytes": STANDARD.encode(&certificate) },
            "tlogEntries": [entry],
            "timestampVerificationData": { "rfc3161Timestamps": [] },
        },
        "dsseEnvelope": envelope,
    })
    .to_string()
}

/// A certificate as Fulcio issues it, for ten minutes.
fn certificate(claims: &Claims, (authority, ct): (&Key, &Key), leaf: &Key, time: u64) -> Vec<u8> {
    let root: Value = serde_json::from_slice(&std::fs::read(data("root.json")).unwrap()).unwrap();
    let issuer =
        root["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"].as_str().unwrap();
    let issuer = Certificate::from_der(&STANDARD.decode(issuer).unwrap()).unwrap().tbs_certificate;
    let at = |seconds| {
        // RFC 5280, section 4.1.2.5: dates through 2049 as UTCTime.
        Time::UtcTime(UtcTime::from_unix_duration(Duration::from_secs(seconds)).unwrap())
    };
    let algorithm = AlgorithmIdentifierOwned { oid: oid(ECDSA_SHA256), parameters: None };
    let mut tbs = TbsCertificate {
        version: x509_cert::Version::V3,
        serial_number: SerialNumber::new(&[17]).unwrap(),
        signature: algorithm.clone(),
        issuer: issuer.subject.clone(),
        validity: Validity { not_before: at(time), not_after: at(time + 600) },
        subject: Default::default(),
        subject_public_key_info: leaf.spki(),
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions(claims)),
    };
    let sct =
        sct(ct, &sha256(&[&issuer.subject_public_key_info.to_der().unwrap()]), &tbs.to_der().unwrap(), time);
    tbs.extensions.as_mut().unwrap().push(extension(
        SCT,
        false,
        OctetString::new(sct).unwrap().to_der().unwrap(),
    ));
    let signature = authority.sign(&tbs.to_der().unwrap());
    Certificate {
        tbs_certificate: tbs,
        signature_algorithm: algorithm,
        signature: BitString::from_bytes(&signature).unwrap(),
    }
    .to_der()
    .unwrap()
}

fn extension(id: &str, critical: bool, value: Vec<u8>) -> Extension {
    Extension { extn_id: oid(id), critical, extn_value: OctetString::new(value).unwrap() }
}

/// The claims of Fulcio's certificates (`docs/oid-info.md` of sigstore/fulcio).
fn extensions(claims: &Claims) -> Vec<Extension> {
    let signer = format!("https://github.com/{}", claims.signer);
    let identity = claims.identity.clone().unwrap_or_else(|| signer.clone());
    let names =
        SubjectAltName(vec![GeneralName::UniformResourceIdentifier(Ia5String::new(&identity).unwrap())]);
    let repository = format!("https://github.com/{}", claims.repository);
    let owner = repository.rsplit_once('/').unwrap().0.to_owned();
    let run = format!("{repository}/actions/runs/77/attempts/1");
    let mut all = vec![
        // Key usage: digital signature.
        extension("2.5.29.15", true, vec![3, 2, 7, 0x80]),
        extension("2.5.29.37", false, ExtendedKeyUsage(vec![oid("1.3.6.1.5.5.7.3.3")]).to_der().unwrap()),
        extension("2.5.29.17", true, names.to_der().unwrap()),
    ];
    let values = [
        (8, claims.issuer.as_str()),
        (9, &signer),
        (10, "c30b838000000000000000000000000000000000"),
        (11, &claims.runner),
        (12, &repository),
        (13, &claims.commit),
        (14, &claims.git_ref),
        (15, "77"),
        (16, &owner),
        (17, "7"),
        (18, &signer),
        (20, "push"),
        (21, &run),
        (22, "public"),
    ];
    all.extend(values.map(|(number, value)| {
        let value = Utf8StringRef::new(value).unwrap().to_der().unwrap();
        extension(&format!("1.3.6.1.4.1.57264.1.{number}"), false, value)
    }));
    all
}

/// A list of one signed certificate timestamp (RFC 6962, section 3).
fn sct(ct: &Key, issuer: &[u8; 32], tbs: &[u8], time: u64) -> Vec<u8> {
    let millis = (time * 1000).to_be_bytes();
    let length = u32::try_from(tbs.len()).unwrap().to_be_bytes();
    let signed = [&[0, 0], &millis[..], &[0, 1], issuer, &length[1..], tbs, &[0, 0]].concat();
    let signature = ct.sign(&signed);
    let two = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    let sct = [&[0], &ct.id()[..], &millis, &[0, 0, 4, 3], &two(signature.len()), &signature].concat();
    [&two(sct.len() + 2)[..], &two(sct.len()), &sct].concat()
}

struct Entry<'a> {
    envelope: &'a Value,
    payload: &'a [u8],
    signature: &'a str,
    certificate: &'a [u8],
}

impl Entry<'_> {
    /// Enters it into a log of two entries.
    fn enter(&self, log: &Key, host: &str, time: u64) -> Value {
        let encoded = STANDARD.encode(self.certificate);
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": { "algorithm": "sha256", "value": hex(&sha256(&[self.envelope.to_string().as_bytes()])) },
                "payloadHash": { "algorithm": "sha256", "value": hex(&sha256(&[self.payload])) },
                "signatures": [{ "signature": self.signature, "verifier": STANDARD.encode(pem) }],
            },
        })
        .to_string();
        let (index, sibling) = (9_895_427, sha256(&[b"the first entry"]));
        let root = sha256(&[&[1], &sibling, &sha256(&[&[0], body.as_bytes()])]);
        let promise = json!({
            "body": STANDARD.encode(&body),
            "integratedTime": time,
            "logID": hex(&log.id()),
            "logIndex": index,
        })
        .to_string();
        let note = format!("{host} - 1193050959916656506\n2\n{}\n", STANDARD.encode(root));
        let line = STANDARD.encode([&log.id()[..4], &log.sign(note.as_bytes())].concat());
        json!({
            "logIndex": index.to_string(),
            "logId": { "keyId": STANDARD.encode(log.id()) },
            "kindVersion": { "kind": "dsse", "version": "0.0.1" },
            "integratedTime": time.to_string(),
            "inclusionPromise": { "signedEntryTimestamp": STANDARD.encode(log.sign(promise.as_bytes())) },
            "inclusionProof": {
                "logIndex": "1",
                "rootHash": STANDARD.encode(root),
                "treeSize": "2",
                "hashes": [STANDARD.encode(sibling)],
                "checkpoint": { "envelope": format!("{note}\n\u{2014} {host} {line}\n") },
            },
            "canonicalizedBody": STANDARD.encode(&body),
        })
    }
}
