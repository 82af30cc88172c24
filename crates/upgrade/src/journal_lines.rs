//! A run's journal as lines that a person reads: one line a thing that happened, in order. Every screen shows these.
//!
//! A record tells nothing, or one thing, or several (a look at the stack's events); what fails again in the same way is told once,
//! with a count when it changes ([`crate::Repeated`]). The same journal always gives the
//! same lines, so a line's place among them names it for good.

use crate::Timestamp;
use crate::ending::Seen;
use crate::journal::{Record, What};
use crate::observation::StackEvent;
use crate::plan::RunKind;
use crate::state::{Outcome, State};
use crate::step::Step;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place among the run's lines, from 0.
    pub number: usize,
    /// The place of the record that tells it, from 0.
    pub record: usize,
    /// When the record was written.
    pub at: Timestamp,
    /// What is told.
    pub kind: LineKind,
}

/// What a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineKind {
    /// A step begins.
    Step(Step),
    /// Something is about to be done.
    Act(String),
    /// CloudFormation tells something of a resource.
    Stack(StackEvent),
    /// A call failed.
    Failed(String),
    /// The same failed so many times more, before it went well, or something else happened.
    FailedAgain(usize),
    /// Somebody asked the run to stop.
    Stop {
        by: String,
    },
    /// Somebody decided.
    Decision {
        by: String,
        /// What, in words.
        what: String,
    },
    /// Something came back behind the closed gate.
    CameBack(String),
    /// A person must decide.
    Asked,
    /// Another process goes on.
    Resumed,
    /// The machine that carries it out stood still.
    StoodStill,
    Ended(RunKind, Outcome, Option<Seen>),
}

/// What a record tells. `before` is `None` for the first one; `new_events` are the stack events that no record before
/// has told.
pub(crate) fn kinds(
    kind: RunKind,
    before: Option<&State>,
    record: &Record,
    after: &State,
    new_events: Vec<StackEvent>,
) -> Vec<LineKind> {
    let mut kinds = Vec::new();
    let event = match record {
        Record::Intended { act, .. } => return vec![LineKind::Act(act.to_string())],
        Record::Happened(event) => event,
    };
    match &event.what {
        What::Resumed { .. } => kinds.push(LineKind::Resumed),
        What::StoodStill => kinds.push(LineKind::StoodStill),
        What::ObserveFailed(error) | What::ActFailed(error) | What::WatchFailed(error) => {
            kinds.push(LineKind::Failed(error.to_string()))
        }
        What::GivenUp { by, .. } => {
            kinds.push(LineKind::Decision { by: by.clone(), what: "end the run as it is".to_owned() });
        }
        What::StopRequested { by, .. } => kinds.push(LineKind::Stop { by: by.clone() }),
        What::Answered { answer, by, .. } => {
            kinds.push(LineKind::Decision { by: by.clone(), what: answer.in_words() });
        }
        What::Observed(_) => kinds.extend(new_events.into_iter().map(LineKind::Stack)),
        What::PassedOver { .. }
        | What::Unanswered
        | What::Started { .. }
        | What::Acted
        | What::Waited
        | What::Watched(_) => {}
    }
    let told = before.map_or(0, |before| before.came_back.len());
    kinds.extend(after.came_back.iter().skip(told).cloned().map(LineKind::CameBack));
    if before.is_none_or(|before| before.question.is_none()) && after.question.is_some() {
        kinds.push(LineKind::Asked);
    }
    match &after.outcome {
        Some(outcome) => kinds.push(LineKind::Ended(kind, outcome.clone(), after.seen.clone())),
        None if before.is_none_or(|before| before.step != after.step) => {
            kinds.push(LineKind::Step(after.step))
        }
        None => {}
    }
    kinds
}
