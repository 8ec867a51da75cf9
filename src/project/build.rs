//! Building a project with Cargo for this machine, as a rehearsal needs it: one build for the host, and a static one
//! for the image.
//!
//! Real releases are built elsewhere (Nix, or the native legs of a workflow); nothing here is shipped by itself.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::Message;

use crate::error::Failure;
use crate::project::cargo::Project;
use crate::project::process;
use crate::report::Report;
use floe_core::model::{Os, Target};

/// The binaries of one target.
#[derive(Debug, Clone)]
pub struct Build {
    /// What they run on.
    pub target: Target,
    /// Where they lie.
    pub binaries: Vec<PathBuf>,
    /// Whether they need nothing of the system they run on.
    pub is_static: bool,
}

/// How one build differs from a plain `cargo build --release`.
struct Recipe {
    target: Target,
    is_static: bool,
    /// `--target`, where the build is not a plain one for the host.
    cross: Option<&'static str>,
    flags: Vec<String>,
}

/// Builds the project for this machine. On Linux one of the builds is static: for musl where its standard library is
/// installed, else for glibc with `+crt-static`.
///
/// # Errors
/// The machine is none that floe releases for, or Cargo cannot build the project.
pub fn for_this_machine(project: &Project, report: &Report) -> anyhow::Result<Vec<Build>> {
    let host = host()?;
    let mut builds = Vec::new();
    for recipe in recipes(host, project)? {
        let kind = if recipe.is_static { " (static)" } else { "" };
        report.step("Building", format!("{} {} for {}{kind}", project.name, project.version, recipe.target));
        let binaries = build(project, &recipe)?;
        builds.push(Build { target: recipe.target, binaries, is_static: recipe.is_static });
    }
    Ok(builds)
}

fn host() -> anyhow::Result<Target> {
    let version = process::run(Command::new(rustc()).arg("-vV"))?;
    let triple = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc does not say its host")?;
    triple.parse().map_err(|error| {
        Failure::new(format!("a release cannot be rehearsed on this machine: {error}"))
            .hint("rehearse with dists that were made elsewhere: `floe rehearse dist`")
            .into()
    })
}

fn recipes(host: Target, project: &Project) -> anyhow::Result<Vec<Recipe>> {
    let plain = Recipe { target: host, is_static: host.platform().is_some(), cross: None, flags: Vec::new() };
    if host.os() != Os::Linux || plain.is_static {
        return Ok(vec![plain]);
    }
    match musl(host) {
        Some(musl) if has_std(musl)? => Ok(vec![
            plain,
            Recipe { target: musl, is_static: true, cross: Some(musl.triple()), flags: remap(project) },
        ]),
        // One static build serves both: the archive's binary is then the image's.
        _ => Ok(vec![Recipe {
            target: host,
            is_static: true,
            cross: Some(host.triple()),
            flags: static_flags(project),
        }]),
    }
}

/// The target whose binaries need nothing of any system with this processor.
fn musl(host: Target) -> Option<Target> {
    Target::all().find(|target| target.platform().is_some() && target.arch() == host.arch())
}

fn static_flags(project: &Project) -> Vec<String> {
    ["-C".to_owned(), "target-feature=+crt-static".to_owned()].into_iter().chain(remap(project)).collect()
}

/// Takes this machine's folders out of the binary, as a real release must.
fn remap(project: &Project) -> Vec<String> {
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let folders = [cargo.map(|cargo| (cargo, "/vendor")), Some((project.workspace_root.clone(), "/src"))];
    let flag = |(from, to): (PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    folders.into_iter().flatten().map(flag).collect()
}

fn has_std(target: Target) -> anyhow::Result<bool> {
    let folder =
        process::run(Command::new(rustc()).args(["--print", "target-libdir", "--target", target.triple()]))?;
    let folder = PathBuf::from(folder.trim());
    Ok(std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
}

/// Not `--locked`: who rehearses the next version has just changed the one in Cargo.toml, and Cargo.lock follows with the
/// build. All else in it stays as it is.
fn build(project: &Project, recipe: &Recipe) -> anyhow::Result<Vec<PathBuf>> {
    let mut command = Command::new(cargo());
    command
        .args(["build", "--release", "--message-format=json-render-diagnostics", "--package", &project.name])
        .arg("--manifest-path")
        .arg(&project.manifest_path)
        .arg("--target-dir")
        .arg(&project.target_dir);
    for binary in &project.binaries {
        command.args(["--bin", binary]);
    }
    if let Some(triple) = recipe.cross {
        command.args(["--target", triple]);
    }
    if !recipe.flags.is_empty() {
        // Encoded, because a path may hold spaces. Whoever set RUSTFLAGS keeps them.
        let own = std::env::var("RUSTFLAGS").unwrap_or_default();
        let flags: Vec<String> =
            own.split_whitespace().map(str::to_owned).chain(recipe.flags.iter().cloned()).collect();
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    }
    let messages = process::run_shown(&mut command).map_err(|error| failed(project, recipe, error))?;
    let mut found = Vec::new();
    for message in Message::parse_stream(messages.as_bytes()) {
        let Message::CompilerArtifact(artifact) = message.context("cargo's messages are not understood")?
        else {
            continue;
        };
        if let Some(path) = artifact.executable.filter(|_| project.binaries.contains(&artifact.target.name)) {
            found.push(path.into_std_path_buf());
        }
    }
    anyhow::ensure!(
        found.len() == project.binaries.len(),
        "cargo built {} of {} binaries",
        found.len(),
        project.binaries.len()
    );
    Ok(found)
}

/// A static binary for glibc wants what many systems do not install.
fn failed(project: &Project, recipe: &Recipe, error: anyhow::Error) -> Failure {
    let failure =
        Failure::new(format!("failed to build `{}` for {}", project.name, recipe.target)).because(error);
    match musl(recipe.target) {
        Some(musl) if recipe.is_static && recipe.target != musl => failure.hint(format!(
            "if the linker misses static libraries, take musl's: `rustup target add {musl}`; or install glibc's (Fedora: `glibc-static`)"
        )),
        _ => failure,
    }
}

fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

fn rustc() -> String {
    std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned())
}
