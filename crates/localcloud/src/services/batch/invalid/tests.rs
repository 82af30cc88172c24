//! INVALID queues and environments through [`World::handle`](crate::World::handle), provisioning and the control endpoint.

use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;
use crate::{Input, Timestamp};

const QUEUE: &str = "AWS::Batch::JobQueue";
const ENVIRONMENT: &str = "AWS::Batch::ComputeEnvironment";

/// A bench with environments `one` and `two` and a queue `q` of both, all VALID at 10 s.
fn bench() -> Bench {
    let mut bench = Bench::new(Service::Batch);
    for name in ["one", "two"] {
        bench.ok(0, "CreateComputeEnvironment", json!({"computeEnvironmentName": name, "type": "MANAGED"}));
    }
    let order = json!([{"computeEnvironment": "one", "order": 1}, {"computeEnvironment": "two", "order": 2}]);
    bench.ok(
        0,
        "CreateJobQueue",
        json!({"jobQueueName": "q", "priority": 1, "computeEnvironmentOrder": order}),
    );
    bench.ok(0, "RegisterJobDefinition", json!({"jobDefinitionName": "d", "type": "container"}));
    bench
}

fn control(bench: &mut Bench, seconds: u64, input: Value) -> Result<Value, String> {
    let at = Timestamp(seconds * 1000);
    let answer = bench.world.handle(at, Service::Control, "SetBatchStatus", Input(&input));
    answer.map_err(|error| error.message)
}

fn set(bench: &mut Bench, seconds: u64, what: &str, name: &str, status: &str) {
    control(bench, seconds, json!({what: name, "status": status})).expect("set");
}

fn status(bench: &mut Bench, seconds: u64, what: &str, name: &str) -> (String, String) {
    let (operation, list) = match what {
        "jobQueue" => ("DescribeJobQueues", "jobQueues"),
        _ => ("DescribeComputeEnvironments", "computeEnvironments"),
    };
    let found = bench.ok(seconds, operation, json!({list: [name]}))[list][0].clone();
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("statusReason"))
}

fn submit(bench: &mut Bench, seconds: u64) -> String {
    let job = json!({"jobName": "j", "jobQueue": "q", "jobDefinition": "d"});
    bench.ok(seconds, "SubmitJob", job)["jobId"].as_str().expect("an id").to_owned()
}

fn job(bench: &mut Bench, seconds: u64, id: &str) -> String {
    let found = bench.ok(seconds, "DescribeJobs", json!({"jobs": [id]}))["jobs"][0]["status"].clone();
    found.as_str().expect("a status").to_owned()
}

#[test]
fn jobs_stay_runnable_while_no_environment_takes_them() {
    let mut bench = bench();
    set(&mut bench, 10, "computeEnvironment", "one", "INVALID");
    let first = submit(&mut bench, 10);
    assert_eq!(job(&mut bench, 60, &first), "STARTING", "the other one takes it");
    set(&mut bench, 100, "computeEnvironment", "two", "INVALID");
    assert_eq!(job(&mut bench, 110, &first), "RUNNING", "what runs goes on");
    let second = submit(&mut bench, 110);
    assert_eq!(job(&mut bench, 2000, &second), "RUNNABLE");
    assert_eq!(status(&mut bench, 2000, "jobQueue", "q").0, "VALID");
    set(&mut bench, 2000, "computeEnvironment", "one", "VALID");
    assert_eq!(job(&mut bench, 2030, &second), "STARTING");
}

#[test]
fn jobs_stay_runnable_while_every_environment_is_disabled() {
    let mut bench = bench();
    for name in ["one", "two"] {
        bench.ok(10, "UpdateComputeEnvironment", json!({"computeEnvironment": name, "state": "DISABLED"}));
    }
    let id = submit(&mut bench, 20);
    assert_eq!(job(&mut bench, 1000, &id), "RUNNABLE");
    bench.ok(1000, "UpdateComputeEnvironment", json!({"computeEnvironment": "two", "state": "ENABLED"}));
    assert_eq!(job(&mut bench, 1040, &id), "STARTING");
}

#[test]
fn an_invalid_environment_says_why_and_is_repaired_by_an_update() {
    let mut bench = bench();
    let reason = "CLIENT_ERROR - Launch Template: lt-1 does not exist";
    let invalid = json!({"computeEnvironment": "one", "status": "INVALID", "statusReason": reason});
    control(&mut bench, 10, invalid).expect("set");
    assert_eq!(
        status(&mut bench, 10, "computeEnvironment", "one"),
        ("INVALID".to_owned(), reason.to_owned())
    );
    // Of the queue it has already it may stay a part; of another it can't become one.
    let order = |name: &str| json!([{"computeEnvironment": name, "order": 1}]);
    bench.ok(10, "UpdateJobQueue", json!({"jobQueue": "q", "computeEnvironmentOrder": order("one")}));
    let other = json!({"jobQueueName": "r", "priority": 1, "computeEnvironmentOrder": order("one")});
    bench.refused(10, "CreateJobQueue", other, "ClientException", "is not in VALID state");
    // The state alone repairs nothing.
    bench.ok(20, "UpdateComputeEnvironment", json!({"computeEnvironment": "one", "state": "ENABLED"}));
    assert_eq!(status(&mut bench, 20, "computeEnvironment", "one").0, "UPDATING");
    assert_eq!(status(&mut bench, 30, "computeEnvironment", "one").0, "INVALID");
    let role = json!({"computeEnvironment": "one", "serviceRole": "arn:aws:iam::000000000000:role/batch"});
    bench.ok(30, "UpdateComputeEnvironment", role);
    let healthy = ("VALID".to_owned(), "ComputeEnvironment Healthy".to_owned());
    assert_eq!(status(&mut bench, 40, "computeEnvironment", "one"), healthy);
}

#[test]
fn an_invalid_queue_takes_updates_and_stays_invalid_unless_it_refuses_them() {
    let mut bench = bench();
    set(&mut bench, 10, "jobQueue", "q", "INVALID");
    assert_eq!(status(&mut bench, 10, "jobQueue", "q").0, "INVALID");
    let disable = json!({"jobQueue": "q", "state": "DISABLED"});
    bench.ok(20, "UpdateJobQueue", disable.clone());
    assert_eq!(status(&mut bench, 20, "jobQueue", "q").0, "UPDATING");
    assert_eq!(status(&mut bench, 30, "jobQueue", "q").0, "INVALID");
    let stubborn = json!({"jobQueue": "q", "status": "INVALID", "refusesUpdates": true});
    control(&mut bench, 30, stubborn).expect("set");
    let enable = json!({"jobQueue": "q", "state": "ENABLED"});
    bench.refused(30, "UpdateJobQueue", enable.clone(), "ClientException", "is in INVALID status");
    set(&mut bench, 40, "jobQueue", "q", "VALID");
    bench.ok(40, "UpdateJobQueue", enable);
    assert_eq!(status(&mut bench, 50, "jobQueue", "q"), ("VALID".to_owned(), "JobQueue Healthy".to_owned()));
}

#[test]
fn nothing_is_placed_from_an_invalid_queue() {
    let mut bench = bench();
    set(&mut bench, 10, "jobQueue", "q", "INVALID");
    let id = submit(&mut bench, 10);
    assert_eq!(job(&mut bench, 1000, &id), "RUNNABLE");
    set(&mut bench, 1000, "jobQueue", "q", "VALID");
    assert_eq!(job(&mut bench, 1030, &id), "STARTING");
}

#[test]
fn a_queue_can_be_updating_for_a_while() {
    let mut bench = bench();
    control(&mut bench, 10, json!({"jobQueue": "q", "status": "UPDATING", "seconds": 300})).expect("set");
    let disable = json!({"jobQueue": "q", "state": "DISABLED"});
    let words = "Cannot update, resource is being modified.";
    bench.refused(309, "UpdateJobQueue", disable.clone(), "ClientException", words);
    bench.ok(310, "UpdateJobQueue", disable);
    for (input, part) in [
        (json!({"status": "INVALID"}), "Either jobQueue or computeEnvironment"),
        (json!({"jobQueue": "q", "computeEnvironment": "one", "status": "INVALID"}), "Either jobQueue"),
        (json!({"jobQueue": "nobody", "status": "INVALID"}), "nobody does not exist"),
        (json!({"jobQueue": "q", "status": "BROKEN"}), "not BROKEN"),
        (json!({"jobQueue": "q"}), "status"),
        (json!({"jobQueue": "q", "status": "UPDATING", "seconds": -1}), "seconds must be"),
    ] {
        let refusal = control(&mut bench, 320, input).expect_err(part);
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[test]
fn cloudformation_waits_in_vain_for_what_is_invalid() {
    let mut bench = Bench::new(Service::Batch);
    let environment = |role: &str| json!({"Type": "MANAGED", "ServiceRole": role, "State": "ENABLED"});
    let made = bench.create(ENVIRONMENT, "Environment", environment("a")).expect("made").physical_id;
    let queue = |priority: &str| {
        json!({"JobQueueName": "q", "Priority": priority, "ComputeEnvironmentOrder": [
            {"ComputeEnvironment": made, "Order": 1},
        ]})
    };
    let arn = bench.create(QUEUE, "Queue", queue("1")).expect("made").physical_id;
    set(&mut bench, 0, "jobQueue", &arn, "INVALID");
    let refused = bench.update(QUEUE, &arn, queue("2")).expect_err("INVALID");
    assert_eq!(
        refused.reason,
        format!("Resource of type 'AWS::Batch::JobQueue' with identifier '{arn}' did not stabilize.")
    );
    set(&mut bench, 0, "computeEnvironment", &made, "INVALID");
    bench.update(ENVIRONMENT, &made, environment("b")).expect("repaired by its new role");
    assert_eq!(status(&mut bench, 0, "computeEnvironment", &made).0, "VALID");
    bench.delete(QUEUE, &arn).expect("deleted all the same");
}
