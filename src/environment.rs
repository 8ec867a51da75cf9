//! Environment variables. An empty one counts as unset, because workflows pass an empty one where an output is missing.

use std::ffi::OsString;

/// The value of a variable.
pub fn variable_os(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether GitHub Actions runs this process.
pub fn in_actions() -> bool {
    variable_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Whether a variable is set to nothing, for programs and libraries that take that for a value.
pub fn is_empty(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| value.is_empty())
}

/// The value of a variable as text.
pub fn variable(name: &str) -> Option<String> {
    variable_os(name)?.into_string().ok()
}
