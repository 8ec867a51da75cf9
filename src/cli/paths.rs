//! Arguments that are paths. One that does not exist, or is a folder instead of a file, is a usage error.

use std::error::Error;
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};

use crate::error::Failure;

/// Hints for a wrong path.
pub const SPELLING: &str = "check its spelling; a relative path begins in the folder that floe is run in";
pub const DIST: &str = "make a dist first: `floe package native/ --out dist`";
pub const DIST_OR_FILE: &str = "check its spelling, or make a dist first: `floe package native/ --out dist`";
pub const BINARIES: &str =
    "lay binaries out as `native/<triple>/<binary>`, or give one with `--target` and `--binary`";

/// A file, or what can be read as one, such as a pipe.
pub fn file() -> impl TypedValueParser<Value = PathBuf> {
    existing(Some(false), SPELLING)
}

/// A folder, and the hint if it is not one.
pub fn folder(hint: &'static str) -> impl TypedValueParser<Value = PathBuf> {
    existing(Some(true), hint)
}

/// A folder, a file, or either of them.
pub fn existing(is_folder: Option<bool>, hint: &'static str) -> impl TypedValueParser<Value = PathBuf> {
    let check = move |path: PathBuf| -> Result<PathBuf, Box<dyn Error + Send + Sync>> {
        let wrong = match (path.metadata(), is_folder) {
            (Err(error), _) if error.kind() == std::io::ErrorKind::NotFound => "it is not there".to_owned(),
            (Err(error), _) => error.to_string(),
            (Ok(about), Some(true)) if !about.is_dir() => "it is not a folder".to_owned(),
            (Ok(about), Some(false)) if about.is_dir() => {
                return Err(Failure::new("it is a folder, not a file").hint("name a file in it").into());
            }
            (Ok(_), _) => return Ok(path),
        };
        Err(Failure::new(wrong).hint(hint).into())
    };
    PathBufValueParser::new().try_map(check)
}
