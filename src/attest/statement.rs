//! The signed statement: which files by which digest, and of what kind it is (in-toto Statement v1).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use floe_core::model::Digest;

/// The type of every statement (in-toto attestation framework, Statement v1).
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// GitHub accepts 1024 subjects and 1000 assets.
const MOST_SUBJECTS: usize = 4096;

/// The subjects of an attestation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    /// The files.
    #[serde(rename = "subject")]
    pub subjects: Vec<StatementSubject>,
    /// The type of what is said of them.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// The statement about them.
    #[serde(default)]
    pub predicate: Value,
}

/// One subject of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StatementSubject {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its address, which GitHub gives instead of a name for the release itself.
    #[serde(default)]
    pub uri: String,
    /// Its digests by algorithm, in hexadecimal digits.
    pub digest: BTreeMap<String, String>,
}

impl StatementSubject {
    /// Its SHA-256, if it has one.
    pub fn sha256(&self) -> Option<Digest> {
        let hex = self.digest.get("sha256")?;
        format!("sha256:{hex}").parse().ok()
    }
}

impl Statement {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, String> {
        let statement: Statement = serde_json::from_slice(payload)
            .map_err(|error| format!("what is signed is not an in-toto statement: {error}"))?;
        let Statement { kind, subjects, .. } = &statement;
        if kind != STATEMENT {
            return Err(format!("what is signed is a `{kind}`, not a `{STATEMENT}`"));
        }
        if subjects.is_empty() || subjects.len() > MOST_SUBJECTS {
            return Err(format!("the statement has {} subjects", subjects.len()));
        }
        Ok(statement)
    }
}
