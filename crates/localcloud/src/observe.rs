//! What may be told about a request once it is answered: when, which operation, on what, what came of it. Never a
//! parameter's value, a body, a signature or a key. Nothing is told unless an observer is given
//! ([`crate::LocalCloud::observed`]); nothing in the world depends on one.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::Timestamp;

/// Who is told.
pub type Observer = Arc<dyn Fn(&Observed) + Send + Sync>;

/// The longest operation or resource that is told.
const LONGEST: usize = 120;

/// One answered request. Its `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// When it came.
    pub at: Timestamp,
    /// The service's signing name, such as `cloudformation`; `None` when the request names none.
    pub service: Option<&'static str>,
    /// Such as `DescribeStacks`; `None` when it was refused before that was read.
    pub operation: Option<String>,
    /// The stack, group, bucket and key, … it is about.
    pub resource: Option<String>,
    /// HTTP status; `None` when a fault closed the connection.
    pub status: Option<u16>,
    /// AWS's code of a refusal.
    pub error_code: Option<String>,
    /// How long it took, by the cloud's own clock.
    pub milliseconds: u64,
    /// The permissions that it needed, whoever asked: each an IAM action and the ARN of a resource, or `*`.
    pub needed: Vec<(String, String)>,
}

impl fmt::Display for Observed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |text: Option<&str>| shown(text.unwrap_or("-"));
        let status = self.status.map_or_else(|| "dropped".to_owned(), |status| status.to_string());
        write!(
            formatter,
            "{} {} {} {status} {} {} ms {}",
            self.at.iso8601(),
            self.service.unwrap_or("-"),
            or(self.operation.as_deref()),
            or(self.error_code.as_deref()),
            self.milliseconds,
            or(self.resource.as_deref()),
        )
    }
}

/// One word, however hostile: what would end it or the line is replaced.
fn shown(text: &str) -> String {
    let plain = |character: char| match character {
        _ if character.is_control() || character.is_whitespace() => '?',
        _ => character,
    };
    text.chars().take(LONGEST).map(plain).collect()
}

/// What is learned about a request on its way.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) operation: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) error_code: Option<String>,
    pub(crate) needed: Vec<(String, String)>,
}

/// The parameters that name what a request is about, the likeliest first. All are names or ids, and none is secret.
const NAMES: [&str; 32] = [
    "StackName",
    "ChangeSetName",
    "AutoScalingGroupName",
    "DBInstanceIdentifier",
    "DBSnapshotIdentifier",
    "jobQueue",
    "jobId",
    "jobName",
    "computeEnvironment",
    "jobDefinition",
    "LoadBalancerArn",
    "ListenerArn",
    "RuleArn",
    "TargetGroupArn",
    "InstanceId",
    "LaunchTemplateId",
    "LaunchTemplateName",
    "RoleName",
    "RoleArn",
    "PolicyArn",
    "SecretId",
    "TopicArn",
    "backupVaultName",
    "AlarmName",
    "service",
    "services",
    "serviceName",
    "task",
    "taskDefinition",
    "family",
    "clusterName",
    "cluster",
];

/// The name a request is about, where one parameter says it.
pub(crate) fn resource(input: &Value) -> Option<String> {
    NAMES.iter().find_map(|name| match input.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.first().and_then(Value::as_str).map(str::to_owned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::Observed;
    use crate::Timestamp;

    #[test]
    fn a_line_is_one_line() {
        let observed = Observed {
            at: Timestamp(1_769_847_330_000),
            service: Some("cloudformation"),
            operation: Some("Describe\nStacks".to_owned()),
            resource: Some("a b\u{1b}[31m".to_owned()),
            status: Some(400),
            error_code: Some("ValidationError".to_owned()),
            milliseconds: 3,
            needed: Vec::new(),
        };
        let line =
            "2026-01-31T08:15:30.000Z cloudformation Describe?Stacks 400 ValidationError 3 ms a?b?[31m";
        assert_eq!(observed.to_string(), line);
    }
}
