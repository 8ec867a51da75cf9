//! Signatures beside the files of a dist: minisign's are verified, the others are published as they are.

use std::fs;

use blake2::{Blake2b512, Digest as _};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use floe_core::model::{About, Minisign};

use super::release::Published;
use crate::support::attestation::{self, Claims};
use crate::support::peers::{self, peer};
use crate::support::scenario::Scenario;
use crate::support::words::problems;

const MUSL: &str = "tool-x86_64-unknown-linux-musl.tar.gz";

/// A key of minisign, made from a seed.
struct Key {
    pair: Ed25519KeyPair,
    id: [u8; 8],
}

impl Key {
    fn new(seed: u8) -> Self {
        Key { pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(), id: [seed; 8] }
    }

    fn public(&self) -> String {
        base64(&[&b"Ed"[..], &self.id[..], self.pair.public_key().as_ref()].concat())
    }

    /// The file that `minisign -S` writes; the old form with another algorithm than `ED`.
    fn sign(&self, algorithm: &[u8; 2], bytes: &[u8]) -> String {
        let signature = self.pair.sign(&Blake2b512::digest(bytes));
        let comment = "timestamp:1700000000\tfile:tool\thashed";
        let global = self.pair.sign(&[signature.as_ref(), comment.as_bytes()].concat());
        let line = base64(&[&algorithm[..], &self.id[..], signature.as_ref()].concat());
        format!(
            "untrusted comment: a test\n{line}\ntrusted comment: {comment}\n{}\n",
            base64(global.as_ref())
        )
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A scenario whose project publishes this key for cargo-binstall.
fn scenario(signing: &str) -> Scenario {
    let scenario = Scenario::new("1.4.0");
    let manifest = format!(
        "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\n[package.metadata.floe]\nsbom = false\n{signing}\n"
    );
    fs::create_dir(scenario.path().join("src")).unwrap();
    fs::write(scenario.path().join("src/main.rs"), "fn main() {}\n").unwrap();
    fs::write(scenario.path().join("Cargo.toml"), manifest).unwrap();
    scenario
}

fn signing(key: &Key) -> String {
    format!("[package.metadata.binstall.signing]\nalgorithm = \"minisign\"\npubkey = \"{}\"", key.public())
}

/// Signs every archive of the dist.
fn sign(scenario: &Scenario, end: &str, sign: impl Fn(&[u8]) -> String) {
    for entry in fs::read_dir(scenario.dist()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".tar.gz") || name.ends_with(".zip") {
            let signature = sign(&fs::read(&path).unwrap());
            fs::write(scenario.dist().join(format!("{name}{end}")), signature).unwrap();
        }
    }
}

#[test]
fn signatures_of_minisign_are_verified_and_published() {
    let key = Key::new(1);
    for end in [".sig", ".minisig"] {
        let file = format!("{}\nfile = \"{{ url }}{end}\"", signing(&key));
        let scenario = scenario(&file);
        sign(&scenario, end, |bytes| key.sign(b"ED", bytes));
        let outcome = scenario.run(["publish"]).exit(0).says("Verified 7 signatures of minisign");
        assert!(!outcome.stderr.contains("cargo-binstall"), "{}", outcome.stderr);
        let release = scenario.github.releases(&scenario.repo()).remove(0);
        let published = release.assets.iter().find(|asset| asset.name == format!("{MUSL}{end}")).unwrap();
        let signature = fs::read(scenario.github.asset_file(published.id)).unwrap();
        assert_eq!(signature, fs::read(scenario.dist().join(format!("{MUSL}{end}"))).unwrap());
        let verified = scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
        assert!(verified.stdout.starts_with("tool 1.4.0: 18 files, "), "{}", verified.stdout);
        // A dist that is pinned by its digest is not read again.
        let sums = scenario.run(["verify", "dist"]).exit(0).stdout;
        let sums = sums.split("SHA256SUMS ").nth(1).unwrap().split(':').take(2).collect::<Vec<_>>().join(":");
        scenario.run(["publish", "--expect", &sums]).exit(0).no_writes();
    }
}

#[test]
fn a_wrong_signature_is_refused_before_anything_is_sent() {
    let (key, other) = (Key::new(1), Key::new(2));
    let refused = |signature: &dyn Fn(&[u8]) -> String| {
        let scenario = scenario(&signing(&key));
        sign(&scenario, ".sig", signature);
        let said = problems(&scenario.run(["publish"]).exit(3).no_writes().stderr);
        assert_eq!(problems(&scenario.run(["verify", "dist"]).exit(3).stderr), said);
        said.lines().find(|line| line.contains(MUSL)).unwrap().replace(MUSL, "FILE")
    };
    assert_eq!(
        refused(&|_| key.sign(b"ED", b"other bytes")),
        "`FILE.sig` is not a signature of `FILE`: the file or the signature has changed since"
    );
    assert_eq!(
        refused(&|bytes| other.sign(b"ED", bytes)),
        "`FILE.sig` is not a signature of `FILE`: it was made with another key than `pubkey` under [package.metadata.binstall.signing]"
    );
    assert_eq!(
        refused(&|bytes| key.sign(b"Ed", bytes)),
        "`FILE.sig` is not a signature of `FILE`: it is of the old form (`minisign -l`), which cargo-binstall refuses"
    );
    assert_eq!(
        refused(&|_| "-----BEGIN SSH SIGNATURE-----\n".to_owned()),
        "`FILE.sig` is not a signature of minisign, which [package.metadata.binstall.signing] promises"
    );
    // The trusted comment, which cargo-binstall prints, is signed, too.
    assert_eq!(
        refused(&|bytes| key.sign(b"ED", bytes).replace("timestamp:1700000000", "timestamp:1800000000")),
        "`FILE.sig` is not a signature of `FILE`: the file or the signature has changed since"
    );
    let scenario =
        scenario("[package.metadata.binstall.signing]\nalgorithm = \"minisign\"\npubkey = \"no key\"");
    scenario.run(["publish"]).exit(1).no_writes().says("`no key` is not a public key of minisign");
}

#[test]
fn what_cargo_binstall_would_refuse_is_a_warning() {
    let scenario = scenario(&signing(&Key::new(1)));
    let outcome = scenario.run(["publish"]).exit(0);
    outcome.says(&format!(
        "cargo-binstall will refuse `{MUSL}`: there is no `{MUSL}.sig`, which [package.metadata.binstall.signing] promises"
    ));
    // Without a key, and with one of another algorithm, no signature is checked here.
    let other = signing(&Key::new(1)).replace("\"minisign\"", "\"other\"");
    for signing in ["", &other] {
        let scenario = self::scenario(signing);
        sign(&scenario, ".sig", |bytes| Key::new(1).sign(b"ED", bytes));
        let outcome = scenario.run(["publish"]).exit(0);
        outcome.says(&format!("`{MUSL}.sig` is not verified: no key is in Cargo.toml"));
    }
}

#[test]
fn signatures_of_other_programs_are_published_as_they_are() {
    let scenario = scenario("");
    sign(&scenario, ".asc", |_| "-----BEGIN PGP SIGNATURE-----\n".to_owned());
    sign(&scenario, ".sig", |_| "-----BEGIN SSH SIGNATURE-----\n".to_owned());
    fs::write(scenario.dist().join("SHA256SUMS.sig"), "MEUCIQ==").unwrap();
    let outcome = scenario.run(["publish"]).exit(0);
    assert!(!outcome.stderr.contains("warning `"), "{}", outcome.stderr);
    let release = scenario.github.releases(&scenario.repo()).remove(0);
    assert_eq!(release.assets.iter().filter(|asset| asset.name.ends_with(".asc")).count(), 7);
    let sums = release.assets.iter().find(|asset| asset.name == "SHA256SUMS").unwrap();
    let sums = fs::read_to_string(scenario.github.asset_file(sums.id)).unwrap();
    assert!(sums.contains(&format!("{MUSL}.sig\n")) && !sums.contains("SHA256SUMS"), "{sums}");
    scenario.run(["verify", "--release", "v1.4.0", "--strict"]).exit(0);
    // A signature of nothing that is released stays out.
    fs::write(scenario.dist().join("tool-manifest.json.sig"), "").unwrap();
    scenario.run(["verify", "dist"]).exit(3).says("`dist/tool-manifest.json.sig` is not part of the release");
}

#[test]
fn the_checksums_are_verified_against_their_own_signature() {
    let key = Key::new(1);
    let scenario = scenario(&signing(&key));
    let release = |scenario: &Scenario| {
        let release = scenario.github.releases(&scenario.repo()).remove(0);
        let sums = release.assets.iter().find(|asset| asset.name == "SHA256SUMS").unwrap().id;
        fs::read(scenario.github.asset_file(sums)).unwrap()
    };
    fs::write(scenario.dist().join("SHA256SUMS.minisig"), key.sign(b"ED", b"others")).unwrap();
    scenario
        .run(["publish"])
        .exit(3)
        .no_writes()
        .says("`SHA256SUMS.minisig` is not a signature of `SHA256SUMS`: the file or the signature has changed since");
    fs::remove_file(scenario.dist().join("SHA256SUMS.minisig")).unwrap();
    // The file does not depend on its signature, so a release without one has the same.
    let unsigned = self::scenario(&signing(&key));
    unsigned.run(["publish"]).exit(0);
    fs::write(scenario.dist().join("SHA256SUMS.minisig"), key.sign(b"ED", &release(&unsigned))).unwrap();
    scenario.run(["publish"]).exit(0).says("Verified 1 signature of minisign");
    assert_eq!(release(&scenario), release(&unsigned));
}

#[test]
fn the_signature_of_the_checksums_is_of_those_that_promise_the_attestation() {
    let key = Key::new(1);
    let attested = || {
        let scenario = scenario(&signing(&key));
        let bundle = attestation::sign(&Claims::of("1.4.0"), &scenario.subjects(true));
        fs::write(scenario.path().join("bundle.json"), bundle).unwrap();
        scenario.arguments(&["--attestation", "bundle.json", "--trusted-root", &attestation::root()])
    };
    let sums = |scenario: &Scenario| {
        let release = scenario.github.releases(&scenario.repo()).remove(0);
        let sums = release.assets.iter().find(|asset| asset.name == "SHA256SUMS").unwrap().id;
        fs::read(scenario.github.asset_file(sums)).unwrap()
    };
    let (unattested, unsigned, signed) = (scenario(&signing(&key)), attested(), attested());
    unattested.run(["publish"]).exit(0);
    unsigned.run(["publish"]).exit(0);
    let path = signed.dist().join("SHA256SUMS.minisig");
    fs::write(&path, key.sign(b"ED", &sums(&unattested))).unwrap();
    signed
        .run(["publish"])
        .exit(3)
        .no_writes()
        .says("`SHA256SUMS.minisig` is not a signature of `SHA256SUMS`");
    fs::write(&path, key.sign(b"ED", &sums(&unsigned))).unwrap();
    signed.run(["publish"]).exit(0).says("Verified 1 signature of minisign");
    signed.run(["plan"]).exit(0).says("Verified 1 signature of minisign");
}

/// A release whose manifest names the key, as `floe package` writes it.
fn published(key: &Key) -> Published {
    let scenario = Scenario::new("1.4.0");
    let minisign = Minisign { pubkey: key.public(), suffix: Some(".sig".to_owned()) };
    let about = About { minisign: Some(minisign), ..About::default() };
    for entry in fs::read_dir(scenario.dist()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            record["package"] = serde_json::to_value(&about).unwrap();
            fs::write(&path, record.to_string()).unwrap();
        }
    }
    sign(&scenario, ".sig", |bytes| key.sign(b"ED", bytes));
    // No project is here, as in the job of a workflow that publishes an assembled dist.
    scenario.run(["publish"]).exit(0).says("Verified 7 signatures of minisign");
    Published { scenario: scenario.token(None) }
}

#[test]
fn the_signatures_of_a_published_release_are_verified_with_the_key_in_its_manifest() {
    let (key, other) = (Key::new(1), Key::new(2));
    let published = published(&key);
    let line = |published: &Published| {
        let outcome = published.scenario.run(["verify", "--release", "v1.4.0"]).exit(0);
        outcome.stdout.lines().find(|line| line.starts_with("  minisign")).unwrap().trim().to_owned()
    };
    let public = key.public();
    assert_eq!(
        line(&published),
        format!("minisign   7 signatures of minisign by the key in the manifest ({public})")
    );
    let said = |name: &str, bytes: &[u8]| {
        published.replace(name, bytes);
        problems(&published.scenario.run(["verify", "--release", "v1.4.0"]).exit(3).stderr)
    };
    let archive = fs::read(published.asset_file(MUSL)).unwrap();
    let wrong = said(&format!("{MUSL}.sig"), other.sign(b"ED", &archive).as_bytes());
    assert!(
        wrong.contains(&format!(
            "`{MUSL}.sig` is not a signature of `{MUSL}`: it was made with another key than the one in the manifest"
        )),
        "{wrong}"
    );
    // A dist whose records name the key is refused, too.
    let dist = published.scenario.dist();
    fs::write(dist.join(format!("{MUSL}.sig")), other.sign(b"ED", &archive)).unwrap();
    published.scenario.run(["verify", "dist"]).exit(3).says("it was made with another key than");
}

#[test]
fn a_signature_of_the_checksums_is_verified_after_publishing_as_well() {
    let (key, other) = (Key::new(1), Key::new(2));
    let published = published(&key);
    let sums = fs::read(published.asset_file("SHA256SUMS")).unwrap();
    let add =
        |key: &Key, bytes: &[u8]| published.add("SHA256SUMS.minisig", key.sign(b"ED", bytes).as_bytes());
    add(&key, &sums);
    let verified = published.scenario.run(["verify", "--release", "v1.4.0", "--strict"]).exit(0);
    assert!(verified.stdout.contains("  minisign   8 signatures of minisign"), "{}", verified.stdout);
    for (key, bytes, why) in [
        (&key, &b"others"[..], "the file or the signature has changed since"),
        (&other, &sums, "it was made with another key than the one in the manifest"),
    ] {
        published.replace("SHA256SUMS.minisig", key.sign(b"ED", bytes).as_bytes());
        let outcome = published.scenario.run(["verify", "--release", "v1.4.0"]).exit(3);
        outcome.says(&format!("`SHA256SUMS.minisig` is not a signature of `SHA256SUMS`: {why}"));
    }
}

#[test]
fn signatures_without_a_key_are_called_unchecked() {
    let scenario = self::scenario("");
    sign(&scenario, ".sig", |bytes| Key::new(1).sign(b"ED", bytes));
    scenario.run(["publish"]).exit(0);
    let stdout = scenario.run(["verify", "--release", "v1.4.0"]).exit(0).stdout;
    let line = "  minisign   not checked: 7 signatures of minisign, and the manifest names no key\n";
    assert!(stdout.contains(line), "{stdout}");
}

#[test]
fn signatures_of_the_real_minisign_are_verified() {
    let Some(minisign) = peer("minisign") else { return };
    let home = tempfile::tempdir().unwrap();
    peers::run(&minisign, home.path(), &["-G", "-W", "-p", "key.pub", "-s", "key"]).unwrap();
    let public = fs::read_to_string(home.path().join("key.pub")).unwrap();
    let key = public.lines().nth(1).unwrap();
    let scenario = scenario(&format!("[package.metadata.binstall.signing]\npubkey = \"{key}\""));
    let signature = scenario.dist().join(format!("{MUSL}.sig"));
    let archive = scenario.dist().join(MUSL);
    let arguments = ["-S", "-s", "key", "-x", signature.to_str().unwrap(), "-m", archive.to_str().unwrap()];
    peers::run(&minisign, home.path(), &arguments).unwrap();
    scenario.run(["publish"]).exit(0).says("Verified 1 signature of minisign");
    // And the other way round.
    let own = Key::new(3);
    let bytes = fs::read(&archive).unwrap();
    fs::write(&signature, own.sign(b"ED", &bytes)).unwrap();
    let arguments =
        ["-V", "-P", &own.public(), "-x", signature.to_str().unwrap(), "-m", archive.to_str().unwrap()];
    peers::run(&minisign, home.path(), &arguments).unwrap();
    scenario.run(["verify", "dist"]).exit(3);
}
