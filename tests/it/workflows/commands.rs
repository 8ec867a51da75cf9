//! Checks every command line of the workflows against the program that it calls: floe, Cargo, the flake's
//! outputs.

use std::collections::BTreeSet;
use std::process::Command;

use clap::Parser as _;
use floe::cli::Cli;
use floe_core::model::Target;

use super::{is_whole, jobs, steps, text, workflows, yaml};

#[test]
fn every_command_line_is_valid_for_its_program() {
    if !is_whole() {
        return;
    }
    let mut seen = BTreeSet::new();
    for (path, text) in workflows() {
        let workflow = yaml::read(&text);
        for step in jobs(&workflow).flat_map(|(_, job)| steps(job)) {
            for command in step["run"].as_str().into_iter().flat_map(commands) {
                seen.insert(command[..command.len().min(3)].join(" "));
                if let Err(why) = check(&command) {
                    panic!("{path}: `{}`: {why}", command.join(" "));
                }
            }
        }
    }
    for expected in [
        "nix eval --json",
        "nix run .#publish",
        "nix run .#floe",
        "nix flake check",
        "cargo test --locked",
        "floe verify --release",
    ] {
        assert!(seen.contains(expected), "no command begins with `{expected}`: {seen:#?}");
    }
}

#[test]
fn an_invalid_command_line_is_found() {
    if !is_whole() {
        return;
    }
    let check_text = |text: &str| check(&commands(text).pop().unwrap());
    assert_eq!(check_text("nix run .#floe -- verify dist"), Ok(()));
    for (wrong, why) in [
        ("nix run .#floe -- verify dist --tga \"$TAG\"", "--tga"),
        ("nix run .#floe -- verfy dist", "verfy"),
        ("nix run .#publish -- dist --tag", "--tag"),
        ("nix run .#publihs -- dist", "no app `publihs`"),
        ("nix build .#distt", "no package `distt`"),
        ("nix copy --form file://x --all", "--form"),
        ("cargo test --lokced", "--lokced"),
        ("floe plan --tag \"$NAME\"", "not a release tag"),
        ("cmp a b | nix run .#floe -- nothing", "nothing"),
    ] {
        let said = check_text(wrong).unwrap_err();
        assert!(said.contains(why), "`{wrong}`: {said}");
    }
}

/// The simple commands of a script, as words, with samples in the place of variables.
fn commands(script: &str) -> Vec<Vec<String>> {
    let lines = script.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let simple = lines.flat_map(|line| line.split(" | ")).flat_map(|line| line.split(" && "));
    simple.map(words).filter(|words| !words.is_empty()).collect()
}

/// The words of one command, without what it writes to. Quotes are taken off, which is all that they do here.
fn words(command: &str) -> Vec<String> {
    let command = command.split(" > ").next().unwrap_or_default().split(" >> ").next().unwrap_or_default();
    let sample = |word: &str| {
        word.replace("$TAG", "v1.4.0")
            .replace("$SMOKE", "--version")
            .replace("$PWD", "/work")
            .replace(['"', '\''], "")
    };
    command.split_whitespace().map(sample).collect()
}

fn check(command: &[String]) -> Result<(), String> {
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    match command[..] {
        ["floe", ref arguments @ ..] => floe(arguments),
        ["nix", "run", app, "--", ref arguments @ ..] => run(app, arguments),
        ["nix", "eval", ref rest @ ..] => nix(rest, &["--json"]),
        ["nix", "build", ref rest @ ..] => nix(rest, &["--print-build-logs", "--no-link", "--out-link"]),
        ["nix", "copy", ref rest @ ..] => nix(rest, &["--to", "--from", "--all", "--no-check-sigs"]),
        ["nix", "flake", "check", ref rest @ ..] => nix(rest, &["--print-build-logs"]),
        ["nix", ..] => Err("that use of nix is not known here".to_owned()),
        ["cargo", verb, ref rest @ ..] => cargo(verb, rest),
        _ => Ok(()),
    }
}

fn floe(arguments: &[&str]) -> Result<(), String> {
    let parsed = Cli::try_parse_from(["floe"].iter().chain(arguments));
    parsed.map(drop).map_err(|error| error.to_string())
}

fn run(app: &str, arguments: &[&str]) -> Result<(), String> {
    let app = app.strip_prefix(".#").ok_or("not an app of this flake")?;
    if !apps().contains(app) {
        return Err(format!("the flake has no app `{app}`"));
    }
    match app {
        "floe" => floe(arguments),
        // Folders, then any arguments of `floe publish`.
        "publish" => floe(&[&["publish"], arguments].concat()),
        _ => Err(format!("what `{app}` takes is not known here")),
    }
}

fn nix(arguments: &[&str], flags: &[&str]) -> Result<(), String> {
    for argument in arguments {
        if argument.starts_with("--") && !flags.contains(argument) {
            return Err(format!("`{argument}` is not known here"));
        }
        let Some(output) = argument.strip_prefix(".#") else { continue };
        let (package, attribute) = output.split_once('.').unwrap_or((output, ""));
        let releases = Target::all().map(|target| format!("release-{}", target.name()));
        let is_package =
            packages().contains(package) || releases.into_iter().any(|release| release == package);
        if !is_package && output != "matrix" {
            return Err(format!("the flake has no package `{package}`"));
        }
        let passed = format!("passthru.{attribute} = ");
        if !attribute.is_empty() && !text(&format!("nix/{package}.nix")).contains(&passed) {
            return Err(format!("`{package}` passes no `{attribute}` through"));
        }
    }
    Ok(())
}

/// The names before `= app` where the flake's apps are defined.
fn apps() -> BTreeSet<String> {
    let system = text("nix/system.nix");
    let names = system
        .lines()
        .filter_map(|line| line.trim().split_once(" = app (").or(line.trim().split_once(" = app ")));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// The names that are inherited into the flake's packages.
fn packages() -> BTreeSet<String> {
    let system = text("nix/system.nix");
    let names = system.lines().filter_map(|line| line.split_once("{ inherit ")?.1.split_once("; }"));
    names.flat_map(|(names, _)| names.split(' ').map(str::to_owned)).collect()
}

/// Each flag is in the help of its command.
fn cargo(verb: &str, arguments: &[&str]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args([verb, "--help"]).output().map_err(|error| error.to_string())?;
    let help = String::from_utf8_lossy(&output.stdout);
    let known =
        |flag: &str| help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == flag);
    match arguments.iter().find(|argument| argument.starts_with("--") && !known(argument)) {
        Some(flag) => Err(format!("`cargo {verb}` knows no `{flag}`")),
        None => Ok(()),
    }
}
