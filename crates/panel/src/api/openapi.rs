//! The OpenAPI document, made from the list of operations.

use serde_json::{Map, Value, json};

use super::operations::{Operation, Shape, operations};
use super::schemas;

/// The document.
pub(crate) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let method = operation.method.as_str().to_lowercase();
        let entry = paths.entry(operation.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(methods) = entry.as_object_mut() {
            methods.insert(method, described(&operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Slackwater", "version": env!("CARGO_PKG_VERSION"), "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas::all(),
        },
    })
}

fn described(operation: &Operation) -> Value {
    let mut parameters: Vec<Value> = operation
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    for name in operation.query {
        // Lines and entries have numbers, runs have ids.
        let is_numbered = matches!(operation.answer, Some(Shape::Lines | Shape::Audit));
        let schema = match *name {
            "limit" => json!({"type": "integer", "minimum": 1, "maximum": 500}),
            "before" if is_numbered => json!({"type": "integer", "minimum": 0, "maximum": i64::MAX}),
            _ => json!({"type": "string"}),
        };
        parameters.push(json!({"name": name, "in": "query", "schema": schema}));
    }
    let writes = operation.method != http::Method::GET;
    if writes {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": true,
            "schema": {"type": "string", "minLength": 1, "maxLength": 128},
        }));
    }
    let done = match operation.answer {
        None => ("204", json!({"description": "Done."})),
        Some(shape) => (
            "200",
            json!({"description": "The answer.", "content": {shape.media_type(): {"schema": answered(shape)}}}),
        ),
    };
    let mut responses = Map::from_iter([(done.0.to_owned(), done.1)]);
    let mut statuses = vec!["400", "401", "403", "404", "409", "422", "500", "502"];
    if writes {
        statuses.extend(["408", "413", "415", "429"]);
    }
    for status in statuses {
        let problem = json!({"description": "A problem.", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}});
        responses.insert(status.to_owned(), problem);
    }
    let mut value = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": format!(
            "Needs the role {}.{}",
            operation.deed.least().word(),
            if operation.credentials {
                " Needs your own password once more, as `current`; a token can't do it."
            } else {
                ""
            }
        ),
        "parameters": parameters,
        "responses": responses,
    });
    if let (Some(shape), Some(object)) = (operation.body, value.as_object_mut()) {
        let required = !shape.may_be_left_out();
        let body =
            json!({"required": required, "content": {"application/json": {"schema": reference(shape)}}});
        object.insert("requestBody".to_owned(), body);
    }
    value
}

/// As it comes back: there may be no banner, but none can't be sent.
fn answered(shape: Shape) -> Value {
    if shape == Shape::Banner {
        json!({"anyOf": [reference(shape), {"type": "null"}]})
    } else {
        reference(shape)
    }
}

fn reference(shape: Shape) -> Value {
    match shape {
        Shape::Document => json!({"type": "object"}),
        Shape::AuditLines => json!({"type": "string"}),
        Shape::Deployments
        | Shape::Deployment
        | Shape::Runs
        | Shape::Run
        | Shape::Lines
        | Shape::Answer
        | Shape::Maintenance
        | Shape::Leaving
        | Shape::Started
        | Shape::Banner
        | Shape::Audit
        | Shape::Releases
        | Shape::Template
        | Shape::Proposals
        | Shape::Proposal
        | Shape::ProposalChange
        | Shape::Approval
        | Shape::Begin
        | Shape::People
        | Shape::NewPerson
        | Shape::PersonChange
        | Shape::NewPassword
        | Shape::OwnPassword
        | Shape::Tokens
        | Shape::NewToken
        | Shape::MintedToken
        | Shape::Confirmation => json!({"$ref": format!("#/components/schemas/{shape:?}")}),
    }
}
