//! Pre-deployment validation (user guide, "Validate stack deployments"): what CloudFormation finds wrong before anything is touched,
//! when a change set is made and when a stack is created or updated directly. Properties are held against the schema of their type
//! ([`changeset::rules::property_validation`]), and names of what is to be made against what is there. What fails is told by
//! DescribeEvents.
//!
//! Assumption: of an update, what is made or whose properties change is looked at; what stays as it is was taken once.

use changeset::rules::exclusive::{self, Claim, Effect};
use changeset::rules::property_validation;
use serde_json::{Value as Json, json};

use super::describe::put;
use super::stack::{Definition, Stack};
use super::values::StackValues;
use crate::resource::is_custom;
use crate::{Timestamp, World};

/// A validation, by the name that the reason of a failed operation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validation {
    /// Properties, by the schema of their type.
    Properties,
    /// What is to be made isn't there yet.
    Existence,
    /// A bucket that is to be deleted is empty.
    Emptiness,
}

impl Validation {
    fn hook(self) -> &'static str {
        match self {
            Validation::Properties => "AWS::EarlyValidation::PropertyValidation",
            Validation::Existence => "AWS::EarlyValidation::ResourceExistenceCheck",
            Validation::Emptiness => "AWS::EarlyValidation::BucketEmptiness",
        }
    }

    /// As `ValidationName` says it (user guide, "View change set validation results"; rain PR 744).
    fn name(self) -> &'static str {
        match self {
            Validation::Properties => "PROPERTY_VALIDATION",
            Validation::Existence => "NAME_CONFLICT_VALIDATION",
            Validation::Emptiness => "BUCKET_EMPTINESS_VALIDATION",
        }
    }

    /// Whether the operation ends by it, or is only warned of it.
    fn fails(self) -> bool {
        self != Validation::Emptiness
    }
}

/// One finding.
#[derive(Debug, Clone)]
pub struct Failure {
    validation: Validation,
    logical_id: String,
    type_name: String,
    physical_id: String,
    reason: String,
    path: String,
}

/// A finding as DescribeEvents tells it.
#[derive(Debug, Clone)]
pub struct ValidationEvent {
    /// Unique.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The change set that it was found for; `None` for an operation of the stack itself.
    pub change_set_id: Option<String>,
    /// The operation that it belongs to.
    pub operation_id: String,
    failure: Failure,
}

/// What CloudFormation says of an operation that a validation ends; `None` when it goes on.
pub fn words(failures: &[Failure]) -> Option<String> {
    let mut failed: Vec<Validation> =
        failures.iter().map(|failure| failure.validation).filter(|one| one.fails()).collect();
    failed.sort_unstable();
    failed.dedup();
    let hooks: Vec<&str> = failed.iter().map(|validation| validation.hook()).collect();
    (!hooks.is_empty()).then(|| {
        format!(
            "The following hook(s)/validation failed: [{}]. To troubleshoot Early Validation errors, use the DescribeEvents API for \
             detailed failure information.",
            hooks.join(", ")
        )
    })
}

/// The resources that are to be made and are there already.
pub fn existing(failures: &[Failure]) -> Vec<&str> {
    let found = failures.iter().filter(|failure| failure.validation == Validation::Existence);
    found.map(|failure| failure.logical_id.as_str()).collect()
}

/// Write findings down, where DescribeEvents finds them.
pub fn record(world: &mut World, stack: &mut Stack, failures: Vec<Failure>, change_set_id: Option<&str>) {
    if failures.is_empty() {
        return;
    }
    let operation_id = match (change_set_id, stack.operations.last()) {
        (None, Some(operation)) => operation.id.clone(),
        (Some(_), _) | (None, None) => world.identities.uuid(&format!("{}/operation", stack.id)),
    };
    for failure in failures {
        stack.validations.push(ValidationEvent {
            id: world.identities.uuid(&stack.id),
            at: world.now,
            change_set_id: change_set_id.map(str::to_owned),
            operation_id: operation_id.clone(),
            failure,
        });
    }
}

/// What is wrong with what a stack is to be. An expression that can't be evaluated is somebody else's finding.
pub fn failures(world: &World, stack: &Stack, definition: &Definition) -> Vec<Failure> {
    let Ok(evaluation) = definition.evaluation() else { return Vec::new() };
    let values = StackValues(&stack.resources);
    let mut found = Vec::new();
    for resource in evaluation.active_resources() {
        let Ok(properties) = evaluation.properties(resource, &values) else { continue };
        let existing = stack.resources.get(&resource.logical_id);
        if existing.is_some_and(|existing| *existing.properties == properties) {
            continue;
        }
        let failure = |validation, reason, path: &str| Failure {
            validation,
            logical_id: resource.logical_id.clone(),
            type_name: resource.type_name.clone(),
            physical_id: existing.and_then(|one| one.physical_id.clone()).unwrap_or_default(),
            reason,
            path: format!("/Resources/{}{path}", resource.logical_id),
        };
        let had = existing.map(|existing| &*existing.properties);
        for violation in property_validation::violations(&resource.type_name, had, &properties) {
            let path = format!("/Properties{}", violation.path);
            found.push(failure(Validation::Properties, violation.early_words(), &path));
        }
        let name = exclusive::claims(&resource.type_name, &properties).into_iter().find(Claim::is_name);
        if let (None, Some(name)) = (existing, name)
            && !is_custom(&resource.type_name)
            && name.effect() == Effect::Refused
            && let Some(identifier) = taken(world, &resource.type_name, &name)
        {
            let reason = format!(
                "Resource of type '{}' with identifier '{identifier}' already exists.",
                resource.type_name
            );
            found.push(failure(Validation::Existence, reason, ""));
        }
    }
    for leaving in stack.resources.values().filter(|one| !evaluation.is_active(&one.logical_id)) {
        found.extend(not_empty(world, leaving));
    }
    found
}

/// The name, where something has it.
fn taken(world: &World, type_name: &str, name: &Claim) -> Option<String> {
    let held = world.cloudformation.held.is_taken(type_name, name);
    let text = name.text()?;
    let is_bucket = type_name == "AWS::S3::Bucket" && world.object_storage.has_bucket(text);
    (held || is_bucket).then(|| text.to_owned())
}

/// A bucket that leaves the stack with objects in it: a warning, as somebody may empty it in time.
fn not_empty(world: &World, leaving: &super::stack::StackResource) -> Option<Failure> {
    let bucket = leaving.physical_id.as_deref()?;
    let goes = matches!(leaving.deletion_policy, super::stack::Policy::Delete);
    (leaving.type_name == "AWS::S3::Bucket" && goes && world.object_storage.holds_objects(bucket)).then(|| Failure {
        validation: Validation::Emptiness,
        logical_id: leaving.logical_id.clone(),
        type_name: leaving.type_name.clone(),
        physical_id: bucket.to_owned(),
        reason: format!(
            "The bucket '{bucket}' is not empty. You must either delete all objects and versions or use the deletion policy to retain \
             it, otherwise the delete operation will fail."
        ),
        path: format!("/Resources/{}", leaving.logical_id),
    })
}

impl ValidationEvent {
    /// As DescribeEvents shows it.
    pub fn shown(&self, stack: &Stack) -> Json {
        let Failure { validation, logical_id, type_name, physical_id, reason, path } = &self.failure;
        let mut made = json!({
            "EventId": self.id,
            "StackId": stack.id,
            "OperationId": self.operation_id,
            "OperationType": if self.change_set_id.is_some() { "CREATE_CHANGESET" } else { "UPDATE_STACK" },
            "EventType": "VALIDATION_ERROR",
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": physical_id,
            "ResourceType": type_name,
            "Timestamp": self.at.iso8601(),
            "ValidationFailureMode": if validation.fails() { "FAIL" } else { "WARN" },
            "ValidationName": validation.name(),
            "ValidationStatus": "FAILED",
            "ValidationStatusReason": reason,
            "ValidationPath": path,
        });
        if let Some(operation) = stack.operations.iter().find(|one| one.id == self.operation_id) {
            put(&mut made, "OperationType", json!(operation.kind));
        }
        made
    }
}
