//! People, their passwords, and tokens over the API. A secret goes in, or comes out once; it is in no other answer.
//!
//! The asker's own password, which goes with every change, is looked at before ([`super::confirmed`]).

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::handlers::{Answered, Done, Problem, read};
use super::once::ShownOnce;
use crate::access::{Person, Role};
use crate::act;
use crate::pages;
use crate::panel::Panel;
use crate::web::{Asker, Failure};

fn person(person: &Person) -> Value {
    json!({
        "name": person.name, "role": person.role, "disabled": person.disabled,
        "createdAt": pages::iso(person.created_at), "signedInAt": person.signed_in_at.map(pages::iso),
    })
}

pub(crate) async fn people(State(panel): State<Panel>) -> Answered {
    let people: Vec<Value> = panel.access.people()?.iter().map(person).collect();
    Ok(Json(json!({"people": people})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPersonBody {
    name: String,
    password: String,
    role: Role,
}

pub(crate) async fn add(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    body: bytes::Bytes,
) -> Done {
    let sent: NewPersonBody = read(&body)?;
    act::add_person(&panel, &asker, &sent.name, sent.role, sent.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonChangeBody {
    role: Role,
    #[serde(default)]
    disabled: bool,
}

pub(crate) async fn change(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    body: bytes::Bytes,
) -> Done {
    let sent: PersonChangeBody = read(&body)?;
    act::change_person(&panel, &asker, &name, sent.role, sent.disabled)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    password: String,
}

/// Somebody has forgotten theirs.
pub(crate) async fn set_password(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    body: bytes::Bytes,
) -> Done {
    let sent: PasswordBody = read(&body)?;
    act::set_password(&panel, &asker, &name, sent.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnPasswordBody {
    new: String,
}

pub(crate) async fn own_password(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    body: bytes::Bytes,
) -> Done {
    let sent: OwnPasswordBody = read(&body)?;
    act::change_own_password(&panel, &asker, sent.new).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn tokens(State(panel): State<Panel>) -> Answered {
    let tokens = panel.access.tokens()?;
    let tokens = tokens.iter().map(|one| {
        json!({
            "id": one.id, "name": one.name, "person": one.person, "role": one.role, "revoked": one.revoked,
            "createdAt": pages::iso(one.created_at), "expiresAt": pages::iso(one.expires_at),
            "usedAt": one.used_at.map(pages::iso),
        })
    });
    Ok(Json(json!({"tokens": tokens.collect::<Vec<_>>()})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTokenBody {
    name: String,
    role: Role,
    days: u32,
}

pub(crate) async fn mint(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    body: bytes::Bytes,
) -> Result<Response, Problem> {
    let sent: NewTokenBody = read(&body)?;
    let minted = act::mint_token(&panel, &asker, &sent.name, sent.role, sent.days)?;
    let mut response = Json(json!({"name": sent.name, "secret": minted.text()})).into_response();
    response.extensions_mut().insert(ShownOnce);
    Ok(response)
}

/// Nothing but the asker's own password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {}

pub(crate) async fn revoke(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: bytes::Bytes,
) -> Done {
    let Confirmation {} = read(&body)?;
    let id = id.parse().map_err(|_| Failure::NotFound)?;
    act::revoke_token(&panel, &asker, id)?;
    Ok(StatusCode::NO_CONTENT)
}
