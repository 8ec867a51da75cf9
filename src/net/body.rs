//! The body of an upload: a file or a few bytes, streamed in pieces. A file that still looks as it did when it was hashed
//! is sent as it is; any other one is hashed again on the way.
//!
//! It never holds more than two pieces, and it breaks off rather than send the whole of what is not the promised bytes.

use std::fs::File;
use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyhow::Context as _;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::report::Progress;
use floe_core::model::{Asset, Content, Digest, Hasher, Seen, Stamp};
use floe_core::untrusted::files;

/// How much is read and sent at once.
const PIECE: u64 = 256 * 1024;

/// The body of one upload.
pub struct Upload {
    source: Source,
    left: u64,
    progress: Progress,
}

enum Source {
    /// The piece that is read while the one before it is sent; none behind the last one.
    File(Option<JoinHandle<io::Result<(Reader, Bytes)>>>),
    Bytes(Bytes),
}

impl Upload {
    /// The body for an asset.
    ///
    /// # Errors
    /// The file cannot be opened, or no longer has the promised size.
    pub async fn asset(asset: &Asset, progress: Progress) -> anyhow::Result<Self> {
        match &asset.content {
            Content::File(file) => Upload::file(file, asset.size, asset.digest, progress).await,
            Content::Bytes(bytes) => {
                let source = Source::Bytes(Bytes::copy_from_slice(bytes));
                Ok(Upload { source, left: asset.size, progress })
            }
        }
    }

    /// The body for a file of a known size and digest.
    ///
    /// # Errors
    /// The file cannot be opened, or no longer has the promised size.
    pub async fn file(seen: &Seen, size: u64, promised: Digest, progress: Progress) -> anyhow::Result<Self> {
        let seen = seen.clone();
        let reader = spawn_blocking(move || Reader::open(seen, size, promised));
        let reader = reader.await.context("the thread that opens files ended")??;
        let next = (size > 0).then(|| reader.begin());
        Ok(Upload { source: Source::File(next), left: size, progress })
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let next = match &mut self.source {
            Source::Bytes(bytes) => {
                let piece = bytes.len().min(PIECE as usize);
                return Poll::Ready(Ok(bytes.split_to(piece)));
            }
            Source::File(next) => next,
        };
        let Some(reading) = next else { return Poll::Ready(Ok(Bytes::new())) };
        let read = ready!(Pin::new(reading).poll(cx));
        *next = None;
        let (reader, piece) = read.map_err(io::Error::other)??;
        *next = (reader.left > 0).then(|| reader.begin());
        Poll::Ready(Ok(piece))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let piece = ready!(self.poll_piece(cx))?;
        if piece.is_empty() {
            return Poll::Ready(None);
        }
        self.left -= piece.len() as u64;
        self.progress.add(piece.len() as u64);
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
    proof: Proof,
    name: String,
}

/// What shows that the promised bytes were sent.
enum Proof {
    /// The file looked like this when it was hashed, and looked so again before its first byte was read.
    Stamp(Stamp),
    /// They have this digest.
    Digest(Hasher, Digest),
}

impl Reader {
    fn open(Seen { path, stamp }: Seen, size: u64, promised: Digest) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("failed to open `{name}`"))?;
        let found = file.metadata().with_context(|| format!("failed to look at `{name}`"))?.len();
        anyhow::ensure!(
            found == size,
            "`{name}` has {found} bytes now, but it had {size} when it was checked"
        );
        let proof = match files::lasting(&file, stamp) {
            Some(stamp) => Proof::Stamp(stamp),
            None => Proof::Digest(Hasher::default(), promised),
        };
        Ok(Reader { file, left: size, proof, name })
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
            return Err(io::Error::other(format!("`{}` became shorter while it was uploaded", self.name)));
        }
        if let Proof::Digest(hasher, _) = &mut self.proof {
            hasher.update(&piece);
        }
        self.left -= want;
        if self.left == 0 && !self.is_promised() {
            return Err(io::Error::other(format!("`{}` changed while it was uploaded", self.name)));
        }
        Ok((self, piece.into()))
    }

    fn is_promised(&self) -> bool {
        match &self.proof {
            Proof::Stamp(stamp) => files::lasting(&self.file, Some(*stamp)).is_some(),
            Proof::Digest(hasher, promised) => hasher.clone().finish().0 == *promised,
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Seek as _, Write as _};
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    use http_body_util::BodyExt as _;

    use super::*;
    use crate::report::{Loudness, Report};

    const SIZE: usize = 3 * PIECE as usize + 5;

    /// A file of `7`s that was seen a while ago, in its folder.
    fn seen() -> (tempfile::TempDir, Seen) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, vec![7; SIZE]).unwrap();
        let stamp = files::stamp_at(&File::open(&path).unwrap(), SystemTime::now() + Duration::from_secs(60));
        assert!(stamp.is_some());
        (folder, Seen { path, stamp })
    }

    fn sevens() -> Digest {
        Digest::of(&vec![7; SIZE])
    }

    async fn upload(seen: &Seen, promised: Digest) -> Upload {
        let progress = Report::new(Loudness::Quiet).progress("Uploading", 0);
        Upload::file(seen, SIZE as u64, promised, progress).await.unwrap()
    }

    async fn send(upload: Upload) -> Result<Bytes, String> {
        upload.collect().await.map(|sent| sent.to_bytes()).map_err(|error| error.to_string())
    }

    fn changed(seen: &Seen) -> Result<Bytes, String> {
        Err(format!("`{}` changed while it was uploaded", seen.path.display()))
    }

    /// Writes other bytes of the same size, with the same time, until the file system's clock has ticked.
    fn overwrite(path: &PathBuf, stamp: Option<Stamp>) {
        let modified = path.metadata().unwrap().modified().unwrap();
        // Never shorter meanwhile: it may be read already.
        let mut file = File::options().read(true).write(true).open(path).unwrap();
        while files::lasting(&file, stamp).is_some() {
            file.rewind().unwrap();
            file.write_all(&vec![8; SIZE]).unwrap();
            file.set_modified(modified).unwrap();
        }
    }

    #[tokio::test]
    async fn what_still_looks_the_same_is_sent_unhashed() {
        let (_folder, seen) = seen();
        // Whoever hashed it would see that these are not the promised bytes.
        let other = Digest::of(b"other");
        assert_eq!(send(upload(&seen, other).await).await.unwrap(), vec![7; SIZE]);
        let unseen = Seen { stamp: None, ..seen.clone() };
        assert_eq!(send(upload(&unseen, other).await).await, changed(&seen));
        assert_eq!(send(upload(&unseen, sevens()).await).await.unwrap(), vec![7; SIZE]);
    }

    #[tokio::test]
    async fn another_file_of_the_same_size_and_time_is_noticed() {
        let (folder, seen) = seen();
        let modified = seen.path.metadata().unwrap().modified().unwrap();
        let other = folder.path().join("other");
        fs::write(&other, vec![8; SIZE]).unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(modified).unwrap();
        fs::rename(&other, &seen.path).unwrap();
        assert_eq!(send(upload(&seen, sevens()).await).await, changed(&seen));
        // The same bytes in another file are the promised ones.
        fs::write(&other, vec![7; SIZE]).unwrap();
        fs::rename(&other, &seen.path).unwrap();
        assert_eq!(send(upload(&seen, sevens()).await).await.unwrap(), vec![7; SIZE]);
    }

    #[tokio::test]
    async fn other_bytes_in_the_same_file_are_noticed_although_its_time_is_set_back() {
        let (_folder, seen) = seen();
        overwrite(&seen.path, seen.stamp);
        assert_eq!(send(upload(&seen, sevens()).await).await, changed(&seen));
    }

    #[tokio::test]
    async fn a_change_during_the_upload_is_noticed() {
        for cut in [false, true] {
            let (_folder, seen) = seen();
            let mut upload = upload(&seen, sevens()).await;
            assert_eq!(upload.frame().await.unwrap().unwrap().into_data().unwrap().len() as u64, PIECE);
            overwrite(&seen.path, seen.stamp);
            if cut {
                File::options().write(true).open(&seen.path).unwrap().set_len(2 * PIECE + 1).unwrap();
            }
            let error = send(upload).await.unwrap_err();
            let (shorter, changed) = ("became shorter", "changed");
            assert!(error.contains(if cut { shorter } else { changed }), "{error}");
        }
    }
}
