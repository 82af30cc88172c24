//! The role that CloudFormation works as (`RoleARN`, the user guide's "service role"): which one an operation has, whether
//! it may be assumed, and whether it may do what a resource asks for.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html>: a role that was given
//! once works for every later operation on the stack, and for its rollbacks. Without one, CloudFormation works with the
//! caller's own permissions, which are held against resources in the same way: a user's or a session's; the owner's keys may do
//! everything.

mod actions;
mod resources;

pub use actions::{ResourceOperation, main_action};

use serde_json::Value;

use super::change_set;
use super::stack::Stack;
use crate::descriptor::Permission;
use crate::resource::{Desired, ProvisionError};
use crate::services::iam;
use crate::services::iam::authorize::may;
use crate::services::iam::caller::{CALLER, Caller};
use crate::{AwsError, Input, World};

/// Who CloudFormation is to a role's trust policy.
const PRINCIPAL: &str = "cloudformation.amazonaws.com";
/// How it names its sessions (events in aws-solutions/aws-waf-security-automations issue 33).
const SESSION: &str = "AWSCloudFormation";

/// Who names a role hands it to CloudFormation (the user guide: "The user must have permission to pass the role"). A role
/// that the stack has works for everybody who may call, named or not.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
pub(super) fn besides(_world: &World, _operation: &str, input: Input<'_>) -> Vec<Permission> {
    let passed = input
        .string("RoleARN")
        .map(|role| Permission::new("iam:PassRole", role.to_owned()).with("iam:PassedToService", PRINCIPAL));
    passed.into_iter().collect()
}

/// The role that an operation works as: the one given, else the stack's. `stack_id` is the stack's, also of one that is
/// about to be made.
///
/// # Errors
/// When there is no such role, or it doesn't trust CloudFormation.
pub fn of_request(
    world: &World,
    input: Input<'_>,
    stack: Option<&Stack>,
    stack_id: &str,
) -> Result<Option<String>, AwsError> {
    let given = input.string("RoleARN");
    let Some(role_arn) = given.or_else(|| stack.and_then(|stack| stack.role_arn.as_deref())) else {
        return Ok(None);
    };
    check(world, role_arn, stack_id)?;
    Ok(Some(role_arn.to_owned()))
}

fn check(world: &World, role_arn: &str, stack_id: &str) -> Result<(), AwsError> {
    let mut parts = role_arn.splitn(6, ':');
    let (prefix, service) = (parts.next(), parts.nth(1));
    let (account, rest) = (parts.nth(1), parts.next());
    if prefix != Some("arn")
        || service != Some("iam")
        || !rest.is_some_and(|rest| rest.starts_with("role/") && rest.len() > "role/".len())
    {
        // Words of glassechidna/stackit issue 21.
        return Err(AwsError::validation(format!("{role_arn} is not a valid RoleARN")));
    }
    if account != Some(world.config.account_id.as_str()) {
        // Words and code of adcreare/cloudformation issue 3.
        return Err(AwsError::new(403, "AccessDenied", "Cross-account pass role is not allowed."));
    }
    if can_be_assumed(world, role_arn, stack_id) {
        Ok(())
    } else {
        Err(AwsError::validation(invalid(role_arn)))
    }
}

/// The words of aws-amplify/amplify-backend pull request 2325: no such role, or none that may be assumed.
fn invalid(role_arn: &str) -> String {
    format!("Role {role_arn} is invalid or cannot be assumed")
}

fn can_be_assumed(world: &World, role_arn: &str, stack_id: &str) -> bool {
    let source = [("aws:SourceAccount", world.config.account_id.as_str()), ("aws:SourceArn", stack_id)];
    world.iam.role_by_arn(role_arn).is_some_and(|role| iam::trusts_service(role, PRINCIPAL, &source))
}

/// Carry out what begins an operation on a stack, in the name of whoever asks for it.
///
/// # Errors
/// As it says.
pub(super) fn in_name_of(
    world: &mut World,
    input: Input<'_>,
    operation: fn(&mut World, Input<'_>) -> Result<Value, AwsError>,
) -> Result<Value, AwsError> {
    let name = match input.string("StackName").map(|name| world.cloudformation.find(name)) {
        Some(Some(stack)) => Some(stack.name.clone()),
        Some(None) => input.string("StackName").map(str::to_owned),
        None => change_set::find(world, input).ok().map(|(stack, _)| stack.name.clone()),
    };
    let Some(name) = name else { return operation(world, input) };
    let callers = &mut world.cloudformation.callers;
    let before = match input.string(CALLER) {
        Some(key) => callers.insert(name.clone(), key.to_owned()),
        None => callers.remove(&name),
    };
    let done = operation(world, input);
    if done.is_err() {
        let callers = &mut world.cloudformation.callers;
        match before {
            Some(key) => drop(callers.insert(name, key)),
            None => drop(callers.remove(&name)),
        }
    }
    done
}

/// A nested stack is worked on in the name of whoever the stack around it is.
pub fn hand_down(world: &mut World, around: &str, nested: &str) {
    let callers = &mut world.cloudformation.callers;
    match callers.get(around).cloned() {
        Some(key) => drop(callers.insert(nested.to_owned(), key)),
        None => drop(callers.remove(nested)),
    }
}

/// Who asked for the operation of a stack; `None`: the owner.
fn caller_of<'w>(world: &'w World, stack_name: &str) -> Option<Caller<'w>> {
    let key = world.cloudformation.callers.get(stack_name)?;
    Some(Caller::of_key(world, key)?.via(PRINCIPAL))
}

/// Whether the stack's role may do to a resource what is asked for; without a role, whether the caller may.
///
/// Assumption: of all that a handler may call, the main action alone is held against the role ([`main_action`]): what
/// else it calls hangs on the properties and isn't published. A type without a main action is let pass. The action is
/// checked on the ARN that the resource has or would get, as far as the type's facts tell it.
///
/// # Errors
/// The reason of the failed event, in AWS's words.
pub fn permit(
    world: &mut World,
    desired: &Desired<'_>,
    operation: ResourceOperation,
) -> Result<(), ProvisionError> {
    // The owner may do everything: nothing need be looked up.
    if desired.owner.role_arn.is_none()
        && !world.cloudformation.callers.contains_key(&desired.owner.stack_name)
    {
        return Ok(());
    }
    let Some(action) = main_action(desired.type_name, operation) else { return Ok(()) };
    let resource = resources::arn(world, desired);
    let caller = match desired.owner.role_arn.as_deref() {
        Some(role_arn) => {
            let Some(role) = world.iam.role_by_arn(role_arn) else {
                return Err(ProvisionError { reason: invalid(role_arn) });
            };
            let (partition, account) = (&world.config.partition, &world.config.account_id);
            let session = format!("arn:{partition}:sts::{account}:assumed-role/{}/{SESSION}", role.name);
            Caller::in_role(role, session)
        }
        None => match caller_of(world, &desired.owner.stack_name) {
            Some(caller) => caller,
            None => return Ok(()),
        },
    };
    let Err(why) = may(world, &caller, &action, &resource, &caller.context(world)) else { return Ok(()) };
    let who = caller.arn;
    // The shape, recorded in aws-samples/amazon-mwaa-examples pull request 63 (Lambda). Assumption: every service's is the
    // same; its name is the type's second part, and its status 403.
    let service = resources::service_name(desired.type_name);
    let request = world.identities.uuid("denied request");
    let token = world.identities.uuid("denied handler");
    Err(ProvisionError {
        reason: format!(
            "Resource handler returned message: \"User: {who} is not authorized to perform: {action} on resource: \
             {resource} {why} (Service: {service}, Status Code: 403, Request ID: {request})\" (RequestToken: {token}, \
             HandlerErrorCode: AccessDenied)"
        ),
    })
}
