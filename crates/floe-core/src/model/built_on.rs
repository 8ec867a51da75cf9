//! The circumstances of a build that its bytes do not show: the runner of each leg, and the inputs of the workflow that
//! change how it builds. The manifest names them, so that a verifier can judge them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::untrusted::text;

/// The runner environment of GitHub's own machines, the value of `RUNNER_ENVIRONMENT`.
pub const HOSTED: &str = "github-hosted";

/// The inputs that change a build, each with its default.
const INPUTS: [(&str, &str); 4] =
    [("cache", "none"), ("nix-config", ""), ("runner", "ubuntu-24.04"), ("sign", "false")];

/// Where and with which settings a release was built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltOn {
    /// The inputs of the workflow that differ from their defaults, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// The runner environment of each leg: `github-hosted`, `self-hosted`, or `unknown`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub runners: BTreeMap<String, String>,
}

impl BuiltOn {
    /// Takes the inputs that change a build from all inputs of a workflow (`toJSON(inputs)`), without the defaults.
    ///
    /// # Errors
    /// If the text is neither a JSON object nor `null`, which a run without inputs has.
    pub fn inputs(json: &str) -> Result<BTreeMap<String, String>, serde_json::Error> {
        let given: Option<BTreeMap<String, serde_json::Value>> = serde_json::from_str(json)?;
        let given = given.unwrap_or_default();
        let changed = INPUTS.into_iter().filter_map(|(name, default)| {
            let value = match given.get(name)? {
                serde_json::Value::String(text) => text.trim().to_owned(),
                serde_json::Value::Null => return None,
                other => other.to_string(),
            };
            (!value.is_empty() && value != default).then(|| (name.to_owned(), value))
        });
        Ok(changed.collect())
    }

    /// Whether anything is known.
    pub fn is_known(&self) -> bool {
        !self.inputs.is_empty() || !self.runners.is_empty()
    }

    /// Why the build cannot be of SLSA Build level 3; nothing if each leg ran on GitHub's machines with default settings.
    pub fn below_level_3(&self) -> Vec<String> {
        let other = |(leg, runner): (&String, &String)| {
            (runner != HOSTED)
                .then(|| format!("{} was built on a {} runner", text::line(leg), text::line(runner)))
        };
        let runners = self.runners.iter().filter_map(other);
        let inputs = self.inputs.iter().map(|(name, value)| {
            format!("the project set `{}` to `{}`", text::line(name), text::line(value))
        });
        let unknown = self.runners.is_empty().then(|| "the runners are unknown".to_owned());
        runners.chain(inputs).chain(unknown).collect()
    }

    /// The circumstances for people, in one line.
    pub fn line(&self) -> String {
        match self.below_level_3().as_slice() {
            [] => format!("{} runners, default settings", HOSTED),
            reasons => format!("{}; no claim of SLSA Build L3", reasons.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_inputs_that_change_a_build_are_kept() {
        let defaults = r#"{"dry-run": true, "smoke": "--help", "cache": "none", "nix-config": "\n", "runner": "ubuntu-24.04", "sign": false}"#;
        assert_eq!(BuiltOn::inputs(defaults).unwrap(), BTreeMap::new());
        assert_eq!(BuiltOn::inputs(r#"{"cache": null}"#).unwrap(), BTreeMap::new());
        let signed = [("sign".to_owned(), "true".to_owned())].into();
        assert_eq!(BuiltOn::inputs(r#"{"sign": true, "crate": true}"#).unwrap(), signed);
        let changed =
            BuiltOn::inputs(r#"{"runner": "big", "nix-config": "builders = x\n", "attest": "required"}"#);
        let expected = [("nix-config", "builders = x"), ("runner", "big")];
        assert_eq!(
            changed.unwrap(),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        );
        assert_eq!(BuiltOn::inputs("null").unwrap(), BTreeMap::new());
        assert!(BuiltOn::inputs("[]").is_err());
    }

    #[test]
    fn one_other_runner_or_setting_is_below_level_3() {
        let runner = |leg: &str, runner: &str| (leg.to_owned(), runner.to_owned());
        let hosted = BuiltOn { runners: [runner("image", HOSTED)].into(), ..BuiltOn::default() };
        assert_eq!(hosted.line(), "github-hosted runners, default settings");
        let mut own = hosted.clone();
        own.runners.extend([runner("x86_64-gnu", "self-hosted")]);
        assert_eq!(own.line(), "x86_64-gnu was built on a self-hosted runner; no claim of SLSA Build L3");
        let set = BuiltOn { inputs: [runner("cache", "a.cachix.org-1:x\ny")].into(), ..hosted };
        assert!(set.line().starts_with("the project set `cache` to `a.cachix.org-1:x"), "{}", set.line());
        assert!(!set.line().contains('\n'));
        assert_eq!(BuiltOn::default().line(), "the runners are unknown; no claim of SLSA Build L3");
    }
}
