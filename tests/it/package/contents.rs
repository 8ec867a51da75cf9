//! What is packed besides the binaries, and what of it is refused.

use std::fs;

use expect_test::expect;

use super::Case;
use crate::support::sample::Sample;

#[test]
fn documents_completions_and_man_pages_are_packed() {
    let sample = Sample::tool()
        .file("LICENSE-APACHE", "a")
        .file("COPYING", "b")
        .file("NOTICE.txt", "c")
        .file("readme.de.md", "d")
        .file("completions/tool.fish", "e")
        .file("man/man1/tool.1", "f")
        .file("notes.txt", "not packed");
    expect![[r#"
        CHANGELOG.md
        COPYING
        LICENSE-APACHE
        LICENSE-MIT
        NOTICE.txt
        README.md
        completions/tool.fish
        man/man1/tool.1
        readme.de.md
        tool"#]]
    .assert_eq(&Case::new(sample).tool("x86_64-gnu").packed().join("\n"));
}

#[test]
fn included_files_and_folders_are_packed_once() {
    let sample = Sample::tool()
        .file("share/deep/file", "a")
        .file("contrib/tool.service", "b")
        .manifest_lines(
            "[package.metadata.floe]\ninclude = [\"share\", \"contrib/tool.service\", \"README.md\", \"share/deep\"]",
        );
    expect![[r#"
        CHANGELOG.md
        LICENSE-MIT
        README.md
        contrib/tool.service
        share/deep/file
        tool"#]]
    .assert_eq(&Case::new(sample).tool("x86_64-gnu").packed().join("\n"));
}

fn member() -> Sample {
    Sample::with_manifest("[workspace]\nmembers = [\"tool\"]\nresolver = \"2\"\n")
        .file("tool/Cargo.toml", "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n")
        .file("tool/src/main.rs", "fn main() {}\n")
        .file("README.md", "the workspace's")
        .file("LICENSE", "the workspace's")
}

#[test]
fn a_member_falls_back_on_the_workspace() {
    let case = Case::new(member().file("tool/README.md", "its own")).tool("x86_64-gnu");
    assert_eq!(case.packed(), ["LICENSE", "README.md", "tool"]);
    let record = &case.pack().unwrap()[0];
    assert_eq!(record.contents[1].size, "its own".len() as u64);
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_project_only() {
    use std::os::unix::fs::symlink;
    let case = Case::new(member()).tool("x86_64-gnu");
    symlink("../README.md", case.sample.path().join("tool/README.md")).unwrap();
    assert_eq!(case.packed(), ["LICENSE", "README.md", "tool"]);

    let include = |what: &str| {
        Sample::tool()
            .file("share/file", "a")
            .manifest_lines(&format!("[package.metadata.floe]\ninclude = [\"{what}\"]"))
    };
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    let case = Case::new(include("share")).tool("x86_64-gnu");
    symlink(outside.path().join("secret"), case.sample.path().join("share/link")).unwrap();
    assert!(
        case.refused().contains("project/share/link` leads out of the folder of the project"),
        "{}",
        case.refused()
    );
    let case = Case::new(include("away/secret")).tool("x86_64-gnu");
    symlink(outside.path(), case.sample.path().join("away")).unwrap();
    assert!(case.refused().contains("project/away/secret` leads out of the folder"), "{}", case.refused());
    let case = Case::new(include("share")).tool("x86_64-gnu");
    symlink(".", case.sample.path().join("share/circle")).unwrap();
    assert!(case.refused().contains("circle` is a symbolic link to a folder"), "{}", case.refused());
    assert!(!case.out().exists());

    let case = Case::new(Sample::tool()).tool("x86_64-gnu");
    let tool = case.built.path().join("x86_64-gnu/tool");
    fs::rename(&tool, outside.path().join("tool")).unwrap();
    symlink(outside.path().join("tool"), &tool).unwrap();
    assert!(case.refused().contains("native/x86_64-gnu/tool` is a symbolic link"), "{}", case.refused());
}

#[test]
fn names_that_not_every_system_takes_are_refused() {
    let include = "[package.metadata.floe]\ninclude = [\"share\"]";
    let spaced = Case::new(Sample::tool().file("share/a b", "").manifest_lines(include)).tool("x86_64-musl");
    assert!(
        spaced.refused().contains("share/a b` has a character other than letters"),
        "{}",
        spaced.refused()
    );
    let missing = Case::new(Sample::tool().manifest_lines(include)).tool("x86_64-musl");
    assert!(missing.refused().starts_with("failed to pack `share`, which `include` names: failed to find"));
    let clash =
        Case::new(Sample::tool().file("share/tool", "").file("share/Tool", "").manifest_lines(include));
    // On a file system that takes the two for one there is nothing to refuse.
    if clash.sample.path().join("share").read_dir().unwrap().count() == 2 {
        assert!(clash.tool("x86_64-musl").refused().contains("differ only in case"));
    }
}
