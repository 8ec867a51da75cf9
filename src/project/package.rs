//! The package of a workspace that is released, and its binaries, as `cargo metadata` lists them.
//!
//! `nix/chosen.nix` and `nix/binaries.nix` do the same; `tests/nix/layouts.toml` holds what both must read.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::bail;
use cargo_metadata::{Metadata, Package, Target};
use serde_json::Value;

use crate::error::{Exit, Failure};
use crate::files;
use crate::project::cargo::Project;
use floe_core::model::{About, Config, Minisign, spdx};

/// A binary that requires a feature that is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gated {
    /// Its name.
    pub name: String,
    /// The features of its `required-features` that are off.
    pub features: Vec<String>,
}

/// `[package.metadata.binstall.signing]`.
fn minisign(package: &Package) -> Option<Minisign> {
    let table = package.metadata.get("binstall")?.get("signing")?;
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    if text("algorithm").is_some_and(|algorithm| algorithm != "minisign") {
        return None;
    }
    let file = text("file").unwrap_or("{ url }.sig");
    let suffix = ["{ url }", "{url}"].iter().find_map(|url| file.strip_prefix(url));
    Some(Minisign { pubkey: text("pubkey")?.to_owned(), suffix: suffix.map(str::to_owned) })
}

impl Gated {
    /// The setting that builds all of these.
    fn setting(gated: &[&Gated]) -> String {
        let features: BTreeSet<&str> =
            gated.iter().flat_map(|one| &one.features).map(String::as_str).collect();
        let features = features.into_iter().collect::<Vec<_>>().join("\", \"");
        format!("`features = [\"{features}\"]` under [package.metadata.floe]")
    }

    /// Why it is left out, and how to include it.
    pub fn line(&self) -> String {
        let (reason, setting) = (self.reason(), Gated::setting(&[self]));
        format!("`{}` is left out, because it {reason}: {setting} builds it", self.name)
    }

    fn reason(&self) -> String {
        format!("requires the feature `{}`", self.features.join("`, `"))
    }
}

/// Finds the package: the named one, else that of the manifest, else the only one with a binary among the workspace's
/// default members or among all of its members.
pub(super) fn choose<'m>(
    metadata: &'m Metadata,
    manifest: &Path,
    name: Option<&str>,
) -> anyhow::Result<&'m Package> {
    let (members, shown) = (metadata.workspace_packages(), manifest.display());
    let released: Vec<&Package> = members.iter().copied().filter(|one| !built(one).0.is_empty()).collect();
    // Cargo before 1.71 does not name them.
    let default = &metadata.workspace_default_members;
    let is_default = |one: &&Package| default.is_available() && default.contains(&one.id);
    let default: Vec<&Package> = released.iter().copied().filter(is_default).collect();
    let is_asked = |one: &&Package| match name {
        Some(name) => *one.name == name,
        None => same_file(one.manifest_path.as_std_path(), manifest),
    };
    let only = match (name, &default[..], &released[..]) {
        (None, [only], _) | (None, _, [only]) => Some(*only),
        _ => None,
    };
    if let Some(package) = released.iter().copied().find(is_asked).or(only) {
        return Ok(package);
    }
    let mut asked = members.iter().filter(|one| name.map_or(released.is_empty(), |name| *one.name == name));
    if let Some(package) = asked.clone().find(|one| !built(one).1.is_empty()) {
        bail!(only_gated(package));
    }
    let names = released.iter().map(|one| format!("`{}`", one.name)).collect::<Vec<_>>().join(", ");
    let no_binary = "add `src/main.rs` or a `[[bin]]` to the package";
    bail!(match (name, default.first().or(released.first())) {
        (Some(name), first) => {
            let why = match asked.next() {
                Some(_) => format!("the package `{name}` has no binary"),
                None => format!("there is no package `{name}` in `{shown}`"),
            };
            let hint = first.map_or(no_binary.to_owned(), |_| format!("give one of {names} as `--package`"));
            Failure::new(why).hint(hint)
        }
        (None, None) => Failure::new(format!("`{shown}` has no binary, so there is nothing to release"))
            .hint(format!("{no_binary}, or give another `--manifest-path`")),
        (None, Some(first)) => Failure::new(format!("`{shown}` has several packages with a binary: {names}"))
            .hint(format!("choose the one to release: `--package {}`", first.name))
            .exit(Exit::Usage),
    })
}

fn only_gated(package: &Package) -> Failure {
    let gated = built(package).1;
    let needs = |one: &Gated| format!("`{}` {}", one.name, one.reason());
    Failure::new(format!("no binary of `{}` is built with the features that are on", package.name))
        .details(gated.iter().map(needs))
        .hint(gated.first().map_or_else(String::new, |one| format!("write {}", Gated::setting(&[one]))))
}

/// The package as a project.
pub(super) fn project(package: &Package, metadata: &Metadata) -> anyhow::Result<Project> {
    let manifest_path = package.manifest_path.clone().into_std_path_buf();
    if metadata.workspace_metadata.get("floe").is_some() {
        bail!(
            Failure::new(format!("`[workspace.metadata.floe]` in `{}` is not read", metadata.workspace_root))
                .hint("move its keys to `[package.metadata.floe]` of each package that is released")
                .exit(Exit::Usage)
        );
    }
    let (built, gated) = built(package);
    let config = config(package).map_err(|problems| {
        Failure::new(format!("`[package.metadata.floe]` in `{}` is invalid", package.manifest_path))
            .details(problems)
            .exit(Exit::Usage)
    })?;
    let chosen = config.binaries.clone();
    let is_wanted = |one: &&Gated| chosen.iter().flatten().any(|name| *name == one.name);
    let wanted: Vec<&Gated> = gated.iter().filter(is_wanted).collect();
    Failure::new("`binaries` names what is not built with the features that are on")
        .hint(format!("write {}, or take it out of `binaries`", Gated::setting(&wanted)))
        .exit(Exit::Usage)
        .if_any(wanted.iter().map(|one| format!("`{}` {}", one.name, one.reason())))?;
    let siblings = metadata.workspace_packages().into_iter().filter(|one| one.id != package.id).map(|one| {
        let is_released = one.metadata.get("floe").is_some() && !self::built(one).0.is_empty();
        // A table that is wrong is reported when its own package is released.
        (one.name.to_string(), is_released.then(|| self::config(one).ok()).flatten())
    });
    let siblings = siblings.collect();
    // An empty value counts as unset.
    let text = |value: &Option<String>| value.clone().filter(|text| !text.trim().is_empty());
    Ok(Project {
        name: package.name.to_string(),
        version: package.version.clone(),
        about: About {
            description: text(&package.description),
            license: text(&package.license).map(|license| spdx(&license)),
            homepage: text(&package.homepage),
            minisign: minisign(package),
        },
        authors: package.authors.clone(),
        repository: package.repository.clone(),
        documentation: package.documentation.clone(),
        readme: package.readme.clone().map(Into::into),
        license_file: package.license_file.clone().map(Into::into),
        root: manifest_path.parent().unwrap_or(Path::new("/")).to_owned(),
        workspace_root: metadata.workspace_root.clone().into_std_path_buf(),
        manifest_path,
        target_dir: metadata.target_directory.clone().into_std_path_buf(),
        // With `binaries`, every omission is intended.
        gated: if chosen.is_some() { Vec::new() } else { gated },
        binaries: chosen.unwrap_or(built),
        config,
        is_configured: package.metadata.get("floe").is_some(),
        siblings,
    })
}

fn config(package: &Package) -> Result<Config, Vec<String>> {
    let names: Vec<String> = binaries(package).iter().map(|target| target.name.clone()).collect();
    let features: Vec<String> = package.features.keys().cloned().collect();
    Config::parse(package.metadata.get("floe").unwrap_or(&Value::Null), &names, &features)
}

/// A package's binaries, the main one first.
fn binaries(package: &Package) -> Vec<&Target> {
    let mut found: Vec<&Target> = package.targets.iter().filter(|target| target.is_bin()).collect();
    found.sort_by_cached_key(|Target { name, .. }| {
        (Some(name) != package.default_run.as_ref(), name != package.name.as_str(), name.clone())
    });
    found
}

/// The binaries that are built with the features that are on, the main one first, and those that are not.
fn built(package: &Package) -> (Vec<String>, Vec<Gated>) {
    let on = features(package);
    let all = binaries(package).into_iter().map(|Target { name, required_features, .. }| {
        let off = required_features.iter().filter(|feature| !on.contains(*feature));
        Gated { name: name.clone(), features: off.cloned().collect() }
    });
    let (built, gated): (Vec<Gated>, _) = all.partition(|one| one.features.is_empty());
    (built.into_iter().map(|one| one.name).collect(), gated)
}

/// The features that releases are built with, and all that these turn on.
fn features(package: &Package) -> BTreeSet<String> {
    let setting = |key: &str| package.metadata.get("floe").and_then(|floe| floe.get(key));
    let given = setting("features").and_then(Value::as_array).into_iter().flatten();
    let mut todo: Vec<String> = given.filter_map(Value::as_str).map(str::to_owned).collect();
    if setting("default-features") != Some(&Value::Bool(false)) {
        todo.push("default".to_owned());
    }
    let mut on = BTreeSet::new();
    while let Some(feature) = todo.pop() {
        // `dependency/feature` turns the optional dependency on as well, `dependency?/feature` does not.
        todo.extend(
            feature.split_once('/').filter(|(one, _)| !one.ends_with('?')).map(|(one, _)| one.to_owned()),
        );
        let more = package.features.get(&feature).cloned().unwrap_or_default();
        if on.insert(feature) {
            todo.extend(more);
        }
    }
    on
}

/// Whether two paths lead to the same file, resolving symbolic links.
fn same_file(a: &Path, b: &Path) -> bool {
    match (files::resolve(a), files::resolve(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}
