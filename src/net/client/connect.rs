//! The `reqwest` clients below the transport, and errors with hints for maintainers.
//!
//! There is one client for each way to connect. It is built by the first request that needs it, so the system's
//! certificates are read only where TLS is used, and a proxy is never used for loopback.

use std::error::Error;
use std::io;
use std::time::Duration;

use anyhow::anyhow;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use url::Url;

use crate::error::Failure;
use crate::net::address;
use crate::net::retry::AttemptError;

const USER_AGENT: &str = concat!("floe/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const TRUST: &str = "let this machine know who vouches for it: install the CA certificates (Debian: `apt-get install \
                     ca-certificates`), or name a file with them in `SSL_CERT_FILE`";

/// The clients that were built so far, each with its pool of connections.
#[derive(Default)]
pub(super) struct Clients {
    plain: OnceCell<Client>,
    loopback: OnceCell<Client>,
    remote: OnceCell<Client>,
}

impl Clients {
    pub async fn of(&self, url: &Url) -> anyhow::Result<&Client> {
        match (url.scheme(), address::is_loopback(url)) {
            ("http", true) => {
                self.plain.get_or_try_init(|| build(|it| it.no_proxy().tls_certs_only([]))).await
            }
            ("https", true) => self.loopback.get_or_try_init(|| build(ClientBuilder::no_proxy)).await,
            ("https", false) => self.remote.get_or_try_init(|| build(|it| it)).await,
            _ => Err(anyhow!("`{}` would be reached without TLS", url.origin().ascii_serialization())),
        }
    }
}

async fn build(adapt: impl FnOnce(ClientBuilder) -> ClientBuilder) -> anyhow::Result<Client> {
    let builder = Client::builder()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        // `follow` has the only redirect rule.
        .redirect(Policy::none())
        .user_agent(USER_AGENT);
    let builder = adapt(builder);
    // This may read a file for each certificate, so it must not block the runtime.
    Ok(spawn_blocking(move || builder.build()).await?.map_err(no_certificates)?)
}

/// The error of a machine without CA certificates, such as a container that holds one program only.
fn no_certificates(error: impl Into<anyhow::Error>) -> Failure {
    Failure::new("this machine has no CA certificates").because(error).hint(TRUST)
}

/// Judges an error of a connection to `server`: an invalid certificate stays invalid, anything else may pass.
pub(super) fn broken(server: &Url, error: reqwest::Error) -> AttemptError {
    // Addresses may be signed, so no message shows one whole.
    let error = error.without_url();
    let host = server.host_str().unwrap_or_default();
    if let Some(reason) = invalid_certificate(&error) {
        let failure = Failure::new(format!("the certificate of `{host}` is not valid: {reason}"));
        return AttemptError::fatal(failure.hint(TRUST).into());
    }
    if error.is_connect() && error.is_timeout() {
        let seconds = CONNECT_TIMEOUT.as_secs();
        return AttemptError::connection(anyhow!("`{host}` was not reached within {seconds} s"));
    }
    AttemptError::unreachable(server, &error)
}

fn invalid_certificate<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::CertificateError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(reason)) = error.downcast_ref() {
            return Some(reason);
        }
        // `source` of an `io::Error` skips the error that it wraps.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}
