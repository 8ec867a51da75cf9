//! Refuses JSON that readers interpret differently: a key that comes twice or differs from another or from the
//! specification's only in case (Go ignores case), and a document that is of two kinds at once (image-spec v1.1,
//! "mediaType": ambiguous documents).

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use floe_core::oci;
use floe_core::untrusted::text;

/// The keys that determine the content of an image.
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

/// Checks a document of a media type. The error is a clause about the document.
pub fn check(json: &[u8], media_type: &str) -> Result<(), String> {
    let Top(names) = serde_json::from_slice(json).map_err(|error| format!("cannot be read: {error}"))?;
    let foreign: &[&str] = match media_type {
        oci::INDEX => &["config", "layers", "fsLayers"],
        oci::MANIFEST => &["manifests", "fsLayers"],
        _ => &[],
    };
    match foreign.iter().find(|name| names.contains(&name.to_lowercase())) {
        Some(name) => Err(format!("has `{name}`, which belongs to another kind of document")),
        None => Ok(()),
    }
}

/// The keys of an object in lower case; any other value has none.
struct Top(BTreeSet<String>);

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict).map(Top)
    }
}

struct Strict;

/// Values that have no keys.
macro_rules! scalars {
    ($($visit:ident: $value:ty),+) => {
        $(fn $visit<E>(self, _: $value) -> Result<Self::Value, E> {
            Ok(BTreeSet::new())
        })+
    };
}

impl<'de> Visitor<'de> for Strict {
    type Value = BTreeSet<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    scalars! { visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str }

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
            let shown = text::name(&name);
            let is_similar = |right: &&&str| right.eq_ignore_ascii_case(&name) && **right != name;
            if let Some(right) = NAMES.iter().find(is_similar) {
                let why = format!("`{shown}` is not `{right}`, but some readers treat it as the same");
                return Err(Error::custom(why));
            }
            if !names.insert(name.to_lowercase()) {
                return Err(Error::custom(format!("`{shown}` is there twice (some readers ignore case)")));
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
    fn ambiguous_documents_are_refused() {
        let refused = |json: &str| check(json.as_bytes(), oci::MANIFEST).unwrap_err();
        assert!(refused(r#"{"layers":[],"layers":[1]}"#).contains("`layers` is there twice"));
        assert!(refused(r#"{"a":{"b":1,"B":2}}"#).contains("`B` is there twice"));
        assert!(refused(r#"{"layers":[],"Layers":[1]}"#).contains("`Layers` is not `layers`"));
        assert!(refused(r#"{"layers":[{"Digest":""}]}"#).contains("`Digest` is not `digest`"));
        assert!(refused(r#"{"layers":[],"manifests":[]}"#).contains("has `manifests`"));
        assert!(refused(&"[".repeat(100_000)).contains("recursion limit"));
        assert!(refused("{").contains("cannot be read"));
        let index = check(br#"{"manifests":[],"layers":[]}"#, oci::INDEX);
        assert!(index.unwrap_err().contains("has `layers`"));
        assert_eq!(check(br#"{"config":{"Env":["a"],"x":[1,-1,0.5,null,true]}}"#, oci::CONFIG), Ok(()));
    }
}
