//! What can be done to the cloud. Every act is safe to repeat, and takes everything it needs from the plan
//! or from what was observed.

use serde::{Deserialize, Serialize};

use crate::plan::{Gate, Proposal};

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Make the listener rule that answers everybody with the maintenance page.
    CloseGate {
        /// On which listener.
        listener_arn: String,
        /// The rule.
        gate: Gate,
        /// Whose it is: becomes the rule's tag, so that it can be found without a journal.
        run_id: String,
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
    /// Make the change set of the proposal.
    CreateChangeSet {
        /// The stack's id.
        stack_id: String,
        /// What is proposed.
        proposal: Proposal,
    },
    /// Execute the change set.
    ExecuteChangeSet {
        /// The stack's id.
        stack_id: String,
        /// The change set's name.
        change_set_name: String,
        /// Marks the operation's events, and makes a repeated request the same request.
        client_request_token: String,
    },
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
            Act::CreateChangeSet { proposal, .. } => {
                write!(formatter, "create change set {}", proposal.change_set_name)
            }
            Act::ExecuteChangeSet { change_set_name, .. } => {
                write!(formatter, "execute change set {change_set_name}")
            }
        }
    }
}

/// `1 job`, `2 jobs`.
fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
