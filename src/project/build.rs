//! Building a project with Cargo for this machine, as a rehearsal needs it: a build for the host, and a static one for
//! the image.
//!
//! Real releases are built elsewhere (Nix, or the native legs of a workflow); nothing here is shipped by itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::Message;
use cargo_metadata::diagnostic::DiagnosticLevel;
use toml_edit::{DocumentMut, Value};

use crate::environment::{variable, variable_os};
use crate::error::{AtPath as _, Failure};
use crate::project::cargo::Project;
use crate::project::process;
use crate::report::Report;
use floe_core::model::{Dependency, Os, Target};

/// The binaries that were built for a target, here or elsewhere.
#[derive(Debug, Clone)]
pub struct Build {
    /// The target that they run on.
    pub target: Target,
    /// Where they are; each is called like a released binary of the project, with `.exe` for Windows.
    pub binaries: Vec<PathBuf>,
    /// Where the completions and man pages are that the build made.
    pub documents: Option<Documents>,
    /// The crates in the binaries, the package first; `None` for no SBOM.
    pub crates: Option<Vec<Dependency>>,
}

/// The completions and man pages that a build made.
#[derive(Debug, Clone)]
pub enum Documents {
    /// A folder whose `completions` and `man` go into the archive.
    Folder(PathBuf),
    /// The `OUT_DIR` of the package's build script: the same, and what `include` names with `built`.
    OutDir(PathBuf),
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

/// Builds the project for this machine. On Linux the last of the builds is static: for musl where its standard library is
/// installed, else for glibc with `+crt-static`.
///
/// Unless it is to be `exact`, the profile is `release` without link-time optimisation, which takes over whatever
/// `cargo build --release` has compiled.
pub fn for_this_machine(project: &Project, exact: bool, report: &Report) -> anyhow::Result<Vec<Build>> {
    let host = host(project)?;
    let profile = project.config.profile.as_deref().filter(|_| exact).unwrap_or("release");
    let how = match exact {
        false => "without link-time optimisation; `--exact` takes the profile of releases",
        true => "as it is",
    };
    report.step("Using", format!("profile `{profile}` {how}"));
    project.gated.iter().for_each(|gated| report.warn(gated.line()));
    let mut builds = Vec::new();
    for recipe in recipes(host, project)? {
        let kind = if recipe.is_static { " (static)" } else { "" };
        report.step("Building", format!("{} {} for {}{kind}", project.name, project.version, recipe.target));
        let (mut binaries, mut out_dir) = (Vec::new(), None);
        for binary in &project.binaries {
            let (path, made) = build(project, &recipe, (profile, exact), binary, report)?;
            binaries.push(path);
            out_dir = made.or(out_dir);
        }
        let documents = out_dir.map(Documents::OutDir);
        builds.push(Build { target: recipe.target, binaries, documents, crates: None });
    }
    Ok(builds)
}

fn host(project: &Project) -> anyhow::Result<Target> {
    let version = process::run(rustc(project).arg("-vV"))?;
    let triple = version.lines().find_map(|line| line.strip_prefix("host: "));
    let triple = triple.context("`rustc -vV` names no host")?;
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
    let cross = has_default_target(&project.root)?.then(|| host.triple);
    let plain = Recipe { target: host, is_static: host.platform.is_some(), cross, link: link(host) };
    if host.os != Os::Linux || plain.is_static {
        return Ok(vec![plain]);
    }
    match musl(host) {
        Some(musl) if has_std(project, musl)? => {
            let cross = Some(musl.triple);
            Ok(vec![plain, Recipe { target: musl, is_static: true, cross, link: Vec::new() }])
        }
        // One static build serves both: the archive's binary is then the image's.
        _ => {
            let link = ["-C", "target-feature=+crt-static"].map(str::to_owned).to_vec();
            Ok(vec![Recipe { is_static: true, link, ..plain }])
        }
    }
}

/// The flags of the table of targets that matter where a binary is linked.
fn link(target: Target) -> Vec<String> {
    let flags = target.native.as_ref().map_or("", |native| &native.rustflags).split_whitespace();
    flags.filter(|flag| !flag.starts_with("--remap-path-prefix")).map(str::to_owned).collect()
}

/// The target whose binaries need nothing of any system with this processor.
fn musl(host: Target) -> Option<Target> {
    Target::all().find(|target| target.platform.is_some() && target.arch == host.arch)
}

fn has_std(project: &Project, target: Target) -> anyhow::Result<bool> {
    let mut rustc = rustc(project);
    let folder = process::run(rustc.args(["--print", "target-libdir", "--target", target.triple]))?;
    Ok(std::fs::read_dir(folder.trim()).is_ok_and(|mut entries| entries.next().is_some()))
}

/// Builds one binary, and returns it with the `OUT_DIR` of its package's build script. `cargo rustc` is `cargo build`, but
/// for the flags that it passes on when it links.
///
/// Not `--locked`: a maintainer who rehearses the next version has just changed the one in Cargo.toml, and Cargo.lock
/// follows with the build. Everything else in it stays as it is.
fn build(
    project: &Project,
    recipe: &Recipe,
    (profile, exact): (&str, bool),
    binary: &str,
    report: &Report,
) -> anyhow::Result<(PathBuf, Option<PathBuf>)> {
    let package = format!("{}@{}", project.name, project.version);
    let mut command = project.cargo(&["rustc", "--message-format=json", "--package", &package]);
    command
        .args(["--bin", binary, "--profile", profile, "--target-dir"])
        .arg(&project.target_dir)
        .args(recipe.cross.into_iter().flat_map(|triple| ["--target", triple]));
    if !exact {
        // The value that a profile has by default, so that most projects are compiled with the very settings of
        // `cargo build --release`. For the same reason the number of codegen units stays.
        command.args(["--config", "profile.release.lto=false"]);
    }
    command.envs(recipe.target.native.iter().flat_map(|native| &native.env));
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
    process::run_lines(&mut command, read).map_err(|error| failed(project, recipe, &errors, error))?;
    let path = built.with_context(|| format!("cargo built no binary `{binary}`"))?;
    Ok((path.into(), package.and_then(|package| out_dirs.remove(&package)).map(Into::into)))
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

/// Whether Cargo would build for another target than its host, if it is not given one.
fn has_default_target(folder: &Path) -> anyhow::Result<bool> {
    if variable("CARGO_BUILD_TARGET").is_some() {
        return Ok(true);
    }
    let home = variable_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let folders = folder.ancestors().map(|folder| folder.join(".cargo")).chain(home);
    // Without an ending the name is an old one, which Cargo still reads.
    let files = folders.flat_map(|folder| ["config", "config.toml"].map(|name| folder.join(name)));
    let mut files: Vec<PathBuf> = files.collect();
    while let Some(file) = files.pop() {
        // One that is included may be optional; Cargo itself refuses others that are missing, and circles.
        if !file.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(&file).at("failed to read", &file)?;
        let config: DocumentMut = text.parse().at("failed to read", &file)?;
        if config.get("build").is_some_and(|build| build.get("target").is_some()) {
            return Ok(true);
        }
        let includes = config.get("include").cloned().and_then(|item| item.into_value().ok());
        for include in includes.iter().filter_map(Value::as_array).flatten() {
            let path = include.as_str().or_else(|| include.as_inline_table()?.get("path")?.as_str());
            files.extend(path.map(|path| file.with_file_name(path)));
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_is_linked_with_the_flags_of_releases() {
        let of = |target: &str| link(target.parse().unwrap()).join(" ");
        assert_eq!(of("x86_64-windows"), "-C target-feature=+crt-static -C link-arg=/Brepro");
        assert_eq!((of("aarch64-macos"), of("x86_64-gnu")), (String::new(), String::new()));
    }
}
