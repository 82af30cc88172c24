//! An approval is of contents: a plan, its hash, and who said yes to that hash. Nothing else is carried out.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::plan::Plan;

/// Somebody's yes to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: String,
    pub at: Timestamp,
    /// Of which plan: [`Plan::sha256`].
    pub plan_sha256: String,
}

/// A plan whose hash is the one that somebody approved. Only the comparison makes one, and nothing changes it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedPlan {
    plan: Plan,
    approval: Approval,
}

impl ApprovedPlan {
    /// The plan, if it is what `approver` has read: `plan_sha256` is the hash that was shown to them, or that they gave.
    ///
    /// # Errors
    /// It is another plan by now, or nobody approved.
    pub fn new(
        plan: Plan,
        plan_sha256: &str,
        approver: &str,
        at: Timestamp,
    ) -> Result<ApprovedPlan, NotApproved> {
        let found = plan.sha256();
        if found != plan_sha256 {
            return Err(NotApproved::OtherPlan { approved: plan_sha256.to_owned(), found });
        }
        if approver.trim().is_empty() {
            return Err(NotApproved::Nobody);
        }
        let approval = Approval { by: approver.to_owned(), at, plan_sha256: found };
        Ok(ApprovedPlan { plan, approval })
    }

    /// What will be done.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Who said yes to it.
    #[must_use]
    pub fn approval(&self) -> &Approval {
        &self.approval
    }
}

/// Why a plan can't be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// Its hash is not the approved one.
    #[error("approved was the plan with SHA-256 {approved}, and this one has {found}")]
    OtherPlan {
        /// The hash that was approved.
        approved: String,
        /// The plan's.
        found: String,
    },
    /// An approval without a name is none.
    #[error("nobody is named who approved the plan")]
    Nobody,
}
