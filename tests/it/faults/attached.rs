//! Faults while files are attached to the image, at a registry that does not list them itself, as GHCR.

use floe_core::attachment::{self, Attachment};
use floe_core::model::{Digest, Release};
use floe_core::oci::INDEX;
use floe_rehearsal::faults::{FaultKind, Injection, Invariants, Schedule, Side};
use serde_json::json;

use super::bench::{Bench, Came, attaching, folder};
use super::kinds::{self, one};
use super::matrix::judge;
use crate::support::artifacts::put;

/// Publishes where another client has attached something to the same image.
async fn publish(bench: &Bench, release: &Release, schedule: &Schedule) -> Came {
    let folder = folder();
    let testbed = bench.fresh(release, folder.path()).await;
    testbed.registry.options().referrers = false;
    let foreign = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }).to_string();
    let repository = release.destination.image.repository();
    put(&testbed.registry, repository, None, (INDEX, foreign.as_bytes()), None);
    let entry =
        json!({ "mediaType": INDEX, "digest": Digest::of(foreign.as_bytes()), "size": foreign.len() });
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] }).to_string();
    let tag = attachment::of_release(release)[0].tag();
    put(&testbed.registry, repository, Some(&tag), (INDEX, list.as_bytes()), None);
    let invariants = Invariants::new(&testbed, &[release]);
    bench.publish_at(release, schedule, &invariants, &folder.path().join("receipt.json")).await
}

#[tokio::test]
async fn faults_while_files_are_attached_lead_to_the_same_state() {
    let made = attaching();
    let release = &made.release;
    let [artifact] = &attachment::of_release(release)[..] else { panic!("one artifact") };
    let bench = Bench::new().await;
    let calm = publish(&bench, release, &Schedule::default()).await;
    assert_eq!(calm.broken, Vec::<String>::new());
    let parts = [
        artifact.tag(),
        format!("/referrers/{}", artifact.subject.digest),
        artifact.manifest.digest.to_string(),
        artifact.content.digest.to_string(),
        Attachment::config().digest.to_string(),
    ];
    let of_artifacts = |path: &str| parts.iter().any(|part| path.contains(part.as_str()));
    let mut bad = Vec::new();
    let mut count = 0;
    let kinds = FaultKind::ALL.iter().copied().filter(|kind| kind.is_at(Side::Registry));
    for (number, kind) in kinds.enumerate() {
        let fits = calm.seen[1].iter().enumerate();
        let fits = fits.filter(|(_, (method, path))| kinds::fits(kind, Side::Registry, method, path));
        for (fit, (at, (_, path))) in fits.enumerate() {
            // A third of the cases, and for each kind other requests.
            if !of_artifacts(path) || (number + fit) % 3 != 0 {
                continue;
            }
            let nth = kinds::nth(kind, fit, at);
            let schedule = one(Injection { side: Side::Registry, nth, kind, amount: 1 });
            let came = publish(&bench, release, &schedule).await;
            bad.extend(judge(&schedule, &came, &calm.state));
            count += 1;
        }
    }
    assert_eq!(bad, Vec::<String>::new());
    assert!((50..150).contains(&count), "{count}");
}
