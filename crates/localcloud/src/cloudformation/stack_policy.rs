//! The policies of stacks on the wire, and CloudFormation's words for what they refuse. What a policy says is
//! [`changeset::stack_policy`]'s.

use std::sync::Arc;

use changeset::stack_policy::{Refusal, StackPolicy};
use serde_json::{Value as Json, json};

use super::locate;
use crate::services::object_storage;
use crate::{AwsError, Input, World};

/// The most that a policy may hold, in bytes (API reference, SetStackPolicy).
const MAXIMUM_BYTES: usize = 16_384;

/// As people see it in events: a denial names its statement and that statement's own words, what no statement mentions none.
pub fn words(refusal: &Refusal<'_>) -> String {
    match refusal {
        Refusal::Denied { statement, actions, resources } => format!(
            "Action denied by stack policy: Statement [#{statement}] does not allow [{}] for resource [{}];",
            actions.texts.join(", "),
            resources.texts.join(", ")
        ),
        Refusal::NotAllowed => "Action not allowed by stack policy".to_owned(),
    }
}

/// The policy that a request brings under `prefix` (`StackPolicy` or `StackPolicyDuringUpdate`), if any.
pub fn given(world: &World, input: Input<'_>, prefix: &str) -> Result<Option<Arc<StackPolicy>>, AwsError> {
    let (body_name, url_name) = (format!("{prefix}Body"), format!("{prefix}URL"));
    let text = match (input.string(&body_name), input.string(&url_name)) {
        (Some(_), Some(_)) => {
            return Err(AwsError::validation(format!("You cannot specify both {url_name} and {body_name}")));
        }
        (Some(body), None) => body.to_owned(),
        (None, Some(url)) => String::from_utf8_lossy(object_storage::resolve_url(world, url)?).into_owned(),
        (None, None) => return Ok(None),
    };
    let policy =
        Some(text).filter(|text| text.len() <= MAXIMUM_BYTES).and_then(|text| StackPolicy::parse(&text));
    match policy {
        Some(policy) => Ok(Some(Arc::new(policy))),
        // Recorded.
        None => Err(AwsError::validation("Error validating stack policy: Invalid stack policy")),
    }
}

/// SetStackPolicy.
pub fn set(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let id = locate::stack(world, input.required_string("StackName")?)?.id.clone();
    let policy = given(world, input, "StackPolicy")?;
    if let Some(stack) = world.cloudformation.stacks.get_mut(&id) {
        stack.policy = policy;
    }
    Ok(json!({}))
}

/// GetStackPolicy. Without a policy the answer is empty. Recorded (`test_policy_during_update`): while an update goes on, the
/// one that was given for it is told.
pub fn get(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    let during = stack.operation.as_ref().and_then(|operation| operation.policy_during_update());
    Ok(match during.or(stack.policy.as_ref()) {
        Some(policy) => json!({"StackPolicyBody": policy.text}),
        None => json!({}),
    })
}

#[cfg(test)]
mod tests {
    use changeset::stack_policy::{StackPolicy, UpdateAction};

    use super::words;

    #[test]
    fn refusals_are_in_cloudformations_words() {
        let policy = r#"{"Statement": [
            {"Effect": "Allow", "Action": "Update:Modify", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*",
             "Resource": "LogicalResourceId/Data*"}]}"#;
        let policy = StackPolicy::parse(policy).expect("a policy");
        let denied = "Action denied by stack policy: Statement [#2] does not allow [Update:Replace, Update:Delete] for resource [LogicalResourceId/Data*];";
        for (name, told) in [("Database", denied), ("Other", "Action not allowed by stack policy")] {
            let refusal = policy.check(UpdateAction::Replace, name, "AWS::RDS::DBInstance");
            assert_eq!(words(&refusal.expect_err("it may not")), told);
        }
    }
}
