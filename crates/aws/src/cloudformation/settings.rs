//! A stack's status and settings.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::Stack;
use upgrade::{PortError, StackSettings};

use crate::errors::{code, port_error};

/// A stack; `None` when there is none.
pub(crate) async fn stack(client: &Client, stack: &str) -> Result<Option<Stack>, PortError> {
    match client.describe_stacks().stack_name(stack).send().await {
        Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next()),
        Err(error) => {
            let sorted = port_error("cloudformation:DescribeStacks", &error);
            // CloudFormation has no code of its own for it ("Stack with id X does not exist").
            let is_absent =
                code(&error) == Some("ValidationError") && sorted.message.contains("does not exist");
            if is_absent { Ok(None) } else { Err(sorted) }
        }
    }
}

/// A stack's status and AWS's reason for it; `None` when there is no such stack.
pub(crate) async fn stack_status(
    client: &Client,
    stack_id: &str,
) -> Result<Option<(String, String)>, PortError> {
    Ok(stack(client, stack_id).await?.map(|stack| {
        let status = stack.stack_status().map(|status| status.as_str().to_owned());
        (status.unwrap_or_default(), stack.stack_status_reason.unwrap_or_default())
    }))
}

/// A stack's policy, if it has one.
pub(crate) async fn stack_policy(client: &Client, stack_id: &str) -> Result<Option<String>, PortError> {
    let answer = client.get_stack_policy().stack_name(stack_id).send().await;
    let answer = answer.map_err(|error| port_error("cloudformation:GetStackPolicy", &error))?;
    Ok(answer.stack_policy_body.filter(|body| !body.is_empty()))
}

/// A stack's settings, but for its policy, which costs a call of its own.
pub(crate) async fn settings(client: &Client, stack_id: &str) -> Result<Option<StackSettings>, PortError> {
    let Some(stack) = stack(client, stack_id).await? else { return Ok(None) };
    let status = stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default();
    let triggers = stack.rollback_configuration().map(|found| found.rollback_triggers()).unwrap_or_default();
    Ok(Some(StackSettings {
        termination_protection: stack.enable_termination_protection().unwrap_or(false),
        stack_policy: None,
        stack_policy_unknown: None,
        tags: stack
            .tags()
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
            .collect(),
        role_arn: stack.role_arn().map(str::to_owned),
        notification_arns: stack.notification_arns().to_vec(),
        capabilities: stack.capabilities().iter().map(|name| name.as_str().to_owned()).collect(),
        rollback_triggers: triggers.iter().filter_map(|trigger| trigger.arn().map(str::to_owned)).collect(),
        disable_rollback: stack.disable_rollback().unwrap_or(false),
        operation_under_way: status.ends_with("_IN_PROGRESS").then_some(status),
    }))
}
