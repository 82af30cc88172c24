//! What each suspended process keeps from happening.
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-how-suspending-processes-affects-other-processes.html>

use serde_json::{Value, json};

use super::{GROUP, bench, group, ids, set, states};
use crate::services::auto_scaling::provision;
use crate::services::testing::Bench;
use crate::wire::Service;
use crate::{Input, Timestamp};

fn processes(names: &[&str]) -> Value {
    json!({"AutoScalingGroupName": "g", "ScalingProcesses": names})
}

/// The health of a group's instances in the order of their launch.
fn health(bench: &mut Bench, seconds: u64) -> String {
    let group = group(bench, seconds);
    let instances = group["Instances"].as_array().cloned().unwrap_or_default();
    let health: Vec<&str> =
        instances.iter().filter_map(|instance| instance["HealthStatus"].as_str()).collect();
    health.join(" ")
}

/// A group of one instance with processes suspended, the instance unhealthy at 100 s because somebody says so or because
/// EC2 does: states and health at 250 s, and the states at 350 s after everything was resumed at 250 s.
#[track_caller]
fn check(suspended: &[&str], custom: bool, expected: (&str, &str), resumed: &str) {
    let mut bench = bench(json!({"DesiredCapacity": "1"}));
    let id = ids(&mut bench, 40).remove(0);
    bench.ok(50, "SuspendProcesses", processes(suspended));
    if custom {
        bench.ok(100, "SetInstanceHealth", json!({"InstanceId": id, "HealthStatus": "Unhealthy"}));
    } else {
        let terminate = json!({"InstanceId": [id]});
        let at = Timestamp(100_000);
        bench.world.handle(at, Service::Ec2, "TerminateInstances", Input(&terminate)).expect("terminated");
    }
    let case = format!("{suspended:?}, custom: {custom}");
    assert_eq!(states(&mut bench, 250), expected.0, "{case}");
    assert_eq!(health(&mut bench, 250), expected.1, "{case}");
    bench.ok(250, "ResumeProcesses", processes(&[]));
    assert_eq!(states(&mut bench, 350), resumed, "{case}: resumed");
    let left = ids(&mut bench, 350);
    assert!(!left.contains(&id), "{case}: {id} is replaced in the end");
}

#[test]
fn an_unhealthy_instance_is_replaced_as_far_as_its_processes_run() {
    for custom in [true, false] {
        let one = "InService";
        check(&["AZRebalance", "AlarmNotification", "InstanceRefresh"], custom, (one, "Healthy"), one);
        check(&["ReplaceUnhealthy"], custom, (one, "Unhealthy"), one);
        check(&["Terminate"], custom, (one, "Unhealthy"), one);
        check(&["Launch"], custom, ("", ""), one);
        check(&["Launch", "Terminate"], custom, (one, "Unhealthy"), one);
    }
    // Custom health checks go on; EC2's don't.
    check(&["HealthCheck"], true, ("InService", "Healthy"), "InService");
    check(&["HealthCheck"], false, ("InService", "Healthy"), "InService");
}

#[test]
fn an_instance_that_is_said_to_be_healthy_again_is_kept() {
    let mut bench = bench(json!({"DesiredCapacity": "1"}));
    let id = ids(&mut bench, 40).remove(0);
    let say = |status: &str| json!({"InstanceId": id, "HealthStatus": status});
    bench.ok(50, "SuspendProcesses", processes(&["ReplaceUnhealthy"]));
    bench.ok(100, "SetInstanceHealth", say("Unhealthy"));
    let shown = bench.ok(100, "DescribeAutoScalingInstances", json!({}));
    assert_eq!(shown["AutoScalingInstances"][0]["HealthStatus"], "UNHEALTHY");
    bench.ok(150, "SetInstanceHealth", say("Healthy"));
    bench.ok(200, "ResumeProcesses", processes(&["ReplaceUnhealthy"]));
    assert_eq!(ids(&mut bench, 300), [id]);
}

#[test]
fn without_terminate_a_group_does_not_scale_in() {
    let mut bench = bench(json!({"DesiredCapacity": "2"}));
    bench.ok(50, "SuspendProcesses", processes(&["Terminate"]));
    set(&mut bench, 60, 0);
    assert_eq!(states(&mut bench, 4000), "InService InService");
    assert_eq!(group(&mut bench, 4000)["DesiredCapacity"], 0);
    bench.ok(4000, "ResumeProcesses", processes(&["Terminate"]));
    assert_eq!(states(&mut bench, 4060), "");
}

#[test]
fn without_terminate_cloudformation_waits_for_a_group_that_it_deletes() {
    let mut bench = bench(json!({"DesiredCapacity": "1"}));
    bench.ok(50, "SuspendProcesses", processes(&["Terminate"]));
    bench.delete(GROUP, "g").expect("begun");
    assert_eq!(states(&mut bench, 4000), "InService");
    let reason = provision::check_deleted(&bench.world, "g").expect_err("held").reason;
    assert!(reason.starts_with("Group did not stabilize."), "{reason}");
    bench.ok(4000, "ResumeProcesses", processes(&["Terminate"]));
    assert_eq!(states(&mut bench, 4060), "");
    assert_eq!(provision::check_deleted(&bench.world, "g"), Ok(()));
}

#[test]
fn suspensions_are_shown_since_when_they_are() {
    let mut bench = bench(json!({}));
    bench.ok(60, "SuspendProcesses", processes(&["Launch"]));
    bench.ok(120, "SuspendProcesses", processes(&["Launch", "AddToLoadBalancer"]));
    assert_eq!(
        group(&mut bench, 130)["SuspendedProcesses"],
        json!([
            {"ProcessName": "AddToLoadBalancer", "SuspensionReason": "User suspended at 1970-01-01T00:02:00Z"},
            {"ProcessName": "Launch", "SuspensionReason": "User suspended at 1970-01-01T00:01:00Z"},
        ])
    );
}

#[test]
fn what_comes_while_add_to_load_balancer_is_suspended_is_never_added() {
    let mut bench = bench(json!({"DesiredCapacity": "1", "TargetGroupARNs": ["t"]}));
    assert_eq!(bench.world.auto_scaling.registered_with("t").len(), 0, "not before it is in service");
    let first = ids(&mut bench, 40).remove(0);
    bench.ok(50, "SuspendProcesses", processes(&["AddToLoadBalancer"]));
    set(&mut bench, 50, 2);
    assert_eq!(states(&mut bench, 100), "InService InService");
    bench.ok(100, "ResumeProcesses", processes(&["AddToLoadBalancer"]));
    assert_eq!(bench.world.auto_scaling.registered_with("t"), [(first.clone(), false)]);
    set(&mut bench, 100, 3);
    assert_eq!(states(&mut bench, 200), "InService InService InService");
    assert_eq!(bench.world.auto_scaling.registered_with("t").len(), 2);
    // One that is on its way out is deregistered, if it was registered.
    set(&mut bench, 200, 0);
    let leaving = bench.world.auto_scaling.registered_with("t");
    assert!(leaving.len() == 2 && leaving.contains(&(first, true)), "{leaving:?}");
}
