//! Amazon ECS: services go to no tasks, and have their counts again.

use crate::Timestamp;
use crate::act::{Act, FleetAct, Memory, NotedResource, ServiceCount};
use crate::note::Note;
use crate::observation::{EcsService, EcsTask, Observation, physical_ids};
use crate::plan::Plan;
use crate::query::{FleetQuery, Query};
use crate::state::State;
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Drain, Inquiry, drain};
use crate::transition::named;

/// One act stops at most so many tasks: each is a call.
const TASKS_AN_ACT: usize = 50;

/// The note's word: how many tasks the service was to have.
const DESIRED: &str = "desired";

/// A service that is being deleted takes no other count.
const ACTIVE: &str = "ACTIVE";

pub(crate) fn stop_services() -> StepRules {
    StepRules {
        ends: Ends::Drain(|policy| policy.workers),
        is_needed: |plan| !plan.targets.ecs_services.is_empty(),
        calms_again: true,
        ..StepRules::new(
            "Stop ECS services",
            |_, state, _| inquiry(state),
            |plan, state, seen, at| {
                let Observation::EcsServices(services) = seen else { return None };
                Some(stop(plan, state, services, at))
            },
        )
    }
}

pub(crate) fn restore_services() -> StepRules {
    StepRules::new(
        "Restore ECS services",
        |_, state, _| inquiry(state),
        |plan, state, seen, _| {
            let Observation::EcsServices(services) = seen else { return None };
            Some(restore(plan, state, services))
        },
    )
    .restoring()
}

fn inquiry(state: &State) -> Inquiry {
    match state.targets.ecs_services.as_slice() {
        [] => Inquiry::Known(Decision::Done),
        _ => Inquiry::Ask(query(state)),
    }
}

pub(crate) fn query(state: &State) -> Query {
    FleetQuery::EcsServices { arns: physical_ids(&state.targets.ecs_services) }.into()
}

fn note(plan: &Plan, state: &State, service: &EcsService) -> Option<Note> {
    state.counting_note(plan, service.remembered.as_deref(), &service.arn, service.desired_count == 0)
}

/// The service as it was, by its note: all of its tasks ran.
fn as_before(service: &EcsService, note: &Note) -> EcsService {
    let desired_count = note.number(DESIRED).unwrap_or(service.desired_count);
    EcsService { desired_count, running_count: desired_count, tasks: Vec::new(), ..service.clone() }
}

/// Done when no service wants a task, and none is left. How many each was to have is noted on it first; a note that counts
/// says more than what is seen now.
fn stop(plan: &Plan, state: &mut State, services: &[EcsService], at: Timestamp) -> Decision {
    let memories = remember(plan, state, services, at);
    if !memories.is_empty() {
        return Decision::act(FleetAct::Remember { memories });
    }
    state.drained.extend(services.iter().map(|service| service.arn.clone()));
    let stage = drain(plan.maintenance.workers, state, at);
    let left = left(services);
    if let Drain::GiveUp(seconds) = stage
        && !left.is_empty()
    {
        return Decision::Fail(format!("tasks were left after {seconds} s: {}", named(&left)));
    }
    if let Some(act) = take_to_zero(services) {
        return Decision::Act(act);
    }
    if let Drain::Force = stage {
        let untold = untold(state, services);
        if !untold.is_empty() {
            let reason = format!("Slackwater: maintenance of {} (run {})", plan.stack_name, plan.run_id);
            return Decision::act(FleetAct::StopTasks { task_arns: untold, reason });
        }
    }
    if !left.is_empty() {
        return Decision::Wait(left);
    }
    state.taken.services = true;
    Decision::Done
}

fn remember(plan: &Plan, state: &mut State, services: &[EcsService], at: Timestamp) -> Vec<Memory> {
    let mut memories = Vec::new();
    for service in services {
        let noted = note(plan, state, service);
        let known = state.before.ecs_services.iter().find(|earlier| earlier.arn == service.arn).cloned();
        let earlier = known.clone().unwrap_or_else(|| match &noted {
            Some(note) => as_before(service, note),
            None => EcsService { tasks: Vec::new(), ..service.clone() },
        });
        let desired = earlier.desired_count;
        if known.is_none() {
            state.before.ecs_services.push(earlier);
        }
        if noted.is_none() {
            if let Some(left_over) = &service.remembered {
                state.remarks.push(format!(
                    "service {} bore a note of an earlier maintenance that it isn't in ({left_over}); it was rewritten",
                    service.name()
                ));
            }
            let text = plan.note_on(&service.arn, at).by(&state.begun_by).with(DESIRED, desired).write();
            memories.push(Memory { resource: NotedResource::EcsService(service.arn.clone()), text });
        }
    }
    memories
}

fn take_to_zero(services: &[EcsService]) -> Option<Act> {
    let raised = services.iter().filter(|service| service.desired_count != 0 && service.status == ACTIVE);
    let counts: Vec<ServiceCount> =
        raised.map(|service| ServiceCount { service_arn: service.arn.clone(), desired_count: 0 }).collect();
    (!counts.is_empty()).then_some(Act::Fleet(FleetAct::SetDesiredCounts { counts }))
}

fn untold(state: &State, services: &[EcsService]) -> Vec<String> {
    let tasks = services.iter().flat_map(|service| &service.tasks);
    let untold = tasks.filter(|task| !state.told.tasks.contains(&task.arn));
    untold.take(TASKS_AN_ACT).map(|task| task.arn.clone()).collect()
}

/// Behind the closed gate: a service that was raised again (by its scaling, or by somebody) is taken to no tasks again. What
/// the update itself sets is the new release's, and CloudFormation may be waiting for its tasks.
pub(crate) fn take_away_again(state: &mut State, services: &[EcsService]) -> Option<Act> {
    let raised = without_updated(state, services);
    let act = take_to_zero(&raised)?;
    let names: Vec<&str> =
        raised.iter().filter(|service| service.desired_count != 0).map(EcsService::name).collect();
    state
        .came_back
        .push(format!("ECS services were raised again, and taken to no tasks again: {}", names.join(", ")));
    Some(act)
}

/// The services that no update has touched.
pub(crate) fn without_updated(state: &State, services: &[EcsService]) -> Vec<EcsService> {
    let updated: Vec<&String> = state.updates.values().flat_map(|update| &update.touched_services).collect();
    services.iter().filter(|service| !updated.contains(&&service.arn)).cloned().collect()
}

/// Done when every service that maintenance took to no tasks, and that is still there, has the count it had, and its tasks
/// run. A count that the update set is the new release's.
fn restore(plan: &Plan, state: &mut State, services: &[EcsService]) -> Decision {
    let takes_over = state.takes_over(plan);
    if plan.left_without_state {
        keep_notes(plan, state, services);
    }
    let state = &*state;
    let known =
        |service: &EcsService| state.before.ecs_services.iter().find(|earlier| earlier.arn == service.arn);
    let earlier = |service: &EcsService| -> Option<EcsService> {
        let as_left = service.desired_count == 0;
        if let Some(known) = known(service).filter(|_| state.journal_counts(plan, &service.arn, as_left)) {
            return Some(known.clone());
        }
        let note = note(plan, state, service).filter(|_| takes_over)?;
        Some(known(service).cloned().unwrap_or_else(|| as_before(service, &note)))
    };
    let counts: Vec<ServiceCount> = services
        .iter()
        .filter(|service| service.desired_count == 0 && service.status == ACTIVE)
        .filter_map(|service| {
            let had = earlier(service)?.desired_count;
            (had > 0).then(|| ServiceCount { service_arn: service.arn.clone(), desired_count: had })
        })
        .collect();
    let concerned = |service: &&EcsService| {
        takes_over || (known(service).is_some() && state.has_taken(plan, &service.arn))
    };
    let resources: Vec<NotedResource> = services
        .iter()
        .filter(|service| !counts.iter().any(|count| count.service_arn == service.arn))
        .filter(concerned)
        .filter(|service| service.remembered.is_some())
        .map(|service| NotedResource::EcsService(service.arn.clone()))
        .collect();
    if !resources.is_empty() {
        return Decision::act(FleetAct::Forget { resources });
    }
    if !counts.is_empty() {
        return Decision::act(FleetAct::SetDesiredCounts { counts });
    }
    // What didn't run before proves nothing now.
    let was_short = |service: &EcsService| known(service).is_some_and(|earlier| missing(earlier).is_some());
    let missing: Vec<String> =
        services.iter().filter(|service| !was_short(service)).filter_map(missing).collect();
    if missing.is_empty() { Decision::Done } else { Decision::Wait(missing) }
}

/// Notes are taken off with what they say; whoever looks once more, and has no journal, knows it from the first look.
fn keep_notes(plan: &Plan, state: &mut State, services: &[EcsService]) {
    for service in services {
        let is_known = state.before.ecs_services.iter().any(|earlier| earlier.arn == service.arn);
        if let Some(note) = note(plan, state, service).filter(|_| !is_known) {
            state.before.ecs_services.push(as_before(service, &note));
        }
    }
}

/// That a service has fewer tasks than it wants; `None`: it has them.
fn missing(service: &EcsService) -> Option<String> {
    let EcsService { desired_count, running_count, last_event, .. } = service;
    let said = last_event.as_deref().map(|event| format!(" (ECS: {event})")).unwrap_or_default();
    (running_count < desired_count)
        .then(|| format!("service {}: {running_count} of {desired_count} tasks run{said}", service.name()))
}

/// Services whose tasks don't run, whatever count they were put back to.
#[must_use]
pub fn not_running(services: &[EcsService]) -> Vec<String> {
    services.iter().filter_map(missing).collect()
}

/// That a service is still as maintenance left it.
pub(crate) fn still_taken(service: &EcsService) -> Option<String> {
    let note = Note::read(service.remembered.as_deref()?);
    let had = note.number(DESIRED).filter(|had| *had > 0 && service.desired_count == 0)?;
    note.is_of(&service.arn).then(|| format!("service {} has no tasks (it had {had})", service.name()))
}

/// Every task that is still there, in words.
pub(crate) fn left(services: &[EcsService]) -> Vec<String> {
    let of = |service: &EcsService, task: &EcsTask| {
        let task_name = crate::act::short_name(&task.arn);
        format!("task {task_name} ({}) of service {}", task.status, service.name())
    };
    services.iter().flat_map(|service| service.tasks.iter().map(move |task| of(service, task))).collect()
}
