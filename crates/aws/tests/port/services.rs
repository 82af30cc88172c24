//! Amazon ECS through the port: services, their tasks, their notes and their health.

use aws::Pace;
use conductor::Cloud;
use upgrade::{
    Act, EcsService, FleetAct, FleetQuery, HealthFinding, HealthQuery, Memory, NotedResource, Observation,
    ObstacleParts, Query, ServiceCount,
};

use crate::common::Bench;

const TEMPLATE: &str = r#"
Resources:
  Cluster: {Type: "AWS::ECS::Cluster", Properties: {ClusterName: main}}
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties: {Family: indexer, ContainerDefinitions: [{Name: indexer, Image: "example.com/indexer:1", Memory: 512}]}
  Indexer:
    Type: AWS::ECS::Service
    Properties: {Cluster: !Ref Cluster, ServiceName: indexer, TaskDefinition: !Ref Definition, DesiredCount: 2}
"#;

async fn service(bench: &Bench, arn: &str) -> Option<EcsService> {
    match bench.ask(FleetQuery::EcsServices { arns: vec![arn.to_owned()] }).await {
        Observation::EcsServices(mut services) => services.pop(),
        other => panic!("{other:?}"),
    }
}

async fn health(bench: &Bench, arns: &[&str]) -> Vec<HealthFinding> {
    let query = Query::Health(HealthQuery {
        service_arns: arns.iter().map(|arn| (*arn).to_owned()).collect(),
        ..HealthQuery::default()
    });
    match bench.cloud.observe(&query).await.expect("an answer") {
        Observation::Health(findings) => findings,
        other => panic!("{other:?}"),
    }
}

fn counts(arn: &str, desired_count: i32) -> FleetAct {
    FleetAct::SetDesiredCounts { counts: vec![ServiceCount { service_arn: arn.to_owned(), desired_count }] }
}

#[tokio::test(start_paused = true)]
async fn a_service_goes_to_no_tasks_and_has_them_again() {
    let mut bench = Bench::empty(false, Pace::Unlimited);
    bench.create(TEMPLATE).await;
    let arn = bench.id("Indexer");
    assert!(arn.ends_with(":service/main/indexer"), "{arn}");
    let seen = service(&bench, &arn).await.expect("it is there");
    assert_eq!((seen.desired_count, seen.running_count, seen.is_steady), (2, 2, true));
    assert_eq!(seen.tasks.iter().filter(|task| task.stays()).count(), 2);
    let well = HealthFinding {
        what: "ECS service indexer".to_owned(),
        healthy: true,
        detail: "2 of 2 tasks run".to_owned(),
    };
    assert_eq!(health(&bench, &[&arn]).await, [well]);

    let memory =
        Memory { resource: NotedResource::EcsService(arn.clone()), text: "desired=2 at=1 run=r".to_owned() };
    bench.tell(&FleetAct::Remember { memories: vec![memory] }).await;
    bench.tell(&counts(&arn, 0)).await;
    let stopping = service(&bench, &arn).await.expect("it is there");
    assert_eq!(stopping.remembered.as_deref(), Some("desired=2 at=1 run=r"));
    assert_eq!(stopping.tasks.len(), 2, "SIGTERM leaves them some time");
    let stopped = |seen: &Observation| matches!(seen, Observation::EcsServices(services) if services[0].tasks.is_empty());
    let query = || FleetQuery::EcsServices { arns: vec![arn.clone()] };
    bench.until(query(), stopped).await;
    let finding = health(&bench, &[&arn]).await.remove(0);
    assert_eq!((finding.healthy, finding.detail.as_str()), (true, "0 of 0 tasks run"));

    bench.tell(&FleetAct::Forget { resources: vec![NotedResource::EcsService(arn.clone())] }).await;
    bench.tell(&counts(&arn, 2)).await;
    let starting = health(&bench, &[&arn]).await.remove(0);
    assert!(!starting.healthy && starting.detail.starts_with("0 of 2 tasks run"), "{starting:?}");
    let running =
        |seen: &Observation| matches!(seen, Observation::EcsServices(all) if all[0].running_count == 2);
    bench.until(query(), running).await;
    assert_eq!(service(&bench, &arn).await.expect("it is there").remembered, None);

    // One task is stopped directly, and ECS places another one.
    let task = service(&bench, &arn).await.expect("it is there").tasks.remove(0).arn;
    let stop = FleetAct::StopTasks { task_arns: vec![task.clone()], reason: "a test".to_owned() };
    bench.tell(&stop).await;
    let gone = |seen: &Observation| matches!(seen, Observation::EcsServices(all) if all[0].tasks.iter().all(|one| one.arn != task));
    bench.until(query(), gone).await;
    bench.until(query(), running).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_gone_is_left_out_and_has_no_note() {
    let mut bench = Bench::empty(false, Pace::Unlimited);
    bench.create(TEMPLATE).await;
    let arn = bench.id("Indexer");
    let elsewhere = arn.replace("/main/", "/other/");
    let absent = format!("{arn}0");
    let arns = vec![absent.clone(), arn.clone(), elsewhere.clone()];
    let seen = match bench.ask(FleetQuery::EcsServices { arns }).await {
        Observation::EcsServices(services) => services,
        other => panic!("{other:?}"),
    };
    assert_eq!(seen.iter().map(|service| &service.arn).collect::<Vec<_>>(), [&arn]);
    let told: Vec<bool> =
        health(&bench, &[&absent, &arn]).await.into_iter().map(|finding| finding.healthy).collect();
    assert_eq!(told, [false, true]);
    let forget = FleetAct::Forget {
        resources: [absent, elsewhere].into_iter().map(NotedResource::EcsService).collect(),
    };
    bench.tell(&forget).await;
    let parts = ObstacleParts { service_arns: vec![arn], ..ObstacleParts::default() };
    let obstacles = match bench.ask(FleetQuery::Obstacles(parts)).await {
        Observation::Obstacles(seen) => upgrade::obstacles(&seen, &upgrade::MaintenancePolicy::default()),
        other => panic!("{other:?}"),
    };
    assert_eq!(obstacles, []);
    let refused = bench.cloud.act(&Act::Fleet(counts("arn:aws:ecs:us-east-1:1:service/main/none", 0))).await;
    let refused = refused.expect_err("there is no such service");
    assert_eq!(refused.operation, "ecs:UpdateService");
}
