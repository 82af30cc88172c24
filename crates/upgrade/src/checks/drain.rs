//! What a drain can't end and what won't come back, named before anybody is kept out. The judgement is
//! [`crate::obstacles`]'s, which the run asks once more right before the gate closes.

use super::finding::{Finding, count};
use super::{Check, CheckInput, CheckResult};
use crate::obstacles::{
    processes, protections, refreshing, scheduled, unfit_environments, unfit_services, unsettled_queues,
};

/// Machines and instances that nobody may terminate.
pub(super) const PROTECTED_INSTANCES: Check =
    Check::new("protected-instances", "Machines can be terminated", protected);

fn protected(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let seen = &input.circumstances.obstacles;
    let machines = input.circumstances.dedicated_machines.iter().flatten().count();
    finding.meet(protections(&seen.protected, &seen.groups));
    if finding.is_untouched() {
        if machines == 0 {
            return finding.skipped("There is no machine outside of the groups.");
        }
        finding.note(format!("Nothing protects {} from being terminated.", count(machines, "machine")));
    }
    finding.done()
}

/// Groups whose processes are suspended.
pub(super) const SUSPENDED_PROCESSES: Check =
    Check::new("suspended-processes", "Groups can shrink and grow", suspended);

fn suspended(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let groups = &input.circumstances.obstacles.groups;
    finding.meet(processes(groups, input.maintenance));
    if finding.is_untouched() {
        if input.targets.worker_groups.is_empty() {
            return finding.skipped("The stack has no worker group.");
        }
        let looked_at = count(groups.iter().flatten().count(), "group");
        finding.note(format!("{looked_at} looked at: no process is suspended."));
    }
    finding.done()
}

/// Instance refreshes under way.
pub(super) const INSTANCE_REFRESHES: Check =
    Check::new("instance-refreshes", "Instance refreshes", refreshes);

fn refreshes(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    finding.meet(refreshing(&input.circumstances.obstacles.refreshes));
    if finding.is_untouched() {
        return finding.skipped("No group has an instance refresh under way.");
    }
    finding.done()
}

/// Scheduled actions of groups that maintenance takes to zero.
pub(super) const SCHEDULED_ACTIONS: Check = Check::new("scheduled-actions", "Scheduled actions", schedules);

fn schedules(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let seen = &input.circumstances.obstacles;
    finding.meet(scheduled(&seen.schedules, &seen.groups));
    if finding.is_untouched() {
        return finding.skipped("No group has a scheduled action.");
    }
    finding.done()
}

/// Queues and compute environments that Batch can't use.
pub(super) const JOB_QUEUES: Check = Check::new("job-queues", "Job queues are well", queues);

fn queues(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let seen = &input.circumstances.obstacles;
    finding.meet(unsettled_queues(&seen.queues));
    finding.meet(unfit_environments(&seen.environments));
    if finding.is_untouched() {
        if input.targets.job_queues.is_empty() {
            return finding.skipped("The stack has no job queue.");
        }
        let looked_at = count(seen.queues.iter().flatten().count(), "queue");
        finding.note(format!("{looked_at} looked at, with their compute environments: all are VALID."));
    }
    finding.done()
}

/// ECS services that can't be taken to no tasks and back.
pub(super) const ECS_SERVICES: Check = Check::new("ecs-services", "ECS services are well", services);

fn services(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let services = &input.circumstances.obstacles.services;
    finding.meet(unfit_services(services));
    if finding.is_untouched() {
        if input.targets.ecs_services.is_empty() {
            return finding.skipped("The stack has no ECS service that works.");
        }
        let looked_at = count(services.iter().flatten().count(), "service");
        finding.note(format!("{looked_at} looked at: all have their tasks."));
    }
    finding.done()
}
