//! The token endpoint: `GET /token` with Basic credentials or none, as docker, skopeo and oci-client use it.
//!
//! Like GHCR it issues a token for any scope that an account requests; a missing right is reported by the upload. Wrong
//! credentials get 403 `DENIED`, and so do anonymous requests for a private or absent repository.

use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use http::StatusCode;
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use serde_json::json;

use super::access::{LIFETIME, TokenScope};
use super::error::RegistryError;
use super::route::Name;
use super::{Call, HandlerResult, Shared};

/// Basic credentials, padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn issue(shared: &Shared, call: &Call) -> HandlerResult {
    let scopes: Vec<TokenScope> = call.queries("scope").flat_map(|scope| parse_scopes(&scope)).collect();
    let (user, scopes) = match call.header(AUTHORIZATION) {
        Some(header) => {
            let user = basic(header).and_then(|(user, token)| shared.access.authenticate(&user, &token));
            (Some(user.ok_or_else(|| denied("denied"))?), scopes)
        }
        None => (None, anonymous(shared, scopes)?),
    };
    let token = shared.access.issue(user, scopes)?;
    let body = json!({ "token": token, "access_token": token, "expires_in": LIFETIME.as_secs() });
    Ok(([(CACHE_CONTROL, "no-store")], axum::Json(body)).into_response())
}

/// An anonymous client may pull public repositories, whatever else it requests.
fn anonymous(shared: &Shared, scopes: Vec<TokenScope>) -> Result<Vec<TokenScope>, RegistryError> {
    if scopes.iter().all(|scope| shared.access.is_public(&scope.name)) {
        return Ok(scopes.into_iter().map(|scope| TokenScope { push: false, ..scope }).collect());
    }
    Err(denied("requested access to the resource is denied"))
}

/// Parses scopes separated by spaces. Those of other types are left out, so the token does not cover them.
fn parse_scopes(text: &str) -> Vec<TokenScope> {
    let scope = |text: &str| {
        let (name, actions) = text.strip_prefix("repository:")?.rsplit_once(':')?;
        let has = |action: &str| actions.split(',').any(|one| one == action || one == "*");
        Some(TokenScope { name: Name::parse(name).ok()?, pull: has("pull"), push: has("push") })
    };
    text.split(' ').filter_map(scope).collect()
}

/// Parses `Basic <base64 of user:token>` (RFC 7617).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()?;
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
        assert_eq!(basic("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ"), Some(pair));
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
