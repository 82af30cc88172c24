//! What a run asks of a person.

use schemars::JsonSchema;
use serde::Serialize;
use upgrade::Question;

use crate::moment::Moment;

/// A question, with the answers that it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AskedQuestion {
    #[serde(flatten)]
    pub about: QuestionKind,
    pub answers: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum QuestionKind {
    RollbackFailed { root_cause: String, refused: Option<String>, resources: Vec<String> },
    Unseen { error: String, minutes: u64 },
    NoCredentials { step: &'static str, error: String },
    Unhealthy { findings: Vec<String> },
    Leaving { step: &'static str, held: Vec<String>, tried_on: bool },
    GateGone { updating: bool, doors: Vec<String> },
    WindowPassed { closes_at: Moment },
}

impl From<&Question> for AskedQuestion {
    fn from(question: &Question) -> AskedQuestion {
        let mut answers: Vec<&'static str> = question.answers().iter().map(upgrade::Answer::word).collect();
        let about = match question.clone() {
            Question::RollbackFailed { update: _, root_cause, resources, refused } => {
                // Passing over some of them is trying again.
                answers.insert(1, "skip");
                let resources = resources.into_iter().map(|one| one.logical_id).collect();
                QuestionKind::RollbackFailed { root_cause, refused, resources }
            }
            Question::Unseen { update: _, error, minutes } => QuestionKind::Unseen { error, minutes },
            Question::NoCredentials { step, error, can_leave: _ } => {
                QuestionKind::NoCredentials { step: step.title(), error }
            }
            Question::Unhealthy { findings, can_go_back: _ } => QuestionKind::Unhealthy { findings },
            Question::Leaving { step, held, can_go_back: _, tried_on } => {
                QuestionKind::Leaving { step: step.title(), held, tried_on }
            }
            Question::GateGone { updating, doors } => QuestionKind::GateGone { updating, doors },
            Question::WindowPassed { closes_at } => {
                QuestionKind::WindowPassed { closes_at: closes_at.into() }
            }
        };
        AskedQuestion { about, answers }
    }
}
