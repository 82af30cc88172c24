//! What is found in a template that no profile says anything about. Each rule is a statement about how platforms are
//! built; a profile overrides those that a vendor doesn't follow.

use template::{Evaluation, Resource, Value};

use super::part::Part;
use super::properties::{node, property, resources, text};

const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

/// The active resources that can be this part by their type.
pub(super) fn of_type<'a>(evaluation: &Evaluation<'a>, part: Part) -> Vec<&'a Resource> {
    evaluation.active_resources().filter(|one| part.types().contains(&one.type_name.as_str())).collect()
}

/// The logical ids of a part. `listeners` are those that were found before.
pub(super) fn discover(evaluation: &Evaluation<'_>, part: Part, listeners: &[String]) -> Vec<String> {
    let found: Vec<&Resource> = match part {
        Part::Listeners => every_listener(evaluation),
        Part::TargetGroups => return target_groups(evaluation, listeners),
        Part::WorkerGroups => of_type(evaluation, part)
            .into_iter()
            .filter(|group| !is_behind_load_balancer(evaluation, group))
            .collect(),
        Part::EcsServices => of_type(evaluation, part)
            .into_iter()
            .filter(|service| !is_served(evaluation, service) && !is_daemon(evaluation, service))
            .collect(),
        Part::ServingServices => {
            of_type(evaluation, part).into_iter().filter(|service| is_served(evaluation, service)).collect()
        }
        // An instance of a cluster has no storage and no snapshots of its own (RDS API, CreateDBSnapshot).
        Part::Databases => of_type(evaluation, part)
            .into_iter()
            .filter(|database| node(database, "DBClusterIdentifier").is_none())
            .collect(),
        Part::JobQueues | Part::Alarms | Part::Volumes => of_type(evaluation, part),
    };
    found.into_iter().map(|resource| resource.logical_id.clone()).collect()
}

/// Every listener, those that serve pages first: what becomes of each is judged by what it is in the account.
fn every_listener<'a>(evaluation: &Evaluation<'a>) -> Vec<&'a Resource> {
    let mut found = of_type(evaluation, Part::Listeners);
    found.sort_by_key(|listener| match text(evaluation, listener, "Protocol").as_deref() {
        _ if only_redirects(evaluation, listener) => 2,
        Some("HTTPS") => 0,
        Some("HTTP") => 1,
        Some(_) | None => 3,
    });
    found
}

fn only_redirects(evaluation: &Evaluation<'_>, listener: &Resource) -> bool {
    match property(evaluation, listener, "DefaultActions") {
        Some(Value::List(actions)) => actions.iter().all(|action| match action {
            Value::Map(action) => action.get("Type").and_then(Value::scalar_text) == Some("redirect"),
            _ => false,
        }),
        _ => false,
    }
}

/// The target groups of the listeners' default actions; of a listener whose default action forwards to none, those of its
/// rules. Where there is no listener (the load balancer is somebody else's), those that rules of the stack forward to.
fn target_groups(evaluation: &Evaluation<'_>, listeners: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |ids: Vec<String>| {
        for id in ids {
            if !found.contains(&id) {
                found.push(id);
            }
        }
    };
    let forwarded = |rule: &Resource| {
        node(rule, "Actions").map(|node| resources(evaluation, node, TARGET_GROUP)).unwrap_or_default()
    };
    let rules = || {
        let rules = evaluation.active_resources();
        rules.filter(|one| one.type_name == "AWS::ElasticLoadBalancingV2::ListenerRule")
    };
    for listener in listeners.iter().filter_map(|id| evaluation.template().resources.get(id)) {
        let default = node(listener, "DefaultActions")
            .map(|actions| resources(evaluation, actions, TARGET_GROUP))
            .unwrap_or_default();
        if !default.is_empty() {
            add(default);
            continue;
        }
        let is_of_listener = |rule: &&Resource| {
            node(rule, "ListenerArn").is_some_and(|arn| {
                resources(evaluation, arn, &listener.type_name).contains(&listener.logical_id)
            })
        };
        rules().filter(is_of_listener).for_each(|rule| add(forwarded(rule)));
    }
    if listeners.is_empty() {
        rules().for_each(|rule| add(forwarded(rule)));
    }
    found
}

/// Assumption: a group behind a target group serves the platform's pages and belongs to the release; any other
/// group does its work.
fn is_behind_load_balancer(evaluation: &Evaluation<'_>, group: &Resource) -> bool {
    ["TargetGroupARNs", "LoadBalancerNames", "TrafficSources"].iter().any(|name| has(evaluation, group, name))
}

/// Assumption, as of a group: a service behind a load balancer, or that others of the platform find by a name (Service Connect,
/// service discovery), serves; any other one works.
fn is_served(evaluation: &Evaluation<'_>, service: &Resource) -> bool {
    ["LoadBalancers", "ServiceRegistries", "ServiceConnectConfiguration"]
        .iter()
        .any(|name| has(evaluation, service, name))
}

/// A daemon has a task on each instance, and no count that could be set
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>): it ends with the instances.
fn is_daemon(evaluation: &Evaluation<'_>, service: &Resource) -> bool {
    text(evaluation, service, "SchedulingStrategy").as_deref() == Some("DAEMON")
}

/// Whether a list, or whatever else a property may be, has anything in it.
fn has(evaluation: &Evaluation<'_>, resource: &Resource, name: &str) -> bool {
    match property(evaluation, resource, name) {
        Some(Value::List(list)) => !list.is_empty(),
        Some(Value::Null) | None => false,
        Some(_) => true,
    }
}
