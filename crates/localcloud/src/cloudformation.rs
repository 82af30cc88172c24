//! CloudFormation: stacks, change sets, and the engine that carries them out.
//!
//! Start reading at `operations` (what is accepted) and [`engine`] (what then happens). Everything is a
//! function of the world, its time and the request; nothing here reads a clock or draws at random.

mod capabilities;
pub mod change_set;
mod describe;
mod drift;
pub(crate) mod durations;
mod dynamic_references;
pub mod engine;
pub mod event;
mod events;
mod hooks;
mod includes;
mod locate;
mod mask;
mod operations;
mod outputs;
mod paging;
pub(crate) mod provisioner;
mod revert_drift;
mod rollback_configuration;
pub(crate) mod service_role;
pub mod stack;
pub mod stack_policy;
pub mod status;
mod submission;
mod templates;
mod validation;
pub mod values;
pub mod walk;
mod words;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use template::Template;

use self::service_role::in_name_of;
use crate::descriptor::{Descriptor, QUERY, Target, changes, reads, remembers};
use crate::{AwsError, Input};
pub use engine::{Timer, happen};
use stack::Stack;

/// A value that other stacks may import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Whose it is.
    pub stack_id: String,
    /// The value.
    pub value: String,
}

/// Stacks and change sets.
#[derive(Debug, Clone, Default)]
pub struct CloudFormation {
    /// Every stack there ever was, by ARN.
    pub stacks: BTreeMap<String, Box<Stack>>,
    /// Exports by name.
    pub exports: BTreeMap<String, Export>,
    held: provisioner::Held,
    hooks: hooks::Hooks,
    /// Whose key the operation of a stack was asked for with, where it is held to policies; by the stack's name.
    callers: BTreeMap<String, String>,
    parsed: ParsedTemplates,
    numbers: u64,
}

/// Templates that were parsed, by the digest of their text: the same text isn't parsed twice, here or in a fork. Nothing that
/// anybody could see depends on it, so `Debug` shows nothing of it.
#[derive(Default, Clone)]
struct ParsedTemplates(Arc<Mutex<BTreeMap<[u8; 32], Parsed>>>);

/// A template with its text.
type Parsed = (Arc<Template>, Arc<str>);

impl ParsedTemplates {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], Parsed>> {
        // A map is whole whoever panicked while it was held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ParsedTemplates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ParsedTemplates")
    }
}

impl CloudFormation {
    /// The stack of this name that isn't deleted, or of this ARN, deleted or not.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Stack> {
        if name.starts_with("arn:") {
            return self.stacks.get(name).map(|stack| &**stack);
        }
        self.stacks.values().find(|stack| stack.name == name && stack.is_alive()).map(|stack| &**stack)
    }

    /// Every stack there ever was, newest first.
    #[must_use]
    pub fn newest_first(&self) -> Vec<&Stack> {
        let mut stacks: Vec<&Stack> = self.stacks.values().map(|stack| &**stack).collect();
        stacks.sort_by_key(|stack| std::cmp::Reverse(stack.sequence));
        stacks
    }

    /// A number that nothing in this world has yet.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

/// What AWS takes and this cloud doesn't do, refused by name. Values that ask for nothing special are taken.
fn not_simulated(input: Input<'_>) -> Result<(), AwsError> {
    let refused = |what: &str| {
        Err(AwsError::validation(format!(
            "{what} isn't simulated in this local cloud: leave it out, or ask AWS itself"
        )))
    };
    // A list that is sent empty, as the CDK does, asks for nothing. `ImportExistingResources` is looked at by CreateChangeSet.
    if input.objects("ResourcesToImport").next().is_some() {
        return refused("Importing resources (ResourcesToImport)");
    }
    if let Some(mode) = input.string("DeploymentMode").filter(|mode| *mode != "REVERT_DRIFT") {
        return refused(&format!("DeploymentMode {mode}"));
    }
    match input.object("DeploymentConfig").and_then(|configuration| configuration.string("Mode")) {
        None | Some("STANDARD") => Ok(()),
        Some(mode) => refused(&format!("DeploymentConfig with the mode {mode}")),
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "CloudFormation",
    signing_name: "cloudformation",
    version: Some("2010-05-15"),
    namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    precondition: |_world, input| not_simulated(input),
    target: Target::Computed(|world, operation, input| {
        // The one action that is checked on a change set itself, where its ARN is given.
        let change_set = input.string("ChangeSetName").filter(|_| operation == "DescribeEvents");
        if let Some(arn) = change_set.filter(|name| name.starts_with("arn:")) {
            return vec![arn.to_owned()];
        }
        let named = input.string("StackName").map(|name| match world.cloudformation.find(name) {
            Some(stack) => stack.id.clone(),
            None if name.starts_with("arn:") => name.to_owned(),
            None => world.arn("cloudformation", &format!("stack/{name}/*")),
        });
        // Of a change set that is named by its ARN alone it is the stack's.
        let named = named.or_else(|| Some(change_set::find(world, input).ok()?.0.id.clone()));
        named.into_iter().collect()
    }),
    besides: service_role::besides,
    operations: &[
        changes("CreateStack", |world, input| in_name_of(world, input, operations::create_stack)),
        changes("UpdateStack", |world, input| in_name_of(world, input, operations::update_stack)),
        changes("DeleteStack", |world, input| in_name_of(world, input, operations::delete_stack)),
        changes("CancelUpdateStack", operations::cancel_update),
        changes("ContinueUpdateRollback", |world, input| {
            in_name_of(world, input, operations::continue_update_rollback)
        }),
        changes("RollbackStack", |world, input| in_name_of(world, input, operations::rollback_stack)),
        changes("UpdateTerminationProtection", operations::update_termination_protection),
        changes("CreateChangeSet", change_set::create),
        reads("DescribeChangeSet", change_set::describe),
        reads("DescribeChangeSetHooks", hooks::of_change_set),
        changes("ExecuteChangeSet", |world, input| in_name_of(world, input, change_set::execute)),
        changes("DeleteChangeSet", change_set::delete),
        reads("ListChangeSets", change_set::list),
        changes("SignalResource", operations::signal_resource),
        reads("EstimateTemplateCost", |_world, _input| {
            Err(AwsError::validation("Costs aren't estimated in this local cloud: it has no prices"))
        }),
        changes("DetectStackDrift", drift::detect),
        changes("DetectStackResourceDrift", drift::detect_resource),
        reads("DescribeStackDriftDetectionStatus", drift::detection_status),
        reads("DescribeStackResourceDrifts", drift::resources),
        changes("SetStackPolicy", stack_policy::set),
        reads("GetStackPolicy", stack_policy::get),
        reads("DescribeStacks", describe::stacks),
        reads("ListStacks", describe::list_stacks),
        reads("DescribeStackEvents", events::of_stack),
        reads("DescribeEvents", events::of_operation),
        reads("GetHookResult", hooks::result),
        reads("ListHookResults", hooks::results),
        reads("DescribeStackResource", describe::resource),
        reads("DescribeStackResources", describe::resources),
        reads("ListStackResources", describe::list_resources),
        reads("ListExports", outputs::list_exports),
        reads("ListImports", outputs::list_imports),
        reads("GetTemplate", templates::get_template),
        remembers("GetTemplateSummary", templates::summary),
        remembers("ValidateTemplate", templates::validate),
    ],
    ..QUERY
};
