//! Maintenance actions that wait for a database's window. Nothing applies them here: that they wait is what an upgrade may meet.
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Maintenance.html>

use serde_json::{Value, json};

use super::{describe, instance_not_found, refused, required};
use crate::{AwsError, Input, World};

/// The valid values of `PendingMaintenanceAction.Action` (API reference) that a database instance can have.
const ACTIONS: &[&str] =
    &["system-update", "db-upgrade", "hardware-maintenance", "ca-certificate-rotation", "os-upgrade"];

/// An action waits, as RDS announces them. `CurrentApplyDate` is kept and shown.
///
/// # Errors
/// When there is no such database, or no such action.
pub fn plan(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = required(input, "DBInstanceIdentifier")?;
    let action = input.required_string("Action")?.to_owned();
    if !ACTIONS.contains(&action.as_str()) {
        let shown: String = action.chars().take(100).collect();
        return Err(refused("InvalidParameterValue", format!("There is no maintenance action {shown}")));
    }
    let date = input.string("CurrentApplyDate").map(str::to_owned);
    let instance = world.rds.instances.get_mut(&id).ok_or_else(|| instance_not_found(&id))?;
    instance.actions.insert(action.clone(), date);
    Ok(json!({"DBInstanceIdentifier": id, "Action": action}))
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let resource = describe::identifier(input, "ResourceIdentifier");
    let filters = describe::filters(input, &[("db-instance-id", "DBInstanceIdentifier")])?;
    let found = world.rds.instances.values().filter(|instance| {
        !instance.actions.is_empty()
            && resource.as_ref().is_none_or(|id| instance.id == *id)
            && describe::takes(&filters, &instance.to_api())
    });
    let shown = found.map(|instance| {
        let actions = instance.actions.iter();
        let details: Value =
            actions.map(|(action, date)| json!({"Action": action, "CurrentApplyDate": date})).collect();
        (
            instance.id.clone(),
            json!({"ResourceIdentifier": instance.arn, "PendingMaintenanceActionDetails": details}),
        )
    });
    describe::paged(input, "PendingMaintenanceActions", shown.collect())
}
