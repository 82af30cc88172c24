//! Every resource that an upgrade of the platform changes is let fail: the stack comes back to what it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use localcloud::cloudformation::stack::Properties;
use localcloud::faults::FaultPhase;
use serde_json::{Value, json};

use crate::code_ocean::deployed;
use crate::support::{CAPABILITIES, Cloud};

/// What must be as before after a rollback.
#[derive(Debug, PartialEq)]
struct State {
    template: Value,
    parameters: Value,
    resources: BTreeMap<String, (Option<String>, Arc<Properties>)>,
}

fn state(cloud: &mut Cloud) -> State {
    let template = cloud.get("GetTemplate", json!({"StackName": "co"}))["TemplateBody"].clone();
    let parameters = cloud.stack("co")["Parameters"].clone();
    let stack = cloud.world.cloudformation.find("co").expect("the stack");
    let resources = stack.resources.values();
    let resources = resources
        .map(|one| (one.logical_id.clone(), (one.physical_id.clone(), one.properties.clone())))
        .collect();
    State { template, parameters, resources }
}

fn update(cloud: &mut Cloud, url: &str, parameters: &Value) {
    cloud.get(
        "UpdateStack",
        json!({"StackName": "co", "TemplateURL": url, "Parameters": parameters, "Capabilities": CAPABILITIES}),
    );
    cloud.settle();
}

/// The resources that the update creates, updates or replaces, and those among them that it creates.
fn changed() -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let (mut cloud, url, parameters) = deployed()?;
    let before = cloud.events("co").len();
    update(&mut cloud, &url, &parameters);
    assert_eq!(cloud.status("co"), "UPDATE_COMPLETE");
    let (mut changed, mut created) = (BTreeSet::new(), BTreeSet::new());
    for event in cloud.events("co").iter().skip(before).filter(|event| event["LogicalResourceId"] != "co") {
        let id = event["LogicalResourceId"].as_str().unwrap_or_default().to_owned();
        match event["ResourceStatus"].as_str() {
            Some("UPDATE_COMPLETE") => changed.insert(id),
            Some("CREATE_COMPLETE") => changed.insert(id.clone()) && created.insert(id),
            _ => false,
        };
    }
    Some((changed, created))
}

/// What differs, in a few words.
fn difference(before: &State, after: &State) -> Option<String> {
    if before.template != after.template {
        return Some("another template".to_owned());
    }
    if before.parameters != after.parameters {
        return Some("other parameters".to_owned());
    }
    let names: BTreeSet<&String> = before.resources.keys().chain(after.resources.keys()).collect();
    let differing: Vec<String> = names
        .into_iter()
        .filter_map(|name| match (before.resources.get(name), after.resources.get(name)) {
            (one, other) if one == other => None,
            (Some(one), Some(other)) if one.0 != other.0 => {
                Some(format!("{name}: {:?} became {:?}", one.0, other.0))
            }
            (Some(_), Some(_)) => Some(format!("{name}: other properties")),
            (Some(_), None) => Some(format!("{name} is gone")),
            (None, _) => Some(format!("{name} is left over")),
        })
        .collect();
    (!differing.is_empty()).then(|| differing.join("; "))
}

#[test]
fn any_failing_resource_brings_the_stack_back() {
    let Some((changed, _)) = changed() else { return };
    let Some((mut cloud, url, parameters)) = deployed() else { return };
    let mut wrong = Vec::new();
    for logical_id in &changed {
        let before = state(&mut cloud);
        let faults = &mut cloud.world.faults;
        faults.fail("co", logical_id, FaultPhase::Create, "it was to fail");
        faults.fail("co", logical_id, FaultPhase::Update, "it was to fail");
        update(&mut cloud, &url, &parameters);
        cloud.world.faults.resources.clear();
        let status = cloud.status("co");
        if status != "UPDATE_ROLLBACK_COMPLETE" {
            wrong.push(format!("{logical_id}: {status}"));
        } else if let Some(difference) = difference(&before, &state(&mut cloud)) {
            wrong.push(format!("{logical_id}: {difference}"));
        }
    }
    println!(
        "failed in the update: {} of {} came back as they were",
        changed.len() - wrong.len(),
        changed.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    update(&mut cloud, &url, &parameters);
    assert_eq!(cloud.status("co"), "UPDATE_COMPLETE", "after all of that the update still works");
}

#[test]
fn cancelled_at_any_moment_the_stack_comes_back() {
    let Some((mut cloud, url, parameters)) = deployed() else { return };
    let before = state(&mut cloud);
    let request = json!({"StackName": "co", "TemplateURL": url, "Parameters": parameters, "Capabilities": CAPABILITIES});
    let (mut cancelled, mut wrong) = (0, Vec::new());
    for seconds in (0..).step_by(13) {
        cloud.get("UpdateStack", request.clone());
        cloud.pass(seconds);
        if cloud.status("co") != "UPDATE_IN_PROGRESS" {
            break;
        }
        cloud.get("CancelUpdateStack", json!({"StackName": "co"}));
        cloud.settle();
        cancelled += 1;
        match cloud.status("co").as_str() {
            "UPDATE_ROLLBACK_COMPLETE" => {
                wrong.extend(
                    difference(&before, &state(&mut cloud)).map(|what| format!("{seconds} s: {what}")),
                );
            }
            status => wrong.push(format!("{seconds} s: {status}")),
        }
    }
    println!("cancelled: {} of {cancelled} came back as they were", cancelled - wrong.len());
    assert!(cancelled > 10 && wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_failed_rollback_is_continued() {
    let Some((changed, created)) = changed() else { return };
    let Some((mut cloud, url, parameters)) = deployed() else { return };
    let tried: Vec<&String> = changed.difference(&created).collect();
    let mut wrong = Vec::new();
    for (number, logical_id) in tried.iter().enumerate() {
        let before = state(&mut cloud);
        let faults = &mut cloud.world.faults;
        faults.fail("co", logical_id, FaultPhase::Update, "it was to fail");
        faults.fail("co", logical_id, FaultPhase::Rollback, "it was to fail again");
        update(&mut cloud, &url, &parameters);
        let status = cloud.status("co");
        if status != "UPDATE_ROLLBACK_FAILED" {
            wrong.push(format!("{logical_id}: {status} instead of UPDATE_ROLLBACK_FAILED"));
            cloud.world.faults.resources.clear();
            continue;
        }
        // Every other time the resource is skipped, else it is put right first.
        let skip = if number % 2 == 0 { json!([logical_id]) } else { json!([]) };
        if number % 2 == 1 {
            cloud.world.faults.resources.clear();
        }
        cloud.get("ContinueUpdateRollback", json!({"StackName": "co", "ResourcesToSkip": skip}));
        cloud.settle();
        cloud.world.faults.resources.clear();
        let status = cloud.status("co");
        if status != "UPDATE_ROLLBACK_COMPLETE" {
            wrong.push(format!("{logical_id}: {status} after ContinueUpdateRollback"));
        } else if let Some(difference) = difference(&before, &state(&mut cloud)) {
            wrong.push(format!("{logical_id}: {difference}"));
        }
    }
    println!("failed in the rollback too: {} of {} were led out", tried.len() - wrong.len(), tried.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
