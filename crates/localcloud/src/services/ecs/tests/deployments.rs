//! New deployments: rolling by percentages, and target groups.

use serde_json::{Value, json};

use super::*;
use crate::services::ecs::Timer;
use crate::{Input, Timestamp};

/// How a service of `desired` tasks rolls: at each second the tasks that run and those that start.
fn check(configuration: Value, desired: u32, expected: &[(u64, u64, u64, usize)]) {
    let mut bench = bench();
    create(&mut bench, json!({"desiredCount": desired, "deploymentConfiguration": configuration.clone()}));
    assert_eq!(counts(&service(&mut bench, 99)).1, u64::from(desired));
    bench.ok(99, "RegisterTaskDefinition", definition(json!({})));
    update(&mut bench, 100, json!({"taskDefinition": "web:2"}));
    for (seconds, running, pending, deployments) in expected {
        let found = service(&mut bench, *seconds);
        let (_, is_running, is_pending) = counts(&found);
        let list = found["deployments"].as_array().expect("deployments");
        assert_eq!(
            (is_running, is_pending, list.len()),
            (*running, *pending, *deployments),
            "{configuration} at {seconds} s: {found}"
        );
        let primary = &list[0];
        assert_eq!(primary["status"], "PRIMARY");
        let is_done = list.len() == 1 && is_running == u64::from(desired);
        let state = if is_done { "COMPLETED" } else { "IN_PROGRESS" };
        assert_eq!(primary["rolloutState"], state, "at {seconds} s");
        assert!(primary["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with("web:2")));
    }
}

#[test]
fn services_roll_by_their_percentages() {
    // Both new ones start at once, and the old ones go when they run.
    check(json!({}), 2, &[(101, 2, 2, 2), (109, 2, 2, 2), (110, 2, 0, 2), (140, 2, 0, 1)]);
    // One goes, takes its 30 seconds, one comes, and so on.
    check(
        json!({"maximumPercent": 100, "minimumHealthyPercent": 50}),
        2,
        &[(100, 1, 0, 2), (130, 1, 1, 2), (140, 1, 0, 2), (170, 1, 1, 1), (180, 2, 0, 1)],
    );
    // All go at once.
    check(json!({"maximumPercent": 100, "minimumHealthyPercent": 0}), 2, &[(100, 0, 0, 2), (130, 0, 2, 1)]);
}

#[test]
fn a_deployment_is_forced_or_begun_by_what_changes_the_tasks() {
    for (more, begins) in [
        (json!({"forceNewDeployment": true}), true),
        (json!({"platformVersion": "1.4.0"}), true),
        (json!({"taskDefinition": "web:1"}), false),
        (json!({"loadBalancers": []}), false),
        (json!({"desiredCount": 3}), false),
        (json!({"healthCheckGracePeriodSeconds": 9}), false),
    ] {
        let mut bench = bench();
        create(&mut bench, json!({}));
        update(&mut bench, 50, more.clone());
        let deployments = service(&mut bench, 51)["deployments"].as_array().map(Vec::len);
        assert_eq!(deployments, Some(if begins { 2 } else { 1 }), "{more}");
        assert!(messages(&service(&mut bench, 200))[0].ends_with("has reached a steady state."), "{more}");
    }
}

/// A service without a task is stable at once, and so is its next deployment.
#[test]
fn a_new_deployment_of_a_service_without_tasks_is_complete_at_once() {
    let mut bench = bench();
    create(&mut bench, json!({"desiredCount": 0}));
    update(&mut bench, 10, json!({"forceNewDeployment": true}));
    let found = service(&mut bench, 10);
    assert_eq!(found["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["deployments"][0]["rolloutState"], "COMPLETED");
}

const GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

/// A load balancer that forwards to a target group; gives that group's ARN.
fn balanced(bench: &mut Bench, target_type: &str) -> String {
    let properties = json!({
        "Name": "g", "Port": "80", "Protocol": "HTTP", "TargetType": target_type,
        "TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}],
    });
    let group = bench.create(GROUP, "Group", properties).expect("a group").physical_id;
    let refused = json!({"cluster": "c", "serviceName": "x", "taskDefinition": "web", "desiredCount": 1,
        "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]});
    let words =
        format!("The target group with targetGroupArn {group} does not have an associated load balancer.");
    bench.refused(0, "CreateService", refused, "InvalidParameterException", &words);
    let balancer = json!({"Name": "b", "Subnets": ["subnet-1"]});
    let balancer =
        bench.create("AWS::ElasticLoadBalancingV2::LoadBalancer", "B", balancer).expect("a balancer");
    let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
    let listener = json!({"LoadBalancerArn": balancer.physical_id, "Port": "80", "Protocol": "HTTP", "DefaultActions": actions});
    bench.create("AWS::ElasticLoadBalancingV2::Listener", "L", listener).expect("a listener");
    group
}

/// The targets of the group: their ids and ports, and their states.
fn targets(bench: &mut Bench, seconds: u64, group: &str) -> Vec<(String, u64, String)> {
    let asked = json!({"TargetGroupArn": group});
    let answer = bench.world.handle(
        Timestamp(seconds * 1000),
        Service::LoadBalancing,
        "DescribeTargetHealth",
        Input(&asked),
    );
    let answer = answer.expect("targets");
    let found = answer["TargetHealthDescriptions"].as_array().expect("a list").iter().map(|target| {
        (
            target["Target"]["Id"].as_str().expect("an id").to_owned(),
            target["Target"]["Port"].as_u64().expect("a port"),
            target["TargetHealth"]["State"].as_str().expect("a state").to_owned(),
        )
    });
    found.collect()
}

#[test]
fn tasks_have_to_fit_their_target_group() {
    for (target_type, name, port, network_mode, words) in [
        ("ip", "app", 80, "bridge", "has target type ip, which is incompatible with the bridge network mode"),
        ("instance", "app", 80, "awsvpc", "has target type instance, which is incompatible with the awsvpc"),
        ("instance", "no", 80, "bridge", "The container no does not exist in the task definition."),
        ("instance", "app", 81, "host", "The container app did not have a container port 81 defined."),
    ] {
        let mut bench = bench();
        let group = balanced(&mut bench, target_type);
        bench.ok(0, "RegisterTaskDefinition", definition(json!({"networkMode": network_mode})));
        let asked = json!({
            "cluster": "c", "serviceName": "s", "taskDefinition": "web", "desiredCount": 1,
            "loadBalancers": [{"targetGroupArn": group, "containerName": name, "containerPort": port}],
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        });
        bench.refused(0, "CreateService", asked, "InvalidParameterException", words);
    }
}

#[test]
fn running_tasks_are_targets_and_stopping_ones_drain() {
    for (target_type, network_mode, begins) in [("ip", "awsvpc", "10."), ("instance", "bridge", "i-")] {
        let mut bench = bench();
        let group = balanced(&mut bench, target_type);
        bench.ok(0, "RegisterTaskDefinition", definition(json!({"networkMode": network_mode})));
        create(
            &mut bench,
            json!({
                "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}],
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            }),
        );
        assert_eq!(targets(&mut bench, 9, &group), [], "{target_type}");
        assert_eq!(states(&mut bench, 10, "RUNNING"), ["ACTIVATING", "ACTIVATING"]);
        assert_eq!(states(&mut bench, 13, "RUNNING"), ["RUNNING", "RUNNING"]);
        let found = targets(&mut bench, 13, &group);
        assert_eq!(found.len(), 2, "{target_type}");
        for (id, port, state) in &found {
            assert!(id.starts_with(begins) && state == "healthy", "{found:?}");
            assert_eq!(*port == 80, target_type == "ip", "{found:?}");
        }
        update(&mut bench, 100, json!({"desiredCount": 1}));
        let mut left: Vec<String> =
            targets(&mut bench, 100, &group).into_iter().map(|(.., state)| state).collect();
        left.sort();
        assert_eq!(left, ["draining", "healthy"]);
        assert_eq!(states(&mut bench, 159, "STOPPED"), ["DEACTIVATING"], "requests have a minute to end");
        assert_eq!(states(&mut bench, 160, "STOPPED"), ["STOPPING"]);
        assert_eq!(states(&mut bench, 191, "STOPPED"), ["STOPPED"]);
        assert_eq!(targets(&mut bench, 191, &group).len(), 1);
    }
}

#[test]
fn a_timer_of_an_earlier_state_or_of_nothing_changes_nothing() {
    let mut bench = bench();
    create(&mut bench, json!({}));
    let task = arns(&mut bench, 5, "RUNNING").swap_remove(0);
    let before = format!("{:?}", bench.world);
    for timer in [
        Timer::Task { task, step: 1 },
        Timer::Task { task: "no".to_owned(), step: 1 },
        Timer::Reconcile { service: "no".to_owned() },
    ] {
        crate::services::ecs::happen(&mut bench.world, timer);
    }
    assert_eq!(before, format!("{:?}", bench.world));
}
