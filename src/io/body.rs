//! The body of an upload: a file or a few bytes, streamed in pieces and hashed again on the way.
//!
//! It never holds more than one piece, and it breaks off rather than send bytes that are not the promised ones.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyhow::Context as _;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, ReadBuf};

use crate::model::{Asset, Content, Digest, Hasher};
use crate::report::Progress;

/// How much is read and sent at once.
const PIECE: usize = 256 * 1024;

/// The body of one upload.
pub struct Upload {
    source: Source,
    left: u64,
    hasher: Hasher,
    promised: Digest,
    name: String,
    progress: Progress,
}

enum Source {
    File(tokio::fs::File),
    Bytes(Bytes),
}

impl Upload {
    /// The body for an asset.
    ///
    /// # Errors
    /// The file cannot be opened, or no longer has the promised size.
    pub async fn asset(asset: &Asset, progress: Progress) -> anyhow::Result<Self> {
        match &asset.content {
            Content::File(path) => Upload::file(path, asset.size, asset.digest, progress).await,
            Content::Bytes(bytes) => Ok(Upload {
                source: Source::Bytes(Bytes::copy_from_slice(bytes)),
                left: asset.size,
                hasher: Hasher::default(),
                promised: asset.digest,
                name: asset.name.clone(),
                progress,
            }),
        }
    }

    /// The body for a file of a known size and digest.
    ///
    /// # Errors
    /// The file cannot be opened, or no longer has the promised size.
    pub async fn file(path: &Path, size: u64, promised: Digest, progress: Progress) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let mut file =
            tokio::fs::File::open(path).await.with_context(|| format!("failed to open `{name}`"))?;
        file.set_max_buf_size(PIECE);
        let found = file.metadata().await.with_context(|| format!("failed to look at `{name}`"))?.len();
        anyhow::ensure!(
            found == size,
            "`{name}` has {found} bytes now, but it had {size} when it was checked"
        );
        Ok(Upload {
            source: Source::File(file),
            left: size,
            hasher: Hasher::default(),
            promised,
            name,
            progress,
        })
    }

    /// Takes the next piece into the count and, at the end, compares the digest.
    fn pass(&mut self, piece: Bytes) -> io::Result<Frame<Bytes>> {
        self.left -= piece.len() as u64;
        self.hasher.update(&piece);
        self.progress.add(piece.len() as u64);
        if self.left == 0 {
            let (digest, _) = std::mem::take(&mut self.hasher).finish();
            if digest != self.promised {
                return Err(io::Error::other(format!("`{}` changed while it was uploaded", self.name)));
            }
        }
        Ok(Frame::data(piece))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let want = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
        let piece = match &mut self.source {
            Source::Bytes(bytes) => bytes.split_to(want.min(bytes.len())),
            Source::File(file) => {
                let mut piece = vec![0; want];
                let mut buffer = ReadBuf::new(&mut piece);
                ready!(Pin::new(file).poll_read(cx, &mut buffer))?;
                let filled = buffer.filled().len();
                piece.truncate(filled);
                Bytes::from(piece)
            }
        };
        if piece.is_empty() {
            let error = format!("`{}` became shorter while it was uploaded", self.name);
            return Poll::Ready(Some(Err(io::Error::other(error))));
        }
        Poll::Ready(Some(self.pass(piece)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
