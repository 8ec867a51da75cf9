//! Registry clients that are not crates: used where they are on `PATH`, required where `FLOE_REQUIRE_PEERS=1` is set.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The path of an installed program.
pub fn peer(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let found = std::env::split_paths(&path).map(|folder| folder.join(&file)).find(|file| file.is_file());
    let required = std::env::var_os("FLOE_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(found.is_some() || !required, "FLOE_REQUIRE_PEERS=1, but `{program}` is not on PATH");
    found
}

/// A command whose home is the folder `home`, so that no user settings, proxies or logins apply.
pub fn command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env("LC_ALL", "C");
    for variable in ["HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"] {
        command.env(variable, home);
    }
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "REGISTRY_AUTH_FILE"] {
        command.env_remove(variable);
    }
    command
}
