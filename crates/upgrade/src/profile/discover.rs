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

/// The logical ids of a part. `listener` is the one that was found before.
pub(super) fn discover(evaluation: &Evaluation<'_>, part: Part, listener: Option<&str>) -> Vec<String> {
    let found: Vec<&Resource> = match part {
        Part::Listener => listeners(evaluation),
        Part::TargetGroups => return target_groups(evaluation, listener),
        Part::WorkerGroups => of_type(evaluation, part)
            .into_iter()
            .filter(|group| !is_behind_load_balancer(evaluation, group))
            .collect(),
        // An instance of a cluster has no storage and no snapshots of its own (RDS API, CreateDBSnapshot).
        Part::Databases => of_type(evaluation, part)
            .into_iter()
            .filter(|database| node(database, "DBClusterIdentifier").is_none())
            .collect(),
        Part::JobQueues | Part::Alarms | Part::Volumes => of_type(evaluation, part),
    };
    found.into_iter().map(|resource| resource.logical_id.clone()).collect()
}

/// The listeners that users may come through: of application load balancers (rules exist nowhere else), HTTPS where
/// there is one; one that only redirects sends users to another.
fn listeners<'a>(evaluation: &Evaluation<'a>) -> Vec<&'a Resource> {
    let with_protocol = |wanted: &str| -> Vec<&'a Resource> {
        of_type(evaluation, Part::Listener)
            .into_iter()
            .filter(|listener| text(evaluation, listener, "Protocol").as_deref() == Some(wanted))
            .collect()
    };
    let secure = with_protocol("HTTPS");
    let candidates = if secure.is_empty() { with_protocol("HTTP") } else { secure };
    let serving: Vec<&Resource> =
        candidates.iter().copied().filter(|listener| !only_redirects(evaluation, listener)).collect();
    if serving.is_empty() { candidates } else { serving }
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

/// The target groups of the listener's default action; where that one forwards to none, those of its rules.
fn target_groups(evaluation: &Evaluation<'_>, listener: Option<&str>) -> Vec<String> {
    let Some(listener) = listener.and_then(|id| evaluation.template().resources.get(id)) else {
        return Vec::new();
    };
    let default = node(listener, "DefaultActions")
        .map(|actions| resources(evaluation, actions, TARGET_GROUP))
        .unwrap_or_default();
    if !default.is_empty() {
        return default;
    }
    let is_of_listener = |rule: &&Resource| {
        node(rule, "ListenerArn")
            .is_some_and(|arn| resources(evaluation, arn, &listener.type_name).contains(&listener.logical_id))
    };
    let mut found = Vec::new();
    for rule in evaluation
        .active_resources()
        .filter(|one| one.type_name == "AWS::ElasticLoadBalancingV2::ListenerRule")
        .filter(is_of_listener)
    {
        for id in
            node(rule, "Actions").map(|node| resources(evaluation, node, TARGET_GROUP)).unwrap_or_default()
        {
            if !found.contains(&id) {
                found.push(id);
            }
        }
    }
    found
}

/// Assumption: a group behind a target group serves the platform's pages and belongs to the release; any other
/// group does its work.
fn is_behind_load_balancer(evaluation: &Evaluation<'_>, group: &Resource) -> bool {
    ["TargetGroupARNs", "LoadBalancerNames", "TrafficSources"].iter().any(|name| {
        match property(evaluation, group, name) {
            Some(Value::List(list)) => !list.is_empty(),
            Some(Value::Null) | None => false,
            Some(_) => true,
        }
    })
}
