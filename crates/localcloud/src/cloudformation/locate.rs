//! Finding the stack that a request means, and the small inputs that several operations share.

use super::stack::{OnFailure, Stack};
use crate::identity::Identities;
use crate::{AwsError, Input, World};

/// The stack of this name (alive) or ARN (also deleted), in the words that most operations use.
pub fn stack<'a>(world: &'a World, name: &str) -> Result<&'a Stack, AwsError> {
    check_name(name)?;
    world
        .cloudformation
        .find(name)
        .ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))
}

/// The same in the words of DescribeStacks, GetTemplate and their like.
pub fn stack_with_id<'a>(world: &'a World, name: &str) -> Result<&'a Stack, AwsError> {
    check_name(name)?;
    world
        .cloudformation
        .find(name)
        .ok_or_else(|| AwsError::validation(format!("Stack with id {name} does not exist")))
}

/// The name of a stack to be made.
pub fn check_new_name(name: &str) -> Result<(), AwsError> {
    if name.len() > 128 {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must have length less than or equal to 128"
        )));
    }
    check_name(name)
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let plain = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let arn = name.starts_with("arn:")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:/._+".contains(&byte));
    if plain || arn {
        Ok(())
    } else {
        Err(AwsError::validation(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"
        )))
    }
}

/// The ARN of a stack to be made. Asking changes nothing, so a request that is refused after all leaves no
/// trace: the identifier follows from the seed, the name and how many stacks of that name there were.
pub fn new_stack_id(world: &World, name: &str) -> String {
    let before = world.cloudformation.stacks.values().filter(|stack| stack.name == name).count();
    let unique = Identities::new(world.config.seed).uuid(&format!("stack/{name}/{before}"));
    world.arn("cloudformation", &format!("stack/{name}/{unique}"))
}

/// `OnFailure` or `OnStackFailure`.
pub fn on_failure(input: Input<'_>, name: &str) -> Result<OnFailure, AwsError> {
    match input.string(name) {
        None | Some("ROLLBACK") => Ok(OnFailure::Rollback),
        Some("DELETE") => Ok(OnFailure::Delete),
        Some("DO_NOTHING") => Ok(OnFailure::DoNothing),
        Some(other) => Err(AwsError::validation(format!(
            "1 validation error detected: Value '{other}' at 'onFailure' failed to satisfy constraint: Member must satisfy enum value set: [ROLLBACK, DELETE, DO_NOTHING]"
        ))),
    }
}

/// The word for it.
pub fn on_failure_name(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Rollback => "ROLLBACK",
        OnFailure::Delete => "DELETE",
        OnFailure::DoNothing => "DO_NOTHING",
    }
}

/// `DisableRollback`, wherever the request has it: beside the rest, or in its `DeploymentConfig`.
pub fn disable_rollback(input: Input<'_>) -> Result<Option<bool>, AwsError> {
    let configured = match input.object("DeploymentConfig") {
        Some(configuration) => configuration.boolean("DisableRollback")?,
        None => None,
    };
    Ok(input.boolean("DisableRollback")?.or(configured))
}

/// `DisableRollback` and `OnFailure`, of which only one may be given.
pub fn failure_options(input: Input<'_>) -> Result<OnFailure, AwsError> {
    match (disable_rollback(input)?, input.has("OnFailure")) {
        (Some(_), true) => {
            Err(AwsError::validation("You can specify either DisableRollback or OnFailure, but not both."))
        }
        (Some(true), false) => Ok(OnFailure::DoNothing),
        (Some(false) | None, _) => on_failure(input, "OnFailure"),
    }
}
