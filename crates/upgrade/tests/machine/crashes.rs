//! Crashes around every record, refusals of every act, journals that aren't.

use upgrade::*;

use crate::carry_out::{Carried, Crash, carry_out};
use crate::plans::plan;
use crate::platform::Fortune;
use crate::stories::{Story, assert_put_back, stops, stories};

fn all_is_well() -> (Plan, Fortune) {
    let story = stories().into_iter().find(|story| story.name == "all is well").expect("a story");
    (story.plan, story.fate)
}

#[test]
fn a_refused_act_ends_the_run_and_whatever_can_be_put_back_is() {
    let (plan, fate) = all_is_well();
    let Carried { journal, .. } = carry_out(&plan, fate.clone(), Crash::Never);
    let acts = journal.iter().filter(|record| matches!(record, Record::Intended { .. })).count();
    for refused in 1..=acts {
        let fate = Fortune { refuse_act: Some(refused), ..fate.clone() };
        let Carried { platform, outcome, .. } = carry_out(&plan, fate, Crash::Never);
        match outcome {
            // On the way out it is tried again, which helped.
            Outcome::Upgraded | Outcome::NotUpgraded { .. } => {
                assert_put_back(&format!("act {refused}"), &platform)
            }
            Outcome::GateClosed { .. }
            | Outcome::WentBack { .. }
            | Outcome::InMaintenance
            | Outcome::OutOfMaintenance => {
                panic!("act {refused}: {outcome:?}")
            }
        }
    }
    println!("{acts} of {acts} refused acts ended as they should");
}

#[test]
fn a_run_resumed_from_every_record_comes_to_the_same_end() {
    // Every record of every story; of the many stops, which differ only from where they leave, every seventh.
    let told = stories().into_iter().map(|story| (story, 1));
    let told: Vec<(Story, usize)> = told.chain(stops().into_iter().map(|story| (story, 7))).collect();
    // Two cores.
    let told = &told;
    let tried: usize = std::thread::scope(|scope| {
        let halves = [0, 1]
            .map(|half| scope.spawn(move || crash_around_every_record(told.iter().skip(half).step_by(2))));
        halves.into_iter().map(|half| half.join().expect("every crash is survived")).sum()
    });
    println!("{tried} of {tried} crashes resumed to the same end");
}

fn crash_around_every_record<'a>(told: impl Iterator<Item = &'a (Story, usize)>) -> usize {
    let mut tried = 0;
    for (story, step) in told {
        let Carried { journal, outcome, .. } = carry_out(&story.plan, story.fate.clone(), Crash::Never);
        for at in (0..journal.len()).step_by(*step) {
            for crash in [Crash::Before(at), Crash::After(at)] {
                let Carried { platform, outcome: resumed, .. } =
                    carry_out(&story.plan, story.fate.clone(), crash);
                let kind = |outcome: &Outcome| std::mem::discriminant(outcome);
                let name = format!("{}, {crash:?}", story.name);
                assert_eq!(kind(&resumed), kind(&outcome), "{name}: {resumed:?}");
                // Once, and once more where somebody has it closed again.
                let most = if story.name.contains("closed again") { 6 } else { 3 };
                assert!(platform.rules_made <= most, "{name}: the gate is made once");
                assert!(
                    platform.lost.is_empty() || !story.plan.maintenance.force_sessions.is_empty(),
                    "{name}"
                );
                if !matches!(resumed, Outcome::GateClosed { .. }) {
                    assert_put_back(&name, &platform);
                }
                tried += 1;
            }
        }
    }
    tried
}

#[test]
fn the_time_in_which_nobody_carried_a_run_out_is_no_step_s() {
    let (plan, fate) = all_is_well();
    let fate = Fortune { dead_milliseconds: 3_600_000, ..fate };
    let Carried { journal, .. } = carry_out(&plan, fate.clone(), Crash::Never);
    for at in 0..journal.len() {
        for crash in [Crash::Before(at), Crash::After(at)] {
            let Carried { outcome, .. } = carry_out(&plan, fate.clone(), crash);
            assert_eq!(outcome, Outcome::Upgraded, "{crash:?}");
        }
    }
}

#[test]
fn every_prefix_of_a_journal_folds_and_survives_being_written_down() {
    for story in stories() {
        let Carried { journal, .. } = carry_out(&story.plan, story.fate, Crash::Never);
        for length in 1..=journal.len() {
            let text = serde_json::to_string(&journal[..length]).expect("records are plain data");
            let read: Vec<Record> = serde_json::from_str(&text).expect("what was written can be read");
            assert_eq!(read, journal[..length]);
            let state = fold(&story.plan, &read).expect("every prefix folds");
            assert_eq!(state.outcome.is_some(), length == journal.len(), "{}", story.name);
        }
    }
}

#[test]
fn a_journal_of_something_else_is_refused() {
    let (plan, fate) = all_is_well();
    let Carried { journal, .. } = carry_out(&plan, fate, Crash::Never);
    assert_eq!(fold(&plan, &journal[1..]), Err(IllegalTransition::NotStarted));
    let other = Plan { deployment: "elsewhere".to_owned(), ..plan.clone() };
    assert_eq!(fold(&other, &journal), Err(IllegalTransition::OtherPlan { by: "ada".to_owned() }));
    let wrong = Event { at: Timestamp(0), what: What::Observed(Observation::Jobs(Vec::new())) };
    let state = State::new(&plan, Timestamp(0));
    assert!(matches!(transition(&plan, state.clone(), &wrong), Err(IllegalTransition::WrongAnswer { .. })));
    let unasked = Event {
        at: Timestamp(0),
        what: What::Answered { answer: Answer::Open, by: "eve".to_owned(), request: None },
    };
    assert_eq!(transition(&plan, state, &unasked), Err(IllegalTransition::NotAnAnswer));
    let ended = fold(&plan, &journal).expect("whole");
    let late = Event { at: Timestamp(0), what: What::Waited };
    assert_eq!(transition(&plan, ended, &late), Err(IllegalTransition::Ended));
}

#[test]
fn the_hash_of_a_plan_covers_everything_in_it() {
    let original = plan();
    let mut changed = plan();
    changed.updates[0].proposal.parameters.push(ParameterSetting { key: "Size".to_owned(), value: None });
    assert_eq!(original.sha256(), plan().sha256());
    assert_ne!(original.sha256(), changed.sha256());
    assert_eq!(original.sha256().len(), 64);
}
