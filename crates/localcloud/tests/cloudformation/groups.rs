//! What an update makes of the sizes of an Auto Scaling group that somebody has changed since, and of a rolling update
//! that is broken off.

use serde_json::{Value, json};

use crate::support::{Cloud, template};

fn group(image: &str, sizes: [&str; 3], policy: Value) -> Value {
    template(json!({
        "T": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {"ImageId": image}}},
        "G": {"Type": "AWS::AutoScaling::AutoScalingGroup", "UpdatePolicy": policy, "Properties": {
            "AutoScalingGroupName": "g", "MinSize": sizes[0], "MaxSize": sizes[1], "DesiredCapacity": sizes[2],
            "AvailabilityZones": ["us-east-1a"], "Cooldown": sizes[1],
            "LaunchTemplate": {
                "LaunchTemplateId": {"Ref": "T"}, "Version": {"Fn::GetAtt": ["T", "LatestVersionNumber"]},
            },
        }},
    }))
}

fn sizes(cloud: &mut Cloud) -> [i64; 3] {
    let found = cloud.auto_scaling("DescribeAutoScalingGroups", json!({}))["AutoScalingGroups"][0].clone();
    ["MinSize", "MaxSize", "DesiredCapacity"].map(|name| found[name].as_i64().expect("a size"))
}

#[test]
fn sizes_that_a_template_leaves_alone_count_only_without_the_policy() {
    for (flag, new, fails, expected) in [
        (json!("true"), ["1", "6", "2"], false, [3, 6, 5]),
        (json!(true), ["2", "6", "2"], false, [2, 6, 5]),
        (json!(true), ["1", "6", "4"], false, [3, 6, 4]),
        (json!(false), ["1", "6", "2"], false, [1, 6, 2]),
        (json!(true), ["1", "6", "2"], true, [3, 5, 5]),
        (json!(false), ["1", "6", "2"], true, [1, 5, 2]),
    ] {
        let case = format!("{flag}, {new:?}, fails: {fails}");
        let policy = json!({"AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": flag}});
        let mut cloud = Cloud::new();
        cloud.create("s", &group("ami-1", ["1", "5", "2"], policy.clone()));
        // As a scheduled action would.
        let changed = json!({"AutoScalingGroupName": "g", "MinSize": 3, "DesiredCapacity": 5});
        cloud.auto_scaling("UpdateAutoScalingGroup", changed);
        if fails {
            let phase = localcloud::faults::FaultPhase::Update;
            cloud.world.faults.fail("s", "G", phase, "on purpose");
        }
        let next = group("ami-1", new, policy).to_string();
        cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": next}));
        cloud.settle();
        let status = if fails { "UPDATE_ROLLBACK_COMPLETE" } else { "UPDATE_COMPLETE" };
        assert_eq!(cloud.status("s"), status, "{case}");
        assert_eq!(sizes(&mut cloud), expected, "{case}");
    }
}

#[test]
fn a_rolling_update_that_is_cancelled_leaves_no_process_suspended() {
    let rolling = json!({"AutoScalingRollingUpdate": {
        "MaxBatchSize": 1, "MinInstancesInService": 1, "SuspendProcesses": ["AlarmNotification", "ScheduledActions"],
    }});
    for seconds in [20, 60, 120, 180] {
        let mut cloud = Cloud::new();
        cloud.create("s", &group("ami-1", ["1", "5", "2"], rolling.clone()));
        cloud.pass(600);
        let next = group("ami-2", ["1", "5", "2"], rolling.clone()).to_string();
        cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": next}));
        cloud.pass(seconds);
        cloud.get("CancelUpdateStack", json!({"StackName": "s"}));
        cloud.settle();
        assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE", "cancelled after {seconds} s");
        let found =
            cloud.auto_scaling("DescribeAutoScalingGroups", json!({}))["AutoScalingGroups"][0].clone();
        assert_eq!(found["SuspendedProcesses"], json!([]), "cancelled after {seconds} s");
        assert_eq!(sizes(&mut cloud), [1, 5, 2], "cancelled after {seconds} s");
        let count = found["Instances"].as_array().map(Vec::len);
        assert_eq!(count, Some(2), "cancelled after {seconds} s");
    }
}
