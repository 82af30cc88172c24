//! What the plan expects of each resource, beside what the engine then really does: one truth, told twice.

use std::collections::{BTreeMap, BTreeSet};

use changeset::expect::{Expectation, Expected, expectations};
use changeset::{Deployed, DeployedResource, Mode, predict};
use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, parameters, read, read_json};
use crate::vendors::{VENDORS, values_of, versions};

/// What the events of an update show of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Done {
    Unchanged,
    UpdatedInPlace,
    InstancesReplaced,
    Replaced,
    Added,
    Removed,
    Failed,
}

/// Whether an expectation came true. What only AWS could tell may come out either way.
fn came_true(expected: Expected, done: Done) -> bool {
    match expected {
        Expected::Unchanged => done == Done::Unchanged,
        Expected::MayBeUpdated => matches!(done, Done::Unchanged | Done::UpdatedInPlace),
        Expected::UpdatedInPlace => done == Done::UpdatedInPlace,
        // A group without instances has none to replace.
        Expected::InstancesReplaced => matches!(done, Done::InstancesReplaced | Done::UpdatedInPlace),
        Expected::MayBeReplaced => matches!(done, Done::Unchanged | Done::UpdatedInPlace | Done::Replaced),
        Expected::Replaced => done == Done::Replaced,
        Expected::Added => done == Done::Added,
        Expected::Removed => done == Done::Removed,
        Expected::Fails => done == Done::Failed,
    }
}

/// A change of policies alone touches only CloudFormation's own record: nothing happens to the resource.
fn is_record_only(one: &Expectation) -> bool {
    one.expected == Expected::UpdatedInPlace && one.changed_properties.is_empty()
}

fn is_open(expected: Expected) -> bool {
    matches!(expected, Expected::MayBeUpdated | Expected::MayBeReplaced)
}

/// What happened to each resource since the `skip`th event.
fn done(cloud: &mut Cloud, stack: &str, skip: usize, before: &BTreeSet<String>) -> BTreeMap<String, Done> {
    let after = names(cloud, stack);
    let mut told: BTreeMap<String, Done> =
        before.union(&after).map(|id| (id.clone(), Done::Unchanged)).collect();
    for event in cloud.events(stack).iter().skip(skip) {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let (status, reason) = (text("ResourceStatus"), text("ResourceStatusReason"));
        let Some(known) = told.get_mut(text("LogicalResourceId")) else { continue };
        let heavier = match status {
            "CREATE_IN_PROGRESS" => Done::Added,
            "UPDATE_IN_PROGRESS" if reason.contains("creation of a new physical resource") => Done::Replaced,
            "UPDATE_IN_PROGRESS" if reason.starts_with("Rolling update initiated") => Done::InstancesReplaced,
            "UPDATE_IN_PROGRESS" => Done::UpdatedInPlace,
            "UPDATE_FAILED" | "CREATE_FAILED" if !reason.contains("cancelled") => Done::Failed,
            _ => continue,
        };
        *known = heavier.max(*known);
    }
    for gone in before.difference(&after) {
        told.insert(gone.clone(), Done::Removed);
    }
    told
}

fn names(cloud: &mut Cloud, stack: &str) -> BTreeSet<String> {
    let resources = cloud.resources(stack);
    resources.iter().filter_map(|one| Some(one["LogicalResourceId"].as_str()?.to_owned())).collect()
}

/// What is expected of the change set `c` of a stack.
pub(crate) fn foretold(cloud: &Cloud, stack: &str) -> Result<Vec<Expectation>, String> {
    let stack = cloud.world.cloudformation.find(stack).ok_or("no stack")?;
    let before = stack.definition.clone().ok_or("no definition")?;
    let after = stack.change_sets.values().find(|one| one.name == "c").ok_or("no change set")?;
    let after = after.definition.clone()?;
    let resources = stack.resources.values().map(|resource| {
        let known = DeployedResource {
            physical_id: resource.physical_id.clone(),
            attributes: resource.attributes.clone(),
            properties: Some((*resource.properties).clone()),
        };
        (resource.logical_id.clone(), known)
    });
    let deployed = Deployed { resources: resources.collect(), ..Deployed::default() };
    let before = before.evaluation().map_err(|error| error.to_string())?;
    let after = after.evaluation().map_err(|error| error.to_string())?;
    let said = |mode| predict(Some(&before), &after, &deployed, mode).map_err(|error| error.to_string());
    let (plain, values) = (said(Mode::Plain)?, said(Mode::Values)?);
    expectations(Some(&before), &after, &deployed, &plain, &values).map_err(|error| error.to_string())
}

#[derive(Debug, Default)]
struct Tally {
    true_for_certain: usize,
    left_open: usize,
    wrong: Vec<String>,
    /// Updates that failed, as expected.
    refused: Vec<String>,
}

/// From one version to the next: expect, do, compare.
fn compare(cloud: &mut Cloud, vendor: &str, version: &str, values: &Value, tally: &mut Tally) {
    let body = read(&format!("templates/{vendor}/{version}")).unwrap_or_default();
    let url = cloud.url(&format!("{vendor}/{version}"), &body);
    let request = json!({
        "StackName": vendor, "ChangeSetName": "c", "TemplateURL": url, "Parameters": parameters(&body, values),
        "Capabilities": CAPABILITIES,
    });
    cloud.get("CreateChangeSet", request);
    cloud.pass(60);
    let named = json!({"StackName": vendor, "ChangeSetName": "c"});
    if cloud.get("DescribeChangeSet", named.clone())["Status"] == "FAILED" {
        cloud.get("DeleteChangeSet", named);
        return;
    }
    let foretold = match foretold(cloud, vendor) {
        Ok(foretold) => foretold,
        Err(error) => return tally.wrong.push(format!("{vendor}/{version}: {error}")),
    };
    let (skip, before) = (cloud.events(vendor).len(), names(cloud, vendor));
    cloud.get("ExecuteChangeSet", named.clone());
    cloud.settle();
    cloud.get("DeleteChangeSet", named);
    let status = cloud.status(vendor);
    let mut done = done(cloud, vendor, skip, &before);
    let fails: Vec<&Expectation> = foretold.iter().filter(|one| one.expected == Expected::Fails).collect();
    if status != "UPDATE_COMPLETE" || !fails.is_empty() {
        // What comes after the failure doesn't happen, so the failure alone is compared.
        let failed: BTreeSet<&String> =
            done.iter().filter(|(_, done)| **done == Done::Failed).map(|(id, _)| id).collect();
        let expected: BTreeSet<&String> = fails.iter().map(|one| &one.logical_id).collect();
        let told = format!("{vendor}/{version}: {status}, failed {failed:?}, expected to fail {expected:?}");
        match status == "UPDATE_ROLLBACK_COMPLETE" && !failed.is_empty() && failed.is_subset(&expected) {
            true => tally.refused.push(told),
            false => tally.wrong.push(told),
        }
        return;
    }
    for one in foretold {
        let done = done.remove(&one.logical_id).unwrap_or(Done::Unchanged);
        let untouched = is_record_only(&one) && done == Done::Unchanged;
        if !came_true(one.expected, done) && !untouched {
            tally.wrong.push(format!(
                "{vendor}/{version}: {} ({}): expected {:?}, but {done:?}: {}",
                one.logical_id,
                one.resource_type,
                one.expected,
                one.because.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            ));
        } else if is_open(one.expected) {
            tally.left_open += 1;
        } else {
            tally.true_for_certain += 1;
        }
    }
    // Whatever isn't foretold stays as it is.
    for (logical_id, done) in done {
        match done {
            Done::Unchanged => tally.true_for_certain += 1,
            _ => tally.wrong.push(format!("{vendor}/{version}: {logical_id}: not foretold, but {done:?}")),
        }
    }
}

#[test]
fn the_plan_and_the_engine_agree() {
    let mut tally = Tally::default();
    let mut compared = 0;
    for vendor in VENDORS {
        let Some(values) = values_of(vendor) else { return };
        let mut cloud = Cloud::new();
        for version in versions(vendor) {
            if cloud.world.cloudformation.find(vendor).is_none() {
                let body = read(&format!("templates/{vendor}/{version}")).unwrap_or_default();
                let url = cloud.url(&format!("{vendor}/{version}"), &body);
                let request = json!({
                    "StackName": vendor, "TemplateURL": url, "Parameters": parameters(&body, &values),
                    "Capabilities": CAPABILITIES,
                });
                cloud.get("CreateStack", request);
                cloud.settle();
                assert_eq!(cloud.status(vendor), "CREATE_COMPLETE", "{vendor}/{version}");
                continue;
            }
            compared += 1;
            compare(&mut cloud, vendor, &version, &values, &mut tally);
        }
    }
    let Tally { true_for_certain, left_open, wrong, refused } = &tally;
    let all = true_for_certain + left_open + wrong.len();
    println!(
        "{compared} updates, {all} resources: {true_for_certain} as expected, {left_open} left open by the plan, {} otherwise",
        wrong.len()
    );
    println!("updates that fail, as expected: {refused:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn code_oceans_compute_environments_are_replaced_and_their_queues_follow() {
    let Some(values) = read_json("templates/code-ocean/parameters.json") else { return };
    let Some((mut cloud, _, _)) = crate::code_ocean::deployed() else { return };
    let body = read("templates/code-ocean/v3.8.2.yaml").unwrap_or_default();
    let url = cloud.url("v3.8.2.yaml", &body);
    let before = cloud.events("co").len();
    cloud.get(
        "UpdateStack",
        json!({"StackName": "co", "TemplateURL": url, "Parameters": parameters(&body, &values), "Capabilities": CAPABILITIES}),
    );
    cloud.settle();
    assert_eq!(cloud.status("co"), "UPDATE_COMPLETE");
    let held = names(&mut cloud, "co");
    let done = done(&mut cloud, "co", before, &held);
    let of_type = |type_name: &str, wanted: Done| {
        let stack = cloud.world.cloudformation.find("co").expect("a stack");
        let found = stack.resources.values().filter(|one| one.type_name == type_name);
        found.filter(|one| done.get(&one.logical_id) == Some(&wanted)).count()
    };
    assert_eq!(of_type("AWS::Batch::ComputeEnvironment", Done::Replaced), 5);
    assert_eq!(of_type("AWS::Batch::JobQueue", Done::UpdatedInPlace), 5);
    // Every queue names environments that are there.
    let stack = cloud.world.cloudformation.find("co").expect("a stack");
    let ids = |type_name: &str| -> BTreeSet<String> {
        let found = stack.resources.values().filter(|one| one.type_name == type_name);
        found.filter_map(|one| one.physical_id.clone()).collect()
    };
    let environments = ids("AWS::Batch::ComputeEnvironment");
    for queue in stack.resources.values().filter(|one| one.type_name == "AWS::Batch::JobQueue") {
        let order = format!("{:?}", queue.properties.get("ComputeEnvironmentOrder"));
        assert!(environments.iter().any(|environment| order.contains(environment)), "{order}");
    }
}
