//! Whether the files of channels could be written: their repositories, and the token.

use super::judge::{failed, passed, refuses_writes, warning};
use super::{Answer, Asked, Finding, Outcome, Rights, Secret, ServerFacts};
use crate::model::Subject;
use crate::model::places::{Home, Submission};
use crate::plan::{Plan, Standing, Step};
use crate::world::{Access, RemoteChannel, World};

/// The check of each channel of a plan. Of a public release a channel that cannot move is a warning, so that the others do.
pub(super) fn checks(subject: &Subject<'_>, world: &World, plan: &Plan, facts: &ServerFacts) -> Vec<Outcome> {
    let is_channel = |step: &&Step| matches!(step, Step::Channel { .. });
    let steps = plan.steps.iter().map(|planned| &planned.step).filter(is_channel);
    let outcome = |(step, there)| match judge(subject, facts, step, there) {
        failed if failed.answer == Answer::Failed && plan.published.is_some() => {
            Outcome { answer: Answer::Warning, ..failed }
        }
        outcome => outcome,
    };
    steps.zip(&world.channels).map(outcome).collect()
}

fn judge(subject: &Subject<'_>, facts: &ServerFacts, step: &Step, there: &Asked<RemoteChannel>) -> Outcome {
    let Step::Channel { place, standing, .. } = step else { return passed("") };
    let (kind, rights) = (place.kind, &facts.rights);
    let access = match there {
        Ok(there) => &there.access,
        Err(Finding { found, cure }) => return failed(format!("{kind}: {found}"), cure.clone()),
    };
    if let Some(Standing::Closed(url)) = standing {
        return warning(
            format!("{kind}: the pull request of {} was closed without a merge: {url}", subject.version),
            "floe opens no other one: reopen it there if it should be merged",
        );
    }
    if let Some(Standing::Removed(url)) = standing {
        return warning(
            format!(
                "{kind}: the pull request of {} was merged, but the version is not there: {url}",
                subject.version
            ),
            "run the same command again later; if it stays away, somebody has removed it there",
        );
    }
    if let Some(standing) = standing.as_ref().filter(|standing| standing.is_done()) {
        return passed(format!("{place} is there: {}", standing.movement(&subject.version)));
    }
    let (repository, home) = match &place.home {
        Home::Feed(feed) => return feed_key(&feed.host, rights.feed_key),
        Home::Repo(repository) => (repository, None),
        Home::Upstream(submission) => (&submission.fork, Some(submission)),
    };
    let rename = |name: &str| format!("write `{name}` under [package.metadata.floe.{kind}]");
    if let Some(Finding { found, cure }) = refuses_writes(repository, access, &rights.site, rename) {
        return failed(format!("{kind}: {found}"), cure);
    }
    if let Some(submission) = home
        && let Some(outcome) = pull_request(submission, access, rights)
    {
        return outcome;
    }
    let is_own = repository.is(&subject.destination.repo);
    let cure = match home {
        None => {
            "give one with \"Contents: Read and write\" on it as FLOE_CHANNEL_TOKEN (in the workflow: secret `channel-token`)"
        }
        Some(_) => CLASSIC_TOKEN,
    };
    match (rights.channel_token, access.push) {
        _ if is_own => passed(format!("`{repository}` is the repository of the release itself")),
        (Secret::Absent, _) => failed(format!("{kind}: there is no token to write `{repository}`"), cure),
        (Secret::OfApp, _) => passed(format!(
            "`{repository}` is there; GitHub does not say whether an app's token may write it"
        )),
        (Secret::Follows, _) => {
            passed(format!("`{repository}` is there; the job that publishes has the token that writes it"))
        }
        (_, Some(true)) => passed(format!("`{repository}` may be written")),
        (_, _) => failed(format!("{kind}: this token may not write `{repository}`"), cure),
    }
}

/// Whether there is a key. Whether it is the right one is seen by the push alone.
fn feed_key(host: &str, key: Secret) -> Outcome {
    match key {
        Secret::Absent => failed(
            format!("chocolatey: there is no key to push to `{host}`"),
            "give the API key of your account as FLOE_CHOCOLATEY_KEY (in the workflow: secret `chocolatey-key`)",
        ),
        Secret::There | Secret::OfApp => {
            passed(format!("there is a key for `{host}`; only the push shows whether it is valid"))
        }
        Secret::Follows => passed(format!("the job that publishes has the key for `{host}`")),
    }
}

/// The hint for a token that cannot open a pull request.
pub const CLASSIC_TOKEN: &str = "give a classic token with the scope `public_repo` as FLOE_CHANNEL_TOKEN (in the workflow: secret `channel-token`)";

/// The obstacles that keep a fork and a token from opening a pull request, besides the right to write the fork.
fn pull_request(submission: &Submission, access: &Access, rights: &Rights) -> Option<Outcome> {
    let Submission { upstream, fork, .. } = submission;
    if !access.parent.as_ref().is_some_and(|(name, _)| upstream.is_called(name)) {
        return Some(failed(
            format!("winget: `{fork}` is not a fork of `{upstream}`"),
            format!(
                "fork it: `gh repo fork {upstream} --clone=false`, or name a fork with `fork` under [package.metadata.floe.winget]"
            ),
        ));
    }
    let may_open =
        |scopes: &Vec<String>| scopes.iter().any(|scope| scope == "repo" || scope == "public_repo");
    let is_limited = match &access.scopes {
        Some(scopes) => !may_open(scopes),
        None => !rights.channel_pulls,
    };
    let has_token = !matches!(rights.channel_token, Secret::Absent | Secret::Follows);
    (has_token && is_limited).then(|| {
        failed(format!("winget: this token cannot open a pull request in `{upstream}`"), CLASSIC_TOKEN)
    })
}
