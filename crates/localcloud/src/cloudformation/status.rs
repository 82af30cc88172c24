//! The words CloudFormation has for where a stack or a resource stands.

/// Status of a stack or of a resource; CloudFormation shares most words between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// A stack that only a change set has made so far.
    ReviewInProgress,
    /// Being created.
    CreateInProgress,
    /// Created.
    CreateComplete,
    /// Could not be created.
    CreateFailed,
    /// A failed creation is being undone.
    RollbackInProgress,
    /// A failed creation has been undone.
    RollbackComplete,
    /// A failed creation could not be undone.
    RollbackFailed,
    /// Being updated.
    UpdateInProgress,
    /// Updated; what the update left over is being removed.
    UpdateCompleteCleanupInProgress,
    /// Updated.
    UpdateComplete,
    /// Could not be updated.
    UpdateFailed,
    /// An update is being undone.
    UpdateRollbackInProgress,
    /// An update has been undone; what it made is being removed.
    UpdateRollbackCompleteCleanupInProgress,
    /// An update has been undone.
    UpdateRollbackComplete,
    /// An update could not be undone.
    UpdateRollbackFailed,
    /// Being deleted.
    DeleteInProgress,
    /// Deleted.
    DeleteComplete,
    /// Could not be deleted.
    DeleteFailed,
    /// Left alone because of its policy (resources only).
    DeleteSkipped,
}

impl Status {
    /// CloudFormation's word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::ReviewInProgress => "REVIEW_IN_PROGRESS",
            Status::CreateInProgress => "CREATE_IN_PROGRESS",
            Status::CreateComplete => "CREATE_COMPLETE",
            Status::CreateFailed => "CREATE_FAILED",
            Status::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Status::RollbackComplete => "ROLLBACK_COMPLETE",
            Status::RollbackFailed => "ROLLBACK_FAILED",
            Status::UpdateInProgress => "UPDATE_IN_PROGRESS",
            Status::UpdateCompleteCleanupInProgress => "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            Status::UpdateComplete => "UPDATE_COMPLETE",
            Status::UpdateFailed => "UPDATE_FAILED",
            Status::UpdateRollbackInProgress => "UPDATE_ROLLBACK_IN_PROGRESS",
            Status::UpdateRollbackCompleteCleanupInProgress => "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            Status::UpdateRollbackComplete => "UPDATE_ROLLBACK_COMPLETE",
            Status::UpdateRollbackFailed => "UPDATE_ROLLBACK_FAILED",
            Status::DeleteInProgress => "DELETE_IN_PROGRESS",
            Status::DeleteComplete => "DELETE_COMPLETE",
            Status::DeleteFailed => "DELETE_FAILED",
            Status::DeleteSkipped => "DELETE_SKIPPED",
        }
    }

    /// Whether a stack in this status is at rest and may be updated.
    #[must_use]
    pub fn may_be_updated(self) -> bool {
        matches!(
            self,
            Status::CreateComplete
                | Status::UpdateComplete
                | Status::UpdateRollbackComplete
                | Status::UpdateFailed
                | Status::CreateFailed
        )
    }

    /// Whether something is going on.
    #[must_use]
    pub fn is_in_progress(self) -> bool {
        self.name().ends_with("_IN_PROGRESS")
    }
}
