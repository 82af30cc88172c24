//! Who is at work, and what the owner decided about it.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{alarm, check_all, resource};

fn session(id: &str, unsaved: Unsaved) -> Session {
    Session {
        id: id.to_owned(),
        name: format!("session {id}"),
        owner: "grace".to_owned(),
        kind: SessionKind::Plain,
        unsaved,
        last_save: None,
        started_at: None,
    }
}

fn job(owner: Option<&str>) -> Job {
    Job {
        id: "job-1".to_owned(),
        name: "align".to_owned(),
        queue_arn: "Queue-1".to_owned(),
        status: "RUNNING".to_owned(),
        owner: owner.map(str::to_owned),
    }
}

#[test]
fn workloads() {
    check_all(&[
        ("nobody", |_| {}, "workloads", Passed, ""),
        (
            "saved",
            |w| w.around.sessions = Some(Ok(vec![session("s-1", Unsaved::No)])),
            "workloads",
            Passed,
            "grace: 1 session.",
        ),
        (
            "unsaved",
            |w| w.around.sessions = Some(Ok(vec![session("s-1", Unsaved::Yes { items: 3 })])),
            "workloads",
            Warning,
            "Unsaved: session s-1 (3 items)",
        ),
        (
            "unsaved, and can't be",
            |w| {
                w.around.platform.save = false;
                w.around.sessions = Some(Ok(vec![session("s-1", Unsaved::Unknown)]));
            },
            "workloads",
            Warning,
            "people have to do it themselves",
        ),
        (
            "jobs",
            |w| w.around.jobs = Ok(vec![job(Some("ada")), job(None), job(Some("ada"))]),
            "workloads",
            Warning,
            "ada: 2 jobs.",
        ),
        ("blind", |w| w.around.jobs = Err("throttled".into()), "workloads", Warning, "throttled"),
        (
            "a machine",
            |w| {
                w.around.dedicated_machines = Ok(vec![Machine {
                    instance_id: "i-1".into(),
                    state: "running".into(),
                    name: None,
                    owner: Some("alan".into()),
                }]);
            },
            "workloads",
            Warning,
            "alan: 1 machine",
        ),
        ("muted", |_| {}, "alarms", Passed, "are muted meanwhile: queue-is-long"),
        ("not muted", |w| w.maintenance.mute_alarms = false, "alarms", Warning, "will fire: queue-is-long"),
        (
            "not muted, named inside a text",
            |w| {
                w.maintenance.mute_alarms = false;
                w.deployment.template = w
                    .deployment
                    .template
                    .replace("Value: {Ref: Queue}", "Value: {'Fn::Sub': 'q/${Queue.JobQueueArn}'}");
            },
            "alarms",
            Warning,
            "will fire: queue-is-long",
        ),
        (
            "does nothing",
            |w| {
                w.maintenance.mute_alarms = false;
                w.around.alarms = Ok(vec![Alarm { actions_enabled: false, ..alarm() }]);
            },
            "alarms",
            Passed,
            "stays so",
        ),
        (
            "fires now",
            |w| w.around.alarms = Ok(vec![Alarm { state: "ALARM".into(), ..alarm() }]),
            "alarms",
            Warning,
            "in ALARM now",
        ),
        (
            "watches something else",
            |w| {
                w.maintenance.mute_alarms = false;
                w.targets.job_queues = vec![resource("AnotherQueue")];
            },
            "alarms",
            Passed,
            "none that acts",
        ),
        ("well", |_| {}, "platform-health", Passed, "well"),
        ("can't ask", |w| w.around.platform_status = None, "platform-health", Skipped, ""),
        (
            "sick already",
            |w| {
                w.around.health = vec![upgrade::HealthFinding {
                    what: "https://example.com/ready".into(),
                    healthy: false,
                    detail: "503".into(),
                }];
            },
            "platform-health",
            Warning,
            "https://example.com/ready is not healthy (503): after the update it won't be waited for",
        ),
        (
            "silent",
            |w| w.around.platform_status = Some(Err("refused".into())),
            "platform-health",
            Warning,
            "refused",
        ),
        (
            "another version answers",
            |w| {
                if let Some(Ok(status)) = &mut w.around.platform_status {
                    status.version = Some("0.9".into());
                }
            },
            "platform-health",
            Warning,
            "didn't reach it",
        ),
    ]);
}

#[test]
fn policies() {
    check_all(&[
        (
            "no adapter",
            |w| w.around.platform = PlatformCapabilities::NONE,
            "maintenance-policy",
            Warning,
            "nothing is saved",
        ),
        (
            "can't save",
            |w| w.around.platform.save = false,
            "maintenance-policy",
            Warning,
            "the run stops and ends maintenance again",
        ),
        (
            "can't save, waits",
            |w| {
                w.around.platform.save = false;
                w.maintenance.sessions.escalation = Escalation::Wait;
            },
            "maintenance-policy",
            Warning,
            "waits for its owner, in maintenance",
        ),
        (
            "force without names",
            |w| w.maintenance.sessions.escalation = Escalation::Force,
            "maintenance-policy",
            Warning,
            "none is named",
        ),
        (
            "names without force",
            |w| w.maintenance.force_sessions = vec!["s-1".into()],
            "maintenance-policy",
            Warning,
            "does nothing",
        ),
        (
            "deadline before grace",
            |w| w.maintenance.jobs.grace_seconds = 10_000,
            "maintenance-policy",
            Failed,
            "jobs: the deadline",
        ),
        (
            "nothing to ask",
            |w| w.health = HealthPolicy { targets: false, platform: false, ..HealthPolicy::default() },
            "health-policy",
            Warning,
            "Nothing is asked",
        ),
        (
            "nothing that can be asked",
            |w| {
                w.around.platform.status = false;
                w.targets.target_groups.clear();
            },
            "health-policy",
            Warning,
            "Nothing is asked",
        ),
        ("never quiet", |w| w.health.quiet_seconds = 900, "health-policy", Failed, "can't be"),
        (
            "opens anyway",
            |w| w.health.on_failure = OnUnhealthy::Open,
            "health-policy",
            Warning,
            "all the same",
        ),
        (
            "not an address",
            |w| {
                w.health.http = vec![HttpCheck {
                    name: "front".into(),
                    url: "example.com".into(),
                    status: 200,
                    contains: None,
                }];
            },
            "health-policy",
            Failed,
            "example.com",
        ),
    ]);
}
