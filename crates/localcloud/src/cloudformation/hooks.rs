//! CloudFormation Hooks: who in the account looks at a change before it is made, what they find, and who may read it. Which hooks
//! there are is ordered ([`crate::faults::AccountHook`]): no API of this cloud registers them.
//!
//! Assumptions, made here alone. A hook here looks at what is made or changed, not at what is deleted, and not at what a rollback
//! puts back (on AWS its `TargetOperations` and filters say at what). Which hooks will look at a change set is answered by those
//! that the account has when it is asked. `HookInvocationId` of an event is the `HookResultId` of GetHookResult, as the AWS CDK
//! takes it (aws-cdk-cli pull request 1198); DescribeEvents doesn't tell it (API reference, OperationEvent).

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::change_set::{self, ChangeSet, ChangeSetStatus};
use super::describe::put;
use super::paging;
use super::stack::Stack;
use crate::faults::{AccountHook, HookFailureMode};
use crate::{AwsError, Input, Timestamp, World};

const PAGE: usize = 100;
const POINT: &str = "PRE_PROVISION";
/// What AWS says of a hook while it looks (Hooks user guide, "View invocation results").
const INVOKING: &str = "Invoking hook";

/// Every look that a hook has taken, by its id, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Hooks(IndexMap<String, Invocation>);

/// A look that a hook takes.
#[derive(Debug, Clone)]
struct Invocation {
    hook: AccountHook,
    subject: Subject,
    at: Timestamp,
    is_over: bool,
}

/// What a hook looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A resource before it is made or changed.
    Resource {
        /// Its name in the template.
        logical_id: String,
        /// Its type.
        type_name: String,
        /// Whether it is to be made; else it is changed.
        is_new: bool,
    },
    /// A change set, by its ARN.
    ChangeSet(String),
}

/// What an event tells of a hook.
#[derive(Debug, Clone)]
pub struct HookNews {
    type_name: String,
    status: &'static str,
    reason: String,
    mode: HookFailureMode,
    invocation_id: String,
}

impl HookNews {
    /// Whether it found something.
    pub fn is_failed(&self) -> bool {
        self.status == FAILED
    }

    /// Add what an event has of it.
    pub fn show(&self, event: &mut Json) {
        let HookNews { type_name, status, reason, mode, invocation_id: _ } = self;
        put(event, "HookType", json!(type_name));
        put(event, "HookStatus", json!(status));
        put(event, "HookStatusReason", json!(reason));
        put(event, "HookInvocationPoint", json!(POINT));
        put(event, "HookFailureMode", json!(mode.name()));
    }

    /// The id by which GetHookResult knows it.
    pub fn invocation_id(&self) -> &str {
        &self.invocation_id
    }
}

const FAILED: &str = "HOOK_COMPLETE_FAILED";

impl Invocation {
    fn status(&self) -> &'static str {
        match (self.is_over, self.hook.fails) {
            (false, _) => "HOOK_IN_PROGRESS",
            (true, true) => FAILED,
            (true, false) => "HOOK_COMPLETE_SUCCEEDED",
        }
    }

    /// In AWS's words (the same page, and the Hooks workshop for the succeeding one).
    fn reason(&self) -> String {
        let said = &self.hook.reason;
        match (self.is_over, self.hook.fails) {
            (false, _) => INVOKING.to_owned(),
            (true, true) => format!("Hook failed with message: {said}"),
            (true, false) if said.is_empty() => "Hook succeeded".to_owned(),
            (true, false) => format!("Hook succeeded with message: {said}"),
        }
    }

    fn news(&self, id: &str) -> HookNews {
        HookNews {
            type_name: self.hook.type_name.clone(),
            status: self.status(),
            reason: self.reason(),
            mode: self.hook.mode,
            invocation_id: id.to_owned(),
        }
    }
}

/// Let hooks begin to look; gives the ids of their looks.
pub fn begin(world: &mut World, stack: &Stack, hooks: Vec<AccountHook>, subject: &Subject) -> Vec<String> {
    let at = world.now;
    let looks = hooks.into_iter().map(|hook| {
        let id = world.identities.uuid(&format!("{}/hook", stack.id));
        let invocation = Invocation { hook, subject: subject.clone(), at, is_over: false };
        world.cloudformation.hooks.0.insert(id.clone(), invocation);
        id
    });
    looks.collect()
}

/// The looks of these ids are over.
pub fn end(world: &mut World, ids: &[String]) {
    for id in ids {
        if let Some(invocation) = world.cloudformation.hooks.0.get_mut(id) {
            invocation.is_over = true;
        }
    }
}

/// What is to be told of these looks, as they stand.
pub fn news(world: &World, ids: &[String]) -> Vec<HookNews> {
    let looks = &world.cloudformation.hooks.0;
    ids.iter().filter_map(|id| Some(looks.get(id)?.news(id))).collect()
}

/// The hooks by which something fails, each once, as CloudFormation lists them; `None` when it goes on.
pub fn refusing(news: &[HookNews]) -> Option<String> {
    let refuses = |one: &&HookNews| one.is_failed() && one.mode == HookFailureMode::Fail;
    let mut names: Vec<&str> = Vec::new();
    for one in news.iter().filter(refuses) {
        if !names.contains(&one.type_name.as_str()) {
            names.push(&one.type_name);
        }
    }
    (!names.is_empty()).then(|| names.join(", "))
}

/// Let the account's hooks look at a change set that is made; the words with which it fails.
///
/// Assumption: they take no time of their own, and the change set fails in the words of a validation
/// ([`super::validation::words`]), which name hooks beside validations.
pub fn look_at_change_set(world: &mut World, stack: &Stack, change_set_id: &str) -> Option<String> {
    let hooks: Vec<AccountHook> = world.faults.hooks_of_change_sets(&stack.name).cloned().collect();
    let ids = begin(world, stack, hooks, &Subject::ChangeSet(change_set_id.to_owned()));
    end(world, &ids);
    refusing(&news(world, &ids)).map(|names| format!("The following hook(s)/validation failed: [{names}]."))
}

/// What hooks found in a change set, as DescribeEvents shows it, newest first.
pub fn events_of_change_set<'w>(
    world: &'w World,
    stack: &'w Stack,
    change_set_id: &'w str,
) -> impl Iterator<Item = Json> + use<'w> {
    let looks = world.cloudformation.hooks.0.iter().rev();
    let found = looks.filter(move |(_, look)| {
        look.hook.fails && matches!(&look.subject, Subject::ChangeSet(id) if id == change_set_id)
    });
    found.map(move |(id, look)| {
        let mut made = json!({
            "EventId": id,
            "StackId": stack.id,
            "OperationType": "CREATE_CHANGESET",
            "EventType": "HOOK_INVOCATION_ERROR",
            "Timestamp": look.at.iso8601(),
        });
        look.news(id).show(&mut made);
        made
    })
}

/// DescribeChangeSetHooks: which hooks will look at what a change set does.
pub fn of_change_set(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let (stack, change_set) = change_set::find(world, input)?;
    let status = match change_set.status {
        ChangeSetStatus::CreateInProgress => "PLANNING",
        ChangeSetStatus::CreateComplete => "PLANNED",
        ChangeSetStatus::Failed => "UNAVAILABLE",
    };
    let hooks = planned(world, stack, change_set, input.string("LogicalResourceId"));
    let (page, next) = paging::page(&hooks, input.string("NextToken"), PAGE)?;
    let mut answer = paging::answer("Hooks", page.to_vec(), next);
    put(&mut answer, "ChangeSetId", json!(change_set.id));
    put(&mut answer, "ChangeSetName", json!(change_set.name));
    put(&mut answer, "StackId", json!(stack.id));
    put(&mut answer, "StackName", json!(stack.name));
    put(&mut answer, "Status", json!(status));
    Ok(answer)
}

fn planned(world: &World, stack: &Stack, change_set: &ChangeSet, wanted: Option<&str>) -> Vec<Json> {
    let mut known = BTreeSet::new();
    let mut hooks = Vec::new();
    // What is listed with property values alone is changed as well.
    for change in change_set.plain.iter().chain(&change_set.with_values) {
        let change = &change["ResourceChange"];
        let logical_id = change["LogicalResourceId"].as_str().unwrap_or_default();
        let is_wanted = wanted.is_none_or(|wanted| wanted == logical_id);
        if !is_wanted || change["Action"] == "Remove" || !known.insert(logical_id) {
            continue;
        }
        hooks.extend(world.faults.hooks_of_resource(&stack.name, logical_id).map(|hook| {
            let mut made = common(hook);
            let resource = json!({
                "LogicalResourceId": logical_id,
                "ResourceType": change["ResourceType"],
                "ResourceAction": change["Action"],
            });
            let target = json!({"TargetType": "RESOURCE", "ResourceTargetDetails": resource});
            put(&mut made, "TargetDetails", target);
            made
        }));
    }
    hooks
}

/// What is said of a hook everywhere. Assumption: its versions are those of one that was registered once.
fn common(hook: &AccountHook) -> Json {
    json!({
        "InvocationPoint": POINT,
        "FailureMode": hook.mode.name(),
        "TypeName": hook.type_name,
        "TypeVersionId": "00000001",
        "TypeConfigurationVersionId": "1",
    })
}

fn not_found() -> AwsError {
    AwsError::new(
        404,
        "HookResultNotFound",
        "The specified target doesn't have any requested Hook invocations.",
    )
}

/// GetHookResult: what a hook found, with its advice.
pub fn result(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let id = input.required_string("HookResultId")?;
    let invocation = world.cloudformation.hooks.0.get(id).ok_or_else(not_found)?;
    let mut made = summary(world, id, invocation);
    if let Subject::Resource { logical_id, type_name, is_new } = &invocation.subject {
        let target = json!({
            "TargetType": "RESOURCE",
            "TargetTypeName": type_name,
            "TargetId": logical_id,
            "Action": if *is_new { "CREATE" } else { "UPDATE" },
        });
        put(&mut made, "Target", target);
    }
    let hook = &invocation.hook;
    // A hook without advice leaves no annotation, as those of one's own do (aws-cdk-cli pull request 1768).
    if let (true, true, Some(advice)) = (invocation.is_over, hook.fails, &hook.advice) {
        let annotation = json!({
            "AnnotationName": hook.type_name.replace("::", "-"),
            "Status": "FAILED",
            "StatusMessage": hook.reason,
            "RemediationMessage": advice,
            "SeverityLevel": "HIGH",
        });
        put(&mut made, "Annotations", json!([annotation]));
    }
    Ok(made)
}

/// ListHookResults of one target, newest first.
///
/// Assumption: a resource is meant by its name in the template ("the logical ID of the target"), in whichever stack.
pub fn results(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let (Some(kind), Some(target)) = (input.string("TargetType"), input.string("TargetId")) else {
        return Err(AwsError::validation(
            "Listing what hooks found without TargetType and TargetId isn't simulated in this local cloud: name the target",
        ));
    };
    let is_of = |look: &Invocation| match &look.subject {
        Subject::Resource { logical_id, .. } => kind == "RESOURCE" && logical_id == target,
        Subject::ChangeSet(id) => kind == "CHANGE_SET" && id == target,
    };
    let looks = world.cloudformation.hooks.0.iter().rev().filter(|(_, look)| is_of(look));
    let found: Vec<Json> = looks.map(|(id, look)| summary(world, id, look)).collect();
    if found.is_empty() {
        return Err(not_found());
    }
    let (page, next) = paging::page(&found, input.string("NextToken"), PAGE)?;
    let mut answer = paging::answer("HookResults", page.to_vec(), next);
    put(&mut answer, "TargetType", json!(kind));
    put(&mut answer, "TargetId", json!(target));
    Ok(answer)
}

fn summary(world: &World, id: &str, invocation: &Invocation) -> Json {
    let hook = &invocation.hook;
    let mut made = common(hook);
    let name = hook.type_name.replace("::", "-");
    put(&mut made, "HookResultId", json!(id));
    put(&mut made, "TypeArn", json!(world.arn("cloudformation", &format!("type/hook/{name}"))));
    put(&mut made, "Status", json!(invocation.status()));
    put(&mut made, "HookStatusReason", json!(invocation.reason()));
    put(&mut made, "InvokedAt", json!(invocation.at.iso8601()));
    made
}
