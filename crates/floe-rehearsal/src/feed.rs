//! The embedded feed of packages: NuGet's protocol of version 2 as Chocolatey's community has it, as far as a push and a look
//! need it. A pushed package waits for moderation until it is approved from outside.
//!
//! Packages are files `<id>.<version>.nupkg` in its folder, with the identifier in lower case. Whether one is approved is known
//! for the life of the process.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, put};
use bytes::Bytes;
use floe_core::parallel::lock;
use http::{HeaderMap, StatusCode, header};

/// The largest package, in bytes.
const LIMIT: usize = 4 << 20;

/// An embedded feed. Clones share its state.
#[derive(Clone)]
pub struct EmbeddedFeed {
    root: Arc<PathBuf>,
    key: Arc<str>,
    state: Arc<Mutex<FeedState>>,
}

/// The content of a feed. Packages are named by their files.
#[derive(Default)]
pub struct FeedState {
    pub packages: BTreeMap<String, Vec<u8>>,
    pub approved: BTreeSet<String>,
    /// The key is refused.
    pub expired: bool,
}

impl EmbeddedFeed {
    /// Opens a folder, new or with the packages of an earlier feed.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub fn open(root: PathBuf, key: &str) -> anyhow::Result<Self> {
        let failed = || format!("failed to open the feed in `{}`", root.display());
        fs::create_dir_all(&root).with_context(failed)?;
        let mut state = FeedState::default();
        for entry in fs::read_dir(&root).with_context(failed)? {
            let entry = entry.with_context(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            state.packages.insert(name, fs::read(entry.path()).with_context(failed)?);
        }
        Ok(EmbeddedFeed { root: Arc::new(root), key: key.into(), state: Arc::new(Mutex::new(state)) })
    }

    /// All routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/api/v2/package", put(push))
            .route("/api/v2/package/", put(push))
            .route("/api/v2/package/{id}/{version}", get(download))
            .route("/packages/{file}", get(file))
            .route("/api/v2/{query}", get(entry))
            .layer(DefaultBodyLimit::max(LIMIT))
            .with_state(self.clone())
    }

    /// The content, which can be changed for the requests to come.
    pub fn state(&self) -> MutexGuard<'_, FeedState> {
        lock(&self.state)
    }

    /// The bytes of a version.
    pub fn package(&self, id: &str, version: &str) -> Option<Vec<u8>> {
        self.state().packages.get(&file_name(id, version)).cloned()
    }

    /// Adds or replaces a package, as an administrator can.
    ///
    /// # Errors
    /// The bytes are no package, or the folder cannot be written.
    pub fn put(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let (id, version) = named(bytes).context("it is not a package")?;
        let name = file_name(&id, &version);
        fs::write(self.root.join(&name), bytes)?;
        self.state().packages.insert(name, bytes.to_vec());
        Ok(())
    }
}

type Answer = Result<Response, StatusCode>;

fn file_name(id: &str, version: &str) -> String {
    format!("{}.{version}.nupkg", id.to_ascii_lowercase())
}

/// `PUT /api/v2/package`, with the package as the only part of a form
async fn push(State(feed): State<EmbeddedFeed>, headers: HeaderMap, body: Bytes) -> Response {
    let given = headers.get("x-nuget-apikey").and_then(|value| value.to_str().ok());
    if given != Some(&*feed.key) || feed.state().expired {
        let text = "The specified API key is invalid, has expired, or does not have permission to access the specified package.";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let package = part(kind, &body).unwrap_or_default();
    let Some((id, version)) = named(package) else {
        return (StatusCode::BAD_REQUEST, "The package could not be read.").into_response();
    };
    if feed.package(&id, &version).is_some() {
        let text = format!(
            "A package with ID '{id}' and version '{version}' already exists and cannot be modified."
        );
        return (StatusCode::CONFLICT, text).into_response();
    }
    let stored = feed.put(package);
    stored.map_or(StatusCode::INTERNAL_SERVER_ERROR, |()| StatusCode::CREATED).into_response()
}

/// `GET /api/v2/Packages(Id='tool',Version='1.4.0')`
async fn entry(State(feed): State<EmbeddedFeed>, Path(query): Path<String>) -> Answer {
    let arguments = query.strip_prefix("Packages(").and_then(|rest| rest.strip_suffix(')'));
    let argument = |name: &str| {
        let arguments = arguments?.split(',').map(str::trim);
        let value = arguments.filter_map(|argument| argument.split_once('=')).find(|(key, _)| *key == name);
        value.map(|(_, value)| value.trim_matches('\'').to_owned())
    };
    let (id, version) = argument("Id").zip(argument("Version")).ok_or(StatusCode::NOT_FOUND)?;
    let (state, name) = (feed.state(), file_name(&id, &version));
    let package = state.packages.get(&name).ok_or(StatusCode::NOT_FOUND)?;
    let is_approved = state.approved.contains(&name);
    let status = if is_approved { "Approved" } else { "Submitted" };
    let entry = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <entry xmlns=\"http://www.w3.org/2005/Atom\" xmlns:d=\"http://schemas.microsoft.com/ado/2007/08/dataservices\" \
         xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\">\n  \
         <title type=\"text\">{id}</title>\n  \
         <content type=\"application/zip\" src=\"/api/v2/package/{id}/{version}\" />\n  \
         <m:properties>\n    <d:Version>{version}</d:Version>\n    \
         <d:PackageSize m:type=\"Edm.Int64\">{}</d:PackageSize>\n    \
         <d:IsApproved m:type=\"Edm.Boolean\">{is_approved}</d:IsApproved>\n    \
         <d:PackageStatus>{status}</d:PackageStatus>\n  </m:properties>\n</entry>\n",
        package.len()
    );
    Ok(([(header::CONTENT_TYPE, "application/atom+xml;type=entry;charset=utf-8")], entry).into_response())
}

/// `GET /api/v2/package/{id}/{version}`, which leads to another address, as the community's does
async fn download(State(feed): State<EmbeddedFeed>, Path((id, version)): Path<(String, String)>) -> Answer {
    feed.package(&id, &version).ok_or(StatusCode::NOT_FOUND)?;
    let to = format!("/packages/{}", file_name(&id, &version));
    Ok((StatusCode::FOUND, [(header::LOCATION, to)]).into_response())
}

/// `GET /packages/{id}.{version}.nupkg`
async fn file(State(feed): State<EmbeddedFeed>, Path(name): Path<String>) -> Answer {
    let bytes = feed.state().packages.get(&name).cloned().ok_or(StatusCode::NOT_FOUND)?;
    Ok(([(header::CONTENT_TYPE, "application/zip")], bytes).into_response())
}

/// The first part of a form (RFC 7578).
fn part<'b>(kind: &str, body: &'b [u8]) -> Option<&'b [u8]> {
    let boundary = kind.split_once("boundary=")?.1.trim_matches('"');
    let begin = format!("--{boundary}\r\n");
    let body = body.strip_prefix(begin.as_bytes())?;
    let head = memchr::memmem::find(body, b"\r\n\r\n")?;
    let content = &body[head + 4..];
    let end = memchr::memmem::find(content, format!("\r\n--{boundary}").as_bytes())?;
    Some(&content[..end])
}

/// The identifier and the version that a package names; `None` if it is no package.
fn named(package: &[u8]) -> Option<(String, String)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(package)).ok()?;
    let names = zip.file_names().filter_map(|name| Some(name.ok()?.into_owned()));
    let name = names.into_iter().find(|name| name.ends_with(".nuspec") && !name.contains('/'))?;
    let mut nuspec = String::new();
    zip.by_name(&name).ok()?.take(LIMIT as u64).read_to_string(&mut nuspec).ok()?;
    let tag = |name: &str| {
        let (_, rest) = nuspec.split_once(&format!("<{name}>"))?;
        Some(rest.split_once('<')?.0.trim().to_owned())
    };
    let (id, version) = (tag("id")?, tag("version")?);
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
    };
    (is_name(&id) && is_name(&version)).then_some((id, version))
}
