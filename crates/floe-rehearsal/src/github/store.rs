//! The folder of the embedded GitHub: `state.json`, a journal of changed assets beside it, and a file with the bytes of
//! each asset.
//!
//! A change replaces `state.json`, except for a change of one asset, which appends a line to the journal: a thousand
//! uploads would otherwise write the state two thousand times. A process that is killed leaves the state before or after
//! a change. A power cut may lose changes.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use floe_core::model::Repo;
use serde::{Deserialize, Serialize};

use super::SeedRepo;
use super::response::ApiError;
use super::state::{StoredAsset, StoredState, key};
use crate::lock::lock;

/// A line of the journal: the new state of an asset in a release.
#[derive(Serialize, Deserialize)]
pub(super) struct AssetLine {
    repo: String,
    release: u64,
    asset: StoredAsset,
}

impl AssetLine {
    pub(super) fn new(repo: &Repo, release: u64, asset: StoredAsset) -> Self {
        AssetLine { repo: key(repo.owner(), repo.name()), release, asset }
    }

    fn apply(self, stored: &mut StoredState) {
        stored.last_id = stored.last_id.max(self.asset.id);
        let repo = stored.repos.get_mut(&self.repo);
        let Some(release) = repo.and_then(|repo| repo.release_mut(self.release)) else { return };
        match release.assets.iter_mut().find(|asset| asset.id == self.asset.id) {
            Some(asset) => *asset = self.asset,
            None => release.assets.push(self.asset),
        }
    }
}

pub(super) struct StateStore {
    root: PathBuf,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    stored: StoredState,
    /// The journal of this generation, once it has a line.
    journal: Option<File>,
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
        save(&root, &mut stored)?;
        Ok(StateStore { root, loaded: Mutex::new(Loaded { stored, journal: None }) })
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&StoredState) -> T) -> T {
        look(&lock(&self.loaded).stored)
    }

    /// Changes and saves the state. An error of `change` or the disk changes nothing.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut StoredState) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut loaded = lock(&self.loaded);
        let mut next = loaded.stored.clone();
        let value = change(&mut next)?;
        save(&self.root, &mut next).map_err(|error| ApiError::internal(&error))?;
        *loaded = Loaded { stored: next, journal: None };
        Ok(value)
    }

    /// Adds or changes one asset and saves that. `decide` returns the line for the journal and must change nothing but
    /// the last id.
    pub(super) fn change_asset<T>(
        &self,
        decide: impl FnOnce(&mut StoredState) -> Result<(AssetLine, T), ApiError>,
    ) -> Result<T, ApiError> {
        let mut loaded = lock(&self.loaded);
        let (line, value) = decide(&mut loaded.stored)?;
        let generation = loaded.stored.generation;
        append(&self.root, (generation, &mut loaded.journal), &line)
            .map_err(|error| ApiError::internal(&error))?;
        line.apply(&mut loaded.stored);
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

/// The journal of a generation.
fn journal(root: &Path, generation: u64) -> PathBuf {
    root.join(format!("assets-{generation}.jsonl"))
}

fn load(root: &Path) -> anyhow::Result<StoredState> {
    let read = |path: &Path| match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some).with_context(|| format!("failed to read `{}`", path.display())),
    };
    let no_state = |path: &Path| format!("`{}` is not the state of an embedded GitHub", path.display());
    let path = root.join(FILE);
    let Some(json) = read(&path)? else { return Ok(StoredState::default()) };
    let mut stored: StoredState = serde_json::from_slice(&json).with_context(|| no_state(&path))?;
    let path = journal(root, stored.generation);
    let lines = read(&path)?.unwrap_or_default();
    // A last line without its end was never acknowledged to a client.
    for line in lines.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        let line: AssetLine = serde_json::from_slice(line).with_context(|| no_state(&path))?;
        line.apply(&mut stored);
    }
    Ok(stored)
}

fn save(root: &Path, stored: &mut StoredState) -> anyhow::Result<()> {
    let (path, new) = (root.join(FILE), root.join("state.json.new"));
    let old_journal = journal(root, stored.generation);
    stored.generation += 1;
    let bytes = serde_json::to_vec_pretty(stored).context("failed to write the state as JSON")?;
    fs::write(&new, bytes).with_context(|| format!("failed to write `{}`", new.display()))?;
    fs::rename(&new, &path).with_context(|| format!("failed to replace `{}`", path.display()))?;
    // Its lines are in the state now. A failure only costs space.
    let _ = fs::remove_file(old_journal);
    Ok(())
}

fn append(root: &Path, (generation, file): (u64, &mut Option<File>), line: &AssetLine) -> anyhow::Result<()> {
    let path = journal(root, generation);
    let shown = || format!("failed to write `{}`", path.display());
    let mut json = serde_json::to_vec(line).context("failed to write an asset as JSON")?;
    json.push(b'\n');
    let file = match file {
        Some(file) => file,
        none => none.insert(File::options().append(true).create(true).open(&path).with_context(shown)?),
    };
    let before = file.metadata().with_context(shown)?.len();
    file.write_all(&json).with_context(shown).or_else(|error| {
        // The next line must not follow half a line.
        file.set_len(before).with_context(shown)?;
        Err(error)
    })
}
