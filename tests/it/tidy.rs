//! The house rules that no compiler checks: what each file may mention, how it begins and how long it is.
//!
//! A rule is a function over text, and each is shown to fail on a bad sample, so that none is broken unseen.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use floe::model::Target;

/// The longest a file may be, in lines.
const LONGEST: usize = 400;

/// What decides and never looks: no file, no network, no process, no terminal, and nothing that has any of them.
const PURE: &[&str] = &[
    "src/model/",
    "src/audit/",
    "src/verify/",
    "src/plan/",
    "src/init/",
    "src/preflight/",
    "src/world.rs",
    "src/receipt.rs",
    "src/notes.rs",
    "src/reproduce/",
    "src/units.rs",
];

/// What a pure module never mentions, not even in a comment.
const IMPURE: [&str; 19] = [
    "tokio",
    "octocrab",
    "reqwest",
    "hyper",
    "std::fs",
    "fs::",
    "std::net",
    "std::env",
    "env::var",
    "std::process",
    "SystemTime",
    "Instant::now",
    "print!",
    "println!",
    "crate::io",
    "crate::execute",
    "crate::report",
    "crate::commands",
    "crate::rehearsal",
];

#[test]
fn every_file_keeps_the_rules() {
    let files: Vec<(String, String)> = ["src", "tests", "benches"]
        .into_iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .map(|path| (name_of(&path), fs::read_to_string(&path).unwrap().replace("\r\n", "\n")))
        .collect();
    assert!(files.len() > 100, "only {} files were found", files.len());
    let for_tests = test_modules(&files);
    let faults: Vec<String> = files
        .iter()
        .flat_map(|(name, text)| Source::new(name, text, for_tests.contains(name)).faults())
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_essay_of_the_crate_names_every_module() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    assert_eq!(unnamed_modules(&lib), Vec::<String>::new());
    assert_eq!(unnamed_modules("//! 1. [`model`]: nouns.\n\npub mod model;\npub mod plan;\n"), ["plan"]);
}

#[test]
fn the_table_of_targets_is_read_and_has_no_row_twice() {
    let text = fs::read_to_string(root().join("nix/targets.json")).unwrap();
    let table: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(table["schema"], 1);
    let rows = table["targets"].as_array().unwrap();
    assert_eq!(rows.len(), Target::all().count());
    for key in ["name", "triple"] {
        let different: BTreeSet<&str> = rows.iter().map(|row| row[key].as_str().unwrap()).collect();
        assert_eq!(different.len(), rows.len(), "two rows have the same {key}");
    }
}

#[test]
fn each_rule_fails_on_what_it_forbids() {
    let faults = |name: &str, text: &str| Source::new(name, &format!("//! A file.\n{text}"), false).faults();
    let first = |name: &str, text: &str| faults(name, text).into_iter().next().unwrap_or_default();
    for word in IMPURE {
        assert!(first("src/plan/mod.rs", word).contains("is pure, but mentions"), "{word}");
        assert!(first("src/world.rs", word).contains("is pure, but mentions"), "{word}");
        assert_eq!(faults("src/io/dist.rs", word), Vec::<String>::new());
    }
    assert_eq!(faults("src/verify/mod.rs", "use std::path::PathBuf;"), Vec::<String>::new());
    assert_eq!(faults("src/model/tag.rs", "#[cfg(test)]\nmod tests { std::fs::x }"), Vec::<String>::new());

    assert_eq!(
        first("src/io/dist.rs", "fn f() {\n    x.unwrap();\n}"),
        "src/io/dist.rs:3: `unwrap` outside tests"
    );
    assert_eq!(faults("src/io/dist.rs", "#[cfg(test)]\nmod tests { x.unwrap() }"), Vec::<String>::new());
    assert_eq!(faults("src/io/dist.rs", "x.unwrap_or_default()"), Vec::<String>::new());
    assert_eq!(faults("tests/it/x.rs", "x.unwrap();"), Vec::<String>::new());
    assert!(first("benches/x.rs", "x.unwrap();").ends_with("`unwrap` outside tests"));

    let attribute = |word: &str| format!("#[{word}");
    assert!(first("tests/it/x.rs", &attribute("allow(dead_code)]")).contains("`#[expect(…, reason"));
    assert!(
        first("src/lib.rs", &format!("#!{}", &attribute("allow(x)]")[1..])).contains("`#[expect(…, reason")
    );
    assert!(first("tests/it/x.rs", &attribute("ignore]")).ends_with("a test that is never run"));
    assert!(first("tests/it/x.rs", &["std::thread::sle", "ep(d);"].concat()).ends_with("a test that sleeps"));
    let inside = ["#[cfg(test)]\nmod tests { sle", "ep(d) }"].concat();
    assert_eq!(first("src/io/retry.rs", &inside), "src/io/retry.rs:3: a test that sleeps");
    let outside = ["tokio::time::sle", "ep(wait)"].concat();
    assert_eq!(faults("src/io/retry.rs", &outside), Vec::<String>::new());

    assert_eq!(
        Source::new("src/x.rs", "use a;\n", false).faults(),
        ["src/x.rs: does not open with `//!`: what it is, and what it never does"]
    );
    assert_eq!(faults("src/x.rs", &"\n".repeat(LONGEST - 1)), Vec::<String>::new());
    assert_eq!(
        faults("src/x.rs", &"\n".repeat(LONGEST)),
        ["src/x.rs: has 401 lines; split it where a second idea begins"]
    );
}

#[test]
fn modules_that_only_tests_have_are_known() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = [
        file("src/oci/mod.rs", "mod layer;\n#[cfg(test)]\nmod samples;\n"),
        file("src/notes.rs", "#[cfg(test)]\npub mod samples;\n#[cfg(test)]\nmod tests {}\n"),
    ];
    let known = test_modules(&files);
    assert_eq!(known.into_iter().collect::<Vec<_>>(), ["src/notes/samples.rs", "src/oci/samples.rs"]);
}

/// One file, told apart into what ships and what tests it.
struct Source<'a> {
    name: &'a str,
    text: &'a str,
    code: &'a str,
    tests: &'a str,
}

impl<'a> Source<'a> {
    /// `for_tests` says that nothing in the file ships.
    fn new(name: &'a str, text: &'a str, for_tests: bool) -> Self {
        let end = match (for_tests || name.starts_with("tests/"), text.find("#[cfg(test)]\nmod tests {")) {
            (true, _) => 0,
            (false, at) => at.unwrap_or(text.len()),
        };
        let (code, tests) = text.split_at(end);
        Source { name, text, code, tests }
    }

    /// Every rule the file breaks, a line each.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.text.starts_with("//! ") {
            faults
                .push(format!("{}: does not open with `//!`: what it is, and what it never does", self.name));
        }
        let lines = self.text.lines().count();
        if lines > LONGEST {
            faults.push(format!("{}: has {lines} lines; split it where a second idea begins", self.name));
        }
        if PURE.iter().any(|pure| self.name.starts_with(pure)) {
            for word in IMPURE {
                faults.extend(self.find(self.code, word, &format!("is pure, but mentions `{word}`")));
            }
        }
        // The words stand here in two parts, so that this file does not break the rules it has.
        faults.extend(self.find(self.code, ".unwrap()", "`unwrap` outside tests"));
        for attribute in [["#[", "allow("], ["#![", "allow("]] {
            let instead = "say `#[expect(…, reason = …)]`: it complains once it is not needed any more";
            faults.extend(self.find(self.text, &attribute.concat(), instead));
        }
        faults.extend(self.find(self.text, &["#[", "ignore"].concat(), "a test that is never run"));
        faults.extend(self.find(self.tests, &["sle", "ep("].concat(), "a test that sleeps"));
        faults
    }

    /// The first place of a word in a part of the file.
    fn find(&self, part: &'a str, word: &str, why: &str) -> Option<String> {
        let before = &part[..part.find(word)?];
        let above = if part.as_ptr() == self.tests.as_ptr() { self.code } else { "" };
        let line = above.lines().count() + before.matches('\n').count() + 1;
        Some(format!("{}:{line}: {why}", self.name))
    }
}

/// The files of modules that are declared for tests only.
fn test_modules(files: &[(String, String)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, text) in files {
        let folder = match name.strip_suffix("/mod.rs").or(name.strip_suffix("/lib.rs")) {
            Some(folder) => folder,
            None => name.trim_end_matches(".rs"),
        };
        let declared = text.split("#[cfg(test)]\n").skip(1).filter_map(|rest| {
            let line = rest.lines().next()?;
            line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';')
        });
        found.extend(declared.map(|module| format!("{folder}/{module}.rs")));
    }
    found
}

/// The public modules that the essay at the top of a `lib.rs` does not mention.
fn unnamed_modules(lib: &str) -> Vec<String> {
    let essay: String = lib.lines().take_while(|line| line.starts_with("//!")).collect();
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    modules.filter(|module| !essay.contains(&format!("[`{module}`]"))).map(str::to_owned).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A path as the rules write it: from the project's folder, with slashes.
fn name_of(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/")
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
