//! Stack policies: what they refuse, also to dependants, and what overrides them.

use serde_json::{Value, json};

use crate::support::{Cloud, lines, template};

/// A topic, and a parameter that names it.
fn body(topic: &str, with_other: bool) -> Value {
    let mut resources = json!({
        "T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": topic}},
        "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "T"}}},
    });
    if with_other {
        resources["O"] =
            json!({"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "o"}});
    }
    template(resources)
}

fn denying(action: &str, resource: &str) -> String {
    let all = json!({"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"});
    let denied = json!({"Effect": "Deny", "Action": action, "Principal": "*", "Resource": resource});
    json!({"Statement": [all, denied]}).to_string()
}

#[test]
fn a_policy_stops_an_update_where_it_would_touch_what_is_protected() {
    let words = |action: &str, resource: &str| {
        format!(
            "Action denied by stack policy: Statement [#2] does not allow [{action}] for resource [{resource}];"
        )
    };
    let nothing = r#"{"Statement": []}"#.to_owned();
    for (policy, next, expected) in [
        (
            denying("Update:Replace", "LogicalResourceId/T"),
            body("two", true),
            Some(("T", words("Update:Replace", "LogicalResourceId/T"))),
        ),
        // The parameter changes only because the topic does.
        (
            denying("Update:*", "LogicalResourceId/P"),
            body("two", true),
            Some(("P", words("Update:*", "LogicalResourceId/P"))),
        ),
        (denying("Update:Modify", "LogicalResourceId/T"), body("two", true), None),
        (denying("Update:Delete", "*"), body("one", false), Some(("O", words("Update:Delete", "*")))),
        (nothing, body("two", true), Some(("T", "Action not allowed by stack policy".to_owned()))),
    ] {
        let mut cloud = Cloud::new();
        let request = json!({"StackName": "s", "TemplateBody": body("one", true).to_string(), "StackPolicyBody": policy});
        cloud.get("CreateStack", request);
        cloud.settle();
        assert_eq!(cloud.get("GetStackPolicy", json!({"StackName": "s"}))["StackPolicyBody"], json!(policy));
        let skip = cloud.events("s").len();
        cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": next.to_string()}));
        cloud.settle();
        let told = lines(&mut cloud, "s", skip);
        match expected {
            Some((resource, words)) => {
                assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE", "{policy}: {told:#?}");
                assert!(told.contains(&format!("{resource} UPDATE_FAILED {words}")), "{policy}: {told:#?}");
            }
            None => assert_eq!(cloud.status("s"), "UPDATE_COMPLETE", "{policy}: {told:#?}"),
        }
        assert_eq!(cloud.resources("s").len(), 3, "{policy}");
    }
}

#[test]
fn a_policy_can_be_set_and_overridden_for_one_update() {
    let mut cloud = Cloud::new();
    cloud.create("s", &body("one", true));
    assert_eq!(cloud.get("GetStackPolicy", json!({"StackName": "s"})), json!({}));
    let policy = denying("Update:*", "LogicalResourceId/T");
    cloud.get("SetStackPolicy", json!({"StackName": "s", "StackPolicyBody": policy}));
    let free =
        r#"{"Statement": {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}}"#;
    let request = json!({
        "StackName": "s", "TemplateBody": body("two", true).to_string(), "StackPolicyDuringUpdateBody": free,
    });
    cloud.get("UpdateStack", request);
    // Recorded: it is told while the update goes on.
    assert_eq!(cloud.get("GetStackPolicy", json!({"StackName": "s"}))["StackPolicyBody"], json!(free));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
    assert_eq!(cloud.get("GetStackPolicy", json!({"StackName": "s"}))["StackPolicyBody"], json!(policy));
    // It was for that update alone.
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": body("three", true).to_string()}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE");
    // Recorded refusals.
    for (request, expected) in [
        (
            json!({"StackName": "s", "StackPolicyBody": free, "StackPolicyURL": "https://c4.s3.amazonaws.com/policy.json"}),
            "ValidationError You cannot specify both StackPolicyURL and StackPolicyBody",
        ),
        (
            json!({"StackName": "s", "StackPolicyBody": denying("Delete:*", "*")}),
            "ValidationError Error validating stack policy: Invalid stack policy",
        ),
    ] {
        assert_eq!(cloud.refused("SetStackPolicy", request), expected);
    }
}

#[test]
fn a_policy_that_comes_with_an_update_is_the_stacks_once_the_update_is_complete() {
    let mut cloud = Cloud::new();
    cloud.create("s", &body("one", true));
    let policy = denying("Update:*", "*");
    let request = |value: &str| json!({"StackName": "s", "TemplateBody": body(value, true).to_string(), "StackPolicyBody": policy});
    cloud.get("UpdateStack", request("two"));
    // Recorded (`test_set_policy_with_update_operation`).
    assert_eq!(cloud.get("GetStackPolicy", json!({"StackName": "s"})), json!({}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
    assert_eq!(cloud.get("GetStackPolicy", json!({"StackName": "s"}))["StackPolicyBody"], json!(policy));
    cloud.get("UpdateStack", request("three"));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE");
}
