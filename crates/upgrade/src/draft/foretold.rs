//! What updates will do, whether or not there may be a plan: what is read before anything is decided.

use serde::{Deserialize, Serialize};

use super::properties::ChangedProperty;
use super::update::{DraftedUpdate, planned_risks};
use crate::checks::losses;
use crate::plan::{PlannedRisk, StackUpdate};

/// What the updates will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foretold {
    /// The linked stacks' updates, and the primary stack's.
    pub updates: Vec<StackUpdate>,
    /// What they may cost, the gravest first.
    pub risks: Vec<PlannedRisk>,
    /// The least IAM policy of the primary stack's, JSON.
    pub permissions: String,
    /// Resources whose data goes with them, by logical id: each must be accepted by it.
    pub losses: Vec<String>,
    /// What becomes of each property that changes.
    #[serde(default)]
    pub properties: Vec<ChangedProperty>,
}

impl Foretold {
    /// Of the linked stacks' updates and the primary stack's.
    #[must_use]
    pub fn by_updates(linked: &[DraftedUpdate], primary: &DraftedUpdate) -> Foretold {
        let all = || linked.iter().chain([primary]);
        Foretold {
            updates: all().map(|drafted| drafted.update.clone()).collect(),
            risks: planned_risks(all()),
            permissions: primary.policy(),
            losses: losses(primary),
            properties: all().flat_map(|drafted| drafted.properties.iter().cloned()).collect(),
        }
    }
}
