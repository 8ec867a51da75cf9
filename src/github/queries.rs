//! Queries: everything here is read-only.

use anyhow::Context as _;
use octocrab::models::repos::{Asset, Release};

use super::GitHub;
use super::models::{self, Attestations, Object, Pointer, Repository};
use crate::error::{Failure, Refusal};
use floe_core::model::{Commit, Digest, Tag};
use floe_core::parallel::lock;
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

    /// The commit a tag peels to; `None` if there is no such tag.
    pub async fn tag_commit(&self, tag: &Tag) -> anyhow::Result<Option<Commit>> {
        let path = self.path(&format!("/git/ref/tags/{}", escape(tag.as_str())));
        let Some(Pointer { mut object }) = self.get("the tag", &path).await? else { return Ok(None) };
        // A tag may point to another tag; more than eight of them are a mistake or an attack.
        for _ in 0..8 {
            let absent = || format!("tag `{tag}` points to a tag that is not there");
            object = match &*object.kind {
                "commit" => return object.sha.parse().map(Some).map_err(anyhow::Error::msg),
                "tag" => self.tag_object(&object.sha).await?.with_context(absent)?,
                kind => anyhow::bail!("tag `{tag}` points to a {kind}, not to a commit"),
            };
        }
        anyhow::bail!("tag `{tag}` points to a chain of more than eight tags")
    }

    /// The object that a tag object points to. It is read once: its own name is the digest of its content.
    async fn tag_object(&self, name: &str) -> anyhow::Result<Option<Object>> {
        if let Some(known) = lock(&self.tag_objects).get(name) {
            return Ok(Some(known.clone()));
        }
        let path = self.path(&format!("/git/tags/{}", escape(name)));
        let Some(Pointer { object }) = self.get("the tag", &path).await? else { return Ok(None) };
        lock(&self.tag_objects).insert(name.to_owned(), object.clone());
        Ok(Some(object))
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
