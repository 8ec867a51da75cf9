//! One connection: TCP, through a proxy where the environment names one, TLS, HTTP/1.1. Nothing is asked over it here.
//!
//! The system's certificates are read once a process, and only when the first connection with TLS is made.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use http::Uri;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower_service::Service as _;
use url::{Host, Url};

use super::Body;
use crate::error::Failure;
use crate::net::retry::Refused;

/// A server that has not been reached by then is not waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Opens a connection to a server.
///
/// # Errors
/// It cannot be reached, nobody vouches for it, or the system has no certificates.
pub(super) async fn connect(server: &Url) -> Result<SendRequest<Body>, Refused> {
    let opening = async {
        let stream = reach(server).await?;
        if server.scheme() == "http" {
            return speak(stream).await.map_err(|error| Refused::unreachable(server, &error));
        }
        // Certificates are many small files or one large one, so a thread that may wait reads them.
        let config = tokio::task::spawn_blocking(tls).await.map_err(anyhow::Error::from)??;
        let tls = TlsConnector::from(config).connect(name(server)?, stream.into_inner()).await;
        let tls = tls.map_err(|error| refused(server, &error))?;
        speak(TokioIo::new(tls)).await.map_err(|error| Refused::unreachable(server, &error))
    };
    let late = |_| {
        let text = format!("`{}` was not reached within 15 s", server.host_str().unwrap_or_default());
        Refused::connection(anyhow!(text))
    };
    tokio::time::timeout(PATIENCE, opening).await.map_err(late)?
}

/// TCP, without waiting for full packets; through a tunnel of the proxy that `HTTPS_PROXY` names, if `NO_PROXY` does
/// not name the server.
async fn reach(server: &Url) -> Result<TokioIo<TcpStream>, Refused> {
    static PROXIES: LazyLock<Matcher> = LazyLock::new(Matcher::from_env);
    let uri: Uri = server.as_str().parse().map_err(anyhow::Error::from)?;
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // Plain http goes to this machine only, and no proxy stands before that.
    let proxy = PROXIES.intercept(&uri).filter(|_| server.scheme() == "https");
    let Some(proxy) = proxy else {
        return tcp.call(uri).await.map_err(|error| Refused::unreachable(server, &error));
    };
    let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
    if let Some(own) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(own.clone());
    }
    tunnel.call(uri).await.map_err(|error| Refused::unreachable(server, &error))
}

async fn speak<T>(stream: T) -> hyper::Result<SendRequest<Body>>
where
    T: Read + Write + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(stream).await?;
    // It ends with its sender; what breaks it is told to whoever waits for an answer.
    tokio::spawn(connection);
    Ok(sender)
}

/// Why there is no TLS. A certificate that does not hold is the same the next time; whatever else breaks may not be.
fn refused(server: &Url, error: &std::io::Error) -> Refused {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(reason)) = tls else {
        return Refused::unreachable(server, error);
    };
    let host = server.host_str().unwrap_or_default();
    let failure = Failure::new(format!("the certificate of `{host}` does not hold: {reason}"));
    Refused::no(failure.hint(super::TRUST).into())
}

/// What a server's certificate must be for.
fn name(server: &Url) -> anyhow::Result<ServerName<'static>> {
    let name = match server.host().context("the address names no host")? {
        Host::Domain(name) => ServerName::try_from(name.to_owned())?,
        Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(address)),
        Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(address)),
    };
    Ok(name)
}

/// Whom to believe: what the system believes.
fn tls() -> anyhow::Result<Arc<ClientConfig>> {
    static CONFIG: LazyLock<Result<Arc<ClientConfig>, rustls::Error>> = LazyLock::new(|| {
        let mut config = ClientConfig::with_platform_verifier()?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    });
    CONFIG.clone().map_err(|error| super::no_certificates(error).into())
}
