//! The image in a real registry, plain and behind a token service, read back with skopeo.

use std::path::{Path, PathBuf};

use super::distribution::Distribution;
use super::skopeo_finds;
use super::tokens::TokenService;
use crate::support::peers::peer;
use crate::support::scenario::{Outcome, Scenario};

/// The programs that most tests here need.
fn programs() -> Option<(PathBuf, PathBuf)> {
    Some((peer("docker-registry")?, peer("skopeo")?))
}

#[test]
fn a_real_registry_holds_every_byte_and_a_second_run_sends_none() {
    let Some((program, skopeo)) = programs() else { return };
    let folder = tempfile::tempdir().unwrap();
    let registry = Distribution::start(&program, folder.path(), None);
    let scenario = Scenario::new("1.4.0").registry_at(registry.url()).arguments(&["-vv"]);
    let first = scenario.run(["publish"]).exit(0);
    let digest = image_digest(&first);
    let sent = logged(&first);
    let changes = sent.iter().filter(|line| !is_reading(line)).count();
    // A session and a PUT for each of four blobs, three manifests, four tags. The session that asked for the right is one of
    // the four.
    assert_eq!(changes, 2 * 4 + 3 + 4, "{sent:#?}");
    assert_eq!(sorted(registry.requests(sent.len())), sorted(sent));
    for tag in ["1.4.0", "latest"] {
        skopeo_finds(&skopeo, registry.url(), (tag, &digest), &scenario.dist().join("image"));
    }
    drop(registry);

    // Another process with the same storage.
    let registry = Distribution::start(&program, folder.path(), None);
    let scenario = scenario.registry_at(registry.url());
    let second =
        scenario.run(["publish"]).exit(0).no_writes().says("0 to do; the release is public and complete");
    assert_eq!(second.stdout, first.stdout);
    let sent = logged(&second);
    assert!(!sent.is_empty() && sent.iter().all(|line| is_reading(line)), "{sent:#?}");
    assert_eq!(sorted(registry.requests(sent.len())), sorted(sent));
    assert_eq!(registry.further_requests(), Vec::<String>::new());
}

#[test]
fn a_release_in_a_real_registry_is_verified_anonymously() {
    let Some(program) = peer("docker-registry") else { return };
    let folder = tempfile::tempdir().unwrap();
    let registry = Distribution::start(&program, folder.path(), None);
    let scenario = Scenario::new("1.4.0").registry_at(registry.url());
    scenario.run(["publish"]).exit(0);
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
    drop(registry);

    // A layer whose stored bytes changed is detected.
    let layer = layer_of_an_image(&scenario.dist().join("image"));
    let stored = format!("storage/docker/registry/v2/blobs/sha256/{}/{layer}/data", &layer[..2]);
    let stored = folder.path().join(stored);
    let mut bytes = std::fs::read(&stored).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&stored, bytes).unwrap();
    let registry = Distribution::start(&program, folder.path(), None);
    let scenario = scenario.registry_at(registry.url());
    let refused = scenario.run(["verify", "--release", "v1.4.0"]).exit(3);
    assert!(refused.stderr.contains(&layer), "`{layer}` is not in\n{}", refused.stderr);
}

#[test]
fn behind_a_token_service_one_token_is_requested_for_this_repository_only() {
    let Some((program, skopeo)) = programs() else { return };
    let Some(openssl) = peer("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let tokens = TokenService::start(&openssl, folder.path());
    let registry = Distribution::start(&program, folder.path(), Some(&tokens.auth()));
    let scenario = Scenario::new("1.4.0").registry_at(registry.url());
    let first = scenario.run(["publish"]).exit(0);
    // Once to publish, and once without credentials to see whether the image can be pulled.
    assert_eq!(
        tokens.asked(),
        ["tester repository:acme/tool:pull,push", "anonymous repository:acme/tool:pull"]
    );
    skopeo_finds(&skopeo, registry.url(), ("1.4.0", &image_digest(&first)), &scenario.dist().join("image"));
    scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
    let asked = tokens.asked();
    assert!(!asked.is_empty() && asked.iter().all(|who| who.starts_with("anonymous ")), "{asked:?}");

    let scenario = scenario.arguments(&["-vv"]);
    let second = scenario.run(["publish"]).exit(0).no_writes();
    let sent = logged(&second);
    assert!(!sent.is_empty() && sent.iter().all(|line| is_reading(line)), "{sent:#?}");
    assert_eq!(tokens.asked(), ["tester repository:acme/tool:pull,push"]);
}

#[test]
fn an_image_that_cannot_be_pulled_anonymously_is_published_with_a_warning() {
    let Some(program) = peer("docker-registry") else { return };
    let Some(openssl) = peer("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let tokens = TokenService::start(&openssl, folder.path());
    tokens.allow_anonymous_pulls(false);
    let registry = Distribution::start(&program, folder.path(), Some(&tokens.auth()));
    let scenario = Scenario::new("1.4.0").registry_at(registry.url());
    scenario.run(["publish"]).exit(0).says("`ghcr.io/acme/tool` cannot be pulled anonymously yet");
}

#[test]
fn a_token_with_less_than_the_requested_rights_stops_before_anything_is_public() {
    let Some(program) = peer("docker-registry") else { return };
    let Some(openssl) = peer("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let tokens = TokenService::start(&openssl, folder.path());
    tokens.let_push(false);
    let registry = Distribution::start(&program, folder.path(), Some(&tokens.auth()));
    let scenario = Scenario::new("1.4.0").registry_at(registry.url());
    scenario
        .run(["plan"])
        .exit(1)
        // The only write is the request for generated notes, which GitHub does not store.
        .writes(1)
        .says("failed to ask for the right to push `ghcr.io/acme/tool`");
    let refused = scenario.run(["publish"]).exit(1).writes(1).says("the registry answered 401 Unauthorized");
    assert!(refused.stderr.contains("nothing was changed"), "{}", refused.stderr);
    assert!(!scenario.state().contains("published"), "{}", scenario.state());

    tokens.let_push(true);
    scenario.run(["publish"]).exit(0);
}

/// The digest in the first line on stdout.
fn image_digest(outcome: &Outcome) -> String {
    let line = outcome.stdout.lines().next().unwrap();
    line.split_once('@').unwrap().1.to_owned()
}

/// The requests to the registry that floe logs with `-vv`, without those to a token service.
fn logged(outcome: &Outcome) -> Vec<String> {
    let lines = outcome.stderr.lines().filter_map(|line| line.trim_start().strip_prefix("registry "));
    lines.filter(|line| line.contains(" /v2/")).map(str::to_owned).collect()
}

fn is_reading(request: &str) -> bool {
    request.starts_with("GET ") || request.starts_with("HEAD ")
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// The digest of a layer: of the blobs of an image, those are not JSON.
fn layer_of_an_image(layout: &Path) -> String {
    let layers = super::blobs(layout).into_iter().filter(|(_, bytes)| bytes.first() != Some(&b'{'));
    let digests: Vec<String> = layers.map(|(digest, _)| digest).collect();
    assert_eq!(digests.len(), 2);
    digests[0].clone()
}
