//! The stack's status, settings, drift and policy.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{World, alarm, check_all};

#[test]
fn stack() {
    check_all(&[
        (
            "rolled back",
            |w| w.deployment.status = "UPDATE_ROLLBACK_COMPLETE".into(),
            "stack-status",
            Passed,
            "",
        ),
        (
            "stuck",
            |w| w.deployment.status = "UPDATE_ROLLBACK_FAILED".into(),
            "stack-status",
            Failed,
            "continue-update-rollback",
        ),
        (
            "half-way",
            |w| w.deployment.status = "UPDATE_FAILED".into(),
            "stack-status",
            Failed,
            "rollback-stack",
        ),
        ("busy", |w| w.deployment.status = "UPDATE_IN_PROGRESS".into(), "stack-status", Failed, "Wait"),
        (
            "drift detection",
            |w| w.around.stack.operation_under_way = Some("drift detection".into()),
            "stack-status",
            Failed,
            "drift detection",
        ),
        ("tags as they are", |_| {}, "stack-tags", Passed, "stay"),
        (
            "the same tags",
            |w| {
                w.around.stack.tags.insert("team".into(), "research".into());
                w.options.tags = Some(vec![("team".into(), "research".into())]);
            },
            "stack-tags",
            Passed,
            "stay",
        ),
        (
            "one tag other, one gone, one new",
            |w| {
                for (key, value) in [("team", "research"), ("cost", "1"), ("kept", "x")] {
                    w.around.stack.tags.insert(key.into(), value.into());
                }
                w.options.tags = Some(
                    [("team", "lab"), ("stage", "2"), ("kept", "x")]
                        .map(|(a, b)| (a.into(), b.into()))
                        .into(),
                );
            },
            "stack-tags",
            Warning,
            "taken away: cost, stage, team.",
        ),
        (
            "no rollback",
            |w| w.around.stack.disable_rollback = true,
            "rollback",
            Warning,
            "half on each release",
        ),
        (
            "no rollback, replacement",
            |w| {
                w.around.stack.disable_rollback = true;
                w.rewrite("VpcId: vpc-1", "VpcId: vpc-2");
            },
            "rollback",
            Failed,
            "Web",
        ),
        (
            "rollback trigger",
            |w| {
                w.around.stack.rollback_triggers =
                    vec!["arn:aws:cloudwatch:us-east-1:111122223333:alarm:queue-is-long".into()];
            },
            "rollback",
            Warning,
            "muted or not",
        ),
        (
            "rollback trigger that fires",
            |w| {
                w.around.stack.rollback_triggers =
                    vec!["arn:aws:cloudwatch:us-east-1:111122223333:alarm:queue-is-long".into()];
                w.around.alarms = Ok(vec![Alarm { state: "ALARM".into(), ..alarm() }]);
            },
            "rollback",
            Failed,
            "at once",
        ),
        (
            "unprotected",
            |w| w.around.stack.termination_protection = false,
            "termination-protection",
            Warning,
            "update-termination-protection",
        ),
        ("not looked", |w| w.around.drift = Err("denied".into()), "drift", Skipped, "denied"),
        (
            "drift elsewhere",
            |w| w.around.drift = Ok(vec![drift("Topic", "MODIFIED")]),
            "drift",
            Passed,
            "Nothing",
        ),
        ("drift", |w| w.around.drift = Ok(vec![drift("Template", "MODIFIED")]), "drift", Warning, "/Size"),
        (
            "scaled up by itself",
            |w| {
                w.rewrite("db.t3.medium", "db.t3.large");
                let properties = vec!["/AllocatedStorage".to_owned()];
                w.around.drift = Ok(vec![Drift { properties, ..drift("Database", "MODIFIED") }]);
            },
            "drift",
            Passed,
            "see database-storage",
        ),
        (
            "a group that maintenance took to zero",
            |w| {
                w.found =
                    Some(Maintenance { run_id: "entered".to_owned(), since: None, by: None, state: None });
                taken_to_zero(w, &["/MinSize", "/MaxSize", "/Tags/0"]);
            },
            "drift",
            Passed,
            "Workers is as maintenance left it (/MinSize, /MaxSize, /Tags/0)",
        ),
        (
            "a group at zero in no maintenance",
            |w| taken_to_zero(w, &["/MinSize", "/MaxSize"]),
            "drift",
            Warning,
            "Workers was changed outside of CloudFormation (/MinSize, /MaxSize)",
        ),
        (
            "a group that maintenance took to zero, and somebody changed beside that",
            |w| {
                w.found =
                    Some(Maintenance { run_id: "entered".to_owned(), since: None, by: None, state: None });
                taken_to_zero(w, &["/MinSize", "/VPCZoneIdentifier"]);
            },
            "drift",
            Warning,
            "/VPCZoneIdentifier",
        ),
        ("deleted", |w| w.around.drift = Ok(vec![drift("Template", "DELETED")]), "drift", Failed, "Template"),
    ]);
}

/// The update touches the group, which differs from its template.
fn taken_to_zero(world: &mut World, properties: &[&str]) {
    world.rewrite("MaxSize: \"4\"", "MaxSize: \"5\"");
    let properties = properties.iter().map(|one| (*one).to_owned()).collect();
    world.around.drift = Ok(vec![Drift { properties, ..drift("Workers", "MODIFIED") }]);
}

fn drift(logical_id: &str, status: &str) -> Drift {
    Drift {
        logical_id: logical_id.to_owned(),
        status: status.to_owned(),
        properties: vec!["/Size".to_owned()],
    }
}

pub const ALLOW_ALL: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}"#;

fn policy(world: &mut World, statements: &str) {
    world.around.stack.stack_policy = Some(format!(r#"{{"Statement": [{statements}]}}"#));
}

#[test]
fn stack_policy() {
    check_all(&[
        ("none", |_| {}, "stack-policy", Passed, "no policy"),
        ("allows all", |w| policy(w, ALLOW_ALL), "stack-policy", Passed, ""),
        ("empty", |w| policy(w, ""), "stack-policy", Failed, "no statement allows it"),
        (
            "unreadable",
            |w| w.around.stack.stack_policy = Some("{".into()),
            "stack-policy",
            Warning,
            "can't read",
        ),
        (
            "denies replacing what is only changed",
            |w| {
                policy(
                    w,
                    &format!(
                        r#"{ALLOW_ALL}, {{"Effect": "Deny", "Principal": "*", "Action": "Update:Replace", "Resource": "*"}}"#
                    ),
                );
            },
            "stack-policy",
            Passed,
            "",
        ),
        (
            "denies changing the template",
            |w| {
                policy(
                    w,
                    &format!(
                        r#"{ALLOW_ALL}, {{"Effect": "Deny", "Principal": "*", "Action": ["Update:Modify"], "Resource": "LogicalResourceId/Temp*"}}"#
                    ),
                );
            },
            "stack-policy",
            Failed,
            "statement 2 denies Update:Modify of LogicalResourceId/Temp*",
        ),
        (
            "denies replacing databases, by type",
            |w| {
                w.rewrite("MasterUsername: root", "MasterUsername: admin");
                policy(
                    w,
                    &format!(
                        r#"{ALLOW_ALL}, {{"Effect": "Deny", "Principal": "*", "Action": "Update:Replace", "Resource": "*", "Condition": {{"StringLike": {{"ResourceType": ["AWS::RDS::*"]}}}}}}"#
                    ),
                );
            },
            "stack-policy",
            Failed,
            "Update:Replace of Database",
        ),
        (
            "denies all but one",
            |w| {
                policy(
                    w,
                    &format!(
                        r#"{ALLOW_ALL}, {{"Effect": "Deny", "Principal": "*", "NotAction": "Update:Delete", "NotResource": "LogicalResourceId/Topic"}}"#
                    ),
                );
            },
            "stack-policy",
            Failed,
            "all but LogicalResourceId/Topic",
        ),
        (
            "forbids what goes",
            |w| {
                w.rewrite(
                    "  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {TopicName: lab-events}\n",
                    "",
                );
                policy(
                    w,
                    r#"{"Effect": "Allow", "Principal": "*", "Action": ["Update:Modify", "Update:Replace"], "Resource": "*"}"#,
                );
            },
            "stack-policy",
            Failed,
            "Update:Delete of Topic",
        ),
    ]);
}
