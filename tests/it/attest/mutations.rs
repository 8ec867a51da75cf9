//! Every leaf of a bundle changed or dropped: floe accepts nothing that gh and sigstore-python both refuse.
//!
//! Their verdicts are in `data/peers.json`, made by `data/peers.py`; `counterparts::attestations` asks a sample again.

use std::collections::{BTreeMap, BTreeSet};

use expect_test::expect;
use serde_json::Value;

use super::{authenticate, data, mock_roots, read, verdict};
use floe::attest::Roots;

/// Each string, number and flag, by the path to it.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    let below = |part: String| if path.is_empty() { part } else { format!("{path}/{part}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, one)| leaves(one, &below(key.clone()), found)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, one)| leaves(one, &below(at.to_string()), found));
        }
        _ => found.push(path.to_owned()),
    }
}

/// A string with its middle character replaced; anything else as a string.
fn changed(value: &Value) -> Value {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut letters: Vec<char> = text.chars().collect();
    let middle = letters.len() / 2;
    let other = if letters.get(middle) == Some(&'A') { 'B' } else { 'A' };
    match letters.get_mut(middle) {
        Some(letter) => *letter = other,
        None => letters.push(other),
    }
    Value::String(letters.into_iter().collect())
}

/// The mutants of a bundle, named as in `peers.json`.
pub fn mutants(bundle: &Value) -> BTreeMap<String, Value> {
    let mut found = Vec::new();
    leaves(bundle, "", &mut found);
    let mut mutants = BTreeMap::new();
    for path in found {
        let (holder, last) = path.rsplit_once('/').unwrap_or(("", &path));
        let holder = if holder.is_empty() { String::new() } else { format!("/{holder}") };
        let mutant = |edit: &dyn Fn(&mut Value)| {
            let mut mutant = bundle.clone();
            edit(mutant.pointer_mut(&holder).unwrap());
            mutant
        };
        let change = |holder: &mut Value| match holder {
            Value::Array(list) => {
                list[last.parse::<usize>().unwrap()] = changed(&list[last.parse::<usize>().unwrap()])
            }
            map => map[last] = changed(&map[last]),
        };
        let remove = |holder: &mut Value| match holder {
            Value::Array(list) => drop(list.remove(last.parse().unwrap())),
            map => drop(map.as_object_mut().unwrap().remove(last)),
        };
        mutants.insert(format!("change {path}"), mutant(&change));
        mutants.insert(format!("drop {path}"), mutant(&remove));
    }
    mutants
}

fn bundle(name: &str) -> Value {
    serde_json::from_slice(&read(name)).unwrap()
}

/// The names of the mutants that are accepted.
fn accepted(name: &str, accepts: impl Fn(&[u8]) -> bool) -> Vec<String> {
    let accepted =
        mutants(&bundle(name)).into_iter().filter(|(_, mutant)| accepts(mutant.to_string().as_bytes()));
    accepted.map(|(name, _)| name).collect()
}

#[test]
fn floe_accepts_no_mutant_that_two_other_verifiers_refuse() {
    let said: BTreeMap<String, BTreeMap<String, Vec<String>>> =
        serde_json::from_slice(&read("peers.json")).unwrap();
    let (mock, embedded) = (mock_roots(), Roots::embedded().unwrap());
    let mut all = Vec::new();
    for (name, said) in said {
        let accepts = |json: &[u8]| match name.as_str() {
            "bundles/good.json" => verdict(json, &mock).is_empty(),
            _ => authenticate(json, &embedded).is_ok(),
        };
        assert!(accepts(&read(&name)));
        let made: BTreeSet<String> = mutants(&bundle(&name)).into_keys().collect();
        assert_eq!(made, said.keys().cloned().collect(), "run peers.py again");
        for mutant in accepted(&name, accepts) {
            assert!(!said[&mutant].is_empty(), "{name}: {mutant}: floe accepts what both others refuse");
            all.push(format!("{name}: {mutant}"));
        }
    }
    // Another witness' line of a checkpoint is not signed by the log, and needs not be there.
    expect!["real/conda-attestation.sigstore.json: change verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope"].assert_eq(&all.join("\n"));
}

/// A bundle with each of its parts left out, or replaced by that of another bundle.
fn grafts(bundle: &Value, other: &Value) -> Vec<(String, Value)> {
    let mut parts = Vec::new();
    containers(bundle, "", &mut parts);
    let mut made = Vec::new();
    for part in parts {
        let (holder, last) = part.rsplit_once('/').unwrap();
        let mut without = bundle.clone();
        match without.pointer_mut(holder).unwrap() {
            Value::Array(list) => drop(list.remove(last.parse().unwrap())),
            map => drop(map.as_object_mut().unwrap().remove(last)),
        }
        made.push((format!("drop {part}"), without));
        if let Some(others) = other.pointer(&part) {
            let mut grafted = bundle.clone();
            *grafted.pointer_mut(&part).unwrap() = others.clone();
            made.push((format!("graft {part}"), grafted));
        }
    }
    made
}

/// The path to every object and list in a document.
fn containers(value: &Value, path: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, one)| (key.clone(), one)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(at, one)| (at.to_string(), one)).collect(),
        _ => return,
    };
    for (key, one) in below {
        if one.is_object() || one.is_array() {
            found.push(format!("{path}/{key}"));
            containers(one, &format!("{path}/{key}"), found);
        }
    }
}

/// The mutants of the mock's bundles that floe accepts, besides those of `good.json`. Other verifiers are asked about them where
/// they are installed.
pub fn accepted_of_others() -> Vec<(String, String, Vec<u8>)> {
    let roots = mock_roots();
    let mut names: Vec<String> = std::fs::read_dir(data("bundles"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "good.json")
        .collect();
    names.sort();
    let mut found = Vec::new();
    for name in names {
        let wrong = bundle(&format!("bundles/{name}"));
        for (mutant, value) in mutants(&wrong).into_iter().chain(grafts(&wrong, &bundle("bundles/good.json")))
        {
            let json = value.to_string().into_bytes();
            if verdict(&json, &roots).is_empty() {
                found.push((name.clone(), mutant, json));
            }
        }
    }
    found
}

/// A mutant of a bundle that is refused may be right: without its second signature. `counterparts::attestations` asks gh and
/// sigstore-python about each of these.
#[test]
fn no_mutant_of_a_wrong_bundle_is_accepted_but_the_one_that_mends_it() {
    let found: Vec<String> =
        accepted_of_others().into_iter().map(|(name, mutant, _)| format!("{name}: {mutant}")).collect();
    expect![[r#"
        no-log.json: graft /verificationMaterial
        no-log.json: graft /verificationMaterial/tlogEntries
        other-certificate.json: graft /verificationMaterial
        other-certificate.json: graft /verificationMaterial/certificate
        other-entry.json: graft /verificationMaterial
        other-entry.json: graft /verificationMaterial/tlogEntries
        other-entry.json: graft /verificationMaterial/tlogEntries/0
        own-workflow.json: drop /verificationMaterial/timestampVerificationData
        own-workflow.json: graft /verificationMaterial/timestampVerificationData
        own-workflow.json: graft /verificationMaterial/tlogEntries/0/inclusionProof/hashes
        own-workflow.json: graft /verificationMaterial/tlogEntries/0/kindVersion
        own-workflow.json: graft /verificationMaterial/tlogEntries/0/logId
        self-hosted.json: drop /verificationMaterial/timestampVerificationData
        self-hosted.json: graft /verificationMaterial/timestampVerificationData
        self-hosted.json: graft /verificationMaterial/tlogEntries/0/inclusionProof/hashes
        self-hosted.json: graft /verificationMaterial/tlogEntries/0/kindVersion
        self-hosted.json: graft /verificationMaterial/tlogEntries/0/logId
        two-signatures.json: graft /dsseEnvelope
        two-signatures.json: graft /dsseEnvelope/signatures
        two-signatures.json: drop /dsseEnvelope/signatures/1"#]]
    .assert_eq(&found.join("\n"));
}

/// gh takes the attestation of a release only with one of its files, which are not here.
#[test]
fn no_mutant_of_githubs_attestation_is_accepted_but_of_what_it_does_not_sign() {
    let roots = Roots::embedded().unwrap();
    let all = accepted("real/github_sha384_bundle.json", |json| authenticate(json, &roots).is_ok());
    expect![[""]].assert_eq(&all.join("\n"));
}
