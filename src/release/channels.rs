//! Whether the channels of a published release show it, asked without a token, as users of them ask.

use serde::Serialize;

use crate::cli::RemoteArgs;
use crate::error::invalid;
use crate::feed::FeedClient;
use crate::net::client::Client;
use crate::release::channel::Channel;
use crate::release::session;
use crate::report::Report;
use floe_core::model::{ChannelKind, ChannelPlace, Manifest};
use floe_core::verify::channels::ChannelState;

/// A channel that shows the release, or a later one.
#[derive(Debug, Serialize)]
pub struct Followed {
    kind: ChannelKind,
    repository: String,
    path: String,
    state: String,
}

/// Looks at each channel that a verified manifest lists. One that is behind, differs or is missing is an error, with exit code 3.
pub async fn follow(
    manifest: &Manifest,
    args: &RemoteArgs,
    report: &Report,
) -> anyhow::Result<Vec<Followed>> {
    let refused = invalid(format!("the channels of `{}` do not show it", manifest.tag))
        .hint("publish the same dist again: `floe publish` writes what is missing, and nothing else");
    let (mut followed, mut problems) = (Vec::new(), Vec::new());
    let client = Client::new(session::retry(args, report).reading());
    for (place, entry) in ChannelPlace::listed(&manifest.channels) {
        let channel = Channel::connect(
            &place,
            |repo| session::github(args, repo.clone(), None, &client),
            |feed| FeedClient::connect(client.clone(), feed, args.feed_url.as_deref(), None),
        )?;
        let state = ChannelState::of(manifest, entry.digest, &channel.held(&place).await?);
        if !state.is_good() {
            problems.push(format!("{place}: {state}"));
        }
        report.step("Followed", format!("{place}: {state}"));
        let (repository, path) = (place.home.to_string(), place.path());
        followed.push(Followed { kind: place.kind, repository, path, state: state.to_string() });
    }
    refused.if_any(problems)?;
    Ok(followed)
}
