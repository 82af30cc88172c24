//! From a deployment on a cloud and a new release to a plan.

use std::collections::BTreeMap;

use aws::AwsCloud;
use upgrade::{DraftRequest, Plan, draft, find_targets};

use crate::error::CliError;

/// What to plan.
#[derive(Debug, Clone, Copy)]
pub struct PlanRequest<'a> {
    /// The stack.
    pub stack_name: &'a str,
    /// The new release's file name, for messages.
    pub template_name: &'a str,
    /// The new release's template.
    pub template: &'a [u8],
    /// Where CloudFormation will read it.
    pub template_url: &'a str,
    /// Parameters that the operator gives.
    pub given: &'a BTreeMap<String, String>,
    /// Names the run.
    pub run_id: &'a str,
}

/// Look at the deployment and draw up the plan. Nothing is changed.
pub async fn plan(cloud: &AwsCloud, request: &PlanRequest<'_>) -> Result<Plan, CliError> {
    let deployment = cloud.deployment(request.stack_name).await?;
    let (_, targets) = find_targets(&deployment)?;
    let rule_priorities = cloud.rule_priorities(&targets.listener.physical_id).await?;
    Ok(draft(&DraftRequest {
        deployment: &deployment,
        targets: &targets,
        rule_priorities: &rule_priorities,
        template_name: request.template_name,
        template: request.template,
        template_url: request.template_url,
        given: request.given,
        run_id: request.run_id,
    })?)
}
