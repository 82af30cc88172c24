//! What CloudFormation waits for: signals, new instances, and for how long.

use localcloud::faults::FaultPhase;
use serde_json::{Value, json};

use crate::support::{Cloud, lines, one, template};

fn group(image: &str, size: &str, creation_policy: Value, update_policy: Value) -> Value {
    let properties = json!({
        "MinSize": size, "MaxSize": "6", "AvailabilityZones": ["us-east-1a"],
        "LaunchTemplate": {"LaunchTemplateId": {"Ref": "L"}, "Version": {"Fn::GetAtt": ["L", "LatestVersionNumber"]}},
    });
    let mut group = json!({"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": properties});
    if !creation_policy.is_null() {
        group["CreationPolicy"] = creation_policy;
    }
    if !update_policy.is_null() {
        group["UpdatePolicy"] = json!({"AutoScalingRollingUpdate": update_policy});
    }
    template(json!({
        "L": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {"ImageId": image, "InstanceType": "t3.micro"}}},
        "G": group,
    }))
}

fn instances(cloud: &mut Cloud) -> Vec<(String, String)> {
    let answer = cloud.auto_scaling("DescribeAutoScalingGroups", json!({}));
    let listed = answer["AutoScalingGroups"][0]["Instances"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    listed.iter().map(|one| (text(&one["InstanceId"]), text(&one["LaunchTemplate"]["Version"]))).collect()
}

#[test]
fn a_creation_waits_for_its_signals() {
    let policy = |count: u64| json!({"ResourceSignal": {"Count": count, "Timeout": "PT10M"}});
    let condition = |count: u64| {
        template(json!({
            "H": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
            "W": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {"Handle": {"Ref": "H"}, "Timeout": "600", "Count": count}},
        }))
    };
    for (body, resource, fault, failure) in [
        (group("ami-1", "2", policy(2), Value::Null), "G", None, None),
        (
            group("ami-1", "2", policy(2), Value::Null),
            "G",
            Some(""),
            Some(
                "Received 0 SUCCESS signal(s) out of 2.  Unable to satisfy 100% MinSuccessfulInstancesPercent requirement",
            ),
        ),
        // More signals than there are instances never come.
        (
            group("ami-1", "1", policy(2), Value::Null),
            "G",
            None,
            Some(
                "Received 1 SUCCESS signal(s) out of 2.  Unable to satisfy 100% MinSuccessfulInstancesPercent requirement",
            ),
        ),
        (condition(2), "W", None, None),
        (condition(0), "W", Some(""), None),
        (
            condition(2),
            "W",
            Some(""),
            Some("WaitCondition timed out. Received 0 conditions when expecting 2"),
        ),
    ] {
        let mut cloud = Cloud::new();
        if let Some(words) = fault {
            cloud.world.faults.fail("s", resource, FaultPhase::Signal, words);
        }
        cloud.create("s", &body);
        let told = lines(&mut cloud, "s", 0);
        match failure {
            None => assert_eq!(cloud.status("s"), "CREATE_COMPLETE", "{told:#?}"),
            Some(words) => {
                assert_eq!(cloud.status("s"), "ROLLBACK_COMPLETE", "{told:#?}");
                assert!(told.contains(&format!("{resource} CREATE_FAILED {words}")), "{told:#?}");
            }
        }
        let received = told.iter().filter(|line| line.contains("Received SUCCESS signal")).count();
        assert_eq!(
            received,
            if failure.is_none() && resource == "G" {
                2
            } else {
                usize::from(resource == "G" && fault.is_none())
            }
        );
    }
}

#[test]
fn a_signal_from_outside_ends_the_wait() {
    for (status, expected) in [("SUCCESS", "CREATE_COMPLETE"), ("FAILURE", "ROLLBACK_COMPLETE")] {
        let mut cloud = Cloud::new();
        cloud.world.faults.fail("s", "W", FaultPhase::Signal, "");
        let body = template(json!({
            "W": {"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": {"ResourceSignal": {"Timeout": "PT1H"}}},
        }));
        cloud.get("CreateStack", json!({"StackName": "s", "TemplateBody": body.to_string()}));
        cloud.pass(120);
        assert_eq!(cloud.status("s"), "CREATE_IN_PROGRESS");
        let signal = json!({"StackName": "s", "LogicalResourceId": "W", "UniqueId": "me", "Status": status});
        cloud.get("SignalResource", signal.clone());
        cloud.pass(120);
        assert_eq!(cloud.status("s"), expected);
        let told = lines(&mut cloud, "s", 0);
        assert!(
            told.contains(&format!("W CREATE_IN_PROGRESS Received {status} signal with UniqueId me")),
            "{told:#?}"
        );
        assert!(cloud.refused("SignalResource", signal).starts_with("ValidationError "));
    }
}

#[test]
fn a_rolling_update_replaces_instances_in_batches() {
    let rolling = json!({
        "MaxBatchSize": 2, "MinInstancesInService": 2, "WaitOnResourceSignals": true, "PauseTime": "PT5M",
    });
    let mut cloud = Cloud::new();
    cloud.create("s", &group("ami-1", "3", Value::Null, rolling.clone()));
    cloud.pass(600);
    let before = instances(&mut cloud);
    assert_eq!(before.iter().map(|(_, version)| version.as_str()).collect::<Vec<_>>(), ["1", "1", "1"]);
    let skip = cloud.events("s").len();
    let next = group("ami-2", "3", Value::Null, rolling);
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": next.to_string()}));
    cloud.settle();
    let told = lines(&mut cloud, "s", skip);
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE", "{told:#?}");
    let after = instances(&mut cloud);
    assert_eq!(after.iter().map(|(_, version)| version.as_str()).collect::<Vec<_>>(), ["2", "2", "2"]);
    assert!(before.iter().all(|old| !after.contains(old)));
    let told: Vec<&str> = told.iter().filter_map(|line| line.strip_prefix("G UPDATE_IN_PROGRESS ")).collect();
    let id = |place: usize| before[place].0.as_str();
    assert_eq!(
        told[0],
        "Rolling update initiated. Terminating 3 obsolete instance(s) in batches of 2, while keeping at least 2 instance(s) in service. Waiting on resource signals with a timeout of PT5M when new instances are added to the autoscaling group."
    );
    assert_eq!(told[1], "Temporarily setting autoscaling group MinSize and DesiredCapacity to 4.");
    assert_eq!(
        told[2],
        "New instance(s) added to autoscaling group - Waiting on 1 resource signal(s) with a timeout of PT5M."
    );
    assert!(told[3].starts_with("Received SUCCESS signal with UniqueId i-"), "{told:#?}");
    assert_eq!(
        told[4],
        format!("Terminating instance(s) [{},{}]; replacing with 2 new instance(s).", id(0), id(1))
    );
    assert_eq!(told[5], format!("Successfully terminated instance(s) [{},{}] (Progress 66%).", id(0), id(1)));
    assert!(
        told.contains(
            &format!("Terminating instance(s) [{}]; replacing with 0 new instance(s).", id(2)).as_str()
        ),
        "{told:#?}"
    );
    assert!(told.last().is_some_and(|last| last.ends_with("(Progress 100%).")), "{told:#?}");
}

#[test]
fn a_rolling_update_whose_instances_say_nothing_is_rolled_back() {
    let rolling = json!({"WaitOnResourceSignals": "true", "PauseTime": "PT5M"});
    let mut cloud = Cloud::new();
    cloud.create("s", &group("ami-1", "2", Value::Null, rolling.clone()));
    cloud.pass(600);
    cloud.world.faults.fail("s", "G", FaultPhase::Signal, "");
    let skip = cloud.events("s").len();
    let next = group("ami-2", "2", Value::Null, rolling);
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": next.to_string()}));
    while cloud.status("s") == "UPDATE_IN_PROGRESS" {
        cloud.pass(10);
    }
    // The instances of the rollback signal.
    cloud.world.faults.resources.clear();
    cloud.settle();
    let told = lines(&mut cloud, "s", skip);
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE", "{told:#?}");
    for words in [
        "G UPDATE_IN_PROGRESS Failed to receive 1 resource signal(s) for the current batch.  Each resource signal timeout is counted as a FAILURE.",
        "G UPDATE_FAILED Received 0 SUCCESS signal(s) out of 2.  Unable to satisfy 100% MinSuccessfulInstancesPercent requirement",
    ] {
        assert!(told.iter().any(|line| line == words), "{told:#?}");
    }
    // The launch template is put back as a third version; every instance has it or the first one's content.
    let after = instances(&mut cloud);
    assert_eq!(after.len(), 2, "{after:?}");
    assert!(after.iter().all(|(_, version)| version != "2"), "{after:?}");
}

#[test]
fn an_update_without_a_pause_in_an_instant_world_ends() {
    let config = localcloud::Config { speed: localcloud::Speed::Instant, ..localcloud::Config::default() };
    let rolling = json!({"WaitOnResourceSignals": true});
    let mut cloud = Cloud::with(config);
    let policy = json!({"ResourceSignal": {"Count": 2}});
    cloud.create("s", &group("ami-1", "2", policy.clone(), rolling.clone()));
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE", "{:#?}", lines(&mut cloud, "s", 0));
    let next = group("ami-2", "2", policy, rolling);
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": next.to_string()}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE", "{:#?}", lines(&mut cloud, "s", 0));
    assert!(instances(&mut cloud).iter().all(|(_, version)| version == "2"));
}

#[test]
fn a_creation_may_take_so_long() {
    let mut cloud = Cloud::new();
    cloud.world.faults.fail("s", "W", FaultPhase::Signal, "");
    let body = template(json!({
        "W": {"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": {"ResourceSignal": {"Timeout": "PT1H"}}},
    }));
    let alarm = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a";
    cloud.get("CreateStack", json!({
        "StackName": "s", "TemplateBody": body.to_string(), "TimeoutInMinutes": "2",
        "RollbackConfiguration": {"RollbackTriggers": [{"Arn": alarm, "Type": "AWS::CloudWatch::Alarm"}], "MonitoringTimeInMinutes": 5},
    }));
    cloud.settle();
    assert_eq!(cloud.status("s"), "ROLLBACK_COMPLETE");
    let told = lines(&mut cloud, "s", 0);
    assert!(
        told.contains(&"s ROLLBACK_IN_PROGRESS Stack creation time exceeded the specified timeout. Rollback requested by user.".to_owned()),
        "{told:#?}"
    );
    let described = cloud.stack("s");
    assert_eq!(described["TimeoutInMinutes"], 2);
    assert_eq!(described["RollbackConfiguration"]["RollbackTriggers"][0]["Arn"], alarm);
    // In time, nothing happens.
    cloud.get(
        "CreateStack",
        json!({"StackName": "t", "TemplateBody": one("x").to_string(), "TimeoutInMinutes": 1}),
    );
    cloud.settle();
    assert_eq!(cloud.status("t"), "CREATE_COMPLETE");
}

#[test]
fn a_raised_alarm_undoes_an_update() {
    let alarm = json!({
        "AlarmName": "a", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "MetricName": "m",
        "Namespace": "n", "Period": 60, "Statistic": "Sum", "Threshold": 1,
    });
    let triggers = json!({
        "RollbackTriggers": [{"Arn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a", "Type": "AWS::CloudWatch::Alarm"}],
        "MonitoringTimeInMinutes": 10,
    });
    for (raised, status) in [(false, "UPDATE_COMPLETE"), (true, "UPDATE_ROLLBACK_COMPLETE")] {
        let mut cloud = Cloud::new();
        cloud.cloudwatch("PutMetricAlarm", alarm.clone());
        cloud.cloudwatch(
            "SetAlarmState",
            json!({"AlarmName": "a", "StateValue": "OK", "StateReason": "test"}),
        );
        cloud.create("s", &one("x"));
        let request = json!({"StackName": "s", "TemplateBody": one("y").to_string(), "RollbackConfiguration": triggers});
        cloud.get("UpdateStack", request);
        cloud.pass(300);
        assert_eq!(cloud.status("s"), "UPDATE_IN_PROGRESS", "the alarm is watched for ten minutes");
        if raised {
            cloud.cloudwatch(
                "SetAlarmState",
                json!({"AlarmName": "a", "StateValue": "ALARM", "StateReason": "test"}),
            );
        }
        cloud.settle();
        assert_eq!(cloud.status("s"), status);
        let values = cloud.stored_parameters();
        assert_eq!(values, [if raised { "x" } else { "y" }]);
    }
}
