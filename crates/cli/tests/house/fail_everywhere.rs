//! Everything that can fail does, one thing at a time: each resource of the update, each call of the run in each
//! way. Every run ends, names the cause, and leaves the platform as it says.

use conductor::Cloud;
use localcloud::faults::Faults;
use serde_json::json;
use upgrade::{Observation, Outcome, Plan, Query};

use crate::common::{Rehearsal, sample, virtual_time};
use crate::virtual_upgrade::assert_upgraded;

/// Let the sample's upgrade run with these faults.
async fn upgrade_with(faults: &serde_json::Value) -> (Rehearsal, Plan, Outcome) {
    let rehearsal = Rehearsal::new(1);
    let plan = rehearsal.prepare(&sample()).await;
    let faults = Faults::parse(&faults.to_string()).expect("a document of faults");
    rehearsal.local.set_faults(&faults).expect("taken");
    let (outcome, _) = rehearsal.upgrade(&plan).await;
    rehearsal.local.set_faults(&Faults::default()).expect("taken");
    (rehearsal, plan, outcome)
}

/// The old release stands, and everything that maintenance touched is as it was.
async fn assert_put_back(rehearsal: &Rehearsal, plan: &Plan) {
    let deployment = rehearsal.cloud.deployment(&plan.stack_name).await.expect("a stack");
    assert_eq!(deployment.status, "UPDATE_ROLLBACK_COMPLETE");
    let listener_arn = plan.targets.listener.physical_id.clone();
    let rules = rehearsal.cloud.observe(&Query::GateRules { listener_arn }).await.expect("rules");
    assert_eq!(rules, Observation::GateRules(Vec::new()), "the gate is open");
    let arns = plan.targets.job_queues.iter().map(|queue| queue.physical_id.clone()).collect();
    match rehearsal.cloud.observe(&Query::JobQueues { arns }).await.expect("queues") {
        Observation::JobQueues(queues) => assert!(queues.iter().all(|queue| queue.enabled), "{queues:?}"),
        other => panic!("{other:?}"),
    }
    let names = plan.targets.worker_groups.iter().map(|group| group.physical_id.clone()).collect();
    match rehearsal.cloud.observe(&Query::WorkerGroups { names }).await.expect("groups") {
        Observation::WorkerGroups(groups) => {
            assert_eq!(groups.len(), plan.targets.worker_groups.len(), "the old groups are there again");
            assert!(
                groups.iter().all(|group| group.max_size == 4 && group.new_instances_protected),
                "{groups:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_resource_of_the_update_fails() {
    let resources = ["WebTargetGroup", "WorkerLaunchTemplate", "WorkerGroup", "InteractiveQueue"];
    for logical_id in resources {
        virtual_time().block_on(async {
            let phase = if logical_id == "InteractiveQueue" { "create" } else { "update" };
            let failing = |phase| json!({"stack": "platform", "logical_id": logical_id, "phase": phase, "reason": "so it was told"});
            let faults = json!({"resources": [failing(phase)]});
            let (rehearsal, plan, outcome) = upgrade_with(&faults).await;
            match outcome {
                Outcome::NotUpgraded { reason } => {
                    assert!(reason.contains(logical_id) && reason.contains("so it was told"), "{reason}");
                }
                other => panic!("{logical_id}: {other:?}"),
            }
            assert_put_back(&rehearsal, &plan).await;
        });
    }
    println!("{0} of {0} failing resources: rolled back, named, everything put back", resources.len());
}

#[test]
fn a_rollback_that_fails_leaves_the_gate_closed_and_says_so() {
    virtual_time().block_on(async {
        let failing = |id: &str, phase: &str| json!({"stack": "platform", "logical_id": id, "phase": phase, "reason": "so it was told"});
        let faults = json!({"resources": [
            failing("WorkerGroup", "update"), failing("WebTargetGroup", "rollback"), failing("WorkerLaunchTemplate", "rollback"),
        ]});
        let (rehearsal, plan, outcome) = upgrade_with(&faults).await;
        match outcome {
            Outcome::GateClosed { reason } => {
                assert!(reason.contains("UPDATE_ROLLBACK_FAILED") && reason.contains("WorkerGroup"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
        let listener_arn = plan.targets.listener.physical_id.clone();
        match rehearsal.cloud.observe(&Query::GateRules { listener_arn }).await.expect("rules") {
            Observation::GateRules(rules) => assert_eq!(rules.len(), 1, "users are indeed kept out"),
            other => panic!("{other:?}"),
        }
    });
}

/// Every operation that a run calls.
const CALLS: [(&str, &str); 16] = [
    ("elasticloadbalancing", "DescribeRules"),
    ("elasticloadbalancing", "DescribeTags"),
    ("elasticloadbalancing", "CreateRule"),
    ("elasticloadbalancing", "DeleteRule"),
    ("batch", "DescribeJobQueues"),
    ("batch", "UpdateJobQueue"),
    ("batch", "ListJobs"),
    ("batch", "TerminateJob"),
    ("autoscaling", "DescribeAutoScalingGroups"),
    ("autoscaling", "UpdateAutoScalingGroup"),
    ("autoscaling", "SetInstanceProtection"),
    ("cloudformation", "CreateChangeSet"),
    ("cloudformation", "DescribeChangeSet"),
    ("cloudformation", "ExecuteChangeSet"),
    ("cloudformation", "DescribeStackEvents"),
    ("cloudformation", "ListStackResources"),
];

#[test]
fn each_call_fails_in_passing_in_each_way() {
    let answers = ["server_error", "service_unavailable", "drop_connection", "lose_response"];
    let threads = answers.map(|answer| {
        std::thread::spawn(move || {
            for (service, operation) in CALLS {
                virtual_time().block_on(async {
                    let call =
                        json!({"service": service, "operation": operation, "next": 1, "answer": answer});
                    let (rehearsal, plan, outcome) = upgrade_with(&json!({"calls": [call]})).await;
                    assert_eq!(outcome, Outcome::Upgraded, "{service}:{operation} {answer}");
                    assert_upgraded(&rehearsal, &plan).await;
                });
            }
        })
    });
    for thread in threads {
        thread.join().expect("every run ends well");
    }
    let count = CALLS.len() * answers.len();
    println!("{count} of {count} failing calls: looked at again, upgraded all the same");
}
