//! A deployment as it stands, for a plan to be made from.

use aws_sdk_cloudformation::types::{StackStatus, TemplateStage};
use upgrade::{Deployment, PortError, PortErrorKind, VersionSource, deployed_version};

use crate::cloud::AwsCloud;
use crate::cloudformation;
use crate::errors::port_error;

impl AwsCloud {
    /// A stack with its template, parameters and resources.
    pub async fn deployment(&self, stack_name: &str) -> Result<Deployment, PortError> {
        self.read_deployment(stack_name).await.map_err(|error| self.origin.explain(error))
    }

    /// A stack's id: the ARN that tells it from one of the same name before and after it.
    pub async fn stack_id(&self, stack_name: &str) -> Result<String, PortError> {
        const OPERATION: &str = "cloudformation:DescribeStacks";
        let described = self.cloudformation.describe_stacks().stack_name(stack_name).send().await;
        let answer = described.map_err(|error| self.origin.explain(port_error(OPERATION, &error)))?;
        let id = answer.stacks().first().and_then(|stack| stack.stack_id()).map(str::to_owned);
        id.ok_or_else(|| PortError {
            kind: PortErrorKind::Refused,
            operation: OPERATION.to_owned(),
            message: "the answer has no stack id".to_owned(),
        })
    }

    async fn read_deployment(&self, stack_name: &str) -> Result<Deployment, PortError> {
        const OPERATION: &str = "cloudformation:DescribeStacks";
        let answer = self
            .cloudformation
            .describe_stacks()
            .stack_name(stack_name)
            .send()
            .await
            .map_err(|error| port_error(OPERATION, &error))?;
        let incomplete = |what: &str| PortError {
            kind: PortErrorKind::Refused,
            operation: OPERATION.to_owned(),
            message: format!("the answer has no {what}"),
        };
        let stack = answer.stacks().first().ok_or_else(|| incomplete("stack"))?;
        let stack_id = stack.stack_id().ok_or_else(|| incomplete("stack id"))?;
        // arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/UUID
        let mut parts = stack_id.split(':').skip(1);
        let partition = parts.next().ok_or_else(|| incomplete("partition in its stack id"))?;
        let region = parts.nth(1).ok_or_else(|| incomplete("Region in its stack id"))?;
        let account_id = parts.next().ok_or_else(|| incomplete("account in its stack id"))?;
        // A stack that has only a change set has no template yet (user guide, "Stack status codes").
        let template = match stack.stack_status() {
            Some(StackStatus::ReviewInProgress) => String::new(),
            Some(_) | None => self.deployed_template(stack_id).await?,
        };
        Ok(Deployment {
            stack_name: stack.stack_name().unwrap_or(stack_name).to_owned(),
            stack_id: stack_id.to_owned(),
            status: stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            last_updated: stack.last_updated_time().map(ToString::to_string),
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            partition: partition.to_owned(),
            template,
            parameters: stack
                .parameters()
                .iter()
                .filter_map(|parameter| {
                    Some((parameter.parameter_key()?.to_owned(), parameter.parameter_value()?.to_owned()))
                })
                .collect(),
            resources: cloudformation::resources(&self.cloudformation, stack_id).await?,
        })
    }

    async fn deployed_template(&self, stack_id: &str) -> Result<String, PortError> {
        let answer = self
            .cloudformation
            .get_template()
            .stack_name(stack_id)
            .template_stage(TemplateStage::Original)
            .send()
            .await
            .map_err(|error| port_error("cloudformation:GetTemplate", &error))?;
        Ok(answer.template_body.unwrap_or_default())
    }

    /// A stack's status, and the version that its template tells.
    pub(crate) async fn release_of(
        &self,
        stack_id: &str,
        sources: &[VersionSource],
    ) -> Result<(String, Option<String>), PortError> {
        let stack = cloudformation::settings::stack(&self.cloudformation, stack_id).await?;
        let stack = stack.as_ref();
        let status = stack.and_then(|stack| Some(stack.stack_status()?.as_str().to_owned()));
        let text = self.deployed_template(stack_id).await?;
        let value = |name: &str| {
            let mut parameters = stack?.parameters().iter();
            let found = parameters.find(|parameter| parameter.parameter_key() == Some(name))?;
            found.parameter_value().map(str::to_owned)
        };
        Ok((status.unwrap_or_default(), deployed_version(&text, sources, value)))
    }
}
