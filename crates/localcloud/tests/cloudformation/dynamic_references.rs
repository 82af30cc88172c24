//! `{{resolve:…}}`, as measured on AWS (`cdktn-io/terraform-provider-cfncompat`, "Live AWS Test Results", T6 to T9).

use localcloud::wire::Service;
use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, first_failure, lines, one, parameter, template};

const PASSWORD: &str = "hunter2-is-secret";

/// A cloud with parameters and secrets.
fn furnished() -> Cloud {
    let mut cloud = Cloud::new();
    for (name, kind, values) in [
        ("/live/str", "String", &["hello-v1", "hello-v2"][..]),
        ("/live/list", "StringList", &["a,b, c ,d"]),
        ("/live/secure", "SecureString", &[PASSWORD]),
    ] {
        for value in values {
            put_parameter(&mut cloud, name, kind, value);
        }
    }
    for (name, values) in [
        (
            "live/json",
            &[r#"{"user": "u1", "password": "p1"}"#, r#"{"user": "u2", "password": "hunter2-is-secret"}"#][..],
        ),
        ("live/plain", &["plaintext"]),
    ] {
        let ask =
            |cloud: &mut Cloud, operation, input| cloud.service(Service::SecretsManager, operation, input);
        ask(&mut cloud, "CreateSecret", json!({"Name": name, "SecretString": values[0]})).expect("made");
        for value in &values[1..] {
            ask(&mut cloud, "PutSecretValue", json!({"SecretId": name, "SecretString": value})).expect("put");
        }
    }
    cloud
}

fn put_parameter(cloud: &mut Cloud, name: &str, kind: &str, value: &str) {
    let request = json!({"Name": name, "Type": kind, "Value": value, "Overwrite": true});
    cloud.service(Service::ParameterStore, "PutParameter", request).expect("put");
}

/// What the parameter `/made` holds.
fn made(cloud: &mut Cloud) -> String {
    let answer =
        cloud.service(Service::ParameterStore, "GetParameter", json!({"Name": "/made"})).expect("there");
    answer["Parameter"]["Value"].as_str().expect("text").to_owned()
}

/// A stack whose parameter `/made` has this value.
fn body(value: &Value) -> Value {
    let properties = json!({"Name": "/made", "Type": "String", "Value": value});
    template(json!({"Made": {"Type": "AWS::SSM::Parameter", "Properties": properties}}))
}

#[test]
fn references_are_resolved_wherever_they_stand_in_a_text() {
    for (value, expected) in [
        (json!("{{resolve:ssm:/live/str}}"), "hello-v2"),
        (json!("{{resolve:ssm:/live/str:1}}"), "hello-v1"),
        (json!("{{resolve:ssm:/live/list}}"), "a,b, c ,d"),
        (json!("before-{{resolve:ssm:/live/str:1}}-after"), "before-hello-v1-after"),
        (json!("A={{resolve:ssm:/live/str:1}}_B={{resolve:ssm:/live/str:2}}"), "A=hello-v1_B=hello-v2"),
        (json!({"Fn::Sub": "{{resolve:ssm:/live/${N}}}"}), "hello-v2"),
        (json!({"Fn::Join": ["", ["{", "{", "resolve:ssm:/live/str", "}", "}"]]}), "hello-v2"),
        (json!("{{resolve:ssm:/aws/service/none}}"), "ami-"),
        (json!("{{resolve:secretsmanager:live/json:SecretString:user}}"), "u2"),
        (json!("{{resolve:secretsmanager:live/json:SecretString:user:AWSPREVIOUS}}"), "u1"),
        (json!("{{resolve:secretsmanager:live/plain}}"), "plaintext"),
        (json!("{{resolve:secretsmanager:live/plain:SecretString}}"), "plaintext"),
        (json!("<{{resolve:secretsmanager:live/json:SecretString:user}}>"), "<u2>"),
        (json!("{{other:ssm:/live/str}}"), "{{other:ssm:/live/str}}"),
    ] {
        let mut cloud = furnished();
        let mut body = body(&value);
        body["Parameters"] = json!({"N": {"Type": "String", "Default": "str"}});
        cloud.create("s", &body);
        assert!(made(&mut cloud).starts_with(expected), "{value}: {}", made(&mut cloud));
    }
}

#[test]
fn a_secret_is_found_by_its_arn_and_a_name_by_what_a_resource_gives() {
    let mut cloud = furnished();
    let found = cloud.service(Service::SecretsManager, "DescribeSecret", json!({"SecretId": "live/json"}));
    let arn = found.expect("there")["ARN"].as_str().expect("text").to_owned();
    cloud.create("s", &body(&json!(format!("{{{{resolve:secretsmanager:{arn}:SecretString:user}}}}"))));
    assert_eq!(made(&mut cloud), "u2");
    let mut late = body(&json!({"Fn::Sub": "{{resolve:ssm:${First}}}"}));
    late["Resources"]["First"] = parameter("from the first");
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": late.to_string()}));
    cloud.settle();
    assert_eq!(made(&mut cloud), "from the first");
}

#[test]
fn what_cannot_be_resolved_is_refused_or_fails_in_aws_words() {
    // When the request is made.
    for (value, words) in [
        ("{{resolve:ssm:/live/none}}", "Parameters: [ssm:/live/none] cannot be found."),
        ("{{resolve:ssm:/live/str:99}}", "Parameters: [ssm:/live/str:99] cannot be found."),
        (
            "{{resolve:ssm:/live/str:prod}}",
            "Incorrect format is used in the following SSM reference: [{{resolve:ssm:/live/str:prod}}]",
        ),
        (
            "{{resolve:ssm-secure:/live/secure:prod}}",
            "Incorrect format is used in the following SSM reference: [{{resolve:ssm-secure:/live/secure:prod}}]",
        ),
        (
            "{{resolve:ssm:/live/secure:1}}",
            "Non-secure ssm prefix was used for secure parameter /live/secure",
        ),
        (
            "{{resolve:ssm-secure:/live/secure:1}}",
            "SSM Secure reference is not supported in: [AWS::SSM::Parameter/Properties/Value]",
        ),
    ] {
        let mut cloud = furnished();
        let request = json!({"StackName": "s", "TemplateBody": body(&json!(value)).to_string()});
        assert_eq!(cloud.refused("CreateStack", request), format!("ValidationError {words}"), "{value}");
    }
    // When the operation begins, or the resource is made.
    for (value, words) in [
        (
            "{{resolve:ssm-secure:/live/secure}}",
            "s ROLLBACK_IN_PROGRESS SSM Secure reference is not supported in: [AWS::SSM::Parameter/Properties/Value]. \
             Rollback requested by user.",
        ),
        (
            "{{resolve:secretsmanager:live/json:SecretString:none}}",
            "Made CREATE_FAILED Could not find a value associated with JSONKey in SecretString",
        ),
        (
            "{{resolve:secretsmanager:live/plain:SecretString:password}}",
            "Made CREATE_FAILED Could not parse SecretString JSON",
        ),
        (
            "{{resolve:secretsmanager:live/none}}",
            "Made CREATE_FAILED Secrets Manager can't find the specified secret. (Service: AWSSecretsManager; Status \
             Code: 400; Error Code: ResourceNotFoundException;",
        ),
    ] {
        let mut cloud = furnished();
        cloud.create("s", &body(&json!(value)));
        let failed = first_failure(&mut cloud, "s").unwrap_or_default();
        assert!(failed.starts_with(words.trim_end_matches('.')), "{value}: {failed}");
    }
    let mut cloud = furnished();
    let mut body = one("x");
    body["Parameters"] = json!({"N": {"Type": "String", "Default": "{{resolve:ssm:/live/str}}"}});
    assert_eq!(
        cloud.refused("CreateStack", json!({"StackName": "s", "TemplateBody": body.to_string()})),
        "ValidationError Template error: parameter N should not contain ssm versionless resolver"
    );
}

#[test]
fn a_plain_reference_is_read_anew_by_every_update_and_a_secret_when_its_resource_changes() {
    let mut cloud = furnished();
    let plain = body(&json!("{{resolve:ssm:/live/str}}"));
    cloud.create("s", &plain);
    put_parameter(&mut cloud, "/live/str", "String", "hello-v3");
    let request = json!({"StackName": "s", "TemplateBody": plain.to_string()});
    cloud.get("UpdateStack", request.clone());
    cloud.settle();
    assert_eq!(made(&mut cloud), "hello-v3");
    // Nothing has changed, and it is an update all the same.
    let before = cloud.events("s").len();
    cloud.get("UpdateStack", request);
    cloud.settle();
    assert_eq!(
        lines(&mut cloud, "s", before),
        ["s UPDATE_IN_PROGRESS User Initiated", "s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "s UPDATE_COMPLETE"]
    );
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();

    let mut secret = body(&json!("{{resolve:secretsmanager:live/json:SecretString:user}}"));
    cloud.create("t", &secret);
    let value = json!({"SecretId": "live/json", "SecretString": r#"{"user": "u3"}"#});
    cloud.service(Service::SecretsManager, "PutSecretValue", value).expect("put");
    secret["Resources"]["Other"] = parameter("other");
    cloud.get("UpdateStack", json!({"StackName": "t", "TemplateBody": secret.to_string()}));
    cloud.settle();
    assert_eq!(made(&mut cloud), "u2");
    secret["Resources"]["Made"]["Properties"]["Description"] = json!("changed");
    cloud.get("UpdateStack", json!({"StackName": "t", "TemplateBody": secret.to_string()}));
    cloud.settle();
    assert_eq!(made(&mut cloud), "u3");
}

#[test]
fn a_change_set_sees_what_a_plain_reference_gives_and_its_execution_reads_it_anew() {
    let mut cloud = furnished();
    let plain = body(&json!("{{resolve:ssm:/live/str}}"));
    cloud.create("s", &plain);
    let change_set = |cloud: &mut Cloud, name: &str| {
        let request = json!({"StackName": "s", "ChangeSetName": name, "TemplateBody": plain.to_string()});
        cloud.get("CreateChangeSet", request);
        cloud.pass(60);
        cloud.get(
            "DescribeChangeSet",
            json!({"StackName": "s", "ChangeSetName": name, "IncludePropertyValues": true}),
        )
    };
    assert_eq!(change_set(&mut cloud, "same")["Status"], "FAILED");
    put_parameter(&mut cloud, "/live/str", "String", "hello-v3");
    let told = change_set(&mut cloud, "other");
    let target = &told["Changes"][0]["ResourceChange"]["Details"][0]["Target"];
    assert_eq!((&target["BeforeValue"], &target["AfterValue"]), (&json!("hello-v2"), &json!("hello-v3")));
    put_parameter(&mut cloud, "/live/str", "String", "hello-v4");
    cloud.get("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "other"}));
    cloud.settle();
    assert_eq!(made(&mut cloud), "hello-v4");
}

#[test]
fn no_answer_and_no_event_shows_what_a_secret_reference_gives() {
    let mut cloud = furnished();
    let reference = "{{resolve:secretsmanager:live/json:SecretString:password}}";
    let mut body = body(&json!(reference));
    body["Resources"]["User"] = json!({"Type": "AWS::IAM::User", "Properties":
        {"LoginProfile": {"Password": "{{resolve:ssm-secure:/live/secure}}"}}});
    // A service that repeats what it was given: the name has a space.
    body["Resources"]["Wrong"] = json!({"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Sub": format!("{reference} x")}}});
    body["Outputs"] = json!({
        "Kept": {"Value": reference}, "Given": {"Value": {"Fn::GetAtt": ["Made", "Value"]}},
    });
    let request = json!({"StackName": "s", "TemplateBody": body.to_string(), "Capabilities": CAPABILITIES, "DisableRollback": true});
    cloud.get("CreateStack", request);
    cloud.settle();
    body["Resources"].as_object_mut().expect("resources").shift_remove("Wrong");
    cloud.get(
        "UpdateStack",
        json!({"StackName": "s", "TemplateBody": body.to_string(), "Capabilities": CAPABILITIES}),
    );
    cloud.settle();
    assert_eq!(made(&mut cloud), PASSWORD);
    let outputs = cloud.stack("s")["Outputs"].clone();
    assert_eq!(
        (&outputs[0]["OutputValue"], &outputs[1]["OutputValue"]),
        (&json!(reference), &json!(reference))
    );
    cloud.get("DetectStackDrift", json!({"StackName": "s"}));
    cloud.pass(60);
    for (operation, input) in [
        ("DescribeStacks", json!({"StackName": "s"})),
        ("DescribeStackEvents", json!({"StackName": "s"})),
        ("DescribeEvents", json!({"StackName": "s"})),
        ("DescribeStackResources", json!({"StackName": "s"})),
        ("DescribeStackResourceDrifts", json!({"StackName": "s"})),
        ("GetTemplate", json!({"StackName": "s"})),
    ] {
        let answer = cloud.get(operation, input).to_string();
        assert!(!answer.contains(PASSWORD), "{operation}: {answer}");
    }
    let drifts = cloud.get("DescribeStackResourceDrifts", json!({"StackName": "s"}));
    assert_eq!(drifts["StackResourceDrifts"][0]["StackResourceDriftStatus"], "IN_SYNC", "{drifts}");
}
