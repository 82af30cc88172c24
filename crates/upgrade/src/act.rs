//! What can be done to the cloud. Every act is safe to repeat, and takes everything it needs from the plan
//! or from what was observed.

use serde::{Deserialize, Serialize};

use crate::plan::{Gate, PlannedSnapshot, Proposal, UpdateKind};
use crate::platform::PlatformAct;

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Make the listener rule that answers everybody with the maintenance page.
    CloseGate {
        /// On which listener.
        listener_arn: String,
        /// The rule.
        gate: Gate,
        /// Whose it is: becomes the rules' tag, so that they can be found without a journal.
        run_id: String,
        /// Which of the gate's rules are still to be made, by priority: the admitting ones first.
        missing: Vec<i32>,
    },
    /// Delete gate rules.
    OpenGate {
        /// The rules' ARNs.
        rule_arns: Vec<String>,
    },
    /// Enable or disable Batch job queues.
    SetJobQueueStates {
        /// The queues' ARNs.
        queue_arns: Vec<String>,
        /// `ENABLED` (true) or `DISABLED`.
        enabled: bool,
    },
    /// Terminate Batch jobs. TerminateJob also cancels jobs that have not started, where CancelJob silently
    /// leaves started ones alone (AWS Batch API reference, both pages).
    TerminateJobs {
        /// The jobs' ids.
        job_ids: Vec<String>,
        /// Goes into the jobs' status reason.
        reason: String,
    },
    /// Set the sizes of Auto Scaling groups.
    ResizeWorkerGroups {
        /// Group by group.
        sizes: Vec<GroupSize>,
    },
    /// Set the sizes of warm pools.
    ResizeWarmPools {
        /// Pool by pool.
        sizes: Vec<WarmPoolSize>,
    },
    /// Take scale-in protection off instances of a group.
    RemoveScaleInProtection {
        /// The group's name.
        group_name: String,
        /// The instances, none of them in the warm pool (AWS refuses those).
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
        resources: Vec<Rememberer>,
    },
    /// Complete lifecycle actions that hold instances.
    CompleteLifecycleActions {
        /// Which.
        actions: Vec<LifecycleAction>,
    },
    /// Terminate EC2 instances directly.
    TerminateInstances {
        /// Which.
        instance_ids: Vec<String>,
    },
    /// Let alarms act, or not.
    SetAlarmActions {
        /// The alarms' names.
        names: Vec<String>,
        /// Whether they act.
        enabled: bool,
    },
    /// Begin snapshots.
    CreateSnapshots {
        /// Which.
        snapshots: Vec<PlannedSnapshot>,
        /// Whose they are: becomes their tag.
        run_id: String,
    },
    /// Tell the platform.
    Platform {
        /// What, one after the other.
        acts: Vec<PlatformAct>,
    },
    /// Make the change set.
    CreateChangeSet {
        /// Whose: says in which account and Region.
        update: UpdateKind,
        /// The stack's id.
        stack_id: String,
        /// What is proposed.
        proposal: Proposal,
    },
    /// Execute the change set.
    ExecuteChangeSet {
        /// Whose.
        update: UpdateKind,
        /// The stack's id.
        stack_id: String,
        /// The change set's name.
        change_set_name: String,
        /// Marks the operation's events, and makes a repeated request the same request.
        client_request_token: String,
    },
    /// Delete a change set that was not executed.
    DeleteChangeSet {
        /// Whose.
        update: UpdateKind,
        /// The stack's id.
        stack_id: String,
        /// The change set's name.
        change_set_name: String,
    },
    /// Cancel the update that is under way: CloudFormation rolls it back.
    CancelUpdate {
        /// Whose.
        update: UpdateKind,
        /// The stack's id.
        stack_id: String,
        /// The update's token.
        client_request_token: String,
    },
    /// Go on with a rollback that failed.
    ContinueUpdateRollback {
        /// Whose.
        update: UpdateKind,
        /// The stack's id.
        stack_id: String,
        /// Resources to skip.
        skip: Vec<String>,
        /// Marks the operation's events.
        client_request_token: String,
    },
}

/// A note on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// On what.
    pub resource: Rememberer,
    /// What is written.
    pub text: String,
}

/// What can carry a note: something with tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rememberer {
    /// An Auto Scaling group, by name.
    WorkerGroup(String),
    /// A Batch job queue, by ARN.
    JobQueue(String),
}

/// A lifecycle action that waits for somebody to complete it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleAction {
    /// The group.
    pub group_name: String,
    /// The hook.
    pub hook_name: String,
    /// The instance.
    pub instance_id: String,
}

/// Sizes of an Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSize {
    /// The group's name.
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

/// Sizes of a warm pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmPoolSize {
    /// The group's name.
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
            Act::CloseGate { gate, .. } => write!(
                formatter,
                "create listener rule {}: everybody gets the maintenance page ({})",
                gate.priority, gate.status_code
            ),
            Act::OpenGate { rule_arns } => {
                write!(formatter, "delete {}", counted(rule_arns.len(), "gate rule"))
            }
            Act::SetJobQueueStates { queue_arns, enabled } => write!(
                formatter,
                "{} {}",
                if *enabled { "enable" } else { "disable" },
                counted(queue_arns.len(), "job queue")
            ),
            Act::TerminateJobs { job_ids, .. } => {
                write!(formatter, "terminate {}", counted(job_ids.len(), "job"))
            }
            Act::ResizeWorkerGroups { sizes } => {
                formatter.write_str("set ")?;
                for (index, size) in sizes.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(
                        formatter,
                        "{separator}{} to {} (at least {}, at most {})",
                        size.group_name, size.desired_capacity, size.min_size, size.max_size
                    )?;
                }
                Ok(())
            }
            Act::ResizeWarmPools { sizes } => {
                formatter.write_str("keep ")?;
                for (index, size) in sizes.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(formatter, "{separator}{} warm in {}", size.min_size, size.group_name)?;
                }
                Ok(())
            }
            Act::RemoveScaleInProtection { group_name, instance_ids } => write!(
                formatter,
                "take scale-in protection off {} of {group_name}",
                counted(instance_ids.len(), "instance")
            ),
            Act::Remember { memories } => {
                write!(
                    formatter,
                    "note the sizes and states before on {}",
                    counted(memories.len(), "resource")
                )
            }
            Act::Forget { resources } => {
                write!(formatter, "take the notes off {}", counted(resources.len(), "resource"))
            }
            Act::CompleteLifecycleActions { actions } => {
                write!(formatter, "complete {}", counted(actions.len(), "lifecycle action"))
            }
            Act::TerminateInstances { instance_ids } => {
                write!(formatter, "terminate {}", counted(instance_ids.len(), "instance"))
            }
            Act::SetAlarmActions { names, enabled } => write!(
                formatter,
                "{} the actions of {}",
                if *enabled { "enable" } else { "disable" },
                counted(names.len(), "alarm")
            ),
            Act::CreateSnapshots { snapshots, .. } => {
                formatter.write_str("take a snapshot of ")?;
                for (index, snapshot) in snapshots.iter().enumerate() {
                    write!(formatter, "{}{}", if index == 0 { "" } else { ", " }, snapshot.logical_id)?;
                }
                Ok(())
            }
            Act::Platform { acts } => platform_acts(formatter, acts),
            Act::CreateChangeSet { proposal, .. } => {
                write!(formatter, "create change set {}", proposal.change_set_name)
            }
            Act::ExecuteChangeSet { change_set_name, .. } => {
                write!(formatter, "execute change set {change_set_name}")
            }
            Act::DeleteChangeSet { change_set_name, .. } => {
                write!(formatter, "delete change set {change_set_name}")
            }
            Act::CancelUpdate { update, .. } => {
                write!(formatter, "cancel the update of the {}", update.title())
            }
            Act::ContinueUpdateRollback { skip, .. } if skip.is_empty() => {
                formatter.write_str("continue the rollback")
            }
            Act::ContinueUpdateRollback { skip, .. } => {
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

/// `1 job`, `2 jobs`.
fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
