//! ECS through [`World::handle`](crate::World::handle) and provisioning.

mod deployments;
mod provisioning;
mod refusals;
mod trouble;

use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;

/// A bench with a cluster `c` and a task definition `web`.
fn bench() -> Bench {
    let mut bench = Bench::new(Service::Ecs);
    bench.ok(0, "CreateCluster", json!({"clusterName": "c"}));
    bench.ok(0, "RegisterTaskDefinition", definition(json!({})));
    bench
}

fn merged(mut base: Value, more: Value) -> Value {
    for (name, value) in more.as_object().expect("more") {
        base[name] = value.clone();
    }
    base
}

fn definition(more: Value) -> Value {
    let container =
        json!({"name": "app", "image": "i", "memory": 128, "portMappings": [{"containerPort": 80}]});
    merged(json!({"family": "web", "containerDefinitions": [container]}), more)
}

/// Create a service `s` of `web` in the cluster `c` at second 0.
fn create(bench: &mut Bench, more: Value) -> Value {
    let service = json!({"cluster": "c", "serviceName": "s", "taskDefinition": "web", "desiredCount": 2});
    let mut service = merged(service, more);
    if let Some(fields) = service.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    bench.ok(0, "CreateService", service)["service"].clone()
}

fn service(bench: &mut Bench, seconds: u64) -> Value {
    let asked = json!({"cluster": "c", "services": ["s"], "include": ["TAGS"]});
    bench.ok(seconds, "DescribeServices", asked)["services"][0].clone()
}

fn update(bench: &mut Bench, seconds: u64, more: Value) {
    bench.ok(seconds, "UpdateService", merged(json!({"cluster": "c", "service": "s"}), more));
}

/// Desired, running and pending.
fn counts(service: &Value) -> (u64, u64, u64) {
    let count = |name: &str| service[name].as_u64().expect("a count");
    (count("desiredCount"), count("runningCount"), count("pendingCount"))
}

fn arns(bench: &mut Bench, seconds: u64, desired_status: &str) -> Vec<String> {
    let asked = json!({"cluster": "c", "serviceName": "s", "desiredStatus": desired_status});
    let answer = bench.ok(seconds, "ListTasks", asked);
    let arns = answer["taskArns"].as_array().expect("tasks");
    arns.iter().map(|arn| arn.as_str().expect("an ARN").to_owned()).collect()
}

/// The states of a service's tasks of a desired status, in alphabetical order.
fn states(bench: &mut Bench, seconds: u64, desired_status: &str) -> Vec<String> {
    let tasks = arns(bench, seconds, desired_status);
    if tasks.is_empty() {
        return Vec::new();
    }
    let answer = bench.ok(seconds, "DescribeTasks", json!({"cluster": "c", "tasks": tasks}));
    let tasks = answer["tasks"].as_array().expect("tasks");
    let mut found: Vec<String> =
        tasks.iter().map(|task| task["lastStatus"].as_str().expect("a state").to_owned()).collect();
    found.sort();
    found
}

fn messages(service: &Value) -> Vec<String> {
    let events = service["events"].as_array().expect("events");
    events.iter().map(|event| event["message"].as_str().expect("a message").to_owned()).collect()
}

#[test]
fn tasks_pass_through_their_states() {
    let on_fargate = json!({
        "taskDefinition": "fargate",
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    });
    for (more, expected) in [
        (json!({}), [(1, "PROVISIONING"), (2, "PENDING"), (9, "PENDING"), (10, "RUNNING")]),
        (on_fargate, [(14, "PROVISIONING"), (15, "PENDING"), (39, "PENDING"), (40, "RUNNING")]),
    ] {
        let mut bench = bench();
        let needs =
            json!({"family": "fargate", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]});
        bench.ok(0, "RegisterTaskDefinition", definition(needs));
        create(&mut bench, more.clone());
        for (seconds, state) in expected {
            assert_eq!(states(&mut bench, seconds, "RUNNING"), [state, state], "{more} at {seconds} s");
        }
        let found = service(&mut bench, 100);
        assert_eq!(counts(&found), (2, 2, 0));
        assert_eq!(found["deployments"][0]["rolloutState"], "COMPLETED");
        assert_eq!(messages(&found)[0], "(service s) has reached a steady state.");
    }
}

#[test]
fn scaling_to_zero_takes_the_containers_time_to_stop() {
    let mut bench = bench();
    create(&mut bench, json!({}));
    update(&mut bench, 100, json!({"desiredCount": 0}));
    let found = service(&mut bench, 100);
    assert_eq!(counts(&found), (0, 0, 0), "a task that is stopping isn't in the counts");
    assert!(!messages(&found)[0].contains("steady"), "{:?}", messages(&found));
    assert_eq!(states(&mut bench, 129, "STOPPED"), ["STOPPING", "STOPPING"]);
    assert_eq!(states(&mut bench, 130, "STOPPED"), ["DEPROVISIONING", "DEPROVISIONING"]);
    assert_eq!(messages(&service(&mut bench, 130))[0], "(service s) has reached a steady state.");
    assert_eq!(states(&mut bench, 131, "STOPPED"), ["STOPPED", "STOPPED"]);
    let stopped = arns(&mut bench, 131, "STOPPED");
    let task =
        bench.ok(131, "DescribeTasks", json!({"cluster": "c", "tasks": [stopped[0]]}))["tasks"][0].clone();
    assert_eq!(task["stopCode"], "ServiceSchedulerInitiated");
    assert_eq!(
        (&task["createdAt"], &task["startedAt"], &task["stoppedAt"]),
        (&json!(0.0), &json!(10.0), &json!(131.0))
    );
    assert_eq!(arns(&mut bench, 131 + 3599, "STOPPED").len(), 2);
    assert_eq!(arns(&mut bench, 131 + 3600, "STOPPED").len(), 0, "an hour later they are forgotten");
    update(&mut bench, 4000, json!({"desiredCount": 3}));
    assert_eq!(counts(&service(&mut bench, 4001)), (3, 0, 3));
    assert_eq!(counts(&service(&mut bench, 4010)), (3, 3, 0));
}

#[test]
fn a_stop_timeout_of_a_container_counts() {
    let mut bench = bench();
    let container = json!({"name": "app", "image": "i", "memory": 128, "stopTimeout": 90});
    bench.ok(0, "RegisterTaskDefinition", definition(json!({"containerDefinitions": [container]})));
    create(&mut bench, json!({}));
    let task = arns(&mut bench, 50, "RUNNING").swap_remove(0);
    bench.ok(50, "StopTask", json!({"cluster": "c", "task": task, "reason": "why not"}));
    assert_eq!(states(&mut bench, 139, "STOPPED"), ["STOPPING"]);
    assert_eq!(states(&mut bench, 139, "RUNNING"), ["RUNNING", "RUNNING"], "another was started at once");
    let shown = bench.ok(141, "DescribeTasks", json!({"cluster": "c", "tasks": [task]}))["tasks"][0].clone();
    assert_eq!(
        (&shown["lastStatus"], &shown["stopCode"], &shown["stoppedReason"]),
        (&json!("STOPPED"), &json!("UserInitiated"), &json!("why not"))
    );
    assert_eq!(shown["containers"][0]["exitCode"], 137);
}

#[test]
fn tasks_that_belong_to_no_service_run_as_long_as_they_say() {
    let mut bench = bench();
    let said = json!({"containerOverrides": [{"name": "app", "environment": [
        {"name": "RUN_SECONDS", "value": "60"}, {"name": "EXIT_CODE", "value": "3"}]}]});
    let run = |bench: &mut Bench, more: Value| {
        let asked = merged(json!({"cluster": "c", "taskDefinition": "web:1"}), more);
        bench.ok(0, "RunTask", asked)["tasks"][0]["taskArn"].as_str().expect("an ARN").to_owned()
    };
    let (short, long) = (run(&mut bench, json!({"overrides": said})), run(&mut bench, json!({})));
    let state = |bench: &mut Bench, seconds, task: &str| {
        bench.ok(seconds, "DescribeTasks", json!({"cluster": "c", "tasks": [task]}))["tasks"][0].clone()
    };
    assert_eq!(state(&mut bench, 69, &short)["lastStatus"], "RUNNING");
    let ended = state(&mut bench, 71, &short);
    assert_eq!(
        (&ended["lastStatus"], &ended["stopCode"]),
        (&json!("STOPPED"), &json!("EssentialContainerExited"))
    );
    assert_eq!(ended["containers"][0]["exitCode"], 3);
    assert_eq!(state(&mut bench, 100_000, &long)["lastStatus"], "RUNNING");
    assert_eq!(state(&mut bench, 100_000, &long)["group"], "family:web");
    // Longer than can be said.
    let forever = json!({"containerOverrides": [{"environment": [
        {"name": "RUN_SECONDS", "value": "18446744073709551615"}]}]});
    let asked = json!({"cluster": "c", "taskDefinition": "web:1", "overrides": forever});
    let task = bench.ok(100_000, "RunTask", asked)["tasks"][0]["taskArn"].clone();
    assert_eq!(state(&mut bench, 200_000, task.as_str().expect("an ARN"))["lastStatus"], "RUNNING");
    bench.refused(
        100_000,
        "DeleteCluster",
        json!({"cluster": "c"}),
        "ClusterContainsTasksException",
        "Tasks are active",
    );
}

#[test]
fn a_daemon_has_one_task_and_no_number() {
    let mut bench = bench();
    create(&mut bench, json!({"schedulingStrategy": "DAEMON", "desiredCount": null}));
    let found = service(&mut bench, 60);
    assert_eq!(counts(&found), (1, 1, 0));
    assert_eq!(found["deploymentConfiguration"]["minimumHealthyPercent"], 0);
    bench.refused(
        60,
        "UpdateService",
        json!({"cluster": "c", "service": "s", "desiredCount": 0}),
        "InvalidParameterException",
        "The daemon scheduling strategy does not support a desired count for services.",
    );
    update(&mut bench, 60, json!({"forceNewDeployment": true}));
    assert_eq!(states(&mut bench, 61, "STOPPED"), ["STOPPING"], "the old one goes first");
    assert_eq!(counts(&service(&mut bench, 200)), (1, 1, 0));
}

#[test]
fn a_service_is_deleted_once_it_is_scaled_to_zero_or_by_force() {
    let mut bench = bench();
    create(&mut bench, json!({}));
    let named = json!({"cluster": "c", "service": "s"});
    bench.refused(20, "DeleteService", named.clone(), "InvalidParameterException", "scaled above 0");
    bench.refused(20, "DeleteCluster", json!({"cluster": "c"}), "ClusterContainsServicesException", "");
    let deleted = bench.ok(20, "DeleteService", merged(named.clone(), json!({"force": true})));
    assert_eq!(deleted["service"]["status"], "DRAINING");
    let again = json!({"cluster": "c", "serviceName": "s", "taskDefinition": "web", "desiredCount": 1});
    bench.refused(30, "CreateService", again.clone(), "InvalidParameterException", "still Draining");
    bench.refused(30, "UpdateService", named.clone(), "ServiceNotActiveException", "Service was not ACTIVE.");
    assert_eq!(service(&mut bench, 52)["status"], "INACTIVE");
    assert_eq!(bench.ok(52, "ListServices", json!({"cluster": "c"}))["serviceArns"], json!([]));
    bench.refused(52, "DeleteService", named, "ServiceNotFoundException", "Service not found.");
    bench.ok(52, "DeleteCluster", json!({"cluster": "c"}));
    bench.refused(53, "CreateService", again, "ClusterNotFoundException", "Cluster not found.");
}

#[test]
fn lists_come_in_pages() {
    let mut bench = bench();
    for number in 0..12 {
        create(&mut bench, json!({"serviceName": format!("s{number}"), "desiredCount": 10}));
    }
    for (operation, list, most, sizes) in [
        ("ListServices", "serviceArns", json!(null), vec![10, 2]),
        ("ListServices", "serviceArns", json!(5), vec![5, 5, 2]),
        ("ListTasks", "taskArns", json!(null), vec![100, 20]),
    ] {
        let (mut token, mut found, mut all) = (Value::Null, Vec::new(), std::collections::BTreeSet::new());
        loop {
            let page =
                bench.ok(60, operation, json!({"cluster": "c", "maxResults": most, "nextToken": token}));
            let arns = page[list].as_array().expect("a list").clone();
            found.push(arns.len());
            all.extend(arns.iter().map(|arn| arn.as_str().expect("an ARN").to_owned()));
            token = page["nextToken"].clone();
            if token.is_null() {
                break;
            }
        }
        assert_eq!((found, all.len()), (sizes.clone(), sizes.iter().sum()), "{operation}");
    }
}

#[test]
fn tags_are_shown_where_they_are_asked_for() {
    let mut bench = bench();
    let arn = create(&mut bench, json!({"tags": [{"key": "a", "value": "1"}]}))["serviceArn"].clone();
    let tag = json!({"resourceArn": arn, "tags": [{"key": "b", "value": "2"}]});
    bench.ok(1, "TagResource", tag);
    bench.ok(1, "UntagResource", json!({"resourceArn": arn, "tagKeys": ["a"]}));
    let expected = json!([{"key": "b", "value": "2"}]);
    assert_eq!(bench.ok(1, "ListTagsForResource", json!({"resourceArn": arn}))["tags"], expected);
    assert_eq!(service(&mut bench, 1)["tags"], expected);
    let without = bench.ok(1, "DescribeServices", json!({"cluster": "c", "services": ["s"]}));
    assert!(without["services"][0].get("tags").is_none());
    let cluster = "arn:aws:ecs:us-east-1:000000000000:cluster/c";
    bench.ok(1, "TagResource", json!({"resourceArn": cluster, "tags": [{"key": "k"}]}));
    let shown = bench.ok(1, "DescribeClusters", json!({"clusters": [cluster, "no"], "include": ["TAGS"]}));
    assert_eq!(shown["clusters"][0]["tags"], json!([{"key": "k", "value": ""}]));
    assert_eq!(shown["failures"][0]["reason"], "MISSING");
}

#[test]
fn revisions_are_counted_and_the_latest_active_one_is_meant() {
    let mut bench = bench();
    let second = bench.ok(0, "RegisterTaskDefinition", definition(json!({})));
    assert_eq!(second["taskDefinition"]["revision"], 2);
    let shown = |bench: &mut Bench, given: &str| {
        bench.ok(1, "DescribeTaskDefinition", json!({"taskDefinition": given}))["taskDefinition"].clone()
    };
    assert_eq!(shown(&mut bench, "web")["revision"], 2);
    bench.ok(1, "DeregisterTaskDefinition", json!({"taskDefinition": "web:2"}));
    assert_eq!(shown(&mut bench, "web")["revision"], 1);
    assert_eq!(shown(&mut bench, "web:2")["status"], "INACTIVE");
    let inactive = json!({"cluster": "c", "serviceName": "s", "taskDefinition": "web:2", "desiredCount": 1});
    bench.refused(1, "CreateService", inactive, "ClientException", "TaskDefinition is inactive");
    for (status, found) in [("ACTIVE", "web:1"), ("INACTIVE", "web:2")] {
        let list = bench.ok(1, "ListTaskDefinitions", json!({"familyPrefix": "web", "status": status}));
        let arn = format!("arn:aws:ecs:us-east-1:000000000000:task-definition/{found}");
        assert_eq!(list["taskDefinitionArns"], json!([arn]));
    }
}

#[test]
fn the_default_cluster_is_made_at_need() {
    let mut bench = bench();
    bench.refused(0, "ListServices", json!({}), "ClusterNotFoundException", "Cluster not found.");
    let service = json!({"serviceName": "s", "taskDefinition": "web", "desiredCount": 1});
    let made = bench.ok(0, "CreateService", service);
    assert_eq!(made["service"]["serviceArn"], "arn:aws:ecs:us-east-1:000000000000:service/default/s");
    assert_eq!(bench.ok(30, "DescribeClusters", json!({}))["clusters"][0]["runningTasksCount"], 1);
}

/// As many tasks as a service may have, each of which is looked at several times.
#[test]
fn the_largest_service_comes_up_and_goes() {
    let mut bench = bench();
    create(&mut bench, json!({"desiredCount": 5000}));
    assert_eq!(counts(&service(&mut bench, 20)), (5000, 5000, 0));
    update(&mut bench, 20, json!({"desiredCount": 0}));
    let found = service(&mut bench, 60);
    assert_eq!(counts(&found), (0, 0, 0));
    assert_eq!(messages(&found)[0], "(service s) has reached a steady state.");
}
