//! Services whose tasks don't come up.

use serde_json::{Value, json};

use super::*;
use crate::{Config, Input, Speed, Timestamp};

fn order(bench: &mut Bench, seconds: u64, more: Value) {
    let asked = merged(json!({"cluster": "c", "service": "s"}), more);
    let answer =
        bench.world.handle(Timestamp(seconds * 1000), Service::Control, "SetServiceStatus", Input(&asked));
    answer.expect("ordered");
}

#[test]
fn tasks_stay_pending_and_stop_again_and_again_until_the_trouble_is_over() {
    let mut bench = bench();
    create(&mut bench, json!({"desiredCount": 1}));
    order(&mut bench, 20, json!({"status": "FAILING", "stoppedReason": "no such image", "seconds": 50}));
    assert_eq!(counts(&service(&mut bench, 20)), (1, 1, 0), "what runs goes on");
    update(&mut bench, 100, json!({"forceNewDeployment": true}));
    assert_eq!(counts(&service(&mut bench, 151)), (1, 1, 1));
    let found = service(&mut bench, 153);
    assert_eq!(found["deployments"][0]["failedTasks"], 1);
    assert!(messages(&found).iter().any(|words| words.contains("unable to consistently start tasks")));
    let stopped = arns(&mut bench, 153, "STOPPED");
    let shown = bench.ok(153, "DescribeTasks", json!({"cluster": "c", "tasks": stopped}))["tasks"][0].clone();
    assert_eq!(
        (&shown["lastStatus"], &shown["stopCode"], &shown["stoppedReason"]),
        (&json!("STOPPED"), &json!("TaskFailedToStart"), &json!("no such image"))
    );
    assert_eq!(counts(&service(&mut bench, 161)), (1, 1, 0), "the next attempt waits ten seconds");
    assert_eq!(counts(&service(&mut bench, 162)), (1, 1, 1));
    assert_eq!(service(&mut bench, 3000)["deployments"][0]["rolloutState"], "IN_PROGRESS");
    order(&mut bench, 3000, json!({"status": "HEALTHY"}));
    let found = service(&mut bench, 3100);
    assert_eq!(counts(&found), (1, 1, 0));
    assert_eq!(found["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(messages(&found)[0], "(service s) has reached a steady state.");
}

#[test]
fn running_tasks_may_be_stopped_with_it() {
    let mut bench = bench();
    create(&mut bench, json!({}));
    order(&mut bench, 20, json!({"status": "FAILING", "stopsRunning": true}));
    let found = service(&mut bench, 60);
    assert_eq!(counts(&found), (2, 0, 2));
    order(&mut bench, 60, json!({"status": "HEALTHY"}));
    assert_eq!(counts(&service(&mut bench, 68)), (2, 2, 0), "what was pending begins anew");
}

/// Time has to pass between two failures, or a cloud where everything is done at once would never answer.
#[test]
fn failures_take_time_even_where_nothing_else_does() {
    let mut bench = Bench::with(Service::Ecs, Config { speed: Speed::Instant, ..Config::default() });
    bench.ok(0, "CreateCluster", json!({"clusterName": "c"}));
    bench.ok(0, "RegisterTaskDefinition", definition(json!({})));
    create(&mut bench, json!({}));
    assert_eq!(counts(&service(&mut bench, 0)), (2, 2, 0));
    order(&mut bench, 0, json!({"status": "FAILING", "stopsRunning": true, "seconds": 1}));
    let failed = service(&mut bench, 7200)["deployments"][0]["failedTasks"].as_u64().expect("a number");
    assert!((10..100).contains(&failed), "{failed} failures in two hours");
}

#[test]
fn only_an_active_service_is_given_trouble() {
    let mut bench = bench();
    create(&mut bench, json!({}));
    let before = format!("{:?}", bench.world);
    for asked in [
        json!({"cluster": "c", "service": "no", "status": "FAILING"}),
        json!({"cluster": "c", "service": "s", "status": "ILL"}),
        json!({"cluster": "c", "service": "s"}),
        json!({"cluster": "c", "service": "s", "status": "FAILING", "seconds": 0}),
        json!({"status": "FAILING"}),
    ] {
        let answer = bench.world.handle(Timestamp(0), Service::Control, "SetServiceStatus", Input(&asked));
        assert!(answer.is_err(), "{asked}");
        assert_eq!(before, format!("{:?}", bench.world), "{asked}");
    }
}

#[test]
fn the_circuit_breaker_ends_a_deployment_and_goes_back_to_the_last_that_completed() {
    for (rolls_back, revision, state, steady) in [(true, 1, "COMPLETED", true), (false, 2, "FAILED", false)] {
        let mut bench = bench();
        bench.ok(0, "RegisterTaskDefinition", definition(json!({})));
        let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": rolls_back}});
        create(&mut bench, json!({"taskDefinition": "web:1", "deploymentConfiguration": breaker}));
        order(&mut bench, 20, json!({"status": "FAILING", "taskDefinition": "web:2", "seconds": 10}));
        update(&mut bench, 20, json!({"taskDefinition": "web:2"}));
        let found = service(&mut bench, 600);
        assert_eq!(counts(&found), (2, 2, 0), "what ran goes on");
        let primary = &found["deployments"][0];
        assert!(
            primary["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with(&format!("web:{revision}")))
        );
        assert_eq!(primary["rolloutState"], state);
        assert_eq!(messages(&found)[0].ends_with("steady state."), steady, "{:?}", messages(&found));
        let told = |part: &str| messages(&found).iter().any(|words| words.contains(part));
        assert!(told("deployment failed: tasks failed to start."));
        assert_eq!(told("rolling back to deployment ecs-svc/"), rolls_back);
    }
}
