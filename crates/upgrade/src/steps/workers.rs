//! Auto Scaling: take worker groups and warm pools to zero, and put their sizes back.

mod memory;
pub(crate) mod schedules;

use crate::Timestamp;
use crate::act::{Act, FleetAct, GroupSize, LifecycleAction, Memory, NotedResource, WarmPoolSize};
use crate::note::Note;
use crate::observation::{Instance, Observation, WorkerGroup, left_behind, physical_ids};
use crate::obstacles::not_come_back;
use crate::plan::Plan;
use crate::query::{FleetQuery, Query};
use crate::state::State;
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Drain, Inquiry, drain};
use crate::transition::named;

/// SetInstanceProtection takes at most 50 instance ids (Amazon EC2 Auto Scaling API reference).
const INSTANCES_A_CALL: usize = 50;

/// The word of an instance's note: whether it was protected from scale-in.
const PROTECTED: &str = "protected";

pub(crate) fn terminate_workers() -> StepRules {
    StepRules {
        ends: Ends::Drain(|policy| policy.workers),
        is_needed: |plan| !plan.targets.worker_groups.is_empty(),
        calms_again: true,
        ..StepRules::new(
            "Terminate workers",
            |_, state, _| inquiry(state),
            |plan, state, seen, at| {
                let Observation::WorkerGroups(groups) = seen else { return None };
                Some(terminate(plan, state, groups, at))
            },
        )
    }
}

pub(crate) fn restore_workers() -> StepRules {
    StepRules::new(
        "Restore worker groups",
        |_, state, _| {
            let mut names = physical_ids(&state.targets.worker_groups);
            let before = state.before.worker_groups.iter().map(|group| &group.name);
            names.extend(left_behind(before, &state.targets.worker_groups));
            match names.is_empty() {
                true => Inquiry::Known(Decision::Done),
                false => Inquiry::Ask(FleetQuery::WorkerGroups { names }.into()),
            }
        },
        |plan, state, seen, _| {
            let Observation::WorkerGroups(groups) = seen else { return None };
            Some(restore(plan, state, groups))
        },
    )
    .restoring()
}

fn inquiry(state: &State) -> Inquiry {
    match state.targets.worker_groups.as_slice() {
        [] => Inquiry::Known(Decision::Done),
        _ => Inquiry::Ask(query(state)),
    }
}

pub(crate) fn query(state: &State) -> Query {
    FleetQuery::WorkerGroups { names: physical_ids(&state.targets.worker_groups) }.into()
}

fn note(plan: &Plan, state: &State, group: &WorkerGroup) -> Option<Note> {
    let as_left = size_of(group) == zero(group);
    state.counting_note(plan, group.remembered.as_deref(), &group.name, as_left)
}

/// Write down how groups were, where nothing that counts is written yet.
fn remember(plan: &Plan, state: &mut State, groups: &[WorkerGroup], at: Timestamp) -> Vec<Memory> {
    let mut memories = Vec::new();
    for group in groups {
        let noted = note(plan, state, group);
        let known = state.before.worker_groups.iter().find(|earlier| earlier.name == group.name).cloned();
        let earlier = known.clone().unwrap_or_else(|| match &noted {
            Some(note) => memory::as_before(group, note),
            None => group.clone(),
        });
        if known.is_none() {
            state.before.worker_groups.push(earlier.clone());
        }
        let with_schedules = schedules::is_to_note(state, group, noted.as_ref());
        let mut new = noted.clone().filter(|_| with_schedules);
        if noted.is_none() {
            if let Some(left_over) = &group.remembered {
                state.remarks.push(format!(
                    "group {} bore a note of an earlier maintenance that it isn't in ({left_over}); it was rewritten",
                    group.name
                ));
            }
            let note = plan.note_on(&group.name, at).by(&state.begun_by);
            new = Some(memory::write(note, &size_of(&earlier), warm_pool_of(&earlier).as_ref()));
        }
        if let Some(note) = new {
            let text = if with_schedules { schedules::note(note) } else { note }.write();
            let kept = state.before.worker_groups.iter_mut().filter(|earlier| earlier.name == group.name);
            kept.for_each(|earlier| earlier.remembered = Some(text.clone()));
            memories.push(Memory { resource: NotedResource::WorkerGroup(group.name.clone()), text });
        }
        memories.extend(protection_of(plan, group, at));
    }
    memories
}

/// Notes on the instances of a group whose protection is about to be taken off: one that lives on gets it back.
fn protection_of(plan: &Plan, group: &WorkerGroup, at: Timestamp) -> Vec<Memory> {
    let unprotected = group.instances.iter().filter(|instance| is_to_unprotect(instance));
    let unnoted = unprotected.filter(|instance| !was_protected(instance));
    let note = |instance: &Instance| Memory {
        resource: NotedResource::Instance(instance.id.clone()),
        text: plan.note(at).with(PROTECTED, true).write(),
    };
    unnoted.map(note).collect()
}

/// Done when every group is at zero and no instance is left.
fn terminate(plan: &Plan, state: &mut State, groups: &[WorkerGroup], at: Timestamp) -> Decision {
    let memories = remember(plan, state, groups, at);
    if !memories.is_empty() {
        return Decision::act(FleetAct::Remember { memories });
    }
    state.drained.extend(groups.iter().map(|group| group.name.clone()));
    let stage = drain(plan.maintenance.workers, state, at);
    let left = left(groups);
    if let Drain::GiveUp(seconds) = stage
        && !left.is_empty()
    {
        return Decision::Fail(format!("instances were left after {seconds} s: {}", named(&left)));
    }
    if let Some(act) = take_to_zero(state, groups) {
        return Decision::Act(act);
    }
    // What protects itself from scale-in while it works may finish within the grace.
    if let Drain::Tell | Drain::Force = stage
        && let Some(act) = unprotect(groups)
    {
        return Decision::Act(act);
    }
    if let Drain::Tell | Drain::Force = stage
        && let Some(act) = complete_lifecycle_actions(state, groups)
    {
        return Decision::Act(act);
    }
    if let Drain::Force = stage {
        let untold: Vec<String> = groups
            .iter()
            .flat_map(|group| &group.instances)
            .filter(|instance| !state.told.instances.contains(&instance.id))
            .map(|instance| instance.id.clone())
            .collect();
        if !untold.is_empty() {
            return Decision::act(FleetAct::TerminateInstances { instance_ids: untold });
        }
    }
    if !left.is_empty() {
        return Decision::Wait(left);
    }
    state.taken.groups = true;
    Decision::Done
}

/// Behind the closed gate: a group that was raised again (a scheduled action, an operator) is taken to zero again. What the
/// update itself sets is the new release's, and CloudFormation may be waiting for its instances.
pub(crate) fn take_away_again(
    plan: &Plan,
    state: &mut State,
    groups: &[WorkerGroup],
    at: Timestamp,
) -> Option<Act> {
    let raised = without_updated(state, groups);
    let act = take_to_zero(state, &raised).or_else(|| unprotect_noted(plan, state, &raised, at))?;
    let names: Vec<&str> = raised
        .iter()
        .filter(|group| size_of(group) != zero(group))
        .map(|group| group.name.as_str())
        .collect();
    if !names.is_empty() {
        state
            .came_back
            .push(format!("worker groups were raised again, and taken to zero again: {}", names.join(", ")));
    }
    Some(act)
}

/// The groups that no update has touched: what is in the others is the new release's.
pub(crate) fn without_updated(state: &State, groups: &[WorkerGroup]) -> Vec<WorkerGroup> {
    let updated: Vec<&String> = state.updates.values().flat_map(|update| &update.touched_groups).collect();
    groups.iter().filter(|group| !updated.contains(&&group.name)).cloned().collect()
}

/// What is still to be done before nothing new comes, and everything goes that nothing protects.
fn take_to_zero(state: &State, groups: &[WorkerGroup]) -> Option<Act> {
    let suspension = schedules::suspend(groups).map(Act::Fleet);
    if let Some(act) = suspension.filter(|act| !state.watch_refused.contains(&act.to_string())) {
        return Some(act);
    }
    // Sizes first: from then on nothing new comes, and nothing new is protected.
    let sizes: Vec<GroupSize> =
        groups.iter().filter(|group| size_of(group) != zero(group)).map(zero).collect();
    if !sizes.is_empty() {
        return Some(Act::Fleet(FleetAct::ResizeWorkerGroups { sizes }));
    }
    let pools: Vec<WarmPoolSize> = groups
        .iter()
        .filter(|group| warm_pool_of(group).is_some_and(|pool| pool != cold(group)))
        .map(cold)
        .collect();
    (!pools.is_empty()).then_some(Act::Fleet(FleetAct::ResizeWarmPools { sizes: pools }))
}

/// The same, noted on the instances first: where the update is rolled back they live on, and have it again.
pub(crate) fn unprotect_noted(
    plan: &Plan,
    state: &State,
    groups: &[WorkerGroup],
    at: Timestamp,
) -> Option<Act> {
    let act = unprotect(groups)?;
    let memories: Vec<Memory> = groups.iter().flat_map(|group| protection_of(plan, group, at)).collect();
    let remember = Act::Fleet(FleetAct::Remember { memories: memories.clone() });
    // Where nothing may be noted it goes on without a note: that was told.
    let notes = !memories.is_empty() && !state.watch_refused.contains(&remember.to_string());
    Some(if notes { remember } else { act })
}

/// Take the protection off some instances of one group; `None` when none is left that has it.
pub(crate) fn unprotect(groups: &[WorkerGroup]) -> Option<Act> {
    groups.iter().find_map(|group| {
        let protected: Vec<String> = group
            .instances
            .iter()
            .filter(|instance| is_to_unprotect(instance))
            .take(INSTANCES_A_CALL)
            .map(|instance| instance.id.clone())
            .collect();
        let group_name = group.name.clone();
        (!protected.is_empty())
            .then_some(Act::Fleet(FleetAct::RemoveScaleInProtection { group_name, instance_ids: protected }))
    })
}

fn is_to_unprotect(instance: &Instance) -> bool {
    instance.protected_from_scale_in
        && !instance.in_warm_pool
        && !instance.lifecycle_state.starts_with("Terminat")
}

/// An instance that waits for a lifecycle action waits for up to two hours: what would complete it has been stopped.
fn complete_lifecycle_actions(state: &State, groups: &[WorkerGroup]) -> Option<Act> {
    let mut actions = Vec::new();
    for group in groups {
        for instance in group.instances.iter().filter(|one| one.lifecycle_state.ends_with(":Wait")) {
            let terminating = instance.lifecycle_state.contains("Terminating");
            for hook in group.hooks.iter().filter(|hook| hook.terminating == terminating) {
                if !state.told.lifecycle.contains(&(instance.id.clone(), hook.name.clone())) {
                    actions.push(LifecycleAction {
                        group_name: group.name.clone(),
                        hook_name: hook.name.clone(),
                        instance_id: instance.id.clone(),
                    });
                }
            }
        }
    }
    (!actions.is_empty()).then_some(Act::Fleet(FleetAct::CompleteLifecycleActions { actions }))
}

/// Done when everything is put back. What was put back and doesn't come is told.
fn restore(plan: &Plan, state: &mut State, groups: &[WorkerGroup]) -> Decision {
    let decision = put_back(plan, state, groups);
    if decision == Decision::Done {
        let left = groups.iter().filter(|group| state.has_removed(group));
        let mut left: Vec<String> = left
            .map(|group| {
                format!(
                    "group {} is no longer the stack's, and is still there: it was left without instances",
                    group.name
                )
            })
            .collect();
        left.retain(|one| !state.remarks.contains(one));
        state.remarks.append(&mut left);
        let mut told = not_come_back(groups);
        told.retain(|one| !state.still_to_put_back.contains(one));
        state.still_to_put_back.append(&mut told);
    }
    decision
}

/// Done when every group that maintenance took to zero, and that is still there, has the sizes it had. Sizes that the
/// update set are the new release's: they stand, as those of a group that it replaced. One that the release removes and
/// CloudFormation left stays without instances: its machines are the old release's. It only loses its note.
fn put_back(plan: &Plan, state: &mut State, groups: &[WorkerGroup]) -> Decision {
    let takes_over = state.takes_over(plan);
    if plan.left_without_state {
        keep_notes(plan, state, groups);
    }
    let state = &*state;
    let known =
        |group: &WorkerGroup| state.before.worker_groups.iter().find(|earlier| earlier.name == group.name);
    let earlier = |group: &WorkerGroup| -> Option<WorkerGroup> {
        if state.has_removed(group) {
            return None;
        }
        if let Some(known) =
            known(group).filter(|_| state.journal_counts(plan, &group.name, wants_nothing(group)))
        {
            return Some(known.clone());
        }
        let note = note(plan, state, group).filter(|_| takes_over)?;
        Some(known(group).cloned().unwrap_or_else(|| memory::as_before(group, &note)))
    };
    // Looked at once more, only what a late call can have left is put back: other sizes are their owner's since then.
    let may_be_set = |group: &&WorkerGroup| !state.looking_once_more || size_of(group) == zero(group);
    let sizes: Vec<GroupSize> = groups
        .iter()
        .filter(may_be_set)
        .filter_map(|group| size_to_put_back(group, &earlier(group)?))
        .collect();
    let pools: Vec<WarmPoolSize> =
        groups.iter().filter_map(|group| pool_to_put_back(group, &earlier(group)?)).collect();
    let resumed: Vec<String> = groups
        .iter()
        .filter(|group| earlier(group).is_some_and(|earlier| schedules::are_to_resume(group, &earlier)))
        .map(|group| group.name.clone())
        .collect();
    let protects = protect_again(groups);
    // One that Auto Scaling doesn't let go leaves no note on the others, which are their owner's again.
    let right = |group: &&WorkerGroup| {
        !sizes.iter().any(|size| size.group_name == group.name)
            && !pools.iter().any(|pool| pool.group_name == group.name)
            && !resumed.contains(&group.name)
            && protect_again(std::slice::from_ref(*group)).is_none()
    };
    let concerned =
        |group: &&WorkerGroup| takes_over || (known(group).is_some() && state.has_taken(plan, &group.name));
    let of_instances = |group: &WorkerGroup| -> Vec<NotedResource> {
        let noted = group.instances.iter().filter(|one| one.remembered.is_some() && !is_leaving(one));
        noted.map(|instance| NotedResource::Instance(instance.id.clone())).collect()
    };
    let done: Vec<&WorkerGroup> = groups.iter().filter(right).filter(concerned).collect();
    let mut resources: Vec<NotedResource> = done.iter().flat_map(|group| of_instances(group)).collect();
    resources.extend(
        done.iter()
            .filter(|group| group.remembered.is_some())
            .map(|group| NotedResource::WorkerGroup(group.name.clone())),
    );
    if !resources.is_empty() {
        return Decision::act(FleetAct::Forget { resources });
    }
    if !sizes.is_empty() {
        return Decision::act(FleetAct::ResizeWorkerGroups { sizes });
    }
    if !pools.is_empty() {
        return Decision::act(FleetAct::ResizeWarmPools { sizes: pools });
    }
    if let Some(act) = protects {
        return Decision::Act(act);
    }
    // Last: until the sizes are there again a schedule would be in their way.
    if !resumed.is_empty() {
        return Decision::act(FleetAct::SetScheduledActions { group_names: resumed, active: true });
    }
    Decision::Done
}

/// Notes are taken off with what they say; whoever looks once more, and has no journal, knows it from the first look.
fn keep_notes(plan: &Plan, state: &mut State, groups: &[WorkerGroup]) {
    for group in groups {
        let is_known = state.before.worker_groups.iter().any(|earlier| earlier.name == group.name);
        if let Some(note) = note(plan, state, group).filter(|_| !is_known) {
            state.before.worker_groups.push(memory::as_before(group, &note));
        }
    }
}

/// Whether a group is as maintenance left it, though an update, or its rollback, may have set its least and greatest size since.
fn wants_nothing(group: &WorkerGroup) -> bool {
    group.desired_capacity == 0
}

/// The sizes that a group is to have again, where it has others.
fn size_to_put_back(group: &WorkerGroup, earlier: &WorkerGroup) -> Option<GroupSize> {
    let (wanted, now) = (size_of(earlier), size_of(group));
    if now.min_size == 0 && now.max_size == 0 && wanted.max_size > 0 {
        return Some(wanted);
    }
    // The update, or its rollback, set what the template gives: the least and greatest size, as a rule. What AWS
    // then raised to the least is still as maintenance left it.
    let as_left = now.desired_capacity <= now.min_size;
    let had = wanted.desired_capacity.min(now.max_size);
    let desired_capacity = if as_left { had.max(now.desired_capacity) } else { now.desired_capacity };
    let new_instances_protected = now.new_instances_protected || wanted.new_instances_protected;
    let put_back = GroupSize { desired_capacity, new_instances_protected, ..now.clone() };
    (put_back != now).then_some(put_back)
}

/// The same of its warm pool.
fn pool_to_put_back(group: &WorkerGroup, earlier: &WorkerGroup) -> Option<WarmPoolSize> {
    let wanted = warm_pool_of(earlier)?;
    (warm_pool_of(group)? == cold(group) && wanted != cold(group)).then_some(wanted)
}

/// Instances whose protection was taken off, and that live on, are protected again.
fn protect_again(groups: &[WorkerGroup]) -> Option<Act> {
    groups.iter().find_map(|group| {
        let instance_ids: Vec<String> = group
            .instances
            .iter()
            .filter(|instance| !instance.protected_from_scale_in && !instance.in_warm_pool)
            .filter(|instance| takes_protection(instance))
            .filter(|instance| was_protected(instance))
            .take(INSTANCES_A_CALL)
            .map(|instance| instance.id.clone())
            .collect();
        let group_name = group.name.clone();
        (!instance_ids.is_empty())
            .then_some(Act::Fleet(FleetAct::RestoreScaleInProtection { group_name, instance_ids }))
    })
}

/// SetInstanceProtection's own words: "not in InService or EnteringStandby or Standby".
fn takes_protection(instance: &Instance) -> bool {
    matches!(instance.lifecycle_state.as_str(), "InService" | "EnteringStandby" | "Standby")
}

fn was_protected(instance: &Instance) -> bool {
    let note = instance.remembered.as_deref().map(Note::read);
    note.is_some_and(|note| note.word(PROTECTED) == Some("true"))
}

fn is_leaving(instance: &Instance) -> bool {
    instance.lifecycle_state.starts_with("Terminat")
}

/// That a group is still as maintenance left it.
pub(crate) fn still_taken(group: &WorkerGroup) -> Option<String> {
    let note = Note::read(group.remembered.as_deref()?);
    let before = memory::as_before(group, &note);
    if !note.is_of(&group.name) {
        return None;
    }
    if group.max_size == 0 && before.max_size > 0 {
        let had = format!("it had {} to {}", before.min_size, before.max_size);
        return Some(format!("group {} is at zero ({had})", group.name));
    }
    schedules::still_suspended(group, &note)
        .then(|| format!("the scheduled actions of group {} are suspended", group.name))
}

/// Every instance that is still there, in words.
pub(crate) fn left(groups: &[WorkerGroup]) -> Vec<String> {
    groups
        .iter()
        .flat_map(|group| {
            group.instances.iter().map(move |instance| {
                let protected = match is_to_unprotect(instance) {
                    true => ", protected from scale-in",
                    false => "",
                };
                format!(
                    "instance {} ({}{protected}) of {}",
                    instance.id, instance.lifecycle_state, group.name
                )
            })
        })
        .collect()
}

fn size_of(group: &WorkerGroup) -> GroupSize {
    GroupSize {
        group_name: group.name.clone(),
        min_size: group.min_size,
        max_size: group.max_size,
        desired_capacity: group.desired_capacity,
        new_instances_protected: group.new_instances_protected,
    }
}

fn zero(group: &WorkerGroup) -> GroupSize {
    GroupSize {
        group_name: group.name.clone(),
        min_size: 0,
        max_size: 0,
        desired_capacity: 0,
        new_instances_protected: false,
    }
}

fn warm_pool_of(group: &WorkerGroup) -> Option<WarmPoolSize> {
    group.warm_pool.as_ref().map(|pool| WarmPoolSize {
        group_name: group.name.clone(),
        min_size: pool.min_size,
        max_group_prepared_capacity: pool.max_group_prepared_capacity,
    })
}

fn cold(group: &WorkerGroup) -> WarmPoolSize {
    WarmPoolSize { group_name: group.name.clone(), min_size: 0, max_group_prepared_capacity: Some(0) }
}
