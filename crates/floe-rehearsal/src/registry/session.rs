//! Uploads under way: the bytes on disk, and in memory the hash of the bytes so far. They end with the process.
//!
//! A request whose body breaks off leaves the upload as it was before.

use std::collections::HashMap;
use std::io::SeekFrom;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use axum::body::Body;
use floe_core::model::{Digest, Hasher};
use floe_core::parallel::lock;
use http_body_util::BodyExt as _;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::OwnedMutexGuard;

use super::Shared;
use super::error::RegistryError;
use crate::random_hex;

/// The uploads by id.
pub(super) type Sessions = HashMap<String, Arc<tokio::sync::Mutex<UploadSession>>>;

/// One upload. Its lock is held for the time of a request.
pub(super) struct UploadSession {
    name: String,
    id: String,
    path: PathBuf,
    hasher: Hasher,
}

impl Shared {
    /// Starts an upload and returns its id.
    pub(super) fn start(&self, name: &str) -> anyhow::Result<String> {
        let id = random_hex(16)?;
        let (name, path) = (name.to_owned(), self.store.path("uploads", &id));
        std::fs::File::create_new(&path).context("failed to start an upload")?;
        let session = UploadSession { name, id: id.clone(), path, hasher: Hasher::default() };
        lock(&self.sessions).insert(id.clone(), Arc::new(tokio::sync::Mutex::new(session)));
        Ok(id)
    }

    /// Locks an upload of this repository for a request; waits while another request holds it.
    pub(super) async fn take(
        &self,
        name: &str,
        id: &str,
    ) -> Result<OwnedMutexGuard<UploadSession>, RegistryError> {
        let session = lock(&self.sessions).get(id).cloned().ok_or_else(RegistryError::upload_unknown)?;
        let session = session.lock_owned().await;
        // The other request may have ended it.
        let is_there = session.name == name && lock(&self.sessions).contains_key(id);
        if is_there { Ok(session) } else { Err(RegistryError::upload_unknown()) }
    }

    /// Ends an upload and deletes its bytes.
    pub(super) fn cancel(&self, session: OwnedMutexGuard<UploadSession>) -> anyhow::Result<()> {
        lock(&self.sessions).remove(&session.id);
        std::fs::remove_file(&session.path).context("failed to remove an upload")
    }

    /// Ends an upload. Its bytes become a blob if they have this digest, and are deleted otherwise.
    pub(super) fn close(
        &self,
        session: OwnedMutexGuard<UploadSession>,
        digest: &Digest,
    ) -> Result<(), RegistryError> {
        let (actual, _) = session.hasher.clone().finish();
        if actual != *digest {
            self.cancel(session)?;
            return Err(RegistryError::digest_mismatch(digest, &actual));
        }
        lock(&self.sessions).remove(&session.id);
        Ok(self.store.adopt(&session.path, &session.name, digest)?)
    }
}

impl UploadSession {
    pub(super) fn length(&self) -> u64 {
        self.hasher.length()
    }

    /// Appends a request's body, which must have `expected` bytes if the client stated a length.
    pub(super) async fn append(&mut self, body: Body, expected: Option<u64>) -> Result<(), RegistryError> {
        let file = File::options().write(true).open(&self.path).await;
        let mut file = file.context("failed to open an upload")?;
        file.seek(SeekFrom::Start(self.length())).await.context("failed to open an upload")?;
        let mut hasher = self.hasher.clone();
        let received = receive(&mut file, &mut hasher, body, expected).await;
        // Flushed after a failure too: buffered bytes must not reach the file after it is cut.
        let flushed = file.flush().await.context("failed to write an upload");
        let stored = received.and_then(|()| Ok(flushed?));
        match stored {
            Ok(()) => self.hasher = hasher,
            Err(_) => file.set_len(self.length()).await.context("failed to cut an upload back")?,
        }
        stored
    }
}

async fn receive(
    file: &mut File,
    hasher: &mut Hasher,
    mut body: Body,
    expected: Option<u64>,
) -> Result<(), RegistryError> {
    let wrong_size = || RegistryError::bad("SIZE_INVALID", "provided length did not match content length");
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let broken = |_| RegistryError::bad("BLOB_UPLOAD_INVALID", "the body of the request broke off");
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        length += data.len() as u64;
        if expected.is_some_and(|expected| length > expected) {
            return Err(wrong_size());
        }
        hasher.update(&data);
        file.write_all(&data).await.context("failed to write an upload")?;
    }
    if expected.is_none_or(|expected| length == expected) { Ok(()) } else { Err(wrong_size()) }
}
