//! Completions and man pages that a build makes: every builder packs the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use expect_test::expect;

use super::Case;
use crate::support::peers;
use crate::support::sample::{Sample, floe};
use floe::cli::PackageArgs;
use floe_core::model::ArchiveKind;

#[test]
fn completions_and_man_pages_that_the_build_made_are_packed() {
    let sample = || Sample::tool().file("completions/tool.bash", "old").file("completions/_tool", "");
    let case = Case::new(sample())
        .tool("x86_64-gnu")
        .built("x86_64-gnu/completions/tool.bash", "made")
        .built("x86_64-gnu/man/tool.1", "");
    let expected = [
        "CHANGELOG.md",
        "LICENSE-MIT",
        "README.md",
        "completions/_tool",
        "completions/tool.bash",
        "man/tool.1",
        "tool",
    ];
    assert_eq!(case.packed(), expected);
    assert_eq!(case.pack().unwrap()[0].contents[4].size, "made".len() as u64);
    expect!["warning the archives lack `project/completions/tool.bash`: `native/x86_64-gnu/completions/tool.bash` has its path `completions/tool.bash`; rename one of them"]
        .assert_eq(&case.said());

    let args = PackageArgs {
        folders: Vec::new(),
        target: Some("x86_64-gnu".parse().unwrap()),
        binary: vec![case.built.path().join("x86_64-gnu/tool")],
        documents: Some(case.built.path().join("x86_64-gnu")),
        ..case.args()
    };
    assert_eq!(case.pack_args(&args).unwrap(), case.pack().unwrap());
}

#[test]
fn a_document_that_was_made_again_is_the_committed_one() {
    let sample = Sample::tool().file("man/tool.1", "page");
    let case = Case::new(sample).tool("x86_64-gnu").built("x86_64-gnu/man/tool.1", "page");
    assert_eq!(case.said(), "");
    assert_eq!(case.packed(), ["CHANGELOG.md", "LICENSE-MIT", "README.md", "man/tool.1", "tool"]);
}

#[test]
fn promised_documents_of_a_build_must_be_there() {
    let include = "[package.metadata.floe]\ninclude = [{ built = \"assets/tool.1\", to = \"man/tool.1\" }, \
        { built = \"complete\", to = \"completions\" }]";
    let case = || Case::new(Sample::tool().manifest_lines(include)).tool("x86_64-gnu");
    for case in [case(), case().built("x86_64-gnu/man/other.1", "")] {
        expect![[r#"
            error: failed to pack the documents for x86_64-gnu
            caused by: the build made no documents that `include` names
            `assets/tool.1` as `man/tool.1`
            `complete` as `completions`

            hint: `built` names files below `OUT_DIR` of the build script; a build without floe's flake puts them into `native/<triple>/`, or names their folder with `--documents`"#]]
        .assert_eq(&case.said());
    }
    let whole = case().built("x86_64-gnu/man/tool.1", "").built("x86_64-gnu/completions/_tool", "");
    assert_eq!(whole.packed().len(), 6, "{:?}", whole.packed());
}

const SCRIPT: &str = r#"
fn main() {
    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
    for (path, text) in [
        ("completions/tool.fish", "complete"),
        ("assets/manual/tool.1", "page"),
        ("assets/zsh/_tool", "compdef"),
        ("generated.rs", "code"),
    ] {
        std::fs::create_dir_all(out.join(path).parent().unwrap()).unwrap();
        std::fs::write(out.join(path), text).unwrap();
    }
    std::fs::create_dir_all("man").unwrap();
    std::fs::write("man/tool-source.1", "into the source").unwrap();
}
"#;

/// The files below a folder, by their paths with slashes.
fn below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            found.extend(
                below(&entry.path()).into_iter().map(|(path, text)| (format!("{name}/{path}"), text)),
            );
        } else {
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    found
}

/// The script that Nix builds and native legs run, for a package `tool` in the folder of its workspace.
fn gather(folder: &Path, built: &str, into: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let bash = peers::peer("bash")?;
    let script = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/nix/documents.sh")).unwrap();
    let script = format!("name='tool'\nfolder='.'\nbuilt=({built})\n{script}");
    peers::run(&bash, folder, &["-c", &script, "documents", into]).unwrap();
    Some(below(&folder.join(into)))
}

#[test]
fn a_rehearsal_and_the_script_of_the_flake_find_the_same_documents() {
    let sample = Sample::tool().file("build.rs", SCRIPT).file("man/tool.1", "an older page").manifest_lines(
        "repository = \"https://github.com/acme/tool\"\n[package.metadata.floe]\nimage = false\ninclude = [\
         { built = \"assets/manual/tool.1\", to = \"man/tool.1\" }, { built = \"assets/zsh\", to = \"completions\" }]",
    );
    let output = floe(sample.path()).args(["rehearse", "--with", "cargo"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let dist = below(&sample.path().join("target/rehearsal/dist"));
    let file = dist.keys().find(|name| !name.ends_with(".json")).unwrap();
    let kind = ArchiveKind::of_file(file).unwrap();
    let listed = super::list(&sample.path().join("target/rehearsal/dist").join(file), kind).unwrap();
    let is_document = |path: &&str| path.starts_with("completions/") || path.starts_with("man/");
    let packed: Vec<&str> = listed
        .iter()
        .filter_map(|entry| entry.path.split_once('/'))
        .map(|(_, path)| path)
        .filter(is_document)
        .collect();
    assert_eq!(packed, ["completions/_tool", "completions/tool.fish", "man/tool-source.1", "man/tool.1"]);
    assert!(listed.iter().any(|entry| entry.path.ends_with("/man/tool.1") && entry.size == 4));

    let pairs = "assets/manual/tool.1 man/tool.1 assets/zsh completions";
    let Some(gathered) = gather(sample.path(), pairs, "native/x") else { return };
    assert_eq!(gathered.keys().collect::<Vec<_>>(), packed);
    assert_eq!(gathered["man/tool.1"], b"page");
}

#[test]
fn the_script_takes_documents_of_the_package_only() {
    let sample = Sample::tool()
        .file("target/release/build/tool-0123456789abcdef/out/completions/a", "")
        .file("target/x86_64-unknown-linux-musl/dist/build/tool-fedcba9876543210/out/man/man1/b.1", "")
        .file("target/release/build/tool-extra-0123456789abcdef/out/completions/c", "")
        .file("target/release/build/tool-0123456789abcdef/out/other", "");
    let Some(gathered) = gather(sample.path(), "", "into") else { return };
    assert_eq!(gathered.into_keys().collect::<Vec<_>>(), ["completions/a", "man/man1/b.1"]);
    let nothing = gather(Sample::tool().path(), "", "into").unwrap();
    assert!(nothing.is_empty());
}
