//! Drift-aware change sets (`DeploymentMode=REVERT_DRIFT`; user guide, "Using drift-aware change sets"): what the template says is held
//! against what there is, and not only against what was deployed last. They can be made and looked at here; executing one isn't
//! simulated.

use changeset::facts::{RequiresRecreation, recreation};
use serde_json::{Value as Json, json};
use template::Value;

use super::describe::put;
use super::drift::{self, ResourceDrift};
use super::mask;
use super::stack::{Definition, Properties, Stack, StackResource};
use super::values::StackValues;
use crate::World;

/// Write what has drifted into the changes of a change set. Gives whether anything has.
pub fn add(world: &World, stack: &Stack, definition: &Definition, changes: &mut Vec<Json>) -> bool {
    let Ok(evaluation) = definition.evaluation() else { return false };
    let values = StackValues(&stack.resources);
    let secrets = definition.secrets_beside(stack.definition.as_deref());
    let mut drifted = false;
    for existing in stack.resources.values().filter(|one| evaluation.is_active(&one.logical_id)) {
        let Some(found) = drift::look(world, existing, &secrets) else { continue };
        let place = changes
            .iter()
            .position(|one| one["ResourceChange"]["LogicalResourceId"] == existing.logical_id.as_str());
        if found.is_in_sync() {
            if let Some(change) = place.and_then(|place| changes.get_mut(place)) {
                put(&mut change["ResourceChange"], "ResourceDriftStatus", json!(found.status));
            }
            continue;
        }
        drifted = true;
        let wanted = evaluation.template().resources.get(&existing.logical_id);
        let Some(Ok(wanted)) = wanted.map(|one| evaluation.properties(one, &values)) else { continue };
        let details = details(world, existing, &found, &wanted, &secrets);
        let place = place.unwrap_or_else(|| {
            changes.push(json!({"Type": "Resource", "ResourceChange": listed(existing, &found, &details)}));
            changes.len() - 1
        });
        let Some(change) = changes.get_mut(place).map(|change| &mut change["ResourceChange"]) else {
            continue;
        };
        put(change, "ResourceDriftStatus", json!(found.status));
        if let Some(Json::Array(listed)) = change.get_mut("Details") {
            // What the template changes as well is told once, with the drift beside it.
            listed.retain(|one| {
                !details.iter().any(|new| {
                    new["Target"]["Path"] == one["Target"]["Path"] && !one["Target"]["Path"].is_null()
                })
            });
            listed.extend(details);
        }
    }
    drifted
}

/// A resource that only drift puts into the change set.
fn listed(existing: &StackResource, found: &ResourceDrift, details: &[Json]) -> Json {
    let syncs = details.iter().all(|detail| detail["Target"]["AttributeChangeType"] == "SyncWithActual");
    // Assumption: what was deleted outside of CloudFormation is made anew.
    let action = match found.status {
        "DELETED" => "Add",
        _ if syncs => "SyncWithActual",
        _ => "Modify",
    };
    let heaviest = |word: &str| details.iter().any(|detail| detail["Target"]["RequiresRecreation"] == word);
    let replacement = match (heaviest("Always"), heaviest("Conditionally")) {
        (true, _) => "True",
        (false, true) => "Conditional",
        (false, false) => "False",
    };
    let mut change = json!({
        "Action": action,
        "LogicalResourceId": existing.logical_id,
        "PhysicalResourceId": existing.physical_id,
        "ResourceType": existing.type_name,
        "Scope": ["Properties"],
        "Details": [],
    });
    if action == "Modify" {
        put(&mut change, "Replacement", json!(replacement));
    }
    change
}

/// Each property that isn't as CloudFormation left it, with what the template wants of it.
fn details(
    world: &World,
    existing: &StackResource,
    found: &ResourceDrift,
    wanted: &Properties,
    secrets: &[String],
) -> Vec<Json> {
    let one = |difference: &Json| {
        let path = difference["PropertyPath"].as_str()?;
        let after = at(wanted, path).map(|value| match mask::json(value, secrets) {
            Json::String(text) => text,
            other => other.to_string(),
        });
        let actual = difference["ActualValue"].as_str().unwrap_or_default();
        let change = match &after {
            Some(after) if after == actual => "SyncWithActual",
            Some(_) => "Modify",
            None => "Remove",
        };
        let word = match recreation(&existing.type_name, path) {
            RequiresRecreation::Always => "Always",
            RequiresRecreation::Conditionally => "Conditionally",
            RequiresRecreation::Never => "Never",
        };
        let mut target = json!({
            "Attribute": "Properties",
            "Name": path.split('/').nth(1),
            "Path": format!("/Properties{path}"),
            "RequiresRecreation": word,
            "BeforeValue": actual,
            "BeforeValueFrom": "ACTUAL_STATE",
            "AttributeChangeType": change,
            "Drift": {
                "PreviousValue": difference["ExpectedValue"],
                "ActualValue": actual,
                "DriftDetectionTimestamp": world.now.iso8601(),
            },
        });
        if let Some(after) = after {
            put(&mut target, "AfterValue", json!(after));
            put(&mut target, "AfterValueFrom", json!("TEMPLATE"));
        }
        Some(json!({"Target": target, "Evaluation": "Static", "ChangeSource": "NoModification"}))
    };
    found.differences.iter().filter_map(one).collect()
}

/// The value at a path such as `/Tags/0/Key`.
fn at<'v>(properties: &'v Properties, path: &str) -> Option<&'v Value> {
    let mut names = path.split('/').skip(1);
    let mut value = properties.get(names.next()?)?;
    for name in names {
        value = match value {
            Value::Map(entries) => entries.get(name)?,
            Value::List(items) => items.get(name.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}
