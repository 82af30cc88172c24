//! IAM through [`World::handle`](crate::World::handle) and provisioning.

use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;

const TRUST: &str = r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}}"#;

fn allow(actions: Value, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]})
}

/// A bench with a role `r` made by the API and a role `Stack-Role-…` made by a stack.
fn bench() -> (Bench, String) {
    let mut bench = Bench::new(Service::Iam);
    bench.ok(0, "CreateRole", json!({"RoleName": "r", "AssumeRolePolicyDocument": TRUST}));
    let trust: Value = serde_json::from_str(TRUST).expect("json");
    let role = bench.create(
        "AWS::IAM::Role",
        "Role",
        json!({
            "AssumeRolePolicyDocument": trust,
            "Path": "/app/",
            "Policies": [{"PolicyName": "own", "PolicyDocument": allow(json!("batch:*"), "*")}],
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
        }),
    );
    (bench, role.expect("role").physical_id)
}

/// What is decided on an action and a resource.
fn decision(bench: &mut Bench, operation: &str, mut input: Value, action: &str) -> Value {
    input["ActionNames"] = json!([action]);
    bench.ok(0, operation, input)["EvaluationResults"][0].clone()
}

#[test]
fn what_is_there_can_be_read() {
    let (mut bench, role) = bench();
    let found = bench.ok(0, "GetRole", json!({"RoleName": role.to_uppercase()}))["Role"].clone();
    assert_eq!(found["Path"], "/app/");
    assert_eq!(found["Arn"], format!("arn:aws:iam::000000000000:role/app/{role}"));
    assert!(found["RoleId"].as_str().is_some_and(|id| id.starts_with("AROA") && id.len() == 21));
    assert!(
        found["AssumeRolePolicyDocument"].as_str().is_some_and(|text| text.starts_with("%7B%22Statement"))
    );
    assert_eq!(found["Tags"], json!([{"Key": "team", "Value": "blue"}]));
    assert_eq!(bench.ok(0, "ListRoles", json!({}))["Roles"].as_array().map(Vec::len), Some(2));
    let listed = bench.ok(0, "ListRolePolicies", json!({"RoleName": role}));
    assert_eq!(listed, json!({"PolicyNames": ["own"], "IsTruncated": false}));
    let policy = bench.ok(0, "GetRolePolicy", json!({"RoleName": role, "PolicyName": "own"}));
    assert!(policy["PolicyDocument"].as_str().is_some_and(|text| text.contains("batch%3A%2A")));
    let attached = bench.ok(0, "ListAttachedRolePolicies", json!({"RoleName": role}));
    assert_eq!(attached["AttachedPolicies"][0]["PolicyName"], "AdministratorAccess");
    let first = bench.ok(0, "ListRoles", json!({"MaxItems": "1"}));
    let second = bench.ok(0, "ListRoles", json!({"MaxItems": "1", "Marker": first["Marker"]}));
    assert_ne!(first["Roles"], second["Roles"]);
    assert_eq!(second["IsTruncated"], false);
    assert_eq!(bench.ok(0, "GetUser", json!({}))["User"]["Arn"], "arn:aws:iam::000000000000:root");
}

#[test]
fn refusals_are_in_iam_s_words() {
    let (mut bench, role) = bench();
    let bad = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*"}]}"#;
    for (operation, input, code, part) in [
        ("GetRole", json!({"RoleName": "no"}), "NoSuchEntity", "The role with name no cannot be found."),
        ("GetRole", json!({"RoleName": "a b"}), "ValidationError", "roleName is invalid"),
        ("GetRole", json!({}), "ValidationError", "'roleName' failed to satisfy constraint"),
        (
            "CreateRole",
            json!({"RoleName": "R", "AssumeRolePolicyDocument": TRUST}),
            "EntityAlreadyExists",
            "Role with name R already exists.",
        ),
        (
            "CreateRole",
            json!({"RoleName": "x", "AssumeRolePolicyDocument": bad}),
            "MalformedPolicyDocument",
            "Missing required field Principal",
        ),
        (
            "CreateRole",
            json!({"RoleName": "x", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": "43201"}),
            "ValidationError",
            "less than or equal to 43200",
        ),
        (
            "PutRolePolicy",
            json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": bad}),
            "MalformedPolicyDocument",
            "Policy statement must contain resources.",
        ),
        (
            "GetRolePolicy",
            json!({"RoleName": "r", "PolicyName": "p"}),
            "NoSuchEntity",
            "The role policy with name p cannot be found.",
        ),
        (
            "AttachRolePolicy",
            json!({"RoleName": "r", "PolicyArn": "arn:aws:iam::000000000000:policy/no"}),
            "NoSuchEntity",
            "Policy arn:aws:iam::000000000000:policy/no does not exist or is not attachable.",
        ),
        (
            "GetPolicy",
            json!({"PolicyArn": "arn:aws:iam::aws:policy/Unknown"}),
            "NoSuchEntity",
            "was not found.",
        ),
        ("DeleteRole", json!({"RoleName": role}), "DeleteConflict", "must detach all policies first"),
        ("GetUser", json!({"UserName": "u"}), "NoSuchEntity", "The user with name u cannot be found."),
        ("ListRoles", json!({"MaxItems": "0"}), "ValidationError", "MaxItems"),
        ("Dance", json!({}), "InvalidAction", "Dance"),
    ] {
        bench.refused(0, operation, input, code, part);
    }
    let taken = json!({"RoleName": "r", "AssumeRolePolicyDocument": TRUST});
    let error = bench.create("AWS::IAM::Role", "Other", taken).expect_err("taken");
    assert_eq!(error.reason, "Role with name r already exists.");
    let error = bench.create("AWS::IAM::ManagedPolicy", "P", json!({"PolicyDocument": {}})).expect_err("bad");
    assert_eq!(error.reason, "Syntax errors in policy.");
}

#[test]
fn stacks_attach_and_take_back() {
    let (mut bench, role) = bench();
    let properties = json!({"PolicyDocument": allow(json!("s3:*"), "*"), "Roles": [role]});
    let policy = bench.create("AWS::IAM::ManagedPolicy", "Managed", properties).expect("policy").physical_id;
    let text = |bench: &mut Bench, version: &str| {
        let answer = bench.ok(0, "GetPolicyVersion", json!({"PolicyArn": policy, "VersionId": version}));
        answer["PolicyVersion"]["Document"].as_str().expect("text").to_owned()
    };
    assert!(text(&mut bench, "v1").contains("s3%3A%2A"));
    let shown = bench.ok(0, "GetPolicy", json!({"PolicyArn": policy}))["Policy"].clone();
    assert_eq!((&shown["AttachmentCount"], &shown["DefaultVersionId"]), (&json!(1), &json!("v1")));
    let changed = json!({"PolicyDocument": allow(json!("ec2:*"), "*"), "Roles": [role]});
    bench.update("AWS::IAM::ManagedPolicy", &policy, changed).expect("updated");
    assert!(text(&mut bench, "v2").contains("ec2%3A%2A"));

    let inline =
        json!({"PolicyName": "inline", "PolicyDocument": allow(json!("rds:*"), "*"), "Roles": [role, "r"]});
    let placed = bench.create("AWS::IAM::Policy", "Inline", inline).expect("inline").physical_id;
    let names = |bench: &mut Bench, role: &str| {
        bench.ok(0, "ListRolePolicies", json!({"RoleName": role}))["PolicyNames"].clone()
    };
    assert_eq!(names(&mut bench, &role), json!(["inline", "own"]));
    // The role's own update leaves what others have put there.
    let trust: Value = serde_json::from_str(TRUST).expect("json");
    let changed = json!({"AssumeRolePolicyDocument": trust, "Path": "/app/"});
    bench.update("AWS::IAM::Role", &role, changed).expect("updated");
    assert!(names(&mut bench, &role).as_array().is_some_and(|names| names.contains(&json!("inline"))));
    bench.finish_delete("AWS::IAM::Policy", &placed);
    assert_eq!(names(&mut bench, "r"), json!([]));

    let profile = bench.create("AWS::IAM::InstanceProfile", "Profile", json!({"Roles": [role]}));
    let profile = profile.expect("profile").physical_id;
    let found = bench.ok(0, "GetInstanceProfile", json!({"InstanceProfileName": profile}));
    assert_eq!(found["InstanceProfile"]["Roles"][0]["RoleName"], json!(role));
    let error = bench.delete("AWS::IAM::Role", &role).expect_err("held");
    assert_eq!(error.reason, "Cannot delete entity, must remove roles from instance profile first.");
    bench.finish_delete("AWS::IAM::InstanceProfile", &profile);
    bench.delete("AWS::IAM::Role", &role).expect("free");
    bench.finish_delete("AWS::IAM::Role", &role);
    bench.refused(0, "GetRole", json!({"RoleName": role}), "NoSuchEntity", "cannot be found");
    bench.finish_delete("AWS::IAM::ManagedPolicy", &policy);
    bench.refused(0, "GetPolicy", json!({"PolicyArn": policy}), "NoSuchEntity", "was not found");
}

#[test]
fn policies_are_simulated() {
    let (mut bench, _) = bench();
    let put = |bench: &mut Bench, name: &str, document: Value| {
        let input = json!({"RoleName": "r", "PolicyName": name, "PolicyDocument": document.to_string()});
        bench.ok(0, "PutRolePolicy", input);
    };
    put(&mut bench, "reads", allow(json!(["s3:Get*", "s3:List*"]), "arn:aws:s3:::data/*"));
    let conditional = json!({"Statement": [
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*",
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]});
    put(&mut bench, "tls", conditional);
    let arn = "arn:aws:iam::000000000000:role/r";
    let ask = |bench: &mut Bench, action: &str, more: Value| {
        let mut input = json!({"PolicySourceArn": arn, "ResourceArns": ["arn:aws:s3:::data/x"]});
        for (name, value) in more.as_object().expect("more") {
            input[name] = value.clone();
        }
        decision(bench, "SimulatePrincipalPolicy", input, action)
    };
    let found = ask(&mut bench, "s3:GetObject", json!({}));
    assert_eq!(found["EvalDecision"], "allowed");
    assert_eq!(found["MatchedStatements"][0]["SourcePolicyId"], "reads");
    assert_eq!(found["MissingContextValues"], json!(["aws:SecureTransport"]));
    assert_eq!(ask(&mut bench, "s3:PutObject", json!({}))["EvalDecision"], "implicitDeny");
    let plain = json!({"ContextEntries": [
        {"ContextKeyName": "aws:securetransport", "ContextKeyValues": ["false"], "ContextKeyType": "boolean"},
    ]});
    assert_eq!(ask(&mut bench, "s3:GetObject", plain)["EvalDecision"], "explicitDeny");
    let bounded = json!({"PermissionsBoundaryPolicyInputList": [allow(json!("ec2:*"), "*").to_string()]});
    let found = ask(&mut bench, "s3:GetObject", bounded);
    assert_eq!(found["EvalDecision"], "implicitDeny");
    assert_eq!(found["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"], false);

    let custom = json!({"PolicyInputList": [allow(json!("*"), "*").to_string()]});
    let found = decision(&mut bench, "SimulateCustomPolicy", custom, "rds:DeleteDBInstance");
    assert_eq!((&found["EvalDecision"], &found["EvalResourceName"]), (&json!("allowed"), &json!("*")));

    // What hangs on something that isn't known is not decided.
    let unknown = json!({"RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"});
    bench.ok(0, "AttachRolePolicy", unknown);
    assert_eq!(ask(&mut bench, "s3:GetObject", json!({}))["EvalDecision"], "allowed");
    let dated = json!({"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*",
        "Condition": {"DateLike": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}}]});
    for (operation, input, code, part) in [
        (
            "SimulatePrincipalPolicy",
            json!({"PolicySourceArn": arn, "ActionNames": ["ec2:RunInstances"]}),
            "PolicyEvaluation",
            "The text of arn:aws:iam::aws:policy/ReadOnlyAccess is not known",
        ),
        (
            "SimulateCustomPolicy",
            json!({"PolicyInputList": [dated.to_string()], "ActionNames": ["sqs:SendMessage"]}),
            "PolicyEvaluation",
            "The condition operator DateLike is not evaluated",
        ),
        (
            "SimulateCustomPolicy",
            json!({"PolicyInputList": ["{"], "ActionNames": ["a:b"]}),
            "InvalidInput",
            "PolicyInputList.1: This policy contains invalid Json",
        ),
        (
            "SimulatePrincipalPolicy",
            json!({"PolicySourceArn": "arn:aws:iam::000000000000:role/no", "ActionNames": ["a:b"]}),
            "NoSuchEntity",
            "cannot be found",
        ),
        ("SimulateCustomPolicy", json!({"ActionNames": ["a:b"]}), "ValidationError", "policyInputList"),
        (
            "SimulateCustomPolicy",
            json!({"PolicyInputList": [], "ActionNames": ["nonsense"]}),
            "InvalidInput",
            "nonsense",
        ),
    ] {
        bench.refused(0, operation, input, code, part);
    }
}
