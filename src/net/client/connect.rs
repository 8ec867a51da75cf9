//! The `reqwest` clients below the transport.
//!
//! There is one client for each way to connect. It is built by the first request that needs it, so the system's
//! certificates are read only where TLS is used, and a proxy is never used for loopback.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use futures_util::future::join_all;
use http::{Method, Version};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Request};
use tokio::net::lookup_host;
use tokio::sync::{Mutex, OnceCell};
use tokio::task::spawn_blocking;

use crate::environment;
use crate::error::Failure;
use crate::net::address::{self, Endpoint, Network, Place};
use crate::net::client::proxy::Proxy;

const USER_AGENT: &str = concat!("floe/", env!("CARGO_PKG_VERSION"));
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// The clients that were built so far, each with its pool of connections.
#[derive(Default)]
pub(super) struct Clients {
    /// Plain http, to this machine.
    plain: OnceCell<Client>,
    /// TLS, to this machine.
    loopback: OnceCell<Client>,
    /// To servers that the user named, wherever they are.
    given: OnceCell<Client>,
    /// To servers that others named, on the internet.
    public: OnceCell<Client>,
    /// The same, in private networks too.
    private: OnceCell<Client>,
    /// Where the servers are that lead to others, by name.
    networks: Mutex<BTreeMap<String, Network>>,
}

impl Clients {
    pub async fn of(&self, server: &Endpoint) -> anyhow::Result<&Client> {
        let within = |network| move |it: ClientBuilder| it.dns_resolver(Arc::new(Within(network)));
        match (server.url.scheme(), address::is_loopback(&server.url)) {
            ("http", true) => self.plain.get_or_try_init(|| build(|it| here(it).tls_certs_only([]))).await,
            ("https", true) => self.loopback.get_or_try_init(|| build(here)).await,
            ("https", false) => {
                let proxy = Proxy::from_env()?.map(|proxy| proxy.to_reqwest()).transpose()?;
                let away = |it: ClientBuilder| match proxy {
                    Some(proxy) => it.proxy(proxy),
                    None => it.no_proxy(),
                };
                match server.limit {
                    _ if server.is_given => self.given.get_or_try_init(|| build(away)).await,
                    Network::Public => {
                        self.public.get_or_try_init(|| build(|it| within(Network::Public)(away(it)))).await
                    }
                    _ => {
                        self.private.get_or_try_init(|| build(|it| within(Network::Private)(away(it)))).await
                    }
                }
            }
            _ => Err(anyhow!("`{}` would be reached without TLS", address::shown(&server.url))),
        }
    }

    /// Begins to open connections to a server, and sends nothing over them: the next requests find them in the pool. A
    /// connection that cannot be opened is reported by the request that needs it.
    pub async fn open(&self, server: &Endpoint, count: usize) {
        let Ok(client) = self.of(server).await else { return };
        let open = || {
            let mut request = Request::new(Method::HEAD, server.url.clone());
            // hyper refuses to send it over HTTP/1.1, but only once there is a connection, which then goes to the pool.
            *request.version_mut() = Version::HTTP_2;
            client.execute(request)
        };
        join_all((0..count).map(|_| open())).await;
    }

    /// The network of a server, by the farthest of its addresses.
    pub async fn network(&self, server: &Endpoint) -> Network {
        let network = match address::place(&server.url) {
            Place::At(network) => network,
            Place::Named if server.limit > Network::Public => {
                let mut known = self.networks.lock().await;
                match known.get(server.host()) {
                    Some(network) => *network,
                    None => {
                        let found = lookup(server.host()).await.unwrap_or_default();
                        let networks = found.iter().filter_map(|address| Network::of(address.ip()));
                        let network = networks.min().unwrap_or(Network::Public);
                        *known.entry(server.host().to_owned()).or_insert(network)
                    }
                }
            }
            _ => Network::Public,
        };
        network.min(server.limit)
    }
}

async fn build(adapt: impl FnOnce(ClientBuilder) -> ClientBuilder) -> anyhow::Result<Client> {
    let builder = Client::builder()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        // The transport follows redirects itself.
        .redirect(Policy::none())
        .user_agent(USER_AGENT);
    let builder = adapt(builder);
    // This may read a file for each certificate, so it must not block the runtime.
    Ok(spawn_blocking(move || builder.build()).await?.map_err(no_certificates)?)
}

/// `localhost` is this machine, whatever the resolver says.
fn here(builder: ClientBuilder) -> ClientBuilder {
    let addresses = [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
    builder.no_proxy().resolve_to_addrs("localhost", &addresses)
}

async fn lookup(host: &str) -> io::Result<Vec<SocketAddr>> {
    Ok(lookup_host((host, 0)).await?.collect())
}

/// Resolves names to addresses that are no nearer than a network, so that no name of the public DNS reaches a private one.
struct Within(Network);

impl Resolve for Within {
    fn resolve(&self, name: Name) -> Resolving {
        let limit = self.0;
        Box::pin(async move {
            let host = name.as_str();
            let mut found = lookup(host).await?;
            // A proxy may be in a private network.
            if !found.is_empty() && !Proxy::from_env()?.is_some_and(|proxy| proxy.is_at(host)) {
                found.retain(|address| Network::of(address.ip()).is_some_and(|network| network <= limit));
                if found.is_empty() {
                    return Err(inside(host).into());
                }
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The failure for a name of another server that resolves to addresses that it must not lead to.
pub(super) fn inside(host: &str) -> Failure {
    let why = "which is in a private network or on this machine";
    Failure::new(format!("another server leads to `{host}`, {why}")).hint(address::LEAD_HINT)
}

/// The hint for a certificate that nothing on this system vouches for.
pub(super) fn trust(system: &str) -> &'static str {
    const MACOS: &str =
        "add the certificate authority to the system's keychain (Keychain Access) and trust it there";
    const WINDOWS: &str = "add the certificate authority to Windows' trusted root certificates: `certutil -addstore Root ca.crt`";
    const OTHER: &str = "install your distribution's `ca-certificates`, or name a file of CA certificates (PEM) in `SSL_CERT_FILE`";
    match system {
        "macos" => MACOS,
        "windows" => WINDOWS,
        _ => OTHER,
    }
}

/// The error of a machine without CA certificates, such as a container that holds one program only.
fn no_certificates(error: reqwest::Error) -> Failure {
    let hint = match environment::is_empty("SSL_CERT_FILE") {
        true => "`SSL_CERT_FILE` is set and empty: unset it",
        false => trust(std::env::consts::OS),
    };
    Failure::new("this machine has no CA certificates").because(error).hint(hint)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::select_all;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use url::Url;

    use super::*;

    #[test]
    fn the_hint_about_certificates_fits_the_system() {
        assert!(trust("linux").contains("SSL_CERT_FILE") && trust("freebsd").contains("SSL_CERT_FILE"));
        for (system, words) in [("macos", "keychain"), ("windows", "certutil -addstore Root")] {
            assert!(trust(system).contains(words) && !trust(system).contains("SSL_CERT_FILE"), "{system}");
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_not_connected_to() {
        let resolve = |limit| async move { Within(limit).resolve("localhost".parse().unwrap()).await };
        for limit in [Network::Public, Network::Private] {
            let error = resolve(limit).await.map(drop).unwrap_err();
            assert!(
                error.to_string().ends_with("which is in a private network or on this machine"),
                "{error}"
            );
        }
        assert!(resolve(Network::Loopback).await.unwrap().all(|address| address.ip().is_loopback()));
    }

    #[tokio::test]
    async fn a_name_of_a_private_server_counts_by_its_addresses() {
        let clients = Clients::default();
        let given = Endpoint::given("GitHub", "https://10.0.0.1").unwrap();
        assert_eq!(clients.network(&given).await, Network::Private);
        let led = given.lead(Network::Private, &Url::parse("https://a.example.org").unwrap()).unwrap();
        assert_eq!((led.is_given, led.limit), (false, Network::Private));
        clients.networks.lock().await.insert("a.example.org".to_owned(), Network::Private);
        assert_eq!(clients.network(&led).await, Network::Private);
        let public = given.lead(Network::Public, &led.url).unwrap();
        assert_eq!(clients.network(&public).await, Network::Public);
    }

    #[tokio::test]
    async fn nothing_is_sent_over_an_opened_connection_but_the_next_request() {
        crate::release::session::install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (server, clients) = (Endpoint::given("GitHub", &address).unwrap(), Clients::default());
        clients.open(&server, 3).await;
        let mut opened = Vec::new();
        for _ in 0..3 {
            opened.push(listener.accept().await.unwrap().0);
        }
        let serve = async {
            let answered = opened.iter_mut().map(|one| {
                Box::pin(async move {
                    let mut head = vec![0; 1024];
                    let read = one.read(&mut head).await.unwrap();
                    one.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                    head[..read].starts_with(b"GET /next HTTP/1.1\r\n")
                })
            });
            let (is_next, _, others) = select_all(answered).await;
            assert!(is_next && others.into_iter().all(|other| other.now_or_never().is_none()));
        };
        let next = clients.of(&server).await.unwrap().get(server.url.join("/next").unwrap());
        let (answer, ()) = tokio::join!(next.send(), serve);
        assert_eq!(answer.unwrap().status(), 200);
    }
}
