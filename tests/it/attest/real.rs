//! Real bundles: one of Sigstore's public-good instance, and GitHub's attestation of an immutable release.

use std::collections::BTreeMap;

use expect_test::expect;

use super::{authenticate, read};
use floe::attest::{Authentic, Expected, Immutable, Roots, Subjects};
use floe_core::model::Digest;

fn public_good() -> Authentic {
    let roots = Roots::embedded().unwrap();
    authenticate(&read("real/conda-attestation.sigstore.json"), &roots).unwrap()
}

#[test]
fn a_real_bundle_of_the_public_good_instance_is_authentic() {
    let found = public_good();
    let fields = [
        found.identity.as_str(),
        found.issuer.as_deref().unwrap(),
        found.claims.source_repository_uri.as_deref().unwrap(),
        found.claims.source_repository_ref.as_deref().unwrap(),
        found.claims.source_repository_digest.as_deref().unwrap(),
        found.claims.runner_environment.as_deref().unwrap(),
        &format!("{:?} {:?} {:?}", found.time.unwrap(), found.log_index, found.instance),
    ];
    expect![[r#"
        https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main
        https://token.actions.githubusercontent.com
        https://github.com/prefix-dev/sigstore-example
        refs/heads/main
        193b5bd7d3985809503963ae400594ea16df31cf
        github-hosted
        2025-09-01T12:13:59Z Some(456119071) Sigstore"#]]
    .assert_eq(&fields.join("\n"));
}

#[test]
fn the_policy_judges_a_real_bundle() {
    let found = public_good();
    let address = found.claims.source_repository_uri.as_deref().unwrap();
    let repo = address.trim_start_matches("https://github.com/").parse().unwrap();
    let file = "signed-package-2.1.0-hb0f4dca_0.conda";
    let digest = Digest::of(&read(&format!("real/{file}")));
    let subjects = Subjects::Some(BTreeMap::from([(file.to_owned(), digest)]));
    let expected = Expected { repo: &repo, tag: None, commit: None, signer: None, subjects };
    // Everything is right, except that it is no provenance.
    expect!["it is an attestation of type `https://schemas.conda.org/attestations-publish-1.schema.json`, not `https://slsa.dev/provenance/v1`"].assert_eq(&expected.problems(&found).join("\n"));
}

#[test]
fn a_real_attestation_of_an_immutable_release_is_accepted_for_that_release_alone() {
    let roots = Roots::embedded().unwrap();
    let found = authenticate(&read("real/github_sha384_bundle.json"), &roots).unwrap();
    let named = found.statement.subjects.iter().filter(|subject| !subject.name.is_empty());
    let assets: BTreeMap<_, _> = named.map(|subject| (subject.name.clone(), subject.sha256())).collect();
    let (repo, tag) = ("jdx/communique".parse().unwrap(), "v0.1.9".parse().unwrap());
    let commit = "43d0bd191f16d1fe3484a4b58aa69118f7692442".parse().unwrap();
    let right = Immutable { repo: &repo, tag: &tag, commit: &commit, assets: &assets };
    assert_eq!(right.problems(&found), Vec::<String>::new());

    let mut others = assets.clone();
    others.remove("communique-aarch64-pc-windows-msvc.zip");
    others.insert("communique-aarch64-apple-darwin.tar.gz".to_owned(), Some(Digest::of(b"another")));
    others.insert("added.txt".to_owned(), None);
    let lie = Immutable {
        repo: &"acme/tool".parse().unwrap(),
        tag: &"v0.1.8".parse().unwrap(),
        commit: &"0000000000000000000000000000000000000bad".parse().unwrap(),
        assets: &others,
    };
    expect![[r#"
        it is for `jdx/communique`, not for `acme/tool`
        it is for the tag `v0.1.9`, not for `v0.1.8`
        it is for commit 43d0bd191f16d1fe3484a4b58aa69118f7692442, not for 0000000000000000000000000000000000000bad
        it does not name the asset `added.txt`
        `communique-aarch64-apple-darwin.tar.gz` is sha256:ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5, but GitHub signed sha256:76f1fe8593bf227cca2c089e3c16dc95014a8d3e89c5dd220530469ca043c428
        it names `communique-aarch64-pc-windows-msvc.zip`, which the release does not have"#]].assert_eq(&lie.problems(&found).join("\n"));
    // A provenance is none.
    expect![[r#"
        signed by `https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main`, not by GitHub (`https://dotcom.releases.github.com`)
        it is an attestation of type `https://schemas.conda.org/attestations-publish-1.schema.json`, not `https://in-toto.io/attestation/release/v0.2`"#]].assert_eq(&right.problems(&public_good()).join("\n"));
}
