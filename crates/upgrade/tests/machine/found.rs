//! What a run makes of what an earlier one has left: a maintenance, notes, a banner.

use upgrade::*;

use crate::carry_out::{Carried, Crash, carry_out, carry_out_on};
use crate::plans::{entering, leaving, plan};
use crate::platform::{Back, Fortune, Platform};
use crate::stories::assert_put_back;

const UPDATED: &[&str] = &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"];

/// The upgrade of a deployment in maintenance; what the journal of entering it knows, or nothing.
fn upgrading(before: Before) -> Plan {
    Plan {
        run_id: "run-2".to_owned(),
        found: Some(Maintenance { run_id: "run-1".to_owned(), since: None, by: None, state: None }),
        announcement: Announcement { banner: None, closes_at: None },
        before,
        ..plan()
    }
}

/// A platform in maintenance, and what its run's journal knows of how everything was.
fn in_maintenance(fate: Fortune) -> (Platform, Before) {
    let Carried { journal, mut platform, outcome } = carry_out(&entering(), Fortune::default(), Crash::Never);
    assert_eq!(outcome, Outcome::InMaintenance);
    platform.fate = fate;
    (platform, fold(&entering(), &journal).expect("whole").before)
}

#[test]
fn tags_that_the_update_wipes_are_missed_by_nobody() {
    for sizes in [None, Some((0, 4))] {
        let fate = || Fortune { statuses: UPDATED, wipes_tags: true, sizes, ..Fortune::default() };
        // A maintenance of the upgrade's own, and one that it finds.
        let Carried { platform: own, outcome, .. } = carry_out(&plan(), fate(), Crash::Never);
        assert_eq!(outcome, Outcome::Upgraded);
        let (platform, before) = in_maintenance(fate());
        let Carried { platform: found, outcome, .. } =
            carry_out_on(&upgrading(before), platform, Crash::Never);
        assert_eq!(outcome, Outcome::Upgraded);
        let fresh = Platform::new(Fortune::default());
        for platform in [own, found] {
            assert_eq!(platform.queues, fresh.queues, "{sizes:?}");
            assert_eq!(platform.alarms, fresh.alarms, "{sizes:?}");
            assert_eq!(platform.group.desired_capacity, fresh.group.desired_capacity, "{sizes:?}");
            assert_eq!(platform.group.warm_pool, fresh.group.warm_pool, "{sizes:?}");
            assert!(platform.gate_rules.is_empty() && platform.group.remembered.is_none(), "{sizes:?}");
        }
    }
}

/// Kept by its DeletionPolicy, or because it couldn't be deleted.
#[test]
fn what_a_release_removes_and_that_stays_is_put_back_but_a_group_stays_empty() {
    let fate = || Fortune { statuses: UPDATED, drops: &["Loud", "Queue", "Workers"], ..Fortune::default() };
    let own = carry_out(&plan(), fate(), Crash::Never);
    let report = Report::from_journal(&plan(), &own.journal).expect("whole");
    let told = "group Workers-1 is no longer the stack's, and is still there: it was left without instances";
    assert!(report.remarks.iter().any(|remark| remark == told), "{:?}", report.remarks);
    let (platform, before) = in_maintenance(fate());
    let found = carry_out_on(&upgrading(before), platform, Crash::Never);
    let fresh = Platform::new(Fortune::default());
    for Carried { platform, outcome, .. } in [own, found] {
        assert_eq!(outcome, Outcome::Upgraded);
        assert_eq!(platform.alarms, fresh.alarms, "it acts again, and has no note");
        assert_eq!(platform.queues, fresh.queues, "it takes jobs again, and has no note");
        let group = &platform.group;
        assert_eq!((group.min_size, group.max_size, group.desired_capacity), (0, 0, 0));
        assert_eq!(group.remembered, None);
    }
}

#[test]
fn a_removed_group_that_stays_loses_its_note_when_another_run_leaves_maintenance() {
    let drops = &["Workers"];
    let fate = Fortune { drops, statuses: UPDATED, sick: true, ..Fortune::default() };
    let fate = Fortune { answers: &[|| Answer::StayClosed], ..fate };
    let Carried { journal, mut platform, outcome } = carry_out(&plan(), fate, Crash::Never);
    assert!(matches!(outcome, Outcome::GateClosed { .. }), "{outcome:?}");
    assert!(platform.group.remembered.is_some(), "maintenance goes on");
    let before = fold(&plan(), &journal).expect("whole").left_to_put_back();
    assert!(before.removed_groups.contains("Workers-1"), "{:?}", before.removed_groups);
    platform.fate = Fortune { drops, ..Fortune::default() };
    let left = carry_out_on(&Plan { before, ..leaving() }, platform, Crash::Never);
    assert_eq!(left.outcome, Outcome::OutOfMaintenance);
    let group = &left.platform.group;
    assert_eq!((group.max_size, group.desired_capacity, &group.remembered), (0, 0, &None));
}

#[test]
fn whoever_goes_back_in_a_maintenance_that_was_found_stays_in_it() {
    let fate = Fortune { statuses: UPDATED, sick: true, answers: &[|| Answer::GoBack], ..Fortune::default() };
    let (platform, before) = in_maintenance(fate);
    let (rules, queues) = (platform.gate_rules.clone(), platform.queues.clone());
    let Carried { platform, outcome, .. } = carry_out_on(&upgrading(before), platform, Crash::Never);
    assert!(matches!(outcome, Outcome::WentBack { .. }), "{outcome:?}");
    assert_eq!((platform.gate_rules, platform.queues), (rules, queues));
    assert_eq!((platform.release, platform.group.max_size), ("1", 0));
}

/// Stopped or failed at whichever step, also before it has looked at the gate: notes, sizes and banner are as they were.
#[test]
fn an_upgrade_that_does_not_happen_leaves_the_maintenance_as_it_found_it() {
    let mut tried = 0;
    // In maintenance nothing is announced: those two steps are over before anybody could stop them.
    let passes = |step: &Step| matches!(step, Step::Announce | Step::AwaitWindow);
    let steps = plan().steps;
    let stopped = steps.iter().map(|planned| planned.step).filter(|step| !step.is_leaving() && !passes(step));
    for step in stopped {
        let fate =
            || Fortune { statuses: &["UPDATE_IN_PROGRESS"; 25], stop_at: Some(step), ..Fortune::default() };
        let (platform, before) = in_maintenance(fate());
        let found = platform.clone();
        for before in [before, Before::default()] {
            let Carried { platform, outcome, .. } =
                carry_out_on(&upgrading(before), platform.clone(), Crash::Never);
            assert!(matches!(outcome, Outcome::NotUpgraded { .. }), "{}: {outcome:?}", step.title());
            let what = step.title();
            assert_eq!(platform.gate_rules, found.gate_rules, "{what}");
            assert_eq!(platform.queues, found.queues, "{what}");
            assert_eq!(platform.alarms, found.alarms, "{what}");
            assert_eq!(platform.group, found.group, "{what}");
            assert_eq!(platform.banner, found.banner, "{what}");
            assert_eq!(platform.change_sets.len(), 0, "{what}");
            tried += 1;
        }
    }
    println!("{tried} of {tried} stops left the maintenance as it was found");
}

/// Somebody lets users in during the update, which then fails: nobody's work is ended for a maintenance that is over.
#[test]
fn a_maintenance_that_somebody_ended_is_stayed_in_by_nobody() {
    const BACK: &[(Step, Back)] = &[(Step::FollowUpdate(UpdateKind::Primary), Back::Gate)];
    const SLOWLY: &[&str] = &[
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ];
    let fate =
        || Fortune { statuses: SLOWLY, comes_back: BACK, answers: &[|| Answer::Open], ..Fortune::default() };
    let closed = |mut plan: Plan| {
        plan.maintenance.stay_closed_on_failure = true;
        plan
    };
    let (found, before) = in_maintenance(fate());
    for (name, plan, platform) in
        [("found", upgrading(before), found), ("by policy", closed(plan()), Platform::new(fate()))]
    {
        let Carried { platform, outcome, .. } = carry_out_on(&plan, platform, Crash::Never);
        assert!(matches!(outcome, Outcome::NotUpgraded { .. }), "{name}: {outcome:?}");
        let fresh = Platform::new(Fortune::default());
        assert_eq!(platform.queues, fresh.queues, "{name}");
        assert_eq!(platform.alarms, fresh.alarms, "{name}");
        assert_eq!(platform.group.max_size, fresh.group.max_size, "{name}");
        assert!(platform.gate_rules.is_empty(), "{name}");
    }
}

#[test]
fn a_queue_that_refuses_to_be_enabled_holds_no_other_s_note() {
    let enables = |act: &Act| matches!(act, Act::Fleet(FleetAct::SetJobQueueStates { enabled: true, .. }));
    let fate = Fortune { statuses: UPDATED, refuse: Some((usize::MAX, enables)), ..Fortune::default() };
    let Carried { journal, platform, outcome } = carry_out(&plan(), fate, Crash::Never);
    assert_eq!(outcome, Outcome::Upgraded);
    assert!(platform.gate_rules.is_empty(), "users are in");
    let noted: Vec<&String> =
        platform.queues.iter().filter(|(_, (_, note))| note.is_some()).map(|(arn, _)| arn).collect();
    assert_eq!(noted, ["Queue-1"], "the parked one is its owner's again");
    let report = Report::from_journal(&plan(), &journal).expect("whole");
    assert_eq!(report.still_to_put_back.len(), 1, "{:?}", report.still_to_put_back);
}

#[test]
fn what_an_earlier_maintenance_shows_is_nobody_s_own_banner() {
    let banner =
        |text: &str| Banner { text: text.to_owned(), level: BannerLevel::Info, from: None, until: None };
    let (stale, own) = (banner("Maintenance at nine"), banner("Symposium on Friday"));
    let known = |before: Option<&Banner>| Some(BannerBefore { ours: stale.clone(), before: before.cloned() });
    for (shown, before, afterwards) in [
        (Some(&own), None, Some(&own)),
        (Some(&stale), known(None), None),
        (Some(&stale), known(Some(&own)), Some(&own)),
        (Some(&own), known(None), Some(&own)),
        (None, known(None), None),
    ] {
        let mut platform = Platform::new(Fortune { statuses: UPDATED, ..Fortune::default() });
        platform.banner = shown.cloned();
        let mut plan = plan();
        plan.before.banner = before.clone();
        let Carried { mut platform, outcome, .. } = carry_out_on(&plan, platform, Crash::Never);
        assert_eq!(outcome, Outcome::Upgraded);
        assert_eq!(platform.banner.take().as_ref(), afterwards, "{shown:?} {before:?}");
        assert_put_back("upgraded", &platform);
    }
}

#[test]
fn what_the_clean_up_leaves_behind_is_named_once() {
    let statuses = &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"];
    let fate = Fortune { statuses, leaves_behind: true, ..Fortune::default() };
    let Carried { journal, outcome, .. } = carry_out(&plan(), fate, Crash::Never);
    assert_eq!(outcome, Outcome::Upgraded);
    let report = Report::from_journal(&plan(), &journal).expect("whole");
    assert_eq!(report.left_behind.len(), 1, "{:?}", report.left_behind);
}

/// Two states of one deployment know nothing of each other: whoever meets the other's gate goes no further, and leaves it.
#[test]
fn the_maintenance_of_another_state_is_neither_used_nor_ended() {
    let elsewhere = "s3://another/slackwater-state";
    let fate = || Fortune { statuses: UPDATED, ..Fortune::default() };
    let (found, before) = in_maintenance(fate());
    let of_another = |plan: Plan| Plan { state: elsewhere.to_owned(), ..plan };
    let unaware = Plan { run_id: "run-2".to_owned(), ..plan() };
    for (name, plan) in
        [("planned so", of_another(upgrading(before))), ("met at the gate", of_another(unaware))]
    {
        let Carried { platform, outcome, .. } = carry_out_on(&plan, found.clone(), Crash::Never);
        let told = format!("{outcome:?}");
        assert!(told.starts_with("NotUpgraded"), "{name}: {told}");
        assert!(told.contains(elsewhere) && told.contains("s3://bucket/slackwater-state"), "{name}: {told}");
        assert_eq!(platform.gate_rules, found.gate_rules, "{name}");
        assert_eq!((&platform.queues, &platform.group), (&found.queues, &found.group), "{name}");
    }
}
