//! Nothing is asked that a service's model doesn't know: every request of these tests to the services of the table, its version,
//! path and fields, is looked up in what botocore's models (1.43.11) say of it. The table has the operations that are used, each
//! with its version or its path, and its fields.

use bytes::Bytes;
use serde_json::Value;

const OPERATIONS: &str = include_str!("operations.txt");

/// # Panics
/// When the model doesn't know the operation, or one of the request's fields.
pub fn check(request: &http::Request<Bytes>) {
    let scope = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let service = scope.and_then(|scope| scope.split('/').nth(3)).unwrap_or_default();
    let mut known =
        OPERATIONS.lines().filter_map(|line| line.strip_prefix(service)?.strip_prefix(' ')).peekable();
    if known.peek().is_none() {
        return;
    }
    let body = String::from_utf8_lossy(request.body());
    let (operation, fields) = match body.strip_prefix("Action=") {
        Some(form) => {
            let mut pairs = form.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let action = pairs.next().map_or("", |(action, _)| action);
            let version = pairs.next().map_or("", |(_, version)| version);
            (format!("{action} {version}"), pairs.map(|(name, _)| without_numbers(name)).collect())
        }
        None => {
            let path = request
                .uri()
                .path()
                .split('/')
                .map(|part| if part.contains('%') { "{resourceArn}" } else { part });
            let path = path.collect::<Vec<_>>().join("/");
            let mut fields = Vec::new();
            if !body.is_empty() {
                flatten("", &serde_json::from_str(&body).expect("JSON"), &mut fields);
            }
            (format!("{} {path}", request.method()), fields)
        }
    };
    let line = known.find_map(|line| {
        let (what, fields) = line.split_once(':')?;
        what.contains(&operation).then_some(fields)
    });
    let known: Vec<&str> =
        line.unwrap_or_else(|| panic!("{service} has no {operation}")).split(' ').collect();
    for field in fields {
        // A list that is empty, a field, or something in a map.
        let is_known = |one: &&str| {
            let one = one.trim_end_matches(".*");
            one == field || one.strip_prefix(&field).is_some_and(|rest| rest.starts_with('.'))
        };
        let in_map = |one: &&str| one.strip_suffix('*').is_some_and(|map| field.starts_with(map));
        assert!(known.iter().any(|one| is_known(one) || in_map(one)), "{service} {operation} has no {field}");
    }
}

/// `Tags.member.1.Key` is `Tags.member.Key` of any tag.
fn without_numbers(name: &str) -> String {
    let parts = name.split('.').filter(|part| !part.bytes().all(|letter| letter.is_ascii_digit()));
    parts.collect::<Vec<_>>().join(".")
}

fn flatten(path: &str, value: &Value, fields: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                flatten(format!("{path}.{name}").trim_start_matches('.'), member, fields);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| flatten(path, item, fields)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => fields.push(path.to_owned()),
    }
}
