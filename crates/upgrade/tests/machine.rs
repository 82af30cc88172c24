//! The state machine against a small platform that obeys it: every end, every crash.
//!
//! The platform here is a stand-in that answers questions and carries acts out at once; what AWS really does
//! is tested on the local cloud. What is tested here is the machine: whatever happens, everything is put
//! back, and a run resumed from any prefix of its journal comes to the same end.

use std::collections::BTreeMap;

use upgrade::*;

/// A platform of one listener, two queues (one of them disabled by its owner) and one worker group.
#[derive(Clone)]
struct Platform {
    now: u64,
    gate_rules: Vec<GateRuleSeen>,
    rules_made: usize,
    queues: BTreeMap<String, bool>,
    jobs: BTreeMap<String, Job>,
    group: WorkerGroup,
    change_set: Option<Vec<Change>>,
    events: Vec<StackEvent>,
    fate: Fortune,
}

/// What is going to happen to it.
#[derive(Clone, Debug, Default)]
struct Fortune {
    /// CloudFormation makes another change set than was approved.
    surprising_change_set: bool,
    /// The statuses that the stack goes through once the update has begun.
    statuses: &'static [&'static str],
    /// The n-th act is refused.
    refuse_act: Option<usize>,
    /// Every third call fails for a passing reason, after acting.
    flaky: bool,
    /// Jobs don't end.
    stubborn_jobs: bool,
    /// Queues answer that they were changed, and are not.
    deaf_queues: bool,
    /// The gate's rule shows only at the n-th look after it was made.
    late_rule: usize,
    acts: usize,
    calls: usize,
}

fn change(logical_id: &str) -> Change {
    Change::new(
        logical_id,
        "AWS::EC2::LaunchTemplate",
        "Modify",
        Some("False"),
        ["Properties".to_owned()],
        [],
    )
}

fn resource(logical_id: &str) -> LogicalResource {
    LogicalResource { logical_id: logical_id.to_owned(), physical_id: format!("{logical_id}-1") }
}

fn plan() -> Plan {
    Plan {
        format: PLAN_FORMAT,
        run_id: "run-1".to_owned(),
        stack_name: "platform".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:000000000000:stack/platform/1".to_owned(),
        profile: "generic".to_owned(),
        from_version: Some("1".to_owned()),
        to_version: Some("2".to_owned()),
        proposal: Proposal {
            change_set_name: "slackwater-run-1".to_owned(),
            template_url: "https://bucket.s3.us-east-1.amazonaws.com/to.yaml".to_owned(),
            template_sha256: String::new(),
            parameters: Vec::new(),
            capabilities: Vec::new(),
        },
        predicted: vec![change("Template")],
        expected: Vec::new(),
        targets: Targets {
            listener: resource("Listener"),
            job_queues: vec![resource("Queue"), resource("ParkedQueue")],
            worker_groups: vec![resource("Workers")],
        },
        gate: Gate {
            priority: 1,
            status_code: 503,
            content_type: "text/plain".to_owned(),
            body: "back soon".to_owned(),
        },
        // Short, so that running into a deadline takes few records.
        steps: default_steps()
            .into_iter()
            .map(|step| PlannedStep { deadline_seconds: step.deadline_seconds.map(|_| 20), ..step })
            .collect(),
    }
}

impl Platform {
    fn new(fate: Fortune) -> Platform {
        let instance = |id: &str, in_warm_pool| Instance {
            id: id.to_owned(),
            lifecycle_state: if in_warm_pool { "Warmed:Stopped" } else { "InService" }.to_owned(),
            protected_from_scale_in: !in_warm_pool,
            in_warm_pool,
        };
        let job = |id: &str| Job {
            id: id.to_owned(),
            name: id.to_owned(),
            queue_arn: "Queue-1".to_owned(),
            status: "RUNNING".to_owned(),
        };
        Platform {
            now: 1_000,
            gate_rules: Vec::new(),
            rules_made: 0,
            queues: [("Queue-1".to_owned(), true), ("ParkedQueue-1".to_owned(), false)].into(),
            jobs: ["a", "b"].map(|id| (id.to_owned(), job(id))).into(),
            group: WorkerGroup {
                name: "Workers-1".to_owned(),
                min_size: 1,
                max_size: 4,
                desired_capacity: 2,
                new_instances_protected: true,
                warm_pool: Some(WarmPool { min_size: 1, max_group_prepared_capacity: None }),
                instances: vec![instance("i-1", false), instance("i-2", false), instance("i-3", true)],
            },
            change_set: None,
            events: Vec::new(),
            fate,
        }
    }

    fn flaky(&mut self) -> bool {
        self.fate.calls += 1;
        self.fate.flaky && self.fate.calls.is_multiple_of(3)
    }

    fn observe(&mut self, query: &Query) -> Result<Observation, PortError> {
        self.now += 10;
        if self.flaky() {
            return Err(error(PortErrorKind::Transient));
        }
        Ok(match query {
            Query::GateRules { .. } if !self.gate_rules.is_empty() && self.fate.late_rule > 0 => {
                self.fate.late_rule -= 1;
                Observation::GateRules(Vec::new())
            }
            Query::GateRules { .. } => Observation::GateRules(self.gate_rules.clone()),
            Query::JobQueues { arns } => Observation::JobQueues(
                arns.iter()
                    .map(|arn| JobQueue {
                        arn: arn.clone(),
                        enabled: self.queues[arn],
                        status: "VALID".to_owned(),
                    })
                    .collect(),
            ),
            Query::Jobs { .. } => Observation::Jobs(self.jobs.values().cloned().collect()),
            Query::WorkerGroups { .. } => {
                let group = &mut self.group;
                if group.desired_capacity == 0 {
                    group.instances.retain(|instance| instance.protected_from_scale_in);
                }
                Observation::WorkerGroups(vec![group.clone()])
            }
            Query::ChangeSet { .. } => {
                Observation::ChangeSet(self.change_set.clone().map(|changes| ChangeSetSeen {
                    status: "CREATE_COMPLETE".to_owned(),
                    status_reason: None,
                    execution_status: "AVAILABLE".to_owned(),
                    changes,
                }))
            }
            Query::StackEvents { after_event_id, .. } => {
                if !self.events.is_empty() && !self.fate.statuses.is_empty() {
                    let (next, rest) = self.fate.statuses.split_first().expect("not empty");
                    self.fate.statuses = rest;
                    self.events.push(event(self.events.len(), "Template", "UPDATE_FAILED"));
                    self.events.push(event(self.events.len(), "platform", next));
                }
                let seen = after_event_id.as_ref().map_or(0, |id| {
                    self.events.iter().position(|event| event.event_id == *id).map_or(0, |index| index + 1)
                });
                Observation::StackEvents(self.events[seen..].to_vec())
            }
            Query::Resources { logical_ids, .. } => {
                Observation::Resources(logical_ids.iter().map(|id| resource(id)).collect())
            }
        })
    }

    fn act(&mut self, act: &Act) -> Result<(), PortError> {
        self.now += 10;
        self.fate.acts += 1;
        if self.fate.refuse_act == Some(self.fate.acts) {
            return Err(error(PortErrorKind::Refused));
        }
        match act {
            Act::CloseGate { run_id, .. } => {
                if !self.gate_rules.is_empty() {
                    // AWS says PriorityInUse, which is looked at again.
                    return Err(error(PortErrorKind::Transient));
                }
                self.rules_made += 1;
                let rule_arn = format!("rule-{}", self.rules_made);
                self.gate_rules.push(GateRuleSeen { rule_arn, run_id: run_id.clone() });
            }
            Act::OpenGate { rule_arns } => self.gate_rules.retain(|rule| !rule_arns.contains(&rule.rule_arn)),
            Act::SetJobQueueStates { queue_arns, enabled } => {
                for arn in queue_arns.iter().filter(|_| !self.fate.deaf_queues) {
                    self.queues.insert(arn.clone(), *enabled);
                }
            }
            Act::TerminateJobs { job_ids, .. } => {
                if !self.fate.stubborn_jobs {
                    self.jobs.retain(|id, _| !job_ids.contains(id));
                }
            }
            Act::ResizeWorkerGroups { sizes } => {
                for size in sizes {
                    self.group.min_size = size.min_size;
                    self.group.max_size = size.max_size;
                    self.group.desired_capacity = size.desired_capacity;
                    self.group.new_instances_protected = size.new_instances_protected;
                }
            }
            Act::ResizeWarmPools { sizes } => {
                for size in sizes {
                    self.group.warm_pool = Some(WarmPool {
                        min_size: size.min_size,
                        max_group_prepared_capacity: size.max_group_prepared_capacity,
                    });
                }
            }
            Act::RemoveScaleInProtection { instance_ids, .. } => {
                assert!(!instance_ids.contains(&"i-3".to_owned()), "AWS refuses warm-pool instances");
                for instance in &mut self.group.instances {
                    instance.protected_from_scale_in &= !instance_ids.contains(&instance.id);
                }
            }
            Act::CreateChangeSet { .. } => {
                let mut changes = vec![change("Template")];
                if self.fate.surprising_change_set {
                    changes.push(change("Database"));
                }
                self.change_set = Some(changes);
            }
            Act::ExecuteChangeSet { .. } => {
                assert!(!self.fate.surprising_change_set, "no change set runs that was not approved");
                assert!(self.jobs.is_empty() && self.group.instances.is_empty(), "the platform is quiet");
                assert!(!self.gate_rules.is_empty(), "users are kept out");
                if self.events.is_empty() {
                    self.events.push(event(0, "platform", "UPDATE_IN_PROGRESS"));
                }
            }
        }
        if self.flaky() { Err(error(PortErrorKind::Transient)) } else { Ok(()) }
    }
}

fn event(index: usize, logical_id: &str, status: &str) -> StackEvent {
    StackEvent {
        event_id: format!("event-{index}"),
        timestamp: String::new(),
        logical_id: logical_id.to_owned(),
        resource_type: if logical_id == "platform" {
            "AWS::CloudFormation::Stack"
        } else {
            "AWS::EC2::LaunchTemplate"
        }
        .to_owned(),
        status: status.to_owned(),
        status_reason: Some("because".to_owned()),
    }
}

fn error(kind: PortErrorKind) -> PortError {
    PortError { kind, operation: "service:Operation".to_owned(), message: "no".to_owned() }
}

/// Where a simulated crash happens: around the n-th record.
#[derive(Clone, Copy, Debug)]
enum Crash {
    Never,
    Before(usize),
    After(usize),
}

/// Carry a plan out as the conductor does, crashing once where told; gives the journal and the platform.
fn carry_out(fate: Fortune, crash: Crash) -> (Vec<Record>, Platform, Outcome) {
    let plan = plan();
    let mut platform = Platform::new(fate);
    let mut journal: Vec<Record> = Vec::new();
    let mut crash = crash;
    // Gives false when the process "dies".
    let mut write = |journal: &mut Vec<Record>, record: Record| match crash {
        Crash::Before(at) if at == journal.len() => {
            crash = Crash::Never;
            false
        }
        Crash::After(at) if at == journal.len() => {
            crash = Crash::Never;
            journal.push(record);
            false
        }
        _ => {
            journal.push(record);
            true
        }
    };
    'process: for _ in 0..4 {
        let begins = journal.is_empty();
        let what = if begins { What::Started } else { What::Resumed };
        let first = Event { at: Timestamp(platform.now), what };
        let before = if begins {
            State::new(&plan, first.at)
        } else {
            let state = fold(&plan, &journal).expect("the journal folds");
            if let Some(outcome) = state.outcome {
                return (journal, platform, outcome);
            }
            state
        };
        let (mut state, mut effect) = transition(&plan, before, &first).expect("legal");
        if !write(&mut journal, Record::Happened(first)) {
            continue 'process;
        }
        for _ in 0..10_000 {
            let what = match effect {
                Effect::End => return (journal, platform, state.outcome.expect("an end has an outcome")),
                Effect::Wait { milliseconds } => {
                    platform.now += milliseconds;
                    What::Waited
                }
                Effect::Observe(query) => match platform.observe(&query) {
                    Ok(observation) => What::Observed(observation),
                    Err(error) => What::ObserveFailed(error),
                },
                Effect::Act(act) => {
                    let record = Record::Intended { at: Timestamp(platform.now), act: act.clone() };
                    if !write(&mut journal, record) {
                        continue 'process;
                    }
                    state = state.intending(act.clone());
                    match platform.act(&act) {
                        Ok(()) => What::Acted,
                        Err(error) => What::ActFailed(error),
                    }
                }
            };
            let event = Event { at: Timestamp(platform.now), what };
            let (next, next_effect) = transition(&plan, state.clone(), &event).expect("legal");
            let told = next != state
                || matches!(next_effect, Effect::Act(_))
                || matches!(event.what, What::Acted | What::ActFailed(_));
            if told && !write(&mut journal, Record::Happened(event)) {
                continue 'process;
            }
            (state, effect) = (next, next_effect);
        }
        panic!("the run does not end");
    }
    panic!("the run does not end after a crash");
}

/// Everything that maintenance changed is as it was.
fn assert_put_back(platform: &Platform) {
    assert!(platform.gate_rules.is_empty(), "the gate is open");
    assert_eq!(platform.queues, Platform::new(Fortune::default()).queues, "queues are as they were");
    let before = Platform::new(Fortune::default()).group;
    let after = &platform.group;
    assert_eq!(
        (
            after.min_size,
            after.max_size,
            after.desired_capacity,
            after.new_instances_protected,
            &after.warm_pool
        ),
        (
            before.min_size,
            before.max_size,
            before.desired_capacity,
            before.new_instances_protected,
            &before.warm_pool
        ),
        "sizes are as they were"
    );
}

const UPDATED: &[&str] = &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"];

/// Every end a run can come to: what happens, how it ends, a word of the reason.
fn ends() -> Vec<(&'static str, Fortune, &'static str, &'static str)> {
    let updated = || Fortune { statuses: UPDATED, ..Fortune::default() };
    vec![
        ("all is well", updated(), "Upgraded", ""),
        ("calls fail in passing", Fortune { flaky: true, ..updated() }, "Upgraded", ""),
        (
            "AWS makes another change set",
            Fortune { surprising_change_set: true, ..updated() },
            "NotUpgraded",
            "Database: AWS will modify it, not approved",
        ),
        (
            "the update is rolled back",
            Fortune {
                statuses: &["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"],
                ..Fortune::default()
            },
            "NotUpgraded",
            "First failure: Template (AWS::EC2::LaunchTemplate): because",
        ),
        (
            "the rollback fails",
            Fortune { statuses: &["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"], ..Fortune::default() },
            "GateClosed",
            "UPDATE_ROLLBACK_FAILED",
        ),
        ("the gate's rule shows late", Fortune { late_rule: 4, ..updated() }, "Upgraded", ""),
        (
            "queues do not obey",
            Fortune { deaf_queues: true, ..updated() },
            "NotUpgraded",
            "Disable job queues: not done after 20 s",
        ),
        (
            "jobs do not end",
            Fortune { stubborn_jobs: true, ..updated() },
            "NotUpgraded",
            "not done after 20 s; held by job a (RUNNING) in Queue-1, job b",
        ),
    ]
}

#[test]
fn every_end_is_reached_and_leaves_the_platform_as_it_says() {
    for (name, fate, end, reason) in ends() {
        let (journal, platform, outcome) = carry_out(fate, Crash::Never);
        let told = format!("{outcome:?}");
        assert!(told.starts_with(end), "{name}: {told}");
        assert!(told.contains(reason), "{name}: {told}");
        if end == "GateClosed" {
            assert!(!platform.gate_rules.is_empty(), "{name}: users are kept out");
        } else {
            assert_put_back(&platform);
        }
        let report = Report::from_journal(&plan(), &journal).expect("the journal is whole");
        assert_eq!(report.outcome, Some(outcome), "{name}");
        let (jobs, instances) = match name {
            "queues do not obey" => (0, 0),
            "jobs do not end" => (2, 0),
            _ => (2, 3),
        };
        assert_eq!(report.stopped_jobs.len(), jobs, "{name}: each is named");
        assert_eq!(report.stopped_instances.len(), instances, "{name}: each is named");
    }
}

#[test]
fn a_refused_act_ends_the_run_and_whatever_can_be_put_back_is() {
    let (journal, _, _) = carry_out(Fortune { statuses: UPDATED, ..Fortune::default() }, Crash::Never);
    let acts = journal.iter().filter(|record| matches!(record, Record::Intended { .. })).count();
    for refused in 1..=acts {
        let fate = Fortune { statuses: UPDATED, refuse_act: Some(refused), ..Fortune::default() };
        let (_, platform, outcome) = carry_out(fate, Crash::Never);
        match outcome {
            Outcome::Upgraded => panic!("act {refused} was refused, and yet: {outcome:?}"),
            Outcome::NotUpgraded { .. } => assert_put_back(&platform),
            // A refusal while leaving maintenance: said loudly, and users are indeed kept out.
            Outcome::GateClosed { .. } => assert!(!platform.gate_rules.is_empty(), "act {refused}"),
        }
    }
}

#[test]
fn a_run_resumed_from_every_record_comes_to_the_same_end() {
    let mut tried = 0;
    for (name, fate, _, _) in ends() {
        let (journal, _, outcome) = carry_out(fate.clone(), Crash::Never);
        for at in 0..journal.len() {
            for crash in [Crash::Before(at), Crash::After(at)] {
                let (_, platform, resumed) = carry_out(fate.clone(), crash);
                let kind = |outcome: &Outcome| std::mem::discriminant(outcome);
                assert_eq!(kind(&resumed), kind(&outcome), "{name}, {crash:?}: {resumed:?}");
                assert!(platform.rules_made <= 1, "{name}, {crash:?}: the gate is made once");
                if !matches!(resumed, Outcome::GateClosed { .. }) {
                    assert_put_back(&platform);
                }
                tried += 1;
            }
        }
    }
    println!("{tried} of {tried} crashes resumed to the same end");
}

#[test]
fn every_prefix_of_a_journal_folds_and_survives_being_written_down() {
    let (journal, _, _) = carry_out(Fortune { statuses: UPDATED, ..Fortune::default() }, Crash::Never);
    for length in 1..=journal.len() {
        let text = serde_json::to_string(&journal[..length]).expect("records are plain data");
        let read: Vec<Record> = serde_json::from_str(&text).expect("what was written can be read");
        assert_eq!(read, journal[..length]);
        let state = fold(&plan(), &read).expect("every prefix folds");
        assert_eq!(state.outcome.is_some(), length == journal.len());
    }
}

#[test]
fn a_journal_of_something_else_is_refused() {
    let (journal, _, _) = carry_out(Fortune { statuses: UPDATED, ..Fortune::default() }, Crash::Never);
    assert_eq!(fold(&plan(), &journal[1..]), Err(IllegalTransition::NotStarted));
    let wrong = Event { at: Timestamp(0), what: What::Observed(Observation::Jobs(Vec::new())) };
    let state = State::new(&plan(), Timestamp(0));
    assert!(matches!(transition(&plan(), state, &wrong), Err(IllegalTransition::WrongAnswer { .. })));
    let ended = fold(&plan(), &journal).expect("whole");
    let late = Event { at: Timestamp(0), what: What::Waited };
    assert_eq!(transition(&plan(), ended, &late), Err(IllegalTransition::Ended));
}

#[test]
fn the_hash_of_a_plan_covers_everything_in_it() {
    let original = plan();
    let mut changed = plan();
    changed.proposal.parameters.push(ParameterSetting { key: "Size".to_owned(), value: None });
    assert_eq!(original.sha256(), plan().sha256());
    assert_ne!(original.sha256(), changed.sha256());
    assert_eq!(original.sha256().len(), 64);
}
