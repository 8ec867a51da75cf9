//! Finds obstacles to a first release before it is tried.
//!
//! It only reports, each with a fix. Nothing of it is changed, and nothing of it is drift.

use semver::Version;

use super::{FoundProject, Git, code, template};
use crate::project::cargo::Project;
use floe_core::model::{ChannelKind, Channels, Repo, Tag};

/// Programs and actions that other workflows publish releases with.
const PUBLISHERS: [&str; 12] = [
    "softprops/action-gh-release",
    "ncipollo/release-action",
    "actions/create-release",
    "actions/upload-release-asset",
    "svenstaro/upload-release-action",
    "taiki-e/create-gh-release-action",
    "taiki-e/upload-rust-binary-action",
    "goreleaser/goreleaser-action",
    "cli/gh-release",
    "gh release create",
    "gh release upload",
    "dist host",
];

/// Actions that other workflows create tags with; the latter two have had several owners.
const TAGGERS: [&str; 3] = ["release-plz/action", "release-plz-action", "release-please-action"];

/// The steps that the project still needs before a release: what to type, and why.
pub fn steps(found: &FoundProject) -> Vec<(&'static str, &'static str)> {
    let is_tracked = found.git.as_ref().is_some_and(|git| git.is_tracked);
    let flake = match (is_tracked, found.is_flake_locked()) {
        (true, true) => None,
        (true, false) => Some(("git add :/flake.nix && nix flake lock", "pin floe in flake.lock")),
        (false, true) => Some(("git add --all", "a flake sees only files that git knows")),
        (false, false) => Some((
            "git add --all && nix flake lock",
            "pin floe in flake.lock; a flake sees only files that git knows",
        )),
    };
    let repository = "repository = \"https://github.com/owner/name\"";
    let steps = [
        (!found.has_repository())
            .then_some((repository, "add this to [package] in Cargo.toml, with your names")),
        found.git.is_none().then_some(("git init", "a release starts with a tag")),
        (!found.has_lock).then_some(("cargo generate-lockfile", "a release is built from Cargo.lock")),
        flake,
    ];
    steps.into_iter().flatten().collect()
}

/// A line for each other obstacle, in the order in which a release would meet them.
pub fn about(found: &FoundProject) -> Vec<String> {
    let mut advice: Vec<String> = found.git.iter().flat_map(|git| about_git(found, git)).collect();
    advice.extend(uses(found, &PUBLISHERS).map(|(path, tool)| {
        format!("`{path}` also publishes releases, with `{tool}`: remove that, or both publish the release of a tag")
    }));
    advice.extend(uses(found, &TAGGERS).map(|(path, tool)| {
        format!(
            "`{path}` creates tags, with `{tool}`: a tag pushed with GITHUB_TOKEN starts no workflow, so use the token \
             of an app or run the release workflow by hand, and let `{tool}` create no release"
        )
    }));
    advice.extend(about_secrets(found));
    advice
}

/// The secrets that channels need and that no workflow passes on.
fn about_secrets(found: &FoundProject) -> Vec<String> {
    let Channels { homebrew, scoop, winget, chocolatey, .. } = &found.project.config.channels;
    let is_elsewhere = |repository: &Repo| Some(repository) != found.repository.as_ref();
    let repositories = [
        homebrew.as_ref().filter(|one| is_elsewhere(&one.tap)).map(|_| ChannelKind::Homebrew),
        scoop.as_ref().filter(|one| is_elsewhere(&one.bucket)).map(|_| ChannelKind::Scoop),
        winget.as_ref().map(|_| ChannelKind::Winget),
    ];
    let feed = [chocolatey.as_ref().map(|_| ChannelKind::Chocolatey)];
    let is_passed = |secret: &str| found.workflows.values().any(|text| text.contains(secret));
    let line = |secret: &str, variable: &str, kinds: &[Option<ChannelKind>], what: &str| {
        let tables: Vec<String> = kinds.iter().flatten().map(|kind| format!("`{kind}`")).collect();
        (!tables.is_empty() && !is_passed(secret)).then(|| {
            format!(
                "no workflow passes on the secret that {} {}: store {what} with `gh secret set {variable}`, and add \
                 `{secret}: \"${{{{ secrets.{variable} }}}}\"` below `secrets:`, beside `with:`, in the workflow that calls floe",
                tables.join(", "),
                if tables.len() == 1 { "needs" } else { "need" }
            )
        })
    };
    let token = match winget {
        Some(_) => "a classic token with the scope `public_repo`",
        None => "a token that may write their repositories",
    };
    let token = line("channel-token", "CHANNEL_TOKEN", &repositories, token);
    let key = line("chocolatey-key", "CHOCOLATEY_KEY", &feed, "the key of your account");
    token.into_iter().chain(key).collect()
}

/// The next release's tag: that of the version, or of the version after it if the former exists.
pub fn next_tag(found: &FoundProject) -> Tag {
    let Project { version, config, .. } = &found.project;
    let next = match (tagged(found), version.pre.is_empty()) {
        (None, _) => version.clone(),
        (Some(_), true) => Version::new(version.major, version.minor, version.patch + 1),
        (Some(_), false) => Version::new(version.major, version.minor, version.patch),
    };
    Tag::prefixed_or_plain(&config.tag_prefix, &next)
}

fn about_git(found: &FoundProject, git: &Git) -> Vec<String> {
    let mut advice = Vec::new();
    advice.extend(git.ignored.iter().map(|path| {
        format!(
            "`{path}` is ignored by git, and a release needs it: remove it from .gitignore, and commit it"
        )
    }));
    if let (Some(named), Some(origin)) = (&found.repository, &git.origin)
        && !named.is(origin)
    {
        advice.push(format!(
            "`repository` in Cargo.toml is {named}, but git's `origin` is {origin}: the image would name the first \
             as its source, while the release goes to the second"
        ));
    }
    advice.extend(tagged(found).map(|tag| {
        let version = &found.project.version;
        format!("version {version} is already tagged as `{tag}`: raise `version` before the next release")
    }));
    advice.extend(tag_style(&git.tags, &found.project));
    advice
}

fn tagged(found: &FoundProject) -> Option<Tag> {
    let Project { version, config, .. } = &found.project;
    let mut tags = found.git.iter().flat_map(|git| &git.tags).filter_map(|tag| tag.parse::<Tag>().ok());
    tags.find(|tag| tag.prefix() == config.tag_prefix && tag.version() == version)
}

/// Advice if the repository has tags for versions, but none for which the workflow would run.
fn tag_style(tags: &[String], project: &Project) -> Option<String> {
    let prefix = project.config.tag_prefix.as_str();
    let (own, pattern) = (format!("{prefix}v"), template::tags(prefix));
    let tags: Vec<Tag> = tags.iter().filter_map(|tag| tag.parse().ok()).collect();
    if tags.iter().any(|tag| tag.as_str().starts_with(&own) && tag.prefix() == prefix) {
        return None;
    }
    // Tags of other packages of the repository say nothing about this one.
    let is_sibling = |prefix: &str| {
        let mut siblings = project.siblings.iter();
        let name = prefix.trim_end_matches(['-', '_', '/']);
        siblings.any(|(of, config)| of == name || config.as_ref().is_some_and(|one| one.tag_prefix == prefix))
    };
    let is_other = |tag: &&Tag| prefix.is_empty() && !is_sibling(tag.prefix());
    let others = tags.iter().filter(|tag| tag.prefix() == prefix || is_other(tag));
    let last = others.max_by_key(|tag| (tag.prefix() == prefix, tag.version().clone()))?;
    let setting = format!("set `tag-prefix = \"{}\"` in [package.metadata.floe], or ", last.prefix());
    let setting = if last.prefix() == prefix { "" } else { &setting };
    let fix = format!("{setting}name the next one like `{own}1.4.0`");
    Some(format!("tags look like `{last}` here, but the workflow runs for `{pattern}`: {fix}"))
}

/// The workflows that contain one of the words outside of comments, each with the first such word.
fn uses<'f>(
    found: &'f FoundProject,
    words: &[&'static str],
) -> impl Iterator<Item = (&'f String, &'static str)> {
    let word = |line: &str| words.iter().copied().find(|word| line.contains(word));
    found.workflows.iter().filter_map(move |(path, text)| Some((path, code(text).find_map(word)?)))
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use floe_core::model::Config;
    use floe_core::model::config::{Chocolatey, Scoop};

    pub(in super::super) fn ready() -> FoundProject {
        FoundProject {
            project: Project { is_configured: true, ..Project::sample() },
            folder: String::new(),
            manifest: ("Cargo.toml".to_owned(), String::new()),
            has_lock: true,
            repository: "acme/tool".parse().ok(),
            git: Some(git(&["v1.3.0"])),
            flake: None,
            flake_lock: Some("\"floe\"".to_owned()),
            workflows: BTreeMap::new(),
            new_changelog: None,
        }
    }

    fn git(tags: &[&str]) -> Git {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Git { origin: "Acme/tool".parse().ok(), tags, is_tracked: true, ignored: Vec::new() }
    }

    fn with(config: Config) -> FoundProject {
        FoundProject { project: Project { config, ..Project::sample() }, ..ready() }
    }

    fn with_prefix(prefix: &str, tags: &[&str]) -> FoundProject {
        let config = Config { tag_prefix: prefix.to_owned(), ..Config::default() };
        FoundProject { git: Some(git(tags)), ..with(config) }
    }

    #[test]
    fn a_project_that_is_ready_gets_no_advice() {
        assert_eq!((about(&ready()), steps(&ready())), (Vec::new(), Vec::new()));
        assert_eq!(next_tag(&ready()).as_str(), "v1.4.0");
    }

    #[test]
    fn each_thing_that_is_missing_is_a_step() {
        let new = Git { is_tracked: false, ..git(&[]) };
        let unlocked = FoundProject { has_lock: false, git: Some(new.clone()), ..ready() };
        let written = "{ outputs = { self, floe }: floe.lib.mkRelease { src = self; }; }".to_owned();
        let nowhere =
            FoundProject { repository: None, git: Some(Git { origin: None, ..git(&[]) }), ..ready() };
        let repository = "repository = \"https://github.com/owner/name\"";
        for (found, expected) in [
            (FoundProject { git: None, ..ready() }, &["git init", "git add --all"][..]),
            (nowhere, &[repository]),
            (FoundProject { git: Some(new), ..ready() }, &["git add --all"]),
            // A flake that was written before git knew the repository does not name it.
            (FoundProject { repository: None, flake: Some(written), ..ready() }, &[repository]),
            (FoundProject { repository: None, ..ready() }, &[]),
            (unlocked, &["cargo generate-lockfile", "git add --all"]),
            (FoundProject { flake_lock: None, ..ready() }, &["git add :/flake.nix && nix flake lock"]),
            (
                FoundProject { git: None, repository: None, has_lock: false, ..ready() },
                &[repository, "git init", "cargo generate-lockfile", "git add --all"],
            ),
        ] {
            assert_eq!(steps(&found).iter().map(|(step, _)| *step).collect::<Vec<_>>(), expected);
            assert_eq!(about(&found), Vec::<String>::new(), "it is named once");
        }
    }

    #[test]
    fn each_other_obstacle_gets_one_line_with_a_fix() {
        for (found, expected) in [
            (
                FoundProject { repository: "acme/fork".parse().ok(), ..ready() },
                "Cargo.toml is acme/fork, but git's `origin` is Acme/tool",
            ),
            (
                FoundProject {
                    git: Some(Git { ignored: vec!["flake.lock".to_owned()], ..git(&["v1.3.0"]) }),
                    ..ready()
                },
                "`flake.lock` is ignored by git, and a release needs it: remove it from .gitignore",
            ),
        ] {
            let advice = about(&found);
            assert!(advice.len() == 1 && advice[0].contains(expected), "{expected}: {advice:?}");
        }
        let scoop = Scoop { bucket: "acme/tool".parse().unwrap(), manifest: None, adopt: false };
        let own = Channels { scoop: Some(scoop.clone()), ..Channels::default() };
        let other = Scoop { bucket: "acme/bucket".parse().unwrap(), ..scoop };
        let chocolatey = Some(Chocolatey { id: None, authors: None, feed: None });
        let both = Channels { scoop: Some(other), chocolatey, ..Channels::default() };
        let with = |channels| with(Config { channels, ..Config::default() });
        assert_eq!(about(&with(own)), Vec::<String>::new(), "the bucket is the repository itself");
        let [token, key] = &about(&with(both.clone()))[..] else { panic!("two secrets") };
        assert!(
            token.contains("that `scoop` needs") && token.contains("gh secret set CHANNEL_TOKEN"),
            "{token}"
        );
        assert!(key.contains("chocolatey-key: \"${{ secrets.CHOCOLATEY_KEY }}\""), "{key}");
        let text = "secrets:\n  channel-token: x\n  chocolatey-key: y\n".to_owned();
        let passed = FoundProject { workflows: [("release.yml".to_owned(), text)].into(), ..with(both) };
        assert_eq!(about(&passed), Vec::<String>::new());
    }

    #[test]
    fn after_a_tagged_version_the_next_one_is_suggested() {
        let tagged = |version: &str, tag: &str| FoundProject {
            project: Project { version: version.parse().unwrap(), ..Project::sample() },
            git: Some(git(&[tag, "v0.1.0"])),
            ..ready()
        };
        assert_eq!(
            about(&tagged("1.4.0", "v1.4.0")),
            ["version 1.4.0 is already tagged as `v1.4.0`: raise `version` before the next release"]
        );
        assert_eq!(next_tag(&tagged("1.4.0", "1.4.0")).as_str(), "v1.4.1");
        assert_eq!(next_tag(&tagged("1.4.0-rc.1", "v1.4.0-rc.1")).as_str(), "v1.4.0");
    }

    #[test]
    fn tags_for_which_the_workflow_would_not_run_are_reported() {
        let style = |prefix: &str, tags: &[&str]| about(&with_prefix(prefix, tags)).concat();
        let bare = style("", &["14.9.0", "14.10.0", "ignore-0.4.1"]);
        assert!(
            bare.contains(
                "tags look like `14.10.0` here, but the workflow runs for `v[0-9]*`: name the next"
            ),
            "{bare}"
        );
        assert!(style("", &["tool-v1.0.0"]).contains("set `tag-prefix = \"tool-\"`"));
        assert!(
            style("tool-", &["tool-1.0.0"])
                .contains("runs for `tool-v[0-9]*`: name the next one like `tool-v1.4.0`")
        );
        for (prefix, tags) in
            [("", ["0.9.0", "v1.0.0"]), ("", ["nightly", "weekly-x"]), ("tool-", ["v1.0.0", "lib-v2.0.0"])]
        {
            assert_eq!(style(prefix, &tags), "", "{tags:?}");
        }
    }

    #[test]
    fn tags_of_other_packages_are_no_style() {
        let config = Config { tag_prefix: "ctl/".to_owned(), ..Config::default() };
        let siblings = vec![("lib".to_owned(), None), ("tool-ctl".to_owned(), Some(config))];
        let style = |tags: &[&str]| {
            let project = Project { siblings: siblings.clone(), ..Project::sample() };
            about(&FoundProject { project, git: Some(git(tags)), ..ready() }).concat()
        };
        for tags in [&["lib-v1.0.0"][..], &["ctl/v2.0.0", "lib/v0.1.0"], &["tool-ctl-v2.0.0"]] {
            assert_eq!(style(tags), "", "{tags:?}");
        }
        assert!(style(&["lib-v3.0.0", "tool-v1.0.0"]).contains("set `tag-prefix = \"tool-\"`"));
        assert!(style(&["lib-v3.0.0", "1.0.0"]).contains("tags look like `1.0.0` here"));
    }

    #[test]
    fn a_prefix_separates_the_versions_of_two_packages() {
        let found = with_prefix("tool-", &["lib-v1.4.0", "v1.4.0", "tool-v1.3.0"]);
        assert_eq!((about(&found), next_tag(&found).as_str()), (Vec::new(), "tool-v1.4.0"));
        let found = with_prefix("tool-", &["tool-v1.4.0"]);
        assert_eq!((about(&found).len(), next_tag(&found).as_str()), (1, "tool-v1.4.1"));
    }

    #[test]
    fn another_workflow_that_publishes_or_tags_is_named() {
        let workflow = |text: &str| {
            let workflows = [(".github/workflows/cd.yml".to_owned(), text.to_owned())].into();
            about(&FoundProject { workflows, ..ready() })
        };
        let advice = workflow(
            "# - uses: softprops/action-gh-release\n- run: gh release upload v1 x\n- run: gh release create\n",
        );
        assert!(
            advice[0]
                .starts_with("`.github/workflows/cd.yml` also publishes releases, with `gh release upload`")
        );
        let advice = workflow("- uses: release-plz/action@v0.5\n");
        assert!(advice[0].starts_with("`.github/workflows/cd.yml` creates tags, with `release-plz/action`"));
        let advice = workflow("- uses: googleapis/release-please-action@v4\n");
        assert!(advice[0].contains("creates tags, with `release-please-action`"), "{advice:?}");
        assert_eq!(workflow("# gh release create\n- run: cargo test\n"), Vec::<String>::new());
    }
}
