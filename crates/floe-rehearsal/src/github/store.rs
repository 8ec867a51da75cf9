//! The folder of the embedded GitHub: `state.json`, and a file with the bytes of each asset.
//!
//! Each change replaces `state.json`, so a process that is killed leaves the state before or after a change. A power cut
//! may lose changes.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use floe_core::disk;

use super::SeedRepo;
use super::response::ApiResult;
use super::state::{StoredAsset, StoredState};
use crate::basics::lock;

pub(super) struct StateStore {
    root: PathBuf,
    stored: Mutex<StoredState>,
}

impl StateStore {
    /// Loads the state from the folder and adds the missing parts of `seeds`.
    pub(super) fn open(root: PathBuf, seeds: &[SeedRepo]) -> anyhow::Result<Self> {
        let assets = root.join("assets");
        fs::create_dir_all(&assets)
            .with_context(|| format!("failed to create the folder `{}`", assets.display()))?;
        let mut stored = load(&root)?;
        for seed in seeds {
            stored.seed(seed);
        }
        save(&root, &stored)?;
        Ok(StateStore { root, stored: Mutex::new(stored) })
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&StoredState) -> T) -> T {
        look(&lock(&self.stored))
    }

    /// Changes and saves the state. An error of `change` or the disk changes nothing.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut StoredState) -> ApiResult<T>) -> ApiResult<T> {
        let mut stored = lock(&self.stored);
        let mut next = stored.clone();
        let value = change(&mut next)?;
        save(&self.root, &next)?;
        *stored = next;
        Ok(value)
    }

    /// The file with the bytes of an asset.
    pub(super) fn asset_path(&self, id: u64) -> PathBuf {
        self.root.join("assets").join(id.to_string())
    }

    /// Deletes the bytes of deleted assets. A failure only costs space.
    pub(super) fn delete_bytes(&self, assets: &[StoredAsset]) {
        for asset in assets {
            let _ = fs::remove_file(self.asset_path(asset.id));
        }
    }
}

const FILE: &str = "state.json";

fn load(root: &Path) -> anyhow::Result<StoredState> {
    let path = root.join(FILE);
    let json = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(StoredState::default()),
        read => read.with_context(|| format!("failed to read `{}`", path.display()))?,
    };
    serde_json::from_slice(&json)
        .with_context(|| format!("`{}` is not the state of an embedded GitHub", path.display()))
}

fn save(root: &Path, stored: &StoredState) -> anyhow::Result<()> {
    let (path, new) = (root.join(FILE), root.join("state.json.new"));
    let bytes = serde_json::to_vec(stored).context("failed to write the state as JSON")?;
    fs::write(&new, bytes).with_context(|| format!("failed to write `{}`", new.display()))?;
    disk::rename(&new, &path).with_context(|| format!("failed to replace `{}`", path.display()))
}
