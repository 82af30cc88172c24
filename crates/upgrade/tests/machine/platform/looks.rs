//! What the platform answers.

use upgrade::*;

use super::*;

impl Platform {
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

    pub(super) fn calm(&mut self, parts: &CalmParts) -> CalmSeen {
        let doors = self.doors(&parts.listener_arns, true);
        let queues = self.queues(&parts.queue_arns);
        let in_queues = |job: &&Job| parts.job_queue_arns.contains(&job.queue_arn);
        let jobs = self.jobs.values().filter(in_queues).cloned().collect();
        let groups = if parts.group_names.is_empty() { Vec::new() } else { self.groups() };
        let services = if parts.service_arns.is_empty() { Vec::new() } else { self.services() };
        CalmSeen { doors, queues, jobs, groups, services, alarms: self.alarms(&parts.alarm_names) }
    }

    pub(super) fn doors(&self, listener_arns: &[String], shows: bool) -> Vec<DoorSeen> {
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

    pub(super) fn queues(&self, arns: &[String]) -> Vec<JobQueue> {
        let queue = |arn: &String| {
            let (enabled, remembered) = self.queues[arn].clone();
            let (status, status_reason) = ("VALID".to_owned(), None);
            JobQueue { arn: arn.clone(), enabled, status, status_reason, remembered }
        };
        arns.iter().map(queue).collect()
    }

    pub(super) fn alarms(&self, names: &[String]) -> Vec<AlarmSeen> {
        let alarm = |name: &String| {
            let (actions_enabled, remembered) = self.alarms[name].clone();
            AlarmSeen { name: name.clone(), actions_enabled, remembered }
        };
        names.iter().map(alarm).collect()
    }

    pub(super) fn schedules(&self) -> Vec<ScheduledAction> {
        let morning = ScheduledAction {
            group_name: self.group.name.clone(),
            name: "morning".to_owned(),
            next: None,
            recurrence: Some("0 8 * * *".to_owned()),
        };
        if self.fate.scheduled { vec![morning] } else { Vec::new() }
    }

    pub(super) fn protected(&self) -> Vec<ProtectedInstance> {
        let of = |machine: &Machine| ProtectedInstance {
            instance_id: machine.instance_id.clone(),
            group_name: None,
            name: None,
            owner: machine.owner.clone(),
            by: ApiProtection::Termination,
        };
        self.machines.iter().filter(|_| self.fate.protected_machine).map(of).collect()
    }

    pub(super) fn groups(&mut self) -> Vec<WorkerGroup> {
        let group = &mut self.group;
        let stuck = self.fate.stuck_instance;
        if group.desired_capacity == 0 && !group.suspended.iter().any(|one| one == "Terminate") {
            group.instances.retain(|one| one.protected_from_scale_in || (stuck && one.id == "i-1"));
        }
        vec![group.clone()]
    }

    pub(super) fn services(&mut self) -> Vec<EcsService> {
        let lame = self.fate.lame_tasks && self.release == "2";
        vec![service::look_at(&mut self.service, self.fate.stubborn_tasks, lame)]
    }

    pub(super) fn fleet(&mut self, query: &FleetQuery) -> Observation {
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
            FleetQuery::WorkerGroups { names } => {
                let mut groups = self.groups();
                groups.retain(|group| names.contains(&group.name));
                Observation::WorkerGroups(groups)
            }
            FleetQuery::EcsServices { .. } => Observation::EcsServices(self.services()),
            FleetQuery::Resources { logical_ids, .. } => {
                let gone: &[&str] = if self.release == "2" { self.fate.drops } else { &[] };
                let there = logical_ids.iter().filter(|id| !gone.contains(&id.as_str()));
                Observation::Resources(there.map(|id| resource(id)).collect())
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

    pub(super) fn stack(&mut self, query: &StackQuery) -> Result<Observation, PortError> {
        Ok(match query {
            StackQuery::ChangeSet { name, .. } => {
                Observation::ChangeSet(self.change_sets.get(name).map(|changes| ChangeSetSeen {
                    findings: Vec::new(),
                    status: "CREATE_COMPLETE".to_owned(),
                    status_reason: None,
                    execution_status: "AVAILABLE".to_owned(),
                    changes: changes.clone(),
                    hooks: None,
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
    pub(super) fn stack_events(
        &mut self,
        kind: UpdateKind,
        token: &str,
        after: Option<&str>,
    ) -> Vec<StackEvent> {
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
}
