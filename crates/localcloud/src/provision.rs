//! The seam between the CloudFormation engine and the services: creating, updating and deleting one
//! resource. A type that a service simulates in earnest goes to that service; any other is simulated from
//! its facts ([`crate::cloudformation::generic`]).
//!
//! `create` and `update` act at once and say how long AWS would take; the engine waits that long before it
//! reports the operation complete. `delete` begins the removal; [`finish_delete`] ends it.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use template::Value;

use crate::World;
use crate::cloudformation::durations::{self, Durations};
use crate::cloudformation::generic;
use crate::cloudformation::service_role::{self, ResourceOperation};
use crate::faults::SlowResource;
use crate::services::{
    auto_scaling, backup, batch, cloudwatch, ec2, ecs, iam, load_balancing, notification, parameter_store,
    rds, secrets_manager,
};

/// The stack a resource belongs to.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The stack's name.
    pub stack_name: String,
    /// The stack's id (ARN).
    pub stack_id: String,
    /// Tags of the stack, which CloudFormation hands on to taggable resources.
    pub tags: Vec<(String, String)>,
    /// The role that CloudFormation works as; `None`: with whatever its caller may do.
    pub role_arn: Option<String>,
}

/// A resource as the template wants it.
#[derive(Debug, Clone)]
pub struct Desired<'a> {
    /// Whose it is.
    pub owner: &'a Owner,
    /// The resource's name in the template.
    pub logical_id: &'a str,
    /// Such as `AWS::Batch::JobQueue`.
    pub type_name: &'a str,
    /// Fully evaluated properties.
    pub properties: &'a IndexMap<String, Value>,
    /// What it was created or last updated with; `None` on creation.
    pub previous: Option<&'a IndexMap<String, Value>>,
    /// Its physical id; `None` on creation.
    pub physical_id: Option<&'a str>,
    /// Whether this undoes what a failed operation did. A handler of a resource type is told the same
    /// (`ResourceHandlerRequest.rollback`), and some do otherwise then: what can't shrink stays as large as it is.
    pub undoes: bool,
}

/// A resource as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Provisioned {
    /// What `Ref` gives, unless the type's facts say otherwise.
    pub physical_id: String,
    /// What `Fn::GetAtt` gives.
    pub attributes: BTreeMap<String, Value>,
    /// What the service adds to the type's usual duration (an instance to drain, say).
    pub extra: Duration,
}

/// Whether a resource has come to rest, asked when its usual time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stability {
    /// It has; the operation is complete.
    Stable,
    /// Not yet: look again after so long.
    Again(Duration),
    /// CloudFormation waits no longer.
    Failed(ProvisionError),
}

/// A refusal by the service behind a resource, in that service's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ProvisionError {
    /// `ResourceStatusReason` of the failed event.
    pub reason: String,
}

impl From<crate::AwsError> for ProvisionError {
    fn from(error: crate::AwsError) -> ProvisionError {
        ProvisionError { reason: error.message }
    }
}

/// Create the resource.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    service_role::permit(world, desired, ResourceOperation::Create)?;
    let mut provisioned = create_at_service(world, desired)?;
    provisioned.extra += slowed(world, desired, |usual| usual.create, provisioned.extra);
    Ok(provisioned)
}

/// Update the resource in place. `previous` and `physical_id` are given.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    service_role::permit(world, desired, ResourceOperation::Update)?;
    let mut provisioned = update_at_service(world, desired)?;
    provisioned.extra += slowed(world, desired, |usual| usual.update, provisioned.extra);
    Ok(provisioned)
}

/// Begin to delete the resource; gives what that adds to the type's usual duration.
pub fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    service_role::permit(world, desired, ResourceOperation::Delete)?;
    let extra = delete_at_service(world, desired)?;
    Ok(extra + slowed(world, desired, |usual| usual.delete, extra))
}

/// What a resource takes longer that somebody has ordered to be slow.
fn slowed(
    world: &World,
    desired: &Desired<'_>,
    pick: impl FnOnce(Durations) -> Duration,
    extra: Duration,
) -> Duration {
    match world.faults.times(&desired.owner.stack_name, desired.logical_id) {
        Some(times) => SlowResource::added(times, pick(durations::of(desired.type_name)) + extra),
        None => Duration::ZERO,
    }
}

fn create_at_service(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    match service_of(desired.type_name) {
        Some(Simulated::AutoScaling) => auto_scaling::provision::create(world, desired),
        Some(Simulated::Batch) => batch::provision::create(world, desired),
        Some(Simulated::LoadBalancing) => load_balancing::provision::create(world, desired),
        Some(Simulated::Ec2) => ec2::provision::create(world, desired),
        Some(Simulated::Ecs) => ecs::provision::create(world, desired),
        Some(Simulated::Rds) => rds::provision::create(world, desired),
        Some(Simulated::CloudWatch) => cloudwatch::provision::create(world, desired),
        Some(Simulated::Iam) => iam::provision::create(world, desired),
        Some(Simulated::SecretsManager) => secrets_manager::provision::create(world, desired),
        Some(Simulated::ParameterStore) => parameter_store::provision::create(world, desired),
        Some(Simulated::Notification) => notification::provision::create(world, desired),
        Some(Simulated::Backup) => backup::provision::create(world, desired),
        None => generic::create(world, desired),
    }
}

fn update_at_service(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    match service_of(desired.type_name) {
        Some(Simulated::AutoScaling) => auto_scaling::provision::update(world, desired),
        Some(Simulated::Batch) => batch::provision::update(world, desired),
        Some(Simulated::LoadBalancing) => load_balancing::provision::update(world, desired),
        Some(Simulated::Ec2) => ec2::provision::update(world, desired),
        Some(Simulated::Ecs) => ecs::provision::update(world, desired),
        Some(Simulated::Rds) => rds::provision::update(world, desired),
        Some(Simulated::CloudWatch) => cloudwatch::provision::update(world, desired),
        Some(Simulated::Iam) => iam::provision::update(world, desired),
        Some(Simulated::SecretsManager) => secrets_manager::provision::update(world, desired),
        Some(Simulated::ParameterStore) => parameter_store::provision::update(world, desired),
        Some(Simulated::Notification) => notification::provision::update(world, desired),
        Some(Simulated::Backup) => backup::provision::update(world, desired),
        None => generic::update(world, desired),
    }
}

fn delete_at_service(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    match service_of(desired.type_name) {
        Some(Simulated::AutoScaling) => auto_scaling::provision::delete(world, desired),
        Some(Simulated::Batch) => batch::provision::delete(world, desired),
        Some(Simulated::LoadBalancing) => load_balancing::provision::delete(world, desired),
        Some(Simulated::Ec2) => ec2::provision::delete(world, desired),
        Some(Simulated::Ecs) => ecs::provision::delete(world, desired),
        Some(Simulated::Rds) => rds::provision::delete(world, desired),
        Some(Simulated::CloudWatch) => cloudwatch::provision::delete(world, desired),
        Some(Simulated::Iam) => iam::provision::delete(world, desired),
        Some(Simulated::SecretsManager) => secrets_manager::provision::delete(world, desired),
        Some(Simulated::ParameterStore) => parameter_store::provision::delete(world, desired),
        Some(Simulated::Notification) => notification::provision::delete(world, desired),
        Some(Simulated::Backup) => backup::provision::delete(world, desired),
        None => generic::delete(world, desired),
    }
}

/// Leave a snapshot of a resource that is about to be deleted, as the policy `Snapshot` asks for; called before
/// [`delete`]. Gives the snapshot's id. A type that knows no snapshots leaves none.
///
/// # Errors
/// In the service's words.
pub fn leave_snapshot(world: &mut World, desired: &Desired<'_>) -> Result<Option<String>, ProvisionError> {
    match service_of(desired.type_name) {
        Some(Simulated::Ec2) => ec2::provision::leave_snapshot(world, desired),
        Some(Simulated::Rds) => rds::provision::leave_snapshot(world, desired),
        Some(_) | None => Ok(None),
    }
}

/// Whether a resource that was created or updated has come to rest.
pub fn stability(world: &mut World, type_name: &str, physical_id: &str) -> Stability {
    match service_of(type_name) {
        Some(Simulated::Ecs) => ecs::provision::stability(world, type_name, physical_id),
        Some(_) | None => Stability::Stable,
    }
}

/// After how long to look again at a deletion that takes longer than was thought; asked before [`check_deleted`].
pub fn looks_again(world: &mut World, type_name: &str, physical_id: &str) -> Option<std::time::Duration> {
    match service_of(type_name) {
        Some(Simulated::AutoScaling) => auto_scaling::provision::looks_again(world, type_name, physical_id),
        Some(Simulated::Ecs) => ecs::provision::looks_again(world, type_name, physical_id),
        Some(_) | None => None,
    }
}

/// Whether a deletion whose time is over has succeeded; asked before [`finish_delete`].
///
/// # Errors
/// When something still holds the resource: the reason of DELETE_FAILED.
pub fn check_deleted(world: &World, type_name: &str, physical_id: &str) -> Result<(), ProvisionError> {
    match service_of(type_name) {
        Some(Simulated::AutoScaling) => auto_scaling::provision::check_deleted(world, type_name, physical_id),
        Some(Simulated::Ecs) => ecs::provision::check_deleted(world, type_name, physical_id),
        Some(_) | None => Ok(()),
    }
}

/// The deletion's time is over: the resource is gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    match service_of(type_name) {
        Some(Simulated::AutoScaling) => auto_scaling::provision::finish_delete(world, type_name, physical_id),
        Some(Simulated::Batch) => batch::provision::finish_delete(world, type_name, physical_id),
        Some(Simulated::LoadBalancing) => {
            load_balancing::provision::finish_delete(world, type_name, physical_id)
        }
        Some(Simulated::Ec2) => ec2::provision::finish_delete(world, type_name, physical_id),
        Some(Simulated::Ecs) => ecs::provision::finish_delete(world, type_name, physical_id),
        Some(Simulated::Rds) => rds::provision::finish_delete(world, type_name, physical_id),
        Some(Simulated::CloudWatch) => cloudwatch::provision::finish_delete(world, type_name, physical_id),
        Some(Simulated::Iam) => iam::provision::finish_delete(world, type_name, physical_id),
        Some(Simulated::SecretsManager) => {
            secrets_manager::provision::finish_delete(world, type_name, physical_id)
        }
        Some(Simulated::ParameterStore) => {
            parameter_store::provision::finish_delete(world, type_name, physical_id)
        }
        Some(Simulated::Notification) => {
            notification::provision::finish_delete(world, type_name, physical_id)
        }
        Some(Simulated::Backup) => backup::provision::finish_delete(world, type_name, physical_id),
        None => generic::finish_delete(world, type_name, physical_id),
    }
}

/// The services that are simulated with their own API.
enum Simulated {
    AutoScaling,
    Batch,
    LoadBalancing,
    Ec2,
    Ecs,
    Rds,
    CloudWatch,
    Iam,
    SecretsManager,
    ParameterStore,
    Notification,
    Backup,
}

fn service_of(type_name: &str) -> Option<Simulated> {
    match type_name {
        "AWS::AutoScaling::AutoScalingGroup"
        | "AWS::AutoScaling::WarmPool"
        | "AWS::AutoScaling::ScheduledAction" => Some(Simulated::AutoScaling),
        "AWS::Batch::JobQueue" | "AWS::Batch::ComputeEnvironment" | "AWS::Batch::JobDefinition" => {
            Some(Simulated::Batch)
        }
        "AWS::ElasticLoadBalancingV2::LoadBalancer"
        | "AWS::ElasticLoadBalancingV2::Listener"
        | "AWS::ElasticLoadBalancingV2::ListenerRule"
        | "AWS::ElasticLoadBalancingV2::TargetGroup" => Some(Simulated::LoadBalancing),
        _ if ec2::provision::TYPES.contains(&type_name) => Some(Simulated::Ec2),
        _ if ecs::provision::TYPES.contains(&type_name) => Some(Simulated::Ecs),
        "AWS::RDS::DBInstance" => Some(Simulated::Rds),
        "AWS::CloudWatch::Alarm" => Some(Simulated::CloudWatch),
        _ if iam::provision::keeps(type_name) => Some(Simulated::Iam),
        _ if secrets_manager::provision::keeps(type_name) => Some(Simulated::SecretsManager),
        _ if parameter_store::provision::keeps(type_name) => Some(Simulated::ParameterStore),
        _ if notification::provision::keeps(type_name) => Some(Simulated::Notification),
        _ if backup::provision::keeps(type_name) => Some(Simulated::Backup),
        _ => None,
    }
}
