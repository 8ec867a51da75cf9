//! A published release must be the one that was asked for, and not another one that is consistent in itself.

use expect_test::expect;
use floe_core::model::{Destination, Manifest, notes};
use floe_rehearsal::interceptor::{Fault, What};

use super::release::Published;
use crate::support::scenario::TOKEN;
use crate::support::words::problems;

#[test]
fn a_manifest_of_another_repository() {
    let published = Published::new();
    for other in ["https://github.com/evil/tool", "https://github.com/acme/other", "acme/tool", "nonsense"] {
        published.forge_manifest(|manifest| {
            manifest["repository"] = other.into();
            manifest.as_object_mut().unwrap().remove("image");
        });
        let outcome = published.scenario.run(["verify", "--release", "v1.4.0"]).exit(3);
        assert_eq!(
            problems(&outcome.stderr),
            format!("the manifest is of repository `{other}`, not of `acme/tool`")
        );
    }
    // GitHub ignores case, and an API elsewhere says nothing about the address of the page.
    published.forge_manifest(|manifest| manifest["repository"] = "https://github.example/Acme/Tool".into());
    published.scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
    let server = ["verify", "--release", "v1.4.0", "--server-url", "https://github.com"];
    let outcome = published.scenario.run(server).exit(3);
    expect!["the manifest is of repository `https://github.example/Acme/Tool`, not of `https://github.com/acme/tool`"]
        .assert_eq(&problems(&outcome.stderr));
}

#[test]
fn a_manifest_of_another_version_than_its_tag() {
    let published = Published::new();
    published.forge_manifest(|manifest| {
        manifest["version"] = "1.4.1".into();
        manifest.as_object_mut().unwrap().remove("image");
    });
    published.problems(expect!["the manifest is of version `1.4.1`, not of `1.4.0`"]);
}

#[test]
fn another_package_or_commit_than_the_given_one() {
    let published = Published::new();
    let verify = |more: &[&str]| {
        let command = [&["verify", "--release", "v1.4.0"], more].concat();
        published.scenario.run(command)
    };
    let commit = crate::support::scenario::COMMIT;
    verify(&["-p", "tool", "--commit", commit]).exit(0);
    let outcome = verify(&["-p", "other", "--commit", "0000000000000000000000000000000000000001"]).exit(3);
    expect![[r#"
        the manifest is of project `tool`, not of `other`
        the manifest is of commit `3f9ac21`, not of `0000000`"#]]
    .assert_eq(&problems(&outcome.stderr));
    outcome.says("hint: it is not the release that was asked for");
    verify(&["--tag", "v1.5.0"]).exit(2);
}

#[test]
fn an_archive_under_a_name_of_another_project() {
    let published = Published::new();
    published.forge_manifest(|manifest| {
        manifest["artifacts"][0]["file"] = "tool-x86_64-apple-darwin.tar.gz".into();
    });
    let outcome = published.scenario.run(["verify", "--release", "v1.4.0"]).exit(3);
    outcome.says("the manifest calls the archive for aarch64-macos `tool-x86_64-apple-darwin.tar.gz`");
}

#[test]
fn an_image_of_another_owner_is_not_even_asked_for() {
    let published = Published::new();
    published.forge_manifest(|manifest| manifest["image"]["name"] = "ghcr.io/evil/tool".into());
    let before = published.scenario.registry_interceptor().log().len();
    published.problems(expect!["the image `ghcr.io/evil/tool` does not belong to `acme`; if it should be verified, give `--image ghcr.io/evil/tool`"]);
    assert_eq!(published.scenario.registry_interceptor().log().len(), before);
    let verify = |image: &str| published.scenario.run(["verify", "--release", "v1.4.0", "--image", image]);
    let outcome = verify("ghcr.io/acme/tool").exit(3);
    expect!["the manifest names the image `ghcr.io/evil/tool`, not `ghcr.io/acme/tool`"]
        .assert_eq(&problems(&outcome.stderr));
    outcome.says("compare the values of `--package`, `--commit` and `--image` with it");
    // An image that was asked for by its name is pulled; the embedded registry holds none of that name.
    verify("ghcr.io/evil/tool").exit(3).says("is not in the registry");
}

#[test]
fn an_image_that_is_asked_for_and_that_the_release_does_not_have() {
    let published = Published::new();
    published.forge_manifest(|manifest| drop(manifest.as_object_mut().unwrap().remove("image")));
    let verify = |more: &[&str]| published.scenario.run([&["verify", "--release", "v1.4.0"], more].concat());
    verify(&[]).exit(0);
    let outcome = verify(&["--image", "ghcr.io/acme/tool"]).exit(3);
    expect!["the manifest names no image, but `ghcr.io/acme/tool` is asked for"]
        .assert_eq(&problems(&outcome.stderr));
    outcome.says("compare the values of `--package`, `--commit` and `--image` with it");
}

#[test]
fn a_public_release_is_downloaded_without_a_token_even_if_the_first_anonymous_request_fails() {
    let published = Published::new();
    let limit = What::answer(403, r#"{"message":"API rate limit exceeded for 203.0.113.1."}"#);
    let scenario = published.scenario.token(Some(TOKEN));
    let scenario = scenario.disturb_github(Fault::next("GET", "/repos/acme/tool$", limit));
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
    let log = scenario.github_interceptor().log();
    let asked =
        |part: &str| log.iter().filter(|seen| seen.method == "GET" && seen.path.contains(part)).count();
    assert_eq!((asked("/releases/download/"), asked("/releases/assets/")), (11, 0));
}

#[test]
fn the_notes_give_the_command_that_verifies_an_image_of_another_owner() {
    let mut manifest: Manifest = serde_json::from_str(include_str!("../compat/manifest.json")).unwrap();
    let destination = Destination {
        repo: "acme/tool".parse().unwrap(),
        page: manifest.repository.clone(),
        tag: manifest.tag.clone(),
        commit: manifest.commit.clone(),
        image: "ghcr.io/acme/tool".parse().unwrap(),
        may_be_latest: true,
        attach: false,
        built_on: None,
    };
    let mut command = |image: &str| {
        manifest.image.as_mut().unwrap().name = image.parse().unwrap();
        let footer = notes::footer(&manifest, &destination);
        footer.lines().find(|line| line.starts_with("floe verify")).unwrap().to_owned()
    };
    assert_eq!(command("registry.example/acme/x"), "floe verify --release v1.4.0 --repo acme/tool");
    let other = "floe verify --release v1.4.0 --repo acme/tool --image docker.io/acmecorp/tool";
    assert_eq!(command("docker.io/acmecorp/tool"), other);
}

#[test]
fn a_release_of_a_renamed_repository_is_verified_by_its_former_name() {
    let published = Published::new();
    published.scenario.github.rename(&published.repo(), &"acme/newtool".parse().unwrap()).unwrap();
    let verify = ["verify", "--release", "v1.4.0"];
    published.scenario.run(verify).exit(0).no_writes();
    let words = "the manifest is of repository `https://github.com/acme/tool`, not of `acme/newtool`";
    published.scenario.instead("--repo", "acme/newtool").run(verify).exit(3).says(words);
}
