//! People, their passwords, and tokens over the API. A secret goes in, or comes out once; it is in no other answer.
//!
//! The asker's own password, which goes with every change, is looked at before ([`super::confirmation`]).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::idempotency::ShownOnce;
use super::operation::Done;
use super::time::Time;
use crate::access::{ApiToken, LEAST_PASSWORD, MOST_PASSWORD, Person, Role};
use crate::act;
use crate::web::{Call, Failure};

#[derive(Serialize, JsonSchema)]
pub(super) struct People {
    people: Vec<ListedPerson>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Person")]
struct ListedPerson {
    name: String,
    role: Role,
    /// Whether they are shut out.
    disabled: bool,
    created_at: Time,
    signed_in_at: Option<Time>,
}

impl From<Person> for ListedPerson {
    fn from(person: Person) -> ListedPerson {
        let Person { name, role, disabled, created_at, signed_in_at } = person;
        let (created_at, signed_in_at) = (created_at.into(), signed_in_at.map(Time::from));
        ListedPerson { name, role, disabled, created_at, signed_in_at }
    }
}

pub(super) async fn people(call: Call) -> Result<People, Failure> {
    Ok(People { people: call.panel.access.people()?.into_iter().map(ListedPerson::from).collect() })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPerson {
    #[schemars(length(min = 1, max = 64))]
    name: String,
    #[schemars(length(min = LEAST_PASSWORD, max = MOST_PASSWORD))]
    password: String,
    role: Role,
}

pub(super) async fn add(call: Call, sent: NewPerson) -> Result<Done, Failure> {
    act::add_person(&call, &sent.name, sent.role, sent.password).await?;
    Ok(Done)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonChange {
    role: Role,
    #[serde(default)]
    disabled: bool,
}

pub(super) async fn change(call: Call, sent: PersonChange) -> Result<Done, Failure> {
    act::change_person(&call, sent.role, sent.disabled)?;
    Ok(Done)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    #[schemars(length(min = LEAST_PASSWORD, max = MOST_PASSWORD))]
    password: String,
}

/// Somebody has forgotten theirs.
pub(super) async fn set_password(call: Call, sent: NewPassword) -> Result<Done, Failure> {
    act::set_password(&call, sent.password).await?;
    Ok(Done)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnPassword {
    #[schemars(length(min = LEAST_PASSWORD, max = MOST_PASSWORD))]
    new: String,
}

pub(super) async fn set_own_password(call: Call, sent: OwnPassword) -> Result<Done, Failure> {
    act::change_own_password(&call, sent.new).await?;
    Ok(Done)
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Tokens {
    tokens: Vec<ListedToken>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Token")]
struct ListedToken {
    id: i64,
    name: String,
    person: String,
    role: Role,
    revoked: bool,
    created_at: Time,
    expires_at: Time,
    used_at: Option<Time>,
}

impl From<ApiToken> for ListedToken {
    fn from(token: ApiToken) -> ListedToken {
        let ApiToken { id, name, person, role, created_at, expires_at, used_at, revoked } = token;
        let (created_at, expires_at) = (created_at.into(), expires_at.into());
        ListedToken {
            id,
            name,
            person,
            role,
            revoked,
            created_at,
            expires_at,
            used_at: used_at.map(Time::from),
        }
    }
}

pub(super) async fn tokens(call: Call) -> Result<Tokens, Failure> {
    Ok(Tokens { tokens: call.panel.access.tokens()?.into_iter().map(ListedToken::from).collect() })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    #[schemars(length(min = 1, max = 64))]
    name: String,
    role: Role,
    #[schemars(range(min = 1, max = 366))]
    days: u32,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct MintedToken {
    name: String,
    secret: String,
}

pub(super) async fn mint(call: Call, sent: NewToken) -> Result<ShownOnce<MintedToken>, Failure> {
    let minted = act::mint_token(&call, &sent.name, sent.role, sent.days)?;
    Ok(ShownOnce(MintedToken { name: sent.name, secret: minted.text().to_owned() }))
}

/// Nothing but the asker's own password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {}

pub(super) async fn revoke(call: Call, Confirmation {}: Confirmation) -> Result<Done, Failure> {
    act::revoke_token(&call, call.id.parse().map_err(|_| Failure::NotFound)?)?;
    Ok(Done)
}
