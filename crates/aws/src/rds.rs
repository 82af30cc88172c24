//! Amazon RDS: databases as they are, and their snapshots.

use upgrade::{Database, LogicalResource, PendingMaintenance, PlannedSnapshot, PortError, SnapshotSeen};

use crate::concurrency::{all, each};
use crate::endpoints::RDS;
use crate::errors::{OrAbsent, look_again};
use crate::tags::RUN_TAG;
use crate::wire::Wire;
use crate::wire::query::Form;
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
    let answer = wire.query(&form).await.or_absent(|error| error.code() == "DBInstanceNotFound")?;
    Ok(answer.and_then(|answer| answer.list("DBInstances").first().cloned()))
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
        let details = answer.list("PendingMaintenanceActions").iter();
        let actions = details.flat_map(|one| one.list("PendingMaintenanceActionDetails"));
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
        let answer = wire.query(&form).await.or_absent(|error| error.code() == "DBSnapshotNotFound")?;
        let first = answer.as_ref().and_then(|answer| answer.list("DBSnapshots").first());
        Ok(first.map(|snapshot| snapshot_seen(&planned.name, snapshot)))
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
        wire.tell(&form).await.or_else(|error| match error.code() {
            "DBSnapshotAlreadyExists" => Ok(()),
            // It is backing up, or being changed: it will be available again.
            "InvalidDBInstanceState" => Err(look_again(error.into())),
            _ => Err(error.into()),
        })
    })
    .await
}

/// RDS's own quotas: their AWS names, how many there may be, how many there are.
pub(crate) async fn quotas(wire: &Wire) -> Result<Vec<(String, u64, u64)>, PortError> {
    let answer = wire.query(&Form::new(&RDS, "DescribeAccountAttributes")).await?;
    let quotas = answer.list("AccountQuotas").iter();
    Ok(quotas
        .filter_map(|quota| {
            let name = quota.some_text_of("AccountQuotaName")?;
            Some((name, quota.text_of("Max").parse().ok()?, quota.text_of("Used").parse().ok()?))
        })
        .collect())
}
