//! The command line itself: its help, its completions, its exit codes for wrong usage.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use clap::{CommandFactory, ValueEnum as _};
use clap_complete::Shell;
use floe::cli::Cli;

use crate::support::binaries::binary;
use crate::support::sample::{Sample, floe};

#[test]
fn the_command_line_is_well_formed_and_every_verb_has_an_example() {
    let mut command = Cli::command();
    command.build();
    command.clone().debug_assert();
    for verb in command.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
        let help = verb.render_long_help().to_string();
        assert!(help.contains("Example"), "`floe {} --help` shows no example:\n{help}", verb.get_name());
    }
}

/// `UPDATE_EXPECT=1` writes them anew.
#[test]
fn completions_and_man_pages_in_the_repository_are_those_of_this_command_line() {
    let fresh = tempfile::tempdir().unwrap();
    write_documents(fresh.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        write_documents(root);
    }
    for folder in ["completions", "man"] {
        let (made, kept) = (files(&fresh.path().join(folder)), files(&root.join(folder)));
        assert!(!made.is_empty());
        for name in made.keys().chain(kept.keys()) {
            assert!(
                made.get(name) == kept.get(name),
                "`{folder}/{name}` is out of date: run `UPDATE_EXPECT=1 cargo test --test it cli::`"
            );
        }
    }
}

#[test]
fn wrong_usage_ends_with_2_and_a_help_ends_with_0() {
    let code = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_floe")).args(arguments).output().unwrap().status.code()
    };
    assert_eq!(code(&["no-such-verb"]), Some(2));
    assert_eq!(code(&["package", "--target", "sparc"]), Some(2));
    assert_eq!(code(&["publish"]), Some(2));
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["publish", "--help"]), Some(0));
}

#[test]
fn strict_makes_warnings_errors_before_anything_is_written() {
    let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n";
    let sample = Sample::with_manifest(manifest).file("src/main.rs", "fn main() {}\n");
    let native = "native/x86_64-musl/tool";
    let sample = sample.file(native, binary("x86_64-musl".parse().unwrap(), b"tool")).locked();
    let run = |arguments: &[&str]| {
        let output = floe(sample.path()).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, stderr) = run(&["package", "native", "--strict", "--quiet"]);
    expect_test::expect![[r#"
             warning the records name no commit, because git has none or a tracked file is modified: commit it, or give `--commit`
             warning `tool` has no LICENSE file to put into the archives: add one, or set `license-file` in Cargo.toml
        error: 2 warnings are errors because of `--strict`

        hint: fix what the warnings name, or run the command without `--strict`
    "#]]
    .assert_eq(&stderr);
    assert_eq!(code, Some(1));
    assert!(!sample.path().join("dist").exists());
    assert_eq!(run(&["package", "native", "--quiet"]), (Some(0), String::new()));

    let (code, stderr) = run(&["init", "--yes", "--strict", "--floe-url", "github:acme/floe"]);
    assert!(stderr.contains("errors because of `--strict`"), "{stderr}");
    assert_eq!(code, Some(1));
    assert!(!sample.path().join("flake.nix").exists());
}

/// Writes `completions/` and `man/` below a folder, under the names that shells and `man` look for.
fn write_documents(folder: &Path) {
    let (completions, man) = (folder.join("completions"), folder.join("man"));
    std::fs::create_dir_all(&completions).unwrap();
    std::fs::create_dir_all(&man).unwrap();
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut Cli::command(), "floe", &completions).unwrap();
    }
    clap_mangen::generate_to(Cli::command(), &man).unwrap();
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

/// How wrong usage ends, with what is printed, in a workflow.
fn wrong_usage(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_floe"))
        .args(arguments)
        .env_clear()
        .env("GITHUB_ACTIONS", "true")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    String::from_utf8(output.stderr).unwrap()
}

/// clap drops an argument's requirement if that conflicts with another argument, so these were ignored once.
#[test]
fn an_argument_of_another_mode_is_refused_and_not_ignored() {
    let sums = format!("sha256:{}", "0".repeat(64));
    for arguments in [
        &["verify", "src", "--run=--version"][..],
        &["verify", "src", "--keep", "kept"],
        &["verify", "src", "--require-attestation"],
        &["verify", "README.md", "--attestation", "README.md", "--require-attestation"],
        &["verify", "--release", "v1.4.0", "--render"],
        &["init", "--json", "--yes"],
        &["init", "--json", "--force"],
        &["init", "--json", "--target", "x86_64-musl"],
        &["plan", "--from-tag", "--json"],
        &["plan", "--from-tag", "--expect", &sums],
        &["plan", "--from-tag", "--attestation", "README.md"],
    ] {
        let shown = wrong_usage(arguments, &[]);
        assert!(shown.contains(" cannot be used with "), "{arguments:?}: {shown}");
    }
    for arguments in [&["verify", "--run=--version"][..], &["verify", "--keep", "kept"], &["init", "--json"]]
    {
        let shown = wrong_usage(arguments, &[]);
        assert!(shown.contains("required arguments were not provided"), "{arguments:?}: {shown}");
    }
}

/// In the folder of floe's own sources.
#[test]
fn a_path_that_is_not_there_or_of_another_kind_is_wrong_usage_in_every_command() {
    for (arguments, path, wrong, hint) in [
        (&["package", "nowhere"][..], "nowhere", "it is not there", "native/<triple>/<binary>"),
        (&["package", "README.md"], "README.md", "it is not a folder", "native/<triple>/<binary>"),
        (&["package", "--target", "x86_64-gnu", "--binary", "src"], "src", "it is a folder", "a file"),
        (&["package", "--trees", "nowhere"], "nowhere", "it is not there", "spelling"),
        (&["package", "--manifest-path", "nowhere"], "nowhere", "it is not there", "spelling"),
        (&["image", "nowhere"], "nowhere", "it is not there", "spelling"),
        (&["image", "src"], "src", "it is a folder, not a file", "a file"),
        (&["image", "README.md", "--ca-certificates", "src"], "src", "it is a folder", "a file"),
        (&["verify", "nowhere"], "nowhere", "it is not there", "spelling"),
        (&["assemble", "nowhere"], "nowhere", "it is not there", "spelling"),
        (&["plan", "nowhere"], "nowhere", "it is not there", "make a dist first"),
        (&["publish", "README.md"], "README.md", "it is not a folder", "make a dist first"),
        (&["publish", "src", "--notes-file", "nowhere"], "nowhere", "it is not there", "spelling"),
        (&["publish", "src", "--notes-file", "src"], "src", "it is a folder", "a file"),
        (&["publish", "src", "--attestation", "nowhere"], "nowhere", "it is not there", "spelling"),
        (&["reproduce", "v1.4.0", "--rebuilt", "nowhere"], "nowhere", "it is not there", "make a dist first"),
        (&["rehearse", "README.md"], "README.md", "it is not a folder", "make a dist first"),
    ] {
        let shown = wrong_usage(arguments, &[]);
        assert!(shown.starts_with(&format!("error: invalid value '{path}' for '")), "{arguments:?}: {shown}");
        let (error, way_out) = shown.split_once("hint: ").unwrap_or_else(|| panic!("{arguments:?}: {shown}"));
        assert!(error.contains(wrong) && way_out.contains(hint), "{arguments:?}: {shown}");
    }
    let shown = wrong_usage(&["verify", "README.md"], &[("FLOE_TRUSTED_ROOT", "nowhere")]);
    assert!(shown.contains("for '--trusted-root <FILE>': it is not there"), "{shown}");
}

#[test]
fn arguments_in_an_error_are_shown_and_not_obeyed() {
    let evil = "v1\n::add-mask::x\u{1b}[2J\r##[error]y";
    for arguments in [
        &["plan", "--tag", evil][..],
        &["plan", &format!("--tag={evil}")],
        &["plan", &format!("--{evil}")],
        &[evil],
        &["plan", "--image", evil],
        &["verify", "--release", "v1.4.0", "--repo", evil],
        &["package", "--target", evil],
        &["completions", evil],
        &["plan", "--tries", evil],
        &["plan", "--commit", evil, "--epoch", evil],
    ] {
        let shown = wrong_usage(arguments, &[]);
        assert!(shown.starts_with("error: "), "{arguments:?}: {shown}");
        assert!(
            !shown.contains("\u{1b}") && !shown.contains("\r") && !shown.contains("##["),
            "{arguments:?}: {shown}"
        );
        let commands = shown.lines().filter(|line| line.trim_start().starts_with("::"));
        assert!(
            commands.clone().all(|line| line.starts_with("::error title=floe::")),
            "{arguments:?}: {shown}"
        );
        assert_eq!(commands.count(), 1, "{arguments:?}: {shown}");
        // The whole value is one line, so nothing after its line break looks like a line of floe's.
        assert!(
            shown.lines().next().unwrap().contains(r"v1\n::add-mask::x\u{1b}[2J"),
            "{arguments:?}: {shown}"
        );
    }
}

#[test]
fn a_variable_in_an_error_is_shown_and_not_obeyed() {
    let shown = wrong_usage(&["package"], &[("SOURCE_DATE_EPOCH", "1\n::add-mask::x")]);
    assert!(shown.contains(r"1\n::add-mask::x") && !shown.contains("\n::add-mask"), "{shown}");
    let help = Command::new(env!("CARGO_BIN_EXE_floe"))
        .args(["package", "--help"])
        .env("SOURCE_DATE_EPOCH", "1\n::add-mask::x")
        .output()
        .unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("add-mask"));
}

#[test]
fn a_password_in_an_argument_is_not_repeated() {
    let shown = wrong_usage(&["plan", "--image", "https://user:s3cret-word@ghcr.io/a/b"], &[]);
    assert!(!shown.contains("s3cret-word"), "{shown}");
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let empty = [
        "SOURCE_DATE_EPOCH",
        "GITHUB_SERVER_URL",
        "GITHUB_API_URL",
        "GITHUB_REPOSITORY",
        "GITHUB_REF_TYPE",
        "GITHUB_REF_NAME",
        "GITHUB_OUTPUT",
        "GITHUB_STEP_SUMMARY",
        "GITHUB_ACTIONS",
        "GITHUB_ACTOR",
        "GH_TOKEN",
        "GITHUB_TOKEN",
        "FLOE_REGISTRY_USER",
        "FLOE_REGISTRY_TOKEN",
        "FLOE_REGISTRY_HOST",
        "FLOE_CHANNEL_TOKEN",
        "FLOE_CHANNEL_TOKEN_FOLLOWS",
        "FLOE_CHOCOLATEY_KEY",
        "FLOE_CHOCOLATEY_KEY_FOLLOWS",
        "NO_COLOR",
        "CARGO",
        "RUSTC",
        "CARGO_HOME",
        "RUSTFLAGS",
        "GIT_CONFIG_COUNT",
        "HTTPS_PROXY",
        "NO_PROXY",
    ];
    let run = |variables: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nrepository = \"https://github.com/acme/tool\"\n";
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::write(folder.path().join("src/main.rs"), "fn main() {}\n").unwrap();
        std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_floe"));
        // Nothing listens there, so the run ends after everything was read.
        command.args(["plan", "--registry-url", "http://127.0.0.1:1", "--tries", "1", "--first-wait", "1"]);
        command.args(["--tag", "v1.4.0", "--commit", "3f9ac21c0ffee0000000000000000000000000aa"]);
        command.current_dir(folder.path()).env_clear();
        for kept in ["PATH", "HOME", "SystemRoot", "TMPDIR", "TEMP", "SSL_CERT_FILE", "RUSTUP_HOME"] {
            command.envs(std::env::var_os(kept).map(|value| (kept, value)));
        }
        let empty = variables.iter().map(|name| (name, ""));
        let output = command.envs(empty).args(["--api-url", "http://127.0.0.1:1"]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let plain = run(&[]);
    assert!(plain.1.contains("the connection to `127.0.0.1` failed"), "{}", plain.1);
    for name in empty {
        assert_eq!(run(&[name]), plain, "{name}");
    }
    assert_eq!(run(&empty), plain);
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["targets"][..], &["targets", "--json"], &["completions", "bash"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = floe(folder.path()).args(command).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        assert!(said.starts_with("error: failed to write the result to stdout: No space left"), "{said}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = floe(folder.path()).args(command).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "a reader that went away");
    }
}
