//! Pushing: blobs in one PUT each, manifests by digest, tags last.

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::{Body, Request};
use url::Url;

use super::{Registry, error_part};
use crate::net::body::Upload;
use crate::net::client::HttpResponse;
use crate::net::retry::{AttemptError, RetryPolicy};
use crate::report::Progress;
use floe_core::model::{Blob, Content, Digest};

impl Registry {
    /// Pushes a blob: a session, then one PUT with the whole of it (distribution-spec, "POST then PUT").
    pub async fn push_blob(&self, blob: &Blob, content: &Content, progress: &Progress) -> anyhow::Result<()> {
        let push = async |number: u32| {
            let share = progress.share();
            // After an ambiguous answer the blob may be there already.
            if number > 1 && self.has_blob(&blob.digest).await? {
                progress.add(blob.size);
                return Ok(());
            }
            let session = self.begin_upload(&blob.digest).await?;
            let body = Upload::new(content, blob.size, blob.digest, share.clone()).await?;
            let mut request = Request::new(Method::PUT, session);
            let kind = HeaderValue::from_static("application/octet-stream");
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
            *request.body_mut() = Some(Body::wrap(body));
            self.stored(&self.send(request).await?, &blob.digest)?;
            share.keep();
            Ok(())
        };
        let what = format!("blob {} of `{}`", blob.digest.short(), self.name);
        self.client.retry.run(push).await.with_context(|| format!("failed to push {what}"))
    }

    /// Asks for the right to push by opening an upload session: a registry issues tokens without that right, and
    /// refuses only here (GHCR does). The first blob that is pushed takes the session; if none is,
    /// [`Registry::close`] gives it back.
    pub async fn may_push(&self) -> anyhow::Result<()> {
        let ask = async |_| self.open_session().await;
        let what = format!("the right to push `{}`", self.name);
        let session =
            self.client.retry.run(ask).await.with_context(|| format!("failed to ask for {what}"))?;
        *self.state.session.lock().await = Some(session);
        Ok(())
    }

    /// Cancels the upload session of [`Registry::may_push`], if no blob has used it.
    pub async fn close(&self) {
        let Some(session) = self.state.session.lock().await.take() else { return };
        // Some registries cannot cancel a session; it expires there.
        let _ = self.send(Request::new(Method::DELETE, session)).await;
    }

    /// Opens an upload session, or takes the one that is open, and returns the address to PUT the blob to.
    async fn begin_upload(&self, digest: &Digest) -> Result<Url, AttemptError> {
        let asked = self.state.session.lock().await.take();
        let mut url = if let Some(session) = asked { session } else { self.open_session().await? };
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        Ok(url)
    }

    async fn open_session(&self) -> Result<Url, AttemptError> {
        let request = self.request(Method::POST, "blobs/uploads/")?;
        let asked = request.url().clone();
        let answer = self.send(request).await?;
        if answer.status != StatusCode::ACCEPTED {
            let refused = self.refused(&answer, "push to");
            if answer.status != StatusCode::NOT_FOUND {
                return Err(refused);
            }
            return Err(refused.hint(format!(
                "create the repository `{}` first: not every registry makes it with the first push",
                self.name
            )));
        }
        let location = answer.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = location.context("the registry opened an upload but sent no `Location`")?;
        // A reference without a host is relative to the request (RFC 9110, section 10.2.2).
        let url = asked.join(location).context("the registry's upload location is not a valid URL")?;
        let led =
            self.client.led(&self.base, &url).await.context("the registry's upload location is not used");
        Ok(led?.url)
    }

    /// Pushes a manifest by digest or under a tag. Pushing the same bytes to the same name again changes nothing.
    pub async fn push_manifest(&self, reference: &str, manifest: &Blob, body: &Bytes) -> anyhow::Result<()> {
        let path = format!("manifests/{reference}");
        let kind =
            HeaderValue::from_str(&manifest.media_type).context("the media type of a manifest is invalid")?;
        let push = async |number: u32| {
            if number > 1 && self.manifest(reference).await? == Some(manifest.digest) {
                return Ok(());
            }
            let mut request = self.request(Method::PUT, &path)?;
            request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
            *request.body_mut() = Some(body.clone().into());
            self.stored(&self.send(request).await?, &manifest.digest)
        };
        let what = self.shown(reference);
        self.client.retry.run(push).await.with_context(|| format!("failed to push {what}"))
    }

    /// Judges the answer to content whose digest was computed while it was sent. A registry that doubts it, or the content
    /// that it refers to, may have lost a race with another publisher, or a part of the upload: the next try looks first.
    fn stored(&self, answer: &HttpResponse, digest: &Digest) -> Result<(), AttemptError> {
        const DOUBTS: &str = "BLOB_UNKNOWN BLOB_UPLOAD_INVALID BLOB_UPLOAD_UNKNOWN DIGEST_INVALID MANIFEST_BLOB_UNKNOWN \
                              MANIFEST_UNKNOWN MANIFEST_UNVERIFIED SIZE_INVALID";
        // 201 by the specification; some registries answer 200 or 202.
        if !answer.status.is_success() {
            let refused = self.refused(answer, "push to");
            let code = error_part(&answer.body, "code").unwrap_or_default();
            // 404 to a PUT means that the registry has forgotten the upload session.
            let may_pass =
                answer.status == StatusCode::NOT_FOUND || DOUBTS.split(' ').any(|doubt| doubt == code);
            return Err(match refused.retry {
                RetryPolicy::Never if may_pass => AttemptError { retry: RetryPolicy::Later, ..refused },
                _ => refused,
            });
        }
        // A registry that reports no digest is believed.
        match answer.headers.get("docker-content-digest").and_then(|value| value.to_str().ok()) {
            Some(stored) if stored != digest.to_string() => {
                Err(anyhow!("the registry stored {stored}, but {digest} was sent").into())
            }
            _ => Ok(()),
        }
    }
}
