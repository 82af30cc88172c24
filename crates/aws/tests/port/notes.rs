//! What stands on the things that maintenance changed: written once, found by whoever looks, taken off again.

use conductor::Cloud;
use upgrade::{FleetAct, FleetQuery, Memory, Note, NotedResource, Observation, PortErrorKind};

use crate::common::Bench;

/// What is on a thing, as its own question shows it.
async fn note_on(bench: &Bench, thing: &NotedResource) -> Option<String> {
    let query = match thing {
        NotedResource::JobQueue(arn) => FleetQuery::JobQueues { arns: vec![arn.clone()] },
        NotedResource::Alarm(name) => FleetQuery::Alarms { names: vec![name.clone()] },
        NotedResource::EcsService(arn) => FleetQuery::EcsServices { arns: vec![arn.clone()] },
        NotedResource::WorkerGroup(_) | NotedResource::Instance(_) => {
            FleetQuery::WorkerGroups { names: vec!["workers".to_owned()] }
        }
        NotedResource::ListenerRule(_) => FleetQuery::GateRules { listener_arns: vec![bench.id("Listener")] },
    };
    match (bench.ask(query).await, thing) {
        (Observation::JobQueues(mut queues), _) => queues.remove(0).remembered,
        (Observation::EcsServices(mut services), _) => services.remove(0).remembered,
        (Observation::Alarms(mut alarms), _) => alarms.remove(0).remembered,
        (Observation::WorkerGroups(mut groups), NotedResource::Instance(id)) => {
            let instances = groups.remove(0).instances;
            instances.into_iter().find(|one| one.id == *id).expect("the instance").remembered
        }
        (Observation::WorkerGroups(mut groups), _) => groups.remove(0).remembered,
        (Observation::GateRules(mut doors), _) => doors.remove(0).others.remove(0).remembered,
        (other, _) => panic!("{other:?}"),
    }
}

/// The ids of so many workers, once they are in service.
pub async fn workers_in_service(bench: &Bench, count: usize) -> Vec<String> {
    let capacity = i32::try_from(count).expect("a small number");
    bench.cloud.set_desired_capacity("workers", capacity).await.expect("set");
    let ids = |seen: &Observation| match seen {
        Observation::WorkerGroups(groups) => {
            let all = groups.iter().flat_map(|group| &group.instances);
            let up = all.filter(|one| one.lifecycle_state == "InService").map(|one| one.id.clone());
            up.collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let query = FleetQuery::WorkerGroups { names: vec!["workers".to_owned()] };
    ids(&bench.until(query, |seen| ids(seen).len() == count).await)
}

fn remember(things: &[NotedResource], text: &str) -> FleetAct {
    let memories =
        things.iter().map(|thing| Memory { resource: thing.clone(), text: text.to_owned() }).collect();
    FleetAct::Remember { memories }
}

#[tokio::test(start_paused = true)]
async fn notes_are_written_on_everything_that_has_tags_and_taken_off() {
    let bench = Bench::with_platform().await;
    let mut instances = workers_in_service(&bench, 2).await.into_iter();
    let mut instance = || NotedResource::Instance(instances.next().expect("an instance"));
    let (noted, beside) = (instance(), instance());
    let things = [
        NotedResource::WorkerGroup("workers".to_owned()),
        NotedResource::JobQueue(bench.id("Queue")),
        NotedResource::Alarm("load".to_owned()),
        NotedResource::ListenerRule(bench.id("ApiRule")),
        noted,
    ];
    // One of each, in one act; the names are as long as a note keeps them, with characters that no tag may hold.
    let (run_id, who) = ("läuft immer weiter ".repeat(9), "ada <ada@example.com>".repeat(9));
    let note = |thing: &NotedResource, min: i32| {
        let note = Note::on(thing.physical_id(), bench.clock.now(), &run_id).by(&who);
        note.with("min", min).with("state", "ENABLED").write()
    };
    let write = |min: i32| {
        let memories = things.iter().map(|thing| Memory { resource: thing.clone(), text: note(thing, min) });
        FleetAct::Remember { memories: memories.collect() }
    };
    // Whoever enters next writes over what was left.
    for min in [-1, 3] {
        bench.tell(&write(min)).await;
        bench.tell(&write(min)).await;
        for thing in &things {
            let text = note_on(&bench, thing).await.unwrap_or_else(|| panic!("{thing:?} has a note"));
            let read = Note::read(&text);
            assert_eq!(text, note(thing, min), "{thing:?}");
            assert!(read.is_of(thing.physical_id()) && read.is_from(&run_id), "{thing:?}: {text}");
            assert_eq!((read.number("min"), read.at()), (Some(min), Some(bench.clock.now())), "{thing:?}");
        }
        assert_eq!(note_on(&bench, &beside).await, None);
    }
    let forget = FleetAct::Forget { resources: things.to_vec() };
    for _ in 0..2 {
        bench.tell(&forget).await;
        for thing in &things {
            assert_eq!(note_on(&bench, thing).await, None, "{thing:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_has_no_note_to_take_off() {
    let bench = Bench::with_platform().await;
    let queue = bench.id("Queue").replace("jobs", "gone");
    for thing in [
        NotedResource::WorkerGroup("gone".to_owned()),
        NotedResource::JobQueue(queue),
        NotedResource::Alarm("gone".to_owned()),
    ] {
        bench.tell(&FleetAct::Forget { resources: vec![thing.clone(), thing] }).await;
    }
    // An alarm that is gone can't be put back either, so nothing is lost by not writing it down.
    bench.tell(&remember(&[NotedResource::Alarm("gone".to_owned())], "state=1")).await;
    // EC2 tags none of those named when one is gone: the next look names it no more.
    let up = workers_in_service(&bench, 1).await.into_iter().map(NotedResource::Instance);
    let both: Vec<_> = up.chain([NotedResource::Instance("i-0123456789abcdef0".to_owned())]).collect();
    for act in [remember(&both, "state=1"), FleetAct::Forget { resources: both.clone() }] {
        let error = bench.cloud.act(&act.clone().into()).await.expect_err("one is gone");
        assert_eq!(error.kind, PortErrorKind::Transient, "{act}: {error}");
        assert!(error.message.contains("i-0123456789abcdef0"), "{error}");
    }
}
