//! Proposals: upgrades in the making, from the choice of a release to the run that came of it.
//!
//! A deployment has at most one that is open. Nobody's browser keeps anything of it: it can be left, taken up by
//! somebody else, and looked at from a phone. A parameter marked NoEcho is never given here, so none is kept.

mod difference;
mod notice;
mod picture;
mod rehearsal;
mod store;

use serde::{Deserialize, Serialize};
use upgrade::{
    Approval, AtWork, CheckResult, Foretold, ParameterRow, Plan, StackSettings, Timestamp, UpgradeChoices,
};

pub use difference::{Line, Place, Secrets, TemplateDifference};
pub(crate) use notice::{NOTICE_TO_KEEP_MILLISECONDS, missed_notice};
pub use picture::{NoPicture, Picture};
pub(crate) use rehearsal::lasting;
pub use rehearsal::{
    EndCount, GraveFailure, LongResource, Progress, ProvenanceShare, Rehearsal, RehearsalEnd, RehearsalPart,
    RehearsalStanding, Spread, StepTime, TriedFailures, UnderWay, WayOut,
};
pub use store::{ProposalError, Proposals};

/// The longest template that CloudFormation takes from S3, in bytes (user guide, "CloudFormation quotas").
pub(crate) const MOST_TEMPLATE_BYTES: usize = 1_000_000;

/// An upgrade in the making.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its id: letters and digits.
    pub id: String,
    /// Of which deployment.
    pub deployment: String,
    /// How often it was changed: what was looked at before a change is no longer of it.
    pub revision: u64,
    pub made_by: String,
    /// Everybody who decided on its release, values or options, its maker first.
    pub authors: Vec<String>,
    pub made_at: Timestamp,
    pub template: TemplateChoice,
    #[serde(flatten)]
    pub choices: UpgradeChoices,
    /// How far it has come.
    #[serde(rename = "standing")]
    pub stage: Stage,
}

/// Where the new release's template is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateChoice {
    /// `https://…` or `s3://…`, on S3.
    Url(String),
    /// A file that was sent; its text is kept beside the proposal.
    File {
        /// Its name, for messages.
        name: String,
    },
    /// A release of the deployment's catalogue, by its version.
    Release(String),
}

impl TemplateChoice {
    /// For a person.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            TemplateChoice::Url(url) => url.clone(),
            TemplateChoice::File { name } => format!("file {name}"),
            TemplateChoice::Release(version) => format!("release {version}"),
        }
    }
}

/// How far a proposal has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Nobody has looked at the deployment for it, or the look was interrupted.
    Unseen,
    /// Being looked at.
    Looking {
        /// Since when.
        since: Timestamp,
    },
    /// It could not be looked at.
    Failed { at: Timestamp, reason: String },
    /// Looked at: its preparation says whether there is a plan.
    Seen,
    /// Its plan was approved.
    Approved(Approval),
    /// Its plan is carried out, or was.
    Begun { run_id: String, approval: Approval, by: String, at: Timestamp },
    /// It was given up.
    Discarded {
        /// By whom.
        by: String,
        at: Timestamp,
    },
}

impl Stage {
    /// Whether anything may still come of it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self, Stage::Begun { .. } | Stage::Discarded { .. })
    }

    /// Whether what the last look found is of the proposal as it is now.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        matches!(self, Stage::Seen | Stage::Approved(_) | Stage::Begun { .. })
    }

    /// Who approved it, once somebody has.
    #[must_use]
    pub fn approval(&self) -> Option<&Approval> {
        match self {
            Stage::Approved(approval) | Stage::Begun { approval, .. } => Some(approval),
            Stage::Unseen
            | Stage::Looking { .. }
            | Stage::Failed { .. }
            | Stage::Seen
            | Stage::Discarded { .. } => None,
        }
    }

    /// The run that came of it, and who began it.
    #[must_use]
    pub fn begun(&self) -> Option<(&str, &str)> {
        if let Stage::Begun { run_id, by, .. } = self { Some((run_id, by)) } else { None }
    }
}

/// A release, with its text where that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WishedTemplate {
    /// On S3.
    Url(String),
    /// Sent.
    File {
        name: String,
        /// Its text.
        text: String,
    },
    /// Of the catalogue.
    Release(String),
}

/// Everything that was found out about an upgrade, and its plan where there may be one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    pub at: Timestamp,
    /// The deployed release's version, when its template tells it.
    #[serde(default)]
    pub from_version: Option<String>,
    /// The new release's version, when its template tells it.
    pub to_version: Option<String>,
    pub checks: Vec<CheckResult>,
    /// Every parameter, three ways. Secrets are never in it.
    pub parameters: Vec<ParameterRow>,
    /// The stack's settings as they are.
    pub stack: StackSettings,
    /// What the updates will do; `None`: that can't be told as things are.
    pub foretold: Option<Foretold>,
    /// What becomes of each updated stack's template.
    #[serde(default)]
    pub templates: Vec<TemplateDifference>,
    /// Who and what is at work.
    pub at_work: AtWork,
    /// How long users will be kept out, in a sentence.
    pub expectation: String,
    pub plan: Option<Plan>,
    /// Ids of the checks that stand in the way of one.
    pub in_the_way: Vec<String>,
    /// Why there is none, where it isn't checks.
    pub undrawn: Option<String>,
}

impl Preparation {
    /// Capabilities that CloudFormation wants acknowledged, each once.
    #[must_use]
    pub fn capabilities(&self) -> Vec<&str> {
        let updates = self.foretold.iter().flat_map(|foretold| &foretold.updates);
        let mut all: Vec<&str> =
            updates.flat_map(|update| update.proposal.capabilities.iter().map(String::as_str)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
