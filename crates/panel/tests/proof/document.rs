//! The API's document tells every member of every answer.

use axum::body::{Body, to_bytes};
use http::{Method, Request};
use panel::access::Role;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::common::plan;
use crate::house::Served;
use crate::runs;

async fn ask(served: &Served, method: Method, path: &str, token: &str, body: Option<Value>) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("host", "127.0.0.1")
        .header("authorization", format!("Bearer {token}"))
        .header("idempotency-key", path)
        .header("content-type", "application/json")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .expect("a request");
    let answer = served.router().oneshot(request).await.expect("infallible");
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 24).await.expect("a body");
    assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap_or(Value::Null)
}

/// Members of `value` of which `schema` says nothing.
fn untold(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(path) = schema["$ref"].as_str() {
        let named = document.pointer(path.trim_start_matches('#')).expect("it is there");
        return untold(document, named, value, at, found);
    }
    for choices in ["anyOf", "oneOf"] {
        let Some(choices) = schema[choices].as_array() else { continue };
        let of_each = choices.iter().map(|choice| {
            let mut found = Vec::new();
            untold(document, choice, value, at, &mut found);
            // What stands beside the choices is common to all of them.
            found.retain(|path| {
                schema["properties"].get(path.rsplit('.').next().unwrap_or_default()).is_none()
            });
            found
        });
        found.extend(of_each.min_by_key(Vec::len).unwrap_or_default());
        return;
    }
    match value {
        // A schema without a type is of JSON that isn't ours: a policy.
        Value::Object(members) if schema["properties"].is_object() => {
            for (name, value) in members {
                match schema["properties"].get(name) {
                    Some(schema) => untold(document, schema, value, &format!("{at}.{name}"), found),
                    None => found.push(format!("{at}.{name}")),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                untold(document, &schema["items"], item, &format!("{at}[]"), found);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_document_tells_every_member_of_every_answer() {
    let served = Served::new();
    let token = served.token(Role::Admin);
    let journal = served.journal();
    runs::begin(&journal, &plan::plan("one"));
    runs::events(&journal, "one", 0, 50);
    let sent = json!({"release": "2.0.0"});
    let made = ask(&served, Method::POST, "/deployments/lab/proposals", &token, Some(sent)).await;
    let proposal = made["proposalId"].as_str().expect("an id").to_owned();
    let document = ask(&served, Method::GET, "/openapi.json", &token, None).await;
    let looked_at = format!("/proposals/{proposal}");
    while ask(&served, Method::GET, &looked_at, &token, None).await["preparation"].is_null() {
        tokio::task::yield_now().await;
    }
    ask(&served, Method::POST, &format!("{looked_at}/rehearse"), &token, None).await;
    let rehearsal = format!("{looked_at}/rehearsal");
    while ask(&served, Method::GET, &rehearsal, &token, None).await["rehearsal"].is_null() {
        tokio::task::yield_now().await;
    }
    let (mut asked, mut found) = (0, Vec::new());
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let Some(schema) = methods.pointer("/get/responses/200/content/application~1json/schema") else {
            continue;
        };
        let there =
            path.replace("{name}", "lab").replace("{run_id}", "one").replace("{proposal_id}", &proposal);
        let answer = ask(&served, Method::GET, &there, &token, None).await;
        untold(&document, schema, &answer, path, &mut found);
        asked += 1;
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(asked >= 13, "{asked}");
}
