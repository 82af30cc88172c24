//! What becomes of an ECS service whose tasks don't come, or come otherwise.

use upgrade::*;

use crate::carry_out::{Carried, Crash, carry_out, carry_out_on};
use crate::plans::{entering, leaving, plan};
use crate::platform::Fortune;
use crate::stories::assert_put_back;

const UPDATED: &[&str] = &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"];

#[test]
fn tasks_that_do_not_come_up_are_named_and_keep_nobody_out() {
    let fate = Fortune { statuses: UPDATED, lame_tasks: true, ..Fortune::default() };
    let Carried { journal, platform, outcome } = carry_out(&plan(), fate, Crash::Never);
    assert_eq!(outcome, Outcome::Upgraded);
    assert_eq!((platform.gate_rules.len(), platform.service.desired_count), (0, 2));
    let report = Report::from_journal(&plan(), &journal).expect("whole");
    let told = "Restore ECS services: not done after 20 s; held by service Indexer-1: 0 of 2 tasks run";
    assert_eq!(report.still_to_put_back, [told]);
    let seen = report.seen.expect("a look");
    assert_eq!(seen.not_running, ["service Indexer-1: 0 of 2 tasks run"]);
    let ending = Ending { kind: RunKind::Upgrade, outcome: &Outcome::Upgraded, seen: Some(&seen) };
    let sentences = ending.sentences(|_| String::new());
    let told = "Put back, and not running: service Indexer-1: 0 of 2 tasks run.";
    assert!(sentences.iter().any(|one| one == told), "{sentences:?}");
}

#[test]
fn the_count_that_the_update_sets_is_the_new_release_s() {
    let fate = Fortune { statuses: UPDATED, new_tasks: true, ..Fortune::default() };
    let Carried { journal, platform, outcome } = carry_out(&plan(), fate, Crash::Never);
    assert_eq!(outcome, Outcome::Upgraded);
    assert_eq!((platform.service.desired_count, &platform.service.remembered), (1, &None));
    let report = Report::from_journal(&plan(), &journal).expect("whole");
    assert_eq!(report.came_back, Vec::<String>::new(), "CloudFormation may wait for the task");
}

#[test]
fn a_service_that_was_short_of_tasks_before_is_not_waited_for() {
    let mut fresh = crate::platform::Platform::new(Fortune { statuses: UPDATED, ..Fortune::default() });
    fresh.service.tasks.pop();
    fresh.service.running_count = 1;
    // The second task never comes up.
    fresh.fate.lame_tasks = true;
    let Carried { journal, outcome, .. } = carry_out_on(&plan(), fresh, Crash::Never);
    assert_eq!(outcome, Outcome::Upgraded);
    let report = Report::from_journal(&plan(), &journal).expect("whole");
    assert_eq!(report.seen.map(|seen| seen.not_running.len()), Some(1), "it is told all the same");
}

#[test]
fn a_count_is_put_back_by_its_note_when_the_journal_is_lost() {
    let entered = carry_out(&entering(), Fortune::default(), Crash::Never);
    assert_eq!(entered.outcome, Outcome::InMaintenance);
    let service = &entered.platform.service;
    assert_eq!((service.desired_count, service.tasks.len()), (0, 0));
    let note = Note::read(service.remembered.as_deref().expect("a note"));
    assert_eq!((note.number("desired"), note.is_of(&service.arn)), (Some(2), true));
    let Carried { platform, outcome, .. } = carry_out_on(&leaving(), entered.platform, Crash::Never);
    assert_eq!(outcome, Outcome::OutOfMaintenance);
    assert_put_back("left", &platform);
}
