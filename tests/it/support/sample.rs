//! Cargo projects made from nothing in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use floe::cli::ProjectArgs;
use floe::project::cargo::{self, Project};
use tempfile::TempDir;

/// floe in a folder, without what a workflow or a developer has set for floe itself.
pub fn floe(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floe"));
    command.current_dir(folder);
    let is_foreign = |name: &str| {
        ["CARGO_BUILD_", "GIT_", "GITHUB_"].iter().any(|prefix| name.starts_with(prefix))
            || ["CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "RUSTFLAGS", "SOURCE_DATE_EPOCH"]
                .contains(&name)
    };
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_foreign(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    github_for_git(&mut command, Path::new("/nothing-is-here"));
    command
}

/// Lets git find the repositories of github.com in a folder, so that no test asks GitHub.
pub fn github_for_git<'c>(command: &'c mut Command, folder: &Path) -> &'c mut Command {
    command
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", format!("url.{}/.insteadOf", folder.display()))
        .env("GIT_CONFIG_VALUE_0", "https://github.com/")
}

/// A folder with a Cargo project; it goes away with the value.
pub struct Sample {
    folder: TempDir,
}

impl Sample {
    /// A package `tool` 1.4.0 with one binary, README, LICENSE and CHANGELOG.
    pub fn tool() -> Self {
        Sample::with_manifest("[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n")
            .file("src/main.rs", "fn main() {}\n")
            .file("README.md", "# tool\n")
            .file("LICENSE-MIT", "Permission is hereby granted.\n")
            .file("CHANGELOG.md", "# Changelog\n")
            .locked()
    }

    /// A folder with this `Cargo.toml` and nothing else.
    pub fn with_manifest(manifest: &str) -> Self {
        Sample { folder: tempfile::tempdir().unwrap() }.file("Cargo.toml", manifest)
    }

    /// With one more file.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// With the Cargo.lock of `tool` 1.4.0 without dependencies, which the SBOM needs.
    pub fn locked(self) -> Self {
        self.file("Cargo.lock", "version = 4\n\n[[package]]\nname = \"tool\"\nversion = \"1.4.0\"\n")
    }

    /// With these lines at the end of `Cargo.toml`.
    pub fn manifest_lines(self, lines: &str) -> Self {
        let manifest = std::fs::read_to_string(self.path().join("Cargo.toml")).unwrap();
        self.file("Cargo.toml", format!("{manifest}\n{lines}\n"))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The arguments that name it.
    pub fn args(&self) -> ProjectArgs {
        ProjectArgs { manifest_path: Some(self.manifest()), package: None }
    }

    /// The result of floe for it.
    pub fn load(&self) -> anyhow::Result<Project> {
        cargo::load(Some(&self.manifest()), None)
    }

    fn manifest(&self) -> PathBuf {
        self.path().join("Cargo.toml")
    }
}
