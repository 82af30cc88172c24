//! The ways in: every listener of the deployment's load balancers, with its rules and where it leads.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use upgrade::{
    BalancerKind, DoorSeen, LeadsTo, ListenerRule, ListenerSeen, LogicalResource, PortError, WaysIn,
};

use super::{
    Action, OurTags, Redirect, Rule, TargetDescription, TargetGroup, describe_target_health, gate, our_tags,
    rules,
};
use crate::concurrency::all;
use crate::endpoints::LOAD_BALANCING;
use crate::errors::{CallError, OrAbsent};
use crate::wire::Wire;
use crate::wire::query::Form;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Listener {
    listener_arn: String,
    load_balancer_arn: String,
    protocol: String,
    port: i32,
    default_actions: Vec<Action>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct LoadBalancer {
    load_balancer_arn: String,
    load_balancer_name: String,
    r#type: String,
    scheme: String,
}

/// Every listener of the stack's load balancers, the stack's own listeners on others, and those that the settings name. One
/// that isn't there is left out: the check `doors` names it.
pub(crate) async fn listeners(wire: &Wire, ways: &WaysIn) -> Result<Vec<ListenerSeen>, PortError> {
    let WaysIn { balancers, listeners, classic, nested: _, named } = ways;
    let of_balancers =
        all(balancers, async |balancer| balancer_listeners(wire, &balancer.physical_id).await).await?;
    let known = |listener: &&LogicalResource| {
        let mut found = of_balancers.iter().flatten();
        !found.any(|one| one.listener_arn == listener.physical_id)
    };
    let others: Vec<&LogicalResource> = listeners.iter().filter(known).collect();
    let own = all(others, async |listener| one(wire, &listener.physical_id).await).await?;
    let by_name = all(named, async |arn| one(wire, arn).await).await?;
    let mut found: BTreeMap<String, Listener> = BTreeMap::new();
    for listener in of_balancers.into_iter().flatten().chain(own.into_iter().chain(by_name).flatten()) {
        found.insert(listener.listener_arn.clone(), listener);
    }
    let balancers = describe_balancers(wire, found.values()).await?;
    let mut seen = all(found.values(), async |listener| match balancers.get(&listener.load_balancer_arn) {
        Some(balancer) => listener_seen(wire, ways, balancer, listener).await,
        None => Ok(None),
    })
    .await?
    .into_iter()
    .flatten()
    .collect::<Vec<_>>();
    seen.extend(classic.iter().map(|balancer| ListenerSeen {
        arn: balancer.physical_id.clone(),
        logical_id: Some(balancer.logical_id.clone()),
        balancer: balancer.physical_id.clone(),
        kind: BalancerKind::Classic,
        internal: false,
        protocol: String::new(),
        port: 0,
        leads_to: Vec::new(),
        rules: Vec::new(),
        door: DoorSeen {
            listener_arn: balancer.physical_id.clone(),
            exists: false,
            rules: Vec::new(),
            others: Vec::new(),
        },
    }));
    // By name, so that the same deployment reads the same.
    seen.sort_by(|one, other| (&one.balancer, one.port).cmp(&(&other.balancer, other.port)));
    Ok(seen)
}

async fn balancer_listeners(wire: &Wire, arn: &str) -> Result<Vec<Listener>, PortError> {
    let form = Form::new(&LOAD_BALANCING, "DescribeListeners").with("LoadBalancerArn", arn);
    let found = wire.list(&form, "Listeners").await;
    Ok(found.or_absent(|error| error.code() == "LoadBalancerNotFound")?.unwrap_or_default())
}

async fn one(wire: &Wire, arn: &str) -> Result<Option<Listener>, PortError> {
    let form = Form::new(&LOAD_BALANCING, "DescribeListeners").with_list("ListenerArns.member", [arn]);
    let found = wire.list(&form, "Listeners").await;
    let found = found.or_absent(|error: &CallError| error.code() == "ListenerNotFound")?;
    Ok(found.unwrap_or_default().into_iter().next())
}

/// DescribeLoadBalancers takes at most 20 ARNs (Elastic Load Balancing API reference).
const ARNS_A_CALL: usize = 20;

async fn describe_balancers(
    wire: &Wire,
    listeners: impl Iterator<Item = &Listener>,
) -> Result<BTreeMap<String, LoadBalancer>, PortError> {
    let mut arns: Vec<&str> = listeners.map(|one| one.load_balancer_arn.as_str()).collect();
    arns.retain(|arn| !arn.is_empty());
    arns.sort_unstable();
    arns.dedup();
    let answers = all(arns.chunks(ARNS_A_CALL), async |some| {
        let form = Form::new(&LOAD_BALANCING, "DescribeLoadBalancers");
        let form = form.with_list("LoadBalancerArns.member", some);
        Ok(wire.list::<LoadBalancer>(&form, "LoadBalancers").await?)
    })
    .await?;
    Ok(answers.into_iter().flatten().map(|one| (one.load_balancer_arn.clone(), one)).collect())
}

/// One listener; `None`: nobody comes in by it (a gateway load balancer passes traffic on to appliances).
async fn listener_seen(
    wire: &Wire,
    ways: &WaysIn,
    balancer: &LoadBalancer,
    listener: &Listener,
) -> Result<Option<ListenerSeen>, PortError> {
    let kind = match balancer.r#type.as_str() {
        "gateway" => return Ok(None),
        "network" => BalancerKind::Network,
        _application => BalancerKind::Application,
    };
    let arn = listener.listener_arn.as_str();
    let name = balancer.load_balancer_name.clone();
    let found = match kind {
        BalancerKind::Application => rules(wire, arn).await?,
        BalancerKind::Network | BalancerKind::Classic => Vec::new(),
    };
    let tags = our_tags(wire, &gate::numbered(&found)).await?;
    let rules = listener_rules(arn, &found, &tags);
    let leads_to = match kind {
        BalancerKind::Application => {
            let own = found.iter().zip(&rules).filter(|(_, rule)| rule.run_id.is_none());
            redirects(&name, own.map(|(rule, _)| rule))
        }
        BalancerKind::Network | BalancerKind::Classic => {
            to_balancers(wire, &listener.default_actions).await?
        }
    };
    let named = ways.listeners.iter().find(|one| one.physical_id == arn);
    Ok(Some(ListenerSeen {
        arn: arn.to_owned(),
        logical_id: named.map(|one| one.logical_id.clone()),
        balancer: name,
        kind,
        internal: balancer.scheme == "internal",
        protocol: listener.protocol.clone(),
        port: u16::try_from(listener.port).unwrap_or(0),
        leads_to,
        rules,
        door: gate::read_door(arn, &found, &tags),
    }))
}

fn listener_rules(listener_arn: &str, rules: &[Rule], tags: &HashMap<String, OurTags>) -> Vec<ListenerRule> {
    let describe = |rule: &Rule| ListenerRule {
        listener_arn: listener_arn.to_owned(),
        priority: rule.priority(),
        condition_values: rule.condition_values(),
        run_id: tags.get(&rule.rule_arn).and_then(|tags| tags.run_id.clone()),
        signs_in: rule.actions.iter().any(|action| action.authenticate_oidc_config.is_some()),
        rule_arn: rule.rule_arn.clone(),
    };
    rules.iter().map(describe).collect()
}

/// The ports of the same load balancer that rules redirect to, when none of them does anything else; empty otherwise.
fn redirects<'r>(balancer: &str, rules: impl Iterator<Item = &'r Rule>) -> Vec<LeadsTo> {
    let mut places = Vec::new();
    for action in rules.flat_map(|rule| &rule.actions) {
        match action.redirect_config.as_ref().and_then(redirect_port) {
            Some(port) => places.push(LeadsTo { balancer: balancer.to_owned(), port }),
            None => return Vec::new(),
        }
    }
    places
}

/// The port that a redirect leads to on the same host; `None`: another host, or the listener's own port, where it would lead
/// in a circle.
fn redirect_port(redirect: &Redirect) -> Option<u16> {
    let same_host = redirect.host.as_ref().is_none_or(|host| host == "#{host}");
    redirect.port.as_ref().filter(|_| same_host)?.parse().ok()
}

/// The application load balancers that a network load balancer's listener leads to, when it leads to nothing else.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html>
async fn to_balancers(wire: &Wire, actions: &[Action]) -> Result<Vec<LeadsTo>, PortError> {
    let single = actions.iter().filter_map(|action| action.target_group_arn.as_deref());
    let several = actions.iter().flat_map(|action| &action.forward_config.target_groups);
    let several = several.filter_map(|group| group.target_group_arn.as_deref());
    let mut arns: Vec<&str> = single.chain(several).collect();
    arns.sort_unstable();
    arns.dedup();
    let mut places = Vec::new();
    for arn in arns {
        let form = Form::new(&LOAD_BALANCING, "DescribeTargetGroups");
        let form = form.with_list("TargetGroupArns.member", [arn]);
        let groups: Vec<TargetGroup> = wire.list(&form, "TargetGroups").await?;
        if groups.iter().any(|group| group.target_type != "alb") {
            return Ok(Vec::new());
        }
        let described = wire.list(&describe_target_health(arn), "TargetHealthDescriptions").await?;
        places.extend(described.into_iter().map(|TargetDescription { target, .. }| {
            // arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/NAME/ID
            let balancer = target.id.as_deref().and_then(|id| id.split('/').nth(2));
            let port = u16::try_from(target.port).unwrap_or(0);
            LeadsTo { balancer: balancer.unwrap_or_default().to_owned(), port }
        }));
    }
    Ok(places)
}
