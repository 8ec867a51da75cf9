//! Two JSON documents: where they differ.

use serde_json::Value;

/// The longest value that is shown, in characters.
const SHOWN: usize = 80;

/// A clause for each place where two documents differ, the published one first: "`config.User`: "0", rebuilt "65532"".
pub fn differences(published: &Value, rebuilt: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk("", published, rebuilt, &mut found);
    found
}

fn walk(at: &str, published: &Value, rebuilt: &Value, found: &mut Vec<String>) {
    match (published, rebuilt) {
        (Value::Object(theirs), Value::Object(ours)) => {
            let only_ours = ours.keys().filter(|key| !theirs.contains_key(*key));
            for key in theirs.keys().chain(only_ours) {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                match (theirs.get(key), ours.get(key)) {
                    (Some(theirs), Some(ours)) => walk(&at, theirs, ours, found),
                    (Some(theirs), None) => found.push(format!("`{at}`: {}, rebuilt without", shown(theirs))),
                    (None, Some(ours)) => found.push(format!("`{at}`: absent, rebuilt {}", shown(ours))),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            for (index, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                walk(&format!("{at}[{index}]"), theirs, ours, found);
            }
        }
        _ if published == rebuilt => {}
        _ => found.push(format!("`{at}`: {}, rebuilt {}", shown(published), shown(rebuilt))),
    }
}

/// A value as one line; untrusted text cannot leave it.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_named() {
        let published = serde_json::json!({ "a": { "b": [1, "x"], "c": null }, "gone": true, "same": [1] });
        let rebuilt = serde_json::json!({ "a": { "b": [1, "y"], "c": [] }, "new": "\u{1b}[2J", "same": [1] });
        assert_eq!(
            differences(&published, &rebuilt),
            [
                "`a.b[1]`: \"x\", rebuilt \"y\"",
                "`a.c`: null, rebuilt []",
                "`gone`: true, rebuilt without",
                "`new`: absent, rebuilt \"\\u001b[2J\"",
            ]
        );
        assert_eq!(differences(&published, &published), Vec::<String>::new());
    }

    #[test]
    fn a_list_of_another_length_is_shown_as_one() {
        let long = serde_json::json!({ "layers": vec!["sha256:0123456789"; 9] });
        let [finding] = &differences(&long, &serde_json::json!({ "layers": [] }))[..] else { panic!() };
        assert!(
            finding.starts_with("`layers`: [\"sha256:") && finding.ends_with("…, rebuilt []"),
            "{finding}"
        );
    }
}
