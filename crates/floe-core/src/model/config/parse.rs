//! Reads the configuration, each key with the check of its value, so that one run reports all wrong values.
//!
//! A wrong key or value is never replaced by a default; the message suggests one.

mod channels;
mod reader;
mod values;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Built, Config, ImageSettings, Include};
use crate::model::{ImageName, Rule, Target, image};
use channels::{channels, packages};
use reader::{Problems, Table};
use values::*;

/// Keys of `[package]`. A line that is written below the table's header belongs to the table.
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

impl Config {
    /// Reads `[package.metadata.floe]` as Cargo's JSON for a package that has these binaries and features; `null` means
    /// all defaults.
    ///
    /// # Errors
    ///
    /// One line for each problem: the key with its full path, what is wrong, and what is allowed.
    pub fn parse(value: &Value, binaries: &[String], features: &[String]) -> Result<Config, Vec<String>> {
        let value = if value.is_null() { json!({}) } else { value.clone() };
        let problems = Problems::default();
        let read = |table: &mut Table<'_>| Config::read(table, binaries, features);
        let path = "package.metadata.floe".to_owned();
        let config = Table::read(path, (value, "a table"), &problems, read);
        config.ok_or_else(|| problems.into_inner())
    }

    fn read(table: &mut Table<'_>, binaries: &[String], features: &[String]) -> Self {
        let targets = table.some("targets", str::parse::<Target>);
        let targets = targets.unwrap_or_else(|| Target::defaults().collect());
        table.refuse_twice("targets", &targets);
        let (include, built) = include(table);
        let exclude = table.texts("exclude", archive_path).unwrap_or_default();
        let assets = table.texts("assets", asset).unwrap_or_default();
        table.refuse_twice("assets", &assets);
        let config = Config {
            include,
            built,
            exclude,
            assets,
            sbom: table.flag("sbom").unwrap_or(true),
            image: match table.take("image") {
                None => Some(ImageSettings::default()),
                Some(Value::Bool(false)) => None,
                Some(value) => table.inside("image", (value, "`false` or a table"), image),
            },
            notes: table.text("notes", notes).unwrap_or_default(),
            binaries: table.some("binaries", |name| known("binary", name, binaries)),
            profile: table.text("profile", profile),
            loosen: loosen(table),
            features: table.texts("features", |name| feature(name, features)).unwrap_or_default(),
            default_features: table.flag("default-features").unwrap_or(true),
            tag_prefix: table.text("tag-prefix", tag_prefix).unwrap_or_default(),
            latest: table.flag("latest"),
            channels: channels(table, &targets),
            packages: packages(table, &targets),
            targets,
        };
        for key in OF_PACKAGE {
            if table.values.remove(key).is_some() {
                table.add(key, "is a key of `[package]`; write it above `[package.metadata.floe]`");
            }
        }
        config
    }
}

fn image(table: &mut Table<'_>) -> ImageSettings {
    let image = ImageSettings {
        name: table.text("name", str::parse::<ImageName>),
        entrypoint: table.some("entrypoint", not_empty),
        labels: table.pairs("labels"),
        ports: table.texts("ports", image::parse_port).unwrap_or_default(),
        user: table.text("user", image::parse_user),
        programs: table.texts("programs", program).unwrap_or_default(),
        attach: table.flag("attach").unwrap_or_default(),
    };
    if image.labels.contains_key("") {
        table.add("labels", "has a label without a name");
    }
    image
}

/// The files of the package, and the documents that its build script makes.
fn include(table: &mut Table<'_>) -> (Vec<Include>, Vec<Built>) {
    let (mut includes, mut all_built) = (Vec::new(), Vec::new());
    for (place, value) in table.list("include").unwrap_or_default() {
        if value.is_string() {
            let from = table.check(&place, &value, include_path);
            includes.extend(from.map(|from| Include { from, to: None }));
            continue;
        }
        let read = table.inside(&place, (value, "a path or a table"), |one| {
            let to = if one.has("built") { document_path } else { archive_path };
            (one.text("from", include_path), one.text("built", built_path), one.text("to", to))
        });
        match read {
            Some((Some(from), None, to)) => includes.push(Include { from, to }),
            Some((None, Some(from), Some(to))) => all_built.push(Built { from, to }),
            Some(_) => table
                .add(&place, "is neither a path nor `{ from = \"…\" }` nor `{ built = \"…\", to = \"…\" }`"),
            None => {}
        }
    }
    (includes, all_built)
}

fn loosen(table: &mut Table<'_>) -> BTreeMap<Rule, String> {
    let mut loosened = BTreeMap::new();
    for (name, reason) in table.pairs("loosen") {
        let place = format!("loosen.{name}");
        match Rule::ALL.iter().find(|rule| rule.name() == name) {
            None => {
                let known: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
                table.add(&place, unknown(&name, &known, "rule"));
            }
            Some(_) if reason.trim().is_empty() => {
                table.add(&place, "is empty; write the reason, it is shown to users");
            }
            Some(rule) => drop(loosened.insert(*rule, reason.trim().to_owned())),
        }
    }
    loosened
}

#[cfg(test)]
mod tests;
