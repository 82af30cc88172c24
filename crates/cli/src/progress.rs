//! A run as it happens, line by line.

use conductor::Watcher;
use upgrade::{Observation, Plan, Record, StackEvent, State, Step, Timestamp, What};

use crate::words::{duration, time_of_day};

/// Prints a run as it is written down.
#[derive(Debug)]
pub(crate) struct Lines {
    step: Option<(Step, Timestamp)>,
    waiting_on: usize,
}

impl Lines {
    /// Lines for a run from its beginning.
    pub(crate) fn new() -> Lines {
        Lines { step: None, waiting_on: 0 }
    }

    /// Lines for a run that another process began.
    pub(crate) fn resuming(state: &State) -> Lines {
        Lines { step: Some((state.step, state.step_started_at)), waiting_on: 0 }
    }

    fn step(&mut self, state: &State, at: Timestamp) {
        let ended = state.outcome.is_some();
        match self.step {
            Some((step, _)) if step == state.step && !ended => return,
            Some((_, since)) => {
                println!("            {}", duration(at.milliseconds_since(since)));
            }
            None => {}
        }
        if !ended {
            println!("{}  {}", time_of_day(at), state.step.title());
            self.step = Some((state.step, at));
            self.waiting_on = 0;
        }
    }

    fn events(&mut self, events: &[StackEvent]) {
        for event in events {
            if !event.status.ends_with("_IN_PROGRESS") || event.resource_type == "AWS::CloudFormation::Stack"
            {
                let clock = event.timestamp.get(11..19).unwrap_or(&event.timestamp);
                let reason =
                    event.status_reason.as_deref().map(|reason| format!("  {reason}")).unwrap_or_default();
                println!("  {clock}  {:<36} {}{reason}", event.status, event.logical_id);
            }
        }
    }
}

impl Watcher for Lines {
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        match record {
            Record::Intended { act, .. } => println!("            {act}"),
            Record::Happened(event) => {
                match &event.what {
                    What::Resumed => {
                        println!("{}  Resumed in: {}", time_of_day(event.at), state.step.title())
                    }
                    What::Observed(Observation::StackEvents(events)) if self.following() => {
                        self.events(events)
                    }
                    What::ObserveFailed(error) | What::ActFailed(error) => println!("            {error}"),
                    What::StopRequested { by } => println!("            {by} asks to stop"),
                    What::Answered { answer, by } => {
                        println!("            {by} decides: {}", answer.in_words())
                    }
                    What::Started | What::Observed(_) | What::Acted | What::Waited => {}
                }
                if let Some((Step::CreateChangeSet(kind), _)) = self.step
                    && state.step != Step::CreateChangeSet(kind)
                    && state.failure.is_none()
                    && let Some(update) = plan.update(kind)
                {
                    println!(
                        "            AWS's change set is the one foretold: {} changes",
                        update.predicted.len()
                    );
                }
                self.step(state, event.at);
                if !matches!(state.step, Step::FollowUpdate(_)) && state.waiting_on.len() != self.waiting_on {
                    self.waiting_on = state.waiting_on.len();
                    if let Some(first) = state.waiting_on.first() {
                        println!(
                            "            {} left: {first}{}",
                            self.waiting_on,
                            if self.waiting_on > 1 { ", …" } else { "" }
                        );
                    }
                }
            }
        }
    }
}

impl Lines {
    fn following(&self) -> bool {
        matches!(self.step, Some((Step::FollowUpdate(_), _)))
    }
}
