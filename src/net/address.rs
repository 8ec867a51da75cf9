//! The one rule for addresses: which server a request may go to.
//!
//! A server that the user names may be anywhere, over TLS unless it is this machine. A server that another one names (a
//! token service, a redirect, an upload location, an asset, the registry in a manifest) must not be nearer to this machine
//! than the one that names it: a public server leads to public servers only. Names count by the addresses that they resolve
//! to, which [`crate::net::client`] checks when it connects. Behind a proxy, the proxy resolves them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Context as _;
use url::{Host, Url};

use crate::error::{Exit, Failure};

/// The way out of an address that a server must not name.
pub(super) const LEAD_HINT: &str = "a server on the internet may lead to others there only, over https; if both are yours, reach the \
                                    first one at an address in their own network (`--api-url`, `--registry-url`)";

/// A network by its distance, the farthest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Network {
    /// The internet.
    Public,
    /// Private, shared by a carrier, or unique local.
    Private,
    /// This machine.
    Loopback,
}

impl Network {
    /// The network of an address; `None` where no server is reached: unspecified, link-local, multicast or reserved.
    pub fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Network::of_v4(address),
            IpAddr::V6(address) => match embedded(address) {
                Some(address) => Network::of_v4(address),
                None => Network::of_v6(address),
            },
        }
    }

    /// By IANA's registry of special-purpose addresses.
    fn of_v4(address: Ipv4Addr) -> Option<Self> {
        match address.octets() {
            [127, ..] => Some(Network::Loopback),
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Network::Private),
            // Carriers (RFC 6598) and benchmarks (RFC 2544), which some VPNs use too.
            [100, 64..=127, ..] | [198, 18..=19, ..] => Some(Network::Private),
            [0, ..] | [169, 254, ..] | [224..=255, ..] => None,
            [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => None,
            _ => Some(Network::Public),
        }
    }

    fn of_v6(address: Ipv6Addr) -> Option<Self> {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Some(Network::Loopback),
            [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => Some(Network::Private),
            [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => None,
            [0x2000..=0x3fff, ..] => Some(Network::Public),
            _ => None,
        }
    }
}

/// The IPv4 address that packets for an IPv6 address end at: mapped, compatible, translated (RFC 6052, RFC 7915) or 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => return None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

/// A server that requests go to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its name in messages.
    pub label: &'static str,
    /// Its address.
    pub url: Url,
    /// Whether the user named it, so that it may be in any network.
    pub(super) is_given: bool,
    /// The nearest network that it may be in.
    pub(super) limit: Network,
}

/// A host as far as its address says where it is.
pub(super) enum Place {
    At(Network),
    /// By the addresses that the name resolves to.
    Named,
    /// No server has such an address.
    Nowhere,
}

impl Endpoint {
    /// The server at an address that the user gave.
    pub fn given(label: &'static str, text: &str) -> anyhow::Result<Self> {
        let usage = |message: String, hint: &str| Failure::new(message).hint(hint).exit(Exit::Usage);
        let Ok(url) = Url::parse(text) else {
            // The text may hold a password.
            let shown = if text.contains('@') { "the given text".to_owned() } else { format!("`{text}`") };
            let hint = "write the scheme and the host, such as https://api.github.com";
            return Err(usage(format!("{shown} is not a URL"), hint).into());
        };
        if has_user(&url) {
            let hint = "set the token in the environment: GITHUB_TOKEN, or FLOE_REGISTRY_TOKEN for a registry other than GHCR";
            return Err(usage("a server's URL must not contain a user or a password".to_owned(), hint).into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            let text = "a server's URL must not contain a query or a fragment".to_owned();
            return Err(usage(text, "write it without the part that begins with `?` or `#`").into());
        }
        let limit = if is_loopback(&url) { Network::Loopback } else { Network::Private };
        if url.scheme() != "https" && !(url.scheme() == "http" && limit == Network::Loopback) {
            let hint = "use https://; plain http is allowed to this machine only";
            return Err(usage(format!("`{text}` would be reached without TLS"), hint).into());
        }
        Ok(Endpoint { label, url, is_given: true, limit })
    }

    /// The server at an address that this one, which is in `network`, names.
    pub fn lead(&self, network: Network, to: &Url) -> anyhow::Result<Self> {
        let refuse = |why: &str| {
            let text = format!("`{}` leads to `{}`, which {why}", self.host(), shown(to));
            Err(Failure::new(text).hint(LEAD_HINT).into())
        };
        if has_user(to) {
            return refuse("contains a user or a password");
        }
        let is_plain = to.scheme() == "http" && network == Network::Loopback && is_loopback(to);
        if to.scheme() != "https" && !is_plain {
            return refuse("would be reached without TLS");
        }
        if to.port() == Some(0) {
            return refuse("is no server's address");
        }
        if self.has_host_of(to) {
            return Ok(Endpoint { url: to.clone(), ..self.clone() });
        }
        let limit = match place(to) {
            Place::Named => network.min(Network::Private),
            Place::At(near) if near <= network => near,
            Place::At(Network::Loopback) => return refuse("is this machine itself"),
            Place::At(_) => return refuse("is in a private network"),
            Place::Nowhere => return refuse("is no server's address"),
        };
        Ok(Endpoint { label: self.label, url: to.clone(), is_given: false, limit })
    }

    /// An address below its own.
    pub fn below(&self, path: &str) -> anyhow::Result<Url> {
        let url = Url::parse(&format!("{}{path}", self.url.as_str().trim_end_matches('/')));
        url.with_context(|| format!("`{path}` is not a valid path on `{}`", self.host()))
    }

    /// Its host.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether an address has the same host.
    pub fn has_host_of(&self, url: &Url) -> bool {
        self.host().trim_end_matches('.') == url.host_str().unwrap_or_default().trim_end_matches('.')
    }

    /// Whether a secret for this server may go to `other`: it has the same host, a parent or a child of it, or a sibling, or
    /// both are this machine. `registry.gitlab.com` and `gitlab.com` are one site, `a.co.uk` and `b.co.uk` are two.
    pub fn is_same_site(&self, other: &Url) -> bool {
        if is_loopback(&self.url) && is_loopback(other) {
            return true;
        }
        let (Some(Host::Domain(one)), Some(Host::Domain(other))) = (self.url.host(), other.host()) else {
            return self.url.host() == other.host();
        };
        let (one, other) = (one.trim_end_matches('.'), other.trim_end_matches('.'));
        let parent =
            |name: &'_ str| name.split_once('.').map(|(_, parent)| parent.to_owned()).unwrap_or_default();
        let is_below =
            |name: &str, site: &str| name.strip_suffix(site).is_some_and(|rest| rest.ends_with('.'));
        one == other
            || (is_site(one) && is_below(other, one))
            || (is_site(other) && is_below(one, other))
            || (parent(one) == parent(other) && is_site(&parent(one)))
    }
}

/// Whether a name has one owner, unlike the public suffixes `com`, `co.uk` and `com.au`.
fn is_site(name: &str) -> bool {
    match name.split('.').collect::<Vec<_>>()[..] {
        [] | [_] => false,
        [second, top] => top.len() != 2 || second.len() > 3,
        _ => true,
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

/// An address without its path and query, which may be signed, and without a password.
pub fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

pub(super) fn place(url: &Url) -> Place {
    let at = |network: Option<Network>| network.map_or(Place::Nowhere, Place::At);
    match url.host() {
        Some(Host::Ipv4(address)) => at(Network::of(address.into())),
        // No server is named by an address of a translation.
        Some(Host::Ipv6(address)) if embedded(address).is_some() => Place::Nowhere,
        Some(Host::Ipv6(address)) => at(Network::of(address.into())),
        Some(Host::Domain(name)) => place_of_name(name.strip_suffix('.').unwrap_or(name)),
        None => Place::Nowhere,
    }
}

/// Names that the public DNS never has (RFC 6761, RFC 6762, RFC 8375, and `internal` by ICANN's resolution) need no look-up.
fn place_of_name(name: &str) -> Place {
    const INTERNAL: [&str; 4] = [".local", ".internal", ".localdomain", ".home.arpa"];
    if name.split('.').any(str::is_empty) {
        return Place::Nowhere;
    }
    if name == "localhost" || name.ends_with(".localhost") {
        return Place::At(Network::Loopback);
    }
    match !name.contains('.') || INTERNAL.iter().any(|end| name.ends_with(end)) {
        true => Place::At(Network::Private),
        false => Place::Named,
    }
}

#[cfg(test)]
pub(crate) mod tests;
