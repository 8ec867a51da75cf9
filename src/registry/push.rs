//! Pushing: blobs in one PUT each, manifests by digest, tags last.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::{Body, Request};
use url::Url;

use super::Registry;
use super::auth::Bearer;
use crate::net::address;
use crate::net::body::Upload;
use crate::net::client::Answer;
use crate::net::retry::{AttemptError, RetryPolicy};
use crate::report::Progress;
use floe_core::model::{Blob, Digest};

impl Registry {
    /// Pushes a blob from a file: a session, then one PUT with the whole of it (distribution-spec, "POST then PUT").
    pub async fn push_blob(&self, blob: &Blob, file: &Path, progress: &Progress) -> anyhow::Result<()> {
        let push = async |number: u32| {
            // After an ambiguous answer the blob may be there already.
            if number > 1 && self.has_blob(&blob.digest).await? {
                return Ok(());
            }
            let session = self.begin_upload(&blob.digest).await?;
            let token = self.bearer_for(&session).await;
            let body = Upload::file(file, blob.size, blob.digest, progress.clone()).await?;
            let mut request = Request::new(Method::PUT, session);
            let kind = HeaderValue::from_static("application/octet-stream");
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
            *request.body_mut() = Some(Body::wrap(body));
            let answer = self.exchange(request, token.as_ref()).await?;
            match answer.status {
                StatusCode::CREATED => self.compare(&answer, &blob.digest),
                // The token ran out between the two requests; the next try renews it.
                StatusCode::UNAUTHORIZED => {
                    self.renew(&answer, token.as_ref()).await?;
                    Err(AttemptError { retry: RetryPolicy::Now, ..self.refused(&answer, "push to") })
                }
                // The registry has forgotten the session, or closed it; the next try opens another.
                StatusCode::NOT_FOUND => {
                    Err(AttemptError { retry: RetryPolicy::Later, ..self.refused(&answer, "push to") })
                }
                _ => Err(self.refused(&answer, "push to")),
            }
        };
        let what = format!("blob {} of `{}`", blob.digest.short(), self.name);
        self.retry.run(push).await.with_context(|| format!("failed to push {what}"))
    }

    /// Checks the permission to push by opening an upload session: a registry may issue a token without that permission, and
    /// refuse only here (GHCR does). The first blob that is pushed uses the session; if there is none,
    /// [`Registry::close`] cancels it.
    pub async fn may_push(&self) -> anyhow::Result<()> {
        let ask = async |_| self.open_session().await;
        let what = format!("the right to push `{}`", self.name);
        let session = self.retry.run(ask).await.with_context(|| format!("failed to ask for {what}"))?;
        *self.session.lock().await = Some(session);
        Ok(())
    }

    /// Cancels the upload session of [`Registry::may_push`], if no blob has used it.
    pub async fn close(&self) {
        let Some(session) = self.session.lock().await.take() else { return };
        let token = self.bearer_for(&session).await;
        // Not every registry can cancel a session; an unused one expires.
        let _ = self.exchange(Request::new(Method::DELETE, session), token.as_ref()).await;
    }

    /// Opens an upload session, or uses the open one, and returns the URL to PUT the blob to.
    async fn begin_upload(&self, digest: &Digest) -> Result<Url, AttemptError> {
        let asked = self.session.lock().await.take();
        let mut url = match asked {
            Some(session) => session,
            None => self.open_session().await?,
        };
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        Ok(url)
    }

    async fn open_session(&self) -> Result<Url, AttemptError> {
        let answer = self.send(Method::POST, "blobs/uploads/", |_| {}).await?;
        if answer.status != StatusCode::ACCEPTED {
            return Err(self.refused(&answer, "push to"));
        }
        let location = answer.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = location.context("the registry opened an upload but sent no `Location`")?;
        let url = self.base.join(location).context("the registry's upload location is not a valid URL")?;
        if !address::redirect_allowed(&self.base, &url) {
            // Without the query, which may be signed.
            let host = url.host_str().unwrap_or_default();
            let text = format!(
                "the registry redirects the upload to `{}://{host}`, which is not used",
                url.scheme()
            );
            return Err(AttemptError::fatal(anyhow!(text)));
        }
        Ok(url)
    }

    /// The token, if the URL belongs to the registry itself. Some registries accept uploads on another host, with signed
    /// URLs; the token is not sent there.
    async fn bearer_for(&self, address: &Url) -> Option<Bearer> {
        if address.origin() != self.base.origin() {
            return None;
        }
        self.bearer.lock().await.clone()
    }

    /// Pushes a manifest by digest or under a tag. Pushing the same bytes to the same name again changes nothing.
    pub async fn push_manifest(&self, reference: &str, manifest: &Blob, body: &Bytes) -> anyhow::Result<()> {
        let path = format!("manifests/{reference}");
        let kind =
            HeaderValue::from_str(&manifest.media_type).context("the media type of a manifest is invalid")?;
        let push = async |_| {
            let build = |request: &mut Request| {
                request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
                *request.body_mut() = Some(body.clone().into());
            };
            let answer = self.send(Method::PUT, &path, build).await?;
            match answer.status {
                StatusCode::CREATED => self.compare(&answer, &manifest.digest),
                _ => Err(self.refused(&answer, "push to")),
            }
        };
        let what = self.shown(reference);
        self.retry.run(push).await.with_context(|| format!("failed to push {what}"))
    }

    /// Compares the digest that the registry reports with the one that was sent. Without a reported digest, the push counts as
    /// successful.
    fn compare(&self, answer: &Answer, digest: &Digest) -> Result<(), AttemptError> {
        let stored = answer.headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
        match stored {
            Some(stored) if stored != digest.to_string() => {
                Err(AttemptError::fatal(anyhow!("the registry stored {stored}, but {digest} was sent")))
            }
            _ => Ok(()),
        }
    }
}
