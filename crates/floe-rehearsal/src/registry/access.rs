//! Authorisation: accounts, public repositories and Bearer tokens. The distribution-spec leaves it open; this is the
//! Docker registry's token authentication, as GHCR has it.
//!
//! Rights are looked up for each request and are not part of a token, so a change applies at once. Tokens live in memory
//! only; after a restart clients request new ones.

use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_core::parallel::lock;
use http::StatusCode;
use http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use serde_json::json;

use super::error::RegistryError;
use super::{Call, HandlerResult, RegistryAccount, Shared};
use crate::random_hex;

/// The lifetime of a token in seconds, as clients are told. Tokens are valid until they are revoked.
const LIFETIME: u64 = 300;

#[derive(Clone)]
pub(super) struct Grant {
    /// `None` for an anonymous token.
    user: Option<String>,
    scopes: Vec<TokenScope>,
}

/// `repository:<name>:<actions>`
#[derive(Clone)]
struct TokenScope {
    name: String,
    pull: bool,
    push: bool,
}

impl Shared {
    /// `GET /v2/` needs any valid token.
    pub(super) fn login(&self, call: &Call) -> Result<(), RegistryError> {
        self.grant(call).map(drop).ok_or_else(|| challenge(call, None))
    }

    /// Checks the right to pull or to push. The error is 401 with a challenge if the token does not cover it, also if it is an
    /// anonymous one and the repository has become private; and 403 with GHCR's message if the account may not push.
    pub(super) fn check(&self, call: &Call, name: &str, push: bool) -> Result<(), RegistryError> {
        let actions = if push { "pull,push" } else { "pull" };
        let refuse = || challenge(call, Some(&format!("repository:{name}:{actions}")));
        let grant = self.grant(call).ok_or_else(refuse)?;
        let covers = |scope: &TokenScope| scope.name == name && if push { scope.push } else { scope.pull };
        let is_known = grant.user.is_some() || (!push && self.is_public(name));
        if !is_known || !grant.scopes.iter().any(covers) {
            return Err(refuse());
        }
        let is_allowed = |account: &RegistryAccount| {
            grant.user.as_ref() == Some(&account.user) && lists(&account.push, name)
        };
        if push && !lock(&self.options).accounts.iter().any(is_allowed) {
            return Err(denied("permission_denied: write_package"));
        }
        Ok(())
    }

    /// Whether a repository may be pulled without an account.
    fn is_public(&self, name: &str) -> bool {
        lists(&lock(&self.options).public, name)
    }

    /// The account with this token. GHCR ignores the user name, but requires one.
    fn authenticate(&self, user: &str, token: &str) -> Option<String> {
        let options = lock(&self.options);
        let account = options.accounts.iter().find(|account| account.token == token && !user.is_empty());
        account.map(|account| account.user.clone())
    }

    fn grant(&self, call: &Call) -> Option<Grant> {
        let (scheme, token) = call.header(AUTHORIZATION)?.split_once(' ')?;
        let grant = lock(&self.tokens).get(token.trim())?.clone();
        scheme.eq_ignore_ascii_case("bearer").then_some(grant)
    }
}

/// Whether a list of repositories has this one. `*` stands for all.
fn lists(repositories: &[String], name: &str) -> bool {
    repositories.iter().any(|one| one == "*" || one == name)
}

/// 401 with the address of the token endpoint and the scope to request there.
fn challenge(call: &Call, scope: Option<&str>) -> RegistryError {
    let host = call.host();
    let scope = scope.map(|scope| format!(r#",scope="{scope}""#)).unwrap_or_default();
    RegistryError::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required")
        .header(WWW_AUTHENTICATE, &format!(r#"Bearer realm="http://{host}/token",service="{host}"{scope}"#))
}

/// `GET /token` with Basic credentials or none, as docker, skopeo and oci-client use it.
///
/// Like GHCR it issues a token for any scope that an account requests; a missing right is reported by the upload. Wrong
/// credentials get 403 `DENIED`, and so do anonymous requests for a private or absent repository.
pub(super) fn token(shared: &Shared, call: &Call) -> HandlerResult {
    let scopes: Vec<TokenScope> = call.queries("scope").flat_map(|scope| parse_scopes(&scope)).collect();
    let user = match call.header(AUTHORIZATION) {
        Some(header) => {
            let user = basic(header).and_then(|(user, token)| shared.authenticate(&user, &token));
            Some(user.ok_or_else(|| denied("denied"))?)
        }
        None if scopes.iter().all(|scope| shared.is_public(&scope.name)) => None,
        None => return Err(denied("requested access to the resource is denied")),
    };
    let token = random_hex(32)?;
    lock(&shared.tokens).insert(token.clone(), Grant { user, scopes });
    let body = json!({ "token": token, "access_token": token, "expires_in": LIFETIME });
    Ok(([(CACHE_CONTROL, "no-store")], axum::Json(body)).into_response())
}

/// Parses scopes separated by spaces. Those of other types are left out, so the token does not cover them.
fn parse_scopes(text: &str) -> Vec<TokenScope> {
    let scope = |text: &str| {
        let (name, actions) = text.strip_prefix("repository:")?.rsplit_once(':')?;
        let has = |action: &str| actions.split(',').any(|one| one == action || one == "*");
        Some(TokenScope { name: name.to_owned(), pull: has("pull"), push: has("push") })
    };
    text.split(' ').filter_map(scope).collect()
}

/// Parses `Basic <base64 of user:token>` (RFC 7617).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, token) = text.split_once(':')?;
    Some((user.to_owned(), token.to_owned()))
}

fn denied(message: &str) -> RegistryError {
    RegistryError::new(StatusCode::FORBIDDEN, "DENIED", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_parsed_and_nothing_else() {
        // The example of RFC 7617, section 2.
        let pair = ("Aladdin".to_owned(), "open sesame".to_owned());
        assert_eq!(basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Some(pair.clone()));
        assert_eq!(basic("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Some(pair));
        for wrong in ["Bearer QTpC", "Basic", "Basic !!!!", "Basic Zm9v", ""] {
            assert_eq!(basic(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn scopes_name_repositories_and_actions() {
        let scopes = parse_scopes("repository:a/b:pull,push registry:catalog:* repository:c:pull");
        let plain: Vec<_> =
            scopes.iter().map(|scope| (scope.name.as_str(), scope.pull, scope.push)).collect();
        assert_eq!(plain, [("a/b", true, true), ("c", true, false)]);
    }
}
