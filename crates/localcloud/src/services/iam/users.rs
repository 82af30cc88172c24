//! Users, which a template makes; and the account's owner, whose keys are this cloud's.

use serde_json::{Value, json};

use super::{Identity, listed, name, no_such_entity};
use crate::services::tags;
use crate::{AwsError, Input, World};

pub(super) fn get(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    if !input.has("UserName") {
        // "If you do not specify a user name, IAM determines the user name implicitly": the root user.
        let account = &world.config.account_id;
        let arn = format!("arn:{}:iam::{account}:root", world.config.partition);
        return Ok(json!({"User": {"UserId": account, "Arn": arn, "CreateDate": "1970-01-01T00:00:00Z"}}));
    }
    let name = name(input, "UserName", 64)?;
    let user = world.iam.users.get(&name.to_ascii_lowercase());
    let user = user.ok_or_else(|| no_such_entity(format!("The user with name {name} cannot be found.")))?;
    Ok(json!({"User": to_api(user)}))
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
