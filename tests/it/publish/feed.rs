//! Chocolatey: the package of a version is pushed once, with a key that no other server gets.

use floe_rehearsal::interceptor::{Fault, What};

use super::channels::{ASKED, lines, with};
use crate::support::scenario::{FEED_KEY, Scenario};

pub const TABLE: &str = "[package.metadata.floe.chocolatey]\n";
const PAGE: &str = "http://feed/packages/tool/1.4.0";

fn scenario() -> Scenario {
    without_key().environment("FLOE_CHOCOLATEY_KEY", FEED_KEY)
}

fn without_key() -> Scenario {
    with(Scenario::empty("1.4.0"), "1.4.0", "1.4.0", TABLE)
}

#[test]
fn a_package_is_pushed_once_and_waits_for_moderation() {
    let scenario = scenario();
    let plan = scenario.run(["plan"]).exit(0).writes(ASKED);
    let row = "channel  chocolatey push.chocolatey.org tool.1.4.0.nupkg  new -> 1.4.0 ";
    assert!(plan.stdout.contains(row), "{}", plan.stdout);
    let first = scenario.run(["publish"]).exit(0).says("choco install tool");
    first.says("until then only `choco install tool --version 1.4.0` finds it").writes(1 + 1 + 5 + 1 + 1);
    let pushed = scenario.feed.package("tool", "1.4.0").unwrap();
    scenario.run(["publish"]).exit(0).says(&format!("1.4.0, pending at {PAGE}")).no_writes();
    scenario.feed.state().approved.insert("tool.1.4.0.nupkg".to_owned());
    scenario.run(["publish"]).exit(0).no_writes();
    assert_eq!(scenario.feed.package("tool", "1.4.0").unwrap(), pushed);

    let scenario = with(scenario.next("1.5.0-rc.1"), "1.5.0-rc.1", "1.5.0-rc.1", TABLE);
    scenario.run(["publish"]).exit(0);
    assert_eq!(scenario.feed.state().packages.len(), 1);
}

#[test]
fn a_missing_key_is_an_error_before_anything_is_built() {
    let scenario = Scenario::empty("1.4.0").before_anything_is_built(&lines(TABLE));
    let said = "chocolatey: there is no key to push to `push.chocolatey.org`";
    scenario.run(["plan"]).exit(1).says(said).says("as FLOE_CHOCOLATEY_KEY").writes(ASKED);
    scenario.run_with(&[("FLOE_CHOCOLATEY_KEY_FOLLOWS", "true")], &["plan"]).exit(0).writes(ASKED);
    without_key().run(["publish"]).exit(1).says(said).writes(ASKED);
}

#[test]
fn a_wrong_key_and_a_push_that_waits_are_named_with_a_way_out() {
    let scenario = without_key().environment("FLOE_CHOCOLATEY_KEY", "another-key");
    let said = scenario.run(["publish"]).exit(1).says("The specified API key is invalid");
    said.says("as FLOE_CHOCOLATEY_KEY");
    scenario.run_with(&[("FLOE_CHOCOLATEY_KEY", FEED_KEY)], &["publish"]).exit(0).writes(1);

    // A version that was refused is a conflict that no look explains.
    let scenario = self::scenario();
    let answer = What::answer(409, "it already exists");
    scenario.feed_interceptor().inject(Fault::route("PUT", "/package", 0, 9, answer));
    scenario.run(["publish"]).exit(1).says("raise the version if it was refused");

    let scenario = self::scenario();
    let answer = What::answer(403, "The package tool has a previous version in a submitted state.");
    scenario.feed_interceptor().inject(Fault::route("PUT", "/package", 0, 1, answer));
    let said = scenario.run(["publish"]).exit(1);
    said.says("an earlier version of `tool` waits for moderation");
    scenario.run(["publish"]).exit(0).writes(1);
}

#[test]
fn a_push_that_was_cut_off_is_looked_for() {
    for what in [
        What::CutAnswer { after: 0 },
        What::answer(502, "Bad Gateway"),
        What::DoThenAnswer { status: 502, body: String::new() },
        What::DoThenAnswer { status: 409, body: "it already exists".to_owned() },
    ] {
        let scenario = scenario();
        scenario.feed_interceptor().inject(Fault::route("PUT", "/package", 0, 1, what));
        scenario.run(["publish"]).exit(0);
        assert_eq!(scenario.feed.state().packages.len(), 1);
        scenario.run(["publish"]).exit(0).no_writes();
    }
}

#[test]
fn another_package_of_the_version_is_a_conflict_unless_it_installs_the_same() {
    let first = scenario();
    first.run(["publish"]).exit(0);
    let pushed = first.feed.package("tool", "1.4.0").unwrap();
    let other =
        with(Scenario::empty("1.4.0"), "other", "1.4.0", TABLE).environment("FLOE_CHOCOLATEY_KEY", FEED_KEY);
    other.feed.put(&pushed).unwrap();
    let said = "chocolatey: `tool.1.4.0.nupkg` in `push.chocolatey.org` has 1.4.0 with other digests";
    other.run(["plan"]).exit(4).says(said).says("raise the version").writes(ASKED);
    other.run(["publish"]).exit(4).says(said).writes(ASKED);

    // Another account pushed a package with the same digests.
    let text = floe::package::archive::unzipped(&pushed).unwrap();
    let nuspec = b"<package><metadata><id>tool</id><version>1.4.0</version></metadata></package>";
    let files: [(&str, &[u8]); 2] = [("tool.nuspec", nuspec), ("tools/chocolateyInstall.ps1", &text)];
    let reworded = floe::package::archive::small_zip(&files).unwrap();
    let same = scenario();
    same.feed.put(&reworded).unwrap();
    same.run(["publish"]).exit(0);
    assert_eq!(same.feed.package("tool", "1.4.0").unwrap(), reworded);
}

#[test]
fn verify_names_the_state_of_the_package() {
    let scenario = scenario();
    scenario.run(["publish"]).exit(0);
    let verify = |scenario: &Scenario, code: i32, said: &str| {
        let said = format!("chocolatey push.chocolatey.org tool.1.4.0.nupkg: {said}");
        scenario.run(["verify", "--release", "v1.4.0"]).exit(code).says(&said).no_writes();
    };
    verify(&scenario, 0, &format!("pending {PAGE}"));
    scenario.feed.state().approved.insert("tool.1.4.0.nupkg".to_owned());
    verify(&scenario, 0, "match");
    let missing = Fault::route("GET", "/Packages", 0, 1, What::answer(404, "not found"));
    scenario.feed_interceptor().inject(missing);
    verify(&scenario, 3, "missing");
}
