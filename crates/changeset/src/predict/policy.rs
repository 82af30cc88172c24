//! What happens to the old physical resource, by `DeletionPolicy` and `UpdateReplacePolicy`.

use template::{Position, Resource, Value};

use super::{PredictError, Side, Unresolved, text};
use crate::change_set::PolicyAction;

/// A policy that AWS would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}:{}:{}: {logical_id}: {policy} is Delete, Retain, Snapshot or (for DeletionPolicy) RetainExceptOnCreate",
    .at.line, .at.column
)]
pub struct PolicyError {
    /// The template's file.
    pub file: String,
    /// Where it stands.
    pub at: Position,
    /// The resource.
    pub logical_id: String,
    /// `DeletionPolicy` or `UpdateReplacePolicy`.
    pub policy: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Delete,
    Retain,
    Snapshot,
}

/// What removing does: the deployed template's `DeletionPolicy` decides, since the new one doesn't have the
/// resource.
pub(crate) fn removal(side: &Side<'_>, resource: &Resource) -> Result<PolicyAction, PredictError> {
    let written = fate(side, resource, "DeletionPolicy").map_err(|error| error.on(PredictError::Before))?;
    Ok(match written.unwrap_or_else(|| default_on_deletion(side, resource)) {
        Fate::Delete => PolicyAction::Delete,
        Fate::Retain => PolicyAction::Retain,
        Fate::Snapshot => PolicyAction::Snapshot,
    })
}

/// What replacing does with the old resource: the new template's `UpdateReplacePolicy` decides.
pub(crate) fn replacement_of_old(side: &Side<'_>, resource: &Resource) -> Result<PolicyAction, PredictError> {
    let written =
        fate(side, resource, "UpdateReplacePolicy").map_err(|error| error.on(PredictError::After))?;
    Ok(match written.unwrap_or(Fate::Delete) {
        Fate::Delete => PolicyAction::ReplaceAndDelete,
        Fate::Retain => PolicyAction::ReplaceAndRetain,
        Fate::Snapshot => PolicyAction::ReplaceAndSnapshot,
    })
}

/// Without a policy everything is deleted, but for these (user guide, `DeletionPolicy`): "The default policy
/// is Snapshot for AWS::RDS::DBCluster resources and for AWS::RDS::DBInstance resources that don't specify
/// the DBClusterIdentifier property."
fn default_on_deletion(side: &Side<'_>, resource: &Resource) -> Fate {
    let in_a_cluster = || {
        let node = resource.properties.as_ref().and_then(|properties| properties.get("DBClusterIdentifier"));
        node.is_some_and(|node| !matches!(text(side, node), Ok(None)))
    };
    match resource.type_name.as_str() {
        "AWS::RDS::DBCluster" => Fate::Snapshot,
        "AWS::RDS::DBInstance" if !in_a_cluster() => Fate::Snapshot,
        _ => Fate::Delete,
    }
}

enum FateError {
    Evaluate(template::EvaluateError),
    Policy(PolicyError),
}

impl FateError {
    fn on(self, side: impl FnOnce(template::EvaluateError) -> PredictError) -> PredictError {
        match self {
            FateError::Evaluate(error) => side(error),
            FateError::Policy(error) => PredictError::Policy(error),
        }
    }
}

fn fate(side: &Side<'_>, resource: &Resource, policy: &'static str) -> Result<Option<Fate>, FateError> {
    let node = match policy {
        "DeletionPolicy" => resource.deletion_policy.as_ref(),
        _ => resource.update_replace_policy.as_ref(),
    };
    let Some(node) = node else { return Ok(None) };
    match side.evaluate(node, &Unresolved).map_err(FateError::Evaluate)? {
        Value::Null => Ok(None),
        Value::String(word) if word == "Delete" => Ok(Some(Fate::Delete)),
        Value::String(word) if word == "Retain" || word == "RetainExceptOnCreate" => Ok(Some(Fate::Retain)),
        Value::String(word) if word == "Snapshot" => Ok(Some(Fate::Snapshot)),
        _ => Err(FateError::Policy(PolicyError {
            file: side.template().name.clone(),
            at: node.at,
            logical_id: resource.logical_id.clone(),
            policy,
        })),
    }
}
