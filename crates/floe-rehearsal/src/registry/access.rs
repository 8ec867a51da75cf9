//! Who may do what: accounts, visibility, and the Bearer tokens that stand for them (distribution-spec leaves
//! this open; the tokens are those of the Docker registry's token authentication, as GHCR has them).
//!
//! Rights are looked up at each request and never baked into a token: taking one away works at once. Tokens live
//! in memory only; after a restart clients ask for new ones.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::ensure;
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};

use super::error::RegistryError;
use super::route::Name;
use super::{Call, RegistryAccount, Visibility, lock, random_hex};

/// How long a token lives.
pub(super) const LIFETIME: Duration = Duration::from_secs(300);

/// The rights and the tokens of one registry.
pub(super) struct AccessControl {
    token_auth: bool,
    rights: RwLock<Rights>,
    tokens: Mutex<HashMap<String, Grant>>,
}

struct Rights {
    accounts: Vec<RegistryAccount>,
    visibility: Visibility,
}

/// What a token stands for: somebody, and what it was asked for.
#[derive(Clone)]
pub(super) struct Grant {
    /// Nobody, for an anonymous token.
    pub(super) user: Option<String>,
    /// The scopes the token was issued for.
    pub(super) scopes: Vec<TokenScope>,
    /// When it stops to be valid.
    pub(super) until: Instant,
}

/// `repository:<name>:<actions>`.
#[derive(Clone)]
pub(super) struct TokenScope {
    /// The repository.
    pub(super) name: Name,
    /// Whether the token is for pulling.
    pub(super) pull: bool,
    /// Whether the token is for pushing.
    pub(super) push: bool,
}

impl AccessControl {
    /// Fails if a repository in a list is not a valid name.
    pub(super) fn new(
        token_auth: bool,
        accounts: Vec<RegistryAccount>,
        visibility: Visibility,
    ) -> anyhow::Result<Self> {
        accounts.iter().try_for_each(|account| check_names(&account.push))?;
        check_visibility(&visibility)?;
        let rights = RwLock::new(Rights { accounts, visibility });
        Ok(AccessControl { token_auth, rights, tokens: Mutex::default() })
    }

    /// Replaces the push rights of one account.
    pub(super) fn set_push(&self, user: &str, repositories: Vec<String>) -> anyhow::Result<()> {
        check_names(&repositories)?;
        let mut rights = self.rights.write().unwrap_or_else(PoisonError::into_inner);
        let account = rights.accounts.iter_mut().find(|account| account.user == user);
        match account {
            Some(account) => account.push = repositories,
            None => anyhow::bail!("the rehearsal's registry has no account `{user}`"),
        }
        Ok(())
    }

    /// Replaces the visibility.
    pub(super) fn set_visibility(&self, visibility: Visibility) -> anyhow::Result<()> {
        check_visibility(&visibility)?;
        self.rights.write().unwrap_or_else(PoisonError::into_inner).visibility = visibility;
        Ok(())
    }

    /// Forgets every token.
    pub(super) fn revoke_tokens(&self) {
        lock(&self.tokens).clear();
    }

    /// Every token that was issued and not forgotten.
    pub(super) fn issued(&self) -> Vec<String> {
        lock(&self.tokens).keys().cloned().collect()
    }

    /// Any valid token will do: `GET /v2/`.
    pub(super) fn login(&self, call: &Call) -> Result<(), RegistryError> {
        if self.token_auth {
            self.grant(call).ok_or_else(|| challenge(call, None))?;
        }
        Ok(())
    }

    /// Refuses who may not pull: 401 with a challenge, without a token for it or for a stranger who knocks at a
    /// private repository.
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

    /// Refuses who may not push: 401 with a challenge without a token for it, 403 with a token but no right, in
    /// GHCR's words.
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
        let rights = self.rights.read().unwrap_or_else(PoisonError::into_inner);
        let allowed =
            |account: &RegistryAccount| account.push.iter().any(|to| to == "*" || to == name.as_str());
        if rights.accounts.iter().any(|account| account.user == user && allowed(account)) {
            return Ok(());
        }
        Err(RegistryError::new(StatusCode::FORBIDDEN, "DENIED", "permission_denied: write_package"))
    }

    /// Whether a repository may be pulled without an account.
    pub(super) fn is_public(&self, name: &Name) -> bool {
        match &self.rights.read().unwrap_or_else(PoisonError::into_inner).visibility {
            Visibility::Everything => true,
            Visibility::Listed(public) => public.iter().any(|listed| listed == name.as_str()),
        }
    }

    /// The account that has this token; the user's name counts only where one is given.
    pub(super) fn account(&self, user: Option<&str>, token: &str) -> Option<String> {
        let rights = self.rights.read().unwrap_or_else(PoisonError::into_inner);
        let fits = |account: &&RegistryAccount| {
            account.token == token && user.is_none_or(|user| user.eq_ignore_ascii_case(&account.user))
        };
        rights.accounts.iter().find(fits).map(|account| account.user.clone())
    }

    /// Issues a token and forgets those that ran out.
    pub(super) fn issue(&self, user: Option<String>, scopes: Vec<TokenScope>) -> anyhow::Result<String> {
        let token = random_hex(32)?;
        let now = Instant::now();
        let mut tokens = lock(&self.tokens);
        tokens.retain(|_, grant| grant.until > now);
        tokens.insert(token.clone(), Grant { user, scopes, until: now + LIFETIME });
        Ok(token)
    }

    fn grant(&self, call: &Call) -> Option<Grant> {
        let (scheme, token) = call.header(AUTHORIZATION)?.split_once(' ')?;
        let grant = lock(&self.tokens).get(token.trim())?.clone();
        (scheme.eq_ignore_ascii_case("bearer") && grant.until > Instant::now()).then_some(grant)
    }
}

/// 401 with where to get a token, and for what.
fn challenge(call: &Call, scope: Option<&str>) -> RegistryError {
    let host = call.host();
    let scope = scope.map(|scope| format!(r#",scope="{scope}""#)).unwrap_or_default();
    RegistryError::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required")
        .header(WWW_AUTHENTICATE, &format!(r#"Bearer realm="http://{host}/token",service="{host}"{scope}"#))
}

fn check_visibility(visibility: &Visibility) -> anyhow::Result<()> {
    match visibility {
        Visibility::Listed(public) => {
            ensure!(!public.iter().any(|name| name == "*"), "`*` is not a repository; say `Everything`");
            check_names(public)
        }
        Visibility::Everything => Ok(()),
    }
}

fn check_names(names: &[String]) -> anyhow::Result<()> {
    let wrong = names.iter().find(|name| *name != "*" && Name::parse(name).is_err());
    match wrong {
        Some(wrong) => anyhow::bail!("`{wrong}` is not a repository; write it as owner/name in lower case"),
        None => Ok(()),
    }
}
