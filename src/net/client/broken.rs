//! Errors of a connection: which are final, and what helps.
//!
//! A connection that broke, a server that is away and a resolver without an answer may be back in a moment. A certificate, a
//! protocol, a name that does not exist and a proxy that asks for a password stay as they are.

use std::error::Error;
use std::io;

use anyhow::anyhow;
use http::header;
use rustls::{AlertDescription, CertificateError};
use url::Url;

use super::HttpResponse;
use super::connect::{CONNECT_TIMEOUT, trust};
use super::proxy::Proxy;
use crate::error::Failure;
use crate::net::address::{self, Endpoint};
use crate::net::retry::AttemptError;

/// Judges an error of a connection to a server.
pub(super) fn broken(server: &Url, error: reqwest::Error) -> AttemptError {
    // Addresses may be signed, so no message shows one whole.
    let error = error.without_url();
    let proxy = Proxy::from_env().ok().flatten().filter(|proxy| proxy.is_for(server));
    judge_through(proxy, server, &error, (error.is_connect(), error.is_timeout()))
}

/// Names the proxy. One that is not reached fails in the place of the server.
fn judge_through(
    proxy: Option<Proxy>,
    server: &Url,
    error: &(dyn Error + 'static),
    (is_connect, is_timeout): (bool, bool),
) -> AttemptError {
    const LOST: &str = "tunnel error: failed to create underlying connection";
    let Some(proxy) = proxy else { return judge(server, error, is_connect, is_timeout) };
    let is_lost = causes(error).any(|cause| cause.to_string() == LOST);
    let failed = judge(if is_lost { &proxy.url } else { server }, error, is_connect, is_timeout);
    let how = if is_lost { "failed to reach" } else { "failed through" };
    AttemptError { error: failed.error.context(format!("{how} {proxy}")), ..failed }
}

fn judge(server: &Url, error: &(dyn Error + 'static), is_connect: bool, is_timeout: bool) -> AttemptError {
    if let Some(failure) = final_failure(server, error, is_connect) {
        return AttemptError::fatal(failure);
    }
    let host = server.host_str().unwrap_or_default();
    if is_connect && is_timeout {
        let seconds = CONNECT_TIMEOUT.as_secs();
        return AttemptError::later(anyhow!("`{host}` was not reached within {seconds} s"));
    }
    // The last cause says why.
    let last = causes(error).last().map(ToString::to_string).unwrap_or_default();
    let failed = |why: &str| Failure::new(format!("the connection to `{host}` failed: {why}"));
    let failure = match &*last {
        "tunnel error: unsuccessful" => failed("the proxy does not connect to it")
            .hint("ask the administrator of the proxy to allow it, or name the host in `NO_PROXY`"),
        _ => failed(&last).hint(format!(
            "check that this machine reaches it: `curl -sSI {}`; then run the same command again",
            address::shown(server)
        )),
    };
    AttemptError::later(failure)
}

/// The failure for an error that another attempt would meet again.
fn final_failure(server: &Url, error: &(dyn Error + 'static), is_connect: bool) -> Option<Failure> {
    let host = server.host_str().unwrap_or_default();
    let shown = address::shown(server);
    // The body and the resolver fail for reasons of their own.
    if let Some(own) = cause::<Failure>(error) {
        let hint = own.hint.clone().unwrap_or_default();
        return Some(Failure::new(own.to_string()).hint(hint).exit(own.exit));
    }
    match cause(error) {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            let text = format!("the certificate of `{host}` is not valid: {reason}");
            return Some(Failure::new(text).hint(about_certificate(reason)));
        }
        Some(rustls::Error::InvalidMessage(_)) if is_connect => return Some(no_tls(server)),
        Some(refused @ rustls::Error::PeerIncompatible(_)) => return Some(no_common_tls(server, refused)),
        Some(refused @ rustls::Error::AlertReceived(alert)) if is_final(*alert) => {
            return Some(no_common_tls(server, refused));
        }
        _ => {}
    }
    if cause::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        let text = format!("`{shown}` does not answer in HTTP/1.1");
        let hint = format!("check the scheme and the port: `curl -sSI --http1.1 {shown}`");
        return Some(Failure::new(text).hint(hint));
    }
    let last = causes(error).last()?;
    let text = last.to_string();
    if text == "tunnel error: proxy authorization required" {
        let hint = "write them before the proxy's host: the user, a colon, the password and an `@`";
        return Some(Failure::new("the proxy asks for a user and a password").hint(hint));
    }
    if is_connect && is_unknown_name(last.downcast_ref(), &text) {
        let hint = format!("check its spelling, and this machine's DNS: `nslookup {host}`");
        return Some(Failure::new(format!("there is no host `{host}`")).hint(hint));
    }
    let kind = last.downcast_ref::<io::Error>().map(io::Error::kind);
    if is_connect && matches!(kind, Some(io::ErrorKind::PermissionDenied)) {
        let text = format!("this machine does not allow a connection to `{host}`: {text}");
        return Some(Failure::new(text).hint("allow it in the firewall or sandbox of this machine"));
    }
    None
}

/// Refuses a web page, which no API answers with on success: something in between has answered, such as the sign-in page of
/// a network.
pub(super) fn refuse_page(server: &Endpoint, answer: HttpResponse) -> Result<HttpResponse, AttemptError> {
    let content = answer.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_page = content.is_some_and(|content| content.to_ascii_lowercase().starts_with("text/html"));
    if !is_page || !answer.status.is_success() {
        return Ok(answer);
    }
    let failure = Failure::new(format!("{} answered with a web page", server.label)).hint(format!(
        "check that no proxy or sign-in page is in between: `curl -sS {}`",
        address::shown(&server.url)
    ));
    Err(AttemptError::fatal(failure))
}

/// A server of another protocol.
fn no_tls(server: &Url) -> Failure {
    let port = server.port_or_known_default().unwrap_or_default();
    let text = format!("`{}` does not speak TLS at port {port}", server.host_str().unwrap_or_default());
    let hint = match address::is_loopback(server) {
        true => format!(
            "write `http://` if it is a server without TLS: `{}`",
            address::shown(server).replace("https:", "http:")
        ),
        false => "check the port; plain http is allowed to this machine only".to_owned(),
    };
    Failure::new(text).hint(hint)
}

fn no_common_tls(server: &Url, error: &rustls::Error) -> Failure {
    let host = server.host_str().unwrap_or_default();
    let port = server.port_or_known_default().unwrap_or_default();
    let text = format!("`{host}` and floe do not agree on TLS: {error}");
    Failure::new(text)
        .hint(format!("floe needs TLS 1.2 or 1.3 and sends no certificate of its own; see `openssl s_client -connect {host}:{port}`"))
}

/// Whether an alert (RFC 8446, section 6) is about what both sides can do, and not about this connection.
fn is_final(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    !matches!(
        alert,
        Alert::CloseNotify
            | Alert::UnexpectedMessage
            | Alert::BadRecordMac
            | Alert::DecryptionFailed
            | Alert::DecryptError
            | Alert::DecodeError
            | Alert::RecordOverflow
            | Alert::DecompressionFailure
            | Alert::InternalError
            | Alert::UserCanceled
            | Alert::Unknown(_)
    )
}

/// Whether the resolver says that a name does not exist, or has no address. Its messages are the only form in which Unix
/// hands that on: those of glibc, musl and macOS.
fn is_unknown_name(os: Option<&io::Error>, text: &str) -> bool {
    const NO_SUCH_NAME: [&str; 5] = [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "Name has no usable address",
        "nodename nor servname provided, or not known",
    ];
    // WSAHOST_NOT_FOUND and WSANO_DATA.
    let is_windows = cfg!(windows) && matches!(os.and_then(io::Error::raw_os_error), Some(11001 | 11004));
    is_windows || NO_SUCH_NAME.iter().any(|end| text.ends_with(end))
}

fn about_certificate(reason: &CertificateError) -> &'static str {
    use CertificateError as Wrong;
    match reason {
        Wrong::UnknownIssuer => trust(std::env::consts::OS),
        Wrong::Expired
        | Wrong::ExpiredContext { .. }
        | Wrong::NotValidYet
        | Wrong::NotValidYetContext { .. } => {
            "check this machine's clock: `date -u`; if it is right, the server needs a new certificate"
        }
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
            "write the host's name as its certificate has it"
        }
        _ => {
            "the server needs another certificate; one that it signed itself must say `CA:FALSE` and be in `SSL_CERT_FILE`"
        }
    }
}

fn cause<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An error and its causes. `source` of an `io::Error` skips the error that it wraps.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    })
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription as Alert, InvalidMessage, PeerIncompatible};

    use super::*;
    use crate::error::hint_of;
    use crate::net::client::connect::inside;
    use crate::net::client::proxy;
    use crate::net::client::tests::{client, server};
    use crate::net::retry::RetryPolicy;

    fn of(error: impl Error + Send + Sync + 'static) -> (RetryPolicy, String, String) {
        let server = Url::parse("https://ghcr.io/token?signed").unwrap();
        let error = io::Error::other(error);
        let AttemptError { error, retry } = judge(&server, &error, true, false);
        let hint = hint_of(&error).unwrap_or_default().to_owned();
        (retry, format!("{error:#}"), hint)
    }

    #[test]
    fn errors_of_certificates_protocols_names_and_proxies_are_final() {
        use rustls::Error as Tls;
        let certificate = |reason: CertificateError| of(Tls::InvalidCertificate(reason));
        let alert = |alert: Alert| of(Tls::AlertReceived(alert));
        let disagree = "`ghcr.io` and floe do not agree on TLS: ";
        let lookup =
            |text: &str| of(io::Error::other(format!("failed to lookup address information: {text}")));
        for ((retry, text, hint), message, help) in [
            (
                certificate(CertificateError::UnknownIssuer),
                "the certificate of `ghcr.io` is not valid: UnknownIssuer",
                "certificate",
            ),
            (
                certificate(CertificateError::Expired),
                "the certificate of `ghcr.io` is not valid: Expired",
                "date -u",
            ),
            (
                certificate(CertificateError::NotValidForName),
                "the certificate of `ghcr.io` is not valid: NotValidForName",
                "name",
            ),
            (
                certificate(CertificateError::Revoked),
                "the certificate of `ghcr.io` is not valid: Revoked",
                "another certificate",
            ),
            (
                of(Tls::InvalidMessage(InvalidMessage::InvalidContentType)),
                "`ghcr.io` does not speak TLS at port 443",
                "check the port",
            ),
            (
                of(Tls::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon)),
                "`ghcr.io` and floe do not agree on TLS: ",
                "TLS 1.2",
            ),
            (alert(Alert::HandshakeFailure), disagree, "TLS 1.2"),
            (alert(Alert::ProtocolVersion), disagree, "TLS 1.2"),
            (alert(Alert::CertificateRequired), disagree, "no certificate of its own"),
            // Servers with TLS 1.2 answer so to a client without a certificate.
            (alert(Alert::BadCertificate), disagree, "no certificate of its own"),
            (alert(Alert::IllegalParameter), disagree, "TLS 1.2"),
            (of(inside("x.example")), "another server leads to `x.example`", "internet"),
            (lookup("Name or service not known"), "there is no host `ghcr.io`", "nslookup ghcr.io"),
            (lookup("Name does not resolve"), "there is no host `ghcr.io`", "nslookup"),
            (
                lookup("nodename nor servname provided, or not known"),
                "there is no host `ghcr.io`",
                "nslookup",
            ),
            (lookup("No address associated with hostname"), "there is no host `ghcr.io`", "nslookup"),
            (
                of(io::Error::other("tunnel error: proxy authorization required")),
                "the proxy asks for a user",
                "before the proxy's host",
            ),
            (
                of(io::Error::from(io::ErrorKind::PermissionDenied)),
                "this machine does not allow a connection to `ghcr.io`",
                "firewall",
            ),
        ] {
            assert_eq!(retry, RetryPolicy::Never, "{text}");
            assert!(text.starts_with(message) && !text.contains("signed"), "{text}");
            assert!(hint.contains(help), "{text}: {hint}");
        }
    }

    #[test]
    fn messages_and_hints_name_the_port() {
        use rustls::Error as Tls;
        let server = Url::parse("https://ghcr.io:8443/token").unwrap();
        for (error, expected) in [
            (Tls::AlertReceived(Alert::HandshakeFailure), "openssl s_client -connect ghcr.io:8443"),
            (Tls::InvalidMessage(InvalidMessage::InvalidContentType), "does not speak TLS at port 8443"),
            (Tls::DecryptError, "curl -sSI https://ghcr.io:8443"),
        ] {
            let error = judge(&server, &error, true, false).error;
            let text = format!("{error}; {}", hint_of(&error).unwrap());
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn errors_that_may_pass_are_tried_again() {
        use rustls::Error as Tls;
        for (retry, text, _) in [
            of(io::Error::other(
                "failed to lookup address information: Temporary failure in name resolution",
            )),
            of(io::Error::other("failed to lookup address information: Try again")),
            of(io::Error::from(io::ErrorKind::ConnectionRefused)),
            of(io::Error::from(io::ErrorKind::ConnectionReset)),
            of(io::Error::from(io::ErrorKind::NetworkUnreachable)),
            of(io::Error::from(io::ErrorKind::UnexpectedEof)),
            of(io::Error::other("tunnel error: unsuccessful")),
            of(Tls::AlertReceived(Alert::InternalError)),
            of(Tls::AlertReceived(Alert::BadRecordMac)),
            of(Tls::DecryptError),
        ] {
            assert_eq!(retry, RetryPolicy::Later, "{text}");
            assert!(text.starts_with("the connection to `ghcr.io` failed: "), "{text}");
        }
        // A record that was damaged on its way is none of another protocol.
        let server = Url::parse("https://ghcr.io").unwrap();
        let damaged = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        assert_eq!(judge(&server, &damaged, false, false).retry, RetryPolicy::Later);
    }

    #[test]
    fn a_proxy_is_named_and_fails_in_the_place_of_the_server() {
        #[derive(Debug, thiserror::Error)]
        #[error("tunnel error: failed to create underlying connection")]
        struct Lost(#[source] io::Error);
        let lost = |error: io::Error| io::Error::other(Lost(error));
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let unknown = || io::Error::other("failed to lookup address information: Name or service not known");
        let wants_password = io::Error::other("tunnel error: proxy authorization required");
        for (error, expected) in [
            (lost(refused()), "failed to reach {}: the connection to `p.example` failed: connection refused"),
            (lost(unknown()), "failed to reach {}: there is no host `p.example`"),
            (refused(), "failed through {}: the connection to `ghcr.io` failed: connection refused"),
            (wants_password, "failed through {}: the proxy asks for a user and a password"),
        ] {
            let server = Url::parse("https://ghcr.io/token?signed").unwrap();
            let proxy = proxy::tests::find(&[("ALL_PROXY", "http://u:secret@p.example:1")]).unwrap();
            let failed = judge_through(proxy, &server, &error, (true, false)).error;
            let expected = expected.replace("{}", "the proxy http://p.example:1 of `ALL_PROXY`");
            assert_eq!(format!("{failed:#}"), expected);
            let hint = hint_of(&failed).unwrap();
            assert_eq!(hint.contains("p.example"), expected.contains("reach"), "{hint}");
            assert!(!hint.contains("secret"), "{hint}");
        }
    }

    #[tokio::test]
    async fn a_web_page_is_no_answer_of_an_api() {
        for (head, is_page) in [
            ("200 OK\r\ncontent-type: text/html; charset=utf-8\r\n", true),
            ("200 OK\r\ncontent-type: TEXT/HTML\r\n", true),
            ("200 OK\r\ncontent-type: application/json\r\n", false),
            ("200 OK\r\n", false),
            ("502 Bad Gateway\r\ncontent-type: text/html\r\n", false),
        ] {
            let (url, _) = server(|_| head.to_owned()).await;
            let endpoint = Endpoint::given("the registry", url.as_str()).unwrap();
            let request = reqwest::Request::new(http::Method::GET, url);
            let failed = client().exchange(&endpoint, request, 10).await.err();
            let text = failed.map(|failed| (failed.retry, failed.error.to_string()));
            let expected =
                is_page.then(|| (RetryPolicy::Never, "the registry answered with a web page".to_owned()));
            assert_eq!(text, expected, "{head}");
        }
    }
}
