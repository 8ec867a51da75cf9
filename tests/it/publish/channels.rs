//! Channels: a formula in a tap and a manifest in a bucket follow the release, and nothing else of them changes.

use std::sync::Once;

use floe_core::model::{Marker, Repo, Target};
use floe_rehearsal::github::StoredRelease;
use floe_rehearsal::interceptor::{Fault, What};

use crate::support::scenario::{CHANNELS, DESCRIBED, FEED_KEY, Scenario, WORKFLOW, make_described_dist};

/// The request that shows whether the token may write: notes that are not stored.
pub const ASKED: usize = 1;
const FORMULA: &str = "Formula/tool.rb";
const MANIFEST: &str = "bucket/tool.json";

fn tap() -> Repo {
    "acme/homebrew-tap".parse().unwrap()
}

fn bucket() -> Repo {
    "acme/scoop-bucket".parse().unwrap()
}

const TABLES: &str = "[package.metadata.floe.homebrew]\ntap = \"acme/homebrew-tap\"\n\
                      [package.metadata.floe.scoop]\nbucket = \"acme/scoop-bucket\"\n";

pub fn lines(tables: &str) -> String {
    let table = "[package.metadata.floe]\nimage = false\ninstallers = []\nsbom = false\n\
                 targets = [\"x86_64-musl\", \"aarch64-macos\", \"x86_64-windows\"]\n";
    format!("{DESCRIBED}{table}{tables}")
}

/// The dist of a version and its project, with a tap and a bucket.
pub fn with(scenario: Scenario, seed: &str, version: &str, tables: &str) -> Scenario {
    let targets: Vec<Target> =
        ["x86_64-musl", "aarch64-macos", "x86_64-windows"].map(|target| target.parse().unwrap()).into();
    let _ = std::fs::remove_dir_all(scenario.dist());
    make_described_dist(seed, &scenario.dist(), version, &targets);
    std::fs::remove_dir_all(scenario.dist().join("image")).unwrap();
    scenario.in_project(&lines(tables))
}

pub fn scenario(version: &str) -> Scenario {
    with(Scenario::empty(version), version, version, TABLES)
}

/// The same servers and another version, whose tag is pushed.
fn next(scenario: Scenario, version: &str) -> Scenario {
    let scenario = scenario.next(version);
    with(scenario, version, version, TABLES)
}

fn version(scenario: &Scenario, repo: &Repo, path: &str) -> Option<String> {
    let file = scenario.github.files(repo).remove(path)?;
    Some(Marker::of(&file).map_or_else(|| "by hand".to_owned(), |marker| marker.version.to_string()))
}

/// The versions of the formula and of the manifest.
fn versions(scenario: &Scenario) -> [String; 2] {
    [(tap(), FORMULA), (bucket(), MANIFEST)]
        .map(|(repo, path)| version(scenario, &repo, path).unwrap_or_else(|| "-".to_owned()))
}

fn published(scenario: &Scenario) -> bool {
    scenario.github.releases(&scenario.repo()).iter().any(|release| !release.draft)
}

#[test]
fn channels_follow_the_release_and_a_second_run_writes_nothing() {
    let scenario = scenario("1.4.0");
    scenario.github.write_file(&tap(), "Formula/other.rb", b"class Other < Formula\n").unwrap();
    let plan = scenario.run(["plan"]).exit(0).writes(ASKED);
    for row in [
        "channel  homebrew acme/homebrew-tap Formula/tool.rb  new -> 1.4.0 ",
        "channel  scoop acme/scoop-bucket ",
    ] {
        assert!(plan.stdout.contains(row), "{}", plan.stdout);
    }
    let first = scenario.run(["publish"]).exit(0).says("brew install acme/tap/tool");
    // The notes, the draft, five assets, the publishing, and the two files.
    let first = first.writes(1 + 1 + 5 + 1 + 2);
    assert_eq!(versions(&scenario), ["1.4.0", "1.4.0"]);
    assert_eq!(scenario.github.files(&tap()).len(), 3);
    let again = scenario.run(["publish"]).exit(0).no_writes();
    assert_eq!(again.stdout, first.stdout);

    let scenario = next(scenario, "1.5.0");
    let plan = scenario.run(["plan"]).exit(0);
    assert!(plan.stdout.contains("Formula/tool.rb  1.4.0 -> 1.5.0"), "{}", plan.stdout);
    scenario.run(["publish"]).exit(0);
    assert_eq!(versions(&scenario), ["1.5.0", "1.5.0"]);

    // Neither an older line nor a pre-release moves anything.
    let scenario = next(scenario, "1.4.1");
    scenario.run(["publish"]).exit(0).says("channels: none is updated, because v1.5.0 is published");
    let scenario = next(scenario, "2.0.0-rc.1");
    let said = "channels: none is updated, because v2.0.0-rc.1 is a pre-release";
    assert!(scenario.run(["plan"]).exit(0).stdout.contains(said));
    assert!(
        scenario
            .run(["plan", "--json"])
            .exit(0)
            .stdout
            .contains("\"none is updated, because v2.0.0-rc.1 is a pre-release\"")
    );
    scenario.run(["publish"]).exit(0).says(said);
    assert_eq!(versions(&scenario), ["1.5.0", "1.5.0"]);
}

#[test]
fn a_release_that_was_recalled_moves_nothing() {
    let scenario = scenario("1.4.0");
    scenario.run(["publish"]).exit(0);
    let before = scenario.github.files(&tap()).remove(FORMULA).unwrap();
    let scenario = next(scenario, "1.5.0");
    scenario.run(["publish"]).exit(0);
    let recall = |release: &mut StoredRelease| release.prerelease = release.tag_name == "v1.5.0";
    scenario.github.edit(&scenario.repo(), |stored| stored.releases.iter_mut().for_each(recall)).unwrap();
    scenario.github.write_file(&tap(), FORMULA, &before).unwrap();
    scenario.github.delete_file(&bucket(), MANIFEST).unwrap();
    let said = "none is updated, because v1.5.0 is a pre-release";
    scenario.run(["publish"]).exit(0).says(said).no_writes();
    assert_eq!(versions(&scenario), ["1.4.0", "-"]);
    scenario.run(["verify", "--release", "v1.5.0"]).exit(0).says(&format!("{MANIFEST}: {said}"));
}

#[test]
fn a_version_that_is_overtaken_meanwhile_names_no_way_to_install_it() {
    let scenario = scenario("1.4.0");
    let (github, repo, once) = (scenario.github.clone(), scenario.repo(), Once::new());
    scenario.github_interceptor().before_each(move |head, _, _| {
        if head.method == "POST" && head.path.starts_with("/uploads/") {
            once.call_once(|| {
                let newer = github.add_draft(&repo, "v2.0.0").unwrap();
                github.publish_draft(&repo, newer).unwrap();
            });
        }
    });
    let said = scenario.run(["publish"]).exit(0);
    assert!(!said.stderr.contains("brew install"), "{}", said.stderr);
    assert_eq!(versions(&scenario), ["-", "-"]);
    scenario
        .run(["verify", "--release", "v1.4.0"])
        .exit(0)
        .says("Formula/tool.rb: none is updated, because v2.0.0 is published");
}

#[test]
fn a_token_that_may_not_write_is_an_error_before_anything_is_built() {
    for token in [Some(WORKFLOW), None] {
        let scenario = Scenario::empty("1.4.0").before_anything_is_built(&lines(TABLES)).token(token);
        let said = match token {
            Some(_) => "homebrew: this token may not write `acme/homebrew-tap`",
            None => "homebrew: there is no token to write `acme/homebrew-tap`",
        };
        scenario.run(["plan"]).exit(1).says(said).says("as FLOE_CHANNEL_TOKEN").writes(0);
    }
    // Before the build the plan names each channel, or says why none is updated.
    let before = |version: &str| {
        let before = Scenario::empty(version).before_anything_is_built(&lines(TABLES));
        before.run(["plan"]).exit(0).stdout
    };
    let plan = before("1.4.0");
    assert!(plan.contains("  channel  homebrew acme/homebrew-tap Formula/tool.rb  new -> 1.4.0  "), "{plan}");
    let plan = before("1.4.0-rc.1");
    assert!(plan.contains("  channels: none is updated, because v1.4.0-rc.1 is a pre-release\n"), "{plan}");
    // A job that only plans says that the one that publishes has the token.
    let planning = Scenario::empty("1.4.0").before_anything_is_built(&lines(TABLES)).token(Some(WORKFLOW));
    planning.environment("FLOE_CHANNEL_TOKEN_FOLLOWS", "true").run(["plan"]).exit(0);
    let scenario = scenario("1.4.0").token(Some(WORKFLOW));
    scenario.run(["publish"]).exit(1).says("scoop: this token may not write").writes(ASKED);
    // With a token of its own for the channels, each goes to its own repositories.
    let scenario = scenario.environment("FLOE_CHANNEL_TOKEN", CHANNELS);
    scenario.run(["publish"]).exit(0);
    assert_eq!(versions(&scenario), ["1.4.0", "1.4.0"]);
}

#[test]
fn a_file_by_hand_is_never_replaced_unless_it_is_adopted() {
    let scenario = scenario("1.4.0");
    scenario.github.write_file(&tap(), FORMULA, b"class Tool < Formula\nend\n").unwrap();
    let said = "homebrew: `Formula/tool.rb` in `acme/homebrew-tap` was not made by floe";
    scenario.run(["plan"]).exit(4).says(said).says("adopt = true").writes(ASKED);
    scenario.run(["publish"]).exit(4).says(said).writes(ASKED);
    let tables = TABLES.replace("homebrew-tap\"\n", "homebrew-tap\"\nadopt = true\n");
    let scenario = scenario.in_project(&lines(&tables));
    scenario.run(["publish"]).exit(0);
    assert_eq!(versions(&scenario), ["1.4.0", "1.4.0"]);
}

#[test]
fn files_of_other_digests_or_projects_are_conflicts() {
    let first = scenario("1.4.0");
    first.run(["publish"]).exit(0);
    let formula = first.github.files(&tap()).remove(FORMULA).unwrap();

    let other = with(Scenario::empty("1.4.0"), "other", "1.4.0", TABLES);
    other.github.write_file(&tap(), FORMULA, &formula).unwrap();
    other.run(["publish"]).exit(4).says("has 1.4.0 with other digests than this release").writes(ASKED);
    // The same archives in another text are written again.
    let reworded = String::from_utf8(formula).unwrap().replace("livecheck", "# checked\n  livecheck");
    let same = scenario("1.4.0");
    same.github.write_file(&tap(), FORMULA, reworded.as_bytes()).unwrap();
    same.run(["publish"]).exit(0).says("1.4.0, in another text");
    assert!(!String::from_utf8(same.github.files(&tap())[FORMULA].clone()).unwrap().contains("# checked"));

    let mine = scenario("1.4.0");
    let theirs = Marker::text("theirs", &"1.0.0".parse().unwrap());
    mine.github
        .write_file(&bucket(), MANIFEST, format!("{{\n  \"##\": \"{theirs}\"\n}}\n").as_bytes())
        .unwrap();
    mine.run(["publish"]).exit(4).says("belongs to the project `theirs`").writes(ASKED);
}

#[test]
fn a_channel_that_fails_keeps_neither_the_release_nor_the_others_back() {
    let put = |times| {
        Fault::route("PUT", "/acme/homebrew-tap/contents/", 0, times, What::answer(502, "Server Error"))
    };
    let scenario = scenario("1.4.0").disturb_github(put(9));
    let failed = scenario.run(["publish"]).exit(1);
    let failed = failed
        .says("`v1.4.0` is public, but homebrew acme/homebrew-tap Formula/tool.rb is still without a file")
        .says("error: 1 of 2 channels was not updated");
    failed.says("run the same command again");
    assert!(published(&scenario));
    assert_eq!(versions(&scenario), ["-", "1.4.0"]);
    scenario.github_interceptor().calm();
    scenario.run(["publish"]).exit(0).writes(1);
    assert_eq!(versions(&scenario), ["1.4.0", "1.4.0"]);
}

#[test]
fn a_tap_that_moves_meanwhile_is_looked_at_again() {
    for (what, times) in [
        (What::answer(409, "is at 1a2b3c4 but expected 5d6e7f8"), 3),
        (What::CutAnswer { after: 0 }, 1),
        (What::DoThenAnswer { status: 502, body: String::new() }, 1),
    ] {
        let scenario = scenario("1.4.0");
        scenario.github_interceptor().inject(Fault::route("PUT", "/contents/", 0, times, what));
        scenario.run(["publish"]).exit(0);
        assert_eq!(versions(&scenario), ["1.4.0", "1.4.0"]);
    }
    // Another run has written the file between the look and the PUT: a lower version, a higher one, a person's file.
    for (text, wanted, code) in [
        (Marker::text("tool", &"1.3.0".parse().unwrap()), "1.4.0", 0),
        (Marker::text("tool", &"1.9.0".parse().unwrap()), "1.9.0", 0),
        ("by hand".to_owned(), "by hand", 4),
    ] {
        let scenario = scenario("1.4.0");
        let github = scenario.github.clone();
        let write = move |_: &floe_rehearsal::interceptor::LoggedRequest| {
            github.write_file(&tap(), FORMULA, format!("# {text}\n").as_bytes()).unwrap();
        };
        let fault = Fault::next("PUT", "/contents/Formula", What::First(std::sync::Arc::new(write)));
        scenario.github_interceptor().inject(fault);
        scenario.run(["publish"]).exit(code);
        assert!(published(&scenario));
        assert_eq!(versions(&scenario), [wanted, "1.4.0"]);
    }
}

#[test]
fn a_tap_that_takes_no_writes_is_named_with_a_way_out() {
    let archived = scenario("1.4.0");
    archived.github.edit(&tap(), |stored| stored.archived = true).unwrap();
    archived.run(["publish"]).exit(1).says("`acme/homebrew-tap` is archived or disabled").writes(ASKED);

    let renamed = scenario("1.4.0");
    renamed.github.rename(&tap(), &"acme/homebrew-new".parse().unwrap()).unwrap();
    let said = "homebrew: `acme/homebrew-tap` is called `acme/homebrew-new` now";
    renamed.run(["publish"]).exit(1).says(said).writes(ASKED);

    let missing =
        with(Scenario::empty("1.4.0"), "1.4.0", "1.4.0", &TABLES.replace("homebrew-tap", "homebrew-none"));
    missing.run(["publish"]).exit(1).says("GitHub knows no repository `acme/homebrew-none`").writes(ASKED);

    let protected = scenario("1.4.0");
    protected.github.edit(&tap(), |stored| stored.protected = true).unwrap();
    protected
        .run(["publish"])
        .exit(1)
        .says("Changes must be made through a pull request")
        .says("/settings/rules");
    assert_eq!(versions(&protected), ["-", "1.4.0"]);

    let empty =
        with(Scenario::empty("1.4.0"), "1.4.0", "1.4.0", &TABLES.replace("homebrew-tap", "homebrew-empty"));
    let repo: Repo = "acme/homebrew-empty".parse().unwrap();
    empty.github.add_repo(&repo, "main", None).unwrap();
    empty.github.set_push("maintainer", vec![empty.repo(), repo.clone(), bucket()]);
    empty.run(["publish"]).exit(0);
    assert_eq!(version(&empty, &repo, FORMULA).as_deref(), Some("1.4.0"));
    empty.run(["publish"]).exit(0).no_writes();
}

#[test]
fn verify_names_a_channel_that_does_not_show_the_release() {
    let scenario = scenario("1.4.0");
    scenario.run(["publish"]).exit(0);
    let verify = |code: i32, said: &str| {
        scenario.run(["verify", "--release", "v1.4.0", "--json"]).exit(code).says(said).no_writes()
    };
    let verdict = verify(0, "Checked homebrew acme/homebrew-tap Formula/tool.rb: match");
    assert!(verdict.stdout.contains("\"kind\": \"scoop\""), "{}", verdict.stdout);
    let formula = scenario.github.files(&tap()).remove(FORMULA).unwrap();
    let write = |text: &str| scenario.github.write_file(&tap(), FORMULA, text.as_bytes()).unwrap();
    let other = |version: &str| format!("# {}\n", Marker::text("tool", &version.parse().unwrap()));
    for (text, code, said) in [
        (other("1.3.0"), 3, "homebrew acme/homebrew-tap Formula/tool.rb: behind 1.3.0"),
        (other("1.5.0"), 0, "homebrew acme/homebrew-tap Formula/tool.rb: newer 1.5.0"),
        (other("1.4.0"), 3, "homebrew acme/homebrew-tap Formula/tool.rb: differs"),
        ("by hand\n".to_owned(), 3, "homebrew acme/homebrew-tap Formula/tool.rb: differs"),
    ] {
        write(&text);
        verify(code, said);
    }
    write(std::str::from_utf8(&formula).unwrap());
    scenario.github.delete_file(&bucket(), MANIFEST).unwrap();
    verify(3, "scoop acme/scoop-bucket bucket/tool.json: missing");
    // The way out of the hint.
    scenario.run(["publish"]).exit(0).writes(1);
    verify(0, "scoop acme/scoop-bucket bucket/tool.json: match");
}

#[test]
fn packages_in_the_root_of_a_tap_or_a_bucket_are_not_hidden() {
    for (repo, file, moved, hidden) in [
        (tap(), "other.rb", "Formula/other.rb", Some("`Formula/tool.rb` would hide `other.rb` of")),
        (tap(), "HomebrewFormula/a.rb", "Formula/a.rb", Some("would hide `HomebrewFormula` of")),
        (bucket(), "other.json", "bucket/.gitkeep", Some("`bucket/tool.json` would hide `other.json` of")),
        (tap(), "cmd/other.rb", "Formula/other.rb", None),
        (bucket(), "bin/auto-pr.ps1", "bucket/.gitkeep", None),
    ] {
        let scenario = scenario("1.4.0");
        scenario.github.write_file(&repo, file, b"other").unwrap();
        if let Some(hidden) = hidden {
            scenario.run(["plan"]).exit(1).says(hidden).writes(ASKED);
            scenario.run(["publish"]).exit(1).says("move such files to `").writes(ASKED);
            assert!(!published(&scenario));
            scenario.github.write_file(&repo, moved, b"other").unwrap();
        }
        scenario.run(["publish"]).exit(0);
        assert_eq!(versions(&scenario), ["1.4.0", "1.4.0"]);
        scenario.run(["publish"]).exit(0).no_writes();
    }
}

#[test]
fn verify_expects_no_channel_of_a_release_below_a_published_one() {
    for tables in [TABLES, super::submission::TABLE, super::feed::TABLE] {
        let environment = |scenario: Scenario| scenario.environment("FLOE_CHOCOLATEY_KEY", FEED_KEY);
        let scenario = environment(with(Scenario::empty("1.4.0"), "1.4.0", "1.4.0", tables));
        scenario.run(["publish"]).exit(0);
        let scenario = with(scenario.next("1.3.9"), "1.3.9", "1.3.9", tables);
        scenario.run(["publish"]).exit(0).says("channels: none is updated, because v1.4.0 is published");
        // The tap lost its formula, which is an error of the release that it showed.
        let _ = scenario.github.delete_file(&tap(), FORMULA);
        let said = scenario
            .run(["verify", "--release", "v1.3.9"])
            .exit(0)
            .says(": none is updated, because v1.4.0 is published")
            .no_writes();
        assert!(!said.stderr.contains(": missing"), "{}", said.stderr);
        let code = if tables == TABLES { 3 } else { 0 };
        scenario.run(["verify", "--release", "v1.4.0"]).exit(code);
        // The releases of a private repository are listed with the token.
        scenario.github.edit(&scenario.repo(), |stored| stored.private = true).unwrap();
        scenario
            .run(["verify", "--release", "v1.3.9"])
            .exit(0)
            .says(": none is updated, because v1.4.0 is published");
    }
}
