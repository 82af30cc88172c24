//! Plans for the stand-in platform.

use upgrade::*;

pub fn change(logical_id: &str) -> Change {
    Change::new(
        logical_id,
        "AWS::EC2::LaunchTemplate",
        "Modify",
        Some("False"),
        ["Properties".to_owned()],
        [],
    )
}

/// Somebody's yes to a plan.
pub fn approval(plan: &Plan) -> Approval {
    let approved =
        ApprovedPlan::new(plan.clone(), &plan.sha256(), "ada", Timestamp(0)).expect("its own hash");
    approved.approval().clone()
}

pub fn resource(logical_id: &str) -> LogicalResource {
    LogicalResource { logical_id: logical_id.to_owned(), physical_id: format!("{logical_id}-1") }
}

/// Stands for AWS's own answer to the proposal.
pub fn stack_name(kind: UpdateKind) -> &'static str {
    match kind {
        UpdateKind::BackupStack => "backup",
        UpdateKind::RoleStack => "role",
        UpdateKind::Primary | UpdateKind::WayBack => "platform",
    }
}

fn update(kind: UpdateKind) -> StackUpdate {
    let stack_name = stack_name(kind);
    StackUpdate {
        estimated_seconds: 0,
        point_of_no_return: None,
        kind,
        stack_name: stack_name.to_owned(),
        stack_id: format!("arn:aws:cloudformation:us-east-1:000000000000:stack/{stack_name}/1"),
        from_version: Some("1".to_owned()),
        to_version: Some("2".to_owned()),
        proposal: Proposal {
            change_set_name: format!("slackwater-run-1-{kind:?}"),
            template_url: "https://bucket.s3.us-east-1.amazonaws.com/to.yaml".to_owned(),
            template_sha256: String::new(),
            parameters: Vec::new(),
            capabilities: Vec::new(),
            role_arn: None,
            tags: None,
            notification_arns: None,
            rollback_triggers: None,
            monitoring_minutes: None,
        },
        predicted: vec![change("Template")],
        expected: Vec::new(),
    }
}

fn drain(escalation: Escalation) -> DrainPolicy {
    DrainPolicy { grace_seconds: 2, deadline_seconds: 20, escalation }
}

/// What the plan stands on: when the stack was last updated.
pub fn facts(last_updated: &str) -> Facts {
    serde_json::from_value(serde_json::json!([["last-updated", last_updated]])).expect("facts")
}

/// A listener that is closed, with or without addresses that pass. On the second one the platform's two rules make room
/// for it, and for two that are made anew.
fn door(name: &str, priority: i32, admitting: &[i32]) -> PlannedDoor {
    let admitting = admitting.iter().map(|priority| AdmittingRule {
        priority: *priority,
        copy_of: "rule-0".to_owned(),
        addresses: vec!["203.0.113.0/24".to_owned()],
    });
    let moves = [1, 2].map(|from| RuleMove { rule_arn: format!("own-rule-{from}"), from, to: from + 3 });
    PlannedDoor {
        listener: resource(name),
        words: format!("HTTPS:443 of {name}"),
        closing: Closing::ByRules(Gate {
            priority,
            status_code: 503,
            content_type: "text/plain".to_owned(),
            body: "back soon".to_owned(),
            admitted: vec!["203.0.113.0/24".to_owned()],
            admitting_rules: admitting.collect(),
            makes_room: if priority == 3 { moves.into() } else { Vec::new() },
        }),
    }
}

/// The gate on the first listener, to be changed.
pub fn first_gate(plan: &mut Plan) -> &mut Gate {
    match &mut plan.doors[0].closing {
        Closing::ByRules(gate) => gate,
        other => panic!("{other:?}"),
    }
}

/// A plan with everything in it.
pub fn plan() -> Plan {
    let banner = Banner {
        text: "Maintenance at ten".to_owned(),
        level: BannerLevel::Warning,
        from: None,
        until: None,
    };
    let mut plan = Plan {
        format: PLAN_FORMAT,
        run_id: "run-1".to_owned(),
        deployment: "production".to_owned(),
        state: "s3://bucket/slackwater-state".to_owned(),
        left_without_state: false,
        kind: RunKind::Upgrade,
        stack_name: "platform".to_owned(),
        stack_id: update(UpdateKind::Primary).stack_id,
        profile: "generic".to_owned(),
        version_sources: Vec::new(),
        from_version: Some("1".to_owned()),
        to_version: Some("2".to_owned()),
        updates: [UpdateKind::BackupStack, UpdateKind::RoleStack, UpdateKind::Primary].map(update).into(),
        way_back: Some(update(UpdateKind::WayBack)),
        pieces: Vec::new(),
        unpinned: Vec::new(),
        targets: Targets {
            listeners: vec![resource("Listener"), resource("SecondListener")],
            target_groups: vec![resource("Web")],
            job_queues: vec![resource("Queue"), resource("ParkedQueue")],
            worker_groups: vec![resource("Workers")],
            ecs_services: vec![resource("Indexer")],
            serving_services: Vec::new(),
            alarms: vec![resource("Loud"), resource("Silenced")],
            databases: vec![resource("Database")],
            volumes: vec![resource("Volume")],
            dedicated_machine_tags: vec![("dedicated".to_owned(), None)],
        },
        doors: vec![door("Listener", 9, &[8]), door("SecondListener", 3, &[])],
        gateless: false,
        announcement: Announcement { banner: Some(banner), closes_at: Some(Timestamp(60_000)) },
        maintenance: MaintenancePolicy {
            sessions: drain(Escalation::Stop),
            force_sessions: Vec::new(),
            computations: drain(Escalation::Stop),
            jobs: drain(Escalation::Stop),
            workers: drain(Escalation::Stop),
            mute_alarms: true,
            stay_closed_on_failure: false,
        },
        platform: PlatformCapabilities {
            sessions: true,
            save: true,
            notices: true,
            computations: true,
            banner: true,
            status: true,
        },
        snapshots: [(SnapshotKind::Database, "Database"), (SnapshotKind::Volume, "Volume")]
            .map(|(kind, id)| PlannedSnapshot {
                kind,
                logical_id: id.to_owned(),
                source_id: format!("{id}-1"),
                name: format!("run-1-{id}"),
            })
            .into(),
        health: HealthPolicy { quiet_seconds: 3, deadline_seconds: 20, ..HealthPolicy::default() },
        before: Before::default(),
        found: None,
        stands_on: facts("noon"),
        checks: Vec::new(),
        accepted: Vec::new(),
        risks: Vec::new(),
        permissions: "{}".to_owned(),
        at_work: AtWork::default(),
        steps: Vec::new(),
    };
    let [create, contents, execute, follow] = Step::of_update(UpdateKind::Primary);
    let steps = [Step::Announce]
        .into_iter()
        .chain(Step::of_update(UpdateKind::BackupStack))
        .chain(Step::of_update(UpdateKind::RoleStack))
        .chain([Step::AwaitWindow, create, Step::ConfirmFacts(FactsBefore::Gate)])
        .chain([Step::ConfirmDrainable, Step::CloseGate])
        .chain(Step::DRAINING.iter().copied())
        .chain([Step::TakeSnapshots, Step::ConfirmFacts(FactsBefore::Update), contents, execute, follow])
        .chain(out());
    plan.steps = steps.map(short).collect();
    plan
}

/// A step whose deadline is short, so that running into it takes few records.
pub fn short(step: Step) -> PlannedStep {
    let usual = step.usual();
    PlannedStep { deadline_seconds: usual.deadline_seconds.map(|_| 20), ..usual }
}

/// The way out, where no call can arrive late.
fn out() -> impl Iterator<Item = Step> {
    Step::LEAVING.iter().copied().filter(|step| *step != Step::LookOnceMore)
}

/// A plan of entering maintenance, and no further.
pub fn entering() -> Plan {
    let whole = plan();
    let steps = [Step::Announce, Step::AwaitWindow, Step::ConfirmDrainable, Step::CloseGate]
        .into_iter()
        .chain(Step::DRAINING.iter().copied())
        .chain([Step::TakeStock]);
    Plan {
        kind: RunKind::EnterMaintenance,
        updates: Vec::new(),
        way_back: None,
        steps: steps.map(short).collect(),
        ..whole
    }
}

/// The same plan for a platform without a gate.
pub fn without_gate(plan: Plan) -> Plan {
    let steps = plan.steps.iter().filter(|planned| planned.step != Step::OpenGate);
    let steps = steps.map(|planned| match planned.step {
        Step::CloseGate => short(Step::FindMaintenance),
        _ => *planned,
    });
    let targets = Targets { listeners: Vec::new(), target_groups: Vec::new(), ..plan.targets.clone() };
    Plan { gateless: true, doors: Vec::new(), targets, steps: steps.collect(), ..plan.clone() }
}

/// A plan of leaving maintenance, the journal of entering it being lost.
pub fn leaving() -> Plan {
    Plan {
        kind: RunKind::LeaveMaintenance,
        run_id: "run-2".to_owned(),
        found: Some(Maintenance { run_id: "run-1".to_owned(), since: None, by: None, state: None }),
        steps: out().map(short).collect(),
        ..entering()
    }
}
