//! The body of a request. It is parsed by hand, because GitHub's error messages name the property.

use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::response::{ApiError, ApiResult};

/// A JSON object.
pub(super) struct JsonBody(Map<String, Value>);

impl JsonBody {
    pub(super) fn parse(bytes: &[u8]) -> ApiResult<Self> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Ok(JsonBody(map)),
            Ok(_) => Err(ApiError::bad_request("Body should be a JSON object")),
            Err(_) => Err(ApiError::bad_request("Problems parsing JSON")),
        }
    }

    /// A property; null if it is absent.
    pub(super) fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    pub(super) fn text(&self, name: &str) -> ApiResult<Option<String>> {
        self.property(name, "string")
    }

    pub(super) fn flag(&self, name: &str) -> ApiResult<Option<bool>> {
        self.property(name, "boolean")
    }

    /// A text that must be there.
    pub(super) fn required(&self, name: &str) -> ApiResult<String> {
        let missing = || ApiError::invalid_request(&format!("\"{name}\" wasn't supplied."));
        self.text(name)?.ok_or_else(missing)
    }

    fn property<T: DeserializeOwned>(&self, name: &str, kind: &str) -> ApiResult<Option<T>> {
        let value = self.get(name);
        Option::<T>::deserialize(value).map_err(|_| {
            ApiError::invalid_request(&format!("For 'properties/{name}', {value} is not a {kind}."))
        })
    }
}
