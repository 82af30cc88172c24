//! STS: who is calling. There is one account and one user here.

use serde_json::{Value, json};

use crate::{AwsError, Input, World};

/// Answer a request.
///
/// # Errors
/// `InvalidAction` for anything but `GetCallerIdentity`.
pub fn handle(world: &mut World, operation: &str, _input: Input<'_>) -> Result<Value, AwsError> {
    match operation {
        "GetCallerIdentity" => {
            let account = &world.config.account_id;
            Ok(json!({
                "UserId": account,
                "Account": account,
                "Arn": format!("arn:{}:iam::{account}:root", world.config.partition),
            }))
        }
        _ => Err(AwsError::invalid_action(operation)),
    }
}
