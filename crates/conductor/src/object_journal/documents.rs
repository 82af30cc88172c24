//! What stands in the objects of a shared state, and under which keys. Whoever changes a document changes
//! [`upgrade::JOURNAL_FORMAT`]: the claim carries it, and every writer reads the claim first.

use serde::{Deserialize, Serialize};
use upgrade::{Record, RunKind, Timestamp, sha256_of};

use crate::claim::Holder;
use crate::journal::Request;

/// The claim of a deployment: written over again and again, never deleted, and never twice with the same bytes, since an ETag
/// is of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ClaimDocument {
    pub format: u32,
    /// The primary stack's id.
    pub stack_id: String,
    /// The run that has the deployment; `None`: none has.
    pub run: Option<ClaimedRun>,
    /// Who carries it on, or gave it back.
    pub conducting: Option<ConductingDocument>,
    /// How many conductings there were so far.
    pub number: u64,
    /// How often it was written.
    pub beat: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ClaimedRun {
    pub plan_sha256: String,
    #[serde(flatten)]
    pub begun: BegunDocument,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ConductingDocument {
    /// Its nonce and where it is ([`Holder`]).
    pub holder: String,
    pub doing: String,
    /// It carries the run on no more, and said so.
    #[serde(default)]
    pub given_back: bool,
}

/// Marks a plan as begun, under its hash: a plan runs once, on every machine. Tells what a list shows of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BegunDocument {
    pub run_id: String,
    pub deployment: String,
    pub stack_name: String,
    pub kind: RunKind,
    pub created_at: Timestamp,
}

/// A record, and the conducting that wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordDocument {
    pub holder: String,
    pub entry: Entry,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Entry {
    /// A record that the run goes on after.
    Record(Record),
    Last(Record),
    /// In the first one's place: the run was claimed, never begun, and can't be any more.
    NeverBegun,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RequestDocument {
    pub at: Timestamp,
    pub request: Request,
}

/// A run that was set aside, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SetAsideDocument {
    pub at: Timestamp,
    pub reason: String,
}

impl ClaimDocument {
    pub(super) fn is_held_by(&self, holder: &Holder) -> bool {
        let acts = self.conducting.as_ref().filter(|conducting| !conducting.given_back);
        acts.is_some_and(|conducting| conducting.holder == holder.as_str())
    }

    pub(super) fn has(&self, run_id: &str) -> bool {
        self.run.as_ref().is_some_and(|run| run.begun.run_id == run_id)
    }
}

/// The keys of one deployment's objects.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// Ends with `/`.
    root: String,
}

impl Keys {
    /// Under the parts of the primary stack's ARN (`arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID`): two deployments never
    /// share a key, and a person finds theirs.
    pub(super) fn for_stack(stack_id: &str) -> Keys {
        let mut parts = stack_id.splitn(6, ':').skip(3);
        let root = match (parts.next(), parts.next(), parts.next()) {
            (Some(region), Some(account), Some(stack)) => {
                let stack = stack.strip_prefix("stack/").unwrap_or(stack);
                format!("{account}/{region}/{stack}/")
            }
            _ => format!("{stack_id}/"),
        };
        Keys { root }
    }

    pub(super) fn claim(&self) -> String {
        format!("{}claim", self.root)
    }

    pub(super) fn plans(&self) -> String {
        format!("{}plans/", self.root)
    }

    pub(super) fn plan_marker(&self, sha256: &str) -> String {
        format!("{}plans/{sha256}", self.root)
    }

    pub(super) fn plan(&self, run_id: &str) -> String {
        format!("{}runs/{run_id}/plan", self.root)
    }

    pub(super) fn records(&self, run_id: &str) -> String {
        format!("{}runs/{run_id}/records/", self.root)
    }

    /// Places in their order are keys in S3's order: the number has eight digits.
    pub(super) fn record(&self, run_id: &str, place: usize) -> String {
        format!("{}runs/{run_id}/records/{place:08}", self.root)
    }

    pub(super) fn requests(&self, run_id: &str) -> String {
        format!("{}runs/{run_id}/requests/", self.root)
    }

    /// By when it was asked, then by what: the same asked twice at the same moment is asked once.
    pub(super) fn request(&self, run_id: &str, at: Timestamp, body: &[u8]) -> String {
        let word: String = sha256_of(body).chars().take(8).collect();
        format!("{}runs/{run_id}/requests/{:015}-{word}", self.root, at.0)
    }

    pub(super) fn all_set_aside(&self) -> String {
        format!("{}set-aside/", self.root)
    }

    pub(super) fn set_aside(&self, run_id: &str) -> String {
        format!("{}set-aside/{run_id}", self.root)
    }
}

/// The number at the end of a record's key.
pub(super) fn place_of(key: &str) -> Option<usize> {
    key.rsplit('/').next()?.parse().ok()
}

/// A key without its folder.
pub(super) fn name_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}
