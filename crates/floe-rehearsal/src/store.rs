//! The folder of a server: `state.json`, and files with the bytes that it names.
//!
//! Each change replaces `state.json`, so a process that is killed leaves the state before or after a change. A power cut
//! may lose changes.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context as _, bail};
use floe_core::disk;
use floe_core::parallel::lock;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) struct Store<T> {
    root: PathBuf,
    state: Mutex<T>,
}

impl<T: Clone + Default + Serialize + DeserializeOwned> Store<T> {
    /// Loads the state from a folder, which is created with these folders in it.
    pub(crate) fn open(root: &Path, folders: &[&str]) -> anyhow::Result<Self> {
        let file = root.join("state.json");
        if !file.exists() && holds_files(root) {
            bail!("`{}` is not the folder of an embedded server: it has no `state.json`", root.display());
        }
        for folder in folders.iter().map(|folder| root.join(folder)) {
            fs::create_dir_all(&folder)
                .with_context(|| format!("failed to create the folder `{}`", folder.display()))?;
        }
        let state = match fs::read(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => T::default(),
            read => {
                serde_json::from_slice(&read.with_context(|| format!("failed to read `{}`", file.display()))?)
                    .with_context(|| format!("`{}` is not the state of an embedded server", file.display()))?
            }
        };
        let store = Store { root: root.to_owned(), state: Mutex::new(state) };
        store.save(&lock(&store.state))?;
        Ok(store)
    }

    pub(crate) fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&lock(&self.state))
    }

    /// Changes and saves the state. An error of `change` or the disk changes nothing.
    pub(crate) fn change<R, E: From<anyhow::Error>>(
        &self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut state = lock(&self.state);
        let mut next = state.clone();
        let value = change(&mut next)?;
        self.save(&next)?;
        *state = next;
        Ok(value)
    }

    /// Makes a change that cannot be refused.
    pub(crate) fn edit<R>(&self, edit: impl FnOnce(&mut T) -> R) -> anyhow::Result<R> {
        self.change(|state| Ok(edit(state)))
    }

    /// The path of a file of the folder.
    pub(crate) fn path(&self, folder: &str, name: &str) -> PathBuf {
        self.root.join(folder).join(name)
    }

    fn save(&self, state: &T) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec(state).context("failed to write the state as JSON")?;
        replace(&self.root.join("state.json"), &bytes)
    }
}

/// Whether a folder has anything but empty folders.
fn holds_files(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| !path.is_dir() || holds_files(&path))
}

/// Writes a file so that it is complete or absent.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, bytes).with_context(|| format!("failed to write `{}`", new.display()))?;
    disk::rename(&new, path).with_context(|| format!("failed to replace `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| Store::<Vec<u8>>::open(&folder.path().join(name), &["blobs"]);
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        open("new").unwrap().edit(|state| state.push(7)).unwrap();
        assert_eq!(open("new").unwrap().read(Clone::clone), [7]);
        fs::create_dir_all(folder.path().join("begun/blobs")).unwrap();
        assert!(open("begun").is_ok());
        for (path, expected) in [
            (
                "old/repositories/acme/tool/tags",
                "` is not the folder of an embedded server: it has no `state.json`",
            ),
            ("file/notes.txt", "` is not the folder of an embedded server: it has no `state.json`"),
            ("broken/state.json", "state.json` is not the state of an embedded server"),
        ] {
            write(path, "text");
            let error = open(path.split('/').next().unwrap()).err().unwrap().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
