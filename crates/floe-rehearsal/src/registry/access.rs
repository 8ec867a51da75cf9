//! Authorisation: accounts, public repositories and Bearer tokens. The distribution-spec leaves it open; this is the
//! Docker registry's token authentication, as GHCR has it.
//!
//! Rights are looked up for each request and are not part of a token, so a change applies at once. Tokens live in memory
//! only; after a restart clients request new ones.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};

use super::error::RegistryError;
use super::route::Name;
use super::{Call, RegistryAccount, Visibility};
use crate::basics::{lock, random_hex};

/// The lifetime of a token.
pub(super) const LIFETIME: Duration = Duration::from_secs(300);

pub(super) struct AccessControl {
    token_auth: bool,
    rights: Mutex<Rights>,
    tokens: Mutex<HashMap<String, Grant>>,
}

struct Rights {
    accounts: Vec<RegistryAccount>,
    visibility: Visibility,
}

#[derive(Clone)]
struct Grant {
    /// `None` for an anonymous token.
    user: Option<String>,
    scopes: Vec<TokenScope>,
    expires: Instant,
}

/// `repository:<name>:<actions>`
#[derive(Clone)]
pub(super) struct TokenScope {
    pub(super) name: Name,
    pub(super) pull: bool,
    pub(super) push: bool,
}

impl AccessControl {
    pub(super) fn new(
        token_auth: bool,
        accounts: Vec<RegistryAccount>,
        visibility: Visibility,
    ) -> anyhow::Result<Self> {
        accounts.iter().try_for_each(|account| check_names(&account.push))?;
        check_visibility(&visibility)?;
        let rights = Mutex::new(Rights { accounts, visibility });
        Ok(AccessControl { token_auth, rights, tokens: Mutex::default() })
    }

    pub(super) fn set_push(&self, user: &str, repositories: Vec<String>) -> anyhow::Result<()> {
        check_names(&repositories)?;
        match lock(&self.rights).accounts.iter_mut().find(|account| account.user == user) {
            Some(account) => account.push = repositories,
            None => bail!("the embedded registry has no account `{user}`"),
        }
        Ok(())
    }

    pub(super) fn set_visibility(&self, visibility: Visibility) -> anyhow::Result<()> {
        check_visibility(&visibility)?;
        lock(&self.rights).visibility = visibility;
        Ok(())
    }

    pub(super) fn revoke_tokens(&self) {
        lock(&self.tokens).clear();
    }

    pub(super) fn issued(&self) -> Vec<String> {
        lock(&self.tokens).keys().cloned().collect()
    }

    /// `GET /v2/` needs any valid token.
    pub(super) fn login(&self, call: &Call) -> Result<(), RegistryError> {
        if self.token_auth {
            self.grant(call).ok_or_else(|| challenge(call, None))?;
        }
        Ok(())
    }

    /// Checks the right to pull. The error is 401 with a challenge, also for an anonymous token of a repository that
    /// has become private.
    pub(super) fn pull(&self, call: &Call, name: &Name) -> Result<(), RegistryError> {
        if !self.token_auth {
            return Ok(());
        }
        let refuse = || challenge(call, Some(&format!("repository:{name}:pull")));
        let grant = self.grant(call).ok_or_else(refuse)?;
        let covered = grant.scopes.iter().any(|scope| scope.pull && scope.name == *name);
        if covered && (grant.user.is_some() || self.is_public(name)) {
            return Ok(());
        }
        Err(refuse())
    }

    /// Checks the right to push. The error is 401 with a challenge if the token does not cover it, and 403 with GHCR's
    /// message if the account lacks the right.
    pub(super) fn push(&self, call: &Call, name: &Name) -> Result<(), RegistryError> {
        if !self.token_auth {
            return Ok(());
        }
        let refuse = || challenge(call, Some(&format!("repository:{name}:pull,push")));
        let grant = self.grant(call).ok_or_else(refuse)?;
        let user = grant.user.ok_or_else(refuse)?;
        if !grant.scopes.iter().any(|scope| scope.push && scope.name == *name) {
            return Err(refuse());
        }
        let allowed =
            |account: &RegistryAccount| account.push.iter().any(|to| to == "*" || to == name.as_str());
        if lock(&self.rights).accounts.iter().any(|account| account.user == user && allowed(account)) {
            return Ok(());
        }
        Err(RegistryError::new(StatusCode::FORBIDDEN, "DENIED", "permission_denied: write_package"))
    }

    /// Whether a repository may be pulled without an account.
    pub(super) fn is_public(&self, name: &Name) -> bool {
        match &lock(&self.rights).visibility {
            Visibility::Everything => true,
            Visibility::Listed(public) => public.iter().any(|listed| listed == name.as_str()),
        }
    }

    /// The account with this user name and token.
    pub(super) fn authenticate(&self, user: &str, token: &str) -> Option<String> {
        let matches =
            |account: &&RegistryAccount| account.token == token && user.eq_ignore_ascii_case(&account.user);
        lock(&self.rights).accounts.iter().find(matches).map(|account| account.user.clone())
    }

    /// Issues a token and drops expired ones.
    pub(super) fn issue(&self, user: Option<String>, scopes: Vec<TokenScope>) -> anyhow::Result<String> {
        let token = random_hex(32)?;
        let now = Instant::now();
        let mut tokens = lock(&self.tokens);
        tokens.retain(|_, grant| grant.expires > now);
        tokens.insert(token.clone(), Grant { user, scopes, expires: now + LIFETIME });
        Ok(token)
    }

    fn grant(&self, call: &Call) -> Option<Grant> {
        let (scheme, token) = call.header(AUTHORIZATION)?.split_once(' ')?;
        let grant = lock(&self.tokens).get(token.trim())?.clone();
        (scheme.eq_ignore_ascii_case("bearer") && grant.expires > Instant::now()).then_some(grant)
    }
}

/// 401 with the address of the token endpoint and the scope to request there.
fn challenge(call: &Call, scope: Option<&str>) -> RegistryError {
    let host = call.host();
    let scope = scope.map(|scope| format!(r#",scope="{scope}""#)).unwrap_or_default();
    RegistryError::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required")
        .header(WWW_AUTHENTICATE, &format!(r#"Bearer realm="http://{host}/token",service="{host}"{scope}"#))
}

fn check_visibility(visibility: &Visibility) -> anyhow::Result<()> {
    let Visibility::Listed(public) = visibility else { return Ok(()) };
    ensure!(!public.iter().any(|name| name == "*"), "`*` is not a repository; use `Visibility::Everything`");
    check_names(public)
}

fn check_names(names: &[String]) -> anyhow::Result<()> {
    match names.iter().find(|name| *name != "*" && Name::parse(name).is_err()) {
        Some(wrong) => bail!("`{wrong}` is not a repository; write it as owner/name in lower case"),
        None => Ok(()),
    }
}
