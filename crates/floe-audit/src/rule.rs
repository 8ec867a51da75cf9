//! The names of the portability rules, as a project writes them to loosen one.
//!
//! What a rule means is in `audit::rules`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A rule by its name, as a project writes it to loosen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The binary is for the target's instruction set.
    Arch,
    /// It is a program, not a library.
    Program,
    /// It asks for the standard loader, or for none.
    Interpreter,
    /// It has no RPATH and no RUNPATH.
    Rpath,
    /// It asks only for libraries that every such system has.
    Libraries,
    /// It needs no newer symbol version than the contract's floor.
    Floor,
    /// It needs nothing of its host.
    Static,
    /// Its stack is not executable.
    Stack,
    /// It starts on the oldest promised macOS.
    MinOs,
    /// Its signature, if it has one, still matches its bytes.
    Signature,
    /// It brings its C runtime.
    Crt,
    /// No path of a Nix store is in it.
    StorePath,
    /// No path of a builder's home or build folder is in it.
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

    /// Its name, as it is written.
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
    fn every_rule_is_found_by_the_name_it_is_written_with() {
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse(), Ok(rule));
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.name());
        }
    }
}
