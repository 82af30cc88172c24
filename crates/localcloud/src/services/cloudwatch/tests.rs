use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;

const TYPE: &str = "AWS::CloudWatch::Alarm";

fn settings() -> Value {
    json!({
        "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": "2", "Threshold": "80", "Period": "300",
        "MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:pager"],
        "Metrics": [{"Id": "m", "ReturnData": "true", "MetricStat": {"Period": "60"}}],
    })
}

fn with(name: &str) -> Value {
    let mut input = settings();
    input["AlarmName"] = json!(name);
    input
}

fn bench(names: &[&str]) -> Bench {
    let mut bench = Bench::new(Service::CloudWatch);
    for name in names {
        bench.ok(0, "PutMetricAlarm", with(name));
    }
    bench
}

fn names(answer: &Value) -> Vec<&str> {
    let alarms = answer["MetricAlarms"].as_array().into_iter().flatten();
    alarms.filter_map(|alarm| alarm["AlarmName"].as_str()).collect()
}

#[test]
fn alarms_are_found_by_name_prefix_state_and_action() {
    let mut bench = bench(&["a-1", "a-2", "b-1"]);
    bench.ok(0, "SetAlarmState", json!({"AlarmName": "b-1", "StateValue": "OK", "StateReason": "test"}));
    for (input, expected) in [
        (json!({}), vec!["a-1", "a-2", "b-1"]),
        (json!({"AlarmNames": ["b-1", "a-2", "no"]}), vec!["a-2", "b-1"]),
        (json!({"AlarmNamePrefix": "a-"}), vec!["a-1", "a-2"]),
        (json!({"StateValue": "OK"}), vec!["b-1"]),
        (json!({"ActionPrefix": "arn:aws:sns"}), vec!["a-1", "a-2", "b-1"]),
        (json!({"ActionPrefix": "arn:aws:ssm"}), vec![]),
        (json!({"AlarmTypes": ["CompositeAlarm"]}), vec![]),
        (json!({"AlarmTypes": ["MetricAlarm"], "MaxRecords": "1"}), vec!["a-1"]),
    ] {
        assert_eq!(names(&bench.ok(0, "DescribeAlarms", input.clone())), expected, "{input}");
    }
    let first = bench.ok(0, "DescribeAlarms", json!({"MaxRecords": 2}));
    let rest = bench.ok(0, "DescribeAlarms", json!({"NextToken": first["NextToken"]}));
    assert_eq!((names(&first), names(&rest)), (vec!["a-1", "a-2"], vec!["b-1"]));
}

#[test]
fn an_alarm_s_numbers_are_numbers_and_its_state_has_a_time() {
    let mut bench = bench(&["a"]);
    bench.ok(
        7,
        "SetAlarmState",
        json!({"AlarmName": "a", "StateValue": "ALARM", "StateReason": "r", "StateReasonData": "{}"}),
    );
    bench.ok(9, "SetAlarmState", json!({"AlarmName": "a", "StateValue": "ALARM", "StateReason": "s"}));
    let alarm = &bench.ok(9, "DescribeAlarms", json!({}))["MetricAlarms"][0];
    for (name, expected) in [
        ("AlarmArn", json!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:a")),
        ("Threshold", json!(80.0)),
        ("Period", json!(300)),
        ("EvaluationPeriods", json!(2)),
        ("Metrics", json!([{"Id": "m", "ReturnData": true, "MetricStat": {"Period": 60}}])),
        ("OKActions", json!([])),
        ("ActionsEnabled", json!(true)),
        ("StateValue", json!("ALARM")),
        ("StateReason", json!("s")),
        ("StateReasonData", json!(null)),
        ("StateUpdatedTimestamp", json!(9000)),
        ("StateTransitionedTimestamp", json!(7000)),
        ("AlarmConfigurationUpdatedTimestamp", json!(0)),
    ] {
        assert_eq!(alarm[name], expected, "{name}");
    }
}

#[test]
fn actions_are_disabled_and_enabled_and_a_new_configuration_enables_them() {
    let mut bench = bench(&["a", "b"]);
    let enabled = |bench: &mut Bench| -> Vec<Value> {
        let shown = bench.ok(0, "DescribeAlarms", json!({}));
        shown["MetricAlarms"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|alarm| alarm["ActionsEnabled"].clone())
            .collect()
    };
    bench.ok(0, "DisableAlarmActions", json!({"AlarmNames": ["a", "b", "nobody"]}));
    assert_eq!(enabled(&mut bench), [false, false]);
    bench.ok(0, "EnableAlarmActions", json!({"AlarmNames": ["a"]}));
    assert_eq!(enabled(&mut bench), [true, false]);
    bench.ok(0, "PutMetricAlarm", with("b"));
    assert_eq!(enabled(&mut bench), [true, true]);
}

#[test]
fn a_stack_s_alarm_is_a_record_and_its_update_enables_disabled_actions() {
    let mut bench = Bench::new(Service::CloudWatch);
    let made = bench.create(TYPE, "Disk", settings()).expect("created");
    let name = made.physical_id.clone();
    assert!(name.starts_with("Stack-Disk-"), "{name}");
    assert_eq!(
        made.attributes.get("Arn"),
        Some(&template::Value::String(format!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}")))
    );
    bench.ok(0, "DisableAlarmActions", json!({"AlarmNames": [name]}));
    let mut wanted = settings();
    wanted["Threshold"] = json!("90.5");
    bench.update(TYPE, &name, wanted).expect("updated");
    let alarm = bench.ok(0, "DescribeAlarms", json!({}))["MetricAlarms"][0].clone();
    assert_eq!((&alarm["Threshold"], &alarm["ActionsEnabled"]), (&json!(90.5), &json!(true)));
    bench.delete(TYPE, &name).expect("deleted");
    bench.finish_delete(TYPE, &name);
    assert_eq!(names(&bench.ok(0, "DescribeAlarms", json!({}))), Vec::<&str>::new());
    // A name that somebody has outside of CloudFormation, and one that a stack has.
    bench.ok(0, "PutMetricAlarm", with("taken"));
    let refused = bench.create(TYPE, "Disk", with("taken")).expect_err("taken");
    assert_eq!(refused.reason, "taken already exists");
    bench.create(TYPE, "Disk", with("own")).expect("created");
    let refused = bench.create(TYPE, "Disk", with("own")).expect_err("taken");
    assert!(refused.reason.starts_with("own already exists in stack arn:"), "{refused}");
    let refused = bench.create(TYPE, "Disk", json!({})).expect_err("nothing given");
    assert!(refused.reason.contains("comparisonOperator"), "{refused}");
}

fn arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}")
}

fn tag(key: &str, value: &str) -> Value {
    json!({"Key": key, "Value": value})
}

/// `key=value` of an alarm's tags, without CloudFormation's own.
fn tags(bench: &mut Bench, name: &str) -> Vec<String> {
    let answer = bench.ok(0, "ListTagsForResource", json!({"ResourceARN": arn(name)}));
    let all = answer["Tags"].as_array().cloned().unwrap_or_default();
    let shown = all.iter().map(|tag| {
        format!("{}={}", tag["Key"].as_str().unwrap_or_default(), tag["Value"].as_str().unwrap_or_default())
    });
    shown.filter(|tag| !tag.starts_with("aws:")).collect()
}

#[test]
fn tags_are_put_at_creation_added_replaced_and_removed() {
    let mut bench = Bench::new(Service::CloudWatch);
    let mut first = with("a");
    first["Tags"] = json!([tag("team", "blue"), tag("empty", "")]);
    bench.ok(0, "PutMetricAlarm", first.clone());
    assert_eq!(tags(&mut bench, "a"), ["empty=", "team=blue"]);
    bench.ok(0, "TagResource", json!({"ResourceARN": arn("a"), "Tags": [tag("team", "red"), tag("x", "1")]}));
    assert_eq!(tags(&mut bench, "a"), ["empty=", "team=red", "x=1"]);
    bench.ok(0, "PutMetricAlarm", first);
    assert_eq!(tags(&mut bench, "a"), ["empty=", "team=red", "x=1"], "ignored for an alarm that is there");
    bench.ok(0, "UntagResource", json!({"ResourceARN": arn("a"), "TagKeys": ["x", "empty", "never"]}));
    assert_eq!(tags(&mut bench, "a"), ["team=red"]);
    bench.ok(0, "DeleteAlarms", json!({"AlarmNames": ["a"]}));
    bench.ok(0, "PutMetricAlarm", with("a"));
    assert_eq!(tags(&mut bench, "a"), Vec::<String>::new(), "a new alarm of the same name");
}

#[test]
fn tags_beyond_the_limits_change_nothing() {
    let mut bench = bench(&["a"]);
    let many: Vec<Value> = (0..51).map(|number| tag(&number.to_string(), "v")).collect();
    bench.ok(0, "TagResource", json!({"ResourceARN": arn("a"), "Tags": many[..50]}));
    for (given, code, part) in [
        (json!([tag("50", "v")]), "InvalidParameterValue", "at most 50"),
        (json!(many), "InvalidParameterValue", "at most 50"),
        (json!([tag("0", "new"), tag("aws:x", "v")]), "InvalidParameterValue", "aws:x"),
        (json!([tag(&"k".repeat(129), "v")]), "ValidationError", "less than or equal to 128"),
        (json!([tag("0", &"v".repeat(257))]), "ValidationError", "less than or equal to 256"),
        (json!([{"Key": "0"}]), "ValidationError", "'value'"),
        (json!([{"Value": "v"}]), "ValidationError", "'key'"),
    ] {
        bench.refused(0, "TagResource", json!({"ResourceARN": arn("a"), "Tags": given}), code, part);
    }
    assert_eq!(tags(&mut bench, "a").len(), 50);
    assert!(tags(&mut bench, "a").iter().all(|tag| tag.ends_with("=v")));
    for operation in ["ListTagsForResource", "TagResource", "UntagResource"] {
        let input = json!({"ResourceARN": arn("nobody"), "Tags": [], "TagKeys": []});
        bench.refused(0, operation, input, "ResourceNotFoundException", "alarm:nobody");
        bench.refused(0, operation, json!({}), "ValidationError", "'resourceARN'");
    }
}

#[test]
fn an_update_by_cloudformation_changes_the_tags_of_the_template_and_no_others() {
    let mut bench = Bench::new(Service::CloudWatch);
    let mut wanted = settings();
    wanted["Tags"] = json!([tag("owner", "ops"), tag("old", "1")]);
    let name = bench.create(TYPE, "Disk", wanted.clone()).expect("created").physical_id;
    assert_eq!(tags(&mut bench, &name), ["old=1", "owner=ops", "team=blue"], "the stack's as well");
    bench.ok(
        0,
        "TagResource",
        json!({"ResourceARN": arn(&name), "Tags": [tag("note", "mine"), tag("owner", "me")]}),
    );
    let mut next = settings();
    next["Tags"] = json!([tag("owner", "ops")]);
    bench.change(TYPE, &name, wanted, next).expect("updated");
    assert_eq!(tags(&mut bench, &name), ["note=mine", "owner=ops", "team=blue"]);
    let mut reserved = settings();
    reserved["Tags"] = json!([tag("aws:x", "1")]);
    let refused = bench.update(TYPE, &name, reserved).expect_err("reserved");
    assert!(refused.reason.contains("aws:x"), "{refused}");
}

#[test]
fn an_update_sets_actions_to_what_the_template_says() {
    for (word, expected) in [(None, true), (Some("true"), true), (Some("false"), false)] {
        let mut bench = Bench::new(Service::CloudWatch);
        let mut wanted = settings();
        if let Some(word) = word {
            wanted["ActionsEnabled"] = json!(word);
        }
        let name = bench.create(TYPE, "Disk", wanted.clone()).expect("created").physical_id;
        let operation = if expected { "DisableAlarmActions" } else { "EnableAlarmActions" };
        bench.ok(0, operation, json!({"AlarmNames": [name]}));
        wanted["Threshold"] = json!("90");
        bench.update(TYPE, &name, wanted).expect("updated");
        let alarm = bench.ok(0, "DescribeAlarms", json!({}))["MetricAlarms"][0].clone();
        assert_eq!(alarm["ActionsEnabled"], expected, "{word:?}");
    }
}

#[test]
fn refusals_are_in_aws_s_words() {
    let mut bench = bench(&["a"]);
    let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    for (operation, input, code, part) in [
        ("DeleteAlarms", json!({"AlarmNames": ["a", "b"]}), "ResourceNotFound", ""),
        ("DeleteAlarms", json!({"AlarmNames": many}), "ValidationError", "less than or equal to 100"),
        (
            "SetAlarmState",
            json!({"AlarmName": "b", "StateValue": "OK", "StateReason": "r"}),
            "ResourceNotFound",
            "",
        ),
        (
            "SetAlarmState",
            json!({"AlarmName": "a", "StateValue": "FINE", "StateReason": "r"}),
            "ValidationError",
            "[INSUFFICIENT_DATA, ALARM, OK]",
        ),
        ("PutMetricAlarm", json!({}), "ValidationError", "'alarmName'"),
        ("PutMetricAlarm", json!({"AlarmName": "x"}), "ValidationError", "'comparisonOperator'"),
        ("DescribeAlarms", json!({"MaxRecords": 101}), "ValidationError", "between 1 and 100"),
        ("DescribeAlarms", json!({"NextToken": "%"}), "InvalidNextToken", ""),
        (
            "DescribeAlarms",
            json!({"AlarmNames": ["a"], "AlarmNamePrefix": "a"}),
            "InvalidParameterCombination",
            "",
        ),
        ("GetMetricData", json!({}), "InvalidAction", ""),
    ] {
        bench.refused(0, operation, input, code, part);
    }
    let mut wrong = with("x");
    wrong["Threshold"] = json!("NaN");
    bench.refused(0, "PutMetricAlarm", wrong, "ValidationError", "Threshold must be a number");
    assert_eq!(names(&bench.ok(0, "DescribeAlarms", json!({}))), ["a"]);
}

#[test]
fn composite_alarms_are_shown_when_asked_for_and_their_actions_are_switched() {
    let mut bench = bench(&["a"]);
    let both = json!({"AlarmTypes": ["CompositeAlarm", "MetricAlarm"]});
    bench.ok(0, "PutCompositeAlarm", json!({"AlarmName": "c", "AlarmRule": "ALARM(a)"}));
    bench.refused(0, "PutCompositeAlarm", json!({"AlarmName": "d"}), "ValidationError", "alarmRule");
    let made = bench.create("AWS::CloudWatch::CompositeAlarm", "Any", json!({"AlarmRule": "ALARM(c)"}));
    let name = made.expect("made").physical_id;
    bench.ok(0, "DisableAlarmActions", json!({"AlarmNames": [name, "c"]}));
    assert_eq!(bench.ok(0, "DescribeAlarms", json!({}))["CompositeAlarms"], json!([]));
    let shown = bench.ok(0, "DescribeAlarms", both);
    let composite = shown["CompositeAlarms"].as_array().expect("a list");
    assert_eq!((names(&shown), composite.len()), (vec!["a"], 2));
    assert!(composite.iter().all(|alarm| alarm["ActionsEnabled"] == false), "{shown}");
    assert_eq!(composite.iter().filter(|alarm| alarm["AlarmRule"] == "ALARM(a)").count(), 1);
}
