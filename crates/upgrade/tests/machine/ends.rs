//! Every end a run can come to, and how it leaves the platform.

use upgrade::*;

use crate::carry_out::{Carried, Crash, carry_out, carry_out_on};
use crate::plans::{approval, entering, leaving, plan};
use crate::platform::{Back, Fortune, Platform, own_rules};

const UPDATED: &[&str] = &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"];
/// Long enough for the calm to be looked at meanwhile.
const SLOWLY: &[&str] = &["UPDATE_IN_PROGRESS"; 25];
const ROLLED_BACK: &[&str] = &["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"];
const CLEANED_UP: &[&str] = &[
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
];
const ROLLBACK_FAILED: &[&str] = &["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"];

/// One story: its name, what happens, how it ends, a word of the reason.
pub struct Story {
    pub name: &'static str,
    pub fate: Fortune,
    pub plan: Plan,
    pub end: &'static str,
    pub reason: &'static str,
}

/// Every end a run can come to.
pub fn stories() -> Vec<Story> {
    let updated = || Fortune { statuses: UPDATED, ..Fortune::default() };
    let story = |name, fate, end, reason| Story { name, fate, plan: plan(), end, reason };
    let with = |change: fn(&mut Plan), story: Story| {
        let mut story = story;
        change(&mut story.plan);
        story
    };
    vec![
        story("all is well", updated(), "Upgraded", ""),
        story("calls fail in passing", Fortune { flaky: true, ..updated() }, "Upgraded", ""),
        story(
            "AWS makes another change set",
            Fortune { surprising_change_set: true, ..updated() },
            "NotUpgraded",
            "Database (AWS::EC2::LaunchTemplate): AWS will modify it, and nobody approved that",
        ),
        story(
            "the stack is updated by another before the gate closes",
            Fortune { updated_by_another: Some(FactsBefore::Gate), ..updated() },
            "NotUpgraded",
            "the stack's last update was noon, and is midnight",
        ),
        story(
            "the stack is updated by another behind the gate",
            Fortune { updated_by_another: Some(FactsBefore::Update), ..updated() },
            "NotUpgraded",
            "the stack's last update was noon, and is midnight",
        ),
        story(
            "scheduled actions are suspended meanwhile",
            Fortune { scheduled: true, ..updated() },
            "Upgraded",
            "",
        ),
        story(
            "scheduled actions are suspended meanwhile, and the update is rolled back",
            Fortune { scheduled: true, statuses: ROLLED_BACK, ..Fortune::default() },
            "NotUpgraded",
            "First failure",
        ),
        story(
            "scheduled actions are suspended meanwhile, and the update wipes the notes",
            Fortune { scheduled: true, wipes_tags: true, ..updated() },
            "Upgraded",
            "",
        ),
        story(
            "scheduled actions may not be suspended",
            Fortune {
                scheduled: true,
                refuse: Some((1, |act| {
                    matches!(act, Act::Fleet(FleetAct::SetScheduledActions { active: false, .. }))
                })),
                ..updated()
            },
            "Upgraded",
            "",
        ),
        story(
            "tasks don't end, and nothing is forced",
            Fortune { stubborn_tasks: true, ..updated() },
            "NotUpgraded",
            "tasks were left after 20 s: task task-0 (RUNNING) of service Indexer-1",
        ),
        story(
            "a machine can't be terminated",
            Fortune { protected_machine: true, ..updated() },
            "NotUpgraded",
            "nothing was stopped, since it could not be ended: machine i-9 of ada has termination protection \
             (disableApiTermination): EC2 refuses to terminate it",
        ),
        story(
            "a group can't shrink",
            Fortune { suspended: &["Terminate"], ..updated() },
            "NotUpgraded",
            "group Workers-1 has its process Terminate suspended, and 3 instances: taken to zero, it keeps them",
        ),
        story(
            "something else would be executed than was approved",
            Fortune { other_contents: Some("Website's template"), ..updated() },
            "NotUpgraded",
            "what would be executed is not what was approved: Website's template",
        ),
        story(
            "the update is rolled back",
            Fortune { statuses: ROLLED_BACK, ..Fortune::default() },
            "NotUpgraded",
            "First failure: Template (AWS::EC2::LaunchTemplate): because",
        ),
        story(
            "the backup stack's update is rolled back",
            Fortune { backup_statuses: ROLLED_BACK, ..updated() },
            "NotUpgraded",
            "Update the backup stack: CloudFormation rolled",
        ),
        story(
            "the rollback fails and is continued",
            Fortune {
                statuses: ROLLBACK_FAILED,
                continued_statuses: &["UPDATE_ROLLBACK_COMPLETE"],
                answers: &[|| Answer::ContinueRollback { skip: vec!["Template".to_owned()] }],
                ..Fortune::default()
            },
            "NotUpgraded",
            "the old release stands",
        ),
        story(
            "the rollback fails twice, and a person gives up",
            Fortune {
                statuses: ROLLBACK_FAILED,
                continued_statuses: &["UPDATE_ROLLBACK_FAILED"],
                answers: &[|| Answer::ContinueRollback { skip: Vec::new() }, || Answer::StayClosed],
                ..Fortune::default()
            },
            "GateClosed",
            "the rollback failed (after: Template",
        ),
        story(
            "the rollback fails and is continued in the console",
            Fortune {
                statuses: ROLLBACK_FAILED,
                console_statuses: CLEANED_UP,
                answers: &[|| Answer::LookAgain],
                ..Fortune::default()
            },
            "NotUpgraded",
            "was continued by somebody else; the old release stands",
        ),
        story(
            "the rollback fails, and is looked at again before it is continued",
            Fortune {
                statuses: ROLLBACK_FAILED,
                continued_statuses: &["UPDATE_ROLLBACK_COMPLETE"],
                answers: &[|| Answer::LookAgain, || Answer::ContinueRollback { skip: Vec::new() }],
                ..Fortune::default()
            },
            "NotUpgraded",
            "the old release stands",
        ),
        story(
            "continuing the rollback is refused, and then it is not",
            Fortune {
                statuses: ROLLBACK_FAILED,
                continued_statuses: &["UPDATE_ROLLBACK_COMPLETE"],
                refuse: Some((1, |act| matches!(act, Act::Stack(StackAct::ContinueUpdateRollback { .. })))),
                answers: &[
                    || Answer::ContinueRollback { skip: vec!["Template".to_owned()] },
                    || Answer::ContinueRollback { skip: vec!["Template".to_owned()] },
                ],
                ..Fortune::default()
            },
            "NotUpgraded",
            "the old release stands",
        ),
        story(
            "an update cannot be cancelled",
            Fortune {
                statuses: &["UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"],
                stop_at: Some(Step::FollowUpdate(UpdateKind::Primary)),
                refuse: Some((1, |act| matches!(act, Act::Stack(StackAct::CancelUpdate { .. })))),
                ..Fortune::default()
            },
            "Upgraded",
            "",
        ),
        story(
            "a group that the rollback deletes has protected instances",
            Fortune { clinging_group: true, statuses: CLEANED_UP, ..Fortune::default() },
            "NotUpgraded",
            "the old release stands",
        ),
        story(
            "a group that the update replaced has protected instances",
            Fortune { clinging_group: true, ..updated() },
            "Upgraded",
            "",
        ),
        story(
            "such a group's instances may not be noted on",
            Fortune {
                clinging_group: true,
                refuse: Some((1, |act| {
                    let Act::Fleet(FleetAct::Remember { memories }) = act else { return false };
                    memories.iter().all(|memory| memory.resource == NotedResource::Instance("i-7".to_owned()))
                })),
                ..updated()
            },
            "Upgraded",
            "",
        ),
        story(
            "nobody may look at the update for longer than its step has",
            Fortune { blind: Some((UpdateKind::Primary, 3)), ..updated() },
            "Upgraded",
            "",
        ),
        story(
            "nobody may look at the update for an hour",
            Fortune {
                blind: Some((UpdateKind::Primary, 70)),
                answers: &[|| Answer::LookAgain, || Answer::LookAgain, || Answer::LookAgain],
                ..updated()
            },
            "Upgraded",
            "",
        ),
        story(
            "nobody may look at the update ever again",
            Fortune {
                blind: Some((UpdateKind::Primary, usize::MAX)),
                answers: &[|| Answer::StayClosed],
                ..updated()
            },
            "GateClosed",
            "the update of the stack could not be looked at for 30 min: service:Operation",
        ),
        story(
            "nobody may look at the backup stack's update, and users stay at work",
            Fortune {
                blind: Some((UpdateKind::BackupStack, usize::MAX)),
                answers: &[|| Answer::StayClosed],
                ..updated()
            },
            "NotUpgraded",
            "the update of the backup stack could not be looked at",
        ),
        story(
            "the platform's API never answers",
            Fortune { mute: true, ..updated() },
            "NotUpgraded",
            "Save and stop sessions: no answer for 20 s: service:Operation",
        ),
        story(
            "a session's last save has failed, though it has nothing unsaved",
            Fortune { failed_save: true, ..updated() },
            "Upgraded",
            "",
        ),
        story(
            "nobody may open the gate",
            Fortune {
                refuse: Some((usize::MAX, |act| matches!(act, Act::Fleet(FleetAct::OpenGate { .. })))),
                answers: &[|| Answer::LookAgain, || Answer::StayClosed],
                ..updated()
            },
            "GateClosed",
            "maintenance was being left (Open the gate): not done after 20 s; it still takes: delete 3 gate rules",
        ),
        story(
            "nobody may open the gate for a moment",
            Fortune {
                refuse: Some((2, |act| matches!(act, Act::Fleet(FleetAct::OpenGate { .. })))),
                ..updated()
            },
            "Upgraded",
            "",
        ),
        story(
            "nobody may open the gate for long, and nobody answers",
            Fortune {
                refuse: Some((40, |act| matches!(act, Act::Fleet(FleetAct::OpenGate { .. })))),
                ..updated()
            },
            "Upgraded",
            "",
        ),
        story(
            "a queue and a group come back before the update, and the alarms and the service during it",
            Fortune {
                comes_back: &[
                    (Step::TerminateDedicatedMachines, Back::Queue),
                    (Step::ExecuteChangeSet(UpdateKind::Primary), Back::Group),
                    (Step::FollowUpdate(UpdateKind::Primary), Back::Alarm),
                    (Step::FollowUpdate(UpdateKind::Primary), Back::Service),
                ],
                statuses: SLOWLY,
                ..Fortune::default()
            },
            "Upgraded",
            "",
        ),
        story(
            "somebody opens the gate while jobs are to be ended, and it is closed again",
            Fortune {
                comes_back: &[(Step::TerminateJobs, Back::Gate)],
                answers: &[|| Answer::CloseAgain],
                ..updated()
            },
            "Upgraded",
            "",
        ),
        story(
            "somebody opens the gate while jobs are to be ended, and the run leaves",
            Fortune {
                comes_back: &[(Step::TerminateJobs, Back::Gate)],
                answers: &[|| Answer::Leave],
                ..updated()
            },
            "NotUpgraded",
            "the gate was found open on Listener (HTTPS:443 of Listener), SecondListener (HTTPS:443 of SecondListener); ada chose to \
             stop there",
        ),
        story(
            "somebody opens the gate during the update, and users stay in",
            Fortune {
                comes_back: &[(Step::FollowUpdate(UpdateKind::Primary), Back::Gate)],
                answers: &[|| Answer::Open],
                statuses: SLOWLY,
                ..Fortune::default()
            },
            "Upgraded",
            "",
        ),
        story("the gate's rule shows late", Fortune { late_rule: 4, ..updated() }, "Upgraded", ""),
        story(
            "queues do not obey",
            Fortune { deaf_queues: true, ..updated() },
            "NotUpgraded",
            "Disable job queues: not done after 20 s",
        ),
        story(
            "jobs do not end",
            Fortune { stubborn_jobs: true, ..updated() },
            "NotUpgraded",
            "jobs were left after 20 s: job a (RUNNING) in Queue-1, job b",
        ),
        with(
            |plan| plan.maintenance.jobs.escalation = Escalation::Force,
            // Forced jobs end with the workers; here nothing ends them, so quiet is never confirmed.
            story(
                "forced jobs that outlive the workers",
                Fortune { stubborn_jobs: true, ..updated() },
                "NotUpgraded",
                "Confirm quiet: not done after 20 s",
            ),
        ),
        story(
            "a session cannot be saved",
            Fortune { unsaveable: true, ..updated() },
            "NotUpgraded",
            "session s of ada (2 unsaved; its save failed: disk full)",
        ),
        with(
            |plan| plan.maintenance.sessions.escalation = Escalation::Force,
            story(
                "force without the session's name",
                Fortune { unsaveable: true, ..updated() },
                "NotUpgraded",
                "the plan names no such session",
            ),
        ),
        with(
            |plan| {
                plan.maintenance.sessions.escalation = Escalation::Force;
                plan.maintenance.force_sessions = vec!["s".to_owned()];
            },
            story("force with the session's name", Fortune { unsaveable: true, ..updated() }, "Upgraded", ""),
        ),
        story(
            "an instance does not end",
            Fortune { stuck_instance: true, ..updated() },
            "NotUpgraded",
            "instances were left after 20 s: instance i-1",
        ),
        with(
            |plan| plan.maintenance.workers.escalation = Escalation::Force,
            story("an instance ends by force", Fortune { stuck_instance: true, ..updated() }, "Upgraded", ""),
        ),
        story(
            "the new release is sick and a person goes back",
            Fortune { sick: true, answers: &[|| Answer::LookAgain, || Answer::GoBack], ..updated() },
            "WentBack",
            "the platform isn't healthy: platform: 503; ada chose to go back",
        ),
        with(
            |plan| plan.health.on_failure = OnUnhealthy::GoBack,
            story(
                "the new release is sick, and its workers stand when the way back begins",
                Fortune { sick: true, new_workers: true, ..updated() },
                "WentBack",
                "the new release wasn't healthy after 20 s",
            ),
        ),
        with(
            |plan| plan.maintenance.workers.escalation = Escalation::Force,
            story(
                "tasks don't end by themselves, and are stopped at the deadline",
                Fortune { stubborn_tasks: true, ..updated() },
                "Upgraded",
                "",
            ),
        ),
        with(
            |plan| plan.health.on_failure = OnUnhealthy::GoBack,
            story(
                "the new release is sick and the policy goes back",
                Fortune { sick: true, ..updated() },
                "WentBack",
                "the new release wasn't healthy after 20 s",
            ),
        ),
        with(
            |plan| plan.health.on_failure = OnUnhealthy::StayClosed,
            story(
                "the policy stays closed",
                Fortune { sick: true, ..updated() },
                "GateClosed",
                "stay closed",
            ),
        ),
        with(
            |plan| plan.maintenance.stay_closed_on_failure = true,
            story(
                "jobs do not end, and the owner stays closed",
                Fortune { stubborn_jobs: true, ..updated() },
                "GateClosed",
                "(stay_closed_on_failure keeps users out)",
            ),
        ),
        with(
            |plan| plan.maintenance.stay_closed_on_failure = true,
            story(
                "the update is rolled back, and the owner stays closed",
                Fortune { statuses: ROLLED_BACK, ..Fortune::default() },
                "GateClosed",
                "(stay_closed_on_failure keeps users out)",
            ),
        ),
        with(
            |plan| plan.maintenance.stay_closed_on_failure = true,
            story(
                "what fails before the open gate has closed lets nobody be kept out",
                Fortune { surprising_change_set: true, ..updated() },
                "NotUpgraded",
                "nobody approved",
            ),
        ),
        with(
            |plan| plan.maintenance.stay_closed_on_failure = true,
            story(
                "whoever stops it lets users in, whatever the owner's policy",
                Fortune { stop_at: Some(Step::TerminateWorkers), ..updated() },
                "NotUpgraded",
                "stopped by eve",
            ),
        ),
        with(
            |plan| plan.maintenance.stay_closed_on_failure = true,
            story("all is well, and the owner would have stayed closed", updated(), "Upgraded", ""),
        ),
        with(
            |plan| plan.health.on_failure = OnUnhealthy::Open,
            story("the policy opens", Fortune { sick: true, ..updated() }, "Upgraded", ""),
        ),
        story(
            "a person lets users into a sick release",
            Fortune { sick: true, answers: &[|| Answer::Open], ..updated() },
            "Upgraded",
            "",
        ),
    ]
}

/// What stopping does at each step.
pub fn stops() -> Vec<Story> {
    let fate = |step| Fortune { statuses: SLOWLY, stop_at: Some(step), ..Fortune::default() };
    let story =
        |step: Step, end, reason| Story { name: step.title(), fate: fate(step), plan: plan(), end, reason };
    plan()
        .steps
        .iter()
        // The plan stands on nothing that could be looked at: nobody meets the run there.
        .filter(|planned| !matches!(planned.step, Step::ConfirmFacts(_)))
        .map(|planned| match planned.step {
            // Users are in: there is nothing to stop any more.
            step @ (Step::ClearBanner | Step::DiscardChangeSet | Step::TakeStock) => {
                story(step, "Upgraded", "")
            }
            // It leads to the question whether to open, to go back, or to wait on.
            step if step.is_leaving() => {
                let mut story = story(step, "Upgraded", "");
                story.fate.answers = &[|| Answer::LookAgain];
                story
            }
            Step::FollowUpdate(UpdateKind::Primary) => {
                story(planned.step, "NotUpgraded", "stopped by eve: CloudFormation rolled the update back")
            }
            step => story(step, "NotUpgraded", "stopped by eve"),
        })
        .collect()
}

/// Everything that maintenance changed is as it was, what runs aside.
pub fn assert_put_back(name: &str, platform: &Platform) {
    let before = Platform::new(Fortune { suspended: platform.fate.suspended, ..Fortune::default() });
    assert!(platform.gate_rules.is_empty(), "{name}: the gate is open");
    assert_eq!(platform.own_rules, own_rules(), "{name}: rules are where they were");
    assert_eq!(platform.queues, before.queues, "{name}: queues are as they were, and without notes");
    assert_eq!(platform.alarms, before.alarms, "{name}: alarms are as they were");
    assert_eq!(platform.banner, None, "{name}: no banner is left");
    assert!(platform.change_sets.is_empty(), "{name}: no change set is left");
    let sizes = |group: &WorkerGroup| WorkerGroup { instances: Vec::new(), ..group.clone() };
    assert_eq!(sizes(&platform.group), sizes(&before.group), "{name}: sizes are as they were");
    assert_eq!(platform.service, before.service, "{name}: the service has its tasks");
}

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
