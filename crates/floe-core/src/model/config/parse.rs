//! Reads the table: serde checks its shape, then every value is checked, so that one run reports all wrong values.
//!
//! A wrong key or value is never replaced by a default; the message suggests one.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Deserialize;
use serde_json::Value;

use super::{Config, ImageSettings, Include, NotesFrom};
use crate::model::release::CHECKSUMS;
use crate::model::{ImageName, Manifest, Rule, Sbom, Tag, Target, image};
use crate::untrusted::text;

mod channels;

const ROOT: &str = "package.metadata.floe";

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
struct Table {
    targets: Option<Vec<String>>,
    /// Each a path or an [`IncludeTable`].
    include: Vec<Value>,
    exclude: Vec<String>,
    assets: Vec<String>,
    sbom: Option<bool>,
    /// `false` or an [`ImageTable`].
    image: Option<Value>,
    notes: Option<String>,
    binaries: Option<Vec<String>>,
    profile: Option<String>,
    loosen: BTreeMap<String, String>,
    features: Vec<String>,
    default_features: Option<bool>,
    tag_prefix: Option<String>,
    latest: Option<bool>,
    installers: Option<Vec<String>>,
    homebrew: Option<Value>,
    scoop: Option<Value>,
    winget: Option<Value>,
    chocolatey: Option<Value>,
    aur: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a path or a table")]
struct IncludeTable {
    from: String,
    to: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "`false` or a table")]
struct ImageTable {
    name: Option<String>,
    entrypoint: Option<Vec<String>>,
    labels: BTreeMap<String, String>,
    ports: Vec<String>,
    user: Option<String>,
    programs: Vec<String>,
}

impl Config {
    /// Reads `[package.metadata.floe]` as Cargo's JSON for a package that has `binaries`; `null` means all defaults.
    ///
    /// # Errors
    ///
    /// One line for each problem: the key with its full path, what is wrong, and what is allowed.
    pub fn parse(value: &Value, binaries: &[String]) -> Result<Config, Vec<String>> {
        if value.is_null() {
            return Ok(Config::default());
        }
        let table: Table = shape(ROOT, value).map_err(|problem| vec![problem])?;
        let mut problems = Problems::default();
        let default = Config::default();
        let targets = match table.targets {
            Some(names) => problems.some("targets", &names, str::parse::<Target>),
            None => default.targets,
        };
        let tables = channels::Tables {
            installers: table.installers,
            homebrew: table.homebrew,
            scoop: table.scoop,
            winget: table.winget,
            chocolatey: table.chocolatey,
            aur: table.aur,
        };
        let config = Config {
            channels: problems.channels(tables, &targets),
            targets,
            include: problems.include(&table.include),
            exclude: problems.each("exclude", &table.exclude, archive_path),
            assets: problems.each("assets", &table.assets, asset),
            sbom: table.sbom.unwrap_or(true),
            image: problems.image(table.image),
            notes: problems.one("notes", table.notes, notes).unwrap_or_default(),
            binaries: table
                .binaries
                .map(|names| problems.some("binaries", &names, |name| binary(name, binaries))),
            loosen: problems.loosen(table.loosen),
            profile: problems.one("profile", table.profile, profile),
            features: problems.each("features", &table.features, feature),
            default_features: table.default_features.unwrap_or(true),
            tag_prefix: problems.one("tag-prefix", table.tag_prefix, tag_prefix).unwrap_or_default(),
            latest: table.latest,
        };
        problems.refuse_twice("targets", &config.targets);
        problems.refuse_twice("assets", &config.assets);
        if problems.0.is_empty() { Ok(config) } else { Err(problems.0) }
    }
}

/// The problems found so far.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn image(&mut self, value: Option<Value>) -> Option<ImageSettings> {
        let table: ImageTable = match value {
            None => ImageTable::default(),
            Some(Value::Bool(false)) => return None,
            Some(value) => match shape(&format!("{ROOT}.image"), &value) {
                Ok(table) => table,
                Err(problem) => {
                    self.0.push(problem);
                    return None;
                }
            },
        };
        if table.labels.contains_key("") {
            self.add("image.labels", "has a label without a name");
        }
        Some(ImageSettings {
            name: self.one("image.name", table.name, str::parse::<ImageName>),
            entrypoint: table.entrypoint.map(|words| self.some("image.entrypoint", &words, not_empty)),
            labels: table.labels,
            ports: self.each("image.ports", &table.ports, port),
            user: self.one("image.user", table.user, user),
            programs: self.each("image.programs", &table.programs, program),
        })
    }

    fn include(&mut self, values: &[Value]) -> Vec<Include> {
        let mut includes = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let key = format!("include[{index}]");
            let table = match value.as_str() {
                Some(from) => Ok(IncludeTable { from: from.to_owned(), to: None }),
                None => shape(&format!("{ROOT}.{key}"), value),
            };
            match table {
                Ok(IncludeTable { from, to }) => {
                    let from = self.one(&key, Some(from), include_path);
                    let to = self.one(&format!("{key}.to"), to, archive_path);
                    includes.extend(from.map(|from| Include { from, to }));
                }
                Err(problem) => self.0.push(problem),
            }
        }
        includes
    }

    fn loosen(&mut self, table: BTreeMap<String, String>) -> BTreeMap<Rule, String> {
        let mut loosened = BTreeMap::new();
        for (name, reason) in table {
            match name.parse::<Rule>() {
                Err(_) => {
                    let known: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
                    self.add(&format!("loosen.{name}"), unknown(&name, &known, "rule"));
                }
                Ok(_) if reason.trim().is_empty() => {
                    self.add(&format!("loosen.{name}"), "is empty; write the reason, it is shown to users")
                }
                Ok(rule) => drop(loosened.insert(rule, reason.trim().to_owned())),
            }
        }
        loosened
    }

    fn one<T, E: Display>(
        &mut self,
        key: &str,
        text: Option<String>,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        read(&text?).map_err(|why| self.add(key, format!("is invalid: {why}"))).ok()
    }

    fn each<T, E: Display>(
        &mut self,
        key: &str,
        texts: &[String],
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let read =
            |(index, text): (usize, &String)| self.one(&format!("{key}[{index}]"), Some(text.clone()), &read);
        texts.iter().enumerate().filter_map(read).collect()
    }

    /// As `each`, for a list that must not be empty.
    fn some<T, E: Display>(
        &mut self,
        key: &str,
        texts: &[String],
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        if texts.is_empty() {
            self.add(key, "is empty; name at least one, or remove the key to get the default");
        }
        self.each(key, texts, read)
    }

    fn refuse_twice<T: Display + PartialEq>(&mut self, key: &str, values: &[T]) {
        for (index, value) in values.iter().enumerate() {
            if values[..index].contains(value) {
                self.add(key, format!("names `{value}` twice"));
            }
        }
    }

    fn add(&mut self, key: &str, why: impl AsRef<str>) {
        self.0.push(format!("`{ROOT}.{key}` {}", why.as_ref()));
    }
}

/// The table at the path `at` in the shape of `T`.
fn shape<'v, T: Deserialize<'v>>(at: &str, value: &'v Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => at.to_owned(),
            path => format!("{at}.{path}"),
        };
        let message = error.into_inner().to_string();
        // serde names the key and then the allowed ones, each in backticks.
        if message.starts_with("unknown field") {
            let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
            return format!("`{path}` {}", unknown(names[0], &names[1..], "key"));
        }
        if let Some(name) = message.strip_prefix("missing field ") {
            return format!("`{path}` lacks the key {name}");
        }
        // TOML calls them lists and tables.
        let message = message.replace("sequence", "list").replace(" map", " table");
        format!("`{path}` has an {message}")
    })
}

fn unknown(name: &str, known: &[&str], what: &str) -> String {
    format!("is not a {what}{}; the {what}s are {}", did_you_mean(name, known), listed(known))
}

/// A relative path with slashes and without `.` components. It may begin with `..`, but leads no further down than up.
fn include_path(text: &str) -> Result<String, String> {
    let refuse = |why: &str| Err(format!("`{text}` {why}; write it relative to the package's folder"));
    if text.starts_with('/') || text.contains(['\\', ':']) {
        return refuse("is absolute or has a character that not every system allows");
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let Some(down) = parts.iter().position(|part| *part != "..") else {
        return refuse("names no file or folder");
    };
    if parts[down..].contains(&"..") {
        return refuse("has `..` after the name of a folder");
    }
    Ok(parts.join("/"))
}

/// A path in the archives.
fn archive_path(text: &str) -> Result<String, String> {
    match include_path(text) {
        Ok(path) if !path.starts_with("..") => Ok(path),
        _ => Err(format!("`{text}` is not a path in the archives; write it as `README.md` or `man/tool.1`")),
    }
}

/// The name of a further asset: GitHub changes other characters, and floe makes some of the names itself.
fn asset(text: &str) -> Result<String, String> {
    let plain = text.replace("{name}", "name").replace("{version}", "1.0.0");
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    if plain.is_empty() || plain.len() > 200 || plain.starts_with('.') || !plain.bytes().all(good) {
        return Err(format!(
            "`{text}` is not the name of an asset; it takes letters, digits and `._+-`, `{{name}}` and `{{version}}`"
        ));
    }
    let is_made = |target: Target| {
        plain.ends_with(&target.archive_file("")) || plain.ends_with(&Sbom::file_name("", target))
    };
    if plain == CHECKSUMS || plain.ends_with(&Manifest::file_name("")) || Target::all().any(is_made) {
        return Err(format!("floe makes `{text}` itself; list only files that something else makes"));
    }
    Ok(text.to_owned())
}

fn notes(text: &str) -> Result<NotesFrom, String> {
    match text {
        "changelog" => Ok(NotesFrom::Changelog),
        "github" => Ok(NotesFrom::Github),
        "auto" => Ok(NotesFrom::Auto),
        _ => Err(format!("`{text}` is none of `changelog`, `github` and `auto`")),
    }
}

fn binary(name: &str, binaries: &[String]) -> Result<String, String> {
    if binaries.iter().any(|binary| binary == name) {
        return Ok(name.to_owned());
    }
    let known: Vec<&str> = binaries.iter().map(String::as_str).collect();
    let meant = did_you_mean(name, &known);
    Err(format!("the package has no binary `{name}`{meant}; it has {}", listed(&known)))
}

fn tag_prefix(text: &str) -> Result<String, String> {
    Tag::prefixed(text, &semver::Version::new(1, 0, 0)).map(|_| text.to_owned())
}

/// As Cargo takes it on its command line: `vendored`, or `serde/derive` of a dependency.
fn feature(text: &str) -> Result<String, String> {
    let is_name = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || "-_+.".contains(c))
            && !part.starts_with('-')
    };
    let parts: Vec<&str> = text.split('/').collect();
    let is_feature = parts.len() <= 2 && parts.into_iter().all(is_name);
    is_feature.then(|| text.to_owned()).ok_or_else(|| format!("`{text}` is not the name of a feature"))
}

fn profile(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    is_name.then(|| text.to_owned()).ok_or_else(|| format!("`{text}` is not the name of a profile"))
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("an argument is empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn port(text: &str) -> Result<String, String> {
    image::parse_port(text)
}

fn user(text: &str) -> Result<String, String> {
    image::parse_user(text)
}

/// The path of a file in the image; it is an annotation in which spaces separate paths.
fn program(text: &str) -> Result<String, String> {
    let parts = text.strip_prefix('/').map(|rest| rest.split('/').collect::<Vec<_>>()).unwrap_or_default();
    let is_plain = !parts.is_empty() && !parts.iter().any(|part| ["", ".", ".."].contains(part));
    match is_plain && text.chars().all(|c| c.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is not the path of a program; write it as /bin/busybox")),
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A suggestion if one of `known` is similar enough, by the measure and the bound that clap uses.
fn did_you_mean(name: &str, known: &[&str]) -> String {
    let scored = known.iter().map(|known| (strsim::jaro(name, known), known));
    let best = scored.filter(|(score, _)| *score > 0.7).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, meant)| format!(" (did you mean `{meant}`?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
