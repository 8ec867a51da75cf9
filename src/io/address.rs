//! The addresses of the servers, checked before anything is sent to them.
//!
//! TLS everywhere; plain http only to this machine itself.

use anyhow::Context as _;
use url::{Host, Url};

use crate::error::{Exit, Failure};

/// Reads a server's address and refuses one that would send secrets in the clear.
///
/// # Errors
/// It is no address, names another scheme than https, holds a password, or is plain http to another machine.
pub fn server(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text)
        .with_context(|| format!("`{text}` is not an address such as https://api.github.com"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::new("a server's address takes no user and no password")
            .hint("put the token into the environment: GITHUB_TOKEN, or FLOE_REGISTRY_TOKEN for a registry of your own")
            .exit(Exit::Usage)
            .into());
    }
    match (url.scheme(), is_loopback(&url)) {
        ("https", _) | ("http", true) => Ok(url),
        _ => Err(Failure::new(format!("`{text}` would be reached without TLS"))
            .hint("use https://; plain http is for this machine itself only")
            .exit(Exit::Usage)
            .into()),
    }
}

/// Whether an address is this machine itself.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
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
