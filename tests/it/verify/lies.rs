//! Each way to lie with an attestation, refused with the words that name it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use expect_test::expect;
use floe_core::model::Digest;
use serde_json::{Value, json};

use super::attested::{NAME, said, signed};
use crate::support::attestation::{Claims, sign, sign_subjects};

#[test]
fn each_lie_is_refused_with_the_words_that_name_it() {
    let published = signed();
    let truth = Claims::of("1.4.0");
    let subjects = published.scenario.subjects(true);
    let claims = |lie: &dyn Fn(&mut Claims)| {
        let mut claims = truth.clone();
        lie(&mut claims);
        sign(&claims, &subjects)
    };
    let without = |name: &str| {
        let mut subjects = subjects.clone();
        subjects.remove(name);
        sign(&truth, &subjects)
    };
    let with = |name: &str| {
        let mut subjects = subjects.clone();
        subjects.insert(name.to_owned(), Digest::of(b"malware"));
        sign(&truth, &subjects)
    };
    let listed = |lie: &dyn Fn(&mut Vec<Value>)| {
        let one = |(name, digest): (&String, &Digest)| json!({ "name": name, "digest": { "sha256": digest.hex() } });
        let mut listed: Vec<Value> = subjects.iter().map(one).collect();
        lie(&mut listed);
        sign_subjects(&truth, &listed)
    };
    let good = sign(&truth, &subjects);
    let other = sign(&truth, &subjects);
    let edited = |lie: &dyn Fn(&mut Value, Value)| {
        let mut bundle: Value = serde_json::from_str(&good).unwrap();
        lie(&mut bundle, serde_json::from_str(&other).unwrap());
        bundle.to_string()
    };
    let material = "verificationMaterial";
    let lies: Vec<(&str, String)> = vec![
        ("another repository", claims(&|claims| claims.repository = "evil/tool".to_owned())),
        (
            "a repository with the name as a prefix",
            claims(&|claims| claims.repository = "acme/tool2".to_owned()),
        ),
        ("a branch", claims(&|claims| claims.git_ref = "refs/heads/main".to_owned())),
        ("a branch called as the tag", claims(&|claims| claims.git_ref = "refs/heads/v1.4.0".to_owned())),
        ("another tag", claims(&|claims| claims.git_ref = "refs/tags/v1.3.0".to_owned())),
        (
            "another commit",
            claims(&|claims| claims.commit = "0000000000000000000000000000000000000bad".to_owned()),
        ),
        ("no commit", claims(&|claims| claims.commit = String::new())),
        (
            "another signer",
            claims(&|claims| {
                claims.signer = "evil/fork/.github/workflows/release.yml@refs/tags/v1.0.0".to_owned()
            }),
        ),
        (
            "a signer with the name as a prefix",
            claims(&|claims| {
                claims.signer = "OWNER/floe2/.github/workflows/release.yml@refs/tags/v1.0.0".to_owned()
            }),
        ),
        (
            "another workflow of floe",
            claims(&|claims| {
                claims.signer = "OWNER/floe/.github/workflows/ci.yml@refs/heads/main".to_owned()
            }),
        ),
        (
            "a person",
            claims(&|claims| claims.identity = Some("https://accounts.example/somebody".to_owned())),
        ),
        (
            "a workflow of another server",
            claims(&|claims| {
                claims.identity = Some(
                    "https://github.com.evil.example/OWNER/floe/.github/workflows/release.yml@a".to_owned(),
                )
            }),
        ),
        ("another issuer", claims(&|claims| claims.issuer = "https://token.evil.example".to_owned())),
        (
            "another predicate",
            claims(&|claims| claims.predicate_type = "https://example.com/opinion/v1".to_owned()),
        ),
        ("GitHub's attestation in its place", sign(&Claims::of_github("1.4.0"), &subjects)),
        ("an expired certificate", claims(&|claims| claims.delay = 3600)),
        ("a certificate of the future", claims(&|claims| claims.delay = -3600)),
        ("a file that is missing", without("tool-x86_64-apple-darwin.tar.gz")),
        ("no SHA256SUMS", without("SHA256SUMS")),
        ("a file too many", with("malware.exe")),
        ("another digest", with("tool-x86_64-pc-windows-msvc.zip")),
        ("no image", without("ghcr.io/acme/tool")),
        ("another image", with("ghcr.io/acme/tool")),
        ("a file twice", listed(&|listed| listed.push(listed[0].clone()))),
        (
            "a file by another algorithm",
            listed(&|listed| listed[0]["digest"] = json!({ "sha512": "00".repeat(64) })),
        ),
        (
            "replayed from another release",
            sign(&Claims::of("1.3.0"), &BTreeMap::from([("SHA256SUMS".to_owned(), Digest::of(b"1.3.0"))])),
        ),
        ("empty", String::new()),
        ("truncated", good[..good.len() - 100].to_owned()),
        ("no bundle", "{}".to_owned()),
        ("a huge file", " ".repeat(3 << 20)),
        (
            "another format",
            edited(&|bundle, _| bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.9+json")),
        ),
        (
            "another kind of log entry",
            edited(&|bundle, _| bundle[material]["tlogEntries"][0]["kindVersion"]["kind"] = json!("intoto")),
        ),
        ("no log entry", edited(&|bundle, _| bundle[material]["tlogEntries"] = json!([]))),
        (
            "the log entry of another signature",
            edited(&|bundle, other| bundle[material]["tlogEntries"] = other[material]["tlogEntries"].clone()),
        ),
        (
            "the certificate of another signature",
            edited(&|bundle, other| bundle[material]["certificate"] = other[material]["certificate"].clone()),
        ),
        (
            "two signatures",
            edited(&|bundle, other| {
                let more = other["dsseEnvelope"]["signatures"][0].clone();
                bundle["dsseEnvelope"]["signatures"].as_array_mut().unwrap().push(more);
            }),
        ),
        (
            "a key instead of a certificate",
            edited(&|bundle, _| bundle[material] = json!({ "publicKey": { "hint": "a" } })),
        ),
        (
            "the signature of one file",
            edited(&|bundle, _| {
                bundle.as_object_mut().unwrap().remove("dsseEnvelope");
                bundle["messageSignature"] = json!({ "signature": "AA==" });
            }),
        ),
        (
            "another payload",
            edited(&|bundle, _| {
                let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
                let mut statement: Value = serde_json::from_slice(&payload).unwrap();
                statement["subject"][0]["digest"]["sha256"] = json!("00".repeat(32));
                bundle["dsseEnvelope"]["payload"] = json!(STANDARD.encode(statement.to_string()));
            }),
        ),
    ];
    assert!(lies.len() >= 30, "{}", lies.len());
    let mut lines = String::new();
    for (lie, bundle) in lies {
        published.replace(NAME, bundle.as_bytes());
        let said = said(&published, &[]);
        assert!(!said.starts_with('0'), "{lie}: {said}");
        lines.push_str(&format!("{lie}: {said}\n"));
    }
    expect![[r#"
        another repository: 3: it is for `https://github.com/evil/tool`, not for `https://github.com/acme/tool`
        a repository with the name as a prefix: 3: it is for `https://github.com/acme/tool2`, not for `https://github.com/acme/tool`
        a branch: 3: it is for the ref `refs/heads/main`, not for `refs/tags/v1.4.0`
        a branch called as the tag: 3: it is for the ref `refs/heads/v1.4.0`, not for `refs/tags/v1.4.0`
        another tag: 3: it is for the ref `refs/tags/v1.3.0`, not for `refs/tags/v1.4.0`
        another commit: 3: it is for commit 0000000000000000000000000000000000000bad, not for 3f9ac21c0ffee0000000000000000000000000aa
        no commit: 3: it is for commit none, not for 3f9ac21c0ffee0000000000000000000000000aa
        another signer: 3: signed by evil/fork/.github/workflows/release.yml, not by OWNER/floe/.github/workflows/release.yml or a workflow of acme/tool
        a signer with the name as a prefix: 3: signed by OWNER/floe2/.github/workflows/release.yml, not by OWNER/floe/.github/workflows/release.yml or a workflow of acme/tool
        another workflow of floe: 3: signed by OWNER/floe/.github/workflows/ci.yml, not by OWNER/floe/.github/workflows/release.yml or a workflow of acme/tool
        a person: 3: signed by `https://accounts.example/somebody`, not by OWNER/floe/.github/workflows/release.yml or a workflow of acme/tool
        a workflow of another server: 3: signed by `https://github.com.evil.example/OWNER/floe/.github/workflows/release.yml@a`, not by OWNER/floe/.github/workflows/release.yml or a workflow of acme/tool
        another issuer: 3: its identity was issued by `https://token.evil.example`, not by GitHub Actions (`https://token.actions.githubusercontent.com`)
        another predicate: 3: it is an attestation of type `https://example.com/opinion/v1`, not `https://slsa.dev/provenance/v1`
        GitHub's attestation in its place: 3: signed by `https://dotcom.releases.github.com`, not by OWNER/floe/.github/workflows/release.yml or a workflow of acme/tool; it is an attestation of type `https://in-toto.io/attestation/release/v0.2`, not `https://slsa.dev/provenance/v1`
        an expired certificate: 3: its certificate had expired before it was used
        a certificate of the future: 3: its certificate was used before it was valid
        a file that is missing: 3: it does not name `tool-x86_64-apple-darwin.tar.gz`, which is released
        no SHA256SUMS: 3: it does not name `SHA256SUMS`, which is released
        a file too many: 3: it names `malware.exe`, which is not released
        another digest: 3: `tool-x86_64-pc-windows-msvc.zip` is sha256:<0>, but the attestation says sha256:<1>
        no image: 3: it does not name `ghcr.io/acme/tool`, which is released
        another image: 3: `ghcr.io/acme/tool` is sha256:<0>, but the attestation says sha256:<1>
        a file twice: 3: it names `SHA256SUMS` twice
        a file by another algorithm: 3: it names `SHA256SUMS` without a SHA-256
        replayed from another release: 3: it is for the ref `refs/tags/v1.3.0`, not for `refs/tags/v1.4.0`; `SHA256SUMS` is sha256:<0>, but the attestation says sha256:<1>; it does not name `ghcr.io/acme/tool`, which is released; it does not name `tool-aarch64-apple-darwin.tar.gz`, which is released; it does not name `tool-aarch64-unknown-linux-gnu.tar.gz`, which is released; it does not name `tool-aarch64-unknown-linux-musl.tar.gz`, which is released; it does not name `tool-installer.ps1`, which is released; it does not name `tool-installer.sh`, which is released; it does not name `tool-manifest.json`, which is released; it does not name `tool-x86_64-apple-darwin.tar.gz`, which is released; it does not name `tool-x86_64-pc-windows-msvc.zip`, which is released; and 2 more files
        empty: 3: it is empty
        truncated: 3: it is cut off: its JSON has no end
        no bundle: 3: it is not a Sigstore bundle: missing field `mediaType`
        a huge file: 3: the attestation `SHA256SUMS.sigstore.json` cannot be read: it is larger than 2.0 MiB
        another format: 1: error: who signed `v1.4.0` of `acme/tool` could not be checked: its format is `application/vnd.dev.sigstore.bundle.v0.9+json`, not `application/vnd.dev.sigstore.bundle.v0.3+json`
        another kind of log entry: 3: it is not a Sigstore bundle: unsupported Rekor entry format: intoto/0.0.1
        no log entry: 1: error: who signed `v1.4.0` of `acme/tool` could not be checked: it is in no transparency log, which every trusted root requires
        the log entry of another signature: 3: its log entry is of another signature: DSSE signature in bundle does not match any signature in Rekor entry (signature or verifier mismatch)
        the certificate of another signature: 3: its signature is not of what it holds: the content was changed
        two signatures: 3: it is not a Sigstore bundle: DSSE envelope must contain exactly one signature, found 2
        a key instead of a certificate: 3: it is signed with a key that somebody holds, so it names no workflow
        the signature of one file: 3: it holds the signature of one file and no attestation, so it does not say where the file comes from
        another payload: 3: its signature is not of what it holds: the content was changed
    "#]].assert_eq(&lines);
}
