//! What is looked at before a plan is made.

use std::time::Duration;

use aws::{CustomName, Lookup};
use upgrade::rights::Asked;
use upgrade::{Circumstances, LogicalResource, MaintenancePolicy, ObstacleParts, Targets};

use crate::common::Bench;

pub fn targets(bench: &Bench) -> Targets {
    let some = |ids: &[&str]| ids.iter().map(|id| bench.resource(id)).collect();
    Targets {
        listeners: vec![bench.resource("Listener")],
        target_groups: some(&["WebTargets"]),
        job_queues: some(&["Queue"]),
        worker_groups: some(&["Workers"]),
        ecs_services: Vec::new(),
        serving_services: Vec::new(),
        alarms: some(&["Alarm"]),
        databases: some(&["Database"]),
        volumes: some(&["Volume"]),
        dedicated_machine_tags: vec![("dedicated".to_owned(), None)],
    }
}

pub async fn gather(bench: &Bench, targets: &Targets) -> Circumstances {
    gather_with(bench, targets, &[], &[], &[]).await
}

/// Every listener of the stack.
pub async fn listeners(bench: &Bench) -> Vec<upgrade::ListenerSeen> {
    let ways = upgrade::WaysIn { listeners: vec![bench.resource("Listener")], ..upgrade::WaysIn::default() };
    bench.cloud.listeners(&ways).await.expect("listeners")
}

async fn gather_with(
    bench: &Bench,
    targets: &Targets,
    drift_of: &[String],
    added_types: &[String],
    names: &[CustomName],
) -> Circumstances {
    let resources: Vec<LogicalResource> =
        bench.physical.keys().map(|logical_id| bench.resource(logical_id)).collect();
    let role = bench.physical.get("BatchRole").map(|name| format!("arn:aws:iam::000000000000:role/{name}"));
    let actions = ["batch:TerminateJob", "ec2:TerminateInstances"].map(str::to_owned);
    let asked = Asked::everywhere(actions);
    let lookup = Lookup {
        stack_id: &bench.stack_id,
        targets,
        resources: &resources,
        asked_of_caller: std::slice::from_ref(&asked),
        asked_of_role: &asked,
        role_arn: role.as_deref(),
        drift_of,
        drift_wait: Duration::from_secs(600),
        added_types,
        names,
        without_update: false,
        obstacles: &ObstacleParts::from_targets(targets, &MaintenancePolicy::default()),
    };
    bench.cloud.circumstances(&lookup, &bench.clock).await.expect("the stack is there")
}

#[tokio::test(start_paused = true)]
async fn everything_around_a_deployment() {
    let bench = Bench::with_platform().await;
    let definition = bench.cloud.register_job_definition("work").await.expect("registered");
    bench.cloud.submit_job(&bench.id("Queue"), &definition, "one", 3600).await.expect("submitted");
    let found = gather(&bench, &targets(&bench)).await;
    assert!(
        found.caller_arn.as_ref().is_ok_and(|arn| arn.contains("000000000000")),
        "{:?}",
        found.caller_arn
    );
    // The role may do everything in Batch and nothing in EC2.
    let denied = found.denied_to_role.expect("a role").expect("simulated");
    let denied: Vec<(&str, &str)> =
        denied.iter().map(|denied| (denied.action.as_str(), denied.decision.as_str())).collect();
    assert_eq!(denied, [("ec2:TerminateInstances", "implicitDeny")]);
    let databases = found.databases.expect("databases");
    let database = databases.first().expect("one");
    assert_eq!(
        (database.identifier.as_str(), database.allocated_storage, database.max_allocated_storage),
        ("main", 20, Some(100))
    );
    assert_eq!((database.storage_type.as_str(), database.status.as_str()), ("gp3", "available"));
    let alarms = found.alarms.expect("alarms");
    assert_eq!(alarms.first().map(|alarm| alarm.metric.as_str()), Some("AWS/EC2 CPUUtilization"));
    let listeners = listeners(&bench).await;
    let rules: Vec<_> = listeners.iter().flat_map(|listener| &listener.rules).collect();
    assert_eq!(rules.iter().map(|rule| rule.priority).collect::<Vec<_>>(), [Some(100), None]);
    assert_eq!(found.newest_recovery_point, Ok(None));
    assert_eq!(found.jobs.expect("jobs").len(), 1);
    assert_eq!(found.worker_groups.expect("groups").len(), 1);
    assert_eq!(found.dedicated_machines.expect("machines").len(), 1);
    assert_eq!(found.stack.operation_under_way, None);
    assert_eq!(found.stack.capabilities, ["CAPABILITY_NAMED_IAM"]);
}

#[tokio::test(start_paused = true)]
async fn drift_is_looked_for_in_what_the_update_touches() {
    let bench = Bench::with_platform().await;
    // What can drift in the local cloud can't be changed from here; answers that tell of drift are in `canned`.
    for asked in [&["Topic", "Queue"][..], &[]] {
        let asked: Vec<String> = asked.iter().map(|id| (*id).to_owned()).collect();
        let found = gather_with(&bench, &targets(&bench), &asked, &[], &[]).await;
        assert_eq!(found.drift, Ok(vec![]), "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn taken_names_are_found_and_what_is_not_looked_at_is_said() {
    let bench = Bench::with_platform().await;
    let names: Vec<CustomName> = [
        ("AWS::S3::Bucket", "templates", true),
        ("AWS::S3::Bucket", "no-such-bucket", false),
        ("AWS::IAM::Role", "port-batch", true),
        ("AWS::IAM::Role", "other", false),
        ("AWS::AutoScaling::AutoScalingGroup", "workers", true),
        ("AWS::AutoScaling::AutoScalingGroup", "other", false),
        ("AWS::EC2::LaunchTemplate", "port-template", true),
        ("AWS::EC2::LaunchTemplate", "other", false),
        ("AWS::RDS::DBInstance", "main", true),
        ("AWS::RDS::DBInstance", "other", false),
        ("AWS::CloudWatch::Alarm", "load", true),
        ("AWS::Batch::JobQueue", "jobs", true),
        ("AWS::Batch::JobQueue", "other", false),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "web", true),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "other", false),
        ("AWS::Lambda::Function", "x", false),
    ]
    .into_iter()
    .enumerate()
    .map(|(number, (resource_type, name, taken))| CustomName {
        logical_id: format!("{}{number}", if taken { "Taken" } else { "Free" }),
        resource_type: resource_type.to_owned(),
        name: name.to_owned(),
    })
    .collect();
    let found = gather_with(&bench, &targets(&bench), &[], &[], &names).await;
    let taken = found.taken_names.expect("looked at");
    let expected: Vec<&String> =
        names.iter().map(|name| &name.logical_id).filter(|id| id.starts_with("Taken")).collect();
    let mut seen: Vec<&String> = taken.keys().collect();
    seen.sort_by_key(|id| id.trim_start_matches("Taken").parse::<u32>().expect("a number"));
    assert_eq!(seen, expected);
    assert_eq!(found.unknown_names.len(), 1, "{:?}", found.unknown_names);
    assert!(found.unknown_names.iter().all(|reason| reason.contains("AWS::Lambda::Function")));
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_cannot_be_looked_at_spoils_nothing() {
    let bench = Bench::with_platform().await;
    let types = ["AWS::EC2::VPC".to_owned(), "AWS::Some::Thing".to_owned()];
    let found = gather_with(&bench, &targets(&bench), &[], &types, &[]).await;
    // This local cloud has no Service Quotas; a type without a known quota isn't asked for.
    let reason = found.quotas.expect_err("a reason");
    assert!(reason.contains("VPCs per Region"), "{reason}");
    assert_eq!(found.unknown_quotas.len(), 1, "{:?}", found.unknown_quotas);
    assert!(found.databases.is_ok());
}

#[tokio::test(start_paused = true)]
async fn stacks_are_listed_with_their_versions() {
    let bench = Bench::with_platform().await;
    let stacks = bench.cloud.stacks().await.expect("stacks");
    let stack = stacks.first().expect("one");
    assert_eq!(
        (stacks.len(), stack.stack_name.as_str(), stack.status.as_str()),
        (1, "platform", "CREATE_COMPLETE")
    );
    assert_eq!(stack.version, Some(("Port".to_owned(), "1.0.0".to_owned())));
    assert_eq!(stack.parameters.get("Colour").map(String::as_str), Some("green"));
}
