//! Secrets Manager through [`World::handle`](crate::World::handle) and provisioning.

use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;

const TYPE: &str = "AWS::SecretsManager::Secret";
const DAY: u64 = 86_400;

fn bench() -> Bench {
    let mut bench = Bench::new(Service::SecretsManager);
    bench.ok(0, "CreateSecret", json!({"Name": "s", "SecretString": "the first value"}));
    bench
}

fn value(bench: &mut Bench, input: Value) -> Value {
    bench.ok(0, "GetSecretValue", input)["SecretString"].clone()
}

#[test]
fn values_have_versions_and_stages() {
    let mut bench = bench();
    let first = bench.ok(0, "GetSecretValue", json!({"SecretId": "s"}));
    assert_eq!(first["SecretString"], "the first value");
    assert_eq!(first["VersionStages"], json!(["AWSCURRENT"]));
    let arn = first["ARN"].as_str().expect("arn").to_owned();
    assert!(arn.starts_with("arn:aws:secretsmanager:us-east-1:000000000000:secret:s-"), "{arn}");
    let token = "0123456789abcdef0123456789abcdef";
    let put = json!({"SecretId": arn, "SecretString": "the second value", "ClientRequestToken": token});
    assert_eq!(bench.ok(1, "PutSecretValue", put.clone())["VersionId"], token);
    bench.ok(1, "PutSecretValue", put);
    let partial = arn.rsplit_once('-').expect("suffix").0.to_owned();
    assert_eq!(value(&mut bench, json!({"SecretId": partial})), "the second value");
    assert_eq!(value(&mut bench, json!({"SecretId": "s", "VersionStage": "AWSPREVIOUS"})), "the first value");
    assert_eq!(
        value(&mut bench, json!({"SecretId": "s", "VersionId": first["VersionId"]})),
        "the first value"
    );
    bench.ok(2, "UpdateSecret", json!({"SecretId": "s", "SecretString": "third", "Description": "d"}));
    let shown = bench.ok(2, "DescribeSecret", json!({"SecretId": "s"}));
    assert_eq!((&shown["Description"], &shown["LastChangedDate"]), (&json!("d"), &json!(2.0)));
    assert_eq!(shown["VersionIdsToStages"].as_object().map(|stages| stages.len()), Some(2));
    let other = json!({"SecretId": "s", "SecretString": "other", "ClientRequestToken": token});
    bench.refused(2, "PutSecretValue", other, "ResourceExistsException", "already in use");
    let all = bench.ok(2, "ListSecretVersionIds", json!({"SecretId": "s", "IncludeDeprecated": true}));
    assert_eq!(all["Versions"].as_array().map(Vec::len), Some(3));
    assert!(!format!("{:?}", bench.world).contains("the first value"));
}

#[test]
fn a_deleted_secret_can_be_restored_for_a_while() {
    let mut bench = bench();
    bench.ok(0, "DeleteSecret", json!({"SecretId": "s", "RecoveryWindowInDays": 7}));
    for (operation, code, part) in [
        ("GetSecretValue", "InvalidRequestException", "because it was marked for deletion."),
        ("PutSecretValue", "InvalidRequestException", "because it was marked for deletion."),
        ("CreateSecret", "InvalidRequestException", "already scheduled for deletion."),
    ] {
        bench.refused(0, operation, json!({"SecretId": "s", "Name": "s", "SecretString": "x"}), code, part);
    }
    let listed = |bench: &mut Bench, all: bool| {
        let answer = bench.ok(0, "ListSecrets", json!({"IncludePlannedDeletion": all}));
        answer["SecretList"].as_array().map(Vec::len)
    };
    assert_eq!((listed(&mut bench, false), listed(&mut bench, true)), (Some(0), Some(1)));
    bench.ok(0, "RestoreSecret", json!({"SecretId": "s"}));
    assert_eq!(value(&mut bench, json!({"SecretId": "s"})), "the first value");
    bench.ok(0, "DeleteSecret", json!({"SecretId": "s", "RecoveryWindowInDays": 7}));
    let gone = "Secrets Manager can't find the specified secret.";
    bench.refused(7 * DAY, "RestoreSecret", json!({"SecretId": "s"}), "ResourceNotFoundException", gone);
    bench.ok(7 * DAY, "CreateSecret", json!({"Name": "s"}));
    bench.refused(
        7 * DAY,
        "GetSecretValue",
        json!({"SecretId": "s"}),
        "ResourceNotFoundException",
        "can't find the specified secret value for staging label: AWSCURRENT",
    );
    bench.ok(7 * DAY, "DeleteSecret", json!({"SecretId": "s", "ForceDeleteWithoutRecovery": true}));
    bench.ok(7 * DAY, "CreateSecret", json!({"Name": "s"}));
}

#[test]
fn refusals_are_in_its_words() {
    let mut bench = bench();
    for (operation, input, code, part) in [
        (
            "GetSecretValue",
            json!({"SecretId": "no"}),
            "ResourceNotFoundException",
            "can't find the specified secret.",
        ),
        ("GetSecretValue", json!({}), "InvalidParameterException", "SecretId"),
        (
            "GetSecretValue",
            json!({"SecretId": "s", "VersionId": "v"}),
            "ResourceNotFoundException",
            "for VersionId: v",
        ),
        ("CreateSecret", json!({"Name": "s"}), "ResourceExistsException", "the secret s already exists."),
        ("CreateSecret", json!({"Name": "a b"}), "ValidationException", "Invalid name."),
        (
            "CreateSecret",
            json!({"Name": "t", "SecretString": "a", "SecretBinary": "Yg=="}),
            "InvalidParameterException",
            "both",
        ),
        (
            "PutSecretValue",
            json!({"SecretId": "s"}),
            "InvalidRequestException",
            "SecretString or SecretBinary",
        ),
        (
            "DeleteSecret",
            json!({"SecretId": "s", "RecoveryWindowInDays": 6}),
            "InvalidParameterException",
            "7 and 30",
        ),
        ("ListSecrets", json!({"NextToken": "%"}), "InvalidNextTokenException", "invalid"),
        ("Dance", json!({}), "UnknownOperationException", ""),
    ] {
        bench.refused(0, operation, input, code, part);
    }
}

#[test]
fn a_template_s_secret_is_generated_once() {
    let mut bench = Bench::new(Service::SecretsManager);
    let settings = json!({"GenerateSecretString": {"SecretStringTemplate": "{\"user\":\"a\"}",
        "GenerateStringKey": "password", "PasswordLength": "20", "ExcludeCharacters": "\"@/\\"}});
    let arn = bench.create(TYPE, "Secret", settings.clone()).expect("secret").physical_id;
    let first = value(&mut bench, json!({"SecretId": arn}));
    let fields: Value = serde_json::from_str(first.as_str().expect("text")).expect("json");
    assert_eq!(fields["password"].as_str().map(str::len), Some(20));
    let tags = bench.ok(0, "DescribeSecret", json!({"SecretId": arn}))["Tags"].clone();
    assert_eq!(tags.pointer("/0/Key"), Some(&json!("aws:cloudformation:logical-id")));
    assert_eq!(tags.pointer("/3/Value"), Some(&json!("blue")));
    bench.update(TYPE, &arn, settings).expect("updated");
    assert_eq!(value(&mut bench, json!({"SecretId": arn})), first, "nothing has changed");
    let given = bench.create(TYPE, "Given", json!({"Name": "given", "SecretString": "x"})).expect("secret");
    assert_eq!(value(&mut bench, json!({"SecretId": "given"})), "x");
    let error = bench.create(TYPE, "Twice", json!({"Name": "given"})).expect_err("taken");
    assert!(error.reason.contains("already exists"), "{error}");
    bench.finish_delete(TYPE, &given.physical_id);
    bench.refused(
        0,
        "DescribeSecret",
        json!({"SecretId": "given"}),
        "ResourceNotFoundException",
        "can't find",
    );
    bench.ok(0, "CreateSecret", json!({"Name": "given"}));
    let error = bench.create(TYPE, "Again", json!({"Name": "given"})).expect_err("taken");
    assert_eq!(error.reason, "The operation failed because the secret given already exists.");
}
