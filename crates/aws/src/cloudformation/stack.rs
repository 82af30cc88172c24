//! A stack's status and settings.

use serde::Deserialize;
use upgrade::{PortError, StackSettings};

use super::on_stack;
use crate::errors::{CallError, OrAbsent};
use crate::tags::Tag;
use crate::wire::Wire;
use crate::wire::query::time;

/// A stack as DescribeStacks shows it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Stack {
    pub stack_id: Option<String>,
    pub stack_name: Option<String>,
    /// Such as `UPDATE_COMPLETE`.
    pub stack_status: String,
    stack_status_reason: String,
    pub description: Option<String>,
    #[serde(deserialize_with = "time")]
    pub last_updated_time: Option<String>,
    parameters: Vec<Parameter>,
    tags: Vec<Tag>,
    pub parent_id: Option<String>,
    #[serde(rename = "RoleARN")]
    pub role_arn: Option<String>,
    #[serde(rename = "NotificationARNs")]
    notification_arns: Vec<String>,
    capabilities: Vec<String>,
    rollback_configuration: RollbackConfiguration,
    enable_termination_protection: bool,
    disable_rollback: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Parameter {
    parameter_key: String,
    parameter_value: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RollbackConfiguration {
    rollback_triggers: Vec<RollbackTrigger>,
    monitoring_time_in_minutes: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RollbackTrigger {
    arn: String,
}

impl Stack {
    /// Names and values. A NoEcho parameter is `****`.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        let pair = |one: &Parameter| Some((one.parameter_key.clone(), one.parameter_value.clone()?));
        self.parameters.iter().filter_map(pair)
    }

    pub(crate) fn tags(&self) -> impl Iterator<Item = (String, String)> {
        self.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone()))
    }
}

/// The stack; an absent one is refused.
pub(crate) async fn any_stack(wire: &Wire, stack: &str) -> Result<Option<Stack>, CallError> {
    let stacks: Vec<Stack> = wire.list(&on_stack("DescribeStacks", stack), "Stacks").await?;
    Ok(stacks.into_iter().next())
}

/// A stack; `None` when there is none.
pub(crate) async fn stack(wire: &Wire, stack: &str) -> Result<Option<Stack>, PortError> {
    // CloudFormation has no code of its own for it ("Stack with id X does not exist").
    let is_absent =
        |error: &CallError| error.code() == "ValidationError" && error.message().contains("does not exist");
    Ok(any_stack(wire, stack).await.or_absent(is_absent)?.flatten())
}

/// A stack's status and AWS's reason for it; `None` when there is no such stack.
pub(crate) async fn stack_status(wire: &Wire, stack_id: &str) -> Result<Option<(String, String)>, PortError> {
    Ok(stack(wire, stack_id).await?.map(|stack| (stack.stack_status, stack.stack_status_reason)))
}

/// A stack's policy, if it has one.
pub(crate) async fn stack_policy(wire: &Wire, stack_id: &str) -> Result<Option<String>, PortError> {
    let answer = wire.query(&on_stack("GetStackPolicy", stack_id)).await?;
    Ok(answer.some_text_of("StackPolicyBody"))
}

/// A stack's settings, but for its policy, which costs a call of its own.
pub(crate) async fn settings(wire: &Wire, stack_id: &str) -> Result<Option<StackSettings>, PortError> {
    Ok(stack(wire, stack_id).await?.map(|stack| StackSettings {
        termination_protection: stack.enable_termination_protection,
        stack_policy: None,
        stack_policy_unknown: None,
        tags: stack.tags().collect(),
        role_arn: stack.role_arn,
        notification_arns: stack.notification_arns,
        capabilities: stack.capabilities,
        monitoring_minutes: stack.rollback_configuration.monitoring_time_in_minutes.unwrap_or(0),
        rollback_triggers: stack
            .rollback_configuration
            .rollback_triggers
            .into_iter()
            .map(|one| one.arn)
            .collect(),
        disable_rollback: stack.disable_rollback,
        operation_under_way: Some(stack.stack_status).filter(|status| status.ends_with("_IN_PROGRESS")),
    }))
}
