//! The lab's releases (`deploy/lab/`) created and updated on a simulated cloud, with the events that CloudFormation
//! would give. What runs in them is tested with the lab.

use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, first_failure, lines};

macro_rules! release {
    ($name:literal) => {
        include_str!(concat!("../../../../deploy/lab/", $name, ".yaml"))
    };
}

/// Parameters of the primary stack; those of a release that it doesn't have are left out by the caller.
fn tokens() -> Value {
    json!([
        {"ParameterKey": "AdminToken", "ParameterValue": "an admin's token"},
        {"ParameterKey": "WorkerToken", "ParameterValue": "a worker's token"},
    ])
}

fn create(cloud: &mut Cloud, stack: &str, template: &str, parameters: &Value) {
    let url = cloud.url(&format!("{stack}.yaml"), template);
    cloud.get(
        "CreateStack",
        json!({"StackName": stack, "TemplateURL": url, "Capabilities": CAPABILITIES, "Parameters": parameters}),
    );
    cloud.settle();
    assert_eq!(cloud.status(stack), "CREATE_COMPLETE", "{:?}", first_failure(cloud, stack));
}

fn update(cloud: &mut Cloud, stack: &str, template: &str, parameters: &Value) -> Vec<String> {
    let before = cloud.events(stack).len();
    let url = cloud.url(&format!("{stack}-next.yaml"), template);
    cloud.get(
        "UpdateStack",
        json!({"StackName": stack, "TemplateURL": url, "Capabilities": CAPABILITIES, "Parameters": parameters}),
    );
    cloud.settle();
    lines(cloud, stack, before)
}

/// The physical id of a resource.
fn physical(cloud: &mut Cloud, stack: &str, logical: &str) -> String {
    let resources = cloud.resources(stack);
    let found = resources.iter().find(|resource| resource["LogicalResourceId"] == logical);
    found.map_or_else(String::new, |one| one["PhysicalResourceId"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn the_lab_goes_to_1_1_0_and_its_worker_group_is_replaced() {
    let mut cloud = Cloud::new();
    create(&mut cloud, "lab", release!("primary-1.0.0"), &tokens());
    assert_eq!(physical(&mut cloud, "lab", "WorkerGroup"), "lab-workers-1");
    let (database, web) = (physical(&mut cloud, "lab", "Database"), physical(&mut cloud, "lab", "WebGroup"));
    let events = update(&mut cloud, "lab", release!("primary-1.1.0"), &tokens());
    assert_eq!(cloud.status("lab"), "UPDATE_COMPLETE", "{events:#?}");
    assert_eq!(physical(&mut cloud, "lab", "WorkerGroup"), "lab-workers-2");
    assert_eq!(physical(&mut cloud, "lab", "Database"), database, "the database grows in place");
    assert_eq!(physical(&mut cloud, "lab", "WebGroup"), web);
    assert_ne!(physical(&mut cloud, "lab", "InteractiveQueue"), "");
    assert_eq!(physical(&mut cloud, "lab", "LegacyPolicy"), "");
    for line in ["Database UPDATE_COMPLETE", "LegacyPolicy DELETE_COMPLETE", "WorkerWarmPool UPDATE_COMPLETE"]
    {
        assert!(events.iter().any(|event| event.starts_with(line)), "{line} is missing: {events:#?}");
    }
}

#[test]
fn a_bad_release_updates_well_and_a_failing_one_goes_back() {
    let mut cloud = Cloud::new();
    create(&mut cloud, "lab", release!("primary-1.1.0"), &tokens());
    let events = update(&mut cloud, "lab", release!("primary-1.3.0-fails"), &tokens());
    assert_eq!(cloud.status("lab"), "UPDATE_ROLLBACK_COMPLETE", "{events:#?}");
    let failed = events.iter().position(|event| event.starts_with("AssetsRule CREATE_FAILED"));
    let replaced = events.iter().position(|event| event.starts_with("WorkerGroup UPDATE_COMPLETE"));
    assert!(replaced.is_some() && replaced < failed, "half-way: {events:#?}");
    assert_eq!(physical(&mut cloud, "lab", "AssetsRule"), "");
    let events = update(&mut cloud, "lab", release!("primary-1.2.0-bad"), &tokens());
    assert_eq!(cloud.status("lab"), "UPDATE_COMPLETE", "{events:#?}");
}

#[test]
fn the_backup_and_role_stacks_go_to_1_1_0() {
    for (stack, from, to) in [
        ("backup", release!("backup-1.0.0"), release!("backup-1.1.0")),
        ("role", release!("deployment-role-1.0.0"), release!("deployment-role-1.1.0")),
    ] {
        let mut cloud = Cloud::new();
        create(&mut cloud, stack, from, &json!([]));
        let events = update(&mut cloud, stack, to, &json!([]));
        assert_eq!(cloud.status(stack), "UPDATE_COMPLETE", "{events:#?}");
    }
}
