//! Amazon EC2: machines outside of every group, and snapshots of volumes.

use std::collections::HashMap;

use upgrade::{ApiProtection, Machine, PlannedSnapshot, PortError, PortErrorKind, SnapshotSeen};

use crate::concurrency::each;
use crate::endpoints::EC2;
use crate::errors::{OrAbsent, look_again};
use crate::tags::{MEMORY_TAG, RUN_TAG, owner};
use crate::wire::Wire;
use crate::wire::query::Form;
use crate::xml::Element;

/// TerminateInstances takes up to 1,000 instances; in smaller batches one bad id spoils less.
const INSTANCES_A_CALL: usize = 100;

/// Everything but `terminated`.
const ALIVE: [&str; 5] = ["pending", "running", "shutting-down", "stopping", "stopped"];

/// The tag that Auto Scaling puts on the instances of its groups.
const GROUP_TAG: &str = "aws:autoscaling:groupName";

/// Machines that carry all of the tags, belong to no group, and aren't terminated; by id. No tags, no machines: else they
/// would be all of the account's.
pub(crate) async fn machines(
    wire: &Wire,
    tags: &[(String, Option<String>)],
) -> Result<Vec<Machine>, PortError> {
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let mut form = Form::new(&EC2, "DescribeInstances")
        .with("MaxResults", "1000")
        .with("Filter.1.Name", "instance-state-name")
        .with_list("Filter.1.Value", ALIVE);
    for (index, (key, value)) in tags.iter().enumerate() {
        let filter = format!("Filter.{}", index + 2);
        let (name, value) = match value {
            Some(value) => (format!("tag:{key}"), value),
            None => ("tag-key".to_owned(), key),
        };
        form = form.with(format!("{filter}.Name"), name).with(format!("{filter}.Value.1"), value);
    }
    let reservations = wire.items(&form, &["reservationSet"]).await?;
    let instances = reservations.iter().flat_map(|found| found.list("instancesSet"));
    let mut machines: Vec<Machine> = instances.filter_map(machine).collect();
    machines.sort_by(|one, other| one.instance_id.cmp(&other.instance_id));
    Ok(machines)
}

fn machine(instance: &Element) -> Option<Machine> {
    let tags = || instance.list("tagSet").iter().map(|tag| (tag.text_of("key"), tag.text_of("value")));
    if tags().any(|(key, _)| key == GROUP_TAG) {
        return None;
    }
    Some(Machine {
        instance_id: instance.text_of("instanceId").to_owned(),
        state: instance
            .child("instanceState")
            .map(|state| state.text_of("name").to_owned())
            .unwrap_or_default(),
        name: tags().find(|(key, _)| *key == "Name").map(|(_, value)| value.to_owned()),
        owner: owner(tags()),
    })
}

/// What keeps the API from terminating an instance; DescribeInstances doesn't tell. One that is gone needs nothing.
pub(crate) async fn api_protection(
    wire: &Wire,
    instance_id: &str,
) -> Result<Option<ApiProtection>, PortError> {
    for protection in [ApiProtection::Termination, ApiProtection::Stop] {
        let attribute = protection.attribute();
        let form = Form::new(&EC2, "DescribeInstanceAttribute")
            .with("InstanceId", instance_id)
            .with("Attribute", attribute);
        let answer = wire.query(&form).await;
        let Some(answer) = answer.or_absent(|error| error.code() == "InvalidInstanceID.NotFound")? else {
            return Ok(None);
        };
        if answer.child(attribute).is_some_and(|found| found.text_of("value") == "true") {
            return Ok(Some(protection));
        }
    }
    Ok(None)
}

pub(crate) async fn terminate_instances(wire: &Wire, instance_ids: &[String]) -> Result<(), PortError> {
    each(instance_ids.chunks(INSTANCES_A_CALL), async |some| {
        let form = Form::new(&EC2, "TerminateInstances").with_list("InstanceId", some);
        // One that is gone for good makes EC2 terminate none of them: the next look leaves it out.
        wire.tell(&form).await.map_err(|error| match error.code() {
            "InvalidInstanceID.NotFound" => look_again(error.into()),
            _ => error.into(),
        })
    })
    .await
}

/// CreateTags takes up to 1,000 resources.
const TAGGED_A_CALL: usize = 500;

/// The notes on instances, by their ids.
pub(crate) async fn notes_on_instances(wire: &Wire) -> Result<HashMap<String, String>, PortError> {
    let form = Form::new(&EC2, "DescribeTags")
        .with("MaxResults", "1000")
        .with("Filter.1.Name", "resource-type")
        .with("Filter.1.Value.1", "instance")
        .with("Filter.2.Name", "key")
        .with("Filter.2.Value.1", MEMORY_TAG);
    let tags = wire.items(&form, &["tagSet"]).await?;
    Ok(tags
        .iter()
        .map(|tag| (tag.text_of("resourceId").to_owned(), tag.text_of("value").to_owned()))
        .collect())
}

/// Write the same note on instances.
pub(crate) async fn remember(wire: &Wire, instance_ids: &[&str], text: &str) -> Result<(), PortError> {
    let form = |some: &[&str]| {
        Form::new(&EC2, "CreateTags")
            .with_list("ResourceId", some)
            .with("Tag.1.Key", MEMORY_TAG)
            .with("Tag.1.Value", text)
    };
    tag(wire, instance_ids, form).await
}

/// Take the note off instances.
pub(crate) async fn forget(wire: &Wire, instance_ids: &[&str]) -> Result<(), PortError> {
    let form = |some: &[&str]| {
        Form::new(&EC2, "DeleteTags").with_list("ResourceId", some).with("Tag.1.Key", MEMORY_TAG)
    };
    tag(wire, instance_ids, form).await
}

async fn tag(
    wire: &Wire,
    instance_ids: &[&str],
    form: impl Fn(&[&str]) -> Form<'static>,
) -> Result<(), PortError> {
    each(instance_ids.chunks(TAGGED_A_CALL), async |some| {
        // One that has gone meanwhile spoils the call: the next look leaves it out.
        wire.tell(&form(some)).await.map_err(|error| match error.code().starts_with("InvalidI") {
            true => look_again(error.into()),
            false => error.into(),
        })
    })
    .await
}

/// The snapshots of volumes that a run has made, by the names that the plan gives them.
pub(crate) async fn snapshots(
    wire: &Wire,
    planned: &[&PlannedSnapshot],
    run_id: &str,
) -> Result<Vec<SnapshotSeen>, PortError> {
    if planned.is_empty() {
        return Ok(Vec::new());
    }
    let form = Form::new(&EC2, "DescribeSnapshots")
        .with("Owner.1", "self")
        .with("Filter.1.Name", format!("tag:{RUN_TAG}"))
        .with("Filter.1.Value.1", run_id)
        .with("MaxResults", "1000");
    let found = wire.items(&form, &["snapshotSet"]).await?;
    Ok(found
        .iter()
        .filter_map(|snapshot| {
            let name = snapshot.list("tagSet").iter().find(|tag| tag.text_of("key") == "Name")?;
            let name = name.text_of("value");
            planned.iter().any(|planned| planned.name == name).then(|| snapshot_seen(name, snapshot))
        })
        .collect())
}

fn snapshot_seen(name: &str, snapshot: &Element) -> SnapshotSeen {
    let status = snapshot.text_of("status");
    let failure = (status == "error").then(|| {
        snapshot.some_text_of("statusMessage").unwrap_or_else(|| "EC2 says no more than error".to_owned())
    });
    SnapshotSeen {
        name: name.to_owned(),
        id: snapshot.text_of("snapshotId").to_owned(),
        complete: status == "completed",
        failure,
        percent: snapshot.text_of("progress").trim_end_matches('%').parse().ok(),
    }
}

/// Begin the snapshots that aren't there yet. EC2 would make another each time it is asked, so it is looked first, and
/// an answer that was lost isn't asked for again before the next look.
pub(crate) async fn create_snapshots(
    wire: &Wire,
    planned: &[&PlannedSnapshot],
    run_id: &str,
) -> Result<(), PortError> {
    let there = snapshots(wire, planned, run_id).await?;
    let missing = planned.iter().filter(|planned| !there.iter().any(|seen| seen.name == planned.name));
    each(missing, async |planned| {
        let form = Form::new(&EC2, "CreateSnapshot")
            .with("VolumeId", &planned.source_id)
            .with("Description", format!("Before the upgrade {run_id}: {}", planned.logical_id))
            .with("TagSpecification.1.ResourceType", "snapshot")
            .with("TagSpecification.1.Tag.1.Key", "Name")
            .with("TagSpecification.1.Tag.1.Value", &planned.name)
            .with("TagSpecification.1.Tag.2.Key", RUN_TAG)
            .with("TagSpecification.1.Tag.2.Value", run_id)
            .once();
        Ok(wire.tell(&form).await?)
    })
    .await
}

/// Whether a launch template of this name exists.
pub(crate) async fn launch_template_exists(wire: &Wire, name: &str) -> Result<bool, PortError> {
    let form = Form::new(&EC2, "DescribeLaunchTemplates").with("LaunchTemplateName.1", name);
    let answer = wire.query(&form).await;
    let answer = answer.or_absent(|error| error.code() == "InvalidLaunchTemplateName.NotFoundException")?;
    Ok(answer.is_some_and(|answer| !answer.list("launchTemplates").is_empty()))
}

/// How many items a describing operation lists.
pub(crate) async fn count(wire: &Wire, action: &'static str, set: &str) -> Result<u64, PortError> {
    Ok(wire.items(&Form::new(&EC2, action), &[set]).await?.len() as u64)
}

/// An answer that lacks what it must have.
pub(crate) fn incomplete(operation: &str, what: &str) -> PortError {
    PortError {
        kind: PortErrorKind::Refused,
        operation: operation.to_owned(),
        message: format!("the answer has no {what}"),
    }
}
