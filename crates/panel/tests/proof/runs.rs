//! Runs for a journal: an update with as many events as one likes.

use conductor::{Holder, JournalStore as _, SqliteJournal};
use upgrade::{
    Announcement, AtWork, Event, Gate, HealthPolicy, LogicalResource, MaintenancePolicy, Observation,
    ParameterSetting, Plan, PlannedStep, PlatformCapabilities, Proposal, Record, RunKind, StackEvent,
    StackUpdate, Step, Targets, Timestamp, UpdateKind, What,
};

/// When these runs begin: 2026-11-25, in milliseconds.
pub const BEGAN: u64 = 1_795_564_800_000;

/// Events that one look at the stack shows.
const EVENTS_A_LOOK: usize = 20;

/// Resources of the stack: the events are theirs in turn.
const RESOURCES: usize = 400;

/// A parameter marked NoEcho: its name may be shown.
pub const NO_ECHO: &str = "DatabasePassword";

/// A run that updates a stack, and nothing else.
pub fn plan(run_id: &str) -> Plan {
    let stack_id = format!("arn:aws:cloudformation:us-east-1:000000000000:stack/{run_id}/1");
    Plan {
        format: upgrade::PLAN_FORMAT,
        run_id: run_id.to_owned(),
        deployment: "lab".to_owned(),
        kind: RunKind::Upgrade,
        stack_name: "lab-stack".to_owned(),
        stack_id: stack_id.clone(),
        profile: "generic".to_owned(),
        from_version: Some("1.0.0".to_owned()),
        to_version: Some("1.1.0".to_owned()),
        updates: vec![StackUpdate {
            kind: UpdateKind::Primary,
            stack_name: "lab-stack".to_owned(),
            stack_id,
            from_version: Some("1.0.0".to_owned()),
            to_version: Some("1.1.0".to_owned()),
            proposal: Proposal {
                change_set_name: format!("slackwater-{run_id}"),
                template_url: "https://templates.s3.us-east-1.amazonaws.com/1.1.0.yaml".to_owned(),
                template_sha256: String::new(),
                parameters: vec![ParameterSetting { key: NO_ECHO.to_owned(), value: None }],
                capabilities: Vec::new(),
                role_arn: None,
                tags: None,
                notification_arns: None,
                rollback_triggers: None,
            },
            predicted: Vec::new(),
            expected: Vec::new(),
        }],
        way_back: None,
        targets: Targets {
            listener: LogicalResource {
                logical_id: "Listener".to_owned(),
                physical_id: "arn:listener".to_owned(),
            },
            target_groups: Vec::new(),
            job_queues: Vec::new(),
            worker_groups: Vec::new(),
            alarms: Vec::new(),
            databases: Vec::new(),
            volumes: Vec::new(),
            dedicated_machine_tags: Vec::new(),
        },
        gate: Gate {
            priority: 1,
            status_code: 503,
            content_type: "text/plain".to_owned(),
            body: "back soon".to_owned(),
            admitted: Vec::new(),
            admitting_rules: Vec::new(),
        },
        announcement: Announcement { banner: None, closes_at: None },
        maintenance: MaintenancePolicy::default(),
        platform: PlatformCapabilities::NONE,
        snapshots: Vec::new(),
        health: HealthPolicy::default(),
        before: None,
        checks: Vec::new(),
        accepted: Vec::new(),
        risks: Vec::new(),
        permissions: String::new(),
        at_work: AtWork::default(),
        steps: vec![PlannedStep {
            step: Step::FollowUpdate(UpdateKind::Primary),
            deadline_seconds: None,
            poll_milliseconds: 1000,
        }],
    }
}

/// Whoever carries these runs out: a process that is not there, so that nobody does.
pub fn holder() -> Holder {
    Holder::named("this test")
}

/// Begin a run.
pub fn begin(journal: &mut SqliteJournal, plan: &Plan) {
    let first = Record::Happened(Event { at: Timestamp(BEGAN), what: What::Started });
    journal.begin(plan, &first, &holder()).expect("begun");
}

/// Write a record that ends nothing.
pub fn write(journal: &mut SqliteJournal, run_id: &str, at: u64, what: What) {
    let record = Record::Happened(Event { at: Timestamp(at), what });
    journal.append(run_id, &record, false, &holder()).expect("written");
}

/// Let so many stack events happen, look by look, from this one on.
pub fn events(journal: &mut SqliteJournal, run_id: &str, from: usize, count: usize) {
    let numbers: Vec<usize> = (from..from + count).collect();
    for look in numbers.chunks(EVENTS_A_LOOK) {
        let at = BEGAN + 1000 * look.last().map_or(0, |number| *number as u64);
        let seen = look.iter().map(|number| event(*number)).collect();
        write(
            journal,
            run_id,
            at,
            What::Observed(Observation::StackEvents { events: seen, worker_groups: Vec::new() }),
        );
    }
}

/// The stack's own beginning, then each resource's beginning and end.
pub fn event(number: usize) -> StackEvent {
    let seconds = number % 60;
    let (minutes, hours) = (number / 60 % 60, number / 3600 % 24);
    let of_stack = number == 0;
    let status = if of_stack || (number / RESOURCES).is_multiple_of(2) {
        "UPDATE_IN_PROGRESS"
    } else {
        "UPDATE_COMPLETE"
    };
    StackEvent {
        event_id: format!("event-{number}"),
        timestamp: format!("2026-11-25T{hours:02}:{minutes:02}:{seconds:02}.000Z"),
        physical_id: None,
        logical_id: if of_stack {
            "lab-stack".to_owned()
        } else {
            format!("Resource{:03}", number % RESOURCES)
        },
        resource_type: if of_stack { "AWS::CloudFormation::Stack" } else { "AWS::Batch::JobQueue" }
            .to_owned(),
        status: status.to_owned(),
        status_reason: None,
    }
}
