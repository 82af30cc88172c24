//! The whole upgrade in process and in virtual time: the SDK calls the local cloud without a socket, tokio's
//! clock is paused.

use crate::common::{Rehearsal, Releases, code_ocean, sample, virtual_time};
use conductor::Cloud;
use upgrade::{FleetQuery, Observation, Outcome, Plan, Record, Report, Step};

/// Create, plan, upgrade; look at the cloud afterwards.
fn rehearse(seed: u64, releases: &Releases) -> (Plan, Vec<Record>, Report) {
    virtual_time().block_on(async {
        let rehearsal = Rehearsal::new(seed);
        let (site, plan) = rehearsal.prepare(releases).await;
        let groups_before = groups(&rehearsal, &plan).await;
        let (outcome, records) = rehearsal.upgrade(&site, &plan).await;
        assert_eq!(outcome, Outcome::Upgraded);
        assert_upgraded(&rehearsal, &plan).await;
        assert!(!groups_before.is_empty(), "there were workers to stop");
        let report = Report::from_journal(&plan, &records).expect("the journal fits its plan");
        (plan, records, report)
    })
}

async fn groups(rehearsal: &Rehearsal, plan: &Plan) -> Vec<upgrade::WorkerGroup> {
    let names = plan.targets.worker_groups.iter().map(|group| group.physical_id.clone()).collect();
    match rehearsal.cloud.observe(&FleetQuery::WorkerGroups { names }.into()).await.expect("groups") {
        Observation::WorkerGroups(groups) => groups,
        other => panic!("{other:?}"),
    }
}

/// Looked at from outside: the cloud itself, not our own state.
pub async fn assert_upgraded(rehearsal: &Rehearsal, plan: &Plan) {
    let deployment = rehearsal.cloud.deployment(&plan.stack_name).await.expect("a stack");
    assert_eq!(deployment.status, "UPDATE_COMPLETE");
    let physical = |logical_id: &str| {
        let found = deployment.resources.iter().find(|resource| resource.logical_id == logical_id);
        found.map(|resource| resource.physical_id.clone())
    };
    // The gate is open: no rule of ours is left.
    let listener_arns =
        plan.targets.listeners.iter().map(|one| physical(&one.logical_id).expect("a listener")).collect();
    let seen = rehearsal.cloud.observe(&FleetQuery::GateRules { listener_arns }.into()).await.expect("rules");
    let Observation::GateRules(doors) = seen else { panic!("{seen:?}") };
    assert!(doors.iter().all(|door| door.exists && door.rules.is_empty()), "{doors:?}");
    // The queues take jobs, and the jobs that were there are gone.
    let arns: Vec<String> =
        plan.targets.job_queues.iter().map(|queue| physical(&queue.logical_id).expect("a queue")).collect();
    match rehearsal.cloud.observe(&FleetQuery::JobQueues { arns: arns.clone() }.into()).await.expect("queues")
    {
        Observation::JobQueues(queues) => {
            assert_eq!(queues.len(), arns.len());
            assert!(queues.iter().all(|queue| queue.enabled && queue.status == "VALID"), "{queues:?}");
        }
        other => panic!("{other:?}"),
    }
    let jobs = rehearsal.cloud.observe(&FleetQuery::Jobs { queue_arns: arns }.into()).await.expect("jobs");
    assert_eq!(jobs, Observation::Jobs(Vec::new()));
    // Each worker group was replaced, as was foretold, and has the new release's sizes.
    for group in &plan.targets.worker_groups {
        let name = physical(&group.logical_id).expect("a group");
        assert_ne!(name, group.physical_id, "{} is replaced", group.logical_id);
        match rehearsal
            .cloud
            .observe(&FleetQuery::WorkerGroups { names: vec![name] }.into())
            .await
            .expect("group")
        {
            Observation::WorkerGroups(groups) => assert!(groups[0].max_size > 0, "{groups:?}"),
            other => panic!("{other:?}"),
        }
    }
}

fn check(name: &str, releases: &Releases) {
    let (plan, records, report) = rehearse(7, releases);
    let gate = report.gate_closed.expect("the gate was closed");
    let closed = gate.1.expect("and opened").milliseconds_since(gate.0);
    println!(
        "{name}: {} changes foretold, {} records, {} events, gate closed for {} virtual minutes",
        plan.primary().map_or(0, |update| update.predicted.len()),
        records.len(),
        report.stack_events.len(),
        closed / 60_000
    );
    let planned: Vec<Step> = plan.steps.iter().map(|planned| planned.step).collect();
    let walked: Vec<Step> = report.steps.iter().map(|step| step.step).collect();
    // A step that finds at once that there is nothing to do leaves no trace.
    let traceless = |step: &Step| match step {
        Step::ClearBanner | Step::DiscardChangeSet => true,
        Step::UnmuteAlarms => plan.targets.alarms.is_empty(),
        Step::RestoreServices => plan.targets.ecs_services.is_empty(),
        _ => false,
    };
    let wanted: Vec<Step> = planned.iter().copied().filter(|step| !traceless(step)).collect();
    assert_eq!(walked, wanted, "every step in its order");
    // Nobody was overtaken, so nothing arrives late.
    let leaving = Step::LEAVING.iter().filter(|step| **step != Step::LookOnceMore);
    assert!(leaving.into_iter().all(|step| planned.contains(step)), "{planned:?}");
    assert!(!report.stopped_jobs.is_empty() && !report.stopped_instances.is_empty());
    // The same seed gives the same journal to the byte; another seed gives other identifiers.
    let text = |records: &[Record]| serde_json::to_string(records).expect("plain data");
    let (plan_again, again, _) = rehearse(7, releases);
    assert_eq!(plan.sha256(), plan_again.sha256());
    assert_eq!(text(&records), text(&again));
    let (_, other, _) = rehearse(8, releases);
    assert_ne!(text(&records), text(&other));
}

#[test]
fn the_sample_platform_is_upgraded_twice_alike() {
    check("sample", &sample());
}

#[test]
fn code_ocean_is_upgraded_twice_alike() {
    if let Some(releases) = code_ocean() {
        check("Code Ocean", &releases);
    }
}
