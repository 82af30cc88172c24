//! What becomes of a replacement that AWS calls conditional, for the types whose condition stands in the
//! template.

use template::{Resource, Value};

use super::{Expected, Weighed};
use crate::facts::{self, RequiresRecreation, Treatment};
use crate::predict::{Scene, text};

/// The outcome and the sentence that says why.
pub(super) fn conditional(
    scene: &Scene<'_, '_>,
    new: &Resource,
    weighed: &[Weighed<'_, '_, '_>],
) -> (Expected, String) {
    match new.type_name.as_str() {
        "AWS::AutoScaling::AutoScalingGroup" => auto_scaling_group(scene, new),
        "AWS::Batch::ComputeEnvironment" => compute_environment(scene, new),
        "AWS::EC2::VPC" => vpc(weighed),
        "AWS::CDK::Metadata" => {
            (Expected::UpdatedInPlace, "It stands for nothing in the account.".to_owned())
        }
        other => {
            let sentence = match facts::treatment(other) {
                Treatment::CustomResource => Treatment::CustomResource.note().unwrap_or_default().to_owned(),
                Treatment::Published | Treatment::Transformed | Treatment::Module | Treatment::Unknown => {
                    let decisive = weighed
                        .iter()
                        .find(|one| one.certain && one.word == RequiresRecreation::Conditionally);
                    let path = decisive.map_or("a property", |one| one.difference.path.as_str());
                    format!("A change of {path} may need a new resource, by conditions that only AWS checks.")
                }
            };
            (Expected::MayBeReplaced, sentence)
        }
    }
}

/// User guide, `UpdatePolicy`: `AutoScalingReplacingUpdate` with `WillReplace` takes precedence over a
/// rolling update.
fn auto_scaling_group(scene: &Scene<'_, '_>, new: &Resource) -> (Expected, String) {
    let policy = new.update_policy.as_ref().and_then(|node| text(scene.after, node).ok().flatten());
    let part = |name: &str| match &policy {
        Some(Value::Map(parts)) => parts.get(name),
        _ => None,
    };
    let will_replace = match part("AutoScalingReplacingUpdate") {
        Some(Value::Map(settings)) => {
            settings.get("WillReplace").and_then(Value::scalar_text) == Some("true")
        }
        _ => false,
    };
    if will_replace {
        let sentence = "Its update policy has WillReplace: AWS replaces the group, except that with a launch template \
                        and no instances it updates the group in place.";
        (Expected::MayBeReplaced, sentence.to_owned())
    } else if part("AutoScalingRollingUpdate").is_some() {
        let sentence = "Its update policy is a rolling update: the group stays and its instances are replaced in \
                        batches.";
        (Expected::InstancesReplaced, sentence.to_owned())
    } else {
        let sentence = "It has no update policy: the group is updated in place and the instances that run keep the old \
                        configuration.";
        (Expected::UpdatedInPlace, sentence.to_owned())
    }
}

/// User guide, `AWS::Batch::ComputeEnvironment`: `ReplaceComputeEnvironment` is true unless said otherwise.
fn compute_environment(scene: &Scene<'_, '_>, new: &Resource) -> (Expected, String) {
    let setting = new.properties.as_ref().and_then(|properties| properties.get("ReplaceComputeEnvironment"));
    let value = setting.and_then(|node| text(scene.after, node).ok().flatten());
    if value.as_ref().and_then(Value::scalar_text) == Some("false") {
        (
            Expected::UpdatedInPlace,
            "ReplaceComputeEnvironment is false: AWS replaces its instances, not the compute environment."
                .to_owned(),
        )
    } else {
        (
            Expected::Replaced,
            "ReplaceComputeEnvironment is not false: AWS makes a new compute environment.".to_owned(),
        )
    }
}

/// User guide, `AWS::EC2::VPC`, `InstanceTenancy`, its one conditional property: "Updating InstanceTenancy
/// requires no replacement only if you are updating its value from dedicated to default. Updating
/// InstanceTenancy from default to dedicated requires replacement." Unset means default.
fn vpc(weighed: &[Weighed<'_, '_, '_>]) -> (Expected, String) {
    let tenancy = weighed.iter().find(|one| one.difference.path == "/InstanceTenancy");
    let becomes_default =
        tenancy.is_some_and(|one| one.difference.after.is_none_or(|tree| tree.text() == "default"));
    if becomes_default {
        (Expected::UpdatedInPlace, "InstanceTenancy becomes default, which needs no new VPC.".to_owned())
    } else {
        (
            Expected::Replaced,
            "InstanceTenancy becomes something else than default, which needs a new VPC.".to_owned(),
        )
    }
}
