//! Scheduled actions through [`World::handle`](crate::World::handle) and provisioning. The world begins in 1970.

use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;

const ACTION: &str = "AWS::AutoScaling::ScheduledAction";

/// A bench with an empty group `g` of at most four instances.
fn bench() -> Bench {
    let mut bench = Bench::new(Service::AutoScaling);
    let group = json!({"AutoScalingGroupName": "g", "MinSize": "0", "MaxSize": "4", "AvailabilityZones": ["us-east-1a"]});
    bench.ok(0, "CreateAutoScalingGroup", group);
    bench
}

fn action(name: &str, more: Value) -> Value {
    let mut input = json!({"AutoScalingGroupName": "g", "ScheduledActionName": name});
    for (name, value) in more.as_object().expect("more") {
        input[name] = value.clone();
    }
    input
}

/// Minimum, maximum and desired capacity.
fn sizes(bench: &mut Bench, seconds: u64) -> [i64; 3] {
    let answer = bench.ok(seconds, "DescribeAutoScalingGroups", json!({}));
    let group = &answer["AutoScalingGroups"][0];
    ["MinSize", "MaxSize", "DesiredCapacity"].map(|name| group[name].as_i64().expect("a size"))
}

/// Names and times of the actions that are shown.
fn shown(bench: &mut Bench, seconds: u64, input: Value) -> Vec<String> {
    let answer = bench.ok(seconds, "DescribeScheduledActions", input);
    let actions = answer["ScheduledUpdateGroupActions"].as_array().cloned().unwrap_or_default();
    let text = |action: &Value, name: &str| action[name].as_str().unwrap_or("-").to_owned();
    actions
        .iter()
        .map(|action| format!("{} {}", text(action, "ScheduledActionName"), text(action, "StartTime")))
        .collect()
}

/// An action put at 0 s, then the sizes at some times.
#[track_caller]
fn check(more: Value, expected: &[(u64, [i64; 3])]) {
    let mut bench = bench();
    bench.ok(0, "PutScheduledUpdateGroupAction", action("a", more.clone()));
    for (seconds, wanted) in expected {
        assert_eq!(sizes(&mut bench, *seconds), *wanted, "{more} at {seconds} s");
    }
}

#[test]
fn actions_set_what_they_name_at_their_time() {
    let start = "1970-01-01T00:10:00Z";
    check(json!({"StartTime": start, "DesiredCapacity": "2"}), &[(599, [0, 4, 0]), (600, [0, 4, 2])]);
    check(json!({"StartTime": start, "MinSize": "1"}), &[(599, [0, 4, 0]), (600, [1, 4, 1])]);
    check(json!({"StartTime": start, "MinSize": 3, "MaxSize": 6, "DesiredCapacity": 5}), &[(600, [3, 6, 5])]);
    // Beyond the group's own bounds nothing changes.
    check(json!({"StartTime": start, "DesiredCapacity": "5"}), &[(600, [0, 4, 0])]);
    check(json!({"StartTime": start, "MinSize": "5"}), &[(600, [0, 4, 0])]);
}

#[test]
fn recurring_actions_recur_between_their_times() {
    let mut bench = bench();
    let recurring = json!({
        "Recurrence": "*/10 * * * *", "DesiredCapacity": "1",
        "StartTime": "1970-01-01T00:15:00Z", "EndTime": "1970-01-01T00:35:00Z",
    });
    bench.ok(0, "PutScheduledUpdateGroupAction", action("a", recurring));
    let mut capacity_after = |seconds: u64| {
        bench.ok(
            seconds,
            "UpdateAutoScalingGroup",
            json!({"AutoScalingGroupName": "g", "MinSize": 0, "DesiredCapacity": 0}),
        );
        sizes(&mut bench, seconds + 5)[2]
    };
    // First at its start, then as it recurs, and no more after its end.
    let found = [595, 896, 1195, 1498, 1796, 2396].map(&mut capacity_after);
    assert_eq!(found, [0, 1, 1, 0, 1, 0]);
}

#[test]
fn recurrences_are_in_the_named_time_zone() {
    let zone = json!({"Recurrence": "0 2 * * *", "TimeZone": "Europe/Berlin", "DesiredCapacity": 1});
    check(zone, &[(3599, [0, 4, 0]), (3600, [0, 4, 1])]);
}

#[test]
fn the_activity_tells_the_action() {
    let mut bench = bench();
    let start = json!({"StartTime": "1970-01-01T00:10:00Z", "DesiredCapacity": 1});
    bench.ok(0, "PutScheduledUpdateGroupAction", action("Scale Up", start));
    let cause = |bench: &mut Bench, seconds: u64| {
        let answer = bench.ok(seconds, "DescribeScalingActivities", json!({"AutoScalingGroupName": "g"}));
        answer["Activities"][0]["Cause"].as_str().unwrap_or_default().to_owned()
    };
    let told = cause(&mut bench, 700);
    let expected = "At 1970-01-01T00:10:00Z a scheduled action update of AutoScalingGroup constraints to min: 0, max: 4, \
                    desired: 1 changing the desired capacity from 0 to 1. At 1970-01-01T00:10:00Z the scheduled action \
                    Scale Up executed. Setting desired capacity from 0 to 1. At 1970-01-01T00:10:00.000Z an instance was \
                    started";
    assert!(told.starts_with(expected), "{told}");
    bench.ok(800, "SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 0}));
    assert!(!cause(&mut bench, 800).contains("scheduled"), "only what it brought about");
}

#[test]
fn what_is_due_while_suspended_is_not_made_up_for() {
    let processes = json!({"AutoScalingGroupName": "g", "ScalingProcesses": ["ScheduledActions"]});
    let mut bench = bench();
    let once = json!({"StartTime": "1970-01-01T00:10:00Z", "MaxSize": 9});
    bench.ok(0, "PutScheduledUpdateGroupAction", action("once", once));
    let often = json!({"Recurrence": "0 * * * *", "DesiredCapacity": 2});
    bench.ok(0, "PutScheduledUpdateGroupAction", action("often", often));
    bench.ok(0, "SuspendProcesses", processes.clone());
    bench.ok(3700, "ResumeProcesses", processes);
    assert_eq!(sizes(&mut bench, 3700), [0, 4, 0]);
    assert_eq!(shown(&mut bench, 3700, json!({})), ["often 1970-01-01T02:00:00Z"]);
    assert_eq!(sizes(&mut bench, 7200), [0, 4, 2]);
}

#[test]
fn launch_and_terminate_suspended_keep_an_action_from_its_instances() {
    let mut bench = bench();
    let start = json!({"StartTime": "1970-01-01T00:10:00Z", "DesiredCapacity": 1});
    bench.ok(0, "PutScheduledUpdateGroupAction", action("a", start));
    let launch = json!({"AutoScalingGroupName": "g", "ScalingProcesses": ["Launch"]});
    bench.ok(0, "SuspendProcesses", launch.clone());
    assert_eq!(sizes(&mut bench, 700), [0, 4, 1], "the capacity is set");
    let count = |bench: &mut Bench| {
        let answer = bench.ok(700, "DescribeAutoScalingInstances", json!({}));
        answer["AutoScalingInstances"].as_array().map(Vec::len)
    };
    assert_eq!(count(&mut bench), Some(0));
    bench.ok(700, "ResumeProcesses", launch);
    assert_eq!(count(&mut bench), Some(1));
}

#[test]
fn actions_are_shown_changed_and_taken_away() {
    let mut bench = bench();
    let later = |minute: u64| json!({"StartTime": format!("1970-01-01T00:{minute}:00Z"), "MinSize": 1});
    for (name, minute) in [("a", 20), ("b", 30), ("c", 40)] {
        bench.ok(0, "PutScheduledUpdateGroupAction", action(name, later(minute)));
    }
    for (input, expected) in [
        (json!({}), "a b c"),
        (json!({"AutoScalingGroupName": "g", "ScheduledActionNames": ["b", "unknown"]}), "b"),
        (json!({"StartTime": "1970-01-01T00:30:00Z"}), "b c"),
        (json!({"EndTime": "1970-01-01T00:30:00Z"}), "a b"),
        (json!({"MaxRecords": 2}), "a b"),
    ] {
        let found = shown(&mut bench, 0, input.clone());
        let names: Vec<&str> = found.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(names.join(" "), expected, "{input}");
    }
    // What isn't given stays.
    bench.ok(0, "PutScheduledUpdateGroupAction", action("a", json!({"MaxSize": 3})));
    let changed = bench.ok(0, "DescribeScheduledActions", json!({"ScheduledActionNames": ["a"]}));
    let changed = &changed["ScheduledUpdateGroupActions"][0];
    assert_eq!((&changed["MinSize"], &changed["MaxSize"]), (&json!(1), &json!(3)));
    assert_eq!(changed["StartTime"], "1970-01-01T00:20:00Z");
    assert_eq!(changed.get("DesiredCapacity"), None);
    let arn = changed["ScheduledActionARN"].as_str().expect("an ARN");
    assert!(arn.ends_with(":autoScalingGroupName/g:scheduledActionName/a"), "{arn}");
    // Moved away from its old time, which then passes without it.
    bench.ok(60, "PutScheduledUpdateGroupAction", action("a", json!({"StartTime": "1970-01-01T00:50:00Z"})));
    assert_eq!(sizes(&mut bench, 1200), [0, 4, 0]);
    bench.ok(1200, "DeleteScheduledAction", action("b", json!({})));
    assert_eq!(sizes(&mut bench, 1800), [0, 4, 0]);
    assert_eq!(sizes(&mut bench, 2400), [1, 4, 1]);
    assert_eq!(shown(&mut bench, 2400, json!({})), ["a 1970-01-01T00:50:00Z"], "what has run is gone");
}

#[test]
fn batches_tell_what_could_not_be_done() {
    let mut bench = bench();
    let batch = json!({"AutoScalingGroupName": "g", "ScheduledUpdateGroupActions": [
        {"ScheduledActionName": "a", "StartTime": "1970-01-01T01:00:00Z", "MinSize": 1},
        {"ScheduledActionName": "b", "Recurrence": "daily", "MinSize": 1},
        {"ScheduledActionName": "c", "StartTime": "1970-01-01T01:00:00Z", "MinSize": 1},
    ]});
    let failed = bench.ok(0, "BatchPutScheduledUpdateGroupAction", batch);
    let failed = failed["FailedScheduledUpdateGroupActions"].as_array().cloned().unwrap_or_default();
    let failed: Vec<(&str, &str)> = failed
        .iter()
        .map(|one| {
            (one["ScheduledActionName"].as_str().expect("name"), one["ErrorCode"].as_str().expect("code"))
        })
        .collect();
    assert_eq!(failed, [("b", "ValidationError"), ("c", "AlreadyExists")]);
    let names = json!({"AutoScalingGroupName": "g", "ScheduledActionNames": ["a", "b"]});
    let failed = bench.ok(0, "BatchDeleteScheduledAction", names);
    assert_eq!(failed["FailedScheduledActions"][0]["ScheduledActionName"], "b");
    assert_eq!(shown(&mut bench, 0, json!({})), Vec::<String>::new());
}

#[test]
fn what_makes_no_schedule_is_refused() {
    let mut bench = bench();
    let start = "1970-01-01T01:00:00Z";
    bench.ok(0, "PutScheduledUpdateGroupAction", action("there", json!({"StartTime": start, "MinSize": 1})));
    for (more, code, part) in [
        (
            json!({"StartTime": "1970-01-01T00:00:05Z", "MinSize": 1}),
            "ValidationError",
            "start time is in the past",
        ),
        (
            json!({"Recurrence": "0 0 * *", "MinSize": 1}),
            "ValidationError",
            "Given recurrence string:0 0 * * is invalid",
        ),
        (
            json!({"Recurrence": "0 0 * * *", "MinSize": 1, "TimeZone": "Mars/Olympus"}),
            "ValidationError",
            "Mars/Olympus",
        ),
        (json!({"StartTime": "tomorrow", "MinSize": 1}), "ValidationError", "StartTime must be a time"),
        (json!({"StartTime": start}), "ValidationError", "At least one of"),
        (json!({"MinSize": 1}), "ValidationError", "Either StartTime or Recurrence"),
        (
            json!({"StartTime": start, "MinSize": 3, "MaxSize": 2}),
            "ValidationError",
            "less than or equal to max",
        ),
        (
            json!({"StartTime": start, "MinSize": 3, "DesiredCapacity": 2}),
            "ValidationError",
            "Desired capacity must be greater than or equal to min size",
        ),
        (json!({"StartTime": start, "MinSize": -1}), "ValidationError", "between 0 and 10000"),
        (json!({"StartTime": start, "MinSize": 1}), "AlreadyExists", "scheduled start time already exists"),
        (
            json!({"StartTime": start, "EndTime": "1970-01-01T00:30:00Z", "MinSize": 1}),
            "ValidationError",
            "after the end time",
        ),
        (
            json!({"Recurrence": "* * * * *", "EndTime": "1970-01-01T00:00:01Z", "MinSize": 1}),
            "ValidationError",
            "end time",
        ),
    ] {
        bench.refused(10, "PutScheduledUpdateGroupAction", action("a", more), code, part);
    }
    let unknown = json!({"AutoScalingGroupName": "g", "ScheduledActionName": "nobody"});
    bench.refused(10, "DeleteScheduledAction", unknown, "ValidationError", "Scheduled action name not found");
    let elsewhere =
        json!({"AutoScalingGroupName": "x", "ScheduledActionName": "a", "MinSize": 1, "StartTime": start});
    bench.refused(
        10,
        "PutScheduledUpdateGroupAction",
        elsewhere,
        "ValidationError",
        "AutoScalingGroup name not found",
    );
    for count in 1..125 {
        let recurring = json!({"Recurrence": "0 0 1 1 *", "MinSize": 1});
        bench.ok(10, "PutScheduledUpdateGroupAction", action(&count.to_string(), recurring));
    }
    let more = action("more", json!({"Recurrence": "0 0 1 1 *", "MinSize": 1}));
    bench.refused(10, "PutScheduledUpdateGroupAction", more, "LimitExceeded", "at most 125");
}

#[test]
fn a_template_makes_changes_and_deletes_an_action() {
    let mut bench = bench();
    let properties = |desired: &str| json!({"AutoScalingGroupName": "g", "Recurrence": "0 * * * *", "DesiredCapacity": desired});
    let made = bench.create(ACTION, "Nightly", properties("1")).expect("created");
    let name = made.attributes.get("ScheduledActionName").cloned();
    let Some(template::Value::String(name)) = name else { panic!("{:?}", made.attributes) };
    assert!(name.starts_with("Stack-Nightly-"), "{name}");
    assert_eq!(shown(&mut bench, 0, json!({})), [format!("{name} 1970-01-01T01:00:00Z")]);
    assert_eq!(sizes(&mut bench, 3600), [0, 4, 1]);
    bench.update(ACTION, &made.physical_id, properties("2")).expect("updated");
    assert_eq!(sizes(&mut bench, 7200), [0, 4, 2]);
    bench.delete(ACTION, &made.physical_id).expect("begun");
    bench.finish_delete(ACTION, &made.physical_id);
    assert_eq!(shown(&mut bench, 7200, json!({})), Vec::<String>::new());
    let wrong = json!({"AutoScalingGroupName": "x", "Recurrence": "0 * * * *", "DesiredCapacity": "1"});
    let refused = bench.create(ACTION, "Nightly", wrong).expect_err("no such group");
    assert!(refused.reason.contains("AutoScalingGroup name not found"), "{refused}");
}
