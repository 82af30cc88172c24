//! Amazon RDS: databases as they are, and their snapshots.

use upgrade::{Database, LogicalResource, PendingMaintenance, PlannedSnapshot, PortError, SnapshotSeen};

use crate::endpoints::RDS;
use crate::errors::{failed, look_again};
use crate::tags::RUN_TAG;
use crate::together::{all, each};
use crate::wire::{Form, Wire};
use crate::xml::Element;

/// The databases of a stack; one that is gone is left out.
pub(crate) async fn databases(
    wire: &Wire,
    resources: &[LogicalResource],
) -> Result<Vec<Database>, PortError> {
    let found = all(resources, async |resource| {
        Ok(instance(wire, &resource.physical_id).await?.map(|found| database(&resource.logical_id, &found)))
    })
    .await?;
    Ok(found.into_iter().flatten().collect())
}

/// A database instance; `None` when there is none of this identifier.
pub(crate) async fn instance(wire: &Wire, identifier: &str) -> Result<Option<Element>, PortError> {
    let form = Form::new(&RDS, "DescribeDBInstances").with("DBInstanceIdentifier", identifier);
    match wire.query_or(&form).await {
        Ok(answer) => Ok(answer.find("DBInstances").and_then(|list| list.children.first()).cloned()),
        Err(failure) if failure.code() == "DBInstanceNotFound" => Ok(None),
        Err(failure) => Err(failed("rds:DescribeDBInstances", &failure)),
    }
}

fn database(logical_id: &str, instance: &Element) -> Database {
    Database {
        logical_id: logical_id.to_owned(),
        identifier: instance.text_of("DBInstanceIdentifier").to_owned(),
        allocated_storage: instance.text_of("AllocatedStorage").parse().unwrap_or(0),
        max_allocated_storage: instance.text_of("MaxAllocatedStorage").parse().ok(),
        storage_type: instance.text_of("StorageType").to_owned(),
        status: instance.text_of("DBInstanceStatus").to_owned(),
        engine_version: instance.text_of("EngineVersion").to_owned(),
        maintenance_window: instance.text_of("PreferredMaintenanceWindow").to_owned(),
        waiting: waiting(instance),
    }
}

/// The settings of which a change waits. Of a password only that it waits is ever told.
fn waiting(instance: &Element) -> Vec<String> {
    let pending = instance.child("PendingModifiedValues").map(|pending| pending.children.as_slice());
    pending.unwrap_or_default().iter().map(|value| value.name.clone()).collect()
}

/// The maintenance actions that wait for the windows of a stack's databases.
pub(crate) async fn pending_maintenance(
    wire: &Wire,
    resources: &[LogicalResource],
) -> Result<Vec<PendingMaintenance>, PortError> {
    let found = all(resources, async |resource| {
        let form = Form::new(&RDS, "DescribePendingMaintenanceActions")
            .with("Filters.Filter.1.Name", "db-instance-id")
            .with("Filters.Filter.1.Values.Value.1", &resource.physical_id);
        let answer = wire.query(&form).await?;
        let of_resources = answer.find("PendingMaintenanceActions").map(|list| list.children.clone());
        let details = of_resources.into_iter().flatten();
        let actions = details.flat_map(|one| one.list("PendingMaintenanceActionDetails").to_vec());
        let pending = actions.map(|action| PendingMaintenance {
            logical_id: resource.logical_id.clone(),
            action: action.text_of("Action").to_owned(),
            applied_at: action.some_text_of("CurrentApplyDate"),
        });
        Ok(pending.collect::<Vec<_>>())
    })
    .await?;
    Ok(found.into_iter().flatten().collect())
}

/// The planned snapshots of databases that are there.
pub(crate) async fn snapshots(
    wire: &Wire,
    planned: &[&PlannedSnapshot],
) -> Result<Vec<SnapshotSeen>, PortError> {
    let found = all(planned, async |planned| {
        let form = Form::new(&RDS, "DescribeDBSnapshots").with("DBSnapshotIdentifier", &planned.name);
        match wire.query_or(&form).await {
            Ok(answer) => {
                let first = answer.find("DBSnapshots").and_then(|list| list.children.first());
                Ok(first.map(|snapshot| snapshot_seen(&planned.name, snapshot)))
            }
            Err(failure) if failure.code() == "DBSnapshotNotFound" => Ok(None),
            Err(failure) => Err(failed("rds:DescribeDBSnapshots", &failure)),
        }
    })
    .await?;
    Ok(found.into_iter().flatten().collect())
}

/// A snapshot is `creating`, then `available`; every other status but `copying` is one that it doesn't leave by itself.
fn snapshot_seen(name: &str, snapshot: &Element) -> SnapshotSeen {
    let status = snapshot.text_of("Status");
    let failure = !matches!(status, "available" | "creating" | "copying" | "pending" | "");
    SnapshotSeen {
        name: name.to_owned(),
        id: snapshot.text_of("DBSnapshotArn").to_owned(),
        complete: status == "available",
        failure: failure.then(|| format!("its status is {status}")),
        percent: snapshot.text_of("PercentProgress").parse().ok(),
    }
}

/// Begin snapshots. One of the same name is ours, made by a call whose answer was lost.
pub(crate) async fn create_snapshots(
    wire: &Wire,
    planned: &[&PlannedSnapshot],
    run_id: &str,
) -> Result<(), PortError> {
    each(planned, async |planned| {
        let form = Form::new(&RDS, "CreateDBSnapshot")
            .with("DBInstanceIdentifier", &planned.source_id)
            .with("DBSnapshotIdentifier", &planned.name)
            .with("Tags.Tag.1.Key", RUN_TAG)
            .with("Tags.Tag.1.Value", run_id);
        let Err(failure) = wire.query_or(&form).await else { return Ok(()) };
        let sorted = failed("rds:CreateDBSnapshot", &failure);
        match failure.code() {
            "DBSnapshotAlreadyExists" => Ok(()),
            // It is backing up, or being changed: it will be available again.
            "InvalidDBInstanceState" => Err(look_again(sorted)),
            _ => Err(sorted),
        }
    })
    .await
}

/// RDS's own quotas: their AWS names, how many there may be, how many there are.
pub(crate) async fn quotas(wire: &Wire) -> Result<Vec<(String, u64, u64)>, PortError> {
    let answer = wire.query(&Form::new(&RDS, "DescribeAccountAttributes")).await?;
    let quotas = answer.find("AccountQuotas").map(|list| list.children.as_slice()).unwrap_or_default();
    Ok(quotas
        .iter()
        .filter_map(|quota| {
            let name = quota.some_text_of("AccountQuotaName")?;
            Some((name, quota.text_of("Max").parse().ok()?, quota.text_of("Used").parse().ok()?))
        })
        .collect())
}
