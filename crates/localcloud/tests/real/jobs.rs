//! Batch jobs that are processes.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{House, content, lives, wait};

/// A queue.
pub async fn prepare(house: &House) {
    let environment = json!({"computeEnvironmentName": "env", "type": "UNMANAGED"});
    house.json("batch", "/v1/createcomputeenvironment", &environment);
    let queue = json!({"jobQueueName": "queue", "priority": 1, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "env"}]});
    house.json("batch", "/v1/createjobqueue", &queue);
    wait("the queue", || async {
        let found = house.json("batch", "/v1/describejobqueues", &json!({}));
        (found["jobQueues"][0]["status"] == "VALID").then_some(())
    })
    .await;
}

/// Submit a job of a new definition; gives its id.
pub fn submit(house: &House, container: Value, more: Value) -> String {
    let mut properties = json!({"image": "local/process", "vcpus": 1, "memory": 128});
    properties.as_object_mut().expect("object").extend(container.as_object().expect("object").clone());
    let definition =
        json!({"jobDefinitionName": "work", "type": "container", "containerProperties": properties});
    house.json("batch", "/v1/registerjobdefinition", &definition);
    let mut job = json!({"jobName": "job", "jobQueue": "queue", "jobDefinition": "work"});
    job.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
    let answer = house.json("batch", "/v1/submitjob", &job);
    answer["jobId"].as_str().expect("id").to_owned()
}

pub fn job(house: &House, id: &str) -> Value {
    house.json("batch", "/v1/describejobs", &json!({"jobs": [id]}))["jobs"][0].clone()
}

pub async fn until(house: &House, id: &str, status: &str) -> Value {
    wait(status, || async { Some(job(house, id)).filter(|job| job["status"] == status) }).await
}

#[tokio::test]
async fn jobs_end_as_their_processes_do() {
    let house = House::new(100.0).await;
    prepare(&house).await;
    let shell = |script: &str| json!({"command": ["sh", "-c", script]});
    let says = "echo hello $OWN $AWS_BATCH_JQ_NAME $AWS_BATCH_JOB_ATTEMPT $0 $1; echo $AWS_BATCH_JOB_ID";
    let mut container = shell(says);
    container["environment"] = json!([{"name": "OWN", "value": "mine"}]);
    container["command"] = json!(["sh", "-c", says, "Ref::first", "Ref::none"]);
    let id = submit(&house, container, json!({"parameters": {"first": "one two"}}));
    let done = until(&house, &id, "SUCCEEDED").await;
    assert_eq!(done["container"]["exitCode"], 0, "{done}");
    assert_eq!(done["statusReason"], "Essential container in task exited");
    assert_eq!(done["attempts"].as_array().map(Vec::len), Some(1), "{done}");
    let log = done["container"]["logStreamName"].as_str().expect("log").to_owned();
    assert!(log.starts_with("work/default/"), "{log}");
    let log = content(&house.home("logs").join(&log)).await;
    assert_eq!(log, format!("hello mine queue 1 one two Ref::none\n{id}"));

    for (script, code) in [("exit 7", 7), ("kill -KILL $$", 137)] {
        let id = submit(&house, shell(script), json!({}));
        let done = until(&house, &id, "FAILED").await;
        assert_eq!(done["container"]["exitCode"], code, "{done}");
    }
    let id = submit(&house, json!({"command": ["/no/such/program"]}), json!({}));
    assert_eq!(until(&house, &id, "FAILED").await["container"]["exitCode"], 127);

    // Three attempts, of which the last succeeds; and one that isn't tried again.
    let tries = "echo $AWS_BATCH_JOB_ATTEMPT >> tries; [ $AWS_BATCH_JOB_ATTEMPT = 3 ]";
    let id = submit(&house, shell(tries), json!({"retryStrategy": {"attempts": 4}}));
    let done = until(&house, &id, "SUCCEEDED").await;
    let codes: Vec<i64> = done["attempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .filter_map(|attempt| attempt["container"]["exitCode"].as_i64())
        .collect();
    assert_eq!(codes, [1, 1, 0], "{done}");
    let exit =
        json!({"retryStrategy": {"attempts": 4, "evaluateOnExit": [{"onExitCode": "7", "action": "EXIT"}]}});
    let id = submit(&house, shell("exit 7"), exit);
    assert_eq!(until(&house, &id, "FAILED").await["attempts"].as_array().map(Vec::len), Some(1));

    let id = submit(&house, shell("sleep 1000"), json!({"timeout": {"attemptDurationSeconds": 1}}));
    let done = until(&house, &id, "FAILED").await;
    assert_eq!(done["statusReason"], "Job attempt duration exceeded timeout");
    house.close().await;
}

#[tokio::test]
async fn a_job_that_ignores_sigterm_is_killed() {
    let house = House::new(100.0).await;
    prepare(&house).await;
    let script = "trap 'echo asked >> asked' TERM; echo $$ > pid; while :; do sleep 0.05; done";
    let id =
        submit(&house, json!({"command": ["sh", "-c", script]}), json!({"retryStrategy": {"attempts": 3}}));
    let home = house.home("jobs").join(&id);
    let pid = content(&home.join("pid")).await;
    assert_eq!(until(&house, &id, "RUNNING").await["status"], "RUNNING");
    house.json("batch", "/v1/terminatejob", &json!({"jobId": id, "reason": "maintenance"}));
    content(&home.join("asked")).await;
    let done = until(&house, &id, "FAILED").await;
    assert!(!lives(&pid));
    assert_eq!(
        (&done["statusReason"], &done["container"]["exitCode"]),
        (&json!("maintenance"), &json!(137)),
        "{done}"
    );
    assert_eq!(done["attempts"].as_array().map(Vec::len), Some(1), "not tried again: {done}");

    // One that ends when it is asked keeps its own code.
    let script = "trap 'exit 9' TERM; echo $$ > pid; while :; do sleep 0.05; done";
    let id = submit(&house, json!({"command": ["sh", "-c", script]}), json!({}));
    content(&house.home("jobs").join(&id).join("pid")).await;
    house.json("batch", "/v1/terminatejob", &json!({"jobId": id, "reason": "maintenance"}));
    assert_eq!(until(&house, &id, "FAILED").await["container"]["exitCode"], 9);
    house.close().await;
}

#[tokio::test]
async fn a_disabled_queue_starts_no_process() {
    let house = House::new(100.0).await;
    prepare(&house).await;
    let id = submit(&house, json!({"command": ["true"]}), json!({}));
    house.json("batch", "/v1/updatejobqueue", &json!({"jobQueue": "queue", "state": "DISABLED"}));
    until(&house, &id, "RUNNABLE").await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(job(&house, &id)["status"], "RUNNABLE");
    house.json("batch", "/v1/updatejobqueue", &json!({"jobQueue": "queue", "state": "ENABLED"}));
    until(&house, &id, "SUCCEEDED").await;
    house.close().await;
}
