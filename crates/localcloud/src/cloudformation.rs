//! CloudFormation: stacks, change sets, and the engine that carries them out.
//!
//! Start reading at `operations` (what is accepted) and [`engine`] (what then happens). Everything is a
//! function of the world, its time and the request; nothing here reads a clock or draws at random.

mod capabilities;
pub mod change_set;
mod describe;
mod drift;
pub(crate) mod durations;
pub mod engine;
pub mod event;
mod events;
pub mod fault;
pub mod generic;
mod includes;
mod locate;
mod mask;
mod operations;
mod outputs;
mod paging;
mod rollback_configuration;
pub(crate) mod service_role;
pub mod stack;
pub mod stack_policy;
pub mod status;
mod submission;
mod templates;
pub mod values;
pub mod walk;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use template::Template;

use crate::{AwsError, Input, World};
pub use engine::{Timer, happen};
use fault::Faults;
use generic::GenericResources;
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
#[derive(Debug, Default)]
pub struct CloudFormation {
    /// Every stack there ever was, by ARN.
    pub stacks: BTreeMap<String, Box<Stack>>,
    /// Exports by name.
    pub exports: BTreeMap<String, Export>,
    /// The parameter store, as far as parameters of stacks read it.
    pub parameter_store: BTreeMap<String, String>,
    /// Failures to order.
    pub faults: Faults,
    /// Resources without a service of their own.
    pub generic: GenericResources,
    /// Templates that were parsed, by the digest of their text: the same text isn't parsed twice.
    parsed: BTreeMap<[u8; 32], (Arc<Template>, Arc<str>)>,
    numbers: u64,
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

/// Answer a request.
pub fn handle(world: &mut World, operation: &str, input: Input<'_>) -> Result<serde_json::Value, AwsError> {
    match operation {
        "CreateStack" => operations::create_stack(world, input),
        "UpdateStack" => operations::update_stack(world, input),
        "DeleteStack" => operations::delete_stack(world, input),
        "CancelUpdateStack" => operations::cancel_update(world, input),
        "ContinueUpdateRollback" => operations::continue_update_rollback(world, input),
        "RollbackStack" => operations::rollback_stack(world, input),
        "UpdateTerminationProtection" => operations::update_termination_protection(world, input),
        "CreateChangeSet" => change_set::create(world, input),
        "DescribeChangeSet" => change_set::describe(world, input),
        "ExecuteChangeSet" => change_set::execute(world, input),
        "DeleteChangeSet" => change_set::delete(world, input),
        "ListChangeSets" => change_set::list(world, input),
        "SignalResource" => operations::signal_resource(world, input),
        "EstimateTemplateCost" => {
            Err(AwsError::validation("Costs aren't estimated in this local cloud: it has no prices"))
        }
        "DetectStackDrift" => drift::detect(world, input),
        "DetectStackResourceDrift" => drift::detect_resource(world, input),
        "DescribeStackDriftDetectionStatus" => drift::detection_status(world, input),
        "DescribeStackResourceDrifts" => drift::resources(world, input),
        "SetStackPolicy" => stack_policy::set(world, input),
        "GetStackPolicy" => stack_policy::get(world, input),
        "DescribeStacks" => describe::stacks(world, input),
        "ListStacks" => describe::list_stacks(world, input),
        "DescribeStackEvents" => events::of_stack(world, input),
        "DescribeEvents" => events::of_operation(world, input),
        "DescribeStackResource" => describe::resource(world, input),
        "DescribeStackResources" => describe::resources(world, input),
        "ListStackResources" => describe::list_resources(world, input),
        "ListExports" => outputs::list_exports(world, input),
        "ListImports" => outputs::list_imports(world, input),
        "GetTemplate" => templates::get_template(world, input),
        "GetTemplateSummary" => templates::summary(world, input),
        "ValidateTemplate" => templates::validate(world, input),
        _ => Err(AwsError::invalid_action(operation)),
    }
}
