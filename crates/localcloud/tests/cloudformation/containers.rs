//! Stacks with services of Amazon ECS: CloudFormation waits until their tasks run.

use localcloud::wire::Service;
use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, line, parameters, read, read_json, shared};

/// A cluster with a service behind a load balancer, of an image; `more` is added to the service's properties.
fn platform(image: &str, more: Value) -> Value {
    let mut service = json!({
        "Cluster": {"Ref": "Cluster"},
        "LaunchType": "FARGATE",
        "TaskDefinition": {"Ref": "Definition"},
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}},
        "LoadBalancers": [{"ContainerName": "app", "ContainerPort": 8080, "TargetGroupArn": {"Ref": "Group"}}],
    });
    for (name, value) in more.as_object().expect("more") {
        service[name] = value.clone();
    }
    let balancer = "AWS::ElasticLoadBalancingV2";
    let container = json!({"Name": "app", "Image": image, "PortMappings": [{"ContainerPort": 8080}]});
    json!({
        "Resources": {
            "Cluster": {"Type": "AWS::ECS::Cluster"},
            "Definition": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
                "Family": "web", "Cpu": 256, "Memory": 512, "NetworkMode": "awsvpc",
                "RequiresCompatibilities": ["FARGATE"], "ContainerDefinitions": [container]}},
            "Balancer": {"Type": format!("{balancer}::LoadBalancer"), "Properties": {"Subnets": ["subnet-1"]}},
            "Group": {"Type": format!("{balancer}::TargetGroup"), "Properties": {
                "Port": 8080, "Protocol": "HTTP", "TargetType": "ip",
                "TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]}},
            "Listener": {"Type": format!("{balancer}::Listener"), "Properties": {
                "LoadBalancerArn": {"Ref": "Balancer"}, "Port": 80, "Protocol": "HTTP",
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}]}},
            "Service": {"Type": "AWS::ECS::Service", "DependsOn": "Listener", "Properties": service},
        },
        "Outputs": {
            "Name": {"Value": {"Fn::GetAtt": ["Service", "Name"]}},
            "Cluster": {"Value": {"Fn::GetAtt": ["Cluster", "Arn"]}},
            "Group": {"Value": {"Ref": "Group"}},
            "Definition": {"Value": {"Ref": "Definition"}},
        },
    })
}

fn update(cloud: &mut Cloud, template: &Value) {
    cloud.get(
        "UpdateStack",
        json!({"StackName": "s", "TemplateBody": template.to_string(), "Capabilities": CAPABILITIES}),
    );
}

fn ecs(cloud: &mut Cloud, operation: &str, input: Value) -> Value {
    cloud.service(Service::Ecs, operation, input).expect("an answer of ECS")
}

fn output(cloud: &mut Cloud, key: &str) -> String {
    let outputs = cloud.stack("s")["Outputs"].as_array().cloned().unwrap_or_default();
    let found = outputs.iter().find(|output| output["OutputKey"] == key).expect("an output");
    found["OutputValue"].as_str().expect("text").to_owned()
}

/// The name of the service's cluster, and the service.
fn service(cloud: &mut Cloud) -> (String, Value) {
    let resources = cloud.resources("s");
    let physical = |id: &str| {
        let found = resources.iter().find(|one| one["LogicalResourceId"] == id).expect("a resource");
        found["PhysicalResourceId"].clone()
    };
    let (cluster, arn) = (physical("Cluster"), physical("Service"));
    let asked = json!({"cluster": cluster, "services": [arn], "include": ["TAGS"]});
    let found = ecs(cloud, "DescribeServices", asked)["services"][0].clone();
    (cluster.as_str().expect("a name").to_owned(), found)
}

/// Desired, running, pending, and how many deployments.
fn counts(cloud: &mut Cloud) -> (u64, u64, u64, usize) {
    let (_, service) = service(cloud);
    let count = |name: &str| service[name].as_u64().expect("a count");
    let deployments = service["deployments"].as_array().map_or(0, Vec::len);
    (count("desiredCount"), count("runningCount"), count("pendingCount"), deployments)
}

fn targets(cloud: &mut Cloud) -> Vec<String> {
    let group = output(cloud, "Group");
    let health =
        cloud.service(Service::LoadBalancing, "DescribeTargetHealth", json!({"TargetGroupArn": group}));
    let health = health.expect("targets");
    let targets = health["TargetHealthDescriptions"].as_array().expect("a list");
    targets.iter().map(|one| one["TargetHealth"]["State"].as_str().expect("a state").to_owned()).collect()
}

/// The seconds between two of a resource's events.
fn between(cloud: &mut Cloud, resource: &str, from: &str, to: &str) -> u64 {
    let events = cloud.events("s");
    let time = |status: &str| {
        let found = events
            .iter()
            .rev()
            .find(|event| event["LogicalResourceId"] == resource && event["ResourceStatus"] == status);
        let text = found.unwrap_or_else(|| panic!("no {status} of {resource}"))["Timestamp"].as_str();
        localcloud::Timestamp::parse(text.expect("a time")).expect("a time").0
    };
    (time(to) - time(from)) / 1000
}

#[test]
fn a_service_is_created_updated_and_deleted_with_its_tasks_time() {
    let mut cloud = Cloud::new();
    cloud.create("s", &platform("app:1", json!({"DesiredCount": 2})));
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE");
    assert_eq!(counts(&mut cloud), (2, 2, 0, 1));
    assert_eq!(targets(&mut cloud), ["healthy", "healthy"]);
    // 15 and 25 seconds on FARGATE, 3 to register, and looks every ten.
    let took = between(&mut cloud, "Service", "CREATE_IN_PROGRESS", "CREATE_COMPLETE");
    assert!((43..60).contains(&took), "{took} s");
    let (cluster, found) = service(&mut cloud);
    assert!(output(&mut cloud, "Cluster").ends_with(&format!(":cluster/{cluster}")));
    assert_eq!(found["serviceName"], output(&mut cloud, "Name"));
    let tags = found["tags"].as_array().expect("tags");
    assert!(tags.contains(&json!({"key": "aws:cloudformation:logical-id", "value": "Service"})), "{tags:?}");
    let first = output(&mut cloud, "Definition");
    assert!(first.ends_with(":task-definition/web:1"), "{first}");

    // A drain: somebody scales to zero, and what the template says comes back with the next change of the service.
    ecs(
        &mut cloud,
        "UpdateService",
        json!({"cluster": cluster, "service": found["serviceName"], "desiredCount": 0}),
    );
    cloud.pass(100);
    assert_eq!((counts(&mut cloud), targets(&mut cloud).len()), ((0, 0, 0, 1), 0));
    update(&mut cloud, &platform("app:2", json!({"DesiredCount": 2})));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
    assert_eq!(counts(&mut cloud), (2, 2, 0, 1));
    assert_eq!(output(&mut cloud, "Definition"), first.replace("web:1", "web:2"));
    let old = ecs(&mut cloud, "DescribeTaskDefinition", json!({"taskDefinition": first}));
    assert_eq!(old["taskDefinition"]["status"], "INACTIVE", "the clean-up deregisters it");

    // Without a count in the template the present one stays.
    update(&mut cloud, &platform("app:2", json!({"DesiredCount": 2, "HealthCheckGracePeriodSeconds": 60})));
    cloud.settle();
    ecs(
        &mut cloud,
        "UpdateService",
        json!({"cluster": cluster, "service": found["serviceName"], "desiredCount": 0}),
    );
    update(&mut cloud, &platform("app:3", json!({})));
    cloud.settle();
    assert_eq!(cloud.status("s"), "UPDATE_COMPLETE");
    assert_eq!(counts(&mut cloud), (0, 0, 0, 1));
    ecs(
        &mut cloud,
        "UpdateService",
        json!({"cluster": cluster, "service": found["serviceName"], "desiredCount": 3}),
    );
    cloud.pass(60);

    cloud.get("DeleteStack", json!({"StackName": "s"}));
    let stack_id = cloud.events("s")[0]["StackId"].clone();
    cloud.settle();
    let events = cloud.events(stack_id.as_str().expect("an id"));
    let lines: Vec<String> = events.iter().map(line).collect();
    assert!(lines.contains(&"s DELETE_COMPLETE".to_owned()), "{lines:#?}");
    let refused = cloud.service(Service::Ecs, "ListServices", json!({"cluster": cluster}));
    assert_eq!(refused.expect_err("no cluster").code, "ClusterNotFoundException");
}

#[test]
fn deleting_a_service_waits_for_its_tasks() {
    let mut cloud = Cloud::new();
    cloud.create("s", &platform("app:1", json!({})));
    assert_eq!(counts(&mut cloud), (1, 1, 0, 1), "one task where nothing is said");
    // 30 seconds for the requests, 30 for the container, 10 for the machine.
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.pass(60);
    let lines: Vec<String> = cloud.events("s").iter().map(line).collect();
    assert!(!lines.contains(&"Service DELETE_COMPLETE".to_owned()), "{lines:#?}");
    cloud.pass(40);
    let stack = cloud.world.cloudformation.find("s").map(|stack| stack.status.name());
    assert!(stack.is_none_or(|status| status == "DELETE_IN_PROGRESS"), "{stack:?}");
    cloud.settle();
    assert!(cloud.world.cloudformation.find("s").is_none());
}

/// The new definition's tasks don't come up; the old one's do.
fn fails(cloud: &mut Cloud) {
    let (cluster, found) = service(cloud);
    let order = json!({"cluster": cluster, "service": found["serviceName"], "status": "FAILING", "taskDefinition": "web:2"});
    cloud.service(Service::Control, "SetServiceStatus", order).expect("ordered");
}

#[test]
fn an_update_whose_tasks_do_not_come_up_is_undone() {
    for (more, words, least) in [
        (json!({}), "Exceeded attempts to wait", 10_800),
        (
            json!({"DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": true, "Rollback": true}}}),
            "ECS Deployment Circuit Breaker was triggered",
            180,
        ),
    ] {
        let mut cloud = Cloud::new();
        cloud.create("s", &platform("app:1", more.clone()));
        fails(&mut cloud);
        update(&mut cloud, &platform("app:2", more));
        cloud.settle();
        assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE", "{words}");
        let lines: Vec<String> = cloud.events("s").iter().map(line).collect();
        assert!(
            lines.iter().any(|line| line.starts_with("Service UPDATE_FAILED") && line.contains(words)),
            "{lines:#?}"
        );
        let took = between(&mut cloud, "s", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE");
        assert!((least..least + 600).contains(&took), "{words}: {took} s");
        assert_eq!(counts(&mut cloud), (1, 1, 0, 1));
        let (_, found) = service(&mut cloud);
        assert!(found["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with(":task-definition/web:1")));
    }
}

#[test]
fn a_service_scaled_by_hand_has_drifted() {
    let mut cloud = Cloud::new();
    cloud.create("s", &platform("app:1", json!({"DesiredCount": 1})));
    let (cluster, found) = service(&mut cloud);
    let named = json!({"cluster": cluster, "service": found["serviceName"]});
    for (request, expected) in [
        (("UpdateService", json!({"desiredCount": 1})), "IN_SYNC"),
        (("UpdateService", json!({"desiredCount": 2})), "MODIFIED"),
        (("DeleteService", json!({"force": true})), "DELETED"),
    ] {
        let (operation, mut input) = request;
        for (name, value) in named.as_object().expect("names") {
            input[name] = value.clone();
        }
        ecs(&mut cloud, operation, input);
        let asked = json!({"StackName": "s", "LogicalResourceId": "Service"});
        let drift = cloud.get("DetectStackResourceDrift", asked);
        assert_eq!(drift["StackResourceDrift"]["StackResourceDriftStatus"], expected);
    }
}

/// Templates that people deploy, from each version to the next as far as they can be deployed here.
#[test]
fn platforms_in_the_wild_keep_their_services() {
    let mut services = 0;
    let Some(folder) = shared("wild/empire") else { return };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("shared test data is readable")
        .filter_map(|entry| {
            entry.ok()?.file_name().into_string().ok()?.strip_suffix(".yaml").map(str::to_owned)
        })
        .collect();
    names.sort();
    for name in names {
        let Some(body) = read(&format!("wild/empire/{name}.yaml")) else { return };
        let Some(values) = read_json(&format!("wild/empire/{name}.params.json")) else { return };
        if !body.contains("AWS::ECS::Service") {
            continue;
        }
        let mut cloud = Cloud::new();
        let url = cloud.url(&name, &body);
        let request = json!({
            "StackName": "s", "TemplateURL": url, "Parameters": parameters(&body, &values),
            "Capabilities": CAPABILITIES,
        });
        if let Err(error) = cloud.ask("CreateStack", request) {
            println!("not possible: empire/{name}: {error}");
            continue;
        }
        cloud.settle();
        println!("empire/{name}: {} {:?}", cloud.status("s"), crate::support::first_failure(&mut cloud, "s"));
        if cloud.status("s") != "CREATE_COMPLETE" {
            continue;
        }
        for resource in cloud.resources("s") {
            if resource["ResourceType"] != "AWS::ECS::Service" {
                continue;
            }
            let arn = resource["PhysicalResourceId"].as_str().expect("an ARN").to_owned();
            let cluster = arn.rsplit('/').nth(1).expect("a cluster");
            let found = ecs(&mut cloud, "DescribeServices", json!({"cluster": cluster, "services": [arn]}));
            let found = &found["services"][0];
            assert_eq!(found["runningCount"], found["desiredCount"], "empire/{name}: {found}");
            services += 1;
        }
    }
    assert!(services > 0, "no service was deployed");
}
