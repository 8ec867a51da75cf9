//! The embedded servers and the interceptor as HTTP clients see them: hand-written requests, octocrab, oci-client, skopeo.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

mod github;
mod interceptor;
mod peers;
mod registry;

/// An HTTP client without proxies or redirects, with a connection for each request.
fn client() -> reqwest::Client {
    install_tls();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    builder.pool_max_idle_per_host(0).build().unwrap()
}

/// reqwest wants a TLS provider even for plain HTTP.
fn install_tls() {
    // The first installation alone succeeds, and all are the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
