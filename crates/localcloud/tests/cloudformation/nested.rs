//! Nested stacks: real stacks of their own, made, changed, undone and deleted with the stack around them.

use localcloud::faults::FaultPhase;
use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, lines, template};

/// A child with a topic of this name, and its ARN as output.
fn child(cloud: &mut Cloud, key: &str, topic: &str) -> String {
    let mut body =
        template(json!({"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}}));
    body["Parameters"] = json!({"Name": {"Type": "String", "Default": topic}});
    body["Outputs"] = json!({"Arn": {"Value": {"Ref": "T"}}});
    cloud.url(key, &body.to_string())
}

fn around(url: &str, topic: &str) -> Value {
    template(json!({
        "C": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": {"Name": topic}}},
        "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["C", "Outputs.Arn"]}}},
    }))
}

fn update(cloud: &mut Cloud, body: &Value) -> Vec<String> {
    let skip = cloud.events("s").len();
    cloud.get(
        "UpdateStack",
        json!({"StackName": "s", "TemplateBody": body.to_string(), "Capabilities": CAPABILITIES}),
    );
    cloud.settle();
    lines(cloud, "s", skip)
}

fn child_id(cloud: &mut Cloud) -> String {
    let found = cloud.get("DescribeStackResource", json!({"StackName": "s", "LogicalResourceId": "C"}));
    found["StackResourceDetail"]["PhysicalResourceId"].as_str().unwrap_or_default().to_owned()
}

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:";

#[test]
fn a_nested_stack_lives_with_the_stack_around_it() {
    let mut cloud = Cloud::new();
    let url = child(&mut cloud, "child.json", "unused");
    cloud.create("s", &around(&url, "one"));
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE", "{:#?}", lines(&mut cloud, "s", 0));
    assert_eq!(cloud.stored_parameters(), [format!("{TOPIC}one")]);
    let id = child_id(&mut cloud);
    let (described, stack) = (cloud.stack(&id), cloud.stack("s"));
    assert_eq!((&described["ParentId"], &described["RootId"]), (&stack["StackId"], &stack["StackId"]));
    assert!(described["StackName"].as_str().is_some_and(|name| name.starts_with("s-C-")), "{described}");

    let told = update(&mut cloud, &around(&url, "two"));
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE", "{told:#?}");
    assert_eq!(cloud.stored_parameters(), [format!("{TOPIC}two")]);
    assert_eq!(child_id(&mut cloud), id);
    let told = lines(&mut cloud, &id, 0);
    // What the nested update replaced goes when the stack around cleans up.
    let cleaned = told.iter().position(|line| line.ends_with(" UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"));
    let deleted = told.iter().position(|line| line == "T DELETE_COMPLETE");
    assert!(cleaned.is_some() && deleted > cleaned, "{told:#?}");
    assert!(!cloud.world.generic.exists("AWS::SNS::Topic", &format!("{TOPIC}one")));

    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();
    assert_eq!(cloud.status(&id), "DELETE_COMPLETE");
    assert!(cloud.world.cloudformation.find("s").is_none() && cloud.world.generic.is_empty());
}

#[test]
fn a_failure_in_a_nested_stack_is_one_of_the_stack_around() {
    let mut cloud = Cloud::new();
    let url = child(&mut cloud, "child.json", "unused");
    let taken = template(json!({"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "taken"}}}));
    cloud.create("other", &taken);
    cloud.create("s", &around(&url, "taken"));
    let told = lines(&mut cloud, "s", 0);
    assert_eq!(cloud.status("s"), "ROLLBACK_COMPLETE", "{told:#?}");
    assert!(
        told.iter().any(|line| line.starts_with("C CREATE_FAILED Embedded stack arn:")
            && line
                .ends_with("was not successfully created: The following resource(s) failed to create: [T].")),
        "{told:#?}"
    );
    assert_eq!(cloud.world.generic.len(), 1, "only the other stack's topic is left");
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();

    cloud.create("s", &around(&url, "one"));
    let id = child_id(&mut cloud);
    let told = update(&mut cloud, &around(&url, "taken"));
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE", "{told:#?}");
    assert!(
        told.iter().any(|line| line.starts_with("C UPDATE_FAILED Embedded stack arn:")
            && line.contains(
                "was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: "
            )),
        "{told:#?}"
    );
    assert_eq!(cloud.status(&id), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(cloud.stored_parameters(), [format!("{TOPIC}one")]);
}

#[test]
fn a_failure_beside_a_nested_stack_brings_it_back() {
    let mut cloud = Cloud::new();
    let url = child(&mut cloud, "child.json", "unused");
    cloud.create("s", &around(&url, "one"));
    let id = child_id(&mut cloud);
    cloud.world.faults.fail("s", "P", FaultPhase::Update, "no");
    let told = update(&mut cloud, &around(&url, "two"));
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE", "{told:#?}");
    assert_eq!(cloud.status(&id), "UPDATE_ROLLBACK_COMPLETE", "{:#?}", lines(&mut cloud, &id, 0));
    assert_eq!(cloud.stored_parameters(), [format!("{TOPIC}one")]);
    let generic = &cloud.world.generic;
    assert!(generic.exists("AWS::SNS::Topic", &format!("{TOPIC}one")), "the old topic had not been deleted");
    assert!(!generic.exists("AWS::SNS::Topic", &format!("{TOPIC}two")));
    // And it can be updated after all.
    cloud.world.faults.resources.clear();
    update(&mut cloud, &around(&url, "two"));
    assert_eq!(
        (cloud.status("s"), cloud.status(&id)),
        ("UPDATE_COMPLETE".to_owned(), "UPDATE_COMPLETE".to_owned())
    );
    // Updated by itself, it doesn't wait for anybody.
    let request = json!({"StackName": id, "UsePreviousTemplate": true, "Parameters": [{"ParameterKey": "Name", "ParameterValue": "three"}]});
    cloud.get("UpdateStack", request);
    cloud.settle();
    assert_eq!(cloud.status(&id), "UPDATE_COMPLETE");
}

#[test]
fn a_resource_of_a_nested_stack_can_be_skipped() {
    skipped(false);
}

#[test]
fn force_rollback_skips_whatever_failed() {
    skipped(true);
}

fn skipped(force: bool) {
    let mut cloud = Cloud::new();
    let url = child(&mut cloud, "child.json", "unused");
    cloud.create("s", &around(&url, "one"));
    let id = child_id(&mut cloud);
    let name = cloud.stack(&id)["StackName"].as_str().unwrap_or_default().to_owned();
    for (stack, resource, phase) in [
        ("s", "P", FaultPhase::Update),
        (name.as_str(), "T", FaultPhase::Rollback),
        (name.as_str(), "P", FaultPhase::Rollback),
    ] {
        cloud.world.faults.fail(stack, resource, phase, "no");
    }
    update(&mut cloud, &around(&url, "two"));
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_FAILED");
    let failed: Vec<String> = cloud.world.cloudformation.stacks[&id]
        .operation
        .as_ref()
        .map(|operation| operation.failed_to_roll_back().to_vec())
        .unwrap_or_default();
    let failed = failed.first().expect("something of the nested stack failed to roll back").clone();
    for wrong in [format!("{name}.No"), format!("other.{failed}"), "P".to_owned()] {
        let request = json!({"StackName": "s", "ResourcesToSkip": [wrong]});
        assert!(cloud.refused("ContinueUpdateRollback", request).starts_with("ValidationError"), "{wrong}");
    }
    cloud.world.faults.resources.clear();
    cloud.world.faults.fail(&name, &failed, FaultPhase::Rollback, "still no");
    cloud.get("ContinueUpdateRollback", json!({"StackName": "s"}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_FAILED", "without skipping it fails again");
    let skip = format!("{name}.{failed}");
    let both = json!({"StackName": "s", "ResourcesToSkip": [skip], "ForceRollback": true});
    let refused = "ValidationError ForceRollback and ResourcesToSkip are mutually exclusive.";
    assert_eq!(cloud.refused("ContinueUpdateRollback", both), refused);
    let way_out = match force {
        true => json!({"StackName": "s", "ForceRollback": true}),
        false => json!({"StackName": "s", "ResourcesToSkip": [skip]}),
    };
    cloud.get("ContinueUpdateRollback", way_out);
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE", "{:#?}", lines(&mut cloud, &id, 0));
    assert_eq!(cloud.status(&id), "UPDATE_ROLLBACK_COMPLETE");
    let told = lines(&mut cloud, &id, 0);
    assert!(
        told.iter()
            .any(|line| *line == format!("{failed} UPDATE_COMPLETE Resource skipped during UpdateRollback")),
        "{told:#?}"
    );
}

/// A stack whose rollback has failed in its nested stack.
fn stuck() -> Cloud {
    let mut cloud = Cloud::new();
    let url = child(&mut cloud, "child.json", "unused");
    cloud.create("s", &around(&url, "one"));
    let id = child_id(&mut cloud);
    let name = cloud.stack(&id)["StackName"].as_str().unwrap_or_default().to_owned();
    for (stack, resource, phase) in [
        ("s", "P", FaultPhase::Update),
        (name.as_str(), "T", FaultPhase::Rollback),
        (name.as_str(), "P", FaultPhase::Rollback),
    ] {
        cloud.world.faults.fail(stack, resource, phase, "no");
    }
    update(&mut cloud, &around(&url, "two"));
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_FAILED");
    cloud
}

#[test]
fn a_nested_stack_itself_is_skipped_only_while_it_is_being_deleted() {
    let mut cloud = stuck();
    let resources = cloud.resources("s");
    let nested =
        resources.iter().find(|one| one["ResourceType"] == "AWS::CloudFormation::Stack").expect("one");
    let request = json!({"StackName": "s", "ResourcesToSkip": [nested["LogicalResourceId"]]});
    let refusal = cloud.refused("ContinueUpdateRollback", request);
    assert!(refusal.contains("a nested stack can only while it is being deleted"), "{refusal}");
}

#[test]
fn a_template_that_holds_itself_is_stopped() {
    let mut cloud = Cloud::new();
    let url = "https://templates.s3.us-east-1.amazonaws.com/self.json";
    let body =
        template(json!({"C": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}));
    cloud.url("self.json", &body.to_string());
    cloud.create("s", &body);
    assert_eq!(cloud.status("s"), "ROLLBACK_COMPLETE", "{:#?}", lines(&mut cloud, "s", 0));
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();
    let alive = cloud.get("DescribeStacks", json!({}))["Stacks"].as_array().map(Vec::len);
    assert_eq!(alive, Some(0));
}
