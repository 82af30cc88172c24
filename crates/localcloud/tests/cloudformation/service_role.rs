//! Stacks of the lab that CloudFormation works on as a role: the role carries the update or stops it where a permission
//! is missing, and the rollback is the role's work too.

use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, first_failure, lines, one};

macro_rules! release {
    ($name:literal) => {
        include_str!(concat!("../../../../deploy/lab/", $name, ".yaml"))
    };
}

fn tokens() -> Value {
    json!([
        {"ParameterKey": "AdminToken", "ParameterValue": "an admin's token"},
        {"ParameterKey": "WorkerToken", "ParameterValue": "a worker's token"},
        // A worker would have to answer its lifecycle hook before it goes; nobody runs here.
        {"ParameterKey": "WorkersDesiredCapacity", "ParameterValue": "0"},
    ])
}

/// The lab's own deployment role, without these actions; gives its ARN.
fn deployment_role(cloud: &mut Cloud, stack: &str, without: &[&str]) -> String {
    let text: String = release!("deployment-role-1.1.0")
        .lines()
        .filter(|line| !without.iter().any(|action| line.trim() == format!("- {action}")))
        .map(|line| format!("{line}\n"))
        .collect();
    let removed = release!("deployment-role-1.1.0").lines().count() - text.lines().count();
    assert_eq!(removed, without.len(), "the deployment role has each of {without:?}");
    let url = cloud.url(&format!("{stack}.yaml"), &text);
    cloud.get("CreateStack", json!({"StackName": stack, "TemplateURL": url, "Capabilities": CAPABILITIES}));
    cloud.settle();
    let outputs = cloud.stack(stack)["Outputs"].clone();
    outputs[0]["OutputValue"].as_str().expect("the role's ARN").to_owned()
}

fn create(cloud: &mut Cloud, role: &str) {
    let url = cloud.url("lab.yaml", release!("primary-1.0.0"));
    cloud.get(
        "CreateStack",
        json!({"StackName": "lab", "TemplateURL": url, "Capabilities": CAPABILITIES, "Parameters": tokens(), "RoleARN": role}),
    );
    cloud.settle();
    assert_eq!(cloud.status("lab"), "CREATE_COMPLETE", "{:?}", first_failure(cloud, "lab"));
}

fn update(cloud: &mut Cloud, role: Option<&str>) -> Vec<String> {
    let before = cloud.events("lab").len();
    let url = cloud.url("lab-next.yaml", release!("primary-1.1.0"));
    let mut input =
        json!({"StackName": "lab", "TemplateURL": url, "Capabilities": CAPABILITIES, "Parameters": tokens()});
    if let Some(role) = role {
        input["RoleARN"] = json!(role);
    }
    cloud.get("UpdateStack", input);
    cloud.settle();
    lines(cloud, "lab", before)
}

#[test]
fn the_labs_deployment_role_carries_the_lab_to_1_1_0_and_away() {
    let mut cloud = Cloud::new();
    let role = deployment_role(&mut cloud, "role", &[]);
    create(&mut cloud, &role);
    // Given once, it works for what comes after.
    let events = update(&mut cloud, None);
    assert_eq!(cloud.status("lab"), "UPDATE_COMPLETE", "{events:#?}");
    assert_eq!(cloud.stack("lab")["RoleARN"], json!(role));
    let id = cloud.stack("lab")["StackId"].as_str().unwrap_or_default().to_owned();
    cloud.get("DeleteStack", json!({"StackName": "lab"}));
    cloud.settle();
    let events = lines(&mut cloud, &id, 0);
    assert_eq!(
        cloud.status(&id),
        "DELETE_COMPLETE",
        "{:#?}",
        events.iter().filter(|line| line.contains("FAILED")).collect::<Vec<_>>()
    );
}

/// Every action of the update, taken from the role in turn: which resource fails, and where the stack ends.
#[test]
fn without_a_permission_the_update_fails_where_it_is_needed() {
    for (action, failed, end) in [
        ("batch:CreateJobQueue", "InteractiveQueue CREATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"),
        ("autoscaling:CreateAutoScalingGroup", "WorkerGroup UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"),
        // What may not be changed may not be changed back either: the role works for the rollback as well.
        ("rds:ModifyDBInstance", "Database UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED"),
        // In the clean-up nothing is undone any more.
        ("iam:DeletePolicy", "LegacyPolicy DELETE_FAILED", "UPDATE_COMPLETE"),
    ] {
        let mut cloud = Cloud::new();
        let whole = deployment_role(&mut cloud, "role", &[]);
        let lacking = deployment_role(&mut cloud, "lacking", &[action]);
        create(&mut cloud, &whole);
        let events = update(&mut cloud, Some(&lacking));
        assert_eq!(cloud.status("lab"), end, "{action}: {events:#?}");
        let name = lacking.rsplit('/').next().unwrap_or_default();
        let words = format!(
            "assumed-role/{name}/AWSCloudFormation is not authorized to perform: {action} on resource: arn:aws:"
        );
        let line = events.iter().find(|line| line.starts_with(failed));
        let line = line.unwrap_or_else(|| panic!("{action}: no {failed} in {events:#?}"));
        assert!(line.contains(&words), "{action}: {line}");
        assert!(line.ends_with("HandlerErrorCode: AccessDenied)"), "{action}: {line}");
        println!("without {action}: {failed}, then {end}");
        if end == "UPDATE_ROLLBACK_FAILED" {
            cloud.get("ContinueUpdateRollback", json!({"StackName": "lab", "RoleARN": whole}));
            cloud.settle();
            assert_eq!(cloud.status("lab"), "UPDATE_ROLLBACK_COMPLETE", "with the whole role");
            assert_eq!(cloud.stack("lab")["RoleARN"], json!(whole));
        }
    }
}

/// A stack of one parameter, made without a role, and what an operation with this role is refused with.
#[track_caller]
fn check_refused(role: &str, words: &str) {
    let body = one("2").to_string();
    for (operation, input) in [
        ("CreateStack", json!({"StackName": "new", "TemplateBody": body, "RoleARN": role})),
        ("UpdateStack", json!({"StackName": "s", "TemplateBody": body, "RoleARN": role})),
        (
            "CreateChangeSet",
            json!({"StackName": "s", "ChangeSetName": "c", "TemplateBody": body, "RoleARN": role}),
        ),
        ("DeleteStack", json!({"StackName": "s", "RoleARN": role})),
    ] {
        let mut cloud = Cloud::new();
        cloud.create("s", &one("1"));
        ec2_role(&mut cloud);
        assert_eq!(cloud.refused(operation, input), words, "{operation}");
        assert_eq!(cloud.status("s"), "CREATE_COMPLETE", "{operation}");
    }
}

/// A role that machines may assume and CloudFormation may not.
fn ec2_role(cloud: &mut Cloud) {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]});
    let role = json!({"Type": "AWS::IAM::Role", "Properties": {"RoleName": "machines", "AssumeRolePolicyDocument": trust}});
    cloud.create("machines", &json!({"Resources": {"Role": role}}));
}

#[test]
fn a_role_that_cannot_be_assumed_is_refused() {
    let account = localcloud::Config::default().account_id;
    let (missing, machines) =
        (format!("arn:aws:iam::{account}:role/none"), format!("arn:aws:iam::{account}:role/machines"));
    for role in [missing, machines] {
        check_refused(&role, &format!("ValidationError Role {role} is invalid or cannot be assumed"));
    }
    check_refused("Deploy", "ValidationError Deploy is not a valid RoleARN");
    check_refused(
        "arn:aws:iam::999999999999:role/theirs",
        "AccessDenied Cross-account pass role is not allowed.",
    );
}

/// aws-cdk users meet this one: the stack can't be deleted because the role it was made with is gone.
#[test]
fn a_stack_whose_role_is_gone_is_deleted_with_another_one() {
    let mut cloud = Cloud::new();
    let first = deployment_role(&mut cloud, "first", &[]);
    create(&mut cloud, &first);
    cloud.get("DeleteStack", json!({"StackName": "first"}));
    cloud.settle();
    assert_eq!(
        cloud.refused("DeleteStack", json!({"StackName": "lab"})),
        format!("ValidationError Role {first} is invalid or cannot be assumed")
    );
    let second = deployment_role(&mut cloud, "second", &[]);
    let id = cloud.stack("lab")["StackId"].as_str().unwrap_or_default().to_owned();
    cloud.get("DeleteStack", json!({"StackName": "lab", "RoleARN": second}));
    cloud.settle();
    assert_eq!(cloud.status(&id), "DELETE_COMPLETE");
}
