//! The stand-in platform: two queues (one of them disabled by its owner), a worker group, an ECS service, a dedicated machine,
//! two alarms (one muted by its owner), two sessions (one unsaved), a computation, two jobs.

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

    pub fn observe(&mut self, query: &Query) -> Result<Observation, PortError> {
        self.now += 10;
        self.let_arrive();
        if self.flaky() {
            return Err(error(PortErrorKind::Transient));
        }
        if self.fate.mute && matches!(query, Query::Platform(PlatformQuery::Sessions)) {
            return Err(error(PortErrorKind::Transient));
        }
        match query {
            Query::Fleet(query) => Ok(self.fleet(query)),
            Query::Stack(query) => self.stack(query),
            Query::Health(HealthQuery { version, .. }) => {
                let sick = self.fate.sick && self.release == "2";
                let answered = Some(self.release.to_owned());
                Ok(Observation::Health(vec![HealthFinding {
                    what: "platform".to_owned(),
                    healthy: !sick && (version.is_none() || *version == answered),
                    detail: if sick { "503" } else { "answers" }.to_owned(),
                }]))
            }
            Query::Platform(PlatformQuery::Sessions) => Ok(Observation::Platform(
                PlatformObservation::Sessions(self.sessions.values().cloned().collect()),
            )),
            Query::Platform(PlatformQuery::Computations) => Ok(Observation::Platform(
                PlatformObservation::Computations(self.computations.values().cloned().collect()),
            )),
            Query::Platform(PlatformQuery::Banner) => {
                Ok(Observation::Platform(PlatformObservation::Banner(self.banner.clone())))
            }
            Query::Platform(PlatformQuery::Status) => panic!("no step asks for the platform's status alone"),
        }
    }

    fn calm(&mut self, parts: &CalmParts) -> CalmSeen {
        let doors = self.doors(&parts.listener_arns, true);
        let queues = self.queues(&parts.queue_arns);
        let in_queues = |job: &&Job| parts.job_queue_arns.contains(&job.queue_arn);
        let jobs = self.jobs.values().filter(in_queues).cloned().collect();
        let groups = if parts.group_names.is_empty() { Vec::new() } else { self.groups() };
        let services = if parts.service_arns.is_empty() { Vec::new() } else { self.services() };
        CalmSeen { doors, queues, jobs, groups, services, alarms: self.alarms(&parts.alarm_names) }
    }

    fn doors(&self, listener_arns: &[String], shows: bool) -> Vec<DoorSeen> {
        let door = |listener_arn: &String| {
            let is_there = |rule: &&GateRuleSeen| shows && self.listeners[&rule.rule_arn] == *listener_arn;
            DoorSeen {
                listener_arn: listener_arn.clone(),
                exists: true,
                rules: self.gate_rules.iter().filter(is_there).cloned().collect(),
                others: match listener_arn.as_str() {
                    SECOND => self.own_rules.clone(),
                    _ => Vec::new(),
                },
            }
        };
        listener_arns.iter().map(door).collect()
    }

    fn queues(&self, arns: &[String]) -> Vec<JobQueue> {
        let queue = |arn: &String| {
            let (enabled, remembered) = self.queues[arn].clone();
            let (status, status_reason) = ("VALID".to_owned(), None);
            JobQueue { arn: arn.clone(), enabled, status, status_reason, remembered }
        };
        arns.iter().map(queue).collect()
    }

    fn alarms(&self, names: &[String]) -> Vec<AlarmSeen> {
        let alarm = |name: &String| {
            let (actions_enabled, remembered) = self.alarms[name].clone();
            AlarmSeen { name: name.clone(), actions_enabled, remembered }
        };
        names.iter().map(alarm).collect()
    }

    fn schedules(&self) -> Vec<ScheduledAction> {
        let morning = ScheduledAction {
            group_name: self.group.name.clone(),
            name: "morning".to_owned(),
            next: None,
            recurrence: Some("0 8 * * *".to_owned()),
        };
        if self.fate.scheduled { vec![morning] } else { Vec::new() }
    }

    fn protected(&self) -> Vec<ProtectedInstance> {
        let of = |machine: &Machine| ProtectedInstance {
            instance_id: machine.instance_id.clone(),
            group_name: None,
            name: None,
            owner: machine.owner.clone(),
            by: ApiProtection::Termination,
        };
        self.machines.iter().filter(|_| self.fate.protected_machine).map(of).collect()
    }

    fn groups(&mut self) -> Vec<WorkerGroup> {
        let group = &mut self.group;
        let stuck = self.fate.stuck_instance;
        if group.desired_capacity == 0 && !group.suspended.iter().any(|one| one == "Terminate") {
            group.instances.retain(|one| one.protected_from_scale_in || (stuck && one.id == "i-1"));
        }
        vec![group.clone()]
    }

    fn services(&mut self) -> Vec<EcsService> {
        let lame = self.fate.lame_tasks && self.release == "2";
        vec![service::look_at(&mut self.service, self.fate.stubborn_tasks, lame)]
    }

    fn fleet(&mut self, query: &FleetQuery) -> Observation {
        match query {
            FleetQuery::GateRules { listener_arns }
                if !self.gate_rules.is_empty() && self.fate.late_rule > 0 =>
            {
                self.fate.late_rule -= 1;
                Observation::GateRules(self.doors(listener_arns, false))
            }
            FleetQuery::GateRules { listener_arns } => {
                Observation::GateRules(self.doors(listener_arns, true))
            }
            FleetQuery::Facts { .. } => {
                let changed = match self.fate.updated_by_another {
                    Some(FactsBefore::Gate) => true,
                    Some(FactsBefore::Update) => !self.gate_rules.is_empty(),
                    None => false,
                };
                Observation::Facts(facts(if changed { "midnight" } else { "noon" }))
            }
            FleetQuery::Obstacles(parts) => Observation::Obstacles(Box::new(ObstaclesSeen {
                protected: Ok(self.protected()),
                groups: Ok(self.groups()),
                queues: Ok(self.queues(&parts.queue_arns)),
                schedules: Ok(self.schedules()),
                ..ObstaclesSeen::default()
            })),
            FleetQuery::Calm(parts) => Observation::Calm(self.calm(parts)),
            FleetQuery::Standing { parts, .. } => Observation::Standing(StandingSeen {
                stack_status: self
                    .events
                    .get("platform")
                    .and_then(|events| events.last())
                    .map_or("CREATE_COMPLETE".to_owned(), |(_, event)| event.status.clone()),
                version: Some(self.release.to_owned()),
                calm: self.calm(parts),
            }),
            FleetQuery::JobQueues { arns } => Observation::JobQueues(self.queues(arns)),
            FleetQuery::Jobs { .. } => Observation::Jobs(self.jobs.values().cloned().collect()),
            FleetQuery::WorkerGroups { .. } => Observation::WorkerGroups(self.groups()),
            FleetQuery::EcsServices { .. } => Observation::EcsServices(self.services()),
            FleetQuery::Resources { logical_ids, .. } => {
                Observation::Resources(logical_ids.iter().map(|id| resource(id)).collect())
            }
            FleetQuery::Alarms { names } => Observation::Alarms(self.alarms(names)),
            FleetQuery::Machines { .. } => Observation::Machines(self.machines.clone()),
            FleetQuery::Snapshots { .. } => {
                let seen = self.snapshots.clone();
                self.snapshots.iter_mut().for_each(|snapshot| snapshot.complete = true);
                Observation::Snapshots(seen)
            }
        }
    }

    fn stack(&mut self, query: &StackQuery) -> Result<Observation, PortError> {
        Ok(match query {
            StackQuery::ChangeSet { name, .. } => {
                Observation::ChangeSet(self.change_sets.get(name).map(|changes| ChangeSetSeen {
                    status: "CREATE_COMPLETE".to_owned(),
                    status_reason: None,
                    execution_status: "AVAILABLE".to_owned(),
                    changes: changes.clone(),
                }))
            }
            StackQuery::Contents { .. } => Observation::Contents {
                differences: self.fate.other_contents.map(str::to_owned).into_iter().collect(),
                unread: Vec::new(),
            },
            StackQuery::Status { update, .. } => {
                if let Some((next, rest)) = self.fate.console_statuses.split_first() {
                    self.fate.console_statuses = rest;
                    let events = self.events.entry(stack_name(*update)).or_default();
                    let events_before = events.len();
                    events.push(("console".to_owned(), event(events_before, stack_name(*update), next)));
                }
                let events = self.events.get(stack_name(*update));
                let of_stack = events.and_then(|events| {
                    events.iter().rfind(|(_, event)| event.logical_id == stack_name(*update))
                });
                Observation::StackStatus(of_stack.map(|(_, event)| event.status.clone()))
            }
            StackQuery::Events { update, client_request_token, after_event_id, worker_groups, .. } => {
                let begun = self.events.get(stack_name(*update)).is_some_and(|events| !events.is_empty());
                if let Some((kind, looks)) = &mut self.fate.blind
                    && begun
                    && kind == update
                    && *looks > 0
                {
                    *looks -= 1;
                    self.now += 60_000;
                    return Err(error(PortErrorKind::Refused));
                }
                let events = self.stack_events(*update, client_request_token, after_event_id.as_deref());
                let asked = self.other_group.iter().filter(|group| worker_groups.contains(&group.name));
                Observation::StackEvents { events, worker_groups: asked.cloned().collect() }
            }
        })
    }

    /// The next status of a stack whose operation has begun, and the events of the operation.
    fn stack_events(&mut self, kind: UpdateKind, token: &str, after: Option<&str>) -> Vec<StackEvent> {
        let events = self.events.entry(stack_name(kind)).or_default();
        let begun = events.iter().any(|(of, _)| of == token);
        let statuses = if token.contains("rollback") {
            &mut self.fate.continued_statuses
        } else {
            match kind {
                UpdateKind::BackupStack => &mut self.fate.backup_statuses,
                UpdateKind::Primary => &mut self.fate.statuses,
                UpdateKind::RoleStack | UpdateKind::WayBack => &mut (&[] as &'static [&'static str]),
            }
        };
        let held = self.other_group.iter().flat_map(|group| &group.instances);
        let held = held.into_iter().any(|one| one.protected_from_scale_in);
        let cleaning = events.last().is_some_and(|(_, event)| event.status == "DELETE_IN_PROGRESS");
        if begun && !(held && cleaning) {
            if cleaning {
                self.other_group = None;
                events.push((token.to_owned(), event(events.len(), "Workers-2", "DELETE_COMPLETE")));
            }
            let next = statuses.split_first().map(|(next, rest)| {
                *statuses = rest;
                *next
            });
            let last = events.last().map(|(_, event)| event.status.clone()).unwrap_or_default();
            let next = next.or((last == "UPDATE_IN_PROGRESS").then_some("UPDATE_COMPLETE"));
            if let Some(next) = next {
                if next.contains("FAILED") || next.contains("ROLLBACK") {
                    events.push((token.to_owned(), event(events.len(), "Template", "UPDATE_FAILED")));
                }
                let raises =
                    self.fate.new_workers && kind == UpdateKind::Primary && next == "UPDATE_COMPLETE";
                if raises {
                    events.push((token.to_owned(), event(events.len(), "Workers-1", next)));
                    (self.group.min_size, self.group.max_size, self.group.desired_capacity) = (1, 4, 1);
                    self.group.instances.push(Instance {
                        id: "i-8".to_owned(),
                        lifecycle_state: "InService".to_owned(),
                        protected_from_scale_in: false,
                        in_warm_pool: false,
                        remembered: None,
                    });
                }
                if self.fate.new_tasks && kind == UpdateKind::Primary && next == "UPDATE_COMPLETE" {
                    events.push((token.to_owned(), event(events.len(), INDEXER, next)));
                    self.service.desired_count = 1;
                }
                events.push((token.to_owned(), event(events.len(), stack_name(kind), next)));
                if self.fate.leaves_behind && next.ends_with("CLEANUP_IN_PROGRESS") {
                    events.push((token.to_owned(), event(events.len(), "Template", "DELETE_FAILED")));
                }
                if self.other_group.is_some() && next.ends_with("CLEANUP_IN_PROGRESS") {
                    events.push((token.to_owned(), event(events.len(), "Workers-2", "DELETE_IN_PROGRESS")));
                }
                match (kind, next) {
                    (UpdateKind::Primary, "UPDATE_COMPLETE") => {
                        self.release = "2";
                        if self.fate.wipes_tags {
                            self.group.remembered = None;
                            self.service.remembered = None;
                            self.queues.values_mut().for_each(|(_, note)| *note = None);
                        }
                        if let Some((least, greatest)) = self.fate.sizes {
                            self.group.min_size = least;
                            self.group.max_size = greatest;
                            self.group.desired_capacity = self.group.desired_capacity.max(least);
                        }
                    }
                    (UpdateKind::WayBack, "UPDATE_COMPLETE") => self.release = "1",
                    _ => {}
                }
            }
        }
        let seen = after.map_or(0, |id| {
            events.iter().position(|(_, event)| event.event_id == id).map_or(0, |index| index + 1)
        });
        events[seen..].iter().filter(|(of, _)| of == token).map(|(_, event)| event.clone()).collect()
    }

    pub fn act(&mut self, act: &Act) -> Result<(), PortError> {
        self.now += 10;
        self.let_arrive();
        self.fate.acts += 1;
        if self.fate.refuse_act == Some(self.fate.acts) {
            return Err(error(PortErrorKind::Refused));
        }
        if let Some((times, refused)) = &mut self.fate.refuse
            && *times > 0
            && refused(act)
        {
            *times -= 1;
            return Err(error(PortErrorKind::Refused));
        }
        self.carry_out(act)?;
        if self.flaky() { Err(error(PortErrorKind::Transient)) } else { Ok(()) }
    }

    pub(crate) fn carry_out(&mut self, act: &Act) -> Result<(), PortError> {
        match act {
            Act::Fleet(act) => self.on_fleet(act),
            Act::Stack(act) => self.on_stack(act),
            Act::Platform { acts } => {
                acts.iter().for_each(|act| self.tell(act));
                Ok(())
            }
        }
    }

    fn on_fleet(&mut self, act: &FleetAct) -> Result<(), PortError> {
        match act {
            FleetAct::CloseGate { run_id, missing, gate, note, listener_arn } => {
                let there = |rule: &&GateRuleSeen| self.listeners[&rule.rule_arn] == *listener_arn;
                let mut there = self.gate_rules.iter().filter(there);
                let taken = *listener_arn == SECOND
                    && self.own_rules.iter().any(|rule| missing.contains(&rule.priority));
                if taken || there.any(|rule| missing.contains(&rule.priority.unwrap_or(0))) {
                    // AWS says PriorityInUse, which is looked at again.
                    return Err(error(PortErrorKind::Transient));
                }
                for priority in missing {
                    self.rules_made += 1;
                    let rule_arn = format!("rule-{}", self.rules_made);
                    self.listeners.insert(rule_arn.clone(), listener_arn.clone());
                    self.gate_rules.push(GateRuleSeen {
                        rule_arn,
                        priority: Some(*priority),
                        run_id: run_id.clone(),
                        closes: *priority == gate.priority,
                        note: Some(note.clone()),
                    });
                }
            }
            FleetAct::OpenGate { rule_arns } => {
                self.gate_rules.retain(|rule| !rule_arns.contains(&rule.rule_arn));
                let is_closed = self.gate_rules.iter().any(|rule| rule.closes);
                assert!(
                    is_closed || self.fate.gateless || !self.is_updating("platform"),
                    "nobody is let in while the stack is updated"
                );
            }
            FleetAct::SetRulePriorities { moves } => {
                for one in moves {
                    let rule = self.own_rules.iter_mut().find(|rule| rule.rule_arn == one.rule_arn);
                    rule.expect("a rule").priority = one.to;
                }
                let mut places: Vec<i32> = self.own_rules.iter().map(|rule| rule.priority).collect();
                places.dedup();
                assert_eq!(places.len(), self.own_rules.len(), "no two rules have one priority");
            }
            FleetAct::SetJobQueueStates { queue_arns, enabled } => {
                for arn in queue_arns.iter().filter(|_| !self.fate.deaf_queues) {
                    self.queues.get_mut(arn).expect("a queue").0 = *enabled;
                }
            }
            FleetAct::TerminateJobs { job_ids, .. } => {
                if !self.fate.stubborn_jobs {
                    self.jobs.retain(|id, _| !job_ids.contains(id));
                }
            }
            FleetAct::ResizeWorkerGroups { sizes } => {
                for size in sizes {
                    self.group.min_size = size.min_size;
                    self.group.max_size = size.max_size;
                    self.group.desired_capacity = size.desired_capacity;
                    self.group.new_instances_protected = size.new_instances_protected;
                }
            }
            FleetAct::ResizeWarmPools { sizes } => {
                for size in sizes {
                    self.group.warm_pool = Some(WarmPool {
                        min_size: size.min_size,
                        max_group_prepared_capacity: size.max_group_prepared_capacity,
                    });
                }
            }
            FleetAct::SetDesiredCounts { counts } => {
                counts.iter().for_each(|count| self.service.desired_count = count.desired_count);
            }
            FleetAct::StopTasks { task_arns, .. } => {
                self.service.tasks.retain(|task| !task_arns.contains(&task.arn));
            }
            FleetAct::RemoveScaleInProtection { group_name, instance_ids } if group_name == "Workers-2" => {
                for instance in self.other_group.iter_mut().flat_map(|group| &mut group.instances) {
                    instance.protected_from_scale_in &= !instance_ids.contains(&instance.id);
                }
            }
            FleetAct::RemoveScaleInProtection { instance_ids, .. } => {
                assert!(!instance_ids.contains(&"i-3".to_owned()), "AWS refuses warm-pool instances");
                for instance in &mut self.group.instances {
                    instance.protected_from_scale_in &= !instance_ids.contains(&instance.id);
                }
            }
            FleetAct::RestoreScaleInProtection { instance_ids, .. } => {
                for instance in &mut self.group.instances {
                    instance.protected_from_scale_in |= instance_ids.contains(&instance.id);
                }
            }
            FleetAct::Remember { memories } => {
                for memory in memories {
                    *self.note(&memory.resource) = Some(memory.text.clone());
                }
            }
            FleetAct::Forget { resources } => {
                for resource in resources {
                    *self.note(resource) = None;
                }
            }
            FleetAct::CompleteLifecycleActions { .. } => {}
            FleetAct::SetScheduledActions { active, .. } => {
                self.group.suspended.retain(|one| one != "ScheduledActions");
                if !active {
                    self.group.suspended.push("ScheduledActions".to_owned());
                }
            }
            FleetAct::TerminateInstances { instance_ids } => {
                self.machines.retain(|machine| !instance_ids.contains(&machine.instance_id));
                self.group.instances.retain(|instance| !instance_ids.contains(&instance.id));
            }
            FleetAct::SetAlarmActions { names, enabled } => {
                for name in names {
                    self.alarms.get_mut(name).expect("an alarm").0 = *enabled;
                }
            }
            FleetAct::CreateSnapshots { snapshots, .. } => {
                assert_quiet(self);
                for snapshot in snapshots {
                    self.snapshots.retain(|there| there.name != snapshot.name);
                    self.snapshots.push(SnapshotSeen {
                        name: snapshot.name.clone(),
                        id: "snap-1".to_owned(),
                        complete: false,
                        failure: None,
                        percent: None,
                    });
                }
            }
        }
        Ok(())
    }

    /// Whether an operation on a stack is under way.
    pub(crate) fn is_updating(&self, stack: &str) -> bool {
        let last = self.events.get(stack).and_then(|events| events.last());
        last.is_some_and(|(_, event)| event.status.ends_with("IN_PROGRESS"))
    }

    fn on_stack(&mut self, act: &StackAct) -> Result<(), PortError> {
        match act {
            StackAct::CreateChangeSet { update, .. } if self.is_updating(stack_name(*update)) => {
                return Err(error(PortErrorKind::Refused));
            }
            StackAct::CreateChangeSet { proposal, .. } => {
                let mut changes = vec![change("Template")];
                if self.fate.surprising_change_set {
                    changes.push(change("Database"));
                }
                self.change_sets.insert(proposal.change_set_name.clone(), changes);
            }
            StackAct::DeleteChangeSet { change_set_name, .. } => {
                self.change_sets.remove(change_set_name);
            }
            StackAct::ExecuteChangeSet { update, client_request_token, change_set_name, .. } => {
                let name = stack_name(*update);
                let events = self.events.entry(name).or_default();
                if events.iter().any(|(token, _)| token == client_request_token) {
                    return Ok(());
                }
                if !self.change_sets.contains_key(change_set_name) {
                    return Err(error(PortErrorKind::Refused));
                }
                assert!(!self.fate.surprising_change_set, "no change set runs that was not approved");
                assert_eq!(self.fate.other_contents, None, "nothing runs that was not approved");
                if *update == UpdateKind::Primary {
                    assert_eq!(
                        self.fate.updated_by_another, None,
                        "nothing runs that stands on what is gone"
                    );
                    assert_quiet(self);
                    assert_eq!(self.snapshots.len(), 2, "copies were made before");
                }
                // CloudFormation deletes those of the same stack with it.
                let planned = format!("slackwater-run-1-{update:?}");
                self.change_sets.retain(|name, _| !name.starts_with(&planned));
                self.executed.push(change_set_name.clone());
                let events = self.events.entry(name).or_default();
                let begin = event(events.len(), name, "UPDATE_IN_PROGRESS");
                events.push((client_request_token.clone(), begin));
            }
            StackAct::CancelUpdate { .. } => {
                self.fate.statuses = &["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"];
            }
            StackAct::ContinueUpdateRollback { update, skip, client_request_token, .. } => {
                self.skipped.clone_from(skip);
                let name = stack_name(*update);
                let events = self.events.entry(name).or_default();
                if !events.iter().any(|(token, _)| token == client_request_token) {
                    let begin = event(events.len(), name, "UPDATE_ROLLBACK_IN_PROGRESS");
                    events.push((client_request_token.clone(), begin));
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, resource: &NotedResource) -> &mut Option<String> {
        match resource {
            NotedResource::WorkerGroup(_) => &mut self.group.remembered,
            NotedResource::ListenerRule(arn) => {
                let found = self.own_rules.iter_mut().find(|one| one.rule_arn == *arn);
                &mut found.expect("a rule").remembered
            }
            NotedResource::JobQueue(arn) => &mut self.queues.get_mut(arn).expect("a queue").1,
            NotedResource::EcsService(_) => &mut self.service.remembered,
            NotedResource::Alarm(name) => &mut self.alarms.get_mut(name).expect("an alarm").1,
            NotedResource::Instance(id) => {
                let others = self.other_group.iter_mut().flat_map(|group| &mut group.instances);
                let found = self.group.instances.iter_mut().chain(others).find(|one| one.id == *id);
                &mut found.expect("an instance").remembered
            }
        }
    }

    fn tell(&mut self, act: &PlatformAct) {
        match act {
            PlatformAct::SaveSession { session_id } => {
                let unsaveable = self.fate.unsaveable;
                if let Some(session) = self.sessions.get_mut(session_id) {
                    session.last_save = Some(LastSave {
                        at: self.now.to_string(),
                        succeeded: !unsaveable,
                        error: unsaveable.then(|| "disk full".to_owned()),
                    });
                    if !unsaveable {
                        session.unsaved = Unsaved::No;
                        self.saved.push(session_id.clone());
                    }
                }
            }
            PlatformAct::StopSession { session_id } => {
                if let Some(session) = self.sessions.remove(session_id)
                    && (session.unsaved != Unsaved::No
                        || session.last_save.is_some_and(|save| !save.succeeded))
                {
                    self.lost.push(session_id.clone());
                }
            }
            PlatformAct::StopComputation { computation_id } => {
                self.computations.remove(computation_id);
            }
            PlatformAct::Notify { .. } => {}
            PlatformAct::SetBanner(banner) => self.banner = Some(banner.clone()),
            PlatformAct::ClearBanner => self.banner = None,
        }
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
    }
}

pub(crate) fn error(kind: PortErrorKind) -> PortError {
    PortError { kind, operation: "service:Operation".to_owned(), message: "no".to_owned() }
}
