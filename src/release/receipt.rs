//! The receipt on disk, replaced as a whole after every step. It is evidence and never an input.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::files::atomic_file;
use floe_core::receipt::Receipt;

/// Writes a receipt to disk, one state after the other.
pub struct ReceiptWriter {
    path: PathBuf,
    /// Locked while it is written, so that no older state replaces a newer one.
    receipt: Mutex<Receipt>,
}

impl ReceiptWriter {
    /// Writes the first state.
    pub async fn begin(path: &Path, receipt: Receipt) -> anyhow::Result<Self> {
        write(path, &receipt).await?;
        Ok(ReceiptWriter { path: path.to_owned(), receipt: Mutex::new(receipt) })
    }

    /// Changes the receipt and writes it. No step fails because of its receipt: [`ReceiptWriter::flush`] does.
    pub async fn change(&self, change: impl FnOnce(&mut Receipt)) {
        let mut receipt = self.receipt.lock().await;
        change(&mut receipt);
        let _ = write(&self.path, &receipt).await;
    }

    /// Makes sure that the last state is on disk.
    pub async fn flush(&self) -> anyhow::Result<()> {
        write(&self.path, &*self.receipt.lock().await).await
    }

    /// The receipt as it is now.
    pub async fn get(&self) -> Receipt {
        self.receipt.lock().await.clone()
    }
}

async fn write(path: &Path, receipt: &Receipt) -> anyhow::Result<()> {
    let mut json = serde_json::to_vec_pretty(receipt)?;
    json.push(b'\n');
    let to = path.to_owned();
    let written =
        spawn_blocking(move || atomic_file::write_named(&to, &json)).await.map_err(anyhow::Error::from);
    written.flatten().with_context(|| format!("failed to write the receipt `{}`", path.display()))
}
