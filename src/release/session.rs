//! A session: the clients of one run, for GitHub and for the registry, and the rule by which they retry.

use crate::cli::RemoteArgs;
use crate::github::GitHub;
use crate::net::address;
use crate::net::client::Client;
use crate::net::retry::{self, Retry};
use crate::registry::{Credentials, Registry};
use crate::report::Report;
use crate::token::Token;
use floe_core::clock::Clock;
use floe_core::model::{Destination, ImageName, Repo, Subject};

const GITHUB_API: &str = "https://api.github.com";

/// The secrets of a run.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// GitHub's token.
    pub github: Option<Token>,
    /// The registry's user and token.
    pub registry: Option<Credentials>,
}

impl Secrets {
    /// Reads them from the environment, for an image of this name.
    pub fn from_env(image: &ImageName) -> Self {
        Secrets { github: Token::github(), registry: Credentials::from_env(image) }
    }
}

/// The clients of one run.
#[derive(Clone)]
pub struct Session {
    /// GitHub.
    pub github: GitHub,
    /// The registry, if the release has an image.
    pub registry: Option<Registry>,
    /// How often something is tried, by which clock, and where that is reported.
    pub retry: Retry,
}

impl Session {
    /// A session as the arguments and the environment describe it.
    pub fn open<'a>(
        subject: impl Into<Subject<'a>>,
        args: &RemoteArgs,
        report: &Report,
    ) -> anyhow::Result<Self> {
        let subject = subject.into();
        let secrets = Secrets::from_env(&subject.destination().image);
        Session::connect(subject, args, secrets, retry(args, report))
    }

    /// Makes the clients; nothing is sent yet.
    pub fn connect<'a>(
        subject: impl Into<Subject<'a>>,
        args: &RemoteArgs,
        secrets: Secrets,
        retry: Retry,
    ) -> anyhow::Result<Self> {
        let subject = subject.into();
        let Destination { repo, image, .. } = subject.destination();
        let client = Client::default();
        let at_github = (client.clone(), api_url(args));
        let github = GitHub::connect(at_github, repo.clone(), secrets.github, retry.clone())?;
        let registry = match subject.platforms().is_empty() {
            true => None,
            false => {
                let url = registry_url(args, image);
                Some(Registry::connect((client, &url), image.clone(), secrets.registry, retry.clone())?)
            }
        };
        Ok(Session { github, registry, retry })
    }

    /// The same clients as at the beginning of a run: without a registry token, a count or a rate limit.
    pub fn fresh(&self) -> Self {
        Session {
            github: self.github.fresh(),
            registry: self.registry.as_ref().map(Registry::fresh),
            retry: self.retry.clone(),
        }
    }

    /// The report of the run.
    pub fn report(&self) -> &Report {
        &self.retry.report
    }

    /// How many requests were made.
    pub fn requests(&self) -> u64 {
        self.github.requests() + self.registry.as_ref().map_or(0, Registry::requests)
    }

    /// Closes the upload session that checked the permission to push, if no blob has used it, and reports how
    /// many requests were made.
    pub async fn close(&self) {
        if let Some(registry) = &self.registry {
            registry.close().await;
        }
        let (all, github) = (self.requests(), self.github.requests());
        let asked = match self.registry {
            Some(_) => format!("{all} requests: {github} of GitHub, {} of the registry", all - github),
            None => format!("{all} requests, all of GitHub"),
        };
        self.report().detail("Asked", asked);
    }
}

/// A client for GitHub's API.
pub fn github(args: &RemoteArgs, repo: Repo, token: Option<Token>, retry: &Retry) -> anyhow::Result<GitHub> {
    GitHub::connect((Client::default(), api_url(args)), repo, token, retry.clone())
}

/// The address of an image's registry: the given one, else `https://` and the host of its name.
pub fn registry_url(args: &RemoteArgs, name: &ImageName) -> String {
    args.registry_url.clone().unwrap_or_else(|| format!("https://{}", name.registry()))
}

fn api_url(args: &RemoteArgs) -> &str {
    args.api_url.as_deref().unwrap_or(GITHUB_API)
}

/// The address of a repository's page, as manifests and notes name it.
pub fn page(args: &RemoteArgs, repo: &Repo) -> anyhow::Result<String> {
    let server = args.server_url.as_deref().unwrap_or("https://github.com").trim_end_matches('/');
    address::server(server)?;
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
