//! A plan for a journal, of a stack that has nothing but a listener.

pub mod objects;

use upgrade::{
    Announcement, AtWork, Closing, Gate, HealthPolicy, LogicalResource, MaintenancePolicy, Plan, PlannedDoor,
    PlatformCapabilities, RunKind, Targets,
};

/// Of this run, for this stack.
pub fn plan(run_id: &str, stack: &str) -> Plan {
    let resource = |id: &str| LogicalResource { logical_id: id.to_owned(), physical_id: format!("{id}-1") };
    Plan {
        format: upgrade::PLAN_FORMAT,
        run_id: run_id.to_owned(),
        deployment: stack.to_owned(),
        state: String::new(),
        left_without_state: false,
        kind: RunKind::EnterMaintenance,
        stack_name: stack.to_owned(),
        stack_id: format!("arn:aws:cloudformation:us-east-1:000000000000:stack/{stack}/1"),
        profile: "generic".to_owned(),
        version_sources: Vec::new(),
        from_version: None,
        to_version: None,
        updates: Vec::new(),
        way_back: None,
        pieces: Vec::new(),
        unpinned: Vec::new(),
        targets: Targets {
            listeners: vec![resource("Listener")],
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
            listener: resource("Listener"),
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
        steps: Vec::new(),
    }
}
