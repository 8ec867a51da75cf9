//! Other people's programs, for reading back what floe made. A test uses one if it is on `PATH`.
//!
//! Where `FLOE_REQUIRE_PEERS=1` is set, as in CI, an absent one is a failure. They do not read the user's settings.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program's path; `None` where it is not installed.
pub fn peer(program: &str) -> Option<PathBuf> {
    let found = rare_peer(program);
    let required = std::env::var_os("FLOE_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(found.is_some() || !required, "FLOE_REQUIRE_PEERS=1, but `{program}` is not on PATH");
    found
}

/// The same for a program that neither Debian nor a package index has. It is never required; GitHub's runners have it.
pub fn rare_peer(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path)
        .filter(|folder| !is_other_program(folder, program))
        .map(|folder| folder.join(&name))
        .find(|file| file.metadata().is_ok_and(|about| about.is_file() && about.len() > 0))
}

/// Whether the program of this name in a folder of Windows is another one: `bash` starts a Linux that need not be installed.
/// A name that leads to Microsoft's shop, such as `python3`, is an empty file.
fn is_other_program(folder: &Path, program: &str) -> bool {
    let system = std::env::var_os("SystemRoot").map(|root| Path::new(&root).join("System32"));
    let is = |path: &Path| path.as_os_str().eq_ignore_ascii_case(folder.as_os_str());
    cfg!(windows) && program == "bash" && system.is_some_and(|system| is(&system))
}

/// The folder of the packages that `.ci/requirements.txt` names, `FLOE_TOOLS`; `None` where it is not set.
pub fn tools() -> Option<PathBuf> {
    let tools = std::env::var_os("FLOE_TOOLS").map(PathBuf::from);
    let required = std::env::var_os("FLOE_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(tools.is_some() || !required, "FLOE_REQUIRE_PEERS=1, but FLOE_TOOLS is not set");
    tools
}

/// A program that runs in `home`, which is its home as well: the settings, proxies and logins of the user do not matter.
pub fn command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env("LC_ALL", "C").env("TZ", "UTC");
    for variable in ["HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"] {
        command.env(variable, home);
    }
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "REGISTRY_AUTH_FILE"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a program in `home` and returns its stdout, or its stderr if it fails.
pub fn run(program: &Path, home: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = command(program, home).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Whether Rust's standard library for musl is installed, for this machine's processor.
#[cfg(target_os = "linux")]
pub fn has_musl() -> bool {
    let asked = rustc().args(["--print", "target-libdir", "--target", &musl()]).output().unwrap();
    Path::new(String::from_utf8(asked.stdout).unwrap().trim()).is_dir()
}

/// `rustc` for a program that needs nothing of its system: for musl where that is installed, because the static part of
/// glibc often is not.
#[cfg(target_os = "linux")]
pub fn static_rustc() -> Command {
    let mut command = rustc();
    match has_musl() {
        true => command.args(["--target", &musl()]),
        false => command.args(["-C", "target-feature=+crt-static"]),
    };
    command
}

#[cfg(target_os = "linux")]
pub fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

#[cfg(target_os = "linux")]
fn musl() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}
