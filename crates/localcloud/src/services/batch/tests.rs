//! Batch through [`World::handle`](crate::World::handle) and provisioning.

use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;

const QUEUE: &str = "AWS::Batch::JobQueue";
const ENVIRONMENT: &str = "AWS::Batch::ComputeEnvironment";
const DEFINITION: &str = "AWS::Batch::JobDefinition";

/// A bench with an environment, a queue `q` and a definition `d`.
fn bench() -> Bench {
    let mut bench = Bench::new(Service::Batch);
    let environment = json!({"Type": "MANAGED", "ComputeResources": {"MaxvCpus": "256", "Type": "EC2"}});
    let environment = bench.create(ENVIRONMENT, "Environment", environment).expect("environment").physical_id;
    assert!(
        environment.starts_with("arn:aws:batch:us-east-1:000000000000:compute-environment/Environment-"),
        "{environment}"
    );
    let order = json!([{"ComputeEnvironment": environment, "Order": 1}]);
    let queue = bench.create(
        QUEUE,
        "Queue",
        json!({"JobQueueName": "q", "Priority": "1", "ComputeEnvironmentOrder": order}),
    );
    assert_eq!(queue.expect("queue").physical_id, "arn:aws:batch:us-east-1:000000000000:job-queue/q");
    let definition = json!({"JobDefinitionName": "d", "Type": "container", "ContainerProperties": {"Image": "i", "Memory": "1024"}});
    let definition = bench.create(DEFINITION, "Definition", definition).expect("definition").physical_id;
    assert_eq!(definition, "arn:aws:batch:us-east-1:000000000000:job-definition/d:1");
    bench
}

fn submit(bench: &mut Bench, seconds: u64, more: Value) -> String {
    let mut input = json!({"jobName": "j", "jobQueue": "q", "jobDefinition": "d"});
    for (name, value) in more.as_object().expect("more") {
        input[name] = value.clone();
    }
    bench.ok(seconds, "SubmitJob", input)["jobId"].as_str().expect("id").to_owned()
}

fn job(bench: &mut Bench, seconds: u64, id: &str) -> Value {
    bench.ok(seconds, "DescribeJobs", json!({"jobs": [id]}))["jobs"][0].clone()
}

fn enable(bench: &mut Bench, seconds: u64, state: &str) {
    bench.ok(seconds, "UpdateJobQueue", json!({"jobQueue": "q", "state": state}));
}

/// A job submitted at 0 s, requests about it at their times, its status and reason at some times.
fn check(more: Value, requests: &[(u64, &str)], expected: &[(u64, &str, Option<&str>)]) {
    let mut bench = bench();
    let id = submit(&mut bench, 0, more);
    let mut requests = requests.iter().peekable();
    for (seconds, status, reason) in expected {
        while let Some((at, request)) = requests.next_if(|(at, _)| at <= seconds) {
            match *request {
                "ENABLED" | "DISABLED" => enable(&mut bench, *at, request),
                operation => {
                    bench.ok(*at, operation, json!({"jobId": id, "reason": "maintenance"}));
                }
            }
        }
        let found = job(&mut bench, *seconds, &id);
        assert_eq!(
            (&found["status"], found["statusReason"].as_str()),
            (&json!(status), *reason),
            "at {seconds} s"
        );
    }
}

#[test]
fn jobs_pass_through_their_states() {
    let exited = Some("Essential container in task exited");
    // 1 s submission, 1 s pending, 30 s placement, 20 s start, then the run.
    check(
        json!({}),
        &[],
        &[
            (0, "SUBMITTED", None),
            (1, "PENDING", None),
            (2, "RUNNABLE", None),
            (32, "STARTING", None),
            (52, "RUNNING", None),
            (111, "RUNNING", None),
            (112, "SUCCEEDED", exited),
        ],
    );
    check(
        json!({"parameters": {"runSeconds": "3600"}}),
        &[],
        &[(3651, "RUNNING", None), (3652, "SUCCEEDED", exited)],
    );
    check(
        json!({"containerOverrides": {"environment": [{"name": "RUN_SECONDS", "value": "5"}]}}),
        &[],
        &[(56, "RUNNING", None), (57, "SUCCEEDED", exited)],
    );
    check(json!({"parameters": {"exitCode": "3"}}), &[], &[(112, "FAILED", exited)]);
    check(
        json!({"timeout": {"attemptDurationSeconds": 10}}),
        &[],
        &[(61, "RUNNING", None), (62, "FAILED", Some("Job attempt duration exceeded timeout"))],
    );
}

#[test]
fn cancelling_ends_only_what_has_not_started() {
    let asked = Some("maintenance");
    check(json!({}), &[(1, "CancelJob")], &[(1, "FAILED", asked)]);
    check(json!({}), &[(5, "CancelJob")], &[(5, "RUNNABLE", asked), (15, "FAILED", asked)]);
    check(
        json!({}),
        &[(40, "CancelJob")],
        &[
            (40, "STARTING", None),
            (60, "RUNNING", None),
            (112, "SUCCEEDED", Some("Essential container in task exited")),
        ],
    );
    check(json!({}), &[(5, "TerminateJob")], &[(5, "FAILED", asked)]);
    check(
        json!({}),
        &[(60, "TerminateJob"), (65, "TerminateJob")],
        &[(60, "RUNNING", asked), (89, "RUNNING", asked), (90, "FAILED", asked), (900, "FAILED", asked)],
    );
    check(json!({}), &[(40, "TerminateJob")], &[(52, "STARTING", asked), (70, "FAILED", asked)]);
}

#[test]
fn disabling_a_queue_stops_placing_not_running() {
    check(
        json!({}),
        &[(10, "DISABLED"), (1000, "ENABLED")],
        &[(999, "RUNNABLE", None), (1005, "RUNNABLE", None), (1035, "STARTING", None)],
    );
    check(
        json!({}),
        &[(60, "DISABLED")],
        &[(60, "RUNNING", None), (112, "SUCCEEDED", Some("Essential container in task exited"))],
    );
    check(json!({}), &[(10, "DISABLED"), (100, "CancelJob")], &[(110, "FAILED", Some("maintenance"))]);
    let mut bench = bench();
    enable(&mut bench, 0, "DISABLED");
    bench.refused(
        0,
        "SubmitJob",
        json!({"jobName": "j", "jobQueue": "q", "jobDefinition": "d"}),
        "ClientException",
        "is not in an ENABLED state",
    );
    bench.refused(
        1,
        "UpdateJobQueue",
        json!({"jobQueue": "q", "state": "ENABLED"}),
        "ClientException",
        "Cannot update, resource is being modified.",
    );
    let queue = |bench: &mut Bench, seconds| {
        bench.ok(seconds, "DescribeJobQueues", json!({"jobQueues": ["q"]}))["jobQueues"][0].clone()
    };
    assert_eq!(
        (&queue(&mut bench, 1)["state"], &queue(&mut bench, 1)["status"]),
        (&json!("DISABLED"), &json!("UPDATING"))
    );
    assert_eq!(queue(&mut bench, 5)["status"], "VALID");
}

#[test]
fn a_job_waits_for_what_it_depends_on() {
    for (exit, status, reason) in [("0", "RUNNABLE", None), ("1", "FAILED", Some("Dependent Job failed"))] {
        let mut bench = bench();
        let first = submit(&mut bench, 0, json!({"parameters": {"exitCode": exit}}));
        let second = submit(&mut bench, 0, json!({"dependsOn": [{"jobId": first}]}));
        assert_eq!(job(&mut bench, 112, &second)["status"], "PENDING");
        let found = job(&mut bench, 113, &second);
        assert_eq!((&found["status"], found["statusReason"].as_str()), (&json!(status), reason));
    }
}

#[test]
fn jobs_are_listed_by_queue_and_status_in_pages() {
    let mut bench = bench();
    let ids: Vec<String> = (0..5).map(|_| submit(&mut bench, 0, json!({}))).collect();
    let list = |bench: &mut Bench, input: Value| {
        let answer = bench.ok(60, "ListJobs", input);
        let jobs = answer["jobSummaryList"].as_array().expect("jobs");
        let ids: Vec<String> = jobs.iter().map(|job| job["jobId"].as_str().expect("id").to_owned()).collect();
        (ids, answer.get("nextToken").cloned())
    };
    assert_eq!(list(&mut bench, json!({"jobQueue": "q"})), (ids.clone(), None), "RUNNING is the default");
    assert_eq!(list(&mut bench, json!({"jobQueue": "q", "jobStatus": "FAILED"})).0.len(), 0);
    let (first, token) = list(&mut bench, json!({"jobQueue": "q", "jobStatus": "RUNNING", "maxResults": 3}));
    assert_eq!(first, ids[..3]);
    assert_eq!(list(&mut bench, json!({"jobQueue": "q", "nextToken": token})), (ids[3..].to_vec(), None));
    let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    for (operation, input, part) in [
        ("ListJobs", json!({"jobQueue": "nope"}), "JobQueue nope not found."),
        ("ListJobs", json!({"jobQueue": "q", "jobStatus": "BUSY"}), "BUSY"),
        ("ListJobs", json!({}), "Must specify one of"),
        ("DescribeJobs", json!({"jobs": many}), "between 1 and 100"),
        ("CancelJob", json!({"jobId": "x", "reason": "r"}), "Job x not found"),
        ("CancelJob", json!({"jobId": "x"}), "reason"),
        (
            "SubmitJob",
            json!({"jobName": "j", "jobQueue": "q", "jobDefinition": "nope"}),
            "JobDefinition nope not found.",
        ),
        ("SubmitJob", json!({"jobName": "a b", "jobQueue": "q", "jobDefinition": "d"}), "not valid"),
        ("DeleteComputeEnvironment", json!({"computeEnvironment": "nope", "x": 1}), ""),
    ] {
        if part.is_empty() {
            bench.ok(60, operation, input);
        } else {
            bench.refused(60, operation, input, "ClientException", part);
        }
    }
}

#[test]
fn what_a_template_makes_is_shown_in_the_api_s_types() {
    let mut bench = bench();
    let environments = bench.ok(0, "DescribeComputeEnvironments", json!({}));
    let environment = &environments["computeEnvironments"][0];
    assert_eq!(environment["computeResources"]["maxvCpus"], 256);
    assert_eq!(environment["tags"]["team"], "blue");
    let arn = environment["computeEnvironmentArn"].as_str().expect("arn").to_owned();
    let error = bench.delete(ENVIRONMENT, &arn).expect_err("in use");
    assert_eq!(error.reason, "Cannot delete, found existing JobQueue relationship");
    let queue = "arn:aws:batch:us-east-1:000000000000:job-queue/q";
    let running = submit(&mut bench, 0, json!({}));
    bench
        .update(QUEUE, queue, json!({"JobQueueName": "q", "Priority": "7", "State": "DISABLED"}))
        .expect("updated");
    let queues = bench.ok(0, "DescribeJobQueues", json!({}));
    assert_eq!(
        (&queues["jobQueues"][0]["priority"], &queues["jobQueues"][0]["state"]),
        (&json!(7), &json!("DISABLED"))
    );
    bench.delete(QUEUE, queue).expect("begun");
    bench.finish_delete(QUEUE, queue);
    assert_eq!(job(&mut bench, 1, &running)["status"], "FAILED");
    bench.delete(ENVIRONMENT, &arn).expect("free now");
    let definition = "arn:aws:batch:us-east-1:000000000000:job-definition/d:1";
    let next = bench.update(DEFINITION, definition, json!({"Type": "container"})).expect("updated");
    assert!(next.physical_id.ends_with("/d:2"));
    let active = bench.ok(2, "DescribeJobDefinitions", json!({"status": "ACTIVE"}));
    assert_eq!(active["jobDefinitions"].as_array().map(Vec::len), Some(1));
    let error = bench.create(QUEUE, "Queue", json!({"JobQueueName": "bad name"})).expect_err("bad name");
    assert!(error.reason.contains("bad name"), "{error}");
}
