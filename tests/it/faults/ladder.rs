//! Releases in many orders: moving names end where SemVer says, and no step violates an invariant.

use std::collections::BTreeMap;

use floe_core::model::{Marker, Tag, Target};
use floe_core::plan::Step;
use floe_rehearsal::faults::{Invariants, Schedule};

use super::bench::{Bench, Made, folder, made};
use crate::support::scenario::servers;

const VERSIONS: [&str; 5] = ["1.4.0", "1.3.9", "2.0.0-rc.1", "2.0.0", "1.4.1"];

#[tokio::test]
async fn releases_in_any_order_leave_every_name_at_its_highest_version() {
    let targets: Vec<Target> = vec!["x86_64-musl".parse().unwrap()];
    let made: BTreeMap<&str, Made> =
        VERSIONS.iter().map(|version| (*version, self::made(version, version, &targets))).collect();
    let bench = Bench::new().await;
    let orders = orders(VERSIONS.to_vec());
    assert_eq!(orders.len(), 120);
    // Every tenth order over HTTP; `plan::ladder` tests the function with all of them.
    for order in orders.into_iter().step_by(10) {
        let folder = folder();
        let first = &made[order[0]].release;
        let testbed = bench.fresh(first, folder.path()).await;
        for (at, version) in order.iter().enumerate() {
            let release = &made[version].release;
            servers::push_tag(&testbed.github, &release.destination.repo, &format!("v{version}"));
            let mut testbed = testbed.clone();
            testbed.home = release.destination.clone();
            let invariants = Invariants::new(&testbed, &[release]);
            let receipt = folder.path().join("receipt.json");
            let came = bench.publish_at(release, &Schedule::default(), &invariants, &receipt).await;
            assert_eq!(came.broken, Vec::<String>::new(), "{version} in {order:?}");
            let (plan, _) = came.ending.result.unwrap();
            let previous = plan.steps.iter().find_map(|one| match &one.step {
                Step::CreateDraft { since, .. } => Some(since.tag().map(Tag::to_string)),
                _ => None,
            });
            assert_eq!(previous.unwrap(), base(version, &order[..at]), "{version} in {order:?}");
        }
        assert_eq!(testbed.github.latest(&first.destination.repo).as_deref(), Some("v2.0.0"), "{order:?}");
        let formula = testbed.github.files(&"acme/homebrew-tap".parse().unwrap()).remove("Formula/tool.rb");
        assert_eq!(Marker::of(&formula.unwrap()).unwrap().version, "2.0.0".parse().unwrap(), "{order:?}");
        let tags = testbed.registry.tags("acme/tool");
        let of = |tag: &str| made[tag].release.image.as_ref().unwrap().index.digest;
        let mut wanted: BTreeMap<String, _> =
            VERSIONS.map(|version| (version.to_owned(), of(version))).into();
        for (tag, version) in [
            ("latest", "2.0.0"),
            ("2", "2.0.0"),
            ("2.0", "2.0.0"),
            ("1", "1.4.1"),
            ("1.4", "1.4.1"),
            ("1.3", "1.3.9"),
        ] {
            wanted.insert(tag.to_owned(), of(version));
        }
        assert_eq!(tags, wanted, "{order:?}");
    }
}

/// The first version after which the notes of a version start, from a list and not computed.
fn base(version: &str, before: &[&str]) -> Option<String> {
    let wanted: &[&str] = match version {
        "1.4.0" => &["1.3.9"],
        "1.4.1" => &["1.4.0", "1.3.9"],
        "2.0.0" => &["1.4.1", "1.4.0", "1.3.9"],
        "2.0.0-rc.1" => &["1.4.1", "1.4.0", "1.3.9"],
        _ => &[],
    };
    wanted.iter().find(|version| before.contains(version)).map(|version| format!("v{version}"))
}

fn orders(things: Vec<&str>) -> Vec<Vec<&str>> {
    if things.len() < 2 {
        return vec![things];
    }
    let mut all = Vec::new();
    for first in &things {
        let rest = things.iter().copied().filter(|thing| thing != first).collect();
        all.extend(orders(rest).into_iter().map(|order| [vec![*first], order].concat()));
    }
    all
}
