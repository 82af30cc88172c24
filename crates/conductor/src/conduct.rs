//! The loop: one effect at a time, everything written down before it counts.

use std::time::Duration;

use upgrade::{Effect, Event, IllegalTransition, Outcome, Plan, Record, State, What, fold, transition};

use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::journal::{JournalError, JournalStore};

/// Is told of every record as it is written, to show it.
pub trait Watcher {
    /// A record was written; `state` is what followed from it.
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State);
}

/// Why a run could not go on. It can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum ConductError {
    /// The journal can't be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal doesn't fit its plan.
    #[error("the journal of run {run_id} does not fit its plan: {source}")]
    Illegal {
        /// The run.
        run_id: String,
        /// What doesn't fit.
        source: IllegalTransition,
    },
    /// The run has ended before.
    #[error("run {run_id} has ended; there is nothing to resume")]
    Ended {
        /// The run.
        run_id: String,
    },
}

/// Begin a plan's run and carry it to its end.
pub async fn start(
    plan: &Plan,
    cloud: &impl Cloud,
    journal: &mut impl JournalStore,
    clock: &Clock,
    watcher: &mut impl Watcher,
) -> Result<Outcome, ConductError> {
    let event = Event { at: clock.now(), what: What::Started };
    let record = Record::Happened(event.clone());
    journal.begin(plan, &record)?;
    let state = State::new(plan, event.at);
    watcher.recorded(plan, &record, &state);
    let (state, effect) = transition(plan, state, &event).map_err(|source| illegal(plan, source))?;
    go_on(plan, state, effect, cloud, journal, clock, watcher).await
}

/// Go on with a run whose process died. An act that was begun is not trusted either way: the step looks at
/// the cloud again and does what is still to do.
pub async fn resume(
    run_id: &str,
    cloud: &impl Cloud,
    journal: &mut impl JournalStore,
    clock: &Clock,
    watcher: &mut impl Watcher,
) -> Result<Outcome, ConductError> {
    let (plan, records) = journal.load(run_id)?;
    let plan = &plan;
    let state = fold(plan, &records).map_err(|source| illegal(plan, source))?;
    if state.outcome.is_some() {
        return Err(ConductError::Ended { run_id: run_id.to_owned() });
    }
    let event = Event { at: clock.now(), what: What::Resumed };
    let (state, effect) = transition(plan, state, &event).map_err(|source| illegal(plan, source))?;
    let record = Record::Happened(event);
    journal.append(run_id, &record, false)?;
    watcher.recorded(plan, &record, &state);
    go_on(plan, state, effect, cloud, journal, clock, watcher).await
}

async fn go_on(
    plan: &Plan,
    mut state: State,
    mut effect: Effect,
    cloud: &impl Cloud,
    journal: &mut impl JournalStore,
    clock: &Clock,
    watcher: &mut impl Watcher,
) -> Result<Outcome, ConductError> {
    loop {
        if let Some(outcome) = &state.outcome {
            return Ok(outcome.clone());
        }
        let what = match effect {
            // The end always comes with an outcome, so the loop has returned before; looking once more is
            // the harmless answer to a state machine that says otherwise.
            Effect::End => What::Waited,
            Effect::Wait { milliseconds } => {
                clock.sleep(Duration::from_millis(milliseconds)).await;
                What::Waited
            }
            Effect::Observe(query) => match cloud.observe(&query).await {
                Ok(observation) => What::Observed(observation),
                Err(error) => What::ObserveFailed(error),
            },
            Effect::Act(act) => {
                let record = Record::Intended { at: clock.now(), act: act.clone() };
                journal.append(&plan.run_id, &record, false)?;
                state = state.intending(act.clone());
                watcher.recorded(plan, &record, &state);
                match cloud.act(&act).await {
                    Ok(()) => What::Acted,
                    Err(error) => What::ActFailed(error),
                }
            }
        };
        let event = Event { at: clock.now(), what };
        let (next, next_effect) =
            transition(plan, state.clone(), &event).map_err(|source| illegal(plan, source))?;
        // A look that showed nothing new is not written down: the fold is the same without it.
        if next != state || matches!(next_effect, Effect::Act(_)) || matters_by_itself(&event.what) {
            let record = Record::Happened(event);
            journal.append(&plan.run_id, &record, next.outcome.is_some())?;
            watcher.recorded(plan, &record, &next);
        }
        (state, effect) = (next, next_effect);
    }
}

fn matters_by_itself(what: &What) -> bool {
    match what {
        What::Started | What::Resumed | What::Acted | What::ActFailed(_) => true,
        What::Observed(_) | What::ObserveFailed(_) | What::Waited => false,
    }
}

fn illegal(plan: &Plan, source: IllegalTransition) -> ConductError {
    ConductError::Illegal { run_id: plan.run_id.clone(), source }
}
