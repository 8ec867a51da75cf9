//! Rules for server addresses, checked before anything is sent to them.
//!
//! TLS is required; plain http is allowed to loopback addresses only.

use anyhow::Context as _;
use url::{Host, Url};

use crate::error::{Exit, Failure};

/// Parses a server's address and refuses one that would send secrets in the clear.
pub fn server(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).with_context(|| {
        // The text may hold a password.
        let shown = if text.contains('@') { "the given text".to_owned() } else { format!("`{text}`") };
        format!("{shown} is not a URL such as https://api.github.com")
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::new("a server's URL must not contain a user or a password")
            .hint("set the token in the environment: GITHUB_TOKEN, or FLOE_REGISTRY_TOKEN for a registry other than GHCR")
            .exit(Exit::Usage)
            .into());
    }
    match (url.scheme(), is_loopback(&url)) {
        ("https", _) | ("http", true) => Ok(url),
        _ => Err(Failure::new(format!("`{text}` would be reached without TLS"))
            .hint("use https://; plain http is allowed to this machine only")
            .exit(Exit::Usage)
            .into()),
    }
}

/// Whether an address is a loopback address.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether a server at `from` may redirect to `to`: over TLS, and to loopback only from loopback.
pub fn redirect_allowed(from: &Url, to: &Url) -> bool {
    match to.scheme() {
        "https" => is_loopback(from) || !is_loopback(to),
        "http" => is_loopback(from) && is_loopback(to),
        _ => false,
    }
}

/// Whether two URLs belong to one site, so that a secret for one may be sent to the other: the same host, a parent or a
/// child of it, or a sibling. `registry.gitlab.com` and `gitlab.com` do, `a.co.uk` and `b.co.uk` do not.
pub fn same_site(one: &Url, other: &Url) -> bool {
    let (Some(Host::Domain(one_name)), Some(Host::Domain(other_name))) = (one.host(), other.host()) else {
        return one.host() == other.host();
    };
    let parent = |name: &str| name.split_once('.').map(|(_, parent)| parent.to_owned()).unwrap_or_default();
    let is_below = |name: &str, site: &str| name.strip_suffix(site).is_some_and(|rest| rest.ends_with('.'));
    one_name == other_name
        || (is_site(one_name) && is_below(other_name, one_name))
        || (is_site(other_name) && is_below(one_name, other_name))
        || (parent(one_name) == parent(other_name) && is_site(&parent(one_name)))
}

/// Whether a name has one owner, unlike the public suffixes `com`, `co.uk` and `com.au`.
fn is_site(name: &str) -> bool {
    match name.split('.').collect::<Vec<_>>()[..] {
        [] | [_] => false,
        [second, top] => top.len() != 2 || second.len() > 3,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(one: &str, other: &str) -> (Url, Url) {
        (Url::parse(one).unwrap(), Url::parse(other).unwrap())
    }

    #[test]
    fn a_redirect_may_not_lead_to_plain_http_or_loopback() {
        for (from, to) in [
            ("https://github.com", "https://objects.githubusercontent.com/x?y"),
            ("http://127.0.0.1:1", "http://127.0.0.1:2"),
            ("http://127.0.0.1:1", "https://ghcr.io"),
        ] {
            let (from, to) = urls(from, to);
            assert!(redirect_allowed(&from, &to), "{from} {to}");
        }
        for to in [
            "http://github.com",
            "http://127.0.0.1",
            "https://localhost",
            "file:///etc/passwd",
            "ftp://x.org",
            "data:,x",
        ] {
            let (from, to) = urls("https://github.com", to);
            assert!(!redirect_allowed(&from, &to), "{to}");
        }
    }

    #[test]
    fn a_public_suffix_is_not_a_site() {
        for (one, other) in [
            ("ghcr.io", "ghcr.io"),
            ("registry.gitlab.com", "gitlab.com"),
            ("registry-1.docker.io", "auth.docker.io"),
            ("registry.x.co.uk", "auth.x.co.uk"),
            ("10.0.0.1", "10.0.0.1"),
        ] {
            let (one, other) = urls(&format!("https://{one}"), &format!("https://{other}"));
            assert!(same_site(&one, &other) && same_site(&other, &one), "{one} {other}");
        }
        for (one, other) in [
            ("ghcr.io", "evil.io"),
            ("a.co.uk", "b.co.uk"),
            ("a.com", "com"),
            ("10.0.0.1", "8.8.0.1"),
            ("ghcr.io", "ghcr.io.evil.org"),
            ("ghcr.io", "notghcr.io"),
        ] {
            let (one, other) = urls(&format!("https://{one}"), &format!("https://{other}"));
            assert!(!same_site(&one, &other) && !same_site(&other, &one), "{one} {other}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        for wrong in
            ["https://user:s3cret@host:port", "https://user:s3cret@ghcr.io", "http://u:s3cret@example.org"]
        {
            let error = server(wrong).unwrap_err();
            assert!(!format!("{error:#} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn plain_http_is_allowed_to_loopback_only() {
        for fine in
            ["https://api.github.com", "http://127.0.0.1:5000", "http://[::1]:1", "http://localhost:80"]
        {
            assert!(server(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "http://api.github.com",
            "ftp://x",
            "api.github.com",
            "https://u:p@ghcr.io",
            "http://127.0.0.1.x.org",
        ] {
            assert!(server(wrong).is_err(), "{wrong}");
        }
    }
}
