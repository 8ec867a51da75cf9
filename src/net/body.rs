//! The body of an upload: a file or a few bytes, streamed in pieces and hashed on the way.
//!
//! At most two pieces are in memory. The last one is sent only if all of them are the promised bytes, so that no server
//! receives the whole of anything else. The body ends with its attempt: the rest of an upload that was refused early would
//! only take bandwidth from the next one.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::error::{Failure, invalid};
use crate::report::Share;
use floe_core::model::{Content, Digest, Hasher};
use floe_core::untrusted::files;

/// How much is read and sent at once.
const PIECE: u64 = 256 * 1024;

/// The body of one upload.
pub struct Upload {
    pieces: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send + Sync>>,
    left: u64,
    share: Share,
}

/// The failure for a file that does not hold the promised bytes. Sending it again would not help.
pub fn wrong_bytes(file: &str, why: &str) -> Failure {
    invalid(format!("`{file}` is not the promised file: it {why}"))
        .hint("the dist is not what was verified: make it again, and check it with `floe verify`")
}

/// The failure for a file that cannot be opened: the dist was moved, or the system refuses.
pub fn unopened(file: &str, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => wrong_bytes(file, "is gone"),
        _ => Failure::new(format!("failed to open `{file}`")).because(error),
    }
}

impl Upload {
    /// The body for content of this size and digest.
    pub async fn new(content: &Content, size: u64, digest: Digest, share: Share) -> anyhow::Result<Self> {
        match content {
            Content::File(path) => Upload::file(path, size, digest, share).await,
            Content::Bytes(bytes) => {
                let pieces: Vec<_> =
                    bytes.chunks(PIECE as usize).map(Bytes::copy_from_slice).map(Ok).collect();
                Ok(Upload { pieces: Box::pin(stream::iter(pieces)), left: size, share })
            }
        }
    }

    async fn file(path: &Path, size: u64, promised: Digest, share: Share) -> anyhow::Result<Self> {
        let path = path.to_owned();
        let reader = spawn_blocking(move || Reader::open(&path, size, promised));
        let reader = reader.await.context("the thread that opens files ended")??;
        let first = (size > 0).then(|| reader.begin());
        // The next piece is read while this one is sent.
        let pieces = stream::try_unfold(first, async |reading| {
            let Some(reading) = reading else { return Ok(None) };
            let (reader, piece) = reading.await.map_err(io::Error::other)??;
            Ok(Some((piece, (reader.left > 0).then(|| reader.begin()))))
        });
        Ok(Upload { pieces: Box::pin(pieces), left: size, share })
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.share.is_last() {
            let over = "the answer came before the end of the upload";
            return Poll::Ready(Some(Err(io::Error::other(over))));
        }
        let Some(piece) = ready!(self.pieces.as_mut().poll_next(cx)?) else { return Poll::Ready(None) };
        self.left -= piece.len() as u64;
        self.share.add(piece.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// A file on its way out, read by threads that may wait for a disk.
struct Reader {
    file: File,
    left: u64,
    promised: Digest,
    hasher: Hasher,
    name: String,
}

impl Reader {
    fn open(path: &Path, size: u64, promised: Digest) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let file = files::open_no_link(path).map_err(|error| unopened(&name, error))?;
        let found = file.metadata().with_context(|| format!("failed to read the size of `{name}`"))?.len();
        let reader = Reader { file, left: size, promised, hasher: Hasher::default(), name };
        match found == size {
            true => Ok(reader),
            false => Err(reader.wrong(&format!("has {found} bytes, not {size}")).into()),
        }
    }

    /// Begins to read the next piece.
    fn begin(self) -> JoinHandle<io::Result<(Self, Bytes)>> {
        spawn_blocking(move || self.read())
    }

    /// The next piece. The last one is given out only if all of them were the promised bytes.
    fn read(mut self) -> io::Result<(Self, Bytes)> {
        let want = self.left.min(PIECE);
        let mut piece = Vec::with_capacity(want as usize);
        (&self.file).take(want).read_to_end(&mut piece)?;
        if (piece.len() as u64) < want {
            return Err(io::Error::other(self.wrong("became shorter while it was sent")));
        }
        self.hasher.update(&piece);
        self.left -= want;
        if self.left == 0 {
            let (found, _) = self.hasher.clone().finish();
            if found != self.promised {
                let why = format!("has the digest {found}, not {}", self.promised);
                return Err(io::Error::other(self.wrong(&why)));
            }
        }
        Ok((self, piece.into()))
    }

    fn wrong(&self, why: &str) -> Failure {
        wrong_bytes(&self.name, why)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use http_body_util::BodyExt as _;

    use super::*;
    use crate::error::{Exit, exit_of};
    use crate::report::{Report, Verbosity};

    const SIZE: usize = 3 * PIECE as usize + 5;

    /// A file of `7`s, in its folder.
    fn sevens() -> (tempfile::TempDir, PathBuf, Digest) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, vec![7; SIZE]).unwrap();
        (folder, path, Digest::of(&vec![7; SIZE]))
    }

    fn share() -> Share {
        Report::new(Verbosity::Quiet).progress("Uploading", 0).share()
    }

    async fn upload(path: &Path, promised: Digest) -> anyhow::Result<(Upload, Share)> {
        let share = share();
        Ok((Upload::file(path, SIZE as u64, promised, share.clone()).await?, share))
    }

    /// How much of it is given out, and why it broke off.
    async fn sent((mut upload, _share): (Upload, Share)) -> (usize, Option<String>) {
        let mut sent = 0;
        while let Some(frame) = upload.frame().await {
            match frame {
                Ok(frame) => sent += frame.into_data().unwrap().len(),
                Err(error) => return (sent, Some(error.to_string())),
            }
        }
        (sent, None)
    }

    #[tokio::test]
    async fn the_last_piece_of_a_file_is_sent_only_if_its_digest_matches() {
        let (_folder, path, digest) = sevens();
        assert_eq!(sent(upload(&path, digest).await.unwrap()).await, (SIZE, None));
        let other = Digest::of(b"other");
        let (sent, why) = sent(upload(&path, other).await.unwrap()).await;
        let wrong = format!("`{}` is not the promised file: it has the digest", path.display());
        assert_eq!(why, Some(format!("{wrong} {digest}, not {other}")));
        assert!(sent < SIZE);
    }

    #[tokio::test]
    async fn a_file_of_another_size_is_refused_before_the_first_byte() {
        let (_folder, path, digest) = sevens();
        fs::write(&path, "7").unwrap();
        let error = upload(&path, digest).await.map(drop).unwrap_err();
        assert!(error.to_string().ends_with(&format!("it has 1 bytes, not {SIZE}")), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_was_moved_is_no_reason_to_try_again() {
        let (folder, path, digest) = sevens();
        fs::rename(&path, folder.path().join("moved")).unwrap();
        let error = upload(&path, digest).await.map(drop).unwrap_err();
        assert!(error.to_string().ends_with("file` is not the promised file: it is gone"), "{error}");
        assert_eq!(exit_of(&error), Exit::Problems);
        let error = anyhow::Error::from(unopened("file", io::ErrorKind::PermissionDenied.into()));
        assert_eq!((error.to_string().as_str(), exit_of(&error)), ("failed to open `file`", Exit::Failed));
    }

    #[tokio::test]
    async fn a_change_during_the_upload_is_noticed() {
        for (length, why) in
            [(2 * PIECE + 1, "became shorter while it was sent"), (SIZE as u64, "has the digest")]
        {
            let (_folder, path, digest) = sevens();
            let mut upload = upload(&path, digest).await.unwrap();
            assert_eq!(upload.0.frame().await.unwrap().unwrap().into_data().unwrap().len() as u64, PIECE);
            let file = File::options().write(true).open(&path).unwrap();
            file.set_len(2 * PIECE).unwrap();
            file.set_len(length).unwrap();
            let (_, found) = sent(upload).await;
            assert!(found.unwrap().contains(why), "{why}");
        }
    }

    #[tokio::test]
    async fn an_upload_ends_with_its_attempt() {
        let (_folder, path, digest) = sevens();
        let (mut upload, share) = upload(&path, digest).await.unwrap();
        assert!(upload.frame().await.unwrap().is_ok());
        drop(share);
        assert!(upload.frame().await.unwrap().is_err());
    }
}
