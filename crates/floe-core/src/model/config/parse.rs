//! Reads the table: serde checks its shape, then every value is checked, so that one run reports all wrong values.
//!
//! A wrong key or value is never replaced by a default; the message suggests one.

mod channels;
mod values;

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::{
    Aur, Built, Channels, Chocolatey, Config, Homebrew, ImageSettings, Include, LinuxPackage, Scoop, Winget,
};
use crate::model::{ImageName, PackageKind, Rule, Target, image};
use crate::untrusted::text;
use values::*;

const ROOT: &str = "package.metadata.floe";

/// A list of texts; an element of another type is `None`.
type Texts = Vec<Option<String>>;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
struct Table {
    targets: Option<Texts>,
    /// Each a path or an [`IncludeTable`].
    include: Vec<Value>,
    exclude: Texts,
    assets: Texts,
    sbom: Option<bool>,
    /// `false` or an [`ImageTable`].
    image: Option<Value>,
    notes: Option<String>,
    binaries: Option<Texts>,
    profile: Option<String>,
    loosen: BTreeMap<String, String>,
    features: Texts,
    default_features: Option<bool>,
    tag_prefix: Option<String>,
    latest: Option<bool>,
    installers: Option<Texts>,
    homebrew: Option<Homebrew>,
    scoop: Option<Scoop>,
    winget: Option<Winget>,
    chocolatey: Option<Chocolatey>,
    aur: Option<Aur>,
    deb: Option<LinuxPackage>,
    rpm: Option<LinuxPackage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a path or a table")]
struct IncludeTable {
    from: Option<String>,
    built: Option<String>,
    to: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "`false` or a table")]
struct ImageTable {
    name: Option<String>,
    entrypoint: Option<Texts>,
    labels: BTreeMap<String, String>,
    ports: Texts,
    user: Option<String>,
    programs: Texts,
    attach: bool,
}

impl Config {
    /// Reads `[package.metadata.floe]` as Cargo's JSON for a package that has these binaries and features; `null` means
    /// all defaults.
    ///
    /// # Errors
    ///
    /// One line for each problem: the key with its full path, what is wrong, and what is allowed.
    pub fn parse(value: &Value, binaries: &[String], features: &[String]) -> Result<Config, Vec<String>> {
        if value.is_null() {
            return Ok(Config::default());
        }
        let mut problems = Problems::default();
        let Some(table) = problems.shape::<Table>(ROOT, value.clone()) else { return Err(problems.0) };
        let default = Config::default();
        let (include, built) = problems.include(table.include);
        let targets = match table.targets {
            Some(names) => problems.some("targets", &names, str::parse::<Target>),
            None => default.targets,
        };
        let channels = Channels {
            installers: problems.installers(table.installers),
            homebrew: table.homebrew,
            scoop: table.scoop,
            winget: table.winget,
            chocolatey: table.chocolatey,
            aur: table.aur,
        };
        let packages = [(PackageKind::Deb, table.deb), (PackageKind::Rpm, table.rpm)];
        let config = Config {
            packages: problems.packages(packages, &targets),
            channels: problems.channels(channels, &targets),
            targets,
            include,
            built,
            exclude: problems.each("exclude", &table.exclude, archive_path),
            assets: problems.each("assets", &table.assets, asset),
            sbom: table.sbom.unwrap_or(true),
            image: problems.image(table.image),
            notes: problems.one("notes", table.notes, notes).unwrap_or_default(),
            binaries: table
                .binaries
                .map(|names| problems.some("binaries", &names, |name| known("binary", name, binaries))),
            loosen: problems.loosen(table.loosen),
            profile: problems.one("profile", table.profile, profile),
            features: problems.each("features", &table.features, |name| feature(name, features)),
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
    /// The table at the path `at` in the shape of `T`, without what has another one.
    fn shape<T: DeserializeOwned>(&mut self, at: &str, mut value: Value) -> Option<T> {
        let mut gone = Vec::new();
        loop {
            let error = match serde_path_to_error::deserialize(&value) {
                Ok(table) => return Some(table),
                Err(error) => error,
            };
            let is_gone = take_out(&mut value, error.path());
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            // A required value that is wrong was taken out, and is not missing.
            let missing = message.strip_prefix("missing field `").map(|key| key.trim_end_matches('`'));
            if !missing.is_some_and(|key| gone.contains(&format!("{path}.{key}"))) {
                self.0.push(misshapen(at, &path, &message));
            }
            gone.push(path);
            if !is_gone {
                return None;
            }
        }
    }

    fn image(&mut self, value: Option<Value>) -> Option<ImageSettings> {
        let table: ImageTable = match value {
            None => ImageTable::default(),
            Some(Value::Bool(false)) => return None,
            Some(value) => self.shape(&format!("{ROOT}.image"), value)?,
        };
        if table.labels.contains_key("") {
            self.add("image.labels", "has a label without a name");
        }
        Some(ImageSettings {
            name: self.one("image.name", table.name, str::parse::<ImageName>),
            entrypoint: table.entrypoint.map(|words| self.some("image.entrypoint", &words, not_empty)),
            labels: table.labels,
            ports: self.each("image.ports", &table.ports, image::parse_port),
            user: self.one("image.user", table.user, image::parse_user),
            programs: self.each("image.programs", &table.programs, program),
            attach: table.attach,
        })
    }

    fn include(&mut self, values: Vec<Value>) -> (Vec<Include>, Vec<Built>) {
        let (mut includes, mut all_built) = (Vec::new(), Vec::new());
        for (index, value) in values.into_iter().enumerate() {
            let key = format!("include[{index}]");
            let before = self.0.len();
            let table = match value.as_str() {
                Some(from) => Some(IncludeTable { from: Some(from.to_owned()), built: None, to: None }),
                None => self.shape(&format!("{ROOT}.{key}"), value),
            };
            let is_understood = self.0.len() == before;
            match table {
                Some(IncludeTable { from: Some(from), built: None, to }) => {
                    let from = self.one(&key, Some(from), include_path);
                    let to = self.one(&format!("{key}.to"), to, archive_path);
                    includes.extend(from.map(|from| Include { from, to }));
                }
                Some(IncludeTable { from: None, built: Some(built), to: Some(to) }) => {
                    let from = self.one(&format!("{key}.built"), Some(built), built_path);
                    let to = self.one(&format!("{key}.to"), Some(to), document_path);
                    all_built.extend(from.zip(to).map(|(from, to)| Built { from, to }));
                }
                Some(_) if is_understood => {
                    self.add(
                        &key,
                        "is neither a path nor `{ from = \"…\" }` nor `{ built = \"…\", to = \"…\" }`",
                    );
                }
                _ => {}
            }
        }
        (includes, all_built)
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
        texts: &[Option<String>],
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let read = |(index, text): (usize, &Option<String>)| {
            self.one(&format!("{key}[{index}]"), text.clone(), &read)
        };
        texts.iter().enumerate().filter_map(read).collect()
    }

    /// As `each`, for a list that must not be empty.
    fn some<T, E: Display>(
        &mut self,
        key: &str,
        texts: &[Option<String>],
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

/// Cargo's keys that messages ask for. They are part of floe's table if they are added at the end of the file.
const OF_PACKAGE: [&str; 9] = [
    "authors",
    "default-run",
    "description",
    "homepage",
    "license",
    "license-file",
    "readme",
    "repository",
    "version",
];

/// The problem that serde has with the value at a path in the table `at`.
fn misshapen(at: &str, path: &str, message: &str) -> String {
    let path = if path == "." { at.to_owned() } else { format!("{at}.{path}") };
    // serde names the key and then the allowed ones, each in backticks.
    if message.starts_with("unknown field") {
        let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        if path == format!("package.metadata.floe.{}", names[0]) && OF_PACKAGE.contains(&names[0]) {
            return format!("`{path}` is a key of `[package]`; write it above `[package.metadata.floe]`");
        }
        return format!("`{path}` {}", unknown(names[0], &names[1..], "key"));
    }
    if let Some(name) = message.strip_prefix("missing field ") {
        return format!("`{path}` lacks the key {name}");
    }
    if !message.starts_with("invalid ") {
        return format!("`{path}` is invalid: {message}");
    }
    // TOML calls them lists and tables.
    let message = message.replace("sequence", "list").replace(" map", " table");
    format!("`{path}` has an {message}")
}

/// Takes the value at a path out of a document; false if there is none. An element of a list becomes null, so that the
/// ones behind it keep their numbers.
fn take_out(value: &mut Value, path: &Path) -> bool {
    let mut segments = path.iter().peekable();
    let mut place = value;
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        let next = match (segment, place) {
            (Segment::Map { key }, Value::Object(table)) if is_last => return table.remove(key).is_some(),
            (Segment::Map { key }, Value::Object(table)) => table.get_mut(key),
            (Segment::Seq { index }, Value::Array(list)) => list.get_mut(*index),
            _ => None,
        };
        let Some(next) = next else { return false };
        if is_last {
            return !std::mem::take(next).is_null();
        }
        place = next;
    }
    false
}

#[cfg(test)]
mod tests;
