//! A layout that appears whole or not at all: it is made in a temporary folder next to its path, then renamed.
//!
//! It replaces only an OCI layout or an empty folder, and leaves nothing behind when it fails.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::JSON_LIMIT;
use crate::error::{AtPath as _, Failure};
use crate::files::scratch::Scratch;
use crate::files::unfinished;
use floe_core::disk;
use floe_core::oci::{LAYOUT_VERSION, OciLayout};
use floe_core::untrusted::files;

/// A layout that is being made.
#[derive(Debug)]
pub struct AtomicDir {
    out: PathBuf,
    draft: Scratch,
}

impl AtomicDir {
    /// Makes an empty folder for the layout that will be at `out`.
    pub fn prepare(out: &Path) -> anyhow::Result<Self> {
        refuse_to_replace(out)?;
        Ok(AtomicDir { out: out.to_owned(), draft: Scratch::beside(out)? })
    }

    /// The folder to write to.
    pub fn draft(&self) -> &Path {
        self.draft.path()
    }

    /// Renames the finished layout to its path; one that is there is replaced.
    pub fn reveal(self) -> anyhow::Result<()> {
        refuse_to_replace(&self.out)?;
        let aside = Scratch::beside(&self.out)?;
        // A signal in between would remove both layouts.
        let _both = unfinished::hold();
        let old = aside.path().join("old");
        match disk::rename(&self.out, &old) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved.at("cannot move the layout to", &self.out)?,
        }
        if let Err(error) = disk::rename(self.draft.path(), &self.out) {
            let _ = disk::rename(&old, &self.out);
            return Err(error).at("cannot move the layout to", &self.out);
        }
        disk::retry(|| fs::remove_dir_all(aside.path())).at("cannot remove", aside.path())
    }
}

fn refuse_to_replace(out: &Path) -> anyhow::Result<()> {
    let about = match fs::symlink_metadata(out) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        about => about.at("cannot read", out)?,
    };
    if about.is_dir() && (is_layout(out) || fs::read_dir(out).at("cannot read", out)?.next().is_none()) {
        return Ok(());
    }
    Err(Failure::new(format!("`{}` exists and is not an OCI layout", out.display()))
        .hint("choose another --out, or remove it yourself")
        .into())
}

fn is_layout(folder: &Path) -> bool {
    let file = files::open_no_link(&folder.join("oci-layout"));
    let bytes = file.and_then(|file| files::read(file, JSON_LIMIT)).unwrap_or_default();
    let layout: Result<OciLayout, _> = serde_json::from_slice(&bytes);
    layout.is_ok_and(|layout| layout.image_layout_version == LAYOUT_VERSION)
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
