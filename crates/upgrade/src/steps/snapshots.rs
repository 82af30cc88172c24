//! Safety snapshots of databases and volumes, while nothing writes.

use crate::act::FleetAct;
use crate::observation::{Observation, SnapshotSeen};
use crate::plan::{Plan, PlannedSnapshot, SnapshotKind};
use crate::query::FleetQuery;
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Inquiry};

/// A first snapshot of a large volume takes hours; it is a copy from the moment it has begun.
pub(crate) fn take_snapshots() -> StepRules {
    StepRules {
        ends: Ends::After(4 * 3600),
        poll_milliseconds: 5000,
        is_needed: |plan| !plan.snapshots.is_empty(),
        ..StepRules::new(
            "Take safety snapshots",
            |plan, _, _| {
                if plan.snapshots.is_empty() {
                    return Inquiry::Known(Decision::Done);
                }
                let (planned, run_id) = (plan.snapshots.clone(), plan.run_id.clone());
                Inquiry::Ask(FleetQuery::Snapshots { planned, run_id }.into())
            },
            |plan, _, seen, _| {
                let Observation::Snapshots(seen) = seen else { return None };
                Some(take(plan, seen))
            },
        )
    }
}

/// Done when every database's snapshot is complete and every volume's is begun: an EBS snapshot holds the volume as
/// it was when it began, whatever is written later (EBS user guide, "How snapshots work"), and a first one may take
/// hours; a database that is being copied can't be changed.
fn take(plan: &Plan, seen: &[SnapshotSeen]) -> Decision {
    let found = |planned: &PlannedSnapshot| seen.iter().find(|snapshot| snapshot.name == planned.name);
    let missing: Vec<PlannedSnapshot> =
        plan.snapshots.iter().filter(|planned| found(planned).is_none()).cloned().collect();
    if !missing.is_empty() {
        return Decision::act(FleetAct::CreateSnapshots { snapshots: missing, run_id: plan.run_id.clone() });
    }
    if let Some((failed, why)) =
        seen.iter().find_map(|snapshot| Some((snapshot, snapshot.failure.as_deref()?)))
    {
        return Decision::Fail(format!("snapshot {} ({}) failed: {why}", failed.name, failed.id));
    }
    let waiting: Vec<String> = plan
        .snapshots
        .iter()
        .filter(|planned| planned.kind == SnapshotKind::Database)
        .filter_map(|planned| {
            let snapshot = found(planned).filter(|snapshot| !snapshot.complete)?;
            let percent = snapshot.percent.map(|percent| format!(" ({percent} %)")).unwrap_or_default();
            Some(format!("snapshot of {}{percent}", planned.logical_id))
        })
        .collect();
    if waiting.is_empty() { Decision::Done } else { Decision::Wait(waiting) }
}
