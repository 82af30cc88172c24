//! What is done to a stack. Each act may be repeated after its answer was lost: what it would have done is then done
//! already, and the refusal says so.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetType, Parameter, RollbackConfiguration, RollbackTrigger, Tag,
};
use upgrade::{PortError, PortErrorKind, Proposal};

use super::settings::stack_status;
use crate::errors::{code, look_again, port_error};

/// The type of what a rollback trigger names: an alarm that watches a metric.
const ALARM: &str = "AWS::CloudWatch::Alarm";

pub(crate) async fn create_change_set(
    client: &Client,
    stack_id: &str,
    proposal: &Proposal,
) -> Result<(), PortError> {
    let parameters = proposal.parameters.iter().map(|setting| {
        let parameter = Parameter::builder().parameter_key(&setting.key);
        match &setting.value {
            Some(value) => parameter.parameter_value(value),
            None => parameter.use_previous_value(true),
        }
        .build()
    });
    let capabilities = proposal.capabilities.iter().map(|name| Capability::from(name.as_str()));
    let tags = proposal.tags.as_ref().map(|tags| {
        tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect::<Vec<_>>()
    });
    let rollback = proposal.rollback_triggers.as_ref().map(|arns| {
        let triggers = arns.iter().map(|arn| RollbackTrigger::builder().arn(arn).r#type(ALARM).build());
        RollbackConfiguration::builder().set_rollback_triggers(Some(triggers.collect())).build()
    });
    client
        .create_change_set()
        .stack_name(stack_id)
        .change_set_name(&proposal.change_set_name)
        .change_set_type(ChangeSetType::Update)
        .template_url(&proposal.template_url)
        .set_parameters(Some(parameters.collect()))
        .set_capabilities(Some(capabilities.collect()))
        .set_role_arn(proposal.role_arn.clone())
        .set_tags(tags)
        .set_notification_arns(proposal.notification_arns.clone())
        .set_rollback_configuration(rollback)
        .client_token(&proposal.change_set_name)
        .send()
        .await
        .map(drop)
        .or_else(|error| match code(&error) {
            // Made by a call whose answer was lost.
            Some("AlreadyExistsException") => Ok(()),
            _ => Err(port_error("cloudformation:CreateChangeSet", &error)),
        })
}

pub(crate) async fn execute_change_set(
    client: &Client,
    stack_id: &str,
    change_set_name: &str,
    client_request_token: &str,
) -> Result<(), PortError> {
    let executed = client
        .execute_change_set()
        .stack_name(stack_id)
        .change_set_name(change_set_name)
        .client_request_token(client_request_token)
        .send()
        .await;
    match executed {
        Ok(_) => Ok(()),
        Err(error) => {
            let sorted = port_error("cloudformation:ExecuteChangeSet", &error);
            match code(&error) {
                // This very request has been made before.
                Some("TokenAlreadyExistsException") => Ok(()),
                // It may be executing already, begun by a call whose answer was lost: the events tell.
                Some("InvalidChangeSetStatus") => Err(look_again(sorted)),
                _ => Err(sorted),
            }
        }
    }
}

pub(crate) async fn delete_change_set(
    client: &Client,
    stack_id: &str,
    change_set_name: &str,
) -> Result<(), PortError> {
    let deleted =
        client.delete_change_set().stack_name(stack_id).change_set_name(change_set_name).send().await;
    match deleted {
        Ok(_) => Ok(()),
        Err(error) => {
            let sorted = port_error("cloudformation:DeleteChangeSet", &error);
            match code(&error) {
                Some("ChangeSetNotFound") => Ok(()),
                // It is being made or executed: the next look says which.
                Some("InvalidChangeSetStatus") => Err(look_again(sorted)),
                _ if sorted.message.contains("does not exist") => Ok(()),
                _ => Err(sorted),
            }
        }
    }
}

pub(crate) async fn cancel_update(
    client: &Client,
    stack_id: &str,
    client_request_token: &str,
) -> Result<(), PortError> {
    let cancel = client.cancel_update_stack().stack_name(stack_id);
    let mut cancelled = cancel.clone().client_request_token(client_request_token).send().await;
    if cancelled.as_ref().is_err_and(|error| code(error) == Some("TokenAlreadyExistsException")) {
        // The update's own token is taken by the update: then without one.
        cancelled = cancel.send().await;
    }
    let Err(error) = cancelled else { return Ok(()) };
    let sorted = port_error("cloudformation:CancelUpdateStack", &error);
    // "CancelUpdateStack cannot be called from current stack status"
    if code(&error) != Some("ValidationError") || !sorted.message.contains("current stack status") {
        return Err(sorted);
    }
    let (status, _) = stack_status(client, stack_id).await?.unwrap_or_default();
    if status.contains("ROLLBACK") {
        // Cancelled by a call whose answer was lost, or rolling back by itself.
        return Ok(());
    }
    let message = format!("the stack is {status}: there is no update that could still be cancelled");
    Err(PortError { kind: PortErrorKind::Refused, message, ..sorted })
}

pub(crate) async fn continue_update_rollback(
    client: &Client,
    stack_id: &str,
    skip: &[String],
    client_request_token: &str,
) -> Result<(), PortError> {
    let mut request =
        client.continue_update_rollback().stack_name(stack_id).client_request_token(client_request_token);
    if !skip.is_empty() {
        request = request.set_resources_to_skip(Some(skip.to_vec()));
    }
    let Err(error) = request.send().await else { return Ok(()) };
    let sorted = port_error("cloudformation:ContinueUpdateRollback", &error);
    match code(&error) {
        Some("TokenAlreadyExistsException") => Ok(()),
        Some("ValidationError") => {
            let (status, _) = stack_status(client, stack_id).await?.unwrap_or_default();
            let goes_on = status.starts_with("UPDATE_ROLLBACK_") && status != "UPDATE_ROLLBACK_FAILED";
            // Continued by a call whose answer was lost, or by somebody else.
            if goes_on { Ok(()) } else { Err(sorted) }
        }
        _ => Err(sorted),
    }
}
