//! What must be so before an upgrade begins, and what a person must know: verdict, evidence, what to do.
//!
//! Judgement only. The facts are in [`crate::Circumstances`] and in the two templates; what follows from the results
//! (no plan, or one that names what was accepted) is the draft's.

mod claim;
mod constraints;
mod data;
mod database_engine;
mod database_maintenance;
mod database_setting;
mod database_storage;
mod drain;
mod finding;
mod gate;
mod linked_stacks;
mod names;
mod parameters;
mod permissions;
mod policy;
mod stack;
mod stack_policy;
mod stack_tags;
mod storage_advice;
mod targets;
mod template_soundness;
mod update;
mod version;
mod versions;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};

use changeset::expect::Expectation;
use serde::{Deserialize, Serialize};
use template::Template;

use crate::Timestamp;
use crate::circumstances::{Circumstances, Looked};
use crate::deployment::Deployment;
use crate::door::DoorWord;
use crate::draft::{DraftError, DraftedUpdate, ReleaseSide};
use crate::plan::{Acceptance, Targets, UpdateKind};
use crate::policy::{HealthPolicy, MaintenancePolicy};
use crate::profile::Profile;
use crate::state::Maintenance;

use finding::Finding;

pub use constraints::ParameterConstraints;
pub(crate) use data::losses;
pub use parameters::{ParameterPlace, ParameterRow, parameter_table};
pub use permissions::actions_of_role;
pub(crate) use stack::way_out;
pub use storage_advice::{DatabaseStorage, StorageAdvice, least_growth, storage_advice};
pub use targets::new_targets;
pub use version::Version;
pub use versions::ReleaseFacts;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckResult {
    /// Which: a word to accept it by, such as `database-storage`.
    pub id: String,
    /// What is checked, in a few words.
    pub title: String,
    /// What came of it.
    pub verdict: Verdict,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
    /// The lines of the evidence that a person accepts with it, where it warns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// It is accepted by itself, with a reason of its own, and never together with others: it is about the database's
    /// storage, permissions, the gate, or what is replaced.
    #[serde(default)]
    pub accepted_singly: bool,
    /// What to do about it.
    pub advice: Option<String>,
    /// Parameter values that would set it right, for a program to offer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<ParameterFix>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It doesn't apply to this deployment, or could not be looked at; the evidence says which.
    Skipped,
    /// A person must know, and accept.
    Warning,
    /// It doesn't hold: there is no plan.
    Failed,
}

/// A parameter value that would set something right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParameterFix {
    /// The parameter. Never a NoEcho one.
    pub parameter: String,
    /// The value to give.
    pub value: String,
    /// Why, in a sentence.
    pub because: String,
}

/// All that the checks look at. Borrowed: checking changes nothing and keeps nothing.
#[derive(Debug, Clone, Copy)]
pub struct CheckInput<'a> {
    /// The maintenance in which the deployment is.
    pub found: Option<&'a Maintenance>,
    /// The deployment, as observed.
    pub deployment: &'a Deployment,
    /// What was found around it.
    pub circumstances: &'a Circumstances,
    /// The deployed release.
    pub before: &'a ReleaseSide,
    /// The new template: the drafted one, or as it was read when there is no draft.
    pub after: &'a Template,
    /// Parameters that the operator gives.
    pub given: &'a BTreeMap<String, String>,
    /// What the update will do, from [`crate::draft_update`]; its error when that can't be told (a missing parameter,
    /// say). Checks that need it are then skipped.
    pub foretold: Result<&'a DraftedUpdate, &'a DraftError>,
    /// The profile that found the platform's parts.
    pub profile: &'a Profile,
    /// The deployed release's version, where a catalogue knows it and its template doesn't say.
    pub deployed_version: Option<&'a str>,
    /// What is known of the new release.
    pub release: &'a ReleaseFacts,
    /// Versions that linked stacks will have when the primary stack's turn comes, where this run updates them.
    pub planned_versions: &'a BTreeMap<UpdateKind, String>,
    /// How maintenance goes about its work.
    pub maintenance: &'a MaintenancePolicy,
    /// From when to when users are kept out, as far as that can be said.
    pub window: (Timestamp, Timestamp),
    /// What proves the platform healthy.
    pub health: &'a HealthPolicy,
    /// What maintenance touches.
    pub targets: &'a Targets,
    /// Logical ids of what the profile finds in the new release; the reason when it doesn't fit.
    pub new_targets: &'a Looked<BTreeSet<String>>,
    /// The owner says that there is no gate.
    pub gateless: bool,
    /// What the owner says of listeners.
    pub door_words: &'a BTreeMap<String, DoorWord>,
    /// Priorities that the update gives to rules, by the listener's name in the template.
    pub new_priorities: &'a BTreeMap<String, BTreeSet<i32>>,
    /// Addresses that pass the closed gate.
    pub admitted: &'a [String],
    /// The profile's word on which parameter holds a database's storage: logical id, parameter. Databases whose
    /// template says so by itself needn't be here.
    pub storage_parameters: &'a [(String, String)],
    /// A recovery point older than this many seconds is stale.
    pub recovery_point_age_seconds: u64,
    /// Whether CloudFormation can read the template where the plan says it is; `None`: nobody has looked.
    pub template_reachable: Option<&'a Looked<()>>,
    /// What the operator has accepted.
    pub accepted: &'a [Acceptance],
    /// When the checks are made.
    pub now: Timestamp,
}

impl<'a> CheckInput<'a> {
    /// What happens to each resource, where it can be told.
    fn expectations(&self) -> &'a [Expectation] {
        self.foretold.map(|foretold| foretold.expectations.as_slice()).unwrap_or_default()
    }

    /// The deployed release's version.
    fn version_before(&self) -> Option<String> {
        self.before.version(Some(self.profile)).or_else(|| self.deployed_version.map(str::to_owned))
    }

    /// Whether the operator has accepted that a resource is replaced or removed.
    fn acceptance(&self, what: &str) -> Option<&'a Acceptance> {
        self.accepted.iter().find(|one| one.what == what)
    }
}

/// Every check, in the order in which a person reads them. A new one is a value in its file, and its line here.
static CHECKS: &[&Check] = &[
    &permissions::IDENTITY,
    &permissions::PERMISSIONS_CALLER,
    &permissions::PERMISSIONS_ROLE,
    &claim::CLAIM,
    &stack::STACK_STATUS,
    &stack::ROLLBACK,
    &stack::TERMINATION_PROTECTION,
    &stack_policy::STACK_POLICY,
    &stack_tags::STACK_TAGS,
    &stack::DRIFT,
    &template_soundness::TEMPLATE_LIMITS,
    &template_soundness::TEMPLATE_REACHABLE,
    &versions::VERSION_PATH,
    &linked_stacks::BACKUP_STACK,
    &linked_stacks::RECOVERY_POINT,
    &linked_stacks::ROLE_STACK,
    &parameters::PARAMETERS,
    &database_storage::DATABASE_STORAGE,
    &database_engine::DATABASE_ENGINE,
    &database_maintenance::DATABASE_MAINTENANCE,
    &template_soundness::CAPABILITIES,
    &update::QUOTAS,
    &update::UPDATE_FAILS,
    &names::CUSTOM_NAMES,
    &data::REPLACEMENTS,
    &update::EXPECTED_CHANGES,
    &targets::TARGETS,
    &targets::NESTED_STACKS,
    &gate::DOORS,
    &gate::GATE_SPACE,
    &workloads::PLATFORM_HEALTH,
    &workloads::ALARMS,
    &workloads::WORKLOADS,
    &drain::PROTECTED_INSTANCES,
    &drain::SUSPENDED_PROCESSES,
    &drain::INSTANCE_REFRESHES,
    &drain::SCHEDULED_ACTIONS,
    &drain::JOB_QUEUES,
    &drain::ECS_SERVICES,
    &policy::MAINTENANCE_POLICY,
    &policy::HEALTH_POLICY,
];

/// What is checked, and how.
struct Check {
    /// A word to accept it by, such as `database-storage`.
    id: &'static str,
    /// In a few words.
    title: &'static str,
    make: fn(&CheckInput<'_>, Finding) -> CheckResult,
    /// It is accepted by itself, with a reason of its own: nobody says yes to it together with other things.
    accepted_singly: bool,
    /// It is about how a deployment and its settings are, and warns of the same every evening.
    is_standing: bool,
}

impl Check {
    const fn new(
        id: &'static str,
        title: &'static str,
        make: fn(&CheckInput<'_>, Finding) -> CheckResult,
    ) -> Check {
        Check { id, title, make, accepted_singly: false, is_standing: false }
    }

    const fn accepted_singly(self) -> Check {
        Check { accepted_singly: true, ..self }
    }

    const fn standing(self) -> Check {
        Check { is_standing: true, ..self }
    }
}

/// Makes every check. A fact that could not be looked at skips its check,
/// with the reason, and warns where going on blind is dangerous. What the operator accepted is said beside the
/// verdict; only an accepted replacement changes it.
#[must_use]
pub fn check(input: &CheckInput<'_>) -> Vec<CheckResult> {
    let make = |check: &&Check| (check.make)(input, Finding::new(check));
    let mut found: Vec<CheckResult> = CHECKS.iter().map(make).collect();
    for result in &mut found {
        if let Some(accepted) = input.accepted.iter().find(|one| one.covers(result)) {
            result.evidence.push(format!("Accepted by {}: {}", accepted.who, accepted.why));
        }
    }
    found
}

/// The ids of checks of how a deployment and its settings are: what they warn of is the same every evening, so it may be
/// accepted once, in the settings. What an evening brings (work, recovery points, drift, what the update does) may not.
#[must_use]
pub fn standing_checks() -> Vec<&'static str> {
    let mut ids: Vec<&str> = CHECKS.iter().filter(|check| check.is_standing).map(|check| check.id).collect();
    ids.sort_unstable();
    ids
}

/// The id of every check, in the order in which a person reads them.
pub fn check_ids() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|check| check.id)
}

/// The results that stand in the way of a plan: what failed, and every warning that nobody has accepted by its id, as it
/// is said now.
#[must_use]
pub fn in_the_way<'r>(results: &'r [CheckResult], accepted: &[Acceptance]) -> Vec<&'r CheckResult> {
    let stands = |result: &&CheckResult| match result.verdict {
        Verdict::Failed => true,
        Verdict::Warning => !accepted.iter().any(|one| one.covers(result)),
        Verdict::Passed | Verdict::Skipped => false,
    };
    results.iter().filter(stands).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CHECKS, standing_checks};

    #[test]
    fn every_check_has_an_id_and_a_title_of_its_own() {
        let ids: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
        let titles: BTreeSet<&str> = CHECKS.iter().map(|check| check.title).collect();
        assert_eq!((ids.len(), titles.len()), (CHECKS.len(), CHECKS.len()));
        for check in CHECKS.iter() {
            assert!(check.id.bytes().all(|one| one.is_ascii_lowercase() || one == b'-'), "{}", check.id);
            // What is accepted by itself is about this evening's update.
            assert!(!(check.is_standing && check.accepted_singly), "{}", check.id);
        }
        assert!(!standing_checks().is_empty());
    }
}
