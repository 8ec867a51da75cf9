//! Other people's programs, for reading back what floe made. A test uses one if it is on `PATH`.
//!
//! Where `FLOE_REQUIRE_PEERS=1` is set, as in CI, an absent one is a failure.

use std::path::PathBuf;

/// The program's path; `None` where it is not installed.
pub fn peer(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file());
    let required = std::env::var_os("FLOE_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(found.is_some() || !required, "FLOE_REQUIRE_PEERS=1, but `{program}` is not on PATH");
    found
}
