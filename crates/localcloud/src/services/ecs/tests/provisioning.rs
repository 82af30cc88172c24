//! `AWS::ECS::Cluster`, `AWS::ECS::TaskDefinition` and `AWS::ECS::Service`.

use serde_json::{Value, json};

use super::*;
use crate::resource::Stability;
use crate::services::resource_type;

const CLUSTER: &str = "AWS::ECS::Cluster";
const DEFINITION: &str = "AWS::ECS::TaskDefinition";
const SERVICE: &str = "AWS::ECS::Service";

/// A bench with a cluster `c` and a definition that a template made; gives the definition's ARN.
fn templated() -> (Bench, String) {
    let mut bench = Bench::new(Service::Ecs);
    let cluster = bench.create(CLUSTER, "Cluster", json!({"ClusterName": "c"})).expect("a cluster");
    assert_eq!(cluster.physical_id, "c");
    let containers =
        json!([{"Name": "app", "Image": "i", "Memory": "128", "PortMappings": [{"ContainerPort": "80"}]}]);
    let properties = json!({"Family": "web", "ContainerDefinitions": containers});
    let definition = bench.create(DEFINITION, "Web", properties).expect("a definition").physical_id;
    assert_eq!(definition, "arn:aws:ecs:us-east-1:000000000000:task-definition/web:1");
    (bench, definition)
}

#[test]
fn a_service_of_a_template_has_one_task_unless_it_says_otherwise() {
    let (mut bench, definition) = templated();
    let properties =
        |more: Value| merged(json!({"ServiceName": "s", "Cluster": "c", "TaskDefinition": definition}), more);
    let made = bench.create(SERVICE, "Service", properties(json!({}))).expect("a service");
    let arn = "arn:aws:ecs:us-east-1:000000000000:service/c/s";
    assert_eq!(made.physical_id, arn);
    assert_eq!(made.attributes["Name"], template::Value::String("s".to_owned()));
    assert_eq!(
        (resource_type(SERVICE).stability)(&mut bench.world, arn),
        Stability::Again(super::super::durations::LOOK)
    );
    assert_eq!(counts(&service(&mut bench, 30)), (1, 1, 0));
    assert_eq!((resource_type(SERVICE).stability)(&mut bench.world, arn), Stability::Stable);

    update(&mut bench, 30, json!({"desiredCount": 3}));
    bench.ok(30, "TagResource", json!({"resourceArn": arn, "tags": [{"key": "by", "value": "hand"}]}));
    let with_tag = properties(json!({"Tags": [{"Key": "a", "Value": "1"}]}));
    bench.change(SERVICE, arn, properties(json!({})), with_tag.clone()).expect("updated");
    assert_eq!(counts(&service(&mut bench, 31)).0, 3, "what the template doesn't say stays");
    let counted = properties(json!({"DesiredCount": "2"}));
    bench.change(SERVICE, arn, with_tag, counted).expect("updated");
    let found = service(&mut bench, 31);
    assert_eq!(counts(&found).0, 2);
    let tags = found["tags"].as_array().expect("tags");
    let keys: Vec<&str> = tags.iter().filter_map(|tag| tag["key"].as_str()).collect();
    let own =
        ["aws:cloudformation:logical-id", "aws:cloudformation:stack-id", "aws:cloudformation:stack-name"];
    assert_eq!(keys, [own[0], own[1], own[2], "by", "team"]);

    bench.delete(SERVICE, arn).expect("begun");
    assert!((resource_type(SERVICE).looks_again)(&mut bench.world, arn).is_some());
    assert!((resource_type(SERVICE).check_deleted)(&bench.world, arn).is_err());
    assert_eq!(service(&mut bench, 63)["status"], "INACTIVE");
    assert_eq!((resource_type(SERVICE).looks_again)(&mut bench.world, arn), None);
    (resource_type(SERVICE).check_deleted)(&bench.world, arn).expect("gone");
    bench.finish_delete(SERVICE, arn);
    bench.delete(CLUSTER, "c").expect("unused");
    bench.finish_delete(CLUSTER, "c");
    bench.refused(
        64,
        "ListServices",
        json!({"cluster": "c"}),
        "ClusterNotFoundException",
        "Cluster not found.",
    );
}

#[test]
fn a_cluster_with_services_stays() {
    let (mut bench, definition) = templated();
    let properties = json!({"Cluster": "c", "TaskDefinition": definition, "SchedulingStrategy": "DAEMON"});
    let made = bench.create(SERVICE, "Service", properties).expect("a service").physical_id;
    assert!(made.starts_with("arn:aws:ecs:us-east-1:000000000000:service/c/Stack-Service-"), "{made}");
    let error = bench.delete(CLUSTER, "c").expect_err("in use");
    assert_eq!(error.reason, "The Cluster cannot be deleted while Services are active.");
    let error = bench.create(CLUSTER, "Again", json!({"ClusterName": "c"})).expect_err("taken");
    assert_eq!(error.reason, "c already exists");
}

#[test]
fn a_service_that_never_comes_to_rest_fails_after_three_hours() {
    let (mut bench, definition) = templated();
    let properties = json!({"ServiceName": "s", "Cluster": "c", "TaskDefinition": definition});
    let arn = bench.create(SERVICE, "Service", properties).expect("a service").physical_id;
    let mut looks = 0;
    let error = loop {
        match (resource_type(SERVICE).stability)(&mut bench.world, &arn) {
            Stability::Again(_) => looks += 1,
            Stability::Failed(error) => break error,
            Stability::Stable => panic!("no time has passed"),
        }
    };
    assert_eq!(looks, 1080);
    assert!(error.reason.contains("Exceeded attempts to wait"), "{error}");
}

#[test]
fn a_new_nonce_forces_a_deployment() {
    let (mut bench, definition) = templated();
    let properties = |nonce: &str| {
        json!({"ServiceName": "s", "Cluster": "c", "TaskDefinition": definition,
            "ForceNewDeployment": {"EnableForceNewDeployment": "true", "ForceNewDeploymentNonce": nonce}})
    };
    let arn = bench.create(SERVICE, "Service", properties("1")).expect("a service").physical_id;
    for (before, after, deployments) in [("1", "1", 1), ("1", "2", 2)] {
        service(&mut bench, 100);
        bench.change(SERVICE, &arn, properties(before), properties(after)).expect("updated");
        let found = service(&mut bench, 100);
        assert_eq!(found["deployments"].as_array().map(Vec::len), Some(deployments), "{before} to {after}");
    }
}
