//! Who asks, and whether IAM lets the caller and the deployment role do what the plan does. The lists of actions are
//! here too, so that what is simulated is what is judged.

use std::collections::{BTreeMap, BTreeSet};

use changeset::permissions::{Permissions, Why};

use super::finding::{Finding, list};
use super::{Check, CheckInput, CheckResult};
use crate::circumstances::{DeniedAction, Looked};
use crate::draft::makes_room;
use crate::plan::Targets;

/// What following an update, stopping it and getting out of a failed rollback take besides the change set.
const UPDATE: [&str; 3] = [
    "cloudformation:CancelUpdateStack",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:ListStackResources",
];

const GATE: [&str; 7] = [
    "elasticloadbalancing:AddTags",
    "elasticloadbalancing:CreateRule",
    "elasticloadbalancing:DeleteRule",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTags",
];

/// Where the platform's own rules leave no room before them.
const MAKING_ROOM: [&str; 2] = ["elasticloadbalancing:RemoveTags", "elasticloadbalancing:SetRulePriorities"];

const JOB_QUEUES: [&str; 8] = [
    "batch:DescribeComputeEnvironments",
    "batch:DescribeJobQueues",
    // Whose a job is stands in its tags, which ListJobs doesn't give.
    "batch:DescribeJobs",
    "batch:ListJobs",
    "batch:TagResource",
    "batch:TerminateJob",
    "batch:UntagResource",
    "batch:UpdateJobQueue",
];

const WORKER_GROUPS: [&str; 18] = [
    "autoscaling:CompleteLifecycleAction",
    "autoscaling:CreateOrUpdateTags",
    "autoscaling:DeleteTags",
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeInstanceRefreshes",
    "autoscaling:DescribeLifecycleHooks",
    "autoscaling:DescribeScheduledActions",
    "autoscaling:DescribeWarmPool",
    "autoscaling:PutWarmPool",
    "autoscaling:ResumeProcesses",
    "autoscaling:SetDesiredCapacity",
    "autoscaling:SetInstanceProtection",
    "autoscaling:SuspendProcesses",
    "autoscaling:UpdateAutoScalingGroup",
    // That an instance was protected is noted on itself.
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:DescribeTags",
    "ec2:TerminateInstances",
];

const ECS_SERVICES: [&str; 7] = [
    "ecs:DescribeServices",
    "ecs:DescribeTasks",
    "ecs:ListTasks",
    "ecs:StopTask",
    "ecs:TagResource",
    "ecs:UntagResource",
    "ecs:UpdateService",
];

const MACHINES: [&str; 3] =
    ["ec2:DescribeInstanceAttribute", "ec2:DescribeInstances", "ec2:TerminateInstances"];

const ALARMS: [&str; 6] = [
    "cloudwatch:DescribeAlarms",
    "cloudwatch:DisableAlarmActions",
    "cloudwatch:EnableAlarmActions",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:TagResource",
    "cloudwatch:UntagResource",
];

const DATABASES: [&str; 5] = [
    "rds:AddTagsToResource",
    "rds:CreateDBSnapshot",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSnapshots",
    "rds:DescribePendingMaintenanceActions",
];

const VOLUMES: [&str; 3] = ["ec2:CreateSnapshot", "ec2:CreateTags", "ec2:DescribeSnapshots"];

/// The actions that the caller itself must be allowed: the change set, maintenance of the targets, and, where the stack
/// has no role, everything that CloudFormation does in the caller's name.
#[must_use]
pub fn actions_of_caller(
    permissions: &Permissions,
    targets: &Targets,
    stack_has_role: bool,
    makes_room: bool,
) -> BTreeSet<String> {
    let mut actions: BTreeSet<String> = UPDATE.iter().map(|&action| action.to_owned()).collect();
    let mut add = |wanted: bool, more: &[&str]| {
        if wanted {
            actions.extend(more.iter().map(|&action| action.to_owned()));
        }
    };
    add(!targets.listeners.is_empty(), &GATE);
    add(makes_room, &MAKING_ROOM);
    add(!targets.job_queues.is_empty(), &JOB_QUEUES);
    add(!targets.worker_groups.is_empty(), &WORKER_GROUPS);
    add(!targets.ecs_services.is_empty(), &ECS_SERVICES);
    add(!targets.serving_services.is_empty(), &["ecs:DescribeServices"]);
    add(!targets.dedicated_machine_tags.is_empty(), &MACHINES);
    add(!targets.alarms.is_empty(), &ALARMS);
    add(!targets.databases.is_empty(), &DATABASES);
    add(!targets.volumes.is_empty(), &VOLUMES);
    add(!targets.target_groups.is_empty(), &["elasticloadbalancing:DescribeTargetHealth"]);
    add(stack_has_role, &["iam:PassRole"]);
    let own = permissions.groups.iter().filter(|(why, _)| **why == Why::ChangeSet || !stack_has_role);
    actions.extend(own.flat_map(|(_, group)| group.actions.iter().cloned()));
    actions
}

/// The actions that the role which CloudFormation assumes must be allowed.
#[must_use]
pub fn actions_of_role(permissions: &Permissions) -> BTreeSet<String> {
    let groups = permissions.groups.iter().filter(|(why, _)| **why != Why::ChangeSet);
    groups.flat_map(|(_, group)| group.actions.iter().cloned()).collect()
}

/// Who asks.
pub(super) const IDENTITY: Check = Check::new("identity", "Caller", identity);

fn identity(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    match &input.circumstances.caller_arn {
        Err(reason) => finding.warn(
            format!("AWS doesn't say who is calling: {reason}"),
            "Check the credentials and that STS can be reached.",
        ),
        Ok(arn) => {
            // arn:partition:service:region:account:resource
            let account = arn.split(':').nth(4).unwrap_or_default();
            let deployment = &input.deployment.account_id;
            if account != deployment {
                finding.fail(
                    format!(
                        "The caller is {arn}, of account {account}; the stack is in account {deployment}."
                    ),
                    "Use credentials of the stack's account, or assume a role in it.",
                );
            } else if arn.ends_with(":root") {
                finding.warn(
                    format!(
                        "The caller is {arn}, the account's root user: nothing limits what a mistake can do."
                    ),
                    "Use a role with the plan's least permissions.",
                );
            } else {
                finding.note(format!("The caller is {arn}."));
            }
        }
    }
    finding.done()
}

/// Whether the caller may do what the plan asks of it.
pub(super) const PERMISSIONS_CALLER: Check =
    Check::new("permissions-caller", "Permissions of the caller", caller).accepted_singly();

fn caller(input: &CheckInput<'_>, finding: Finding) -> CheckResult {
    let has_role = input.circumstances.stack.role_arn.is_some();
    // What only the role needs is no loss when the caller lacks it.
    let of_role_only: BTreeSet<String> = match input.foretold {
        Ok(foretold) if has_role => {
            let listeners = input.circumstances.listeners.as_deref().unwrap_or_default();
            let moves = !input.gateless && makes_room(listeners, input.door_words, input.admitted);
            let own = actions_of_caller(&foretold.permissions, input.targets, true, moves);
            actions_of_role(&foretold.permissions)
                .into_iter()
                .filter(|action| !own.contains(action))
                .collect()
        }
        Ok(_) | Err(_) => BTreeSet::new(),
    };
    judge(input, finding, &input.circumstances.denied_to_caller, &of_role_only, "the caller")
}

const ROLE: &str = "the role";

/// Whether the role may do what the update asks of it.
pub(super) const PERMISSIONS_ROLE: Check =
    Check::new("permissions-role", "Permissions of the deployment role", role).accepted_singly();

fn role(input: &CheckInput<'_>, finding: Finding) -> CheckResult {
    match &input.circumstances.denied_to_role {
        None => {
            finding.skipped("The stack has no role of its own: CloudFormation acts with the caller's rights.")
        }
        Some(denied) => {
            // Caller and role are asked about the same list; what only the caller does is no business of the role's.
            let own = match input.foretold {
                Ok(foretold) => actions_of_role(&foretold.permissions),
                Err(_) => BTreeSet::new(),
            };
            let of_caller_only: BTreeSet<String> = denied
                .iter()
                .flatten()
                .map(|one| one.action.clone())
                .filter(|action| !own.contains(action))
                .collect();
            judge(input, finding, denied, &of_caller_only, ROLE)
        }
    }
}

fn judge(
    input: &CheckInput<'_>,
    mut finding: Finding,
    denied: &Looked<Vec<DeniedAction>>,
    not_needed: &BTreeSet<String>,
    who: &str,
) -> CheckResult {
    let denied = match denied {
        Ok(denied) => denied,
        Err(reason) => {
            return finding
                .skipped(format!("IAM could not be asked to simulate the plan's actions: {reason}"));
        }
    };
    let mut by_decision: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in denied.iter().filter(|one| !not_needed.contains(&one.action)) {
        by_decision.entry(&one.decision).or_default().push(&one.action);
    }
    let permissions = input.foretold.ok().map(|foretold| &foretold.permissions);
    for (decision, actions) in &by_decision {
        let why = reasons(permissions, actions);
        let advice = match *decision {
            "explicitDeny" => {
                "A policy, a permissions boundary or an organization's policy denies it in words: allowing it elsewhere \
                 doesn't help."
            }
            _ => "Add the plan's least policy (slackwater plan prints it) to the principal.",
        };
        let text = format!("{who} is denied {} ({decision}){why}.", actions.join(", "));
        if who == ROLE && *decision == "implicitDeny" {
            // The simulation asks for every resource. A deployment role is made for this stack's alone: what it may do
            // to those counts as denied there, so this can't be held against it.
            finding.warn(
                format!("{text} It may be allowed for the stack's own resources: that was not asked."),
                "Compare the role's policies with the plan's least policy (slackwater template RELEASE --output policy).",
            );
        } else {
            finding.fail(text, advice);
        }
    }
    if by_decision.is_empty() {
        finding.note(format!("IAM's simulation denies {who} none of the plan's actions."));
        finding.note(
            "The simulation knows no policies of resources (a key's, a bucket's) and no conditions on tags.",
        );
    }
    if let Some(unknown) = permissions.map(|one| &one.unknown_types).filter(|types| !types.is_empty()) {
        finding.note(format!(
            "What these types need is not published, so it was not asked: {}.",
            list(unknown.iter().map(String::as_str))
        ));
    }
    finding.done()
}

/// For which resources the actions are needed.
fn reasons(permissions: Option<&Permissions>, actions: &[&str]) -> String {
    let groups = permissions.into_iter().flat_map(|permissions| permissions.groups.values());
    let needy: BTreeSet<&str> = groups
        .filter(|group| actions.iter().any(|action| group.actions.contains(*action)))
        .flat_map(|group| group.because_of.iter().map(String::as_str))
        .collect();
    if needy.is_empty() { String::new() } else { format!(", needed for some of {}", list(needy)) }
}
