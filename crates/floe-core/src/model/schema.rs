//! The version number that every JSON contract of floe carries.
//!
//! It never guesses: a file of another schema is refused by name.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `"schema": N`; reading any other number is an error that says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Schema<const N: u32>;

impl<const N: u32> Serialize for Schema<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(N)
    }
}

impl<'de, const N: u32> Deserialize<'de> for Schema<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            found if found == N => Ok(Schema),
            found => Err(serde::de::Error::custom(format!(
                "this floe reads schema {N}, but the file says schema {found}"
            ))),
        }
    }
}
