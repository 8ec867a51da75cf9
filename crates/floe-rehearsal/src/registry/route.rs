//! Parses the path of a request about a repository.
//!
//! Repository names have several components, so a path is read from its end.

use floe_core::model::Digest;
use percent_encoding::percent_decode_str;

use super::error::RegistryError;

/// An endpoint of a repository, with its number in the distribution-spec.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `blobs/<digest>`: end-2.
    Blob(Digest),
    /// `blobs/uploads/`: end-4a and end-11.
    StartUpload,
    /// `blobs/uploads/<id>`: end-5, end-6 and end-13.
    Upload(String),
    /// `manifests/<reference>`: end-3, end-7 and end-9.
    Manifest(Reference),
    /// `tags/list`: end-8.
    Tags,
    /// `referrers/<digest>`: end-12.
    Referrers(Digest),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// At most 128 letters, digits, `_`, `.` and `-`; the first is neither `.` nor `-`.
    Tag(String),
    Digest(Digest),
}

/// Parses the path of a request about a repository, still percent-encoded.
pub(super) fn parse(path: &str) -> Result<(String, Route), RegistryError> {
    let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let rest = path.strip_prefix("/v2/").ok_or_else(unknown)?;
    let parts: Vec<String> = rest.split('/').map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (name, endpoint) = match parts.as_slice() {
        [name @ .., "tags", "list"] => (name, Route::Tags),
        [name @ .., "manifests", reference] => (name, Route::Manifest(Reference::parse(reference)?)),
        [name @ .., "blobs", "uploads"] | [name @ .., "blobs", "uploads", ""] => (name, Route::StartUpload),
        // An id that is not that of an upload under way names nothing; it never becomes a path.
        [name @ .., "blobs", "uploads", id] => (name, Route::Upload((*id).to_owned())),
        [name @ .., "blobs", hex] => (name, Route::Blob(digest(hex)?)),
        [name @ .., "referrers", hex] => (name, Route::Referrers(digest(hex)?)),
        _ => return Err(unknown()),
    };
    // Each component by itself: a percent-encoded slash would merge two.
    let text = name.join("/");
    if name.is_empty() || text.len() > 255 || !name.iter().all(|part| is_component(part)) {
        return Err(RegistryError::bad("NAME_INVALID", "invalid repository name"));
    }
    Ok((text, endpoint))
}

impl Reference {
    fn parse(text: &str) -> Result<Self, RegistryError> {
        if text.contains(':') {
            return Ok(Reference::Digest(digest(text)?));
        }
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !text.is_empty() && text.len() <= 128 && !text.starts_with(['.', '-']) && text.bytes().all(inner) {
            return Ok(Reference::Tag(text.to_owned()));
        }
        Err(RegistryError::bad("MANIFEST_INVALID", "invalid tag"))
    }
}

/// Parses a digest. The error is `DIGEST_INVALID`.
pub(super) fn digest(text: &str) -> Result<Digest, RegistryError> {
    text.parse().map_err(|error: String| RegistryError::bad("DIGEST_INVALID", error))
}

/// A component of a repository name (distribution-spec, "Pulling manifests"): `[a-z0-9]+` parts with `.`, `_`, `__` or any number of `-` between them.
fn is_component(text: &str) -> bool {
    let bytes = text.as_bytes();
    let separator = |run: &[u8]| matches!(run, b"" | b"." | b"_" | b"__") || run.iter().all(|b| *b == b'-');
    bytes.first().is_some_and(is_alphanumeric)
        && bytes.last().is_some_and(is_alphanumeric)
        && bytes.split(is_alphanumeric).all(separator)
}

fn is_alphanumeric(byte: &u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn unknown() -> RegistryError {
    RegistryError::unknown("UNSUPPORTED", "there is no such endpoint")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_any_number_of_components_also_those_that_look_like_endpoints() {
        let digest = Digest::of(b"floe");
        let cases = [
            ("/v2/floe/tags/list".to_owned(), "floe", Route::Tags),
            (format!("/v2/acme/tools/floe/blobs/{digest}"), "acme/tools/floe", Route::Blob(digest)),
            (format!("/v2/a/blobs/sha256%3A{}", digest.hex()), "a", Route::Blob(digest)),
            ("/v2/acme/blobs/blobs/uploads/".to_owned(), "acme/blobs", Route::StartUpload),
            (
                "/v2/blobs/uploads/manifests/1".to_owned(),
                "blobs/uploads",
                Route::Manifest(Reference::Tag("1".to_owned())),
            ),
            (format!("/v2/a/b/referrers/{digest}"), "a/b", Route::Referrers(digest)),
        ];
        for (path, of, endpoint) in cases {
            assert_eq!(parse(&path).ok(), Some((of.to_owned(), endpoint)), "{path}");
        }
    }

    #[test]
    fn nothing_else_is_a_name_a_tag_or_a_digest() {
        for wrong in
            ["", "a//b", "..", "a/../b", "A", "a/_b", "a_", "a..b", "a___b", "a\\b", "a/", "a:b", "é"]
        {
            assert!(parse(&format!("/v2/{wrong}/tags/list")).is_err(), "{wrong}");
        }
        for right in ["a", "a/b/c", "a.b", "a__b", "a---b", "0/1-x_y"] {
            assert!(parse(&format!("/v2/{right}/tags/list")).is_ok(), "{right}");
        }
        for path in [
            "/v2/a/manifests/..",
            "/v2/a/manifests/",
            "/v2/a/manifests/-x",
            "/v2/a/manifests/%2e%2e%2fx",
            "/v2/a%2fb/manifests/1",
            "/v2/a/blobs/uploads/../../x",
            "/v2/a/blobs/sha256:00",
            "/v2/manifests/1",
            "/v2/_catalog",
            "/",
        ] {
            assert!(parse(path).is_err(), "{path}");
        }
    }
}
