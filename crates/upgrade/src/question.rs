//! What only a person may decide, and what they can answer.

use serde::{Deserialize, Serialize};

use crate::plan::UpdateKind;

/// A question that holds a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// The rollback of an update has failed: only ContinueUpdateRollback leads on (or deleting the stack).
    RollbackFailed {
        /// Whose.
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
        /// Whose.
        update: UpdateKind,
        /// What the last look came to.
        error: String,
        /// For how long.
        minutes: u64,
    },
    /// The update is complete and the platform isn't healthy.
    Unhealthy {
        /// What is wrong, one line each.
        findings: Vec<String>,
        /// Whether the plan has a way back.
        can_go_back: bool,
    },
}

/// A resource whose rollback failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StuckResource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// Why, in AWS's words.
    pub reason: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Roll back once more, passing over these resources: CloudFormation then believes that they were rolled back,
    /// whatever they really are.
    ContinueRollback {
        /// Logical ids; empty: try all of them again, their cause having been mended.
        skip: Vec<String>,
    },
    /// Look again.
    LookAgain,
    /// Update the stack back to the template and the parameters it had.
    GoBack,
    /// Let users in as it is.
    Open,
    /// End the run as it is: users who were shut out stay out.
    StayClosed,
}

impl Question {
    /// Whether users are kept out while it is open: the backup and the role stack are updated while they work.
    #[must_use]
    pub fn keeps_users_out(&self) -> bool {
        match self {
            Question::Unhealthy { .. } => true,
            Question::RollbackFailed { update, .. } | Question::Unseen { update, .. } => match update {
                UpdateKind::BackupStack | UpdateKind::RoleStack => false,
                UpdateKind::Primary | UpdateKind::WayBack => true,
            },
        }
    }

    /// Whether the answer is one to this question.
    #[must_use]
    pub fn takes(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Question::RollbackFailed { resources, .. }, Answer::ContinueRollback { skip }) => {
                skip.iter().all(|id| resources.iter().any(|stuck| stuck.logical_id == *id))
            }
            (
                Question::RollbackFailed { .. } | Question::Unhealthy { .. } | Question::Unseen { .. },
                Answer::StayClosed,
            )
            | (Question::Unseen { .. } | Question::Unhealthy { .. }, Answer::LookAgain)
            | (Question::Unhealthy { .. }, Answer::Open) => true,
            (Question::Unhealthy { can_go_back, .. }, Answer::GoBack) => *can_go_back,
            (Question::RollbackFailed { .. }, Answer::LookAgain | Answer::GoBack | Answer::Open)
            | (Question::Unseen { .. }, Answer::ContinueRollback { .. } | Answer::GoBack | Answer::Open)
            | (Question::Unhealthy { .. }, Answer::ContinueRollback { .. }) => false,
        }
    }
}

impl Answer {
    /// For a person.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Answer::ContinueRollback { skip } if skip.is_empty() => "continue the rollback".to_owned(),
            Answer::ContinueRollback { skip } => {
                format!("continue the rollback, skipping {}", skip.join(", "))
            }
            Answer::LookAgain => "look again".to_owned(),
            Answer::GoBack => "go back to the previous release".to_owned(),
            Answer::Open => "let users in as it is".to_owned(),
            Answer::StayClosed => "end the run as it is".to_owned(),
        }
    }
}
