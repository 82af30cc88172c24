//! Serverless templates: what CloudFormation works on are the resources that they become.

use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud};

fn function(properties: Value) -> Value {
    let mut whole = json!({"CodeUri": "s3://code/f.zip", "Handler": "h", "Runtime": "python3.13"});
    if let (Some(whole), Value::Object(properties)) = (whole.as_object_mut(), properties) {
        whole.extend(properties);
    }
    json!({"Type": "AWS::Serverless::Function", "Properties": whole})
}

fn serverless(resources: Value) -> String {
    json!({"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}).to_string()
}

/// Logical id and type of a stack's resources.
fn resources(cloud: &mut Cloud, stack: &str) -> Vec<String> {
    let listed = cloud.get("ListStackResources", json!({"StackName": stack}));
    let line = |one: &Value| {
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("LogicalResourceId"), text("ResourceType"))
    };
    listed["StackResourceSummaries"].as_array().into_iter().flatten().map(line).collect()
}

#[test]
fn a_function_is_made_with_its_role_and_both_templates_are_told() {
    let mut cloud = Cloud::new();
    let body = serverless(json!({"F": function(json!({}))}));
    cloud.get("CreateStack", json!({"StackName": "s", "TemplateBody": body, "Capabilities": CAPABILITIES}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE");
    assert_eq!(resources(&mut cloud, "s"), ["F AWS::Lambda::Function", "FRole AWS::IAM::Role"]);
    let mut template = |stage: &str| {
        let told = cloud.get("GetTemplate", json!({"StackName": "s", "TemplateStage": stage}));
        serde_json::from_str::<Value>(told["TemplateBody"].as_str().unwrap_or_default()).expect("JSON")
    };
    assert_eq!(template("Original"), serde_json::from_str::<Value>(&body).expect("JSON"));
    let processed = template("Processed");
    assert_eq!(
        processed["Resources"]["F"]["Properties"]["Code"],
        json!({"S3Bucket": "code", "S3Key": "f.zip"})
    );
    assert_eq!(processed.get("Transform"), None);
}

#[test]
fn a_change_set_lists_what_resources_become() {
    let mut cloud = Cloud::new();
    let body = |memory: u32, more: bool| {
        let mut resources = json!({"F": function(json!({"MemorySize": memory}))});
        if more {
            resources["T"] = json!({"Type": "AWS::Serverless::SimpleTable"});
        }
        serverless(resources)
    };
    cloud.get(
        "CreateStack",
        json!({"StackName": "s", "TemplateBody": body(128, false), "Capabilities": CAPABILITIES}),
    );
    cloud.settle();
    cloud.get(
        "CreateChangeSet",
        json!({"StackName": "s", "ChangeSetName": "c", "TemplateBody": body(256, true), "Capabilities": CAPABILITIES}),
    );
    cloud.pass(60);
    let described = cloud.get("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}));
    let line = |change: &Value| {
        let change = &change["ResourceChange"];
        let text = |key: &str| change[key].as_str().unwrap_or_default();
        format!("{} {} {}", text("Action"), text("LogicalResourceId"), text("ResourceType"))
    };
    let changes: Vec<String> = described["Changes"].as_array().into_iter().flatten().map(line).collect();
    assert_eq!(changes, ["Modify F AWS::Lambda::Function", "Add T AWS::DynamoDB::Table"]);
}

#[test]
fn a_stack_is_made_directly_only_when_the_sender_lets_macros_run() {
    let mut cloud = Cloud::new();
    let body = serverless(json!({"F": function(json!({}))}));
    let request = json!({"StackName": "s", "TemplateBody": body, "Capabilities": ["CAPABILITY_IAM"]});
    assert_eq!(
        cloud.refused("CreateStack", request),
        "InsufficientCapabilitiesException Requires capabilities : [CAPABILITY_AUTO_EXPAND]"
    );
}

#[test]
fn what_is_not_known_is_refused_by_its_name() {
    let mut cloud = Cloud::new();
    for (resources, words) in [
        (
            json!({"G": {"Type": "AWS::Serverless::GraphQLApi", "Properties": {}}}),
            "Resource with id [G] is invalid. the type AWS::Serverless::GraphQLApi isn't known here",
        ),
        (
            json!({"F": function(json!({"CodeUri": "src/"}))}),
            "Resource with id [F] is invalid. CodeUri is \"src/\", which is no object in S3",
        ),
    ] {
        let body = serverless(resources);
        let request = json!({"StackName": "s", "TemplateBody": body, "Capabilities": CAPABILITIES});
        let refused = cloud.refused("CreateStack", request);
        assert!(
            refused.starts_with("ValidationError Transform AWS::Serverless-2016-10-31 failed with: "),
            "{refused}"
        );
        assert!(refused.contains(words), "{refused}");
        let request = json!({"StackName": "r", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": body, "Capabilities": CAPABILITIES});
        cloud.get("CreateChangeSet", request);
        cloud.pass(60);
        let described = cloud.get("DescribeChangeSet", json!({"StackName": "r", "ChangeSetName": "c"}));
        assert_eq!(described["Status"], "FAILED");
        assert!(
            described["StatusReason"].as_str().is_some_and(|reason| reason.contains(words)),
            "{described}"
        );
        cloud.get("DeleteStack", json!({"StackName": "r"}));
        cloud.settle();
    }
}

#[test]
fn an_application_of_the_repository_is_a_nested_stack_whose_content_is_said_to_be_unknown() {
    let mut cloud = Cloud::new();
    let id = "arn:aws:serverlessrepo:us-east-1:123456789012:applications/scaler";
    let location = json!({"ApplicationId": id, "SemanticVersion": "1.2.0"});
    let application = json!({"Type": "AWS::Serverless::Application", "Properties": {"Location": location, "Parameters": {"Size": 3}}});
    let body = serverless(json!({"Scaler": application}));
    cloud.get("CreateStack", json!({"StackName": "s", "TemplateBody": body, "Capabilities": CAPABILITIES}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE");
    let found = cloud.get("DescribeStackResource", json!({"StackName": "s", "LogicalResourceId": "Scaler"}));
    let nested = found["StackResourceDetail"]["PhysicalResourceId"].as_str().unwrap_or_default().to_owned();
    assert_eq!(resources(&mut cloud, &nested), Vec::<String>::new());
    assert_eq!(
        cloud.stack(&nested)["Description"],
        format!(
            "What the application {id} holds (version 1.2.0) is not simulated: no resource of it exists here."
        )
    );
}
