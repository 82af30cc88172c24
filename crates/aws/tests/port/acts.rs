//! What each act does, and that doing it again is harmless.

use conductor::Cloud;
use upgrade::{
    Act, AdmittingRule, Gate, GroupSize, LifecycleAction, Memory, Observation, PlannedSnapshot,
    PortErrorKind, Query, Rememberer, SnapshotKind, WarmPoolSize,
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
    }
}

#[tokio::test(start_paused = true)]
async fn the_gate_closes_around_those_who_may_pass() {
    let bench = Bench::with_platform().await;
    let listener_arn = bench.id("Listener");
    let rules = || async {
        let lookup = crate::lookups::targets(&bench);
        crate::lookups::gather(&bench, &lookup).await.listener_rules.expect("rules")
    };
    let before = rules().await;
    let default =
        before.iter().find(|rule| rule.priority.is_none()).expect("a default rule").rule_arn.clone();
    let gate = gate(&bench, &default);
    let close = |missing: &[i32]| FleetAct::CloseGate {
        listener_arn: listener_arn.clone(),
        gate: gate.clone(),
        run_id: "run-1".to_owned(),
        missing: missing.to_vec(),
    };
    bench.tell(&close(&[1, 2, 9])).await;
    let seen = || async {
        match bench.ask(FleetQuery::GateRules { listener_arn: listener_arn.clone() }).await {
            Observation::GateRules(mut rules) => {
                rules.sort_by_key(|rule| rule.priority);
                rules
            }
            other => panic!("{other:?}"),
        }
    };
    let ours: Vec<_> = seen().await.iter().map(|rule| (rule.priority, rule.run_id.clone())).collect();
    assert_eq!(ours, [1, 2, 9].map(|priority| (Some(priority), "run-1".to_owned())));
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
    let error = bench.cloud.act(&close(&[9])).await.expect_err("taken");
    assert_eq!(error.kind, PortErrorKind::Transient, "{error}");
    bench.tell(&close(&[])).await;
    let error = bench.cloud.act(&close(&[3])).await.expect_err("no such rule");
    assert_eq!(error.kind, PortErrorKind::Refused, "{error}");

    let open = FleetAct::OpenGate { rule_arns: seen().await.into_iter().map(|rule| rule.rule_arn).collect() };
    bench.tell(&open).await;
    bench.tell(&open).await;
    assert_eq!(seen().await, vec![]);
    assert_eq!(rules().await, before);
}

#[tokio::test(start_paused = true)]
async fn notes_are_written_on_groups_and_queues_and_taken_off() {
    let bench = Bench::with_platform().await;
    let (group, queue) =
        (Rememberer::WorkerGroup("workers".to_owned()), Rememberer::JobQueue(bench.id("Queue")));
    let note =
        |resource: &Rememberer, text: &str| Memory { resource: resource.clone(), text: text.to_owned() };
    let notes = || async {
        let Observation::WorkerGroups(groups) =
            bench.ask(FleetQuery::WorkerGroups { names: texts(&["workers"]) }).await
        else {
            panic!("groups")
        };
        let Observation::JobQueues(queues) =
            bench.ask(FleetQuery::JobQueues { arns: vec![bench.id("Queue")] }).await
        else {
            panic!("queues")
        };
        let first = |found: Option<Option<String>>| found.flatten();
        (
            first(groups.into_iter().next().map(|group| group.remembered)),
            first(queues.into_iter().next().map(|queue| queue.remembered)),
        )
    };
    let remember = FleetAct::Remember { memories: vec![note(&group, "0/200/3"), note(&queue, "ENABLED")] };
    bench.tell(&remember).await;
    bench.tell(&remember).await;
    assert_eq!(notes().await, (Some("0/200/3".to_owned()), Some("ENABLED".to_owned())));
    let gone = Rememberer::WorkerGroup("gone".to_owned());
    let forget = FleetAct::Forget { resources: vec![gone, group, queue] };
    bench.tell(&forget).await;
    bench.tell(&forget).await;
    assert_eq!(notes().await, (None, None));
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
    let error = bench.cloud.act(&gone).await.expect_err("not there");
    assert_eq!(error.kind, PortErrorKind::Transient, "{error}");
}
