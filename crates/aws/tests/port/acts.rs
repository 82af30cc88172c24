//! What each act does, and that doing it again is harmless.

use conductor::Cloud;
use upgrade::{
    AdmittingRule, FleetAct, FleetQuery, Gate, GroupSize, LifecycleAction, Note, Observation,
    PlannedSnapshot, PortErrorKind, RuleMove, SnapshotKind, WarmPoolSize,
};

use crate::common::Bench;

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn gate(bench: &Bench, default_rule: &str) -> Gate {
    let copy = |priority, of: &str, addresses: &[&str]| AdmittingRule {
        priority,
        copy_of: of.to_owned(),
        addresses: texts(addresses),
    };
    Gate {
        priority: 9,
        status_code: 503,
        content_type: "text/plain".to_owned(),
        body: "Maintenance".to_owned(),
        admitted: texts(&["192.0.2.0/24", "198.51.100.7/32"]),
        admitting_rules: vec![
            copy(1, &bench.id("ApiRule"), &["192.0.2.0/24", "198.51.100.7/32"]),
            copy(2, default_rule, &["192.0.2.0/24", "198.51.100.7/32"]),
        ],
        makes_room: vec![],
    }
}

#[tokio::test(start_paused = true)]
async fn the_gate_closes_around_those_who_may_pass() {
    let bench = Bench::with_platform().await;
    let listener_arn = bench.id("Listener");
    let rules = || async {
        let listeners = crate::lookups::listeners(&bench).await;
        listeners.into_iter().flat_map(|listener| listener.rules).collect::<Vec<_>>()
    };
    let before = rules().await;
    let default =
        before.iter().find(|rule| rule.priority.is_none()).expect("a default rule").rule_arn.clone();
    let gate = gate(&bench, &default);
    let note = Note::on(&listener_arn, bench.clock.now(), "run-1").by("ada").write();
    let close = |missing: &[i32]| FleetAct::CloseGate {
        listener_arn: listener_arn.clone(),
        gate: gate.clone(),
        run_id: "run-1".to_owned(),
        note: note.clone(),
        missing: missing.to_vec(),
    };
    bench.tell(&close(&[1, 2, 9])).await;
    let seen = || async {
        match bench.ask(FleetQuery::GateRules { listener_arns: vec![listener_arn.clone()] }).await {
            Observation::GateRules(seen) => {
                let mut rules: Vec<_> = seen.into_iter().flat_map(|door| door.rules).collect();
                rules.sort_by_key(|rule| rule.priority);
                rules
            }
            other => panic!("{other:?}"),
        }
    };
    let closed = seen().await;
    let ours = closed.iter().map(|rule| (rule.priority, rule.closes));
    assert_eq!(ours.collect::<Vec<_>>(), [(Some(1), false), (Some(2), false), (Some(9), true)]);
    for rule in &closed {
        assert_eq!((rule.run_id.as_str(), rule.note.as_ref()), ("run-1", Some(&note)), "{rule:?}");
    }
    // Two paths and a host, and two addresses more; the default rule's copy is for every path.
    let after = rules().await;
    let values = |priority| {
        let rule = after.iter().find(|rule| rule.priority == Some(priority)).expect("the rule");
        (rule.condition_values, rule.run_id.clone())
    };
    let run = Some("run-1".to_owned());
    assert_eq!([values(1), values(2), values(9)], [(5, run.clone()), (3, run.clone()), (1, run)]);
    assert_eq!(values(100), (3, None));

    // Again: the priorities are taken, so look again; the look shows that nothing is missing.
    let error = bench.cloud.act(&close(&[9]).into()).await.expect_err("taken");
    assert_eq!(error.kind, PortErrorKind::Transient, "{error}");
    bench.tell(&close(&[])).await;
    let error = bench.cloud.act(&close(&[3]).into()).await.expect_err("no such rule");
    assert_eq!(error.kind, PortErrorKind::Refused, "{error}");

    let open = FleetAct::OpenGate { rule_arns: seen().await.into_iter().map(|rule| rule.rule_arn).collect() };
    bench.tell(&open).await;
    bench.tell(&open).await;
    assert_eq!(seen().await, vec![]);
    assert_eq!(rules().await, before);
}

#[tokio::test(start_paused = true)]
async fn a_rule_makes_room_and_takes_its_place_again() {
    let bench = Bench::with_platform().await;
    let rule_arn = bench.id("ApiRule");
    let place = || async {
        match bench.ask(FleetQuery::GateRules { listener_arns: vec![bench.id("Listener")] }).await {
            Observation::GateRules(doors) => doors[0].others[0].priority,
            other => panic!("{other:?}"),
        }
    };
    for (from, to) in [(100, 4), (4, 100)] {
        let moves = vec![RuleMove { rule_arn: rule_arn.clone(), from, to }];
        bench.tell(&FleetAct::SetRulePriorities { moves }).await;
        assert_eq!(place().await, to);
    }
}

#[tokio::test(start_paused = true)]
async fn workers_end_though_protected_many_and_held_by_a_hook() {
    let bench = Bench::with_platform().await;
    let query = || FleetQuery::WorkerGroups { names: texts(&["workers"]) };
    let size = |desired, max| GroupSize {
        group_name: "workers".to_owned(),
        min_size: 0,
        max_size: max,
        desired_capacity: desired,
        new_instances_protected: true,
    };
    bench.tell(&FleetAct::ResizeWorkerGroups { sizes: vec![size(120, 200)] }).await;
    let in_service = |seen: &Observation| match seen {
        Observation::WorkerGroups(groups) => groups
            .iter()
            .flat_map(|group| &group.instances)
            .filter(|instance| instance.lifecycle_state == "InService" && instance.protected_from_scale_in)
            .map(|instance| instance.id.clone())
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let up = bench.until(query(), |seen| in_service(seen).len() == 120).await;
    let pool =
        WarmPoolSize { group_name: "workers".to_owned(), min_size: 0, max_group_prepared_capacity: Some(0) };
    bench.tell(&FleetAct::ResizeWarmPools { sizes: vec![pool] }).await;
    bench.tell(&FleetAct::ResizeWorkerGroups { sizes: vec![size(0, 0)] }).await;
    // More than the 50 that one call takes.
    let unprotect =
        FleetAct::RemoveScaleInProtection { group_name: "workers".to_owned(), instance_ids: in_service(&up) };
    bench.tell(&unprotect).await;
    let waiting = |seen: &Observation| match seen {
        Observation::WorkerGroups(groups) => groups
            .iter()
            .flat_map(|group| &group.instances)
            .filter(|instance| instance.lifecycle_state.ends_with("Terminating:Wait"))
            .map(|instance| LifecycleAction {
                group_name: "workers".to_owned(),
                hook_name: "going".to_owned(),
                instance_id: instance.id.clone(),
            })
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let held = bench.until(query(), |seen| waiting(seen).len() >= 120).await;
    let complete = FleetAct::CompleteLifecycleActions { actions: waiting(&held) };
    bench.tell(&complete).await;
    bench.tell(&complete).await;
    let empty = |seen: &Observation| match seen {
        Observation::WorkerGroups(groups) => groups.iter().all(|group| group.instances.is_empty()),
        other => panic!("{other:?}"),
    };
    for _ in 0..20 {
        // The warm pool's own instances come to the hook later.
        let seen = bench.ask(query()).await;
        if empty(&seen) {
            return;
        }
        bench.tell(&FleetAct::CompleteLifecycleActions { actions: waiting(&seen) }).await;
        bench.clock.sleep(std::time::Duration::from_secs(60)).await;
    }
    panic!("{:?}", bench.ask(query()).await);
}

#[tokio::test(start_paused = true)]
async fn scale_in_protection_is_taken_off_and_given_back() {
    let bench = Bench::with_platform().await;
    let mut instance_ids = crate::notes::workers_in_service(&bench, 60).await;
    let instances = async || match bench.ask(FleetQuery::WorkerGroups { names: texts(&["workers"]) }).await {
        Observation::WorkerGroups(groups) => groups.into_iter().flat_map(|group| group.instances),
        other => panic!("{other:?}"),
    };
    // More than the 50 that one call takes; those beside keep theirs.
    let group_name = "workers".to_owned();
    let beside = instance_ids.split_off(55);
    let remove = FleetAct::RemoveScaleInProtection {
        group_name: group_name.clone(),
        instance_ids: instance_ids.clone(),
    };
    let restore = |instance_ids: Vec<String>| FleetAct::RestoreScaleInProtection {
        group_name: group_name.clone(),
        instance_ids,
    };
    for (act, protected) in [(&remove, 5), (&restore(instance_ids.clone()), 60)] {
        bench.tell(act).await;
        bench.tell(act).await;
        let seen: Vec<_> = instances().await.filter(|one| !one.in_warm_pool).collect();
        let kept = seen.iter().filter(|one| one.protected_from_scale_in);
        assert_eq!(kept.clone().count(), protected, "{act}");
        assert!(beside.iter().all(|id| kept.clone().any(|one| one.id == *id)), "{act}");
    }
    // A warm one has none, and one that is gone neither: look again.
    let warm = instances().await.find(|one| one.in_warm_pool).expect("a warm one").id;
    for id in [warm, "i-0123456789abcdef0".to_owned()] {
        let error = bench.cloud.act(&restore(vec![id]).into()).await.expect_err("refused");
        assert_eq!(error.kind, PortErrorKind::Transient, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_end_and_their_queue_is_disabled() {
    let bench = Bench::with_platform().await;
    let queue = bench.id("Queue");
    let definition = bench.cloud.register_job_definition("work").await.expect("registered");
    for number in 0..60 {
        let name = format!("job-{number}");
        bench.cloud.submit_job(&queue, &definition, &name, 3600).await.expect("submitted");
    }
    let query = || FleetQuery::Jobs { queue_arns: vec![queue.clone()] };
    let Observation::Jobs(jobs) = bench.ask(query()).await else { panic!("jobs") };
    assert_eq!(jobs.len(), 60);
    let disable = FleetAct::SetJobQueueStates { queue_arns: vec![queue.clone()], enabled: false };
    bench.tell(&disable).await;
    let disabled = |seen: &Observation| match seen {
        Observation::JobQueues(queues) => {
            queues.iter().all(|queue| !queue.enabled && queue.status == "VALID")
        }
        other => panic!("{other:?}"),
    };
    bench.until(FleetQuery::JobQueues { arns: vec![queue.clone()] }, disabled).await;
    let job_ids = jobs.into_iter().map(|job| job.id).collect();
    let terminate = FleetAct::TerminateJobs { job_ids, reason: "upgrade run-1".to_owned() };
    bench.tell(&terminate).await;
    bench.tell(&terminate).await;
    bench.until(query(), |seen| *seen == Observation::Jobs(vec![])).await;
}

#[tokio::test(start_paused = true)]
async fn alarms_are_muted_a_hundred_a_call() {
    let bench = Bench::with_platform().await;
    let names = texts(&["load"]);
    for enabled in [false, false, true] {
        bench.tell(&FleetAct::SetAlarmActions { names: names.clone(), enabled }).await;
        let Observation::Alarms(seen) = bench.ask(FleetQuery::Alarms { names: names.clone() }).await else {
            panic!("alarms")
        };
        assert!(seen.iter().all(|alarm| alarm.actions_enabled == enabled), "{seen:?}");
    }
    // 250 names are three calls; those that don't exist are left alone.
    let many: Vec<String> = (0..249).map(|number| format!("absent-{number}")).chain(names.clone()).collect();
    bench.tell(&FleetAct::SetAlarmActions { names: many.clone(), enabled: false }).await;
    let Observation::Alarms(seen) = bench.ask(FleetQuery::Alarms { names: many }).await else {
        panic!("alarms")
    };
    assert_eq!(seen.len(), 1);
    assert!(!seen.iter().any(|alarm| alarm.actions_enabled));
}

#[tokio::test(start_paused = true)]
async fn snapshots_are_begun_once() {
    let bench = Bench::with_platform().await;
    let planned = |kind, logical_id: &str, name: &str| PlannedSnapshot {
        kind,
        logical_id: logical_id.to_owned(),
        source_id: bench.id(logical_id),
        name: name.to_owned(),
    };
    let snapshots = vec![
        planned(SnapshotKind::Database, "Database", "run-1-database"),
        planned(SnapshotKind::Volume, "Volume", "run-1-volume"),
    ];
    let query = FleetQuery::Snapshots { planned: snapshots.clone(), run_id: "run-1".to_owned() };
    assert_eq!(bench.ask(query.clone()).await, Observation::Snapshots(vec![]));
    let create = FleetAct::CreateSnapshots { snapshots, run_id: "run-1".to_owned() };
    bench.tell(&create).await;
    bench.tell(&create).await;
    let Observation::Snapshots(seen) = bench.ask(query.clone()).await else { panic!("snapshots") };
    let names: Vec<&str> = seen.iter().map(|snapshot| snapshot.name.as_str()).collect();
    assert_eq!(names, ["run-1-database", "run-1-volume"], "one of each");
    assert!(seen.iter().all(|snapshot| !snapshot.complete && snapshot.failure.is_none()), "{seen:?}");
    let complete = |seen: &Observation| match seen {
        Observation::Snapshots(seen) => seen.iter().all(|snapshot| snapshot.complete),
        other => panic!("{other:?}"),
    };
    bench.until(query, complete).await;
}

#[tokio::test(start_paused = true)]
async fn machines_outside_of_groups_end() {
    let bench = Bench::with_platform().await;
    let query = FleetQuery::Machines { tags: vec![("dedicated".to_owned(), None)] };
    let terminate = FleetAct::TerminateInstances { instance_ids: vec![bench.id("Dedicated")] };
    bench.tell(&terminate).await;
    bench.tell(&terminate).await;
    bench.until(query, |seen| *seen == Observation::Machines(vec![])).await;
    let gone = FleetAct::TerminateInstances { instance_ids: texts(&["i-0123456789abcdef0"]) };
    let error = bench.cloud.act(&gone.into()).await.expect_err("not there");
    assert_eq!(error.kind, PortErrorKind::Transient, "{error}");
}
