//! Whether the channels of a published release show it, asked without a token, as users of them ask.

use serde::Serialize;

use crate::cli::RemoteArgs;
use crate::error::{Exit, Failure};
use crate::feed::FeedClient;
use crate::net::client::Client;
use crate::release::channel::Channel;
use crate::release::session;
use crate::report::Report;
use floe_core::model::{ChannelKind, Manifest};
use floe_core::verify::channels::{ChannelState, listed};

/// A channel that shows the release, or a later one.
#[derive(Debug, Serialize)]
pub struct Followed {
    kind: ChannelKind,
    repository: String,
    path: String,
    state: String,
}

/// Looks at each channel that a manifest lists. One that is behind, differs or is missing is an error, with exit code 3.
pub async fn follow(
    manifest: &Manifest,
    args: &RemoteArgs,
    report: &Report,
) -> anyhow::Result<Vec<Followed>> {
    let refused = |problems: Vec<String>| {
        Failure::new(format!("the channels of `{}` do not show it", manifest.tag))
            .details(problems)
            .hint("publish the same dist again: `floe publish` writes what is missing, and nothing else")
            .exit(Exit::Problems)
    };
    let (mut followed, mut problems) = (Vec::new(), Vec::new());
    for (place, entry) in listed(manifest).map_err(|problem| refused(vec![problem]))? {
        let retry = session::retry(args, report).reading();
        let channel = Channel::connect(
            &place,
            |repo| session::github(args, repo.clone(), None, &retry),
            |feed| {
                FeedClient::connect(Client::default(), feed, args.feed_url.as_deref(), None, retry.clone())
            },
        )?;
        let state = ChannelState::of(manifest, entry.digest, &channel.held(&place).await?);
        if !state.is_good() {
            problems.push(format!("{place}: {state}"));
        }
        report.step("Followed", format!("{place}: {state}"));
        let (kind, repository, path, state) =
            (place.kind, place.home.to_string(), place.path(), state.to_string());
        followed.push(Followed { kind, repository, path, state });
    }
    if problems.is_empty() { Ok(followed) } else { Err(refused(problems).into()) }
}
