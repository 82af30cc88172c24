//! What is decided of an upgrade, and what there is to choose from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::draft::UpdateOptions;
use crate::plan::Acceptance;

/// What people decide of an upgrade, beside its release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UpgradeChoices {
    /// Parameters that are given; every other one keeps its value, or takes the new default.
    pub given: BTreeMap<String, String>,
    /// Checks and losses that somebody accepted.
    pub accepted: Vec<Acceptance>,
    /// Settings of the stack operation.
    pub options: UpdateOptions,
    /// Sessions that may be stopped unsaved, by id.
    pub force_sessions: Vec<String>,
    /// When the gate closes; `None`: after the settings' notice.
    pub closes_at: Option<Timestamp>,
    /// Everything that may be accepted is, and said to be: a rehearsal touches nothing that is real.
    #[serde(skip)]
    pub accepts_everything: bool,
}

/// A release of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Its version, as its template tells it.
    pub version: String,
    /// Its template: a file's path or a URL.
    pub template: String,
    /// The least version that may be upgraded to it.
    pub from_at_least: Option<String>,
    /// The least version of the backup stack.
    pub backup_at_least: Option<String>,
    /// Whether an upgrade to a later release must stop at this one.
    pub required_stop: bool,
    /// What its vendor says about it: a text or a URL.
    pub notes: Option<String>,
}
