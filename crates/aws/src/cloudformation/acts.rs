//! What is done to a stack. Each act may be repeated after its answer was lost: what it would have done is then done
//! already, and the refusal says so.

use upgrade::{PortError, PortErrorKind, Proposal};

use super::on_stack;
use super::stack::stack_status;
use crate::errors::look_again;
use crate::wire::Wire;
use crate::wire::query::Form;

/// The type of what a rollback trigger names: an alarm that watches a metric.
const ALARM: &str = "AWS::CloudWatch::Alarm";

/// The same request, by its token, has been made before.
const TOKEN_TAKEN: &str = "TokenAlreadyExistsException";

pub(crate) async fn create_change_set(
    wire: &Wire,
    stack_id: &str,
    proposal: &Proposal,
) -> Result<(), PortError> {
    create(wire, proposal_form(stack_id, proposal)).await
}

/// The same, held against what there is.
pub(crate) async fn create_drift_aware_change_set(
    wire: &Wire,
    stack_id: &str,
    proposal: &Proposal,
) -> Result<(), PortError> {
    create(wire, proposal_form(stack_id, proposal).with("DeploymentMode", "REVERT_DRIFT")).await
}

async fn create(wire: &Wire, form: Form<'_>) -> Result<(), PortError> {
    wire.tell(&form).await.or_else(|error| match error.code() {
        // Made by a call whose answer was lost.
        "AlreadyExistsException" => Ok(()),
        _ => Err(error.into()),
    })
}

fn proposal_form<'a>(stack_id: &str, proposal: &Proposal) -> Form<'a> {
    let mut form = on_stack("CreateChangeSet", stack_id)
        .with("ChangeSetName", &proposal.change_set_name)
        .with("ChangeSetType", "UPDATE")
        .with("TemplateURL", &proposal.template_url)
        .with_members("Parameters", &proposal.parameters, |setting| {
            let value = match &setting.value {
                Some(value) => ("ParameterValue", value.as_str()),
                None => ("UsePreviousValue", "true"),
            };
            [("ParameterKey", setting.key.as_str()), value]
        })
        .with_list("Capabilities.member", &proposal.capabilities)
        .with_some("RoleARN", proposal.role_arn.as_ref())
        .with("ClientToken", &proposal.change_set_name);
    // What is named with nothing in it is taken away; what isn't named stays as it is.
    if let Some(tags) = &proposal.tags {
        form = form.with_members("Tags", tags, |(key, value)| [("Key", key), ("Value", value)]);
    }
    if let Some(arns) = &proposal.notification_arns {
        form = form.with_members("NotificationARNs", arns, |arn| [("", arn)]);
    }
    if let Some(arns) = &proposal.rollback_triggers {
        form = form.with_members("RollbackConfiguration.RollbackTriggers", arns, |arn| {
            [("Arn", arn.as_str()), ("Type", ALARM)]
        });
    }
    form.with_some("RollbackConfiguration.MonitoringTimeInMinutes", proposal.monitoring_minutes)
}

pub(crate) async fn execute_change_set(
    wire: &Wire,
    stack_id: &str,
    change_set_name: &str,
    client_request_token: &str,
) -> Result<(), PortError> {
    let form = on_stack("ExecuteChangeSet", stack_id)
        .with("ChangeSetName", change_set_name)
        .with("ClientRequestToken", client_request_token);
    wire.tell(&form).await.or_else(|error| match error.code() {
        TOKEN_TAKEN => Ok(()),
        // It may be executing already, begun by a call whose answer was lost: the events tell.
        "InvalidChangeSetStatus" => Err(look_again(error.into())),
        _ => Err(error.into()),
    })
}

pub(crate) async fn delete_change_set(
    wire: &Wire,
    stack_id: &str,
    change_set_name: &str,
) -> Result<(), PortError> {
    let form = on_stack("DeleteChangeSet", stack_id).with("ChangeSetName", change_set_name);
    wire.tell(&form).await.or_else(|error| match error.code() {
        "ChangeSetNotFound" => Ok(()),
        // It is being made or executed: the next look says which.
        "InvalidChangeSetStatus" => Err(look_again(error.into())),
        _ if error.message().contains("does not exist") => Ok(()),
        _ => Err(error.into()),
    })
}

pub(crate) async fn cancel_update(
    wire: &Wire,
    stack_id: &str,
    client_request_token: &str,
) -> Result<(), PortError> {
    let cancel = on_stack("CancelUpdateStack", stack_id);
    let with_token = cancel.clone().with("ClientRequestToken", client_request_token);
    let mut cancelled = wire.tell(&with_token).await;
    if cancelled.as_ref().is_err_and(|error| error.code() == TOKEN_TAKEN) {
        // The update's own token is taken by the update: then without one.
        cancelled = wire.tell(&cancel).await;
    }
    let Err(error) = cancelled else { return Ok(()) };
    // "CancelUpdateStack cannot be called from current stack status"
    if error.code() != "ValidationError" || !error.message().contains("current stack status") {
        return Err(error.into());
    }
    let (status, _) = stack_status(wire, stack_id).await?.unwrap_or_default();
    if status.contains("ROLLBACK") {
        // Cancelled by a call whose answer was lost, or rolling back by itself.
        return Ok(());
    }
    let message = format!("the stack is {status}: there is no update that could still be cancelled");
    Err(PortError { kind: PortErrorKind::Refused, operation: error.operation, message })
}

pub(crate) async fn continue_update_rollback(
    wire: &Wire,
    stack_id: &str,
    (skip, force): (&[String], bool),
    client_request_token: &str,
) -> Result<(), PortError> {
    let form = on_stack("ContinueUpdateRollback", stack_id)
        .with("ClientRequestToken", client_request_token)
        .with_list("ResourcesToSkip.member", skip)
        .with_some("ForceRollback", force.then_some(true));
    let Err(error) = wire.tell(&form).await else { return Ok(()) };
    match error.code() {
        TOKEN_TAKEN => Ok(()),
        "ValidationError" => {
            let (status, _) = stack_status(wire, stack_id).await?.unwrap_or_default();
            let goes_on = status.starts_with("UPDATE_ROLLBACK_") && status != "UPDATE_ROLLBACK_FAILED";
            // Continued by a call whose answer was lost, or by somebody else.
            if goes_on { Ok(()) } else { Err(error.into()) }
        }
        _ => Err(error.into()),
    }
}
