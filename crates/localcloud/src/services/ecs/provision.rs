//! `AWS::ECS::Cluster`, `AWS::ECS::TaskDefinition` and `AWS::ECS::Service`.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECS.html>

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use template::Value as Attribute;

use super::names::{cluster_in, cluster_of};
use super::service::Status;
use super::{clusters, definitions, durations, scheduler, services, tags, typed};
use crate::generic;
use crate::properties;
use crate::resource::{
    ArnForm, Desired, Live, ProvisionError, Provisioned, ResourceType, Stability, answer_at,
};
use crate::{Input, World};

const CLUSTER: &str = "AWS::ECS::Cluster";
const TASK_DEFINITION: &str = "AWS::ECS::TaskDefinition";
const SERVICE: &str = "AWS::ECS::Service";

const ANY: ResourceType = ResourceType { create, update, delete, finish_delete, ..generic::ANY };

/// The types.
pub const TYPES: &[ResourceType] = &[
    ResourceType { name: CLUSTER, ..ANY },
    ResourceType { name: TASK_DEFINITION, ..ANY },
    ResourceType {
        name: SERVICE,
        stability,
        looks_again,
        check_deleted,
        arn: ArnForm::Computed("ServiceName", |world, desired, name| {
            let input = typed::from_properties(&properties::to_json(desired.properties));
            super::names::service_arn(world, cluster_of(Input(&input)), name)
        }),
        live: Some(Live {
            // One that is deleted is still described for a while.
            ask: |world, arn| {
                let asked = json!({"cluster": cluster_in(arn), "services": [arn]});
                answer_at(services::describe(world, Input(&asked)), "/services/0")
                    .filter(|found| Input(found).string("status") == Some("ACTIVE"))
            },
            within: None,
            properties: &[("DesiredCount", "desiredCount")],
        }),
        ..ANY
    },
];

/// Create the resource. The physical id of a cluster is its name, of the others their ARN.
///
/// # Errors
/// In ECS's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let mut input = input(desired);
    let property = match desired.type_name {
        CLUSTER => "clusterName",
        TASK_DEFINITION => "family",
        _ => "serviceName",
    };
    let name = match Input(&input).string(property) {
        Some(name) => name.to_owned(),
        None => desired.generated_name(&mut world.identities),
    };
    let physical_id = match desired.type_name {
        CLUSTER => {
            if clusters::is_active(world, &name) {
                return Err(ProvisionError { reason: format!("{name} already exists") });
            }
            clusters::create(world, &name, Input(&input))?;
            name
        }
        TASK_DEFINITION => definitions::register(world, &name, Input(&input))?,
        _ => {
            // "For new services, if a desired count is not specified, a default value of 1 is used. When using the DAEMON
            // scheduling strategy, the desired count is not required." (`AWS::ECS::Service`, `DesiredCount`)
            let is_daemon = Input(&input).string("schedulingStrategy") == Some("DAEMON");
            if let Some(fields) = input.as_object_mut().filter(|_| !is_daemon) {
                fields.entry("desiredCount").or_insert_with(|| json!(1));
            }
            services::create(world, &name, Input(&input))?
        }
    };
    Ok(provisioned(world, desired.type_name, physical_id))
}

/// Change the resource in place.
///
/// "For existing services, if a desired count is not specified, it is omitted from the operation." Assumption: one that is
/// specified is sent whenever any property of the service changes, as the handler sends its whole model.
///
/// # Errors
/// In ECS's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let input = input(desired);
    let id = desired.physical_id.unwrap_or_default();
    match desired.type_name {
        CLUSTER => clusters::update(world, id, Input(&input))?,
        TASK_DEFINITION => {}
        _ => {
            services::update(world, id, Input(&input), is_forced(desired))?;
            if let Some(service) = world.ecs.services.get_mut(id) {
                service.looks = 0;
            }
        }
    }
    update_tags(world, desired, Input(&input))?;
    Ok(provisioned(world, desired.type_name, id.to_owned()))
}

/// Begin to delete. A service is scaled to zero; its tasks take their time, which [`looks_again`] waits for.
///
/// # Errors
/// When a cluster has services or tasks.
pub fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    let id = desired.physical_id.unwrap_or_default();
    match desired.type_name {
        CLUSTER => {
            if clusters::is_active(world, id) {
                clusters::check_unused(world, id)?;
            }
        }
        TASK_DEFINITION => definitions::deregister(world, id),
        _ => {
            services::drain(world, id);
            if let Some(service) = world.ecs.services.get_mut(id) {
                service.looks = 0;
            }
        }
    }
    Ok(Duration::ZERO)
}

/// When to look next whether a deleted service's tasks have ended; `None` when they have, or when it has been looked often
/// enough.
pub fn looks_again(world: &mut World, physical_id: &str) -> Option<Duration> {
    let service = world.ecs.services.get_mut(physical_id)?;
    if service.status == Status::Inactive || service.looks >= durations::LOOKS {
        return None;
    }
    service.looks += 1;
    Some(durations::LOOK)
}

/// A service whose tasks haven't ended when CloudFormation gives up has not been deleted.
///
/// # Errors
/// As [`stability`] fails.
pub fn check_deleted(world: &World, physical_id: &str) -> Result<(), ProvisionError> {
    match world.ecs.services.get(physical_id) {
        Some(service) if service.status != Status::Inactive => Err(not_stabilized()),
        Some(_) | None => Ok(()),
    }
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    if type_name == CLUSTER {
        clusters::remove(world, physical_id);
    }
    // A resource that has to go before its successor comes isn't waited for; its tasks go on stopping.
    if type_name == SERVICE {
        services::drain(world, physical_id);
    }
}

/// Whether a service has come to rest: one deployment, and as many tasks running as it is to have. A creation or an update
/// is complete only then.
pub fn stability(world: &mut World, physical_id: &str) -> Stability {
    let found = world.ecs.services.get(physical_id);
    let Some(service) = found.filter(|service| service.status == Status::Active) else {
        return Stability::Stable;
    };
    if !service.has_tripped && scheduler::is_stable(world, service) {
        return Stability::Stable;
    }
    if service.has_tripped {
        // As people quote it.
        let words = "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker \
                     was triggered'.\" (HandlerErrorCode: GeneralServiceException)";
        return Stability::Failed(ProvisionError { reason: words.to_owned() });
    }
    if service.looks >= durations::LOOKS {
        return Stability::Failed(not_stabilized());
    }
    if let Some(service) = world.ecs.services.get_mut(physical_id) {
        service.looks += 1;
    }
    Stability::Again(durations::LOOK)
}

/// What people quote from the events of a service that doesn't come to rest within three hours.
fn not_stabilized() -> ProvisionError {
    ProvisionError {
        reason: "Resource handler returned message: \"Exceeded attempts to wait\" (HandlerErrorCode: NotStabilized)"
            .to_owned(),
    }
}

/// `ForceNewDeployment`: a new nonce is a new deployment.
fn is_forced(desired: &Desired<'_>) -> bool {
    let now = desired.properties.get("ForceNewDeployment");
    let enabled = properties::to_json(desired.properties)
        .pointer("/ForceNewDeployment/EnableForceNewDeployment")
        .is_some_and(|flag| *flag == json!(true) || *flag == json!("true"));
    enabled && desired.previous.is_none_or(|previous| previous.get("ForceNewDeployment") != now)
}

/// The properties in the API's form, with the stack's tags and CloudFormation's own three under the resource's own.
fn input(desired: &Desired<'_>) -> Value {
    let mut input = typed::from_properties(&properties::to_json(desired.properties));
    let stack = desired.owner.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let mut all: Vec<Value> = Input(&input).objects("tags").map(|tag| tag.0.clone()).collect();
    for (key, value) in stack.chain(desired.system_tags()) {
        if !all.iter().any(|tag| Input(tag).string("key") == Some(key)) {
            all.push(json!({"key": key, "value": value}));
        }
    }
    if let Some(fields) = input.as_object_mut() {
        fields.insert("tags".to_owned(), Value::Array(all));
    }
    input
}

/// The template's tags and the stack's are set, what the template no longer has is taken away, and what others have set
/// stays. Assumption: so does a tag that the stack had and has no longer.
fn update_tags(world: &mut World, desired: &Desired<'_>, input: Input<'_>) -> Result<(), ProvisionError> {
    let new = tags::given(input)?;
    let previous = desired.previous.map(properties::to_json).unwrap_or_default();
    let id = desired.physical_id.unwrap_or_default();
    let found = match desired.type_name {
        CLUSTER => world.ecs.clusters.get_mut(id).map(|cluster| &mut cluster.tags),
        TASK_DEFINITION => {
            definitions::find_mut(&mut world.ecs.definitions, id).map(|definition| &mut definition.tags)
        }
        _ => world.ecs.services.get_mut(id).map(|service| &mut service.tags),
    };
    let Some(present) = found else { return Ok(()) };
    for tag in Input(&previous).objects("Tags") {
        let key = tag.string("Key").unwrap_or_default();
        if !new.contains_key(key) {
            present.remove(key);
        }
    }
    present.extend(new);
    Ok(())
}

fn provisioned(world: &World, type_name: &str, physical_id: String) -> Provisioned {
    let text = |value: &str| Attribute::String(value.to_owned());
    let attributes = match type_name {
        CLUSTER => BTreeMap::from([("Arn".to_owned(), text(&clusters::arn(world, &physical_id)))]),
        TASK_DEFINITION => BTreeMap::from([("TaskDefinitionArn".to_owned(), text(&physical_id))]),
        _ => {
            let name = physical_id.rsplit('/').next().unwrap_or_default();
            BTreeMap::from([("Name".to_owned(), text(name)), ("ServiceArn".to_owned(), text(&physical_id))])
        }
    };
    Provisioned { physical_id, attributes, extra: Duration::ZERO }
}
