//! What can be done to the cloud. Every act is safe to repeat, and takes everything it needs from the plan
//! or from what was observed.

use serde::{Deserialize, Serialize};

use crate::plan::{Gate, PlannedSnapshot, Proposal, UpdateKind};
use crate::platform::PlatformAct;

/// One act, by where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// To CloudFormation, for one of the deployment's stacks.
    Stack(StackAct),
    /// To what the primary stack is made of.
    Fleet(FleetAct),
    /// To the platform's own API.
    Platform {
        /// What, one after the other.
        acts: Vec<PlatformAct>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StackAct {
    /// Make the change set.
    CreateChangeSet {
        /// Whose: says in which account and Region.
        update: UpdateKind,
        stack_id: String,
        /// What is proposed.
        proposal: Proposal,
    },
    ExecuteChangeSet {
        update: UpdateKind,
        stack_id: String,
        change_set_name: String,
        /// Marks the operation's events, and makes a repeated request the same request.
        client_request_token: String,
    },
    /// Delete a change set that was not executed.
    DeleteChangeSet { update: UpdateKind, stack_id: String, change_set_name: String },
    /// Cancel the update that is under way: CloudFormation rolls it back.
    CancelUpdate {
        update: UpdateKind,
        stack_id: String,
        /// The update's token.
        client_request_token: String,
    },
    /// Go on with a rollback that failed.
    ContinueUpdateRollback {
        update: UpdateKind,
        stack_id: String,
        /// Resources to skip.
        skip: Vec<String>,
        /// Whether whatever failed is skipped (`ForceRollback`); then `skip` is empty.
        #[serde(default)]
        force: bool,
        /// Marks the operation's events.
        client_request_token: String,
    },
}

/// An act on what the primary stack is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FleetAct {
    /// Make the listener rule that answers everybody with the maintenance page.
    CloseGate {
        listener_arn: String,
        /// The rule.
        gate: Gate,
        /// Whose it is: becomes the rules' tag, so that they can be found without a journal.
        run_id: String,
        /// The rules' other tag: since when users are kept out, and by whom ([`crate::Note`]).
        note: String,
        /// Which of the gate's rules are still to be made, by priority: the admitting ones first.
        missing: Vec<i32>,
    },
    /// Delete gate rules.
    OpenGate { rule_arns: Vec<String> },
    /// Set the priorities of the platform's own rules on one listener, all in one call: they make room for the gate, or take
    /// their places back.
    SetRulePriorities { moves: Vec<RuleMove> },
    /// Enable or disable Batch job queues.
    SetJobQueueStates {
        queue_arns: Vec<String>,
        /// `ENABLED` (true) or `DISABLED`.
        enabled: bool,
    },
    /// Terminate Batch jobs. TerminateJob also cancels jobs that have not started, where CancelJob silently
    /// leaves started ones alone (AWS Batch API reference, both pages).
    TerminateJobs {
        job_ids: Vec<String>,
        /// Goes into the jobs' status reason.
        reason: String,
    },
    /// Set the sizes of Auto Scaling groups.
    ResizeWorkerGroups { sizes: Vec<GroupSize> },
    /// Set the sizes of warm pools.
    ResizeWarmPools { sizes: Vec<WarmPoolSize> },
    /// Set how many tasks ECS services are to have.
    SetDesiredCounts { counts: Vec<ServiceCount> },
    /// Stop tasks of ECS services.
    StopTasks {
        task_arns: Vec<String>,
        /// Goes into the tasks' stopped reason.
        reason: String,
    },
    /// Take scale-in protection off instances of a group.
    RemoveScaleInProtection {
        group_name: String,
        /// The instances, none of them in the warm pool (AWS refuses those).
        instance_ids: Vec<String>,
    },
    /// Protect instances of a group from scale-in again: they had it, and live on.
    RestoreScaleInProtection {
        group_name: String,
        /// The instances, none of them in the warm pool.
        instance_ids: Vec<String>,
    },
    /// Write down on the resources themselves how they were, so that maintenance can be left without a journal.
    Remember {
        /// What is written on what.
        memories: Vec<Memory>,
    },
    /// Take those notes off again.
    Forget {
        /// From what.
        resources: Vec<NotedResource>,
    },
    /// Complete lifecycle actions that hold instances.
    CompleteLifecycleActions { actions: Vec<LifecycleAction> },
    /// Let the scheduled actions of Auto Scaling groups act, or not.
    SetScheduledActions {
        group_names: Vec<String>,
        /// Whether they act.
        active: bool,
    },
    /// Terminate EC2 instances directly.
    TerminateInstances { instance_ids: Vec<String> },
    /// Let alarms act, or not.
    SetAlarmActions {
        /// The alarms' names.
        names: Vec<String>,
        /// Whether they act.
        enabled: bool,
    },
    /// Begin snapshots.
    CreateSnapshots {
        snapshots: Vec<PlannedSnapshot>,
        /// Whose they are: becomes their tag.
        run_id: String,
    },
}

impl From<StackAct> for Act {
    fn from(act: StackAct) -> Act {
        Act::Stack(act)
    }
}

impl From<FleetAct> for Act {
    fn from(act: FleetAct) -> Act {
        Act::Fleet(act)
    }
}

impl StackAct {
    /// Whose stack it is about: says in which account and Region.
    #[must_use]
    pub fn update(&self) -> UpdateKind {
        match self {
            StackAct::CreateChangeSet { update, .. }
            | StackAct::ExecuteChangeSet { update, .. }
            | StackAct::DeleteChangeSet { update, .. }
            | StackAct::CancelUpdate { update, .. }
            | StackAct::ContinueUpdateRollback { update, .. } => *update,
        }
    }
}

impl Act {
    /// Whether it ends what can't be brought back (a session, a computation, a job, a machine), or begins an update of
    /// the platform's own stack: whoever is about to do it looks first whether the calm still holds.
    #[must_use]
    pub fn is_irrevocable(&self) -> bool {
        match self {
            Act::Stack(act) => match act {
                StackAct::ExecuteChangeSet { update, .. } => match update {
                    UpdateKind::Primary | UpdateKind::WayBack => true,
                    UpdateKind::BackupStack | UpdateKind::RoleStack => false,
                },
                StackAct::CreateChangeSet { .. }
                | StackAct::DeleteChangeSet { .. }
                | StackAct::CancelUpdate { .. }
                | StackAct::ContinueUpdateRollback { .. } => false,
            },
            Act::Fleet(act) => match act {
                FleetAct::TerminateJobs { .. }
                | FleetAct::StopTasks { .. }
                | FleetAct::TerminateInstances { .. } => true,
                FleetAct::ResizeWorkerGroups { sizes } => sizes.iter().any(|size| size.max_size == 0),
                FleetAct::SetDesiredCounts { counts } => counts.iter().any(|count| count.desired_count == 0),
                FleetAct::CloseGate { .. }
                | FleetAct::OpenGate { .. }
                | FleetAct::SetRulePriorities { .. }
                | FleetAct::SetJobQueueStates { .. }
                | FleetAct::ResizeWarmPools { .. }
                | FleetAct::RemoveScaleInProtection { .. }
                | FleetAct::RestoreScaleInProtection { .. }
                | FleetAct::Remember { .. }
                | FleetAct::Forget { .. }
                | FleetAct::CompleteLifecycleActions { .. }
                | FleetAct::SetScheduledActions { .. }
                | FleetAct::SetAlarmActions { .. }
                | FleetAct::CreateSnapshots { .. } => false,
            },
            Act::Platform { acts } => acts.iter().any(|act| match act {
                PlatformAct::StopSession { .. } | PlatformAct::StopComputation { .. } => true,
                PlatformAct::SaveSession { .. }
                | PlatformAct::Notify { .. }
                | PlatformAct::SetBanner(_)
                | PlatformAct::ClearBanner => false,
            }),
        }
    }
}

/// A note on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub resource: NotedResource,
    /// What is written.
    pub text: String,
}

/// What can carry a note: something with tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotedResource {
    /// An Auto Scaling group, by name.
    WorkerGroup(String),
    /// A Batch job queue, by ARN.
    JobQueue(String),
    /// An Amazon ECS service, by ARN.
    EcsService(String),
    /// A CloudWatch alarm, by name.
    Alarm(String),
    /// An instance of a worker group, by id.
    Instance(String),
    /// A listener rule, by ARN.
    ListenerRule(String),
}

impl NotedResource {
    /// Its id in the account: what its note is of.
    #[must_use]
    pub fn physical_id(&self) -> &str {
        match self {
            NotedResource::WorkerGroup(id)
            | NotedResource::JobQueue(id)
            | NotedResource::EcsService(id)
            | NotedResource::Alarm(id)
            | NotedResource::Instance(id)
            | NotedResource::ListenerRule(id) => id,
        }
    }
}

/// A lifecycle action that waits for somebody to complete it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleAction {
    pub group_name: String,
    pub hook_name: String,
    pub instance_id: String,
}

/// A listener rule that changes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleMove {
    pub rule_arn: String,
    /// Its priority now: 1 to 50000.
    pub from: i32,
    /// Its priority then.
    pub to: i32,
}

/// Sizes of an Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSize {
    pub group_name: String,
    /// Least number of instances.
    pub min_size: i32,
    /// Greatest number of instances.
    pub max_size: i32,
    /// Wanted number of instances.
    pub desired_capacity: i32,
    /// Whether new instances are protected from scale-in.
    pub new_instances_protected: bool,
}

/// How many tasks an Amazon ECS service is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceCount {
    pub service_arn: String,
    /// ECS' `desiredCount`.
    pub desired_count: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmPoolSize {
    pub group_name: String,
    /// Least number of instances kept warm.
    pub min_size: i32,
    /// Greatest number of prepared instances; `None`: the group's greatest size.
    pub max_group_prepared_capacity: Option<i32>,
}

impl std::fmt::Display for Act {
    /// One line for a person: what is done, to how many of what.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Act::Stack(act) => act.fmt(formatter),
            Act::Fleet(act) => act.fmt(formatter),
            Act::Platform { acts } => platform_acts(formatter, acts),
        }
    }
}

impl std::fmt::Display for FleetAct {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FleetAct::CloseGate { gate, listener_arn, .. } => write!(
                formatter,
                "create listener rule {} on {}: everybody gets the maintenance page ({})",
                gate.priority,
                listener_words(listener_arn),
                gate.status_code
            ),
            FleetAct::OpenGate { rule_arns } => {
                write!(formatter, "delete {}", counted(rule_arns.len(), "gate rule"))
            }
            FleetAct::SetRulePriorities { moves } => {
                let moves = joined(moves, |one| format!("{} to {}", one.from, one.to));
                write!(formatter, "set the priorities of the platform's rules: {moves}")
            }
            FleetAct::SetJobQueueStates { queue_arns, enabled } => write!(
                formatter,
                "{} {}",
                if *enabled { "enable" } else { "disable" },
                counted(queue_arns.len(), "job queue")
            ),
            FleetAct::TerminateJobs { job_ids, .. } => {
                write!(formatter, "terminate {}", counted(job_ids.len(), "job"))
            }
            FleetAct::ResizeWorkerGroups { sizes } => {
                let size = |size: &GroupSize| {
                    let GroupSize { group_name, min_size, max_size, desired_capacity, .. } = size;
                    format!("{group_name} to {desired_capacity} (at least {min_size}, at most {max_size})")
                };
                write!(formatter, "set {}", joined(sizes, size))
            }
            FleetAct::ResizeWarmPools { sizes } => {
                let sizes = joined(sizes, |size| format!("{} warm in {}", size.min_size, size.group_name));
                write!(formatter, "keep {sizes}")
            }
            FleetAct::SetDesiredCounts { counts } => {
                let count = |count: &ServiceCount| {
                    let tasks = counted(usize::try_from(count.desired_count).unwrap_or(0), "task");
                    format!("service {} to {tasks}", short_name(&count.service_arn))
                };
                write!(formatter, "set {}", joined(counts, count))
            }
            FleetAct::StopTasks { task_arns, .. } => {
                write!(formatter, "stop {}", counted(task_arns.len(), "task"))
            }
            FleetAct::RemoveScaleInProtection { group_name, instance_ids } => write!(
                formatter,
                "take scale-in protection off {} of {group_name}",
                counted(instance_ids.len(), "instance")
            ),
            FleetAct::Remember { memories } => {
                write!(
                    formatter,
                    "note the sizes and states before on {}",
                    counted(memories.len(), "resource")
                )
            }
            FleetAct::Forget { resources } => {
                write!(formatter, "take the notes off {}", counted(resources.len(), "resource"))
            }
            FleetAct::CompleteLifecycleActions { actions } => {
                write!(formatter, "complete {}", counted(actions.len(), "lifecycle action"))
            }
            FleetAct::SetScheduledActions { group_names, active } => write!(
                formatter,
                "{} the scheduled actions of {}",
                if *active { "resume" } else { "suspend" },
                group_names.join(", ")
            ),
            FleetAct::TerminateInstances { instance_ids } => {
                write!(formatter, "terminate {}", counted(instance_ids.len(), "instance"))
            }
            FleetAct::SetAlarmActions { names, enabled } => write!(
                formatter,
                "{} the actions of {}",
                if *enabled { "enable" } else { "disable" },
                counted(names.len(), "alarm")
            ),
            FleetAct::CreateSnapshots { snapshots, .. } => {
                write!(formatter, "take a snapshot of {}", joined(snapshots, |one| one.logical_id.clone()))
            }
            FleetAct::RestoreScaleInProtection { group_name, instance_ids } => write!(
                formatter,
                "protect {} of {group_name} from scale-in again",
                counted(instance_ids.len(), "instance")
            ),
        }
    }
}

fn joined<T>(things: &[T], word: impl Fn(&T) -> String) -> String {
    things.iter().map(word).collect::<Vec<String>>().join(", ")
}

/// What of a listener's ARN a person knows again: `arn:…:listener/app/NAME/BALANCER/LISTENER`.
fn listener_words(arn: &str) -> String {
    let mut parts = arn.rsplit('/');
    match (parts.next(), parts.nth(1)) {
        (Some(listener), Some(balancer)) => format!("listener {listener} of {balancer}"),
        _ => format!("listener {arn}"),
    }
}

impl std::fmt::Display for StackAct {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StackAct::CreateChangeSet { proposal, .. } => {
                write!(formatter, "create change set {}", proposal.change_set_name)
            }
            StackAct::ExecuteChangeSet { change_set_name, .. } => {
                write!(formatter, "execute change set {change_set_name}")
            }
            StackAct::DeleteChangeSet { change_set_name, .. } => {
                write!(formatter, "delete change set {change_set_name}")
            }
            StackAct::CancelUpdate { update, .. } => {
                write!(formatter, "cancel the update of the {}", update.title())
            }
            StackAct::ContinueUpdateRollback { force: true, .. } => {
                formatter.write_str("continue the rollback, skipping whatever failed")
            }
            StackAct::ContinueUpdateRollback { skip, .. } if skip.is_empty() => {
                formatter.write_str("continue the rollback")
            }
            StackAct::ContinueUpdateRollback { skip, .. } => {
                write!(formatter, "continue the rollback, skipping {}", skip.join(", "))
            }
        }
    }
}

/// `save 2 sessions, notify 2 sessions`.
fn platform_acts(formatter: &mut std::fmt::Formatter<'_>, acts: &[PlatformAct]) -> std::fmt::Result {
    let count = |is: fn(&PlatformAct) -> bool| acts.iter().filter(|act| is(act)).count();
    let parts: Vec<String> = [
        ("notify", "session", count(|act| matches!(act, PlatformAct::Notify { .. }))),
        ("save", "session", count(|act| matches!(act, PlatformAct::SaveSession { .. }))),
        ("stop", "session", count(|act| matches!(act, PlatformAct::StopSession { .. }))),
        ("stop", "computation", count(|act| matches!(act, PlatformAct::StopComputation { .. }))),
        ("set", "banner", count(|act| matches!(act, PlatformAct::SetBanner(_)))),
        ("clear", "banner", count(|act| matches!(act, PlatformAct::ClearBanner))),
    ]
    .into_iter()
    .filter(|(_, _, count)| *count > 0)
    .map(|(verb, noun, count)| format!("{verb} {}", counted(count, noun)))
    .collect();
    formatter.write_str(&parts.join(", "))
}

/// The last part of an ARN.
pub(crate) fn short_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// `1 job`, `2 jobs`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
