//! What each question shows of the platform as it was created.

use upgrade::{
    AlarmSeen, DoorSeen, FleetQuery, HealthFinding, HealthQuery, JobQueue, LifecycleHook, LogicalResource,
    Machine, Observation, OtherRule, Query, WarmPool,
};

use crate::common::Bench;

#[tokio::test(start_paused = true)]
async fn every_question_has_its_answer() {
    let bench = Bench::with_platform().await;
    let machine = Machine {
        instance_id: bench.id("Dedicated"),
        state: "running".to_owned(),
        name: Some("big".to_owned()),
        owner: Some("ada".to_owned()),
    };
    let absent = "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/gone/0123456789abcdef/0123456789abcdef";
    for (query, wanted) in [
        (
            FleetQuery::GateRules { listener_arns: vec![bench.id("Listener"), absent.to_owned()] },
            Observation::GateRules(vec![
                DoorSeen {
                    listener_arn: bench.id("Listener"),
                    exists: true,
                    rules: vec![],
                    others: vec![OtherRule {
                        rule_arn: bench.id("ApiRule"),
                        priority: 100,
                        remembered: None,
                    }],
                },
                DoorSeen { listener_arn: absent.to_owned(), exists: false, rules: vec![], others: vec![] },
            ]),
        ),
        (
            FleetQuery::JobQueues { arns: vec![bench.id("Queue")] },
            Observation::JobQueues(vec![JobQueue {
                arn: bench.id("Queue"),
                enabled: true,
                status: "VALID".to_owned(),
                status_reason: Some("JobQueue Healthy".to_owned()),
                remembered: None,
            }]),
        ),
        (FleetQuery::Jobs { queue_arns: vec![bench.id("Queue")] }, Observation::Jobs(vec![])),
        (FleetQuery::WorkerGroups { names: vec![] }, Observation::WorkerGroups(vec![])),
        (FleetQuery::WorkerGroups { names: vec!["gone".to_owned()] }, Observation::WorkerGroups(vec![])),
        (
            FleetQuery::Alarms { names: vec!["load".to_owned(), "gone".to_owned()] },
            Observation::Alarms(vec![AlarmSeen {
                name: "load".to_owned(),
                actions_enabled: true,
                remembered: None,
            }]),
        ),
        (FleetQuery::Alarms { names: vec![] }, Observation::Alarms(vec![])),
        (
            FleetQuery::Machines { tags: vec![("dedicated".to_owned(), Some("yes".to_owned()))] },
            Observation::Machines(vec![machine.clone()]),
        ),
        (
            // It has both.
            FleetQuery::Machines { tags: vec![("dedicated".to_owned(), None), ("Name".to_owned(), None)] },
            Observation::Machines(vec![machine]),
        ),
        (
            // It has one of them only.
            FleetQuery::Machines {
                tags: vec![("dedicated".to_owned(), Some("yes".to_owned())), ("absent".to_owned(), None)],
            },
            Observation::Machines(vec![]),
        ),
        (FleetQuery::Machines { tags: vec![] }, Observation::Machines(vec![])),
        (
            FleetQuery::Resources {
                stack_id: bench.stack_id.clone(),
                logical_ids: vec!["Database".to_owned(), "Gone".to_owned()],
            },
            Observation::Resources(vec![LogicalResource {
                logical_id: "Database".to_owned(),
                physical_id: "main".to_owned(),
            }]),
        ),
    ] {
        assert_eq!(bench.ask(query.clone()).await, wanted, "{query:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn health_is_told_of_each_target_group() {
    let bench = Bench::with_platform().await;
    let finding = |what: &str, healthy, detail: &str| HealthFinding {
        what: what.to_owned(),
        healthy,
        detail: detail.to_owned(),
    };
    let absent = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/gone/0123456789abcdef";
    let query = Query::Health(HealthQuery {
        target_group_arns: vec![bench.id("WebTargets"), bench.id("IdleTargets"), absent.to_owned()],
        service_arns: Vec::new(),
        platform: true,
        version: None,
        http: vec![],
    });
    let wanted = Observation::Health(vec![
        finding("target group web", true, "1 of 1 healthy"),
        finding("target group idle", false, "it has no targets"),
        finding("target group gone", false, "it does not exist"),
    ]);
    assert_eq!(bench.ask(query).await, wanted);
}

#[tokio::test(start_paused = true)]
async fn a_group_shows_its_sizes_pool_and_hooks() {
    let bench = Bench::with_platform().await;
    let names = vec!["workers".to_owned(), "web".to_owned(), "gone".to_owned()];
    let Observation::WorkerGroups(groups) = bench.ask(FleetQuery::WorkerGroups { names }).await else {
        panic!("groups")
    };
    let workers = groups.iter().find(|group| group.name == "workers").expect("the workers");
    assert_eq!((workers.min_size, workers.max_size, workers.desired_capacity), (0, 200, 0));
    assert!(workers.new_instances_protected);
    assert_eq!(workers.warm_pool, Some(WarmPool { min_size: 2, max_group_prepared_capacity: None }));
    assert_eq!(workers.hooks, vec![LifecycleHook { name: "going".to_owned(), terminating: true }]);
    assert!(workers.instances.iter().all(|instance| instance.in_warm_pool), "{:?}", workers.instances);
    let web = groups.iter().find(|group| group.name == "web").expect("the web group");
    assert_eq!((web.instances.len(), web.hooks.len(), web.remembered.is_none()), (1, 0, true));
    assert_eq!(groups.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_platforms_own_questions_are_not_awss() {
    let bench = Bench::with_platform().await;
    use conductor::Cloud;
    let query = Query::Platform(upgrade::PlatformQuery::Sessions);
    let error = bench.cloud.observe(&query).await.expect_err("refused");
    assert_eq!(error.kind, upgrade::PortErrorKind::Refused, "{error}");
    let act = upgrade::Act::Platform { acts: vec![upgrade::PlatformAct::ClearBanner] };
    let error = bench.cloud.act(&act).await.expect_err("refused");
    assert_eq!(error.kind, upgrade::PortErrorKind::Refused, "{error}");
}
