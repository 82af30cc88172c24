//! moto: every service that maintenance touches, furnished with boto3.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aws::{AwsCloud, CustomName, Lookup};
use conductor::Clock;
use serde_json::Value;
use upgrade::{
    AdmittingRule, CalmParts, CalmSeen, FleetAct, FleetQuery, Gate, GroupSize, HealthQuery, LogicalResource,
    NotedResource, Observation, PlannedSnapshot, Query, ServiceCount, SnapshotKind, StandingSeen, Targets,
};

use crate::{Peer, note, program, take_note_off, tell, tell_twice, write_note};

#[tokio::test]
async fn moto_is_asked_and_told_everything_it_knows() {
    let peer = Peer::start("moto_server", |command, port| {
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    })
    .await;
    let ids = furnish(&peer);
    let id = |name: &str| ids.get(name).and_then(Value::as_str).expect("an id").to_owned();
    let cloud = peer.cloud();
    the_gate(&cloud, &id("listener"), &id("rule")).await;
    groups(&cloud).await;
    queues(&cloud, &id("queue"), &id("job")).await;
    services(&cloud, &id("service")).await;
    machines_alarms_and_snapshots(&cloud, &id("machine"), &id("volume")).await;
    calm_and_standing(&cloud, &id).await;
    circumstances(&cloud, &id).await;
}

fn furnish(peer: &Peer) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/furnish.py");
    let output =
        Command::new(program("python")).arg(script).arg(&peer.endpoint_url).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("ids")
}

async fn the_gate(cloud: &AwsCloud, listener_arn: &str, rule_arn: &str) {
    let gate = Gate {
        priority: 2,
        status_code: 503,
        content_type: "text/plain".to_owned(),
        body: "Maintenance".to_owned(),
        admitted: vec!["192.0.2.0/24".to_owned()],
        admitting_rules: vec![AdmittingRule {
            priority: 1,
            copy_of: rule_arn.to_owned(),
            addresses: vec!["192.0.2.0/24".to_owned()],
        }],
        makes_room: vec![],
    };
    let text = note(listener_arn);
    let close = FleetAct::CloseGate {
        listener_arn: listener_arn.to_owned(),
        gate,
        run_id: "run-1".to_owned(),
        note: text.clone(),
        missing: vec![1, 2],
    };
    tell(cloud, &close).await;
    let query = || FleetQuery::GateRules { listener_arns: vec![listener_arn.to_owned()] };
    let seen = seen!(cloud, query(), Observation::GateRules);
    let rules: Vec<_> = seen.into_iter().flat_map(|door| door.rules).collect();
    let mut shown: Vec<_> = rules.iter().map(|rule| (rule.priority, rule.closes)).collect();
    shown.sort();
    assert_eq!(shown, [(Some(1), false), (Some(2), true)]);
    for rule in &rules {
        assert_eq!((rule.run_id.as_str(), rule.note.as_ref()), ("run-1", Some(&text)), "{rule:?}");
    }
    let open = FleetAct::OpenGate { rule_arns: rules.into_iter().map(|rule| rule.rule_arn).collect() };
    tell(cloud, &open).await;
    let seen = seen!(cloud, query(), Observation::GateRules);
    assert!(seen.iter().all(|door| door.exists && door.rules.is_empty()), "{seen:?}");
}

async fn groups(cloud: &AwsCloud) {
    let query = || FleetQuery::WorkerGroups { names: vec!["workers".to_owned()] };
    let group = seen!(cloud, query(), Observation::WorkerGroups).remove(0);
    assert_eq!((group.max_size, group.desired_capacity, group.new_instances_protected), (80, 60, true));
    assert_eq!(group.hooks.iter().map(|hook| hook.name.as_str()).collect::<Vec<_>>(), ["going"]);
    assert_eq!(group.warm_pool.map(|pool| pool.min_size), Some(1));
    let on_group = NotedResource::WorkerGroup("workers".to_owned());
    let on_instance = NotedResource::Instance(group.instances.first().expect("an instance").id.clone());
    for thing in [&on_group, &on_instance] {
        write_note(cloud, thing).await;
    }
    let noted = seen!(cloud, query(), Observation::WorkerGroups).remove(0);
    assert_eq!(noted.remembered, Some(note("workers")));
    for instance in &noted.instances {
        let expected = (instance.id == on_instance.physical_id()).then(|| note(&instance.id));
        assert_eq!(instance.remembered, expected, "{}", instance.id);
    }
    for thing in [on_group, on_instance] {
        take_note_off(cloud, thing).await;
    }
    let unnoted = seen!(cloud, query(), Observation::WorkerGroups).remove(0);
    assert_eq!(unnoted.remembered, None);
    assert!(unnoted.instances.iter().all(|instance| instance.remembered.is_none()));
    let instance_ids: Vec<String> = noted.instances.into_iter().map(|instance| instance.id).collect();
    assert!(instance_ids.len() >= 60, "{}", instance_ids.len());
    let group_name = || "workers".to_owned();
    let remove = |instance_ids| FleetAct::RemoveScaleInProtection { group_name: group_name(), instance_ids };
    let restore =
        |instance_ids| FleetAct::RestoreScaleInProtection { group_name: group_name(), instance_ids };
    for (act, protected) in [
        (remove(instance_ids.clone()), false),
        (restore(instance_ids.clone()), true),
        (remove(instance_ids), false),
    ] {
        tell_twice(cloud, &act).await;
        let seen = seen!(cloud, query(), Observation::WorkerGroups).remove(0);
        assert!(seen.instances.iter().all(|one| one.protected_from_scale_in == protected), "{act}");
    }
    let size = GroupSize {
        group_name: "workers".to_owned(),
        min_size: 0,
        max_size: 0,
        desired_capacity: 0,
        new_instances_protected: false,
    };
    tell_twice(cloud, &FleetAct::ResizeWorkerGroups { sizes: vec![size] }).await;
    let emptied = seen!(cloud, query(), Observation::WorkerGroups).remove(0);
    assert_eq!((emptied.min_size, emptied.desired_capacity), (0, 0));
}

/// Moto's services place no tasks.
async fn services(cloud: &AwsCloud, arn: &str) {
    let absent = format!("{arn}0");
    let query = || FleetQuery::EcsServices { arns: vec![arn.to_owned(), absent.clone()] };
    let seen = seen!(cloud, query(), Observation::EcsServices);
    let [service] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!((service.desired_count, service.status.as_str()), (2, "ACTIVE"));
    assert_eq!((service.name(), &service.remembered), ("indexer", &None));
    let thing = NotedResource::EcsService(arn.to_owned());
    write_note(cloud, &thing).await;
    let noted = seen!(cloud, query(), Observation::EcsServices).remove(0);
    assert_eq!(noted.remembered, Some(note(arn)));
    let counts = vec![ServiceCount { service_arn: arn.to_owned(), desired_count: 0 }];
    tell_twice(cloud, &FleetAct::SetDesiredCounts { counts }).await;
    take_note_off(cloud, thing).await;
    let emptied = seen!(cloud, query(), Observation::EcsServices).remove(0);
    assert_eq!((emptied.desired_count, emptied.remembered), (0, None));
}

async fn queues(cloud: &AwsCloud, queue: &str, job: &str) {
    let disable = FleetAct::SetJobQueueStates { queue_arns: vec![queue.to_owned()], enabled: false };
    tell_twice(cloud, &disable).await;
    let on_queue = NotedResource::JobQueue(queue.to_owned());
    write_note(cloud, &on_queue).await;
    let query = || FleetQuery::JobQueues { arns: vec![queue.to_owned()] };
    let seen = seen!(cloud, query(), Observation::JobQueues).remove(0);
    assert_eq!(
        (seen.enabled, seen.status.as_str(), seen.remembered.as_deref()),
        (false, "VALID", Some(note(queue).as_str()))
    );
    println!("a queue's status reason: {:?}", seen.status_reason);
    take_note_off(cloud, on_queue).await;
    let terminate = FleetAct::TerminateJobs { job_ids: vec![job.to_owned()], reason: "upgrade".to_owned() };
    tell_twice(cloud, &terminate).await;
    assert_eq!(
        seen!(cloud, FleetQuery::Jobs { queue_arns: vec![queue.to_owned()] }, Observation::Jobs),
        vec![]
    );
}

async fn machines_alarms_and_snapshots(cloud: &AwsCloud, machine: &str, volume: &str) {
    let query = || FleetQuery::Machines { tags: vec![("dedicated".to_owned(), Some("yes".to_owned()))] };
    let machines = seen!(cloud, query(), Observation::Machines);
    let shown: Vec<_> =
        machines.iter().map(|seen| (seen.instance_id.as_str(), seen.owner.as_deref())).collect();
    assert_eq!(shown, [(machine, Some("ada"))]);
    tell_twice(cloud, &FleetAct::TerminateInstances { instance_ids: vec![machine.to_owned()] }).await;
    assert_eq!(seen!(cloud, query(), Observation::Machines), vec![]);

    let names = vec!["load".to_owned(), "gone".to_owned()];
    for enabled in [false, true] {
        tell_twice(cloud, &FleetAct::SetAlarmActions { names: vec!["load".to_owned()], enabled }).await;
        let alarms = seen!(cloud, FleetQuery::Alarms { names: names.clone() }, Observation::Alarms);
        assert_eq!(alarms.iter().map(|alarm| alarm.actions_enabled).collect::<Vec<_>>(), [enabled]);
    }
    let on_alarm = NotedResource::Alarm("load".to_owned());
    for noted in [true, false] {
        if noted {
            write_note(cloud, &on_alarm).await;
        } else {
            take_note_off(cloud, on_alarm.clone()).await;
        }
        let alarms = seen!(cloud, FleetQuery::Alarms { names: names.clone() }, Observation::Alarms);
        let notes: Vec<_> = alarms.into_iter().map(|alarm| alarm.remembered).collect();
        assert_eq!(notes, [noted.then(|| note("load"))]);
    }

    let planned = |kind, source_id: &str, name: &str| PlannedSnapshot {
        kind,
        logical_id: name.to_owned(),
        source_id: source_id.to_owned(),
        name: name.to_owned(),
    };
    let snapshots = vec![
        planned(SnapshotKind::Database, "main", "run-1-db"),
        planned(SnapshotKind::Volume, volume, "run-1-v"),
    ];
    let query = FleetQuery::Snapshots { planned: snapshots.clone(), run_id: "run-1".to_owned() };
    assert_eq!(seen!(cloud, query.clone(), Observation::Snapshots), vec![]);
    tell_twice(cloud, &FleetAct::CreateSnapshots { snapshots, run_id: "run-1".to_owned() }).await;
    let made = seen!(cloud, query, Observation::Snapshots);
    let shown: Vec<_> = made.iter().map(|seen| (seen.name.as_str(), seen.complete)).collect();
    assert_eq!(shown, [("run-1-db", true), ("run-1-v", true)]);
}

/// Both looks, after everything before this: the queue is off, the group is empty, the gate is open.
async fn calm_and_standing(cloud: &AwsCloud, id: &impl Fn(&str) -> String) {
    let absent = format!("{}0", id("listener"));
    let parts = CalmParts {
        listener_arns: vec![id("listener"), absent],
        queue_arns: vec![id("queue")],
        job_queue_arns: vec![id("queue")],
        group_names: vec!["workers".to_owned(), "gone".to_owned()],
        service_arns: Vec::new(),
        alarm_names: vec!["load".to_owned(), "gone".to_owned()],
    };
    let on_alarm = NotedResource::Alarm("load".to_owned());
    write_note(cloud, &on_alarm).await;
    tell(cloud, &FleetAct::SetAlarmActions { names: vec!["load".to_owned()], enabled: false }).await;
    let calm = seen!(cloud, FleetQuery::Calm(parts.clone()), Observation::Calm);
    let standing = FleetQuery::Standing { stack_id: id("stack"), parts, version_sources: vec![] };
    let StandingSeen { stack_status, version, calm: stands } = seen!(cloud, standing, Observation::Standing);
    assert_eq!((stack_status.as_str(), version.as_deref()), ("CREATE_COMPLETE", Some("1.0.0")));
    // Only where an end is told an alarm's note is asked for.
    for (seen, noted) in [(calm, None), (stands, Some(note("load")))] {
        let CalmSeen { doors, queues, jobs, groups, services: _, alarms } = seen;
        let doors: Vec<_> = doors.iter().map(|door| (door.exists, door.rules.len())).collect();
        assert_eq!(doors, [(true, 0), (false, 0)]);
        assert_eq!(queues.iter().map(|queue| queue.enabled).collect::<Vec<_>>(), [false]);
        assert_eq!(jobs, vec![]);
        assert_eq!(groups.iter().map(|group| group.max_size).collect::<Vec<_>>(), [0]);
        let alarms: Vec<_> = alarms.into_iter().map(|one| (one.actions_enabled, one.remembered)).collect();
        assert_eq!(alarms, [(false, noted)]);
    }
    take_note_off(cloud, on_alarm).await;
}

async fn circumstances(cloud: &AwsCloud, id: &impl Fn(&str) -> String) {
    let resource = |logical_id: &str, physical_id: String| LogicalResource {
        logical_id: logical_id.to_owned(),
        physical_id,
    };
    let targets = Targets {
        listeners: vec![resource("Listener", id("listener"))],
        target_groups: vec![resource("Web", id("target_group"))],
        job_queues: vec![resource("Queue", id("queue"))],
        worker_groups: vec![resource("Workers", "workers".to_owned())],
        ecs_services: Vec::new(),
        serving_services: Vec::new(),
        alarms: vec![resource("Alarm", "load".to_owned())],
        databases: vec![resource("Database", "main".to_owned())],
        volumes: vec![],
        dedicated_machine_tags: vec![("dedicated".to_owned(), None)],
    };
    let name = |resource_type: &str, name: &str| CustomName {
        logical_id: name.to_owned(),
        resource_type: resource_type.to_owned(),
        name: name.to_owned(),
    };
    let names = [
        name("AWS::IAM::Role", "batch"),
        name("AWS::IAM::Role", "free-role"),
        name("AWS::Logs::LogGroup", "free-group"),
        name("AWS::SQS::Queue", "free-queue"),
        name("AWS::S3::Bucket", "free-bucket"),
        name("AWS::EC2::LaunchTemplate", "worker"),
        name("AWS::RDS::DBInstance", "main"),
    ];
    let types = [
        "AWS::RDS::DBInstance",
        "AWS::EC2::VPC",
        "AWS::IAM::Role",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
    ];
    let lookup = Lookup {
        stack_id: &id("stack"),
        targets: &targets,
        resources: &[],
        asked_of_caller: &[],
        asked_of_role: &upgrade::rights::Asked::everywhere(["batch:TerminateJob".to_owned()]),
        role_arn: Some(&id("role")),
        drift_of: &["Topic".to_owned()],
        drift_wait: Duration::from_secs(5),
        added_types: &types.map(str::to_owned),
        names: &names,
        without_update: false,
        obstacles: &upgrade::ObstacleParts::from_targets(&targets, &upgrade::MaintenancePolicy::default()),
    };
    let found = cloud.circumstances(&lookup, &Clock::system()).await.expect("the stack is there");
    println!("not looked at: {:#?} {:#?}", found.unknown_quotas, found.unknown_names);
    assert!(found.caller_arn.is_ok_and(|arn| arn.starts_with("arn:aws:")));
    let databases = found.databases.expect("databases");
    assert_eq!(databases.iter().map(|found| found.max_allocated_storage).collect::<Vec<_>>(), [Some(100)]);
    assert_eq!(found.alarms.expect("alarms").len(), 1);
    let ways = upgrade::WaysIn { listeners: targets.listeners.clone(), ..upgrade::WaysIn::default() };
    let listeners = cloud.listeners(&ways).await.expect("listeners");
    assert_eq!(listeners.iter().map(|listener| listener.rules.len()).collect::<Vec<_>>(), [2]);
    assert_eq!(found.worker_groups.expect("groups").len(), 1);
    let taken = found.taken_names.expect("names");
    assert_eq!(taken.keys().map(String::as_str).collect::<Vec<_>>(), ["batch", "main", "worker"]);
    println!("quotas: {:?}\ndrift: {:?}\ndenied: {:?}", found.quotas, found.drift, found.denied_to_role);

    let health = Query::Health(HealthQuery {
        target_group_arns: vec![id("target_group")],
        service_arns: Vec::new(),
        platform: false,
        version: None,
        http: vec![],
    });
    let findings = seen!(cloud, health, Observation::Health);
    assert_eq!(findings.iter().map(|finding| finding.healthy).collect::<Vec<_>>(), [false]);
    let stacks = cloud.stacks().await.expect("stacks");
    assert_eq!(stacks.iter().map(|stack| stack.stack_name.as_str()).collect::<Vec<_>>(), ["platform"]);
}
