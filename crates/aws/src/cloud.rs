//! The port itself: each question and each act goes to the service that can answer it.

use conductor::Cloud;
use upgrade::{Act, Observation, PlannedSnapshot, PortError, PortErrorKind, Query, Rememberer, SnapshotKind};

use crate::connection::{Connection, Reach};
use crate::endpoints::{AUTO_SCALING, BATCH, CLOUDFORMATION, LOAD_BALANCING, STORAGE};
use crate::errors::Origin;
use crate::load_balancing::gate;
use crate::pace::Pace;
use crate::together::{all, each};
use crate::wire::Wire;
use crate::{auto_scaling, batch, cloudformation, cloudwatch, ec2, load_balancing, rds};

/// A cloud that speaks the AWS wire: one account in one Region.
#[derive(Debug, Clone)]
pub struct AwsCloud {
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    pub(crate) auto_scaling: aws_sdk_autoscaling::Client,
    pub(crate) batch: aws_sdk_batch::Client,
    pub(crate) load_balancing: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) storage: aws_sdk_s3::Client,
    pub(crate) wire: Wire,
    pub(crate) region: String,
    pub(crate) origin: Origin,
}

impl AwsCloud {
    /// Clients for every service an upgrade touches, as fast as they come. Nothing is sent yet.
    #[must_use]
    pub fn new(connection: &Connection) -> AwsCloud {
        AwsCloud::paced(connection, Pace::Unlimited)
    }

    /// The same, at a pace.
    #[must_use]
    pub fn paced(connection: &Connection, pace: Pace) -> AwsCloud {
        AwsCloud::of(connection.reach(pace))
    }

    pub(crate) fn of(reach: Reach) -> AwsCloud {
        let Reach { sdk, wire, origin } = reach;
        let endpoints = wire.endpoints.clone();
        let of = |service| endpoints.sdk_config(&sdk, service);
        let mut storage = aws_sdk_s3::config::Builder::from(&of(&STORAGE))
            .request_checksum_calculation(aws_sdk_s3::config::RequestChecksumCalculation::WhenRequired);
        if endpoints.endpoint_url(&STORAGE).is_some() {
            // Path style, so that a bucket needs no DNS name of its own.
            storage = storage.force_path_style(true);
        }
        AwsCloud {
            cloudformation: aws_sdk_cloudformation::Client::new(&of(&CLOUDFORMATION)),
            auto_scaling: aws_sdk_autoscaling::Client::new(&of(&AUTO_SCALING)),
            batch: aws_sdk_batch::Client::new(&of(&BATCH)),
            load_balancing: aws_sdk_elasticloadbalancingv2::Client::new(&of(&LOAD_BALANCING)),
            storage: aws_sdk_s3::Client::from_conf(storage.build()),
            region: wire.endpoints.region.clone(),
            wire,
            origin,
        }
    }

    /// Whose requests these are, for a person: `profile prod, Region us-east-1`.
    #[must_use]
    pub fn described(&self) -> &str {
        &self.origin.described
    }

    async fn answer(&self, query: &Query) -> Result<Observation, PortError> {
        Ok(match query {
            Query::GateRules { listener_arn } => {
                Observation::GateRules(gate::gate_rules(&self.load_balancing, listener_arn).await?)
            }
            Query::JobQueues { arns } => Observation::JobQueues(batch::job_queues(&self.batch, arns).await?),
            Query::Jobs { queue_arns } => {
                let mut jobs = batch::unfinished_jobs(&self.batch, queue_arns).await?;
                batch::name_owners_of_few(&self.batch, &mut jobs).await;
                Observation::Jobs(jobs)
            }
            Query::WorkerGroups { names } => {
                Observation::WorkerGroups(auto_scaling::worker_groups(&self.auto_scaling, names).await?)
            }
            Query::ChangeSet { stack_id, name, .. } => Observation::ChangeSet(
                cloudformation::change_set(&self.cloudformation, stack_id, name).await?,
            ),
            Query::StackEvents { stack_id, client_request_token, after_event_id, worker_groups, .. } => {
                let after = after_event_id.as_deref();
                let client = &self.cloudformation;
                let events =
                    cloudformation::events::events(client, stack_id, client_request_token, after).await?;
                let worker_groups = match worker_groups.as_slice() {
                    [] => Vec::new(),
                    names => auto_scaling::worker_groups(&self.auto_scaling, names).await?,
                };
                Observation::StackEvents { events, worker_groups }
            }
            Query::Resources { stack_id, logical_ids } => {
                let mut resources = cloudformation::resources(&self.cloudformation, stack_id).await?;
                resources.retain(|resource| logical_ids.contains(&resource.logical_id));
                Observation::Resources(resources)
            }
            Query::Alarms { names } => Observation::Alarms(cloudwatch::alarms(&self.wire, names).await?),
            Query::Machines { tags } => Observation::Machines(ec2::machines(&self.wire, tags).await?),
            Query::Snapshots { planned, run_id } => {
                let mut seen = rds::snapshots(&self.wire, &of_kind(planned, SnapshotKind::Database)).await?;
                seen.extend(
                    ec2::snapshots(&self.wire, &of_kind(planned, SnapshotKind::Volume), run_id).await?,
                );
                Observation::Snapshots(seen)
            }
            // What only the platform and the owner's own checks can tell is added by whoever asks those.
            Query::Health { target_group_arns, .. } => Observation::Health(
                all(target_group_arns, |arn| load_balancing::target_health(&self.load_balancing, arn))
                    .await?,
            ),
            Query::Platform(_) => return Err(not_ours("platform:Query")),
        })
    }

    async fn carry_out(&self, act: &Act) -> Result<(), PortError> {
        match act {
            Act::CloseGate { listener_arn, gate, run_id, missing } => {
                gate::close_gate(&self.load_balancing, listener_arn, gate, run_id, missing).await
            }
            Act::OpenGate { rule_arns } => gate::open_gate(&self.load_balancing, rule_arns).await,
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
            Act::Remember { memories } => {
                each(memories, async |memory| match &memory.resource {
                    Rememberer::WorkerGroup(name) => {
                        auto_scaling::remember(&self.auto_scaling, name, &memory.text).await
                    }
                    Rememberer::JobQueue(arn) => batch::remember(&self.batch, arn, &memory.text).await,
                })
                .await
            }
            Act::Forget { resources } => {
                each(resources, async |resource| match resource {
                    Rememberer::WorkerGroup(name) => auto_scaling::forget(&self.auto_scaling, name).await,
                    Rememberer::JobQueue(arn) => batch::forget(&self.batch, arn).await,
                })
                .await
            }
            Act::CompleteLifecycleActions { actions } => {
                auto_scaling::complete_lifecycle_actions(&self.auto_scaling, actions).await
            }
            Act::TerminateInstances { instance_ids } => {
                ec2::terminate_instances(&self.wire, instance_ids).await
            }
            Act::SetAlarmActions { names, enabled } => {
                cloudwatch::set_alarm_actions(&self.wire, names, *enabled).await
            }
            Act::CreateSnapshots { snapshots, run_id } => {
                let databases = of_kind(snapshots, SnapshotKind::Database);
                rds::create_snapshots(&self.wire, &databases, run_id).await?;
                ec2::create_snapshots(&self.wire, &of_kind(snapshots, SnapshotKind::Volume), run_id).await
            }
            Act::Platform { .. } => Err(not_ours("platform:Act")),
            Act::CreateChangeSet { .. }
            | Act::ExecuteChangeSet { .. }
            | Act::DeleteChangeSet { .. }
            | Act::CancelUpdate { .. }
            | Act::ContinueUpdateRollback { .. } => self.act_on_stack(act).await,
        }
    }

    /// What is done to a stack; other acts have none.
    async fn act_on_stack(&self, act: &Act) -> Result<(), PortError> {
        use cloudformation::acts;
        let client = &self.cloudformation;
        match act {
            Act::CreateChangeSet { stack_id, proposal, .. } => {
                acts::create_change_set(client, stack_id, proposal).await
            }
            Act::ExecuteChangeSet { stack_id, change_set_name, client_request_token, .. } => {
                acts::execute_change_set(client, stack_id, change_set_name, client_request_token).await
            }
            Act::DeleteChangeSet { stack_id, change_set_name, .. } => {
                acts::delete_change_set(client, stack_id, change_set_name).await
            }
            Act::CancelUpdate { stack_id, client_request_token, .. } => {
                acts::cancel_update(client, stack_id, client_request_token).await
            }
            Act::ContinueUpdateRollback { stack_id, skip, client_request_token, .. } => {
                acts::continue_update_rollback(client, stack_id, skip, client_request_token).await
            }
            Act::CloseGate { .. }
            | Act::OpenGate { .. }
            | Act::SetJobQueueStates { .. }
            | Act::TerminateJobs { .. }
            | Act::ResizeWorkerGroups { .. }
            | Act::ResizeWarmPools { .. }
            | Act::RemoveScaleInProtection { .. }
            | Act::Remember { .. }
            | Act::Forget { .. }
            | Act::CompleteLifecycleActions { .. }
            | Act::TerminateInstances { .. }
            | Act::SetAlarmActions { .. }
            | Act::CreateSnapshots { .. }
            | Act::Platform { .. } => Ok(()),
        }
    }
}

fn of_kind(planned: &[PlannedSnapshot], kind: SnapshotKind) -> Vec<&PlannedSnapshot> {
    planned.iter().filter(|planned| planned.kind == kind).collect()
}

fn not_ours(operation: &str) -> PortError {
    PortError {
        kind: PortErrorKind::Refused,
        operation: operation.to_owned(),
        message: "AWS can't be asked for the platform's own API: no adapter for it is connected".to_owned(),
    }
}

impl Cloud for AwsCloud {
    async fn observe(&self, query: &Query) -> Result<Observation, PortError> {
        self.answer(query).await.map_err(|error| self.origin.explain(error))
    }

    async fn act(&self, act: &Act) -> Result<(), PortError> {
        self.carry_out(act).await.map_err(|error| self.origin.explain(error))
    }
}
