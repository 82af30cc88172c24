//! What is assumed of a vendor's platform of which nobody knows more than its template: what goes on in it, and whether it has a gate.

use aws::AwsCloud;
use conductor::Cloud as _;
use upgrade::{Closing, FleetQuery, Judged, LogicalResource, Observation, find_targets, judge_doors};

use crate::error::CliError;
use crate::planning::doors;
use crate::seed::{Jobs, Workers, Workload, unwritten};
use crate::site::Site;

/// Instances that each worker group is asked for, where its sizes allow it.
const INSTANCES_A_GROUP: usize = 2;

/// Jobs that each queue is given.
const JOBS_A_QUEUE: usize = 3;

/// Jobs would run for an hour, so that they are still there when maintenance comes.
const JOB_SECONDS: u32 = 3600;

/// Whether a vendor's platform has nothing that can be closed, or ways in that can't be: a demo has no owner who would settle
/// each.
pub(crate) async fn is_gateless(site: &Site, stack_name: &str) -> Result<bool, CliError> {
    let deployment = site.ports.clouds.primary.deployment(stack_name).await?;
    let listeners = doors::listeners(site, &deployment).await?;
    let judged = judge_doors(&listeners, &site.settings.doors);
    let closes = judged.iter().any(|(_, judged)| *judged == Judged::Close);
    let open = judged.iter().any(|(_, judged)| matches!(judged, Judged::Other(Closing::CantBeClosed { .. })));
    Ok(!closes || open)
}

/// What goes on in a platform of which nobody knows more than its template: a few jobs in each queue, a few instances in each group.
pub(crate) async fn usual_workload(cloud: &AwsCloud, stack_name: &str) -> Result<Workload, CliError> {
    let (_, targets) = find_targets(&cloud.deployment(stack_name).await?)?;
    let jobs = |queue: &LogicalResource| Jobs {
        queue: unwritten(queue.logical_id.clone()),
        count: JOBS_A_QUEUE,
        seconds: JOB_SECONDS,
        names: Vec::new(),
        owners: Vec::new(),
    };
    Ok(Workload {
        workers: workers(cloud, &targets.worker_groups).await?,
        jobs: targets.job_queues.iter().map(jobs).collect(),
        ..Workload::default()
    })
}

/// As many instances a group as a demo wants, within what the group's own sizes allow.
async fn workers(cloud: &AwsCloud, groups: &[LogicalResource]) -> Result<Vec<Workers>, CliError> {
    let names = groups.iter().map(|group| group.physical_id.clone()).collect();
    let Observation::WorkerGroups(seen) = cloud.observe(&FleetQuery::WorkerGroups { names }.into()).await?
    else {
        return Ok(Vec::new());
    };
    let desired = |group: &LogicalResource| {
        let size = |size: i32| usize::try_from(size).unwrap_or_default();
        match seen.iter().find(|one| one.name == group.physical_id) {
            Some(found) => INSTANCES_A_GROUP.max(size(found.min_size)).min(size(found.max_size)),
            None => INSTANCES_A_GROUP,
        }
    };
    let workers = |group: &LogicalResource| Workers {
        group: unwritten(group.logical_id.clone()),
        desired: desired(group),
        protected: None,
        warm_pool: None,
    };
    Ok(groups.iter().map(workers).collect())
}
