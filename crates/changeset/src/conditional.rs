//! What becomes of a replacement that AWS calls conditional, where the condition stands in the template.
//!
//! One truth for two readers: [`crate::expect`] asks before an update, the local cloud's engine while it runs.
//! Both give evaluated values; whatever else decides (whether a group has instances) is left to the reader.

use indexmap::IndexMap;
use template::Value;

use crate::compare::same;
use crate::facts::{self, Treatment};

/// What a conditional replacement comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Changed in place.
    InPlace,
    /// A group that stays while its instances are replaced in batches.
    InstancesReplaced,
    /// Replaced.
    Replaced,
    /// Replaced if it has instances, else changed in place.
    ReplacedUnlessEmpty,
    /// Only AWS, or a custom resource's provider, can tell.
    Open,
}

/// An outcome and the sentence that says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// What it comes down to.
    pub outcome: Outcome,
    /// Why, as a sentence. Where the outcome is [`Outcome::Open`] and nothing is known of the type, `None`.
    pub because: Option<&'static str>,
}

/// Resolves a change of a resource of which AWS says that it recreates conditionally.
///
/// `before` and `after` are the evaluated properties, `update_policy` the evaluated `UpdatePolicy` of the new
/// template.
pub fn resolve(
    type_name: &str,
    before: &IndexMap<String, Value>,
    after: &IndexMap<String, Value>,
    update_policy: Option<&Value>,
) -> Resolution {
    let known = |outcome, because| Resolution { outcome, because: Some(because) };
    match type_name {
        "AWS::AutoScaling::AutoScalingGroup" => auto_scaling_group(after, update_policy),
        "AWS::Batch::ComputeEnvironment" => compute_environment(after),
        "AWS::EC2::VPC" => vpc(before, after),
        "AWS::CDK::Metadata" => known(Outcome::InPlace, "It stands for nothing in the account."),
        other if facts::treatment(other) == Treatment::CustomResource => {
            Resolution { outcome: Outcome::Open, because: Treatment::CustomResource.note() }
        }
        _ => Resolution { outcome: Outcome::Open, because: None },
    }
}

/// User guide, `UpdatePolicy`: `AutoScalingReplacingUpdate` with `WillReplace` takes precedence over a
/// rolling update.
fn auto_scaling_group(after: &IndexMap<String, Value>, update_policy: Option<&Value>) -> Resolution {
    let part = |name: &str| match update_policy {
        Some(Value::Map(parts)) => parts.get(name),
        _ => None,
    };
    let will_replace = match part("AutoScalingReplacingUpdate") {
        Some(Value::Map(settings)) => {
            settings.get("WillReplace").and_then(Value::scalar_text) == Some("true")
        }
        _ => false,
    };
    let (outcome, because) = if will_replace && after.contains_key("LaunchConfigurationName") {
        (Outcome::Replaced, "Its update policy has WillReplace: AWS replaces the group.")
    } else if will_replace {
        (
            Outcome::ReplacedUnlessEmpty,
            "Its update policy has WillReplace: AWS replaces the group, except that with a launch template \
             and no instances it updates the group in place.",
        )
    } else if part("AutoScalingRollingUpdate").is_some() {
        (
            Outcome::InstancesReplaced,
            "Its update policy is a rolling update: the group stays and its instances are replaced in batches.",
        )
    } else {
        (
            Outcome::InPlace,
            "It has no update policy: the group is updated in place and the instances that run keep the old \
             configuration.",
        )
    };
    Resolution { outcome, because: Some(because) }
}

/// User guide, `AWS::Batch::ComputeEnvironment`: `ReplaceComputeEnvironment` is true unless said otherwise.
fn compute_environment(after: &IndexMap<String, Value>) -> Resolution {
    let (outcome, because) = match after.get("ReplaceComputeEnvironment").and_then(Value::scalar_text)
        == Some("false")
    {
        true => (
            Outcome::InPlace,
            "ReplaceComputeEnvironment is false: AWS replaces its instances, not the compute environment.",
        ),
        false => (
            Outcome::Replaced,
            "ReplaceComputeEnvironment is not false: AWS makes a new compute environment.",
        ),
    };
    Resolution { outcome, because: Some(because) }
}

/// User guide, `AWS::EC2::VPC`, `InstanceTenancy`, its one conditional property: "Updating InstanceTenancy
/// requires no replacement only if you are updating its value from dedicated to default. Updating
/// InstanceTenancy from default to dedicated requires replacement." Unset means default.
fn vpc(before: &IndexMap<String, Value>, after: &IndexMap<String, Value>) -> Resolution {
    let (old, new) = (before.get("InstanceTenancy"), after.get("InstanceTenancy"));
    let becomes_default =
        !same(old, new) && new.is_none_or(|tenancy| tenancy.scalar_text() == Some("default"));
    let (outcome, because) = if becomes_default {
        (Outcome::InPlace, "InstanceTenancy becomes default, which needs no new VPC.")
    } else {
        (Outcome::Replaced, "InstanceTenancy becomes something else than default, which needs a new VPC.")
    };
    Resolution { outcome, because: Some(because) }
}
