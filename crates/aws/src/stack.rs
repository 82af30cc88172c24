//! Creating a stack: what stands before any upgrade.

use std::collections::BTreeMap;
use std::time::Duration;

use conductor::Clock;
use serde::Deserialize;
use upgrade::{PortError, PortErrorKind, StackEvent};

use crate::cloud::AwsCloud;
use crate::cloudformation::events::{first_failure, history};
use crate::cloudformation::{on_stack, resources, stack};

/// A stack to create.
#[derive(Debug, Clone)]
pub struct NewStack<'a> {
    pub stack_name: &'a str,
    pub template_url: &'a str,
    /// Parameter values.
    pub parameters: &'a BTreeMap<String, String>,
    pub capabilities: &'a [String],
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ChangeSetSummary {
    change_set_name: String,
    execution_status: String,
}

impl AwsCloud {
    /// Begin to create a stack; gives its id.
    pub async fn create_stack(&self, new: &NewStack<'_>) -> Result<String, PortError> {
        let form = on_stack("CreateStack", new.stack_name)
            .with("TemplateURL", new.template_url)
            .with_members("Parameters", new.parameters, |(key, value)| {
                [("ParameterKey", key), ("ParameterValue", value)]
            })
            .with_list("Capabilities.member", new.capabilities);
        let answer = self.wire.query(&form).await?;
        Ok(answer.some_text_of("StackId").unwrap_or_else(|| new.stack_name.to_owned()))
    }

    /// A stack's status and AWS's reason for it; `None` when there is no such stack.
    pub async fn stack_status(&self, stack_name: &str) -> Result<Option<(String, String)>, PortError> {
        stack::stack_status(&self.wire, stack_name).await
    }

    /// The latest events of a stack, at most so many, oldest first: how long things took there.
    pub async fn stack_history(&self, stack_id: &str, most: usize) -> Result<Vec<StackEvent>, PortError> {
        history(&self.wire, stack_id, most).await.map_err(|error| self.origin.explain(error))
    }

    /// Names of a stack's change sets that were made and not executed.
    pub async fn waiting_change_sets(&self, stack_id: &str) -> Result<Vec<String>, PortError> {
        let summaries = self.wire.list(&on_stack("ListChangeSets", stack_id), "Summaries").await;
        let summaries: Vec<ChangeSetSummary> =
            summaries.map_err(|error| self.origin.explain(error.into()))?;
        let waiting = summaries.into_iter().filter(|one| one.execution_status == "AVAILABLE");
        Ok(waiting.map(|one| one.change_set_name).collect())
    }

    /// Wait until a stack is CREATE_COMPLETE; any other end is an error that names the first failed resource.
    pub async fn wait_until_created(&self, stack_id: &str, clock: &Clock) -> Result<(), PortError> {
        loop {
            let (status, reason) = self.stack_status(stack_id).await?.unwrap_or_default();
            match status.as_str() {
                "CREATE_COMPLETE" => return Ok(()),
                status if status.ends_with("_IN_PROGRESS") => clock.sleep(Duration::from_secs(2)).await,
                status => {
                    let cause = first_failure(&self.wire, stack_id).await?;
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
        Ok(resources(&self.wire, stack_id).await?.len())
    }
}
