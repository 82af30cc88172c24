//! What is known of a deployment for the table of rights (`upgrade::rights`): its stacks, targets, ways in, and what its
//! settings name.

use upgrade::rights::Grounds;
use upgrade::{Deployment, ListenerSeen, SnapshotKind, Targets, makes_room};

use crate::configuration::{Access, LinkedStackSettings};
use crate::planning::doors::closing;
use crate::site::Site;

/// The type of a stack in a stack.
const NESTED_STACK: &str = "AWS::CloudFormation::Stack";

/// What the principal reaches that the primary stack is reached with: that stack, and linked ones that are reached so.
pub(crate) fn primary_grounds(
    site: &Site,
    deployment: &Deployment,
    targets: &Targets,
    listeners: &[ListenerSeen],
) -> Grounds {
    let settings = &site.settings;
    let (admitted, doors) = (&settings.maintenance.admitted, &settings.doors);
    let mut grounds = Grounds {
        primary_stack: Some(deployment.stack_name.clone()),
        has_nested: deployment.template.contains(NESTED_STACK),
        targets: targets.clone(),
        listener_arns: closing(site, listeners),
        makes_room: !settings.gateless && makes_room(listeners, doors, admitted),
        mutes_alarms: settings.maintenance.policy.mute_alarms,
        snapshots_databases: settings.maintenance.snapshots.contains(&SnapshotKind::Database),
        snapshots_volumes: settings.maintenance.snapshots.contains(&SnapshotKind::Volume),
        template_buckets: settings.template_bucket.iter().cloned().collect(),
        state: settings.state.as_ref().map(|state| (state.bucket.clone(), state.prefix.clone())),
        topics: settings.notifications.sns_topic_arns.clone(),
        ..of_stack(deployment)
    };
    for linked in linked(site, &settings.access) {
        grounds.linked_stacks.push(name_of(&linked.stack).to_owned());
        grounds.template_buckets.extend(linked.template_bucket.clone());
        grounds.template_objects.extend(object_of(&grounds.partition, linked.template.as_deref()));
    }
    grounds.template_objects.extend(object_of(&grounds.partition, settings.catalogue.as_deref()));
    tidied(grounds)
}

/// What the principal reaches that a linked stack is reached with, where that isn't the primary stack's own.
pub(crate) fn linked_grounds(site: &Site, access: &Access, deployment: &Deployment) -> Grounds {
    let mut grounds = of_stack(deployment);
    for linked in linked(site, access) {
        grounds.linked_stacks.push(name_of(&linked.stack).to_owned());
        grounds.template_buckets.extend(linked.template_bucket.clone());
        // Without a bucket of its own it reads the primary stack's copies.
        if let (None, Some(bucket)) = (&linked.template_bucket, &site.settings.template_bucket) {
            let copies = format!("arn:{}:s3:::{bucket}/slackwater/templates/*", grounds.partition);
            grounds.template_objects.push(copies);
        }
        grounds.template_objects.extend(object_of(&grounds.partition, linked.template.as_deref()));
    }
    tidied(grounds)
}

/// The linked stacks that are reached so.
fn linked<'s>(site: &'s Site, access: &'s Access) -> impl Iterator<Item = &'s LinkedStackSettings> {
    let settings = &site.settings;
    settings.backup_stack.iter().chain(&settings.role_stack).filter(move |stack| stack.access == *access)
}

fn of_stack(deployment: &Deployment) -> Grounds {
    Grounds {
        partition: deployment.partition.clone(),
        region: deployment.region.clone(),
        account_id: deployment.account_id.clone(),
        ..Grounds::default()
    }
}

/// A stack's name, also of an ARN: `arn:…:stack/NAME/ID`.
fn name_of(stack: &str) -> &str {
    stack.split_once(":stack/").map_or(stack, |(_, rest)| rest.split('/').next().unwrap_or(rest))
}

/// The ARN of an object that the settings name by its URL; `None`: it is a file, or not S3's.
fn object_of(partition: &str, place: Option<&str>) -> Option<String> {
    let (bucket, key) = aws::object_of_url(place?)?;
    Some(format!("arn:{partition}:s3:::{bucket}/{key}"))
}

fn tidied(mut grounds: Grounds) -> Grounds {
    for list in [&mut grounds.linked_stacks, &mut grounds.template_buckets, &mut grounds.template_objects] {
        list.sort();
        list.dedup();
    }
    grounds
}
