//! The stand-in platform: two queues (one of them disabled by its owner), a worker group, an ECS service, a dedicated machine,
//! two alarms (one muted by its owner), two sessions (one unsaved), a computation, two jobs.

mod acts;
mod looks;

use std::collections::BTreeMap;

use upgrade::*;

use crate::plans::{change, facts, resource, stack_name};
use crate::service::{self, INDEXER};

/// Whether an act is one of a kind.
pub type IsAct = fn(&Act) -> bool;

/// What comes back behind the closed gate.
#[derive(Clone, Copy, Debug)]
pub enum Back {
    /// An operator enables a queue, and a job is placed.
    Queue,
    /// A scheduled action raises the group.
    Group,
    /// Scaling raises the service.
    Service,
    /// The update lets an alarm act again.
    Alarm,
    /// Somebody deletes the gate's rules.
    Gate,
    /// Somebody suspends the group's `Terminate`.
    Suspension,
}

/// What is going to happen to it.
#[derive(Clone, Debug, Default)]
pub struct Fortune {
    /// CloudFormation makes another change set than was approved.
    pub surprising_change_set: bool,
    /// Somebody else updates the stack before these facts are looked at again.
    pub updated_by_another: Option<FactsBefore>,
    /// In what the change set would execute something else than was approved.
    pub other_contents: Option<&'static str>,
    /// The statuses that the primary stack goes through once its update has begun.
    pub statuses: &'static [&'static str],
    /// Those of the backup stack; empty: it is updated at once.
    pub backup_statuses: &'static [&'static str],
    /// Those after a rollback was continued.
    pub continued_statuses: &'static [&'static str],
    /// Those that somebody leads the primary stack to in the console, one a look.
    pub console_statuses: &'static [&'static str],
    /// The n-th act is refused.
    pub refuse_act: Option<usize>,
    /// The first so many acts of a kind are refused.
    pub refuse: Option<(usize, IsAct)>,
    /// So many looks at an update that has begun are refused, a minute each.
    pub blind: Option<(UpdateKind, usize)>,
    /// The new release's least and greatest size of the worker group, which it gives no desired capacity.
    pub sizes: Option<(i32, i32)>,
    /// The update sets the tags of the group and the queues, and so takes all others off.
    pub wipes_tags: bool,
    /// What the release has no more, and what stands all the same: kept, or not to be deleted. By logical id.
    pub drops: &'static [&'static str],
    /// The clean-up can't delete something.
    pub leaves_behind: bool,
    /// The platform's own API never answers.
    pub mute: bool,
    /// A clean-up deletes a worker group whose instances are protected, and ends when they no longer are.
    pub clinging_group: bool,
    /// The save of a session without unsaved work failed before the run began.
    pub failed_save: bool,
    /// Every third call fails for a passing reason, after acting.
    pub flaky: bool,
    /// Jobs don't end.
    pub stubborn_jobs: bool,
    /// Tasks end only when they are stopped directly.
    pub stubborn_tasks: bool,
    /// Tasks don't come up.
    pub lame_tasks: bool,
    /// The update raises the service, as the new release has it.
    pub new_tasks: bool,
    /// Nothing but the service works.
    pub only_services: bool,
    /// Queues answer that they were changed, and are not.
    pub deaf_queues: bool,
    /// The gate's rule shows only at the n-th look after it was made.
    pub late_rule: usize,
    /// A session that can't be saved.
    pub unsaveable: bool,
    /// The new release never becomes healthy.
    pub sick: bool,
    /// The group has a scheduled action.
    pub scheduled: bool,
    /// EC2 refuses to terminate the machine.
    pub protected_machine: bool,
    /// Processes of the group that are suspended.
    pub suspended: &'static [&'static str],
    /// An instance ends only when it is terminated directly.
    pub stuck_instance: bool,
    /// The update raises the worker group, as the new release has it, and waits for its instance.
    pub new_workers: bool,
    /// For how long nobody carries the run out after a crash.
    pub dead_milliseconds: u64,
    /// Whoever goes on after a crash takes the run over; the last act that was begun arrives once more so much later.
    pub overtaken: Option<u64>,
    /// Not the last act alone arrives once more, but every one that was begun, the last first; and the gate's rules are deleted
    /// on which whoever was overtaken relied.
    pub everything_late: bool,
    /// How many records after the first crash there is another one.
    pub crashes_again: Option<usize>,
    /// What a person answers, one after the other.
    pub answers: &'static [fn() -> Answer],
    /// What comes back, once, when the run comes to a step.
    pub comes_back: &'static [(Step, Back)],
    /// Somebody asks to stop at this step.
    pub stop_at: Option<Step>,
    /// It has no gate: nobody is kept out.
    pub gateless: bool,
    pub acts: usize,
    pub calls: usize,
}

#[derive(Clone)]
pub struct Platform {
    pub now: u64,
    pub gate_rules: Vec<GateRuleSeen>,
    /// The platform's own rules on its second listener.
    pub own_rules: Vec<OtherRule>,
    /// On which listener each of the gate's rules is.
    pub listeners: BTreeMap<String, String>,
    pub rules_made: usize,
    pub queues: BTreeMap<String, (bool, Option<String>)>,
    pub jobs: BTreeMap<String, Job>,
    pub group: WorkerGroup,
    pub service: EcsService,
    /// The group that the update made beside it, as long as it is there.
    pub other_group: Option<WorkerGroup>,
    pub machines: Vec<Machine>,
    pub alarms: BTreeMap<String, (bool, Option<String>)>,
    pub sessions: BTreeMap<String, Session>,
    pub computations: BTreeMap<String, Computation>,
    pub banner: Option<Banner>,
    pub snapshots: Vec<SnapshotSeen>,
    pub change_sets: BTreeMap<String, Vec<Change>>,
    pub events: BTreeMap<&'static str, Vec<(String, StackEvent)>>,
    pub release: &'static str,
    pub saved: Vec<String>,
    pub lost: Vec<String>,
    pub skipped: Vec<String>,
    pub fate: Fortune,
    /// Calls of an overtaken conducting that are still to arrive.
    pub late: Vec<(u64, Act)>,
    /// Change sets that an overtaken conducting may execute.
    pub revoked_names: Vec<String>,
    /// Change sets that were executed.
    pub executed: Vec<String>,
}

/// The listener whose first rules leave no room for the gate.
const SECOND: &str = "SecondListener-1";

/// The platform's rules on it.
pub fn own_rules() -> Vec<OtherRule> {
    let rule = |priority| OtherRule { rule_arn: format!("own-rule-{priority}"), priority, remembered: None };
    [1, 2].map(rule).into()
}

fn by_id<T>(items: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
    items.into_iter().map(|(id, item)| (id.to_owned(), item)).collect()
}

impl Platform {
    pub fn new(fate: Fortune) -> Platform {
        let instance = |id: &str, in_warm_pool| Instance {
            id: id.to_owned(),
            lifecycle_state: if in_warm_pool { "Warmed:Stopped" } else { "InService" }.to_owned(),
            protected_from_scale_in: !in_warm_pool,
            in_warm_pool,
            remembered: None,
        };
        let job = |id: &str| Job {
            id: id.to_owned(),
            name: id.to_owned(),
            queue_arn: "Queue-1".to_owned(),
            status: "RUNNING".to_owned(),
            owner: None,
        };
        let session = |id: &str, unsaved| Session {
            id: id.to_owned(),
            name: id.to_owned(),
            owner: "ada".to_owned(),
            kind: SessionKind::Plain,
            unsaved,
            last_save: None,
            started_at: None,
        };
        let mut quiet_session = session("t", Unsaved::No);
        if fate.failed_save {
            quiet_session.last_save =
                Some(LastSave { at: String::new(), succeeded: false, error: Some("disk full".to_owned()) });
        }
        let computation = Computation {
            id: "c".to_owned(),
            name: "fit".to_owned(),
            owner: "ben".to_owned(),
            status: "running".to_owned(),
            started_at: None,
        };
        let mut platform = Platform {
            now: 1_000,
            gate_rules: Vec::new(),
            listeners: BTreeMap::new(),
            own_rules: own_rules(),
            rules_made: 0,
            queues: by_id([("Queue-1", (true, None)), ("ParkedQueue-1", (false, None))]),
            jobs: by_id([("a", job("a")), ("b", job("b"))]),
            group: WorkerGroup {
                name: "Workers-1".to_owned(),
                min_size: 1,
                max_size: 4,
                desired_capacity: 2,
                new_instances_protected: true,
                warm_pool: Some(WarmPool { min_size: 1, max_group_prepared_capacity: None }),
                instances: vec![instance("i-1", false), instance("i-2", false), instance("i-3", true)],
                hooks: vec![LifecycleHook { name: "drain".to_owned(), terminating: true }],
                suspended: fate.suspended.iter().map(|one| (*one).to_owned()).collect(),
                remembered: None,
            },
            service: service::indexer(),
            other_group: fate.clinging_group.then(|| WorkerGroup {
                name: "Workers-2".to_owned(),
                min_size: 0,
                max_size: 0,
                desired_capacity: 0,
                new_instances_protected: true,
                warm_pool: None,
                instances: vec![instance("i-7", false)],
                hooks: Vec::new(),
                suspended: Vec::new(),
                remembered: None,
            }),
            machines: vec![Machine {
                instance_id: "i-9".to_owned(),
                state: "running".to_owned(),
                name: None,
                owner: Some("ada".to_owned()),
            }],
            alarms: by_id([("Loud-1", (true, None)), ("Silenced-1", (false, None))]),
            sessions: by_id([("s", session("s", Unsaved::Yes { items: 2 })), ("t", quiet_session)]),
            computations: by_id([("c", computation)]),
            banner: None,
            snapshots: Vec::new(),
            change_sets: BTreeMap::new(),
            events: BTreeMap::new(),
            release: "1",
            saved: Vec::new(),
            lost: Vec::new(),
            skipped: Vec::new(),
            fate,
            late: Vec::new(),
            revoked_names: Vec::new(),
            executed: Vec::new(),
        };
        if platform.fate.only_services {
            platform.jobs.clear();
            platform.group.instances.clear();
            platform.machines.clear();
        }
        platform
    }

    /// The run has come to a step.
    pub fn reach(&mut self, step: Step) {
        let Some((at, back)) = self.fate.comes_back.first().copied() else { return };
        if at != step {
            return;
        }
        self.fate.comes_back = &self.fate.comes_back[1..];
        match back {
            Back::Queue => {
                self.queues.get_mut("Queue-1").expect("a queue").0 = true;
                let job = Job {
                    id: "late".to_owned(),
                    name: "late".to_owned(),
                    queue_arn: "Queue-1".to_owned(),
                    status: "RUNNABLE".to_owned(),
                    owner: None,
                };
                self.jobs.insert("late".to_owned(), job);
            }
            Back::Group => {
                self.group.min_size = 1;
                self.group.max_size = 2;
                self.group.desired_capacity = 1;
            }
            Back::Service => self.service.desired_count = 1,
            Back::Alarm => self.alarms.get_mut("Loud-1").expect("an alarm").0 = true,
            Back::Gate => self.gate_rules.clear(),
            Back::Suspension => self.group.suspended = vec!["Terminate".to_owned()],
        }
    }

    fn flaky(&mut self) -> bool {
        self.fate.calls += 1;
        self.fate.flaky && self.fate.calls.is_multiple_of(3)
    }
}

/// Nothing runs, and users are kept out.
fn assert_quiet(platform: &Platform) {
    assert!(platform.jobs.is_empty() && platform.group.instances.is_empty(), "the platform is quiet");
    assert!(platform.service.tasks.is_empty(), "no task runs");
    assert!(platform.machines.is_empty() && platform.sessions.is_empty(), "nobody works");
    let is_closed = platform.gate_rules.iter().any(|rule| rule.closes);
    assert!(is_closed || platform.fate.gateless, "users are kept out");
}

fn event(index: usize, logical_id: &str, status: &str) -> StackEvent {
    let resource_type = match logical_id {
        "platform" | "backup" | "role" => "AWS::CloudFormation::Stack",
        "Workers-1" | "Workers-2" => "AWS::AutoScaling::AutoScalingGroup",
        INDEXER => "AWS::ECS::Service",
        _ => "AWS::EC2::LaunchTemplate",
    };
    StackEvent {
        event_id: format!("event-{index}"),
        timestamp: String::new(),
        logical_id: logical_id.to_owned(),
        physical_id: Some(logical_id.to_owned()),
        resource_type: resource_type.to_owned(),
        status: status.to_owned(),
        status_reason: Some("because".to_owned()),
        hook: None,
    }
}

pub(crate) fn error(kind: PortErrorKind) -> PortError {
    PortError { kind, operation: "service:Operation".to_owned(), message: "no".to_owned() }
}
