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
use super::answer::Refusal;
use super::state::{Stored, StoredAsset};

/// An asset as it is from now on, in the release it belongs to.
#[derive(Serialize, Deserialize)]
struct Line {
    repo: String,
    release: u64,
    asset: StoredAsset,
}

impl Line {
    fn of(stored: &Stored, id: u64) -> Option<Self> {
        stored.repos.iter().find_map(|(repo, one)| {
            let (release, asset) = one.asset(id)?;
            Some(Line { repo: repo.clone(), release: release.id, asset: asset.clone() })
        })
    }

    fn apply(self, stored: &mut Stored) {
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
pub(super) struct Store {
    root: PathBuf,
    kept: Mutex<Kept>,
}

struct Kept {
    stored: Stored,
    /// Where the lines of this generation go, once there is one.
    lines: Option<File>,
}

impl Store {
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
        Ok(Store { root, kept: Mutex::new(Kept { stored, lines: None }) })
    }

    /// Looks at the state.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Stored) -> T) -> T {
        look(&self.lock().stored)
    }

    /// Changes the state and keeps it, or changes nothing if `change` refuses.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Stored) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut kept = self.lock();
        let mut next = kept.stored.clone();
        let value = change(&mut next)?;
        save(&self.root, &mut next).map_err(|error| Refusal::broken(&error))?;
        *kept = Kept { stored: next, lines: None };
        Ok(value)
    }

    /// Changes one asset, or adds one, and keeps that. `change` says which; if it refuses, it has changed nothing.
    pub(super) fn change_asset<T>(
        &self,
        change: impl FnOnce(&mut Stored) -> Result<(u64, T), Refusal>,
    ) -> Result<T, Refusal> {
        let mut kept = self.lock();
        let (id, value) = change(&mut kept.stored)?;
        let line = Line::of(&kept.stored, id).ok_or_else(Refusal::not_found)?;
        let generation = kept.stored.generation;
        append(&self.root, (generation, &mut kept.lines), &line).map_err(|error| Refusal::broken(&error))?;
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

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file the state is kept in.
const FILE: &str = "state.json";

/// The file with the lines of a generation.
fn lines(root: &Path, generation: u64) -> PathBuf {
    root.join(format!("assets-{generation}.jsonl"))
}

fn load(root: &Path) -> anyhow::Result<Stored> {
    let read = |path: &Path| match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read.with_context(|| format!("failed to read `{}`", path.display())),
    };
    let path = root.join(FILE);
    let json = read(&path)?;
    if json.is_empty() {
        return Ok(Stored::default());
    }
    let mut stored: Stored = serde_json::from_slice(&json)
        .with_context(|| format!("`{}` is not the state of an embedded GitHub", path.display()))?;
    // A line without an end was never answered.
    for line in read(&lines(root, stored.generation))?.split_inclusive(|byte| *byte == b'\n') {
        let whole = serde_json::from_slice::<Line>(line).ok().filter(|_| line.ends_with(b"\n"));
        whole.into_iter().for_each(|line| line.apply(&mut stored));
    }
    Ok(stored)
}

fn save(root: &Path, stored: &mut Stored) -> anyhow::Result<()> {
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

fn append(root: &Path, (generation, file): (u64, &mut Option<File>), line: &Line) -> anyhow::Result<()> {
    let path = lines(root, generation);
    let shown = || format!("failed to write `{}`", path.display());
    let mut json = serde_json::to_vec(line).context("failed to write an asset as JSON")?;
    json.push(b'\n');
    let file = match file {
        Some(file) => file,
        none => none.insert(File::options().append(true).create(true).open(&path).with_context(shown)?),
    };
    file.write_all(&json).with_context(shown)
}
