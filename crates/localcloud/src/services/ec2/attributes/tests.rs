//! Protection from the API, through [`World::handle`](crate::World::handle).

use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;
use crate::{Input, Timestamp};

/// A running instance in a zone, with more settings.
fn run(bench: &mut Bench, zone: &str, more: Value) -> String {
    let mut input = json!({
        "ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "Placement": {"AvailabilityZone": zone},
    });
    for (name, value) in more.as_object().expect("more") {
        input[name] = value.clone();
    }
    let answer = bench.ok(0, "RunInstances", input);
    answer["instancesSet"][0]["instanceId"].as_str().expect("an id").to_owned()
}

fn state(bench: &mut Bench, seconds: u64, id: &str) -> String {
    let answer = bench.ok(seconds, "DescribeInstances", json!({"InstanceId": [id]}));
    let state = &answer["reservationSet"][0]["instancesSet"][0]["instanceState"]["name"];
    state.as_str().expect("a state").to_owned()
}

fn attribute(bench: &mut Bench, id: &str, name: &str) -> Value {
    let input = json!({"InstanceId": id, "Attribute": name});
    bench.ok(100, "DescribeInstanceAttribute", input)[name]["value"].clone()
}

#[test]
fn a_batch_with_a_protected_instance_ends_only_in_other_zones() {
    let mut bench = Bench::new(Service::Ec2);
    let plain = json!({});
    let protected = json!({"DisableApiTermination": "true"});
    let ids: Vec<String> =
        [("us-east-1a", &plain), ("us-east-1a", &plain), ("us-east-1b", &protected), ("us-east-1b", &plain)]
            .into_iter()
            .map(|(zone, more)| run(&mut bench, zone, more.clone()))
            .collect();
    let words = format!(
        "The instance '{}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.",
        ids[2]
    );
    bench.refused(100, "TerminateInstances", json!({"InstanceId": ids}), "OperationNotPermitted", &words);
    let states: Vec<String> = ids.iter().map(|id| state(&mut bench, 100, id)).collect();
    assert_eq!(states, ["shutting-down", "shutting-down", "running", "running"]);
    // An id that isn't there keeps all of them.
    let unknown = json!({"InstanceId": [ids[3], "i-0"]});
    bench.refused(100, "TerminateInstances", unknown, "InvalidInstanceID.NotFound", "i-0");
    assert_eq!(state(&mut bench, 100, &ids[3]), "running");
    bench.ok(
        100,
        "ModifyInstanceAttribute",
        json!({"InstanceId": ids[2], "DisableApiTermination": {"Value": "false"}}),
    );
    bench.ok(100, "TerminateInstances", json!({"InstanceId": [ids[2], ids[3]]}));
    assert_eq!(state(&mut bench, 100, &ids[2]), "shutting-down");
}

#[test]
fn stop_protection_keeps_an_instance_from_being_stopped_and_terminated() {
    let mut bench = Bench::new(Service::Ec2);
    let id = run(&mut bench, "us-east-1a", json!({"DisableApiStop": "true"}));
    let other = run(&mut bench, "us-east-1a", json!({}));
    let words =
        format!("The instance '{id}' may not be stopped. Modify its 'disableApiStop' instance attribute");
    bench.refused(100, "StopInstances", json!({"InstanceId": [other, id]}), "OperationNotPermitted", &words);
    assert_eq!(state(&mut bench, 100, &other), "running");
    bench.refused(
        100,
        "TerminateInstances",
        json!({"InstanceId": [id]}),
        "OperationNotPermitted",
        "'disableApiStop'",
    );
    let off = json!({"InstanceId": id, "Attribute": "disableApiStop", "Value": "false"});
    bench.ok(100, "ModifyInstanceAttribute", off);
    bench.ok(100, "StopInstances", json!({"InstanceId": [id]}));
    assert_eq!(state(&mut bench, 100, &id), "stopping");
}

#[test]
fn attributes_are_read_and_set_one_at_a_time() {
    let mut bench = Bench::new(Service::Ec2);
    let id = run(&mut bench, "us-east-1a", json!({"InstanceType": "t3.large"}));
    for (name, expected) in [
        ("disableApiTermination", json!(false)),
        ("disableApiStop", json!(false)),
        ("instanceType", json!("t3.large")),
        ("ebsOptimized", json!(false)),
        ("userData", json!(null)),
    ] {
        assert_eq!(attribute(&mut bench, &id, name), expected, "{name}");
    }
    bench.ok(100, "ModifyInstanceAttribute", json!({"InstanceId": id, "DisableApiStop": {"Value": true}}));
    bench.ok(
        100,
        "ModifyInstanceAttribute",
        json!({"InstanceId": id, "Attribute": "disableApiTermination", "Value": "true"}),
    );
    assert_eq!(attribute(&mut bench, &id, "disableApiStop"), true);
    assert_eq!(attribute(&mut bench, &id, "disableApiTermination"), true);
    let both = json!({"DisableApiStop": {"Value": true}, "DisableApiTermination": {"Value": true}});
    for (more, code, part) in [
        (json!({}), "InvalidParameterCombination", "No attributes"),
        (both, "InvalidParameterCombination", "multiple attribute types"),
        (json!({"Attribute": "kernel", "Value": "true"}), "InvalidParameterValue", "kernel"),
        (json!({"Attribute": "disableApiStop"}), "MissingParameter", "value"),
        (json!({"DisableApiStop": {"Value": "maybe"}}), "InvalidParameterValue", "either true or false"),
        (
            json!({"InstanceId": "x", "Attribute": "disableApiStop", "Value": "true"}),
            "InvalidInstanceID.Malformed",
            "x",
        ),
        (
            json!({"InstanceId": "i-0", "Attribute": "disableApiStop", "Value": "true"}),
            "InvalidInstanceID.NotFound",
            "i-0",
        ),
    ] {
        let mut input = json!({"InstanceId": id});
        for (name, value) in more.as_object().expect("more") {
            input[name] = value.clone();
        }
        bench.refused(100, "ModifyInstanceAttribute", input, code, part);
    }
    let kernel = json!({"InstanceId": id, "Attribute": "kernel"});
    bench.refused(100, "DescribeInstanceAttribute", kernel, "InvalidParameterValue", "kernel");
}

#[test]
fn a_group_scales_in_what_the_api_may_not_terminate() {
    let mut bench = Bench::new(Service::Ec2);
    let template = json!({
        "LaunchTemplateName": "t", "LaunchTemplateData": {"ImageId": "ami-1", "DisableApiTermination": "true"},
    });
    bench.ok(0, "CreateLaunchTemplate", template);
    let mut scaling = |seconds: u64, operation: &str, input: Value| {
        let at = Timestamp(seconds * 1000);
        bench.world.handle(at, Service::AutoScaling, operation, Input(&input)).expect("answered")
    };
    let group = json!({
        "AutoScalingGroupName": "g", "MinSize": "0", "MaxSize": "1", "DesiredCapacity": "1",
        "AvailabilityZones": ["us-east-1a"], "LaunchTemplate": {"LaunchTemplateName": "t", "Version": "1"},
    });
    scaling(0, "CreateAutoScalingGroup", group);
    let members = scaling(100, "DescribeAutoScalingInstances", json!({}));
    let id = members["AutoScalingInstances"][0]["InstanceId"].as_str().expect("an id").to_owned();
    bench.refused(100, "TerminateInstances", json!({"InstanceId": [id]}), "OperationNotPermitted", &id);
    let none = json!({"AutoScalingGroupName": "g", "DesiredCapacity": 0});
    bench
        .world
        .handle(Timestamp(100_000), Service::AutoScaling, "SetDesiredCapacity", Input(&none))
        .expect("set");
    assert_eq!(state(&mut bench, 200, &id), "terminated");
}

#[test]
fn a_template_sets_the_protection_that_it_names_and_no_other() {
    let properties = |protection: Option<&str>| {
        let mut properties = json!({"ImageId": "ami-1", "InstanceType": "t3.micro"});
        if let Some(protection) = protection {
            properties["DisableApiTermination"] = json!(protection);
        }
        properties
    };
    for (first, then, by_hand, expected) in [
        (Some("true"), Some("true"), "false", true),
        (Some("true"), None, "true", false),
        (None, None, "true", true),
        (None, Some("true"), "false", true),
    ] {
        let mut bench = Bench::new(Service::Ec2);
        let made = bench.create("AWS::EC2::Instance", "I", properties(first)).expect("created");
        let id = made.physical_id;
        let set = json!({"InstanceId": id, "Attribute": "disableApiTermination", "Value": by_hand});
        bench.ok(100, "ModifyInstanceAttribute", set);
        bench.change("AWS::EC2::Instance", &id, properties(first), properties(then)).expect("updated");
        assert_eq!(attribute(&mut bench, &id, "disableApiTermination"), expected, "{first:?} {then:?}");
        assert_eq!(bench.delete("AWS::EC2::Instance", &id).is_err(), expected);
    }
}

#[test]
fn tags_of_instances_are_made_found_and_deleted() {
    let mut bench = Bench::new(Service::Ec2);
    let (one, two) = (run(&mut bench, "us-east-1a", json!({})), run(&mut bench, "us-east-1a", json!({})));
    let tag = |ids: &[&String], key: &str, value: &str| json!({"ResourceId": ids, "Tag": [{"Key": key, "Value": value}]});
    bench.ok(100, "CreateTags", tag(&[&one, &two], "slackwater:before", "a=1 b=2"));
    bench.ok(100, "CreateTags", tag(&[&one], "role", "worker"));
    bench.ok(100, "CreateTags", tag(&[&one], "role", "head"));
    let find = |bench: &mut Bench, filters: Value| {
        let answer = bench.ok(100, "DescribeTags", json!({"Filter": filters}));
        let tags = answer["tagSet"].as_array().cloned().unwrap_or_default();
        let mut found: Vec<String> = tags
            .iter()
            .map(|tag| {
                let text = |name: &str| tag[name].as_str().unwrap_or_default().to_owned();
                let number = if text("resourceId") == one { "1" } else { "2" };
                format!("{number} {} {}={}", text("resourceType"), text("key"), text("value"))
            })
            .collect();
        found.sort();
        found
    };
    let before = ["1 instance slackwater:before=a=1 b=2", "2 instance slackwater:before=a=1 b=2"];
    for (filters, expected) in [
        (json!([{"Name": "key", "Value": ["slackwater:before"]}]), before.to_vec()),
        (
            json!([{"Name": "key", "Value": ["slack*"]}, {"Name": "resource-id", "Value": [two]}]),
            vec![before[1]],
        ),
        (
            json!([{"Name": "resource-type", "Value": ["instance"]}, {"Name": "key", "Value": ["role"]}]),
            vec!["1 instance role=head"],
        ),
        (json!([{"Name": "resource-type", "Value": ["image"]}]), vec![]),
        (json!([{"Name": "value", "Value": ["head", "tail"]}]), vec!["1 instance role=head"]),
        (json!([{"Name": "tag:role", "Value": ["head"]}]), vec!["1 instance role=head"]),
    ] {
        assert_eq!(find(&mut bench, filters.clone()), expected, "{filters}");
    }
    let unknown = json!({"Filter": [{"Name": "colour", "Value": ["blue"]}]});
    bench.refused(100, "DescribeTags", unknown, "InvalidParameterValue", "colour");
    // Another value than the tag's leaves it; without a value the key is enough.
    bench.ok(100, "DeleteTags", tag(&[&one], "role", "worker"));
    bench.ok(100, "DeleteTags", json!({"ResourceId": [one, two], "Tag": [{"Key": "slackwater:before"}]}));
    assert_eq!(
        find(&mut bench, json!([{"Name": "resource-type", "Value": ["instance"]}])),
        ["1 instance role=head"]
    );
    let long = "x".repeat(257);
    for (input, code, part) in [
        (tag(&[&one], &long[..129], ""), "InvalidParameterValue", "maximum length of 128"),
        (tag(&[&one], "k", &long), "InvalidParameterValue", "maximum length of 256"),
        (tag(&[&one], "aws:k", ""), "InvalidParameterValue", "reserved"),
        (json!({"ResourceId": [one, "i-0"], "Tag": [{"Key": "k"}]}), "InvalidInstanceID.NotFound", "i-0"),
        (json!({"ResourceId": [one]}), "MissingParameter", "tagSet"),
    ] {
        bench.refused(100, "CreateTags", input, code, part);
    }
}
