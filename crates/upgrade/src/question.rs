//! What only a person may decide, and what they can answer.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::plan::UpdateKind;
use crate::step::Step;

/// A question that holds a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// The rollback of an update has failed: only ContinueUpdateRollback leads on (or deleting the stack).
    RollbackFailed {
        update: UpdateKind,
        /// The first failure of the update, in words.
        root_cause: String,
        /// The resources whose rollback failed: the only ones that may be skipped.
        resources: Vec<StuckResource>,
        /// Why AWS would not continue the rollback as it was answered before.
        refused: Option<String>,
    },
    /// An update that has begun can't be looked at, for long: keys that have expired, rights that were taken.
    Unseen {
        update: UpdateKind,
        /// What the last look came to.
        error: String,
        /// For how long.
        minutes: u64,
    },
    /// The credentials are over, and their source gives no others: it is tried on meanwhile.
    NoCredentials {
        step: Step,
        /// What the last call came to.
        error: String,
        /// Whether stopping here puts back what was taken away, once there are credentials.
        can_leave: bool,
    },
    /// The platform isn't healthy, and users are kept out for it.
    Unhealthy {
        /// What is wrong, one line each.
        findings: Vec<String>,
        /// Whether the plan has a way back.
        can_go_back: bool,
    },
    /// Maintenance is being left, and something holds it: it is tried on meanwhile, or somebody asked to stop here.
    Leaving {
        step: Step,
        /// What holds it, one line each.
        held: Vec<String>,
        /// Whether the plan has a way back.
        can_go_back: bool,
        /// Whether it is tried on while nobody answers.
        tried_on: bool,
    },
    /// The gate that the run relies on is gone: somebody opened it, and users may be at work.
    GateGone {
        /// Whether the stack is being updated.
        updating: bool,
        /// The ways in that were found open, by name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        doors: Vec<String>,
    },
    /// The announced closing time had passed before the run began.
    WindowPassed {
        /// The announced time.
        closes_at: Timestamp,
    },
}

/// A resource whose rollback failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StuckResource {
    /// Its name in the template.
    pub logical_id: String,
    pub resource_type: String,
    /// Why, in AWS's words.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Roll back once more, passing over these resources: CloudFormation then believes that they were rolled back,
    /// whatever they really are.
    ContinueRollback {
        /// Logical ids; empty: try all of them again, their cause having been mended.
        skip: Vec<String>,
    },
    /// Roll back once more, passing over whatever failed to roll back, in nested stacks too (`ForceRollback`). What names would be
    /// given for a nested stack's resources nobody needs to know.
    ForceRollback,
    /// Look again, and wait on.
    LookAgain,
    /// Update the stack back to the template and the parameters it had.
    GoBack,
    /// Let users in as it is.
    Open,
    /// End the run as it is: users who were shut out stay out.
    StayClosed,
    /// Close the gate again, and go on.
    CloseAgain,
    /// Go on, the closing time being now.
    GoOn,
    /// Stop here: what the run took away is put back.
    Leave,
}

impl Question {
    /// Whether what it is about is tried on while nobody answers.
    #[must_use]
    pub fn is_tried_on(&self) -> bool {
        match self {
            Question::Leaving { tried_on, .. } => *tried_on,
            Question::NoCredentials { .. } => true,
            Question::RollbackFailed { .. }
            | Question::Unseen { .. }
            | Question::Unhealthy { .. }
            | Question::GateGone { .. }
            | Question::WindowPassed { .. } => false,
        }
    }

    /// The resources whose rollback failed, where it is about one.
    #[must_use]
    pub fn stuck(&self) -> &[StuckResource] {
        match self {
            Question::RollbackFailed { resources, .. } => resources,
            Question::Unseen { .. }
            | Question::NoCredentials { .. }
            | Question::Unhealthy { .. }
            | Question::Leaving { .. }
            | Question::GateGone { .. }
            | Question::WindowPassed { .. } => &[],
        }
    }

    /// The answers that it takes, but for which resources a rollback skips.
    #[must_use]
    pub fn answers(&self) -> Vec<Answer> {
        let back = |can: bool| can.then_some(Answer::GoBack);
        match self {
            Question::RollbackFailed { .. } => {
                let retry = Answer::ContinueRollback { skip: Vec::new() };
                vec![retry, Answer::LookAgain, Answer::ForceRollback, Answer::StayClosed]
            }
            Question::Unseen { .. } => vec![Answer::LookAgain, Answer::StayClosed],
            Question::NoCredentials { can_leave, .. } => {
                let mut answers = vec![Answer::LookAgain];
                answers.extend(can_leave.then_some(Answer::Leave));
                answers.push(Answer::StayClosed);
                answers
            }
            Question::Unhealthy { can_go_back, .. } | Question::Leaving { can_go_back, .. } => {
                let mut answers = vec![Answer::LookAgain];
                answers.extend(back(*can_go_back));
                answers.extend([Answer::Open, Answer::StayClosed]);
                answers
            }
            Question::GateGone { updating, doors: _ } => {
                vec![Answer::CloseAgain, if *updating { Answer::Open } else { Answer::Leave }]
            }
            Question::WindowPassed { .. } => vec![Answer::GoOn, Answer::Leave],
        }
    }

    /// Whether the answer is one to this question.
    #[must_use]
    pub fn takes(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Question::RollbackFailed { resources, .. }, Answer::ContinueRollback { skip }) => {
                skip.iter().all(|id| resources.iter().any(|stuck| stuck.logical_id == *id))
            }
            (_, answer) => self.answers().contains(answer),
        }
    }
}

impl Answer {
    /// In one word: as it is typed, as an option of the command line, as the API takes it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Answer::ContinueRollback { skip } if skip.is_empty() => "retry",
            Answer::ContinueRollback { .. } => "skip",
            Answer::ForceRollback => "skip-all",
            Answer::LookAgain => "look-again",
            Answer::GoBack => "go-back",
            Answer::Open => "open",
            Answer::StayClosed => "stay-closed",
            Answer::CloseAgain => "close-again",
            Answer::GoOn => "go-on",
            Answer::Leave => "stop-here",
        }
    }

    /// The answer of a word; `skip` goes with that word alone.
    #[must_use]
    pub fn from_word(word: &str, skip: Vec<String>) -> Option<Answer> {
        let retry = Answer::ContinueRollback { skip };
        if retry.word() == word {
            return Some(retry);
        }
        let others = [
            Answer::ForceRollback,
            Answer::LookAgain,
            Answer::GoBack,
            Answer::Open,
            Answer::StayClosed,
            Answer::CloseAgain,
            Answer::GoOn,
            Answer::Leave,
        ];
        others.into_iter().find(|answer| answer.word() == word)
    }

    /// For a person.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Answer::ContinueRollback { skip } if skip.is_empty() => "continue the rollback".to_owned(),
            Answer::ContinueRollback { skip } => {
                format!("continue the rollback, skipping {}", skip.join(", "))
            }
            Answer::ForceRollback => "continue the rollback, skipping whatever failed".to_owned(),
            Answer::LookAgain => "look again, and wait on".to_owned(),
            Answer::GoBack => "go back to the previous release".to_owned(),
            Answer::Open => "end maintenance as it is".to_owned(),
            Answer::StayClosed => "end the run as it is".to_owned(),
            Answer::CloseAgain => "close the gate again and go on".to_owned(),
            Answer::GoOn => "go on".to_owned(),
            Answer::Leave => "stop here and put back what the run took away".to_owned(),
        }
    }

    /// What it does, as an answer to this question: for a person who is about to give it.
    #[must_use]
    pub fn meaning(&self, question: &Question) -> &'static str {
        match self {
            Answer::ContinueRollback { skip } if skip.is_empty() => "try the rollback again",
            Answer::ContinueRollback { .. } => {
                "try again, passing over what is named: CloudFormation then believes that it was rolled back"
            }
            Answer::ForceRollback => "try again, passing over whatever failed, in nested stacks too",
            Answer::LookAgain => match question {
                Question::Unseen { .. } => "look again, for half an hour",
                Question::RollbackFailed { .. } => "look again: somebody continued it in the console, say",
                Question::Unhealthy { .. }
                | Question::NoCredentials { .. }
                | Question::Leaving { .. }
                | Question::GateGone { .. }
                | Question::WindowPassed { .. } => "look again, and wait on with a fresh deadline",
            },
            Answer::GoBack => "update the stack back to the previous release, as the plan has it",
            Answer::Open => "end maintenance as it is, users in; what is not put back stays on the list",
            Answer::StayClosed => "end the run as it is; whoever is kept out stays out",
            Answer::CloseAgain => "close the gate again and go on",
            Answer::GoOn => "go on: the gate closes when its turn comes, without more notice",
            Answer::Leave => "stop here: what this run took away is put back",
        }
    }

    /// Whether it brings about what no other answer takes back: the update is undone, users meet what isn't whole, or stay out
    /// with nobody at work on it, or CloudFormation believes what isn't so. Who gives it is asked once more.
    #[must_use]
    pub fn is_grave(&self) -> bool {
        match self {
            Answer::ContinueRollback { skip } => !skip.is_empty(),
            Answer::ForceRollback | Answer::GoBack | Answer::Open | Answer::StayClosed => true,
            Answer::LookAgain | Answer::CloseAgain | Answer::GoOn | Answer::Leave => false,
        }
    }
}
