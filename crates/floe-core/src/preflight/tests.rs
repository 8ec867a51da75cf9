//! How each check is judged.

use chrono::DateTime;
use semver::Version;

use super::*;
use crate::model::notes::NotesSource;
use crate::model::{
    Asset, Attestation, Blob, Content, Destination, Digest, Image, Platform, PlatformImage, Release,
    ReleaseParts, Subject,
};
use crate::world::{RemoteRelease, World};

fn release() -> Release {
    let parts = ReleaseParts {
        archives: Vec::new(),
        files: Vec::new(),
        image: Some(image()),
        destination: Destination::sample(),
        notes: NotesSource::Text("Better.".to_owned()),
        attestation: Attestation::default(),
    };
    let release = Release::new(parts, Vec::new(), Vec::new());
    assert_eq!(release.manifest.version, Version::new(1, 4, 0));
    release
}

fn image() -> Image {
    let blob = |content: &str| Blob {
        media_type: "application/octet-stream".to_owned(),
        digest: Digest::of(content.as_bytes()),
        size: 1,
    };
    let platform = PlatformImage {
        platform: Platform::ALL[0],
        manifest: blob("manifest"),
        config: blob("config"),
        layers: vec![blob("layer")],
        files: Vec::new(),
        program: None,
        loaders: Vec::new(),
    };
    Image {
        layout: "nowhere".into(),
        index: blob("index"),
        annotations: Default::default(),
        platforms: vec![platform],
    }
}

fn facts() -> ServerFacts {
    ServerFacts {
        rights: Rights {
            has_token: true,
            reads_only: false,
            channel_token: Secret::Absent,
            channel_pulls: true,
            feed_key: Secret::Absent,
            site: "https://github.example".to_owned(),
        },
        now: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        access: Ok(Access { name: Some("Acme/Tool".to_owned()), ..Access::default() }),
        write: Some(Ok(())),
        budget: Some(Budget { remaining: 4000, reset: 1_790_003_600 }),
        registry: Some(Ok(())),
        push: Some(Ok(())),
        package: Some(Ok(Package::Public)),
    }
}

fn ask(release: &Release, facts: &ServerFacts, about: &str) -> Check {
    let world = World { tag: Some(release.destination.commit.clone()), ..World::default() };
    let plan = crate::plan::Plan::new(&Subject::from(release), &world).unwrap();
    checks(&Subject::from(release), &world, Some(&plan), facts)
        .into_iter()
        .find(|one| one.about == about)
        .unwrap()
}

/// The outcome's word, what was found, and the cure.
fn judged(check: &Check) -> (String, String) {
    let Outcome { answer, found, cure } = &check.outcome;
    (format!("{answer}: {found}"), cure.clone().unwrap_or_default())
}

fn with_access(change: impl FnOnce(&mut Access)) -> ServerFacts {
    let mut facts = facts();
    change(facts.access.as_mut().unwrap());
    facts
}

#[test]
fn a_release_without_obstacles_passes_every_check() {
    let (release, facts) = (release(), facts());
    let world = World { tag: Some(release.destination.commit.clone()), ..World::default() };
    let plan = crate::plan::Plan::new(&Subject::from(&release), &world).unwrap();
    let all = checks(&Subject::from(&release), &world, Some(&plan), &facts);
    let about: Vec<&str> = all.iter().map(|one| one.about).collect();
    assert_eq!(
        about.join(" "),
        "token repository rights tag release assets notes requests registry push package"
    );
    assert!(all.iter().all(|one| one.outcome.answer == Answer::Passed), "{all:#?}");
}

#[test]
fn a_token_that_expires_soon_is_a_warning_and_an_expired_one_fails() {
    let expires = |text: &str| {
        let facts = with_access(|access| access.expires = Some(text.to_owned()));
        judged(&ask(&release(), &facts, "token")).0
    };
    assert_eq!(expires("2026-12-01 12:00:00 UTC"), "yes: it is valid until 2026-12-01 12:00 UTC");
    assert_eq!(
        expires("2026-09-21 17:40:00 UTC"),
        "warning: the token expires in 3 h 26 min, at 2026-09-21 17:40 UTC"
    );
    assert_eq!(
        expires("2026-09-21 09:40:00 -0700"),
        "warning: the token expires in 2 h 26 min, at 2026-09-21 16:40 UTC"
    );
    assert_eq!(expires("2026-09-21 14:00:00 UTC"), "no: the token expired at 2026-09-21 14:00 UTC");
    assert_eq!(expires("some day"), "warning: the token expires at some day");
}

#[test]
fn a_classic_token_needs_a_scope_that_covers_the_repository() {
    let scopes = |private, scopes: &[&str]| {
        let facts = with_access(|access| {
            access.private = private;
            access.scopes = Some(scopes.iter().map(|scope| (*scope).to_owned()).collect());
        });
        ask(&release(), &facts, "rights").outcome.answer.to_string()
    };
    assert_eq!(scopes(false, &["public_repo"]), "yes");
    assert_eq!(scopes(true, &["public_repo"]), "no");
    assert_eq!(scopes(true, &["gist", "repo"]), "yes");
    assert_eq!(scopes(false, &["gist"]), "no");
    assert_eq!(scopes(false, &[]), "no");
}

#[test]
fn the_rights_of_an_account_do_not_limit_a_workflows_token() {
    let facts = with_access(|access| access.push = Some(false));
    assert_eq!(ask(&release(), &facts, "rights").outcome.answer.to_string(), "yes");
}

#[test]
fn each_failed_check_has_a_fix() {
    let repository = |change: fn(&mut Access)| judged(&ask(&release(), &with_access(change), "repository"));
    let (found, cure) = repository(|access| access.frozen = true);
    assert_eq!(found, "no: `acme/tool` is archived or disabled: nothing in it can be changed");
    assert!(cure.contains("https://github.example/acme/tool/settings"), "{cure}");
    let (found, cure) = repository(|access| access.name = Some("acme/hammer".to_owned()));
    assert!(found.starts_with("no: `acme/tool` is called `acme/hammer` now"), "{found}");
    assert!(cure.contains("--repo acme/hammer"), "{cure}");
    let rights = Rights { has_token: false, ..facts().rights };
    let (found, cure) = judged(&ask(&release(), &ServerFacts { rights, ..facts() }, "token"));
    assert_eq!(found, "no: there is no token to publish to `acme/tool`");
    assert!(cure.contains("GITHUB_TOKEN"), "{cure}");
    let (found, cure) =
        judged(&ask(&release(), &ServerFacts { package: Some(Ok(Package::Hidden)), ..facts() }, "package"));
    assert_eq!(found, "warning: `ghcr.io/acme/tool` cannot be pulled anonymously");
    assert!(cure.contains("https://github.com/orgs/acme/packages/container/tool/settings"), "{cure}");
}

#[test]
fn names_that_github_would_change_or_that_collide_fail() {
    let mut release = release();
    let asset = |name: &str| Asset {
        name: name.to_owned(),
        size: 1,
        digest: Digest::of(b"x"),
        content: Content::Bytes(b"x".to_vec()),
    };
    release.assets.push(asset("tool name.tar.gz"));
    let (found, _) = judged(&ask(&release, &facts(), "assets"));
    assert_eq!(found, "no: GitHub would keep `tool name.tar.gz` under another name");
    release.assets.pop();
    release.assets.push(asset("sha256sums"));
    let (found, _) = judged(&ask(&release, &facts(), "assets"));
    assert_eq!(found, "no: two assets are called `sha256sums`, if upper and lower case are the same");
    release.assets = (0..1001).map(|n| asset(&format!("a{n}"))).collect();
    let (found, _) = judged(&ask(&release, &facts(), "assets"));
    assert_eq!(found, "no: 1001 assets are more than the 1000 that GitHub accepts");
}

#[test]
fn notes_that_would_be_cut_and_a_rate_limit_that_is_too_low_are_warnings() {
    let mut long = release();
    long.notes.source = NotesSource::Text("ä".repeat(125_000));
    assert_eq!(ask(&long, &facts(), "notes").outcome.answer.to_string(), "warning");
    let budget = Some(Budget { remaining: 5, reset: 1_790_003_600 });
    let (found, _) = judged(&ask(&release(), &ServerFacts { budget, ..facts() }, "requests"));
    assert_eq!(
        found,
        "warning: 6 requests are needed, but GitHub allows only 5 until its rate limit resets at 15:13:20 UTC"
    );
}

/// A release of one archive for Windows.
fn windows(signed_by: Option<&str>) -> Release {
    let mut release = release();
    let artifact = serde_json::json!({
        "file": "tool-x86_64-pc-windows-msvc.zip", "target": "x86_64-pc-windows-msvc", "kind": "zip", "size": 1,
        "digest": Digest::of(b"zip"), "binaries": [], "signed_by": signed_by,
    });
    release.manifest.artifacts = vec![serde_json::from_value(artifact).unwrap()];
    release
}

#[test]
fn programs_that_were_signed_last_time_are_missed() {
    let before = |body: String| World {
        releases: vec![RemoteRelease { tag: "v1.3.0".to_owned(), notes: body, ..RemoteRelease::default() }],
        ..World::default()
    };
    let judge = |release: &Release, world: World| {
        let world = World { tag: Some(release.destination.commit.clone()), ..world };
        let plan = crate::plan::Plan::new(&Subject::from(release), &world).unwrap();
        let checks = checks(&Subject::from(release), &world, Some(&plan), &facts());
        checks.into_iter().find(|one| one.about == "signatures").map(|one| judged(&one).0)
    };
    let signed = windows(Some("CN=Acme `Ltd`\n."));
    let notes = crate::model::notes::footer(&signed.manifest, &signed.destination);
    assert!(notes.contains("tool-x86_64-pc-windows-msvc.zip` are signed by `CN=Acme 'Ltd'"), "{notes}");
    let unsigned = windows(None);
    let lost = judge(&unsigned, before(notes.replace('\n', "\r\n"))).unwrap();
    assert_eq!(
        lost,
        "warning: the programs of `v1.3.0` in `tool-x86_64-pc-windows-msvc.zip` are signed with a certificate, and these are not"
    );
    assert_eq!(judge(&unsigned, before("By hand.".to_owned())), None);
    assert_eq!(judge(&unsigned, before(notes.replace("windows", "other"))), None);
    let kept = judge(&signed, before(notes)).unwrap();
    assert!(kept.ends_with("1 of 1 archives have programs signed with a certificate"), "{kept}");
}
