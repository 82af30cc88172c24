//! Everything that maintenance touches, looked at together: whether the calm holds, and what an end is told from.

use conductor::Cloud;
use upgrade::{
    CalmParts, CalmSeen, FleetAct, FleetQuery, Gate, Memory, Note, NotedResource, Observation, PortErrorKind,
    StandingSeen,
};

use crate::common::{Bench, TEMPLATE};

/// A listener that nobody has made.
const ABSENT: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/gone/0123456789abcdef/0123456789abcdef";

fn parts(bench: &Bench) -> CalmParts {
    CalmParts {
        listener_arns: vec![bench.id("Listener"), ABSENT.to_owned()],
        queue_arns: vec![bench.id("Queue")],
        job_queue_arns: vec![bench.id("Queue")],
        group_names: vec!["workers".to_owned(), "gone".to_owned()],
        service_arns: Vec::new(),
        alarm_names: vec!["load".to_owned(), "gone".to_owned()],
    }
}

async fn calm(bench: &Bench, parts: CalmParts) -> CalmSeen {
    match bench.ask(FleetQuery::Calm(parts)).await {
        Observation::Calm(seen) => seen,
        other => panic!("{other:?}"),
    }
}

async fn standing(bench: &Bench, parts: CalmParts) -> StandingSeen {
    match bench
        .ask(FleetQuery::Standing { stack_id: bench.stack_id.clone(), parts, version_sources: vec![] })
        .await
    {
        Observation::Standing(seen) => seen,
        other => panic!("{other:?}"),
    }
}

/// What is seen in a few words, part by part: doors, queues, jobs, groups, alarms.
fn told(seen: &CalmSeen) -> String {
    let CalmSeen { doors, queues, jobs, groups, services: _, alarms } = seen;
    let doors = doors.iter().map(|door| {
        let closing = door.rules.iter().filter(|rule| rule.closes).count();
        format!(
            "{} with {closing} of {} closing",
            if door.exists { "door" } else { "no door" },
            door.rules.len()
        )
    });
    let queues = queues.iter().map(|queue| format!("queue {}", if queue.enabled { "on" } else { "off" }));
    let groups = groups.iter().map(|group| format!("group {} to {}", group.min_size, group.max_size));
    let alarms = alarms.iter().map(|alarm| {
        let note = if alarm.remembered.is_some() { "noted" } else { "no note" };
        format!("alarm {} {note}", if alarm.actions_enabled { "on" } else { "off" })
    });
    let jobs = jobs.iter().map(|job| format!("job {}", job.name));
    doors.chain(queues).chain(jobs).chain(groups).chain(alarms).collect::<Vec<_>>().join(", ")
}

/// What maintenance does to the platform, as far as the calm is made of it.
async fn quiet(bench: &Bench) {
    let note = |of: &str| Note::on(of, bench.clock.now(), "run-1").by("ada").with("state", "ENABLED").write();
    let gate = Gate {
        priority: 9,
        status_code: 503,
        content_type: "text/plain".to_owned(),
        body: "Maintenance".to_owned(),
        admitted: vec![],
        admitting_rules: vec![],
        makes_room: vec![],
    };
    let alarm = Memory { resource: NotedResource::Alarm("load".to_owned()), text: note("load") };
    let listener_arn = bench.id("Listener");
    for act in [
        FleetAct::CloseGate {
            note: note(&listener_arn),
            listener_arn,
            gate,
            run_id: "run-1".to_owned(),
            missing: vec![9],
        },
        FleetAct::Remember { memories: vec![alarm] },
        FleetAct::SetAlarmActions { names: vec!["load".to_owned()], enabled: false },
        FleetAct::SetJobQueueStates { queue_arns: vec![bench.id("Queue")], enabled: false },
    ] {
        bench.tell(&act).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_at_the_calm_shows_every_part_of_it() {
    let bench = Bench::with_platform().await;
    let definition = bench.cloud.register_job_definition("work").await.expect("registered");
    bench.cloud.submit_job(&bench.id("Queue"), &definition, "one", 36_000).await.expect("submitted");
    let open = calm(&bench, parts(&bench)).await;
    assert_eq!(
        told(&open),
        "door with 0 of 0 closing, no door with 0 of 0 closing, queue on, job one, group 0 to 200, alarm on no note"
    );
    assert_eq!(
        open.doors.iter().map(|door| &door.listener_arn).collect::<Vec<_>>(),
        [&bench.id("Listener"), ABSENT]
    );
    quiet(&bench).await;
    // An alarm's note is a call for each alarm, and the calm is looked at every 30 s: it isn't asked for.
    assert_eq!(
        told(&calm(&bench, parts(&bench)).await),
        "door with 1 of 1 closing, no door with 0 of 0 closing, queue off, job one, group 0 to 200, alarm off no note"
    );
    // Only what is asked for: the jobs of a queue are asked for by themselves.
    let queue_only = CalmParts { queue_arns: vec![bench.id("Queue")], ..CalmParts::default() };
    assert_eq!(told(&calm(&bench, queue_only).await), "queue off");
    let jobs_only = CalmParts { job_queue_arns: vec![bench.id("Queue")], ..CalmParts::default() };
    assert_eq!(told(&calm(&bench, jobs_only).await), "job one");
    assert_eq!(calm(&bench, CalmParts::default()).await, CalmSeen::default());
}

#[tokio::test(start_paused = true)]
async fn an_end_is_told_from_the_stack_its_version_and_the_notes_that_are_left() {
    let mut bench = Bench::with_platform().await;
    let before = standing(&bench, CalmParts::default()).await;
    assert_eq!((before.stack_status.as_str(), before.version.as_deref()), ("CREATE_COMPLETE", Some("1.0.0")));
    assert_eq!(before.calm, CalmSeen::default());
    quiet(&bench).await;
    let left = standing(&bench, parts(&bench)).await;
    assert_eq!(
        told(&left.calm),
        "door with 1 of 1 closing, no door with 0 of 0 closing, queue off, group 0 to 200, alarm off noted"
    );
    let note = left.calm.alarms.first().and_then(|alarm| alarm.remembered.as_deref()).map(Note::read);
    assert_eq!(note.as_ref().and_then(Note::who), Some("ada"));
    // Of one that acts the note isn't asked for: there is nothing to put back.
    bench.tell(&FleetAct::SetAlarmActions { names: vec!["load".to_owned()], enabled: true }).await;
    let acting = standing(&bench, parts(&bench)).await;
    assert!(told(&acting.calm).ends_with("alarm on no note"), "{acting:?}");

    crate::updates::update_to(&bench, &TEMPLATE.replace("Version: 1.0.0", "Version: 2.0.0")).await;
    let after = standing(&bench, CalmParts::default()).await;
    assert_eq!((after.stack_status.as_str(), after.version.as_deref()), ("UPDATE_COMPLETE", Some("2.0.0")));
    bench.stack_id = bench.stack_id.replace("/platform/", "/gone/");
    let query = FleetQuery::Standing {
        stack_id: bench.stack_id.clone(),
        parts: CalmParts::default(),
        version_sources: vec![],
    };
    let error = bench.cloud.observe(&query.into()).await.expect_err("no stack");
    assert_eq!(error.kind, PortErrorKind::Refused, "{error}");
}
