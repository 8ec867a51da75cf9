//! A published release that can be changed on the servers.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use expect_test::Expect;
use flate2::Compression;
use flate2::write::GzEncoder;
use floe_core::model::{Digest, Manifest, Repo};
use floe_rehearsal::github::StoredAsset;
use serde_json::Value;

use crate::support::scenario::Scenario;
use crate::support::words::{error_of, problems};

/// An archive that every release here has.
pub const ARCHIVE: &str = "tool-x86_64-unknown-linux-musl.tar.gz";

/// A release that was published well, on servers whose state can be changed.
pub struct Published {
    pub scenario: Scenario,
}

impl Published {
    pub fn new() -> Self {
        let scenario = Scenario::new("1.4.0");
        scenario.run(["publish"]).exit(0);
        Published { scenario: scenario.token(None) }
    }

    pub fn repo(&self) -> Repo {
        self.scenario.repo()
    }

    pub fn asset(&self, name: &str) -> StoredAsset {
        let [release] = &self.scenario.github.releases(&self.repo())[..] else { panic!("one release") };
        release.assets.iter().find(|asset| asset.name == name).unwrap().clone()
    }

    pub fn asset_file(&self, name: &str) -> PathBuf {
        self.scenario.github.asset_file(self.asset(name).id)
    }

    /// Puts other bytes in an asset's place, as an account with the right to push does: GitHub's digest is theirs.
    pub fn replace(&self, name: &str, bytes: &[u8]) {
        let [release] = &self.scenario.github.releases(&self.repo())[..] else { panic!("one release") };
        self.scenario.github.remove_asset(&self.repo(), self.asset(name).id).unwrap();
        self.scenario.github.add_asset(&self.repo(), release.id, name, bytes).unwrap();
    }

    pub fn manifest(&self) -> Value {
        serde_json::from_slice(&fs::read(self.asset_file("tool-manifest.json")).unwrap()).unwrap()
    }

    /// The id of the release.
    pub fn id(&self) -> u64 {
        self.scenario.github.releases(&self.repo())[0].id
    }

    /// Adds an asset, as a later workflow does.
    pub fn add(&self, name: &str, bytes: &[u8]) {
        self.scenario.github.add_asset(&self.repo(), self.id(), name, bytes).unwrap();
    }

    /// Changes the release manifest and makes `SHA256SUMS` fit it, as an attacker would.
    pub fn forge_manifest(&self, change: impl FnOnce(&mut Value)) {
        let mut manifest = self.manifest();
        change(&mut manifest);
        let mut made = self.render(&mut manifest);
        made.push(("tool-manifest.json".to_owned(), Digest::of(manifest.to_string().as_bytes())));
        let text = manifest.to_string();
        let sums = fs::read_to_string(self.asset_file("SHA256SUMS")).unwrap();
        let is_made = |line: &&str| made.iter().any(|(name, _)| line.ends_with(&format!("  {name}")));
        let others = sums.lines().filter(|line| !is_made(line)).map(|line| format!("{line}\n"));
        let own = made.iter().map(|(name, digest)| format!("{}  {name}\n", digest.hex()));
        let sums: String = others.chain(own).collect();
        self.replace("tool-manifest.json", text.as_bytes());
        self.replace("SHA256SUMS", sums.as_bytes());
    }

    /// Renders the installers of a manifest again, if floe can read it. Returns their names and digests.
    fn render(&self, manifest: &mut Value) -> Vec<(String, Digest)> {
        let Ok(parsed) = serde_json::from_value::<Manifest>(manifest.clone()) else { return Vec::new() };
        let mut made = Vec::new();
        for file in floe::channels::render(&parsed, &floe::channels::settings(&parsed)).unwrap_or_default() {
            let digest = Digest::of(&file.bytes);
            let is_it = |one: &&mut Value, key: &str| one[key] == file.entry.path;
            if let Some(entry) =
                manifest["channels"].as_array_mut().unwrap().iter_mut().find(|one| is_it(one, "path"))
            {
                entry["digest"] = digest.to_string().into();
            }
            let Some(entry) =
                manifest["files"].as_array_mut().unwrap().iter_mut().find(|one| is_it(one, "file"))
            else {
                continue;
            };
            entry["digest"] = digest.to_string().into();
            entry["size"] = file.bytes.len().into();
            self.replace(&file.entry.path, &file.bytes);
            made.push((file.entry.path, digest));
        }
        made
    }

    /// Puts another program into an archive for Linux, and makes manifest and `SHA256SUMS` fit it.
    pub fn forge_program(&self, archive: &str, program: &[u8]) {
        self.forge_archive(archive, &[("tool", program)]);
    }

    /// The same with further files; the first is the program. An archive for Windows is a zip.
    pub fn forge_archive(&self, archive: &str, files: &[(&str, &[u8])]) {
        let program = files[0].1;
        let bytes = match archive.strip_suffix(".tar.gz") {
            Some(folder) => tar_gz(folder, files),
            None => zip(archive.strip_suffix(".zip").unwrap(), files),
        };
        let (digest, sum) = (Digest::of(&bytes), Digest::of(program));
        self.replace(archive, &bytes);
        let sums = fs::read_to_string(self.asset_file("SHA256SUMS")).unwrap();
        let line = |line: &str| match line.ends_with(archive) {
            true => format!("{}  {archive}\n", digest.hex()),
            false => format!("{line}\n"),
        };
        self.replace("SHA256SUMS", sums.lines().map(line).collect::<String>().as_bytes());
        self.forge_manifest(|manifest| {
            let artifacts = manifest["artifacts"].as_array_mut().unwrap();
            let artifact = artifacts.iter_mut().find(|artifact| artifact["file"] == archive).unwrap();
            artifact["size"] = bytes.len().into();
            artifact["digest"] = digest.to_string().into();
            artifact["binaries"][0]["size"] = program.len().into();
            artifact["binaries"][0]["digest"] = sum.to_string().into();
        });
    }

    pub fn registry(&self, path: impl AsRef<Path>) -> PathBuf {
        self.scenario.path().join("registry").join(path)
    }

    /// The file with the bytes of a blob or manifest in the registry.
    pub fn blob(&self, digest: &Value) -> PathBuf {
        self.registry("blobs/sha256").join(digest.as_str().unwrap().trim_start_matches("sha256:"))
    }

    /// A document in the registry.
    pub fn document(&self, digest: &Value) -> Value {
        serde_json::from_slice(&fs::read(self.blob(digest)).unwrap()).unwrap()
    }

    /// It is wrong, for these reasons.
    #[track_caller]
    pub fn problems(&self, expected: Expect) {
        let outcome = self.scenario.run(["verify", "--release", "v1.4.0"]).exit(3).no_writes();
        let outcome = outcome.says("error: release `v1.4.0` of `acme/tool` is wrong\n");
        let outcome =
            outcome.says("\nhint: do not run the downloaded files; report this to the maintainers\n");
        assert_eq!(outcome.stdout, "");
        expected.assert_eq(&problems(&outcome.stderr));
    }

    /// It could not be checked.
    #[track_caller]
    pub fn fails(&self, expected: Expect) {
        let outcome = self.scenario.run(["verify", "--release", "v1.4.0"]).exit(1).no_writes();
        expected.assert_eq(&error_of(&outcome.stderr));
    }
}

pub fn tar_gz(folder: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (index, (path, bytes)) in files.iter().enumerate() {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(if index == 0 { 0o755 } else { 0o644 });
        header.set_mtime(1);
        tar.append_data(&mut header, format!("{folder}/{path}"), *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn zip(folder: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
        writer.start_file(format!("{folder}/{path}"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
