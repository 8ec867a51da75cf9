//! A session: the clients of one run, for GitHub, the registry and the channels, over one transport.

use url::Url;

use crate::cli::RemoteArgs;
use crate::feed::FeedClient;
use crate::github::GitHub;
use crate::net::address::{Endpoint, is_loopback, shown};
use crate::net::client::{self, Client};
use crate::net::retry::{self, Retry};
use crate::registry::{self, Credentials, Registry};
use crate::release::REGISTRY_AT_ONCE;
use crate::release::channel::Channel;
use crate::release::trust::Trust;
use crate::report::Report;
use crate::token::{self, Token};
use floe_core::clock::Clock;
use floe_core::model::places::Feed;
use floe_core::model::{Destination, ImageName, Release, Repo, Subject};
use floe_core::preflight::{Rights, Secret};

const GITHUB_API: &str = "https://api.github.com";

/// The secrets of a run.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// GitHub's token.
    pub github: Option<Token>,
    /// The registry's user and token.
    pub registry: Option<Credentials>,
    /// The token for the repositories of channels; without one it is GitHub's.
    pub channels: Option<Token>,
    /// Whether the job that publishes has that token, and this one does not.
    pub channels_follow: bool,
    /// The key for the feed of packages.
    pub feed: Option<Token>,
    /// Whether the job that publishes has that key, and this one does not.
    pub feed_follows: bool,
}

impl Secrets {
    /// Reads them from the environment, for the project's own image and a GitHub with this API.
    pub fn from_env(image: &ImageName, api: &str) -> anyhow::Result<Self> {
        let registry = Credentials::from_env(image, image, api)?;
        Ok(Secrets {
            github: Token::github(),
            registry,
            channels: Token::from_env(token::CHANNEL),
            channels_follow: Token::follows(token::CHANNEL),
            feed: Token::from_env(token::FEED),
            feed_follows: Token::follows(token::FEED),
        })
    }

    /// The rights that they give, at a GitHub with this web address.
    fn rights(&self, site: String) -> Rights {
        let secret = |token: &Option<Token>, follows| match token {
            Some(token) if token.is_of_app() => Secret::OfApp,
            Some(_) => Secret::There,
            None if follows => Secret::Follows,
            None => Secret::Absent,
        };
        let channel_token = match secret(&self.channels, self.channels_follow) {
            // GitHub says what its own token may do.
            Secret::Absent if self.github.is_some() => Secret::There,
            secret => secret,
        };
        Rights {
            has_token: self.github.is_some(),
            reads_only: false,
            channel_token,
            channel_pulls: self.channels.as_ref().or(self.github.as_ref()).is_none_or(Token::opens_pulls),
            feed_key: secret(&self.feed, self.feed_follows),
            site,
        }
    }
}

/// The clients of one run.
pub struct Session {
    /// GitHub.
    pub github: GitHub,
    /// The registry, if the release has an image.
    pub registry: Option<Registry>,
    /// The client of each channel, in the order of the release's.
    pub channels: Vec<Channel>,
    /// The rights that its tokens and arguments give.
    pub rights: Rights,
    /// The transport of all of them.
    pub client: Client,
    /// Whose attestations stand for the promised one. Without it only the promised bytes do.
    pub trust: Option<Trust>,
}

impl Session {
    /// A session as the arguments and the environment describe it.
    pub fn open(subject: &Subject<'_>, args: &RemoteArgs, mut retry: Retry) -> anyhow::Result<Self> {
        let image = &subject.destination.image;
        let host = Credentials::host(image)?;
        if Token::from_env(token::REGISTRY).is_some() && !host.eq_ignore_ascii_case(image.registry()) {
            retry.report.warn(format!(
                "`FLOE_REGISTRY_TOKEN` is not sent to `{}`, because `FLOE_REGISTRY_HOST` is `{host}`",
                image.registry()
            ));
        }
        let secrets = Secrets::from_env(image, api_url(args))?;
        // Publishing fails without a token, which is reported at once and not after the last try of a request.
        if secrets.github.is_none() && subject.release.is_some() {
            retry.tries = 1;
        }
        Session::connect(subject, args, secrets, Client::new(retry))
    }

    /// Makes the clients; nothing is sent yet.
    pub fn connect(
        subject: &Subject<'_>,
        args: &RemoteArgs,
        secrets: Secrets,
        client: Client,
    ) -> anyhow::Result<Self> {
        let Destination { repo, image, .. } = &subject.destination;
        let rights = secrets.rights(site(args));
        let of = |other: &Repo| {
            let token = match &secrets.channels {
                Some(token) if !repo.is(other) => Some(token.clone()),
                // GitHub's own token never goes where the other one does.
                _ => secrets.github.clone(),
            };
            github(args, other.clone(), token, &client)
        };
        let feed = |feed: &Feed| {
            let address = args.feed_url.as_deref();
            FeedClient::connect(client.clone(), feed, address, secrets.feed.clone())
        };
        let places = subject.channels();
        let channels =
            places.iter().map(|place| Channel::connect(place, of, feed)).collect::<anyhow::Result<_>>()?;
        let github = of(repo)?;
        let connect = || {
            let url = args.registry_url.clone().unwrap_or_else(|| image.address());
            let base = Endpoint::given(registry::SERVER, &url)?;
            anyhow::Ok(Registry::connect(client.clone(), base, image.clone(), secrets.registry))
        };
        let registry = (!subject.platforms.is_empty()).then(connect).transpose()?;
        Ok(Session { github, registry, channels, rights, client, trust: None })
    }

    /// Opens the connections that uploads take; nothing is sent over them. Opened beside the first requests, a handshake
    /// delays no upload.
    pub async fn open_connections(&self, release: &Release) {
        let image = async {
            if let Some((registry, image)) = self.registry.as_ref().zip(release.image.as_ref()) {
                let parts = image.blobs().len() + image.manifests().len();
                registry.open_connections(parts.min(REGISTRY_AT_ONCE)).await;
            }
        };
        tokio::join!(self.github.open_connections(release.assets.len()), image);
    }

    /// The report of the run.
    pub fn report(&self) -> &Report {
        &self.client.retry.report
    }

    /// Closes the upload session that checked the permission to push, if no blob has used it, and reports how
    /// many requests were made.
    pub async fn close(&self) {
        if let Some(registry) = &self.registry {
            registry.close().await;
        }
        self.report().detail("Asked", format!("{} requests", self.client.requests()));
    }
}

/// A client for GitHub's API.
pub fn github(
    args: &RemoteArgs,
    repo: Repo,
    token: Option<Token>,
    client: &Client,
) -> anyhow::Result<GitHub> {
    GitHub::connect(client.clone(), (api_url(args), site(args)), repo, token)
}

fn api_url(args: &RemoteArgs) -> &str {
    args.api_url.as_deref().unwrap_or(GITHUB_API)
}

/// Checks the addresses that the arguments and the environment name, before anything else is done.
pub fn check_addresses(args: &RemoteArgs) -> anyhow::Result<()> {
    for url in [&args.server_url, &args.api_url, &args.registry_url, &args.feed_url].into_iter().flatten() {
        Endpoint::given("", url)?;
    }
    client::check_proxy()
}

/// GitHub's web address: the given one, else that of the API.
pub fn site(args: &RemoteArgs) -> String {
    match (&args.server_url, Url::parse(api_url(args))) {
        (Some(server), _) => server.trim_end_matches('/').to_owned(),
        // `api.github.com` and `api.acme.ghe.com`; a server of one's own has the API below `/api/v3`.
        (None, Ok(api)) => shown(&api).replacen("://api.", "://", 1),
        (None, Err(_)) => "https://github.com".to_owned(),
    }
}

/// GitHub's web address, unless its API is one on this machine, which may be that of any GitHub.
pub fn known_site(args: &RemoteArgs) -> Option<String> {
    let is_here = Url::parse(api_url(args)).is_ok_and(|api| is_loopback(&api)) && args.server_url.is_none();
    (!is_here).then(|| site(args))
}

/// The address of a repository's page, as manifests and notes name it. A rehearsal's names are the real ones.
pub fn page(args: &RemoteArgs, repo: &Repo) -> anyhow::Result<String> {
    let server = known_site(args).unwrap_or_else(|| "https://github.com".to_owned());
    Endpoint::given("GitHub", &server)?;
    Ok(format!("{server}/{repo}"))
}

/// The address of a repository's page, where the arguments name it: an API elsewhere need not be that of github.com.
pub fn known_page(args: &RemoteArgs, repo: &Repo) -> anyhow::Result<Option<String>> {
    let is_known = args.server_url.is_some() || api_url(args).trim_end_matches('/') == GITHUB_API;
    is_known.then(|| page(args, repo)).transpose()
}

/// The retry rule of the arguments.
pub fn retry(args: &RemoteArgs, report: &Report) -> Retry {
    let first_wait = args.first_wait.map_or(retry::FIRST_WAIT, std::time::Duration::from_millis);
    Retry::new(args.tries, first_wait, Clock::system(), report.clone())
}

/// Installs ring as the process's one TLS provider. Called once, before the first client is made.
pub fn install_tls() {
    // It only fails if a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
