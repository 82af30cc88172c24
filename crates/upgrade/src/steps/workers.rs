//! Auto Scaling: take worker groups and warm pools to zero, and put their sizes back.

mod memory;

use crate::Timestamp;
use crate::act::{Act, GroupSize, LifecycleAction, Memory, Rememberer, WarmPoolSize};
use crate::observation::{Query, WorkerGroup};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::{Decision, Drain, Look, drain};
use crate::transition::named;

/// SetInstanceProtection takes at most 50 instance ids (Amazon EC2 Auto Scaling API reference).
const INSTANCES_A_CALL: usize = 50;

pub(crate) fn look(state: &State) -> Look {
    match state.targets.worker_groups.as_slice() {
        [] => Look::Known(Decision::Done),
        _ => Look::Ask(query(state)),
    }
}

pub(crate) fn query(state: &State) -> Query {
    let groups = &state.targets.worker_groups;
    Query::WorkerGroups { names: groups.iter().map(|group| group.physical_id.clone()).collect() }
}

/// Done when every group is at zero and no instance is left.
pub(crate) fn terminate(plan: &Plan, state: &mut State, groups: &[WorkerGroup], at: Timestamp) -> Decision {
    let before =
        state.before.worker_groups.get_or_insert_with(|| groups.iter().map(memory::as_before).collect());
    let memories: Vec<Memory> = groups
        .iter()
        .filter(|group| group.remembered.is_none())
        .filter_map(|group| {
            let earlier = before.iter().find(|earlier| earlier.name == group.name)?;
            Some(Memory {
                resource: Rememberer::WorkerGroup(group.name.clone()),
                text: memory::write(&size_of(earlier), warm_pool_of(earlier).as_ref()),
            })
        })
        .collect();
    if !memories.is_empty() {
        return Decision::Act(Act::Remember { memories });
    }
    let stage = drain(plan.maintenance.workers, state, at);
    let left = left(groups);
    if let Drain::GiveUp(seconds) = stage
        && !left.is_empty()
    {
        return Decision::Fail(format!("instances were left after {seconds} s: {}", named(&left)));
    }
    if let Some(act) = take_to_zero(groups) {
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
            return Decision::Act(Act::TerminateInstances { instance_ids: untold });
        }
    }
    if left.is_empty() { Decision::Done } else { Decision::Wait(left) }
}

/// What is still to be done before nothing new comes and everything may go.
fn take_to_zero(groups: &[WorkerGroup]) -> Option<Act> {
    // Sizes first: from then on nothing new comes, and nothing new is protected.
    let sizes: Vec<GroupSize> =
        groups.iter().filter(|group| size_of(group) != zero(group)).map(zero).collect();
    if !sizes.is_empty() {
        return Some(Act::ResizeWorkerGroups { sizes });
    }
    let pools: Vec<WarmPoolSize> = groups
        .iter()
        .filter(|group| warm_pool_of(group).is_some_and(|pool| pool != cold(group)))
        .map(cold)
        .collect();
    if !pools.is_empty() {
        return Some(Act::ResizeWarmPools { sizes: pools });
    }
    unprotect(groups)
}

/// Take the protection off some instances of one group; `None` when none is left that has it.
pub(crate) fn unprotect(groups: &[WorkerGroup]) -> Option<Act> {
    groups.iter().find_map(|group| {
        let protected: Vec<String> = group
            .instances
            .iter()
            .filter(|instance| instance.protected_from_scale_in && !instance.in_warm_pool)
            .filter(|instance| !instance.lifecycle_state.starts_with("Terminat"))
            .take(INSTANCES_A_CALL)
            .map(|instance| instance.id.clone())
            .collect();
        (!protected.is_empty())
            .then(|| Act::RemoveScaleInProtection { group_name: group.name.clone(), instance_ids: protected })
    })
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
    (!actions.is_empty()).then_some(Act::CompleteLifecycleActions { actions })
}

/// Done when every group that maintenance took to zero, and that is still there, has the sizes it had. Sizes that the
/// update set are the new release's: they stand, as those of a group that it replaced.
pub(crate) fn restore(state: &State, groups: &[WorkerGroup]) -> Decision {
    let journaled = state.before.worker_groups.as_deref().unwrap_or_default();
    let earlier = |group: &WorkerGroup| -> Option<WorkerGroup> {
        let known = journaled.iter().find(|earlier| earlier.name == group.name).cloned();
        known.or_else(|| group.remembered.is_some().then(|| memory::as_before(group)))
    };
    let sizes: Vec<GroupSize> = groups
        .iter()
        .filter_map(|group| {
            let wanted = size_of(&earlier(group)?);
            let now = size_of(group);
            if now.min_size == 0 && now.max_size == 0 && wanted.max_size > 0 {
                return Some(wanted);
            }
            // Without our note it has been put back before: what it has since then is its owner's.
            group.remembered.as_ref()?;
            // The update, or its rollback, set what the template gives: the least and greatest size, as a rule. What AWS
            // then raised to the least is still as maintenance left it.
            let as_left = now.desired_capacity <= now.min_size;
            let had = wanted.desired_capacity.min(now.max_size);
            let desired_capacity = if as_left { had.max(now.desired_capacity) } else { now.desired_capacity };
            let new_instances_protected = now.new_instances_protected || wanted.new_instances_protected;
            let put_back = GroupSize { desired_capacity, new_instances_protected, ..now.clone() };
            (put_back != now).then_some(put_back)
        })
        .collect();
    if !sizes.is_empty() {
        return Decision::Act(Act::ResizeWorkerGroups { sizes });
    }
    let pools: Vec<WarmPoolSize> = groups
        .iter()
        .filter_map(|group| {
            let wanted = warm_pool_of(&earlier(group)?)?;
            (warm_pool_of(group)? == cold(group) && wanted != cold(group)).then_some(wanted)
        })
        .collect();
    if !pools.is_empty() {
        return Decision::Act(Act::ResizeWarmPools { sizes: pools });
    }
    let resources: Vec<Rememberer> = groups
        .iter()
        .filter(|group| group.remembered.is_some())
        .map(|group| Rememberer::WorkerGroup(group.name.clone()))
        .collect();
    if resources.is_empty() { Decision::Done } else { Decision::Act(Act::Forget { resources }) }
}

/// Every instance that is still there, in words.
pub(crate) fn left(groups: &[WorkerGroup]) -> Vec<String> {
    groups
        .iter()
        .flat_map(|group| {
            group.instances.iter().map(move |instance| {
                format!("instance {} ({}) of {}", instance.id, instance.lifecycle_state, group.name)
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
