//! STS through [`World::handle`](crate::World::handle). That the wire accepts the credentials is tested there.

use serde_json::{Value, json};

use super::CALLER;
use crate::services::testing::Bench;
use crate::wire::Service;
use crate::{Input, Timestamp};

const ROLE: &str = "arn:aws:iam::000000000000:role/r";

/// A bench with a role `r` of this trust.
fn bench(trust: Value) -> Bench {
    let mut bench = Bench::new(Service::SecurityToken);
    let trust = json!({"Statement": trust}).to_string();
    let input = json!({"RoleName": "r", "AssumeRolePolicyDocument": trust, "MaxSessionDuration": "7200"});
    bench.world.handle(Timestamp(0), Service::Iam, "CreateRole", Input(&input)).expect("role");
    bench
}

fn trust(principal: Value) -> Value {
    json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
}

#[test]
fn a_role_is_assumed_by_whom_it_trusts() {
    let external = |id: &str| {
        let mut statement = trust(json!({"AWS": "*"}));
        statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": id}});
        statement
    };
    for (statement, assumed) in [
        (trust(json!({"AWS": "arn:aws:iam::000000000000:root"})), true),
        (trust(json!({"AWS": ["123456789012", "000000000000"]})), true),
        (trust(json!("*")), true),
        (trust(json!({"AWS": "123456789012"})), false),
        (trust(json!({"Service": "ec2.amazonaws.com"})), false),
        (external("given"), true),
        (external("another"), false),
        (json!([trust(json!("*")), {"Effect": "Deny", "Action": "sts:*", "Principal": "*"}]), false),
    ] {
        let mut bench = bench(statement.clone());
        let input = json!({"RoleArn": ROLE, "RoleSessionName": "me", "ExternalId": "given"});
        let answer = bench.ask(0, "AssumeRole", input);
        match answer {
            Ok(answer) => {
                assert!(assumed, "{statement}");
                assert_eq!(answer["AssumedRoleUser"]["Arn"], "arn:aws:sts::000000000000:assumed-role/r/me");
                assert_eq!(answer["Credentials"]["Expiration"], "1970-01-01T01:00:00.000Z");
            }
            Err((code, message)) => {
                assert!(!assumed, "{statement} {message}");
                assert_eq!(code, "AccessDenied");
                assert_eq!(
                    message,
                    format!(
                        "User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on \
                         resource: {ROLE}"
                    )
                );
            }
        }
    }
}

#[test]
fn a_session_is_known_and_may_assume_in_turn_for_an_hour() {
    let mut bench = bench(trust(json!("*")));
    let input = json!({"RoleArn": ROLE, "RoleSessionName": "me", "DurationSeconds": "7200"});
    let first = bench.ok(0, "AssumeRole", input.clone());
    let key = first["Credentials"]["AccessKeyId"].as_str().expect("key").to_owned();
    assert!(key.starts_with("ASIA") && key.len() == 20, "{key}");
    assert_eq!(first["Credentials"]["SecretAccessKey"].as_str().map(str::len), Some(40));
    let caller = bench.ok(0, "GetCallerIdentity", json!({CALLER: key}));
    assert_eq!(caller["Arn"], "arn:aws:sts::000000000000:assumed-role/r/me");
    assert!(caller["UserId"].as_str().is_some_and(|id| id.starts_with("AROA") && id.ends_with(":me")));
    let second = bench.ok(0, "AssumeRole", input.clone());
    assert_ne!(first["Credentials"]["AccessKeyId"], second["Credentials"]["AccessKeyId"]);
    let shown = format!("{:?}", bench.world);
    for field in ["SecretAccessKey", "SessionToken"] {
        assert!(!shown.contains(first["Credentials"][field].as_str().expect("text")), "{field}");
    }
    let with = |name: &str, value: &str| {
        let mut input = input.clone();
        input[name] = json!(value);
        input
    };
    for (input, code, part) in [
        (with(CALLER, &key), "ValidationError", "1 hour session limit for roles assumed by role chaining"),
        (with("DurationSeconds", "7201"), "ValidationError", "exceeds the MaxSessionDuration"),
        (with("DurationSeconds", "899"), "ValidationError", "greater than or equal to 900"),
        (with("DurationSeconds", "43201"), "ValidationError", "less than or equal to 43200"),
        (with("RoleSessionName", "a b"), "ValidationError", "'a b' at 'roleSessionName'"),
        (with("RoleArn", "arn:aws:iam::000000000000:role/no"), "AccessDenied", "role/no"),
        (json!({}), "ValidationError", "roleArn"),
    ] {
        bench.refused(0, "AssumeRole", input, code, part);
    }
}
