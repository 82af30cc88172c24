//! What the update meets, and what it costs.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{World, check_all};

#[test]
fn update() {
    check_all(&[
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
            "a name that can't be looked at",
            |w| w.around.unknown_names = vec!["name x of Function: not looked at".to_owned()],
            "custom-names",
            Passed,
            "Not looked at: name x",
        ),
        (
            "a name that is taken",
            |w| w.around.taken_names = Ok([("Bucket".to_owned(), "lab-data".to_owned())].into()),
            "custom-names",
            Failed,
            "lab-data, and something of that name exists outside of the stack",
        ),
        (
            "a name that a resource of the stack has, which the update removes",
            |w| w.around.taken_names = Ok([("Renamed".to_owned(), "Topic-1".to_owned())].into()),
            "custom-names",
            Failed,
            "Renamed would be called Topic-1, and Topic of this stack has that name",
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
                    of: Vec::new(),
                });
            },
            "replacements",
            Passed,
            "Accepted by ada: it is empty",
        ),
        (
            "the listener is replaced",
            |w| {
                w.rewrite("LoadBalancerArn: {Ref: LoadBalancer}", "LoadBalancerArn: other");
                w.rewrite("TargetGroupArn: {Ref: Web}", "TargetGroupArn: another");
            },
            "targets",
            Failed,
            "users reach the platform",
        ),
        (
            "a target group of two load balancers",
            |w| w.rewrite("LoadBalancerArn: {Ref: LoadBalancer}", "LoadBalancerArn: other"),
            "update-fails",
            Failed,
            "cannot be associated with more than one load balancer",
        ),
        (
            "an inline policy that goes with the old one",
            |w| {
                let policy = |name: &str| {
                    format!(
                        "  {name}: {{Type: AWS::IAM::Policy, Properties: {{PolicyName: p, Roles: [r], PolicyDocument: {{}}}}}}\n"
                    )
                };
                w.deployment.template.push_str(&policy("Before"));
                w.new_template.push_str(&policy("After"));
            },
            "update-fails",
            Warning,
            "is gone when Before goes",
        ),
        (
            "a property that its type hasn't",
            |w| w.new_template.push_str("  Made: {Type: AWS::SQS::Queue, Properties: {Name: q}}\n"),
            "update-fails",
            Failed,
            "AWS refuses the change set itself, before anything is touched",
        ),
        (
            "nothing that is known",
            |_| {},
            "update-fails",
            Passed,
            "refusals that are known stands in its way",
        ),
        (
            "the only listener goes",
            |w| {
                w.rewrite(
                    "  Listener:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties:\n      LoadBalancerArn: {Ref: \
                     LoadBalancer}\n      Port: 443\n      Protocol: HTTPS\n      DefaultActions: [{Type: forward, TargetGroupArn: \
                     {Ref: Web}}]\n",
                    "",
                );
            },
            "targets",
            Failed,
            "so at its end the run asks a person whether users reach the platform",
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
            "a nested stack works",
            |w| w.around.nested_work = Ok(vec!["Jobs/Queue (AWS::Batch::JobQueue)".into()]),
            "nested-stacks",
            Warning,
            "Goes on while the stack is updated, since no profile reaches into nested stacks: Jobs/Queue (AWS::Batch::JobQueue).",
        ),
        (
            "nested stacks may not be looked at",
            |w| w.around.nested_work = Err("no".into()),
            "nested-stacks",
            Warning,
            "could not be looked at: no. What works there goes on.",
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
fn the_gravest_risk_comes_first_whichever_update_has_it() {
    let mut mild = World::default();
    mild.rewrite("db.t3.medium", "db.t3.large");
    let mut grave = World::default();
    grave.rewrite("Engine: postgres", "Engine: mysql");
    let (mild, grave) = (mild.draft().expect("drawn up"), grave.draft().expect("drawn up"));
    assert!(!mild.risks.is_empty(), "there is something to come after");
    let all = mild.risks.len() + grave.risks.len();
    let risks = Foretold::by_updates(&[mild], &grave).risks;
    assert_eq!(risks.len(), all);
    assert_eq!(risks.first().map(|risk| risk.kind.as_str()), Some("data is lost"), "{risks:#?}");
}

/// What a review shows of each property; of a secret that there was, and that there will be.
#[test]
fn properties_are_told_before_and_after_but_for_secrets() {
    let mut world = World::default();
    world.rewrite("EvaluationPeriods: 1", "EvaluationPeriods: 3");
    world.rewrite("MasterUsername: root", "MasterUsername: {\"Fn::Sub\": \"root-${Password}\"}");
    let drafted = world.draft().expect("it changes something");
    let of = |logical_id: &str, path: &str| {
        let found = drafted.properties.iter().find(|one| one.logical_id == logical_id && one.path == path);
        found.map(|one| (one.before.as_deref(), one.after.as_deref()))
    };
    assert_eq!(
        of("QueueAlarm", "EvaluationPeriods"),
        Some((Some("1"), Some("3"))),
        "{:#?}",
        drafted.properties
    );
    assert!(of("Database", "MasterUsername").is_some(), "{:#?}", drafted.properties);
    let all = format!("{:?}", drafted.properties);
    assert!(!all.contains("old-secret"), "a secret in {all}");
}
