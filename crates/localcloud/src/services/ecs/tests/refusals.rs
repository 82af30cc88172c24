//! What ECS refuses, and in which words.

use serde_json::{Value, json};

use super::*;

#[test]
fn what_is_wrong_is_refused_in_the_words_of_ecs() {
    let mut bench = bench();
    create(&mut bench, json!({}));
    let arn = "arn:aws:ecs:us-east-1:000000000000:service/c/s";
    let eleven: Vec<String> = (0..11).map(|number| number.to_string()).collect();
    let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    let service = |more: Value| {
        merged(json!({"cluster": "c", "serviceName": "x", "taskDefinition": "web", "desiredCount": 1}), more)
    };
    let (invalid, client) = ("InvalidParameterException", "ClientException");
    for (operation, input, code, part) in [
        ("DescribeServices", json!({"cluster": "c"}), invalid, "Services cannot be empty."),
        ("DescribeServices", json!({"cluster": "c", "services": eleven}), invalid, "more than 10"),
        (
            "DescribeServices",
            json!({"cluster": "no", "services": ["s"]}),
            "ClusterNotFoundException",
            "Cluster not found.",
        ),
        ("DescribeServices", json!({"services": ["s"]}), "ClusterNotFoundException", "Cluster not found."),
        ("DescribeTasks", json!({"cluster": "c", "tasks": many}), invalid, "more than 100"),
        (
            "ListTasks",
            json!({"cluster": "c", "serviceName": "no"}),
            "ServiceNotFoundException",
            "Service not found.",
        ),
        ("ListTasks", json!({"cluster": "c", "maxResults": 101}), invalid, "between 1 and 100"),
        ("ListServices", json!({"cluster": "c", "nextToken": "%"}), invalid, "token"),
        (
            "UpdateService",
            json!({"cluster": "c", "service": "no"}),
            "ServiceNotFoundException",
            "Service not found.",
        ),
        (
            "UpdateService",
            json!({"cluster": "c", "service": "s", "desiredCount": -1}),
            invalid,
            "desiredCount",
        ),
        (
            "UpdateService",
            json!({"cluster": "c", "service": "s", "desiredCount": 5001}),
            invalid,
            "between 0 and 5000",
        ),
        (
            "UpdateService",
            json!({"cluster": "c", "service": "s", "taskDefinition": "web:9"}),
            client,
            "not found",
        ),
        ("CreateService", service(json!({"serviceName": "s"})), invalid, "was not idempotent"),
        ("CreateService", service(json!({"serviceName": "a b"})), invalid, "service name"),
        ("CreateService", service(json!({"taskDefinition": "no"})), client, "TaskDefinition not found."),
        (
            "CreateService",
            service(
                json!({"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 100}}),
            ),
            invalid,
            "block deployments",
        ),
        ("StopTask", json!({"cluster": "c", "task": "no"}), invalid, "The referenced task was not found."),
        (
            "RunTask",
            json!({"cluster": "c", "taskDefinition": "web", "count": 11}),
            invalid,
            "between 1 and 10",
        ),
        (
            "DescribeTaskDefinition",
            json!({"taskDefinition": "no"}),
            client,
            "Unable to describe task definition.",
        ),
        ("RegisterTaskDefinition", json!({"family": "f"}), client, "Container list cannot be empty."),
        (
            "RegisterTaskDefinition",
            definition(json!({"requiresCompatibilities": ["FARGATE"]})),
            client,
            "Fargate only supports",
        ),
        ("TagResource", json!({"resourceArn": "arn:aws:ecs:x", "tags": []}), "ResourceNotFoundException", ""),
        ("CreateCluster", json!({"clusterName": "a b"}), invalid, "Cluster must match"),
    ] {
        bench.refused(1, operation, input, code, part);
    }
    bench.ok(1, "CreateCluster", json!({"clusterName": "other"}));
    let asked = json!({"cluster": "other", "services": [arn]});
    bench.refused(
        1,
        "DescribeServices",
        asked,
        invalid,
        "Identifier is for cluster c. Your cluster is other",
    );
    let found = bench.ok(1, "DescribeServices", json!({"cluster": "c", "services": [arn, "no"]}));
    assert_eq!(found["services"][0]["serviceArn"], arn);
    assert_eq!(found["failures"], json!([{"arn": arn.replace("c/s", "c/no"), "reason": "MISSING"}]));
}

#[test]
fn what_code_deploy_deploys_is_not_changed_here() {
    let mut bench = bench();
    create(&mut bench, json!({"deploymentController": {"type": "CODE_DEPLOY"}}));
    bench.ok(1, "RegisterTaskDefinition", definition(json!({})));
    update(&mut bench, 1, json!({"desiredCount": 1}));
    let asked = json!({"cluster": "c", "service": "s", "taskDefinition": "web"});
    bench.refused(1, "UpdateService", asked, "InvalidParameterException", "Use AWS CodeDeploy");
}
