//! EBS volumes: of instances, and of templates.

use serde_json::{Value, json};

use super::{Timer, durations, filter, paged, refused, tags};
use crate::{AwsError, Input, Timestamp, World, timers};

const FILTERS: &[filter::Known] = &[
    ("attachment.device", "attachmentSet.device"),
    ("attachment.instance-id", "attachmentSet.instanceId"),
    ("attachment.status", "attachmentSet.status"),
    ("availability-zone", "availabilityZone"),
    ("encrypted", "encrypted"),
    ("size", "size"),
    ("snapshot-id", "snapshotId"),
    ("status", "status"),
    ("volume-id", "volumeId"),
    ("volume-type", "volumeType"),
];

/// A volume.
#[derive(Debug, Clone)]
pub(super) struct Volume {
    pub(super) size_gib: u64,
    pub(super) kind: String,
    pub(super) zone: String,
    pub(super) snapshot: Option<String>,
    pub(super) is_encrypted: bool,
    pub(super) kms_key: Option<String>,
    /// As given; what follows from the kind is not shown.
    pub(super) iops: Option<i64>,
    pub(super) throughput: Option<i64>,
    pub(super) created: Timestamp,
    pub(super) is_ready: bool,
    pub(super) attachment: Option<Attachment>,
}

/// Where a volume is attached.
#[derive(Debug, Clone)]
pub(super) struct Attachment {
    pub(super) instance: String,
    pub(super) device: String,
    pub(super) at: Timestamp,
    pub(super) goes_with_instance: bool,
}

impl Volume {
    /// A volume as a template's `AWS::EC2::Volume` or an `Ebs` of block devices wants it; its names are the same.
    ///
    /// # Errors
    /// When the size is none.
    pub(super) fn wanted(
        world: &World,
        input: Input<'_>,
        zone: &str,
        usual_gib: u64,
    ) -> Result<Volume, AwsError> {
        let text = |name: &str| input.string(name).map(str::to_owned);
        let snapshot = input.string("SnapshotId").filter(|id| !id.is_empty()).map(str::to_owned);
        let of_snapshot =
            snapshot.as_ref().and_then(|id| world.ec2.snapshots.get(id)).map(|snapshot| snapshot.size_gib);
        let size_gib = size(input)?.or(of_snapshot).unwrap_or(usual_gib);
        Ok(Volume {
            size_gib,
            kind: text("VolumeType").unwrap_or_else(|| "gp2".to_owned()),
            zone: zone.to_owned(),
            snapshot,
            is_encrypted: super::flag(input, "Encrypted")?.unwrap_or(false),
            kms_key: text("KmsKeyId"),
            iops: super::number(input, "Iops")?,
            throughput: super::number(input, "Throughput")?,
            created: world.now,
            is_ready: false,
            attachment: None,
        })
    }

    fn status(&self) -> &'static str {
        match (&self.attachment, self.is_ready) {
            (Some(_), _) => "in-use",
            (None, true) => "available",
            (None, false) => "creating",
        }
    }

    fn to_api(&self, world: &World, id: &str) -> Value {
        let attachments: Vec<Value> = self
            .attachment
            .iter()
            .map(|attachment| {
                json!({
                    "volumeId": id,
                    "instanceId": attachment.instance,
                    "device": attachment.device,
                    "status": "attached",
                    "attachTime": attachment.at.iso8601(),
                    "deleteOnTermination": attachment.goes_with_instance,
                })
            })
            .collect();
        json!({
            "volumeId": id,
            "size": self.size_gib,
            "snapshotId": self.snapshot.as_deref().unwrap_or_default(),
            "availabilityZone": self.zone,
            "status": self.status(),
            "createTime": self.created.iso8601(),
            "attachmentSet": attachments,
            "tagSet": tags::tag_set(world, id),
            "volumeType": self.kind,
            "iops": self.iops,
            "throughput": self.throughput,
            "encrypted": self.is_encrypted,
            "kmsKeyId": self.kms_key,
            "multiAttachEnabled": false,
        })
    }
}

/// A size in GiB, under the template's or the launch's name for it.
pub(super) fn size(input: Input<'_>) -> Result<Option<u64>, AwsError> {
    let name = if input.has("VolumeSize") { "VolumeSize" } else { "Size" };
    let Some(number) = super::number(input, name)? else { return Ok(None) };
    let size = u64::try_from(number).ok().filter(|size| (1..=65_536).contains(size));
    size.map(Some).ok_or_else(|| {
        refused("InvalidParameterValue", format!("Volume of {number}GiB is too small or too large"))
    })
}

/// Put a volume there; one that isn't attached becomes available after a time.
pub(super) fn add(world: &mut World, id: &str, volume: Volume) {
    world.ec2.volumes.insert(id.to_owned(), volume);
    world.schedule(durations::VOLUME, timers::Timer::Ec2(Timer::Volume { id: id.to_owned() }));
}

/// A volume's time is over.
pub(super) fn ready(world: &mut World, id: &str) {
    if let Some(volume) = world.ec2.volumes.get_mut(id) {
        volume.is_ready = true;
    }
}

/// Attach a volume to an instance.
///
/// # Errors
/// When one of them isn't there, or the volume is attached already.
pub(super) fn attach(world: &mut World, id: &str, instance: &str, device: &str) -> Result<(), AwsError> {
    let now = world.now;
    if !world.ec2.instances.contains_key(instance) {
        return Err(super::instances::not_found(instance));
    }
    check_attachable(world, id)?;
    let volume = world.ec2.volumes.get_mut(id).ok_or_else(|| not_found(id))?;
    volume.attachment = Some(Attachment {
        instance: instance.to_owned(),
        device: device.to_owned(),
        at: now,
        goes_with_instance: false,
    });
    Ok(())
}

/// A volume is attached once.
pub(super) fn check_attachable(world: &World, id: &str) -> Result<(), AwsError> {
    let volume = world.ec2.volumes.get(id).ok_or_else(|| not_found(id))?;
    match &volume.attachment {
        Some(attachment) => Err(refused(
            "VolumeInUse",
            format!("{id} is already attached to an instance: {}", attachment.instance),
        )),
        None => Ok(()),
    }
}

/// Take a volume from an instance.
pub(super) fn detach(world: &mut World, id: &str) {
    if let Some(volume) = world.ec2.volumes.get_mut(id) {
        volume.attachment = None;
        volume.is_ready = true;
    }
}

/// An instance is gone: its own volumes go with it, the others are free again.
pub(super) fn leave(world: &mut World, instance: &str) {
    let of_it = |volume: &Volume| volume.attachment.as_ref().is_some_and(|found| found.instance == instance);
    let ids: Vec<String> =
        world.ec2.volumes.iter().filter(|(_, volume)| of_it(volume)).map(|(id, _)| id.clone()).collect();
    for id in ids {
        let goes = world.ec2.volumes.get(&id).and_then(|volume| volume.attachment.as_ref());
        if goes.is_some_and(|attachment| attachment.goes_with_instance) {
            world.ec2.volumes.remove(&id);
            world.ec2.tags.remove(&id);
        } else {
            detach(world, &id);
        }
    }
}

/// An attached volume can't be deleted.
pub(super) fn check_deletion(world: &World, id: &str) -> Result<(), AwsError> {
    match world.ec2.volumes.get(id).and_then(|volume| volume.attachment.as_ref()) {
        Some(attachment) => Err(refused(
            "VolumeInUse",
            format!("Volume {id} is currently attached to {}", attachment.instance),
        )),
        None => Ok(()),
    }
}

/// Volumes grow and never shrink.
pub(super) fn check_growth(world: &World, id: &str, size_gib: Option<u64>) -> Result<(), AwsError> {
    let volume = world.ec2.volumes.get(id).ok_or_else(|| not_found(id))?;
    if size_gib.is_some_and(|size| size < volume.size_gib) {
        return Err(refused("InvalidParameterValue", "New size cannot be smaller than existing size"));
    }
    Ok(())
}

pub(super) fn not_found(id: &str) -> AwsError {
    refused("InvalidVolume.NotFound", format!("The volume '{id}' does not exist."))
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let filters = filter::parse(input, FILTERS)?;
    let ids: Vec<&str> = input.strings("VolumeId").collect();
    if let Some(id) = ids.iter().find(|id| !world.ec2.volumes.contains_key(**id)) {
        return Err(not_found(id));
    }
    let found = world.ec2.volumes.iter().filter(|(id, _)| ids.is_empty() || ids.contains(&id.as_str()));
    let shown = found.map(|(id, volume)| (id.clone(), volume.to_api(world, id)));
    paged(input, "volumeSet", shown.filter(|(_, shown)| filters.take(shown)))
}
