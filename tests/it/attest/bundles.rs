//! The mock's bundles: the right one is accepted, and every other is refused with the words that say why.

use expect_test::expect;

use super::{data, mock_roots, read, subjects, verdict};
use crate::support::attestation::{Claims, sign};
use floe::attest::Roots;

#[test]
fn every_bundle_has_its_verdict() {
    let roots = mock_roots();
    let mut names: Vec<String> = std::fs::read_dir(data("bundles"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut lines = String::new();
    for name in names {
        let found = verdict(&read(&format!("bundles/{name}")), &roots);
        let found = if found.is_empty() { "accepted".to_owned() } else { found.join("; ") };
        lines.push_str(&format!("{}: {found}\n", name.trim_end_matches(".json")));
    }
    expect![[r#"
        expired: wrong: its certificate had expired before it was used
        good: accepted
        next: it is for the ref `refs/tags/v1.5.0`, not for `refs/tags/v1.4.0`
        no-log: unknown: it is in no transparency log, which every trusted root requires
        other-certificate: wrong: its signature is not of what it holds: the content was changed
        other-commit: it is for commit 0000000000000000000000000000000000000bad, not for 3f9ac21c0ffee0000000000000000000000000aa
        other-entry: wrong: its log entry is of another signature: DSSE signature in bundle does not match any signature in Rekor entry (signature or verifier mismatch)
        other-file: it does not name `SHA256SUMS`, which is released; `tool.txt` is sha256:576a567a311329def592627e3fe550efcd277614ca7cc814f56d4af249973fb4, but the attestation says sha256:0000000000000000000000000000000000000000000000000000000000000000
        other-issuer: its identity was issued by `https://gitlab.example`, not by GitHub Actions (`https://token.actions.githubusercontent.com`)
        other-predicate: it is an attestation of type `https://example.com/opinion/v1`, not `https://slsa.dev/provenance/v1`
        other-ref: it is for the ref `refs/heads/main`, not for `refs/tags/v1.4.0`
        other-repository: it is for `https://github.com/evil/tool`, not for `https://github.com/acme/tool`
        other-signer: signed by evil/fork/.github/workflows/release.yml, not by OWNER/floe/.github/workflows/release.yml or a workflow of acme/tool
        other-tag: it is for the ref `refs/tags/v1.3.0`, not for `refs/tags/v1.4.0`
        own-workflow: accepted
        person: signed by `https://accounts.example/somebody`, not by OWNER/floe/.github/workflows/release.yml or a workflow of acme/tool
        self-hosted: accepted
        strange-authority: wrong: its certificate is not by the authority that it names
        strange-log: unknown: its transparency log, `mi8eCxeALE0/ktbOod4Wcb2aB9iyueagWflmSbxpHfQ=`, is in no trusted root
        two-signatures: form: it is not a Sigstore bundle: DSSE envelope must contain exactly one signature, found 2 at line 49 column 1
    "#]].assert_eq(&lines);
}

#[test]
fn a_bundle_under_an_unknown_root_is_not_called_wrong() {
    let roots = Roots::embedded().unwrap();
    let [said] = &verdict(&read("bundles/good.json"), &roots)[..] else { panic!("one reason") };
    assert!(
        said.starts_with("unknown: its transparency log, `") && said.ends_with("`, is in no trusted root")
    );
    let [said] = &verdict(&read("bundles/no-log.json"), &roots)[..] else { panic!("one reason") };
    assert!(said.starts_with("wrong: it is not complete: "), "{said}");
}

#[test]
fn other_forms_are_refused_by_name() {
    let good = String::from_utf8(read("bundles/good.json")).unwrap();
    let roots = mock_roots();
    let said = |text: String| verdict(text.as_bytes(), &roots).join("\n");
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        said(good.replacen(from, to, 1))
    };
    let signature = "\"messageSignature\": {\"signature\": \"AAAA\"}";
    let mut lines = vec![
        said(good[..good.len() / 2].to_owned()),
        said(String::new()),
        said("[]".to_owned()),
        said(" ".repeat(3 << 20)),
        said("\u{feff}{}".to_owned()),
        changed("bundle.v0.3+json", "bundle.v0.4+json"),
        changed("\"kind\": \"dsse\"", "\"kind\": \"intoto\""),
        changed("\"version\": \"0.0.1\"", "\"version\": \"0.0.2\""),
        said(good.replacen("\"dsse\"", "\"intoto\"", 1).replacen("0.0.1", "0.0.2", 1)),
        said(format!("{}, {signature}}}", good.trim_end().trim_end_matches('}'))),
        changed("\"dsseEnvelope\"", &format!("{signature}, \"dsseEnvelope\"")),
        changed("\"certificate\": {", "\"publicKey\": {"),
        changed("\"certificate\": {", "\"x509CertificateChain\": {\"certificates\": []}, \"certificate\": {"),
        changed("application/vnd.in-toto+json", "text/plain"),
        changed("\"tlogEntries\": [", "\"tlogEntries\": [], \"tlogEntries\": ["),
    ];
    lines.iter_mut().for_each(|line| line.push('\n'));
    expect![[r#"
        form: it is cut off: its JSON has no end
        form: it is empty
        form: it is not a Sigstore bundle: invalid length 0, expected an object with `mediaType` and `verificationMaterial` at line 1 column 2
        form: it is larger than 2097152 bytes
        form: it is not JSON: expected value at line 1 column 1
        format: its format is `application/vnd.dev.sigstore.bundle.v0.4+json`, not `application/vnd.dev.sigstore.bundle.v0.3+json`
        form: it is not a Sigstore bundle: unsupported Rekor entry format: intoto/0.0.1 at line 16 column 5
        form: it is not a Sigstore bundle: unsupported Rekor entry format: dsse/0.0.2 at line 16 column 5
        form: its log entry is called `intoto 0.0.2`, but is `dsse 0.0.1`
        form: it holds an attestation and another signature
        form: it holds the signature of one file and no attestation, so it does not say where the file comes from
        form: it is signed with a key that somebody holds, so it names no workflow
        form: it does not hold exactly one certificate
        form: it signs `text/plain`, not `application/vnd.in-toto+json`
        form: it is not a Sigstore bundle: duplicate field `tlogEntries` at line 7 column 34
    "#]].assert_eq(&lines.concat());
}

/// The signer of the other tests makes what Sigstore's own mock makes.
#[test]
fn a_bundle_that_a_test_signs_is_accepted() {
    let made = sign(&Claims::of("1.4.0"), &subjects());
    assert_eq!(verdict(made.as_bytes(), &mock_roots()), Vec::<String>::new());
}
