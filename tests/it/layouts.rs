//! One reader of a project: floe and `nix/project.nix` read the same of many layouts, those of `tests/nix/layouts.toml`.
//!
//! floe's side needs nothing but Rust; the other side asks `nix-instantiate` where it is installed.

use std::collections::BTreeMap;
use std::path::Path;

use floe::project::{cargo, repository};
use serde_json::{Value, json};
use toml_edit::{DocumentMut, Item, TableLike, Value as Toml};

use crate::support::peers;
use crate::support::sample::Sample;

struct Layout {
    about: String,
    sample: Sample,
    package: Option<String>,
    /// The flags for rustc that Nix gives to each target; Cargo reads its configuration itself.
    flags: BTreeMap<String, Vec<String>>,
    /// The expected result, or a part of the error message.
    expected: Result<Value, String>,
}

fn layouts() -> Vec<Layout> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nix/layouts.toml");
    let table: DocumentMut = std::fs::read_to_string(file).unwrap().parse().unwrap();
    table["layout"].as_array_of_tables().unwrap().iter().map(|table| layout(table)).collect()
}

fn layout(table: &dyn TableLike) -> Layout {
    let text = |key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let about = text("about").unwrap();
    let mut sample = Sample::with_manifest(&text("manifest").unwrap()).file("Cargo.lock", "version = 4\n");
    for file in table.get("files").unwrap().as_array().unwrap() {
        sample = match file {
            Toml::InlineTable(file) => {
                sample.file(file["path"].as_str().unwrap(), file["text"].as_str().unwrap())
            }
            name => {
                let name = name.as_str().unwrap();
                let is_program = name.ends_with("main.rs") || name.contains("bin/");
                sample.file(name, if is_program { "fn main() {}\n" } else { "" })
            }
        };
    }
    let words = |list: &Toml| -> Vec<String> {
        list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let flags = table.get("flags").and_then(Item::as_inline_table);
    let flags: BTreeMap<String, Vec<String>> =
        flags.into_iter().flatten().map(|(target, flags)| (target.to_owned(), words(flags))).collect();
    let expected = match text("refused") {
        Some(message) => Err(message),
        None => Ok(json!({
            "name": text("name").unwrap_or_else(|| "tool".to_owned()),
            "version": text("version").unwrap_or_else(|| "1.4.0".to_owned()),
            "folder": text("folder").unwrap_or_else(|| ".".to_owned()),
            "binaries": words(table.get("binaries").unwrap().as_value().unwrap()),
            "repo": text("repo"),
            "documents": table.get("documents").and_then(Item::as_value).map(&words).unwrap_or_default(),
        })),
    };
    Layout { about, sample, package: text("package"), flags, expected }
}

/// The result of floe, in the form of the table.
fn read(layout: &Layout) -> anyhow::Result<Value> {
    let root = floe::files::resolve(layout.sample.path()).unwrap();
    let project = cargo::load(Some(&root.join("Cargo.toml")), layout.package.as_deref())?;
    let folder = floe::files::resolve(&project.root).unwrap();
    let folder = folder.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
    let repo = project.repository.as_deref().and_then(repository::on_github);
    let built = project.config.built.into_iter();
    Ok(json!({
        "name": project.name,
        "version": project.version.to_string(),
        "folder": if folder.is_empty() { ".".to_owned() } else { folder },
        "binaries": project.binaries,
        "repo": repo.map(|repo| repo.to_string()),
        "documents": built.flat_map(|one| [one.from, one.to]).collect::<Vec<_>>(),
    }))
}

#[test]
fn floe_reads_each_layout_as_expected() {
    let layouts = layouts();
    assert!(layouts.len() >= 40);
    for layout in layouts {
        match (read(&layout), &layout.expected) {
            (Ok(read), Ok(expected)) => assert_eq!(read, *expected, "{}", layout.about),
            (Err(error), Err(message)) => {
                let found = format!("{error:#}");
                assert!(found.contains(message), "{}: `{message}` is not in `{found}`", layout.about);
            }
            (Ok(read), Err(_)) => panic!("{}: read as {read}", layout.about),
            (Err(error), Ok(_)) => panic!("{}: {error:#}", layout.about),
        }
    }
}

#[test]
fn nix_reads_each_layout_as_expected() {
    let Some(nix) = peers::peer("nix-instantiate") else { return };
    let folder = tempfile::tempdir().unwrap();
    let layouts = layouts();
    for (at, layout) in layouts.iter().enumerate() {
        // Moved, so that one evaluation reads all of them.
        std::fs::rename(layout.sample.path(), folder.path().join(at.to_string())).unwrap();
        std::fs::create_dir(layout.sample.path()).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nix/layouts.nix");
    let expression = format!("import {} {}", script.display(), folder.path().display());
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--store", "dummy://", "--eval", "--strict", "--json", "--expr", &expression];
    let read = peers::run(&nix, home.path(), &arguments).unwrap();
    let read: Vec<Value> = serde_json::from_str(&read).unwrap();
    assert_eq!(read.len(), layouts.len());
    for (layout, read) in layouts.iter().zip(read) {
        let mut expected = layout.expected.clone().unwrap_or(Value::Null);
        if let Value::Object(expected) = &mut expected {
            expected.insert("flags".to_owned(), json!(layout.flags));
        }
        assert_eq!(read, expected, "{}", layout.about);
    }
}

#[test]
fn the_repository_gives_its_name_to_no_package_beside_one_that_has_it() {
    let sample = |lib: &str| {
        Sample::with_manifest("[workspace]\nmembers = [\"cli\", \"lib\"]\n")
            .file("cli/Cargo.toml", "[package]\nname = \"tool-cli\"\nversion = \"1.4.0\"\nrepository = \"https://github.com/acme/tool\"\n")
            .file("cli/src/main.rs", "fn main() {}")
            .file("lib/Cargo.toml", format!("[package]\nname = \"{lib}\"\nversion = \"1.4.0\"\n"))
            .file("lib/src/lib.rs", "")
    };
    let names = |lib| cargo::load(Some(&sample(lib).path().join("Cargo.toml")), None).unwrap().names();
    assert_eq!(names("core"), ["tool-cli", "tool"]);
    assert_eq!(names("tool"), ["tool-cli"]);
}
