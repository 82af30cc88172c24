//! Plans and their selections, which a template makes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{listed, not_found, required, seconds};
use crate::{AwsError, Input, Timestamp, World};

/// A plan.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) version: String,
    pub(super) created: Timestamp,
    /// `BackupPlanName`, `Rules` and the rest, in the API's form.
    pub(super) document: Value,
    /// By id.
    pub(super) selections: BTreeMap<String, Selection>,
}

/// What a plan backs up.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) id: String,
    pub(super) created: Timestamp,
    /// `SelectionName`, `IamRoleArn`, `Resources`…
    pub(super) document: Value,
}

fn plan<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Plan, AwsError> {
    let id = required(input, "BackupPlanId")?;
    // Assumption: AWS documents the code, not the words.
    world.backup.plans.get(id).ok_or_else(|| not_found("Backup plan does not exist."))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let plans = world.backup.plans.values();
    let shown = plans.map(|plan| {
        let mut fields = head(plan);
        fields.insert("BackupPlanName".to_owned(), json!(Input(&plan.document).string("BackupPlanName")));
        (plan.id.clone(), Value::Object(fields))
    });
    listed(input, "BackupPlansList", shown)
}

pub(super) fn get(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let plan = plan(world, input)?;
    let mut fields = head(plan);
    fields.insert("BackupPlan".to_owned(), plan.document.clone());
    Ok(Value::Object(fields))
}

fn head(plan: &Plan) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("BackupPlanArn".to_owned(), json!(plan.arn));
    fields.insert("BackupPlanId".to_owned(), json!(plan.id));
    fields.insert("VersionId".to_owned(), json!(plan.version));
    fields.insert("CreationDate".to_owned(), json!(seconds(plan.created)));
    fields
}

pub(super) fn list_selections(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let plan = plan(world, input)?;
    let shown = plan.selections.values().map(|selection| {
        let document = Input(&selection.document);
        let entry = json!({
            "SelectionId": selection.id,
            "SelectionName": document.string("SelectionName"),
            "IamRoleArn": document.string("IamRoleArn"),
            "BackupPlanId": plan.id,
            "CreationDate": seconds(selection.created),
        });
        (selection.id.clone(), entry)
    });
    listed(input, "BackupSelectionsList", shown)
}

pub(super) fn get_selection(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let plan = plan(world, input)?;
    let selection = plan.selections.get(required(input, "SelectionId")?);
    let selection = selection.ok_or_else(|| not_found("Backup selection does not exist."))?;
    Ok(json!({
        "BackupSelection": selection.document,
        "SelectionId": selection.id,
        "BackupPlanId": plan.id,
        "CreationDate": seconds(selection.created),
    }))
}
