//! CloudFormation carries an update out, or takes it back.

use crate::Timestamp;
use crate::act::StackAct;
use crate::hooks::HookFinding;
use crate::observation::{Observation, StackEvent, WorkerGroup};
use crate::plan::{Plan, StackUpdate, UpdateKind};
use crate::query::{Query, StackQuery};
use crate::question::{Question, StuckResource};
use crate::state::{Continued, State, UpdateState};
use crate::step::{Ends, OnStop, StepRules};
use crate::steps::{Decision, Inquiry, change_set, no_update, workers};
use crate::watch;

/// As many warnings of hooks as anybody reads.
const WARNINGS_TOLD: usize = 10;

/// The stack's status when its rollback has failed.
pub(crate) const UPDATE_ROLLBACK_FAILED: &str = "UPDATE_ROLLBACK_FAILED";

pub(crate) fn execute_change_set(kind: UpdateKind) -> StepRules {
    let title = match kind {
        UpdateKind::BackupStack => "Execute the backup stack's change set",
        UpdateKind::RoleStack => "Execute the role stack's change set",
        UpdateKind::Primary => "Execute the change set",
        UpdateKind::WayBack => "Execute the change set for the way back",
    };
    StepRules {
        ends: Ends::After(900),
        on_stop: OnStop::Cancel,
        ..StepRules::new(
            title,
            move |plan, state, _| inquiry(plan, state, kind),
            move |plan, state, seen, _| {
                let Observation::StackEvents { events, .. } = seen else { return None };
                Some(execute(plan, state, kind, events))
            },
        )
        .updating(kind)
    }
}

/// Asking for events too often is throttled; everything else is cheap to ask.
pub(crate) fn follow_update(kind: UpdateKind) -> StepRules {
    let title = match kind {
        UpdateKind::BackupStack => "Update the backup stack",
        UpdateKind::RoleStack => "Update the role stack",
        UpdateKind::Primary => "Update the stack",
        UpdateKind::WayBack => "Update the stack back",
    };
    StepRules {
        ends: Ends::ByItself,
        poll_milliseconds: 2000,
        on_stop: OnStop::Cancel,
        ..StepRules::new(
            title,
            move |plan, state, _| inquiry(plan, state, kind),
            move |plan, state, seen, at| {
                if let Observation::StackStatus(status) = seen {
                    return Some(follow_status(state, kind, status.as_deref()));
                }
                let Observation::StackEvents { events, worker_groups } = seen else { return None };
                Some(follow(plan, state, kind, (events, worker_groups), at))
            },
        )
        .updating(kind)
    }
}

pub(crate) fn inquiry(plan: &Plan, state: &State, kind: UpdateKind) -> Inquiry {
    let Some(update) = plan.update(kind) else { return Inquiry::Known(no_update(kind)) };
    let known = state.updates.get(&kind);
    if known.is_some_and(|known| known.led_elsewhere) {
        return Inquiry::Ask(Query::Stack(StackQuery::Status {
            update: kind,
            stack_id: update.stack_id.clone(),
        }));
    }
    Inquiry::Ask(Query::Stack(StackQuery::Events {
        update: kind,
        stack_id: update.stack_id.clone(),
        client_request_token: token(plan, kind, known),
        after_event_id: known.and_then(|known| known.last_event_id.clone()),
        worker_groups: known.map(|known| known.deleting_groups.iter().cloned().collect()).unwrap_or_default(),
    }))
}

/// The token of the operation that is under way: the update's, or that of a continued rollback.
fn token(plan: &Plan, kind: UpdateKind, known: Option<&UpdateState>) -> String {
    let token = plan.token(kind);
    match known.and_then(|known| known.continued.as_ref()) {
        Some(last) => format!("{token}-rollback-{}", last.times),
        None => token,
    }
}

/// Done when the stack has an event of our operation: whatever became of the call that began it.
fn execute(plan: &Plan, state: &mut State, kind: UpdateKind, events: &[StackEvent]) -> Decision {
    let Some(update) = change_set::under_its_name(plan, state, kind) else { return no_update(kind) };
    let known = state.update(kind);
    if !events.is_empty() {
        (known.begun, known.seen) = (true, true);
        return Decision::Done;
    }
    // What the overtaken conducting had executed is executed by nobody else.
    if known.seen {
        return Decision::Wait(vec!["the update's first event".to_owned()]);
    }
    Decision::act(StackAct::ExecuteChangeSet {
        update: kind,
        stack_id: update.stack_id.clone(),
        change_set_name: update.proposal.change_set_name,
        client_request_token: plan.token(kind),
    })
}

/// Done at UPDATE_COMPLETE. After a rollback the old release stands: maintenance is left. A failed rollback is a
/// person's to decide. In any other end the platform is neither here nor there: users stay out.
fn follow(
    plan: &Plan,
    state: &mut State,
    kind: UpdateKind,
    (events, deleting): (&[StackEvent], &[WorkerGroup]),
    at: Timestamp,
) -> Decision {
    let Some(planned) = plan.update(kind) else { return no_update(kind) };
    let stop = state.stop.clone();
    let token = token(plan, kind, state.updates.get(&kind));
    for event in events {
        if let Some(found) = &event.hook {
            state.update(kind).last_event_id = Some(event.event_id.clone());
            note_hook(state, kind, &event.logical_id, found);
            continue;
        }
        note(state.update(kind), kind, planned, event);
        note_listener(plan, state, kind, event);
    }
    // CloudFormation deletes a group by taking it to zero, and what is protected from scale-in stays: "Group did not
    // stabilize", hours later. Nobody works on a group that goes while users are kept out.
    let unprotect = workers::unprotect_noted(plan, state, deleting, at);
    let update = state.update(kind);
    let Some((status, reason)) = &update.status else {
        if let Some(Continued { skip, force, .. }) = &update.continued {
            return Decision::act(StackAct::ContinueUpdateRollback {
                update: kind,
                stack_id: planned.stack_id.clone(),
                skip: skip.clone(),
                force: *force,
                client_request_token: token,
            });
        }
        return Decision::Wait(vec!["the update's first event".to_owned()]);
    };
    let because = update
        .root_cause
        .as_deref()
        .or(reason.as_deref().filter(|reason| !reason.is_empty()))
        .unwrap_or("AWS gave no reason");
    match status.as_str() {
        "UPDATE_COMPLETE" => match (stop, kind) {
            (None, _) => Decision::Done,
            // Users are at work, and nothing of the platform's own has been touched.
            (Some(by), UpdateKind::BackupStack | UpdateKind::RoleStack) => Decision::Fail(format!(
                "stopped by {by}: the {} was updated before it could be cancelled, and stays so",
                kind.title()
            )),
            (Some(by), UpdateKind::Primary | UpdateKind::WayBack) => {
                state
                    .remarks
                    .push(format!("{by} asked to stop when the update could not be cancelled any more"));
                state.stop = None;
                Decision::Done
            }
        },
        "UPDATE_ROLLBACK_COMPLETE" => Decision::Fail(match stop {
            Some(by) => {
                format!("stopped by {by}: CloudFormation rolled the update back; the old release stands")
            }
            None => format!(
                "CloudFormation rolled the update back; the old release stands. First failure: {because}"
            ),
        }),
        UPDATE_ROLLBACK_FAILED => Decision::Ask(rollback_failed(kind, update, because.to_owned())),
        "UPDATE_IN_PROGRESS" if stop.is_some() && !update.cancelled => {
            Decision::act(StackAct::CancelUpdate {
                update: kind,
                stack_id: planned.stack_id.clone(),
                client_request_token: token,
            })
        }
        status if status.ends_with("_IN_PROGRESS") => match unprotect {
            Some(act) => Decision::Act(act),
            None => Decision::Wait(vec![format!("stack status {status}")]),
        },
        status => Decision::Stuck(format!(
            "the stack is {status}, neither the old release nor the new. First failure: {because}"
        )),
    }
}

fn rollback_failed(kind: UpdateKind, update: &UpdateState, root_cause: String) -> Question {
    Question::RollbackFailed { update: kind, root_cause, resources: update.stuck.clone(), refused: None }
}

/// What becomes of a rollback that failed and that somebody else may lead on.
fn follow_status(state: &mut State, kind: UpdateKind, status: Option<&str>) -> Decision {
    let update = state.update(kind);
    let because = update.root_cause.clone().unwrap_or_else(|| "AWS gave no reason".to_owned());
    let Some(status) = status else {
        return Decision::Stuck(format!("the stack is no longer there. First failure: {because}"));
    };
    let failed = status == UPDATE_ROLLBACK_FAILED;
    update.led_elsewhere = !failed;
    let decision = match status {
        UPDATE_ROLLBACK_FAILED => Decision::Ask(rollback_failed(kind, update, because)),
        "UPDATE_ROLLBACK_COMPLETE" => Decision::Fail(format!(
            "the rollback failed, and was continued by somebody else; the old release stands. First failure: {because}"
        )),
        status if status.ends_with("_IN_PROGRESS") => Decision::Wait(vec![format!("stack status {status}")]),
        status => Decision::Stuck(format!(
            "the rollback failed, and somebody else has led the stack to {status}. First failure: {because}"
        )),
    };
    if !failed {
        state.question = None;
    }
    decision
}

/// What a hook of the account found: the reason of a failure to come, or a warning.
fn note_hook(state: &mut State, kind: UpdateKind, logical_id: &str, found: &HookFinding) {
    let update = state.update(kind);
    if !found.is_warning() {
        update.hooks_found.entry(logical_id.to_owned()).or_default().push(found.to_string());
        return;
    }
    update.hooks_warned += 1;
    let warned = update.hooks_warned;
    if warned <= WARNINGS_TOLD {
        state.remarks.push(format!("a hook of the account warned of {logical_id}, and it went on: {found}"));
    } else if warned == WARNINGS_TOLD + 1 {
        let more = "hooks of the account warned of more; the events of the update have each";
        state.remarks.push(more.to_owned());
    }
}

/// A listener that the update makes, or removes, is a door that appears or goes.
fn note_listener(plan: &Plan, state: &mut State, kind: UpdateKind, event: &StackEvent) {
    let of_platform = match kind {
        UpdateKind::Primary | UpdateKind::WayBack => true,
        UpdateKind::BackupStack | UpdateKind::RoleStack => false,
    };
    if of_platform
        && !stays_open(plan, &event.logical_id)
        && event.resource_type == "AWS::ElasticLoadBalancingV2::Listener"
        && let Some(physical_id) = event.physical_id.as_deref().filter(|id| id.starts_with("arn:"))
    {
        watch::note_listener(state, physical_id, event.status == "DELETE_COMPLETE");
    }
}

/// Whether the plan leaves a listener of this name alone: it isn't for users, or leads only to one that is closed.
fn stays_open(plan: &Plan, logical_id: &str) -> bool {
    let known = plan.doors.iter().find(|door| door.listener.logical_id == logical_id);
    plan.gates().next().is_none() || known.is_some_and(|door| door.gate().is_none())
}

/// Take one event in.
fn note(update: &mut UpdateState, kind: UpdateKind, planned: &StackUpdate, event: &StackEvent) {
    update.last_event_id = Some(event.event_id.clone());
    // The stacks that are updated while users work have no worker groups of ours.
    if let (UpdateKind::Primary | UpdateKind::WayBack, "AWS::AutoScaling::AutoScalingGroup", Some(name)) =
        (kind, event.resource_type.as_str(), &event.physical_id)
    {
        update.touched_groups.insert(name.clone());
        if event.status == "DELETE_IN_PROGRESS" {
            update.deleting_groups.insert(name.clone());
        } else {
            update.deleting_groups.remove(name);
        }
    }
    if let (UpdateKind::Primary | UpdateKind::WayBack, "AWS::ECS::Service", Some(arn)) =
        (kind, event.resource_type.as_str(), &event.physical_id)
    {
        update.touched_services.insert(arn.clone());
    }
    if event.is_of_stack(&planned.stack_name) {
        if event.status == "UPDATE_ROLLBACK_IN_PROGRESS" {
            update.rolling_back = true;
            update.stuck.clear();
        }
        update.status = Some((event.status.clone(), event.status_reason.clone()));
        return;
    }
    let cleaning_up =
        update.status.as_ref().is_some_and(|(status, _)| status.ends_with("_CLEANUP_IN_PROGRESS"));
    if cleaning_up && let Some(physical_id) = &event.physical_id {
        if event.status == "DELETE_FAILED" {
            let reason = event.status_reason.as_deref().unwrap_or("AWS gave no reason");
            let left = format!("{} ({}) {physical_id}: {reason}", event.logical_id, event.resource_type);
            update.left_behind.insert(physical_id.clone(), left);
            return;
        }
        if event.status == "DELETE_COMPLETE" {
            update.left_behind.remove(physical_id);
        }
    }
    if event.is_root_failure() {
        let mut reason = event.status_reason.clone().unwrap_or_else(|| "AWS gave no reason".to_owned());
        for found in update.hooks_found.remove(&event.logical_id).into_iter().flatten() {
            reason.push_str(&format!(". {found}"));
        }
        if update.root_cause.is_none() {
            update.root_cause = Some(format!("{} ({}): {reason}", event.logical_id, event.resource_type));
        }
        if update.rolling_back {
            update.stuck.push(StuckResource {
                logical_id: event.logical_id.clone(),
                resource_type: event.resource_type.clone(),
                reason,
            });
        }
    }
}
