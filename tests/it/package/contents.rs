//! The files that are packed besides the binaries.

use std::fs;

use expect_test::expect;

use super::Case;
use crate::support::sample::{self, Sample};

#[test]
fn documents_completions_and_man_pages_are_packed() {
    let sample = Sample::tool()
        .file("LICENSE-APACHE", "a")
        .file("COPYING", "b")
        .file("UnLicense", "b")
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
        UnLicense
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
    assert!(case.refused().contains("project/share/link` leads out of the workspace"), "{}", case.refused());
    assert!(case.said().contains("copy it into the workspace, or leave it out with"), "{}", case.said());
    let case = Case::new(include("away/secret")).tool("x86_64-gnu");
    symlink(outside.path(), case.sample.path().join("away")).unwrap();
    assert!(case.refused().contains("project/away/secret` leads out of the workspace"), "{}", case.refused());
    for what in ["share", "share/*", "sh?re/**"] {
        let case = Case::new(include(what)).tool("x86_64-gnu");
        symlink(".", case.sample.path().join("share/circle")).unwrap();
        assert!(case.refused().contains("circle` is a symbolic link to a folder"), "{}", case.refused());
        assert!(!case.out().exists());
    }

    let case = Case::new(Sample::tool()).tool("x86_64-gnu");
    let tool = case.built.path().join("x86_64-gnu/tool");
    fs::rename(&tool, outside.path().join("tool")).unwrap();
    symlink(outside.path().join("tool"), &tool).unwrap();
    assert!(case.refused().contains("/tool` is a symbolic link; give the file that it leads to"));
}

#[test]
fn names_in_any_script_are_packed() {
    let sample = Sample::tool()
        .file("README.中文.md", "a")
        .file("LICENSE für alle", "b")
        .file("contrib/tool@.service", "c")
        // The decomposed spelling, as some file systems have it.
        .file("contrib/u\u{308}ber.txt", "d")
        .manifest_lines("[package.metadata.floe]\ninclude = [\"contrib\"]");
    let packed = Case::new(sample).tool("x86_64-gnu").packed();
    for path in ["README.中文.md", "LICENSE für alle", "contrib/tool@.service", "contrib/\u{fc}ber.txt"] {
        assert!(packed.contains(&path.to_owned()), "`{path}` is not in {packed:?}");
    }
}

#[cfg(unix)]
#[test]
fn names_that_some_system_would_change_are_refused_together_with_a_way_out() {
    let sample = Sample::tool()
        .file("README:old.md", "")
        .file("share/aux.md", "")
        .file("share/dot.", "")
        .file("share/tool", "")
        .file("share/Tool", "")
        .manifest_lines("[package.metadata.floe]\ninclude = [\"share\"]");
    let case = Case::new(sample).tool("x86_64-musl");
    expect![[r#"
        error: `tool` has files that no archive can hold
        `README:old.md` has a character that Windows does not allow in a name (one of `<>:"|?*`)
        `share/aux.md` has the name of a device on Windows
        `share/dot.` has a name that ends in a dot or a space, which Windows drops
        `share/tool` and `share/Tool` differ only in case

        hint: rename it, or leave it out with `exclude = ["README?old.md"]` in [package.metadata.floe]"#]]
    .assert_eq(&case.said());
    let mut init = sample::floe(case.sample.path());
    let output = init.args(["init", "--yes", "--floe-url", "github:acme/floe"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let expected =
        "warning `floe package` would fail: `tool` has files that no archive can hold: `README:old.md` has";
    assert!(said.contains(expected), "{said}");
    let exclude = "exclude = [\"README?old.md\", \"share/aux.md\", \"share/dot.\", \"share/Tool\"]";
    let case = Case { sample: case.sample.manifest_lines(exclude), ..case };
    assert_eq!(case.said(), "");
    assert_eq!(case.packed(), ["CHANGELOG.md", "LICENSE-MIT", "README.md", "share/tool", "tool"]);
}

#[cfg(unix)]
#[test]
fn the_way_out_for_a_name_works_as_it_is_written() {
    for name in ["README:old", "README \"old\"", "README\\old", "README\told", "README*"] {
        let case = Case::new(Sample::tool().file(name, "")).tool("x86_64-gnu");
        let said = case.said();
        let hint = said.split('`').find(|part| part.starts_with("exclude = ")).unwrap();
        let table = format!("[package.metadata.floe]\n{hint}");
        let case = Case { sample: case.sample.manifest_lines(&table), ..case };
        assert_eq!(case.said(), "", "{name}: {hint}");
    }
}

#[test]
fn excluded_files_are_left_out_and_an_exclusion_of_nothing_is_a_warning() {
    let sample = Sample::tool()
        .file("README.de.md", "")
        .file("completions/tool.elv", "")
        .file("completions/tool.fish", "")
        .file("man/tool.1", "")
        .manifest_lines(
            "[package.metadata.floe]\nexclude = [\"README.*.md\", \"completions/*.elv\", \"man\", \"NEWS\"]",
        );
    let case = Case::new(sample).tool("x86_64-gnu");
    assert_eq!(case.packed(), ["CHANGELOG.md", "LICENSE-MIT", "README.md", "completions/tool.fish", "tool"]);
    expect![
        "warning `exclude` names `NEWS`, which no archive would have: remove it from [package.metadata.floe]"
    ]
    .assert_eq(&case.said());
}

#[cfg(unix)]
#[test]
fn executable_files_of_include_stay_executable() {
    use std::os::unix::fs::PermissionsExt as _;
    let sample = Sample::tool()
        .file("contrib/install.sh", "#!/bin/sh\n")
        .file("contrib/tool.service", "")
        .file("man/tool.1", "")
        .manifest_lines("[package.metadata.floe]\ninclude = [\"contrib\", \"contrib/*.sh\", \"README.md\"]");
    for executable in ["contrib/install.sh", "man/tool.1"] {
        fs::set_permissions(sample.path().join(executable), fs::Permissions::from_mode(0o700)).unwrap();
    }
    let records = Case::new(sample).tool("x86_64-gnu").tool("x86_64-windows").pack().unwrap();
    for record in records {
        let executable = record.contents.iter().filter(|entry| entry.mode == 0o755);
        let names: Vec<&str> = executable.map(|entry| entry.path.split_once('/').unwrap().1).collect();
        assert_eq!(names, ["contrib/install.sh", &format!("tool{}", record.target.exe)]);
    }
}

#[test]
fn patterns_and_other_paths_are_possible_in_include() {
    let include = "[package.metadata.floe]\ninclude = [\"contrib/*.sh\", { from = \"doc/tool.1\", to = \"man/tool.1\" }, \
        { from = \"themes/**/*.toml\", to = \"share\" }, { from = \"logo\", to = \"art/logo\" }]";
    let sample = Sample::tool()
        .file("contrib/a.sh", "")
        .file("contrib/b.sh", "")
        .file("contrib/c.py", "")
        .file("doc/tool.1", "")
        .file("themes/dark/x.toml", "")
        .file("themes/y.toml", "")
        .file("logo/l.svg", "")
        .manifest_lines(include);
    expect![[r#"
        CHANGELOG.md
        LICENSE-MIT
        README.md
        art/logo/l.svg
        contrib/a.sh
        contrib/b.sh
        man/tool.1
        share/x.toml
        share/y.toml
        tool"#]]
    .assert_eq(&Case::new(sample).tool("x86_64-gnu").packed().join("\n"));
}

#[test]
fn an_include_that_packs_nothing_is_an_error_or_a_warning() {
    let said = |include: &str| {
        let lines = format!("[package.metadata.floe]\ninclude = [{include}]");
        let sample =
            Sample::tool().file("contrib/tool.service", "").file("README", "").manifest_lines(&lines);
        fs::create_dir_all(sample.path().join("share/empty")).unwrap();
        Case::new(sample).tool("x86_64-gnu").said()
    };
    expect![[r#"
        error: failed to pack `contrib/*.sh`, which `include` names
        caused by: the pattern matches no file

        hint: patterns know `*`, `?` and `**`; anything else is a part of a name
        error: failed to pack `Contrib/tool.service`, which `include` names
        caused by: there is no `Contrib` in `project`

        hint: it is called `contrib`, and case matters on most systems
        error: failed to pack `gone`, which `include` names
        caused by: there is no `gone` in `project`

        hint: make it before packing, or take it out of `include`
        error: failed to pack `../secret`, which `include` names
        caused by: `project/../secret` leads out of the workspace

        hint: copy it into the workspace, or take it out of `include`
        warning the archives lack `share/empty`, which is an empty folder: put a file into it, or leave it out with `exclude = ["share/empty"]` in [package.metadata.floe]
        error: failed to pack `contrib/tool.service`, which `include` names
        caused by: `project/README.md` and `project/contrib/tool.service` have the same path `README.md` in the archives

        hint: rename one of them, or pack it under another path: `include = [{ from = "…", to = "…" }]`
        error: 3 files cannot be packed
        failed to pack `gone`, which `include` names: there is no `gone` in `project`
        failed to pack `gone/too`, which `include` names: there is no `gone` in `project`
        make it before packing, or take it out of `include`
        failed to pack `../secret`, which `include` names: `project/../secret` leads out of the workspace
        copy it into the workspace, or take it out of `include`"#]]
    .assert_eq(
        &[
            said("\"contrib/*.sh\""),
            said("\"Contrib/tool.service\""),
            said("\"gone\""),
            said("\"../secret\""),
            said("\"share\""),
            said("{ from = \"contrib/tool.service\", to = \"README.md\" }"),
            said("\"gone\", \"gone/too\", \"contrib\", \"../secret\""),
        ]
        .join("\n"),
    );
}

#[test]
fn a_member_reaches_the_files_of_its_workspace() {
    let workspace = "[workspace]\nmembers = [\"crates/cli\"]\nresolver = \"2\"\n[workspace.package]\nlicense-file = \"docs/EULA.txt\"\n";
    let member = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\nreadme = \"../../docs/CLI.md\"\n\
        license-file.workspace = true\n[package.metadata.floe]\ninclude = [\"../../contrib/tool.service\", \"own\"]\n";
    let sample = Sample::with_manifest(workspace)
        .file("crates/cli/Cargo.toml", member)
        .file("crates/cli/src/main.rs", "fn main() {}\n")
        .file("crates/cli/own/file", "")
        .file("docs/CLI.md", "")
        .file("docs/EULA.txt", "")
        .file("README.md", "the workspace's")
        .file("CHANGELOG.md", "")
        .file("completions/_tool", "")
        .file("man/tool.1", "")
        .file("contrib/tool.service", "")
        .locked();
    let case = Case::new(sample).tool("x86_64-gnu");
    assert_eq!(case.said(), "");
    expect![[r#"
        CHANGELOG.md
        CLI.md
        EULA.txt
        completions/_tool
        contrib/tool.service
        man/tool.1
        own/file
        tool"#]]
    .assert_eq(&case.packed().join("\n"));
}

#[test]
fn files_that_cargo_toml_names_go_first_and_missing_ones_are_a_warning() {
    let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\nreadme = \"docs/README.md\"\nlicense-file = \"EULA\"\n";
    let sample = Sample::with_manifest(manifest)
        .file("src/main.rs", "fn main() {}\n")
        .file("docs/README.md", "named")
        .file("docs/README.de.md", "beside it")
        .file("README.md", "another one")
        .file("COPYING", "")
        .locked();
    let case = Case::new(sample).tool("x86_64-gnu");
    assert_eq!(case.packed(), ["COPYING", "README.de.md", "README.md", "tool"]);
    expect![[r#"
        warning the archives lack `EULA`, which `license-file` in Cargo.toml names: there is no such file
        warning the archives lack `project/README.md`: `project/docs/README.md` has its path `README.md`; rename one of them"#]]
    .assert_eq(&case.said());
}

#[test]
fn the_changelog_that_is_read_is_packed_under_any_usual_name() {
    for name in ["Changelog.md", "CHANGES.md", "history.md", "RELEASES.md", "NEWS"] {
        let sample = Sample::tool();
        fs::remove_file(sample.path().join("CHANGELOG.md")).unwrap();
        let sample = sample.file(name, "## 1.4.0\n\nNew.\n");
        let packed = Case::new(sample).tool("x86_64-gnu").packed();
        assert!(packed.contains(&name.to_owned()), "`{name}` is not in {packed:?}");
    }
    let sample = Sample::tool();
    let count = |sample: &Sample| sample.path().read_dir().unwrap().count();
    let before = count(&sample);
    let sample = sample.file("Changelog.md", "");
    // On a file system that takes the two for one there is nothing to refuse.
    if count(&sample) > before {
        let said = Case::new(sample).tool("x86_64-gnu").said();
        assert!(said.contains("`Changelog.md` and `CHANGELOG.md` differ only in case"), "{said}");
        assert!(
            said.contains("hint: rename it, or leave it out with `exclude = [\"Changelog.md\"]`"),
            "{said}"
        );
    }
}

#[test]
fn files_that_cargo_toml_names_are_spelled_as_on_disk() {
    let manifest = |lines: &str| {
        Sample::with_manifest(&format!(
            "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n{lines}\n"
        ))
        .file("src/main.rs", "fn main() {}\n")
        .file("README.md", "")
        .file("docs/Über.md", "")
        .file("docs/EULA.txt", "")
        .locked()
    };
    for (key, named, wrong, right) in [
        ("readme", "Readme.md", "`Readme.md` is called `README.md`", "README.md"),
        ("readme", "Docs/Über.md", "`Docs` is called `docs`", "docs/Über.md"),
        ("readme", "./docs/über.md", "`über.md` is called `Über.md`", "docs/Über.md"),
        ("license-file", "docs/../docs/eula.txt", "`eula.txt` is called `EULA.txt`", "docs/../docs/EULA.txt"),
    ] {
        let said = Case::new(manifest(&format!("{key} = \"{named}\""))).tool("x86_64-gnu").said();
        let plain = named.trim_start_matches("./");
        assert_eq!(
            said,
            format!(
                "error: `{key}` in Cargo.toml names `{plain}`, but {wrong}\n\n\
                 hint: case matters on most systems: write `{key} = \"{right}\"`"
            )
        );
    }
    // An absolute path is inside the project, or leads out of it.
    let sample = manifest("");
    let inside = sample.path().canonicalize().unwrap().join("docs/EULA.txt");
    let sample = sample.manifest_lines(&format!("license-file = '{}'", inside.display()));
    assert!(Case::new(sample).tool("x86_64-gnu").packed().contains(&"EULA.txt".to_owned()));
    let outside = tempfile::NamedTempFile::new().unwrap();
    let line = format!("readme = '{}'", outside.path().display());
    assert!(Case::new(manifest(&line)).tool("x86_64-gnu").said().contains("leads out of the workspace"));
    // Decomposed letters are the same name.
    let case = Case::new(manifest("readme = \"docs/U\u{308}ber.md\"")).tool("x86_64-gnu");
    assert!(case.packed().contains(&"Über.md".to_owned()), "{}", case.said());
    // Without the key, a README in any case is found by its name.
    let sample = manifest("license-file = \"docs/EULA.txt\"");
    // Not by a rename: where case does not matter, that may leave the old letters.
    fs::remove_file(sample.path().join("README.md")).unwrap();
    let sample = sample.file("readme.md", "");
    assert_eq!(Case::new(sample).tool("x86_64-gnu").packed(), ["EULA.txt", "readme.md", "tool"]);
}
