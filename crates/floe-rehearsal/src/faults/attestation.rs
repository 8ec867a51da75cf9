//! Faults of GitHub's attestation of an immutable release, while the published release is verified.
//!
//! They strike after publishing, so they are no [`FaultKind`](super::FaultKind): a publisher never asks for an attestation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_core::model::{Commit, Tag};
use serde_json::{Value, json};

use super::injection::other_commit;
use super::named::named;
use crate::interceptor::{Fault, Interceptor, What};

named! {
    /// A fault of GitHub's answer to the request for its attestation.
    pub enum AttestationFault {
        Absent = "404, as if GitHub had not signed the release",
        Forbidden = "403 Forbidden",
        Limited = "429 Too Many Requests, once",
        Cut = "an answer that ends in the middle",
        OtherTag = "the attestation of another tag",
        OtherCommit = "the attestation of another commit",
    }
}

named! {
    /// The outcome of a verification.
    pub enum VerifyOutcome {
        Signed = "accepted as signed by GitHub",
        NotChecked = "accepted without GitHub's signature",
        Refused = "refused",
        Failed = "not verified at all",
    }
}

/// The claims of a false attestation: the tag and the commit.
pub type Claim<'a> = (&'a Tag, &'a Commit);

impl AttestationFault {
    /// The one that a seed chooses.
    pub fn from_seed(seed: u64) -> Self {
        let count = AttestationFault::ALL.len() as u64;
        AttestationFault::ALL[usize::try_from(seed % count).unwrap_or_default()]
    }

    /// Arms it at GitHub. `sign` makes an attestation with these claims.
    pub fn arm(self, github: &Interceptor, (tag, commit): Claim<'_>, sign: impl Fn(Claim<'_>) -> Value) {
        let answer = |body| What::Answer { status: 200, headers: Vec::new(), body };
        let lie = |claim| answer(json!({ "attestations": [{ "bundle": sign(claim) }] }).to_string());
        let what = match self {
            AttestationFault::Absent => What::answer(404, "Not Found"),
            AttestationFault::Forbidden => What::answer(403, "Resource not accessible by integration"),
            AttestationFault::Limited => What::answer(429, "Too many requests"),
            AttestationFault::Cut => answer("{\"attestations\": [{\"bundle\": {".to_owned()),
            AttestationFault::OtherTag => lie((&Tag::of(&semver::Version::new(0, 0, 1)), commit)),
            AttestationFault::OtherCommit => lie((tag, &other_commit())),
        };
        let times = if self == AttestationFault::Limited { 1 } else { usize::MAX };
        github.inject(Fault::route("GET", "/attestations/", 0, times, what));
    }

    /// The invariant that an outcome violates: nothing is called signed or wrong because GitHub did not answer, and a false
    /// attestation is never believed.
    pub fn violation(self, found: VerifyOutcome) -> Option<String> {
        let allowed: &[VerifyOutcome] = match self {
            AttestationFault::Absent | AttestationFault::Forbidden | AttestationFault::Cut => {
                &[VerifyOutcome::NotChecked]
            }
            AttestationFault::Limited => &[VerifyOutcome::Signed, VerifyOutcome::NotChecked],
            AttestationFault::OtherTag | AttestationFault::OtherCommit => &[VerifyOutcome::Refused],
        };
        (!allowed.contains(&found)).then(|| format!("with {self}, the release was {found}"))
    }

    /// An attestation without a signature, for a place without an identity to sign with.
    pub fn unsigned((tag, commit): Claim<'_>) -> Value {
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "uri": format!("pkg:github/{tag}"), "digest": { "sha1": commit.as_str() } }],
            "predicateType": "https://in-toto.io/attestation/release/v0.2",
            "predicate": { "tag": tag.as_str() },
        });
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {},
            "dsseEnvelope": {
                "payload": STANDARD.encode(statement.to_string()),
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{ "sig": "" }],
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_chosen_and_its_invariant_can_be_violated() {
        for (seed, fault) in AttestationFault::ALL.iter().copied().enumerate() {
            assert_eq!(AttestationFault::from_seed(seed as u64 + 6), fault);
            let violated =
                VerifyOutcome::ALL.iter().filter(|found| fault.violation(**found).is_some()).count();
            assert!((2..=3).contains(&violated), "{fault}");
        }
        let violation = AttestationFault::OtherTag.violation(VerifyOutcome::Signed).unwrap();
        assert_eq!(
            violation,
            "with the attestation of another tag, the release was accepted as signed by GitHub"
        );
    }
}
