//! Carries a plan out as the conductor does, crashing once where told.

use upgrade::*;

use crate::plans::approval;
use crate::platform::{Fortune, Platform};

/// Where a simulated crash happens: around the n-th record.
#[derive(Clone, Copy, Debug)]
pub enum Crash {
    Never,
    Before(usize),
    After(usize),
}

/// What came of it.
pub struct Carried {
    pub journal: Vec<Record>,
    pub platform: Platform,
    pub outcome: Outcome,
}

/// Carry a plan out on a fresh platform.
pub fn carry_out(plan: &Plan, fate: Fortune, crash: Crash) -> Carried {
    carry_out_on(plan, Platform::new(fate), crash)
}

/// Carry a plan out on a platform that is there.
pub fn carry_out_on(plan: &Plan, mut platform: Platform, mut crash: Crash) -> Carried {
    let mut journal: Vec<Record> = Vec::new();
    let mut stop_at = platform.fate.stop_at;
    let mut crashes_again = platform.fate.crashes_again;
    // Gives false when the process "dies".
    let mut write = |journal: &mut Vec<Record>, record: Record| match crash {
        Crash::Before(at) if at == journal.len() => {
            crash = crashes_again.take().map_or(Crash::Never, |records| Crash::After(at + records));
            false
        }
        Crash::After(at) if at == journal.len() => {
            crash = crashes_again.take().map_or(Crash::Never, |records| Crash::After(at + records));
            journal.push(record);
            false
        }
        _ => {
            journal.push(record);
            true
        }
    };
    'process: for _ in 0..4 {
        let begins = journal.is_empty();
        let what = if begins {
            What::Started { approval: approval(plan) }
        } else {
            platform.now += platform.fate.dead_milliseconds;
            if let Some(outcome) = fold(plan, &journal).expect("the journal folds").outcome {
                return Carried { journal, platform, outcome };
            }
            What::Resumed { after: platform.take_over(plan, &journal) }
        };
        let first = Event { at: Timestamp(platform.now), what };
        let before = if begins {
            State::new(plan, first.at)
        } else {
            fold(plan, &journal).expect("the journal folds")
        };
        let (mut state, mut effect) = transition(plan, before, &first).expect("legal");
        let (mut watched_at, mut fresh) = (None, false);
        if !write(&mut journal, Record::Happened(first)) {
            continue 'process;
        }
        for _ in 0..10_000 {
            platform.reach(state.step);
            let asked =
                stop_at.filter(|step| *step == state.step && state.stop.is_none() && state.outcome.is_none());
            let what = if asked.is_some() {
                stop_at = None;
                What::StopRequested { by: "eve".to_owned(), request: None }
            } else if let Some(query) =
                watch_due(plan, &state, &effect, watched_at, Timestamp(platform.now)).filter(|_| !fresh)
            {
                match platform.observe(&query) {
                    Ok(Observation::Calm(calm)) => {
                        let event = Event { at: Timestamp(platform.now), what: What::Watched(calm) };
                        let (next, _) = transition(plan, state.clone(), &event).expect("legal");
                        if next == state {
                            // The calm holds: what was due follows.
                            (watched_at, fresh) = (Some(event.at), true);
                            continue;
                        }
                        event.what
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => What::WatchFailed(error),
                }
            } else {
                fresh = false;
                match effect {
                    Effect::End => {
                        let outcome = state.outcome.expect("an end has an outcome");
                        return Carried { journal, platform, outcome };
                    }
                    Effect::Wait { milliseconds } => {
                        platform.now += milliseconds;
                        What::Waited
                    }
                    Effect::Observe(query) => match platform.observe(&query) {
                        Ok(observation) => What::Observed(observation),
                        Err(error) => What::ObserveFailed(error),
                    },
                    Effect::Ask(question) if question.is_tried_on() && platform.fate.answers.is_empty() => {
                        platform.now += 1000;
                        What::Waited
                    }
                    Effect::Ask(question) => {
                        let (answer, rest) = platform
                            .fate
                            .answers
                            .split_first()
                            .unwrap_or_else(|| panic!("nobody answers {question:?} in {:?}", state.step));
                        let answer = answer();
                        assert!(question.takes(&answer), "{question:?} is not answered by {answer:?}");
                        let event = Event {
                            at: Timestamp(platform.now),
                            what: What::Answered { answer, by: "ada".to_owned(), request: None },
                        };
                        let (next, next_effect) = transition(plan, state.clone(), &event).expect("legal");
                        if !write(&mut journal, Record::Happened(event)) {
                            // The answer is lost or known; the person may be asked again.
                            let known = fold(plan, &journal).expect("folds").question.is_none();
                            if known {
                                platform.fate.answers = rest;
                            }
                            continue 'process;
                        }
                        platform.fate.answers = rest;
                        (state, effect) = (next, next_effect);
                        continue;
                    }
                    Effect::Act(act) => {
                        let record = Record::Intended { at: Timestamp(platform.now), act: act.clone() };
                        if !write(&mut journal, record) {
                            continue 'process;
                        }
                        state = state.intending(act.clone());
                        match platform.act(&act) {
                            Ok(()) => What::Acted,
                            Err(error) => What::ActFailed(error),
                        }
                    }
                }
            };
            let event = Event { at: Timestamp(platform.now), what };
            let (next, next_effect) = transition(plan, state.clone(), &event).expect("legal");
            let told = next != state
                || matches!(next_effect, Effect::Act(_))
                || matches!(event.what, What::Acted | What::ActFailed(_) | What::StopRequested { .. });
            let stop_lost = matches!(event.what, What::StopRequested { .. });
            if told && !write(&mut journal, Record::Happened(event)) {
                // Whoever asked asks again when the request was lost with the process.
                let known = fold(plan, &journal).expect("folds");
                if stop_lost && known.stop.is_none() && known.question.is_none() {
                    stop_at = platform.fate.stop_at;
                }
                continue 'process;
            }
            (state, effect) = (next, next_effect);
        }
        panic!(
            "the run does not end; it is in {:?}, held by {:?}, asks {:?}: {:?}",
            state.step, state.waiting_on, state.question, platform.fate
        );
    }
    panic!("the run does not end after a crash");
}
