//! Acting: notes are asked for, a draft is filled and published. Every change looks first when it is tried again, because a
//! cut connection or a 502 does not say whether the change was made.

use std::sync::PoisonError;

use anyhow::{Context as _, anyhow};
use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use reqwest::Body;
use serde_json::json;

use super::draft::published_meanwhile;
use super::permissions::about_notes;
use super::{GitHub, models, parse};
use crate::error::{Exit, Failure};
use crate::net::body::Upload;
use crate::net::client::Answer;
use crate::net::retry::{AttemptError, RetryPolicy};
use crate::report::Progress;
use floe_core::model::{Asset, Tag};
use floe_core::world::{AssetMatch, RemoteAsset, RemoteRelease};

/// Everything but what RFC 3986, section 2.3, leaves as it is; `+` above all, which a query would read as a space.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
impl GitHub {
    /// What GitHub writes about the changes since `previous`. Stores nothing there.
    ///
    /// # Errors
    /// GitHub cannot be reached or refuses.
    pub async fn generate_notes(&self, tag: &Tag, previous: Option<&Tag>) -> anyhow::Result<String> {
        let body = about_notes(tag, previous);
        // The same was asked a moment ago, to learn whether we may write.
        let asked = self.notes.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((_, notes)) = asked.filter(|(question, _)| *question == body) {
            return Ok(notes);
        }
        let ask = async |_| {
            let path = self.path("/releases/generate-notes");
            let answer = self.paced(self.change(Method::POST, &path, &body)).await?;
            self.expect(answer, StatusCode::OK)
        };
        let answer = self.retry.run(ask).await.context("failed to have GitHub write the notes")?;
        Ok(parse::<models::Notes>(&answer.body)?.body)
    }

    /// Deletes an asset of our own draft. One that is gone already is fine.
    ///
    /// # Errors
    /// GitHub cannot be reached or refuses; or the release is no draft any more, and then nothing is deleted.
    pub async fn delete_asset(&self, draft: &RemoteRelease, id: u64, name: &str) -> anyhow::Result<()> {
        self.still_draft(draft).await?;
        let path = self.path(&format!("/releases/assets/{id}"));
        let delete = async |_| {
            let answer = self.paced(self.send(Method::DELETE, &path, None)).await?;
            match answer.status {
                StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(()),
                _ => Err(self.refuse(answer)),
            }
        };
        self.retry
            .run(delete)
            .await
            .with_context(|| format!("failed to delete the unfinished `{name}` from the draft"))
    }

    /// Uploads an asset to the draft and compares what GitHub says it holds with what was promised.
    ///
    /// # Errors
    /// The file changed meanwhile, GitHub cannot be reached or refuses, or it holds something else.
    pub async fn upload(
        &self,
        draft: &RemoteRelease,
        asset: &Asset,
        progress: &Progress,
    ) -> anyhow::Result<RemoteAsset> {
        let base = draft.upload_url.split('{').next().unwrap_or_default();
        let name = percent_encoding::utf8_percent_encode(&asset.name, UNRESERVED);
        let address = self.own_address(&format!("{base}?name={name}"))?;
        let upload = async |number: u32| {
            if number > 1
                && let Some(there) = self.find_uploaded(draft, asset).await?
            {
                return Ok(there);
            }
            let body = Body::wrap(Upload::asset(asset, progress.clone()).await?);
            let sent = self.send(Method::POST, &address, Some((asset.content_type(), body)));
            let answer = self.paced(sent).await?;
            if answer.status == StatusCode::NOT_FOUND {
                // The draft is gone, or another run has deleted this asset while it was unfinished: look, then decide.
                return Err(AttemptError { retry: RetryPolicy::Later, ..self.refuse(answer) });
            }
            if answer.status == StatusCode::UNPROCESSABLE_ENTITY && models::already_exists(&answer.body) {
                // An earlier try was stored although its answer said otherwise: look, then decide.
                return Err(AttemptError { retry: RetryPolicy::Now, ..self.refuse(answer) });
            }
            let answer = self.expect(answer, StatusCode::CREATED)?;
            let there = self.compare(parse::<models::Asset>(&answer.body)?.into_remote(), asset)?;
            if there.is_public(&draft.tag) {
                return Err(AttemptError::fatal(published_meanwhile(&draft.tag).into()));
            }
            Ok(there)
        };
        let context = || format!("failed to upload `{}` to release `{}`", asset.name, draft.tag);
        self.retry.run(upload).await.with_context(context)
    }

    /// After an ambiguous answer: what is there under the asset's name? The promised bytes are taken, anything else
    /// is deleted so that the next try finds the name free.
    async fn find_uploaded(
        &self,
        draft: &RemoteRelease,
        asset: &Asset,
    ) -> anyhow::Result<Option<RemoteAsset>> {
        let there = self.assets(draft.id).await?.into_iter().find(|there| there.name == asset.name);
        match there {
            Some(there) if there.compare(asset) == AssetMatch::Same => Ok(Some(there)),
            Some(there) => {
                self.delete_asset(draft, there.id, &there.name).await?;
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn compare(&self, there: RemoteAsset, asset: &Asset) -> Result<RemoteAsset, AttemptError> {
        if there.name != asset.name {
            let text = format!("GitHub stored `{}` under another name, `{}`", asset.name, there.name);
            return Err(AttemptError::fatal(anyhow!(text)));
        }
        match there.compare(asset) {
            // Without a digest from the server, what was seen of the file on the way and the size are what there is.
            AssetMatch::Same | AssetMatch::Unproven => Ok(there),
            AssetMatch::Other => {
                let found =
                    there.digest.map_or_else(|| format!("{} bytes", there.size), |digest| digest.to_string());
                let text =
                    format!("GitHub holds {found} for `{}`, but {} was sent", asset.name, asset.digest);
                Err(AttemptError { error: anyhow!(text), retry: RetryPolicy::Later })
            }
        }
    }

    /// Publishes the draft: the commit point.
    ///
    /// # Errors
    /// GitHub cannot be reached or refuses; a refusal of an immutable release's spent tag is said as such.
    pub async fn publish(&self, id: u64, tag: &Tag, latest: bool) -> anyhow::Result<RemoteRelease> {
        let path = self.path(&format!("/releases/{id}"));
        let body = json!({
            "tag_name": tag,
            "draft": false,
            "prerelease": tag.is_prerelease(),
            "make_latest": if latest { "true" } else { "false" },
        });
        let publish = async |number: u32| {
            if number > 1
                && let Some(release) = self.release(id).await?
                && !release.draft
            {
                return Ok(release);
            }
            let answer = self.paced(self.change(Method::PATCH, &path, &body)).await?;
            if is_spent(&answer) {
                let refused = self.refuse(answer);
                let hint = "this version's tag belonged to an immutable release and is spent for ever: raise the version and release that";
                return Err(AttemptError::fatal(
                    Failure::new("the tag cannot be used again").because(refused.error).hint(hint).into(),
                ));
            }
            if answer.status == StatusCode::UNPROCESSABLE_ENTITY && models::already_exists(&answer.body) {
                let taken = Failure::new("another release of the tag has been published meanwhile")
                    .because(self.refuse(answer).error)
                    .hint("run the same command again: it tells whether that one is this release")
                    .exit(Exit::Conflicts);
                return Err(AttemptError::fatal(taken.into()));
            }
            let answer = self.expect(answer, StatusCode::OK)?;
            Ok(parse::<models::Release>(&answer.body)?.into_remote())
        };
        self.retry.run(publish).await.with_context(|| format!("failed to publish release `{tag}`"))
    }

    /// Makes a change within the pace.
    pub(super) async fn paced(
        &self,
        change: impl Future<Output = Result<Answer, AttemptError>>,
    ) -> Result<Answer, AttemptError> {
        let _leave = self.limiter.acquire().await?;
        change.await
    }

    pub(super) fn expect(&self, answer: Answer, wanted: StatusCode) -> Result<Answer, AttemptError> {
        if answer.status == wanted { Ok(answer) } else { Err(self.refuse(answer)) }
    }

    pub(super) fn refuse(&self, answer: Answer) -> AttemptError {
        let refused = self.refused(answer);
        self.limiter.learn(&refused);
        refused
    }
}

/// GitHub's words for a tag that an immutable release has used up.
fn is_spent(answer: &Answer) -> bool {
    let text = String::from_utf8_lossy(&answer.body);
    let spent = ["used by an immutable release", "creations being restricted", "must have a valid tag"];
    answer.status == StatusCode::UNPROCESSABLE_ENTITY && spent.iter().any(|words| text.contains(words))
}
