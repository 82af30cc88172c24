//! The access keys of users. <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html>
//!
//! Secrets are derived as those of sessions are, so that a replay of the log gives the same, and nobody without the
//! owner's keys can foretell one.

use serde_json::{Value, json};

use super::users::{found, missing};
use super::{listed, no_such_entity, unique_id};
use crate::{AccessKeys, AwsError, Input, Timestamp, World};

/// "A maximum of two access keys" (IAM quotas).
const MOST_KEYS: usize = 2;

/// A key of a user. Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub(crate) struct UserKey {
    pub(crate) keys: AccessKeys,
    /// The lower-case name of its user.
    pub(crate) user: String,
    is_active: bool,
    created: Timestamp,
}

impl UserKey {
    /// Whether it may sign.
    pub(crate) fn is_active(&self) -> bool {
        self.is_active
    }

    fn described(&self, user: &str) -> Value {
        json!({
            "UserName": user,
            "AccessKeyId": self.keys.access_key_id,
            "Status": if self.is_active { "Active" } else { "Inactive" },
            "CreateDate": self.created.iso8601(),
        })
    }
}

pub(super) fn create(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let user = found(world, input)?.name.clone();
    let key = user.to_ascii_lowercase();
    if world.iam.keys.values().filter(|known| known.user == key).count() >= MOST_KEYS {
        let words = format!("Cannot exceed quota for AccessKeysPerUser: {MOST_KEYS}");
        return Err(AwsError::new(409, "LimitExceeded", words));
    }
    let id = unique_id(world, "AKIA", &format!("key of {user}"));
    let id: String = id.chars().take(20).collect();
    let keys = AccessKeys::new(id.clone(), world.security_token.secret_of(&id));
    let made = UserKey { keys, user: key, is_active: true, created: world.now };
    let mut answer = json!({"AccessKey": made.described(&user)});
    answer["AccessKey"]["SecretAccessKey"] = json!(made.keys.secret_access_key);
    world.iam.keys.insert(id, made);
    Ok(answer)
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let user = found(world, input)?;
    let key = user.name.to_ascii_lowercase();
    let keys = world.iam.keys.iter().filter(|(_, known)| known.user == key);
    listed(input, "AccessKeyMetadata", keys.map(|(id, known)| (id.clone(), known.described(&user.name))))
}

pub(super) fn update(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let is_active = match input.required_string("Status")? {
        "Active" => true,
        "Inactive" => false,
        _ => return Err(AwsError::validation("Value at 'status' must be Active or Inactive")),
    };
    let id = named(world, input)?;
    if let Some(known) = world.iam.keys.get_mut(&id) {
        known.is_active = is_active;
    }
    Ok(json!({}))
}

pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = named(world, input)?;
    world.iam.keys.remove(&id);
    Ok(json!({}))
}

/// The id of a key that is the named user's.
fn named(world: &World, input: Input<'_>) -> Result<String, AwsError> {
    let id = input.required_string("AccessKeyId")?;
    let is_users =
        |known: &UserKey| input.string("UserName").is_none_or(|user| known.user == user.to_ascii_lowercase());
    if let Some(user) =
        input.string("UserName").filter(|user| !world.iam.users.contains_key(&user.to_ascii_lowercase()))
    {
        return Err(missing(user));
    }
    match world.iam.keys.get(id).filter(|known| is_users(known)) {
        Some(_) => Ok(id.to_owned()),
        None => Err(no_such_entity(format!("The Access Key with id {id} cannot be found."))),
    }
}
