//! Auto Scaling: take worker groups and warm pools to zero, and put their sizes back.

use crate::act::{Act, GroupSize, WarmPoolSize};
use crate::observation::{Query, WorkerGroup};
use crate::state::State;
use crate::steps::Decision;

/// SetInstanceProtection takes at most 50 instance ids (Amazon EC2 Auto Scaling API reference).
const INSTANCES_A_CALL: usize = 50;

pub(crate) fn query(state: &State) -> Query {
    let groups = &state.targets.worker_groups;
    Query::WorkerGroups { names: groups.iter().map(|group| group.physical_id.clone()).collect() }
}

/// Done when every group is at zero and no instance is left.
pub(crate) fn terminate(state: &mut State, groups: &[WorkerGroup]) -> Decision {
    state.before.worker_groups.get_or_insert_with(|| groups.to_vec());
    // Sizes first: from then on nothing new comes, and nothing new is protected.
    let sizes: Vec<GroupSize> =
        groups.iter().filter(|group| size_of(group) != zero(group)).map(zero).collect();
    if !sizes.is_empty() {
        return Decision::Act(Act::ResizeWorkerGroups { sizes });
    }
    let pools: Vec<WarmPoolSize> = groups
        .iter()
        .filter(|group| warm_pool_of(group).is_some_and(|pool| pool != cold(group)))
        .map(cold)
        .collect();
    if !pools.is_empty() {
        return Decision::Act(Act::ResizeWarmPools { sizes: pools });
    }
    for group in groups {
        let protected: Vec<String> = group
            .instances
            .iter()
            .filter(|instance| instance.protected_from_scale_in && !instance.in_warm_pool)
            .filter(|instance| !instance.lifecycle_state.starts_with("Terminat"))
            .take(INSTANCES_A_CALL)
            .map(|instance| instance.id.clone())
            .collect();
        if !protected.is_empty() {
            return Decision::Act(Act::RemoveScaleInProtection {
                group_name: group.name.clone(),
                instance_ids: protected,
            });
        }
    }
    wait_for_instances(groups)
}

pub(crate) fn confirm_quiet(groups: &[WorkerGroup]) -> Decision {
    wait_for_instances(groups)
}

/// Done when every group that was seen before, and is still the stack's, has the sizes it had. A group that
/// the new release replaced has the new release's own sizes: they stand.
pub(crate) fn restore(state: &State, groups: &[WorkerGroup]) -> Decision {
    let Some(before) = &state.before.worker_groups else { return Decision::Done };
    let earlier = |group: &WorkerGroup| before.iter().find(|earlier| earlier.name == group.name);
    // The desired capacity is put back together with the bounds and then left to the platform's own
    // scaling: comparing it as well would fight a group that has begun to work.
    let bounds = |size: &GroupSize| (size.min_size, size.max_size, size.new_instances_protected);
    let sizes: Vec<GroupSize> = groups
        .iter()
        .filter_map(|group| {
            let wanted = size_of(earlier(group)?);
            (bounds(&size_of(group)) != bounds(&wanted)).then_some(wanted)
        })
        .collect();
    if !sizes.is_empty() {
        return Decision::Act(Act::ResizeWorkerGroups { sizes });
    }
    let pools: Vec<WarmPoolSize> = groups
        .iter()
        .filter_map(|group| {
            let wanted = warm_pool_of(earlier(group)?)?;
            (warm_pool_of(group)? != wanted).then_some(wanted)
        })
        .collect();
    if !pools.is_empty() {
        return Decision::Act(Act::ResizeWarmPools { sizes: pools });
    }
    Decision::Done
}

fn wait_for_instances(groups: &[WorkerGroup]) -> Decision {
    let left: Vec<String> = groups
        .iter()
        .flat_map(|group| {
            group.instances.iter().map(move |instance| {
                format!("instance {} ({}) of {}", instance.id, instance.lifecycle_state, group.name)
            })
        })
        .collect();
    if left.is_empty() { Decision::Done } else { Decision::Wait(left) }
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
