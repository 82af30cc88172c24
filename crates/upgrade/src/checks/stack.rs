//! The stack itself: its status, its settings, its drift. Its policy is in `stack_policy`.

use changeset::expect::Expected;

use super::finding::{Finding, list};
use super::{Check, CheckInput, CheckResult};
use crate::circumstances::Drift;
use crate::draft::is_updatable;

/// Whether CloudFormation takes an update now.
pub(super) const STACK_STATUS: Check = Check::new("stack-status", "Stack can be updated", status);

fn status(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let (name, status) = (&input.deployment.stack_name, input.deployment.status.as_str());
    match way_out(status) {
        None => finding.note(format!("{name} is {status}.")),
        Some(advice) => finding
            .fail(format!("{name} is {status}: CloudFormation takes no update of it in this state."), advice),
    }
    if let Some(operation) = &input.circumstances.stack.operation_under_way {
        finding.fail(
            format!("Under way on the stack: {operation}. CloudFormation does one thing at a time."),
            "Wait until it is done, then check again.",
        );
    }
    finding.done()
}

/// What leads out of a status in which a stack takes no update; `None` where it takes one (user guide, "Stack status
/// codes" and "Troubleshooting: Update rollback failed").
pub(crate) fn way_out(status: &str) -> Option<&'static str> {
    if is_updatable(status) {
        return None;
    }
    Some(match status {
        "UPDATE_ROLLBACK_FAILED" => {
            "Put right what made the rollback fail, then continue it (aws cloudformation continue-update-rollback), \
             skipping only resources that can't be helped. Don't delete the stack: it takes the data with it."
        }
        "UPDATE_FAILED" => {
            "An update stopped with rollback disabled. Roll it back (aws cloudformation rollback-stack), then check \
             again."
        }
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" => {
            "The stack was never made whole, so there is nothing to upgrade: delete it and create it anew."
        }
        "REVIEW_IN_PROGRESS" => {
            "The stack has only a change set and no resources yet: execute that change set, or delete the stack."
        }
        "DELETE_FAILED" => {
            "Somebody has tried to delete the stack. Find out who and why before anything else."
        }
        status if status.starts_with("DELETE") => "The stack is being deleted, or is gone.",
        status if status.ends_with("_IN_PROGRESS") => "Wait until the operation is done, then check again.",
        _ => "Bring the stack to a _COMPLETE state first.",
    })
}

/// Whether a failed update would be rolled back.
///
/// Sources: user guide, "Choose how to handle failures when provisioning resources". That a replacement is refused
/// ("Replacement type updates not supported on stack with disable-rollback") is known from people's reports, and that a
/// stack stays so marked by an earlier operation too (aws-sam-cli 4585).
pub(super) const ROLLBACK: Check = Check::new("rollback", "A failed update is rolled back", rollback);

fn rollback(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let stack = &input.circumstances.stack;
    if stack.disable_rollback {
        let replaced: Vec<&str> = input
            .expectations()
            .iter()
            .filter(|one| one.expected == Expected::Replaced)
            .map(|one| one.logical_id.as_str())
            .collect();
        let advice = "Enable rollback for the stack before the upgrade (update it once with the same template and \
                      without --disable-rollback).";
        if replaced.is_empty() {
            finding.warn(
                "Rollback is disabled: an update that fails leaves the platform half on each release, behind a closed \
                 gate, until a person rolls it back.",
                advice,
            );
        } else {
            finding.fail(
                format!(
                    "Rollback is disabled, and then CloudFormation refuses to replace resources; this update replaces \
                     {}.",
                    list(replaced)
                ),
                advice,
            );
        }
    } else {
        finding.note("Rollback is enabled: when something fails CloudFormation goes back by itself.");
    }
    // Muting an alarm doesn't help here: CloudFormation watches its state, not its actions (user guide, "Roll back
    // your CloudFormation stack on alarm breach with rollback triggers").
    for trigger in &stack.rollback_triggers {
        let alarms = input.circumstances.alarms.as_deref().unwrap_or_default();
        let own = alarms.iter().find(|alarm| trigger.ends_with(&format!(":alarm:{}", alarm.name)));
        match own {
            Some(alarm) if alarm.state == "ALARM" => finding.fail(
                format!("The rollback trigger {} is in ALARM now: the update would be rolled back at once.", alarm.name),
                "Calm the alarm, or take it off the rollback triggers for this update.",
            ),
            Some(alarm) => finding.warn(
                format!(
                    "{} watches {} and rolls the update back when it goes to ALARM, muted or not; maintenance itself may \
                     make it.",
                    alarm.name, alarm.metric
                ),
                "Take alarms on what maintenance stops off the stack's rollback triggers.",
            ),
            None => finding.note(format!("Rollback trigger: {trigger}.")),
        }
    }
    finding.done()
}

/// Whether somebody could delete the stack by accident.
pub(super) const TERMINATION_PROTECTION: Check =
    Check::new("termination-protection", "Termination protection", termination_protection).standing();

fn termination_protection(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    if input.circumstances.stack.termination_protection {
        finding.note("On: nobody deletes the stack by accident. Updates are not touched by it.");
    } else {
        finding.warn(
            "Off: one wrong command in the middle of an upgrade deletes the platform.",
            format!(
                "Turn it on: aws cloudformation update-termination-protection --enable-termination-protection \
                 --stack-name {}.",
                input.deployment.stack_name
            ),
        );
    }
    finding.done()
}

/// Whether what the update touches still is as CloudFormation left it.
pub(super) const DRIFT: Check = Check::new("drift", "Drift of what the update touches", drift);

fn drift(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let drifted = match &input.circumstances.drift {
        Ok(drifted) => drifted,
        Err(reason) => return finding.skipped(format!("Drift could not be looked at: {reason}")),
    };
    let touched = |logical_id: &str| {
        input.foretold.is_err()
            || input
                .expectations()
                .iter()
                .any(|one| one.logical_id == logical_id && one.expected != Expected::Unchanged)
    };
    for one in drifted.iter().filter(|one| touched(&one.logical_id)) {
        match one.status.as_str() {
            // Storage autoscaling, which has a check of its own.
            "MODIFIED" if one.properties == ["/AllocatedStorage"] => {
                finding.note(format!("{} has other storage than its template: see database-storage.", one.logical_id));
            }
            "MODIFIED" if input.found.is_some() && is_of_maintenance(input, one) => {
                let changed = list(one.properties.iter().map(String::as_str));
                finding.note(format!("{} is as maintenance left it ({changed}).", one.logical_id));
            }
            "DELETED" => finding.fail(
                format!("{} was deleted outside of CloudFormation: an update of it fails.", one.logical_id),
                "Create it again, or import its successor into the stack.",
            ),
            _ => finding.warn(
                format!(
                    "{} was changed outside of CloudFormation ({}). What the update sends for it is the template's \
                     value, which undoes that change.",
                    one.logical_id,
                    if one.properties.is_empty() {
                        one.status.clone()
                    } else {
                        list(one.properties.iter().map(String::as_str))
                    }
                ),
                "Decide which of the two is right; where it is the live one, put it into a parameter or ask the vendor.",
            ),
        }
    }
    if drifted.iter().all(|one| !touched(&one.logical_id)) {
        finding.note("Nothing that the update touches has drifted.");
    }
    finding.done()
}

/// What maintenance changes on resources, by type. Its notes are tags, and rules make room for the gate.
const CHANGED_BY_MAINTENANCE: [(&str, &[&str]); 6] = [
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &["MinSize", "MaxSize", "DesiredCapacity", "NewInstancesProtectedFromScaleIn", "Tags"],
    ),
    ("AWS::AutoScaling::WarmPool", &["MinSize", "MaxGroupPreparedCapacity"]),
    ("AWS::Batch::JobQueue", &["State", "Tags"]),
    ("AWS::CloudWatch::Alarm", &["ActionsEnabled", "Tags"]),
    ("AWS::ECS::Service", &["DesiredCount", "Tags"]),
    ("AWS::ElasticLoadBalancingV2::ListenerRule", &["Priority"]),
];

/// Whether everything that has drifted is what maintenance changes on such a resource.
fn is_of_maintenance(input: &CheckInput<'_>, drift: &Drift) -> bool {
    let Some(resource) = input.before.template.resources.get(&drift.logical_id) else { return false };
    let of_type = CHANGED_BY_MAINTENANCE.iter().find(|(type_name, _)| resource.type_name == *type_name);
    let Some((_, changed)) = of_type else { return false };
    // `/Tags/2/Value`
    let first = |path: &String| path.split('/').nth(1).map(str::to_owned).unwrap_or_default();
    !drift.properties.is_empty()
        && drift.properties.iter().all(|path| changed.contains(&first(path).as_str()))
}
