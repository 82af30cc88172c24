//! The table of our own rights, held against AWS's reference: what an action is allowed on is of a type that it knows.

use std::collections::{BTreeMap, BTreeSet};

use upgrade::rights::{Grounds, Purpose, Statement, TOPICS, asked_of_caller, is_act, statements};
use upgrade::{LogicalResource, Targets};

const REFERENCE: &str = include_str!("reference.txt");

fn reference() -> BTreeMap<&'static str, Vec<&'static str>> {
    let lines = REFERENCE.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let entry = |line: &'static str| {
        let mut words = line.split(' ');
        Some((words.next()?, words.collect()))
    };
    lines.filter_map(entry).collect()
}

/// What an ARN of a type has in it.
fn is_of(kind: &str, arn: &str) -> bool {
    let marker = match kind {
        "autoScalingGroup" => ":autoScalingGroup:",
        "backupVault" => ":backup-vault:",
        "changeset" => ":changeSet/",
        "alarm" => ":alarm:",
        "db" => ":db:",
        "listener/app" => ":listener/app/",
        "listener-rule/app" => ":listener-rule/app/",
        "quota" => ":servicequotas:",
        "topic" => ":sns:",
        "queue" => ":sqs:",
        "snapshot" => return arn.contains(":snapshot:") || arn.contains(":snapshot/"),
        "bucket" => return arn.starts_with("arn:aws:s3:::") && !arn.contains('/'),
        "object" => return arn.starts_with("arn:aws:s3:::") && arn.contains('/'),
        _ => return arn.contains(&format!(":{kind}/")),
    };
    arn.contains(marker)
}

fn resource(logical_id: &str, physical_id: &str) -> LogicalResource {
    LogicalResource { logical_id: logical_id.to_owned(), physical_id: physical_id.to_owned() }
}

/// A deployment that has everything.
fn whole() -> Grounds {
    let one = |logical_id: &str, physical_id: &str| vec![resource(logical_id, physical_id)];
    let here = "us-east-1:111122223333";
    Grounds {
        partition: "aws".to_owned(),
        region: "us-east-1".to_owned(),
        account_id: "111122223333".to_owned(),
        primary_stack: Some("platform".to_owned()),
        linked_stacks: vec!["backup".to_owned()],
        has_nested: true,
        targets: Targets {
            listeners: one("Listener", "listener"),
            target_groups: one("Targets", "targets"),
            job_queues: one("Queue", &format!("arn:aws:batch:{here}:job-queue/Queue-5zavLMnT8SK8cs37")),
            worker_groups: one("Workers", "platform-workers-12"),
            ecs_services: one(
                "Service",
                &format!("arn:aws:ecs:{here}:service/cluster/platform-Service-AbCdEfGh1234"),
            ),
            serving_services: one("Web", &format!("arn:aws:ecs:{here}:service/cluster/web")),
            alarms: one("Alarm", "platform-Alarm-2AOxMHh15kqa"),
            databases: one("Database", "platform-database-fo8cfftoxtfy"),
            volumes: one("Volume", "vol-0123456789abcdef0"),
            dedicated_machine_tags: vec![
                ("Name".to_owned(), Some("dedicated".to_owned())),
                ("team".to_owned(), None),
            ],
        },
        listener_arns: vec![format!("arn:aws:elasticloadbalancing:{here}:listener/app/public/0123/4567")],
        makes_room: true,
        mutes_alarms: true,
        snapshots_databases: true,
        snapshots_volumes: true,
        stack_roles: vec!["arn:aws:iam::111122223333:role/deploy".to_owned()],
        passed_roles: vec!["arn:aws:iam::111122223333:role/deploy".to_owned()],
        principal: Some("arn:aws:iam::111122223333:role/slackwater".to_owned()),
        template_buckets: vec!["templates".to_owned()],
        template_objects: vec!["arn:aws:s3:::vendor/release.yaml".to_owned()],
        state: Some(("state".to_owned(), "slackwater/".to_owned())),
        topics: vec![format!("arn:aws:sns:{here}:pager")],
    }
}

#[test]
fn every_action_is_allowed_on_what_the_reference_says_and_on_nothing_wider() {
    let reference = reference();
    let in_table: BTreeSet<&str> =
        TOPICS.iter().flat_map(|topic| topic.rights).map(|right| right.action).collect();
    assert_eq!(in_table, reference.keys().copied().collect(), "the reference's lines are the table's");
    let mut allowed = BTreeSet::new();
    for purpose in Purpose::ALL {
        let statements = statements(purpose, &whole());
        let sids: BTreeSet<&str> = statements.iter().map(|one| one.sid.as_str()).collect();
        assert_eq!(sids.len(), statements.len(), "each has a name of its own");
        for Statement { sid, actions, resources, .. } in &statements {
            for action in actions {
                let types = &reference[action];
                allowed.insert(*action);
                for arn in resources {
                    let fits =
                        if arn == "*" { types == &["-"] } else { types.iter().any(|kind| is_of(kind, arn)) };
                    assert!(fits, "{purpose:?}, {sid}: {action} on {arn}, and the reference says {types:?}");
                }
            }
        }
    }
    assert_eq!(allowed, in_table, "a deployment that has everything is asked for everything");
}

#[test]
fn a_purpose_needs_what_it_is_for_and_names_last_through_an_upgrade_alone() {
    let actions = |purpose: Purpose| -> BTreeSet<&'static str> {
        statements(purpose, &whole()).into_iter().flat_map(|one| one.actions).collect()
    };
    let upgrade = actions(Purpose::Upgrade);
    for purpose in Purpose::ALL {
        let beyond: Vec<_> = actions(purpose).difference(&upgrade).copied().collect();
        assert_eq!(beyond, Vec::<&str>::new(), "{purpose:?} is part of an upgrade");
    }
    // The panel acts on nothing; the notes on alarms are read by runs as well, and by no plan.
    let acts: Vec<_> = actions(Purpose::Panel).into_iter().filter(|action| is_act(action)).collect();
    assert_eq!(acts, ["cloudwatch:ListTagsForResource"]);
    for (purpose, group, queue, alarm) in [
        (
            Purpose::Maintenance,
            "/platform-workers-12",
            "/Queue-5zavLMnT8SK8cs37",
            ":platform-Alarm-2AOxMHh15kqa",
        ),
        (Purpose::Upgrade, "/platform-workers-*", "/Queue-*", ":platform-Alarm-*"),
    ] {
        let all: Vec<String> =
            statements(purpose, &whole()).into_iter().flat_map(|one| one.resources).collect();
        for end in [group, queue, alarm] {
            assert!(all.iter().any(|arn| arn.ends_with(end)), "{purpose:?}: {end} in {all:#?}");
        }
    }
    // What is simulated is what is there, and what a plan doesn't show by itself.
    let asked = asked_of_caller(&whole());
    assert!(asked.iter().flat_map(|one| &one.actions).all(|action| is_act(action)));
    assert!(asked.iter().flat_map(|one| &one.resources).any(|arn| arn.ends_with("/platform-workers-12")));
}

#[test]
fn a_deployment_without_a_kind_of_thing_needs_no_right_on_it() {
    let bare = Grounds { targets: Targets::default(), listener_arns: Vec::new(), state: None, ..whole() };
    let services: BTreeSet<&str> = statements(Purpose::Maintenance, &bare)
        .iter()
        .flat_map(|one| one.actions.clone())
        .filter_map(|action| action.split(':').next())
        .collect();
    assert_eq!(services, BTreeSet::from(["cloudformation", "elasticloadbalancing", "sns"]));
    let linked = Grounds { primary_stack: None, ..bare };
    assert_eq!(statements(Purpose::Panel, &Grounds { topics: Vec::new(), ..linked }), Vec::new());
}
