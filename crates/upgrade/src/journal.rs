//! What is written down: everything that happened to a run, in order. These types are the journal's format.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::act::Act;
use crate::approval::Approval;
use crate::observation::{CalmSeen, Observation};
use crate::question::Answer;

/// Version of the journal's format. 1: the first. 2: plans of format 2, stops, answers. 3: stack events with
/// physical ids, and the groups that an update deletes. 4: who approved, in the first record; change sets with details
/// that have parts and with what becomes of old resources; a plan's hash, which no two runs share; acts and questions by
/// where they go, looks at the calm and at the end, what was found. 5: how a conducting came by the run, the request that a
/// record takes up, requests that are passed over, calls that were given up without an answer. 6: calls that failed for want
/// of credentials.
pub const JOURNAL_FORMAT: u32 = 6;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// Written before an act: from here on it may have happened.
    Intended {
        at: Timestamp,
        /// What is about to be done.
        act: Act,
    },
    /// Something happened.
    Happened(Event),
}

impl Record {
    /// When it was written.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Record::Intended { at, .. } => *at,
            Record::Happened(event) => event.at,
        }
    }
}

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub at: Timestamp,
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The run begins, of a plan that somebody approved.
    Started {
        /// Who, when, and of which plan.
        approval: Approval,
    },
    /// Another conducting goes on with the run.
    Resumed {
        /// How it came by the run.
        after: Handover,
    },
    /// The machine that carries the run out stood still (a closed laptop), and nobody took the run over meanwhile.
    StoodStill,
    /// The cloud was asked, and answered.
    Observed(Observation),
    /// The cloud was asked, and did not answer.
    ObserveFailed(PortError),
    /// The calm was looked at, and something was new.
    Watched(CalmSeen),
    /// The calm could not be looked at before an act that can't be undone.
    WatchFailed(PortError),
    /// An act was done.
    Acted,
    /// An act was refused, or nobody knows what came of it.
    ActFailed(PortError),
    /// A call of the act that is under way was given up without an answer: it may still arrive, whatever becomes of the act.
    Unanswered,
    /// A wait is over.
    Waited,
    /// Somebody asked the run to stop.
    StopRequested {
        by: String,
        /// The request that is taken up by this; `None`: it was said in the conducting's own process.
        request: Option<String>,
    },
    /// Somebody had the run end as it was, nobody carrying it on: whatever it took away is for whoever leaves maintenance.
    GivenUp {
        by: String,
        /// The request that is taken up by this; `None`: it was said in the conducting's own process.
        request: Option<String>,
    },
    /// Somebody answered the run's question.
    Answered {
        answer: Answer,
        by: String,
        /// The request that is taken up by this; `None`: it was said in the conducting's own process.
        request: Option<String>,
    },
    /// A request was taken up that doesn't fit any more: nothing follows from it, now or later.
    PassedOver { request: String },
}

/// How a conducting came by a run that another one began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Handover {
    /// The one before had given it back, with no call under way.
    GivenBack,
    /// The one before fell silent, or was interrupted: calls that it had sent may still arrive.
    Overtaken {
        /// Who that was.
        holder: String,
    },
}

/// Why the cloud didn't do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct PortError {
    /// What follows from it.
    pub kind: PortErrorKind,
    /// The API operation, such as `batch:TerminateJob`.
    pub operation: String,
    /// The cloud's words, with its code.
    pub message: String,
}

/// What follows from a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PortErrorKind {
    /// Throttled, unreachable, no answer, 5xx: look again and repeat.
    Transient,
    /// The credentials are over, unknown or not to be had: nothing was done, and it can be when they have been renewed.
    Expired,
    /// Repeating it as it is will not help.
    Refused,
}
