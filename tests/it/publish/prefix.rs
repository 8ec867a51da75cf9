//! Repositories that release several packages: their tags have prefixes, and each package owns names of its own.

use std::collections::BTreeMap;
use std::path::Path;

use floe::error::Failure;
use floe::error::with_details;
use floe::project::cargo;
use floe_core::model::{Digest, Repo, Tag, Target};
use floe_core::world::{RemoteRelease, World};
use floe_rehearsal::faults::{Schedule, Side};
use floe_rehearsal::github::{EmbeddedGitHub, GitHubOptions};
use floe_rehearsal::registry::{EmbeddedRegistry, RegistryOptions};
use serde_json::Value;

use crate::faults::kinds::is_permanent;
use crate::support::sample::{Sample, floe};
use crate::support::scenario::{COMMIT, Scenario, make_dist_of, servers};

fn tag_of(lines: &str, given: Option<&str>, version: &str) -> Result<String, String> {
    let project = Sample::tool().manifest_lines(lines).load().unwrap();
    let given: Option<Tag> = given.map(|tag| tag.parse().unwrap());
    let tag = cargo::tag(Some(&project), given.as_ref(), &version.parse().unwrap());
    tag.map(|tag| tag.to_string()).map_err(|error| with_details(&error))
}

#[test]
fn a_tag_of_another_package_gets_a_hint_that_can_be_followed() {
    let hint = |lines: &str, tag: &str| {
        let project = Sample::tool().manifest_lines(lines).load().unwrap();
        let error = cargo::tag(Some(&project), Some(&tag.parse().unwrap()), &project.version).unwrap_err();
        error.downcast::<Failure>().unwrap().hint.as_deref().unwrap().to_owned()
    };
    let prefixed = "[package.metadata.floe]\ntag-prefix = \"tool-\"";
    assert_eq!(
        hint(prefixed, "v1.4.0"),
        "release it as `tool-v1.4.0`, or take `tag-prefix` out of [package.metadata.floe]"
    );
    assert_eq!(
        hint("", "lib-v1.4.0"),
        "release it as `v1.4.0`, or write `tag-prefix = \"lib-\"` under [package.metadata.floe]"
    );
    assert_eq!(
        hint(prefixed, "tool-v1.5.0"),
        "release it as `tool-v1.4.0`, or change `version` in Cargo.toml"
    );
}

#[test]
fn a_tag_must_have_the_prefix_of_its_package() {
    let prefixed = "[package.metadata.floe]\ntag-prefix = \"tool-\"";
    assert_eq!(tag_of("", None, "1.4.0").unwrap(), "v1.4.0");
    assert_eq!(tag_of("", Some("1.4.0"), "1.4.0").unwrap(), "1.4.0");
    assert_eq!(tag_of(prefixed, None, "1.4.0").unwrap(), "tool-v1.4.0");
    assert_eq!(tag_of(prefixed, Some("tool-1.4.0"), "1.4.0").unwrap(), "tool-1.4.0");
    let other = tag_of(prefixed, Some("lib-v1.4.0"), "1.4.0").unwrap_err();
    assert_eq!(other, "`lib-v1.4.0` is not a tag of `tool`, whose tags are like `tool-v1.4.0`");
    let plain = tag_of(prefixed, Some("v1.4.0"), "1.4.0").unwrap_err();
    assert_eq!(plain, "`v1.4.0` is not a tag of `tool`, whose tags are like `tool-v1.4.0`");
    let unsaid = tag_of("", Some("tool-v1.4.0"), "1.4.0").unwrap_err();
    assert_eq!(unsaid, "`tool-v1.4.0` is not a tag of `tool`, whose tags are like `v1.4.0`");
}

#[test]
fn a_version_with_build_metadata_is_refused_with_the_reason() {
    let refused = tag_of("", None, "1.4.0+build.5").unwrap_err();
    let expected = "version 1.4.0+build.5 cannot be released: it has build metadata, `+build.5`";
    assert_eq!(refused, expected);
    // Before anything is built or packed.
    let manifest = "[package]\nname = \"tool\"\nversion = \"1.4.0+build.5\"\nedition = \"2024\"\n";
    let sample = Sample::with_manifest(manifest).file("src/main.rs", "fn main() {}\n").file("native/a", "");
    for command in [&["rehearse"][..], &["package", "native"], &["plan"]] {
        let output = floe(sample.path()).args(command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{command:?}: {said}");
        assert!(said.contains(expected) && said.contains("take it out of `version` in Cargo.toml"), "{said}");
    }
}

#[test]
fn versions_of_another_prefix_do_not_count() {
    let release = |tag: &&str| RemoteRelease { tag: (*tag).to_owned(), ..RemoteRelease::default() };
    let tags = ["app-v1.2.0", "lib-v9.0.0", "v3.0.0", "nightly", "app-1.1.0", "app/v5.0.0"];
    let world = World { releases: tags.iter().map(release).collect(), ..World::default() };
    let of = |tag: &str| {
        let tag: Tag = tag.parse().unwrap();
        floe_core::plan::image_tags(&world.own_version(&tag), &world.other_versions(&tag)).join(" ")
    };
    assert_eq!(of("app-v1.3.0"), "1.3.0 1.3 1 latest");
    assert_eq!(of("app-v1.1.1"), "1.1.1 1.1");
    assert_eq!(of("v3.0.1"), "3.0.1 3.0 3 latest");
    assert_eq!(of("app/v4.0.0"), "4.0.0 4.0 4");
}

/// A workspace with the programs `alpha` and `beta`, each with a table and a version.
fn workspace(tables: [&str; 2], versions: [&str; 2]) -> Sample {
    let member = |at: usize, name: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"{}\"\nedition = \"2021\"\n\
             repository = \"https://github.com/acme/tool\"\n{}\n",
            versions[at], tables[at]
        )
    };
    Sample::with_manifest("[workspace]\nmembers = [\"alpha\", \"beta\"]\nresolver = \"2\"\n")
        .file("alpha/Cargo.toml", member(0, "alpha"))
        .file("alpha/src/main.rs", "fn main() {}\n")
        .file("beta/Cargo.toml", member(1, "beta"))
        .file("beta/src/main.rs", "fn main() {}\n")
}

fn prefix(prefix: &str) -> String {
    format!("[package.metadata.floe]\ntag-prefix = \"{prefix}\"")
}

/// The moving names after some releases: those of every image with the version of its package, and GitHub's latest.
type Names = BTreeMap<String, String>;

/// One pair of servers, to which dists of both programs are released in an order.
struct Rehearsals {
    folder: tempfile::TempDir,
    dists: BTreeMap<(&'static str, &'static str), Digest>,
}

const RELEASES: [(&str, &str); 4] =
    [("alpha", "2.0.0"), ("beta", "1.5.0"), ("beta", "2.0.0"), ("alpha", "2.1.0")];

impl Rehearsals {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let targets: [Target; 1] = ["x86_64-musl".parse().unwrap()];
        let mut dists = BTreeMap::new();
        for (name, version) in RELEASES {
            let (dist, seed) = (folder.path().join(format!("{name}-{version}")), format!("{name} {version}"));
            make_dist_of(name, |_| seed.as_bytes(), &dist, version, &targets);
            let index: Value =
                serde_json::from_slice(&std::fs::read(dist.join("image/index.json")).unwrap()).unwrap();
            let digest = index["manifests"][0]["digest"].as_str().unwrap().parse().unwrap();
            dists.insert((name, version), digest);
        }
        Rehearsals { folder, dists }
    }

    /// Releases in this order from nothing. After each release no name of the other program may have moved.
    fn release(
        &self,
        tables: [&str; 2],
        order: &[(&'static str, &'static str)],
        arguments: &[&str],
    ) -> Names {
        let out = self.folder.path().join("out");
        let mut names = Names::new();
        for (at, (name, version)) in order.iter().enumerate() {
            let project = workspace(tables, [version, version]);
            let mut command = floe(project.path());
            command.args(["rehearse", "--package", name, "--out"]).arg(&out);
            command.args((at > 0).then_some("--keep")).args(arguments);
            let output = command.arg(self.folder.path().join(format!("{name}-{version}"))).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{name} {version} in {order:?}: {stderr}");
            let now = self.names(&out);
            let other = if *name == "alpha" { "beta" } else { "alpha" };
            for (key, value) in names.iter().filter(|(key, _)| key.contains(other)) {
                assert_eq!(now.get(key), Some(value), "{name} {version} moved `{key}` in {order:?}");
            }
            names = now;
        }
        names
    }

    fn names(&self, out: &Path) -> Names {
        let mut names = Names::new();
        let registry = RegistryOptions::ghcr(out.join("servers/registry"));
        let registry = EmbeddedRegistry::open(registry).unwrap();
        for image in ["", "/alpha", "/beta"] {
            for (tag, digest) in registry.tags(&format!("acme/tool{image}")) {
                let ((name, version), _) = self.dists.iter().find(|(_, dist)| **dist == digest).unwrap();
                names.insert(format!("tool{image}:{tag}"), format!("{name} {version}"));
            }
        }
        let root = out.join("servers/github");
        let options = GitHubOptions::new(root);
        let github = EmbeddedGitHub::open(options).unwrap();
        let repo: Repo = "acme/tool".parse().unwrap();
        names.insert("latest".to_owned(), github.latest(&repo).unwrap_or_default());
        for release in github.releases(&repo) {
            let body = release.body.unwrap_or_default();
            let line = body.lines().find_map(|line| line.strip_prefix("**Full Changelog**: ")).unwrap();
            let range = line.rsplit_once("/tool/").unwrap().1.to_owned();
            names.insert(format!("notes of {}", release.tag_name), range);
        }
        names
    }
}

fn lines(names: &Names) -> String {
    names.iter().map(|(name, owner)| format!("{name} = {owner}\n")).collect()
}

#[test]
fn two_programs_with_prefixes_never_move_each_others_names() {
    let rehearsals = Rehearsals::new();
    let tables = [prefix("alpha-"), prefix("beta-")];
    let tables = [tables[0].as_str(), &tables[1]];
    let [a, b, c, d] = RELEASES;
    let names = rehearsals.release(tables, &[a, b, c, d], &[]);
    expect_test::expect![[r#"
        latest = alpha-v2.0.0
        notes of alpha-v2.0.0 = commits/alpha-v2.0.0
        notes of alpha-v2.1.0 = compare/alpha-v2.0.0...alpha-v2.1.0
        notes of beta-v1.5.0 = commits/beta-v1.5.0
        notes of beta-v2.0.0 = compare/beta-v1.5.0...beta-v2.0.0
        tool/alpha:2 = alpha 2.1.0
        tool/alpha:2.0 = alpha 2.0.0
        tool/alpha:2.0.0 = alpha 2.0.0
        tool/alpha:2.1 = alpha 2.1.0
        tool/alpha:2.1.0 = alpha 2.1.0
        tool/alpha:latest = alpha 2.1.0
        tool/beta:1 = beta 1.5.0
        tool/beta:1.5 = beta 1.5.0
        tool/beta:1.5.0 = beta 1.5.0
        tool/beta:2 = beta 2.0.0
        tool/beta:2.0 = beta 2.0.0
        tool/beta:2.0.0 = beta 2.0.0
        tool/beta:latest = beta 2.0.0
    "#]]
    .assert_eq(&lines(&names));
    let images = |names: &Names| {
        let images = names.iter().filter(|(name, _)| name.starts_with("tool/"));
        images.map(|(name, owner)| (name.clone(), owner.clone())).collect::<Names>()
    };
    for order in [[b, a, d, c], [c, b, d, a], [d, c, b, a], [b, d, a, c]] {
        let other = rehearsals.release(tables, &order, &[]);
        assert_eq!(images(&other), images(&names), "{order:?}");
        // Neither owns it, so that it stays with the first release, which GitHub shows without being asked.
        assert_eq!(other["latest"], format!("{}-v{}", order[0].0, order[0].1), "{order:?}");
    }
}

#[test]
fn only_the_package_that_owns_latest_moves_it() {
    let rehearsals = Rehearsals::new();
    let [a, b, c, d] = RELEASES;
    let beta = prefix("beta-");
    for (tables, expected) in [
        // Without a prefix it is alpha's, whose image keeps the name of the repository.
        (["", beta.as_str()], "v2.1.0"),
        (["[package.metadata.floe]\nlatest = false", &format!("{beta}\nlatest = true")], "beta-v2.0.0"),
    ] {
        for order in [[a, b, c, d], [b, a, d, c], [d, c, b, a]] {
            let names = rehearsals.release(tables, &order, &[]);
            assert_eq!(names["latest"], expected, "{order:?}");
            assert_eq!(
                (names["tool:latest"].as_str(), names["tool:2"].as_str()),
                ("alpha 2.1.0", "alpha 2.1.0")
            );
            assert_eq!(names["tool/beta:latest"], "beta 2.0.0");
        }
    }
}

#[test]
fn the_invariants_hold_for_two_programs_under_faults() {
    let rehearsals = Rehearsals::new();
    let [a, b, c, d] = RELEASES;
    let fits = |seed: &u64| {
        let schedule = Schedule::at(&[Side::GitHub, Side::Registry], &[], *seed);
        schedule.injections.len() > 3 && !schedule.injections.iter().any(|one| is_permanent(one.kind))
    };
    let beta = prefix("beta-");
    for seed in (1..).filter(fits).take(2) {
        let names = rehearsals.release(["", &beta], &[a, b, c, d], &["--faults", &seed.to_string()]);
        assert_eq!(names["tool/beta:latest"], "beta 2.0.0", "seed {seed}");
        assert_eq!(names["tool:latest"], "alpha 2.1.0", "seed {seed}");
    }
}

#[test]
fn two_packages_cannot_own_the_same_name() {
    let image = |prefix: &str, name: &str| {
        format!("[package.metadata.floe]\ntag-prefix = \"{prefix}\"\nimage = {{ name = \"{name}\" }}")
    };
    let formula = |prefix: &str| {
        format!(
            "description = \"x\"\n[package.metadata.floe]\ntag-prefix = \"{prefix}\"\nhomebrew = {{ tap = \"acme/homebrew-tap\", formula = \"tool\" }}"
        )
    };
    let beta = prefix("beta-");
    for (tables, expected) in [
        (
            ["[package.metadata.floe]\n", &format!("{beta}\nlatest = true")],
            "error: `beta` and `alpha` would both move GitHub's latest release\n\n\
             hint: write `latest = false` under [package.metadata.floe] of all packages but one\n",
        ),
        (
            [&image("alpha-", "ghcr.io/acme/all"), &image("beta-", "ghcr.io/acme/all")],
            "error: `beta` and `alpha` would both move the tags of the image `ghcr.io/acme/all`\n\n\
             hint: give `beta` another `name` under [package.metadata.floe.image], or leave it out\n",
        ),
        (
            ["[package.metadata.floe]\n", "[package.metadata.floe]\n"],
            "error: `beta` and `alpha` would both release tags like `v1.0.0`\n\n\
             hint: write `tag-prefix = \"beta-\"` under [package.metadata.floe] of `beta`\n",
        ),
        (
            ["[package.metadata.floe]\n", &image("beta-", "ghcr.io/acme/tool")],
            "error: `beta` and `alpha` would both move the tags of the image `ghcr.io/acme/tool`\n\n\
             hint: give `beta` another `name` under [package.metadata.floe.image], or leave it out\n",
        ),
        (
            [&formula("alpha-"), &formula("beta-")],
            "error: `beta` and `alpha` would both write `Formula/tool.rb` of acme/homebrew-tap\n\n\
             hint: give `beta` another name in the table of the channel under [package.metadata.floe]\n",
        ),
    ] {
        let project = workspace(tables, ["1.0.0", "1.0.0"]);
        let output = floe(project.path())
            .args(["plan", "--package", "beta", "--commit", COMMIT, "--repo", "acme/tool"])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
        assert_eq!(output.status.code(), Some(2));
    }
}

/// With a dist and no project the names follow from the tag and from the name in the dist's records.
#[test]
fn a_dist_without_a_project_has_an_image_of_its_own_too() {
    let scenario = Scenario::empty("1.4.0");
    make_dist_of("beta", |_| b"beta", &scenario.dist(), "1.4.0", &["x86_64-musl".parse().unwrap()]);
    servers::push_tag(&scenario.github, &scenario.repo(), "beta-v1.4.0");
    scenario.registry.set_push("tester", &["acme/tool/beta"]);
    let scenario = scenario.arguments(&["--target", "x86_64-musl"]).instead("--tag", "beta-v1.4.0");
    let plan = scenario.run(["plan"]).exit(0).stdout;
    assert!(plan.contains("ghcr.io/acme/tool/beta:1.4.0, 1.4, 1, latest"), "{plan}");
    assert!(plan.contains("publish  beta-v1.4.0  "), "not as latest: {plan}");
}
