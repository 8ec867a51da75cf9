//! A native leg's build on this machine: programs and documents of a project that is anywhere in its repository, whatever its
//! `.cargo/config.toml` says.

use std::fs;
use std::process::Command;

use super::stage::{make_repository, write};
use super::{is_whole, jobs, steps, text, yaml};
use crate::support::peers::peer;

const SCRIPT: &str = r#"fn main() {
    let page = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap()).join("man/tool.1");
    std::fs::create_dir_all(page.parent().unwrap()).unwrap();
    std::fs::write(page, "page").unwrap();
}"#;

#[test]
fn a_leg_is_built_in_the_folder_of_the_workspace() {
    if !is_whole() || !cfg!(unix) || ["bash", "cargo", "git"].into_iter().any(|name| peer(name).is_none()) {
        return;
    }
    let workflow = yaml::read(&text(".github/workflows/release.yml"));
    let (_, job) = jobs(&workflow).find(|(name, _)| *name == "native").unwrap();
    let step = steps(job).find(|step| step["name"] == "Build").unwrap();
    let host = Command::new("rustc").arg("-vV").output().unwrap().stdout;
    let host = String::from_utf8(host).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    for (root, config) in [
        (".", ""),
        ("rust/my tool", ""),
        ("rust", "[build]\ntarget-dir = \"elsewhere\"\nbuild-dir = \"far\"\n"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("work");
        make_repository(&path, root);
        write(&path.join(root).join("build.rs"), SCRIPT);
        write(&path.join(root).join(".cargo/config.toml"), config);
        let documents = format!("name=tool\nfolder=.\nbuilt=()\n{}", text("nix/documents.sh"));
        let fixed = step["env"].as_object().unwrap().iter().filter_map(|(name, value)| {
            Some((name, value.as_str()?)).filter(|(_, value)| !value.contains("${{"))
        });
        let output = Command::new(peer("bash").unwrap())
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"].as_str().unwrap()])
            .current_dir(&path)
            .envs(fixed)
            .envs([("ROOT", root), ("PACKAGE", "."), ("TARGET", host), ("DOCUMENTS", &documents)])
            .envs([("ARGUMENTS", "--bin tool"), ("CONFIG", ""), ("RUNNER_ENVIRONMENT", "github-hosted")])
            .env("CARGO_HOME", folder.path().join("crates"))
            .env("CARGO_NET_OFFLINE", "true")
            .output()
            .unwrap();
        assert!(output.status.success(), "{root}: {}", String::from_utf8_lossy(&output.stderr));
        let leg = path.join("leg");
        assert!(leg.join("native").join(host).join("tool").is_file(), "{root}");
        let page = fs::read_to_string(leg.join("native").join(host).join("man/tool.1"));
        assert_eq!(page.unwrap(), "page", "{root} {config}");
        assert_eq!(fs::read_to_string(leg.join("runner")).unwrap(), "github-hosted\n");
    }
}
