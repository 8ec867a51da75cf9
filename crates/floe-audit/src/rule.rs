//! The names and kinds of the rules. `rules` judges binaries by them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The meaning of a broken rule for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// The binary does not start or does not work on other machines.
    Portability,
    /// The binary works, but it reveals its builder, lacks hardening or cannot be reproduced elsewhere.
    Hygiene,
}

/// Each rule once: its name in Cargo.toml and in records, its kind, and the usual cause of a violation with a fix.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident, $name:literal, $kind:ident, $cure:literal;)+) => {
        /// A rule, by the name under which a project can loosen it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Rule {
            $($(#[$doc])* #[serde(rename = $name)] $rule,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Rule] = &[$(Rule::$rule,)+];

            fn row(self) -> (&'static str, RuleKind, &'static str) {
                match self {
                    $(Rule::$rule => ($name, RuleKind::$kind, $cure),)+
                }
            }
        }
    };
}

rules! {
    /// The binary is for the target's instruction set.
    Arch, "arch", Portability,
        "it was built for another machine: build with `--target`, and put it into the folder of that triple";
    /// The binary is a program, not a library.
    Program, "program", Portability, "give the binary of a `[[bin]]`";
    /// It needs the standard loader of its system, or none.
    Interpreter, "interpreter", Portability,
        "link it to the standard loader: with `cargo zigbuild`, or in floe's flake (toolchains of Nix and Guix use loaders of their own)";
    /// It only needs libraries that every such system has.
    Libraries, "libraries", Portability,
        "other machines may lack it: link it statically (a `vendored`, `bundled` or `static` feature of its crate)";
    /// It needs no newer symbol version than the target's contract allows.
    Floor, "floor", Portability,
        "it was linked against a newer glibc than its users have: link against the allowed version, `cargo zigbuild --target <triple>.<version>`";
    /// It is statically linked.
    Static, "static", Portability,
        "it was linked dynamically: build for the musl target, with C code compiled for musl too";
    /// It starts on the oldest macOS that is promised.
    MinOs, "min-os", Portability,
        "the deployment target is too new: set `MACOSX_DEPLOYMENT_TARGET=11.0` for the whole build";
    /// Its signature matches its bytes. For Arm it has one.
    Signature, "signature", Portability,
        "it was changed after it was linked, and macOS will kill it: sign again, `codesign --force --sign -`";
    /// It needs no C runtime that users must install.
    Crt, "crt", Portability, "build with `RUSTFLAGS=\"-C target-feature=+crt-static\"`";
    /// It has no RPATH and no RUNPATH.
    Rpath, "rpath", Hygiene, "the linker recorded a search path: drop `-Wl,-rpath` (in Nix: link with zig)";
    /// Its stack is not executable.
    Stack, "stack", Hygiene,
        "assembly without a `.note.GNU-stack` section makes the stack executable: add the section, or link with `-z noexecstack`";
    /// It is loaded at any address, and no memory is both writable and executable.
    Hardening, "hardening", Hygiene, "drop the linker's flag that turns it off, or link with `-C link-arg=-pie`";
    /// It contains no path of a Nix store.
    StorePath, "store-path", Hygiene,
        "a path of the builder's Nix store was compiled in: pass `--remap-path-prefix` for Rust and `-ffile-prefix-map` for C";
    /// It contains no path of a home folder or a build folder.
    BuilderPath, "builder-path", Hygiene,
        "paths of the build machine were compiled in: pass `--remap-path-prefix=$HOME/.cargo=/vendor --remap-path-prefix=$PWD=/src` for Rust and `-ffile-prefix-map` for C";
    /// It contains no debug information.
    DebugInfo, "debug-info", Hygiene, "set `strip = \"debuginfo\"` in the profile, or loosen the rule if users should have it";
    /// It contains no time of its build.
    TimeStamp, "time-stamp", Hygiene, "link with `-C link-arg=/Brepro`";
}

impl Rule {
    /// Its name in Cargo.toml and in records.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Whether it is about portability or about hygiene.
    pub fn kind(self) -> RuleKind {
        self.row().1
    }

    /// The usual cause of a violation, and a fix.
    pub(super) fn cure(self) -> &'static str {
        self.row().2
    }
}

display_as_serde!(Rule, RuleKind);

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Rule::ALL.iter().find(|rule| rule.name() == text).copied();
        found.ok_or_else(|| format!("`{text}` is not a rule"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_parsed_from_its_name() {
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse(), Ok(*rule));
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.name());
        }
    }
}
