//! Reads the table: every wrong key and value is found in one go, each with what would be right.
//!
//! It never stops at the first mistake and never guesses what was meant; it only suggests.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Config, ConfigError, ImageConfig, NotesFrom};
use crate::model::{ImageName, Rule, Tag, Target, image};

const ROOT: &str = "package.metadata.floe";
const KEYS: [&str; 7] = ["targets", "include", "image", "notes", "binaries", "loosen", "tag-prefix"];
const IMAGE_KEYS: [&str; 5] = ["name", "entrypoint", "labels", "ports", "user"];

impl Config {
    /// Reads `[package.metadata.floe]`, as Cargo hands it over, for a package that has `binaries`.
    ///
    /// `manifest_path` is only for the message. `null` means that there is no such table: all defaults.
    ///
    /// # Errors
    ///
    /// All that is wrong: unknown keys, wrong kinds of values, values that are not allowed.
    pub fn parse(value: &Value, manifest_path: &str, binaries: &[String]) -> Result<Config, ConfigError> {
        if value.is_null() {
            return Ok(Config::default());
        }
        let mut reader = Reader::default();
        let config = reader.config(value, binaries);
        if reader.problems.is_empty() {
            return Ok(config);
        }
        Err(ConfigError { manifest: manifest_path.to_owned(), problems: reader.problems })
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<String>,
}

impl Reader {
    fn config(&mut self, value: &Value, binaries: &[String]) -> Config {
        let mut config = Config::default();
        let Some(table) = self.table(ROOT, value, &KEYS) else { return config };
        for (key, value) in table {
            let at = format!("{ROOT}.{key}");
            match key.as_str() {
                "targets" => config.targets = self.targets(&at, value),
                "include" => config.include = self.each(&at, value, include_path),
                "image" => config.image = self.image(&at, value),
                "notes" => config.notes = self.notes(&at, value),
                "binaries" => {
                    config.binaries = Some(self.some(&at, value, |name| binary(name, binaries)));
                }
                "loosen" => config.loosen = self.loosen(&at, value),
                "tag-prefix" => config.tag_prefix = self.text(&at, value, tag_prefix).unwrap_or_default(),
                _ => self.unknown(ROOT, key, &KEYS),
            }
        }
        config
    }

    fn image(&mut self, at: &str, value: &Value) -> Option<ImageConfig> {
        if value == &Value::Bool(false) {
            return None;
        }
        let mut image = ImageConfig::default();
        let Some(table) = value.as_object() else {
            self.wrong(at, value, "`false` or a table");
            return Some(image);
        };
        for (key, value) in table {
            let at = format!("{at}.{key}");
            match key.as_str() {
                "name" => image.name = self.text(&at, value, str::parse::<ImageName>),
                "entrypoint" => image.entrypoint = Some(self.some(&at, value, not_empty)),
                "labels" => image.labels = self.labels(&at, value),
                "ports" => image.ports = self.each(&at, value, port),
                "user" => image.user = self.text(&at, value, user),
                _ => self.unknown(&format!("{ROOT}.image"), key, &IMAGE_KEYS),
            }
        }
        Some(image)
    }

    fn targets(&mut self, at: &str, value: &Value) -> Vec<Target> {
        let targets = self.some(at, value, |text| text.parse::<Target>().map_err(|error| error.to_string()));
        for (index, target) in targets.iter().enumerate() {
            if targets[..index].contains(target) {
                self.problem(at, format!("names `{target}` twice"));
            }
        }
        targets
    }

    fn notes(&mut self, at: &str, value: &Value) -> NotesFrom {
        match value.as_str() {
            Some("changelog") => NotesFrom::Changelog,
            Some("github") => NotesFrom::Github,
            Some("auto") => NotesFrom::Auto,
            _ => {
                self.wrong(at, value, "`\"changelog\"`, `\"github\"` or `\"auto\"`");
                NotesFrom::default()
            }
        }
    }

    fn loosen(&mut self, at: &str, value: &Value) -> BTreeMap<Rule, String> {
        let mut loosened = BTreeMap::new();
        let Some(table) = value.as_object() else {
            self.wrong(at, value, "a table of rules, each with the reason why it may be broken");
            return loosened;
        };
        for (key, value) in table {
            match (key.parse::<Rule>(), value.as_str().map(str::trim)) {
                (Ok(rule), Some(reason)) if !reason.is_empty() => {
                    drop(loosened.insert(rule, reason.to_owned()))
                }
                (Ok(_), _) => {
                    self.wrong(&format!("{at}.{key}"), value, "the reason, for those who download it")
                }
                (Err(_), _) => self.unknown(at, key, &Rule::ALL.map(Rule::name)),
            }
        }
        loosened
    }

    fn labels(&mut self, at: &str, value: &Value) -> BTreeMap<String, String> {
        let Some(table) = value.as_object() else {
            self.wrong(at, value, "a table of strings");
            return Default::default();
        };
        let mut labels = BTreeMap::new();
        for (key, value) in table {
            match value.as_str() {
                Some(_) if key.is_empty() => self.problem(at, "has a label without a name".to_owned()),
                Some(text) => drop(labels.insert(key.clone(), text.to_owned())),
                None => self.wrong(&format!("{at}.\"{key}\""), value, "a string"),
            }
        }
        labels
    }

    /// A table; anything else is a problem.
    fn table<'v>(&mut self, at: &str, value: &'v Value, keys: &[&str]) -> Option<&'v Map<String, Value>> {
        let table = value.as_object();
        if table.is_none() {
            self.wrong(at, value, &format!("a table with the keys {}", listed(keys)));
        }
        table
    }

    /// A string that `read` understands.
    fn text<T>(&mut self, at: &str, value: &Value, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let Some(text) = value.as_str() else {
            self.wrong(at, value, "a string");
            return None;
        };
        read(text).map_err(|why| self.problem(at, format!("is not right: {why}"))).ok()
    }

    /// A list of strings, each of which `read` understands.
    fn each<T>(&mut self, at: &str, value: &Value, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let Some(list) = value.as_array() else {
            self.wrong(at, value, "a list of strings");
            return Vec::new();
        };
        let read = |(index, value)| self.text(&format!("{at}[{index}]"), value, &read);
        list.iter().enumerate().filter_map(read).collect()
    }

    /// The same, with at least one element.
    fn some<T>(&mut self, at: &str, value: &Value, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        if value.as_array().is_some_and(Vec::is_empty) {
            self.problem(at, "is empty; name at least one, or leave the key out for the default".to_owned());
        }
        self.each(at, value, read)
    }

    fn unknown(&mut self, table: &str, key: &str, keys: &[&str]) {
        let keys_are = listed(keys);
        let why = match nearest(key, keys.iter().copied()) {
            Some(meant) => format!("is not a key; did you mean `{meant}`? The keys are {keys_are}"),
            None => format!("is not a key; the keys are {keys_are}"),
        };
        self.problem(&format!("{table}.{key}"), why);
    }

    fn wrong(&mut self, at: &str, value: &Value, right: &str) {
        let found: String = value.to_string().chars().take(60).collect();
        self.problem(at, format!("is `{found}`; it takes {right}"));
    }

    fn problem(&mut self, at: &str, why: String) {
        self.problems.push(format!("`{at}` {why}"));
    }
}

/// A path in the package's folder, with slashes, without `.` components.
fn include_path(text: &str) -> Result<String, String> {
    let refuse = |why: &str| Err(format!("`{text}` {why}; write it relative to the package's folder"));
    if text.starts_with('/') || text.contains(['\\', ':']) {
        return refuse("is absolute or has a character that not every system takes");
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return refuse("leaves the package's folder");
    }
    if parts.is_empty() {
        return refuse("names nothing in the package's folder");
    }
    Ok(parts.join("/"))
}

fn binary(name: &str, binaries: &[String]) -> Result<String, String> {
    if binaries.iter().any(|binary| binary == name) {
        return Ok(name.to_owned());
    }
    let known = binaries.iter().map(String::as_str);
    let meant = match nearest(name, known.clone()) {
        Some(meant) => format!("; did you mean `{meant}`?"),
        None => ";".to_owned(),
    };
    let known: Vec<&str> = known.collect();
    Err(format!("the package has no binary `{name}`{meant} It has {}", listed(&known)))
}

fn tag_prefix(text: &str) -> Result<String, String> {
    Tag::prefixed(text, &semver::Version::new(1, 0, 0)).map(|_| text.to_owned())
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

fn listed(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// The one of `known` that `text` most probably is a slip of the pen for.
fn nearest<'k>(text: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let bound = 1 + text.chars().count() / 4;
    known
        .map(|known| (distance(text, known), known))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// How many letters must be put in, taken out or changed (Levenshtein's distance).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: Value) -> Result<Config, Vec<String>> {
        let binaries = ["tool".to_owned(), "toold".to_owned()];
        Config::parse(&value, "Cargo.toml", &binaries).map_err(|error| error.problems)
    }

    #[test]
    fn nothing_said_means_every_target_and_an_image() {
        let config = parse(Value::Null).unwrap();
        assert_eq!(config.targets.len(), Target::all().count());
        assert!(config.image.is_some() && config.binaries.is_none() && config.include.is_empty());
        assert!(parse(json!({})).unwrap().image.is_some());
    }

    #[test]
    fn everything_that_can_be_said_is_read() {
        let config = parse(json!({
            "targets": ["x86_64-musl", "aarch64-apple-darwin"],
            "include": ["./share/", "contrib/tool.service"],
            "image": {
                "name": "ghcr.io/acme/tool",
                "entrypoint": ["/bin/tool", "serve"],
                "labels": { "org.example.team": "core" },
                "ports": ["8080/tcp", "53/udp", "80"],
                "user": "1000:1000",
            },
            "notes": "github",
            "binaries": ["toold"],
            "tag-prefix": "tool-",
        }))
        .unwrap();
        assert_eq!(config.tag_prefix, "tool-");
        let targets: Vec<&str> = config.targets.iter().map(|target| target.name()).collect();
        assert_eq!(targets, ["x86_64-musl", "aarch64-macos"]);
        assert_eq!(config.include, ["share", "contrib/tool.service"]);
        assert_eq!(config.notes, NotesFrom::Github);
        assert_eq!(config.binaries.as_deref(), Some(&["toold".to_owned()][..]));
        let image = config.image.unwrap();
        assert_eq!(image.name.unwrap().to_string(), "ghcr.io/acme/tool");
        assert_eq!(image.entrypoint.unwrap(), ["/bin/tool", "serve"]);
        assert_eq!(image.labels["org.example.team"], "core");
        assert_eq!(image.ports, ["8080/tcp", "53/udp", "80"]);
        assert_eq!(image.user.as_deref(), Some("1000:1000"));
        assert!(parse(json!({ "image": false })).unwrap().image.is_none());
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let problems = parse(json!({
            "target": ["x86_64-musl"],
            "notes": "none",
            "include": ["../secret", "/etc/passwd", "."],
            "binaries": ["tol"],
            "image": { "user": "root", "port": [], "name": "acme/tool" },
        }))
        .unwrap_err();
        expect_test::expect![[r#"
            `package.metadata.floe.binaries[0]` is not right: the package has no binary `tol`; did you mean `tool`? It has `tool`, `toold`
            `package.metadata.floe.image.name` is not right: `acme/tool` is not an image name: its first part is not a registry's host; write it as ghcr.io/owner/name
            `package.metadata.floe.image.port` is not a key; did you mean `ports`? The keys are `name`, `entrypoint`, `labels`, `ports`, `user`
            `package.metadata.floe.image.user` is not right: `root` is not a number; write a numeric uid or uid:gid such as 65532:65532
            `package.metadata.floe.include[0]` is not right: `../secret` leaves the package's folder; write it relative to the package's folder
            `package.metadata.floe.include[1]` is not right: `/etc/passwd` is absolute or has a character that not every system takes; write it relative to the package's folder
            `package.metadata.floe.include[2]` is not right: `.` names nothing in the package's folder; write it relative to the package's folder
            `package.metadata.floe.notes` is `"none"`; it takes `"changelog"`, `"github"` or `"auto"`
            `package.metadata.floe.target` is not a key; did you mean `targets`? The keys are `targets`, `include`, `image`, `notes`, `binaries`, `loosen`, `tag-prefix`"#]]
        .assert_eq(&problems.join("\n"));
    }

    #[test]
    fn values_of_another_kind_are_refused() {
        for (value, part) in [
            (json!("all"), "takes a table with the keys `targets`"),
            (json!({ "targets": "x86_64-musl" }), "takes a list of strings"),
            (json!({ "targets": [] }), "is empty"),
            (json!({ "targets": ["x86_64-musl", "x86_64-unknown-linux-musl"] }), "twice"),
            (json!({ "targets": ["riscv64-musl"] }), "the targets are x86_64-gnu"),
            (json!({ "tag-prefix": "app" }), "write it with what parts it from the version"),
            (json!({ "image": true }), "takes `false` or a table"),
            (json!({ "image": { "ports": [8080] } }), "image.ports[0]` is `8080`; it takes a string"),
            (json!({ "image": { "ports": ["99999"] } }), "is not a port"),
            (json!({ "image": { "ports": ["80/http"] } }), "is not a port"),
            (json!({ "image": { "user": "0:0" } }), "is root"),
            (json!({ "image": { "user": "+5" } }), "is not a number"),
            (json!({ "image": { "user": "1000:staff" } }), "is not a number"),
            (json!({ "image": { "labels": { "a": 1 } } }), "labels.\"a\"` is `1`; it takes a string"),
            (json!({ "image": { "entrypoint": [] } }), "is empty"),
        ] {
            let problems = parse(value.clone()).unwrap_err();
            assert!(problems.len() == 1 && problems[0].contains(part), "{value}: {problems:?}");
        }
    }

    #[test]
    fn a_far_off_key_gets_no_suggestion() {
        assert_eq!(nearest("targes", KEYS.into_iter()), Some("targets"));
        assert_eq!(nearest("signing", KEYS.into_iter()), None);
    }
}
