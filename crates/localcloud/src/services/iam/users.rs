//! Users; and the account's owner, whose keys are this cloud's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Identity, already_exists, arn, delete_conflict, listed, name, no_such_entity, path, unique_id};
use crate::services::tags;
use crate::{AwsError, Input, World};

pub(super) fn get(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    if !input.has("UserName") {
        // "If you do not specify a user name, IAM determines the user name implicitly": the root user.
        let account = &world.config.account_id;
        let arn = format!("arn:{}:iam::{account}:root", world.config.partition);
        return Ok(json!({"User": {"UserId": account, "Arn": arn, "CreateDate": "1970-01-01T00:00:00Z"}}));
    }
    Ok(json!({"User": to_api(found(world, input)?)}))
}

pub(super) fn create(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = name(input, "UserName", 64)?;
    let path = path(input)?;
    let key = name.to_ascii_lowercase();
    if world.iam.users.contains_key(&key) {
        return Err(already_exists(format!("User with name {name} already exists.")));
    }
    let user = Identity {
        name: name.to_owned(),
        path: path.to_owned(),
        arn: arn(world, "user", path, name),
        id: unique_id(world, "AIDA", name),
        created: world.now,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        boundary: input.string("PermissionsBoundary").map(str::to_owned),
        tags: tags::read(input),
        role: None,
    };
    let answer = json!({"User": to_api(&user)});
    world.iam.users.insert(key, user);
    Ok(answer)
}

pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let user = found(world, input)?;
    let key = user.name.to_ascii_lowercase();
    // "Cannot delete entity, must …": what stands in the way, in the order of IAM's user guide, "Deleting an IAM user".
    let in_the_way = [
        (world.iam.keys.values().any(|known| known.user == key), "must delete access keys first."),
        (!user.inline.is_empty(), "must delete policies first."),
        (!user.attached.is_empty(), "must detach all policies first."),
    ];
    if let Some((_, words)) = in_the_way.iter().find(|(is_there, _)| *is_there) {
        return Err(delete_conflict(format!("Cannot delete entity, {words}")));
    }
    world.iam.users.remove(&key);
    Ok(json!({}))
}

pub(super) fn missing(name: &str) -> AwsError {
    no_such_entity(format!("The user with name {name} cannot be found."))
}

/// The user that a request names.
pub(super) fn found<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Identity, AwsError> {
    let name = name(input, "UserName", 64)?;
    world.iam.users.get(&name.to_ascii_lowercase()).ok_or_else(|| missing(name))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let prefix = input.string("PathPrefix").unwrap_or("/");
    let users = world.iam.users.iter().filter(|(_, user)| user.path.starts_with(prefix));
    listed(input, "Users", users.map(|(key, user)| (key.clone(), to_api(user))))
}

fn to_api(user: &Identity) -> Value {
    json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created.iso8601(),
        "Tags": tags::list(&user.tags),
    })
}
