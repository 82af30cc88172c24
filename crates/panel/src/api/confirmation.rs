//! The rule for changes of credentials (people, passwords, tokens), kept before every operation that says it is one: whoever
//! asks has signed in themselves, for a token can't do it, and gives their own password once more, as `current` in what is
//! sent. So a browser that was left open, or whose cookie was stolen, lets nobody in for good. Handlers see the rest.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use schemars::Schema;
use serde_json::{Map, Value, json};

use super::audited::audited_by;
use crate::access::Proof;
use crate::panel::Panel;
use crate::web::{Asker, Failure, MOST_BYTES};

/// What the document says of such an operation.
pub(super) const WORDS: &str = " Needs your own password once more, as `current`; a token can't do it.";

/// What is sent with such an operation, in the document: the password with the rest.
pub(super) fn add_password(sent: &Schema, named: &mut Map<String, Value>) {
    let name = sent.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    let Some(schema) = name.and_then(|name| named.get_mut(name)) else { return };
    schema["properties"]["current"] = json!({"type": "string", "minLength": 1});
    match schema["required"].as_array_mut() {
        Some(required) => required.push(json!("current")),
        None => schema["required"] = json!(["current"]),
    }
}

/// Let through whoever has given their own password; `what` is the operation's id, for the audit trail.
pub(crate) async fn confirm(
    State((panel, what)): State<(Panel, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    match without_password(&panel, what, request).await {
        Ok(request) => next.run(request).await,
        Err(failure) => failure.answer(true),
    }
}

async fn without_password(panel: &Panel, what: &str, request: Request) -> Result<Request, Failure> {
    let asker = request.extensions().get::<Asker>().cloned().ok_or(Failure::NotSignedIn)?;
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MOST_BYTES).await.map_err(|_| Failure::TooLarge)?;
    // What is no object has no password in it; the handler says what is wrong with the rest.
    let mut sent: Map<String, Value> = serde_json::from_slice(&bytes).unwrap_or_default();
    let current = match sent.remove("current") {
        Some(Value::String(current)) => Some(current),
        Some(_) | None => None,
    };
    if let Err(failure) = check_password(panel, &asker, current).await {
        return audited_by(panel, &asker, "change credentials", what, async { Err(failure) }).await;
    }
    Ok(Request::from_parts(parts, Body::from(Value::Object(sent).to_string())))
}

/// Whether whoever asks is who they were when they signed in. Wrong passwords count as attempts to sign in do.
async fn check_password(panel: &Panel, asker: &Asker, current: Option<String>) -> Result<(), Failure> {
    match asker.proof {
        Proof::Session(_) => {}
        Proof::Token(_) => return Err(Failure::NotByToken),
    }
    let Some(current) = current.filter(|current| !current.is_empty()) else {
        return Err(Failure::field("current", "Your own password is asked for once more."));
    };
    let name = &asker.person.name;
    let reset_at = panel.access.reset_at(name)?;
    panel.limits.attempt(name, asker.address, reset_at, panel.now()).map_err(Failure::TooMany)?;
    let hash = panel.access.password_of(name)?.map(|(_, hash)| hash);
    if !panel.passwords.matches(current, hash).await {
        panel.limits.wrong(name, asker.address, panel.now());
        return Err(Failure::field("current", "That is not your password."));
    }
    panel.limits.right(name, asker.address, panel.now());
    Ok(())
}
