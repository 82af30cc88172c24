//! What CloudFormation finds wrong before anything is touched, and who is told of it.

use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, lines, template};

fn queue(properties: Value) -> Value {
    template(json!({"Q": {"Type": "AWS::SQS::Queue", "Properties": properties}}))
}

fn change_set(cloud: &mut Cloud, body: &Value, more: Value) -> Value {
    let mut request = json!({
        "StackName": "s", "ChangeSetName": "c", "TemplateBody": body.to_string(), "Capabilities": CAPABILITIES,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        request[name.as_str()] = value.clone();
    }
    cloud.get("CreateChangeSet", request);
    cloud.pass(60);
    cloud.get("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}))
}

fn found(cloud: &mut Cloud, question: Value) -> Vec<Value> {
    let answer = cloud.get("DescribeEvents", question);
    let events = answer["OperationEvents"].as_array().cloned().unwrap_or_default();
    events.into_iter().filter(|event| event["EventType"] == "VALIDATION_ERROR").collect()
}

#[test]
fn a_change_set_with_wrong_properties_fails_and_says_where() {
    let mut cloud = Cloud::new();
    cloud.create("s", &queue(json!({"QueueName": "q"})));
    let body = queue(json!({"QueueName": "q", "VisibilityTimeoutSeconds": 3, "Tags": [{"Value": "v"}]}));
    let made = change_set(&mut cloud, &body, json!({}));
    assert_eq!((&made["Status"], &made["ExecutionStatus"]), (&json!("FAILED"), &json!("UNAVAILABLE")));
    let reason = made["StatusReason"].as_str().expect("a reason");
    assert!(
        reason.starts_with(
            "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]."
        ),
        "{reason}"
    );
    let told = found(&mut cloud, json!({"ChangeSetName": made["ChangeSetId"]}));
    let told: Vec<String> = told
        .iter()
        .map(|one| {
            assert_eq!(
                (&one["ValidationName"], &one["ValidationFailureMode"]),
                (&json!("PROPERTY_VALIDATION"), &json!("FAIL"))
            );
            assert_eq!(one["LogicalResourceId"], "Q");
            format!(
                "{} {}",
                one["ValidationPath"].as_str().unwrap_or("-"),
                one["ValidationStatusReason"].as_str().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "/Resources/Q/Properties/Tags/0 Required property [Key] not found",
            "/Resources/Q/Properties Unsupported property [VisibilityTimeoutSeconds]",
        ]
    );
}

#[test]
fn without_validation_the_resource_itself_fails() {
    let mut cloud = Cloud::new();
    cloud.create("s", &queue(json!({"QueueName": "q"})));
    let body = queue(json!({"QueueName": "q", "VisibilityTimeoutSeconds": 3}));
    let made = change_set(&mut cloud, &body, json!({"DisableValidation": true}));
    assert_eq!(made["Status"], "CREATE_COMPLETE", "{made}");
    cloud.get("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE");
    let told = lines(&mut cloud, "s", 0);
    let failed = "Q UPDATE_FAILED Properties validation failed for resource Q with message:\n\
                  #: extraneous key [VisibilityTimeoutSeconds] is not permitted";
    assert!(told.iter().any(|line| line == failed), "{told:#?}");
}

#[test]
fn a_direct_update_ends_before_anything_is_touched() {
    let mut cloud = Cloud::new();
    cloud.create("s", &queue(json!({"QueueName": "q"})));
    let body = queue(json!({"QueueName": "q", "DelaySeconds": "soon"}));
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": body.to_string()}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE");
    let told = lines(&mut cloud, "s", 0);
    assert!(told.iter().all(|line| !line.starts_with("Q UPDATE")), "{told:#?}");
    let found = found(&mut cloud, json!({"StackName": "s"}));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["ValidationStatusReason"], "#/DelaySeconds: expected type: Integer, found: String");
}

#[test]
fn a_name_that_is_there_is_found_and_one_that_the_resource_has_itself_is_not() {
    let mut cloud = Cloud::new();
    cloud.create(
        "other",
        &template(json!({"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "taken"}}})),
    );
    cloud.create("s", &queue(json!({"QueueName": "q"})));
    let mut body = queue(json!({"QueueName": "q", "DelaySeconds": 3}));
    assert_eq!(change_set(&mut cloud, &body, json!({}))["Status"], "CREATE_COMPLETE");
    cloud.get("DeleteChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}));
    body["Resources"]["N"] = json!({"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "taken"}});
    let made = change_set(&mut cloud, &body, json!({}));
    assert!(
        made["StatusReason"].as_str().is_some_and(|reason| reason.contains("ResourceExistenceCheck")),
        "{made}"
    );
    let told = found(&mut cloud, json!({"ChangeSetName": made["ChangeSetId"]}));
    assert_eq!(
        told[0]["ValidationStatusReason"],
        "Resource of type 'AWS::SQS::Queue' with identifier 'taken' already exists."
    );
    assert_eq!(told[0]["ValidationPath"], "/Resources/N");
}

#[test]
fn a_type_that_isnt_published_is_refused_at_once() {
    let mut cloud = Cloud::new();
    let body = template(json!({
        "A": {"Type": "AWS::SQS::Que"}, "B": {"Type": "AWS::Nothing::AtAll"}, "C": {"Type": "Custom::It", "Properties": {"ServiceToken": "t"}},
    }));
    let refused = cloud
        .ask("CreateStack", json!({"StackName": "s", "TemplateBody": body.to_string()}))
        .expect_err("refused");
    assert_eq!(
        refused.message,
        "Template format error: Unrecognized resource types: [AWS::Nothing::AtAll, AWS::SQS::Que]"
    );
}

#[test]
fn what_is_known_only_later_is_held_when_it_is_known() {
    let mut cloud = Cloud::new();
    let body = template(json!({
        "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "no number"}},
        "Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": {"Fn::GetAtt": ["P", "Value"]}}},
    }));
    cloud.create("s", &body);
    assert_eq!(cloud.status("s"), "ROLLBACK_COMPLETE");
    let told = lines(&mut cloud, "s", 0);
    let failed = "Q CREATE_FAILED Properties validation failed for resource Q with message:\n\
                  #/DelaySeconds: expected type: Integer, found: String";
    assert!(told.iter().any(|line| line == failed), "{told:#?}");
}

#[test]
fn what_isnt_simulated_is_refused_by_name() {
    let mut cloud = Cloud::new();
    let body = queue(json!({})).to_string();
    let cases = [
        (json!({"DeploymentMode": "ANOTHER"}), "DeploymentMode ANOTHER"),
        (json!({"DeploymentConfig": {"Mode": "EXPRESS"}}), "DeploymentConfig with the mode EXPRESS"),
        (json!({"ResourcesToImport": [{}]}), "Importing resources"),
        (json!({"ChangeSetType": "IMPORT"}), "Change sets of type IMPORT"),
    ];
    for (more, named) in cases {
        let mut request =
            json!({"StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": body});
        for (name, value) in more.as_object().into_iter().flatten() {
            request[name.as_str()] = value.clone();
        }
        let refused = cloud.refused("CreateChangeSet", request);
        assert!(refused.contains(named) && refused.contains("simulated in this local cloud"), "{refused}");
    }
    // What says what is so anyway is taken.
    let request = json!({"StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": body,
        "DeploymentConfig": {"Mode": "STANDARD", "DisableRollback": true}, "ImportExistingResources": true, "ResourcesToImport": ""});
    cloud.get("CreateChangeSet", request);
    // What would have to be imported is there.
    cloud.create("other", &queue(json!({"QueueName": "q"})));
    let request = json!({"StackName": "t", "ChangeSetName": "c", "ChangeSetType": "CREATE", "ImportExistingResources": true,
        "TemplateBody": queue(json!({"QueueName": "q"})).to_string()});
    let refused = cloud.refused("CreateChangeSet", request);
    assert!(refused.contains("Importing resources that exist ([Q]) isn't simulated"), "{refused}");
}

#[test]
fn a_stack_that_cant_be_deleted_can_be_deleted_by_force() {
    let mut cloud = Cloud::new();
    cloud.create("s", &queue(json!({"QueueName": "q"})));
    let by_force = json!({"StackName": "s", "DeletionMode": "FORCE_DELETE_STACK"});
    assert!(cloud.refused("DeleteStack", by_force.clone()).contains("DELETE_FAILED"));
    cloud.world.faults.fail("s", "Q", localcloud::faults::FaultPhase::Delete, "no");
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();
    assert_eq!(cloud.status("s"), "DELETE_FAILED");
    let id = cloud.stack("s")["StackId"].clone();
    cloud.get("DeleteStack", by_force);
    cloud.settle();
    assert_eq!(cloud.status(id.as_str().expect("an id")), "DELETE_COMPLETE");
    assert!(
        cloud.world.generic.exists("AWS::SQS::Queue", "https://sqs.us-east-1.amazonaws.com/000000000000/q"),
        "it stays"
    );
}

#[test]
fn an_import_that_isnt_there_yet_is_known_later_and_said() {
    let mut cloud = Cloud::new();
    let body = |value: Value| {
        template(
            json!({"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}}),
        )
    };
    cloud.create("s", &body(json!("a")));
    let made = change_set(&mut cloud, &body(json!({"Fn::ImportValue": "not-there"})), json!({}));
    assert_eq!((&made["Status"], &made["StatusReason"]), (&json!("CREATE_COMPLETE"), &Value::Null));
    let named = json!({"StackName": "s", "ChangeSetName": "c", "IncludePropertyValues": true});
    let made = cloud.get("DescribeChangeSet", named);
    let words = "[WARN] --include-property-values option can return incomplete ChangeSet data because: ChangeSet creation failed for \
                 resource [P] because: No export named not-there";
    assert_eq!(made["StatusReason"], words);
    let after = made["Changes"][0]["ResourceChange"]["AfterContext"].as_str().expect("values");
    assert!(after.contains("{{changeSet:KNOWN_AFTER_APPLY}}"), "{after}");
}
