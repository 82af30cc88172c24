//! A plan that the panel can show: an update of the stack, and nothing else.

use upgrade::{
    Announcement, AtWork, Closing, Gate, HealthPolicy, LogicalResource, MaintenancePolicy, ParameterSetting,
    Plan, PlannedDoor, PlannedStep, PlatformCapabilities, Proposal, RunKind, StackUpdate, Step, Targets,
    UpdateKind,
};

/// A parameter marked NoEcho: its name may be shown.
const NO_ECHO: &str = "DatabasePassword";

/// A run that updates a stack, and nothing else.
pub fn plan(run_id: &str) -> Plan {
    let stack_id = format!("arn:aws:cloudformation:us-east-1:000000000000:stack/{run_id}/1");
    Plan {
        format: upgrade::PLAN_FORMAT,
        run_id: run_id.to_owned(),
        deployment: "lab".to_owned(),
        state: String::new(),
        left_without_state: false,
        kind: RunKind::Upgrade,
        stack_name: "lab-stack".to_owned(),
        stack_id: stack_id.clone(),
        profile: "generic".to_owned(),
        version_sources: Vec::new(),
        from_version: Some("1.0.0".to_owned()),
        to_version: Some("1.1.0".to_owned()),
        updates: vec![StackUpdate {
            estimated_seconds: 0,
            point_of_no_return: None,
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
                monitoring_minutes: None,
            },
            predicted: Vec::new(),
            expected: Vec::new(),
        }],
        way_back: None,
        pieces: Vec::new(),
        unpinned: Vec::new(),
        targets: Targets {
            listeners: vec![LogicalResource {
                logical_id: "Listener".to_owned(),
                physical_id: "arn:listener".to_owned(),
            }],
            target_groups: Vec::new(),
            job_queues: Vec::new(),
            worker_groups: Vec::new(),
            ecs_services: Vec::new(),
            serving_services: Vec::new(),
            alarms: Vec::new(),
            databases: Vec::new(),
            volumes: Vec::new(),
            dedicated_machine_tags: Vec::new(),
        },
        doors: vec![PlannedDoor {
            listener: LogicalResource {
                logical_id: "Listener".to_owned(),
                physical_id: "arn:listener".to_owned(),
            },
            words: "HTTPS:443 of web".to_owned(),
            closing: Closing::ByRules(Gate {
                priority: 1,
                status_code: 503,
                content_type: "text/plain".to_owned(),
                body: "back soon".to_owned(),
                admitted: Vec::new(),
                admitting_rules: Vec::new(),
                makes_room: Vec::new(),
            }),
        }],
        gateless: false,
        announcement: Announcement { banner: None, closes_at: None },
        maintenance: MaintenancePolicy::default(),
        platform: PlatformCapabilities::NONE,
        snapshots: Vec::new(),
        health: HealthPolicy::default(),
        before: upgrade::Before::default(),
        found: None,
        stands_on: upgrade::Facts::default(),
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
