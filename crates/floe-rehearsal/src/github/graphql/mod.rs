//! `POST /graphql`: the part of GitHub's GraphQL API that `gh` reads repositories and releases with.
//!
//! A query selects from the JSON of a whole repository ([`view`]). A field that is not there is an error with GitHub's
//! message, so that a client never mistakes a gap of this server for an empty value.

mod parse;
mod view;

use axum::extract::State;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::EmbeddedGitHub;
use super::access::Caller;
use super::body::JsonBody;
use super::response::{ApiError, ApiResult, ok};
use super::state::StoredState;
use parse::Field;

pub(super) async fn query(State(github): State<EmbeddedGitHub>, caller: Caller, bytes: Bytes) -> ApiResult {
    if caller.account.is_none() {
        return Err(ApiError::anonymous());
    }
    let body = JsonBody::parse(&bytes)?;
    let query = body.text("query")?.unwrap_or_default();
    let answer = parse::parse(&query, body.get("variables")).map_err(|error| message(&error));
    let answer = answer.and_then(|fields| github.store.read(|stored| answer_to(&fields, stored, &caller)));
    ok(&answer.unwrap_or_else(|error| json!({ "data": null, "errors": [error] })))
}

fn answer_to(fields: &[Field], stored: &StoredState, caller: &Caller) -> Result<Value, Value> {
    let (mut data, mut errors) = (Map::new(), Vec::new());
    for field in fields {
        let argument = |name: &str| field.arguments[name].as_str().unwrap_or_default();
        let value = match field.name.as_str() {
            "viewer" => view::user(caller, caller.login()),
            "__typename" => "Query".into(),
            "__type" => view::type_named(argument("name"), stored.repos.first(), caller),
            "repository" => {
                let name = format!("{}/{}", argument("owner"), argument("name"));
                let found = stored.repo(&name);
                if found.is_none() {
                    let message = format!("Could not resolve to a Repository with the name '{name}'.");
                    errors.push(json!({ "type": "NOT_FOUND", "path": [field.alias], "message": message }));
                }
                found.map_or(Value::Null, |repo| view::repository(stored, repo, caller))
            }
            _ => return Err(undefined(&field.name, "Query")),
        };
        data.insert(field.alias.clone(), select(value, field)?);
    }
    Ok(if errors.is_empty() { json!({ "data": data }) } else { json!({ "data": data, "errors": errors }) })
}

/// A list that one of these fields is selected from is a connection.
const CONNECTION: [&str; 4] = ["totalCount", "nodes", "edges", "pageInfo"];

/// The part of a field's value that the field selects.
fn select(value: Value, field: &Field) -> Result<Value, Value> {
    match value {
        Value::Array(nodes) if field.fields.iter().any(|inner| CONNECTION.contains(&inner.name.as_str())) => {
            select(page(nodes, &field.arguments)?, field)
        }
        Value::Array(items) => items.into_iter().map(|item| select(item, field)).collect(),
        Value::Object(map) => {
            if field.fields.is_empty() {
                return Err(message(&format!("Field must have selections (field '{}')", field.name)));
            }
            let mut selected = Map::new();
            for inner in &field.fields {
                let kind = map.get("__typename").and_then(Value::as_str).unwrap_or_default();
                let value = map.get(&inner.name).ok_or_else(|| undefined(&inner.name, kind))?;
                let name =
                    ["tagName", "qualifiedName"].iter().find_map(|name| inner.arguments[name].as_str());
                let value = name.map_or(value, |name| &value[name]).clone();
                selected.insert(inner.alias.clone(), select(value, inner)?);
            }
            Ok(Value::Object(selected))
        }
        scalar if field.fields.is_empty() || scalar.is_null() => Ok(scalar),
        _ => Err(message(&format!("Selections can't be made on scalars (field '{}')", field.name))),
    }
}

/// A page of a connection (GraphQL Cursor Connections Specification). The cursor of a node is the number of nodes up to it.
fn page(mut nodes: Vec<Value>, arguments: &Value) -> Result<Value, Value> {
    // They come newest first.
    if arguments["orderBy"]["direction"] == "ASC" {
        nodes.reverse();
    }
    let (total, first) = (nodes.len(), arguments["first"].as_u64().unwrap_or(100));
    if first > 100 || !arguments["last"].is_null() || !arguments["before"].is_null() {
        return Err(message("a page is the `first` nodes, 100 at most, `after` a cursor"));
    }
    let after = arguments["after"].as_str().map(|after| after.parse().unwrap_or(total));
    let start = after.unwrap_or_default().min(total);
    let end = total.min(start + first as usize);
    let edge = |at: usize| json!({ "node": nodes[at], "cursor": (at + 1).to_string() });
    Ok(json!({
        "totalCount": total,
        "nodes": nodes[start..end],
        "edges": (start..end).map(edge).collect::<Value>(),
        "pageInfo": { "hasNextPage": end < total, "hasPreviousPage": start > 0, "endCursor": end.to_string() },
    }))
}

fn message(text: &str) -> Value {
    json!({ "message": text })
}

fn undefined(field: &str, kind: &str) -> Value {
    json!({
        "message": format!("Field '{field}' doesn't exist on type '{kind}'"),
        "extensions": { "code": "undefinedField", "typeName": kind, "fieldName": field },
    })
}
