//! EC2, as far as an upgrade touches it: instances (those of Auto Scaling groups as well), volumes, snapshots,
//! launch templates with their versions, and a look at the networks that CloudFormation made.
//!
//! Answers are written with the names of EC2's own XML (`reservationSet`, `instanceState`), which differ from the
//! names of its SDKs; a list's items are called `item` by the wire.

mod addresses;
mod attributes;
mod durations;
mod filter;
mod instances;
mod launch_templates;
mod networks;
mod processes;
pub mod provision;
mod run;
mod snapshots;
mod tags;
mod template_data;
mod volumes;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(crate) use instances::{InstanceState, follow, is_gone, lost};
pub(crate) use launch_templates::resolve as resolve_launch_template;
pub(crate) use processes::{
    IMAGE as PROCESS_IMAGE, Process, address, drains, is_process, process, role_of_process, wanted_processes,
};
pub(crate) use run::{GroupMember, launch_for_group};

use crate::descriptor::{Descriptor, Errors, Permission, QUERY, Rate, Target, changes, reads, surveys};
use crate::services::paging::page;
use crate::wire::{Protocol, query, xml};
use crate::{AwsError, Input, World};

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Timer {
    /// An instance's present state has lasted its time.
    Instance {
        /// The instance.
        id: String,
        /// Which of its states is meant; another one means that it has moved on.
        step: u64,
    },
    /// A volume is ready.
    Volume {
        /// The volume.
        id: String,
    },
    /// A snapshot is complete.
    Snapshot {
        /// The snapshot.
        id: String,
    },
}

/// What there is, each by its id.
#[derive(Debug, Clone, Default)]
pub struct Ec2 {
    instances: BTreeMap<String, instances::Instance>,
    volumes: BTreeMap<String, volumes::Volume>,
    snapshots: BTreeMap<String, snapshots::Snapshot>,
    launch_templates: BTreeMap<String, launch_templates::LaunchTemplate>,
    /// VPCs, subnets and security groups, as they are shown but for their tags.
    networks: BTreeMap<String, Value>,
    /// Tags by resource id.
    tags: BTreeMap<String, BTreeMap<String, String>>,
}

/// A timer is due.
pub fn happen(world: &mut World, timer: Timer) {
    match timer {
        Timer::Instance { id, step } => instances::step_is_over(world, &id, step),
        Timer::Volume { id } => volumes::ready(world, &id),
        Timer::Snapshot { id } => snapshots::complete(world, &id),
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "EC2",
    signing_name: "ec2",
    version: Some("2016-11-15"),
    protocol: Protocol::Ec2Query,
    namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
    lists: query::Lists::Bare,
    items: xml::Items::Item,
    errors: Errors {
        // <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>
        throttled: (503, "RequestLimitExceeded", "Request limit exceeded."),
        // <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
        denied: (403, "UnauthorizedOperation", "You are not authorized to perform this operation. "),
        server_error: "InternalError",
    },
    unknown_operation: |operation| {
        let operation: String = operation.chars().take(100).collect();
        refused("InvalidAction", format!("The action {operation} is not valid for this web service."))
    },
    precondition: |_world, input| match flag(input, "DryRun")? {
        Some(true) => {
            let words = "Request would have succeeded, but DryRun flag is set.";
            Err(AwsError::new(412, "DryRunOperation", words))
        }
        Some(false) | None => Ok(()),
    },
    target: Target::Computed(|world, _operation, input| {
        let given = ["ResourceId", "InstanceId", "VolumeId", "SnapshotId"]
            .into_iter()
            .map(|name| input.string(name).into_iter().chain(input.strings(name)).collect::<Vec<_>>());
        let given = given.into_iter().find(|given| !given.is_empty()).unwrap_or_default();
        given.into_iter().map(|id| resource_arn(world, id)).collect()
    }),
    besides: |world, operation, input| match operation {
        "CreateSnapshot" => {
            let snapshots = snapshot_arn(world, "*");
            let mut needed = vec![Permission::new("ec2:CreateSnapshot", snapshots.clone())];
            if input.objects("TagSpecification").next().is_some() {
                let tag = Permission::new("ec2:CreateTags", snapshots);
                needed.push(tag.with("ec2:CreateAction", operation));
            }
            needed
        }
        _ => Vec::new(),
    },
    tags: |world, arn| {
        let id = arn.rsplit('/').next().unwrap_or_default();
        let tags = world.ec2.tags.get(id).into_iter().flatten();
        tags.map(|(key, value)| (key.clone(), value.clone())).collect()
    },
    // <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>: "each API is evaluated individually";
    // non-mutating actions (the page's own example: 100, and 20 a second), then mutating ones. UNCONFIRMED: the mutating
    // figures were not seen again on the page when the others were checked.
    rates: &[
        Rate::each(&["Describe*", "List*", "Search*", "Get*"], 20).with_burst(100),
        Rate::each(&["*"], 5).with_burst(50),
    ],
    resource_types: provision::TYPES,
    operations: &[
        surveys("DescribeInstances", instances::describe),
        changes("RunInstances", run::run),
        changes("TerminateInstances", instances::terminate),
        changes("StopInstances", instances::stop),
        changes("StartInstances", instances::start),
        reads("DescribeInstanceAttribute", attributes::describe),
        changes("ModifyInstanceAttribute", attributes::modify),
        changes("CreateTags", tags::create),
        changes("DeleteTags", tags::delete),
        surveys("DescribeTags", tags::describe),
        surveys("DescribeVolumes", volumes::describe),
        changes("CreateSnapshot", snapshots::create),
        changes("DeleteSnapshot", snapshots::delete),
        surveys("DescribeSnapshots", snapshots::describe),
        changes("CreateLaunchTemplate", launch_templates::create),
        changes("CreateLaunchTemplateVersion", launch_templates::create_version),
        changes("ModifyLaunchTemplate", launch_templates::modify),
        surveys("DescribeLaunchTemplates", launch_templates::describe),
        surveys("DescribeLaunchTemplateVersions", launch_templates::describe_versions),
        surveys("DescribeVpcs", |world, input| networks::describe(world, input, &networks::VPCS)),
        surveys("DescribeSubnets", |world, input| networks::describe(world, input, &networks::SUBNETS)),
        surveys("DescribeSecurityGroups", |world, input| {
            networks::describe(world, input, &networks::SECURITY_GROUPS)
        }),
        surveys("DescribeAvailabilityZones", networks::zones),
        surveys("DescribeRegions", networks::regions),
    ],
    ..QUERY
};

/// The ARN of what an id names, which says of what type it is.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>
fn resource_arn(world: &World, id: &str) -> String {
    let kind = match id.split('-').next() {
        Some("i") => "instance",
        Some("vol") => "volume",
        Some("snap") => return snapshot_arn(world, id),
        Some("lt") => "launch-template",
        Some("vpc") => "vpc",
        Some("subnet") => "subnet",
        Some("sg") => "security-group",
        Some(_) | None => "*",
    };
    world.arn("ec2", &format!("{kind}/{id}"))
}

/// A snapshot's ARN names no account.
fn snapshot_arn(world: &World, id: &str) -> String {
    format!("arn:{}:ec2:{}::snapshot/{id}", world.config.partition, world.config.region)
}

fn refused(code: &str, words: impl Into<String>) -> AwsError {
    AwsError::new(400, code, words)
}

/// The words for a parameter that has to be there.
fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, AwsError> {
    input.string(name).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> AwsError {
    refused("MissingParameter", format!("The request must contain the parameter {name}"))
}

fn flag(input: Input<'_>, name: &str) -> Result<Option<bool>, AwsError> {
    input.boolean(name).map_err(|error| refused("InvalidParameterValue", error.message))
}

fn number(input: Input<'_>, name: &str) -> Result<Option<i64>, AwsError> {
    input.integer(name).map_err(|error| refused("InvalidParameterValue", error.message))
}

/// `MaxResults` and `NextToken` over a list, with the list under its name.
fn paged(
    input: Input<'_>,
    list: &str,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Value, AwsError> {
    let most = match number(input, "MaxResults")? {
        None => 1000,
        Some(given) => usize::try_from(given).ok().filter(|most| (1..=1000).contains(most)).ok_or_else(|| {
            refused(
                "InvalidParameterValue",
                format!("Value ( {given} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000."),
            )
        })?,
    };
    let page = page(items, input.string("NextToken"), most)
        .map_err(|_| refused("InvalidNextToken", "The specified token is not valid"))?;
    Ok(json!({list: page.items, "nextToken": page.next_token}))
}

#[cfg(test)]
mod tests;
