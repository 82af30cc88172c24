//! Nested stacks: their ways in are the deployment's, and what works in them is named.

use std::collections::BTreeMap;

use aws::Pace;
use upgrade::WaysIn;

use crate::common::Bench;

/// A load balancer with a listener, in a stack that `Front` is.
const FRONT: &str = r#"
Resources:
  Vpc: {Type: "AWS::EC2::VPC", Properties: {CidrBlock: 10.0.0.0/16}}
  SubnetA: {Type: "AWS::EC2::Subnet", Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, AvailabilityZone: us-east-1a}}
  SubnetB: {Type: "AWS::EC2::Subnet", Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1b}}
  Balancer: {Type: "AWS::ElasticLoadBalancingV2::LoadBalancer", Properties: {Name: web, Subnets: [!Ref SubnetA, !Ref SubnetB]}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 80
      Protocol: HTTP
      DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "200"}}]
"#;

const TASKS: &str = r#"
Resources:
  Cluster: {Type: "AWS::ECS::Cluster", Properties: {ClusterName: main}}
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties: {Family: indexer, ContainerDefinitions: [{Name: indexer, Image: "example.com/indexer:1", Memory: 512}]}
  Indexer: {Type: "AWS::ECS::Service", Properties: {Cluster: !Ref Cluster, TaskDefinition: !Ref Definition}}
"#;

fn holding(children: &[(&str, &str)]) -> String {
    let child = |(name, url): &(&str, &str)| {
        format!(
            "  {name}: {{Type: \"AWS::CloudFormation::Stack\", Properties: {{TemplateURL: \"{url}\"}}}}\n"
        )
    };
    format!("Resources:\n{}", children.iter().map(child).collect::<String>())
}

#[tokio::test(start_paused = true)]
async fn ways_in_of_nested_stacks_are_judged_and_their_work_is_named() {
    let mut bench = Bench::empty(false, Pace::Unlimited);
    let (front, tasks) = (bench.upload(FRONT).await, bench.upload(TASKS).await);
    let work = bench.upload(&holding(&[("Tasks", &tasks)])).await;
    bench.create(&holding(&[("Front", &front), ("Work", &work)])).await;
    let deployment = bench.cloud.deployment("platform").await.expect("a deployment");
    let ways = WaysIn::find(&deployment, &BTreeMap::new()).expect("ways in");
    let names: Vec<&str> = ways.nested.iter().map(|stack| stack.logical_id.as_str()).collect();
    assert_eq!(names, ["Front", "Work"]);
    let listeners = bench.cloud.listeners(&ways).await.expect("listeners");
    let told: Vec<(String, String)> =
        listeners.iter().map(|listener| (listener.name(), listener.words())).collect();
    assert_eq!(told, [("Front/Listener".to_owned(), "HTTP:80 of web".to_owned())]);
    // A key of TOML needs quotes for the slash.
    assert_eq!(listeners[0].key(), "\"Front/Listener\"");
    let work = bench.cloud.nested_work(&ways.nested).await.expect("work");
    assert_eq!(work, ["Work/Tasks/Indexer (AWS::ECS::Service)"]);
}
