//! A deployment as it stands, for a plan to be made from.

use upgrade::{Deployment, PortError, VersionSource, deployed_version};

use crate::cloud::AwsCloud;
use crate::cloudformation::{on_stack, resources, stack};
use crate::ec2::incomplete;

const DESCRIBE_STACKS: &str = "cloudformation:DescribeStacks";

impl AwsCloud {
    /// A stack with its template, parameters and resources.
    pub async fn deployment(&self, stack_name: &str) -> Result<Deployment, PortError> {
        self.read_deployment(stack_name).await.map_err(|error| self.origin.explain(error))
    }

    /// A stack's id: the ARN that tells it from one of the same name before and after it.
    pub async fn stack_id(&self, stack_name: &str) -> Result<String, PortError> {
        let found = stack::any_stack(&self.wire, stack_name).await;
        let found = found.map_err(|error| self.origin.explain(error.into()))?;
        found.and_then(|stack| stack.stack_id).ok_or_else(|| incomplete(DESCRIBE_STACKS, "stack id"))
    }

    /// The role that CloudFormation works as on a stack; `None`: it works with the rights of whoever asks.
    pub async fn stack_role(&self, stack_name: &str) -> Result<Option<String>, PortError> {
        let found = stack::any_stack(&self.wire, stack_name).await;
        let found = found.map_err(|error| self.origin.explain(error.into()))?;
        Ok(found.and_then(|stack| stack.role_arn))
    }

    async fn read_deployment(&self, stack_name: &str) -> Result<Deployment, PortError> {
        let lacks = |what: &'static str| move || incomplete(DESCRIBE_STACKS, what);
        let stack = stack::any_stack(&self.wire, stack_name).await?.ok_or_else(lacks("stack"))?;
        let stack_id = stack.stack_id.as_deref().ok_or_else(lacks("stack id"))?;
        // arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/UUID
        let mut parts = stack_id.split(':').skip(1);
        let partition = parts.next().ok_or_else(lacks("partition in its stack id"))?;
        let region = parts.nth(1).ok_or_else(lacks("Region in its stack id"))?;
        let account_id = parts.next().ok_or_else(lacks("account in its stack id"))?;
        // A stack that has only a change set has no template yet (user guide, "Stack status codes").
        let template = match stack.stack_status.as_str() {
            "REVIEW_IN_PROGRESS" => String::new(),
            _deployed => self.deployed_template(stack_id).await?,
        };
        Ok(Deployment {
            stack_name: stack.stack_name.as_deref().unwrap_or(stack_name).to_owned(),
            stack_id: stack_id.to_owned(),
            status: stack.stack_status.clone(),
            last_updated: stack.last_updated_time.clone(),
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            partition: partition.to_owned(),
            template,
            parameters: stack.parameters().collect(),
            tags: stack.tags().collect(),
            resources: resources(&self.wire, stack_id).await?,
        })
    }

    async fn deployed_template(&self, stack_id: &str) -> Result<String, PortError> {
        let form = on_stack("GetTemplate", stack_id).with("TemplateStage", "Original");
        Ok(self.wire.query(&form).await?.text_of("TemplateBody").to_owned())
    }

    /// A stack's status, and the version that its template tells.
    pub(crate) async fn deployed_release(
        &self,
        stack_id: &str,
        sources: &[VersionSource],
    ) -> Result<(String, Option<String>), PortError> {
        let stack = stack::stack(&self.wire, stack_id).await?.unwrap_or_default();
        let text = self.deployed_template(stack_id).await?;
        let value = |name: &str| stack.parameters().find(|(key, _)| key == name).map(|(_, value)| value);
        let version = deployed_version(&text, sources, value);
        Ok((stack.stack_status, version))
    }
}
