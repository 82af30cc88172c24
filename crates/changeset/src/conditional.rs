//! What becomes of a replacement that AWS calls conditional, where the condition stands in the template.
//!
//! One truth for two readers: [`crate::expect`] asks before an update, the local cloud's engine while it runs.
//! Both give evaluated values; whatever else decides (whether a group has instances) is left to the reader.

use indexmap::IndexMap;
use template::Value;

use crate::compare::{changed_properties, same};
use crate::facts::{self, RequiresRecreation, Treatment};

/// What a conditional replacement comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Changed in place.
    InPlace,
    /// Changed in place, and away for a while.
    Interrupted,
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
        "AWS::OpenSearchService::Domain" | "AWS::Elasticsearch::Domain" => {
            search_domain(type_name, before, after, update_policy)
        }
        "AWS::CDK::Metadata" => known(Outcome::InPlace, "It stands for nothing in the account."),
        other if facts::treatment(other) == Treatment::CustomResource => {
            Resolution { outcome: Outcome::Open, because: Treatment::CustomResource.note() }
        }
        "AWS::SSM::Document" => document(after),
        _ => by_property(type_name, before, after),
    }
}

/// The user guide's word where it is "No interruption" or "Replacement".
static GUIDE_WORDS: &str = include_str!("../data/guide-words.txt");

/// Properties of which the guide says "Some interruptions" and that are changed in place: it has these words for all that is
/// conditional.
///
/// - RDS: the change set's Conditional is false for them (coverage roadmap 1788); what interrupts is in the guide's text of each
///   ("Changing from or to 0 is an outage" of BackupRetentionPeriod, ModifyDBInstance's "Apply Immediately" of the others).
/// - EC2 instances with a root volume of EBS, as all of today's images have it, are stopped and started
///   (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-resize.html>); an instance store's would be replaced.
const CHANGED_IN_PLACE: [(&str, &[&str]); 3] = [
    (
        "AWS::RDS::DBInstance",
        &[
            "AutoMinorVersionUpgrade",
            "BackupRetentionPeriod",
            "DBParameterGroupName",
            "MultiAZ",
            "PreferredMaintenanceWindow",
            "StorageType",
        ],
    ),
    ("AWS::EC2::Instance", &["EbsOptimized", "InstanceType", "UserData"]),
    (
        "AWS::Neptune::DBInstance",
        &["AutoMinorVersionUpgrade", "DBParameterGroupName", "PreferredMaintenanceWindow"],
    ),
];

/// The heaviest of what the changed conditional properties come down to; what nobody knows is heavier than what is in place.
fn by_property(
    type_name: &str,
    before: &IndexMap<String, Value>,
    after: &IndexMap<String, Value>,
) -> Resolution {
    let conditional = changed_properties(type_name, before, after)
        .into_iter()
        .filter(|change| change.recreation == RequiresRecreation::Conditionally);
    let outcomes = conditional.map(|change| {
        let line = format!("{type_name} {} ", change.name);
        let word = GUIDE_WORDS.lines().find_map(|each| each.strip_prefix(&line));
        let is_known = CHANGED_IN_PLACE
            .iter()
            .any(|(name, properties)| *name == type_name && properties.contains(&change.name.as_str()));
        match word {
            _ if is_known => Outcome::Interrupted,
            Some("none") => Outcome::InPlace,
            Some("replacement") => Outcome::Replaced,
            Some(_) | None => Outcome::Open,
        }
    });
    let outcome = outcomes.max_by_key(|outcome| match outcome {
        Outcome::InPlace => 0,
        Outcome::Interrupted => 1,
        Outcome::Open => 2,
        Outcome::InstancesReplaced | Outcome::ReplacedUnlessEmpty | Outcome::Replaced => 3,
    });
    let (outcome, because) = match outcome {
        Some(Outcome::InPlace) => {
            (Outcome::InPlace, Some("AWS changes it in place, by its user guide without interruption."))
        }
        Some(Outcome::Interrupted) => {
            (Outcome::Interrupted, Some("AWS changes it in place, and it may be away for a while."))
        }
        Some(Outcome::Replaced) => {
            (Outcome::Replaced, Some("By AWS's user guide this needs a new resource."))
        }
        Some(outcome @ (Outcome::Open | Outcome::InstancesReplaced | Outcome::ReplacedUnlessEmpty)) => {
            (outcome, None)
        }
        None => (Outcome::Open, None),
    };
    Resolution { outcome, because }
}

/// User guide, `AWS::OpenSearchService::Domain`, `EngineVersion`: with the update policy `EnableVersionUpgrade` it is updated without
/// interruption, without it the domain is replaced (coverage roadmap 1862). Other properties as the guide has them.
fn search_domain(
    type_name: &str,
    before: &IndexMap<String, Value>,
    after: &IndexMap<String, Value>,
    update_policy: Option<&Value>,
) -> Resolution {
    let changes = ["EngineVersion", "ElasticsearchVersion"]
        .iter()
        .any(|name| !same(before.get(*name), after.get(*name)));
    let upgrades = match update_policy {
        Some(Value::Map(policy)) => {
            policy.get("EnableVersionUpgrade").and_then(Value::scalar_text) == Some("true")
        }
        _ => false,
    };
    match (changes, upgrades) {
        (true, false) => Resolution {
            outcome: Outcome::Replaced,
            because: Some(
                "Without the update policy EnableVersionUpgrade another engine version needs a new domain.",
            ),
        },
        (true, true) => Resolution {
            outcome: Outcome::InPlace,
            because: Some("Its update policy has EnableVersionUpgrade: AWS upgrades the domain in place."),
        },
        (false, _) => by_property(type_name, before, after),
    }
}

/// User guide, `AWS::SSM::Document`, `UpdateMethod`: "If the document resource you specify in your template already exists, this
/// parameter determines whether a new version of the existing document is created, or the existing document is replaced";
/// `Replace` unless said otherwise.
fn document(after: &IndexMap<String, Value>) -> Resolution {
    let (outcome, because) = match after.get("UpdateMethod").and_then(Value::scalar_text) {
        Some("NewVersion") => {
            (Outcome::InPlace, "Its UpdateMethod is NewVersion: AWS makes a new version of the document.")
        }
        Some(_) | None => {
            (Outcome::Replaced, "Its UpdateMethod is not NewVersion: AWS replaces the document.")
        }
    };
    Resolution { outcome, because: Some(because) }
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
