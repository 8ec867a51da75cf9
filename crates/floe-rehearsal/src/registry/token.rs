//! The token endpoint: `GET /token` with Basic credentials or none, as docker, skopeo and oci-client use it, and
//! `POST /token` with an OAuth 2 form, as clients with an identity token do.
//!
//! Like GHCR it issues a token for whatever scope an account asks for; whether the right is there shows at the
//! upload. It never issues a token to wrong credentials, nor to a stranger for a repository that is private or
//! absent (403 `DENIED`, the same for both).

use axum::body::Body;
use axum::response::IntoResponse;
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use serde_json::json;

use super::access::{LIFETIME, TokenScope};
use super::error::RegistryError;
use super::route::Name;
use super::{Call, HandlerResult, Shared};

/// The longest form, in bytes.
const FORM_LIMIT: usize = 64 * 1024;

/// Answers both forms of the request.
pub(super) async fn issue(shared: &Shared, call: &mut Call) -> HandlerResult {
    let asked = if call.parts.method == Method::POST { from_form(call).await? } else { from_query(call)? };
    let scopes = asked.scopes.iter().flat_map(|scope| parse_scopes(scope)).collect::<Vec<_>>();
    let user = match asked.credentials {
        Some((user, token)) => {
            let account = shared.access.account(user.as_deref(), &token);
            Some(account.ok_or_else(|| denied("denied"))?)
        }
        None => None,
    };
    let scopes = match &user {
        Some(_) => scopes,
        None => anonymous(shared, scopes)?,
    };
    let token = shared.access.issue(user, scopes)?;
    let body = json!({ "token": token, "access_token": token, "expires_in": LIFETIME.as_secs() });
    Ok(([(CACHE_CONTROL, "no-store")], axum::Json(body)).into_response())
}

struct TokenRequest {
    credentials: Option<(Option<String>, String)>,
    scopes: Vec<String>,
}

fn from_query(call: &Call) -> Result<TokenRequest, RegistryError> {
    let scopes = call.queries("scope").collect();
    let credentials = match call.header(AUTHORIZATION) {
        Some(header) => Some(basic(header).ok_or_else(|| denied("denied"))?),
        None => None,
    };
    Ok(TokenRequest { credentials: credentials.map(|(user, token)| (Some(user), token)), scopes })
}

async fn from_form(call: &mut Call) -> Result<TokenRequest, RegistryError> {
    let body = std::mem::replace(&mut call.body, Body::empty());
    let unreadable = || RegistryError::new(StatusCode::BAD_REQUEST, "UNSUPPORTED", "cannot read the form");
    let form = Limited::new(body, FORM_LIMIT).collect().await.map_err(|_| unreadable())?.to_bytes();
    let field = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(&form);
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let credentials = match field("grant_type").as_deref() {
        Some("password") => field("username").zip(field("password")).map(|(user, token)| (Some(user), token)),
        Some("refresh_token") => field("refresh_token").map(|token| (None, token)),
        _ => None,
    };
    // Unlike a GET, a form without credentials is no anonymous request but a broken one (RFC 6749, 4.3.2 and 6).
    let credentials = Some(credentials.ok_or_else(unreadable)?);
    Ok(TokenRequest { credentials, scopes: field("scope").into_iter().collect() })
}

/// A stranger gets a token for pulling what is public, whatever else it asked for.
fn anonymous(shared: &Shared, scopes: Vec<TokenScope>) -> Result<Vec<TokenScope>, RegistryError> {
    if scopes.iter().all(|scope| shared.access.is_public(&scope.name)) {
        return Ok(scopes.into_iter().map(|scope| TokenScope { push: false, ..scope }).collect());
    }
    Err(denied("requested access to the resource is denied"))
}

/// Reads `repository:<name>:<actions>`, several of them with spaces between; scopes of other kinds are ignored, as
/// the token then simply does not cover them.
fn parse_scopes(text: &str) -> Vec<TokenScope> {
    let scope = |text: &str| {
        let (name, actions) = text.strip_prefix("repository:")?.rsplit_once(':')?;
        let asks = |wanted: &str| actions.split(',').any(|action| action == wanted || action == "*");
        Some(TokenScope { name: Name::parse(name).ok()?, pull: asks("pull"), push: asks("push") })
    };
    text.split(' ').filter_map(scope).collect()
}

/// Reads `Basic <base64 of user:token>` (RFC 7617).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(base64(encoded.trim())?).ok()?;
    let (user, token) = text.split_once(':')?;
    Some((user.to_owned(), token.to_owned()))
}

/// Decodes base64 with its standard alphabet, padded or not (RFC 4648, section 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for digit in text.trim_end_matches('=').bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

fn denied(message: &str) -> RegistryError {
    RegistryError::new(StatusCode::FORBIDDEN, "DENIED", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_read_and_nothing_else() {
        // The examples of RFC 7617, section 2, and RFC 4648, section 10.
        let pair = ("Aladdin".to_owned(), "open sesame".to_owned());
        assert_eq!(basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Some(pair.clone()));
        assert_eq!(basic("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ"), Some(pair));
        assert_eq!(base64("Zm9vYmE=").as_deref(), Some(b"fooba".as_slice()));
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
