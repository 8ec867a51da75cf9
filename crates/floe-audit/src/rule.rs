//! The names of the portability rules. `audit::rules` judges binaries by them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A portability rule, by the name under which a project can loosen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The binary is for the target's instruction set.
    Arch,
    /// The binary is a program, not a library.
    Program,
    /// It needs the standard loader of its system, or none.
    Interpreter,
    /// It has no RPATH and no RUNPATH.
    Rpath,
    /// It only needs libraries that every such system has.
    Libraries,
    /// It needs no newer symbol version than the target's contract allows.
    Floor,
    /// It is statically linked.
    Static,
    /// Its stack is not executable.
    Stack,
    /// It starts on the oldest macOS that is promised.
    MinOs,
    /// Its signature, if it has one, matches its bytes.
    Signature,
    /// It does not need a C runtime from its host.
    Crt,
    /// It contains no path of a Nix store.
    StorePath,
    /// It contains no path of a home folder or a build folder.
    BuilderPath,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 13] = [
        Rule::Arch,
        Rule::Program,
        Rule::Interpreter,
        Rule::Rpath,
        Rule::Libraries,
        Rule::Floor,
        Rule::Static,
        Rule::Stack,
        Rule::MinOs,
        Rule::Signature,
        Rule::Crt,
        Rule::StorePath,
        Rule::BuilderPath,
    ];

    /// Its name in Cargo.toml and in records.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Arch => "arch",
            Rule::Program => "program",
            Rule::Interpreter => "interpreter",
            Rule::Rpath => "rpath",
            Rule::Libraries => "libraries",
            Rule::Floor => "floor",
            Rule::Static => "static",
            Rule::Stack => "stack",
            Rule::MinOs => "min-os",
            Rule::Signature => "signature",
            Rule::Crt => "crt",
            Rule::StorePath => "store-path",
            Rule::BuilderPath => "builder-path",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Rule::ALL.into_iter().find(|rule| rule.name() == text).ok_or_else(|| format!("`{text}` is no rule"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_parsed_from_its_name() {
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse(), Ok(rule));
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.name());
        }
    }
}
