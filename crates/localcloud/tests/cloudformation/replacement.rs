//! When a resource is replaced, in which order, and what becomes of the old one.

use localcloud::faults::FaultPhase;
use localcloud::{Config, Speed};
use serde_json::{Value, json};

use crate::support::{Cloud, lines, template};

fn update(cloud: &mut Cloud, body: &Value) -> Vec<String> {
    let before = cloud.events("s").len();
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": body.to_string()}));
    cloud.settle();
    lines(cloud, "s", before)
}

fn physical_id(cloud: &mut Cloud, logical_id: &str) -> String {
    let found =
        cloud.get("DescribeStackResource", json!({"StackName": "s", "LogicalResourceId": logical_id}));
    found["StackResourceDetail"]["PhysicalResourceId"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_custom_name_stands_in_the_way_of_a_replacement() {
    let mut cloud = Cloud::new();
    let topic = |fifo: bool| {
        template(
            json!({"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t.fifo", "FifoTopic": fifo}}}),
        )
    };
    cloud.create("s", &topic(true));
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": topic(false).to_string()}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE");
    let words = "T UPDATE_FAILED CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename arn:aws:sns:us-east-1:000000000000:t.fifo and update the stack again.";
    let told = lines(&mut cloud, "s", 0);
    assert!(told.iter().any(|line| line == words), "{told:#?}");
}

#[test]
fn some_types_are_deleted_before_they_are_made_again() {
    let association = |subnet: &str| {
        template(json!({
            "A": {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": {"SubnetId": subnet, "RouteTableId": "rtb-1"}},
            "P": {"Type": "AWS::SSM::Parameter", "DependsOn": "A", "Properties": {"Type": "String", "Value": subnet}},
        }))
    };
    let mut cloud = Cloud::new();
    cloud.create("s", &association("subnet-1"));
    let first = physical_id(&mut cloud, "A");
    let told = update(&mut cloud, &association("subnet-2"));
    assert!(!told.iter().any(|line| line.contains("DELETE")), "{told:#?}");
    let second = physical_id(&mut cloud, "A");
    assert_ne!(first, second);
    assert!(!cloud.world.generic.exists("AWS::EC2::SubnetRouteTableAssociation", &first));
    // Undone, the association is made a third time.
    cloud.world.faults.fail("s", "P", FaultPhase::Update, "no");
    update(&mut cloud, &association("subnet-3"));
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE");
    let third = physical_id(&mut cloud, "A");
    assert!(third != second && cloud.world.generic.exists("AWS::EC2::SubnetRouteTableAssociation", &third));
    assert_eq!(cloud.world.generic.len(), 2);
}

#[test]
fn a_group_is_replaced_when_its_policy_and_its_launch_template_say_so() {
    let group = |image: &str, policy: Value, name: Option<&str>, size: &str| {
        let mut properties = json!({
            "MinSize": size, "MaxSize": "2", "AvailabilityZones": ["us-east-1a"],
            "LaunchTemplate": {"LaunchTemplateId": {"Ref": "L"}, "Version": {"Fn::GetAtt": ["L", "LatestVersionNumber"]}},
        });
        if let Some(name) = name {
            properties["AutoScalingGroupName"] = json!({"Fn::Sub": name});
        }
        template(json!({
            "L": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {"ImageId": image}}},
            "G": {"Type": "AWS::AutoScaling::AutoScalingGroup", "UpdatePolicy": policy, "Properties": properties},
        }))
    };
    let replacing = json!({"AutoScalingReplacingUpdate": {"WillReplace": true}});
    let rolling = json!({"AutoScalingRollingUpdate": {"MinInstancesInService": 0}});
    let (done, undone) = ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE");
    for (policy, name, size, status, replaced) in [
        (replacing.clone(), None, "1", done, true),
        (replacing.clone(), None, "0", done, false),
        (replacing.clone(), Some("fixed"), "1", undone, false),
        (replacing.clone(), Some("fixed"), "0", done, false),
        (replacing, Some("group-${L.LatestVersionNumber}"), "0", done, true),
        (rolling.clone(), None, "1", done, false),
        (rolling, Some("group-${L.LatestVersionNumber}"), "1", done, true),
    ] {
        let mut cloud = Cloud::new();
        cloud.create("s", &group("ami-1", policy.clone(), name, size));
        let before = physical_id(&mut cloud, "G");
        let told = update(&mut cloud, &group("ami-2", policy.clone(), name, size));
        assert_eq!(cloud.status("s"), status, "{policy} {name:?} {size}: {told:#?}");
        assert_eq!(physical_id(&mut cloud, "G") != before, replaced, "{policy} {name:?} {size}");
    }
}

#[test]
fn a_group_held_by_protected_instances_is_not_deleted() {
    let body = template(json!({
        "G": {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": {
            "MinSize": "1", "MaxSize": "1", "AvailabilityZones": ["us-east-1a"],
            "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"}, "NewInstancesProtectedFromScaleIn": true,
        }},
    }));
    let mut cloud = Cloud::new();
    cloud.create("s", &body);
    let before = cloud.events("s").len();
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();
    assert_eq!(
        lines(&mut cloud, "s", before),
        [
            "s DELETE_IN_PROGRESS User Initiated",
            "G DELETE_IN_PROGRESS",
            "G DELETE_FAILED Group did not stabilize. {current/minSize/maxSize group size} = {1/0/0}.",
            "s DELETE_FAILED The following resource(s) failed to delete: [G]. ".trim_end(),
        ]
    );
}

#[test]
fn what_a_clean_up_cannot_delete_is_left_behind_and_said() {
    let topic =
        |name: &str| template(json!({"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}}));
    let mut cloud = Cloud::new();
    cloud.create("s", &topic("one"));
    cloud.world.faults.fail("s", "T", FaultPhase::Delete, "still in use");
    let told = update(&mut cloud, &topic("two"));
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    assert_eq!(
        told,
        [
            "s UPDATE_IN_PROGRESS User Initiated",
            "T UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.",
            "T UPDATE_IN_PROGRESS Resource creation Initiated",
            "T UPDATE_COMPLETE",
            "s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "T DELETE_IN_PROGRESS",
            "T DELETE_FAILED still in use",
            "T DELETE_IN_PROGRESS",
            "T DELETE_FAILED still in use",
            "T DELETE_IN_PROGRESS",
            "T DELETE_FAILED still in use",
            "s UPDATE_COMPLETE Update successful. One or more resources could not be deleted.",
        ]
    );
    assert!(physical_id(&mut cloud, "T").ends_with(":two"));
}

#[test]
fn a_stack_stuck_in_its_rollback_can_be_deleted_with_everything() {
    let body = |name: &str| {
        template(json!({
            "T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}},
            "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "T"}}},
        }))
    };
    let mut cloud = Cloud::new();
    cloud.create("s", &body("one"));
    cloud.world.faults.fail("s", "P", FaultPhase::Update, "no");
    cloud.world.faults.fail("s", "T", FaultPhase::Rollback, "no");
    update(&mut cloud, &body("two"));
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_FAILED");
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();
    assert!(cloud.world.cloudformation.find("s").is_none());
    assert!(cloud.world.generic.is_empty(), "{:?}", cloud.world.generic);
}

#[test]
fn an_instant_world_is_done_at_once_and_in_the_same_order() {
    let topic =
        |name: &str| template(json!({"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}}));
    let told = |speed: Speed, seconds: u64| {
        let mut cloud = Cloud::with(Config { speed, ..Config::default() });
        for (operation, name) in [("CreateStack", "one"), ("UpdateStack", "two")] {
            cloud.get(operation, json!({"StackName": "s", "TemplateBody": topic(name).to_string()}));
            cloud.pass(seconds);
        }
        lines(&mut cloud, "s", 0)
    };
    assert_eq!(told(Speed::Instant, 0), told(Speed::Times(1.0), 1000));
    assert_eq!(told(Speed::Instant, 0), told(Speed::Times(60.0), 20));
}
