//! Managed policies: the account's own, and those of AWS's whose text is known.

use serde_json::{Value, json};

use super::document::{Kind, Policy};
use super::{
    already_exists, arn, delete_conflict, encoded, listed, malformed, name, no_such_entity, path, unique_id,
};
use crate::{AwsError, Input, Timestamp, World};

/// A managed policy of the account. Only its present version is kept.
#[derive(Debug, Clone)]
pub(crate) struct ManagedPolicy {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) description: Option<String>,
    pub(super) document: String,
    /// Counts the versions that were made: `v1`, `v2`…
    pub(super) version: u64,
}

/// AWS's own policies whose whole text is documented.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>
const KNOWN: &[(&str, &str)] = &[
    (
        "AdministratorAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "AWSDenyAll",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAll","Effect":"Deny","Action":["*"],"Resource":"*"}]}"#,
    ),
];

/// The text of a policy, where it is known.
pub(super) fn document<'w>(world: &'w World, arn: &str) -> Option<&'w str> {
    if let Some(policy) = world.iam.policies.get(arn) {
        return Some(&policy.document);
    }
    let name = of_aws(arn)?;
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The name of a policy that AWS manages.
pub(super) fn of_aws(arn: &str) -> Option<&str> {
    let resource = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy/")?.1;
    Some(resource.rsplit('/').next().unwrap_or(resource))
}

/// Whether a policy may be attached. Every policy in AWS's own name is taken as there.
pub(super) fn check_attachable(world: &World, arn: &str) -> Result<(), AwsError> {
    if world.iam.policies.contains_key(arn) || of_aws(arn).is_some() {
        Ok(())
    } else {
        Err(no_such_entity(format!("Policy {arn} does not exist or is not attachable.")))
    }
}

pub(super) fn create_policy(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = name(input, "PolicyName", 128)?;
    let path = path(input)?;
    let document = input.required_string("PolicyDocument")?;
    Policy::parse(document, Kind::Identity).map_err(malformed)?;
    let arn = arn(world, "policy", path, name);
    if world.iam.policies.values().any(|policy| policy.name.eq_ignore_ascii_case(name)) {
        return Err(already_exists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    let policy = ManagedPolicy {
        name: name.to_owned(),
        path: path.to_owned(),
        id: unique_id(world, "ANPA", name),
        arn: arn.clone(),
        created: world.now,
        updated: world.now,
        description: input.string("Description").map(str::to_owned),
        document: document.to_owned(),
        version: 1,
    };
    world.iam.policies.insert(arn.clone(), policy);
    policy_answer(world, &arn)
}

pub(super) fn get(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    policy_answer(world, input.required_string("PolicyArn")?)
}

fn policy_answer(world: &World, arn: &str) -> Result<Value, AwsError> {
    match world.iam.policies.get(arn) {
        Some(policy) => Ok(json!({"Policy": to_api(world, policy)})),
        None => match of_aws(arn) {
            Some(name) if document(world, arn).is_some() => Ok(json!({"Policy": {
                "PolicyName": name, "Arn": arn, "Path": "/", "DefaultVersionId": "v1",
                "AttachmentCount": attachments(world, arn), "IsAttachable": true,
            }})),
            _ => Err(missing(arn)),
        },
    }
}

/// Assumption: a policy of AWS's whose text isn't known is answered as if it weren't there; a made-up text would be
/// worse.
fn missing(arn: &str) -> AwsError {
    no_such_entity(format!("Policy {arn} was not found."))
}

pub(super) fn get_version(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = input.required_string("PolicyArn")?;
    let asked = input.required_string("VersionId")?;
    let text = document(world, arn).ok_or_else(|| missing(arn))?;
    let policy = world.iam.policies.get(arn);
    let version = policy.map_or(1, |policy| policy.version);
    if asked != format!("v{version}") {
        return Err(no_such_entity(format!(
            "Policy {arn} version {asked} does not exist or is not attachable."
        )));
    }
    let made = policy.map(|policy| policy.updated.iso8601());
    Ok(json!({"PolicyVersion": {
        "Document": encoded(text), "VersionId": asked, "IsDefaultVersion": true, "CreateDate": made,
    }}))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let prefix = input.string("PathPrefix").unwrap_or("/");
    let only_attached = input.boolean("OnlyAttached")?.unwrap_or(false);
    // AWS's own are far more than those known here; a list of a few of them would mislead.
    let of_account = world.iam.policies.values().filter(|policy| {
        policy.path.starts_with(prefix) && !(only_attached && attachments(world, &policy.arn) == 0)
    });
    let of_account = of_account.filter(|_| input.string("Scope") != Some("AWS"));
    listed(input, "Policies", of_account.map(|policy| (policy.arn.clone(), to_api(world, policy))))
}

pub(super) fn delete_policy(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = input.required_string("PolicyArn")?;
    if !world.iam.policies.contains_key(arn) {
        return Err(missing(arn));
    }
    if attachments(world, arn) > 0 {
        return Err(delete_conflict("Cannot delete a policy attached to entities."));
    }
    world.iam.policies.remove(arn);
    Ok(json!({}))
}

fn attachments(world: &World, arn: &str) -> usize {
    let identities = world.iam.roles.values().chain(world.iam.users.values());
    identities.filter(|identity| identity.attached.contains(arn)).count()
}

fn to_api(world: &World, policy: &ManagedPolicy) -> Value {
    json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.version),
        "AttachmentCount": attachments(world, &policy.arn),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": true,
        "Description": policy.description,
        "CreateDate": policy.created.iso8601(),
        "UpdateDate": policy.updated.iso8601(),
    })
}
