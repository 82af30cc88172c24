//! The time that a screen tells is the time at which the machine goes on.

use upgrade::*;

use crate::plans::{approval, plan};

/// A run of this plan that is in a step since the first second.
fn in_step(plan: &Plan, step: Step) -> State {
    let what = What::Started { approval: approval(plan) };
    let started = Record::Happened(Event { at: Timestamp(0), what });
    let state = fold(plan, [&started]).expect("it begins");
    State { step, step_started_at: Timestamp(1_000), ..state }
}

#[test]
fn a_step_that_ends_by_time_says_at_what_time_and_what_follows() {
    let mut forced = plan();
    forced.maintenance.jobs.escalation = Escalation::Force;
    let mut patient = plan();
    patient.maintenance.workers.escalation = Escalation::Wait;
    let limit = |seconds: u64, then| Some(Limit { at: Timestamp(seconds * 1000), then });
    for (name, plan, step, now, told) in [
        ("announced", plan(), Step::AwaitWindow, 2, limit(60, Then::Closes)),
        ("grace", plan(), Step::TerminateJobs, 2, limit(3, Then::Told)),
        ("grace is over", plan(), Step::TerminateJobs, 3, limit(21, Then::PutBack)),
        ("by force", forced, Step::TerminateJobs, 3, limit(21, Then::Forced)),
        ("as long as it takes", patient, Step::TerminateWorkers, 3, None),
        ("a step's deadline", plan(), Step::CloseGate, 2, limit(21, Then::Failed)),
        ("health", plan(), Step::CheckHealth, 2, limit(21, Then::Unhealthy(OnUnhealthy::Ask))),
        ("nothing said of what is past", plan(), Step::CloseGate, 30, None),
    ] {
        let state = in_step(&plan, step);
        assert_eq!(Limit::next(&plan, &state, Timestamp(now * 1000)), told, "{name}");
    }
}

#[test]
fn who_was_overtaken_says_until_when_calls_may_still_arrive() {
    let plan = plan();
    let taken_over = |seconds: u64| Some(Timestamp(seconds * 1000));
    let at = |overtaken_at, now: u64| {
        let state = State { overtaken_at, ..in_step(&plan, Step::LookOnceMore) };
        Limit::next(&plan, &state, Timestamp(now * 1000))
    };
    let looks = Limit { at: Timestamp(340_000), then: Then::LooksOnceMore };
    assert_eq!(at(taken_over(10), 20), Some(looks));
    assert_eq!(at(taken_over(10), 341), None, "past");
    assert_eq!(at(None, 20), None, "nobody was overtaken");
}

/// Sessions and computations have one deadline together, and what was told late gets a little time of its own.
#[test]
fn the_deadline_of_people_s_work_is_one() {
    let plan = plan();
    let at = |since: u64, step| {
        let state = State { work_ends_since: Some(Timestamp(since)), ..in_step(&plan, step) };
        Limit::next(&plan, &state, Timestamp(5_000)).map(|limit| limit.at)
    };
    assert_eq!(at(1_000, Step::SaveSessions), Some(Timestamp(21_000)));
    assert_eq!(at(0, Step::StopComputations), Some(Timestamp(21_000)), "20 s of its own");
    assert_eq!(at(4_500, Step::StopComputations), Some(Timestamp(6_500)), "grace first");
}
