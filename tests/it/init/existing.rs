//! `floe init` beside a flake and workflow that do not call floe: the lines that it asks the user to add.
//!
//! The lines are added to the file and the result is read again, by Nix where it is installed.

use expect_test::expect;

use super::{FOREIGN, WORKFLOW, end, files, floe, text};
use crate::support::peers::{self, peer};
use crate::support::sample::Sample;

/// The lines below the one that names a file.
fn added(stderr: &str, path: &str) -> String {
    let mark = format!("  `{path}` exists and does not call floe\n");
    let rest = end(stderr).split_once(&mark).unwrap_or_else(|| panic!("no `{path}` in\n{stderr}")).1;
    let lines = rest.split_inclusive('\n').take_while(|line| line.starts_with("    "));
    lines.map(|line| line[4..].to_owned()).collect()
}

fn of_flake(flake: &str) -> String {
    let sample = Sample::tool().file("flake.nix", flake);
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(4), "{stderr}");
    assert_eq!(files(sample.path()), before);
    super::plain(&added(&stderr, "flake.nix"))
}

fn of_workflow(workflow: &str) -> (Sample, String) {
    let sample = Sample::tool().file(WORKFLOW, workflow);
    let before = files(sample.path());
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(4), "{stderr}");
    assert_eq!(files(sample.path()), before);
    let lines = super::plain(&added(&stderr, WORKFLOW));
    (sample, lines)
}

#[test]
fn a_flake_gets_an_input_and_a_merge_with_its_outputs() {
    let lines = of_flake(
        "{\n  inputs = { nixpkgs.url = \"nixpkgs\"; };\n  outputs = { self, nixpkgs }: { nixosModules.a = 1; };\n}\n",
    );
    expect![[r#"
        add beside `outputs`:
            inputs.floe.url = "github:acme/floe/v<floe>";
        write `outputs` like this, with its present value in place of `…`:
            outputs = inputs:
              let
                yours = (…) (builtins.removeAttrs inputs [ "floe" ]);
                release = inputs.floe.lib.mkRelease { src = inputs.self; };
                merge = name: own: release.${name} // builtins.mapAttrs (system: value: release.${name}.${system} or { } // value) own;
              in
              release // yours // builtins.mapAttrs merge (builtins.intersectAttrs release yours);
        an output that both define, such as `packages.x86_64-linux.default`, stays yours: a release needs floe's `dist` and `gate`
    "#]]
    .assert_eq(&lines);
    for broken in ["", "{", "{ inputs = {", "let a = 1; in a", "{ outputs = import ./outputs.nix; }"] {
        assert_eq!(of_flake(broken), lines, "{broken}");
    }
}

#[test]
fn an_input_that_is_there_is_not_added_again() {
    for inputs in [
        "inputs.floe.url = \"github:a/floe\";",
        "inputs = { a.url = \"b\"; floe = { url = \"flake:floe\"; }; };",
    ] {
        let lines = of_flake(&format!("{{ {inputs} outputs = {{ self, floe }}: {{ lib = 1; }}; }}"));
        assert!(lines.starts_with("the input for floe stays;\nwrite `outputs` like this"), "{lines}");
        assert!(lines.contains("yours = (…) inputs;\n"), "{lines}");
    }
}

/// A stand-in for floe's `mkRelease` with outputs that a flake may have, too.
const STANDIN: &str = r#"{ lib.mkRelease = settings: assert settings.src == "self"; {
    packages = { x86_64-linux = { dist = "floe"; default = "floe"; }; aarch64-linux.dist = "floe"; };
    formatter.x86_64-linux.name = "floe";
}; }"#;

#[test]
fn nix_evaluates_the_flake_with_the_added_lines() {
    let Some(nix) = peer("nix-instantiate") else { return };
    let home = tempfile::tempdir().unwrap();
    let nixpkgs = "inputs.nixpkgs.url = \"n\";";
    for (inputs, arguments, body, own) in [
        (nixpkgs, "{ self, nixpkgs }", "{ lib.a = 1; }", "lib.a"),
        (nixpkgs, "{\n  self,\n  nixpkgs,\n}", "{ lib.a = 1; }", "lib.a"),
        ("inputs = { nixpkgs.url = \"n\"; };", "{ nixpkgs, ... }", "{ lib.a = 1; }", "lib.a"),
        (nixpkgs, "{ nixpkgs, ... }@all", "{ packages.x86_64-linux.a = 1; }", "packages.x86_64-linux.a"),
        ("", "inputs@{ self, ... }", "let a = 1; in { packages.m68k = { inherit a; }; }", "packages.m68k.a"),
        (nixpkgs, "all@{ self, nixpkgs }", "rec { a = 1; checks.x.a = a; }", "checks.x.a"),
        ("", "inputs", "{ formatter.x86_64-linux.a = 1; }", "formatter.x86_64-linux.a"),
        ("", "_", "{ lib.a = 1; }", "lib.a"),
        ("", "{ self }", "{ lib.a = 1; } // { }", "lib.a"),
        ("inputs.floe.url = \"github:a/floe\";", "{ self, floe }", "{ lib.a = 1; }", "lib.a"),
        (nixpkgs, "", "({ self, nixpkgs }: { lib.a = 1; })", "lib.a"),
    ] {
        let is_function = !arguments.is_empty();
        let colon = if is_function { ":" } else { "" };
        let lines = of_flake(&format!("{{ {inputs} outputs = {arguments}{colon} {body}; }}\n"));
        let code: Vec<&str> = lines.lines().filter_map(|line| line.strip_prefix("    ")).collect();
        let (input, outputs) = if code[0].contains("url") { (code[0], &code[1..]) } else { ("", &code[..]) };
        let present = format!("{arguments}{colon} {body}");
        let outputs = outputs.join("\n").replace('…', &present);
        let flake = format!("{{ {inputs} {input} {outputs} }}");
        // Nix passes the inputs that the flake declares, and the flake itself.
        let expression = format!(
            "let flake = {flake}; given = builtins.mapAttrs (_: _: {{ }}) flake.inputs // {{ self = \"self\"; floe = {STANDIN}; }}; \
             all = flake.outputs given; in [ all.packages.x86_64-linux.dist all.packages.aarch64-linux.dist all.{own} ]"
        );
        let arguments = ["--store", "dummy://", "--eval", "--strict", "--json", "--expr", &expression];
        let read =
            peers::run(&nix, home.path(), &arguments).unwrap_or_else(|error| panic!("{flake}\n{error}"));
        assert_eq!(read.trim(), "[\"floe\",\"floe\",1]", "{flake}");
    }
}

#[test]
fn a_workflow_gets_the_job_and_the_tags_that_start_it() {
    let (sample, lines) = of_workflow(
        "name: CI\non:\n  push:\n    branches: [main]\njobs:\n  release:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: gh release create v1\n",
    );
    expect![[r#"
        let pushed tags of releases start it, unless they do:
            on:
              push:
                tags: ["v[0-9]*"]
        add below `jobs:`:
              floe:
                if: startsWith(github.ref, 'refs/tags/v')
                # The version of floe. Dependabot can keep it up to date.
                uses: acme/floe/.github/workflows/release.yml@v<floe>
                permissions:
                  contents: write # the draft, its assets, and the release
                  packages: write # the image
                  id-token: write # the identity that signs what was built
                  attestations: write # the signatures
    "#]]
    .assert_eq(&lines);

    // With the job in it, the file is the user's and has no drift, unless the job lacks a permission.
    let job: Vec<&str> = lines.lines().skip(5).take(9).map(|line| &line[4..]).collect();
    let job = job.join("\n").replace("<floe>", env!("CARGO_PKG_VERSION"));
    let workflow = format!("{}{job}\n", text(&sample, WORKFLOW));
    let sample = sample.file(WORKFLOW, &workflow);
    let (code, stderr) = floe(&sample, &["--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("also publishes releases, with `gh release create`: remove that"), "{stderr}");
    assert_eq!(text(&sample, WORKFLOW), workflow);
    assert_eq!(floe(&sample, &["--check"]).0, Some(0));
    let sample = sample.file(WORKFLOW, workflow.replace("      packages: write # the image\n", ""));
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.contains(
            "lacks one line of floe's template\n    add to the job that calls floe:\n        packages: write # the image\n"
        ),
        "{stderr}"
    );
    let before = files(sample.path());
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(0));
    assert_eq!(files(sample.path()), before, "the user's jobs are never replaced");
}

#[test]
fn the_job_fits_beside_those_of_the_workflow() {
    let jobs = "jobs:\n\n  # ours\n    release:\n        runs-on: a\n    floe: # ours\n        runs-on: b\n";
    let (_, lines) = of_workflow(&format!("on: push\n{jobs}"));
    let job = lines.split_once("add below `jobs:`:\n").unwrap().1;
    assert!(job.starts_with("        floe-release:\n          if: ") && !job.contains("with:"), "{lines}");
    let (_, lines) = of_workflow(FOREIGN);
    assert!(lines.contains("add below `jobs:`:\n      release:\n        if: "), "{lines}");
    let dispatched =
        "on:\n  push:\n  workflow_dispatch:\n    inputs:\n      dry-run:\n        type: boolean\n";
    let (_, lines) = of_workflow(&format!("{dispatched}{jobs}"));
    assert!(lines.contains("with:\n            dry-run: ${{ inputs.dry-run || false }}\n"), "{lines}");
}

#[test]
fn a_release_workflow_is_found_by_either_ending_and_in_any_case() {
    for name in ["release.yaml", "Release.yml", "RELEASE.yaml"] {
        let path = format!(".github/workflows/{name}");
        let sample = Sample::tool().file(&path, FOREIGN);
        let before = files(sample.path());
        let (code, stderr) = floe(&sample, &["--yes"]);
        assert_eq!(code, Some(4), "{stderr}");
        assert_eq!(files(sample.path()), before);
        assert!(stderr.contains(&format!("`{path}` exists and does not call floe")), "{stderr}");
        assert!(stderr.contains(&format!("delete `{path}` if floe replaces it")), "{stderr}");
    }
    let sample = Sample::tool().file(".github/workflows/prerelease.yml", FOREIGN);
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
}

#[test]
fn another_call_beside_that_of_floe_is_the_users() {
    let sample = Sample::tool();
    assert_eq!(floe(&sample, &["--yes"]).0, Some(0));
    let job = "  announce:\n    uses: acme/other/.github/workflows/announce.yml@v1\n";
    let workflow =
        format!("{}{job}", text(&sample, WORKFLOW)).replace("      packages: write # the image\n", "");
    let sample = sample.file(WORKFLOW, &workflow);
    let (code, stderr) = floe(&sample, &["--check"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("add to the job that calls floe:"), "{stderr}");
    assert_eq!(floe(&sample, &["--yes", "--force"]).0, Some(0));
    assert_eq!(text(&sample, WORKFLOW), workflow);
}
