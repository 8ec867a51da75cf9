//! Every leaf of a bundle changed or dropped: floe accepts nothing that gh and sigstore-python both refuse.
//!
//! Their verdicts are in `data/peers.json`, made by `data/peers.py`; `counterparts::attestations` asks a sample again.

use std::collections::{BTreeMap, BTreeSet};

use expect_test::expect;
use serde_json::Value;

use super::{authenticate, mock_roots, read, verdict};
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

/// gh takes the attestation of a release only with one of its files, which are not here.
#[test]
fn no_mutant_of_githubs_attestation_is_accepted_but_of_what_it_does_not_sign() {
    let roots = Roots::embedded().unwrap();
    let all = accepted("real/github_sha384_bundle.json", |json| authenticate(json, &roots).is_ok());
    expect![[""]].assert_eq(&all.join("\n"));
}
