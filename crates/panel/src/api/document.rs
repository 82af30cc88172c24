//! The OpenAPI document: the list of operations, with the schemas of the types that their functions take and give.

use http::Method;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::confirmation;
use super::operation::{Given, MOST_LIMIT, Operation, Sent};
use super::operations::operations;
use crate::web::{Call, Failure, Problem};

/// Schemas of what is sent and of what comes back. A type may be both: what must be sent is less than what is always given.
struct Schemas {
    sent: SchemaGenerator,
    given: SchemaGenerator,
}

pub(super) async fn document(_: Call) -> Result<Map<String, Value>, Failure> {
    let settings = || {
        SchemaSettings::draft2020_12()
            .with(|settings| settings.definitions_path = "/components/schemas".into())
    };
    let mut schemas = Schemas {
        sent: settings().for_deserialize().into_generator(),
        given: settings().for_serialize().into_generator(),
    };
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let method = operation.method.as_str().to_lowercase();
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(method, schemas.operation(&operation));
        }
    }
    let mut named = schemas.given.take_definitions(true);
    named.extend(schemas.sent.take_definitions(true));
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": "Slackwater", "version": env!("CARGO_PKG_VERSION"), "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}, "schemas": named},
    });
    if let Value::Object(document) = document { Ok(document) } else { Ok(Map::new()) }
}

impl Schemas {
    fn operation(&mut self, operation: &Operation) -> Value {
        let writes = operation.method != Method::GET;
        let mut described = json!({
            "operationId": operation.id,
            "summary": operation.summary,
            "description": format!(
                "Needs the role {}.{}",
                operation.permission.least_role().word(),
                if operation.credentials { confirmation::WORDS } else { "" }
            ),
            "parameters": parameters(operation, writes),
            "responses": self.responses(operation.given.as_ref(), writes),
        });
        if let Some(Sent { schema, may_be_left_out }) = operation.sent {
            let schema = schema(&mut self.sent);
            if operation.credentials {
                confirmation::add_password(&schema, self.sent.definitions_mut());
            }
            described["requestBody"] =
                json!({"required": !may_be_left_out, "content": {"application/json": {"schema": schema}}});
        }
        described
    }

    fn responses(&mut self, given: Option<&Given>, writes: bool) -> Map<String, Value> {
        let (status, done) = match given {
            None => ("204", json!({"description": "Done."})),
            Some(Given { schema, media_type }) => {
                let schema = schema(&mut self.given);
                ("200", json!({"description": "The answer.", "content": {*media_type: {"schema": schema}}}))
            }
        };
        let problem = json!({"schema": self.given.subschema_for::<Problem>()});
        let problem = json!({"description": "A problem.", "content": {"application/problem+json": problem}});
        let always = ["400", "401", "403", "404", "409", "422", "500", "502"];
        let of_writes: &[&str] = if writes { &["408", "413", "415", "429"] } else { &[] };
        let problems = always.iter().chain(of_writes).map(|status| ((*status).to_owned(), problem.clone()));
        [(status.to_owned(), done)].into_iter().chain(problems).collect()
    }
}

fn parameters(operation: &Operation, writes: bool) -> Vec<Value> {
    let names = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = names
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    if let Some(before) = &operation.before {
        let limit = json!({"type": "integer", "minimum": 1, "maximum": MOST_LIMIT});
        parameters.push(json!({"name": "before", "in": "query", "schema": before}));
        parameters.push(json!({"name": "limit", "in": "query", "schema": limit}));
    }
    if writes {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": true,
            "schema": {"type": "string", "minLength": 1, "maxLength": 128},
        }));
    }
    parameters
}
