//! The smoke test: the downloaded programs for this machine are run, each once, after everything was verified.
//!
//! They get an empty folder, no input and almost no environment. Their time and their output are limited.

use std::env::consts::{ARCH, OS};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use crate::environment::variable_os;
use crate::error::{Failure, invalid};
use crate::files::scratch::Scratch;
use crate::package::archive;
use crate::report::Report;
use floe_core::model::{Arch, Manifest, Os, Target};
use floe_core::units::{seconds, size};

/// The most time a program may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The most a program may write to stdout or stderr, in bytes.
const OUTPUT_LIMIT: u64 = 64 * 1024;
/// The variables that programs get. Windows starts none without the folder of the system.
const ENVIRONMENT: [&str; 7] = ["PATH", "LANG", "LC_ALL", "TZ", "TERM", "SystemRoot", "SystemDrive"];
/// The variables that lead to the empty folder.
const FOLDERS: [&str; 6] = ["HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "XDG_RUNTIME_DIR"];

/// Unpacks each archive of a verified download that is for this machine and runs its programs with one argument.
/// `assets` is the folder of the release's files.
pub async fn run_downloaded(
    manifest: &Manifest,
    assets: &Path,
    argument: &str,
    report: &Report,
) -> anyhow::Result<()> {
    let mut mine = Vec::new();
    for artifact in manifest.artifacts.iter().filter(|artifact| is_for_this_machine(artifact.target)) {
        match lacking_loader(artifact.target, Path::new("/")) {
            None => mine.push(artifact),
            Some(loader) => report.warn(format!(
                "the programs of `{}` were not run: this machine does not have `{loader}`",
                artifact.file
            )),
        }
    }
    let nothing = || Failure::new(format!("the release holds nothing that runs here, on {OS} on {ARCH}"));
    let hint = "leave `--run` out, or verify on a machine that the release is for";
    ensure!(!mine.is_empty(), nothing().hint(hint));
    let scratch = Scratch::new("run")?;
    for artifact in mine {
        let (unpacked, folder) =
            (scratch.path().join(artifact.target.triple), scratch.path().join(artifact.target.name));
        archive::extract(&assets.join(&artifact.file), artifact.kind, &unpacked)
            .with_context(|| format!("failed to unpack `{}`", artifact.file))?;
        for binary in &artifact.binaries {
            std::fs::create_dir_all(&folder).context("failed to make the folder of a program")?;
            let mut command = Command::new(unpacked.join(&binary.path));
            command.arg(argument).current_dir(&folder);
            command.env_clear().envs(ENVIRONMENT.iter().filter_map(|name| Some((name, variable_os(name)?))));
            command.envs(FOLDERS.map(|name| (name, &folder)));
            let name = format!("`{}` of `{}`", binary.name, artifact.file);
            let line = run(command, TIME_LIMIT).await?.map_err(|why| {
                invalid(format!("{name} does not run here: it {why}"))
                    .hint(format!("if it does not know `{argument}`, give another argument: `--run=--help`"))
            });
            report.step("Ran", format!("{} for {}: {}", binary.name, artifact.target.name, line?));
        }
    }
    Ok(())
}

/// Runs a program and returns the first line of its output; the inner error says how it failed. The outer one says why it
/// could not be started.
async fn run(mut command: Command, limit: Duration) -> anyhow::Result<Result<String, String>> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().map_err(|error| {
        Failure::new(format!("failed to start `{program}`"))
            .because(error)
            .hint("the program could not be checked: it needs a loader that is not there, or the folder for temporary files does not allow programs")
    })?;
    let result = match tokio::time::timeout(limit, finish(&mut child)).await {
        Err(_) => Err(format!("did not end within {}", seconds(limit))),
        Ok(finished) => finished.with_context(|| format!("failed to read the output of `{program}`"))?,
    };
    if result.is_err() {
        end_group(&mut child).await;
    }
    Ok(result)
}

async fn finish(child: &mut Child) -> std::io::Result<Result<String, String>> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // The first stream that is too long ends the wait for the other one.
    let (stdout, stderr) = match tokio::try_join!(read(stdout), read(stderr)) {
        Ok(both) => both,
        Err(None) => return Ok(Err(format!("wrote more than {}", size(OUTPUT_LIMIT)))),
        Err(Some(error)) => return Err(error),
    };
    let status = child.wait().await?;
    if status.success() {
        return Ok(Ok(String::from_utf8_lossy(&stdout).lines().next().unwrap_or_default().to_owned()));
    }
    let how = status.code().map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    let text = String::from_utf8_lossy(&stderr);
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    Ok(Err(format!("ended with {how}{}", last.map(|line| format!(": {line}")).unwrap_or_default())))
}

/// Reads a stream to its end; `None` if it is too long.
async fn read(stream: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, Option<std::io::Error>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(OUTPUT_LIMIT + 1).read_to_end(&mut bytes).await.map_err(Some)?;
    }
    if bytes.len() as u64 > OUTPUT_LIMIT { Err(None) } else { Ok(bytes) }
}

/// Kills a program and the programs that it has started.
async fn end_group(child: &mut Child) {
    if let Some(id) = child.id() {
        let (id, group) = (id.to_string(), format!("kill -s KILL -- -{id}"));
        let (program, arguments): (_, &[&str]) = match cfg!(windows) {
            // A part of Windows. It finds the programs by their parents, so it comes before those end.
            true => ("taskkill", &["/T", "/F", "/PID", &id]),
            // `kill` of the shell is always there, a program may not be.
            false => ("/bin/sh", &["-c", &group]),
        };
        let mut kill = Command::new(program);
        kill.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // It fails if all of them have ended by themselves.
        let _ = kill.status().await;
    }
    let _ = child.kill().await;
}

fn is_for_this_machine(target: Target) -> bool {
    let os = match target.os {
        Os::Linux => "linux",
        Os::Macos => "macos",
        Os::Windows => "windows",
    };
    // Every 64-bit Windows for x86-64 runs 32-bit programs; a Linux needs a loader and libraries for them.
    let is_compatible = (target.os, target.arch, ARCH) == (Os::Windows, Arch::X86, "x86_64");
    os == OS && (target.arch.to_string() == ARCH || is_compatible)
}

/// The standard loader of a target, if it is not below `root`: a Linux with musl alone has none for glibc.
fn lacking_loader(target: Target, root: &Path) -> Option<String> {
    let loader = target.contract.interpreter.as_deref()?;
    (!root.join(loader.trim_start_matches('/')).exists()).then(|| loader.to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::time::Instant;

    use super::*;

    fn shell(folder: &Path, script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(folder);
        command
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_killed_with_the_programs_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let command = shell(folder.path(), "while :; do :; done & echo $! > id; wait");
        let why = run(command, Duration::from_secs(2)).await.unwrap().unwrap_err();
        assert_eq!(why, format!("did not end within {}", seconds(Duration::from_secs(2))));
        let id = fs::read_to_string(folder.path().join("id")).unwrap();
        let stat = format!("/proc/{}/stat", id.trim());
        let is_running = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
        let begin = Instant::now();
        while is_running() {
            assert!(begin.elapsed() < Duration::from_secs(20), "process {id} still runs");
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn a_program_for_glibc_is_not_run_where_there_is_none() {
        let root = tempfile::tempdir().unwrap();
        let lacking = |name: &str| lacking_loader(name.parse().unwrap(), root.path());
        assert_eq!(lacking("x86_64-gnu").as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
        for name in ["x86_64-musl", "x86_64-macos", "x86_64-windows"] {
            assert_eq!(lacking(name), None, "{name}");
        }
        fs::create_dir(root.path().join("lib64")).unwrap();
        fs::write(root.path().join("lib64/ld-linux-x86-64.so.2"), "").unwrap();
        assert_eq!(lacking("x86_64-gnu"), None);
    }

    #[tokio::test]
    async fn output_up_to_the_limit_is_read_and_more_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |count: u64| shell(folder.path(), &format!("printf '%0{count}d' 0"));
        let line = run(write(OUTPUT_LIMIT), TIME_LIMIT).await.unwrap().unwrap();
        assert_eq!(line.len() as u64, OUTPUT_LIMIT);
        let why = run(write(OUTPUT_LIMIT + 1), TIME_LIMIT).await.unwrap().unwrap_err();
        assert_eq!(why, "wrote more than 64.0 KiB");
    }
}

#[cfg(all(test, windows))]
mod tests {
    use std::fs;

    use floe_core::disk;

    use super::*;

    #[tokio::test]
    async fn a_program_that_does_not_end_is_killed_with_the_programs_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("place");
        fs::create_dir(&place).unwrap();
        let mut command = Command::new("cmd");
        command.args(["/C", "ping -n 100 127.0.0.1"]).current_dir(&place);
        let why = run(command, Duration::from_secs(2)).await.unwrap().unwrap_err();
        assert_eq!(why, format!("did not end within {}", seconds(Duration::from_secs(2))));
        // Windows refuses to remove the current folder of a running program.
        disk::retry(|| fs::remove_dir(&place)).unwrap();
    }
}
