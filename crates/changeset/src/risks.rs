//! What an update may cost: lost data, interruption, names in the way, what can't be undone.
//!
//! Derived from the expectations, never from AWS's words alone.

use crate::capabilities::capabilities;
use crate::change_set::PolicyAction;
use crate::expect::{Because, Expectation, Expected, unsupported_attribute};
use crate::facts::{self, Treatment};
use crate::predict::Side;
use crate::rules::exclusive::Effect;
use crate::rules::no_return::Loss;

/// A danger of the update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// What kind.
    pub kind: RiskKind,
    /// False when it depends on something that only AWS knows.
    pub certain: bool,
    /// The resource, where it is one.
    pub logical_id: Option<String>,
    /// Its type, where it is one.
    pub resource_type: Option<String>,
    /// Why, in a sentence.
    pub because: String,
}

/// Kinds of danger, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskKind {
    /// Data goes with a resource.
    DataLost,
    /// The update fails: a custom-named resource would have to be replaced, or a service would refuse.
    UpdateFails,
    /// What is made is gone when the clean-up removes what had its place.
    GoneAfterCleanUp,
    /// A step that can't be taken back by going back to the old template.
    Irreversible,
    /// Something that serves stops for a while.
    Interruption,
    /// A resource is deleted, without data of its own.
    ResourceDeleted,
    /// A resource leaves the stack and stays in the account.
    LeftBehind,
    /// Whether something is replaced is known to AWS alone.
    Undecided,
    /// The operator has to acknowledge a capability.
    CapabilityNeeded,
}

impl RiskKind {
    /// For a person.
    pub fn title(self) -> &'static str {
        match self {
            RiskKind::DataLost => "data is lost",
            RiskKind::UpdateFails => "the update fails",
            RiskKind::GoneAfterCleanUp => "gone after the clean-up",
            RiskKind::Irreversible => "cannot be undone",
            RiskKind::Interruption => "interruption",
            RiskKind::ResourceDeleted => "a resource is deleted",
            RiskKind::LeftBehind => "a resource is left behind",
            RiskKind::Undecided => "known to AWS alone",
            RiskKind::CapabilityNeeded => "a capability is needed",
        }
    }
}

/// Types whose replacement, or whose instances' replacement, interrupts what they serve, with the reason.
const SERVING: [(&str, &str); 14] = [
    ("AWS::AutoScaling::AutoScalingGroup", "its instances end and new ones start"),
    ("AWS::Batch::ComputeEnvironment", "its instances end, and jobs that run on them with them"),
    ("AWS::EC2::Instance", "the instance ends and another one starts"),
    ("AWS::ECS::Service", "its tasks end and new ones start"),
    ("AWS::EFS::MountTarget", "the file system can't be reached through it meanwhile"),
    ("AWS::ElastiCache::CacheCluster", "clients lose their connections"),
    ("AWS::ElastiCache::ReplicationGroup", "clients lose their connections"),
    ("AWS::ElasticLoadBalancingV2::Listener", "connections through it end"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "its address changes"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "targets have to register and become healthy again"),
    ("AWS::Lambda::Function", "calls meanwhile may fail"),
    ("AWS::RDS::DBCluster", "clients lose their connections"),
    ("AWS::RDS::DBInstance", "clients lose their connections"),
    ("AWS::Route53::RecordSet", "names resolve to the old address until caches expire"),
];

/// Properties whose change in place interrupts, with the reason (RDS and ElastiCache user guides). What can't be undone is in
/// [`crate::rules::no_return`].
const INTERRUPTING: [(&str, &str, &str); 4] = [
    ("AWS::RDS::DBInstance", "EngineVersion", "the database restarts"),
    ("AWS::RDS::DBInstance", "DBInstanceClass", "the database restarts"),
    ("AWS::ElastiCache::ReplicationGroup", "CacheNodeType", "its nodes are exchanged"),
    ("AWS::RDS::DBInstance", "StorageType", "the database is slow, or away, while its storage is converted"),
];

/// The risks of an update, the gravest first, then by logical id.
pub fn risks(expectations: &[Expectation], after: &Side<'_>) -> Vec<Risk> {
    let mut found: Vec<Risk> = expectations.iter().flat_map(of_resource).collect();
    found.extend(capabilities(after.template()).into_iter().map(|needed| Risk {
        kind: RiskKind::CapabilityNeeded,
        certain: true,
        logical_id: None,
        resource_type: None,
        because: format!(
            "{} must be acknowledged because of {}.",
            needed.capability.word(),
            list(&needed.because_of)
        ),
    }));
    found.extend(after.active_outputs().filter_map(|output| {
        let refusal = [Some(&output.value), output.export_name.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|node| unsupported_attribute(after, node))?;
        Some(Risk {
            kind: RiskKind::UpdateFails,
            certain: true,
            logical_id: None,
            resource_type: None,
            because: format!("The output {}: {refusal}", output.name),
        })
    }));
    found.sort_by(|one, other| (one.kind, &one.logical_id).cmp(&(other.kind, &other.logical_id)));
    found
}

fn of_resource(one: &Expectation) -> Vec<Risk> {
    let risk = |kind, certain, because: String| Risk {
        kind,
        certain,
        logical_id: Some(one.logical_id.clone()),
        resource_type: Some(one.resource_type.clone()),
        because,
    };
    let first = || one.because.first().map(ToString::to_string).unwrap_or_default();
    let mut found: Vec<Risk> = one
        .collisions
        .iter()
        .filter_map(|collision| match collision.effect {
            Effect::Overwritten => {
                Some(risk(RiskKind::GoneAfterCleanUp, collision.certain, collision.to_string()))
            }
            Effect::Refused if one.expected != Expected::Fails => {
                Some(risk(RiskKind::UpdateFails, false, collision.to_string()))
            }
            Effect::Refused => None,
        })
        .collect();
    if one.because.iter().any(|because| matches!(because, Because::Interrupted(_))) {
        let why = format!("{} is changed in place and may be away for a while.", one.logical_id);
        found.push(risk(RiskKind::Interruption, false, why));
    }
    match one.expected {
        Expected::Unchanged | Expected::Added => return found,
        Expected::MayBeUpdated | Expected::UpdatedInPlace => found.extend(delicate(one)),
        Expected::InstancesReplaced => found.extend(delicate(one)),
        Expected::Fails => found.push(risk(RiskKind::UpdateFails, true, first())),
        Expected::MayBeReplaced => {
            found.push(risk(RiskKind::Undecided, false, first()));
            found.extend(loss(one, false));
        }
        Expected::Replaced => found.extend(loss(one, true)),
        Expected::Removed => found.extend(removal(one)),
    }
    let stops = matches!(
        one.expected,
        Expected::InstancesReplaced | Expected::Replaced | Expected::MayBeReplaced | Expected::Removed
    );
    if let Some((_, why)) = SERVING.iter().find(|(type_name, _)| stops && *type_name == one.resource_type) {
        let certain = one.expected != Expected::MayBeReplaced;
        found.push(risk(RiskKind::Interruption, certain, format!("{}: {why}.", one.logical_id)));
    }
    if facts::treatment(&one.resource_type) == Treatment::Unknown
        && let Some(note) = Treatment::Unknown.note()
    {
        found.push(risk(RiskKind::Undecided, false, note.to_owned()));
    }
    found
}

/// What becomes of the data of a replaced resource.
fn loss(one: &Expectation, certain: bool) -> Option<Risk> {
    let stateful = facts::resource_type(&one.resource_type)?.stateful.as_ref()?;
    let how = match one.old_resource? {
        PolicyAction::ReplaceAndDelete | PolicyAction::Delete => "the old one is deleted with its data",
        PolicyAction::ReplaceAndSnapshot | PolicyAction::Snapshot => {
            "the old one's data is only in a snapshot, which the new one doesn't have"
        }
        PolicyAction::ReplaceAndRetain | PolicyAction::Retain => {
            "the old one stays with its data, the new one starts empty"
        }
    };
    Some(Risk {
        kind: RiskKind::DataLost,
        certain: certain && !matches!(one.old_resource, Some(PolicyAction::ReplaceAndRetain)),
        logical_id: Some(one.logical_id.clone()),
        resource_type: Some(one.resource_type.clone()),
        because: format!("{} keeps data ({}) and is replaced: {how}.", one.logical_id, stateful.because),
    })
}

fn removal(one: &Expectation) -> Vec<Risk> {
    let stateful = facts::resource_type(&one.resource_type).and_then(|facts| facts.stateful.as_ref());
    let (kind, because) = match (one.old_resource, stateful) {
        (Some(PolicyAction::Retain), _) => {
            (RiskKind::LeftBehind, format!("{} leaves the stack and stays in the account.", one.logical_id))
        }
        (Some(PolicyAction::Snapshot), _) => (
            RiskKind::Irreversible,
            format!("{} is deleted after a snapshot; going back makes a new, empty one.", one.logical_id),
        ),
        (_, Some(stateful)) => (
            RiskKind::DataLost,
            format!("{} keeps data ({}) and is deleted with it.", one.logical_id, stateful.because),
        ),
        (_, None) => (RiskKind::ResourceDeleted, format!("{} is deleted.", one.logical_id)),
    };
    vec![Risk {
        kind,
        certain: true,
        logical_id: Some(one.logical_id.clone()),
        resource_type: Some(one.resource_type.clone()),
        because,
    }]
}

fn delicate(one: &Expectation) -> Vec<Risk> {
    let risk = |kind, because| Risk {
        kind,
        certain: one.expected != Expected::MayBeUpdated,
        logical_id: Some(one.logical_id.clone()),
        resource_type: Some(one.resource_type.clone()),
        because,
    };
    let for_good = one.no_way_back.iter().filter(|line| line.loss == Loss::Lost).map(|line| {
        let why = format!("{} of {} changes: {}.", line.property, one.logical_id, line.why);
        risk(RiskKind::Irreversible, why)
    });
    let meanwhile = INTERRUPTING
        .iter()
        .filter(|(type_name, property, _)| {
            *type_name == one.resource_type && one.changed_properties.contains(*property)
        })
        .map(|(_, property, why)| {
            risk(RiskKind::Interruption, format!("{property} of {} changes: {why}.", one.logical_id))
        });
    for_good.chain(meanwhile).collect()
}

fn list(names: &std::collections::BTreeSet<String>) -> String {
    const SHOWN: usize = 5;
    let mut shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    let more = format!("{} more", names.len().saturating_sub(SHOWN));
    if names.len() > SHOWN {
        shown.push(&more);
    }
    shown.join(", ")
}
