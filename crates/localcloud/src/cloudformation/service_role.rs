//! The role that CloudFormation works as (`RoleARN`, the user guide's "service role"): which one an operation has, whether
//! it may be assumed, and whether it may do what a resource asks for.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html>: a role that was given
//! once works for every later operation on the stack, and for its rollbacks. Without one, CloudFormation works with the
//! caller's own permissions; those are not held against resources here, only against the call (`services::iam::authorize`).

mod actions;
mod resources;

pub use actions::{ResourceOperation, main_action};

use super::stack::Stack;
use crate::descriptor::Permission;
use crate::resource::{Desired, ProvisionError};
use crate::services::iam::authorize::may;
use crate::services::iam::{self, caller::Caller};
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

/// Whether the stack's role may do to a resource what is asked for; without a role everything may be done.
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
    let Some(role_arn) = desired.owner.role_arn.as_deref() else { return Ok(()) };
    let Some(action) = main_action(desired.type_name, operation) else { return Ok(()) };
    let resource = resources::arn(world, desired);
    let Some(role) = world.iam.role_by_arn(role_arn) else {
        return Err(ProvisionError { reason: invalid(role_arn) });
    };
    let config = &world.config;
    let session =
        format!("arn:{}:sts::{}:assumed-role/{}/{SESSION}", config.partition, config.account_id, role.name);
    let caller = Caller::in_role(role, session);
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
