//! People, their passwords, and tokens over the API. A secret goes in, or comes out once; it is in no other answer.
//!
//! The asker's own password, which goes with every change, is looked at before ([`super::confirmation`]).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::audited::audited;
use super::idempotency::ShownOnce;
use super::operation::Done;
use crate::access::{ApiToken, LEAST_PASSWORD, MOST_PASSWORD, Person, Role};
use crate::web::{Call, Failure};

#[derive(Serialize, JsonSchema)]
pub(super) struct People {
    people: Vec<Person>,
}

pub(super) async fn people(call: Call) -> Result<People, Failure> {
    Ok(People { people: call.panel.access.people()? })
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
    let (panel, NewPerson { name, password, role }) = (&call.panel, sent);
    let work = async {
        let hash = panel.passwords.hash(&name, password).await?;
        panel.access.add_person(&name, role, &hash, panel.now())?;
        Ok(Done)
    };
    audited(&call, "add person", &format!("{name}: {}", role.word()), work).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonChange {
    role: Role,
    #[serde(default)]
    disabled: bool,
}

pub(super) async fn change(call: Call, sent: PersonChange) -> Result<Done, Failure> {
    let (name, PersonChange { role, disabled }) = (&call.id, sent);
    let act = if disabled { "shut person out" } else { "change person" };
    let work = async {
        call.panel.access.change_person(name, role, disabled)?;
        Ok(Done)
    };
    audited(&call, act, &format!("{name}: {}", role.word()), work).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    #[schemars(length(min = LEAST_PASSWORD, max = MOST_PASSWORD))]
    password: String,
}

/// Somebody has forgotten theirs.
pub(super) async fn set_password(call: Call, sent: NewPassword) -> Result<Done, Failure> {
    let (panel, name) = (&call.panel, &call.id);
    let work = async {
        let hash = panel.passwords.hash(name, sent.password).await?;
        panel.access.reset_password(name, &hash, panel.now())?;
        Ok(Done)
    };
    audited(&call, "set password", name, work).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnPassword {
    #[schemars(length(min = LEAST_PASSWORD, max = MOST_PASSWORD))]
    new: String,
}

/// The asker's sessions end, this one too.
pub(super) async fn set_own_password(call: Call, sent: OwnPassword) -> Result<Done, Failure> {
    let (panel, name) = (&call.panel, &call.asker.person.name);
    let work = async {
        let hash =
            panel.passwords.hash(name, sent.new).await.map_err(|error| match Failure::from(error) {
                Failure::BadInput(words) => Failure::field("new", words),
                other => other,
            })?;
        panel.access.change_password(name, &hash)?;
        Ok(Done)
    };
    audited(&call, "change own password", name, work).await
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Tokens {
    tokens: Vec<ApiToken>,
}

pub(super) async fn tokens(call: Call) -> Result<Tokens, Failure> {
    Ok(Tokens { tokens: call.panel.access.tokens()? })
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
    let (panel, person) = (&call.panel, &call.asker.person);
    let NewToken { name, role, days } = sent;
    let object = format!("{name}: {}", role.word());
    let work = async {
        if !(1..=366).contains(&days) {
            return Err(Failure::BadInput("A token is good for 1 to 366 days.".to_owned()));
        }
        let minted = panel.access.mint_token(&person.name, &name, role, days, panel.now())?;
        Ok(ShownOnce(MintedToken { name, secret: minted.text().to_owned() }))
    };
    audited(&call, "make token", &object, work).await
}

/// Nothing but the asker's own password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {}

pub(super) async fn revoke(call: Call, Confirmation {}: Confirmation) -> Result<Done, Failure> {
    let number: i64 = call.id.parse().map_err(|_| Failure::NotFound)?;
    let work = async {
        call.panel.access.revoke_token(number)?;
        Ok(Done)
    };
    audited(&call, "revoke token", &number.to_string(), work).await
}
