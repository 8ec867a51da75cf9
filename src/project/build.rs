//! Building a project with Cargo for this machine, as a rehearsal needs it: a build for the host, and a static one for
//! the image.
//!
//! Real releases are built elsewhere (Nix, or the native legs of a workflow); nothing here is shipped by itself.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::Message;

use crate::environment::{variable, variable_os};
use crate::error::Failure;
use crate::project::cargo::Project;
use crate::project::process;
use crate::report::Report;
use floe_core::model::{Os, Target};

/// The binaries of one target.
#[derive(Debug, Clone)]
pub struct Build {
    /// The target that they run on.
    pub target: Target,
    /// Where they lie.
    pub binaries: Vec<PathBuf>,
    /// Whether they need nothing of the system they run on.
    pub is_static: bool,
}

/// How close to a release's own build a rehearsal's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Cargo's profile `release` without link-time optimisation. It takes over whatever `cargo build --release` has
    /// compiled, and for that leaves paths of this machine in the binaries.
    Quick,
    /// The profile that releases are built with, as it is, and no paths of this machine.
    Exact,
}

/// How the build of one target differs from `cargo build` on this machine.
struct Recipe {
    target: Target,
    is_static: bool,
    /// `--target`, where Cargo would not take it by itself.
    cross: Option<&'static str>,
    /// For rustc, but only where it links a binary: dependencies are the same for all recipes of a target.
    link: &'static [&'static str],
}

/// Builds the project for this machine. On Linux one of the builds is static: for musl where its standard library is
/// installed, else for glibc with `+crt-static`.
pub fn for_this_machine(project: &Project, effort: Effort, report: &Report) -> anyhow::Result<Vec<Build>> {
    let host = host(project)?;
    let profile = profile(project, effort);
    report.step(
        "Using",
        match effort {
            Effort::Quick => {
                format!(
                    "profile `{profile}` without link-time optimisation; `--exact` builds as releases are"
                )
            }
            Effort::Exact => format!("profile `{profile}` as it is, and no paths of this machine"),
        },
    );
    let mut builds = Vec::new();
    for recipe in recipes(host, project)? {
        let kind = if recipe.is_static { " (static)" } else { "" };
        report.step("Building", format!("{} {} for {}{kind}", project.name, project.version, recipe.target));
        let binaries = project
            .binaries
            .iter()
            .map(|binary| build(project, &recipe, effort, binary))
            .collect::<anyhow::Result<Vec<_>>>()
            .map_err(|error| failed(project, &recipe, error))?;
        builds.push(Build { target: recipe.target, binaries, is_static: recipe.is_static });
    }
    Ok(builds)
}

fn host(project: &Project) -> anyhow::Result<Target> {
    let version = process::run(rustc(project).arg("-vV"))?;
    let triple =
        version.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    triple.parse().map_err(|error| {
        Failure::new(format!("a release cannot be rehearsed on this machine: {error}"))
            .hint("rehearse with dists that were made elsewhere: `floe rehearse dist`")
            .into()
    })
}

fn recipes(host: Target, project: &Project) -> anyhow::Result<Vec<Recipe>> {
    let plain = Recipe { target: host, is_static: host.platform().is_some(), cross: None, link: &[] };
    if host.os() != Os::Linux || plain.is_static {
        return Ok(vec![plain]);
    }
    match musl(host) {
        Some(musl) if has_std(project, musl)? => {
            Ok(vec![plain, Recipe { target: musl, is_static: true, cross: Some(musl.triple()), link: &[] }])
        }
        // One static build serves both: the archive's binary is then the image's.
        _ => Ok(vec![Recipe { is_static: true, link: &["-C", "target-feature=+crt-static"], ..plain }]),
    }
}

/// The target whose binaries need nothing of any system with this processor.
fn musl(host: Target) -> Option<Target> {
    Target::all().find(|target| target.platform().is_some() && target.arch() == host.arch())
}

fn has_std(project: &Project, target: Target) -> anyhow::Result<bool> {
    let folder =
        process::run(rustc(project).args(["--print", "target-libdir", "--target", target.triple()]))?;
    let folder = PathBuf::from(folder.trim());
    Ok(std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
}

fn profile(project: &Project, effort: Effort) -> &str {
    match effort {
        Effort::Quick => "release",
        Effort::Exact => project.config.profile.as_deref().unwrap_or("release"),
    }
}

/// Builds one binary. `cargo rustc` is `cargo build`, but for the flags that it passes on when it links.
///
/// Not `--locked`: a maintainer who rehearses the next version has just changed the one in Cargo.toml, and Cargo.lock
/// follows with the build. Everything else in it stays as it is.
fn build(project: &Project, recipe: &Recipe, effort: Effort, binary: &str) -> anyhow::Result<PathBuf> {
    let mut command = Command::new(variable_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(&project.root)
        .args(["rustc", "--message-format=json-render-diagnostics", "--package", &project.name])
        .args(["--bin", binary, "--profile", profile(project, effort)])
        .arg("--manifest-path")
        .arg(&project.manifest_path)
        .arg("--target-dir")
        .arg(&project.target_dir);
    if let Some(triple) = recipe.cross {
        command.args(["--target", triple]);
    }
    match effort {
        // The value that a profile has by default, so that most projects are compiled with the very settings of
        // `cargo build --release`. For the same reason the number of codegen units stays.
        Effort::Quick => {
            command.args(["--config", "profile.release.lto=false"]);
        }
        // Encoded, because a path may hold spaces. Flags that the user has set in RUSTFLAGS stay.
        Effort::Exact => {
            let own = variable("RUSTFLAGS").unwrap_or_default();
            let flags: Vec<String> =
                own.split_whitespace().map(str::to_owned).chain(remap(project)).collect();
            command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        }
    }
    // `cargo run` sets these for the floe that it starts. Build scripts of dependencies that watch them would run again.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.arg("--").args(recipe.link);
    let messages = process::run_shown(&mut command)?;
    for message in Message::parse_stream(messages.as_bytes()) {
        if let Message::CompilerArtifact(artifact) = message.context("failed to read cargo's messages")?
            && let Some(path) = artifact.executable.filter(|_| artifact.target.name == binary)
        {
            return Ok(path.into_std_path_buf());
        }
    }
    anyhow::bail!("cargo built no binary `{binary}`")
}

/// Takes this machine's folders out of the binary, as a real release must.
fn remap(project: &Project) -> Vec<String> {
    let cargo = variable_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let folders = [cargo.map(|cargo| (cargo, "/vendor")), Some((project.workspace_root.clone(), "/src"))];
    let flag = |(from, to): (PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    folders.into_iter().flatten().map(flag).collect()
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

/// In the project's folder, where rustup reads which toolchain the project wants.
fn rustc(project: &Project) -> Command {
    let mut command = Command::new(variable_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(&project.root);
    command
}
