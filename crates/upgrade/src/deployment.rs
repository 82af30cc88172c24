//! A deployment as it was observed before anything was planned.

use std::collections::BTreeMap;

use crate::observation::LogicalResource;

/// A deployment as observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub stack_name: String,
    pub stack_id: String,
    /// The stack's status.
    pub status: String,
    /// When it was last updated, as AWS writes it; `None`: never.
    pub last_updated: Option<String>,
    /// Twelve digits.
    pub account_id: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The deployed template, as it was sent (AWS's stage `Original`).
    pub template: String,
    /// Parameter values. A NoEcho parameter is `****`, as AWS shows it.
    pub parameters: BTreeMap<String, String>,
    /// The stack's own tags.
    pub tags: BTreeMap<String, String>,
    /// Every resource that has a physical id.
    pub resources: Vec<LogicalResource>,
}
