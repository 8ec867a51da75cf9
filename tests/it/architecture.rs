//! The direction of dependencies: which module may use which. A new edge that closes a cycle or points upward fails.
//!
//! The edges between crates need no test, because Cargo refuses cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use floe_core::model::Target;

/// For each module of a crate, the modules of the same crate that it may use. Each may use only modules above it in the
/// table, so the table cannot allow a cycle.
type Allowed = &'static [(&'static str, &'static [&'static str])];

const FLOE: Allowed = &[
    ("attest", &[]),
    ("environment", &[]),
    ("error", &[]),
    ("cli", &["attest", "environment", "error"]),
    ("token", &["environment"]),
    ("files", &["error"]),
    ("report", &["environment", "error", "token"]),
    ("net", &["environment", "error", "files", "report", "token"]),
    ("github", &["error", "net", "report", "token"]),
    ("registry", &["environment", "error", "net", "report", "token"]),
    ("package", &["error", "files"]),
    ("feed", &["error", "net", "package", "token"]),
    ("channels", &["package"]),
    ("image", &["error", "files", "package"]),
    ("download", &["error", "github", "image", "net", "package", "registry", "report"]),
    ("project", &["environment", "error", "files", "report", "token"]),
    (
        "release",
        &[
            "attest",
            "channels",
            "cli",
            "download",
            "environment",
            "error",
            "feed",
            "files",
            "github",
            "image",
            "net",
            "package",
            "project",
            "registry",
            "report",
            "token",
        ],
    ),
    (
        "commands",
        &[
            "attest",
            "channels",
            "cli",
            "environment",
            "error",
            "files",
            "image",
            "net",
            "package",
            "project",
            "release",
            "report",
            "token",
        ],
    ),
    (
        "rehearse",
        &[
            "cli", "commands", "error", "files", "image", "net", "package", "project", "registry", "release",
            "report", "token",
        ],
    ),
];

/// The same for the crate of nouns and decisions.
const CORE: Allowed = &[
    ("disk", &[]),
    ("parallel", &[]),
    ("clock", &["parallel"]),
    ("units", &[]),
    ("untrusted", &["units"]),
    ("model", &["units", "untrusted"]),
    ("oci", &["model"]),
    ("attachment", &["model", "oci"]),
    ("world", &["model"]),
    ("verify", &["model", "oci", "units", "untrusted", "world"]),
    ("reproduce", &["model", "units", "verify"]),
    ("plan", &["attachment", "model", "units", "world"]),
    ("preflight", &["model", "plan", "units", "verify", "world"]),
    ("receipt", &["model", "plan"]),
];

/// The same for the embedded servers.
const REHEARSAL: Allowed = &[
    ("download", &[]),
    ("store", &[]),
    ("interceptor", &[]),
    ("github", &["download", "store"]),
    ("registry", &["download", "store"]),
    ("feed", &[]),
    ("faults", &["feed", "github", "interceptor", "registry"]),
];

#[test]
fn modules_use_only_the_modules_that_they_may() {
    for (folder, allowed) in
        [("src", FLOE), ("crates/floe-core/src", CORE), ("crates/floe-rehearsal/src", REHEARSAL)]
    {
        let mut known = BTreeSet::new();
        for (module, uses) in allowed {
            let unknown: Vec<_> = uses.iter().filter(|used| !known.contains(*used)).collect();
            assert!(
                unknown.is_empty(),
                "{folder}: `{module}` may use {unknown:?}, which come later in the table"
            );
            known.insert(*module);
        }
        let edges = edges(&root().join(folder));
        let there: BTreeSet<&str> = edges.keys().map(String::as_str).collect();
        assert_eq!(there, known, "the modules of `{folder}` and those of the table differ");
        for (module, uses) in allowed {
            // Other names are items of the crate's root.
            for (used, file) in edges[*module].iter().filter(|(used, _)| known.contains(used.as_str())) {
                assert!(
                    uses.contains(&used.as_str()),
                    "`{}` uses `crate::{used}`, which `{module}` may not use",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn the_name_of_a_public_type_is_declared_once_in_the_workspace() {
    let mut declared: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut twice = Vec::new();
    for path in ["src", "crates"].into_iter().flat_map(|folder| rust_files(&root().join(folder))) {
        let inside = path.strip_prefix(root()).unwrap();
        if !inside.iter().any(|part| part == "src") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for name in text.lines().filter_map(public_type) {
            if let Some(first) = declared.insert(name.to_owned(), inside.to_owned()) {
                twice.push(format!("`{name}` in {} and {}", first.display(), inside.display()));
            }
        }
    }
    assert!(twice.is_empty(), "rename one type of each pair:\n{}", twice.join("\n"));
    // One type of each crate, and two that macros declare.
    for name in ["Session", "Target", "Facts", "Interceptor", "FaultKind", "AttestationFault"] {
        assert!(declared.contains_key(name), "the declaration of `{name}` is not found");
    }
}

#[test]
fn variables_of_the_environment_are_read_in_one_place() {
    for path in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let reads = code.contains("env::var(") || code.contains("env::var_os(");
        // Elsewhere it is forgotten that an empty one counts as unset.
        assert_eq!(reads, path.ends_with("src/environment.rs"), "{}", path.display());
    }
}

#[test]
fn paths_are_resolved_and_renamed_in_one_place() {
    let places: [(&[&str], &str); 2] = [
        // Elsewhere it is forgotten that other programs cannot read the verbatim paths of Windows.
        (&["canonicalize("], "src/files/mod.rs"),
        // Elsewhere it is forgotten that a virus scanner may hold a file that was just written.
        (&["fs::rename("], "crates/floe-core/src/disk.rs"),
    ];
    for (calls, place) in places {
        let mut found = BTreeSet::new();
        for folder in ["src", "crates"] {
            for path in rust_files(&root().join(folder)) {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                let is_test = path.iter().any(|part| part == "tests");
                if !is_test && calls.iter().any(|call| code.contains(call)) {
                    found.insert(path.strip_prefix(root()).unwrap().to_owned());
                }
            }
        }
        assert_eq!(found, BTreeSet::from([PathBuf::from(place)]), "{calls:?}");
    }
}

#[test]
fn the_table_of_targets_is_read_whole_and_has_no_row_twice() {
    let text = fs::read_to_string(root().join("crates/floe-core/targets.json")).unwrap();
    let table: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(table["schema"], 1);
    let rows = table["targets"].as_array().unwrap();
    assert_eq!(rows.len(), Target::all().count());
    for key in ["name", "triple"] {
        let different: BTreeSet<&str> = rows.iter().map(|row| row[key].as_str().unwrap()).collect();
        assert_eq!(different.len(), rows.len(), "two rows have the same {key}");
    }
}

/// For each module at the top of a crate, the other top modules that it names, each with one file that does so. Tests and
/// comments do not count.
fn edges(source: &Path) -> BTreeMap<String, BTreeMap<String, PathBuf>> {
    let mut edges: BTreeMap<String, BTreeMap<String, PathBuf>> = BTreeMap::new();
    for path in rust_files(source) {
        let inside = path.strip_prefix(source).unwrap();
        let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let used = edges.entry(module.clone()).or_default();
        if inside.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for rest in line.split("crate::").skip(1) {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let is_module = source.join(&name).is_dir() || source.join(format!("{name}.rs")).is_file();
                if name != module && !name.is_empty() && is_module {
                    used.entry(name).or_insert_with(|| path.clone());
                }
            }
        }
    }
    edges
}

/// The name of the public type that a line declares. A declaration inside a macro counts.
fn public_type(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')')?.1,
        None => rest,
    };
    let (kind, name) = rest.strip_prefix(' ')?.split_once(' ')?;
    let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (["struct", "enum", "trait", "type", "union"].contains(&kind) && !name.is_empty()).then_some(name)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
