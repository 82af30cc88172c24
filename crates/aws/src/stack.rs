//! Creating a stack: what stands before any upgrade.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudformation::types::{Capability, ExecutionStatus, Parameter};
use conductor::Clock;
use upgrade::{PortError, PortErrorKind};

use crate::cloud::AwsCloud;
use crate::errors::port_error;

/// A stack to create.
#[derive(Debug, Clone)]
pub struct NewStack<'a> {
    /// Its name.
    pub stack_name: &'a str,
    /// Where its template is.
    pub template_url: &'a str,
    /// Parameter values.
    pub parameters: &'a BTreeMap<String, String>,
    /// Acknowledged capabilities.
    pub capabilities: &'a [String],
}

impl AwsCloud {
    /// Begin to create a stack; gives its id.
    pub async fn create_stack(&self, stack: &NewStack<'_>) -> Result<String, PortError> {
        let parameters = stack
            .parameters
            .iter()
            .map(|(key, value)| Parameter::builder().parameter_key(key).parameter_value(value).build());
        let capabilities = stack.capabilities.iter().map(|name| Capability::from(name.as_str()));
        let answer = self
            .cloudformation
            .create_stack()
            .stack_name(stack.stack_name)
            .template_url(stack.template_url)
            .set_parameters(Some(parameters.collect()))
            .set_capabilities(Some(capabilities.collect()))
            .send()
            .await
            .map_err(|error| port_error("cloudformation:CreateStack", &error))?;
        Ok(answer.stack_id.unwrap_or_else(|| stack.stack_name.to_owned()))
    }

    /// A stack's status and AWS's reason for it; `None` when there is no such stack.
    pub async fn stack_status(&self, stack_name: &str) -> Result<Option<(String, String)>, PortError> {
        crate::cloudformation::settings::stack_status(&self.cloudformation, stack_name).await
    }

    /// Names of a stack's change sets that were made and not executed.
    pub async fn waiting_change_sets(&self, stack_id: &str) -> Result<Vec<String>, PortError> {
        let mut names = Vec::new();
        let mut next_token = None;
        loop {
            let page = self.cloudformation.list_change_sets().stack_name(stack_id).set_next_token(next_token);
            let page = page
                .send()
                .await
                .map_err(|error| self.origin.explain(port_error("cloudformation:ListChangeSets", &error)))?;
            let waiting = page.summaries().iter().filter(|one| {
                one.execution_status().is_some_and(|status| *status == ExecutionStatus::Available)
            });
            names.extend(waiting.filter_map(|one| one.change_set_name().map(str::to_owned)));
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(names);
            }
        }
    }

    /// Wait until a stack is CREATE_COMPLETE; any other end is an error that names the first failed resource.
    pub async fn wait_until_created(&self, stack_id: &str, clock: &Clock) -> Result<(), PortError> {
        loop {
            let (status, reason) = self.stack_status(stack_id).await?.unwrap_or_default();
            match status.as_str() {
                "CREATE_COMPLETE" => return Ok(()),
                status if status.ends_with("_IN_PROGRESS") => clock.sleep(Duration::from_secs(2)).await,
                status => {
                    let cause =
                        crate::cloudformation::events::first_failure(&self.cloudformation, stack_id).await?;
                    return Err(PortError {
                        kind: PortErrorKind::Refused,
                        operation: "cloudformation:CreateStack".to_owned(),
                        message: format!("the stack is {status}: {}", cause.unwrap_or(reason)),
                    });
                }
            }
        }
    }

    /// How many resources of a stack have been created.
    pub async fn resource_count(&self, stack_id: &str) -> Result<usize, PortError> {
        Ok(crate::cloudformation::resources(&self.cloudformation, stack_id).await?.len())
    }
}
