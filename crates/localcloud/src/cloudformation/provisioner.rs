//! How the engine has a resource made, changed and removed: if the stack's role may do it, if nothing is in its way that
//! [`changeset::rules`] knows of, by the service that keeps the type, and as slowly as somebody has ordered.

use std::collections::BTreeMap;
use std::time::Duration;

use changeset::rules::exclusive::{self, Claim, Effect};
use changeset::rules::property_validation::{self, Demand, Violation};
use changeset::rules::refusals::{self, Change};
use indexmap::IndexMap;
use template::Value;

use super::durations::{self, Durations};
use super::dynamic_references;
use super::service_role::{self, ResourceOperation};
use crate::World;
use crate::faults::SlowResource;
use crate::resource::{Desired, ProvisionError, Provisioned};
use crate::services::resource_type;

/// What the resources of stacks have for themselves alone, by type and physical id. What a stack leaves behind is still there.
#[derive(Debug, Clone, Default)]
pub struct Held(BTreeMap<String, BTreeMap<String, Vec<Claim>>>);

impl Held {
    /// Somebody else's claim that stands in the way of one of these.
    fn in_the_way(&self, type_name: &str, physical_id: Option<&str>, wanted: &[Claim]) -> Option<&Claim> {
        let others = self.0.get(type_name)?.iter().filter(|(id, _)| Some(id.as_str()) != physical_id);
        others.flat_map(|(_, claims)| claims).find(|held| {
            held.effect() == Effect::Refused && wanted.iter().any(|claim| held.conflicts_with(claim))
        })
    }

    /// Whether a resource of the type has this.
    pub fn is_taken(&self, type_name: &str, wanted: &Claim) -> bool {
        self.in_the_way(type_name, None, std::slice::from_ref(wanted)).is_some()
    }

    fn keep(&mut self, type_name: &str, physical_id: &str, claims: Vec<Claim>) {
        if claims.is_empty() {
            self.give_up(type_name, physical_id);
        } else {
            self.0.entry(type_name.to_owned()).or_default().insert(physical_id.to_owned(), claims);
        }
    }

    fn give_up(&mut self, type_name: &str, physical_id: &str) {
        if let Some(held) = self.0.get_mut(type_name) {
            held.remove(physical_id);
        }
    }
}

pub(crate) fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    service_role::permit(world, desired, ResourceOperation::Create)?;
    let claims = admit(world, desired, None)?;
    let mut provisioned = ask(world, desired, resource_type(desired.type_name).create)?;
    world.cloudformation.held.keep(desired.type_name, &provisioned.physical_id, claims);
    provisioned.extra += slowed(world, desired, |usual| usual.create, provisioned.extra);
    Ok(provisioned)
}

pub(super) fn update(
    world: &mut World,
    desired: &Desired<'_>,
    update_policy: Option<&Value>,
) -> Result<Provisioned, ProvisionError> {
    service_role::permit(world, desired, ResourceOperation::Update)?;
    let claims = admit(world, desired, update_policy)?;
    let mut provisioned = ask(world, desired, resource_type(desired.type_name).update)?;
    world.cloudformation.held.keep(desired.type_name, &provisioned.physical_id, claims);
    provisioned.extra += slowed(world, desired, |usual| usual.update, provisioned.extra);
    Ok(provisioned)
}

/// Let a service make or change a resource with the secrets that its properties refer to, of which nothing comes back.
fn ask(
    world: &mut World,
    desired: &Desired<'_>,
    act: fn(&mut World, &Desired<'_>) -> Result<Provisioned, ProvisionError>,
) -> Result<Provisioned, ProvisionError> {
    let revealed = dynamic_references::reveal(world, desired.type_name, desired.properties)
        .map_err(|reason| ProvisionError { reason })?;
    let Some(revealed) = revealed else { return act(world, desired) };
    let asked = Desired { properties: &revealed.properties, ..*desired };
    let mut provisioned =
        act(world, &asked).map_err(|error| ProvisionError { reason: revealed.mask(&error.reason) })?;
    provisioned.attributes.values_mut().for_each(|value| revealed.hide(value));
    Ok(provisioned)
}

/// The end of a removal.
pub(super) fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    (resource_type(type_name).finish_delete)(world, type_name, physical_id);
    world.cloudformation.held.give_up(type_name, physical_id);
}

/// What the resource is to have for itself alone, if nothing that is known beforehand is refused. Whatever undoes a failed update
/// is left to the service.
fn admit(
    world: &World,
    desired: &Desired<'_>,
    update_policy: Option<&Value>,
) -> Result<Vec<Claim>, ProvisionError> {
    let Desired { type_name, properties, previous, physical_id, undoes, .. } = *desired;
    let claims = exclusive::claims(type_name, properties);
    if undoes {
        return Ok(claims);
    }
    let change = Change { type_name, before: previous, after: properties, update_policy };
    if let Some((_, reason)) = refusals::refusals(&change).find(|(rule, _)| !rule.compares_live) {
        return Err(ProvisionError { reason });
    }
    match world.cloudformation.held.in_the_way(type_name, physical_id, &claims) {
        Some(held) => Err(ProvisionError { reason: held.words() }),
        None => Ok(claims),
    }
}

/// Hold properties against the schema of their type; `had` are those that the resource, or the one it replaces, was made with.
pub(super) fn validate(
    logical_id: &str,
    type_name: &str,
    had: Option<&IndexMap<String, Value>>,
    properties: &IndexMap<String, Value>,
) -> Result<(), ProvisionError> {
    let violations = property_validation::violations(type_name, had, properties);
    if violations.is_empty() {
        return Ok(());
    }
    Err(ProvisionError { reason: invalid(logical_id, &violations) })
}

/// CloudFormation's words for properties that a type's schema doesn't allow (reported: aws-cdk 28984 and many others). It has another
/// sentence for what is required, which is recorded.
fn invalid(logical_id: &str, violations: &[Violation]) -> String {
    if let [Violation { path, demand: Demand::Required(name) }] = violations {
        return format!("Property validation failure: [The property {{{path}/{name}}} is required]");
    }
    let each: Vec<String> = violations.iter().map(ToString::to_string).collect();
    format!("Properties validation failed for resource {logical_id} with message:\n{}", each.join("\n"))
}

/// Begin to delete the resource; gives what that adds to the type's usual duration.
pub(super) fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    service_role::permit(world, desired, ResourceOperation::Delete)?;
    let extra = (resource_type(desired.type_name).delete)(world, desired)?;
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
        Some(times) => {
            let Desired { owner, logical_id, type_name, .. } = *desired;
            let usual = durations::of(world, &owner.stack_name, logical_id, type_name);
            SlowResource::added(times, pick(usual) + extra)
        }
        None => Duration::ZERO,
    }
}
