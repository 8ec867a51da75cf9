//! JSON that every reader reads alike: no name twice, none that differs from another or from the specification's only in
//! case (Go's reader takes those for the same), and no document that is two kinds of document at once (image-spec v1.1,
//! "mediaType": ambiguous documents).
//!
//! It says nothing about what the document means.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::spec;
use floe_core::untrusted::text;

/// The names that say what an image is made of.
const NAMES: [&str; 11] = [
    "schemaVersion",
    "mediaType",
    "manifests",
    "config",
    "layers",
    "digest",
    "size",
    "platform",
    "rootfs",
    "diff_ids",
    "imageLayoutVersion",
];

/// Checks a document of a media type.
///
/// # Errors
/// What readers disagree about, as a clause behind the document's name.
pub fn check(json: &[u8], media_type: &str) -> Result<(), String> {
    let Top(names) = serde_json::from_slice(json).map_err(|error| format!("cannot be read: {error}"))?;
    let foreign: &[&str] = match media_type {
        spec::INDEX => &["config", "layers", "fsLayers"],
        spec::MANIFEST => &["manifests", "fsLayers"],
        _ => &[],
    };
    match foreign.iter().find(|name| names.contains(&name.to_lowercase())) {
        Some(name) => Err(format!("has `{name}`, which is another kind of document's")),
        None => Ok(()),
    }
}

/// The names of an object in lower case; anything but an object has none.
struct Top(BTreeSet<String>);

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict).map(Top)
    }
}

struct Strict;

impl<'de> Visitor<'de> for Strict {
    type Value = BTreeSet<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<Top>()?.is_some() {}
        Ok(BTreeSet::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if let Some(right) =
                NAMES.iter().find(|right| right.eq_ignore_ascii_case(&name) && **right != name)
            {
                return Err(Error::custom(format!(
                    "`{}` is not `{right}`, but some readers take it for that",
                    text::name(&name)
                )));
            }
            if !names.insert(name.to_lowercase()) {
                let text = format!("`{}` is there twice, at least for some readers", text::name(&name));
                return Err(Error::custom(text));
            }
            object.next_value::<Top>()?;
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_disagree_about_is_refused() {
        let refused = |json: &str| check(json.as_bytes(), spec::MANIFEST).unwrap_err();
        assert!(refused(r#"{"layers":[],"layers":[1]}"#).contains("`layers` is there twice"));
        assert!(refused(r#"{"a":{"b":1,"B":2}}"#).contains("`B` is there twice"));
        assert!(refused(r#"{"layers":[],"Layers":[1]}"#).contains("`Layers` is not `layers`"));
        assert!(refused(r#"{"layers":[{"Digest":""}]}"#).contains("`Digest` is not `digest`"));
        assert!(refused(r#"{"layers":[],"manifests":[]}"#).contains("has `manifests`"));
        assert!(refused(&"[".repeat(100_000)).contains("recursion limit"));
        assert!(refused("{").contains("cannot be read"));
        let index = check(br#"{"manifests":[],"layers":[]}"#, spec::INDEX);
        assert!(index.unwrap_err().contains("has `layers`"));
        assert_eq!(check(br#"{"config":{"Env":["a"],"x":[1,-1,0.5,null,true]}}"#, spec::CONFIG), Ok(()));
    }
}
