//! What is told beside an answer: why there is none, and what a reader should know. Each is a line on standard error.

use schemars::JsonSchema;
use serde::Serialize;

use super::Answer;
use crate::error::Exit;

/// Why a command failed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// The exit code.
    pub code: u8,
    /// What that means, in a word: `failed`, `bad-input`, …
    pub exit: &'static str,
    pub message: String,
    /// What to do, a sentence each.
    pub hints: Vec<String>,
}

impl Problem {
    pub(crate) fn new(kind: Exit, message: String, hints: Vec<String>) -> Problem {
        Problem { code: kind.code(), exit: kind.word(), message, hints }
    }
}

impl Answer for Problem {
    const NAME: &'static str = "error";
}

/// `slackwater plan`: the approval of the plan that was printed is of this hash.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanDrawn {
    pub plan_sha256: String,
    /// Where it is kept.
    pub file: Option<String>,
}

impl Answer for PlanDrawn {
    const NAME: &'static str = "plan";
}

/// Something to know beside the answer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Remark {
    pub message: String,
}

impl Answer for Remark {
    const NAME: &'static str = "remark";
}
