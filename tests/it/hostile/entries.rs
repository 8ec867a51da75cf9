//! Entry points for fuzzing: one function a parser, which takes bytes and never panics. The tests pass samples that were
//! changed at random, `fuzz/` passes the inputs of libFuzzer.
//!
//! A value that was read must be the same after it is written and read again.

use std::fs;
use std::io::Write as _;

use floe::error::Failure;
use floe::github::next_page;
use floe::image::{self, ImageSpec};
use floe::net::address::Endpoint;
use floe::net::retry::AttemptError;
use floe::package::archive;
use floe::registry::{Challenge, message};
use floe_core::model::config::ImageSettings;
use floe_core::model::{
    About, ArchiveKind, Commit, Digest, ImageName, Manifest, Platform, Record, Repo, Source, Tag, Target,
};
use floe_core::model::{changelog, notes};
use floe_core::untrusted::text;
use http::{HeaderMap, HeaderValue, StatusCode};
use url::Url;

/// An entry point: returns whether the input was accepted.
pub type Door = fn(&[u8]) -> bool;

/// Every entry point by its name.
pub const ALL: [(&str, Door); 8] = [
    ("tar_gz", tar_gz),
    ("zip", zip),
    ("layout", layout),
    ("docker", docker),
    ("json", json),
    ("headers", headers),
    ("notes", notes),
    ("names", names),
];

/// An archive for Unix, listed and unpacked; a tar is compressed first, so that a change does not end at a checksum.
pub fn tar_gz(bytes: &[u8]) -> bool {
    match bytes.starts_with(&[0x1f, 0x8b]) {
        true => archive_of(bytes, ArchiveKind::TarGz),
        false => archive_of(&gzip(bytes), ArchiveKind::TarGz),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive for Windows.
pub fn zip(bytes: &[u8]) -> bool {
    archive_of(bytes, ArchiveKind::Zip)
}

fn archive_of(bytes: &[u8], kind: ArchiveKind) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    fs::write(&path, bytes).unwrap();
    let listed = archive::examine(&path, kind, None, &archive::UnpackBudget::default()).unwrap().contents;
    let extracted = archive::extract(&path, kind, &folder.path().join("into"));
    let beside: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(beside.iter().all(|name| name == "archive" || name == "into"), "{beside:?} came out of it");
    if let (Ok(listed), Ok(extracted)) = (&listed, &extracted) {
        assert_eq!(listed, extracted);
    }
    listed.is_ok()
}

/// Four documents behind each other, with a line `----` between them: image index, manifest, config, and the tar of a
/// layer. `@1@` in one stands for the digest of document 1, `#1#` for its size and `@tar@` for the digest of the tar, so
/// that a change does not end at a wrong digest.
pub fn layout(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let blobs = folder.path().join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let mut known: Vec<(usize, Digest, usize)> = Vec::new();
    let documents = split(bytes);
    for (number, document) in documents.iter().enumerate().rev() {
        let mut content = if number == 3 { gzip(document) } else { document.clone() };
        if let Some(tar) = documents.get(3) {
            content = replace(&content, b"@tar@", Digest::of(tar).to_string().as_bytes());
        }
        for (other, digest, size) in &known {
            content = replace(&content, format!("@{other}@").as_bytes(), digest.to_string().as_bytes());
            content = replace(&content, format!("#{other}#").as_bytes(), size.to_string().as_bytes());
        }
        let digest = Digest::of(&content);
        known.push((number, digest, content.len()));
        fs::write(blobs.join(digest.hex()), content).unwrap();
    }
    let Some((_, index, size)) = known.last() else { return false };
    let top = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{index}","size":{size}}}]}}"#
    );
    fs::write(folder.path().join("index.json"), top).unwrap();
    fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    image::check(folder.path()).is_ok()
}

fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut documents = vec![Vec::new()];
    let mut rest = bytes;
    while documents.len() < 4
        && let Some(at) = rest.windows(6).position(|window| window == b"\n----\n")
    {
        documents.last_mut().unwrap().extend_from_slice(&rest[..at]);
        documents.push(Vec::new());
        rest = &rest[at + 6..];
    }
    documents.last_mut().unwrap().extend_from_slice(rest);
    documents
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match text[at..].starts_with(from) {
            true => {
                replaced.extend_from_slice(to);
                at += from.len();
            }
            false => {
                replaced.push(text[at]);
                at += 1;
            }
        }
    }
    replaced
}

/// The output of `docker save`, made into an image.
pub fn docker(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    fs::write(&path, bytes).unwrap();
    let built = image::build(&[path], &spec(), &folder.path().join("image"));
    if built.is_ok() {
        assert_eq!(image::check(&folder.path().join("image")).err(), None, "what was built is not sound");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1 + usize::from(built.is_ok()));
    built.is_ok()
}

fn spec() -> ImageSpec {
    ImageSpec {
        name: "ghcr.io/acme/tool".parse().unwrap(),
        title: "tool".to_owned(),
        version: "1.4.0".parse().unwrap(),
        about: About::default(),
        repository: "https://github.com/acme/tool".to_owned(),
        documentation: None,
        source: Source { commit: None, epoch: 0 },
        binaries: vec!["tool".to_owned()],
        settings: ImageSettings::default(),
        ca_certificates: None,
    }
}

/// Records and release manifests.
pub fn json(bytes: &[u8]) -> bool {
    let record = serde_json::from_slice::<Record>(bytes).inspect(|record| {
        assert_eq!(serde_json::from_str::<Record>(&floe_core::model::to_json(record)).unwrap(), *record);
    });
    let manifest = serde_json::from_slice::<Manifest>(bytes).inspect(|manifest| {
        assert_eq!(
            serde_json::from_str::<Manifest>(&floe_core::model::to_json(manifest)).unwrap(),
            *manifest
        );
    });
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) {
        let json = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text::json(&json)).unwrap(), value);
    }
    let _ = message(bytes);
    record.is_ok() || manifest.is_ok()
}

/// The headers of an answer, `name: value` a line.
pub fn headers(bytes: &[u8]) -> bool {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(at) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..at], &line[at + 1..]);
        if let (Ok(name), Ok(value)) = (name.try_into(), HeaderValue::from_bytes(value.trim_ascii())) {
            let name: http::HeaderName = name;
            headers.append(name, value);
        }
    }
    for status in [StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
        let body = String::from_utf8_lossy(bytes);
        let _ = AttemptError::answer(status, &headers, &body, Failure::new("x"));
    }
    next_page(&headers).is_some() | Challenge::of(&headers).is_some()
}

/// Changelogs and notes.
pub fn notes(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let section = changelog::section(&text, &semver::Version::new(1, 4, 0), &["tool".to_owned()]).ok();
    let unreleased = changelog::unreleased(&text);
    let source = notes::NotesSource::Text(text.into_owned());
    let notes = notes::Notes { source, changelog: None, footer: "footer".to_owned() };
    assert!(notes.render("", "https://example.org").chars().count() <= notes::LIMIT);
    section.is_some() || unreleased.is_some()
}

/// All types that are parsed from a word.
pub fn names(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let _ = Repo::from_url(&text);
    let _ = Endpoint::given("GitHub", &text);
    let fit =
        |text: &str| text.chars().all(|letter| !letter.is_control() || letter == '\n' || letter == '\t');
    assert!(fit(&text::line(&text)) && fit(&text::lines(&text)) && fit(&text::table(&text)));
    assert!(text::lines(&text).lines().skip(1).all(|line| line.starts_with("    | ")));
    let mut taken = same::<Tag>(&text) | same::<Repo>(&text) | same::<Commit>(&text) | same::<Digest>(&text);
    taken |= same::<Platform>(&text) | text.parse::<Target>().is_ok();
    if let Ok(name) = text.parse::<ImageName>() {
        let url = Url::parse(&format!("https://{}/v2/{}", name.registry(), name.repository()));
        if let Ok(url) = url {
            assert_eq!(url.path(), format!("/v2/{}", name.repository()));
            assert!(url.query().is_none() && url.fragment().is_none() && url.username().is_empty());
        }
        taken |= same::<ImageName>(&text);
    }
    taken
}

/// Whether a text is parsed, and is the same when it is written.
fn same<T: std::str::FromStr + std::fmt::Display>(text: &str) -> bool {
    text.parse::<T>().is_ok_and(|value| {
        assert_eq!(value.to_string(), text);
        true
    })
}
