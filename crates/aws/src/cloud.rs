//! The port itself: each question and each act goes to the service that can answer it.

use conductor::Cloud;
use upgrade::{Act, Observation, PortError, Query};

use crate::connection::Connection;
use crate::{auto_scaling, batch, cloudformation, load_balancing};

/// A cloud that speaks the AWS wire.
#[derive(Debug, Clone)]
pub struct AwsCloud {
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    pub(crate) auto_scaling: aws_sdk_autoscaling::Client,
    pub(crate) batch: aws_sdk_batch::Client,
    pub(crate) load_balancing: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) storage: aws_sdk_s3::Client,
    pub(crate) region: String,
}

impl AwsCloud {
    /// Clients for every service an upgrade touches. Nothing is sent yet.
    #[must_use]
    pub fn new(connection: &Connection) -> AwsCloud {
        let config = connection.sdk_config();
        // Path style, so that a bucket needs no DNS name of its own; checksums only where S3 requires them.
        let storage = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(true)
            .request_checksum_calculation(aws_sdk_s3::config::RequestChecksumCalculation::WhenRequired)
            .build();
        AwsCloud {
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            auto_scaling: aws_sdk_autoscaling::Client::new(&config),
            batch: aws_sdk_batch::Client::new(&config),
            load_balancing: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            storage: aws_sdk_s3::Client::from_conf(storage),
            region: connection.region.clone(),
        }
    }
}

impl Cloud for AwsCloud {
    async fn observe(&self, query: &Query) -> Result<Observation, PortError> {
        match query {
            Query::GateRules { listener_arn } => {
                load_balancing::gate_rules(&self.load_balancing, listener_arn)
                    .await
                    .map(Observation::GateRules)
            }
            Query::JobQueues { arns } => {
                batch::job_queues(&self.batch, arns).await.map(Observation::JobQueues)
            }
            Query::Jobs { queue_arns } => {
                batch::unfinished_jobs(&self.batch, queue_arns).await.map(Observation::Jobs)
            }
            Query::WorkerGroups { names } => {
                auto_scaling::worker_groups(&self.auto_scaling, names).await.map(Observation::WorkerGroups)
            }
            Query::ChangeSet { stack_id, name } => {
                cloudformation::change_set(&self.cloudformation, stack_id, name)
                    .await
                    .map(Observation::ChangeSet)
            }
            Query::StackEvents { stack_id, client_request_token, after_event_id } => cloudformation::events(
                &self.cloudformation,
                stack_id,
                client_request_token,
                after_event_id.as_deref(),
            )
            .await
            .map(Observation::StackEvents),
            Query::Resources { stack_id, logical_ids } => {
                let mut resources = cloudformation::resources(&self.cloudformation, stack_id).await?;
                resources.retain(|resource| logical_ids.contains(&resource.logical_id));
                Ok(Observation::Resources(resources))
            }
        }
    }

    async fn act(&self, act: &Act) -> Result<(), PortError> {
        match act {
            Act::CloseGate { listener_arn, gate, run_id } => {
                load_balancing::close_gate(&self.load_balancing, listener_arn, gate, run_id).await
            }
            Act::OpenGate { rule_arns } => load_balancing::open_gate(&self.load_balancing, rule_arns).await,
            Act::SetJobQueueStates { queue_arns, enabled } => {
                batch::set_job_queue_states(&self.batch, queue_arns, *enabled).await
            }
            Act::TerminateJobs { job_ids, reason } => {
                batch::terminate_jobs(&self.batch, job_ids, reason).await
            }
            Act::ResizeWorkerGroups { sizes } => {
                auto_scaling::resize_worker_groups(&self.auto_scaling, sizes).await
            }
            Act::ResizeWarmPools { sizes } => {
                auto_scaling::resize_warm_pools(&self.auto_scaling, sizes).await
            }
            Act::RemoveScaleInProtection { group_name, instance_ids } => {
                auto_scaling::remove_scale_in_protection(&self.auto_scaling, group_name, instance_ids).await
            }
            Act::CreateChangeSet { stack_id, proposal } => {
                cloudformation::create_change_set(&self.cloudformation, stack_id, proposal).await
            }
            Act::ExecuteChangeSet { stack_id, change_set_name, client_request_token } => {
                cloudformation::execute_change_set(
                    &self.cloudformation,
                    stack_id,
                    change_set_name,
                    client_request_token,
                )
                .await
            }
        }
    }
}
