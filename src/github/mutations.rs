//! Mutations: a draft is filled and published. Each repeated change looks first, because a cut
//! connection or a 502 does not say whether the change was made.

use anyhow::{Context as _, anyhow};
use http::{Request, StatusCode, header};
use octocrab::models::repos;
use octocrab::repos::releases::MakeLatest;
use octocrab::{FromResponse as _, OctoBody};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use super::draft::published_meanwhile;
use super::error::{already_exists, is_status};
use super::{GitHub, models};
use crate::error::{Exit, Failure};
use crate::net::body::Upload;
use crate::net::retry::{AttemptError, RetryPolicy};
use crate::report::Progress;
use floe_core::model::{Asset, Tag};
use floe_core::world::{AssetMatch, RemoteAsset, RemoteRelease};

/// All but the unreserved characters of RFC 3986, section 2.3; above all `+`, which means a space in a query.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl GitHub {
    /// Deletes an asset of our own draft. It is no error if it is gone already.
    pub async fn delete_asset(&self, draft: &RemoteRelease, id: u64, name: &str) -> anyhow::Result<()> {
        self.still_draft(draft).await?;
        self.delete(&self.path(&format!("/releases/assets/{id}")))
            .await
            .with_context(|| format!("failed to delete the unfinished `{name}` from the draft"))
    }

    /// Sends a DELETE; 404 means that the thing is gone. octocrab's own routes to delete ignore the answer.
    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        let delete = async || octocrab::map_github_error(self.crab._delete(path, None::<&()>).await?).await;
        let attempt = async |_| match self.change(delete()).await? {
            answer if is_status(&answer, StatusCode::NOT_FOUND) => Ok(()),
            answer => answer.map(drop).map_err(|error| self.judge(error)),
        };
        self.retry().run(attempt).await
    }

    /// Uploads an asset to the draft and compares what GitHub says it holds with what was promised.
    pub async fn upload(
        &self,
        draft: &RemoteRelease,
        asset: &Asset,
        progress: &Progress,
    ) -> anyhow::Result<RemoteAsset> {
        let base = draft.upload_url.split('{').next().unwrap_or_default();
        let name = percent_encoding::utf8_percent_encode(&asset.name, RESERVED);
        let address = self.service.own_url(&format!("{base}?name={name}"))?;
        let attempt = async |number: u32| {
            if number > 1
                && let Some(there) = self.find_uploaded(draft, asset).await?
            {
                progress.add(asset.size);
                return Ok(there);
            }
            let share = progress.share();
            let body = Upload::new(&asset.content, asset.size, asset.digest, share.clone()).await?;
            let request = Request::post(address.as_str())
                .header(header::CONTENT_TYPE, asset.content_type())
                .body(OctoBody::new(body))
                .map_err(anyhow::Error::from)?;
            let answer = self.change(self.send_asset(request)).await?;
            let there = answer.map_err(|error| {
                let octocrab::Error::GitHub { source, .. } = &error else { return self.judge(error) };
                let retry = match source.status_code {
                    // The draft is gone, or another run has deleted this asset while it was unfinished: look, then decide.
                    // 400 means that the upload did not arrive whole ("Bad Size"): the request itself is well-formed.
                    StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => Some(RetryPolicy::Later),
                    // An earlier try was stored although its answer said otherwise: look, then decide.
                    _ => already_exists(source).then_some(RetryPolicy::Now),
                };
                let judged = self.judge(error);
                AttemptError { retry: retry.unwrap_or(judged.retry), ..judged }
            })?;
            let there = self.compare(models::asset(there)?, asset)?;
            if there.is_public(&draft.tag) {
                return Err(AttemptError::fatal(published_meanwhile(&draft.tag)));
            }
            share.keep();
            Ok(there)
        };
        let context = || format!("failed to upload `{}` to release `{}`", asset.name, draft.tag);
        self.retry().run(attempt).await.with_context(context)
    }

    /// octocrab's `upload_asset` would hold the whole file in memory.
    async fn send_asset(&self, request: Request<OctoBody>) -> octocrab::Result<repos::Asset> {
        let answer = octocrab::map_github_error(self.crab.execute(request).await?).await?;
        repos::Asset::from_response(answer).await
    }

    /// The asset that GitHub holds under the name after an ambiguous answer. The promised bytes are kept, anything else is
    /// deleted so that the next try finds the name free.
    async fn find_uploaded(
        &self,
        draft: &RemoteRelease,
        asset: &Asset,
    ) -> anyhow::Result<Option<RemoteAsset>> {
        let mut assets = self.assets(draft.id).await?.into_iter();
        let Some(there) = assets.find(|there| there.name == asset.name) else { return Ok(None) };
        if there.compare(asset) == AssetMatch::Same {
            return Ok(Some(there));
        }
        self.delete_asset(draft, there.id, &there.name).await?;
        Ok(None)
    }

    fn compare(&self, there: RemoteAsset, asset: &Asset) -> Result<RemoteAsset, AttemptError> {
        if there.name != asset.name {
            let text = format!("GitHub stored `{}` under another name, `{}`", asset.name, there.name);
            return Err(AttemptError::fatal(anyhow!(text)));
        }
        match there.compare(asset) {
            // Without a digest from the server there are the size, and the digest of what was sent.
            AssetMatch::Same | AssetMatch::Unproven => Ok(there),
            AssetMatch::Other => {
                let found =
                    there.digest.map_or_else(|| format!("{} bytes", there.size), |digest| digest.to_string());
                let text =
                    format!("GitHub holds {found} for `{}`, but {} was sent", asset.name, asset.digest);
                Err(AttemptError::later(anyhow!(text)))
            }
        }
    }

    /// Publishes the draft: the commit point.
    pub async fn publish(&self, id: u64, tag: &Tag, latest: bool) -> anyhow::Result<RemoteRelease> {
        let latest = if latest { MakeLatest::True } else { MakeLatest::False };
        let publish = async || {
            let repos = self.repos();
            let releases = repos.releases();
            let update = releases.update(id).tag_name(tag.as_str()).draft(false);
            update.prerelease(tag.is_prerelease()).make_latest(latest).send().await
        };
        let attempt = async |number: u32| {
            if number > 1
                && let Some(release) = self.release(id).await?
                && !release.draft
            {
                return Ok(release);
            }
            match self.change(publish()).await? {
                Ok(release) => Ok(models::release(release)?),
                Err(octocrab::Error::GitHub { source, .. }) if already_exists(&source) => {
                    let taken = Failure::new("another release of the tag has been published meanwhile")
                        .because(self.refusal(&source).error)
                        .hint("run the same command again: it says whether that one is this release")
                        .exit(Exit::Conflicts);
                    Err(AttemptError::fatal(taken))
                }
                Err(error) => Err(self.judge_release(error)),
            }
        };
        self.retry().run(attempt).await.with_context(|| format!("failed to publish release `{tag}`"))
    }
}
