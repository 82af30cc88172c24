//! Auto Scaling through [`World::handle`](crate::World::handle) and provisioning.

use serde_json::{Value, json};

use super::durations::{DRAINED_LOOK, DRAINED_LOOKS};
use crate::services::auto_scaling::provision;
use crate::services::testing::Bench;
use crate::wire::Service;
use crate::{Config, Speed};

mod refresh;
mod suspended;

const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";
const POOL: &str = "AWS::AutoScaling::WarmPool";

/// A bench with a group `g` of the given settings.
fn bench(settings: Value) -> Bench {
    bench_at(Speed::Times(1.0), settings)
}

fn bench_at(speed: Speed, settings: Value) -> Bench {
    let mut bench = Bench::with(Service::AutoScaling, Config { speed, ..Config::default() });
    let mut properties = json!({
        "AutoScalingGroupName": "g",
        "MinSize": "0",
        "MaxSize": "4",
        "VPCZoneIdentifier": ["subnet-1", "subnet-2"],
        "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"},
    });
    for (name, value) in settings.as_object().expect("settings") {
        properties[name] = value.clone();
    }
    assert_eq!(bench.create(GROUP, "Group", properties).expect("created").physical_id, "g");
    bench
}

fn group(bench: &mut Bench, seconds: u64) -> Value {
    bench.ok(seconds, "DescribeAutoScalingGroups", json!({"AutoScalingGroupNames": ["g"]}))["AutoScalingGroups"][0].clone()
}

/// The lifecycle states of a group's instances, sorted; the warm pool's too.
fn states(bench: &mut Bench, seconds: u64) -> String {
    let answer = bench.ok(seconds, "DescribeAutoScalingInstances", json!({}));
    let instances = answer["AutoScalingInstances"].as_array().expect("instances");
    let mut states: Vec<&str> =
        instances.iter().map(|instance| instance["LifecycleState"].as_str().expect("state")).collect();
    states.sort();
    states.join(" ")
}

/// Ids of the instances in the order of their launch.
fn ids(bench: &mut Bench, seconds: u64) -> Vec<String> {
    let group = group(bench, seconds);
    let instances = group["Instances"].as_array().expect("instances");
    instances.iter().map(|instance| instance["InstanceId"].as_str().expect("id").to_owned()).collect()
}

fn set(bench: &mut Bench, seconds: u64, desired: i64) {
    bench.ok(
        seconds,
        "SetDesiredCapacity",
        json!({"AutoScalingGroupName": "g", "DesiredCapacity": desired.to_string()}),
    );
}

/// Settings, then requests at their times, then the states at some times.
fn check(settings: Value, requests: &[(u64, &str, Value)], expected: &[(u64, &str)]) {
    let mut bench = bench(settings);
    let mut requests = requests.iter().peekable();
    for (seconds, wanted) in expected {
        while let Some((at, operation, input)) = requests.next_if(|(at, _, _)| at <= seconds) {
            let mut input = input.clone();
            input["AutoScalingGroupName"] = json!("g");
            bench.ok(*at, operation, input);
        }
        assert_eq!(states(&mut bench, *seconds), *wanted, "at {seconds} s");
    }
}

#[test]
fn instances_pass_through_their_lifecycle() {
    let hook = |transition: &str, more: Value| {
        let mut hook = json!({"LifecycleHookName": "h", "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"), "HeartbeatTimeout": "300"});
        for (name, value) in more.as_object().expect("more") {
            hook[name] = value.clone();
        }
        json!({"MinSize": "1", "LifecycleHookSpecificationList": [hook]})
    };
    let scale = |desired: i64| ("SetDesiredCapacity", json!({"DesiredCapacity": desired}));
    let two = scale(2);
    let none = scale(0);
    // Launch takes 40 s, termination 60 s.
    check(
        json!({"MinSize": "1"}),
        &[],
        &[(0, "Pending"), (39, "Pending"), (40, "InService"), (9999, "InService")],
    );
    check(
        json!({}),
        &[(10, two.0, two.1.clone()), (100, none.0, none.1.clone())],
        &[
            (9, ""),
            (10, "Pending Pending"),
            (50, "InService InService"),
            (100, "Terminating Terminating"),
            (160, ""),
        ],
    );
    // A hook that notifies nobody is completed by the instance itself.
    check(
        hook("LAUNCHING", json!({})),
        &[],
        &[(40, "Pending:Wait"), (69, "Pending:Wait"), (70, "Pending:Proceed"), (72, "InService")],
    );
    // One that notifies a target waits for its heartbeat, then its default counts.
    let target = "arn:aws:sns:us-east-1:000000000000:t";
    check(
        hook("LAUNCHING", json!({"NotificationTargetARN": target, "DefaultResult": "CONTINUE"})),
        &[],
        &[(339, "Pending:Wait"), (340, "Pending:Proceed"), (342, "InService")],
    );
    check(
        hook("LAUNCHING", json!({"NotificationTargetARN": target})),
        &[],
        // After a pause there is another attempt.
        &[
            (339, "Pending:Wait"),
            (340, "Terminating"),
            (400, "Pending"),
            (439, "Pending"),
            (440, "Pending:Wait"),
        ],
    );
    check(
        json!({"LifecycleHookSpecificationList": [{"LifecycleHookName": "h", "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "HeartbeatTimeout": 100}]}),
        &[(0, two.0, two.1.clone()), (50, none.0, none.1.clone())],
        &[
            (40, "InService InService"),
            (50, "Terminating:Wait Terminating:Wait"),
            (150, "Terminating:Proceed Terminating:Proceed"),
            (210, ""),
        ],
    );
}

#[test]
fn a_hook_is_completed_by_its_token_or_its_instance() {
    let settings = json!({"MinSize": "1", "LifecycleHookSpecificationList": [{
        "LifecycleHookName": "h", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "NotificationTargetARN": "arn",
    }]});
    for (result, state) in [("CONTINUE", "Pending:Proceed"), ("ABANDON", "Terminating")] {
        let mut bench = bench(settings.clone());
        let id = ids(&mut bench, 50).remove(0);
        let complete = |id: &str| json!({"AutoScalingGroupName": "g", "LifecycleHookName": "h", "InstanceId": id, "LifecycleActionResult": result});
        bench.refused(
            50,
            "CompleteLifecycleAction",
            complete("i-0"),
            "ValidationError",
            "No active Lifecycle Action found with instance ID i-0",
        );
        bench.ok(50, "CompleteLifecycleAction", complete(&id));
        assert_eq!(states(&mut bench, 50), state);
        bench.refused(
            51,
            "CompleteLifecycleAction",
            complete(&id),
            "ValidationError",
            "No active Lifecycle Action found",
        );
    }
}

#[test]
fn an_instance_that_somebody_calls_unhealthy_is_replaced_after_its_grace_period() {
    let mut bench = bench(json!({"HealthCheckGracePeriod": "300", "DesiredCapacity": "1"}));
    let id = ids(&mut bench, 50).remove(0);
    let say = |status: &str, respects: bool| json!({"InstanceId": id, "HealthStatus": status, "ShouldRespectGracePeriod": respects});
    for (seconds, said) in [(60, say("Unhealthy", true)), (61, say("Healthy", false))] {
        bench.ok(seconds, "SetInstanceHealth", said);
        assert_eq!(ids(&mut bench, seconds + 1)[0], id);
        assert_eq!(states(&mut bench, seconds + 1), "InService");
    }
    bench.ok(70, "SetInstanceHealth", say("Unhealthy", false));
    assert!(!ids(&mut bench, 600).contains(&id), "replaced");
    assert_eq!(states(&mut bench, 600), "InService");
    let none = json!({"InstanceId": "i-0", "HealthStatus": "Unhealthy"});
    bench.refused(600, "SetInstanceHealth", none, "ValidationError", "No managed instance found");
}

#[test]
fn protection_holds_scale_in_until_it_is_taken_away() {
    let mut bench = bench(json!({"NewInstancesProtectedFromScaleIn": "true", "DesiredCapacity": "3"}));
    let ids = ids(&mut bench, 40);
    let protect = |ids: &[String], flag: bool| json!({"AutoScalingGroupName": "g", "InstanceIds": ids, "ProtectedFromScaleIn": flag});
    set(&mut bench, 50, 1);
    assert_eq!(states(&mut bench, 200), "InService InService InService");
    let activities = bench.ok(200, "DescribeScalingActivities", json!({"AutoScalingGroupName": "g"}));
    assert_eq!(
        activities["Activities"][0]["StatusMessage"],
        "Could not scale to desired capacity because all remaining instances are protected from scale in."
    );

    bench.ok(200, "SetInstanceProtection", protect(&ids[1..2], false));
    assert_eq!(states(&mut bench, 200), "InService InService Terminating");
    assert_eq!(self::ids(&mut bench, 260), [ids[0].clone(), ids[2].clone()]);

    let many = vec!["i-0".to_owned(); 51];
    for (ids, part) in [
        (&many[..], "less than or equal to 50"),
        (&many[..0], "greater than or equal to 1"),
        (&many[..1], "The instance i-0 is not part of Auto Scaling group g."),
    ] {
        bench.refused(260, "SetInstanceProtection", protect(ids, true), "ValidationError", part);
    }
    set(&mut bench, 260, 3);
    let pending = self::ids(&mut bench, 260).pop().into_iter().collect::<Vec<_>>();
    bench.refused(
        260,
        "SetInstanceProtection",
        protect(&pending, true),
        "ValidationError",
        "is not in InService",
    );
    // Terminating on purpose ignores protection.
    let terminate = json!({"InstanceId": ids[0], "ShouldDecrementDesiredCapacity": true});
    let answer = bench.ok(300, "TerminateInstanceInAutoScalingGroup", terminate.clone());
    assert_eq!(answer["Activity"]["AutoScalingGroupName"], "g");
    assert_eq!(group(&mut bench, 300)["DesiredCapacity"], 2);
    assert_eq!(states(&mut bench, 360), "InService InService");
    bench.refused(
        360,
        "TerminateInstanceInAutoScalingGroup",
        terminate,
        "ValidationError",
        "No managed instance found",
    );
}

#[test]
fn a_terminated_instance_is_replaced_unless_capacity_is_given_back() {
    let mut bench = bench(json!({"MinSize": "1"}));
    let id = ids(&mut bench, 40).remove(0);
    let terminate = |decrement: bool| json!({"InstanceId": id, "ShouldDecrementDesiredCapacity": decrement});
    bench.refused(
        40,
        "TerminateInstanceInAutoScalingGroup",
        terminate(true),
        "ValidationError",
        "desiredSize equals minSize (1)",
    );
    bench.ok(40, "TerminateInstanceInAutoScalingGroup", terminate(false));
    assert_eq!(states(&mut bench, 40), "Pending Terminating");
    assert_eq!(states(&mut bench, 100), "InService");
}

#[test]
fn sizes_are_kept_in_their_bounds() {
    let mut bench = bench(json!({}));
    let update = |settings: Value| {
        let mut input = settings;
        input["AutoScalingGroupName"] = json!("g");
        input
    };
    for (settings, part) in [
        (json!({"MinSize": "5"}), "Max bound, 4, must be greater than or equal to min bound, 5"),
        (
            json!({"DesiredCapacity": "5"}),
            "Desired capacity:5 must be between the specified min size:0 and max size:4",
        ),
        (json!({"MaxSize": "9999999999"}), "between 0 and 10000"),
        (json!({"MinSize": "x"}), "must be an integer"),
    ] {
        bench.refused(1, "UpdateAutoScalingGroup", update(settings), "ValidationError", part);
    }
    for (desired, part) in [("5", "above max value 4"), ("-1", "below min value 0")] {
        let input = json!({"AutoScalingGroupName": "g", "DesiredCapacity": desired});
        bench.refused(1, "SetDesiredCapacity", input, "ValidationError", part);
    }
    bench.ok(1, "UpdateAutoScalingGroup", update(json!({"MinSize": "2"})));
    assert_eq!(group(&mut bench, 1)["DesiredCapacity"], 2, "raised to the new minimum");
    bench.ok(1, "UpdateAutoScalingGroup", update(json!({"MinSize": "0", "MaxSize": "0"})));
    assert_eq!(group(&mut bench, 1)["DesiredCapacity"], 0, "lowered to the new maximum");
    bench.refused(
        1,
        "SetDesiredCapacity",
        json!({"AutoScalingGroupName": "x", "DesiredCapacity": "0"}),
        "ValidationError",
        "AutoScalingGroup name not found",
    );
    let error = bench
        .create(GROUP, "Group", json!({"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 0}))
        .expect_err("twice");
    assert!(error.reason.contains("A group with the name g already exists"), "{error}");
}

#[test]
fn suspended_processes_do_not_happen() {
    let mut bench = bench(json!({"DesiredCapacity": "1"}));
    let processes = |names: &[&str]| json!({"AutoScalingGroupName": "g", "ScalingProcesses": names});
    bench.ok(40, "SuspendProcesses", processes(&[]));
    set(&mut bench, 40, 3);
    assert_eq!(states(&mut bench, 500), "InService");
    bench.ok(500, "ResumeProcesses", processes(&["Launch"]));
    assert_eq!(states(&mut bench, 540), "InService InService InService");
    set(&mut bench, 540, 0);
    assert_eq!(states(&mut bench, 700), "InService InService InService");
    assert_eq!(group(&mut bench, 700)["SuspendedProcesses"].as_array().map(Vec::len), Some(8));
    bench.ok(700, "ResumeProcesses", processes(&[]));
    assert_eq!(states(&mut bench, 760), "");
    bench.refused(760, "SuspendProcesses", processes(&["Nap"]), "ValidationError", "Nap");
}

#[test]
fn a_warm_pool_holds_instances_in_reserve() {
    let mut bench = bench(json!({"DesiredCapacity": "1"}));
    assert_eq!(
        bench
            .create(
                POOL,
                "Pool",
                json!({"AutoScalingGroupName": "g", "MinSize": 2, "MaxGroupPreparedCapacity": 2})
            )
            .expect("pool")
            .physical_id,
        "g"
    );
    assert_eq!(states(&mut bench, 0), "Pending Warmed:Pending Warmed:Pending");
    assert_eq!(states(&mut bench, 40), "InService Warmed:Stopped Warmed:Stopped");
    let group_now = group(&mut bench, 40);
    assert_eq!(
        (group_now["Instances"].as_array().map(Vec::len), &group_now["WarmPoolSize"]),
        (Some(1), &json!(2))
    );
    let warm = bench.ok(40, "DescribeWarmPool", json!({"AutoScalingGroupName": "g"}));
    let id = &warm["Instances"][0]["InstanceId"];
    bench.refused(
        40,
        "SetInstanceProtection",
        json!({"AutoScalingGroupName": "g", "InstanceIds": [id], "ProtectedFromScaleIn": true}),
        "ValidationError",
        "is not in InService",
    );
    // Scaling out takes from the pool, in half the time, and the pool fills up again.
    set(&mut bench, 50, 2);
    assert_eq!(states(&mut bench, 50), "InService Pending Warmed:Pending Warmed:Stopped");
    assert_eq!(states(&mut bench, 70), "InService InService Warmed:Pending Warmed:Stopped");
    bench.ok(
        100,
        "PutWarmPool",
        json!({"AutoScalingGroupName": "g", "MinSize": "0", "MaxGroupPreparedCapacity": "0"}),
    );
    assert_eq!(states(&mut bench, 100), "InService InService Warmed:Terminating Warmed:Terminating");
    assert_eq!(states(&mut bench, 160), "InService InService");
    bench.ok(160, "DeleteWarmPool", json!({"AutoScalingGroupName": "g"}));
    assert_eq!(
        bench.ok(160, "DescribeWarmPool", json!({"AutoScalingGroupName": "g"}))["WarmPoolConfiguration"],
        Value::Null
    );
    bench.refused(
        160,
        "DeleteWarmPool",
        json!({"AutoScalingGroupName": "g"}),
        "ValidationError",
        "No warm pool",
    );
}

#[test]
fn deleting_a_group_waits_for_its_instances() {
    let mut empty = bench(json!({}));
    assert_eq!(empty.delete(GROUP, "g").expect("begun").as_secs(), 0);
    let mut used = bench(json!({"DesiredCapacity": "1"}));
    ids(&mut used, 40);
    assert_eq!(used.delete(GROUP, "g").expect("begun").as_secs(), 60);
    assert_eq!(group(&mut used, 40)["Status"], "Delete in progress");
    assert_eq!(states(&mut used, 100), "");
    assert_eq!(provision::check_deleted(&used.world, "g"), Ok(()));
    used.finish_delete(GROUP, "g");
    assert_eq!(group(&mut used, 100), Value::Null);
    let mut held = bench(json!({"DesiredCapacity": "1", "NewInstancesProtectedFromScaleIn": true}));
    ids(&mut held, 40);
    assert_eq!(held.delete(GROUP, "g").expect("begun"), DRAINED_LOOK);
    let id = ids(&mut held, 5000);
    for _ in 0..DRAINED_LOOKS {
        assert_eq!(provision::looks_again(&mut held.world, "g"), Some(DRAINED_LOOK));
    }
    assert_eq!(provision::looks_again(&mut held.world, "g"), None);
    let reason = provision::check_deleted(&held.world, "g").expect_err("held").reason;
    assert_eq!(reason, "Group did not stabilize. {current/minSize/maxSize group size} = {1/0/0}.");
    held.ok(
        5000,
        "SetInstanceProtection",
        json!({"AutoScalingGroupName": "g", "InstanceIds": id, "ProtectedFromScaleIn": false}),
    );
    assert_eq!(states(&mut held, 5060), "");
    assert_eq!(provision::looks_again(&mut held.world, "g"), None);
    assert_eq!(provision::check_deleted(&held.world, "g"), Ok(()));
}

#[test]
fn a_group_whose_instances_never_come_up_does_not_stop_time() {
    let settings = json!({"MinSize": "2", "LifecycleHookSpecificationList": [{
        "LifecycleHookName": "h", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "NotificationTargetARN": "arn",
    }]});
    let mut bench = bench_at(Speed::Instant, settings);
    assert_eq!(group(&mut bench, 3600)["DesiredCapacity"], 2);
}

#[test]
fn groups_are_found_by_name_by_tag_and_by_page() {
    let mut bench = bench(json!({"Tags": [{"Key": "role", "Value": "w", "PropagateAtLaunch": "true"}]}));
    let generated =
        bench.create(GROUP, "Other", json!({"MinSize": 0, "MaxSize": 1})).expect("created").physical_id;
    assert!(generated.starts_with("Stack-Other-") && generated.len() == 24, "{generated}");
    let names = |bench: &mut Bench, input: Value| {
        let answer = bench.ok(1, "DescribeAutoScalingGroups", input);
        let groups = answer["AutoScalingGroups"].as_array().expect("groups");
        let names: Vec<&str> =
            groups.iter().map(|group| group["AutoScalingGroupName"].as_str().expect("name")).collect();
        (names.join(" "), answer["NextToken"].as_str().map(str::to_owned))
    };
    let (first, token) = names(&mut bench, json!({"MaxRecords": "1"}));
    assert_eq!(first, generated);
    assert_eq!(names(&mut bench, json!({"MaxRecords": "1", "NextToken": token})), ("g".to_owned(), None));
    for (filter, found) in [
        (json!({"Name": "tag:role", "Values": ["w"]}), "g".to_owned()),
        (json!({"Name": "tag:role", "Values": ["x"]}), String::new()),
        (json!({"Name": "tag-key", "Values": ["role"]}), "g".to_owned()),
        (json!({"Name": "tag:aws:cloudformation:logical-id", "Values": ["Other"]}), generated.clone()),
        (json!({"Name": "tag:team", "Values": ["blue"]}), format!("{generated} g")),
    ] {
        assert_eq!(names(&mut bench, json!({"Filters": [filter]})).0, found);
    }
    bench.refused(
        1,
        "DescribeAutoScalingGroups",
        json!({"MaxRecords": "101"}),
        "ValidationError",
        "between 1 and 100",
    );
    bench.refused(1, "DescribeAutoScalingGroups", json!({"NextToken": "%"}), "InvalidNextToken", "");
    bench.refused(1, "Nonsense", json!({}), "InvalidAction", "Nonsense");
}

#[test]
fn tags_are_written_and_taken_off_again() {
    let mut bench = bench(json!({"Tags": [{"Key": "a", "Value": "1", "PropagateAtLaunch": true}]}));
    let tag = |key: &str, value: &str| json!({"ResourceId": "g", "ResourceType": "auto-scaling-group", "Key": key, "Value": value, "PropagateAtLaunch": "false"});
    bench.ok(0, "CreateOrUpdateTags", json!({"Tags": [tag("a", "2"), tag("b", "3")]}));
    let shown = |bench: &mut Bench| {
        let tags = group(bench, 0)["Tags"].clone();
        let tags = tags.as_array().expect("tags");
        tags.iter()
            .filter(|tag| ["a", "b"].contains(&tag["Key"].as_str().expect("key")))
            .map(|tag| {
                format!("{}={}", tag["Key"].as_str().expect("key"), tag["Value"].as_str().expect("value"))
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(shown(&mut bench), "a=2 b=3");
    bench.ok(0, "DeleteTags", json!({"Tags": [tag("a", ""), tag("absent", "")]}));
    assert_eq!(shown(&mut bench), "b=3");
    for (tags, part) in [
        (json!([{"ResourceId": "gone", "Key": "a"}]), "not found"),
        (json!([tag("c", "1"), tag("aws:x", "1")]), "Tag key aws:x"),
    ] {
        bench.refused(0, "CreateOrUpdateTags", json!({"Tags": tags}), "ValidationError", part);
    }
    assert_eq!(shown(&mut bench), "b=3");
}
