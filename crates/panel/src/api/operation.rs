//! What an operation is: where, for whom, and the function that carries it out. What is sent and what comes back are the
//! types that the function takes and gives.

use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::access::Permission;
use crate::panel::Panel;
use crate::web::{Call, Failure};

/// Items on a page of a list.
const USUAL_LIMIT: usize = 50;
pub(super) const MOST_LIMIT: usize = 500;

/// An operation.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// After `/api/v1`, with parameters in braces.
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(super) summary: &'static str,
    pub(crate) permission: Permission,
    /// It changes who comes in, and with what: a token can't do it, and the asker's own password goes with it.
    pub(crate) credentials: bool,
    /// What a page of the list ends before; `None`: it is no list.
    pub(super) before: Option<Schema>,
    pub(super) sent: Option<Sent>,
    pub(super) given: Option<Given>,
    pub(crate) methods: MethodRouter<Panel>,
}

/// What is sent, for the document.
pub(super) struct Sent {
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
    pub(super) may_be_left_out: bool,
}

/// What comes back, for the document.
pub(super) struct Given {
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
    pub(super) media_type: &'static str,
}

impl Operation {
    fn new<Marker, H: Handler<Marker>>(
        (method, filter): (Method, MethodFilter),
        path: &'static str,
        id: &'static str,
        permission: Permission,
        summary: &'static str,
        handler: H,
    ) -> Operation {
        let methods = on(filter, move |call: Result<Call, Failure>, body: Bytes| {
            let handler = handler.clone();
            async move {
                let answered = match call {
                    Ok(call) => handler.carry_out(call, &body).await,
                    Err(failure) => Err(failure),
                };
                answered.map_or_else(|failure| failure.answer(true), Answer::into_response)
            }
        });
        let (credentials, before, sent, given) = (false, None, H::SENT, H::Answer::GIVEN);
        Operation { method, path, id, summary, permission, credentials, before, sent, given, methods }
    }

    /// A list, a page of which ends before an item's number.
    pub(super) fn paged_by_number(self) -> Operation {
        Operation {
            before: Some(json_schema!({"type": "integer", "minimum": 0, "maximum": i64::MAX})),
            ..self
        }
    }

    /// A list, a page of which ends before an item's id.
    pub(super) fn paged_by_id(self) -> Operation {
        Operation { before: Some(json_schema!({"type": "string"})), ..self }
    }

    pub(super) fn needs(self, permission: Permission) -> Operation {
        Operation { permission, ..self }
    }

    pub(super) fn changes_credentials(self) -> Operation {
        Operation { credentials: true, ..self }
    }
}

/// What may be looked at by everybody who has signed in.
pub(super) fn get<Marker>(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    handler: impl Handler<Marker>,
) -> Operation {
    Operation::new((Method::GET, MethodFilter::GET), path, id, Permission::Look, summary, handler)
}

macro_rules! writes {
    ($($name:ident $method:ident),*) => { $(
        pub(super) fn $name<Marker>(
            path: &'static str,
            id: &'static str,
            permission: Permission,
            summary: &'static str,
            handler: impl Handler<Marker>,
        ) -> Operation {
            Operation::new((Method::$method, MethodFilter::$method), path, id, permission, summary, handler)
        }
    )* };
}
writes!(post POST, put PUT, patch PATCH, delete DELETE);

/// A function that carries an operation out: of a call, and of what is sent with it.
pub(super) trait Handler<Marker>: Clone + Send + Sync + 'static {
    const SENT: Option<Sent>;
    type Answer: Answer;

    fn carry_out(
        &self,
        call: Call,
        body: &[u8],
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

impl<F, A, T> Handler<(T,)> for F
where
    F: Fn(Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<T, Failure>> + Send,
    T: Answer,
{
    const SENT: Option<Sent> = None;
    type Answer = T;

    fn carry_out(&self, call: Call, _: &[u8]) -> impl Future<Output = Result<T, Failure>> + Send {
        self(call)
    }
}

impl<F, A, B, T> Handler<(B, T)> for F
where
    F: Fn(Call, B) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<T, Failure>> + Send,
    B: Body,
    T: Answer,
{
    const SENT: Option<Sent> = Some(Sent { schema: B::schema, may_be_left_out: B::MAY_BE_LEFT_OUT });
    type Answer = T;

    fn carry_out(&self, call: Call, body: &[u8]) -> impl Future<Output = Result<T, Failure>> + Send {
        let carrying_out = B::read(body).map(|body| self(call, body));
        async { carrying_out?.await }
    }
}

/// What is sent with an operation: JSON.
pub(super) trait Body: Sized {
    const MAY_BE_LEFT_OUT: bool;
    fn read(body: &[u8]) -> Result<Self, Failure>;
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

impl<T: DeserializeOwned + JsonSchema> Body for T {
    const MAY_BE_LEFT_OUT: bool = false;

    fn read(body: &[u8]) -> Result<T, Failure> {
        serde_json::from_slice(body)
            .and_then(|value| serde_json::from_value(with_whole_numbers(value)))
            .map_err(|error| Failure::BadInput(format!("The body can't be read: {error}.")))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// What may be left out altogether.
pub(super) struct Optional<T>(pub(super) T);

impl<T: Default + Body> Body for Optional<T> {
    const MAY_BE_LEFT_OUT: bool = true;

    fn read(body: &[u8]) -> Result<Optional<T>, Failure> {
        if body.is_empty() { Ok(Optional(T::default())) } else { T::read(body).map(Optional) }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }
}

/// JSON Schema's integers are numbers without a fraction, so `60.0` is one; serde's are not.
fn with_whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            // Below 2^53 a float that is whole is exactly that integer.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
                json!(float as i64)
            }
            Some(_) | None => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(with_whole_numbers).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(fields.map(|(name, value)| (name, with_whole_numbers(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// What comes back of an operation that was carried out.
pub(super) trait Answer {
    /// `None`: nothing.
    const GIVEN: Option<Given>;
    fn into_response(self) -> Response;
}

impl<T: Serialize + JsonSchema> Answer for T {
    const GIVEN: Option<Given> =
        Some(Given { schema: |generator| generator.subschema_for::<T>(), media_type: "application/json" });

    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// It was done, and there is nothing to say.
pub(super) struct Done;

impl Answer for Done {
    const GIVEN: Option<Given> = None;

    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// How many items a page of a list is to have.
pub(super) fn limit(call: &Call) -> Result<usize, Failure> {
    let words = format!("limit is 1 to {MOST_LIMIT}.");
    match call.parsed("limit", &words)? {
        None => Ok(USUAL_LIMIT),
        Some(limit) if (1..=MOST_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(Failure::BadInput(words)),
    }
}
