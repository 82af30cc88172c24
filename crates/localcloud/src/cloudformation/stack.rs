//! A stack as it is kept: what it was defined with, what it holds, what happened to it. No behaviour of the
//! engine lives here.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use serde_json::Value as Json;
use template::{EvaluateError, Evaluation, Outside, Pseudo, ResolvedParameters, Template, Value};

use super::change_set::ChangeSet;
use super::drift::Drift;
use super::engine::Operation;
use super::event::{OperationLabel, StackEvent};
use super::status::Status;
use super::validation::ValidationEvent;
use crate::Timestamp;
use changeset::stack_policy::StackPolicy;

/// Evaluated properties of a resource.
pub type Properties = IndexMap<String, Value>;

/// What a stack is, or is to be: a template with everything it is evaluated with. Never changed once made.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The template, with its loops expanded.
    pub template: Arc<Template>,
    /// The template as it was sent.
    pub body: Arc<str>,
    /// The parameters.
    pub parameters: ResolvedParameters,
    /// The pseudo parameters.
    pub pseudo: Pseudo,
    /// What other stacks export, and zones.
    pub outside: Outside,
    /// The exports that it imports.
    pub imports: Vec<String>,
    /// Tags of the stack.
    pub tags: Vec<(String, String)>,
    /// Capabilities that were acknowledged.
    pub capabilities: Vec<String>,
    /// The role that CloudFormation is to work as.
    pub role_arn: Option<String>,
    /// Whether it is validated before a stack is touched that is created or updated with it directly.
    pub validates: bool,
    /// What must not be shown, once it has been asked for.
    pub secrets: OnceLock<Vec<String>>,
}

impl Definition {
    /// The definition, ready to evaluate.
    pub fn evaluation(&self) -> Result<Evaluation<'_>, EvaluateError> {
        Evaluation::new(&self.template, &self.parameters, &self.pseudo, &self.outside)
    }

    /// The values of the parameters that must not be shown, the longest first.
    #[must_use]
    pub fn secrets(&self) -> &[String] {
        self.secrets.get_or_init(|| secrets(&self.parameters))
    }

    /// Its secrets and those of the definition that it takes the place of, which must not be shown either.
    #[must_use]
    pub fn secrets_beside(&self, before: Option<&Definition>) -> Vec<String> {
        self.secrets().iter().chain(before.map_or(&[][..], Definition::secrets)).cloned().collect()
    }
}

fn secrets(parameters: &ResolvedParameters) -> Vec<String> {
    let mut secrets: Vec<String> = Vec::new();
    for parameter in parameters.0.values().filter(|parameter| parameter.no_echo) {
        secrets.push(parameter.text.clone());
        match &parameter.value {
            Value::String(text) => secrets.push(text.clone()),
            Value::List(items) => secrets.extend(items.iter().filter_map(|item| match item {
                Value::String(text) => Some(text.clone()),
                _ => None,
            })),
            _ => {}
        }
    }
    secrets.retain(|secret| !secret.is_empty());
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}

/// A resource that a stack holds.
#[derive(Debug, Clone, PartialEq)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type.
    pub type_name: String,
    /// Its identifier; `None` until its creation has begun. It is also what `Ref` gives.
    pub physical_id: Option<String>,
    /// What it was last created or updated with.
    pub properties: Arc<Properties>,
    /// What `Fn::GetAtt` gives.
    pub attributes: BTreeMap<String, Value>,
    /// `Metadata`, evaluated.
    pub metadata: Option<Value>,
    /// What becomes of it when it leaves the stack.
    pub deletion_policy: Policy,
    /// What becomes of it when another takes its place.
    pub update_replace_policy: Policy,
    /// Where it stands.
    pub status: Status,
    /// Why.
    pub status_reason: Option<String>,
    /// When it came to stand there.
    pub updated: Timestamp,
    /// The resources that it needs, as of the definition it was last made with.
    pub depends_on: Vec<String>,
}

/// `DeletionPolicy` and `UpdateReplacePolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Deleted. The user guide's default for most types.
    #[default]
    Delete,
    /// Kept, outside the stack.
    Retain,
    /// Kept, unless its creation is undone.
    RetainExceptOnCreate,
    /// Deleted after a snapshot.
    Snapshot,
}

impl Policy {
    /// The policy of this name; a name that CloudFormation doesn't have counts as `Delete`.
    #[must_use]
    pub fn named(name: &str) -> Policy {
        match name {
            "Retain" => Policy::Retain,
            "RetainExceptOnCreate" => Policy::RetainExceptOnCreate,
            "Snapshot" => Policy::Snapshot,
            _ => Policy::Delete,
        }
    }

    /// The policy of a type that says nothing (user guide, "DeletionPolicy attribute": clusters and
    /// instances outside a cluster are kept as a snapshot).
    #[must_use]
    pub fn default_for_deletion(type_name: &str, properties: &Properties) -> Policy {
        match type_name {
            "AWS::RDS::DBCluster" => Policy::Snapshot,
            "AWS::RDS::DBInstance" if !properties.contains_key("DBClusterIdentifier") => Policy::Snapshot,
            _ => Policy::Delete,
        }
    }
}

/// An output of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackOutput {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What it is, in the author's words.
    pub description: Option<String>,
    /// Under which name other stacks may import it.
    pub export_name: Option<String>,
}

/// What is done when a creation or an update fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// Undo it.
    #[default]
    Rollback,
    /// Delete the stack (creation only).
    Delete,
    /// Leave everything as it is.
    DoNothing,
}

/// Where a nested stack belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nesting {
    /// The stack that holds it.
    pub parent: String,
    /// Its name in that stack's template.
    pub logical_id: String,
    /// The outermost stack.
    pub root: String,
}

/// A stack.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its name; unique among the stacks that are not deleted.
    pub name: String,
    /// Its ARN; unique for ever.
    pub id: String,
    /// The how-manieth stack of this world it is.
    pub sequence: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last updated.
    pub updated: Option<Timestamp>,
    /// When it was deleted.
    pub deleted: Option<Timestamp>,
    /// Where it stands.
    pub status: Status,
    /// Why.
    pub status_reason: Option<String>,
    /// What it is defined with; `None` while no creation has begun.
    pub definition: Option<Arc<Definition>>,
    /// What to do when an operation fails.
    pub on_failure: OnFailure,
    /// The role that CloudFormation works as: the one that was given last.
    pub role_arn: Option<String>,
    /// Whether deletion is refused.
    pub termination_protection: bool,
    /// Which resources an update may touch.
    pub policy: Option<Arc<StackPolicy>>,
    /// How long its creation may take.
    pub timeout_minutes: Option<u64>,
    /// `RollbackConfiguration`, as DescribeStacks shows it.
    pub rollback_configuration: Json,
    /// The stack that it is nested in, and the outermost one.
    pub nested_in: Option<Nesting>,
    /// What drift detection last found.
    pub drift: Option<Drift>,
    /// The change set that was executed last.
    pub change_set_id: Option<String>,
    /// What it holds, in the order of the template.
    pub resources: IndexMap<String, StackResource>,
    /// Its outputs.
    pub outputs: Vec<StackOutput>,
    /// What happened, oldest first.
    pub events: Vec<StackEvent>,
    /// What validations found before anything was touched, oldest first.
    pub validations: Vec<ValidationEvent>,
    /// The operations there were, oldest first.
    pub operations: Vec<Arc<OperationLabel>>,
    /// Its change sets, by ARN, in the order they were made.
    pub change_sets: IndexMap<String, ChangeSet>,
    /// What is going on, or what stopped half-way and waits for somebody.
    pub operation: Option<Operation>,
    /// The client request tokens that were answered, with the operation they began.
    pub tokens: BTreeMap<String, String>,
}

impl Stack {
    /// A stack that holds nothing yet.
    #[must_use]
    pub fn new(name: String, id: String, sequence: u64, created: Timestamp) -> Stack {
        Stack {
            name,
            id,
            sequence,
            created,
            updated: None,
            deleted: None,
            status: Status::ReviewInProgress,
            status_reason: None,
            definition: None,
            on_failure: OnFailure::default(),
            role_arn: None,
            termination_protection: false,
            policy: None,
            timeout_minutes: None,
            rollback_configuration: Json::Object(serde_json::Map::new()),
            nested_in: None,
            drift: None,
            change_set_id: None,
            resources: IndexMap::new(),
            outputs: Vec::new(),
            events: Vec::new(),
            validations: Vec::new(),
            operations: Vec::new(),
            change_sets: IndexMap::new(),
            operation: None,
            tokens: BTreeMap::new(),
        }
    }

    /// Whether it still exists.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.status != Status::DeleteComplete
    }

    /// The properties that a resource had before the operation under way.
    #[must_use]
    pub fn had(&self, logical_id: &str) -> Option<&Properties> {
        let before = self.operation.as_ref()?.snapshot.get(logical_id)?;
        Some(&before.properties)
    }
}
