//! Custom names that an update would take: whether somebody else's resource has them already. CloudFormation finds out in
//! the middle of the update.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use upgrade::{Looked, PortError, PortErrorKind};

use crate::cloud::AwsCloud;
use crate::endpoints::{LOGS, QUEUES};
use crate::errors::{CallError, OrAbsent};
use crate::{auto_scaling, batch, cloudwatch, ec2, identity, load_balancing, rds};

/// A name that an update would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomName {
    /// The resource's name in the template.
    pub logical_id: String,
    /// Such as `AWS::Logs::LogGroup`.
    pub resource_type: String,
    pub name: String,
}

/// The names that are taken, by logical id, and what could not be looked at. When nothing could, that is the answer.
pub(crate) async fn taken(
    cloud: &AwsCloud,
    names: &[CustomName],
) -> (Looked<BTreeMap<String, String>>, Vec<String>) {
    let (mut found, mut unknown) = (BTreeMap::new(), Vec::new());
    for name in names {
        match cloud.looked(exists(cloud, name).await) {
            Ok(true) => {
                found.insert(name.logical_id.clone(), name.name.clone());
            }
            Ok(false) => {}
            Err(reason) => unknown.push(format!("name {} of {}: {reason}", name.name, name.logical_id)),
        }
    }
    if unknown.len() == names.len()
        && let Some(first) = unknown.first()
    {
        return (Err(first.clone()), unknown);
    }
    (Ok(found), unknown)
}

/// The cheapest describing call of each type. A type that isn't here is "not looked at".
async fn exists(cloud: &AwsCloud, name: &CustomName) -> Result<bool, PortError> {
    let text = name.name.as_str();
    match name.resource_type.as_str() {
        "AWS::S3::Bucket" => cloud.bucket_exists(text).await,
        "AWS::Logs::LogGroup" => log_group_exists(cloud, text).await,
        "AWS::SQS::Queue" => queue_exists(cloud, text).await,
        "AWS::IAM::Role" => identity::exists(&cloud.wire, "GetRole", "RoleName", text).await,
        "AWS::IAM::InstanceProfile" => {
            identity::exists(&cloud.wire, "GetInstanceProfile", "InstanceProfileName", text).await
        }
        "AWS::IAM::User" => identity::exists(&cloud.wire, "GetUser", "UserName", text).await,
        "AWS::AutoScaling::AutoScalingGroup" => auto_scaling::exists(&cloud.wire, text).await,
        "AWS::EC2::LaunchTemplate" => ec2::launch_template_exists(&cloud.wire, text).await,
        "AWS::RDS::DBInstance" => Ok(rds::instance(&cloud.wire, text).await?.is_some()),
        "AWS::CloudWatch::Alarm" => {
            Ok(!cloudwatch::alarms(&cloud.wire, &[text.to_owned()], |_| false).await?.is_empty())
        }
        "AWS::Batch::JobQueue" => {
            Ok(!batch::describe_queues(&cloud.wire, &[text.to_owned()]).await?.is_empty())
        }
        "AWS::Batch::ComputeEnvironment" => {
            Ok(!batch::describe_environments(&cloud.wire, &[text.to_owned()]).await?.is_empty())
        }
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            load_balancing::exists(&cloud.wire, "DescribeLoadBalancers", text, "LoadBalancerNotFound").await
        }
        "AWS::ElasticLoadBalancingV2::TargetGroup" => {
            load_balancing::exists(&cloud.wire, "DescribeTargetGroups", text, "TargetGroupNotFound").await
        }
        other => Err(PortError {
            kind: PortErrorKind::Refused,
            operation: other.to_owned(),
            message: "names of this type are not looked at".to_owned(),
        }),
    }
}

async fn log_group_exists(cloud: &AwsCloud, name: &str) -> Result<bool, PortError> {
    let asked = json!({"logGroupNamePrefix": name, "limit": 1});
    let answer: Value = cloud.wire.target_json(&LOGS, "DescribeLogGroups", &asked).await?;
    // They come in the names' order, so the name itself is the first with its own beginning.
    let first = answer.get("logGroups").and_then(|groups| groups.get(0)?.get("logGroupName")?.as_str());
    Ok(first == Some(name))
}

async fn queue_exists(cloud: &AwsCloud, name: &str) -> Result<bool, PortError> {
    let asked = json!({"QueueName": name});
    let answer = cloud.wire.target_json::<Value>(&QUEUES, "GetQueueUrl", &asked).await;
    // `QueueDoesNotExist`; `AWS.SimpleQueueService.NonExistentQueue` for those who began with the Query protocol.
    let is_absent = |error: &CallError| {
        error.code().contains("QueueDoesNotExist") || error.code().contains("NonExistentQueue")
    };
    Ok(answer.or_absent(is_absent)?.is_some())
}
