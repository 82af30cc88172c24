//! What each operation does, step by step, in CloudFormation's words.

use localcloud::Input;
use localcloud::faults::FaultPhase;
use localcloud::wire::Service;
use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, lines, one, parameter, template};

#[test]
fn a_change_set_without_changes_fails_and_cannot_be_executed() {
    let mut cloud = Cloud::new();
    cloud.create("s", &one("x"));
    let made = cloud.get(
        "CreateChangeSet",
        json!({"StackName": "s", "ChangeSetName": "c", "TemplateBody": one("x").to_string()}),
    );
    cloud.pass(60);
    let named = json!({"StackName": "s", "ChangeSetName": "c"});
    let described = cloud.get("DescribeChangeSet", named.clone());
    assert_eq!(described["Status"], "FAILED");
    assert_eq!(described["ExecutionStatus"], "UNAVAILABLE");
    assert_eq!(
        described["StatusReason"],
        "The submitted information didn't contain changes. Submit different information to create a change set."
    );
    let id = made["Id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        cloud.refused("ExecuteChangeSet", named),
        format!(
            "InvalidChangeSetStatus ChangeSet [{id}] cannot be executed in its current status of [FAILED]"
        )
    );
}

#[test]
fn a_failed_include_fails_the_change_set_as_recorded() {
    let mut cloud = Cloud::new();
    let included = |location: &str| {
        let properties =
            json!({"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": location}}});
        template(json!({"P": {"Type": "AWS::SSM::Parameter", "Properties": properties}})).to_string()
    };
    cloud.url("snippet.yml", "Type: String\nValue: included\n");
    for (name, location, status, reason) in [
        (
            "a",
            "s3://doesnotexist/key.yml",
            "FAILED",
            json!("Transform AWS::Include failed with: S3 bucket [doesnotexist] does not exist."),
        ),
        ("b", "s3://templates/snippet.yml", "CREATE_COMPLETE", Value::Null),
    ] {
        let request = json!({"StackName": name, "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": included(location), "Capabilities": CAPABILITIES});
        cloud.get("CreateChangeSet", request);
        cloud.pass(60);
        let described = cloud.get("DescribeChangeSet", json!({"StackName": name, "ChangeSetName": "c"}));
        assert_eq!((&described["Status"], &described["StatusReason"]), (&json!(status), &reason));
    }
    cloud.get("ExecuteChangeSet", json!({"StackName": "b", "ChangeSetName": "c"}));
    cloud.settle();
    assert_eq!(cloud.status("b"), "CREATE_COMPLETE");
    assert_eq!(cloud.stored_parameters(), ["included"]);
}

#[test]
fn executing_a_change_set_deletes_its_siblings_and_uses_captured_parameters() {
    let mut cloud = Cloud::new();
    let body = json!({
        "Parameters": {"V": {"Type": "String"}},
        "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "V"}}}},
    });
    let given = |value: &str| json!([{"ParameterKey": "V", "ParameterValue": value}]);
    cloud.get(
        "CreateStack",
        json!({"StackName": "s", "TemplateBody": body.to_string(), "Parameters": given("one")}),
    );
    cloud.settle();
    for name in ["two", "three"] {
        let request = json!({"StackName": "s", "ChangeSetName": name, "UsePreviousTemplate": "true", "Parameters": given(name)});
        cloud.get("CreateChangeSet", request);
    }
    cloud.pass(60);
    assert_eq!(
        cloud.get("ListChangeSets", json!({"StackName": "s"}))["Summaries"].as_array().map(Vec::len),
        Some(2)
    );
    cloud.get("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "two"}));
    cloud.settle();
    assert_eq!(cloud.stack("s")["Parameters"][0]["ParameterValue"], "two");
    assert_eq!(
        cloud.refused("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "three"})),
        "ChangeSetNotFound ChangeSet [three] does not exist"
    );
    let executed = cloud.get("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "two"}));
    assert_eq!(executed["ExecutionStatus"], "EXECUTE_COMPLETE");
    let values = cloud.stored_parameters();
    assert_eq!(values, ["two"]);
    // Recorded: it is listed no more, and its name is free.
    assert_eq!(cloud.get("ListChangeSets", json!({"StackName": "s"}))["Summaries"], json!([]));
    let request = json!({"StackName": "s", "ChangeSetName": "two", "UsePreviousTemplate": "true", "Parameters": given("four")});
    cloud.get("CreateChangeSet", request);
    cloud.pass(60);
    let renewed = cloud.get("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "two"}));
    assert_eq!(renewed["ExecutionStatus"], "AVAILABLE");
    let by_id = cloud.get("DescribeChangeSet", json!({"ChangeSetName": executed["ChangeSetId"]}));
    assert_eq!(by_id["ExecutionStatus"], "EXECUTE_COMPLETE");
}

#[test]
fn the_same_token_again_does_nothing_more() {
    let mut cloud = Cloud::new();
    let request = json!({"StackName": "s", "TemplateBody": one("x").to_string(), "ClientRequestToken": "t"});
    let first = cloud.get("CreateStack", request.clone());
    assert_eq!(cloud.get("CreateStack", request), first);
    cloud.settle();
    let update = json!({"StackName": "s", "TemplateBody": one("y").to_string(), "ClientRequestToken": "u"});
    cloud.get("UpdateStack", update.clone());
    cloud.settle();
    let events = cloud.events("s").len();
    cloud.get("UpdateStack", update);
    cloud.settle();
    let all = cloud.events("s");
    assert_eq!(all.len(), events);
    assert_eq!(all.last().map(|event| event["ClientRequestToken"].clone()), Some(json!("u")));
}

#[test]
fn secrets_are_shown_to_nobody() {
    let mut cloud = Cloud::new();
    let body = |name: &str| {
        json!({
            "Parameters": {"Secret": {"Type": "String", "NoEcho": true, "Default": "other"}},
            "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {
                "Type": "String", "Description": name,
                "Value": {"Fn::Join": ["", [{"Ref": "Secret"}, {"Fn::Base64": {"Fn::Sub": "echo ${Secret}"}}]]},
            }}},
        })
        .to_string()
    };
    let given = json!([{"ParameterKey": "Secret", "ParameterValue": "hunter2"}]);
    cloud.get("CreateStack", json!({"StackName": "s", "TemplateBody": body("one"), "Parameters": given}));
    cloud.settle();
    let kept = json!([{"ParameterKey": "Secret", "UsePreviousValue": true}]);
    cloud.get(
        "CreateChangeSet",
        json!({"StackName": "s", "ChangeSetName": "c", "TemplateBody": body("two"), "Parameters": kept}),
    );
    cloud.pass(60);
    let named = json!({"StackName": "s", "ChangeSetName": "c", "IncludePropertyValues": true});
    let mut shown = vec![cloud.get("DescribeChangeSet", named), cloud.stack("s")];
    cloud.world.faults.fail("s", "P", FaultPhase::Update, "no");
    cloud.get("ExecuteChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}));
    cloud.settle();
    shown.extend(cloud.events("s"));
    shown.push(cloud.get("GetTemplateSummary", json!({"StackName": "s"})));
    for answer in shown {
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
    }
    assert_eq!(cloud.stack("s")["Parameters"][0]["ParameterValue"], "****");
    assert_eq!(
        cloud.get("GetTemplateSummary", json!({"StackName": "s"}))["Parameters"][0]["DefaultValue"],
        "****"
    );
}

#[test]
fn a_failed_creation_is_undone_as_recorded() {
    let mut cloud = Cloud::new();
    let body = template(json!({
        "A": parameter("x"),
        "B": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": "abc123"}},
    }));
    // Recorded before stacks were validated beforehand.
    let request = json!({"StackName": "s", "TemplateBody": body.to_string(), "DisableValidation": true});
    cloud.get("CreateStack", request);
    cloud.settle();
    let told = [
        "s CREATE_IN_PROGRESS User Initiated",
        "A CREATE_IN_PROGRESS",
        "B CREATE_IN_PROGRESS",
        "A CREATE_IN_PROGRESS Resource creation Initiated",
        "B CREATE_FAILED Property validation failure: [The property {/Type} is required]",
        "A CREATE_FAILED Resource creation cancelled",
        "s ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [B, A]. Rollback requested by user.",
        "A DELETE_IN_PROGRESS",
        "B DELETE_COMPLETE",
        "A DELETE_COMPLETE",
        "s ROLLBACK_COMPLETE",
    ];
    assert_eq!(lines(&mut cloud, "s", 0), told);
    assert_eq!(
        cloud.refused("DescribeStackResource", json!({"StackName": "s", "LogicalResourceId": "B"})),
        "ValidationError Resource B does not exist for stack s"
    );
    let id = cloud.stack("s")["StackId"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        cloud.refused("UpdateStack", json!({"StackName": "s", "TemplateBody": one("x").to_string()})),
        format!("ValidationError Stack:{id} is in ROLLBACK_COMPLETE state and can not be updated.")
    );
}

#[test]
fn an_attribute_that_a_type_lacks_fails_the_creation_as_recorded() {
    let mut cloud = Cloud::new();
    let mut body = one("x");
    body["Outputs"] = json!({"InvalidOutput": {"Value": {"Fn::GetAtt": ["P", "Invalid"]}}});
    cloud.create("s", &body);
    let told = [
        "s CREATE_IN_PROGRESS User Initiated",
        "s ROLLBACK_IN_PROGRESS [Error] /Outputs/InvalidOutput/Value/Fn::GetAtt: Resource type AWS::SSM::Parameter does not support attribute {Invalid}. Rollback requested by user.",
        "s ROLLBACK_COMPLETE",
    ];
    assert_eq!(lines(&mut cloud, "s", 0), told);
}

#[test]
fn a_creation_that_cannot_be_undone_and_a_deletion_that_is_blocked() {
    let mut cloud = Cloud::new();
    cloud.world.faults.fail("s", "P", FaultPhase::Create, "no");
    cloud.world.faults.fail("s", "P", FaultPhase::Delete, "not gone");
    cloud.create("s", &one("x"));
    let stack = cloud.stack("s");
    assert_eq!(stack["StackStatus"], "ROLLBACK_FAILED");
    assert_eq!(stack["StackStatusReason"], "The following resource(s) failed to delete: [P]. ");
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();
    let stack = cloud.stack("s");
    assert_eq!(stack["StackStatus"], "DELETE_FAILED");
    assert_eq!(stack["StackStatusReason"], "The following resource(s) failed to delete: [P]. ");
    let id = stack["StackId"].as_str().unwrap_or_default().to_owned();
    cloud.get("DeleteStack", json!({"StackName": "s", "RetainResources": ["P"]}));
    cloud.settle();
    let told: Vec<String> = lines(&mut cloud, &id, 0).into_iter().rev().take(3).collect();
    assert_eq!(told, ["s DELETE_COMPLETE", "P DELETE_SKIPPED", "s DELETE_IN_PROGRESS User Initiated"]);
}

#[test]
fn what_is_done_when_a_creation_fails() {
    for (option, value, status) in [
        ("OnFailure", "ROLLBACK", "ROLLBACK_COMPLETE"),
        ("OnFailure", "DELETE", "DELETE_COMPLETE"),
        ("OnFailure", "DO_NOTHING", "CREATE_FAILED"),
        ("DisableRollback", "true", "CREATE_FAILED"),
        ("DisableRollback", "false", "ROLLBACK_COMPLETE"),
    ] {
        let mut cloud = Cloud::new();
        cloud.world.faults.fail("s", "P", FaultPhase::Create, "no");
        let made = cloud.get(
            "CreateStack",
            json!({"StackName": "s", "TemplateBody": one("x").to_string(), option: value}),
        );
        cloud.settle();
        assert_eq!(cloud.status(made["StackId"].as_str().unwrap_or_default()), status, "{option} {value}");
    }
}

#[test]
fn policies_decide_what_stays() {
    let with = |policies: Value, name: &str| {
        let mut resource = json!({"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x", "Name": name}});
        resource.as_object_mut().expect("an object").extend(policies.as_object().expect("an object").clone());
        template(json!({"P": resource, "Q": parameter("x")}))
    };
    for (policies, replaced, removed, deleted) in [
        (json!({}), "DELETE_COMPLETE", "DELETE_COMPLETE", "DELETE_COMPLETE"),
        (json!({"DeletionPolicy": "Retain"}), "DELETE_COMPLETE", "DELETE_SKIPPED", "DELETE_SKIPPED"),
        (
            json!({"DeletionPolicy": "RetainExceptOnCreate"}),
            "DELETE_COMPLETE",
            "DELETE_SKIPPED",
            "DELETE_SKIPPED",
        ),
        (json!({"UpdateReplacePolicy": "Retain"}), "DELETE_SKIPPED", "DELETE_COMPLETE", "DELETE_COMPLETE"),
    ] {
        let last_of = |cloud: &mut Cloud, id: &str| {
            cloud
                .events(id)
                .iter()
                .rev()
                .find(|event| event["LogicalResourceId"] == "P")
                .map(|event| event["ResourceStatus"].clone())
        };
        let update = |cloud: &mut Cloud, body: &Value| {
            cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": body.to_string()}));
            cloud.settle();
            assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
        };
        let mut cloud = Cloud::new();
        cloud.create("s", &with(policies.clone(), "one"));
        let id = cloud.stack("s")["StackId"].as_str().unwrap_or_default().to_owned();
        update(&mut cloud, &with(policies.clone(), "two"));
        assert_eq!(last_of(&mut cloud, "s"), Some(json!(replaced)), "{policies}");
        update(&mut cloud, &template(json!({"Q": parameter("x")})));
        assert_eq!(last_of(&mut cloud, "s"), Some(json!(removed)), "{policies}");
        update(&mut cloud, &with(policies.clone(), "three"));
        cloud.get("DeleteStack", json!({"StackName": "s"}));
        cloud.settle();
        assert_eq!(last_of(&mut cloud, &id), Some(json!(deleted)), "{policies}");
    }
}

#[test]
fn a_deletion_leaves_a_snapshot_where_the_policy_says_so() {
    let volume = |policy: Value| {
        json!({"Type": "AWS::EC2::Volume", "DeletionPolicy": policy,
            "Properties": {"AvailabilityZone": "us-east-1a", "Size": 8}})
    };
    // A database that says nothing is kept as a snapshot.
    let database = json!({"Type": "AWS::RDS::DBInstance", "Properties": {
        "Engine": "postgres", "DBInstanceClass": "db.t4g.small", "AllocatedStorage": "20",
        "MasterUsername": "root", "MasterUserPassword": "not-a-secret"}});
    let mut cloud = Cloud::new();
    let resources =
        json!({"Kept": volume(json!("Snapshot")), "Lost": volume(json!("Delete")), "Database": database});
    cloud.create("s", &template(resources));
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE");
    let id = cloud.stack("s")["StackId"].as_str().unwrap_or_default().to_owned();
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();
    assert_eq!(cloud.status(&id), "DELETE_COMPLETE", "{:?}", cloud.events(&id));
    let mut counted = |service, operation: &str, list: &str| {
        let at = cloud.world.now;
        let answer = cloud.world.handle(at, service, operation, Input(&json!({}))).expect("an answer");
        answer[list].as_array().map_or(0, Vec::len)
    };
    assert_eq!(counted(Service::Ec2, "DescribeSnapshots", "snapshotSet"), 1, "of the volume with the policy");
    assert_eq!(counted(Service::Rds, "DescribeDBSnapshots", "DBSnapshots"), 1, "of the database");
}

#[test]
fn an_undone_creation_keeps_what_is_to_be_retained_only_without_an_exception() {
    for (policy, status) in [("Retain", "DELETE_SKIPPED"), ("RetainExceptOnCreate", "DELETE_COMPLETE")] {
        let mut cloud = Cloud::new();
        let mut kept = parameter("x");
        kept["DeletionPolicy"] = json!(policy);
        let mut failing = parameter("x");
        failing["DependsOn"] = json!("P");
        cloud.world.faults.fail("s", "F", FaultPhase::Create, "no");
        cloud.create("s", &template(json!({"P": kept, "F": failing})));
        assert_eq!(cloud.status("s"), "ROLLBACK_COMPLETE");
        let events = cloud.events("s");
        let last = events.iter().rev().find(|event| event["LogicalResourceId"] == "P");
        assert_eq!(last.map(|event| event["ResourceStatus"].clone()), Some(json!(status)), "{policy}");
    }
}

#[test]
fn without_rollback_an_update_stops_and_can_be_retried_or_undone() {
    for retried in [true, false] {
        let mut cloud = Cloud::new();
        let two = |value: &str| {
            template(
                json!({"P": parameter(value), "Q": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::Sub": format!("${{P}}-{value}")}}}}),
            )
        };
        cloud.create("s", &two("one"));
        cloud.world.faults.fail("s", "Q", FaultPhase::Update, "no");
        cloud.get(
            "UpdateStack",
            json!({"StackName": "s", "TemplateBody": two("two").to_string(), "DisableRollback": true}),
        );
        cloud.settle();
        assert_eq!(cloud.status("s"), "UPDATE_FAILED");
        cloud.world.faults.resources.clear();
        let value = if retried {
            cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": two("two").to_string()}));
            cloud.settle();
            assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
            "two"
        } else {
            cloud.get("RollbackStack", json!({"StackName": "s"}));
            cloud.settle();
            assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE");
            "one"
        };
        let stored = cloud.stored_parameters();
        assert!(stored.contains(&value.to_owned()), "{stored:?}");
        assert!(
            cloud.get("GetTemplate", json!({"StackName": "s"}))["TemplateBody"]
                .as_str()
                .is_some_and(|body| body.contains(value))
        );
    }
}

#[test]
fn an_update_can_be_cancelled() {
    let mut cloud = Cloud::new();
    cloud.create("s", &one("one"));
    let before = cloud.events("s").len();
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": one("two").to_string()}));
    cloud.pass(4);
    cloud.get("CancelUpdateStack", json!({"StackName": "s"}));
    cloud.settle();
    let told = [
        "s UPDATE_IN_PROGRESS User Initiated",
        "P UPDATE_IN_PROGRESS",
        "P UPDATE_FAILED Resource update cancelled",
        "s UPDATE_ROLLBACK_IN_PROGRESS User Initiated",
        "P UPDATE_IN_PROGRESS",
        "P UPDATE_COMPLETE",
        "s UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "s UPDATE_ROLLBACK_COMPLETE",
    ];
    assert_eq!(lines(&mut cloud, "s", before), told);
}

#[test]
fn exports_can_be_imported_and_names_are_unique() {
    let mut cloud = Cloud::new();
    let mut exporting = one("x");
    exporting["Outputs"] = json!({"O": {"Value": {"Ref": "P"}, "Export": {"Name": "shared"}}});
    cloud.create("a", &exporting);
    let importing = json!({"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "shared"}}}}});
    cloud.create("b", &importing);
    assert_eq!(cloud.status("b"), "CREATE_COMPLETE");
    cloud.create("c", &exporting);
    assert_eq!(cloud.status("c"), "ROLLBACK_COMPLETE");
    let told = lines(&mut cloud, "c", 0);
    assert!(
        told.iter().any(|line| line.contains("Export with name shared is already exported by stack a")),
        "{told:#?}"
    );
    let missing = template(
        json!({"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "missing"}}}}),
    );
    cloud.create("d", &missing);
    let told = lines(&mut cloud, "d", 0);
    assert_eq!(
        told.get(1).map(String::as_str),
        Some("d ROLLBACK_IN_PROGRESS No export named missing found. Rollback requested by user.")
    );
    let exports = cloud.get("ListExports", json!({}));
    assert_eq!(exports["Exports"][0]["Name"], "shared");
    assert_eq!(cloud.get("ListImports", json!({"ExportName": "shared"}))["Imports"], json!(["b"]));
    // What is imported can be neither withdrawn nor deleted.
    let words = "Delete canceled. Cannot delete export shared as it is in use by b.";
    let mut another = one("y");
    another["Outputs"] =
        json!({"O": {"Value": {"Fn::GetAtt": ["P", "Value"]}, "Export": {"Name": "shared"}}});
    for (template, done) in [(one("y"), "deleted"), (another, "updated")] {
        cloud.get("UpdateStack", json!({"StackName": "a", "TemplateBody": template.to_string()}));
        cloud.settle();
        let told = lines(&mut cloud, "a", 0);
        assert_eq!(cloud.status("a"), "UPDATE_ROLLBACK_COMPLETE");
        let words = format!("Export shared cannot be {done} as it is in use by b");
        assert!(told.contains(&format!("a UPDATE_ROLLBACK_IN_PROGRESS {words}")), "{told:#?}");
    }
    cloud.get("DeleteStack", json!({"StackName": "a"}));
    cloud.settle();
    let stack = cloud.stack("a");
    assert_eq!(
        (&stack["StackStatus"], &stack["StackStatusReason"]),
        (&json!("UPDATE_ROLLBACK_COMPLETE"), &json!(words))
    );
    for name in ["b", "a"] {
        cloud.get("DeleteStack", json!({"StackName": name}));
        cloud.settle();
        assert!(cloud.world.cloudformation.find(name).is_none(), "{name}");
    }
}

#[test]
fn a_refused_request_leaves_no_trace() {
    let told = |refused: bool| {
        let mut cloud = Cloud::new();
        if refused {
            let broken = template(json!({"P": {"Type": "AWS::SNS::Topic", "DependsOn": "Q"}}));
            for operation in ["CreateStack", "CreateChangeSet"] {
                let request = json!({"StackName": "s", "ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": broken.to_string()});
                cloud.refused(operation, request);
            }
        }
        cloud.create("s", &one("x"));
        if refused {
            cloud.refused("UpdateStack", json!({"StackName": "s", "TemplateBody": "{"}));
        }
        cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": one("y").to_string()}));
        cloud.settle();
        cloud.events("s")
    };
    assert_eq!(told(true), told(false));
}

#[test]
fn what_surrounds_a_template_is_an_update_by_itself_and_shows_while_it_goes_on() {
    let mut cloud = Cloud::new();
    let alarm = json!({"AlarmName": "a", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1});
    cloud.cloudwatch("PutMetricAlarm", alarm);
    let trigger =
        json!({"Arn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a", "Type": "AWS::CloudWatch::Alarm"});
    let topic = "arn:aws:sns:us-east-1:000000000000:t";
    for (more, shown, expected) in [
        (json!({"Tags": [{"Key": "team", "Value": "x"}]}), "/Tags/0/Value", json!("x")),
        (json!({"NotificationARNs": [topic]}), "/NotificationARNs/0", json!(topic)),
        (
            json!({"RollbackConfiguration": {"RollbackTriggers": [trigger]}}),
            "/RollbackConfiguration/RollbackTriggers/0",
            trigger.clone(),
        ),
        (
            json!({"RollbackConfiguration": {"MonitoringTimeInMinutes": 5}}),
            "/RollbackConfiguration/MonitoringTimeInMinutes",
            json!(5),
        ),
    ] {
        cloud.create("s", &one("same"));
        let request = |name: &str| {
            let mut request = json!({"StackName": "s", "UsePreviousTemplate": true});
            for (name, value) in more.as_object().into_iter().flatten() {
                request[name.as_str()] = value.clone();
            }
            if !name.is_empty() {
                request["ChangeSetName"] = json!(name);
            }
            request
        };
        cloud.get("CreateChangeSet", request("c"));
        cloud.pass(60);
        let change_set = cloud.get("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}));
        assert_eq!(change_set["Status"], "CREATE_COMPLETE", "{more}");
        cloud.get("UpdateStack", request(""));
        let stack = cloud.stack("s");
        assert_eq!(stack["StackStatus"], "UPDATE_IN_PROGRESS", "{more}");
        assert_eq!(stack.pointer(shown), Some(&expected), "{more}");
        cloud.settle();
        assert_eq!(cloud.status("s"), "UPDATE_COMPLETE", "{more}");
        // The same once more is none.
        assert_eq!(
            cloud.refused("UpdateStack", request("")),
            "ValidationError No updates are to be performed.",
            "{more}"
        );
        cloud.get("DeleteStack", json!({"StackName": "s"}));
        cloud.settle();
    }
}

#[test]
fn a_stack_in_review_is_created_directly_but_not_updated() {
    let mut cloud = Cloud::new();
    let request = |kind: &str, name: &str| json!({"StackName": "s", "ChangeSetName": name, "ChangeSetType": kind, "TemplateBody": one("x").to_string()});
    let id = cloud.get("CreateChangeSet", request("CREATE", "c"))["StackId"].clone();
    cloud.pass(60);
    // Recorded, all of it.
    assert_eq!(
        cloud.refused("CreateChangeSet", request("UPDATE", "d")),
        "ValidationError Stack [s] does not exist"
    );
    let created = cloud.get("CreateStack", json!({"StackName": "s", "TemplateBody": one("y").to_string()}));
    assert_eq!(created["StackId"], id);
    cloud.settle();
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE");
    let waiting = cloud.get("DescribeChangeSet", json!({"StackName": "s", "ChangeSetName": "c"}));
    assert_eq!(waiting["ExecutionStatus"], "OBSOLETE");
    assert_eq!(cloud.stored_parameters(), ["y"]);
}
