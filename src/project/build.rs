//! Building a project with Cargo for this machine, as a rehearsal needs it: a build for the host, and a static one for
//! the image.
//!
//! Real releases are built elsewhere (Nix, or the native legs of a workflow); nothing here is shipped by itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::Message;
use cargo_metadata::diagnostic::DiagnosticLevel;

use crate::environment::{variable, variable_os};
use crate::error::Failure;
use crate::project::cargo::Project;
use crate::project::{flags, process};
use crate::report::Report;
use floe_core::model::{Os, Target};

/// Takes the folders of the source and of Cargo's home out of a binary, where the table of targets says nothing else.
const REMAP: &str = "--remap-path-prefix={0}=/src --remap-path-prefix={1}=/vendor";
/// The same for the C compiler.
const REMAP_C: &str = "-ffile-prefix-map={0}=/src -ffile-prefix-map={1}=/vendor";

/// The binaries of one target.
#[derive(Debug, Clone)]
pub struct Build {
    /// The target that they run on.
    pub target: Target,
    /// Where they are.
    pub binaries: Vec<PathBuf>,
    /// The `OUT_DIR` of the package's build script, if it has one.
    pub out_dir: Option<PathBuf>,
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
    /// `--target`, where Cargo would not choose it by itself.
    cross: Option<&'static str>,
    /// For rustc, but only where it links a binary: dependencies are the same for all recipes of a target.
    link: Vec<String>,
}

/// Builds the project for this machine. On Linux one of the builds is static: for musl where its standard library is
/// installed, else for glibc with `+crt-static`.
pub fn for_this_machine(project: &Project, effort: Effort, report: &Report) -> anyhow::Result<Vec<Build>> {
    let host = host(project)?;
    let profile = profile(project, effort);
    let how = match effort {
        Effort::Quick => "without link-time optimisation; `--exact` builds as for a release",
        Effort::Exact => "as it is, and no paths of this machine",
    };
    report.step("Using", format!("profile `{profile}` {how}"));
    project.gated.iter().for_each(|gated| report.warn(gated.line()));
    let mut builds = Vec::new();
    for recipe in recipes(host, project)? {
        let kind = if recipe.is_static { " (static)" } else { "" };
        report.step("Building", format!("{} {} for {}{kind}", project.name, project.version, recipe.target));
        let (mut binaries, mut out_dir) = (Vec::new(), None);
        for binary in &project.binaries {
            let built = build(project, &recipe, effort, binary, report)?;
            binaries.push(built.path);
            out_dir = built.out_dir.or(out_dir);
        }
        builds.push(Build { target: recipe.target, binaries, out_dir, is_static: recipe.is_static });
    }
    Ok(builds)
}

fn host(project: &Project) -> anyhow::Result<Target> {
    let version = process::run(rustc(project).arg("-vV"))?;
    let triple =
        version.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    triple.parse().map_err(|error| {
        let elsewhere = "rehearse with dists that were made elsewhere: `floe rehearse dist`";
        let hint = match triple.strip_suffix("-windows-gnu") {
            Some(arch) => format!("run `rustup default stable-{arch}-windows-msvc`, or {elsewhere}"),
            None => elsewhere.to_owned(),
        };
        Failure::new(format!("a release cannot be rehearsed on this machine: {error}")).hint(hint).into()
    })
}

fn recipes(host: Target, project: &Project) -> anyhow::Result<Vec<Recipe>> {
    let cross = flags::has_default_target(&project.root)?.then(|| host.triple());
    let plain = Recipe { target: host, is_static: host.platform().is_some(), cross, link: link(host) };
    if host.os() != Os::Linux || plain.is_static {
        return Ok(vec![plain]);
    }
    match musl(host) {
        Some(musl) if has_std(project, musl)? => {
            let cross = Some(musl.triple());
            Ok(vec![plain, Recipe { target: musl, is_static: true, cross, link: Vec::new() }])
        }
        // One static build serves both: the archive's binary is then the image's.
        _ => {
            let link = ["-C", "target-feature=+crt-static"].map(str::to_owned).to_vec();
            Ok(vec![Recipe { is_static: true, link, ..plain }])
        }
    }
}

/// The flags of the table of targets that matter where a binary is linked; an exact build passes all to every crate.
fn link(target: Target) -> Vec<String> {
    let flags = target.native().map_or("", |native| &native.rustflags).split_whitespace();
    flags.filter(|flag| !flag.starts_with("--remap-path-prefix")).map(str::to_owned).collect()
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

/// A binary that was built.
struct Binary {
    path: PathBuf,
    /// The `OUT_DIR` of its package's build script.
    out_dir: Option<PathBuf>,
}

/// Builds one binary. `cargo rustc` is `cargo build`, but for the flags that it passes on when it links.
///
/// Not `--locked`: a maintainer who rehearses the next version has just changed the one in Cargo.toml, and Cargo.lock
/// follows with the build. Everything else in it stays as it is.
fn build(
    project: &Project,
    recipe: &Recipe,
    effort: Effort,
    binary: &str,
    report: &Report,
) -> anyhow::Result<Binary> {
    let mut command = Command::new(variable_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(&project.root)
        .args(["rustc", "--message-format=json", "--package", &project.name])
        .args(["--bin", binary, "--profile", profile(project, effort)])
        .arg("--manifest-path")
        .arg(&project.manifest_path)
        .arg("--target-dir")
        .arg(&project.target_dir)
        .args(recipe.cross.into_iter().flat_map(|triple| ["--target", triple]));
    if !project.config.features.is_empty() {
        command.args(["--features", &project.config.features.join(",")]);
    }
    if !project.config.default_features {
        command.arg("--no-default-features");
    }
    match effort {
        // The value that a profile has by default, so that most projects are compiled with the very settings of
        // `cargo build --release`. For the same reason the number of codegen units stays.
        Effort::Quick => {
            command.args(["--config", "profile.release.lto=false"]);
        }
        Effort::Exact => exact(project, recipe.target, &mut command)?,
    }
    command.envs(recipe.target.native().into_iter().flat_map(|native| &native.env));
    // `cargo run` sets these for the floe that it starts. Build scripts of dependencies that watch them would run again.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.arg("--").args(&recipe.link);
    let (mut built, mut package, mut out_dirs, mut errors) = (None, None, BTreeMap::new(), Vec::new());
    let read = |line: &str| match serde_json::from_str(line) {
        Ok(Message::CompilerMessage(found)) => {
            let diagnostic = found.message;
            report.line(diagnostic.rendered.as_deref().unwrap_or(&diagnostic.message).trim_end());
            if diagnostic.level == DiagnosticLevel::Error {
                errors.push(diagnostic.message);
            }
        }
        Ok(Message::CompilerArtifact(artifact)) if artifact.target.name == binary => {
            built = artifact.executable.or(built.take());
            package = Some(artifact.package_id);
        }
        Ok(Message::BuildScriptExecuted(script)) => {
            out_dirs.insert(script.package_id, script.out_dir);
        }
        _ => {}
    };
    let ran = process::run_lines(&mut command, read);
    ran.map_err(|error| failed(project, recipe, &errors, error))?;
    let path = built.map(Into::into).with_context(|| format!("cargo built no binary `{binary}`"))?;
    Ok(Binary { path, out_dir: package.and_then(|package| out_dirs.remove(&package)).map(Into::into) })
}

/// Takes this machine's folders out of the binary, as a real release must, and builds with the flags that the table of
/// targets gives to releases.
fn exact(project: &Project, target: Target, command: &mut Command) -> anyhow::Result<()> {
    let folders = [project.workspace_root.clone(), flags::cargo_home().unwrap_or_default()];
    let folders = folders.map(|folder| folder.display().to_string());
    let (rustflags, cflags) = release_flags(target, &folders);
    let cfg = process::run(rustc(project).args(["--print", "cfg", "--target", target.triple()]))?;
    let mut own = flags::of(&project.root, target, &cfg)?;
    own.extend(rustflags);
    // Encoded, because a path may hold spaces.
    command.env("CARGO_ENCODED_RUSTFLAGS", own.join("\u{1f}"));
    // There is no such form for C, where a path with a space would be two flags.
    if !folders.concat().contains(char::is_whitespace) {
        let own = variable("CFLAGS").unwrap_or_default();
        command.env("CFLAGS", [vec![own], cflags].concat().join(" ").trim());
    }
    Ok(())
}

/// The flags of rustc and of the C compiler for releases of a target, with the folders of the source and of Cargo's home
/// filled in.
fn release_flags(target: Target, folders: &[String; 2]) -> (Vec<String>, Vec<String>) {
    let fill = |flags: &str| {
        let fill = |flag: &str| flag.replace("{0}", &folders[0]).replace("{1}", &folders[1]);
        flags.split_whitespace().map(fill).collect()
    };
    target
        .native()
        .map_or((fill(REMAP), fill(REMAP_C)), |native| (fill(&native.rustflags), fill(&native.cflags)))
}

fn failed(project: &Project, recipe: &Recipe, errors: &[String], error: anyhow::Error) -> Failure {
    let failure = Failure::new(format!("failed to build `{}` for {}", project.name, recipe.target))
        .because(error)
        .details(errors);
    // A static binary for glibc needs libraries that many systems do not install.
    let is_linker = errors.iter().any(|error| error.starts_with("linking with"));
    match musl(recipe.target) {
        Some(musl) if is_linker && recipe.is_static && recipe.target != musl => failure.hint(format!(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(target: &str) -> (String, String, String) {
        let target = target.parse().unwrap();
        let (rust, c) = release_flags(target, &["/my work".to_owned(), "/home/me/.cargo".to_owned()]);
        (link(target).join(" "), rust.join("|"), c.join("|"))
    }

    #[test]
    fn windows_is_linked_with_the_flags_of_releases() {
        let (link, rust, c) = of("x86_64-windows");
        assert_eq!(link, "-C target-feature=+crt-static -C link-arg=/Brepro");
        let remap = "--remap-path-prefix=/my work=/src|--remap-path-prefix=/home/me/.cargo=/vendor";
        assert_eq!(rust, format!("-C|target-feature=+crt-static|-C|link-arg=/Brepro|{remap}"));
        assert_eq!(c, "");
    }

    #[test]
    fn other_systems_take_only_paths_out() {
        for target in ["aarch64-macos", "x86_64-gnu"] {
            let (link, rust, c) = of(target);
            assert_eq!(link, "", "{target}");
            assert_eq!(rust, "--remap-path-prefix=/my work=/src|--remap-path-prefix=/home/me/.cargo=/vendor");
            assert_eq!(c, "-ffile-prefix-map=/my work=/src|-ffile-prefix-map=/home/me/.cargo=/vendor");
        }
    }
}
