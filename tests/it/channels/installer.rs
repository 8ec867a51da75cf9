//! The installer for Unix shells, run by each shell against the servers.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use crate::support::peers::peer;
use crate::support::scenario::TOKEN;
use crate::support::words::flip_bit;
use crate::verify::release::Published;

/// Each shell with the arguments that make it read a script as `sh`.
pub(super) const SHELLS: [(&str, &[&str]); 8] = [
    ("dash", &[]),
    ("bash", &[]),
    ("bash", &["--posix"]),
    ("busybox", &["ash"]),
    ("yash", &[]),
    ("mksh", &[]),
    ("zsh", &[]),
    ("zsh", &["--emulate", "sh"]),
];
const PROGRAM: &[u8] = b"#!/bin/sh\necho tool 1.4.0\n";

/// A published release whose static archive holds a script, a man page and completions.
struct Installer {
    published: Published,
    archive: String,
    script: PathBuf,
    /// The address of the folder of assets.
    address: String,
}

impl Installer {
    fn new() -> Self {
        let published = Published::new();
        let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
        let archive = format!("tool-{target}.tar.gz");
        let completions = ["completions/_tool", "completions/tool.bash", "completions/tool.fish"];
        let files = completions.iter().chain(&["man/tool.1"]).map(|path| (*path, &b"text"[..]));
        let files: Vec<(&str, &[u8])> = [("tool", PROGRAM)].into_iter().chain(files).collect();
        published.forge_archive(&archive, &files);
        published.forge_manifest(|manifest| {
            // Its programs are those of the archives that were published.
            manifest.as_object_mut().unwrap().remove("image");
            let artifacts = manifest["artifacts"].as_array_mut().unwrap();
            let artifact = artifacts.iter_mut().find(|artifact| artifact["file"] == archive).unwrap();
            let path = |path: &str| json!([format!("tool-{target}/{path}")]);
            artifact["extras"] = json!({
                "man": path("man/tool.1"),
                "completions": { "bash": path(completions[1]), "zsh": path(completions[0]), "fish": path(completions[2]) },
            });
        });
        published.scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
        let script = published.asset_file("tool-installer.sh");
        let address = format!("{}/acme/tool/releases/download/v1.4.0", published.scenario.github_url());
        Installer { published, archive, script, address }
    }

    /// The installer in a shell, with nothing of the environment but `PATH` and a home.
    fn command(&self, shell: &Path, arguments: &[&str], home: &Path) -> Command {
        let mut command = Command::new(shell);
        command.args(arguments).env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap());
        command.env("TOOL_DOWNLOAD_URL", &self.address).current_dir(home);
        command
    }

    fn run(&self, home: &Path) -> Output {
        let shell = peer("dash").unwrap_or_else(|| "sh".into());
        self.command(&shell, &[self.script.to_str().unwrap()], home).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every file below a folder, sorted.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(one) = todo.pop() {
        for entry in fs::read_dir(&one).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() && !path.is_symlink() {
                true => todo.push(path),
                false => found.push(path.strip_prefix(folder).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    found
}

/// Programs by name, as links in a folder.
fn only(folder: &Path, programs: &[&str]) -> PathBuf {
    let bin = folder.join("only");
    fs::create_dir(&bin).unwrap();
    for program in programs {
        if let Some(path) = peer(program) {
            symlink(path, bin.join(program)).unwrap();
        }
    }
    bin
}

#[test]
fn every_shell_installs_from_the_servers() {
    let installer = Installer::new();
    let mut ran = 0;
    for (shell, arguments) in SHELLS {
        let Some(path) = peer(shell) else { continue };
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("a home");
        fs::create_dir(&home).unwrap();
        let arguments = [arguments, &[installer.script.to_str().unwrap()]].concat();
        let output = installer.command(&path, &arguments, &home).output().unwrap();
        let said = text(&output.stderr);
        assert!(output.status.success(), "{shell} {arguments:?}: {said}");
        assert_eq!(
            files(&home),
            [
                ".local/bin/tool",
                ".local/share/bash-completion/completions/tool",
                ".local/share/fish/vendor_completions.d/tool.fish",
                ".local/share/man/man1/tool.1",
                ".local/share/zsh/site-functions/_tool",
            ],
            "{shell}"
        );
        let bin = home.join(".local/bin");
        assert_eq!(fs::read(bin.join("tool")).unwrap(), PROGRAM);
        assert_eq!(bin.join("tool").metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert!(
            said.contains(&format!("PATH: export PATH='{}':\"$PATH\"\n", bin.display())),
            "{shell}: {said}"
        );
        // The last line removes all of it again.
        let line = said.lines().last().unwrap().strip_prefix("uninstall with: ").unwrap();
        assert!(Command::new("sh").args(["-c", line]).status().unwrap().success(), "{line}");
        assert_eq!(files(&home), Vec::<String>::new(), "{shell}: {line}");
        ran += 1;
    }
    assert!(ran > 0 || peer("curl").is_none());
}

#[test]
fn a_changed_byte_of_the_archive_stops_it() {
    let installer = Installer::new();
    let folder = tempfile::tempdir().unwrap();
    assert!(installer.run(folder.path()).status.success());
    let program = folder.path().join(".local/bin/tool");
    fs::write(&program, "older").unwrap();
    flip_bit(&installer.published.asset_file(&installer.archive));
    let before = files(folder.path());
    let output = installer.run(folder.path());
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("is not the archive of this release: its SHA-256 is ")
            && said.ends_with("nothing was installed\n"),
        "{said}"
    );
    assert_eq!((fs::read(&program).unwrap(), files(folder.path())), (b"older".to_vec(), before));
}

#[test]
fn a_password_of_a_mirror_is_not_shown() {
    let installer = Installer::new();
    for (shell, arguments) in SHELLS {
        let Some(path) = peer(shell) else { continue };
        let arguments = [arguments, &[installer.script.to_str().unwrap()]].concat();
        // The last one has an `@` in its path, which is no password.
        for (secret, below) in [("user:s3cret@", "/missing"), ("s3cret@", ""), ("user:s%40cret@", "/a@b")] {
            let home = tempfile::tempdir().unwrap();
            let mirror = format!("{}{below}", installer.address);
            let mut command = installer.command(&path, &arguments, home.path());
            let output = command
                .env("TOOL_DOWNLOAD_URL", mirror.replace("://", &format!("://{secret}")))
                .output()
                .unwrap();
            let said = text(&output.stdout) + &text(&output.stderr);
            assert!(!said.contains("cret"), "{shell}: {said}");
            assert!(said.contains(&format!("downloading {mirror}/tool-")), "{shell}: {said}");
        }
    }
}

#[test]
fn a_script_that_was_cut_off_does_nothing() {
    let installer = Installer::new();
    let script = fs::read(&installer.script).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.sh");
    // Without its last line break it is whole.
    let ends = (0..script.len()).step_by(61).chain(script.len() - 200..script.len() - 1);
    for end in ends {
        fs::write(&cut, &script[..end]).unwrap();
        let home = folder.path().join("home");
        fs::create_dir_all(&home).unwrap();
        let shell = peer("dash").unwrap_or_else(|| "sh".into());
        let output = installer.command(&shell, &[cut.to_str().unwrap()], &home).output().unwrap();
        assert!(files(&home).is_empty() && output.stdout.is_empty(), "{end} of {} bytes", script.len());
        assert!(fs::read_dir(&home).unwrap().next().is_none(), "{end} of {} bytes", script.len());
    }
}

#[test]
fn it_works_with_wget_and_openssl_and_refuses_without_a_digest() {
    const NEEDED: [&str; 12] =
        ["cat", "chmod", "gzip", "mkdir", "mktemp", "mv", "rm", "sed", "tar", "uname", "dash", "getconf"];
    let installer = Installer::new();
    let run = |programs: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let bin = only(folder.path(), &[&NEEDED, programs].concat());
        let home = folder.path().join("home");
        fs::create_dir(&home).unwrap();
        let shell = peer("dash").unwrap_or_else(|| "/bin/sh".into());
        let mut command = installer.command(&shell, &[installer.script.to_str().unwrap()], &home);
        let output = command.env("PATH", &bin).output().unwrap();
        (output.status.code(), text(&output.stderr), files(&home).len())
    };
    if peer("wget").is_some() && peer("openssl").is_some() {
        let (code, said, count) = run(&["wget", "openssl"]);
        assert_eq!((code, count), (Some(0), 5), "{said}");
    }
    if peer("curl").is_some() {
        let (code, said, count) = run(&["curl"]);
        assert_eq!((code, count), (Some(1), 0), "{said}");
        assert!(said.contains("sha256sum, shasum or openssl is needed"), "{said}");
    }
    let (code, said, _) = run(&["sha256sum"]);
    assert!(code == Some(1) && said.contains("curl or wget is needed"), "{said}");
}

#[test]
fn a_private_repository_needs_a_token_that_goes_to_the_api_alone() {
    if peer("curl").is_none() {
        return;
    }
    let installer = Installer::new();
    let url = installer.published.scenario.github_url();
    let script = fs::read_to_string(&installer.script).unwrap();
    let script = script
        .replace("https://github.com/acme/tool/releases/download/", &format!("{url}/nowhere/"))
        .replace("https://api.github.com/", &format!("{url}/"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("private.sh");
    fs::write(&path, script).unwrap();
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    let run = |token: Option<&str>| {
        let mut command = installer.command(Path::new("sh"), &[path.to_str().unwrap()], &home);
        command.env_remove("TOOL_DOWNLOAD_URL").envs(token.map(|token| ("GITHUB_TOKEN", token)));
        let output = command.output().unwrap();
        (output.status.code(), text(&output.stderr), files(&home).len())
    };
    let (code, said, count) = run(None);
    assert_eq!((code, count), (Some(1), 0), "{said}");
    let (code, said, count) = run(Some(TOKEN));
    assert!(said.contains("trying again with the token"), "{said}");
    assert_eq!((code, count), (Some(0), 5), "{said}");
    assert!(!said.contains(TOKEN));
}

#[test]
fn options_choose_a_folder_and_print_the_version() {
    let installer = Installer::new();
    let folder = tempfile::tempdir().unwrap();
    let script = installer.script.to_str().unwrap();
    let run = |arguments: &[&str]| {
        let arguments = [&[script], arguments].concat();
        installer.command(Path::new("sh"), &arguments, folder.path()).output().unwrap()
    };
    assert_eq!(text(&run(&["--version"]).stdout), "tool 1.4.0\n");
    let help = text(&run(&["--help"]).stdout);
    assert!(help.contains("  TOOL_INSTALL_DIR ") && !help.contains("__"), "{help}");
    for wrong in [&["--too", "x"][..], &["--to"], &["--to", ""], &["--to="]] {
        assert_eq!(run(wrong).status.code(), Some(1), "{wrong:?}");
    }
    assert!(files(folder.path()).is_empty());
    assert!(run(&["--to", "it's here"]).status.success());
    // There is no `share` beside it.
    assert_eq!(files(folder.path()), ["it's here/tool"]);
}

#[test]
fn a_folder_on_path_needs_no_line_for_it() {
    let installer = Installer::new();
    let folder = tempfile::tempdir().unwrap();
    let path = std::env::var("PATH").unwrap();
    for (shell, arguments) in SHELLS {
        let Some(shell) = peer(shell) else { continue };
        for end in ["", "/"] {
            let arguments = [arguments, &[installer.script.to_str().unwrap()]].concat();
            let mut command = installer.command(&shell, &arguments, folder.path());
            let own = format!("{}/.local/bin{end}", folder.path().display());
            let said = text(&command.env("PATH", format!("{own}:{path}")).output().unwrap().stderr);
            assert!(said.contains("installed tool") && !said.contains("PATH"), "{shell:?}: {said}");
        }
    }
}

#[test]
fn a_folder_that_path_cannot_hold_is_named_and_not_added() {
    let installer = Installer::new();
    let folder = tempfile::tempdir().unwrap();
    let added = folder.path().join("github-path");
    for (name, is_held) in [("a:b", false), (":", false), ("b:/bin", false), ("a;b", true)] {
        fs::write(&added, "").unwrap();
        let arguments = [installer.script.to_str().unwrap(), "--to", name];
        let mut command = installer.command(Path::new("sh"), &arguments, folder.path());
        let output = command.env("GITHUB_PATH", &added).output().unwrap();
        let said = text(&output.stderr);
        assert!(output.status.success() && folder.path().join(name).join("tool").is_file(), "{said}");
        assert_eq!(said.contains("warning: PATH cannot hold "), !is_held, "{said}");
        assert_eq!(said.contains("add the folder to PATH: "), is_held, "{said}");
        assert_eq!(fs::read_to_string(&added).unwrap().is_empty(), !is_held, "{name}");
    }
}
