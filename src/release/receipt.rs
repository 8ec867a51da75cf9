//! The receipt on disk: written after every step, so that it is whole at any moment.
//!
//! A task of its own writes it, so that no step waits for the disk; steps that end while it is being written are
//! written together. It is evidence and never read again.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use tokio::sync::watch;

use crate::files::atomic_file;
use floe_core::receipt::Receipt;

/// A receipt that is kept on disk.
pub struct Kept {
    receipt: Arc<Mutex<Receipt>>,
    /// How many states there have been.
    states: watch::Sender<u64>,
    /// Which of them is on disk, or why none is.
    written: watch::Receiver<Result<u64, String>>,
}

impl Kept {
    /// Begins to write a receipt to `path`.
    pub fn new(path: &Path, receipt: Receipt) -> Self {
        let receipt = Arc::new(Mutex::new(receipt));
        let (states, mut newest) = watch::channel(0);
        let (result, written) = watch::channel(Ok(0));
        let (shared, path) = (receipt.clone(), path.to_owned());
        states.send_replace(1);
        tokio::spawn(async move {
            // It ends with the receipt.
            while newest.changed().await.is_ok() {
                let number = *newest.borrow_and_update();
                let (shared, path) = (shared.clone(), path.clone());
                let write = tokio::task::spawn_blocking(move || {
                    let json = to_json(&lock(&shared))?;
                    write(&path, &json)
                });
                let outcome = write.await.map_err(anyhow::Error::from).flatten();
                let _ = result.send_replace(outcome.map(|()| number).map_err(|error| format!("{error:#}")));
            }
        });
        Kept { receipt, states, written }
    }

    /// Takes something down.
    pub fn change(&self, change: impl FnOnce(&mut Receipt)) {
        change(&mut lock(&self.receipt));
        self.states.send_modify(|states| *states += 1);
    }

    /// Waits until everything that was taken down is on disk.
    ///
    /// # Errors
    /// The file or its folder cannot be written.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let state = *self.states.borrow();
        let mut written = self.written.clone();
        let is_there = |written: &Result<u64, String>| written.as_ref().map_or(true, |there| *there >= state);
        let outcome = written.wait_for(is_there).await.context("the receipt is not written any more")?;
        outcome.clone().map(drop).map_err(anyhow::Error::msg)
    }

    /// The receipt as it is now.
    pub fn get(&self) -> Receipt {
        lock(&self.receipt).clone()
    }
}

fn lock(receipt: &Mutex<Receipt>) -> MutexGuard<'_, Receipt> {
    receipt.lock().unwrap_or_else(PoisonError::into_inner)
}

fn to_json(receipt: &Receipt) -> anyhow::Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(receipt)?;
    json.push(b'\n');
    Ok(json)
}

/// Replaces the file at `path`: written beside it, synced, then renamed over it.
fn write(path: &Path, json: &[u8]) -> anyhow::Result<()> {
    atomic_file::write(path, json)
        .with_context(|| format!("failed to write the receipt `{}`", path.display()))
}
