//! Tokens of a registry: fetched from the token service of its challenge, kept, and renewed when they expire.
//!
//! A secret is sent only to the registry, or to the token service that it names, over TLS or on loopback.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::Request;
use url::Url;

use super::{Registry, said};
use crate::error::Failure;
use crate::net::address;
use crate::net::client::Answer;
use crate::net::retry::AttemptError;
use crate::token::{REGISTRY_TOKEN_VARIABLE, Token};
use floe_core::model::ImageName;

/// No token is longer, in bytes; servers take no longer headers.
const TOKEN_LIMIT: usize = 64 * 1024;

/// The credentials for a registry.
#[derive(Debug, Clone)]
pub struct Credentials {
    user: String,
    token: Token,
}

/// The secret of a request: a token of the registry's own, or the credentials themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bearer {
    Token(Token),
    Basic(String, Token),
}

impl Credentials {
    /// From FLOE_REGISTRY_USER and FLOE_REGISTRY_TOKEN; for GHCR else GitHub's token.
    pub fn from_env(name: &ImageName) -> Option<Self> {
        let own = Token::from_env(REGISTRY_TOKEN_VARIABLE);
        let (user, token) = match own {
            Some(token) => (std::env::var("FLOE_REGISTRY_USER").ok(), token),
            None if name.registry() == "ghcr.io" => (std::env::var("GITHUB_ACTOR").ok(), Token::github()?),
            None => return None,
        };
        // GHCR checks only the token, but requires a user name.
        let user = user.filter(|user| !user.is_empty()).unwrap_or_else(|| "floe".to_owned());
        Some(Credentials { user, token })
    }

    /// A user and a secret.
    pub fn new(user: impl Into<String>, token: Token) -> Self {
        Credentials { user: user.into(), token }
    }

    /// The user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The secret.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Both as they are shown themselves.
    fn basic(&self) -> Bearer {
        Bearer::Basic(self.user.clone(), self.token.clone())
    }
}

impl Bearer {
    /// The header that shows it (RFC 6750, section 2.1; RFC 7617, section 2).
    pub fn header(&self) -> anyhow::Result<HeaderValue> {
        let text = match self {
            Bearer::Token(token) => format!("Bearer {}", token.reveal()),
            Bearer::Basic(user, token) => {
                let both = format!("{user}:{}", token.reveal());
                format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(both))
            }
        };
        let header = HeaderValue::from_str(&text);
        let mut header = header.map_err(|_| anyhow!("the registry's token fits into no header"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

impl Registry {
    /// A new token, for the challenge of a 401 (RFC 6750, section 3; distribution's token specification).
    /// Several requests that are refused at the same time fetch one token.
    pub(super) async fn renew(&self, refused: &Answer, old: Option<&Bearer>) -> Result<Bearer, AttemptError> {
        let mut bearer = self.bearer.lock().await;
        if let Some(new) = bearer.as_ref().filter(|new| Some(*new) != old) {
            return Ok(new.clone());
        }
        if self.credentials.is_some() {
            may_know(&refused.headers, &self.base)?;
        }
        let new = match (Challenge::of(&refused.headers), &self.credentials) {
            (Some(Challenge::Bearer { realm, service }), _) => {
                self.ask_token(&realm, service.as_deref()).await?
            }
            (Some(Challenge::Basic), Some(own)) if old.is_none() => own.basic(),
            _ => return Err(self.refused(refused, "push to")),
        };
        *bearer = Some(new.clone());
        Ok(new)
    }

    async fn ask_token(&self, realm: &str, service: Option<&str>) -> Result<Bearer, AttemptError> {
        let mut url = token_service(realm, &self.base)?;
        let right = if self.credentials.is_some() && !self.pull_only { "pull,push" } else { "pull" };
        url.query_pairs_mut().append_pair("scope", &format!("repository:{}:{right}", self.name.repository()));
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", service);
        }
        let own = self.credentials.as_ref().map(Credentials::basic);
        let answer = self.exchange(Request::new(Method::GET, url), own.as_ref()).await?;
        match answer.status {
            StatusCode::OK => token(&answer.body).map_err(AttemptError::fatal),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if !self.pull_only => {
                let text = format!("the registry `{}` gives no token", self.name.registry());
                let hint = match self.credentials {
                    Some(_) => {
                        "the token is wrong or has expired; GHCR takes the workflow's GITHUB_TOKEN or a classic token with `write:packages`"
                    }
                    None => {
                        "set GITHUB_TOKEN, or FLOE_REGISTRY_USER and FLOE_REGISTRY_TOKEN for another registry"
                    }
                };
                Err(AttemptError::fatal(Failure::new(text).because(anyhow!(said(&answer))).hint(hint).into()))
            }
            _ => Err(self.refused(&answer, "push to")),
        }
    }
}

/// The address of a token service that `registry` names.
fn token_service(realm: &str, registry: &Url) -> anyhow::Result<Url> {
    let check = || {
        // A wrong address is the registry's fault, so the exit code of `address::server` is dropped.
        let url = address::server(realm).map_err(|error| anyhow!("{error:#}"))?;
        let shown = url.origin().ascii_serialization();
        anyhow::ensure!(address::redirect_allowed(registry, &url), "`{shown}` is this machine itself");
        Ok(url)
    };
    let host = registry.host_str().unwrap_or_default();
    check().with_context(|| format!("the registry `{host}` names a token service that is not used"))
}

/// Checks that the token service of a challenge may get the secret for `registry`: it is of the same site, or both are on
/// this machine.
pub fn may_know(headers: &HeaderMap, registry: &Url) -> anyhow::Result<()> {
    let Some(Challenge::Bearer { realm, .. }) = Challenge::of(headers) else { return Ok(()) };
    let service = token_service(&realm, registry)?;
    let both_here = address::is_loopback(&service) && address::is_loopback(registry);
    anyhow::ensure!(
        both_here || address::same_site(&service, registry),
        "the registry `{}` sends the token to another site, `{}`; it does not go there",
        registry.host_str().unwrap_or_default(),
        service.host_str().unwrap_or_default()
    );
    Ok(())
}

fn token(body: &[u8]) -> anyhow::Result<Bearer> {
    let body: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(body).context("the token service's answer is not understood")?;
    let token = ["token", "access_token"].into_iter().find_map(|key| body.get(key)?.as_str());
    let token = token.context("the token service's answer holds no token")?;
    let fits = token.len() <= TOKEN_LIMIT && token.bytes().all(|byte| byte.is_ascii_graphic());
    anyhow::ensure!(
        fits && !token.is_empty(),
        "the token service's answer holds a token that fits into no header"
    );
    Ok(Bearer::Token(Token::from(token.to_owned())))
}

/// The challenge of a registry in `WWW-Authenticate`.
enum Challenge {
    Bearer { realm: String, service: Option<String> },
    Basic,
}

impl Challenge {
    fn of(headers: &HeaderMap) -> Option<Self> {
        Challenge::parse(headers.get(header::WWW_AUTHENTICATE)?.to_str().ok()?)
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
    fn a_challenge_is_read() {
        let header = r#"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull""#;
        let Some(Challenge::Bearer { realm, service }) = Challenge::parse(header) else {
            panic!("not a bearer")
        };
        assert_eq!((realm.as_str(), service.as_deref()), ("https://ghcr.io/token", Some("ghcr.io")));
        assert!(matches!(Challenge::parse("Basic realm=\"x\""), Some(Challenge::Basic)));
        assert!(Challenge::parse("Negotiate").is_none());
    }

    #[test]
    fn no_other_machine_names_a_token_service_on_this_one() {
        let url = |text: &str| Url::parse(text).unwrap();
        for (realm, registry, is_used) in [
            ("https://auth.docker.io/token", "https://registry-1.docker.io", true),
            ("http://127.0.0.1:2/token", "http://127.0.0.1:1", true),
            ("http://127.0.0.1:2/token", "https://ghcr.io", false),
            ("https://localhost/token", "https://ghcr.io", false),
            ("http://ghcr.io/token", "https://ghcr.io", false),
        ] {
            assert_eq!(token_service(realm, &url(registry)).is_ok(), is_used, "{realm} {registry}");
        }
    }
}
