//! Whether what maintenance touches is still there in the new release: a queue, a group or the listener may be renamed,
//! replaced or gone, and then putting things back has to know.

use std::collections::BTreeSet;

use changeset::expect::Expected;
use template::{Evaluation, Outside};

use super::finding::{Finding, list};
use super::{Check, CheckInput, CheckResult};
use crate::circumstances::Looked;
use crate::draft::DraftedUpdate;
use crate::observation::LogicalResource;
use crate::plan::Targets;
use crate::profile::{Profile, is_work};

const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";

/// Types of which every resource is a target, whatever the profile says.
const EVERY: [&str; 4] = [
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::Volume",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::RDS::DBInstance",
];

/// The logical ids of what a profile finds in the new release; the reason when it doesn't fit.
pub fn new_targets(profile: &Profile, drafted: &DraftedUpdate) -> Looked<BTreeSet<String>> {
    let outside = Outside::default();
    let after = &drafted.after;
    let evaluation = Evaluation::new(&after.template, &after.parameters, &drafted.pseudo, &outside)
        .map_err(|error| error.to_string())?;
    let roles = profile.roles(&evaluation).map_err(|error| error.to_string())?;
    let of_type = evaluation.active_resources().filter(|one| EVERY.contains(&one.type_name.as_str()));
    Ok((roles.listeners.into_iter())
        .chain(roles.job_queues)
        .chain(roles.worker_groups)
        .chain(roles.ecs_services)
        .chain(roles.serving_services)
        .chain(of_type.map(|one| one.logical_id.clone()))
        .collect())
}

/// The targets in both releases.
pub(super) const TARGETS: Check = Check::new("targets", "Parts of the platform in the new release", check);

fn check(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    if !input.gateless {
        input
            .targets
            .listeners
            .iter()
            .for_each(|listener| gate_holder(input, &listener.logical_id, &mut finding));
    }
    if let Err(error) = input.foretold {
        return finding.skipped(format!("What the update will do can't be told: {error}"));
    }
    let targets = input.targets;
    let old: BTreeSet<&str> = (targets.listeners.iter())
        .chain(&targets.job_queues)
        .chain(&targets.worker_groups)
        .chain(&targets.ecs_services)
        .chain(&targets.serving_services)
        .chain(&targets.target_groups)
        .chain(&targets.alarms)
        .chain(&targets.databases)
        .chain(&targets.volumes)
        .map(|target: &LogicalResource| target.logical_id.as_str())
        .collect();
    let new = match input.new_targets {
        Ok(new) => new,
        Err(reason) => {
            finding.warn(
                format!("The profile doesn't fit the new release: {reason}. After the update nobody would find what to put back."),
                "Write a profile for the new release before upgrading to it.",
            );
            return finding.done();
        }
    };
    let gone: Vec<&str> = old.iter().copied().filter(|id| !input.after.resources.contains_key(*id)).collect();
    let unseen: Vec<&str> = old
        .iter()
        .copied()
        .filter(|id| !new.contains(*id) && input.after.resources.contains_key(*id))
        .collect();
    let added: Vec<&str> = new.iter().map(String::as_str).filter(|id| !old.contains(id)).collect();
    if !gone.is_empty() {
        let renamed =
            if added.is_empty() { String::new() } else { format!(" New in it: {}.", list(added.clone())) };
        finding.warn(
            format!(
                "Not in the new release: {}. What maintenance changes on them ends with them and isn't put back.{renamed}",
                gone.join(", ")
            ),
            "Compare with the release notes: a part that was renamed comes back as the release defines it.",
        );
    } else if !added.is_empty() {
        finding.note(format!("New with this release, and left as it defines them: {}.", list(added)));
    }
    if !unseen.is_empty() {
        finding.warn(
            format!(
                "In the new release's template, but not found by the profile there (a condition, perhaps, or a tag that \
                 changed): {}.",
                list(unseen)
            ),
            "Look at the profile: parts that it doesn't find are not put back.",
        );
    }
    let alone = left_alone(input);
    if !alone.is_empty() {
        finding.note(format!(
            "Left alone, and at work while the stack is updated: {}. A profile's file can name them as what they are.",
            list(alone)
        ));
    }
    if old.iter().all(|id| new.contains(*id)) {
        finding.note(format!("All {} parts are in both releases.", old.len()));
    }
    finding.done()
}

/// What could be work by its type, and is no target: the profile takes it for a part that serves pages, or doesn't name it.
fn left_alone<'i>(input: &CheckInput<'i>) -> Vec<&'i str> {
    let Targets { job_queues, worker_groups, ecs_services, .. } = input.targets;
    let is_of_work = |logical_id: &str| {
        let resource = input.before.template.resources.get(logical_id);
        resource.is_some_and(|resource| is_work(&resource.type_name))
    };
    let is_stopped = |logical_id: &str| {
        let mut stopped = job_queues.iter().chain(worker_groups).chain(ecs_services);
        stopped.any(|target| target.logical_id == logical_id)
    };
    let there = input.deployment.resources.iter().map(|resource| resource.logical_id.as_str());
    there.filter(|id| is_of_work(id) && !is_stopped(id)).collect()
}

/// The gate's rules hang on the listener, and the listener on its load balancer: where one of them is replaced the new
/// one has no gate, and users get in while the update is still under way.
fn gate_holder(input: &CheckInput<'_>, listener: &str, finding: &mut Finding) {
    let load_balancer = input
        .before
        .template
        .resources
        .get(listener)
        .and_then(|resource| resource.properties.as_ref()?.get("LoadBalancerArn")?.get("Ref")?.as_str());
    for holder in std::iter::once(listener).chain(load_balancer) {
        let Some(one) = input.expectations().iter().find(|one| one.logical_id == holder) else { continue };
        // Without a listener of its own the release may still be reached by one of others: only a person can tell.
        let without_doors = one.expected == Expected::Removed
            && !input.after.resources.values().any(|one| one.type_name == LISTENER);
        let then = if without_doors {
            "The new release has no listener, so at its end the run asks a person whether users reach the platform."
        } else {
            "The run closes the new door within half a minute of its being there; until then users reach the platform while it is being updated."
        };
        let seen = |how: &str| format!("{holder} {how}: the closed gate goes with it. {then}");
        let advice = format!(
            "Keep users out by other means (DNS, a firewall rule), then say so: --accept-replacement {holder}."
        );
        match one.expected {
            Expected::Replaced | Expected::Removed => match input.acceptance(holder) {
                Some(accepted) => finding.note(format!(
                    "{} Accepted by {}: {}",
                    seen("is replaced or removed"),
                    accepted.who,
                    accepted.why
                )),
                None => finding.fail(seen("is replaced or removed"), advice),
            },
            Expected::MayBeReplaced => finding.warn(seen("may be replaced"), advice),
            Expected::Unchanged
            | Expected::MayBeUpdated
            | Expected::UpdatedInPlace
            | Expected::InstancesReplaced
            | Expected::Added
            | Expected::Fails => {}
        }
    }
}

/// What works in nested stacks: no profile finds it, so nobody stops it.
pub(super) const NESTED_STACKS: Check =
    Check::new("nested-stacks", "Work in nested stacks", nested).standing();

fn nested(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    match &input.circumstances.nested_work {
        Err(reason) => finding.warn(
            format!("The nested stacks could not be looked at: {reason}. What works there goes on."),
            "Allow cloudformation:ListStackResources on them, and check again.",
        ),
        Ok(work) if work.is_empty() => {
            return finding.skipped("No nested stack has a worker group, a job queue or an ECS service.");
        }
        Ok(work) => finding.warn(
            format!(
                "Goes on while the stack is updated, since no profile reaches into nested stacks: {}.",
                list(work.iter().map(String::as_str))
            ),
            "Stop it yourself first; where it may go on, accept this once and for all in the settings \
             ([deployments.NAME.accept]).",
        ),
    }
    finding.done()
}
