//! The installer for PowerShell, run against the servers: on Windows as it is, elsewhere with two stand-ins.
//!
//! Neither Debian nor a package index has PowerShell, so these tests run where it is installed, as on GitHub's runners.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use floe_core::model::Digest;
use floe_rehearsal::interceptor::{Fault, What};

use crate::support::peers::rare_peer;
use crate::support::scenario::TOKEN;
use crate::support::words::flip_bit;
use crate::verify::release::Published;

const ARCHIVE: &str = "tool-x86_64-pc-windows-msvc.zip";
const SCRIPT: &str = "tool-installer.ps1";

/// A program for this system.
fn program() -> Vec<u8> {
    if cfg!(windows) {
        let system = std::env::var_os("SystemRoot").unwrap();
        return fs::read(Path::new(&system).join("System32").join("hostname.exe")).unwrap();
    }
    b"#!/bin/sh\necho tool 1.4.0\n".to_vec()
}

/// Windows PowerShell and PowerShell 7, those of them that are installed.
fn shells() -> Vec<PathBuf> {
    let names: &[&str] = if cfg!(windows) { &["powershell", "pwsh"] } else { &["pwsh"] };
    names.iter().filter_map(|name| rare_peer(name)).collect()
}

/// The script with stand-ins for what other systems do not have: the name of Windows, and the registry.
fn adapted(script: &str) -> String {
    const REGISTRY: &str = "(New-Object PSObject |
        Add-Member -PassThru ScriptMethod GetValue { [IO.File]::ReadAllText($env:TEST_PATH) } |
        Add-Member -PassThru ScriptMethod SetValue { [IO.File]::WriteAllText($env:TEST_PATH, $args[1]) } |
        Add-Member -PassThru ScriptMethod Close { })";
    if cfg!(windows) {
        return script.to_owned();
    }
    let replaced = [
        ("[Environment]::OSVersion.Platform", "'Win32NT'"),
        ("[Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')", REGISTRY),
    ];
    replaced.iter().fold(script.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    })
}

/// A published release, with a program for this system in its archive for Windows.
struct Installer {
    published: Published,
    folder: tempfile::TempDir,
    script: PathBuf,
    /// The address of the folder of assets.
    address: String,
}

impl Installer {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let published = Published::new();
        published.forge_archive(ARCHIVE, files);
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "local"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("path"), "C:\\Windows;%USERPROFILE%\\bin;").unwrap();
        let script = folder.path().join(SCRIPT);
        let address = format!("{}/acme/tool/releases/download/v1.4.0", published.scenario.github_url());
        let installer = Installer { published, folder, script, address };
        installer.render();
        installer
    }

    /// Takes the script of the release again.
    fn render(&self) {
        let script = fs::read_to_string(self.published.asset_file(SCRIPT)).unwrap();
        fs::write(&self.script, adapted(&script)).unwrap();
    }

    fn program() -> Self {
        Self::new(&[("tool.exe", &program())])
    }

    /// The folder that is used if none is named.
    fn usual(&self) -> PathBuf {
        self.folder.path().join("local").join("Programs").join("tool")
    }

    fn command(&self, shell: &Path) -> Command {
        let mut command = Command::new(shell);
        command.current_dir(self.folder.path().join("home"));
        for name in ["GITHUB_TOKEN", "TOOL_GITHUB_TOKEN", "GITHUB_PATH", "HTTPS_PROXY", "TOOL_INSTALL_DIR"] {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path().join("home")).env("TERM", "dumb");
        command.env("LOCALAPPDATA", self.folder.path().join("local"));
        command.env("TEST_PATH", self.folder.path().join("path"));
        command.env("PROCESSOR_ARCHITECTURE", "AMD64").env("TOOL_DOWNLOAD_URL", &self.address);
        // The registry of a computer with Windows stays as it is.
        if cfg!(windows) {
            command.env("TOOL_NO_MODIFY_PATH", "1");
        }
        command.args(["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass"]);
        command
    }

    /// The script as a file.
    fn file(&self, shell: &Path, arguments: &[&str]) -> Output {
        self.command(shell).arg("-File").arg(&self.script).args(arguments).output().unwrap()
    }

    /// Statements of a user, with `INSTALL` for the line that downloads and runs the script, which waits for nothing.
    fn says(&self, shell: &Path, statements: &str) -> Output {
        let script = fs::read(&self.script).unwrap();
        self.published.replace(SCRIPT, &script);
        let line = format!("irm {}/{SCRIPT} | iex", self.address);
        let statements = format!("function Start-Sleep {{ }}; {}", statements.replace("INSTALL", &line));
        self.command(shell).args(["-Command", &statements]).output().unwrap()
    }
}

/// Both streams in one line and without colours: an error is broken into lines by the width of a terminal.
fn text(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    plain.extend(parts.map(|part| part.split_once('m').map_or(part, |(_, rest)| rest)));
    let words: Vec<&str> = plain.split_whitespace().filter(|word| *word != "|").collect();
    words.join(" ")
}

/// Whether a text says so, wherever its lines break: a long word is broken, too.
fn has(said: &str, expected: &str) -> bool {
    said.replace(' ', "").contains(&expected.replace(' ', ""))
}

/// The names in a folder, hidden ones too; none if it is not there.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn it_installs_as_a_file_and_as_a_line_and_says_how_to_uninstall() {
    for shell in shells() {
        let installer = Installer::program();
        // PowerShell reads brackets as a pattern, and a typographic quote as a quote. Windows writes none into a pipe.
        let quote = if cfg!(windows) { "" } else { "\u{2019}s" };
        let odd = installer.folder.path().join(format!("it's [a] folder{quote} $name"));
        for (folder, arguments) in
            [(installer.usual(), vec![]), (odd.clone(), vec!["-To", odd.to_str().unwrap()])]
        {
            for _ in 0..2 {
                let output = installer.file(&shell, &arguments);
                let said = text(&output);
                assert!(output.status.success() && has(&said, "installed tool 1.4.0 for AMD64 in"), "{said}");
                assert_eq!(names(&folder), ["tool.exe"], "{said}");
                assert_eq!(fs::read(folder.join("tool.exe")).unwrap(), program());
            }
            let output = installer.file(&shell, &arguments);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let line = said.lines().find_map(|line| line.strip_prefix("uninstall with: ")).unwrap();
            let removed = installer.command(&shell).args(["-Command", line]).output().unwrap();
            assert!(names(&folder).is_empty(), "{line}: {}", text(&removed));
        }
        let path = fs::read_to_string(installer.folder.path().join("path")).unwrap();
        if cfg!(unix) {
            let expected = [installer.usual(), odd].map(|folder| folder.display().to_string()).join(";");
            assert_eq!(path, format!("C:\\Windows;%USERPROFILE%\\bin;{expected}"));
        }
        let output = installer.says(&shell, "INSTALL");
        assert!(output.status.success() && names(&installer.usual()) == ["tool.exe"], "{}", text(&output));
    }
}

#[test]
fn the_variables_of_the_caller_neither_change_nor_matter() {
    const SAID: &str = "'after: {0} {1} {2} {3}' -f $Version, $To, $name, $ErrorActionPreference";
    for shell in shells() {
        let failing: &[u8] = b"#!/bin/sh\necho error >&2\nexit 3\n";
        let program = program();
        let installer = Installer::new(&[("tool.exe", if cfg!(windows) { &program } else { failing })]);
        let before = "Set-StrictMode -Version Latest; $Version = '7'; [int]$To = 5; $name = 'n'; $folder = 'f'; \
            $ErrorActionPreference = 'Continue'; $PSNativeCommandUseErrorActionPreference = $true;";
        // As GitHub's runner ends a step.
        let end = "if (Test-Path -LiteralPath variable:\\LASTEXITCODE) { exit $LASTEXITCODE }";
        let output = installer.says(&shell, &format!("{before} INSTALL; {SAID}; {end}"));
        let said = text(&output);
        assert!(output.status.success() && has(&said, "after: 7 5 n Continue"), "{said}");
        assert_eq!(names(&installer.usual()), ["tool.exe"], "{said}");
        // An error ends the statement, and not the shell.
        flip_bit(&installer.published.asset_file(ARCHIVE));
        let caught = format!("{before} try {{ INSTALL }} catch {{ \"caught: $_\" }}; {SAID}");
        let said = text(&installer.says(&shell, &caught));
        assert!(
            has(&said, "caught: tool-x86_64-pc-windows-msvc.zip is not the archive of this release"),
            "{said}"
        );
        assert!(has(&said, "after: 7 5 n Continue"), "{said}");
    }
}

#[test]
fn arguments_are_known_or_refused() {
    for shell in shells() {
        let installer = Installer::program();
        assert_eq!(text(&installer.file(&shell, &["-Version"])), "tool 1.4.0");
        for (arguments, expected) in [
            (["-Too", "x"], "unknown argument -Too; there are -To FOLDER and -Version"),
            (["-To", ""], "-To needs a folder"),
        ] {
            let output = installer.file(&shell, &arguments);
            assert_eq!(output.status.code(), Some(1));
            let said = text(&output);
            assert!(has(&said, expected), "{said}");
        }
        assert!(names(&installer.usual()).is_empty());
    }
}

#[test]
fn a_folder_that_path_cannot_hold_is_named_and_not_added() {
    for shell in shells() {
        let installer = Installer::program();
        let folder = installer.folder.path().join("one;two");
        let path = fs::read_to_string(installer.folder.path().join("path")).unwrap();
        let output = installer.file(&shell, &["-To", folder.to_str().unwrap()]);
        let said = text(&output);
        assert!(output.status.success() && has(&said, "warning: PATH cannot hold "), "{said}");
        assert_eq!(names(&folder), ["tool.exe"], "{said}");
        assert_eq!(fs::read_to_string(installer.folder.path().join("path")).unwrap(), path, "{said}");
    }
}

#[test]
fn a_password_of_a_mirror_is_not_shown() {
    for shell in shells() {
        let installer = Installer::program();
        let mirror = format!("{}/missing/a@b", installer.address);
        let mut command = installer.command(&shell);
        command.env("TOOL_DOWNLOAD_URL", mirror.replace("://", "://user:s3cret@"));
        let output = command.arg("-File").arg(&installer.script).output().unwrap();
        let said = text(&output);
        assert!(!output.status.success() && !said.contains("s3cret"), "{said}");
        assert!(has(&said, &format!("downloading {mirror}/tool-")), "{said}");
    }
}

#[test]
fn what_is_no_whole_program_of_the_release_changes_nothing() {
    for shell in shells() {
        let refused = |installer: &Installer, expected: &str| {
            fs::create_dir_all(installer.usual()).unwrap();
            fs::write(installer.usual().join("tool.exe"), "older").unwrap();
            let output = installer.file(&shell, &[]);
            let said = text(&output);
            assert!(output.status.code() == Some(1) && has(&said, expected), "{said}");
            assert_eq!(names(&installer.usual()), ["tool.exe"]);
            assert_eq!(fs::read(installer.usual().join("tool.exe")).unwrap(), b"older");
        };
        let installer = Installer::program();
        flip_bit(&installer.published.asset_file(ARCHIVE));
        refused(&installer, "is not the archive of this release: its SHA-256 is ");
        let installer = Installer::new(&[("other", b"text")]);
        refused(&installer, "tool.exe is missing after tool-x86_64-pc-windows-msvc.zip was unpacked");
        let installer = Installer::new(&[("tool.exe", b"\x01no program")]);
        refused(&installer, "tool.exe of tool-x86_64-pc-windows-msvc.zip does not run on this system");
    }
}

#[cfg(unix)]
#[test]
fn programs_are_replaced_together_or_not_at_all() {
    for shell in shells() {
        // The first one removes the second one, as a virus scanner may.
        let first = b"#!/bin/sh\nrm -f \"${0%/*}/other.exe\"\n";
        let installer = Installer::new(&[("tool.exe", first), ("other.exe", b"#!/bin/sh\n")]);
        installer.published.forge_manifest(|manifest| {
            let artifacts = manifest["artifacts"].as_array_mut().unwrap();
            let artifact = artifacts.iter_mut().find(|artifact| artifact["file"] == ARCHIVE).unwrap();
            let mut other = artifact["binaries"][0].clone();
            other["name"] = "other".into();
            other["path"] = "tool-x86_64-pc-windows-msvc/other.exe".into();
            other["digest"] = Digest::of(b"#!/bin/sh\n").to_string().into();
            artifact["binaries"].as_array_mut().unwrap().push(other);
        });
        installer.render();
        fs::create_dir_all(installer.usual()).unwrap();
        // An earlier run could not remove a program, because it ran.
        let left = installer.usual().join(".tool.0123");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("tool.exe.old"), "").unwrap();
        for name in ["tool.exe", "other.exe"] {
            fs::write(installer.usual().join(name), "older").unwrap();
        }
        let output = installer.file(&shell, &[]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert_eq!(names(&installer.usual()), ["other.exe", "tool.exe"], "{}", text(&output));
        for name in ["tool.exe", "other.exe"] {
            assert_eq!(fs::read(installer.usual().join(name)).unwrap(), b"older");
        }
    }
}

#[test]
fn passing_errors_of_the_server_are_tried_again() {
    let answer = |status| What::Answer { status, headers: Vec::new(), body: "{}".to_owned() };
    for shell in shells() {
        let installer = Installer::program();
        let github = installer.published.scenario.github_interceptor();
        for (status, times, works) in [(429, 2, true), (500, 3, true), (503, 4, false), (404, 1, false)] {
            github.reset();
            github.inject(Fault::route("GET", ARCHIVE, 0, times, answer(status)));
            let output = installer.says(&shell, "INSTALL");
            let said = text(&output);
            assert_eq!(output.status.success(), works, "{status}: {said}");
            let expected = if works { vec!["tool.exe"] } else { vec![] };
            assert_eq!(names(&installer.usual()), expected, "{said}");
            let asked = github.log().iter().filter(|one| one.path.ends_with(ARCHIVE)).count();
            assert_eq!(asked, if works { times + 1 } else { times }, "{status}: {said}");
            let failed = format!("{}/{ARCHIVE} could not be downloaded: ", installer.address);
            assert!(works || has(&said, &failed), "{said}");
            let _ = fs::remove_dir_all(installer.usual());
        }
    }
}

#[test]
fn a_private_repository_needs_a_token_that_goes_to_the_api_alone() {
    for shell in shells() {
        let installer = Installer::program();
        let url = installer.published.scenario.github_url();
        let script = fs::read_to_string(&installer.script).unwrap();
        let script = script
            .replace("https://github.com/acme/tool/releases/download/", &format!("{url}/nowhere/"))
            .replace("https://api.github.com/", &format!("{url}/"));
        fs::write(&installer.script, script).unwrap();
        let run = |token: Option<&str>| {
            let mut command = installer.command(&shell);
            command.env_remove("TOOL_DOWNLOAD_URL").envs(token.map(|token| ("GITHUB_TOKEN", token)));
            command.arg("-File").arg(&installer.script).output().unwrap()
        };
        let output = run(None);
        assert_eq!(
            (output.status.code(), names(&installer.usual()).len()),
            (Some(1), 0),
            "{}",
            text(&output)
        );
        let output = run(Some("wrong"));
        let said = text(&output);
        assert_eq!((output.status.code(), names(&installer.usual()).len()), (Some(1), 0), "{said}");
        assert!(has(&said, "could not be downloaded, not even with the token: "), "{said}");
        let output = run(Some(TOKEN));
        let said = text(&output);
        assert!(output.status.success() && has(&said, "trying again with the token"), "{said}");
        assert!(names(&installer.usual()) == ["tool.exe"] && !said.contains(TOKEN), "{said}");
    }
}

#[test]
fn a_script_that_was_cut_off_is_a_syntax_error_or_empty() {
    const PARSE: &str = "$text = [IO.File]::ReadAllText($env:TEST_SCRIPT).TrimEnd()
foreach ($end in 0..($text.Length - 1)) {
    $errors = $null
    $tree = [Management.Automation.Language.Parser]::ParseInput($text.Substring(0, $end), [ref]$null, [ref]$errors)
    if (-not $errors -and $tree.EndBlock.Statements) { \"runs: $end of $($text.Length)\" }
}
$null = [Management.Automation.Language.Parser]::ParseInput($text, [ref]$null, [ref]$errors)
if (-not $errors) { 'whole' }";
    for shell in shells() {
        let installer = Installer::program();
        let mut command = installer.command(&shell);
        let output =
            command.env("TEST_SCRIPT", &installer.script).args(["-Command", PARSE]).output().unwrap();
        assert_eq!(text(&output), "whole");
    }
}
