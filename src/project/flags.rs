//! The flags for rustc in a project's own Cargo configuration.
//!
//! `CARGO_ENCODED_RUSTFLAGS` replaces them, so that a build that adds flags must repeat them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use cargo_metadata::cargo_platform::{Cfg, Platform};
use toml_edit::{DocumentMut, Item, Value};

use crate::environment::{variable, variable_os};
use crate::error::AtPath as _;
use floe_core::model::Target;

/// The flags that Cargo would give to rustc for a target, in a folder: those of the environment, else those of the
/// target's tables, else those of every build. `cfg` is what `rustc --print cfg` says of the target.
pub fn of(folder: &Path, target: Target, cfg: &str) -> anyhow::Result<Vec<String>> {
    if let Some(encoded) = variable("CARGO_ENCODED_RUSTFLAGS") {
        return Ok(encoded.split('\u{1f}').map(str::to_owned).collect());
    }
    if let Some(flags) = variable("RUSTFLAGS") {
        return Ok(words(&flags));
    }
    let of_variable = |name: &str| words(&variable(name).unwrap_or_default());
    let name = target.triple().to_uppercase().replace('-', "_");
    let (mut own, mut every) = tables(&files(folder)?, target, cfg)?;
    own.extend(of_variable(&format!("CARGO_TARGET_{name}_RUSTFLAGS")));
    every.extend(of_variable("CARGO_BUILD_RUSTFLAGS"));
    Ok(if own.is_empty() { every } else { own })
}

/// Whether Cargo would build for another target than its host, if it is not given one.
pub fn has_default_target(folder: &Path) -> anyhow::Result<bool> {
    let names = |config: &DocumentMut| config.get("build").is_some_and(|build| build.get("target").is_some());
    Ok(variable("CARGO_BUILD_TARGET").is_some() || files(folder)?.iter().any(|(_, config)| names(config)))
}

/// The flags of the target's tables, and those of every build, in some configuration files.
pub fn tables(
    files: &[(PathBuf, DocumentMut)],
    target: Target,
    cfg: &str,
) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let cfg: Vec<Cfg> = cfg.lines().filter_map(|line| Cfg::from_str(line).ok()).collect();
    let (mut triple, mut every) = (Vec::new(), Vec::new());
    // Cargo joins these in the order of their names.
    let mut by_cfg: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, config) in files {
        every.extend(config.get("build").map(rustflags).unwrap_or_default());
        let tables = config.get("target").and_then(Item::as_table_like);
        for (name, table) in tables.into_iter().flat_map(|tables| tables.iter()) {
            let platform = Platform::from_str(name).at("failed to read", file)?;
            match platform {
                Platform::Name(name) if name == target.triple() => triple.extend(rustflags(table)),
                Platform::Cfg(_) if platform.matches(target.triple(), &cfg) => {
                    by_cfg.entry(name.to_owned()).or_default().extend(rustflags(table));
                }
                _ => {}
            }
        }
    }
    triple.extend(by_cfg.into_values().flatten());
    Ok((triple, every))
}

/// Cargo's configuration files for a folder, in ascending order of precedence: that of Cargo's home, then those of the
/// folders from the root down, each after those that it includes.
pub fn files(folder: &Path) -> anyhow::Result<Vec<(PathBuf, DocumentMut)>> {
    let home = cargo_home();
    let folders = folder.ancestors().map(|folder| folder.join(".cargo"));
    let mut folders: Vec<PathBuf> =
        folders.filter(|folder| Some(folder) != home.as_ref()).chain(home.clone()).collect();
    folders.reverse();
    // Without an ending the name is an old one, which Cargo still reads first.
    let file = |folder: PathBuf| {
        ["config", "config.toml"].map(|name| folder.join(name)).into_iter().find(|file| file.is_file())
    };
    let mut found = Vec::new();
    folders.into_iter().filter_map(file).try_for_each(|file| add(file, &mut found))?;
    Ok(found)
}

/// Adds a file after those that it includes. Cargo refuses a circle, and a file that is missing and not optional.
fn add(file: PathBuf, found: &mut Vec<(PathBuf, DocumentMut)>) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&file).at("failed to read", &file)?;
    let config: DocumentMut = text.parse().at("failed to read", &file)?;
    let includes = config.get("include").cloned().and_then(|item| item.into_value().ok());
    for include in includes.iter().filter_map(Value::as_array).flatten() {
        let path = include.as_str().or_else(|| include.as_inline_table()?.get("path")?.as_str());
        let path = path.map(|path| file.with_file_name(path)).filter(|path| path.is_file());
        path.map_or(Ok(()), |path| add(path, found))?;
    }
    found.push((file, config));
    Ok(())
}

/// Cargo's own folder.
pub fn cargo_home() -> Option<PathBuf> {
    let home = variable_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

fn rustflags(table: &Item) -> Vec<String> {
    let Some(flags) = table.get("rustflags") else { return Vec::new() };
    let list = flags.as_array().into_iter().flatten().filter_map(|flag| flag.as_str());
    flags.as_str().map_or_else(|| list.map(str::to_owned).collect(), words)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
