//! What a drain can't end, and what won't come back.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::check_all;

fn protected(group_name: Option<&str>, by: ApiProtection) -> Vec<ProtectedInstance> {
    vec![ProtectedInstance {
        instance_id: "i-9".into(),
        group_name: group_name.map(str::to_owned),
        name: Some("big".into()),
        owner: Some("alan".into()),
        by,
    }]
}

fn machine() -> Machine {
    Machine { instance_id: "i-9".into(), state: "running".into(), name: None, owner: None }
}

/// A group of one instance.
fn group(suspended: &[&str], lifecycle_state: &str) -> Vec<WorkerGroup> {
    let instance = Instance {
        id: "i-9".into(),
        lifecycle_state: lifecycle_state.into(),
        protected_from_scale_in: false,
        in_warm_pool: false,
        remembered: None,
    };
    vec![WorkerGroup {
        name: "Workers-1".into(),
        min_size: 0,
        max_size: 4,
        desired_capacity: 1,
        new_instances_protected: false,
        warm_pool: None,
        instances: vec![instance],
        hooks: Vec::new(),
        suspended: suspended.iter().map(|one| (*one).to_owned()).collect(),
        remembered: None,
    }]
}

fn without_instances(mut groups: Vec<WorkerGroup>) -> Vec<WorkerGroup> {
    groups.iter_mut().for_each(|group| group.instances.clear());
    groups
}

fn queue(status: &str) -> Vec<JobQueue> {
    vec![JobQueue {
        arn: "arn:aws:batch:us-east-1:1:job-queue/spot".into(),
        enabled: true,
        status: status.into(),
        status_reason: Some("CLIENT_ERROR - no role".into()),
        remembered: None,
    }]
}

fn environment(enabled: bool, status: &str) -> Vec<ComputeEnvironment> {
    vec![ComputeEnvironment {
        arn: "arn:aws:batch:us-east-1:1:compute-environment/spot".into(),
        enabled,
        status: status.into(),
        status_reason: Some("CLIENT_ERROR - no role".into()),
    }]
}

#[test]
fn what_cannot_be_terminated_is_named_before_anything_is_stopped() {
    check_all(&[
        ("no machines", |_| {}, "protected-instances", Skipped, "no machine"),
        (
            "a machine",
            |w| w.around.dedicated_machines = Ok(vec![machine()]),
            "protected-instances",
            Passed,
            "Nothing protects 1 machine",
        ),
        (
            "termination protection",
            |w| w.around.obstacles.protected = Ok(protected(None, ApiProtection::Termination)),
            "protected-instances",
            Failed,
            "Machine i-9 big of alan has termination protection (disableApiTermination): EC2 refuses to terminate it.",
        ),
        (
            "what takes it off",
            |w| w.around.obstacles.protected = Ok(protected(None, ApiProtection::Stop)),
            "protected-instances",
            Failed,
            "aws ec2 modify-instance-attribute --instance-id i-9 --no-disable-api-stop",
        ),
        (
            "an instance that Auto Scaling ends",
            |w| {
                w.around.obstacles.groups = Ok(group(&[], "InService"));
                w.around.obstacles.protected = Ok(protected(Some("Workers-1"), ApiProtection::Termination));
            },
            "protected-instances",
            Warning,
            "force can't either",
        ),
        (
            "an instance that nothing ends",
            |w| {
                w.around.obstacles.groups = Ok(group(&["Terminate"], "InService"));
                w.around.obstacles.protected = Ok(protected(Some("Workers-1"), ApiProtection::Termination));
            },
            "protected-instances",
            Failed,
            "force can't either",
        ),
        (
            "blind",
            |w| w.around.obstacles.protected = Err("denied".into()),
            "protected-instances",
            Warning,
            "could not be looked at: denied",
        ),
    ]);
}

#[test]
fn suspended_processes_are_told_with_what_follows() {
    check_all(&[
        (
            "none",
            |w| w.around.obstacles.groups = Ok(group(&[], "InService")),
            "suspended-processes",
            Passed,
            "1 group looked at",
        ),
        ("no groups", |w| w.targets.worker_groups.clear(), "suspended-processes", Skipped, "no worker group"),
        (
            "Terminate",
            |w| w.around.obstacles.groups = Ok(group(&["Terminate"], "InService")),
            "suspended-processes",
            Failed,
            "Group Workers-1 has its process Terminate suspended, and 1 instance: taken to zero, it keeps them.",
        ),
        (
            "what resumes it",
            |w| w.around.obstacles.groups = Ok(group(&["Terminate"], "InService")),
            "suspended-processes",
            Failed,
            "aws autoscaling resume-processes --auto-scaling-group-name Workers-1 --scaling-processes Terminate",
        ),
        (
            "Terminate, by force",
            |w| {
                w.maintenance.workers.escalation = Escalation::Force;
                w.around.obstacles.groups = Ok(group(&["Terminate"], "InService"));
            },
            "suspended-processes",
            Warning,
            "ended by force at the deadline",
        ),
        (
            "Terminate, of what is empty",
            |w| w.around.obstacles.groups = Ok(without_instances(group(&["Terminate"], "InService"))),
            "suspended-processes",
            Passed,
            "has these processes suspended: Terminate",
        ),
        (
            "standby",
            |w| w.around.obstacles.groups = Ok(group(&[], "Standby")),
            "suspended-processes",
            Failed,
            "on standby (i-9)",
        ),
        (
            "Launch",
            |w| w.around.obstacles.groups = Ok(group(&["Launch"], "InService")),
            "suspended-processes",
            Warning,
            "it is put back to 1 (0 to 4), and none comes",
        ),
        (
            "AddToLoadBalancer",
            |w| w.around.obstacles.groups = Ok(group(&["AddToLoadBalancer"], "InService")),
            "suspended-processes",
            Warning,
            "not registered with any target group",
        ),
        (
            "others",
            |w| w.around.obstacles.groups = Ok(group(&["AZRebalance", "HealthCheck"], "InService")),
            "suspended-processes",
            Passed,
            "AZRebalance, HealthCheck; it stays so",
        ),
        (
            "blind",
            |w| w.around.obstacles.groups = Err("throttled".into()),
            "suspended-processes",
            Warning,
            "throttled",
        ),
    ]);
}

fn schedule() -> Vec<ScheduledAction> {
    vec![ScheduledAction {
        group_name: "Workers-1".into(),
        name: "morning".into(),
        next: Some("2027-01-16T08:00:00Z".into()),
        recurrence: Some("0 8 * * *".into()),
    }]
}

#[test]
fn scheduled_actions_are_named_with_what_becomes_of_them() {
    check_all(&[
        ("none", |_| {}, "scheduled-actions", Skipped, "No group"),
        (
            "one",
            |w| w.around.obstacles.schedules = Ok(schedule()),
            "scheduled-actions",
            Passed,
            "Scheduled action morning of group Workers-1 (next 2027-01-16T08:00:00Z, again at 0 8 * * *): it is suspended for \
             the maintenance",
        ),
        (
            "its owner's",
            |w| {
                w.around.obstacles.groups = Ok(group(&["ScheduledActions"], "InService"));
                w.around.obstacles.schedules = Ok(schedule());
            },
            "scheduled-actions",
            Passed,
            "it is suspended, and stays so",
        ),
        (
            "blind",
            |w| w.around.obstacles.schedules = Err("no".into()),
            "scheduled-actions",
            Warning,
            "Scheduled actions of groups could not be looked at: no",
        ),
    ]);
}

fn refresh(status: &str) -> Vec<InstanceRefresh> {
    vec![InstanceRefresh { group_name: "Workers-1".into(), status: status.into(), percent: Some(35) }]
}

#[test]
fn instance_refreshes_under_way_are_named() {
    check_all(&[
        ("none", |_| {}, "instance-refreshes", Skipped, "No group"),
        (
            "under way",
            |w| w.around.obstacles.refreshes = Ok(refresh("InProgress")),
            "instance-refreshes",
            Failed,
            "Group Workers-1 has an instance refresh under way (InProgress, 35 %)",
        ),
        (
            "what cancels it",
            |w| w.around.obstacles.refreshes = Ok(refresh("Baking")),
            "instance-refreshes",
            Failed,
            "aws autoscaling cancel-instance-refresh --auto-scaling-group-name Workers-1",
        ),
        (
            "being cancelled",
            |w| w.around.obstacles.refreshes = Ok(refresh("Cancelling")),
            "instance-refreshes",
            Warning,
            "it is waited for before the gate closes",
        ),
        (
            "blind",
            |w| w.around.obstacles.refreshes = Err("no".into()),
            "instance-refreshes",
            Warning,
            "at: no",
        ),
    ]);
}

#[test]
fn queues_and_environments_that_are_not_well_are_named() {
    check_all(&[
        (
            "well",
            |w| w.around.obstacles.queues = Ok(queue("VALID")),
            "job-queues",
            Passed,
            "1 queue looked at",
        ),
        ("no queues", |w| w.targets.job_queues.clear(), "job-queues", Skipped, "no job queue"),
        (
            "invalid",
            |w| w.around.obstacles.queues = Ok(queue("INVALID")),
            "job-queues",
            Warning,
            "Queue spot is INVALID (CLIENT_ERROR - no role)",
        ),
        (
            "updating",
            |w| w.around.obstacles.queues = Ok(queue("UPDATING")),
            "job-queues",
            Warning,
            "Queue spot is UPDATING: it is waited for before the gate closes.",
        ),
        (
            "an invalid environment",
            |w| w.around.obstacles.environments = Ok(environment(true, "INVALID")),
            "job-queues",
            Warning,
            "Compute environment spot is INVALID (CLIENT_ERROR - no role)",
        ),
        (
            "an environment that is being deleted",
            |w| w.around.obstacles.environments = Ok(environment(true, "DELETING")),
            "job-queues",
            Warning,
            "is DELETING",
        ),
        (
            "a disabled environment",
            |w| w.around.obstacles.environments = Ok(environment(false, "VALID")),
            "job-queues",
            Passed,
            "is DISABLED",
        ),
        ("blind", |w| w.around.obstacles.queues = Err("no".into()), "job-queues", Warning, "looked at: no"),
        (
            "blind to environments",
            |w| w.around.obstacles.environments = Err("no".into()),
            "job-queues",
            Warning,
            "compute environments could not be looked at: no",
        ),
    ]);
}
