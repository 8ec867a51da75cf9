//! Looking: everything here is read-only.

use anyhow::Context as _;

use url::Url;

use super::{GitHub, models, parse};
use crate::error::Failure;
use crate::net::address;
use floe_core::model::{Commit, Tag};
use floe_core::world::{Access, RemoteAsset, RemoteRelease};

impl GitHub {
    /// Whether the repository can be seen, and what the token may do there.
    ///
    /// # Errors
    /// It does not exist or cannot be seen, the token is wrong, or GitHub cannot be reached.
    pub async fn access(&self) -> anyhow::Result<Access> {
        let Some(answer) = self.ask("the repository", &self.path("")).await? else {
            let hint = match self.has_token() {
                true => {
                    "check the name, and that the token may see it: `gh repo view`; name another with `--repo owner/name`"
                }
                false => "if it is private, set GITHUB_TOKEN; if the name is wrong, give `--repo owner/name`",
            };
            return Err(Failure::new(format!("GitHub knows no repository `{}`", self.repo()))
                .hint(hint)
                .into());
        };
        let repository: models::Repository =
            parse(&answer.body).context("GitHub's answer about the repository is not understood")?;
        let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
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
        })
    }

    /// The commit a tag peels to; `None` if there is no such tag.
    ///
    /// # Errors
    /// GitHub cannot be reached, or what the tag points to is not a commit.
    pub async fn tag_commit(&self, tag: &Tag) -> anyhow::Result<Option<Commit>> {
        let path = self.path(&format!("/git/ref/tags/{}", escape(tag.as_str())));
        let Some(reference) = self.get::<models::GitRef>("the tag", &path).await? else { return Ok(None) };
        let mut object = reference.object;
        // A tag may point to a tag; nobody nests them deeper than this on purpose.
        for _ in 0..8 {
            match object.kind.as_str() {
                "commit" => return object.sha.parse().map(Some).map_err(anyhow::Error::msg),
                "tag" => {
                    let path = self.path(&format!("/git/tags/{}", escape(&object.sha)));
                    let peeled = self.get::<models::GitRef>("the tag", &path).await?;
                    object = peeled
                        .with_context(|| format!("tag `{tag}` points to a tag that is not there"))?
                        .object;
                }
                kind => anyhow::bail!("tag `{tag}` points to a {kind}, not to a commit"),
            }
        }
        anyhow::bail!("tag `{tag}` points to tags that point to tags without an end")
    }

    /// Every release that can be seen: drafts too, if the token may push. Their assets are those that the list shows;
    /// that it shows all of them GitHub promises nowhere.
    ///
    /// # Errors
    /// GitHub cannot be reached or refuses.
    pub async fn releases(&self) -> anyhow::Result<Vec<RemoteRelease>> {
        let releases = self.get_all::<models::Release>("the releases", &self.path("/releases")).await?;
        Ok(releases.unwrap_or_default().into_iter().map(models::Release::into_remote).collect())
    }

    /// One release by its number, with the assets that it shows.
    ///
    /// # Errors
    /// GitHub cannot be reached or refuses.
    pub async fn release(&self, id: u64) -> anyhow::Result<Option<RemoteRelease>> {
        let release =
            self.get::<models::Release>("the release", &self.path(&format!("/releases/{id}"))).await?;
        Ok(release.map(models::Release::into_remote))
    }

    /// The published release of a tag, with its assets.
    ///
    /// # Errors
    /// GitHub cannot be reached or refuses.
    pub async fn published(&self, tag: &Tag) -> anyhow::Result<Option<RemoteRelease>> {
        let path = self.path(&format!("/releases/tags/{}", escape(tag.as_str())));
        let Some(release) = self.get::<models::Release>("the release", &path).await? else { return Ok(None) };
        let mut release = release.into_remote();
        release.assets = self.assets(release.id).await?;
        Ok(Some(release))
    }

    /// The assets of a release, all pages of them.
    ///
    /// # Errors
    /// GitHub cannot be reached or refuses.
    pub async fn assets(&self, id: u64) -> anyhow::Result<Vec<RemoteAsset>> {
        let path = self.path(&format!("/releases/{id}/assets"));
        let assets = self.get_all::<models::Asset>("the assets", &path).await?;
        Ok(assets.unwrap_or_default().into_iter().map(models::Asset::into_remote).collect())
    }
}

impl GitHub {
    /// An address for everybody that GitHub gave, if it may be gone to.
    ///
    /// # Errors
    /// It is no address, is not reached over TLS, or leads into this machine.
    pub fn address_of(&self, address: &str) -> anyhow::Result<Url> {
        let url =
            Url::parse(address).with_context(|| format!("GitHub gave `{address}`, which is no address"))?;
        anyhow::ensure!(
            address::redirect_allowed(&self.api, &url),
            "GitHub gave an address at `{}://{}`, which is not used",
            url.scheme(),
            url.host_str().unwrap_or_default()
        );
        Ok(url)
    }

    /// Where an asset of a private repository is downloaded, with a token.
    pub fn asset_address(&self, id: u64) -> anyhow::Result<Url> {
        self.url_of(&self.path(&format!("/releases/assets/{id}")))
    }
}

/// A tag or object name as one part of a path.
fn escape(part: &str) -> String {
    percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
}
