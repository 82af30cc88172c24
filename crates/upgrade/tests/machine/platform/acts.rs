//! What acts do to the platform.

use upgrade::*;

use super::*;

impl Platform {
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

    pub(super) fn on_fleet(&mut self, act: &FleetAct) -> Result<(), PortError> {
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

    pub(super) fn on_stack(&mut self, act: &StackAct) -> Result<(), PortError> {
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

    pub(super) fn note(&mut self, resource: &NotedResource) -> &mut Option<String> {
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

    pub(super) fn tell(&mut self, act: &PlatformAct) {
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
