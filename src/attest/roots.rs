//! Trusted roots: the authorities and logs whose signatures count, embedded or from a file.

use sigstore_verify::Verifier;
use sigstore_verify::trust_root::TrustedRoot;

use super::provider;

/// The largest file of trusted roots, in bytes; GitHub's two together have 36 KB.
pub const ROOTS_LIMIT: u64 = 4 * 1024 * 1024;

const SIGSTORE: &str = include_str!("roots/sigstore.json");
const GITHUB: &str = include_str!("roots/github.json");

/// The service that a trusted root belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instance {
    /// Sigstore's public-good instance.
    Sigstore,
    /// GitHub's own, which signs immutable releases and the attestations of private repositories.
    GitHub,
    /// A given one.
    Given,
}

/// One trusted root, ready to verify.
pub(super) struct Root {
    pub instance: Instance,
    pub trusted: TrustedRoot,
    pub verifier: Verifier,
}

impl Root {
    fn new(instance: Instance, json: &str) -> Result<Self, String> {
        provider::install();
        let wrong = |why: String| format!("it is not a trusted root of Sigstore: {why}");
        let trusted = TrustedRoot::from_json(json).map_err(|error| wrong(error.to_string()))?;
        let verifier = Verifier::new(&trusted).map_err(|error| wrong(error.to_string()))?;
        Ok(Root { instance, trusted, verifier })
    }

    /// Whether an entry in a transparency log is required: where the root has a log.
    pub fn has_log(&self) -> bool {
        !self.trusted.tlogs.is_empty()
    }

    /// Whether a certificate must be in a certificate transparency log.
    pub fn has_certificate_log(&self) -> bool {
        !self.trusted.ctlogs.is_empty()
    }
}

/// The trusted roots of a run.
pub struct Roots(pub(super) Vec<Root>);

impl Roots {
    /// The roots that floe carries: of Sigstore's public-good instance and of GitHub.
    ///
    /// # Errors
    /// An embedded file cannot be read, which a test excludes.
    pub fn embedded() -> Result<Self, String> {
        Ok(Roots(vec![Root::new(Instance::Sigstore, SIGSTORE)?, Root::new(Instance::GitHub, GITHUB)?]))
    }

    /// Reads roots from the text of a file: one as JSON, or several as JSON Lines, which `gh attestation trusted-root` prints.
    ///
    /// # Errors
    /// The text holds no root, or one that cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let found = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>().map(|value| {
            let value = value.map_err(|error| format!("it is not JSON: {error}"))?;
            Root::new(Instance::Given, &value.to_string())
        });
        let found = found.collect::<Result<Vec<Root>, String>>()?;
        if found.is_empty() { Err("it is empty".to_owned()) } else { Ok(Roots(found)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sigstore_verify::trust_root::{SIGSTORE_GITHUB_TRUSTED_ROOT, SIGSTORE_PRODUCTION_TRUSTED_ROOT};

    #[test]
    fn the_embedded_roots_are_those_of_the_crate() {
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(SIGSTORE), value(SIGSTORE_PRODUCTION_TRUSTED_ROOT));
        assert_eq!(value(GITHUB), value(SIGSTORE_GITHUB_TRUSTED_ROOT));
        let roots = Roots::embedded().unwrap();
        assert!(roots.0[0].has_log() && roots.0[0].has_certificate_log());
        assert!(!roots.0[1].has_log() && !roots.0[1].has_certificate_log());
    }

    #[test]
    fn files_hold_one_root_or_several_lines() {
        let line =
            |text| serde_json::to_string(&serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap();
        let both = format!("{}\n{}\n", line(SIGSTORE), line(GITHUB));
        assert_eq!(Roots::parse(&both).unwrap().0.len(), 2);
        assert_eq!(Roots::parse(SIGSTORE).unwrap().0.len(), 1);
        let why = |text| Roots::parse(text).err().unwrap();
        assert_eq!(why(" \n"), "it is empty");
        assert!(why("{").starts_with("it is not JSON"));
        assert!(why("{}").starts_with("it is not a trusted root of Sigstore"), "{}", why("{}"));
    }
}
