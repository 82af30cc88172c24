//! What happened in a run, line by line.

use schemars::JsonSchema;
use serde::Serialize;
use upgrade::{LineKind, StackEvent};

use crate::moment::Moment;

/// A line of a run's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Line {
    /// Its place among the run's lines, from 0.
    pub number: usize,
    pub at: Moment,
    pub kind: LineWord,
    /// For a person.
    pub text: String,
    /// What CloudFormation told, where the kind is `stack`.
    pub event: Option<ResourceEvent>,
}

/// What a line tells: a step that begins, something that is about to be done, what CloudFormation told, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LineWord {
    Step,
    Act,
    Stack,
    Failed,
    FailedAgain,
    Stop,
    Decision,
    Asked,
    Resumed,
    StoodStill,
    CameBack,
    Ended,
}

/// A stack event, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceEvent {
    /// When, as AWS wrote it.
    pub timestamp: String,
    pub logical_id: String,
    pub physical_id: Option<String>,
    pub resource_type: String,
    /// Such as `UPDATE_COMPLETE`.
    pub status: String,
    pub reason: Option<String>,
}

impl From<&StackEvent> for ResourceEvent {
    fn from(event: &StackEvent) -> ResourceEvent {
        let reason = event.reason();
        let StackEvent {
            event_id: _,
            timestamp,
            logical_id,
            physical_id,
            resource_type,
            status,
            status_reason: _,
            hook: _,
        } = event.clone();
        ResourceEvent { timestamp, logical_id, physical_id, resource_type, status, reason }
    }
}

impl From<&upgrade::Line> for Line {
    fn from(line: &upgrade::Line) -> Line {
        let event = if let LineKind::Stack(event) = &line.kind { Some(event.into()) } else { None };
        let (kind, text) = match line.kind.clone() {
            LineKind::Step(step) => (LineWord::Step, step.title().to_owned()),
            LineKind::Act(act) => (LineWord::Act, act),
            LineKind::Stack(event) => {
                let reason = event.reason().unwrap_or_default();
                let text = format!("{} {} {reason}", event.status, event.logical_id);
                (LineWord::Stack, text.trim_end().to_owned())
            }
            LineKind::Failed(error) => (LineWord::Failed, error),
            LineKind::FailedAgain(times) => (LineWord::FailedAgain, times.to_string()),
            LineKind::Stop { by } => (LineWord::Stop, by),
            LineKind::Decision { by, what } => (LineWord::Decision, format!("{by}: {what}")),
            LineKind::Asked => (LineWord::Asked, String::new()),
            LineKind::Resumed => (LineWord::Resumed, String::new()),
            LineKind::StoodStill => (LineWord::StoodStill, String::new()),
            LineKind::CameBack(what) => (LineWord::CameBack, what),
            LineKind::Ended(..) => (LineWord::Ended, String::new()),
        };
        Line { number: line.number, at: line.at.into(), kind, text, event }
    }
}
