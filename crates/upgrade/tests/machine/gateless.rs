//! A platform without a gate: its work is stopped, nobody is kept out, and its notes alone tell of maintenance.

use upgrade::*;

use crate::carry_out::{Carried, Crash, carry_out, carry_out_on};
use crate::plans::{entering, leaving, plan, without_gate};
use crate::platform::{Fortune, Platform};
use crate::stories::assert_put_back;

fn fate(statuses: &'static [&'static str]) -> Fortune {
    Fortune { gateless: true, statuses, ..Fortune::default() }
}

const UPDATED: &[&str] = &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"];
const ROLLED_BACK: &[&str] =
    &["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"];

/// The platform with its work stopped, by a run whose journal is lost.
fn stopped(fate: Fortune) -> Platform {
    let entering = without_gate(entering());
    let Carried { mut platform, outcome, .. } =
        carry_out(&entering, Fortune { gateless: true, ..Fortune::default() }, Crash::Never);
    assert_eq!(outcome, Outcome::InMaintenance);
    assert!(platform.jobs.is_empty() && platform.group.instances.is_empty());
    platform.fate = fate;
    // Whose banner it is only a journal tells, or its words (`cli::planning`).
    platform.banner = None;
    platform
}

fn upgrading() -> Plan {
    Plan {
        run_id: "run-2".to_owned(),
        announcement: Announcement { banner: None, closes_at: None },
        ..without_gate(plan())
    }
}

#[test]
fn every_crash_of_an_upgrade_without_a_gate_comes_to_the_same_end() {
    let plan = without_gate(plan());
    let whole = carry_out(&plan, fate(UPDATED), Crash::Never);
    assert_eq!(whole.outcome, Outcome::Upgraded);
    let report = Report::from_journal(&plan, &whole.journal).expect("whole");
    let steps: Vec<Step> = report.steps.iter().map(|step| step.step).collect();
    assert!(!steps.contains(&Step::OpenGate) && !steps.contains(&Step::CloseGate), "{steps:?}");
    let (from, until) = report.gate_closed.expect("work was stopped");
    assert!(until.expect("and went on") > from);
    let mut tried = 0;
    for at in 0..whole.journal.len() {
        for crash in [Crash::Before(at), Crash::After(at)] {
            for overtaken in [None, Some(60_000)] {
                let fate = Fortune { overtaken, ..fate(UPDATED) };
                let Carried { platform, outcome, .. } = carry_out(&plan, fate, crash);
                assert_eq!(outcome, Outcome::Upgraded, "{crash:?}");
                assert_put_back(&format!("{crash:?}, {overtaken:?}"), &platform);
                tried += 1;
            }
        }
    }
    println!("{tried} of {tried} crashes without a gate ended as they should");
}

#[test]
fn notes_tell_of_the_maintenance_that_a_run_finds() {
    for (statuses, end, is_left) in [(UPDATED, "Upgraded", true), (ROLLED_BACK, "NotUpgraded", false)] {
        let plan = upgrading();
        let Carried { journal, platform, outcome } =
            carry_out_on(&plan, stopped(fate(statuses)), Crash::Never);
        assert!(format!("{outcome:?}").starts_with(end), "{outcome:?}");
        let state = fold(&plan, &journal).expect("whole");
        let found = state.found.expect("the notes tell");
        assert_eq!((found.run_id.as_str(), found.by.as_deref()), ("run-1", Some("ada")), "{end}");
        assert!(found.since.is_some(), "{end}");
        match is_left {
            true => assert_put_back(end, &platform),
            // It was stopped by somebody before, who keeps it so.
            false => assert!(platform.group.max_size == 0 && platform.group.remembered.is_some()),
        }
    }
}

/// Services alone: no queue and no alarm is put back after them.
#[test]
fn work_that_goes_on_is_told_whatever_was_put_back_last() {
    let whole = without_gate(plan());
    let targets = Targets {
        job_queues: Vec::new(),
        worker_groups: Vec::new(),
        alarms: Vec::new(),
        dedicated_machine_tags: Vec::new(),
        ..whole.targets.clone()
    };
    let mut fate = fate(UPDATED);
    fate.only_services = true;
    let plan = Plan { targets, ..whole };
    let carried = carry_out(&plan, fate, Crash::Never);
    assert_eq!(carried.outcome, Outcome::Upgraded);
    let report = Report::from_journal(&plan, &carried.journal).expect("whole");
    let (from, until) = report.gate_closed.expect("work was stopped");
    assert!(until.expect("and went on") > from);
}

#[test]
fn entering_twice_changes_nothing_the_second_time() {
    let entering = Plan { run_id: "run-2".to_owned(), ..without_gate(entering()) };
    let before = stopped(fate(&[]));
    let Carried { platform, outcome, .. } = carry_out_on(&entering, before.clone(), Crash::Never);
    assert_eq!(outcome, Outcome::InMaintenance);
    assert_eq!((platform.queues, platform.group), (before.queues, before.group));
}

#[test]
fn maintenance_without_a_gate_is_left_without_its_journal() {
    let leaving = without_gate(leaving());
    let Carried { journal, platform, outcome } = carry_out_on(&leaving, stopped(fate(&[])), Crash::Never);
    assert_eq!(outcome, Outcome::OutOfMaintenance);
    assert_put_back("left", &platform);
    let state = fold(&leaving, &journal).expect("whole");
    assert_eq!(state.seen.map(|seen| seen.users), Some(Users::AtWork));
}
