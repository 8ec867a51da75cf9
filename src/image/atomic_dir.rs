//! Where a layout comes to be: next to where it will stand, moved there whole when it is finished.
//!
//! It never replaces anything but an OCI layout or an empty folder, and leaves nothing behind when it fails.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;

use super::JSON_LIMIT;
use super::spec::{LAYOUT_VERSION, OciLayout};
use crate::error::Failure;
use floe_core::untrusted::files;

/// A layout that is being made.
#[derive(Debug)]
pub struct AtomicDir {
    out: PathBuf,
    draft: PathBuf,
}

impl AtomicDir {
    /// Makes the folder `<out>.partial-…`.
    ///
    /// # Errors
    /// `out` is there and is no OCI layout, or its folder cannot be written to.
    pub fn prepare(out: &Path) -> anyhow::Result<Self> {
        refuse_to_replace(out)?;
        let draft = sibling(out, "partial")?;
        fs::create_dir_all(&draft)
            .with_context(|| format!("cannot make the folder `{}`", draft.display()))?;
        Ok(AtomicDir { out: out.to_owned(), draft })
    }

    /// The folder to write to.
    pub fn draft(&self) -> &Path {
        &self.draft
    }

    /// Moves the finished layout to its place; the one that was there goes.
    pub fn reveal(self) -> anyhow::Result<()> {
        refuse_to_replace(&self.out)?;
        let moving = || format!("cannot move the layout to `{}`", self.out.display());
        let old = sibling(&self.out, "old")?;
        match fs::rename(&self.out, &old) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::rename(&self.draft, &self.out).with_context(moving)?;
            }
            moved => {
                moved.with_context(moving)?;
                if let Err(error) = fs::rename(&self.draft, &self.out) {
                    let _ = fs::rename(&old, &self.out);
                    return Err(error).with_context(moving);
                }
                fs::remove_dir_all(&old).with_context(|| format!("cannot remove `{}`", old.display()))?;
            }
        }
        Ok(())
    }
}

impl Drop for AtomicDir {
    fn drop(&mut self) {
        // After `reveal` it is not there; after an error there is a better one to tell than this.
        let _ = fs::remove_dir_all(&self.draft);
    }
}

/// `<out>.<what>-<process>-<number>`: in the same file system, so that moving is one step.
fn sibling(out: &Path, what: &str) -> anyhow::Result<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = out.file_name().and_then(|name| name.to_str()).with_context(|| {
        format!("`{}` cannot be the folder of an image; give a plain name", out.display())
    })?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Ok(out.with_file_name(format!("{name}.{what}-{}-{number}", std::process::id())))
}

fn refuse_to_replace(out: &Path) -> anyhow::Result<()> {
    let reading = || format!("cannot read `{}`", out.display());
    let about = match fs::symlink_metadata(out) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        about => about.with_context(reading)?,
    };
    if about.is_dir() && (is_layout(out) || fs::read_dir(out).with_context(reading)?.next().is_none()) {
        return Ok(());
    }
    Err(Failure::new(format!("`{}` is there and is not an OCI layout", out.display()))
        .hint("choose another --out, or remove it yourself")
        .into())
}

fn is_layout(folder: &Path) -> bool {
    files::open_no_link(&folder.join("oci-layout"))
        .and_then(|file| files::read(file, JSON_LIMIT))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<OciLayout>(&bytes).ok())
        .is_some_and(|layout| layout.image_layout_version == LAYOUT_VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_layout_replaces_a_layout_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("dist/image");
        for content in ["first", "next"] {
            let place = AtomicDir::prepare(&out).unwrap();
            fs::write(place.draft().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
            fs::write(place.draft().join(content), "").unwrap();
            place.reveal().unwrap();
            assert_eq!(names(&out), [content, "oci-layout"].map(str::to_owned).as_slice());
        }
        drop(AtomicDir::prepare(&out).unwrap());
        assert_eq!(names(&folder.path().join("dist")), ["image"]);
    }

    #[test]
    fn anything_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, photos) = (folder.path().join("file"), folder.path().join("photos"));
        fs::write(&file, "").unwrap();
        fs::create_dir(&photos).unwrap();
        drop(AtomicDir::prepare(&photos).unwrap());
        fs::write(photos.join("oci-layout"), "{}").unwrap();
        for out in [&file, &photos] {
            let error = AtomicDir::prepare(out).unwrap_err();
            assert!(error.to_string().contains("is not an OCI layout"), "{error}");
        }
        assert_eq!(names(folder.path()), ["file", "photos"]);
        assert!(AtomicDir::prepare(Path::new("/")).is_err());
    }
}
