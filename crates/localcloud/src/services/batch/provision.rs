//! `AWS::Batch::JobQueue`, `AWS::Batch::ComputeEnvironment` and `AWS::Batch::JobDefinition`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Entity, definitions, environments, queues, refused, typed};
use crate::generic;
use crate::properties;
use crate::resource::{ArnForm, Desired, Live, ProvisionError, Provisioned, ResourceType, answer_at};
use crate::{Input, World};

const QUEUE: &str = "AWS::Batch::JobQueue";
const ENVIRONMENT: &str = "AWS::Batch::ComputeEnvironment";

/// The types.
pub const TYPES: &[ResourceType] = &[
    ResourceType {
        name: QUEUE,
        arn: ArnForm::Name("batch", "job-queue/", Some("JobQueueName")),
        live: Some(Live {
            ask: |world, arn| {
                let asked = json!({"jobQueues": [arn]});
                answer_at(queues::describe(world, Input(&asked)), "/jobQueues/0")
            },
            within: None,
            properties: &[("State", "state"), ("Priority", "priority")],
        }),
        ..ANY
    },
    ResourceType {
        name: ENVIRONMENT,
        arn: ArnForm::Name("batch", "compute-environment/", Some("ComputeEnvironmentName")),
        live: Some(Live {
            ask: |world, arn| {
                let asked = json!({"computeEnvironments": [arn]});
                answer_at(environments::describe(world, Input(&asked)), "/computeEnvironments/0")
            },
            within: None,
            properties: &[("State", "state")],
        }),
        ..ANY
    },
    ResourceType {
        name: "AWS::Batch::JobDefinition",
        arn: ArnForm::Name("batch", "job-definition/", Some("JobDefinitionName")),
        ..ANY
    },
];

const ANY: ResourceType = ResourceType { create, update, delete, finish_delete, ..generic::ANY };

/// Create the resource. The physical id of each is its ARN; an unnamed one is called `<LogicalId>-<suffix>`,
/// without the stack's name, as Batch's handlers do.
///
/// # Errors
/// In Batch's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let input = input(desired);
    let named = Input(&input).string(name_property(desired.type_name));
    let name = match named {
        Some(name) => name.to_owned(),
        None => {
            let entity = format!("{} {}", desired.owner.stack_name, desired.logical_id);
            format!("{}-{}", desired.logical_id, world.identities.alphanumeric(&entity, 16))
        }
    };
    let arn = match desired.type_name {
        QUEUE => {
            let arn = queues::create(world, &name, Input(&input))?;
            settle(world.batch.queues.get_mut(&arn));
            arn
        }
        ENVIRONMENT => {
            let arn = environments::create(world, &name, Input(&input))?;
            settle(world.batch.environments.get_mut(&arn));
            arn
        }
        _ => definitions::register(world, &name, Input(&input))?.0,
    };
    Ok(provisioned(desired, arn))
}

/// Change the resource in place. A job definition gets a new revision, and so a new ARN.
///
/// # Errors
/// In Batch's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let input = input(desired);
    let arn = desired.physical_id.unwrap_or_default();
    let arn = match desired.type_name {
        QUEUE => {
            // The handler waits for a queue that somebody else is changing.
            settle(world.batch.queues.get_mut(arn));
            let (_, arn) = queues::update(world, arn, Input(&input))?;
            settle(world.batch.queues.get_mut(&arn));
            super::job::place_waiting(world, &arn);
            check_stable(desired, world.batch.queues.get(&arn))?;
            arn
        }
        ENVIRONMENT => {
            settle(world.batch.environments.get_mut(arn));
            let (_, arn) = environments::update(world, arn, Input(&input))?;
            settle(world.batch.environments.get_mut(&arn));
            super::job::place_waiting_again(world, &arn);
            check_stable(desired, world.batch.environments.get(&arn))?;
            arn
        }
        _ => {
            let known = world.batch.definitions.get(arn).map(|definition| definition.name.clone());
            let name = known.ok_or_else(|| refused(format!("{arn} not found")))?;
            let (new, _) = definitions::register(world, &name, Input(&input))?;
            definitions::deactivate(world, arn);
            new
        }
    };
    Ok(provisioned(desired, arn))
}

/// Begin to delete: the handlers disable what has to be disabled first.
///
/// # Errors
/// When a queue still names a compute environment.
pub fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    let arn = desired.physical_id.unwrap_or_default();
    match desired.type_name {
        QUEUE => {
            if let Some(queue) = world.batch.queues.get_mut(arn) {
                (queue.is_enabled, queue.status) = (false, "DELETING");
                queue.step += 1;
            }
        }
        ENVIRONMENT => {
            environments::check_unused(world, arn)?;
            if let Some(environment) = world.batch.environments.get_mut(arn) {
                (environment.is_enabled, environment.status) = (false, "DELETING");
                environment.step += 1;
            }
        }
        _ => definitions::deactivate(world, arn),
    }
    Ok(Duration::ZERO)
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    match type_name {
        QUEUE => queues::remove(world, physical_id),
        ENVIRONMENT => {
            world.batch.environments.remove(physical_id);
        }
        _ => {}
    }
}

/// The resource's own duration, which the engine waits, contains the time until it is VALID.
fn settle(entity: Option<&mut Entity>) {
    if let Some(entity) = entity {
        entity.settle();
    }
}

/// CloudFormation waits for VALID. Assumption: the words, which are those of every handler that waits in vain.
fn check_stable(desired: &Desired<'_>, entity: Option<&Entity>) -> Result<(), ProvisionError> {
    match entity {
        Some(entity) if entity.invalid.is_some() => Err(ProvisionError {
            reason: format!(
                "Resource of type '{}' with identifier '{}' did not stabilize.",
                desired.type_name, entity.arn
            ),
        }),
        Some(_) | None => Ok(()),
    }
}

fn input(desired: &Desired<'_>) -> Value {
    let mut input = typed::from_properties(&properties::to_json(desired.properties));
    // The stack's tags, under the resource's own.
    if let Some(fields) = input.as_object_mut()
        && !desired.owner.tags.is_empty()
    {
        let tags = fields.entry("tags").or_insert_with(|| json!({}));
        if let Some(tags) = tags.as_object_mut() {
            for (key, value) in &desired.owner.tags {
                tags.entry(key).or_insert_with(|| json!(value));
            }
        }
    }
    input
}

fn name_property(type_name: &str) -> &'static str {
    match type_name {
        QUEUE => "jobQueueName",
        ENVIRONMENT => "computeEnvironmentName",
        _ => "jobDefinitionName",
    }
}

fn provisioned(desired: &Desired<'_>, arn: String) -> Provisioned {
    let attribute = match desired.type_name {
        QUEUE => "JobQueueArn",
        ENVIRONMENT => "ComputeEnvironmentArn",
        _ => "JobDefinitionArn",
    };
    Provisioned {
        attributes: BTreeMap::from([(attribute.to_owned(), template::Value::String(arn.clone()))]),
        physical_id: arn,
        extra: Duration::ZERO,
    }
}
