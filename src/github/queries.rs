//! Queries: everything here is read-only.

use anyhow::Context as _;
use futures_util::TryFutureExt as _;
use http::{HeaderMap, HeaderValue, header};
use octocrab::models::repos::{Asset, Release};

use super::GitHub;
use super::error::has_no_commit;
use super::models::{self, Attestations, Repository};
use crate::error::{Failure, Refusal};
use floe_core::model::{Commit, Digest, Tag};
use floe_core::world::{Access, RemoteAsset, RemoteRelease};

impl GitHub {
    /// Whether the repository can be seen, and what the token may do there.
    pub async fn access(&self) -> anyhow::Result<Access> {
        let path = self.path("");
        let found = self.read("the repository", async || self.fetch::<Repository>(&path).await).await?;
        let Some((repository, headers)) = found else {
            let hint = match self.has_token() {
                true => {
                    "check the name, and that the token may see it: `gh repo view`; name another with `--repo owner/name`"
                }
                false => "if it is private, set GITHUB_TOKEN; if the name is wrong, give `--repo owner/name`",
            };
            let failure = Failure::new(format!("GitHub knows no repository `{}`", self.repo));
            return Err(failure.hint(hint).refused(Refusal::Denied).into());
        };
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let scopes = header("x-oauth-scopes").map(|text| {
            text.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        });
        Ok(Access {
            private: repository.private,
            frozen: repository.archived || repository.disabled,
            name: repository.full_name,
            push: repository.permissions.map(|rights| rights.push),
            expires: header("github-authentication-token-expiration").map(str::to_owned),
            scopes,
            branch: repository.default_branch,
            parent: repository.parent.map(|parent| (parent.full_name, parent.default_branch)),
        })
    }

    /// The commit that a tag leads to, through its tag objects; `None` if there is no such tag, or if it leads to no commit.
    pub async fn tag_commit(&self, tag: &Tag) -> anyhow::Result<Option<Commit>> {
        self.commit_of("the tag", &format!("tags/{}", escape(tag.as_str()))).await
    }

    /// The commit that a ref leads to. One request: the ref's own name would be followed by one for each tag object.
    pub(super) async fn commit_of(&self, what: &str, name: &str) -> anyhow::Result<Option<Commit>> {
        const NAME_ONLY: HeaderValue = HeaderValue::from_static("application/vnd.github.sha");
        let path = self.path(&format!("/commits/refs/{name}"));
        let ask = async || {
            let accept = HeaderMap::from_iter([(header::ACCEPT, NAME_ONLY)]);
            let answer = self.crab._get_with_headers(&path, Some(accept)).await?;
            let text = octocrab::map_github_error(answer).and_then(|answer| self.crab.body_to_string(answer));
            match text.await {
                Err(octocrab::Error::GitHub { source, .. }) if has_no_commit(&source) => Ok(None),
                answer => answer.map(Some),
            }
        };
        let Some(commit) = self.read(what, ask).await?.flatten() else { return Ok(None) };
        let wrong = || format!("GitHub's answer for {what} is not the name of a commit");
        commit.trim().parse().ok().with_context(wrong).map(Some)
    }

    /// Every release that can be seen, drafts among them if the token may push. GitHub does not promise that the list
    /// shows all assets of each.
    pub async fn releases(&self) -> anyhow::Result<Vec<RemoteRelease>> {
        let releases = self.list::<Release>("the releases", &self.path("/releases")).await?;
        releases.into_iter().map(models::release).collect()
    }

    /// One release by its number, with the assets that it shows.
    pub async fn release(&self, id: u64) -> anyhow::Result<Option<RemoteRelease>> {
        let release = self.read("the release", async || self.repos().releases().get(id).await).await?;
        release.map(models::release).transpose()
    }

    /// The published release of a tag, with its assets.
    pub async fn published(&self, tag: &Tag) -> anyhow::Result<Option<RemoteRelease>> {
        // octocrab's `get_by_tag` does not percent-encode the tag.
        let path = self.path(&format!("/releases/tags/{}", escape(tag.as_str())));
        let Some(release) = self.get::<Release>("the release", &path).await? else { return Ok(None) };
        let mut release = models::release(release)?;
        release.assets = self.assets(release.id).await?;
        Ok(Some(release))
    }

    /// GitHub's own attestations of the releases that hold a file with this digest. One request.
    pub async fn release_attestations(&self, digest: &Digest) -> anyhow::Result<Vec<Vec<u8>>> {
        let path = self.path(&format!("/attestations/{digest}?per_page=30&predicate_type=release"));
        let found = self.get::<Attestations>("its signature of the release", &path).await?;
        let bundles = found.into_iter().flat_map(|found| found.attestations).filter_map(|one| one.bundle);
        Ok(bundles.map(|bundle| bundle.to_string().into_bytes()).collect())
    }

    /// The assets of a release, all pages of them.
    pub async fn assets(&self, id: u64) -> anyhow::Result<Vec<RemoteAsset>> {
        let path = self.path(&format!("/releases/{id}/assets"));
        self.list::<Asset>("the assets", &path).await?.into_iter().map(models::asset).collect()
    }
}

/// A tag or object name as one segment of a path.
fn escape(part: &str) -> String {
    percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
}
