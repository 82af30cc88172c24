//! A group's settings, from a request or from a template's properties: the names are the same but for a few.

use serde_json::{Map, Value, json};

use super::group::{Group, Hook, LifecycleState, Tag, WarmPool};
use crate::{AwsError, Input};

/// Settings that only travel through: stored and given back.
const DESCRIBED: &[&str] = &[
    "AvailabilityZones",
    "CapacityRebalance",
    "Context",
    "DefaultCooldown",
    "DefaultInstanceWarmup",
    "DesiredCapacityType",
    "HealthCheckGracePeriod",
    "HealthCheckType",
    "LaunchConfigurationName",
    "LaunchTemplate",
    "LoadBalancerNames",
    "MaxInstanceLifetime",
    "MixedInstancesPolicy",
    "PlacementGroup",
    "ServiceLinkedRoleARN",
    "TargetGroupARNs",
    "TerminationPolicies",
    "VPCZoneIdentifier",
];

/// The sizes a request wants, checked against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) minimum: i64,
    pub(super) maximum: i64,
    pub(super) desired: i64,
}

/// Sizes as given, or those of before. Without a desired capacity it follows the bounds
/// (<https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html>).
pub(super) fn sizes(input: Input<'_>, before: Option<&Group>) -> Result<Sizes, AwsError> {
    let minimum = bound(input, "MinSize", before.map(|group| group.minimum))?;
    let maximum = bound(input, "MaxSize", before.map(|group| group.maximum))?;
    if maximum < minimum {
        return Err(AwsError::validation(format!(
            "Max bound, {maximum}, must be greater than or equal to min bound, {minimum}"
        )));
    }
    let desired = match input.integer("DesiredCapacity")? {
        Some(desired) if desired < minimum || desired > maximum => {
            return Err(AwsError::validation(format!(
                "Desired capacity:{desired} must be between the specified min size:{minimum} and max size:{maximum}"
            )));
        }
        Some(desired) => desired,
        None => before.map_or(minimum, |group| group.desired).clamp(minimum, maximum),
    };
    Ok(Sizes { minimum, maximum, desired })
}

fn bound(input: Input<'_>, name: &str, before: Option<i64>) -> Result<i64, AwsError> {
    match input.integer(name)?.or(before) {
        None => Err(AwsError::validation(format!("{name} is required"))),
        // Each instance is simulated; AWS's own default quota on a group's size is far below this.
        Some(size) if (0..=10_000).contains(&size) => Ok(size),
        Some(_) => Err(AwsError::validation(format!("{name} must be between 0 and 10000"))),
    }
}

/// The settings that are given back as they came, over those of before.
pub(super) fn kept(input: Input<'_>, before: Option<&Group>, region: &str) -> Value {
    let mut fields: Map<String, Value> = match before.map(|group| &group.described) {
        Some(Value::Object(fields)) => fields.clone(),
        _ => Map::new(),
    };
    for name in DESCRIBED {
        // CloudFormation calls it `Cooldown`.
        let from = if *name == "DefaultCooldown" && input.has("Cooldown") { "Cooldown" } else { name };
        if let Some(value) = input.0.get(from) {
            let value = match value {
                // CloudFormation gives a list of subnets where the API joins them.
                Value::Array(items) if *name == "VPCZoneIdentifier" => {
                    json!(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
                }
                _ => value.clone(),
            };
            fields.insert((*name).to_owned(), value);
        }
    }
    // What a group has that was created without them.
    for (name, value) in [
        ("DefaultCooldown", json!(300)),
        ("HealthCheckType", json!("EC2")),
        ("HealthCheckGracePeriod", json!(0)),
        ("TerminationPolicies", json!(["Default"])),
        ("TargetGroupARNs", json!([])),
        ("LoadBalancerNames", json!([])),
    ] {
        fields.entry(name).or_insert(value);
    }
    // AWS takes the zones from the subnets; subnets are not simulated with theirs, so there is one zone for
    // each subnet, `a` first.
    let subnets = fields.get("VPCZoneIdentifier").and_then(Value::as_str).unwrap_or_default();
    let count = subnets.split(',').filter(|subnet| !subnet.is_empty()).count().clamp(1, 6);
    let zones: Vec<String> = ('a'..='f').take(count).map(|letter| format!("{region}{letter}")).collect();
    fields.entry("AvailabilityZones").or_insert(json!(zones));
    Value::Object(fields)
}

/// The tags of a request or a resource.
pub(super) fn tags(input: Input<'_>) -> Result<Vec<Tag>, AwsError> {
    input
        .objects("Tags")
        .map(|tag| {
            Ok(Tag {
                key: tag.required_string("Key")?.to_owned(),
                value: tag.string("Value").unwrap_or_default().to_owned(),
                propagate_at_launch: tag.boolean("PropagateAtLaunch")?.unwrap_or(false),
            })
        })
        .collect()
}

/// The hooks of a `LifecycleHookSpecificationList`.
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LifecycleHookSpecification.html>
pub(super) fn hooks(input: Input<'_>) -> Result<Vec<Hook>, AwsError> {
    input.objects("LifecycleHookSpecificationList").map(hook).collect()
}

fn hook(input: Input<'_>) -> Result<Hook, AwsError> {
    let text = |name| input.string(name).map(str::to_owned);
    let heartbeat_seconds = input.integer("HeartbeatTimeout")?.unwrap_or(3600);
    let heartbeat_seconds =
        u64::try_from(heartbeat_seconds).ok().filter(|seconds| (30..=172_800).contains(seconds));
    Ok(Hook {
        name: input.required_string("LifecycleHookName")?.to_owned(),
        at_launch: match input.required_string("LifecycleTransition")? {
            "autoscaling:EC2_INSTANCE_LAUNCHING" => true,
            "autoscaling:EC2_INSTANCE_TERMINATING" => false,
            _ => return Err(AwsError::validation("Lifecycle transition is not valid.")),
        },
        heartbeat_seconds: heartbeat_seconds
            .ok_or_else(|| AwsError::validation("Heartbeat timeout must be between 30 and 172800 seconds"))?,
        proceeds_by_default: match input.string("DefaultResult") {
            Some("CONTINUE") => true,
            Some("ABANDON") | None => false,
            Some(_) => return Err(AwsError::validation("DefaultResult must be either CONTINUE or ABANDON")),
        },
        notification_target: text("NotificationTargetARN"),
        notification_metadata: text("NotificationMetadata"),
        role: text("RoleARN"),
    })
}

/// A warm pool's configuration.
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutWarmPool.html>
pub(super) fn warm_pool(input: Input<'_>, before: Option<&WarmPool>) -> Result<WarmPool, AwsError> {
    let minimum = input.integer("MinSize")?.or(before.map(|pool| pool.minimum)).unwrap_or(0);
    let prepared = match input.integer("MaxGroupPreparedCapacity")? {
        // -1 takes the setting back.
        Some(-1) => None,
        Some(number) => Some(number),
        None => before.and_then(|pool| pool.prepared),
    };
    let fits = |size: i64| (0..=10_000).contains(&size);
    if !fits(minimum) || !prepared.is_none_or(fits) {
        return Err(AwsError::validation("The size of a warm pool must be between 0 and 10000"));
    }
    let reuse = input.object("InstanceReusePolicy");
    let reuse_on_scale_in = match reuse {
        Some(policy) => policy.boolean("ReuseOnScaleIn")?,
        None => before.and_then(|pool| pool.reuse_on_scale_in),
    };
    Ok(WarmPool {
        minimum,
        prepared,
        state: match input.string("PoolState") {
            Some("Stopped") => LifecycleState::WarmedStopped,
            Some("Running") => LifecycleState::WarmedRunning,
            Some("Hibernated") => LifecycleState::WarmedHibernated,
            None => before.map_or(LifecycleState::WarmedStopped, |pool| pool.state),
            Some(_) => return Err(AwsError::validation("PoolState must be Stopped, Running or Hibernated")),
        },
        reuse_on_scale_in,
        is_deleting: false,
    })
}
