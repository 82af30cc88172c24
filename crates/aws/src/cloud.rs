//! The port itself: each question and each act goes to the service that can answer it.

use std::collections::BTreeMap;

use conductor::Cloud;
use futures_util::future::try_join5;
use upgrade::{
    Act, CalmParts, CalmSeen, DoorSeen, Facts, FleetAct, FleetQuery, HealthQuery, ListenerSeen,
    LogicalResource, Maintenance, Memory, NotedResource, Observation, PlannedSnapshot, PortError,
    PortErrorKind, Query, SnapshotKind, StackAct, StackQuery, StandingSeen, Targets, WaysIn,
};

use crate::clouds::AwsClouds;
use crate::concurrency::{all, each};
use crate::connection::{Connection, Reach};
use crate::errors::Origin;
use crate::load_balancing::gate;
use crate::obstacles::Unseen;
use crate::pace::Pace;
use crate::wire::Wire;
use crate::{auto_scaling, batch, cloudformation, cloudwatch, ec2, ecs, load_balancing, rds};

/// A cloud that speaks the AWS wire: one account in one Region.
#[derive(Debug, Clone)]
pub struct AwsCloud {
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
        AwsCloud::from_reach(connection.reach(pace))
    }

    pub(crate) fn from_reach(reach: Reach) -> AwsCloud {
        let Reach { wire, origin } = reach;
        AwsCloud { region: wire.endpoints.region.clone(), wire, origin }
    }

    /// Whose requests these are, for a person: `profile prod, Region us-east-1`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.origin.label
    }

    async fn answer(&self, query: &Query) -> Result<Observation, PortError> {
        match query {
            Query::Stack(query) => self.answer_of_stack(query).await,
            Query::Fleet(query) => self.answer_of_fleet(query).await,
            // What only the platform and the owner's own checks can tell is added by whoever asks those.
            Query::Health(HealthQuery {
                target_group_arns,
                service_arns,
                platform: _,
                version: _,
                http: _,
            }) => {
                let health = |arn: &String| {
                    let arn = arn.clone();
                    async move { load_balancing::target_health(&self.wire, &arn).await }
                };
                let mut findings = all(target_group_arns, health).await?;
                findings.extend(ecs::health(&self.wire, service_arns).await?);
                Ok(Observation::Health(findings))
            }
            Query::Platform(_) => Err(not_ours("platform:Query")),
        }
    }

    async fn answer_of_stack(&self, query: &StackQuery) -> Result<Observation, PortError> {
        match query {
            StackQuery::ChangeSet { stack_id, name, .. } => {
                Ok(Observation::ChangeSet(cloudformation::change_set(&self.wire, stack_id, name).await?))
            }
            StackQuery::Events { stack_id, client_request_token, after_event_id, worker_groups, .. } => {
                let after = after_event_id.as_deref();
                let events =
                    cloudformation::events::events(&self.wire, stack_id, client_request_token, after).await?;
                let worker_groups = match worker_groups.as_slice() {
                    [] => Vec::new(),
                    names => auto_scaling::worker_groups(&self.wire, names).await?,
                };
                Ok(Observation::StackEvents { events, worker_groups })
            }
            StackQuery::Status { stack_id, .. } => {
                let status = self.stack_status(stack_id).await?;
                Ok(Observation::StackStatus(status.map(|(status, _reason)| status)))
            }
            StackQuery::Contents { planned, pieces } => {
                let found = AwsClouds::one(self.clone()).verify_contents(planned, pieces).await;
                // Without credentials nothing was looked at, and nothing can be said of any content.
                if let Some(over) = found.unread.iter().find(|one| one.error.kind == PortErrorKind::Expired) {
                    return Err(over.error.clone());
                }
                Ok(Observation::Contents {
                    differences: found.differences.iter().map(ToString::to_string).collect(),
                    unread: found.unread.iter().map(|one| format!("{}: {}", one.what, one.error)).collect(),
                })
            }
        }
    }

    async fn answer_of_fleet(&self, query: &FleetQuery) -> Result<Observation, PortError> {
        Ok(match query {
            FleetQuery::GateRules { listener_arns } => {
                Observation::GateRules(self.doors(listener_arns).await?)
            }
            FleetQuery::EcsServices { arns } => {
                Observation::EcsServices(ecs::services(&self.wire, arns).await?)
            }
            FleetQuery::JobQueues { arns } => {
                Observation::JobQueues(batch::job_queues(&self.wire, arns).await?)
            }
            FleetQuery::Jobs { queue_arns } => {
                let mut jobs = batch::unfinished_jobs(&self.wire, queue_arns).await?;
                batch::name_owners_of_few(&self.wire, &mut jobs).await;
                Observation::Jobs(jobs)
            }
            FleetQuery::WorkerGroups { names } => {
                Observation::WorkerGroups(auto_scaling::worker_groups(&self.wire, names).await?)
            }
            FleetQuery::Resources { stack_id, logical_ids } => {
                let mut resources = cloudformation::resources(&self.wire, stack_id).await?;
                resources.retain(|resource| logical_ids.contains(&resource.logical_id));
                Observation::Resources(resources)
            }
            FleetQuery::Alarms { names } => {
                Observation::Alarms(cloudwatch::alarms(&self.wire, names, |_| true).await?)
            }
            FleetQuery::Machines { tags } => Observation::Machines(ec2::machines(&self.wire, tags).await?),
            FleetQuery::Snapshots { planned, run_id } => {
                let mut seen = rds::snapshots(&self.wire, &of_kind(planned, SnapshotKind::Database)).await?;
                seen.extend(
                    ec2::snapshots(&self.wire, &of_kind(planned, SnapshotKind::Volume), run_id).await?,
                );
                Observation::Snapshots(seen)
            }
            FleetQuery::Obstacles(parts) => {
                Observation::Obstacles(Box::new(self.obstacles(parts, Unseen::IsTriedAgain).await?))
            }
            FleetQuery::Facts { stack_id, targets, listener_arns } => {
                Observation::Facts(self.facts(stack_id, targets, listener_arns).await?)
            }
            // Whether an alarm acts is all that the calm is about: its note isn't asked for.
            FleetQuery::Calm(parts) => Observation::Calm(self.calm(parts, |_| false).await?),
            FleetQuery::Standing { stack_id, parts, version_sources } => {
                let calm = self.calm(parts, |acts| !acts).await?;
                let (stack_status, version) = self.deployed_release(stack_id, version_sources).await?;
                Observation::Standing(StandingSeen { stack_status, version, calm })
            }
        })
    }

    /// What a plan stands on.
    ///
    /// # Errors
    /// A part of it can't be looked at.
    pub async fn facts(
        &self,
        stack_id: &str,
        targets: &Targets,
        listener_arns: &[String],
    ) -> Result<Facts, PortError> {
        let names = |resources: &[LogicalResource]| -> Vec<String> {
            resources.iter().map(|resource| resource.physical_id.clone()).collect()
        };
        let deployment = self.deployment(stack_id).await?;
        let groups = names(&targets.worker_groups);
        let groups = auto_scaling::worker_groups(&self.wire, &groups).await?;
        let databases = rds::databases(&self.wire, &targets.databases).await?;
        // Where there is no gate, notes tell of maintenance.
        let (queues, services) = match listener_arns {
            [] => (
                batch::job_queues(&self.wire, &names(&targets.job_queues)).await?,
                ecs::services(&self.wire, &names(&targets.ecs_services)).await?,
            ),
            _ => (Vec::new(), Vec::new()),
        };
        let doors = self.doors(listener_arns).await?;
        let calm = CalmSeen { doors, queues, groups: groups.clone(), services, ..CalmSeen::default() };
        let found = Maintenance::from_calm(&calm);
        Ok(Facts::gather(&deployment, targets, &groups, &databases, found.as_ref()))
    }

    async fn doors(&self, listener_arns: &[String]) -> Result<Vec<DoorSeen>, PortError> {
        all(listener_arns, async |arn| gate::door(&self.wire, arn).await).await
    }

    /// Every way in, those of nested stacks included.
    ///
    /// # Errors
    /// A listener can't be looked at, or the settings name one that isn't there.
    pub async fn listeners(&self, ways: &WaysIn) -> Result<Vec<ListenerSeen>, PortError> {
        let ways = self.with_nested(ways).await?;
        load_balancing::listeners::listeners(&self.wire, &ways).await
    }

    /// What the calm is made of, all parts at once. `with_note` says of which alarms, by whether they act, the note is
    /// asked for.
    async fn calm(&self, parts: &CalmParts, with_note: fn(bool) -> bool) -> Result<CalmSeen, PortError> {
        let CalmParts { listener_arns, queue_arns, job_queue_arns, group_names, service_arns, alarm_names } =
            parts;
        let doors = self.doors(listener_arns);
        let work = async {
            let queues = batch::job_queues(&self.wire, queue_arns).await?;
            Ok((queues, batch::unfinished_jobs(&self.wire, job_queue_arns).await?))
        };
        let groups = auto_scaling::worker_groups(&self.wire, group_names);
        let services = ecs::services(&self.wire, service_arns);
        let alarms = cloudwatch::alarms(&self.wire, alarm_names, with_note);
        let (doors, (queues, jobs), groups, services, alarms) =
            try_join5(doors, work, groups, services, alarms).await?;
        Ok(CalmSeen { doors, queues, jobs, groups, services, alarms })
    }

    async fn carry_out(&self, act: &Act) -> Result<(), PortError> {
        match act {
            Act::Stack(act) => self.act_on_stack(act).await,
            Act::Fleet(act) => self.act_on_fleet(act).await,
            Act::Platform { .. } => Err(not_ours("platform:Act")),
        }
    }

    async fn act_on_fleet(&self, act: &FleetAct) -> Result<(), PortError> {
        match act {
            FleetAct::CloseGate { listener_arn, gate, run_id, note, missing } => {
                let tags = gate::Tags { run_id, note };
                gate::close_gate(&self.wire, listener_arn, gate, tags, missing).await
            }
            FleetAct::OpenGate { rule_arns } => gate::open_gate(&self.wire, rule_arns).await,
            FleetAct::SetRulePriorities { moves } => gate::set_priorities(&self.wire, moves).await,
            FleetAct::SetJobQueueStates { queue_arns, enabled } => {
                batch::set_job_queue_states(&self.wire, queue_arns, *enabled).await
            }
            FleetAct::TerminateJobs { job_ids, reason } => {
                batch::terminate_jobs(&self.wire, job_ids, reason).await
            }
            FleetAct::ResizeWorkerGroups { sizes } => {
                auto_scaling::resize_worker_groups(&self.wire, sizes).await
            }
            FleetAct::ResizeWarmPools { sizes } => auto_scaling::resize_warm_pools(&self.wire, sizes).await,
            FleetAct::SetDesiredCounts { counts } => ecs::set_desired_counts(&self.wire, counts).await,
            FleetAct::StopTasks { task_arns, reason } => ecs::stop_tasks(&self.wire, task_arns, reason).await,
            FleetAct::RemoveScaleInProtection { group_name, instance_ids } => {
                auto_scaling::protect_from_scale_in(&self.wire, group_name, instance_ids, false).await
            }
            FleetAct::RestoreScaleInProtection { group_name, instance_ids } => {
                auto_scaling::protect_from_scale_in(&self.wire, group_name, instance_ids, true).await
            }
            FleetAct::Remember { memories } => self.remember(memories).await,
            FleetAct::Forget { resources } => self.forget(resources).await,
            FleetAct::CompleteLifecycleActions { actions } => {
                auto_scaling::complete_lifecycle_actions(&self.wire, actions).await
            }
            FleetAct::SetScheduledActions { group_names, active } => {
                auto_scaling::set_scheduled_actions(&self.wire, group_names, *active).await
            }
            FleetAct::TerminateInstances { instance_ids } => {
                ec2::terminate_instances(&self.wire, instance_ids).await
            }
            FleetAct::SetAlarmActions { names, enabled } => {
                cloudwatch::set_alarm_actions(&self.wire, names, *enabled).await
            }
            FleetAct::CreateSnapshots { snapshots, run_id } => {
                let databases = of_kind(snapshots, SnapshotKind::Database);
                rds::create_snapshots(&self.wire, &databases, run_id).await?;
                ec2::create_snapshots(&self.wire, &of_kind(snapshots, SnapshotKind::Volume), run_id).await
            }
        }
    }

    /// Notes on instances that say the same are written together: there may be hundreds.
    async fn remember(&self, memories: &[Memory]) -> Result<(), PortError> {
        let mut of_instances: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for memory in memories {
            if let NotedResource::Instance(id) = &memory.resource {
                of_instances.entry(&memory.text).or_default().push(id);
            }
        }
        each(memories, async |memory| match &memory.resource {
            NotedResource::WorkerGroup(name) => auto_scaling::remember(&self.wire, name, &memory.text).await,
            NotedResource::JobQueue(arn) => batch::remember(&self.wire, arn, &memory.text).await,
            NotedResource::EcsService(arn) => ecs::remember(&self.wire, arn, &memory.text).await,
            NotedResource::Alarm(name) => cloudwatch::remember(&self.wire, name, &memory.text).await,
            NotedResource::Instance(_) => Ok(()),
            NotedResource::ListenerRule(arn) => gate::remember(&self.wire, arn, &memory.text).await,
        })
        .await?;
        each(of_instances, async |(text, ids)| ec2::remember(&self.wire, &ids, text).await).await
    }

    async fn forget(&self, resources: &[NotedResource]) -> Result<(), PortError> {
        each(resources, async |resource| match resource {
            NotedResource::WorkerGroup(name) => auto_scaling::forget(&self.wire, name).await,
            NotedResource::JobQueue(arn) => batch::forget(&self.wire, arn).await,
            NotedResource::EcsService(arn) => ecs::forget(&self.wire, arn).await,
            NotedResource::Alarm(name) => cloudwatch::forget(&self.wire, name).await,
            NotedResource::Instance(_) => Ok(()),
            NotedResource::ListenerRule(arn) => gate::forget(&self.wire, arn).await,
        })
        .await?;
        let instances = resources.iter().filter_map(|resource| match resource {
            NotedResource::Instance(id) => Some(id.as_str()),
            NotedResource::WorkerGroup(_)
            | NotedResource::JobQueue(_)
            | NotedResource::EcsService(_)
            | NotedResource::Alarm(_)
            | NotedResource::ListenerRule(_) => None,
        });
        ec2::forget(&self.wire, &instances.collect::<Vec<_>>()).await
    }

    async fn act_on_stack(&self, act: &StackAct) -> Result<(), PortError> {
        use cloudformation::acts;
        let wire = &self.wire;
        match act {
            StackAct::CreateChangeSet { stack_id, proposal, .. } => {
                acts::create_change_set(wire, stack_id, proposal).await
            }
            StackAct::ExecuteChangeSet { stack_id, change_set_name, client_request_token, .. } => {
                acts::execute_change_set(wire, stack_id, change_set_name, client_request_token).await
            }
            StackAct::DeleteChangeSet { stack_id, change_set_name, .. } => {
                acts::delete_change_set(wire, stack_id, change_set_name).await
            }
            StackAct::CancelUpdate { stack_id, client_request_token, .. } => {
                acts::cancel_update(wire, stack_id, client_request_token).await
            }
            StackAct::ContinueUpdateRollback { stack_id, skip, force, client_request_token, .. } => {
                acts::continue_update_rollback(wire, stack_id, (skip, *force), client_request_token).await
            }
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
        if let Query::Stack(StackQuery::Contents { .. }) = query {
            // What can't be read is explained there.
            return self.answer(query).await;
        }
        self.answer(query).await.map_err(|error| self.origin.explain(error))
    }

    async fn act(&self, act: &Act) -> Result<(), PortError> {
        self.carry_out(act).await.map_err(|error| self.origin.explain(error))
    }
}
