//! Instance refreshes.

use serde_json::{Value, json};

use super::{bench, ids, states};
use crate::services::testing::Bench;

fn newest(bench: &mut Bench, seconds: u64) -> Value {
    let asked = json!({"AutoScalingGroupName": "g"});
    bench.ok(seconds, "DescribeInstanceRefreshes", asked)["InstanceRefreshes"][0].clone()
}

#[test]
fn a_refresh_replaces_every_instance_one_after_the_other() {
    let mut bench = bench(json!({"DesiredCapacity": "2"}));
    let before = ids(&mut bench, 100);
    assert_eq!(newest(&mut bench, 100), Value::Null);
    bench.ok(100, "StartInstanceRefresh", json!({"AutoScalingGroupName": "g"}));
    assert_eq!(newest(&mut bench, 101)["Status"], "Pending");
    let under_way = newest(&mut bench, 140);
    assert_eq!((&under_way["Status"], &under_way["InstancesToUpdate"]), (&json!("InProgress"), &json!(2)));
    let ended = newest(&mut bench, 1000);
    assert_eq!((&ended["Status"], &ended["PercentageComplete"]), (&json!("Successful"), &json!(100)));
    assert!(ids(&mut bench, 1000).iter().all(|id| !before.contains(id)), "all are new");
    assert_eq!(states(&mut bench, 1000), "InService InService");
}

#[test]
fn one_refresh_at_a_time_and_it_can_be_cancelled() {
    let mut bench = bench(json!({"DesiredCapacity": "2"}));
    let group = json!({"AutoScalingGroupName": "g"});
    let none = ("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh");
    bench.refused(90, "CancelInstanceRefresh", group.clone(), none.0, none.1);
    bench.ok(100, "StartInstanceRefresh", group.clone());
    bench.refused(
        110,
        "StartInstanceRefresh",
        group.clone(),
        "InstanceRefreshInProgress",
        "already in progress",
    );
    bench.ok(140, "CancelInstanceRefresh", group.clone());
    assert_eq!(newest(&mut bench, 141)["Status"], "Cancelling");
    assert_eq!(newest(&mut bench, 200)["Status"], "Cancelled");
    bench.ok(300, "StartInstanceRefresh", group);
}

#[test]
fn suspended_processes_and_protection_hold_a_refresh() {
    let mut suspended = bench(json!({"DesiredCapacity": "1"}));
    suspended.ok(
        50,
        "SuspendProcesses",
        json!({"AutoScalingGroupName": "g", "ScalingProcesses": ["Launch"]}),
    );
    suspended.ok(100, "StartInstanceRefresh", json!({"AutoScalingGroupName": "g"}));
    assert_eq!(newest(&mut suspended, 9000)["Status"], "InProgress");
    let mut protected = bench(json!({"DesiredCapacity": "1", "NewInstancesProtectedFromScaleIn": "true"}));
    protected.ok(100, "StartInstanceRefresh", json!({"AutoScalingGroupName": "g"}));
    assert_eq!(newest(&mut protected, 3000)["Status"], "InProgress");
    assert_eq!(newest(&mut protected, 9000)["Status"], "Failed");
}
