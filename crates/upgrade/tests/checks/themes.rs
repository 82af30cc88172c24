//! Tables of cases: what is spoiled, which check sees it, with what verdict and in which words.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{HOUR, World, alarm, database, linked, of, print, resource, rule};

/// What is spoiled, the check, its verdict, and words that its evidence or advice must have.
type Case = (&'static str, fn(&mut World), &'static str, Verdict, &'static str);

fn check(cases: &[Case]) {
    for (name, spoil, id, verdict, words) in cases {
        let mut world = World::default();
        spoil(&mut world);
        let results = world.check();
        let result = of(&results, id);
        let text =
            format!("{}\n{}", result.evidence.join("\n"), result.advice.as_deref().unwrap_or_default());
        assert_eq!(result.verdict, *verdict, "{name}: {result:#?}");
        assert!(text.contains(words), "{name}: {id} doesn't say {words:?}:\n{text}");
        assert!(!text.contains("old-secret") && !text.contains("****"), "{name}: a secret in {text}");
        if matches!(verdict, Warning | Failed) {
            assert!(result.advice.is_some(), "{name}: {id} leaves a person without advice");
        }
    }
}

#[test]
fn a_calm_platform_passes() {
    let results = World::default().check();
    let bad: Vec<&CheckResult> =
        results.iter().filter(|result| matches!(result.verdict, Warning | Failed)).collect();
    if !bad.is_empty() {
        print(&results);
    }
    assert!(bad.is_empty(), "{} checks are not content", bad.len());
    let mut ids: Vec<&str> = results.iter().map(|result| result.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), results.len(), "every check has an id of its own");
}

#[test]
fn warnings_stand_in_the_way_until_accepted() {
    let mut world = World::default();
    world.around.stack.termination_protection = false;
    world.around.caller_arn = Ok("arn:aws:sts::999999999999:assumed-role/operator/ada".to_owned());
    let ids = |world: &World| -> Vec<String> {
        let results = world.check();
        in_the_way(&results, &world.accepted).into_iter().map(|result| result.id.clone()).collect()
    };
    assert_eq!(ids(&world), ["identity", "termination-protection"]);
    let accept =
        |what: &str| Acceptance { what: what.to_owned(), who: "ada".to_owned(), why: "a lab".to_owned() };
    world.accepted = vec![accept("termination-protection"), accept("identity")];
    assert_eq!(ids(&world), ["identity"], "what failed can't be accepted");
    let results = world.check();
    assert!(of(&results, "termination-protection").evidence.contains(&"Accepted by ada: a lab".to_owned()));
}

#[test]
fn without_a_forecast_nothing_passes_that_needs_one() {
    let mut world = World::default();
    world.rewrite("Parameters:\n  Storage", "Parameters:\n  Domain: {Type: String}\n  Storage");
    world.around.stack.stack_policy = Some(format!(r#"{{"Statement": [{ALLOW_ALL}]}}"#));
    let results = world.check();
    for (id, verdict) in [
        ("parameters", Failed),
        ("update-fails", Failed),
        ("stack-policy", Skipped),
        ("quotas", Skipped),
        ("custom-names", Skipped),
        ("replacements", Skipped),
        ("expected-changes", Skipped),
        ("database-storage", Passed),
    ] {
        assert_eq!(of(&results, id).verdict, verdict, "{:#?}", of(&results, id));
    }
}

#[test]
fn stack() {
    check(&[
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
        ("deleted", |w| w.around.drift = Ok(vec![drift("Template", "DELETED")]), "drift", Failed, "Template"),
    ]);
}

fn drift(logical_id: &str, status: &str) -> Drift {
    Drift {
        logical_id: logical_id.to_owned(),
        status: status.to_owned(),
        properties: vec!["/Size".to_owned()],
    }
}

const ALLOW_ALL: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}"#;

fn policy(world: &mut World, statements: &str) {
    world.around.stack.stack_policy = Some(format!(r#"{{"Statement": [{statements}]}}"#));
}

#[test]
fn stack_policy() {
    check(&[
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

#[test]
fn versions_and_linked_stacks() {
    check(&[
        ("upgrade", |_| {}, "version-path", Passed, "From v1.0.0 to v1.1.0"),
        ("same", |w| w.rewrite("v1.1.0", "1.0"), "version-path", Passed, "stays"),
        ("downgrade", |w| w.rewrite("v1.1.0", "v0.9.0"), "version-path", Failed, "older"),
        ("no number", |w| w.rewrite("v1.1.0", "latest"), "version-path", Warning, "can't be compared"),
        ("silent", |w| w.rewrite("{Version: v1.1.0}", "{}"), "version-path", Skipped, "doesn't tell"),
        (
            "too old to come from",
            |w| w.rewrite("{Version: v1.1.0}", "{Version: v1.1.0, MinimumUpgradeFrom: 1.0.1}"),
            "version-path",
            Failed,
            "Upgrade to 1.0.1 first",
        ),
        (
            "past a stop",
            |w| {
                w.rewrite(
                    "{Version: v1.1.0}",
                    "{Version: v1.1.0, RequiredStops: [v1.0.5, v1.0.2, v1.0.0, v1.1.0]}",
                )
            },
            "version-path",
            Failed,
            "must stop at v1.0.2, then v1.0.5",
        ),
        (
            "the catalogue knows better",
            |w| {
                w.rewrite("{Version: v1.1.0}", "{Version: v1.1.0, RequiredStops: v1.0.5}");
                w.release.required_stops = vec!["v1.0.0".into()];
            },
            "version-path",
            Passed,
            "",
        ),
        ("no backup stack", |w| w.around.backup = None, "backup-stack", Warning, "No backup stack"),
        (
            "not looked",
            |w| w.around.backup = Some(LinkedStack { name: "b".into(), found: Err("AccessDenied".into()) }),
            "backup-stack",
            Warning,
            "AccessDenied",
        ),
        (
            "broken backup stack",
            |w| {
                if let Some(LinkedStack { found: Ok(found), .. }) = &mut w.around.backup {
                    found.status = "UPDATE_ROLLBACK_FAILED".into();
                }
            },
            "backup-stack",
            Failed,
            "isn't whole",
        ),
        (
            "old backup stack",
            |w| w.release.least_backup_version = Some("1.0.1".into()),
            "backup-stack",
            Failed,
            "needs 1.0.1",
        ),
        (
            "old backup stack, updated by the run",
            |w| {
                w.release.least_backup_version = Some("1.0.1".into());
                w.planned_versions.insert(UpdateKind::BackupStack, "1.1.0".into());
            },
            "backup-stack",
            Passed,
            "1.1.0 by then",
        ),
        ("fresh", |_| {}, "recovery-point", Passed, "2 h old"),
        (
            "stale",
            |w| w.around.newest_recovery_point = Ok(Some(Timestamp(w.now.0 - 72 * HOUR))),
            "recovery-point",
            Warning,
            "3 days old",
        ),
        ("none", |w| w.around.newest_recovery_point = Ok(None), "recovery-point", Warning, "stay lost"),
        (
            "blind",
            |w| w.around.newest_recovery_point = Err("no".into()),
            "recovery-point",
            Warning,
            "nobody knows",
        ),
        ("no role", |_| {}, "role-stack", Skipped, "no role"),
        (
            "old role",
            |w| w.around.role_stack = Some(linked("role", "1.0")),
            "role-stack",
            Warning,
            "half-way",
        ),
        ("new role", |w| w.around.role_stack = Some(linked("role", "1.1")), "role-stack", Passed, ""),
    ]);
}

#[test]
fn database_storage() {
    check(&[
        ("as made", |_| {}, "database-storage", Passed, "20 GiB"),
        (
            "blind",
            |w| w.around.databases = Err("no".into()),
            "database-storage",
            Warning,
            "scaled up by itself",
        ),
        ("none", |w| w.around.databases = Ok(Vec::new()), "database-storage", Skipped, "no RDS"),
        (
            "scaled, untouched",
            |w| w.around.databases = Ok(vec![database(37, "gp3")]),
            "database-storage",
            Warning,
            "Give Storage the value 37",
        ),
        (
            "scaled, touched",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.rewrite("db.t3.medium", "db.t3.large");
            },
            "database-storage",
            Failed,
            "Invalid storage size",
        ),
        (
            "scaled, touched, gp2",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp2")]);
                w.rewrite("db.t3.medium", "db.t3.large");
            },
            "database-storage",
            Warning,
            "Give Storage the value 37",
        ),
        (
            "put right",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.given.insert("Storage".into(), "37".into());
            },
            "database-storage",
            Passed,
            "37 GiB",
        ),
        (
            "too little more",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.given.insert("Storage".into(), "40".into());
            },
            "database-storage",
            Failed,
            "at least 41",
        ),
        (
            "grows while being optimized",
            |w| {
                w.around.databases =
                    Ok(vec![Database { status: "storage-optimization".into(), ..database(37, "gp3") }]);
                w.given.insert("Storage".into(), "50".into());
            },
            "database-storage",
            Failed,
            "six hours",
        ),
        (
            "stopped, touched",
            |w| {
                w.around.databases = Ok(vec![Database { status: "stopped".into(), ..database(20, "gp3") }]);
                w.rewrite("db.t3.medium", "db.t3.large");
            },
            "database-storage",
            Failed,
            "stopped",
        ),
        (
            "a literal, scaled",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.rewrite("AllocatedStorage: {Ref: Storage}", "AllocatedStorage: 30");
            },
            "database-storage",
            Failed,
            "Ask the vendor",
        ),
        (
            "the profile knows the parameter",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.rewrite("AllocatedStorage: {Ref: Storage}", "AllocatedStorage: {Fn::Sub: '${Storage}'}");
                w.storage_parameters = vec![("Database".into(), "Storage".into())];
            },
            "database-storage",
            Warning,
            "Give Storage the value 37",
        ),
    ]);
}

#[test]
fn the_offered_values_put_it_right() {
    for live in [37, 95] {
        let mut world = World::default();
        world.around.databases = Ok(vec![database(live, "gp3")]);
        world.rewrite("db.t3.medium", "db.t3.large");
        let results = world.check();
        let found = of(&results, "database-storage");
        assert_eq!(found.verdict, Failed);
        assert!(!found.fixes.is_empty());
        for fix in &found.fixes {
            world.given.insert(fix.parameter.clone(), fix.value.clone());
        }
        let again = world.check();
        let again = of(&again, "database-storage");
        assert_eq!(again.verdict, Passed, "{live} GiB with {:?}: {again:#?}", found.fixes);
    }
}

#[test]
fn permissions() {
    check(&[
        ("who", |_| {}, "identity", Passed, "ada"),
        (
            "root",
            |w| w.around.caller_arn = Ok("arn:aws:iam::111122223333:root".into()),
            "identity",
            Warning,
            "root user",
        ),
        (
            "another account",
            |w| w.around.caller_arn = Ok("arn:aws:sts::999999999999:assumed-role/operator/ada".into()),
            "identity",
            Failed,
            "999999999999",
        ),
        ("nobody", |w| w.around.caller_arn = Err("expired".into()), "identity", Warning, "expired"),
        ("all allowed", |_| {}, "permissions-caller", Passed, "none of the plan's actions"),
        ("not looked", |w| w.around.denied_to_caller = Err("no".into()), "permissions-caller", Skipped, "no"),
        (
            "denied",
            |w| deny(w, "ec2:CreateLaunchTemplateVersion", "implicitDeny"),
            "permissions-caller",
            Failed,
            "ec2:CreateLaunchTemplateVersion (implicitDeny), needed for some of Template",
        ),
        (
            "denied in words",
            |w| deny(w, "batch:UpdateJobQueue", "explicitDeny"),
            "permissions-caller",
            Failed,
            "boundary",
        ),
        (
            "the role does it",
            |w| {
                w.around.stack.role_arn = Some("arn:aws:iam::111122223333:role/deploy".into());
                deny(w, "ec2:CreateLaunchTemplateVersion", "implicitDeny");
            },
            "permissions-caller",
            Passed,
            "",
        ),
        ("no role", |_| {}, "permissions-role", Skipped, "no role"),
        (
            "denied to the role",
            |w| {
                w.around.denied_to_role = Some(Ok(vec![DeniedAction {
                    action: "ec2:CreateLaunchTemplateVersion".into(),
                    decision: "implicitDeny".into(),
                }]));
            },
            "permissions-role",
            Failed,
            "the role is denied",
        ),
    ]);
}

fn deny(world: &mut World, action: &str, decision: &str) {
    world.around.denied_to_caller =
        Ok(vec![DeniedAction { action: action.to_owned(), decision: decision.to_owned() }]);
}

#[test]
fn update() {
    check(&[
        (
            "not in S3",
            |w| w.template_reachable = Some(Err("403".into())),
            "template-reachable",
            Failed,
            "403",
        ),
        ("not looked", |w| w.template_reachable = None, "template-reachable", Skipped, ""),
        (
            "too many outputs",
            |w| {
                let outputs: String = (0..201).map(|n| format!("  Output{n}: {{Value: x}}\n")).collect();
                w.new_template.push_str(&format!("Outputs:\n{outputs}"));
            },
            "template-limits",
            Failed,
            "201 of 200 outputs",
        ),
        (
            "a missing parameter",
            |w| w.rewrite("Parameters:\n  Storage", "Parameters:\n  Domain: {Type: String}\n  Storage"),
            "update-fails",
            Failed,
            "Domain",
        ),
        (
            "IAM for the first time",
            |w| {
                w.new_template
                    .push_str("  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}\n")
            },
            "capabilities",
            Warning,
            "CAPABILITY_IAM was not needed before",
        ),
        (
            "IAM as before",
            |w| {
                w.new_template
                    .push_str("  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}\n");
                w.around.stack.capabilities = vec!["CAPABILITY_NAMED_IAM".into()];
            },
            "capabilities",
            Passed,
            "as before",
        ),
        ("quotas, blind", |w| w.around.quotas = Err("no".into()), "quotas", Skipped, "no"),
        (
            "no room for a queue",
            |w| {
                w.new_template.push_str("  Queue2: {Type: AWS::SQS::Queue}\n");
                w.around.quotas = Ok(vec![Quota {
                    name: "Queues".into(),
                    resource_type: "AWS::SQS::Queue".into(),
                    limit: 5,
                    used: 5,
                }]);
            },
            "quotas",
            Failed,
            "5 of 5 are used",
        ),
        (
            "shrinks a database",
            |w| w.rewrite("AllocatedStorage: {Ref: Storage}", "AllocatedStorage: 10"),
            "update-fails",
            Failed,
            "shrink",
        ),
        (
            "its own name in the way",
            |w| {
                w.rewrite(
                    "Properties: {TopicName: lab-events}",
                    "Properties: {TopicName: lab-events, FifoTopic: true}",
                );
            },
            "custom-names",
            Failed,
            "lab-events",
        ),
        ("names, blind", |w| w.around.taken_names = Err("no".into()), "custom-names", Skipped, "no"),
        (
            "a name that is taken",
            |w| w.around.taken_names = Ok([("Bucket".to_owned(), "lab-data".to_owned())].into()),
            "custom-names",
            Failed,
            "lab-data",
        ),
        (
            "the database is replaced",
            |w| w.rewrite("MasterUsername: root", "MasterUsername: admin"),
            "replacements",
            Failed,
            "--accept-replacement Database",
        ),
        (
            "the database is replaced and kept",
            |w| {
                w.rewrite("MasterUsername: root", "MasterUsername: admin");
                w.rewrite("UpdateReplacePolicy: Delete", "UpdateReplacePolicy: Retain");
            },
            "replacements",
            Warning,
            "starts empty",
        ),
        (
            "the database may be replaced",
            |w| w.rewrite("Engine: postgres", "Engine: mysql"),
            "replacements",
            Failed,
            "Only AWS knows whether",
        ),
        (
            "the database is removed, and nothing says what becomes of it",
            |w| {
                let from = w.new_template.find("  Database:\n").expect("the database");
                let to = w.new_template.find("  QueueAlarm:\n").expect("the alarm");
                w.new_template.replace_range(from..to, "");
            },
            "replacements",
            Failed,
            "deleted with it",
        ),
        (
            "the database is replaced, knowingly",
            |w| {
                w.rewrite("MasterUsername: root", "MasterUsername: admin");
                w.accepted.push(Acceptance {
                    what: "Database".into(),
                    who: "ada".into(),
                    why: "it is empty".into(),
                });
            },
            "replacements",
            Passed,
            "Accepted by ada: it is empty",
        ),
        (
            "the listener is replaced",
            |w| w.rewrite("LoadBalancerArn: {Ref: LoadBalancer}", "LoadBalancerArn: other"),
            "targets",
            Failed,
            "users reach the platform",
        ),
        (
            "the load balancer is replaced",
            |w| w.rewrite("Scheme: internet-facing", "Scheme: internal"),
            "targets",
            Failed,
            "LoadBalancer is replaced",
        ),
        (
            "a queue is renamed",
            |w| {
                w.rewrite("  Queue:\n", "  JobQueue:\n");
                w.rewrite("{Ref: Queue}", "{Ref: JobQueue}");
                if let Ok(new) = &mut w.new_targets {
                    new.remove("Queue");
                    new.insert("JobQueue".into());
                }
            },
            "targets",
            Warning,
            "Not in the new release: Queue. What maintenance changes on them ends with them and isn't put back. New in it: JobQueue.",
        ),
        (
            "the profile doesn't find a group",
            |w| {
                if let Ok(new) = &mut w.new_targets {
                    new.remove("Workers");
                }
            },
            "targets",
            Warning,
            "not found by the profile there",
        ),
        (
            "the profile doesn't fit",
            |w| w.new_targets = Err("several listeners".into()),
            "targets",
            Warning,
            "several listeners",
        ),
    ]);
}

#[test]
fn gate() {
    check(&[
        ("room", |_| {}, "gate-space", Passed, "the first at 80"),
        (
            "only the default rule",
            |w| w.around.listener_rules = Ok(vec![rule(None, 0)]),
            "gate-space",
            Passed,
            "",
        ),
        (
            "first",
            |w| w.around.listener_rules = Ok(vec![rule(Some(1), 1)]),
            "gate-space",
            Failed,
            "0 priorities",
        ),
        (
            "one priority, and addresses to let in",
            |w| {
                w.around.listener_rules = Ok(vec![rule(Some(2), 1), rule(None, 0)]);
                w.admitted = vec!["192.0.2.1/32".into()];
            },
            "gate-space",
            Failed,
            // The gate, the copy of the rule, the copy of the default rule.
            "needs 3",
        ),
        (
            "nine addresses beside one value",
            |w| {
                w.around.listener_rules = Ok(vec![rule(Some(8), 1), rule(None, 0)]);
                w.admitted = (0..9).map(|n| format!("192.0.2.{n}/32")).collect();
            },
            "gate-space",
            Passed,
            // 1 + 9 over 4, twice.
            "needs 7 before it",
        ),
        (
            "a full rule",
            |w| {
                w.around.listener_rules = Ok(vec![rule(Some(80), 5), rule(None, 0)]);
                w.admitted = vec!["192.0.2.1/32".into()];
            },
            "gate-space",
            Failed,
            "priorities 80",
        ),
        (
            "100 rules",
            |w| w.around.listener_rules = Ok((80..180).map(|n| rule(Some(n), 1)).collect()),
            "gate-space",
            Failed,
            "over 100",
        ),
        (
            "another listener's rules count for the balancer only",
            |w| {
                w.around.listener_rules = Ok(vec![
                    ListenerRule { listener_arn: "other".into(), ..rule(Some(1), 1) },
                    rule(Some(80), 1),
                ]);
            },
            "gate-space",
            Passed,
            "the first at 80",
        ),
        (
            "left over",
            |w| {
                w.around.listener_rules = Ok(vec![
                    ListenerRule { run_id: Some("run-7".into()), ..rule(Some(1), 1) },
                    rule(Some(80), 1),
                ]);
            },
            "gate-space",
            Warning,
            "run-7",
        ),
        ("blind", |w| w.around.listener_rules = Err("no".into()), "gate-space", Warning, "not known"),
    ]);
}

/// The check and the draft of the gate must agree on what fits.
#[test]
fn the_gate_that_fits_is_drawn() {
    for lowest in [1, 2, 3, 6, 8, 11] {
        for values in [1, 4, 5] {
            for admitted in [0, 1, 9] {
                let mut world = World::default();
                world.around.listener_rules =
                    Ok(vec![rule(Some(lowest), values), rule(Some(lowest + 1), 2), rule(None, 0)]);
                world.admitted = (0..admitted).map(|n| format!("192.0.2.{n}/32")).collect();
                let settings = PlanSettings {
                    deployment_name: "lab".to_owned(),
                    run_id: "run-1".to_owned(),
                    maintenance: world.maintenance.clone(),
                    health: world.health.clone(),
                    announcement: Announcement { banner: None, closes_at: None },
                    admitted: world.admitted.clone(),
                    message: None,
                    snapshot_databases: false,
                    snapshot_volumes: false,
                    platform: world.around.platform,
                };
                let rules = world.around.listener_rules.clone().unwrap_or_default();
                let findings = Findings {
                    deployment: &world.deployment,
                    targets: &world.targets,
                    profile: "generic",
                    listener_rules: &rules,
                    at_work: &AtWork::default(),
                    checks: &[],
                    accepted: &[],
                };
                let drawn = maintenance_plan(RunKind::EnterMaintenance, &settings, &findings, None);
                let verdict = of(&world.check(), "gate-space").verdict;
                assert_eq!(
                    drawn.is_ok(),
                    verdict == Passed,
                    "first rule {lowest} with {values} values, {admitted} admitted: {verdict:?}, {:?}",
                    drawn.err()
                );
            }
        }
    }
}

fn session(id: &str, unsaved: Unsaved) -> Session {
    Session {
        id: id.to_owned(),
        name: format!("session {id}"),
        owner: "grace".to_owned(),
        kind: SessionKind::Session,
        unsaved,
        last_save: None,
        started_at: None,
    }
}

fn job(owner: Option<&str>) -> Job {
    Job {
        id: "job-1".to_owned(),
        name: "align".to_owned(),
        queue_arn: "Queue-1".to_owned(),
        status: "RUNNING".to_owned(),
        owner: owner.map(str::to_owned),
    }
}

#[test]
fn workloads() {
    check(&[
        ("nobody", |_| {}, "workloads", Passed, ""),
        (
            "saved",
            |w| w.around.sessions = Some(Ok(vec![session("s-1", Unsaved::No)])),
            "workloads",
            Passed,
            "grace: 1 session.",
        ),
        (
            "unsaved",
            |w| w.around.sessions = Some(Ok(vec![session("s-1", Unsaved::Yes { items: 3 })])),
            "workloads",
            Warning,
            "Unsaved: session s-1 (3 items)",
        ),
        (
            "unsaved, and can't be",
            |w| {
                w.around.platform.save = false;
                w.around.sessions = Some(Ok(vec![session("s-1", Unsaved::Unknown)]));
            },
            "workloads",
            Warning,
            "people have to do it themselves",
        ),
        (
            "jobs",
            |w| w.around.jobs = Ok(vec![job(Some("ada")), job(None), job(Some("ada"))]),
            "workloads",
            Warning,
            "ada: 2 jobs.",
        ),
        ("blind", |w| w.around.jobs = Err("throttled".into()), "workloads", Warning, "throttled"),
        (
            "a machine",
            |w| {
                w.around.dedicated_machines = Ok(vec![Machine {
                    instance_id: "i-1".into(),
                    state: "running".into(),
                    name: None,
                    owner: Some("alan".into()),
                }]);
            },
            "workloads",
            Warning,
            "alan: 1 machine",
        ),
        ("muted", |_| {}, "alarms", Passed, "are muted meanwhile: queue-is-long"),
        ("not muted", |w| w.maintenance.mute_alarms = false, "alarms", Warning, "will fire: queue-is-long"),
        (
            "does nothing",
            |w| {
                w.maintenance.mute_alarms = false;
                w.around.alarms = Ok(vec![Alarm { actions_enabled: false, ..alarm() }]);
            },
            "alarms",
            Passed,
            "stays so",
        ),
        (
            "fires now",
            |w| w.around.alarms = Ok(vec![Alarm { state: "ALARM".into(), ..alarm() }]),
            "alarms",
            Warning,
            "in ALARM now",
        ),
        (
            "watches something else",
            |w| {
                w.maintenance.mute_alarms = false;
                w.targets.job_queues = vec![resource("AnotherQueue")];
            },
            "alarms",
            Passed,
            "none that acts",
        ),
        ("well", |_| {}, "platform-health", Passed, "well"),
        ("can't ask", |w| w.around.platform_status = None, "platform-health", Skipped, ""),
        (
            "silent",
            |w| w.around.platform_status = Some(Err("refused".into())),
            "platform-health",
            Warning,
            "refused",
        ),
        (
            "another version answers",
            |w| {
                if let Some(Ok(status)) = &mut w.around.platform_status {
                    status.version = Some("0.9".into());
                }
            },
            "platform-health",
            Warning,
            "didn't reach it",
        ),
    ]);
}

#[test]
fn policies() {
    check(&[
        (
            "no adapter",
            |w| w.around.platform = PlatformCapabilities::default(),
            "maintenance-policy",
            Warning,
            "nothing is saved",
        ),
        (
            "can't save",
            |w| w.around.platform.save = false,
            "maintenance-policy",
            Warning,
            "the run stops and lets users in again",
        ),
        (
            "can't save, waits",
            |w| {
                w.around.platform.save = false;
                w.maintenance.sessions.escalation = Escalation::Wait;
            },
            "maintenance-policy",
            Warning,
            "everybody else kept out",
        ),
        (
            "force without names",
            |w| w.maintenance.sessions.escalation = Escalation::Force,
            "maintenance-policy",
            Warning,
            "none is named",
        ),
        (
            "names without force",
            |w| w.maintenance.force_sessions = vec!["s-1".into()],
            "maintenance-policy",
            Warning,
            "does nothing",
        ),
        (
            "deadline before grace",
            |w| w.maintenance.jobs.grace_seconds = 10_000,
            "maintenance-policy",
            Failed,
            "jobs: the deadline",
        ),
        (
            "nothing to ask",
            |w| w.health = HealthPolicy { targets: false, platform: false, ..HealthPolicy::default() },
            "health-policy",
            Warning,
            "Nothing is asked",
        ),
        (
            "nothing that can be asked",
            |w| {
                w.around.platform.status = false;
                w.targets.target_groups.clear();
            },
            "health-policy",
            Warning,
            "Nothing is asked",
        ),
        ("never quiet", |w| w.health.quiet_seconds = 900, "health-policy", Failed, "can't be"),
        (
            "opens anyway",
            |w| w.health.on_failure = OnUnhealthy::Open,
            "health-policy",
            Warning,
            "all the same",
        ),
        (
            "not an address",
            |w| {
                w.health.http = vec![HttpCheck {
                    name: "front".into(),
                    url: "example.com".into(),
                    status: 200,
                    contains: None,
                }];
            },
            "health-policy",
            Failed,
            "example.com",
        ),
    ]);
}
