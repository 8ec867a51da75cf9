//! From facts to questions with answers, in the order in which they would be met.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{Access, Answer, Facts, Package, Question, Said};
use crate::model::Release;
use crate::model::notes::{Head, LIMIT};
use crate::plan::{Plan, Step};
use crate::units::size;
use crate::verify::{ASSET_COUNT, ASSET_LIMIT};
use crate::world::World;

/// A token that lives shorter than this may not outlive the release.
const SOON: TimeDelta = TimeDelta::days(1);

/// Every question, in the order in which publishing would meet them. Without a plan there are conflicts, which speak
/// for themselves.
pub fn questions(release: &Release, world: &World, plan: Option<&Plan>, facts: &Facts) -> Vec<Question> {
    let mut all = Vec::new();
    let mut ask = |about, answer| all.push(Question { about, answer });
    ask("token", token(release, facts));
    match &facts.access {
        Err(said) => ask("repository", Answer::No(said.clone())),
        Ok(access) => {
            ask("repository", repository(release, access));
            ask("rights", rights(release, access, facts));
            ask("tag", tag(release, world));
            ask("release", standing(release, world));
        }
    }
    ask("version", version(release));
    ask("assets", assets(release));
    ask("notes", notes(release));
    if let Some(plan) = plan {
        ask("requests", requests(plan, facts));
    }
    if let Some(registry) = &facts.registry {
        let image = &release.home.image;
        let found = || format!("the registry of `{image}` answers");
        ask("registry", answer(registry, found));
        if registry.is_ok() {
            let why = if facts.has_token { "nothing is left to push" } else { "there is no token" };
            let unasked = || Answer::Unasked(why.to_owned());
            let found = || format!("`{image}` may be pushed to");
            ask("push", facts.push.as_ref().map_or_else(unasked, |push| answer(push, found)));
            ask("package", package(release, facts));
        }
    }
    all
}

fn answer(asked: &super::Asked<()>, found: impl FnOnce() -> String) -> Answer {
    match asked {
        Ok(()) => Answer::Yes(found()),
        Err(said) => Answer::No(said.clone()),
    }
}

fn no(found: impl Into<String>, cure: impl Into<String>) -> Answer {
    Answer::No(Said { found: found.into(), cure: cure.into() })
}

fn warning(found: impl Into<String>, cure: impl Into<String>) -> Answer {
    Answer::Warning(Said { found: found.into(), cure: cure.into() })
}

/// The site of the repository's page: where the settings of tokens are.
fn site(release: &Release) -> &str {
    let repo = format!("/{}", release.home.repo);
    release.home.page.strip_suffix(&repo).unwrap_or("https://github.com")
}

fn token(release: &Release, facts: &Facts) -> Answer {
    if !facts.has_token {
        return no(
            format!("there is no token to publish to `{}` with", release.home.repo),
            "set one: `export GITHUB_TOKEN=$(gh auth token)`; in a workflow `env: GITHUB_TOKEN: ${{ github.token }}`",
        );
    }
    let Ok(access) = &facts.access else {
        return Answer::Unasked("GitHub did not say".to_owned());
    };
    let Some(text) = &access.expires else {
        return Answer::Yes("it is valid, and GitHub names no end of it".to_owned());
    };
    let Some(end) = moment(text) else {
        return warning(format!("the token expires at {text}"), "see that it outlives the release");
    };
    let (left, at) = (end - facts.now, end.format("%Y-%m-%d %H:%M UTC"));
    let cure = format!("make another at {}/settings/tokens, and set GITHUB_TOKEN to it", site(release));
    match left {
        left if left <= TimeDelta::zero() => no(format!("the token expired at {at}"), cure),
        left if left < SOON => {
            let left = format!("{} h {:02} min", left.num_hours(), left.num_minutes() % 60);
            warning(format!("the token expires in {left}, at {at}"), cure)
        }
        _ => Answer::Yes(format!("it is valid until {at}")),
    }
}

/// GitHub writes `2026-11-03 12:00:00 UTC`, and `2026-11-03 12:00:00 -0700` for some.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Some(utc) = text.strip_suffix(" UTC") {
        return NaiveDateTime::parse_from_str(utc, "%Y-%m-%d %H:%M:%S").ok().map(|time| time.and_utc());
    }
    DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z").ok().map(|time| time.to_utc())
}

fn repository(release: &Release, access: &Access) -> Answer {
    let (repo, page) = (&release.home.repo, &release.home.page);
    if access.frozen {
        let found = format!("`{repo}` is archived or disabled: nothing in it can be changed");
        return no(found, format!("unarchive it at {page}/settings, under \"Danger Zone\""));
    }
    match &access.name {
        Some(name) if !name.eq_ignore_ascii_case(&repo.to_string()) => no(
            format!("`{repo}` is called `{name}` now, and what is sent to the old name is not taken"),
            format!("give `--repo {name}`, and set `repository` in Cargo.toml and the git remote to it"),
        ),
        _ if access.private => Answer::Yes(format!("`{repo}` is there, and private")),
        _ => Answer::Yes(format!("`{repo}` is there, and public")),
    }
}

fn rights(release: &Release, access: &Access, facts: &Facts) -> Answer {
    let enough = |scope: &String| scope == "repo" || (scope == "public_repo" && !access.private);
    if let Some(scopes) = access.scopes.as_ref().filter(|scopes| !scopes.iter().any(enough)) {
        let has =
            if scopes.is_empty() { "no scope".to_owned() } else { format!("`{}`", scopes.join("`, `")) };
        let wanted = if access.private { "repo" } else { "public_repo" };
        return no(
            format!("the token is a classic one with {has}, but publishing takes `{wanted}`"),
            format!(
                "add the scope at {}/settings/tokens; of the gh program: `gh auth refresh -s repo`",
                site(release)
            ),
        );
    }
    match &facts.write {
        None if facts.has_token => Answer::Unasked("nothing is left to write".to_owned()),
        None => Answer::Unasked("there is no token".to_owned()),
        Some(write) => answer(write, || "the token may write contents".to_owned()),
    }
}

fn tag(release: &Release, world: &World) -> Answer {
    let tag = &release.home.tag;
    match &world.tag {
        Some(commit) if *commit == release.home.commit => {
            Answer::Yes(format!("`{tag}` is there, and is commit {}", commit.short()))
        }
        _ => Answer::Unasked(format!("`{tag}` is not what was built, as told below")),
    }
}

fn standing(release: &Release, world: &World) -> Answer {
    let tag = &release.home.tag;
    let found = match (world.published(tag), world.drafts(tag).len()) {
        (Some(_), _) => format!("`{tag}` is published"),
        (None, 0) => format!("nothing is there of `{tag}` yet"),
        (None, 1) => format!("one draft of `{tag}` is there"),
        (None, count) => format!("{count} drafts of `{tag}` are there"),
    };
    // The setting itself is for administrators to read; what was published under it shows it to everybody.
    let newest = world.releases.iter().find(|release| !release.draft);
    match newest.is_some_and(|release| release.immutable) {
        true => {
            Answer::Yes(format!("{found}; releases are immutable here: what is published stays for ever"))
        }
        false => Answer::Yes(found),
    }
}

fn version(release: &Release) -> Answer {
    Answer::Yes(format!("tag `{}` names version {}", release.home.tag, release.version))
}

/// GitHub's limits, and the names that it would keep otherwise than they were sent.
fn assets(release: &Release) -> Answer {
    let (count, largest) =
        (release.assets.len(), release.assets.iter().map(|asset| asset.size).max().unwrap_or(0));
    if count > ASSET_COUNT {
        return no(
            format!("{count} assets are more than the {ASSET_COUNT} GitHub takes"),
            "release fewer targets at once",
        );
    }
    if let Some(asset) = release.assets.iter().find(|asset| asset.size >= ASSET_LIMIT) {
        return no(
            format!(
                "`{}` has {}, and GitHub takes files below {}",
                asset.name,
                size(asset.size),
                size(ASSET_LIMIT)
            ),
            "strip the binary, or leave files out of `include`",
        );
    }
    if let Some(asset) = release.assets.iter().find(|asset| !is_kept(&asset.name)) {
        return no(
            format!("GitHub would keep `{}` under another name", asset.name),
            "use only letters, digits, `.`, `_`, `-` and `+` in the name of the package",
        );
    }
    let mut names: Vec<String> = release.assets.iter().map(|asset| asset.name.to_lowercase()).collect();
    names.sort();
    if let Some(twice) = names.windows(2).find(|two| two[0] == two[1]) {
        return no(
            format!("two assets are called `{}`, if upper and lower case are the same", twice[0]),
            "give the package another name than its files",
        );
    }
    Answer::Yes(format!(
        "{count} of at most {ASSET_COUNT}, the largest with {}; names are kept",
        size(largest)
    ))
}

/// Whether GitHub keeps a name as it was sent: anything unusual becomes a dot, and dots at both ends go.
fn is_kept(name: &str) -> bool {
    let usual = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    !name.is_empty() && name.chars().all(usual) && !name.starts_with('.') && !name.ends_with('.')
}

fn notes(release: &Release) -> Answer {
    let Head::Text(text) = &release.notes.head else {
        return Answer::Yes(format!("GitHub writes them; cut at {LIMIT} characters if they are longer"));
    };
    let count = text.trim_end().chars().count() + release.notes.footer.chars().count() + 2;
    if count <= LIMIT {
        return Answer::Yes(format!("{count} of at most {LIMIT} characters"));
    }
    warning(
        format!(
            "the notes have {count} characters, and GitHub takes {LIMIT}: they will be cut at a line's end"
        ),
        "shorten the section in CHANGELOG.md, or give `--notes-file`",
    )
}

/// Requests that a plan makes at GitHub, each tried once.
fn needed(plan: &Plan) -> u64 {
    let of = |step: &Step| match step {
        // The notes that GitHub writes come with the draft.
        Step::CreateDraft { .. } => 2,
        Step::DeleteAsset { .. } | Step::Upload { .. } => 1,
        // The draft is compared before it is published; a listing has a hundred assets a page.
        Step::Publish { .. } => 2 + plan.steps.len() as u64 / 100,
        Step::PushImage { .. } | Step::TagImage { .. } => 0,
    };
    plan.todo().map(of).sum()
}

fn requests(plan: &Plan, facts: &Facts) -> Answer {
    let needed = needed(plan);
    let Some(budget) = facts.budget else {
        return Answer::Unasked("GitHub names no limit".to_owned());
    };
    if budget.remaining >= needed {
        return Answer::Yes(format!("{needed} are needed, {} are left in this hour", budget.remaining));
    }
    let end = i64::try_from(budget.reset).ok().and_then(|reset| DateTime::from_timestamp(reset, 0));
    let end = end.map(|end| end.format(" at %H:%M:%S UTC").to_string()).unwrap_or_default();
    warning(
        format!(
            "{needed} requests are needed, but GitHub takes only {} until its hour ends{end}",
            budget.remaining
        ),
        "begin after that, or let it wait: it says so and goes on by itself",
    )
}

fn package(release: &Release, facts: &Facts) -> Answer {
    let image = &release.home.image;
    let settings = image.settings();
    match facts.package {
        None => Answer::Unasked("nothing about it will change".to_owned()),
        Some(Package::Public) => Answer::Yes(format!("anybody can pull `{image}`")),
        Some(Package::Absent) if settings.is_some() => warning(
            format!("`{image}` does not exist yet, and GHCR makes a new package private"),
            format!("make it public once, after this release: {}", settings.unwrap_or_default()),
        ),
        Some(Package::Absent) => Answer::Yes(format!("`{image}` does not exist yet")),
        Some(Package::Hidden) => warning(
            format!("strangers cannot pull `{image}`"),
            match settings {
                Some(settings) => format!("if they should, make it public: {settings}"),
                None => format!("if they should, make it public at {}", image.registry()),
            },
        ),
    }
}
