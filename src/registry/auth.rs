//! Tokens of a registry: fetched from the token service of its challenge, kept, and renewed when they expire.
//!
//! A secret goes to the registry itself, or to a token service of its own site; nowhere else.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::Request;
use url::Url;

use super::{ANSWER_LIMIT, Registry};
use crate::environment::variable;
use crate::error::usage;
use crate::net::address::is_loopback;
use crate::net::client::HttpResponse;
use crate::net::retry::AttemptError;
use crate::net::{secret, words};
use crate::token::{self, Token};
use floe_core::model::ImageName;

/// The limit of a token in bytes, like that of a header in most servers.
const TOKEN_LIMIT: usize = 64 * 1024;

/// A user of a registry and the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    token: Token,
    /// The variable that holds the token.
    variable: &'static str,
}

impl Credentials {
    /// The credentials of the environment for the registry of `image`: FLOE_REGISTRY_USER and FLOE_REGISTRY_TOKEN if that is
    /// the one they are bound to, [`Credentials::host`]; for GHCR else GitHub's token, if the API is github.com's: a token of
    /// another GitHub is not for GHCR.
    pub fn from_env(image: &ImageName, own: &ImageName, api: &str) -> anyhow::Result<Option<Self>> {
        let is_bound = Credentials::host(own)?.eq_ignore_ascii_case(image.registry());
        let is_githubs = image.registry() == "ghcr.io" && has_ghcr(api);
        let own = [("FLOE_REGISTRY_USER", token::REGISTRY)].into_iter().filter(|_| is_bound);
        let githubs = token::GITHUB.map(|name| ("GITHUB_ACTOR", name)).into_iter().filter(|_| is_githubs);
        Ok(own.chain(githubs).find_map(|(user, name)| {
            let token = Token::from_env(name)?;
            // GHCR ignores the user, but requires one.
            let user = variable(user).unwrap_or_else(|| "floe".to_owned());
            Some(Credentials { user, token, variable: name })
        }))
    }

    /// The header that shows them (RFC 7617, section 2).
    fn header(&self) -> anyhow::Result<HeaderValue> {
        let both = format!("{}:{}", self.user, self.token.reveal());
        authorization(&format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(both)))
    }

    /// A clause for hints: it names the variable whose token floe sent, and the user.
    pub(super) fn sent(&self) -> String {
        format!("{} was sent, for the user `{}`", self.variable, self.user)
    }

    /// Whether FLOE_REGISTRY_HOST names the registry of an image.
    pub fn are_named(image: &ImageName) -> bool {
        variable("FLOE_REGISTRY_HOST").is_some_and(|host| host.eq_ignore_ascii_case(image.registry()))
    }

    /// The only registry that FLOE_REGISTRY_TOKEN is sent to: FLOE_REGISTRY_HOST, else that of the project's own image.
    pub fn host(own: &ImageName) -> anyhow::Result<String> {
        let Some(host) = variable("FLOE_REGISTRY_HOST") else { return Ok(own.registry().to_owned()) };
        match format!("{host}/x").parse::<ImageName>() {
            Ok(name) if name.repository() == "x" => Ok(host),
            _ => Err(usage("`FLOE_REGISTRY_HOST` is not a registry's host")
                .hint("write it as in the image's name, such as `registry.example.org` or `registry.example.org:5000`")
                .into()),
        }
    }

    /// A user and a secret, as a workflow has them.
    pub fn new(user: impl Into<String>, token: Token) -> Self {
        Credentials { user: user.into(), token, variable: token::GITHUB[1] }
    }
}

impl Registry {
    /// A new token, for the challenge of a 401 (RFC 6750, section 3; distribution's token specification).
    /// Several requests that are refused at the same time fetch one token.
    pub(super) async fn renew(
        &self,
        refused: &HttpResponse,
        old: Option<&HeaderValue>,
    ) -> Result<HeaderValue, AttemptError> {
        let mut token = self.state.token.lock().await;
        if let Some(new) = token.as_ref().filter(|new| Some(*new) != old) {
            return Ok(new.clone());
        }
        let new = match (Challenge::of(&refused.headers), &self.credentials) {
            (Some(Challenge::Bearer { realm, service }), _) => self.ask_token(&realm, service).await?,
            (Some(Challenge::Basic), Some(own)) if old.is_none() => own.header()?,
            _ => return Err(self.refused(refused, "push to")),
        };
        *token = Some(new.clone());
        Ok(new)
    }

    async fn ask_token(&self, realm: &str, service: Option<String>) -> Result<HeaderValue, AttemptError> {
        let host = self.base.host();
        let url = Url::parse(realm).map_err(|_| {
            anyhow!("the registry `{host}` names a token service at `{}`, which is not a URL", words(realm))
        })?;
        let led = self.client.led(&self.base, &url).await;
        let mut url = led.with_context(|| format!("the token service of `{host}` is not used"))?.url;
        if self.credentials.is_some() && !self.base.is_same_site(&url) {
            let to = url.host_str().unwrap_or_default();
            let text = format!(
                "the registry `{host}` sends the token to another site, `{to}`; it does not go there"
            );
            return Err(anyhow!(text).into());
        }
        let right = if self.credentials.is_some() && !self.pull_only { "pull,push" } else { "pull" };
        url.query_pairs_mut().append_pair("scope", &format!("repository:{}:{right}", self.name.repository()));
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", &service);
        }
        let own = self.credentials.as_ref().map(Credentials::header).transpose()?;
        let answer = self.stream(Request::new(Method::GET, url), own.as_ref()).await?;
        let answer = answer.read(ANSWER_LIMIT).await?;
        match answer.status {
            StatusCode::OK => Ok(token(&answer.body)?),
            _ => Err(self.refused(&answer, "push to")),
        }
    }
}

/// Whether the tokens of a GitHub are GHCR's, too: those of github.com, which a server on this machine may stand for.
fn has_ghcr(api: &str) -> bool {
    Url::parse(api).is_ok_and(|api| api.host_str() == Some("api.github.com") || is_loopback(&api))
}

/// The header with the token of an answer (RFC 6750, section 2.1).
fn token(body: &[u8]) -> anyhow::Result<HeaderValue> {
    let body: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(body).context("the token service's answer cannot be parsed")?;
    let token = ["token", "access_token"].into_iter().find_map(|key| body.get(key)?.as_str());
    let token = token.context("the token service's answer holds no token")?;
    let fits = token.len() <= TOKEN_LIMIT && token.bytes().all(|byte| byte.is_ascii_graphic());
    let text = "the token service's answer contains a token that no HTTP header can hold";
    anyhow::ensure!(fits && !token.is_empty(), text);
    authorization(&format!("Bearer {token}"))
}

fn authorization(text: &str) -> anyhow::Result<HeaderValue> {
    secret(text).context("the registry's token contains a character that no HTTP header can hold")
}

/// The challenge of a registry in `WWW-Authenticate`.
pub enum Challenge {
    /// For a token of this service.
    Bearer {
        /// Its address.
        realm: String,
        /// The registry's name there.
        service: Option<String>,
    },
    /// For the credentials themselves.
    Basic,
}

impl Challenge {
    /// The challenge in an answer.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
        challenges.find_map(|header| Challenge::parse(header.to_str().ok()?))
    }

    fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Challenge::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameter = |name: &str| {
            let start = rest.find(&format!("{name}=\""))? + name.len() + 2;
            rest[start..].split('"').next().map(str::to_owned)
        };
        Some(Challenge::Bearer { realm: parameter("realm")?, service: parameter("service") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_parsed() {
        let header = r#"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull""#;
        let Some(Challenge::Bearer { realm, service }) = Challenge::parse(header) else {
            panic!("not a bearer")
        };
        assert_eq!((realm.as_str(), service.as_deref()), ("https://ghcr.io/token", Some("ghcr.io")));
        assert!(matches!(Challenge::parse("Basic realm=\"x\""), Some(Challenge::Basic)));
        assert!(Challenge::parse("Negotiate").is_none());
    }

    #[test]
    fn ghcr_gets_the_token_of_github_com_alone() {
        for api in
            ["https://api.github.com", "https://api.github.com/", "http://127.0.0.1:8080", "http://[::1]/api"]
        {
            assert!(has_ghcr(api), "{api}");
        }
        for api in [
            "https://github.acme.example/api/v3",
            "https://api.acme.ghe.com",
            "https://api.github.com.example",
            "",
        ] {
            assert!(!has_ghcr(api), "{api}");
        }
    }
}
