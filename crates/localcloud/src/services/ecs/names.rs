//! Names and ARNs, either of which may stand where ECS asks for a cluster, a service, a task or a task definition.

use super::{clusters, invalid};
use crate::{AwsError, Input, World};

/// The cluster that is meant when none is named.
pub(super) const DEFAULT_CLUSTER: &str = "default";

/// A cluster's name, whichever way it is given.
pub(super) fn cluster_name(given: &str) -> &str {
    given.rsplit_once(":cluster/").map_or(given, |(_, name)| name)
}

/// The name of the cluster that a request names, or `default`.
pub(super) fn cluster_of(input: Input<'_>) -> &str {
    input.string("cluster").filter(|given| !given.is_empty()).map_or(DEFAULT_CLUSTER, cluster_name)
}

/// The name of the active cluster that a request names.
///
/// # Errors
/// `ClusterNotFoundException`.
pub(super) fn active_cluster<'i>(world: &World, input: Input<'i>) -> Result<&'i str, AwsError> {
    let name = cluster_of(input);
    if clusters::is_active(world, name) { Ok(name) } else { Err(clusters::not_found()) }
}

/// `arn:…:KIND/CLUSTER/NAME` for what lives in a cluster.
fn arn_in(world: &World, kind: &str, cluster: &str, name: &str) -> String {
    world.arn("ecs", &format!("{kind}/{cluster}/{name}"))
}

/// The long ARN of a service.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids>
pub(super) fn service_arn(world: &World, cluster: &str, name: &str) -> String {
    arn_in(world, "service", cluster, name)
}

/// The long ARN of a task.
pub(super) fn task_arn(world: &World, cluster: &str, id: &str) -> String {
    arn_in(world, "task", cluster, id)
}

/// The ARN of a service or a task of a cluster, given by its name, its short or its long ARN.
///
/// # Errors
/// When a long ARN names another cluster. A client that hands an ARN on and leaves the cluster out gets this.
pub(super) fn arn_of_given(
    world: &World,
    kind: &str,
    cluster: &str,
    given: &str,
) -> Result<String, AwsError> {
    let rest = given.split_once(&format!(":{kind}/")).map_or(given, |(_, rest)| rest);
    match rest.rsplit_once('/') {
        Some((named, _)) if named != cluster => Err(invalid(format!(
            "Invalid identifier: Identifier is for cluster {named}. Your cluster is {cluster}"
        ))),
        Some((_, name)) => Ok(arn_in(world, kind, cluster, name)),
        None => Ok(arn_in(world, kind, cluster, rest)),
    }
}

/// The name of the cluster in a service's long ARN.
pub(super) fn cluster_in(arn: &str) -> &str {
    let rest = arn.split_once(":service/").map_or(arn, |(_, rest)| rest);
    rest.split_once('/').map_or(DEFAULT_CLUSTER, |(cluster, _)| cluster)
}

/// "Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed", of clusters, families and
/// services alike.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=255).contains(&name.len()) && name.bytes().all(allowed)
}

/// The ARN that a call's permission is checked on; `None` where the action knows no resource.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html>
pub(crate) fn resources(world: &World, operation: &str, input: Input<'_>) -> Vec<String> {
    let all = |name: &str| -> Vec<String> {
        let one = input.string(name).into_iter();
        one.chain(input.strings(name)).map(str::to_owned).collect()
    };
    let within = |kind: &str, name: &str| -> Vec<String> {
        let cluster = cluster_of(input);
        all(name).iter().filter_map(|given| arn_of_given(world, kind, cluster, given).ok()).collect()
    };
    match operation {
        "CreateService" => within("service", "serviceName"),
        "UpdateService" | "DeleteService" => within("service", "service"),
        "DescribeServices" => within("service", "services"),
        "StopTask" => within("task", "task"),
        "DescribeTasks" => within("task", "tasks"),
        // Whichever instance they run on: a task of Fargate runs on none.
        "ListTasks" => vec![arn_in(world, "container-instance", cluster_of(input), "*")],
        _ => resource(world, operation, input).into_iter().collect(),
    }
}

fn resource(world: &World, operation: &str, input: Input<'_>) -> Option<String> {
    let cluster = cluster_of(input);
    let first = |name: &str| input.string(name).or_else(|| input.strings(name).next());
    match operation {
        "RunTask" => {
            let given = first("taskDefinition")?;
            let is_arn = given.starts_with("arn:");
            Some(if is_arn {
                given.to_owned()
            } else {
                world.arn("ecs", &format!("task-definition/{given}"))
            })
        }
        "CreateCluster" => Some(clusters::arn(world, first("clusterName").unwrap_or(DEFAULT_CLUSTER))),
        "DeleteCluster" => Some(clusters::arn(world, cluster)),
        "DescribeClusters" => {
            Some(clusters::arn(world, cluster_name(first("clusters").unwrap_or(DEFAULT_CLUSTER))))
        }
        "TagResource" | "UntagResource" | "ListTagsForResource" => first("resourceArn").map(str::to_owned),
        // Registering, describing and listing know none, or only in conditions.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{arn_of_given, resources};
    use crate::{Config, Input, Timestamp, World};

    #[test]
    fn a_permission_is_checked_on_what_a_call_names() {
        let world = World::new(Config::default(), Timestamp(0));
        let check = |operation: &str, input: Value, expected: &str| {
            let found = resources(&world, operation, Input(&input)).join(" ");
            let found = if found.is_empty() { "*".to_owned() } else { found };
            assert_eq!(found.replace("arn:aws:ecs:us-east-1:000000000000:", ""), expected, "{operation}");
        };
        check("UpdateService", json!({"cluster": "c", "service": "s"}), "service/c/s");
        check("DescribeServices", json!({"services": ["s", "t"]}), "service/default/s service/default/t");
        check("ListTasks", json!({"cluster": "c"}), "container-instance/c/*");
        check("CreateService", json!({"cluster": "c", "serviceName": "s"}), "service/c/s");
        check("StopTask", json!({"cluster": "c", "task": "t"}), "task/c/t");
        check("RunTask", json!({"taskDefinition": "web:1"}), "task-definition/web:1");
        check("DescribeClusters", json!({"clusters": ["c"]}), "cluster/c");
        check("DeleteCluster", json!({"cluster": "c"}), "cluster/c");
        check("ListServices", json!({"cluster": "c"}), "*");
        check("RegisterTaskDefinition", json!({"family": "web"}), "*");
    }

    #[test]
    fn services_are_given_in_three_ways() {
        let world = World::new(Config::default(), Timestamp(0));
        let prefix = "arn:aws:ecs:us-east-1:000000000000:service";
        for given in ["s".to_owned(), format!("{prefix}/s"), format!("{prefix}/c/s")] {
            let found = arn_of_given(&world, "service", "c", &given).expect("of the cluster");
            assert_eq!(found, format!("{prefix}/c/s"), "{given}");
        }
        let other =
            arn_of_given(&world, "service", "d", &format!("{prefix}/c/s")).expect_err("another cluster");
        assert_eq!(other.message, "Invalid identifier: Identifier is for cluster c. Your cluster is d");
    }
}
