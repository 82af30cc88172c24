//! What must be so before an upgrade begins, and what a person must know: verdict, evidence, what to do.

use serde::{Deserialize, Serialize};

/// One check's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Which: a word to accept it by, such as `database-storage`.
    pub id: String,
    /// What is checked, in a few words.
    pub title: String,
    /// What came of it.
    pub verdict: Verdict,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
    /// What to do about it.
    pub advice: Option<String>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
