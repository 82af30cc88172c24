//! What came of a check before an upgrade.

use schemars::JsonSchema;
use serde::Serialize;
use upgrade::{CheckResult, ParameterFix, Verdict};

/// A check, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// A word to accept it by, such as `database-storage`.
    pub id: String,
    pub title: String,
    pub verdict: CheckVerdict,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
    /// The lines of the evidence that a person accepts with it, where it warns.
    pub warnings: Vec<String>,
    /// It is accepted by itself, with a reason of its own, and never together with others.
    pub accepted_singly: bool,
    /// What to do about it.
    pub advice: Option<String>,
    /// Parameter values that would set it right.
    pub fixes: Vec<ParameterValue>,
}

/// `skipped`: it doesn't apply, or could not be looked at. `warning`: a person must accept it. `failed`: there is no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckVerdict {
    Passed,
    Skipped,
    Warning,
    Failed,
}

/// A parameter value that would set something right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParameterValue {
    pub parameter: String,
    pub value: String,
    pub because: String,
}

impl From<CheckResult> for Check {
    fn from(result: CheckResult) -> Check {
        let CheckResult { id, title, verdict, evidence, warnings, accepted_singly, advice, fixes } = result;
        let verdict = match verdict {
            Verdict::Passed => CheckVerdict::Passed,
            Verdict::Skipped => CheckVerdict::Skipped,
            Verdict::Warning => CheckVerdict::Warning,
            Verdict::Failed => CheckVerdict::Failed,
        };
        let fix = |ParameterFix { parameter, value, because }| ParameterValue { parameter, value, because };
        let fixes = fixes.into_iter().map(fix).collect();
        Check { id, title, verdict, evidence, warnings, accepted_singly, advice, fixes }
    }
}
