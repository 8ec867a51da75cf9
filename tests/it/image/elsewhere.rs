//! Images in other people's hands: skopeo copies them, tar unpacks them, Linux runs what is in them.
//!
//! A test does nothing where its program is not installed.

use std::fs;
use std::process::Command;

use floe_core::model::Digest;
use serde_json::Value;

use super::{Work, docker_archive};
#[cfg(unix)]
use crate::support::peers;
use crate::support::peers::peer;

#[test]
fn skopeo_reads_and_copies_the_layout() {
    let Some(skopeo) = peer("skopeo") else { return };
    let work = Work::new();
    work.write("docker", &docker_archive("/bin/tool", ""));
    for inputs in [["amd64", "arm64"], ["docker", "arm64"]] {
        let image = work.build(&inputs).unwrap();
        let source = format!("oci:{}:1.4.0", work.path("image").display());
        let run = |args: &[&str]| {
            let output = Command::new(&skopeo)
                .args(["--insecure-policy", "--tmpdir"])
                .arg(work.folder.path())
                .args(args)
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        let raw = run(&["inspect", "--raw", &source]);
        assert_eq!(Digest::of(&raw), image.index.digest);
        for arch in ["amd64", "arm64"] {
            let output = run(&["--override-os", "linux", "--override-arch", arch, "inspect", &source]);
            let output: Value = serde_json::from_slice(&output).unwrap();
            assert_eq!(output["Architecture"], arch);
            assert_eq!(output["Labels"]["org.opencontainers.image.version"], "1.4.0");
        }
        let copy = work.path("copy");
        run(&["copy", "--all", "--preserve-digests", &source, &format!("dir:{}", copy.display())]);
        for blob in image.blobs() {
            assert_eq!(Digest::of(&fs::read(copy.join(blob.digest.hex())).unwrap()), blob.digest);
        }
        fs::remove_dir_all(copy).unwrap();
    }
}

/// A program of the compiler is packed, unpacked by another program, and run.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn a_real_static_binary_runs_from_its_layer() {
    let Some(tar) = peer("tar") else { return };
    let work = Work::new();
    let source = work.write("hello.rs", br#"fn main() { println!("hello from the image"); }"#);
    let compile = |mut rustc: Command, output: &std::path::Path| {
        let status = rustc.args(["--edition", "2024", "-o"]).arg(output).arg(&source).status().unwrap();
        assert!(status.success());
    };
    compile(peers::static_rustc(), &work.path("hello"));
    let image = work.build(&["hello"]).unwrap();
    assert_eq!(floe::image::check(&work.path("image")).unwrap(), image);
    let root = work.path("root");
    fs::create_dir(&root).unwrap();
    let layer = image.blob_path(&image.platforms[0].layers[0].digest);
    let status = Command::new(tar).arg("-xzf").arg(layer).arg("-C").arg(&root).status().unwrap();
    assert!(status.success());
    let output = Command::new(root.join("bin/tool")).env_clear().output().unwrap();
    assert_eq!(output.stdout, b"hello from the image\n");

    if cfg!(target_env = "gnu") {
        compile(peers::rustc(), &work.path("dynamic"));
        let error = work.build(&["dynamic"]).unwrap_err();
        assert!(error.to_string().contains("is dynamically linked"), "{error}");
    }
}
