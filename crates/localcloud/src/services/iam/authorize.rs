//! Whether the session of a role may make a call: its role's policies decide, with AWS's words when they don't allow
//! it. The owner's keys may do everything and never come here.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html> has the words; it says which
//! policy denied only for some services, and here it is always said.
//!
//! Assumptions: a policy of AWS's that is attached and whose text isn't known here allows what no other policy decides
//! on; a condition that isn't evaluated denies. An action is checked on the one resource that its parameters name.

use serde_json::Value;

use super::condition::Context;
use super::document::{Kind, Policy};
use super::evaluate::{Verdict, decide};
use super::{Identity, policies};
use crate::services::security_token::Session;
use crate::wire::Service;
use crate::wire::route::{Call, signing_name};
use crate::{AwsError, World};

/// Let a session's call pass, or refuse it as the service does.
///
/// # Errors
/// When the role is gone or its policies don't allow the call.
pub(crate) fn authorize(world: &World, session: &Session, call: &Call) -> Result<(), AwsError> {
    // "No permissions are required to perform this operation" (GetCallerIdentity); who may assume a role, its trust
    // policy says.
    if matches!(call.service, Service::SecurityToken | Service::Control) {
        return Ok(());
    }
    let action = action(call);
    let resource = resource(world, call);
    let role = world.iam.role_by_arn(&session.role_arn);
    match role.map_or(Verdict::ImplicitDeny, |role| verdict(world, role, &action, &resource)) {
        Verdict::Allowed => Ok(()),
        Verdict::ExplicitDeny => {
            let why = "with an explicit deny in an identity-based policy".to_owned();
            Err(denied(call.service, &session.arn, &action, &resource, &why))
        }
        Verdict::ImplicitDeny => {
            let why = format!("because no identity-based policy allows the {action} action");
            Err(denied(call.service, &session.arn, &action, &resource, &why))
        }
    }
}

/// What a role's own policies, and its boundary, say.
pub(crate) fn verdict(world: &World, role: &Identity, action: &str, resource: &str) -> Verdict {
    let mut context = Context::default();
    context.set("aws:PrincipalArn", vec![role.arn.clone()]);
    context.set("aws:PrincipalAccount", vec![world.config.account_id.clone()]);
    context.set("aws:RequestedRegion", vec![world.config.region.clone()]);
    for (key, value) in &role.tags {
        context.set(&format!("aws:PrincipalTag/{key}"), vec![value.clone()]);
    }
    let decide_on = |texts: Vec<Option<&str>>| {
        let has_unknown = texts.iter().any(Option::is_none);
        let parsed: Vec<Policy> =
            texts.iter().flatten().filter_map(|text| Policy::parse(text, Kind::Identity).ok()).collect();
        match decide(&parsed, action, resource, &context).map(|decision| decision.verdict) {
            Ok(Verdict::ImplicitDeny) if has_unknown => Verdict::Allowed,
            Ok(verdict) => verdict,
            Err(_not_evaluated) => Verdict::ImplicitDeny,
        }
    };
    let mut texts: Vec<Option<&str>> = role.inline.values().map(|text| Some(text.as_str())).collect();
    texts.extend(role.attached.iter().map(|arn| policies::document(world, arn)));
    let own = decide_on(texts);
    let limit = role.boundary.as_ref().map(|arn| decide_on(vec![policies::document(world, arn)]));
    match (own, limit) {
        (Verdict::ExplicitDeny, _) | (_, Some(Verdict::ExplicitDeny)) => Verdict::ExplicitDeny,
        (Verdict::Allowed, None | Some(Verdict::Allowed)) => Verdict::Allowed,
        (Verdict::Allowed | Verdict::ImplicitDeny, _) => Verdict::ImplicitDeny,
    }
}

/// The IAM action of a call. <https://docs.aws.amazon.com/service-authorization/latest/reference/>
fn action(call: &Call) -> String {
    let operation = call.operation.as_str();
    match call.service {
        Service::CloudWatch => format!("cloudwatch:{operation}"),
        Service::ObjectStorage => {
            // A named version is an action of its own.
            let has_version = call.input.get("VersionId").is_some_and(|version| !version.is_null());
            let action = match operation {
                "GetObject" | "HeadObject" if has_version => "GetObjectVersion",
                "DeleteObject" if has_version => "DeleteObjectVersion",
                "HeadObject" => "GetObject",
                "HeadBucket" | "ListObjects" | "ListObjectsV2" => "ListBucket",
                "ListObjectVersions" => "ListBucketVersions",
                "ListBuckets" => "ListAllMyBuckets",
                "DeleteObjects" => "DeleteObject",
                "CopyObject"
                | "CreateMultipartUpload"
                | "UploadPart"
                | "UploadPartCopy"
                | "CompleteMultipartUpload" => "PutObject",
                "ListParts" => "ListMultipartUploadParts",
                "ListMultipartUploads" => "ListBucketMultipartUploads",
                "GetBucketEncryption" => "GetEncryptionConfiguration",
                "PutBucketEncryption" | "DeleteBucketEncryption" => "PutEncryptionConfiguration",
                "DeleteBucketTagging" => "PutBucketTagging",
                "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
                "PutPublicAccessBlock" | "DeletePublicAccessBlock" => "PutBucketPublicAccessBlock",
                "GetBucketLifecycleConfiguration" => "GetLifecycleConfiguration",
                "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle" => "PutLifecycleConfiguration",
                "GetObjectLockConfiguration" => "GetBucketObjectLockConfiguration",
                "PutObjectLockConfiguration" => "PutBucketObjectLockConfiguration",
                other => other,
            };
            format!("s3:{action}")
        }
        service => format!("{}:{operation}", signing_name(service)),
    }
}

/// The resource that the parameters name, as an ARN; `*` where the action knows none.
fn resource(world: &World, call: &Call) -> String {
    let text = |name: &str| match call.input.get(name) {
        Some(Value::String(text)) => Some(text.as_str()),
        Some(Value::Array(items)) => items.first().and_then(Value::as_str),
        Some(_) | None => None,
    };
    let named = |name: &str, service: &str, prefix: &str| {
        let given = text(name)?;
        Some(if given.starts_with("arn:") {
            given.to_owned()
        } else {
            world.arn(service, &format!("{prefix}{}", given.trim_start_matches('/')))
        })
    };
    let describes = ["Describe", "List"].iter().any(|verb| call.operation.starts_with(verb));
    let found = match call.service {
        Service::CloudFormation => text("StackName").map(|name| match world.cloudformation.find(name) {
            Some(stack) => stack.id.clone(),
            None if name.starts_with("arn:") => name.to_owned(),
            None => world.arn("cloudformation", &format!("stack/{name}/*")),
        }),
        Service::ObjectStorage => text("Bucket").map(|bucket| {
            let partition = &world.config.partition;
            match text("Key") {
                Some(key) => format!("arn:{partition}:s3:::{bucket}/{key}"),
                None if call.operation == "DeleteObjects" => format!("arn:{partition}:s3:::{bucket}/*"),
                None => format!("arn:{partition}:s3:::{bucket}"),
            }
        }),
        Service::Iam => {
            text("PolicyArn").or_else(|| text("PolicySourceArn")).map(str::to_owned).or_else(|| {
                let name = text("RoleName")?;
                let known = world.iam.roles.get(&name.to_lowercase());
                Some(known.map_or_else(|| super::arn(world, "role", "/", name), |role| role.arn.clone()))
            })
        }
        // Describing is on all of them in these services.
        Service::AutoScaling | Service::Ec2 | Service::LoadBalancing | Service::Batch if describes => None,
        Service::AutoScaling => text("AutoScalingGroupName")
            .map(|name| world.arn("autoscaling", &format!("autoScalingGroup:*:autoScalingGroupName/{name}"))),
        Service::Ec2 => named("InstanceId", "ec2", "instance/")
            .or_else(|| named("VolumeId", "ec2", "volume/"))
            .or_else(|| named("SnapshotId", "ec2", "snapshot/")),
        Service::LoadBalancing => ["RuleArn", "ListenerArn", "TargetGroupArn", "LoadBalancerArn"]
            .iter()
            .find_map(|name| text(name))
            .map(str::to_owned),
        Service::Batch => named("jobQueue", "batch", "job-queue/")
            .or_else(|| named("jobId", "batch", "job/"))
            .or_else(|| named("computeEnvironment", "batch", "compute-environment/"))
            .or_else(|| named("jobDefinition", "batch", "job-definition/")),
        Service::Ecs => crate::services::ecs::resource(world, &call.operation, crate::Input(&call.input)),
        Service::Rds => named("DBInstanceIdentifier", "rds", "db:")
            .or_else(|| named("DBSnapshotIdentifier", "rds", "snapshot:")),
        Service::CloudWatch => {
            let mut names = ["AlarmName", "AlarmNames", "ResourceARN"].iter();
            names.find_map(|name| named(name, "cloudwatch", "alarm:"))
        }
        Service::SecretsManager => named("SecretId", "secretsmanager", "secret:"),
        Service::ParameterStore => {
            let mut names = ["Name", "Names", "Path"].iter();
            names.find_map(|name| named(name, "ssm", "parameter/"))
        }
        Service::Notification => text("TopicArn").map(str::to_owned),
        Service::Backup => named("backupVaultName", "backup", "backup-vault:"),
        Service::SecurityToken | Service::Control => None,
    };
    found.unwrap_or_else(|| "*".to_owned())
}

/// Each service's own code for it, as its API reference lists it among the common errors.
pub(crate) fn denied(service: Service, who: &str, action: &str, resource: &str, why: &str) -> AwsError {
    let words = format!("User: {who} is not authorized to perform: {action} on resource: {resource} {why}");
    match service {
        // <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
        Service::Ec2 => AwsError::new(
            403,
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {words}"),
        ),
        Service::Notification => AwsError::new(403, "AuthorizationError", words),
        Service::Ecs | Service::SecretsManager | Service::ParameterStore => {
            AwsError::new(400, "AccessDeniedException", words)
        }
        Service::Batch | Service::Backup => AwsError::new(403, "AccessDeniedException", words),
        Service::CloudFormation
        | Service::AutoScaling
        | Service::LoadBalancing
        | Service::SecurityToken
        | Service::ObjectStorage
        | Service::Rds
        | Service::CloudWatch
        | Service::Iam
        | Service::Control => AwsError::new(403, "AccessDenied", words),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::action;
    use crate::wire::route::Call;
    use crate::wire::{Protocol, Service};

    #[test]
    fn a_named_version_of_an_object_is_an_action_of_its_own() {
        for (operation, version, expected) in [
            ("GetObject", json!(null), "s3:GetObject"),
            ("HeadObject", json!(null), "s3:GetObject"),
            ("GetObject", json!("1"), "s3:GetObjectVersion"),
            ("HeadObject", json!("1"), "s3:GetObjectVersion"),
            ("DeleteObject", json!("1"), "s3:DeleteObjectVersion"),
            ("PutObject", json!(null), "s3:PutObject"),
        ] {
            let call = Call {
                service: Service::ObjectStorage,
                operation: operation.to_owned(),
                input: json!({"Bucket": "b", "Key": "k", "VersionId": version}),
                protocol: Protocol::RestXml,
            };
            assert_eq!(action(&call), expected);
        }
    }
}
