//! From facts to checks, in the order in which publishing would meet them.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Access, Answer, Asked, Budget, Check, Finding, Outcome, Package, ServerFacts, channels, signed};
use crate::model::notes::{LIMIT, NotesSource};
use crate::model::release::{is_asset_name, is_covered};
use crate::model::{Repo, Subject, body};
use crate::plan::{Plan, Step, unpromised};
use crate::units::size;
use crate::verify::ASSET_COUNT;
use crate::world::World;

/// A token that expires sooner may not outlive the release.
const SOON: TimeDelta = TimeDelta::days(1);

/// Every check, in the order in which publishing would meet them. Without a plan there are conflicts, which are
/// reported beside them.
pub fn checks(subject: &Subject<'_>, world: &World, plan: Option<&Plan>, facts: &ServerFacts) -> Vec<Check> {
    let mut all = Vec::new();
    let mut check = |about, outcome| all.push(Check { about, outcome });
    check("token", token(subject, facts));
    match &facts.access {
        Err(finding) => check("repository", failed(&finding.found, &finding.cure)),
        Ok(access) => {
            check("repository", repository(subject, access, &facts.rights.site));
            check("rights", rights(subject, access, facts));
            check("tag", tag(subject, world));
            check("release", release(subject, world));
        }
    }
    check("assets", assets(subject));
    if let Some(outcome) = signed::attestation(subject, world) {
        check("attestation", outcome);
    }
    if let Some(outcome) = signed::code_signatures(subject, world) {
        check("signatures", outcome);
    }
    check("notes", notes(subject));
    if let Some(plan) = plan {
        check("requests", requests(plan, facts));
    }
    let image = &subject.destination.image;
    match &facts.registry {
        Some(asked) => check("registry", answer(asked, || format!("the registry of `{image}` answers"))),
        None if facts.rights.reads_only && subject.image().is_some() => {
            check("registry", skipped(format!("this run may not see whether `{image}` is there")));
        }
        None => {}
    }
    if !subject.platforms.is_empty() && !matches!(facts.registry, Some(Err(_))) {
        let unasked = || skipped(facts.why_unasked(subject, "push"));
        let found = || format!("`{image}` may be pushed to");
        check("push", facts.push.as_ref().map_or_else(unasked, |push| answer(push, found)));
        check("package", package(subject, facts));
    }
    if let Some(plan) = plan {
        channels::checks(subject, world, plan, facts)
            .into_iter()
            .for_each(|outcome| check("channel", outcome));
    }
    all
}

fn answer(asked: &Asked<()>, found: impl FnOnce() -> String) -> Outcome {
    match asked {
        Ok(()) => passed(found()),
        Err(finding) => failed(&finding.found, &finding.cure),
    }
}

pub(super) fn passed(found: impl Into<String>) -> Outcome {
    Outcome { answer: Answer::Passed, found: found.into(), cure: None }
}

pub(super) fn skipped(found: impl Into<String>) -> Outcome {
    Outcome { answer: Answer::Skipped, found: found.into(), cure: None }
}

pub(super) fn failed(found: impl Into<String>, cure: impl Into<String>) -> Outcome {
    Outcome { answer: Answer::Failed, found: found.into(), cure: Some(cure.into()) }
}

pub(super) fn warning(found: impl Into<String>, cure: impl Into<String>) -> Outcome {
    Outcome { answer: Answer::Warning, ..failed(found, cure) }
}

fn token(subject: &Subject<'_>, facts: &ServerFacts) -> Outcome {
    if !facts.rights.has_token {
        if facts.rights.reads_only || subject.release.is_none() {
            return needs_push();
        }
        return failed(
            format!("there is no token to publish to `{}`", subject.destination.repo),
            "set one: `export GITHUB_TOKEN=$(gh auth token)`; in a workflow `env: GITHUB_TOKEN: ${{ github.token }}`",
        );
    }
    let Ok(access) = &facts.access else {
        return skipped("GitHub did not answer");
    };
    let Some(text) = &access.expires else {
        return passed("it is valid and has no expiry date");
    };
    let Some(end) = moment(text) else {
        return warning(format!("the token expires at {text}"), "make sure that it outlives the release");
    };
    let (left, at) = (end - facts.now, end.format("%Y-%m-%d %H:%M UTC"));
    let cure =
        format!("make another at {}/settings/tokens, and set it in place of this one", facts.rights.site);
    match left {
        left if left <= TimeDelta::zero() => failed(format!("the token expired at {at}"), cure),
        left if left < SOON => {
            let left = format!("{} h {:02} min", left.num_hours(), left.num_minutes() % 60);
            warning(format!("the token expires in {left}, at {at}"), cure)
        }
        _ => passed(format!("it is valid until {at}")),
    }
}

/// GitHub writes `2026-11-03 12:00:00 UTC`, and `2026-11-03 12:00:00 -0700` for some.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_str(&text.replace(" UTC", " +0000"), "%Y-%m-%d %H:%M:%S %z")
        .ok()
        .map(|time| time.to_utc())
}

fn repository(subject: &Subject<'_>, access: &Access, site: &str) -> Outcome {
    let repo = &subject.destination.repo;
    let rename = |name: &str| {
        format!("give `--repo {name}`, and set `repository` in Cargo.toml and the git remote to it")
    };
    match refuses_writes(repo, access, site, rename) {
        Some(Finding { found, cure }) => failed(found, cure),
        None if access.private => passed(format!(
            "`{repo}` is there, and private: attestations and required reviewers need GitHub Enterprise Cloud"
        )),
        None => passed(format!("`{repo}` is there, and public")),
    }
}

/// Why GitHub refuses every write to a repository. `rename` is the way out for one that has another name now.
pub(super) fn refuses_writes(
    repo: &Repo,
    access: &Access,
    site: &str,
    rename: impl Fn(&str) -> String,
) -> Option<Finding> {
    if access.frozen {
        let found = format!("`{repo}` is archived or disabled: nothing in it can be changed");
        return Some(Finding {
            found,
            cure: format!("unarchive it at {site}/{repo}/settings, under \"Danger Zone\""),
        });
    }
    let name = access.new_name(repo)?;
    let found = format!("`{repo}` is called `{name}` now, and GitHub refuses writes under the old name");
    Some(Finding { found, cure: rename(name) })
}

/// Before the dist is built, another token than the one that publishes will do, but it sees less.
fn needs_push() -> Outcome {
    warning(
        "no token that may push is set, so drafts and the permission to push the image are not checked",
        "set GITHUB_TOKEN to one that may push, to check them, too",
    )
}

fn rights(subject: &Subject<'_>, access: &Access, facts: &ServerFacts) -> Outcome {
    if facts.rights.reads_only {
        let unasked = facts.why_unasked(subject, "write");
        return skipped(format!("drafts and the permission to write contents are not checked: {unasked}"));
    }
    if subject.release.is_none() && access.push == Some(false) {
        return needs_push();
    }
    let enough = |scope: &String| scope == "repo" || (scope == "public_repo" && !access.private);
    if let Some(scopes) = access.scopes.as_ref().filter(|scopes| !scopes.iter().any(enough)) {
        let site = &facts.rights.site;
        let has =
            if scopes.is_empty() { "no scope".to_owned() } else { format!("`{}`", scopes.join("`, `")) };
        let wanted = if access.private { "repo" } else { "public_repo" };
        return failed(
            format!("the token is a classic one with {has}, but publishing needs `{wanted}`"),
            format!("add the scope at {site}/settings/tokens; of the gh program: `gh auth refresh -s repo`"),
        );
    }
    match &facts.write {
        None => skipped(facts.why_unasked(subject, "write")),
        Some(write) => answer(write, || "the token may write contents".to_owned()),
    }
}

fn tag(subject: &Subject<'_>, world: &World) -> Outcome {
    let tag = &subject.destination.tag;
    match &world.tag {
        Some(commit) if *commit == subject.destination.commit => {
            passed(format!("`{tag}` is there, and is commit {}", commit.short()))
        }
        _ => skipped(format!("`{tag}` is missing or at another commit, as reported below")),
    }
}

fn release(subject: &Subject<'_>, world: &World) -> Outcome {
    let tag = &subject.destination.tag;
    let published = world.published(tag);
    let mut uncovered = published.map(|release| unpromised(subject, release)).unwrap_or_default();
    uncovered.retain(|name| is_covered(name));
    if !uncovered.is_empty() {
        return warning(
            format!("`{tag}` is published with `{}`, not covered by this release", uncovered.join("`, `")),
            "it stays, but cannot be verified; a release covers further files that `assets` in [package.metadata.floe] lists",
        );
    }
    let found = match (published, world.drafts(tag).len()) {
        (Some(_), _) => format!("`{tag}` is published"),
        (None, 0) => format!("there is no release `{tag}` yet"),
        (None, 1) => format!("there is a draft of `{tag}`"),
        (None, count) => format!("there are {count} drafts of `{tag}`"),
    };
    // The setting is readable for administrators alone, but every release that was published under it shows it.
    let newest = world.releases.iter().find(|release| !release.draft);
    match newest.is_some_and(|release| release.immutable) {
        true => passed(format!("{found}; releases are immutable here: what is published stays for ever")),
        false => passed(found),
    }
}

/// The number of assets, and the names that GitHub would change. The sizes of a dist are verified before.
fn assets(subject: &Subject<'_>) -> Outcome {
    let assets = &subject.assets;
    let count = assets.len();
    if count > ASSET_COUNT {
        return failed(
            format!("{count} assets are more than the {ASSET_COUNT} that GitHub accepts"),
            "release fewer targets at once",
        );
    }
    if let Some(name) = assets.iter().find(|name| !is_asset_name(name)) {
        return failed(
            format!("GitHub would keep `{name}` under another name"),
            "use only letters, digits, `.`, `_`, `-` and `+` in the name of the package",
        );
    }
    let mut names: Vec<String> = assets.iter().map(|name| name.to_lowercase()).collect();
    names.sort();
    if let Some(twice) = names.windows(2).find(|two| two[0] == two[1]) {
        return failed(
            format!("two assets are called `{}`, if upper and lower case are the same", twice[0]),
            "give the package another name than its files",
        );
    }
    let largest = subject.release.iter().flat_map(|release| &release.assets).map(|asset| asset.size).max();
    let largest = largest.map(|largest| format!(", the largest with {}", size(largest))).unwrap_or_default();
    passed(format!("{count} of at most {ASSET_COUNT}{largest}; names are kept"))
}

fn notes(subject: &Subject<'_>) -> Outcome {
    let Some(text) = subject.notes.text() else {
        return passed(format!("GitHub writes them; cut at {LIMIT} characters if they are longer"));
    };
    let room = subject.release.map_or(LIMIT, |release| body::room(&release.notes.footer));
    let count = text.trim_end().chars().count() + LIMIT - room;
    if count <= LIMIT {
        return passed(format!("{count} of at most {LIMIT} characters"));
    }
    let source = match &subject.notes {
        NotesSource::Changelog { file, .. } => format!("its section in `{file}`"),
        _ => "the text".to_owned(),
    };
    warning(
        format!(
            "the notes have {count} characters, but GitHub accepts {LIMIT}: they will be cut at a line's end"
        ),
        format!("shorten {source}, or give another one as `--notes-file`"),
    )
}

/// The requests that a plan makes to GitHub, without retries.
fn needed(plan: &Plan) -> u64 {
    let of = |step: &Step| match step {
        // The notes that GitHub writes come with the draft.
        Step::CreateDraft { .. } => 2,
        Step::DeleteAsset { .. } | Step::Upload { .. } => 1,
        // The draft is compared before it is published; a listing has a hundred assets a page.
        Step::Publish { .. } => 2 + plan.steps.len() as u64 / 100,
        Step::Channel { .. } => 1,
        Step::PushImage { .. } | Step::TagImage { .. } | Step::Attach { .. } | Step::ListAttached { .. } => 0,
    };
    plan.todo().map(of).sum()
}

fn requests(plan: &Plan, facts: &ServerFacts) -> Outcome {
    let needed = needed(plan);
    let Some(Budget { remaining, reset }) = facts.budget else {
        return skipped("GitHub names no limit");
    };
    if remaining >= needed {
        return passed(format!("{needed} are needed, {remaining} are left in this hour"));
    }
    let end = i64::try_from(reset).ok().and_then(|reset| DateTime::from_timestamp(reset, 0));
    let end = end.map(|end| end.format(" at %H:%M:%S UTC").to_string()).unwrap_or_default();
    warning(
        format!(
            "{needed} requests are needed, but GitHub allows only {remaining} until its rate limit resets{end}"
        ),
        "start after that, or let floe wait: it continues by itself",
    )
}

fn package(subject: &Subject<'_>, facts: &ServerFacts) -> Outcome {
    let image = &subject.destination.image;
    match (&facts.package, image.settings()) {
        (None, _) if subject.release.is_none() => skipped("nothing is built yet"),
        (None, _) => skipped("nothing about it will change"),
        (Some(Err(Finding { found, cure })), _) => warning(
            format!("whether `{image}` can be pulled anonymously could not be checked: {found}"),
            cure,
        ),
        (Some(Ok(Package::Public)), _) => passed(format!("everybody can pull `{image}`")),
        (Some(Ok(Package::Absent)), Some(settings)) => warning(
            format!("`{image}` does not exist yet, and GHCR makes a new package private"),
            format!("make it public once, after this release: {settings}"),
        ),
        (Some(Ok(Package::Absent)), None) => passed(format!("`{image}` does not exist yet")),
        (Some(Ok(Package::Hidden)), settings) => {
            let place = settings.map_or_else(|| format!(", at {}", image.registry()), |at| format!(": {at}"));
            warning(
                format!("`{image}` cannot be pulled anonymously"),
                format!("make it public if it should be{place}"),
            )
        }
    }
}
