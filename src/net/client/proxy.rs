//! The proxy of the environment. reqwest reads the same variables, but connects without a proxy where one is wrong.

use std::ffi::OsString;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::NoProxy;
use url::Url;

use crate::environment::variable_os;
use crate::error::usage;
use crate::net::address::{is_loopback, shown};

/// The variables that name a proxy for TLS, in this order; no other connection uses one.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The protocols of proxies that reqwest knows.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// A proxy, and the servers that are reached without it.
pub(super) struct Proxy {
    /// The variable that names it.
    pub variable: &'static str,
    /// Its address, with the user and the password.
    pub url: Url,
    without: String,
}

impl Proxy {
    /// The proxy that the environment names.
    pub fn from_env() -> anyhow::Result<Option<Self>> {
        Proxy::find(variable_os)
    }

    fn find(get: impl Fn(&str) -> Option<OsString>) -> anyhow::Result<Option<Self>> {
        let named = VARIABLES.into_iter().find_map(|variable| Some((variable, get(variable)?)));
        let Some((variable, text)) = named else { return Ok(None) };
        let address = |text: &str| match text.contains("://") {
            true => text.parse(),
            false => format!("http://{text}").parse(),
        };
        let url: Option<Url> = text.to_str().and_then(|text| address(text).ok());
        // The value may hold a password, so it is not shown.
        let wrong = || {
            usage(format!("`{variable}` is not the address of a proxy"))
                .hint("write it as `http://proxy.example.org:3128` or `socks5h://proxy.example.org:1080`, or unset it")
        };
        let is_proxy = |url: &Url| SCHEMES.contains(&url.scheme()) && url.has_host();
        let url = url.filter(is_proxy).ok_or_else(wrong)?;
        let without = ["NO_PROXY", "no_proxy"].into_iter().find_map(get).unwrap_or_default();
        Ok(Some(Proxy { variable, url, without: without.to_string_lossy().into_owned() }))
    }

    /// The same for reqwest.
    pub fn to_reqwest(&self) -> reqwest::Result<reqwest::Proxy> {
        Ok(reqwest::Proxy::https(self.url.clone())?.no_proxy(NoProxy::from_string(&self.without)))
    }

    /// Whether a server is reached through it.
    pub fn is_for(&self, server: &Url) -> bool {
        let matcher = Matcher::builder().https(self.url.as_str()).no(&*self.without).build();
        !is_loopback(server)
            && server.as_str().parse().is_ok_and(|server| matcher.intercept(&server).is_some())
    }

    /// Whether a name is its host's. The URL of a SOCKS proxy keeps the case that was written.
    pub fn is_at(&self, host: &str) -> bool {
        self.url.host_str().is_some_and(|own| own.eq_ignore_ascii_case(host))
    }
}

/// It as messages name it.
impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the proxy {} of `{}`", shown(&self.url), self.variable)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::error::Failure;

    pub fn find(variables: &[(&str, &str)]) -> anyhow::Result<Option<Proxy>> {
        Proxy::find(|name| Some(variables.iter().find(|(variable, _)| *variable == name)?.1.into()))
    }

    #[test]
    fn a_proxy_that_cannot_be_read_is_an_error_that_names_the_variable_alone() {
        for variable in VARIABLES {
            for text in [
                ":::",
                "http://",
                "ftp://user:secret@proxy",
                "proxy:port",
                "http://user:secret@",
                "socks5://",
            ] {
                let error = find(&[(variable, text)]).err().unwrap();
                let failure: Failure = error.downcast().unwrap();
                let expected = format!("`{variable}` is not the address of a proxy");
                assert_eq!(failure.to_string(), expected, "{text}");
                assert_eq!(failure.exit, crate::error::Exit::Usage);
                assert!(!failure.hint.unwrap().contains("secret"));
            }
        }
    }

    #[test]
    fn a_proxy_is_shown_without_its_password_and_used_for_tls_elsewhere() {
        for (variable, text, expected) in [
            ("HTTPS_PROXY", "proxy.example:3128", "the proxy http://proxy.example:3128 of `HTTPS_PROXY`"),
            ("https_proxy", "http://u:p%40@proxy", "the proxy http://proxy of `https_proxy`"),
            ("all_proxy", "https://u:p@proxy/path", "the proxy https://proxy of `all_proxy`"),
            ("ALL_PROXY", "socks5h://u:p@proxy:1080", "the proxy socks5h://proxy:1080 of `ALL_PROXY`"),
        ] {
            let proxy = find(&[(variable, text), ("no_proxy", "ghcr.io, .internal")]).unwrap().unwrap();
            assert_eq!(proxy.to_string(), expected);
            assert!(proxy.to_reqwest().is_ok());
            for (server, is_through) in [
                ("https://api.github.com/x?y", true),
                ("https://ghcr.io", false),
                ("https://a.internal", false),
                ("http://127.0.0.1:1", false),
                ("https://localhost:1", false),
            ] {
                assert_eq!(proxy.is_for(&Url::parse(server).unwrap()), is_through, "{server}");
            }
        }
        assert!(find(&[("HTTP_PROXY", ":::")]).unwrap().is_none());
    }

    #[test]
    fn the_host_of_a_proxy_has_no_case() {
        for text in
            ["Proxy.Corp:3128", "https://PROXY.corp", "socks5h://Proxy.Corp:1080", "socks4a://proxy.CORP"]
        {
            let proxy = find(&[("HTTPS_PROXY", text)]).unwrap().unwrap();
            assert!(proxy.is_at("proxy.corp") && proxy.is_at("Proxy.Corp"), "{text}");
            assert!(!proxy.is_at("corp") && !proxy.is_at("proxy.corp.example"), "{text}");
        }
    }
}
