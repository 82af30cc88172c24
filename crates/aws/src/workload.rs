//! Work for a platform to do, as its users would give it: jobs in queues, instances in worker groups.

use aws_sdk_batch::types::{ContainerProperties, JobDefinitionType, ResourceRequirement, ResourceType};
use upgrade::PortError;

use crate::auto_scaling::on_group;
use crate::cloud::AwsCloud;
use crate::errors::port_error;

impl AwsCloud {
    /// Register a job definition whose jobs run for as long as their parameter `runSeconds` says; gives its
    /// ARN.
    pub async fn register_job_definition(&self, name: &str) -> Result<String, PortError> {
        let requirement =
            |kind, value: &str| ResourceRequirement::builder().r#type(kind).value(value).build();
        let container = ContainerProperties::builder()
            .image("public.ecr.aws/docker/library/busybox:latest")
            .command("sleep")
            .command("Ref::runSeconds")
            .resource_requirements(requirement(ResourceType::Vcpu, "1"))
            .resource_requirements(requirement(ResourceType::Memory, "512"))
            .build();
        let answer = self
            .batch
            .register_job_definition()
            .job_definition_name(name)
            .r#type(JobDefinitionType::Container)
            .parameters("runSeconds", "60")
            .container_properties(container)
            .send()
            .await
            .map_err(|error| port_error("batch:RegisterJobDefinition", &error))?;
        Ok(answer.job_definition_arn.unwrap_or_else(|| name.to_owned()))
    }

    /// Submit a job that runs for `run_seconds`; gives its id.
    pub async fn submit_job(
        &self,
        queue: &str,
        definition: &str,
        name: &str,
        run_seconds: u32,
    ) -> Result<String, PortError> {
        let answer = self
            .batch
            .submit_job()
            .job_queue(queue)
            .job_definition(definition)
            .job_name(name)
            .parameters("runSeconds", run_seconds.to_string())
            .send()
            .await
            .map_err(|error| port_error("batch:SubmitJob", &error))?;
        Ok(answer.job_id.unwrap_or_default())
    }

    /// Let a group reach a number of instances.
    pub async fn set_desired_capacity(&self, group_name: &str, capacity: i32) -> Result<(), PortError> {
        let form = on_group("SetDesiredCapacity", group_name).with("DesiredCapacity", capacity);
        Ok(self.wire.tell(&form).await?)
    }
}
