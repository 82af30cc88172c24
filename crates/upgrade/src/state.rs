//! Where a run stands: a fold over its journal.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::act::{Act, FleetAct, NotedResource, StackAct};
use crate::ending::Seen;
use crate::note::Note;
use crate::observation::{
    AlarmSeen, CalmSeen, EcsService, GateRuleSeen, HealthFinding, JobQueue, WorkerGroup,
};
use crate::plan::{Gate, Plan, RunKind, Targets, UpdateKind};
use crate::platform::Banner;
use crate::question::{Question, StuckResource};
use crate::step::Step;
use crate::steps::{gate, second_look};
use crate::takeover::Renewal;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The step under way; the last one when the run has ended.
    pub step: Step,
    /// Who approved of the plan, and so began the run.
    pub begun_by: String,
    /// When the step began.
    pub step_started_at: Timestamp,
    /// An act that was begun and of which nothing more is known.
    pub intended: Option<Act>,
    /// The act that was done last, until its effect has been waited for once.
    pub done: Option<Act>,
    /// What holds the step, each named. Empty when nothing does.
    pub waiting_on: Vec<String>,
    /// How everything was before maintenance changed it.
    pub before: Before,
    /// The maintenance in which the run found the deployment.
    pub found: Option<Maintenance>,
    /// What has been taken away, and is watched.
    pub taken: Taken,
    /// The listeners on which the gate stands, or should.
    pub doors: Vec<Door>,
    /// What came back behind the closed gate and was taken away again, or is told; a line each.
    pub came_back: Vec<String>,
    /// Queues that came back: their jobs are looked at until none is left.
    pub reopened_queues: BTreeSet<String>,
    /// The act that is under way comes from watching the calm, and not from the step.
    pub watching: bool,
    /// The gate is being closed again, as somebody decided.
    pub reclosing: bool,
    /// When the run was last taken over from a conducting that fell silent: its calls may arrive for a while.
    pub overtaken_at: Option<Timestamp>,
    /// When a call was last given up without an answer.
    pub unanswered_at: Option<Timestamp>,
    /// How often it was: what is made anew has another name each time.
    pub times_overtaken: u32,
    /// The gates that are to be made anew, because the overtaken one's are relied on by nobody.
    pub renewals: Vec<Renewal>,
    /// ARNs of the gate rules that a taker found, and relies on no more.
    pub revoked_rules: BTreeSet<String>,
    /// Behind the gate, a change set is made anew: it is not the way into maintenance that is gone.
    pub remaking: bool,
    /// When the way out was last begun.
    pub leaving_since: Option<Timestamp>,
    /// When the gate was first seen open on the way out.
    pub opened_at: Option<Timestamp>,
    /// The runs whose gate rules were deleted on the way out.
    pub opened_runs: BTreeSet<String>,
    /// What was put back is looked at once more, for calls that arrived late.
    pub looking_once_more: bool,
    /// Acts of watching that were refused, in words: they aren't tried again.
    pub watch_refused: BTreeSet<String>,
    /// Groups that had scheduled actions when the gate was about to close: they are suspended for the maintenance.
    pub scheduled_groups: BTreeSet<String>,
    /// What maintenance touches, as the stack has it now.
    pub targets: Targets,
    /// Who and what has been told already.
    pub told: Told,
    /// In [`Step::ConfirmQuiet`]: how many of its looks found nothing left.
    pub quiet_looks: usize,
    /// The stack updates that have been begun, or whose change set has been made.
    pub updates: BTreeMap<UpdateKind, UpdateState>,
    /// Since when nobody has answered: the platform's API in a drain, or CloudFormation of an update that has begun.
    pub unseen_since: Option<Timestamp>,
    /// Since when no call was taken for want of credentials.
    pub expired_since: Option<Timestamp>,
    /// Since when the platform has been healthy without a break.
    pub healthy_since: Option<Timestamp>,
    /// What was unhealthy at the last look.
    pub unhealthy: Vec<String>,
    /// Since when people's work has been ending: sessions and computations have one deadline together.
    pub work_ends_since: Option<Timestamp>,
    /// The question that holds the run.
    pub question: Option<Question>,
    /// Who asked the run to stop.
    pub stop: Option<String>,
    /// Why the run leaves maintenance without an upgrade.
    pub failure: Option<String>,
    /// Why the run ends with users kept out, and puts nothing back.
    pub stays: Option<Stays>,
    /// Nothing led on, and the run ends as it is: why.
    pub stuck: Option<String>,
    /// Things that this run's own drain has left taken away, each with its note: its journal counts for them, whoever took
    /// them away first.
    pub drained: BTreeSet<String>,
    /// Things whose note this run has taken off: they are their owner's again.
    pub put_back: BTreeSet<String>,
    /// What could not be put back, each with the reason.
    pub still_to_put_back: Vec<String>,
    /// What was seen at the end.
    pub seen: Option<Seen>,
    /// What went wrong without changing the run's end; a person must know.
    pub remarks: Vec<String>,
    /// How the run ended; `None` while it goes on.
    pub outcome: Option<Outcome>,
}

/// How everything was before maintenance changed it. Nothing is put back that isn't here, or noted on the resource
/// itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Before {
    /// The job queues that were seen.
    pub job_queues: Vec<JobQueue>,
    /// The worker groups that were seen.
    pub worker_groups: Vec<WorkerGroup>,
    /// Of these, by name, those that an earlier run's finished update removed. One that is still there stays without
    /// instances, and loses its note.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub removed_groups: BTreeSet<String>,
    /// The ECS services that were seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ecs_services: Vec<EcsService>,
    pub alarms: Vec<AlarmSeen>,
    /// The banner, which no tag holds; `None`: none of ours was put up.
    pub banner: Option<BannerBefore>,
    /// How healthy it was: what was as sick before proves nothing afterwards.
    pub health: Vec<HealthFinding>,
}

/// The banner before ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BannerBefore {
    pub ours: Banner,
    /// The administrator's own; `None`: there was none.
    pub before: Option<Banner>,
}

/// The maintenance that a deployment is in, as its gate tells; where there is none, as the notes on what is stopped tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// The run that closed the gate.
    pub run_id: String,
    /// Since when users are kept out; `None`: the gate doesn't tell.
    pub since: Option<Timestamp>,
    /// Who closed it; `None`: the gate doesn't tell.
    pub by: Option<String>,
    /// Where the state is that its run belongs to, as far as a note keeps it; `None`: the gate doesn't tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl Maintenance {
    /// What a look at the calm tells. Where there is no gate, the notes on what is stopped tell of maintenance.
    #[must_use]
    pub fn from_calm(calm: &CalmSeen) -> Option<Maintenance> {
        if calm.doors.is_empty() {
            return Maintenance::from_notes(calm);
        }
        Maintenance::from_rules(&gate::rules_of(&calm.doors))
    }

    /// What the notes on queues, groups and services tell: the oldest of those that stand on something which is as maintenance leaves it.
    #[must_use]
    pub fn from_notes(calm: &CalmSeen) -> Option<Maintenance> {
        let queues = calm.queues.iter().filter(|queue| !queue.enabled);
        let queues = queues.map(|queue| (&queue.arn, queue.remembered.as_deref()));
        let groups = calm.groups.iter().filter(|group| group.max_size == 0);
        let groups = groups.map(|group| (&group.name, group.remembered.as_deref()));
        let services = calm.services.iter().filter(|service| service.desired_count == 0);
        let services = services.map(|service| (&service.arn, service.remembered.as_deref()));
        let notes =
            queues.chain(groups).chain(services).filter_map(|(id, text)| Some((id, Note::read(text?))));
        let note = notes.filter(|(id, note)| note.is_of(id)).min_by_key(|(_, note)| note.at())?.1;
        Some(Maintenance {
            run_id: note.run().unwrap_or_default().to_owned(),
            since: note.at(),
            by: note.who().map(str::to_owned),
            state: note.state().map(str::to_owned),
        })
    }

    /// What gate rules tell; `None`: none of them keeps users out.
    #[must_use]
    pub fn from_rules(rules: &[GateRuleSeen]) -> Option<Maintenance> {
        let rule = rules.iter().find(|rule| rule.closes)?;
        let note = rule.note.as_deref().map(Note::read).unwrap_or_default();
        Some(Maintenance {
            run_id: rule.run_id.clone(),
            since: note.at(),
            by: note.who().map(str::to_owned),
            state: note.state().map(str::to_owned),
        })
    }
}

/// What has been taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// The gate is closed, by this run or as it was found; where there is none, work is being stopped.
    pub begun: bool,
    /// The queues are disabled.
    pub queues: bool,
    /// The ECS services have no tasks.
    pub services: bool,
    /// The groups are at zero.
    pub groups: bool,
    /// The alarms are muted.
    pub alarms: bool,
}

/// A listener on which the gate stands, or should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    pub listener_arn: String,
    /// Whether the gate was seen to stand there.
    pub closed: bool,
    /// Its rules there, at the priorities that were free; `None`: the plan doesn't know the listener.
    pub gate: Option<Gate>,
}

/// Why a run ends with users kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// Its administrator had entered maintenance before the run, and keeps it.
    AsFound,
    /// The policy stays closed after a failure.
    ByPolicy,
}

/// Who and what this run, in whatever process, has told already: telling twice would be rude, or an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Jobs that were told to end.
    pub jobs: BTreeSet<String>,
    /// Computations that were told to stop.
    pub computations: BTreeSet<String>,
    /// Sessions that were shown the notice.
    pub notified: BTreeSet<String>,
    /// Sessions that were told to save, and when last.
    pub saves: BTreeMap<String, Timestamp>,
    /// Sessions that were told to stop.
    pub sessions: BTreeSet<String>,
    /// Tasks that were stopped directly.
    pub tasks: BTreeSet<String>,
    /// Instances that were terminated directly.
    pub instances: BTreeSet<String>,
    /// Lifecycle actions that were completed: instance and hook.
    pub lifecycle: BTreeSet<(String, String)>,
}

/// Where one stack update stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpdateState {
    /// A change set may have been made for it: the act was intended.
    pub asked_for: bool,
    /// Which of its names its change set has: 0 is the planned one, the others are those of takers.
    pub name_number: u32,
    /// The change sets under its earlier names are to be deleted, and one made under its own, before anything relies on it.
    pub revoked: bool,
    /// The numbers of the names under which no change set was left to discard.
    pub names_gone: BTreeSet<u32>,
    /// Its change set was made by this run.
    pub change_set_made: bool,
    /// It may have begun: the act was intended.
    pub begun: bool,
    /// It has begun: an event of it was seen.
    pub seen: bool,
    /// The stack's status, and AWS's reason for it; `None` until the operation's first event was seen.
    pub status: Option<(String, Option<String>)>,
    /// The last stack event seen.
    pub last_event_id: Option<String>,
    /// The first resource failure, in words.
    pub root_cause: Option<String>,
    /// What hooks of the account found that let a resource fail, in words, by its name in the template.
    pub hooks_found: BTreeMap<String, Vec<String>>,
    /// How often hooks have warned.
    pub hooks_warned: usize,
    /// It is being rolled back.
    pub rolling_back: bool,
    /// Resources whose rollback failed, since the rollback last began.
    pub stuck: Vec<StuckResource>,
    /// Names of the Auto Scaling groups that CloudFormation is deleting.
    pub deleting_groups: BTreeSet<String>,
    /// Names of the Auto Scaling groups that it has touched in any way.
    pub touched_groups: BTreeSet<String>,
    /// ARNs of the Amazon ECS services that it has touched in any way.
    pub touched_services: BTreeSet<String>,
    pub cancelled: bool,
    /// Somebody else may lead its failed rollback on: the stack's status tells, for their events carry another token.
    pub led_elsewhere: bool,
    /// What its clean-up could not delete: the resource's physical id, and the rest in words.
    pub left_behind: BTreeMap<String, String>,
    /// The last time that its rollback was continued.
    pub continued: Option<Continued>,
}

/// A failed rollback that somebody had continued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continued {
    /// How often by now.
    pub times: u32,
    /// What the last time skips.
    pub skip: Vec<String>,
    /// Whether it skips whatever failed.
    #[serde(default)]
    pub force: bool,
}

/// How a run ended. What then is so, who is let in and which release stands, is in [`Seen`]: it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The new release is deployed and maintenance was left.
    Upgraded,
    /// The update didn't happen, or was taken back. Users are where they were before: let in, or in the maintenance that was
    /// found.
    NotUpgraded { reason: String },
    /// The new release was deployed, wasn't healthy, and the stack was updated back.
    WentBack { reason: String },
    /// Maintenance was entered, as was asked.
    InMaintenance,
    /// Maintenance was left, as was asked.
    OutOfMaintenance,
    /// The run ended with users kept out, without having been asked to.
    GateClosed { reason: String },
}

impl State {
    /// A run at its beginning.
    #[must_use]
    pub fn new(plan: &Plan, at: Timestamp) -> State {
        State {
            step: plan.steps.first().map(|planned| planned.step).unwrap_or_default(),
            step_started_at: at,
            before: plan.before.clone(),
            found: plan.found.clone().filter(|_| plan.kind == RunKind::LeaveMaintenance),
            doors: gate::doors(plan),
            targets: plan.targets.clone(),
            ..State::default()
        }
    }

    /// The state with the intent to do an act written down.
    #[must_use]
    pub fn intending(mut self, act: Act) -> State {
        match &act {
            Act::Stack(StackAct::ExecuteChangeSet { update, .. }) => self.update(*update).begun = true,
            Act::Stack(StackAct::CreateChangeSet { update, .. }) => self.update(*update).asked_for = true,
            Act::Stack(
                StackAct::DeleteChangeSet { .. }
                | StackAct::CancelUpdate { .. }
                | StackAct::ContinueUpdateRollback { .. },
            )
            | Act::Fleet(_)
            | Act::Platform { .. } => {}
        }
        self.intended = Some(act);
        self
    }

    /// Where an update stands.
    pub(crate) fn update(&mut self, kind: UpdateKind) -> &mut UpdateState {
        self.updates.entry(kind).or_default()
    }

    /// Whether the update may have begun.
    #[must_use]
    pub fn has_begun(&self, kind: UpdateKind) -> bool {
        self.updates.get(&kind).is_some_and(|update| update.begun)
    }

    /// Seconds since the step began.
    pub(crate) fn elapsed_seconds(&self, at: Timestamp) -> u64 {
        at.milliseconds_since(self.step_started_at) / 1000
    }

    /// Whether this run took the thing away itself, and has not put it back: its journal counts, whatever became of the
    /// note (an update may wipe tags).
    pub(crate) fn is_own(&self, plan: &Plan, physical_id: &str) -> bool {
        self.has_taken(plan, physical_id) && !self.put_back.contains(physical_id)
    }

    /// Whether this run took a thing away itself of which its journal knows how it was. What the plan brought from an earlier
    /// run's journal is that one's, until this run's own drain has seen it.
    pub(crate) fn has_taken(&self, plan: &Plan, physical_id: &str) -> bool {
        let Before {
            job_queues,
            worker_groups,
            removed_groups: _,
            ecs_services,
            alarms,
            banner: _,
            health: _,
        } = &plan.before;
        let inherited = job_queues.iter().any(|queue| queue.arn == physical_id)
            || worker_groups.iter().any(|group| group.name == physical_id)
            || ecs_services.iter().any(|service| service.arn == physical_id)
            || alarms.iter().any(|alarm| alarm.name == physical_id);
        !inherited || self.drained.contains(physical_id)
    }

    /// Whether what the journal says of a thing counts on the way out: this run took it away, or it is as an earlier run's
    /// maintenance left it, whose gate has stood since.
    pub(crate) fn journal_counts(&self, plan: &Plan, physical_id: &str, as_left: bool) -> bool {
        let inherited =
            self.takes_over(plan) && self.found.is_some() && as_left && !self.put_back.contains(physical_id);
        inherited || self.is_own(plan, physical_id)
    }

    /// The note on a thing, where it counts. `as_left` is whether the thing is as maintenance leaves it: a note on one that
    /// isn't was left over, or copied, unless the deployment was in maintenance all along or this run has just written it.
    pub(crate) fn counting_note(
        &self,
        plan: &Plan,
        remembered: Option<&str>,
        physical_id: &str,
        as_left: bool,
    ) -> Option<Note> {
        let note = Note::read(remembered?);
        let counts = as_left || self.found.is_some() || note.is_from(&plan.run_id);
        (note.is_of(physical_id) && counts).then_some(note)
    }

    /// Whether the run, on its way out, takes over whatever bears a note of ours: a finished upgrade ends maintenance, and
    /// who leaves it leaves all of it. A run that failed puts back what it took away itself.
    pub(crate) fn takes_over(&self, plan: &Plan) -> bool {
        match plan.kind {
            RunKind::LeaveMaintenance => true,
            RunKind::Upgrade | RunKind::EnterMaintenance => self.failure.is_none(),
        }
    }

    /// What a run that ended in maintenance leaves to the next to put back: how everything was, and which groups its own
    /// finished update removed.
    #[must_use]
    pub fn left_to_put_back(&self) -> Before {
        let groups = self.before.worker_groups.iter().filter(|group| self.has_removed(group));
        let removed_groups = groups.map(|group| group.name.clone()).collect();
        Before { removed_groups, ..self.before.clone() }
    }

    /// Whether the release that this run's update, or an earlier one's, has brought has no such group any more. Where no update
    /// came to its end, what the stack doesn't name (a replacement's rollback failed) isn't removed.
    pub(crate) fn has_removed(&self, group: &WorkerGroup) -> bool {
        let status = self.updates.get(&UpdateKind::Primary).and_then(|update| update.status.as_ref());
        let is_finished = status.is_some_and(|(status, _)| status == "UPDATE_COMPLETE");
        (is_finished || self.before.removed_groups.contains(&group.name))
            && self.targets.worker_groups.iter().all(|target| target.physical_id != group.name)
    }

    /// What CloudFormation's clean-up could not delete, once it has ended: it costs money, and no update will ever touch it
    /// again.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let has_ended = |update: &&UpdateState| {
            update.status.as_ref().is_some_and(|(status, _)| status.ends_with("_COMPLETE"))
        };
        let ended = self.updates.values().filter(has_ended);
        ended.flat_map(|update| update.left_behind.values().cloned()).collect()
    }

    /// What was done, as far as it was remembered: an act is told once.
    pub(crate) fn note_done(&mut self) {
        self.done = self.intended.take();
        self.watching = false;
        let Some(done) = &self.done else { return };
        if self.looking_once_more && second_look::mends(done) {
            let remark = format!("a call arrived late, and was mended: {done}");
            if !self.remarks.contains(&remark) {
                self.remarks.push(remark);
            }
        }
        match done {
            Act::Fleet(act) => match act {
                FleetAct::TerminateJobs { job_ids, .. } => self.told.jobs.extend(job_ids.iter().cloned()),
                FleetAct::StopTasks { task_arns, .. } => {
                    self.told.tasks.extend(task_arns.iter().cloned());
                }
                FleetAct::TerminateInstances { instance_ids } => {
                    self.told.instances.extend(instance_ids.iter().cloned());
                }
                FleetAct::CompleteLifecycleActions { actions } => {
                    let told =
                        actions.iter().map(|action| (action.instance_id.clone(), action.hook_name.clone()));
                    self.told.lifecycle.extend(told);
                }
                FleetAct::Forget { resources } => {
                    self.put_back.extend(
                        resources.iter().map(|resource: &NotedResource| resource.physical_id().to_owned()),
                    );
                }
                FleetAct::CloseGate { .. }
                | FleetAct::OpenGate { .. }
                | FleetAct::SetRulePriorities { .. }
                | FleetAct::SetJobQueueStates { .. }
                | FleetAct::ResizeWorkerGroups { .. }
                | FleetAct::ResizeWarmPools { .. }
                | FleetAct::SetDesiredCounts { .. }
                | FleetAct::RemoveScaleInProtection { .. }
                | FleetAct::RestoreScaleInProtection { .. }
                | FleetAct::Remember { .. }
                | FleetAct::SetScheduledActions { .. }
                | FleetAct::SetAlarmActions { .. }
                | FleetAct::CreateSnapshots { .. } => {}
            },
            Act::Stack(act) => match act {
                StackAct::CreateChangeSet { update, .. } => {
                    self.updates.entry(*update).or_default().change_set_made = true;
                }
                StackAct::CancelUpdate { update, .. } => {
                    self.updates.entry(*update).or_default().cancelled = true;
                }
                StackAct::DeleteChangeSet { .. }
                | StackAct::ExecuteChangeSet { .. }
                | StackAct::ContinueUpdateRollback { .. } => {}
            },
            Act::Platform { .. } => {}
        }
    }
}
