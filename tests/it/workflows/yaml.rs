//! YAML as the JSON that it means. Comments are lost; rules about them read the text.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::Value;

/// The one document of a text.
pub fn read(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).unwrap();
    assert_eq!(documents.len(), 1, "not one document");
    value(&documents[0])
}

fn value(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => (*value).into(),
        Yaml::Value(Scalar::Integer(value)) => (*value).into(),
        Yaml::Value(Scalar::String(value)) => value.as_ref().into(),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(entries) => {
            entries.iter().map(|(key, one)| (key.as_str().unwrap().to_owned(), value(one))).collect()
        }
        other => panic!("a workflow has no {other:?}"),
    }
}

#[test]
fn yaml_is_read_as_actions_reads_it() {
    let read =
        read("on: {push: {tags: [\"v*\"]}, pull_request: }\nnumber: 7\ntext: |\n  a\n  b\nversion: 1.95.0\n");
    let expected = serde_json::json!({
        "on": { "push": { "tags": ["v*"] }, "pull_request": null },
        "number": 7,
        "text": "a\nb\n",
        "version": "1.95.0"
    });
    assert_eq!(read, expected);
}
