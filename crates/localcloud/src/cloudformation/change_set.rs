//! Change sets: what they hold, how they come about, what they are asked and how they are executed.
//!
//! What a change set will do is predicted when it is made, from the deployed state at that time. Executing it
//! runs the engine, which looks at real values again: the prediction decides nothing.

use std::sync::Arc;

use changeset::{Deployed, DeployedResource, Mode, predict, wire};
use serde_json::{Value as Json, json};

use super::dynamic_references;
use super::engine::{self, with_stack};
use super::event;
use super::rollback_configuration;
use super::service_role;
use super::stack::{Definition, OnFailure, Stack};
use super::status::Status;
use super::submission::{self, Subject};
use super::{describe, hooks, locate, paging, revert_drift, validation, words};
use crate::{AwsError, Input, Timestamp, World};

/// What AWS says to a change set that changes nothing.
const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

/// How far a change set has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeSetStatus {
    /// Being made.
    CreateInProgress,
    /// Made.
    CreateComplete,
    /// Could not be made.
    Failed,
}

impl ChangeSetStatus {
    fn name(self) -> &'static str {
        match self {
            ChangeSetStatus::CreateInProgress => "CREATE_IN_PROGRESS",
            ChangeSetStatus::CreateComplete => "CREATE_COMPLETE",
            ChangeSetStatus::Failed => "FAILED",
        }
    }
}

/// Whether a change set can be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Execution {
    /// Not (yet).
    Unavailable,
    /// It can.
    Available,
    /// It is or was.
    Executed,
    /// The stack has changed since.
    Obsolete,
}

/// A change set.
#[derive(Debug, Clone)]
pub struct ChangeSet {
    /// Its ARN.
    pub id: String,
    /// Its name, unique among those of its stack that weren't executed.
    pub name: String,
    /// When it was asked for.
    pub created: Timestamp,
    /// Its author's words.
    pub description: Option<String>,
    /// How far it has come.
    pub status: ChangeSetStatus,
    /// Why.
    pub status_reason: Option<String>,
    /// Whether it can be executed.
    pub execution: Execution,
    /// What the stack is to be defined with: the parameters are captured here. Where a transform failed, the words
    /// with which the change set will fail.
    pub definition: Result<Arc<Definition>, String>,
    /// What happens when executing it fails; `None` when the request that executes it decides.
    pub on_stack_failure: Option<OnFailure>,
    /// `RollbackConfiguration`, which the stack has from the execution on; `None`: the stack keeps its own.
    pub rollback_configuration: Option<Json>,
    /// `DeploymentMode=REVERT_DRIFT`, and whether the stack had drifted when it was made.
    pub reverts_drift: Option<bool>,
    /// Whether it is validated before it is made (`DisableValidation` says no).
    pub validates: bool,
    /// `Changes`, without property values.
    pub plain: Vec<Json>,
    /// `Changes`, with property values.
    pub with_values: Vec<Json>,
    /// What is said to whoever asks for property values and doesn't get all of them.
    pub warning: Option<String>,
}

/// CreateChangeSet.
pub fn create(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let change_set_name = input.required_string("ChangeSetName")?.to_owned();
    let given_name = input.required_string("StackName")?.to_owned();
    let existing = world
        .cloudformation
        .find(&given_name)
        .map(|stack| (stack.id.clone(), stack.name.clone(), stack.status));
    let (stack_id, stack_name, made) = match (input.string("ChangeSetType").unwrap_or("UPDATE"), existing) {
        ("CREATE", Some((id, name, Status::ReviewInProgress))) => (id, name, false),
        ("CREATE", Some(_)) => {
            return Err(AwsError::validation(format!(
                "Stack [{given_name}] already exists and cannot be created again with the changeSet [{change_set_name}]."
            )));
        }
        ("CREATE", None) => {
            locate::check_new_name(&given_name)?;
            (locate::new_stack_id(world, &given_name), given_name, true)
        }
        ("UPDATE", Some((id, name, status))) if status.may_be_updated() => (id, name, false),
        // Recorded.
        ("UPDATE", Some((_, _, Status::ReviewInProgress))) => {
            return Err(AwsError::validation(format!("Stack [{given_name}] does not exist")));
        }
        ("UPDATE", Some((id, _, status))) => {
            return Err(AwsError::validation(format!(
                "Stack:{id} is in {} state and can not be updated.",
                status.name()
            )));
        }
        ("UPDATE", None) => return Err(AwsError::validation(format!("Stack [{given_name}] does not exist"))),
        ("IMPORT", _) => {
            return Err(AwsError::validation(
                "Change sets of type IMPORT aren't simulated in this local cloud yet",
            ));
        }
        (other, _) => {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{other}' at 'changeSetType' failed to satisfy constraint: Member must satisfy enum value set: [IMPORT, UPDATE, CREATE]"
            )));
        }
    };
    let stack = world.cloudformation.stacks.get(&stack_id);
    if let Some(existing) = stack.and_then(|stack| waiting(stack).find(|one| one.name == change_set_name)) {
        if let Some(token) = input.string("ClientToken")
            && stack.is_some_and(|stack| stack.tokens.get(token) == Some(&existing.id))
        {
            return Ok(json!({"Id": existing.id, "StackId": stack_id}));
        }
        return Err(AwsError::new(
            400,
            "AlreadyExistsException",
            format!("ChangeSet [{change_set_name}] already exists"),
        ));
    }
    let stack = stack.map(|stack| &**stack);
    let subject = Subject {
        stack_name: stack_name.clone(),
        stack_id: stack_id.clone(),
        previous: stack.and_then(|stack| stack.definition.clone()),
        role_arn: service_role::of_request(world, input, stack, &stack_id)?,
    };
    let on_stack_failure = match input.string("OnStackFailure") {
        None => None,
        Some(_) => Some(locate::on_failure(input, "OnStackFailure")?),
    };
    let rollback_configuration = rollback_configuration::given(input)?;
    let validates = !input.boolean("DisableValidation")?.unwrap_or(false);
    let definition = match submission::definition(world, input, &subject, false) {
        Ok(definition) => Ok(Arc::new(definition)),
        // Recorded: a transform runs after the request has been accepted, so its failure is the change set's.
        Err(error) if error.message.starts_with("Transform ") => Err(error.message),
        Err(error) => return Err(error),
    };
    if input.boolean("ImportExistingResources")?.unwrap_or(false)
        && let Ok(definition) = &definition
    {
        refuse_imports(world, &subject, definition)?;
    }
    if made {
        let sequence = world.cloudformation.next_number();
        let mut stack = Stack::new(stack_name.clone(), stack_id.clone(), sequence, world.now);
        event::stack_status(
            world,
            &mut stack,
            Status::ReviewInProgress,
            Some(event::reason::USER_INITIATED.to_owned()),
        );
        world.cloudformation.stacks.insert(stack_id.clone(), Box::new(stack));
    }
    let unique = world.identities.uuid(&format!("{stack_id}/change-set"));
    let id = world.arn("cloudformation", &format!("changeSet/{change_set_name}/{unique}"));
    let change_set = ChangeSet {
        id: id.clone(),
        name: change_set_name,
        created: world.now,
        description: input.string("Description").map(str::to_owned),
        status: ChangeSetStatus::CreateInProgress,
        status_reason: None,
        execution: Execution::Unavailable,
        definition,
        on_stack_failure,
        rollback_configuration,
        validates,
        reverts_drift: input.has("DeploymentMode").then_some(false),
        plain: Vec::new(),
        with_values: Vec::new(),
        warning: None,
    };
    if let Some(stack) = world.cloudformation.stacks.get_mut(&stack_id) {
        if let Some(token) = input.string("ClientToken") {
            stack.tokens.insert(token.to_owned(), id.clone());
        }
        stack.change_sets.insert(id.clone(), change_set);
    }
    let timer = engine::Timer::ChangeSet { stack_id: stack_id.clone(), change_set_id: id.clone() };
    world.schedule(super::durations::CHANGE_SET, crate::timers::Timer::CloudFormation(timer));
    Ok(json!({"Id": id, "StackId": stack_id}))
}

/// `ImportExistingResources` asks for nothing where nothing exists, which is what `cdk bootstrap` counts on; what would have to be
/// imported is refused by name.
fn refuse_imports(world: &World, subject: &Subject, definition: &Definition) -> Result<(), AwsError> {
    let none = Stack::new(subject.stack_name.clone(), subject.stack_id.clone(), 0, world.now);
    let stack = world.cloudformation.stacks.get(&subject.stack_id).map_or(&none, |stack| stack);
    let failures = validation::failures(world, stack, definition);
    let existing = validation::existing(&failures);
    if existing.is_empty() {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "Importing resources that exist ([{}]) isn't simulated in this local cloud: leave ImportExistingResources out, or ask AWS itself",
        existing.join(", ")
    )))
}

/// The time to make a change set is over: say what it will do.
pub fn complete(world: &mut World, stack: &mut Stack, change_set_id: &str) {
    let Some(made) = stack.change_sets.get(change_set_id) else { return };
    let (definition, validates) = (made.definition.clone(), made.validates);
    let reverts_drift = made.reverts_drift.is_some();
    let configuration = made.rollback_configuration.clone();
    let failures = match &definition {
        Ok(definition) if validates => validation::failures(world, stack, definition),
        Ok(_) | Err(_) => Vec::new(),
    };
    let outcome = match validation::words(&failures) {
        Some(words) => Err(words),
        None => definition.and_then(|definition| {
            let mut prediction = Prediction::make(stack, &definition, configuration.as_ref())?;
            let mut drifted = false;
            if reverts_drift {
                drifted = revert_drift::add(world, stack, &definition, &mut prediction.with_values);
                revert_drift::add(world, stack, &definition, &mut prediction.plain);
                prediction.changes_something |= drifted;
            }
            Ok((prediction, drifted))
        }),
    };
    validation::record(world, stack, failures, Some(change_set_id));
    // Hooks look at what would otherwise be done.
    let outcome = match outcome {
        Ok((prediction, drifted)) if prediction.changes_something => {
            match hooks::look_at_change_set(world, stack, change_set_id) {
                Some(words) => Err(words),
                None => Ok((prediction, drifted)),
            }
        }
        other => other,
    };
    let Some(change_set) = stack.change_sets.get_mut(change_set_id) else { return };
    match outcome {
        Ok((prediction, drifted)) if prediction.changes_something => {
            change_set.reverts_drift = change_set.reverts_drift.map(|_| drifted);
            change_set.status = ChangeSetStatus::CreateComplete;
            if change_set.execution == Execution::Unavailable {
                change_set.execution = Execution::Available;
            }
            change_set.plain = prediction.plain;
            change_set.with_values = prediction.with_values;
            change_set.warning = prediction.warning;
        }
        Ok(_) => {
            change_set.status = ChangeSetStatus::Failed;
            change_set.status_reason = Some(NO_CHANGES.to_owned());
        }
        Err(words) => {
            change_set.status = ChangeSetStatus::Failed;
            change_set.status_reason = Some(words);
        }
    }
}

/// What a definition would change in a stack.
pub struct Prediction {
    /// Whether there is anything to do at all.
    pub changes_something: bool,
    plain: Vec<Json>,
    with_values: Vec<Json>,
    warning: Option<String>,
}

impl Prediction {
    /// Compare a stack with what it is to be, and with the `RollbackConfiguration` that it is to have, if another one; the
    /// error is in CloudFormation's words.
    pub fn make(
        stack: &Stack,
        definition: &Definition,
        rollback_configuration: Option<&Json>,
    ) -> Result<Prediction, String> {
        let before_definition = stack.definition.clone();
        let before = before_definition.as_ref().map(|before| before.evaluation()).transpose();
        let before = before.map_err(|error| words::evaluate_words(&error))?;
        let after = definition.evaluation().map_err(|error| words::evaluate_words(&error))?;
        let retagged = before_definition.as_ref().is_some_and(|before| before.tags != definition.tags);
        let deployed = Deployed { stack_tags_change: retagged, ..deployed(stack) };
        let in_mode = |mode| -> Result<Vec<Json>, String> {
            let predicted = predict(before.as_ref(), &after, &deployed, mode)
                .map_err(|error| words::predict_words(&error))?;
            Ok(match wire::changes(&predicted) {
                Json::Array(changes) => changes,
                _ => Vec::new(),
            })
        };
        let (mut plain, mut with_values) = (in_mode(Mode::Plain)?, in_mode(Mode::Values)?);
        let secrets = definition.secrets_beside(before_definition.as_deref());
        if !secrets.is_empty() {
            for change in plain.iter_mut().chain(&mut with_values) {
                super::mask::mask_json(change, &secrets);
            }
        }
        let surroundings_differ = match (&before, &before_definition) {
            (Some(before), Some(before_definition)) => {
                before_definition.tags != definition.tags
                    || before_definition.pseudo.notification_arns != definition.pseudo.notification_arns
                    || stack.role_arn != definition.role_arn
                    || rollback_configuration.is_some_and(|other| {
                        rollback_configuration::differ(&stack.rollback_configuration, other)
                    })
                    || stored_values_differ(before_definition, definition)
                    || outputs_differ(before, &after)
            }
            _ => true,
        };
        let changes_something = !plain.is_empty() || !with_values.is_empty() || surroundings_differ;
        Ok(Prediction { changes_something, plain, with_values, warning: missing_import(&after, definition) })
    }
}

/// Recorded (`test_describe_change_set_import_non_existent_export`): the first resource that imports what nobody exports yet.
fn missing_import(after: &template::Evaluation<'_>, definition: &Definition) -> Option<String> {
    let missing = |value: &template::Value| {
        let unknown = value.first_unknown()?;
        let named = unknown.parts.iter().find_map(|part| match part {
            template::Part::Outside(words) => words.strip_prefix("the export "),
            template::Part::Text(_) | template::Part::Resource { .. } => None,
        })?;
        (!definition.outside.imports.contains_key(named)).then(|| named.to_owned())
    };
    after.active_resources().find_map(|resource| {
        let properties = after.properties(resource, &submission::Silent).ok()?;
        let named = properties.values().find_map(missing)?;
        Some(format!(
            "[WARN] --include-property-values option can return incomplete ChangeSet data because: ChangeSet creation failed for \
             resource [{}] because: No export named {named}",
            resource.logical_id
        ))
    })
}

/// Whether parameters of the parameter store's types have come to other values: measured (terraform-provider-cfncompat, T5),
/// they are read anew by every update, and that is one.
fn stored_values_differ(before: &Definition, after: &Definition) -> bool {
    after.parameters.0.iter().any(|(name, parameter)| {
        parameter.type_name.is_ssm_value()
            && before.parameters.0.get(name).is_none_or(|before| before.value != parameter.value)
    })
}

fn outputs_differ(before: &template::Evaluation<'_>, after: &template::Evaluation<'_>) -> bool {
    match (before.outputs(&submission::Silent), after.outputs(&submission::Silent)) {
        (Ok(before), Ok(after)) => before != after,
        _ => true,
    }
}

fn deployed(stack: &Stack) -> Deployed {
    let resources = stack.resources.values().map(|resource| {
        let known = DeployedResource {
            physical_id: resource.physical_id.clone(),
            attributes: resource.attributes.clone(),
            properties: Some((*resource.properties).clone()),
        };
        (resource.logical_id.clone(), known)
    });
    Deployed { resources: resources.collect(), ..Deployed::default() }
}

/// DescribeChangeSet.
pub fn describe(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    const PAGE: usize = 100;
    let (stack, change_set) = find(world, input)?;
    let with_values = input.boolean("IncludePropertyValues")?.unwrap_or(false);
    let changes = if with_values { &change_set.with_values } else { &change_set.plain };
    let (page, next) = paging::page(changes, input.string("NextToken"), PAGE)?;
    let mut answer = summary(stack, change_set);
    if let (true, None, Some(words)) = (with_values, &change_set.status_reason, &change_set.warning) {
        describe::put(&mut answer, "StatusReason", json!(words));
    }
    if let Ok(definition) = &change_set.definition {
        describe::put(&mut answer, "Parameters", describe::parameters(definition));
        describe::put(&mut answer, "NotificationARNs", json!(definition.pseudo.notification_arns));
        describe::put(&mut answer, "Capabilities", json!(definition.capabilities));
        describe::put(&mut answer, "Tags", describe::tags(definition));
    }
    describe::put(
        &mut answer,
        "RollbackConfiguration",
        change_set.rollback_configuration.clone().unwrap_or_else(|| json!({})),
    );
    if let Some(drifted) = change_set.reverts_drift {
        describe::put(&mut answer, "DeploymentMode", json!("REVERT_DRIFT"));
        describe::put(&mut answer, "StackDriftStatus", json!(if drifted { "DRIFTED" } else { "IN_SYNC" }));
    }
    describe::put(&mut answer, "Changes", Json::Array(page.to_vec()));
    if let Some(next) = next {
        describe::put(&mut answer, "NextToken", json!(next));
    }
    Ok(answer)
}

/// The change sets that weren't executed. Recorded (`test_list_change_sets`, 2025-09): one that was is listed no more, and
/// its name is free.
fn waiting(stack: &Stack) -> impl Iterator<Item = &ChangeSet> {
    stack.change_sets.values().filter(|one| one.execution != Execution::Executed)
}

/// ListChangeSets.
pub fn list(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    let summaries: Vec<Json> = waiting(stack).map(|change_set| summary(stack, change_set)).collect();
    let (page, next) = paging::page(&summaries, input.string("NextToken"), 100)?;
    Ok(paging::answer("Summaries", page.to_vec(), next))
}

/// DeleteChangeSet. Of a stack that was never created, the stack stays in REVIEW_IN_PROGRESS, as on AWS.
pub fn delete(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let name = input.required_string("ChangeSetName")?;
    if let Some(stack_name) = input.string("StackName")
        && world.cloudformation.find(stack_name).is_none()
    {
        return Err(AwsError::validation(format!("Stack [{stack_name}] does not exist")));
    }
    let found = find(world, input).map(|(stack, change_set)| (stack.id.clone(), change_set.id.clone()));
    match found {
        Ok((stack_id, id)) => {
            if let Some(stack) = world.cloudformation.stacks.get_mut(&stack_id) {
                stack.change_sets.shift_remove(&id);
            }
            Ok(json!({}))
        }
        // Deleting what doesn't exist succeeds; a name without a stack is no name.
        Err(_) if input.has("StackName") || name.starts_with("arn:") => Ok(json!({})),
        Err(error) => Err(error),
    }
}

/// ExecuteChangeSet.
pub fn execute(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let (stack, change_set) = find(world, input)?;
    let token = input.string("ClientRequestToken").map(str::to_owned);
    if let Some(token) = &token
        && stack.tokens.get(token) == Some(&change_set.id)
    {
        return Ok(json!({}));
    }
    if change_set.execution != Execution::Available || change_set.status != ChangeSetStatus::CreateComplete {
        let (what, name) = match change_set.status {
            ChangeSetStatus::CreateComplete => ("execution status", execution_name(stack, change_set)),
            ChangeSetStatus::CreateInProgress | ChangeSetStatus::Failed => {
                ("status", change_set.status.name())
            }
        };
        let words =
            format!("ChangeSet [{}] cannot be executed in its current {what} of [{name}]", change_set.id);
        return Err(AwsError::new(400, "InvalidChangeSetStatus", words));
    }
    if change_set.reverts_drift.is_some() {
        return Err(AwsError::validation(
            "Executing a change set that reverts drift isn't simulated in this local cloud: it can be looked at",
        ));
    }
    let creates = stack.status == Status::ReviewInProgress;
    if !creates && !stack.status.may_be_updated() {
        return Err(AwsError::validation(format!(
            "Stack:{} is in {} state and can not be updated.",
            stack.id,
            stack.status.name()
        )));
    }
    let on_failure = match (locate::disable_rollback(input)?, change_set.on_stack_failure) {
        (Some(true), Some(_)) => {
            return Err(AwsError::validation(
                "You cannot specify DisableRollback when the change set was created with OnStackFailure",
            ));
        }
        (Some(true), None) => OnFailure::DoNothing,
        (_, Some(chosen)) => chosen,
        (Some(false), None) => OnFailure::Rollback,
        (None, None) => OnFailure::Rollback,
    };
    let (stack_id, id) = (stack.id.clone(), change_set.id.clone());
    let Ok(definition) = change_set.definition.clone() else { return Ok(json!({})) };
    let definition = dynamic_references::read_anew(world, definition)?;
    with_stack(world, &stack_id, |world, stack| {
        stack.change_sets.retain(|other, _| *other == id);
        let Some(change_set) = stack.change_sets.get_mut(&id) else { return };
        change_set.execution = Execution::Executed;
        if let Some(configuration) = change_set.rollback_configuration.clone() {
            stack.rollback_configuration = configuration;
        }
        stack.on_failure = on_failure;
        stack.change_set_id = Some(id.clone());
        if let Some(token) = &token {
            stack.tokens.insert(token.clone(), id.clone());
        }
        if creates {
            // Recorded: a creation by change set counts as an update too.
            stack.updated = Some(world.now);
            engine::start_create(world, stack, definition, token);
        } else {
            let policy = stack.policy.clone();
            engine::start_update(world, stack, definition, token, policy);
        }
    });
    Ok(json!({}))
}

/// The change set of a request, by ARN or by name with its stack.
///
/// Assumption: the one that was executed last is still told by its name, until another one has it (its ARN stays in
/// DescribeStacks, and the console shows it).
pub fn find<'a>(world: &'a World, input: Input<'_>) -> Result<(&'a Stack, &'a ChangeSet), AwsError> {
    let name = input.required_string("ChangeSetName")?;
    let not_found = || AwsError::new(404, "ChangeSetNotFound", format!("ChangeSet [{name}] does not exist"));
    if name.starts_with("arn:") {
        let stacks = world.cloudformation.stacks.values();
        return stacks
            .filter_map(|stack| Some((&**stack, stack.change_sets.get(name)?)))
            .next()
            .ok_or_else(not_found);
    }
    let Some(stack_name) = input.string("StackName") else {
        return Err(AwsError::validation(
            "StackName must be specified if ChangeSetName is not specified as an ARN.",
        ));
    };
    let stack = world
        .cloudformation
        .find(stack_name)
        .ok_or_else(|| AwsError::validation(format!("Stack [{stack_name}] does not exist")))?;
    let change_set = waiting(stack)
        .chain(stack.change_sets.values())
        .find(|one| one.name == name)
        .ok_or_else(not_found)?;
    Ok((stack, change_set))
}

fn summary(stack: &Stack, change_set: &ChangeSet) -> Json {
    let mut made = json!({
        "ChangeSetId": change_set.id,
        "ChangeSetName": change_set.name,
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": change_set.created.iso8601(),
        "Status": change_set.status.name(),
        "ExecutionStatus": execution_name(stack, change_set),
        "IncludeNestedStacks": false,
    });
    if let Some(words) = &change_set.status_reason {
        describe::put(&mut made, "StatusReason", json!(words));
    }
    if let Some(description) = &change_set.description {
        describe::put(&mut made, "Description", json!(description));
    }
    if let Some(on_failure) = change_set.on_stack_failure {
        describe::put(&mut made, "OnStackFailure", json!(locate::on_failure_name(on_failure)));
    }
    made
}

fn execution_name(stack: &Stack, change_set: &ChangeSet) -> &'static str {
    match change_set.execution {
        Execution::Unavailable => "UNAVAILABLE",
        Execution::Available => "AVAILABLE",
        Execution::Obsolete => "OBSOLETE",
        Execution::Executed if stack.status.is_in_progress() => "EXECUTE_IN_PROGRESS",
        Execution::Executed if matches!(stack.status, Status::CreateComplete | Status::UpdateComplete) => {
            "EXECUTE_COMPLETE"
        }
        Execution::Executed => "EXECUTE_FAILED",
    }
}
