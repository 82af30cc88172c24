//! What may happen to a run, and the end that it comes to.

use upgrade::*;

use crate::plans::plan;
use crate::platform::{Back, Fortune, Platform, own_rules};

pub const UPDATED: &[&str] =
    &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"];
/// Long enough for the calm to be looked at meanwhile.
pub const SLOWLY: &[&str] = &["UPDATE_IN_PROGRESS"; 25];
pub const ROLLED_BACK: &[&str] = &["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"];
pub const CLEANED_UP: &[&str] = &[
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
];
pub const ROLLBACK_FAILED: &[&str] = &["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"];

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
            "the rollback fails and is forced on",
            Fortune {
                statuses: ROLLBACK_FAILED,
                continued_statuses: &["UPDATE_ROLLBACK_COMPLETE"],
                answers: &[|| Answer::ForceRollback],
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
        story(
            "a person goes back, AWS makes no change set for it, and users are let in as it is",
            Fortune {
                sick: true,
                answers: &[|| Answer::GoBack, || Answer::Open],
                refuse: Some((9, |act| {
                    let way_back = UpdateKind::WayBack;
                    matches!(act, Act::Stack(StackAct::CreateChangeSet { update, .. }) if *update == way_back)
                })),
                ..updated()
            },
            "Upgraded",
            "",
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
