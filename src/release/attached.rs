//! The files that are attached to an image, in its registry.
//!
//! An attestation by another run counts as that of this release, as among the assets: each run signs anew.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{try_join, try_join_all};

use crate::registry::Registry;
use crate::release::trust::Trust;
use floe_core::attachment;
use floe_core::model::{Digest, Release};
use floe_core::world::RemoteImage;

/// Looks for the artifacts of a release: whether each is there, and whether the registry or an index lists it.
pub async fn observe(
    registry: &Registry,
    release: &Release,
    trust: Option<&Trust>,
    image: RemoteImage,
) -> anyhow::Result<RemoteImage> {
    let attachments = attachment::of_release(release);
    if attachments.is_empty() {
        return Ok(image);
    }
    let present = attachments.iter().map(|one| async {
        let found = registry.manifest(&one.manifest.digest.to_string()).await?;
        anyhow::Ok(found.map(|_| one.manifest.digest))
    });
    let (present, lists) = try_join(try_join_all(present), registry.lists(&attachments)).await?;
    let mut image = image;
    image.present.extend(present.into_iter().flatten());
    let by_api = lists.values().all(|list| list.by_api);
    let mut listed: BTreeMap<String, BTreeSet<Digest>> =
        lists.into_iter().map(|(tag, list)| (tag, list.manifests)).collect();
    let attestation = attachments.iter().find(|one| one.is_attestation());
    if let (Some(attestation), Some(trust)) = (attestation, trust)
        && !image.present.contains(&attestation.manifest.digest)
    {
        let there = listed.get(&attestation.tag()).cloned().unwrap_or_default();
        for bundle in registry.attestations(attestation, there).await? {
            if trust.check_release(&bundle, release).is_ok() {
                image.present.insert(attestation.manifest.digest);
                listed.entry(attestation.tag()).or_default().insert(attestation.manifest.digest);
                break;
            }
        }
    }
    image.listed = (!by_api).then_some(listed);
    Ok(image)
}
