//! What the answers of CloudFormation's operations hold.

use localcloud::faults::FaultPhase;
use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, first_failure, one, parameter, template};

#[test]
fn lists_have_pages() {
    let mut cloud = Cloud::new();
    let many: serde_json::Map<String, Value> =
        (0..120).map(|number| (format!("P{number}"), parameter("x"))).collect();
    cloud.create("s", &template(json!(many)));
    let first = cloud.get("DescribeStackEvents", json!({"StackName": "s"}));
    assert_eq!(first["StackEvents"].as_array().map(Vec::len), Some(100));
    assert_eq!(first["StackEvents"][0]["ResourceStatus"], "CREATE_COMPLETE");
    assert_eq!(cloud.events("s").len(), 2 + 3 * 120);
    assert_eq!(cloud.resources("s").len(), 120);
    assert_eq!(
        cloud.refused("ListStackResources", json!({"StackName": "s", "NextToken": "x"})),
        "ValidationError Invalid NextToken"
    );
}

#[test]
fn a_template_says_what_it_needs() {
    let mut cloud = Cloud::new();
    let body = json!({
        "Description": "d",
        "Parameters": {"V": {"Type": "String", "Default": "a", "AllowedValues": ["a", "b"]}},
        "Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}},
    });
    let summary = cloud.get("GetTemplateSummary", json!({"TemplateBody": body.to_string()}));
    assert_eq!(summary["Capabilities"], json!(["CAPABILITY_IAM"]));
    assert_eq!(
        summary["CapabilitiesReason"],
        "The following resource(s) require capabilities: [AWS::IAM::Role]"
    );
    assert_eq!(summary["ResourceTypes"], json!(["AWS::IAM::Role"]));
    assert_eq!(summary["Parameters"][0]["ParameterConstraints"]["AllowedValues"], json!(["a", "b"]));
    let validated = cloud
        .get("ValidateTemplate", json!({"TemplateBody": body.to_string(), "Capabilities": CAPABILITIES}));
    assert_eq!(validated["Description"], "d");
    assert_eq!(validated["Parameters"][0]["ParameterKey"], "V");
}

#[test]
fn events_are_told_by_operation() {
    let mut cloud = Cloud::new();
    cloud.create("s", &one("x"));
    cloud.world.faults.fail("s", "P", FaultPhase::Update, "no");
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": one("y").to_string()}));
    cloud.settle();
    let operations = cloud.stack("s")["LastOperations"].clone();
    let kinds: Vec<&Value> =
        operations.as_array().into_iter().flatten().map(|one| &one["OperationType"]).collect();
    assert_eq!(json!(kinds), json!(["ROLLBACK", "UPDATE_STACK", "CREATE_STACK"]));
    let told = |cloud: &mut Cloud, request: Value| -> Vec<String> {
        let events = cloud.all("DescribeEvents", "OperationEvents", request);
        events
            .iter()
            .map(|event| {
                format!("{} {} {}", event["EventType"], event["LogicalResourceId"], event["ResourceStatus"])
                    .replace('"', "")
            })
            .collect()
    };
    let update = operations[1]["OperationId"].clone();
    assert_eq!(
        told(&mut cloud, json!({"OperationId": update})),
        [
            "PROVISIONING_ERROR P UPDATE_FAILED",
            "PROGRESS_EVENT P UPDATE_IN_PROGRESS",
            "STACK_EVENT s UPDATE_IN_PROGRESS"
        ]
    );
    assert_eq!(
        told(&mut cloud, json!({"StackName": "s", "Filters": {"FailedEvents": true}})),
        ["PROVISIONING_ERROR P UPDATE_FAILED"]
    );
    assert!(cloud.refused("DescribeEvents", json!({})).starts_with("ValidationError One of ChangeSetName"));
    assert!(cloud.refused("EstimateTemplateCost", json!({})).starts_with("ValidationError Costs"));
}

#[test]
fn many_change_sets_have_pages() {
    let mut cloud = Cloud::new();
    cloud.create("s", &one("x"));
    for number in 0..105 {
        let request = json!({"StackName": "s", "ChangeSetName": format!("c{number}"), "TemplateBody": one("y").to_string()});
        cloud.get("CreateChangeSet", request);
    }
    let first = cloud.get("ListChangeSets", json!({"StackName": "s"}));
    assert_eq!(first["Summaries"].as_array().map(Vec::len), Some(100));
    assert_eq!(cloud.all("ListChangeSets", "Summaries", json!({"StackName": "s"})).len(), 105);
}

#[test]
fn times_and_metadata_are_told_as_recorded() {
    let mut cloud = Cloud::new();
    cloud.create("direct", &one("x"));
    assert_eq!(cloud.stack("direct").get("LastUpdatedTime"), None);
    let detail = json!({"StackName": "direct", "LogicalResourceId": "P"});
    assert_eq!(cloud.get("DescribeStackResource", detail)["StackResourceDetail"]["Metadata"], "{}");
    let request = json!({"StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": one("x").to_string()});
    cloud.get("CreateChangeSet", request);
    cloud.pass(60);
    cloud.get("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}));
    cloud.settle();
    assert!(cloud.stack("s").get("LastUpdatedTime").is_some());
    cloud.world.faults.fail("undone", "P", FaultPhase::Create, "no");
    cloud.create("undone", &one("x"));
    assert_eq!(cloud.status("undone"), "ROLLBACK_COMPLETE");
    assert!(cloud.stack("undone").get("DeletionTime").is_some());
    let times: Vec<String> =
        cloud.events("undone").iter().map(|event| event["Timestamp"].to_string()).collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
}

#[test]
fn physical_ids_have_the_parts_that_templates_take_out() {
    let mut cloud = Cloud::new();
    let mut body = template(json!({
        "P": parameter("x"),
        "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"LayerName": "l", "Content": {"S3Bucket": "bucket", "S3Key": "k"}}},
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"RoleArn": "arn:aws:iam::000000000000:role/r", "StateMachineName": "m"}},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"Name": "r", "EventBusName": "bus", "ScheduleExpression": "rate(1 day)"}},
        "Baseline": {"Type": "AWS::SSM::PatchBaseline", "Properties": {"Name": "name"}},
        "Api": {"Type": "AWS::AppSync::GraphQLApi", "Properties": {"Name": "n", "AuthenticationType": "API_KEY"}},
    }));
    body["Outputs"] = json!({"Rule": {"Value": {"Fn::GetAtt": ["Rule", "Arn"]}}});
    cloud.create("s", &body);
    assert_eq!(
        first_failure(&mut cloud, "s"),
        None,
        "{}",
        cloud.get("DescribeEvents", json!({"StackName": "s"}))
    );
    let outputs = cloud.stack("s")["Outputs"].clone();
    assert_eq!(outputs[0]["OutputValue"], "arn:aws:events:us-east-1:000000000000:rule/bus/r");
    for (logical_id, beginning) in [
        // Recorded (`test_stack_deploy_order`).
        ("P", "CFN-P-"),
        ("Layer", "arn:aws:lambda:us-east-1:000000000000:layer:l:1"),
        ("Machine", "arn:aws:states:us-east-1:000000000000:stateMachine:m"),
        ("Baseline", "pb-"),
        ("Api", "arn:aws:appsync:us-east-1:000000000000:apis/"),
    ] {
        let resources = cloud.resources("s");
        let found = resources.iter().find(|one| one["LogicalResourceId"] == logical_id).expect("made");
        let id = found["PhysicalResourceId"].as_str().unwrap_or_default();
        assert!(id.starts_with(beginning), "{logical_id}: {id}");
    }
}
