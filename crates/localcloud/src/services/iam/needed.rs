//! What a call needs: an action on a resource each, and what conditions may ask about either.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use serde_json::Value;

use super::condition::Context;
use crate::descriptor::{Permission, Target};
use crate::services::Service;
use crate::wire::route::Call;
use crate::{Input, World};

/// A permission that a call needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needed {
    /// Such as `batch:TerminateJob`.
    pub(crate) action: String,
    /// An ARN; `*` where the action knows no resource, or the call names none.
    pub(crate) resource: String,
    /// Condition keys of this permission alone.
    keys: Vec<(&'static str, String)>,
}

/// Everything that a call needs, in the order in which it is asked. Nothing: it needs no permission.
pub(crate) fn of(world: &World, call: &Call) -> Vec<Needed> {
    let descriptor = call.service.descriptor();
    let operation = descriptor.operation(&call.operation);
    let target = operation.and_then(|operation| operation.target).unwrap_or(descriptor.target);
    if matches!(target, Target::Unguarded) {
        return Vec::new();
    }
    let action = action(call);
    let mut needed: Vec<Needed> = resources(world, call, target)
        .into_iter()
        .map(|resource| Needed { action: action.clone(), resource, keys: Vec::new() })
        .collect();
    let besides = (descriptor.besides)(world, &call.operation, Input(&call.input));
    needed.extend(besides.into_iter().map(|permission| {
        let Permission { action, resource, key } = permission;
        Needed { action: action.to_owned(), resource, keys: key.into_iter().collect() }
    }));
    needed
}

impl Needed {
    /// Add what conditions may ask about the request and the resource.
    pub(crate) fn add_to(&self, context: &mut Context, world: &World, call: &Call) {
        let tags = tags_of_request(&call.input);
        if !tags.is_empty() {
            context.set("aws:TagKeys", tags.iter().map(|(key, _)| (*key).to_owned()).collect());
        }
        for (key, value) in tags {
            context.set(&format!("aws:RequestTag/{key}"), value.map(str::to_owned).into_iter().collect());
        }
        let input = Input(&call.input);
        for (service, parameter, key) in PARAMETERS {
            if let Some(value) = input.string(parameter).filter(|_| *service == call.service) {
                context.set(key, vec![value.to_owned()]);
            }
        }
        for (key, value) in &self.keys {
            context.set(key, vec![value.clone()]);
        }
        self.add_resource_tags(context, world);
    }

    fn add_resource_tags(&self, context: &mut Context, world: &World) {
        // arn:PARTITION:SERVICE:…
        let Some(name) = self.resource.split(':').nth(2) else { return };
        let mut services = Service::ALL.iter().map(|service| service.descriptor());
        let Some(descriptor) = services.find(|descriptor| descriptor.arn_name() == name) else { return };
        for (key, value) in (descriptor.tags)(world, &self.resource) {
            context.set(&format!("aws:ResourceTag/{key}"), vec![value.clone()]);
            context.set(&format!("{name}:ResourceTag/{key}"), vec![value]);
        }
    }
}

/// The parameters that are condition keys as they are, from the services' pages of the reference.
const PARAMETERS: &[(Service, &str, &str)] = &[
    (Service::CloudFormation, "ChangeSetName", "cloudformation:ChangeSetName"),
    (Service::CloudFormation, "RoleARN", "cloudformation:RoleArn"),
    (Service::CloudFormation, "TemplateURL", "cloudformation:TemplateUrl"),
    (Service::CloudFormation, "StackPolicyURL", "cloudformation:StackPolicyUrl"),
    (Service::ObjectStorage, "Prefix", "s3:prefix"),
    (Service::ObjectStorage, "Delimiter", "s3:delimiter"),
    (Service::ObjectStorage, "VersionId", "s3:versionid"),
];

/// The tags that a request writes, or the keys of those that it takes away: in whichever of the services' forms.
fn tags_of_request(input: &Value) -> Vec<(&str, Option<&str>)> {
    let mut found = Vec::new();
    for name in ["Tags", "tags", "Tag", "TagKeys", "tagKeys"] {
        match input.get(name) {
            Some(Value::Object(map)) => {
                found.extend(map.iter().map(|(key, value)| (key.as_str(), value.as_str())));
            }
            Some(Value::Array(items)) => found.extend(items.iter().filter_map(tag)),
            Some(_) | None => {}
        }
    }
    let specified = input.get("TagSpecification").and_then(Value::as_array);
    for specification in specified.into_iter().flatten() {
        let tags = specification.get("Tag").and_then(Value::as_array);
        found.extend(tags.into_iter().flatten().filter_map(tag));
    }
    found
}

/// A tag of a list: a key alone, or an object of key and value.
fn tag(item: &Value) -> Option<(&str, Option<&str>)> {
    if let Some(key) = item.as_str() {
        return Some((key, None));
    }
    let field = |upper: &str, lower: &str| item.get(upper).or_else(|| item.get(lower))?.as_str();
    Some((field("Key", "key")?, field("Value", "value")))
}

/// The IAM action of a call. <https://docs.aws.amazon.com/service-authorization/latest/reference/>
fn action(call: &Call) -> String {
    let descriptor = call.service.descriptor();
    let named = descriptor.operation(&call.operation).and_then(|operation| {
        let names_version = call.input.get("VersionId").is_some_and(|version| !version.is_null());
        operation.version_action.filter(|_| names_version).or(operation.action)
    });
    format!("{}:{}", descriptor.arn_name(), named.unwrap_or(&call.operation))
}

/// The resources that the parameters name, as ARNs; `*` where the action knows none.
fn resources(world: &World, call: &Call, target: Target) -> Vec<String> {
    let service = call.service.descriptor().arn_name();
    let mut found = match target {
        Target::Named(names) => {
            let named = names.iter().map(|(name, prefix)| (texts(&call.input, name), *prefix));
            let (given, prefix) = named.into_iter().find(|(given, _)| !given.is_empty()).unwrap_or_default();
            let arn = |given: &str| {
                if given.starts_with("arn:") || prefix.is_empty() {
                    return given.to_owned();
                }
                world.arn(service, &format!("{prefix}{}", given.trim_start_matches('/')))
            };
            given.into_iter().map(arn).collect()
        }
        Target::Computed(compute) => compute(world, &call.operation, Input(&call.input)),
        Target::All(kind) => vec![world.arn(service, kind)],
        Target::Everything | Target::Unguarded => Vec::new(),
    };
    if found.is_empty() {
        found.push("*".to_owned());
    }
    found
}

/// A parameter's text, or its texts where it is a list.
fn texts<'a>(input: &'a Value, name: &str) -> Vec<&'a str> {
    match input.get(name) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{action, of, tags_of_request};
    use crate::wire::route::Call;
    use crate::wire::{Protocol, Service};
    use crate::{Config, Input, Timestamp, World};

    fn call(service: Service, operation: &str, input: Value) -> Call {
        Call { service, operation: operation.to_owned(), input, protocol: Protocol::Query }
    }

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
            let input = json!({"Bucket": "b", "Key": "k", "VersionId": version});
            assert_eq!(action(&call(Service::ObjectStorage, operation, input)), expected);
        }
    }

    /// Each line: a call, and what it needs. The pages of the reference say which resource types an action has.
    #[test]
    fn a_call_needs_what_the_reference_says() {
        use Service::{
            AutoScaling, Backup, Batch, CloudFormation, CloudWatch, Ec2, Iam, LoadBalancing, ObjectStorage,
            Rds, SecurityToken,
        };
        let mut world = World::new(Config::default(), Timestamp(0));
        let bucket = json!({"Bucket": "bucket"});
        let made = world.handle(Timestamp(0), ObjectStorage, "CreateBucket", Input(&bucket));
        made.expect("a bucket");
        let here = "us-east-1:000000000000";
        let rule = format!("arn:aws:elasticloadbalancing:{here}:listener-rule/app/b/1/2/3");
        let listener = format!("arn:aws:elasticloadbalancing:{here}:listener/app/b/1/2");
        let lines: &[(Service, &str, Value, &[&str])] = &[
            (SecurityToken, "GetCallerIdentity", json!({}), &[]),
            (
                CloudFormation,
                "DescribeStacks",
                json!({"StackName": "s"}),
                &["cloudformation:DescribeStacks stack/s/*"],
            ),
            (
                CloudFormation,
                "CreateChangeSet",
                json!({"StackName": "s", "RoleARN": "arn:aws:iam::000000000000:role/r"}),
                &[
                    "cloudformation:CreateChangeSet stack/s/*",
                    "iam:PassRole arn:aws:iam::000000000000:role/r",
                ],
            ),
            (
                CloudFormation,
                "DescribeStackDriftDetectionStatus",
                json!({"StackDriftDetectionId": "d"}),
                &["cloudformation:DescribeStackDriftDetectionStatus *"],
            ),
            (
                AutoScaling,
                "CreateOrUpdateTags",
                json!({"Tags": [{"ResourceId": "g", "Key": "k"}]}),
                &["autoscaling:CreateOrUpdateTags autoScalingGroup:*:autoScalingGroupName/g"],
            ),
            (
                AutoScaling,
                "DescribeWarmPool",
                json!({"AutoScalingGroupName": "g"}),
                &["autoscaling:DescribeWarmPool *"],
            ),
            (
                Backup,
                "ListRecoveryPointsByBackupVault",
                json!({"backupVaultName": "v"}),
                &["backup:ListRecoveryPointsByBackupVault backup-vault:v"],
            ),
            (
                Batch,
                "TagResource",
                json!({"resourceArn": format!("arn:aws:batch:{here}:job-queue/q"), "tags": {}}),
                &["batch:TagResource job-queue/q"],
            ),
            (
                CloudWatch,
                "DescribeAlarms",
                json!({"AlarmNames": ["a"]}),
                &["cloudwatch:DescribeAlarms alarm:*"],
            ),
            (
                CloudWatch,
                "DisableAlarmActions",
                json!({"AlarmNames": ["a", "b"]}),
                &["cloudwatch:DisableAlarmActions alarm:a", "cloudwatch:DisableAlarmActions alarm:b"],
            ),
            (
                Ec2,
                "CreateTags",
                json!({"ResourceId": ["i-1", "vol-2"], "Tag": [{"Key": "k", "Value": "v"}]}),
                &["ec2:CreateTags instance/i-1", "ec2:CreateTags volume/vol-2"],
            ),
            (
                Ec2,
                "TerminateInstances",
                json!({"InstanceId": ["i-1", "i-2"]}),
                &["ec2:TerminateInstances instance/i-1", "ec2:TerminateInstances instance/i-2"],
            ),
            (
                Ec2,
                "DescribeInstanceAttribute",
                json!({"InstanceId": "i-1"}),
                &["ec2:DescribeInstanceAttribute instance/i-1"],
            ),
            (
                Ec2,
                "CreateSnapshot",
                json!({"VolumeId": "vol-1", "TagSpecification": [{"ResourceType": "snapshot", "Tag": [{"Key": "k"}]}]}),
                &[
                    "ec2:CreateSnapshot volume/vol-1",
                    "ec2:CreateSnapshot arn:aws:ec2:us-east-1::snapshot/*",
                    "ec2:CreateTags arn:aws:ec2:us-east-1::snapshot/*",
                ],
            ),
            (Iam, "GetUser", json!({"UserName": "u"}), &["iam:GetUser arn:aws:iam::000000000000:user/u"]),
            (
                Iam,
                "PutUserPolicy",
                json!({"UserName": "u", "PolicyName": "p"}),
                &["iam:PutUserPolicy arn:aws:iam::000000000000:user/u"],
            ),
            (
                LoadBalancing,
                "SetRulePriorities",
                json!({"RulePriorities": [{"RuleArn": rule, "Priority": "3"}]}),
                &["elasticloadbalancing:SetRulePriorities listener-rule/app/b/1/2/3"],
            ),
            (
                LoadBalancing,
                "CreateRule",
                json!({"ListenerArn": listener, "Tags": [{"Key": "k"}]}),
                &[
                    "elasticloadbalancing:CreateRule listener/app/b/1/2",
                    "elasticloadbalancing:AddTags listener-rule/app/b/1/2/*",
                ],
            ),
            (
                ObjectStorage,
                "GetObject",
                json!({"Bucket": "bucket", "Key": "k"}),
                &[
                    "s3:GetObject arn:aws:s3:::bucket/k",
                    // Without it nobody is told that nothing is there.
                    "s3:ListBucket arn:aws:s3:::bucket",
                ],
            ),
            (
                ObjectStorage,
                "HeadBucket",
                json!({"Bucket": "bucket"}),
                &["s3:ListBucket arn:aws:s3:::bucket"],
            ),
            (Rds, "DescribeDBInstances", json!({}), &["rds:DescribeDBInstances db:*"]),
            (
                Rds,
                "CreateDBSnapshot",
                json!({"DBInstanceIdentifier": "d", "DBSnapshotIdentifier": "s", "Tags": [{"Key": "k"}]}),
                &[
                    "rds:CreateDBSnapshot db:d",
                    "rds:CreateDBSnapshot snapshot:s",
                    "rds:AddTagsToResource snapshot:s",
                ],
            ),
        ];
        for (service, operation, input, expected) in lines {
            let needed = of(&world, &call(*service, operation, input.clone()));
            let shown: Vec<String> = needed
                .iter()
                .map(|needed| {
                    let name = needed.action.split(':').next().unwrap_or_default();
                    let resource = needed.resource.replace(&format!("arn:aws:{name}:{here}:"), "");
                    format!("{} {resource}", needed.action)
                })
                .collect();
            assert_eq!(shown, *expected, "{operation} {input}");
        }
    }

    #[test]
    fn tags_are_read_in_every_form() {
        let pair = |key: &'static str| vec![(key, Some("v"))];
        for (input, expected) in [
            (json!({"Tags": [{"Key": "a", "Value": "v"}]}), pair("a")),
            (json!({"tags": {"a": "v"}}), pair("a")),
            (json!({"tags": [{"key": "a", "value": "v"}]}), pair("a")),
            (json!({"Tag": [{"Key": "a", "Value": "v"}]}), pair("a")),
            (json!({"TagSpecification": [{"Tag": [{"Key": "a", "Value": "v"}]}]}), pair("a")),
            (json!({"TagKeys": ["a"]}), vec![("a", None)]),
            (json!({"tagKeys": ["a"]}), vec![("a", None)]),
            (json!({"Tags": 3}), Vec::new()),
        ] {
            assert_eq!(tags_of_request(&input), expected, "{input}");
        }
    }
}
