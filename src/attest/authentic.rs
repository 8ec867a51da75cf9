//! Whether a bundle is authentic, and the identity that its certificate then proves.

use chrono::{DateTime, Utc};
use sigstore_verify::crypto::{FulcioCiClaims, SubjectAltName};
use sigstore_verify::types::Sha256Hash;
use sigstore_verify::{
    CertificateError, Error, TransparencyLogError, VerificationPolicy, VerificationResult,
};

use super::bundle::Bundle;
use super::roots::{Instance, Root, Roots};
use super::statement::Statement;

/// A bundle whose signature, certificate, log entry and time are proved. Whether it is the right one is another question.
#[derive(Debug)]
pub struct Authentic {
    /// The signed statement.
    pub statement: Statement,
    /// The service whose root proves it.
    pub instance: Instance,
    /// The signer: the URI in the certificate.
    pub identity: String,
    /// The issuer of the identity's token.
    pub issuer: Option<String>,
    /// The source, the workflow, the run and the machine: the other claims in the certificate.
    pub claims: FulcioCiClaims,
    /// When it was signed, as the log or a timestamp authority proves it.
    pub time: Option<DateTime<Utc>>,
    /// The number of its entry in the transparency log, where there is one.
    pub log_index: Option<u64>,
}

impl Authentic {
    /// The signer and the source, in one line.
    pub fn by(&self) -> String {
        let short = |address: &str| address.trim_start_matches("https://github.com/").to_owned();
        let commit = self.claims.build_signer_digest.as_deref().and_then(|commit| commit.get(..7));
        let commit = commit.map(|commit| format!(" ({commit})")).unwrap_or_default();
        let repository = short(self.claims.source_repository_uri.as_deref().unwrap_or_default());
        let git_ref = self.claims.source_repository_ref.as_deref().unwrap_or_default();
        format!("by {}{commit}, for {repository} at {git_ref}", short(&self.identity))
    }

    /// The run, the machine, the time and the log, in one line:
    /// `run 77, github-hosted, 2026-11-29 16:01 UTC, in the public log (rekor 9895427)`.
    pub fn run(&self) -> String {
        let run = self.claims.run_invocation_uri.as_deref();
        let run = run.and_then(|run| run.split("/actions/runs/").nth(1)?.split('/').next());
        let log = self.log_index.map(|index| match self.instance {
            Instance::Sigstore => format!("in the public log (rekor {index})"),
            Instance::GitHub | Instance::Given => format!("in the log of the given root ({index})"),
        });
        let parts = [
            run.map(|run| format!("run {run}")),
            self.claims.runner_environment.clone(),
            self.time.map(|time| time.format("%Y-%m-%d %H:%M UTC").to_string()),
            log,
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Why a bundle does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// It could not be checked, and may be right.
    NotChecked {
        /// The reason.
        why: String,
        /// The way out.
        hint: &'static str,
    },
    /// It is wrong, for each of these reasons.
    Wrong(Vec<String>),
}

impl Unproven {
    /// It is signed by an authority or in a log that no trusted root has.
    fn by_roots(why: String) -> Self {
        Unproven::NotChecked {
            why,
            hint: "update floe, or give the current roots: `gh attestation trusted-root > roots.jsonl`, then `--trusted-root roots.jsonl`",
        }
    }

    /// It is of a version of the format that this floe does not read.
    pub(super) fn by_format(why: String) -> Self {
        Unproven::NotChecked { why, hint: "update floe: it reads version 0.3 of the format" }
    }

    /// It is wrong for one reason.
    pub(super) fn wrong(why: impl Into<String>) -> Self {
        Unproven::Wrong(vec![why.into()])
    }
}

impl Bundle {
    /// Proves the bundle with one of the roots. A root with a transparency log requires an entry in it.
    ///
    /// # Errors
    /// No root proves it.
    pub fn authenticate(self, roots: &Roots) -> Result<Authentic, Unproven> {
        let is_logged = !self.inner.verification_material.tlog_entries.is_empty();
        let mut unknown = None;
        let mut fitting = roots.0.iter().filter(|root| root.has_log() == is_logged).peekable();
        if fitting.peek().is_none() {
            return Err(Unproven::by_roots(match is_logged {
                true => "it is in a transparency log, and no trusted root has one".to_owned(),
                false => "it is in no transparency log, which every trusted root requires".to_owned(),
            }));
        }
        for root in fitting {
            if let Some(log) = self.unknown_log(root) {
                unknown = Some(format!("its transparency log, `{log}`, is in no trusted root"));
                continue;
            }
            match self.verify(root) {
                Ok(result) => return self.authentic(root, &result),
                Err(error) if is_unknown(&error) => unknown = Some(why(&error)),
                Err(error) => return Err(Unproven::wrong(why(&error))),
            }
        }
        Err(Unproven::by_roots(unknown.unwrap_or_default()))
    }

    /// The identifier of a log of the bundle that a root does not have.
    fn unknown_log(&self, root: &Root) -> Option<String> {
        let is_known = |id| root.trusted.tlogs.iter().any(|log| log.log_id.key_id == id);
        let entries = &self.inner.verification_material.tlog_entries;
        let unknown = entries.iter().find(|entry| !is_known(entry.log_id.key_id.clone()));
        unknown.map(|entry| entry.log_id.key_id.to_string())
    }

    fn verify(&self, root: &Root) -> Result<VerificationResult, Error> {
        let mut policy = VerificationPolicy::any_identity();
        if !root.has_log() {
            policy = policy.skip_tlog_unsafe();
        }
        if !root.has_certificate_log() {
            policy = policy.skip_sct();
        }
        // The subjects are compared with the files by the policy; the crate wants one of them.
        let subject = self.statement.subjects.iter().find_map(|subject| subject.sha256());
        let subject = subject.ok_or_else(|| {
            Error::ArtifactMismatch("no subject of the attestation has a SHA-256".to_owned())
        })?;
        let digest = Sha256Hash::from_hex(&subject.hex())?;
        root.verifier.verify(digest, &self.inner, &policy)
    }

    fn authentic(self, root: &Root, result: &VerificationResult) -> Result<Authentic, Unproven> {
        let Some(certificate) = result.certificate().filter(|_| result.certificate_verified()) else {
            return Err(Unproven::wrong("its certificate was not verified"));
        };
        let Some(SubjectAltName::Uri(identity)) = result.identity() else {
            return Err(Unproven::wrong("its certificate names a person and no workflow"));
        };
        let entry = self.inner.verification_material.tlog_entries.first();
        let time = result.integrated_time().or_else(|| result.verified_timestamps().first().copied());
        Ok(Authentic {
            instance: root.instance,
            identity: identity.clone(),
            issuer: result.issuer().map(str::to_owned),
            claims: certificate.ci_claims.clone(),
            time: time.and_then(|time| DateTime::from_timestamp(time.as_second(), 0)),
            log_index: entry.filter(|_| result.tlog_verified()).map(|entry| entry.log_index.get()),
            statement: self.statement,
        })
    }
}

/// Whether an error means that the root is another's, and not that the bundle is broken.
fn is_unknown(error: &Error) -> bool {
    match error {
        Error::Certificate(CertificateError::NoValidAuthority { .. }) => true,
        Error::Certificate(CertificateError::ChainInvalid(why)) => why.contains("UnknownIssuer"),
        _ => false,
    }
}

/// The reason in floe's words, with the crate's behind it where it says more.
fn why(error: &Error) -> String {
    match error {
        Error::SignatureInvalid(_) => {
            "its signature is not of what it holds: the content was changed".to_owned()
        }
        Error::TransparencyLog(TransparencyLogError::EntryMismatch(why)) => {
            format!("its log entry is of another signature: {why}")
        }
        Error::TransparencyLog(error) => format!("its entry in the transparency log is wrong: {error}"),
        Error::Certificate(CertificateError::ChainInvalid(why)) => chain(why),
        Error::Certificate(CertificateError::NoValidAuthority { time }) => {
            format!("no authority of the trusted root was valid at {time}")
        }
        Error::Certificate(CertificateError::Expired { .. }) => EXPIRED.to_owned(),
        Error::Certificate(error) => format!("its certificate is wrong: {error}"),
        Error::Timestamp(error) => format!("its time is not proved: {error}"),
        Error::Bundle(error) => format!("it is not complete: {error}"),
        other => other.to_string(),
    }
}

const EXPIRED: &str = "its certificate had expired before it was used";

/// webpki's errors have names only.
fn chain(why: &str) -> String {
    let known = [
        ("UnknownIssuer", "its certificate is by an authority that is in no trusted root"),
        ("InvalidSignature", "its certificate is not by the authority that it names"),
        ("CertExpired", EXPIRED),
        ("CertNotValidYet", "its certificate was used before it was valid"),
    ];
    let found = known.iter().find(|(name, _)| why.contains(name));
    found.map_or_else(|| format!("its certificate is wrong: {why}"), |(_, text)| (*text).to_owned())
}
