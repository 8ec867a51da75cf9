//! How the embedded GitHub keeps its state: one JSON file, a line a changed asset beside it, and a file with each asset's bytes.
//!
//! The JSON is replaced as a whole by every change but those of a single asset, which become lines: a thousand uploads
//! would write it two thousand times. So a process killed at any moment leaves the state before or after a change, never
//! between. It is not made to survive a power cut.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::SeedRepo;
use super::response::ApiError;
use super::state::{StoredAsset, StoredState, key};
use floe_core::model::Repo;

/// An asset as it is from now on, in the release it belongs to.
#[derive(Serialize, Deserialize)]
pub(super) struct AssetLine {
    repo: String,
    release: u64,
    asset: StoredAsset,
}

impl AssetLine {
    /// An asset of a release in a repository, as it is to be.
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

/// The state and the folder it is kept in.
pub(super) struct StateStore {
    root: PathBuf,
    kept: Mutex<Loaded>,
}

struct Loaded {
    stored: StoredState,
    /// Where the lines of this generation go, once there is one.
    lines: Option<File>,
}

impl StateStore {
    /// Reads what the folder holds and adds what is seeded and missing.
    pub(super) fn open(root: PathBuf, seeds: &[SeedRepo]) -> anyhow::Result<Self> {
        let assets = root.join("assets");
        fs::create_dir_all(&assets)
            .with_context(|| format!("failed to make the folder `{}`", assets.display()))?;
        let mut stored = load(&root)?;
        for seed in seeds {
            stored.seed(seed);
        }
        save(&root, &mut stored)?;
        Ok(StateStore { root, kept: Mutex::new(Loaded { stored, lines: None }) })
    }

    /// Looks at the state.
    pub(super) fn read<T>(&self, look: impl FnOnce(&StoredState) -> T) -> T {
        look(&self.lock().stored)
    }

    /// Changes the state and keeps it, or changes nothing if `change` refuses.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut StoredState) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut kept = self.lock();
        let mut next = kept.stored.clone();
        let value = change(&mut next)?;
        save(&self.root, &mut next).map_err(|error| ApiError::broken(&error))?;
        *kept = Loaded { stored: next, lines: None };
        Ok(value)
    }

    /// Changes one asset, or adds one, and keeps that, or changes nothing: `decide` says what it is to be and changes no
    /// more than the last id.
    pub(super) fn change_asset<T>(
        &self,
        decide: impl FnOnce(&mut StoredState) -> Result<(AssetLine, T), ApiError>,
    ) -> Result<T, ApiError> {
        let mut kept = self.lock();
        let (line, value) = decide(&mut kept.stored)?;
        let generation = kept.stored.generation;
        append(&self.root, (generation, &mut kept.lines), &line).map_err(|error| ApiError::broken(&error))?;
        line.apply(&mut kept.stored);
        Ok(value)
    }

    /// Where the bytes of an asset are.
    pub(super) fn asset_path(&self, id: u64) -> PathBuf {
        self.root.join("assets").join(id.to_string())
    }

    /// Removes the bytes of assets that are no longer listed. That they stay would cost space, nothing else.
    pub(super) fn forget(&self, assets: &[StoredAsset]) {
        for asset in assets {
            let _ = fs::remove_file(self.asset_path(asset.id));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Loaded> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file the state is kept in.
const FILE: &str = "state.json";

/// The file with the lines of a generation.
fn lines(root: &Path, generation: u64) -> PathBuf {
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
    let path = lines(root, stored.generation);
    let lines = read(&path)?.unwrap_or_default();
    // What stands behind the last line's end was never answered.
    for line in lines.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        let line: AssetLine = serde_json::from_slice(line).with_context(|| no_state(&path))?;
        line.apply(&mut stored);
    }
    Ok(stored)
}

fn save(root: &Path, stored: &mut StoredState) -> anyhow::Result<()> {
    let (path, beside) = (root.join(FILE), root.join("state.json.new"));
    let spent = lines(root, stored.generation);
    stored.generation += 1;
    let bytes = serde_json::to_vec_pretty(stored).context("failed to write the state as JSON")?;
    fs::write(&beside, bytes).with_context(|| format!("failed to write `{}`", beside.display()))?;
    fs::rename(&beside, &path).with_context(|| format!("failed to replace `{}`", path.display()))?;
    // They are in the state now. That they stay would cost space, nothing else.
    let _ = fs::remove_file(spent);
    Ok(())
}

fn append(root: &Path, (generation, file): (u64, &mut Option<File>), line: &AssetLine) -> anyhow::Result<()> {
    let path = lines(root, generation);
    let shown = || format!("failed to write `{}`", path.display());
    let mut json = serde_json::to_vec(line).context("failed to write an asset as JSON")?;
    json.push(b'\n');
    let file = match file {
        Some(file) => file,
        none => none.insert(File::options().append(true).create(true).open(&path).with_context(shown)?),
    };
    let before = file.metadata().with_context(shown)?.len();
    file.write_all(&json).with_context(shown).or_else(|error| {
        // Nothing may be written behind half a line.
        file.set_len(before).with_context(shown)?;
        Err(error)
    })
}
