//! Work for a platform to do, as its users would give it: jobs in queues, instances in worker groups.

use serde_json::{Value, json};
use upgrade::PortError;

use crate::auto_scaling::on_group;
use crate::batch;
use crate::cloud::AwsCloud;

impl AwsCloud {
    /// Register a job definition whose jobs run for as long as their parameter `runSeconds` says; gives its
    /// ARN.
    pub async fn register_job_definition(&self, name: &str) -> Result<String, PortError> {
        let asked = json!({
            "jobDefinitionName": name,
            "type": "container",
            "parameters": {"runSeconds": "60"},
            "containerProperties": {
                "image": "public.ecr.aws/docker/library/busybox:latest",
                "command": ["sleep", "Ref::runSeconds"],
                "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
            },
        });
        let answer: Value = batch::call(&self.wire, "RegisterJobDefinition", &asked).await?;
        Ok(answer.get("jobDefinitionArn").and_then(Value::as_str).unwrap_or(name).to_owned())
    }

    /// Submit a job that runs for `run_seconds`; gives its id.
    pub async fn submit_job(
        &self,
        queue: &str,
        definition: &str,
        name: &str,
        run_seconds: u32,
    ) -> Result<String, PortError> {
        let parameters = json!({"runSeconds": run_seconds.to_string()});
        let asked = json!({
            "jobName": name, "jobQueue": queue, "jobDefinition": definition, "parameters": parameters,
        });
        let answer: Value = batch::call(&self.wire, "SubmitJob", &asked).await?;
        Ok(answer.get("jobId").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Let a group reach a number of instances.
    pub async fn set_desired_capacity(&self, group_name: &str, capacity: i32) -> Result<(), PortError> {
        let form = on_group("SetDesiredCapacity", group_name).with("DesiredCapacity", capacity);
        Ok(self.wire.tell(&form).await?)
    }
}
