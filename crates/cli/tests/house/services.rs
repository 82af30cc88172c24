//! A platform whose work is done by tasks of Amazon ECS: they are stopped for the update, and run again afterwards.

use std::collections::BTreeMap;

use cli::configuration::DeploymentSettings;
use cli::demo_settings;
use conductor::Cloud;
use upgrade::{Act, EcsService, FleetAct, FleetQuery, Observation, Outcome, Report, ServiceCount, Users};

use crate::common::{Rehearsal, virtual_time};
use crate::next_release::{STACK, create, upgrade};

const NETWORK: &str = "NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [!Ref SubnetA, !Ref SubnetB]}}";

/// `Web` serves behind a load balancer; `Indexer` has its count from the template, `Scaled` from its scaling.
fn release(image: &str) -> String {
    let definition = |name: &str| {
        format!(
            r#"
  {name}Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: {name}
      NetworkMode: awsvpc
      ContainerDefinitions: [{{Name: main, Image: "example.com/{name}:{image}", Memory: 512, PortMappings: [{{ContainerPort: 80}}]}}]"#
        )
    };
    let service = |name: &str, more: &str| {
        format!(
            r#"
  {name}:
    Type: AWS::ECS::Service
    DependsOn: Listener
    Properties: {{Cluster: !Ref Cluster, ServiceName: {name}, TaskDefinition: !Ref {name}Definition, {NETWORK}{more}}}"#
        )
    };
    let web = ", DesiredCount: 2, LoadBalancers: [{ContainerName: main, ContainerPort: 80, TargetGroupArn: !Ref Targets}]";
    let network = r#"
Resources:
  Vpc: {Type: "AWS::EC2::VPC", Properties: {CidrBlock: 10.0.0.0/16}}
  SubnetA: {Type: "AWS::EC2::Subnet", Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, AvailabilityZone: us-east-1a}}
  SubnetB: {Type: "AWS::EC2::Subnet", Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1b}}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Name: web, Subnets: [!Ref SubnetA, !Ref SubnetB]}
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Name: web, Port: 80, Protocol: HTTP, VpcId: !Ref Vpc, TargetType: ip}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 80
      Protocol: HTTP
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Targets}]
  Cluster: {Type: "AWS::ECS::Cluster", Properties: {ClusterName: main}}"#;
    let definitions: String = ["Web", "Indexer", "Scaled"].into_iter().map(definition).collect();
    let services = [service("Web", web), service("Indexer", ", DesiredCount: 3"), service("Scaled", "")];
    format!("{network}{definitions}{}\n", services.concat())
}

fn arn(name: &str) -> String {
    format!("arn:aws:ecs:us-east-1:000000000000:service/main/{name}")
}

async fn services(rehearsal: &Rehearsal) -> BTreeMap<String, EcsService> {
    let query = FleetQuery::EcsServices { arns: ["Web", "Indexer", "Scaled"].map(arn).into() };
    match rehearsal.cloud.observe(&query.into()).await.expect("services") {
        Observation::EcsServices(all) => all.into_iter().map(|one| (one.name().to_owned(), one)).collect(),
        other => panic!("{other:?}"),
    }
}

fn counts(services: &BTreeMap<String, EcsService>) -> Vec<(&str, i32, i32)> {
    services.iter().map(|(name, one)| (name.as_str(), one.desired_count, one.running_count)).collect()
}

fn settings() -> DeploymentSettings {
    demo_settings(STACK).expect("the demo's settings are sound")
}

/// The platform, with one service scaled out.
async fn scaled_out() -> Rehearsal {
    let rehearsal = Rehearsal::new(11);
    create(&rehearsal, STACK, release("1").as_bytes(), &BTreeMap::new()).await.expect("created");
    let scaled = ServiceCount { service_arn: arn("Scaled"), desired_count: 4 };
    let act = Act::Fleet(FleetAct::SetDesiredCounts { counts: vec![scaled] });
    rehearsal.cloud.act(&act).await.expect("scaled");
    rehearsal.clock.sleep(std::time::Duration::from_secs(600)).await;
    assert_eq!(counts(&services(&rehearsal).await), [("Indexer", 3, 3), ("Scaled", 4, 4), ("Web", 2, 2)]);
    rehearsal
}

#[test]
fn services_that_work_are_stopped_for_the_update_and_those_that_serve_are_not() {
    virtual_time().block_on(async {
        let rehearsal = scaled_out().await;
        let (plan, outcome, records) =
            upgrade(&rehearsal, settings(), release("2").as_bytes(), &BTreeMap::new())
                .await
                .expect("carried out");
        assert_eq!(outcome, Outcome::Upgraded);
        let report = Report::from_journal(&plan, &records).expect("whole");
        assert_eq!(report.stopped_tasks.len(), 7, "three and four: {:?}", report.stopped_tasks);
        let after = services(&rehearsal).await;
        assert_eq!(counts(&after), [("Indexer", 3, 3), ("Scaled", 4, 4), ("Web", 2, 2)]);
        assert!(after.values().all(|service| service.remembered.is_none()), "no note is left: {after:?}");
        let seen = report.seen.expect("a look");
        assert_eq!((seen.users, seen.still_to_put_back, seen.not_running), (Users::In, vec![], vec![]));
        assert_eq!(report.came_back, Vec::<String>::new(), "what CloudFormation sets is the release's");
    });
}
