//! The operations that read.

use serde_json::{Value, json};

use super::{instance_not_found, refused, rephrased, snapshot_not_found};
use crate::services::paging::page;
use crate::{AwsError, Input, World};

pub(super) fn instances(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = identifier(input, "DBInstanceIdentifier");
    let filters = filters(
        input,
        &[
            ("db-instance-id", "DBInstanceIdentifier"),
            ("dbi-resource-id", "DbiResourceId"),
            ("db-cluster-id", "DBClusterIdentifier"),
            ("engine", "Engine"),
        ],
    )?;
    let all = world.rds.instances.values();
    let found = all.filter(|instance| id.as_ref().is_none_or(|id| instance.id == *id));
    let shown = found.map(|instance| (instance.id.clone(), instance.to_api()));
    let shown: Vec<_> = shown.filter(|(_, shown)| takes(&filters, shown)).collect();
    match id {
        Some(id) if shown.is_empty() => Err(instance_not_found(&id)),
        _ => paged(input, "DBInstances", shown),
    }
}

pub(super) fn snapshots(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = identifier(input, "DBSnapshotIdentifier");
    let instance = identifier(input, "DBInstanceIdentifier");
    let kind = input.string("SnapshotType");
    let filters = filters(
        input,
        &[
            ("db-instance-id", "DBInstanceIdentifier"),
            ("db-snapshot-id", "DBSnapshotIdentifier"),
            ("snapshot-type", "SnapshotType"),
            ("engine", "Engine"),
        ],
    )?;
    let all = world.rds.snapshots.values();
    let found = all.filter(|snapshot| {
        id.as_ref().is_none_or(|id| snapshot.id == *id)
            && instance.as_ref().is_none_or(|instance| snapshot.instance == *instance)
            && kind.is_none_or(|kind| kind == "manual")
    });
    let shown = found.map(|snapshot| (snapshot.id.clone(), snapshot.to_api()));
    let shown: Vec<_> = shown.filter(|(_, shown)| takes(&filters, shown)).collect();
    match id {
        Some(id) if shown.is_empty() => Err(snapshot_not_found(&id)),
        _ => paged(input, "DBSnapshots", shown),
    }
}

/// An identifier as it is kept; an ARN means what it ends with.
pub(super) fn identifier(input: Input<'_>, name: &str) -> Option<String> {
    let given = input.string(name).filter(|given| !given.is_empty())?;
    let id = if given.starts_with("arn:") { given.rsplit(':').next().unwrap_or(given) } else { given };
    Some(id.to_lowercase())
}

/// A filter: the field it is about, and the values it takes.
pub(super) type Filter<'a> = (&'static str, Vec<&'a str>);

pub(super) fn filters<'a>(
    input: Input<'a>,
    known: &[(&str, &'static str)],
) -> Result<Vec<Filter<'a>>, AwsError> {
    input
        .objects("Filters")
        .map(|filter| {
            let name = filter.string("Name").unwrap_or_default();
            let field = known.iter().find(|(known, _)| *known == name).map(|(_, field)| *field);
            let field = field.ok_or_else(|| {
                refused("InvalidParameterValue", format!("Unrecognized filter name: {name}"))
            })?;
            Ok((field, filter.strings("Values").collect()))
        })
        .collect()
}

pub(super) fn takes(filters: &[Filter<'_>], shown: &Value) -> bool {
    filters.iter().all(|(field, values)| {
        let found = shown.get(*field).and_then(Value::as_str).unwrap_or_default();
        values.iter().any(|value| *value == found || value.rsplit(':').next() == Some(found))
    })
}

/// `MaxRecords` (20 to 100, as RDS has it) and `Marker`.
pub(super) fn paged(input: Input<'_>, list: &str, shown: Vec<(String, Value)>) -> Result<Value, AwsError> {
    let most = match input.integer("MaxRecords").map_err(rephrased)? {
        None => 100,
        Some(number) => {
            usize::try_from(number).ok().filter(|number| (20..=100).contains(number)).ok_or_else(|| {
                refused(
                    "InvalidParameterValue",
                    format!("Invalid value {number} for MaxRecords. Must be between 20 and 100"),
                )
            })?
        }
    };
    let page = page(shown, input.string("Marker"), most)
        .map_err(|_| refused("InvalidParameterValue", "The request marker is invalid"))?;
    Ok(json!({list: page.items, "Marker": page.next_token}))
}
