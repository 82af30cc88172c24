//! Every end a run can come to, and how it leaves the platform.

use upgrade::*;

use crate::carry_out::{Carried, Crash, carry_out, carry_out_on};
use crate::plans::{approval, entering, leaving, plan};
use crate::platform::{Back, Fortune, Platform, own_rules};
use crate::stories::*;

#[test]
fn every_end_is_reached_and_leaves_the_platform_as_it_says() {
    for Story { name, fate, plan, end, reason } in stories().into_iter().chain(stops()) {
        let Carried { journal, platform, outcome } = carry_out(&plan, fate, Crash::Never);
        let told = format!("{outcome:?}");
        assert!(told.starts_with(end), "{name}: {told}");
        assert!(told.contains(reason), "{name}: {told}");
        if end == "GateClosed" {
            assert!(!platform.gate_rules.is_empty(), "{name}: users are kept out");
        } else {
            assert_put_back(name, &platform);
        }
        let release = if end == "Upgraded" { "2" } else { "1" };
        if end != "GateClosed" {
            assert_eq!(platform.release, release, "{name}: the release that the report tells");
        }
        let forced = name == "force with the session's name";
        assert_eq!(platform.lost, if forced { vec!["s".to_owned()] } else { Vec::new() }, "{name}");
        let report = Report::from_journal(&plan, &journal).expect("the journal is whole");
        assert_eq!(report.outcome, Some(outcome), "{name}");
        if end == "Upgraded" {
            assert_eq!(report.stopped_jobs.len(), 2, "{name}: each is named");
            assert_eq!(report.stopped_instances.len(), 3, "{name}: each is named");
            assert_eq!(report.stopped_tasks.len(), 2, "{name}: each is named");
            assert_eq!(report.stopped_sessions.len(), 2, "{name}: each is named");
            assert_eq!(report.stopped_machines.len(), 1, "{name}: each is named");
            let (from, until) = report.gate_closed.expect("the gate was closed");
            assert!(until.expect("and opened") > from, "{name}");
        }
    }
}

/// Somebody suspends `Terminate` after the last look for it.
#[test]
fn what_lives_on_has_its_protection_again_and_is_not_told_as_stopped() {
    let fate = Fortune { comes_back: &[(Step::CloseGate, Back::Suspension)], ..Fortune::default() };
    let Carried { journal, platform, outcome } = carry_out(&plan(), fate, Crash::Never);
    assert!(matches!(&outcome, Outcome::NotUpgraded { reason } if reason.contains("instances were left")));
    let report = Report::from_journal(&plan(), &journal).expect("whole");
    assert_eq!(report.stopped_instances, [], "they run");
    assert_eq!(report.stopped_jobs.len(), 2, "they were told to end");
    for instance in &platform.group.instances {
        assert_eq!(instance.protected_from_scale_in, !instance.in_warm_pool, "{instance:?}");
        assert_eq!(instance.remembered, None, "{instance:?}");
    }
    assert_eq!((platform.group.max_size, &platform.group.remembered), (4, &None));
}

/// Only what maintenance suspended is resumed, also where nobody has a journal any more.
#[test]
fn scheduled_actions_are_suspended_for_the_maintenance_and_resumed_by_whoever_leaves() {
    for (owner, within, lost) in [
        (&[][..], &["ScheduledActions"][..], false),
        (&[], &["ScheduledActions"], true),
        (&["AZRebalance"], &["AZRebalance", "ScheduledActions"], true),
        (&["ScheduledActions"], &["ScheduledActions"], false),
        (&["ScheduledActions"], &["ScheduledActions"], true),
    ] {
        let what = format!("{owner:?}, journal lost: {lost}");
        let fate = Fortune { scheduled: true, suspended: owner, ..Fortune::default() };
        let entered = carry_out(&entering(), fate, Crash::Never);
        assert_eq!(entered.outcome, Outcome::InMaintenance, "{what}");
        assert_eq!(entered.platform.group.suspended, within, "{what}");
        let before = fold(&entering(), &entered.journal).expect("whole").before;
        let leaving = if lost { leaving() } else { Plan { before, ..leaving() } };
        let Carried { platform, outcome, .. } = carry_out_on(&leaving, entered.platform, Crash::Never);
        assert_eq!(outcome, Outcome::OutOfMaintenance, "{what}");
        assert_eq!(platform.group.suspended, owner, "{what}");
        assert_put_back(&what, &platform);
    }
}

/// An agent that protects itself while it works, and a hook that waits for it, may finish within the grace.
#[test]
fn protection_from_scale_in_is_taken_off_when_the_grace_is_over() {
    for grace_seconds in [0, 10] {
        let mut plan = plan();
        plan.maintenance.workers.grace_seconds = grace_seconds;
        let fate = Fortune { statuses: UPDATED, ..Fortune::default() };
        let Carried { journal, outcome, .. } = carry_out(&plan, fate, Crash::Never);
        assert_eq!(outcome, Outcome::Upgraded);
        let first = |is: fn(&FleetAct) -> bool| {
            let mut times = journal.iter().filter_map(|record| match record {
                Record::Intended { act: Act::Fleet(act), at } if is(act) => Some(*at),
                Record::Intended { .. } | Record::Happened(_) => None,
            });
            times.next().expect("it was done")
        };
        let resized = first(|act| matches!(act, FleetAct::ResizeWorkerGroups { .. }));
        let unprotected = first(|act| matches!(act, FleetAct::RemoveScaleInProtection { .. }));
        let seconds = unprotected.milliseconds_since(resized).div_ceil(1000);
        assert_eq!(seconds >= 10, grace_seconds == 10, "{seconds} s");
    }
}

/// Somebody protects the machine after the last look for that: EC2 refuses.
#[test]
fn a_machine_that_is_refused_is_not_told_as_stopped() {
    let refused: crate::platform::IsAct =
        |act| matches!(act, Act::Fleet(FleetAct::TerminateInstances { .. }));
    let fate = Fortune { refuse: Some((1, refused)), ..Fortune::default() };
    let Carried { journal, outcome, .. } = carry_out(&plan(), fate, Crash::Never);
    assert!(matches!(&outcome, Outcome::NotUpgraded { .. }), "{outcome:?}");
    let report = Report::from_journal(&plan(), &journal).expect("whole");
    assert_eq!(report.stopped_machines, []);
    assert_eq!(report.stopped_instances.len(), 3);
}

#[test]
fn what_was_skipped_or_overruled_is_told() {
    for (name, words) in [
        ("the rollback fails and is continued", "ada had CloudFormation pass over Template"),
        ("a person lets users into a sick release", "ada let users in all the same"),
        (
            "an update cannot be cancelled",
            "the update could not be cancelled, so it went on: service:Operation",
        ),
        ("the policy opens", "users were let in, as the policy says"),
    ] {
        let story = stories().into_iter().find(|story| story.name == name).expect("a story");
        let Carried { journal, .. } = carry_out(&story.plan, story.fate, Crash::Never);
        let report = Report::from_journal(&story.plan, &journal).expect("whole");
        assert!(report.remarks.iter().any(|remark| remark.contains(words)), "{name}: {:?}", report.remarks);
    }
}

#[test]
fn what_was_put_back_once_is_its_owner_s_whatever_the_journal_remembers() {
    let entered = carry_out(&entering(), Fortune::default(), Crash::Never);
    let before = fold(&entering(), &entered.journal).expect("whole").before;
    let leaving = Plan { before, ..leaving() };
    let Carried { mut platform, .. } = carry_out_on(&leaving, entered.platform, Crash::Never);
    assert_put_back("left", &platform);
    // Since then the group was scaled in, and its owner has given its instances up.
    platform.group.desired_capacity = platform.group.min_size;
    platform.group.new_instances_protected = false;
    let since = platform.group.clone();
    let Carried { platform, outcome, .. } = carry_out_on(&leaving, platform, Crash::Never);
    assert_eq!(outcome, Outcome::OutOfMaintenance);
    assert_eq!(platform.group, since);
}

#[test]
fn the_desired_capacity_that_a_release_does_not_give_is_put_back() {
    for (sizes, desired) in [((0, 9), 2), ((0, 1), 1), ((1, 9), 2), ((3, 9), 3), ((0, 0), 2)] {
        let fate = Fortune { statuses: UPDATED, sizes: Some(sizes), ..Fortune::default() };
        let Carried { platform, outcome, .. } = carry_out(&plan(), fate, Crash::Never);
        assert_eq!(outcome, Outcome::Upgraded);
        let group = &platform.group;
        // A release with room for nothing is one that didn't set the sizes.
        let sizes = if sizes == (0, 0) { (1, 4) } else { sizes };
        assert_eq!((group.min_size, group.max_size, group.desired_capacity), (sizes.0, sizes.1, desired));
        assert!(group.new_instances_protected);
    }
}

/// Where the platform's own rules stand is no reason to hold a run: users are in, and it is named.
#[test]
fn a_rule_that_may_not_take_its_place_again_is_named_and_holds_nobody() {
    let is_of_rule = |act: &Act| matches!(act, Act::Fleet(FleetAct::SetRulePriorities { moves }) if moves.iter().any(|one| one.to < one.from));
    let statuses = &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"];
    let fate = Fortune { statuses, refuse: Some((usize::MAX, is_of_rule)), ..Fortune::default() };
    let Carried { journal, platform, outcome } = carry_out(&plan(), fate, Crash::Never);
    assert_eq!(outcome, Outcome::Upgraded);
    assert!(platform.gate_rules.is_empty(), "users are in");
    let report = Report::from_journal(&plan(), &journal).expect("whole");
    assert_eq!(report.still_to_put_back.len(), 1, "{:?}", report.still_to_put_back);
    // Their notes stand: whoever leaves once more puts them back.
    let platform = Platform { fate: Fortune::default(), ..platform };
    let Carried { platform, outcome, .. } = carry_out_on(&leaving(), platform, Crash::Never);
    assert_eq!(outcome, Outcome::OutOfMaintenance);
    assert_eq!(platform.own_rules, own_rules());
}

#[test]
fn maintenance_is_entered_and_left_also_when_the_journal_is_lost() {
    let Carried { platform, outcome, .. } = carry_out(&entering(), Fortune::default(), Crash::Never);
    assert_eq!(outcome, Outcome::InMaintenance);
    assert!(platform.jobs.is_empty() && platform.group.instances.is_empty());
    assert_eq!(platform.gate_rules.len(), 3);
    let Carried { platform, outcome, .. } = carry_out_on(&leaving(), platform, Crash::Never);
    assert_eq!(outcome, Outcome::OutOfMaintenance);
    assert_put_back("left", &platform);
    // Leaving twice puts nothing back twice.
    let mut busy = platform;
    busy.group.max_size = 9;
    let Carried { platform, outcome, .. } = carry_out_on(&leaving(), busy, Crash::Never);
    assert_eq!(outcome, Outcome::OutOfMaintenance);
    assert_eq!(platform.group.max_size, 9, "what its owner set since then stands");
}

#[test]
fn a_change_set_milder_than_the_approved_one_runs_and_the_report_tells_it() {
    let mut plan = plan();
    for change in plan.updates.iter_mut().flat_map(|update| &mut update.predicted) {
        change.replacement = Some("Conditional".to_owned());
    }
    let fate = Fortune { statuses: UPDATED, ..Fortune::default() };
    let Carried { journal, outcome, .. } = carry_out(&plan, fate, Crash::Never);
    assert_eq!(outcome, Outcome::Upgraded);
    let report = Report::from_journal(&plan, &journal).expect("the journal is whole");
    assert_eq!(report.approval, Some(approval(&plan)));
    let said = |stack: &str| {
        format!(
            "AWS's change set of the {stack} says it otherwise than the approved one: Template: approved replacement \
             Conditional, AWS says False"
        )
    };
    assert_eq!(report.remarks, ["backup stack", "deployment role stack", "stack"].map(said));
}

#[test]
fn maintenance_can_be_left_from_half_way_through_entering_it() {
    let whole = carry_out(&entering(), Fortune::default(), Crash::Never).journal;
    for records in 1..whole.len() {
        // The process that enters dies for good after so many records, and its journal is lost with it.
        let mut platform = Platform::new(Fortune::default());
        let plan = entering();
        let mut state = State::new(&plan, Timestamp(platform.now));
        let mut what = What::Started { approval: approval(&plan) };
        let mut written = 0;
        while written < records {
            let event = Event { at: Timestamp(platform.now), what };
            let (next, effect) = transition(&plan, state, &event).expect("legal");
            state = next;
            written += 1;
            what = match effect {
                Effect::Observe(query) => What::Observed(platform.observe(&query).expect("answers")),
                Effect::Act(act) => {
                    state = state.intending(act.clone());
                    platform.act(&act).expect("obeys");
                    What::Acted
                }
                Effect::Wait { milliseconds } => {
                    platform.now += milliseconds;
                    What::Waited
                }
                Effect::Ask(question) => panic!("{question:?}"),
                Effect::End => break,
            };
        }
        let Carried { platform, outcome, .. } = carry_out_on(&leaving(), platform, Crash::Never);
        assert_eq!(outcome, Outcome::OutOfMaintenance, "{records}");
        assert_put_back(&format!("after {records} records"), &platform);
    }
}
