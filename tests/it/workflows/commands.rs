//! Checks every command line of the workflows against the program that it calls: floe, Cargo, the flake's
//! outputs.

use std::collections::BTreeSet;
use std::process::Command;

use clap::builder::ValueParser;
use clap::{Arg, CommandFactory as _};
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
                let program = command[0].rsplit('/').next().unwrap_or_default();
                seen.insert([&[program.to_owned()], &command[1..command.len().min(3)]].concat().join(" "));
                if let Err(why) = check(&command) {
                    panic!("{path}: `{}`: {why}", command.join(" "));
                }
            }
        }
    }
    for expected in [
        "nix build --print-build-logs",
        "nix flake check",
        "cargo test --locked",
        "floe plan --tag",
        "floe assemble legs",
        "floe publish whole/dist",
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
    assert_eq!(check_text("release/floe verify dist"), Ok(()));
    for (wrong, why) in [
        ("./floe verify dist --tga \"$TAG\"", "--tga"),
        ("../floe verfy dist", "verfy"),
        ("nix build .#distt", "no package `distt`"),
        ("nix build --form x .#gate", "--form"),
        ("cargo test --lokced", "--lokced"),
        ("floe plan --tag \"$NAME\"", "not a release tag"),
        ("cmp a b | floe/floe nothing", "nothing"),
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
            .replace(
                "$SUMS",
                concat!("sha256:", "0000000000000000000000000000000000000000000000000000000000000000"),
            )
            .replace("$INPUTS", "{}")
            .replace("$OUTPUT", "gate")
            .replace(['"', '\''], "")
    };
    command.split_whitespace().map(sample).collect()
}

fn check(command: &[String]) -> Result<(), String> {
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    match command[..] {
        [program, ref arguments @ ..] if program == "floe" || program.ends_with("/floe") => floe(arguments),
        ["nix", "eval", ref rest @ ..] => nix(rest, &["--json"]),
        ["nix", "build", ref rest @ ..] => nix(rest, &["--print-build-logs", "--no-link", "--out-link"]),
        ["nix", "config", "show", _] => Ok(()),
        ["nix", "flake", "check", ref rest @ ..] => nix(rest, &["--print-build-logs"]),
        ["nix", ..] => Err("that use of nix is not known here".to_owned()),
        ["cargo", verb, ref rest @ ..] => cargo(verb, rest),
        _ => Ok(()),
    }
}

fn floe(arguments: &[&str]) -> Result<(), String> {
    let parsed = with_any_path(Cli::command()).try_get_matches_from(["floe"].iter().chain(arguments));
    parsed.map(drop).map_err(|error| error.to_string())
}

/// The files of a workflow are not here.
fn with_any_path(command: clap::Command) -> clap::Command {
    let is_path = |arg: &Arg| arg.get_value_parser().type_id() == ValueParser::path_buf().type_id();
    let command = command.mut_args(|arg| match is_path(&arg) {
        true => arg.value_parser(ValueParser::path_buf()),
        false => arg,
    });
    command.mut_subcommands(with_any_path)
}

fn nix(arguments: &[&str], flags: &[&str]) -> Result<(), String> {
    for argument in arguments {
        if argument.starts_with("--") && !flags.contains(argument) {
            return Err(format!("`{argument}` is not known here"));
        }
        let Some(output) = argument.strip_prefix(".#") else { continue };
        let mut releases = Target::all().map(|target| format!("release-{}", target.name));
        let is_package = packages().contains(output) || releases.any(|release| release == output);
        if !is_package && !["matrix", "packer"].contains(&output) {
            return Err(format!("the flake has no package `{output}`"));
        }
    }
    Ok(())
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
