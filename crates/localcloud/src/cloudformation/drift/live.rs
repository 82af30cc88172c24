//! What a service says of a resource now: the properties that people and maintenance change without CloudFormation.
//!
//! Assumption: of services with an API of their own here the properties below are looked at, and no others.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use template::Value;

use crate::cloudformation::stack::{Properties, StackResource};
use crate::services::{auto_scaling, batch, cloudwatch, ec2, ecs, rds};
use crate::{AwsError, Input, World};

/// What has become of a resource of a service with an API of its own.
pub(super) enum Live {
    /// The properties that it was defined with, as they are now.
    Present(Properties),
    /// It is gone.
    Gone,
}

type Handle = fn(&mut World, &str, Input<'_>) -> Result<Json, AwsError>;

/// How one type is asked for.
struct Look {
    type_name: &'static str,
    handle: Handle,
    operation: &'static str,
    /// The parameter that names it, and whether that is a list.
    named: (&'static str, bool),
    list: &'static str,
    /// Properties and what they are called in the answer.
    properties: &'static [(&'static str, &'static str)],
}

const LOOKS: &[Look] = &[
    Look {
        type_name: "AWS::AutoScaling::AutoScalingGroup",
        handle: auto_scaling::handle,
        operation: "DescribeAutoScalingGroups",
        named: ("AutoScalingGroupNames", true),
        list: "AutoScalingGroups",
        properties: &[
            ("MinSize", "MinSize"),
            ("MaxSize", "MaxSize"),
            ("DesiredCapacity", "DesiredCapacity"),
            ("HealthCheckGracePeriod", "HealthCheckGracePeriod"),
            ("NewInstancesProtectedFromScaleIn", "NewInstancesProtectedFromScaleIn"),
        ],
    },
    Look {
        type_name: "AWS::Batch::JobQueue",
        handle: batch::handle,
        operation: "DescribeJobQueues",
        named: ("jobQueues", true),
        list: "jobQueues",
        properties: &[("State", "state"), ("Priority", "priority")],
    },
    Look {
        type_name: "AWS::Batch::ComputeEnvironment",
        handle: batch::handle,
        operation: "DescribeComputeEnvironments",
        named: ("computeEnvironments", true),
        list: "computeEnvironments",
        properties: &[("State", "state")],
    },
    Look {
        type_name: "AWS::RDS::DBInstance",
        handle: rds::handle,
        operation: "DescribeDBInstances",
        named: ("DBInstanceIdentifier", false),
        list: "DBInstances",
        properties: &[
            ("AllocatedStorage", "AllocatedStorage"),
            ("MaxAllocatedStorage", "MaxAllocatedStorage"),
            ("DBInstanceClass", "DBInstanceClass"),
            ("EngineVersion", "EngineVersion"),
        ],
    },
    Look {
        type_name: "AWS::CloudWatch::Alarm",
        handle: cloudwatch::handle,
        operation: "DescribeAlarms",
        named: ("AlarmNames", true),
        list: "MetricAlarms",
        properties: &[("ActionsEnabled", "ActionsEnabled"), ("Threshold", "Threshold")],
    },
];

/// What the service says; `None`: the type isn't looked at.
pub(super) fn look(world: &mut World, resource: &StackResource) -> Option<Live> {
    let physical_id = resource.physical_id.as_deref()?;
    if resource.type_name == "AWS::EC2::LaunchTemplate" {
        return Some(launch_template(world, resource, physical_id));
    }
    if resource.type_name == "AWS::ECS::Service" {
        return Some(container_service(world, resource, physical_id));
    }
    let look = LOOKS.iter().find(|look| look.type_name == resource.type_name)?;
    let (parameter, is_list) = look.named;
    let name = if is_list { json!([physical_id]) } else { json!(physical_id) };
    let mut asked = json!({});
    crate::cloudformation::describe::put(&mut asked, parameter, name);
    let answer = (look.handle)(world, look.operation, Input(&asked)).unwrap_or_default();
    let Some(found) = Input(&answer).objects(look.list).next().map(|found| found.0.clone()) else {
        return Some(Live::Gone);
    };
    let mut now = (*resource.properties).clone();
    for (property, called) in look.properties {
        overlay(&mut now, property, found.get(*called));
    }
    Some(Live::Present(now))
}

/// A service of ECS is asked for in its cluster; one that is deleted is still described for a while.
fn container_service(world: &mut World, resource: &StackResource, physical_id: &str) -> Live {
    let asked =
        json!({"cluster": ecs::provision::cluster_of_service(physical_id), "services": [physical_id]});
    let answer = ecs::handle(world, "DescribeServices", Input(&asked)).unwrap_or_default();
    let found = answer.pointer("/services/0").filter(|found| Input(found).string("status") == Some("ACTIVE"));
    let Some(found) = found else { return Live::Gone };
    let mut now = (*resource.properties).clone();
    overlay(&mut now, "DesiredCount", found.get("desiredCount"));
    Live::Present(now)
}

/// A launch template is what its default version says; CloudFormation makes each version it writes the default.
fn launch_template(world: &mut World, resource: &StackResource, physical_id: &str) -> Live {
    let asked = json!({"LaunchTemplateId": physical_id, "LaunchTemplateVersion": ["$Default"]});
    let answer = ec2::handle(world, "DescribeLaunchTemplateVersions", Input(&asked)).unwrap_or_default();
    let Some(data) = answer.pointer("/launchTemplateVersionSet/0/launchTemplateData") else {
        return Live::Gone;
    };
    let mut now = (*resource.properties).clone();
    if let Some(Value::Map(entries)) = now.get_mut("LaunchTemplateData") {
        for (property, called) in
            [("ImageId", "imageId"), ("InstanceType", "instanceType"), ("UserData", "userData")]
        {
            overlay(entries, property, data.get(called));
        }
    }
    Live::Present(now)
}

/// Put what the service says in the place of what the stack said, where the stack said anything.
fn overlay(properties: &mut IndexMap<String, Value>, property: &str, live: Option<&Json>) {
    let Some(value) = properties.get_mut(property) else { return };
    let text = match live {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(flag)) => flag.to_string(),
        Some(Json::Null | Json::Array(_) | Json::Object(_)) | None => return,
    };
    let same_number = value
        .scalar_text()
        .and_then(|old| Some(old.parse::<f64>().ok()?.total_cmp(&text.parse::<f64>().ok()?).is_eq()))
        .unwrap_or(false);
    if !same_number {
        *value = Value::String(text);
    }
}
