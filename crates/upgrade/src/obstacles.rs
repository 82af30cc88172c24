//! What a drain can't end, and what keeps from coming what is put back. It is looked at before there is a plan, and once
//! more right before the gate closes. Facts, and the one judgement of them that checks, refusals and runs share.

use serde::{Deserialize, Serialize};

use crate::act::{counted, short_name};
use crate::circumstances::Looked;
use crate::observation::{EcsService, Instance, JobQueue, WorkerGroup, physical_ids};
use crate::plan::Targets;
use crate::policy::{Escalation, MaintenancePolicy};

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ObstacleParts {
    /// Tags of the machines outside of every group; empty: there are no such machines.
    pub machine_tags: Vec<(String, Option<String>)>,
    /// Auto Scaling groups, by name.
    pub group_names: Vec<String>,
    /// Batch job queues.
    pub queue_arns: Vec<String>,
    /// Amazon ECS services, by ARN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_arns: Vec<String>,
    /// Whether instances of groups may be terminated through EC2's API: only then it matters what keeps it from that.
    pub instances_as_well: bool,
}

impl ObstacleParts {
    /// What a drain of these targets may meet.
    #[must_use]
    pub fn from_targets(targets: &Targets, policy: &MaintenancePolicy) -> ObstacleParts {
        ObstacleParts {
            machine_tags: targets.dedicated_machine_tags.clone(),
            group_names: physical_ids(&targets.worker_groups),
            queue_arns: physical_ids(&targets.job_queues),
            service_arns: physical_ids(&targets.ecs_services),
            instances_as_well: is_forced(policy),
        }
    }
}

/// What was seen of it. What may not be looked at carries the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObstaclesSeen {
    /// Machines, and instances where they were asked for, that EC2's API may not terminate.
    pub protected: Looked<Vec<ProtectedInstance>>,
    pub groups: Looked<Vec<WorkerGroup>>,
    pub queues: Looked<Vec<JobQueue>>,
    #[serde(default = "nothing")]
    pub services: Looked<Vec<EcsService>>,
    /// The compute environments of the queues.
    pub environments: Looked<Vec<ComputeEnvironment>>,
    /// The groups' scheduled actions.
    pub schedules: Looked<Vec<ScheduledAction>>,
    /// The groups' instance refreshes that are under way.
    pub refreshes: Looked<Vec<InstanceRefresh>>,
}

impl Default for ObstaclesSeen {
    /// Nothing is there.
    fn default() -> ObstaclesSeen {
        ObstaclesSeen {
            protected: Ok(Vec::new()),
            groups: Ok(Vec::new()),
            queues: Ok(Vec::new()),
            services: Ok(Vec::new()),
            environments: Ok(Vec::new()),
            schedules: Ok(Vec::new()),
            refreshes: Ok(Vec::new()),
        }
    }
}

/// Of a look that was taken before there was such a part.
fn nothing<T>() -> Looked<Vec<T>> {
    Ok(Vec::new())
}

/// An instance that EC2's API may not terminate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectedInstance {
    pub instance_id: String,
    /// Its group's name; `None`: it is a machine outside of every group.
    pub group_name: Option<String>,
    /// Its tag `Name`.
    pub name: Option<String>,
    /// Whose it is, where a tag says so.
    pub owner: Option<String>,
    /// By what.
    pub by: ApiProtection,
}

/// What keeps EC2's API from terminating an instance. Auto Scaling's scale-in and health checks terminate it all the same
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiProtection {
    /// Termination protection.
    Termination,
    /// Stop protection, which "also protects your instance from accidental termination"
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-stop-protection.html>).
    Stop,
}

impl ApiProtection {
    /// EC2's attribute.
    #[must_use]
    pub fn attribute(self) -> &'static str {
        match self {
            ApiProtection::Termination => "disableApiTermination",
            ApiProtection::Stop => "disableApiStop",
        }
    }

    fn title(self) -> &'static str {
        match self {
            ApiProtection::Termination => "termination protection",
            ApiProtection::Stop => "stop protection",
        }
    }

    /// What takes it off, with the AWS command line.
    fn option(self) -> &'static str {
        match self {
            ApiProtection::Termination => "--no-disable-api-termination",
            ApiProtection::Stop => "--no-disable-api-stop",
        }
    }
}

/// A Batch compute environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputeEnvironment {
    pub arn: String,
    /// `ENABLED` (true) or `DISABLED`.
    pub enabled: bool,
    /// `VALID`, `INVALID`, `UPDATING`, …
    pub status: String,
    /// Why, in Batch's words.
    pub status_reason: Option<String>,
}

/// An instance refresh that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRefresh {
    pub group_name: String,
    /// `Pending`, `InProgress`, `Baking`, `Cancelling` or `RollbackInProgress`.
    pub status: String,
    /// How far it is: 0 to 100, where AWS tells.
    pub percent: Option<u8>,
}

/// A scheduled action of an Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledAction {
    pub group_name: String,
    pub name: String,
    /// Its next time, as AWS writes it (ISO 8601, UTC), where there is one.
    pub next: Option<String>,
    /// When it comes again, as a cron expression.
    pub recurrence: Option<String>,
}

/// How much something is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It isn't; a person may want to know.
    Known,
    /// What is put back won't come, or something ends otherwise than usual: a person must know.
    Hinders,
    /// It passes by itself: it is waited for before the gate closes.
    Settles,
    /// The drain can't come to its end: nobody is kept out for it.
    Holds,
}

/// Something in the way of a drain, or of what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// How much.
    pub weight: Weight,
    /// What was seen, and what follows; a sentence without its full stop.
    pub told: String,
    /// What to do about it; empty: nothing.
    pub advice: String,
}

/// Everything in the way, by what was seen.
#[must_use]
pub fn obstacles(seen: &ObstaclesSeen, policy: &MaintenancePolicy) -> Vec<Obstacle> {
    let ObstaclesSeen { protected, groups, queues, services, environments, schedules, refreshes } = seen;
    let mut found = protections(protected, groups);
    found.extend(processes(groups, policy));
    found.extend(unsettled_queues(queues));
    found.extend(unfit_services(services));
    found.extend(unfit_environments(environments));
    found.extend(scheduled(schedules, groups));
    found.extend(refreshing(refreshes));
    found
}

/// Instances that EC2's API may not terminate.
pub(crate) fn protections(
    protected: &Looked<Vec<ProtectedInstance>>,
    groups: &Looked<Vec<WorkerGroup>>,
) -> Vec<Obstacle> {
    let protected = match protected {
        Ok(protected) => protected,
        Err(reason) => return vec![unseen("what protects machines from termination", reason)],
    };
    let of = |one: &ProtectedInstance| {
        let ProtectedInstance { instance_id, group_name, name, owner, by } = one;
        let name = name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
        let owner = owner.as_deref().map(|owner| format!(" of {owner}")).unwrap_or_default();
        let has = format!("has {} ({})", by.title(), by.attribute());
        let off = format!("aws ec2 modify-instance-attribute --instance-id {instance_id} {}", by.option());
        match group_name {
            None => Obstacle {
                weight: Weight::Holds,
                told: format!("machine {instance_id}{name}{owner} {has}: EC2 refuses to terminate it"),
                advice: format!(
                    "Take the protection off ({off}), or take the machine out of the platform's tags."
                ),
            },
            Some(group) => Obstacle {
                weight: if lives_on(groups, group, instance_id) { Weight::Holds } else { Weight::Hinders },
                told: format!(
                    "instance {instance_id} of {group} {has}: if Auto Scaling doesn't end it, force can't either"
                ),
                advice: format!("Take the protection off ({off})."),
            },
        }
    };
    protected.iter().map(of).collect()
}

/// Whether Auto Scaling doesn't end an instance when its group is taken to zero.
fn lives_on(groups: &Looked<Vec<WorkerGroup>>, name: &str, instance_id: &str) -> bool {
    let group = groups.iter().flatten().find(|group| group.name == name);
    group.is_some_and(|group| {
        is_suspended(group, TERMINATE)
            || group.instances.iter().any(|one| one.id == instance_id && is_on_standby(one))
    })
}

/// Launches instances.
pub(crate) const LAUNCH: &str = "Launch";
/// Ends instances.
pub(crate) const TERMINATE: &str = "Terminate";
/// Registers new instances with the group's target groups.
const ADD_TO_LOAD_BALANCER: &str = "AddToLoadBalancer";
/// Sets the group's sizes at set times.
pub(crate) const SCHEDULED_ACTIONS: &str = "ScheduledActions";

/// Whether one of a group's processes is suspended.
pub(crate) fn is_suspended(group: &WorkerGroup, process: &str) -> bool {
    group.suspended.iter().any(|one| one == process)
}

/// An instance on standby doesn't count towards the group's size, so taking that to zero leaves it
/// (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html>).
fn is_on_standby(instance: &Instance) -> bool {
    instance.lifecycle_state == "Standby" || instance.lifecycle_state == "EnteringStandby"
}

fn is_forced(policy: &MaintenancePolicy) -> bool {
    policy.workers.escalation == Escalation::Force
}

/// Suspended processes, and instances on standby.
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-how-suspending-processes-affects-other-processes.html>
pub(crate) fn processes(groups: &Looked<Vec<WorkerGroup>>, policy: &MaintenancePolicy) -> Vec<Obstacle> {
    match groups {
        Ok(groups) => groups.iter().flat_map(|group| processes_of(group, is_forced(policy))).collect(),
        Err(reason) => vec![unseen("whether groups have suspended processes", reason)],
    }
}

fn processes_of(group: &WorkerGroup, forced: bool) -> Vec<Obstacle> {
    let WorkerGroup { name, min_size, max_size, desired_capacity, instances, suspended, .. } = group;
    let mut found = Vec::new();
    let resume = |process: &str| {
        format!(
            "Resume it (aws autoscaling resume-processes --auto-scaling-group-name {name} --scaling-processes {process})"
        )
    };
    let held = if forced { Weight::Hinders } else { Weight::Holds };
    let at_the_deadline =
        if forced { "they are ended by force at the deadline" } else { "taken to zero, it keeps them" };
    let alive = instances.iter().filter(|one| !one.lifecycle_state.contains("Terminat")).count();
    if is_suspended(group, TERMINATE) && alive > 0 {
        found.push(Obstacle {
            weight: held,
            told: format!(
                "group {name} has its process Terminate suspended, and {}: {at_the_deadline}",
                counted(alive, "instance")
            ),
            advice: format!("{}, or end its instances yourself.", resume(TERMINATE)),
        });
    }
    let standby: Vec<&str> =
        instances.iter().filter(|one| is_on_standby(one)).map(|one| one.id.as_str()).collect();
    if !standby.is_empty() {
        found.push(Obstacle {
            weight: held,
            told: format!(
                "group {name} has instances on standby ({}): {at_the_deadline}",
                standby.join(", ")
            ),
            advice: "Put them back into service (aws autoscaling exit-standby), or detach them.".to_owned(),
        });
    }
    if is_suspended(group, LAUNCH) && *max_size > 0 {
        found.push(Obstacle {
            weight: Weight::Hinders,
            told: format!(
                "group {name} has its process Launch suspended: it is put back to {desired_capacity} ({min_size} to \
                 {max_size}), and none comes"
            ),
            advice: format!("{}, or start its instances yourself afterwards.", resume(LAUNCH)),
        });
    }
    if is_suspended(group, ADD_TO_LOAD_BALANCER) && *max_size > 0 {
        found.push(Obstacle {
            weight: Weight::Hinders,
            told: format!(
                "group {name} has its process AddToLoadBalancer suspended: what comes back is not registered with any \
                 target group, then or later"
            ),
            advice: format!("{}.", resume(ADD_TO_LOAD_BALANCER)),
        });
    }
    let matters = |process: &str| match process {
        TERMINATE => alive > 0,
        LAUNCH | ADD_TO_LOAD_BALANCER => *max_size > 0,
        _ => false,
    };
    let others: Vec<&str> = suspended.iter().map(String::as_str).filter(|one| !matters(one)).collect();
    if !others.is_empty() {
        found.push(known(format!(
            "group {name} has these processes suspended: {}; it stays so",
            others.join(", ")
        )));
    }
    found
}

/// Instance refreshes under way. One goes on launching and ending instances, and when it is done it gives the group the
/// configuration that it was started with, whatever the update has set meanwhile
/// (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html>).
pub(crate) fn refreshing(refreshes: &Looked<Vec<InstanceRefresh>>) -> Vec<Obstacle> {
    let refreshes = match refreshes {
        Ok(refreshes) => refreshes,
        Err(reason) => return vec![unseen("instance refreshes of groups", reason)],
    };
    let of = |refresh: &InstanceRefresh| {
        let InstanceRefresh { group_name, status, percent } = refresh;
        let percent = percent.map(|percent| format!(", {percent} %")).unwrap_or_default();
        let told = format!("group {group_name} has an instance refresh under way ({status}{percent})");
        if status == "Cancelling" {
            let told = format!("{told}: it is waited for before the gate closes");
            return Obstacle {
                weight: Weight::Settles,
                told,
                advice: "Wait until it is cancelled.".to_owned(),
            };
        }
        Obstacle {
            weight: Weight::Holds,
            told: format!("{told}: it replaces instances, and sets the group's configuration when it ends"),
            advice: format!(
                "Wait until it has ended, or cancel it (aws autoscaling cancel-instance-refresh \
                 --auto-scaling-group-name {group_name})."
            ),
        }
    };
    refreshes.iter().map(of).collect()
}

/// Scheduled actions, which would raise what was taken to zero.
pub(crate) fn scheduled(
    schedules: &Looked<Vec<ScheduledAction>>,
    groups: &Looked<Vec<WorkerGroup>>,
) -> Vec<Obstacle> {
    let schedules = match schedules {
        Ok(schedules) => schedules,
        Err(reason) => return vec![unseen("scheduled actions of groups", reason)],
    };
    let of = |action: &ScheduledAction| {
        let ScheduledAction { group_name, name, next, recurrence } = action;
        let next = next.as_ref().map(|next| format!("next {next}"));
        let again = recurrence.as_ref().map(|cron| format!("again at {cron}"));
        let times: Vec<String> = next.into_iter().chain(again).collect();
        let group = groups.iter().flatten().find(|group| group.name == *group_name);
        let follows = if group.is_some_and(|group| is_suspended(group, SCHEDULED_ACTIONS)) {
            "it is suspended, and stays so"
        } else {
            "it is suspended for the maintenance, and what falls into that is not made up for"
        };
        known(format!("scheduled action {name} of group {group_name} ({}): {follows}", times.join(", ")))
    };
    schedules.iter().map(of).collect()
}

/// Groups whose instances don't come, whatever size they were put back to.
#[must_use]
pub fn not_come_back(groups: &[WorkerGroup]) -> Vec<String> {
    let told = |group: &WorkerGroup| {
        let there = |one: &&Instance| !one.in_warm_pool && !one.lifecycle_state.contains("Terminat");
        let (there, wanted) = (
            group.instances.iter().filter(there).count(),
            usize::try_from(group.desired_capacity).unwrap_or(0),
        );
        (is_suspended(group, LAUNCH) && there < wanted).then(|| {
            format!(
                "group {} wants {} and has {there}: its process Launch is suspended",
                group.name,
                counted(wanted, "instance")
            )
        })
    };
    groups.iter().filter_map(told).collect()
}

/// Queues that Batch can't use, or that are being changed.
pub(crate) fn unsettled_queues(queues: &Looked<Vec<JobQueue>>) -> Vec<Obstacle> {
    let queues = match queues {
        Ok(queues) => queues,
        Err(reason) => return vec![unseen("the state of the job queues", reason)],
    };
    let of = |queue: &JobQueue| {
        let name = short_name(&queue.arn);
        let reason = queue.status_reason.as_deref().unwrap_or("Batch gives no reason");
        match queue.status.as_str() {
            "VALID" => None,
            "INVALID" => Some(Obstacle {
                weight: Weight::Hinders,
                told: format!(
                    "queue {name} is INVALID ({reason}): it is disabled and put back all the same; should Batch refuse \
                     that, the run ends there and leaves maintenance"
                ),
                advice:
                    "Repair the queue or its compute environments first (Batch user guide, \"INVALID compute \
                         environment\")."
                        .to_owned(),
            }),
            status => Some(Obstacle {
                weight: Weight::Settles,
                told: format!("queue {name} is {status}: it is waited for before the gate closes"),
                advice: "Wait until it is VALID, or see what changes it.".to_owned(),
            }),
        }
    };
    queues.iter().filter_map(of).collect()
}

/// ECS services that can't be noted on, or whose tasks are on their way.
pub(crate) fn unfit_services(services: &Looked<Vec<EcsService>>) -> Vec<Obstacle> {
    let services = match services {
        Ok(services) => services,
        Err(reason) => return vec![unseen("the state of the ECS services", reason)],
    };
    services.iter().filter_map(unfit_service).collect()
}

fn unfit_service(service: &EcsService) -> Option<Obstacle> {
    let EcsService { arn, desired_count, running_count, status, is_steady, last_event, .. } = service;
    let name = service.name();
    if status != "ACTIVE" {
        return Some(known(format!("service {name} is {status}: it is being deleted, and is left alone")));
    }
    // Only services with the longer ARN take tags (ECS developer guide, "Amazon Resource Names (ARNs) and IDs").
    if !has_long_arn(arn) {
        return Some(Obstacle {
            weight: Weight::Holds,
            told: format!(
                "service {name} has an ARN of the old format ({arn}): nothing can be noted on it, so nobody could put its \
                 tasks back without a journal"
            ),
            advice: "Replace the service (a new name does), so that it gets an ARN with its cluster's name."
                .to_owned(),
        });
    }
    if running_count < desired_count {
        let said = last_event.as_deref().map(|event| format!(" (ECS: {event})")).unwrap_or_default();
        return Some(known(format!(
            "service {name} has {running_count} of {desired_count} tasks{said}: it isn't waited for afterwards either"
        )));
    }
    (!is_steady).then(|| known(format!("service {name} has a deployment under way: it ends with its tasks")))
}

/// `arn:PARTITION:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`; without the cluster it is of the old format.
fn has_long_arn(arn: &str) -> bool {
    arn.split('/').count() == 3
}

/// Compute environments in which no job is placed, or that are being changed.
pub(crate) fn unfit_environments(environments: &Looked<Vec<ComputeEnvironment>>) -> Vec<Obstacle> {
    let environments = match environments {
        Ok(environments) => environments,
        Err(reason) => return vec![unseen("the state of the compute environments", reason)],
    };
    let of = |environment: &ComputeEnvironment| {
        let ComputeEnvironment { arn, enabled, status, status_reason } = environment;
        let name = short_name(arn);
        let reason = status_reason.as_deref().unwrap_or("Batch gives no reason");
        match (status.as_str(), *enabled) {
            ("VALID", true) => None,
            ("VALID", false) => {
                Some(known(format!("compute environment {name} is DISABLED: no job is placed there")))
            }
            ("INVALID", _) => Some(Obstacle {
                weight: Weight::Hinders,
                told: format!(
                    "compute environment {name} is INVALID ({reason}): no job is placed there, before and afterwards"
                ),
                advice: "Repair it first (Batch user guide, \"INVALID compute environment\").".to_owned(),
            }),
            (status, _) => Some(Obstacle {
                weight: Weight::Hinders,
                told: format!(
                    "compute environment {name} is {status}: an update that changes it meanwhile is refused by Batch"
                ),
                advice: "Wait until it is VALID, or see what changes it.".to_owned(),
            }),
        }
    };
    environments.iter().filter_map(of).collect()
}

fn known(told: String) -> Obstacle {
    Obstacle { weight: Weight::Known, told, advice: String::new() }
}

fn unseen(what: &str, reason: &str) -> Obstacle {
    Obstacle {
        weight: Weight::Hinders,
        told: format!("{what} could not be looked at: {reason}"),
        advice: "Give the caller the right to look, or look yourself.".to_owned(),
    }
}
