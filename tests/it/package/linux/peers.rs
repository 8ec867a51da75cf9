//! The packages as dpkg, lintian, rpm and rpmlint see them.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{ABOUT, TABLES, project};
use crate::support::peers::{self, peer};
use crate::support::sample::floe;

/// A dist of a static program that runs on this machine.
fn dist() -> Option<(tempfile::TempDir, String)> {
    let lines = format!("{ABOUT}{TABLES}[profile.release]\nstrip = true\n");
    let sample = project("1.4.0-rc.1", &lines);
    let triple = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let built = sample.path().join("native").join(&triple);
    fs::create_dir_all(&built).unwrap();
    let mut rustc = peers::static_rustc();
    rustc.args(["-O", "-C", "strip=symbols", "src/main.rs", "-o"]).arg(built.join("tool"));
    assert!(rustc.current_dir(sample.path()).status().unwrap().success());
    let packages = floe(sample.path()).args(["package", "native", "--epoch", "1709210096"]).output().unwrap();
    assert!(packages.status.success(), "{}", String::from_utf8_lossy(&packages.stderr));
    let folder = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(sample.path().join("dist")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        names.push(entry.file_name().into_string().unwrap());
    }
    let name = names.into_iter().find(|name| name.ends_with(".deb"))?;
    Some((folder, name))
}

fn run(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    let output = peers::command(program, folder).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{program:?} {arguments:?}: {said}");
    said
}

fn runs(program: &Path) {
    assert_eq!(Command::new(program).env_clear().output().unwrap().stdout, b"it runs\n");
}

#[test]
fn dpkg_reads_installs_and_lintian_accepts_a_package() {
    let (Some(dpkg), Some(deb), Some(lintian)) = (peer("dpkg"), peer("dpkg-deb"), peer("lintian")) else {
        return;
    };
    let (folder, name) = dist().unwrap();
    let folder = folder.path();
    let info = run(&deb, folder, &["--info", &name]);
    assert!(info.contains("Version: 1.4.0~rc.1\n"), "{info}");
    let contents = run(&deb, folder, &["--contents", &name]);
    assert!(contents.contains("-rwxr-xr-x 0/0") && contents.contains(" usr/bin/tool\n"), "{contents}");
    let is_below = ["--compare-versions", "1.4.0~rc.1", "lt", "1.4.0"];
    run(&dpkg, folder, &is_below);

    let said =
        run(&lintian, folder, &["--allow-root", "--fail-on", "error", "--tag-display-limit", "0", &name]);
    assert!(!said.contains("E: "), "{said}");

    fs::create_dir_all(folder.join("root/var/lib/dpkg/updates")).unwrap();
    fs::create_dir_all(folder.join("root/var/lib/dpkg/info")).unwrap();
    fs::write(folder.join("root/var/lib/dpkg/status"), "").unwrap();
    let root = format!("--root={}", folder.join("root").display());
    run(&dpkg, folder, &[&root, "--force-not-root", "--install", &name]);
    runs(&folder.join("root/usr/bin/tool"));
    assert!(folder.join("root/usr/share/man/man1/tool.1.gz").is_file());
    let listed = run(&dpkg, folder, &[&root, "--listfiles", "tool"]);
    assert!(listed.contains("/usr/share/man/de/man1/tool.1.gz\n"), "{listed}");
    run(&dpkg, folder, &[&root, "--force-not-root", "--remove", "tool"]);
    assert!(!folder.join("root/usr").exists());
}

#[test]
fn rpm_reads_installs_and_rpmlint_accepts_a_package() {
    let (Some(rpm), Some(rpmlint)) = (peer("rpm"), peer("rpmlint")) else { return };
    let (folder, _) = dist().unwrap();
    let folder = folder.path();
    let arch = std::env::consts::ARCH;
    let name = format!("tool-1.4.0-rc.1-1.{arch}.rpm");
    let info = run(&rpm, folder, &["-qpi", "--nosignature", &name]);
    for line in [
        "Version     : 1.4.0~rc.1\n",
        "License     : MIT OR Apache-2.0\n",
        "Packager    : Acme <acme@example.org>\n",
    ] {
        assert!(info.contains(line), "{info}");
    }
    let listed = run(&rpm, folder, &["-qpl", "--nosignature", &name]);
    assert!(
        listed.contains("/usr/bin/tool\n") && listed.contains("/usr/share/licenses/tool/LICENSE-MIT\n"),
        "{listed}"
    );
    let requires = run(&rpm, folder, &["-qpR", "--nosignature", &name]);
    assert!(requires.lines().all(|line| line.starts_with("rpmlib(")), "{requires}");
    let digests = run(&rpm, folder, &["-Kv", "--nosignature", &name]);
    assert!(
        digests.contains("Header SHA256 digest: OK\n") && digests.contains("Payload SHA256 digest: OK\n"),
        "{digests}"
    );

    let called = folder.join(format!("tool-1.4.0~rc.1-1.{arch}.rpm"));
    fs::rename(folder.join(&name), &called).unwrap();
    let called = called.to_str().unwrap();
    // Both are meant.
    let filters = "addFilter('statically-linked-binary')\naddFilter('no-signature')\n";
    fs::write(folder.join("filters"), filters).unwrap();
    let said = run(&rpmlint, folder, &["--rpmlintrc", "filters", called]);
    assert!(said.contains("0 errors"), "{said}");

    let root = folder.join("root");
    run(&rpm, folder, &["--root", root.to_str().unwrap(), "--nodeps", "-i", called]);
    runs(&root.join("usr/bin/tool"));
    run(&rpm, folder, &["--root", root.to_str().unwrap(), "--nodeps", "-V", "tool"]);
    // One changed byte of a program is seen.
    let mut bytes = fs::read(called).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(called, bytes).unwrap();
    assert!(
        !peers::command(&rpm, folder)
            .args(["-K", "--nosignature", called])
            .output()
            .unwrap()
            .status
            .success()
    );
}
