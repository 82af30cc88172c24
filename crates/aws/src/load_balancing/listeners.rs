//! The ways in: every listener of the deployment's load balancers, with its rules and where it leads.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, Listener, LoadBalancer, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, RedirectActionConfig, Rule,
    TargetTypeEnum,
};
use upgrade::{
    BalancerKind, DoorSeen, LeadsTo, ListenerRule, ListenerSeen, LogicalResource, PortError, WaysIn,
};

use super::{OurTags, gate, our_tags, priority, rules, values_of};
use crate::errors::{code, port_error};
use crate::together::all;

const DESCRIBE_LISTENERS: &str = "elasticloadbalancing:DescribeListeners";

/// Every listener of the stack's load balancers, the stack's own listeners on others, and those that the settings name. One
/// that isn't there is left out: the check `doors` names it.
pub(crate) async fn listeners(client: &Client, ways: &WaysIn) -> Result<Vec<ListenerSeen>, PortError> {
    let WaysIn { balancers, listeners, classic, nested: _, named } = ways;
    let of_balancers =
        all(balancers, async |balancer| of_balancer(client, &balancer.physical_id).await).await?;
    let known = |listener: &&LogicalResource| {
        let mut found = of_balancers.iter().flatten();
        !found.any(|one| one.listener_arn() == Some(listener.physical_id.as_str()))
    };
    let others: Vec<&LogicalResource> = listeners.iter().filter(known).collect();
    let own = all(others, async |listener| one(client, &listener.physical_id).await).await?;
    let by_name = all(named, async |arn| one(client, arn).await).await?;
    let mut found: BTreeMap<String, Listener> = BTreeMap::new();
    for listener in of_balancers.into_iter().flatten().chain(own.into_iter().chain(by_name).flatten()) {
        if let Some(arn) = listener.listener_arn() {
            found.insert(arn.to_owned(), listener);
        }
    }
    let balancers = describe_balancers(client, found.values()).await?;
    let mut seen = all(found.values(), async |listener| {
        let arn = listener.load_balancer_arn().unwrap_or_default();
        match balancers.get(arn) {
            Some(balancer) => look(client, ways, balancer, listener).await,
            None => Ok(None),
        }
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

async fn of_balancer(client: &Client, arn: &str) -> Result<Vec<Listener>, PortError> {
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        match client.describe_listeners().load_balancer_arn(arn).set_marker(marker).send().await {
            Ok(page) => {
                found.extend(page.listeners.unwrap_or_default());
                marker = page.next_marker;
            }
            Err(error) if code(&error) == Some("LoadBalancerNotFound") => return Ok(found),
            Err(error) => return Err(port_error(DESCRIBE_LISTENERS, &error)),
        }
        if marker.is_none() {
            return Ok(found);
        }
    }
}

async fn one(client: &Client, arn: &str) -> Result<Option<Listener>, PortError> {
    match client.describe_listeners().listener_arns(arn).send().await {
        Ok(answer) => Ok(answer.listeners.unwrap_or_default().into_iter().next()),
        Err(error) if code(&error) == Some("ListenerNotFound") => Ok(None),
        Err(error) => Err(port_error(DESCRIBE_LISTENERS, &error)),
    }
}

/// DescribeLoadBalancers takes at most 20 ARNs (Elastic Load Balancing API reference).
const ARNS_A_CALL: usize = 20;

async fn describe_balancers(
    client: &Client,
    listeners: impl Iterator<Item = &Listener>,
) -> Result<BTreeMap<String, LoadBalancer>, PortError> {
    let mut arns: Vec<String> =
        listeners.filter_map(|one| one.load_balancer_arn().map(str::to_owned)).collect();
    arns.sort();
    arns.dedup();
    let answers = all(arns.chunks(ARNS_A_CALL), async |some| {
        client
            .describe_load_balancers()
            .set_load_balancer_arns(Some(some.to_vec()))
            .send()
            .await
            .map_err(|error| port_error("elasticloadbalancing:DescribeLoadBalancers", &error))
    })
    .await?;
    let found = answers.into_iter().flat_map(|answer| answer.load_balancers.unwrap_or_default());
    Ok(found.filter_map(|one| Some((one.load_balancer_arn().map(str::to_owned)?, one))).collect())
}

/// One listener; `None`: nobody comes in by it (a gateway load balancer passes traffic on to appliances).
async fn look(
    client: &Client,
    ways: &WaysIn,
    balancer: &LoadBalancer,
    listener: &Listener,
) -> Result<Option<ListenerSeen>, PortError> {
    let kind = match balancer.r#type() {
        Some(LoadBalancerTypeEnum::Gateway) => return Ok(None),
        Some(LoadBalancerTypeEnum::Network) => BalancerKind::Network,
        Some(_) | None => BalancerKind::Application,
    };
    let arn = listener.listener_arn().unwrap_or_default();
    let name = balancer.load_balancer_name().unwrap_or_default().to_owned();
    let found = match kind {
        BalancerKind::Application => rules(client, arn).await?,
        BalancerKind::Network | BalancerKind::Classic => Vec::new(),
    };
    let tags = our_tags(client, &gate::numbered(&found)).await?;
    let rules = described(arn, &found, &tags);
    let leads_to = match kind {
        BalancerKind::Application => {
            let own = found.iter().zip(&rules).filter(|(_, rule)| rule.run_id.is_none());
            redirects(&name, own.map(|(rule, _)| rule))
        }
        BalancerKind::Network | BalancerKind::Classic => {
            to_balancers(client, listener.default_actions()).await?
        }
    };
    let named = ways.listeners.iter().find(|one| one.physical_id == arn);
    Ok(Some(ListenerSeen {
        arn: arn.to_owned(),
        logical_id: named.map(|one| one.logical_id.clone()),
        balancer: name,
        kind,
        internal: balancer.scheme() == Some(&LoadBalancerSchemeEnum::Internal),
        protocol: listener.protocol().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default(),
        port: listener.port().and_then(|port| u16::try_from(port).ok()).unwrap_or(0),
        leads_to,
        rules,
        door: gate::door_of(arn, &found, &tags),
    }))
}

fn described(listener_arn: &str, rules: &[Rule], tags: &HashMap<String, OurTags>) -> Vec<ListenerRule> {
    let describe = |rule: &Rule| ListenerRule {
        listener_arn: listener_arn.to_owned(),
        priority: priority(rule),
        condition_values: rule.conditions().iter().map(values_of).sum(),
        run_id: rule.rule_arn().and_then(|arn| tags.get(arn)).and_then(|tags| tags.run_id.clone()),
        signs_in: rule.actions().iter().any(|action| action.authenticate_oidc_config().is_some()),
        rule_arn: rule.rule_arn.clone().unwrap_or_default(),
    };
    rules.iter().map(describe).collect()
}

/// The ports of the same load balancer that rules redirect to, when none of them does anything else; empty otherwise.
fn redirects<'r>(balancer: &str, rules: impl Iterator<Item = &'r Rule>) -> Vec<LeadsTo> {
    let mut places = Vec::new();
    for action in rules.flat_map(|rule| rule.actions()) {
        match action.redirect_config().and_then(port_of) {
            Some(port) => places.push(LeadsTo { balancer: balancer.to_owned(), port }),
            None => return Vec::new(),
        }
    }
    places
}

/// The port that a redirect leads to on the same host; `None`: another host, or the listener's own port, where it would lead
/// in a circle.
fn port_of(redirect: &RedirectActionConfig) -> Option<u16> {
    let same_host = redirect.host().is_none_or(|host| host == "#{host}");
    redirect.port().filter(|_| same_host)?.parse().ok()
}

/// The application load balancers that a network load balancer's listener leads to, when it leads to nothing else.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html>
async fn to_balancers(client: &Client, actions: &[Action]) -> Result<Vec<LeadsTo>, PortError> {
    let single = actions.iter().filter_map(|action| action.target_group_arn());
    let several = actions
        .iter()
        .filter_map(|action| action.forward_config())
        .flat_map(|forward| forward.target_groups())
        .filter_map(|group| group.target_group_arn());
    let mut arns: Vec<&str> = single.chain(several).collect();
    arns.sort_unstable();
    arns.dedup();
    let mut places = Vec::new();
    for arn in arns {
        let answer = client
            .describe_target_groups()
            .target_group_arns(arn)
            .send()
            .await
            .map_err(|error| port_error("elasticloadbalancing:DescribeTargetGroups", &error))?;
        let is_balancer =
            answer.target_groups().iter().all(|group| group.target_type() == Some(&TargetTypeEnum::Alb));
        if !is_balancer {
            return Ok(Vec::new());
        }
        let health = client
            .describe_target_health()
            .target_group_arn(arn)
            .send()
            .await
            .map_err(|error| port_error("elasticloadbalancing:DescribeTargetHealth", &error))?;
        for target in health.target_health_descriptions().iter().filter_map(|one| one.target()) {
            // arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/NAME/ID
            let balancer = target.id().and_then(|id| id.split('/').nth(2)).unwrap_or_default().to_owned();
            let port = target.port().and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
            places.push(LeadsTo { balancer, port });
        }
    }
    Ok(places)
}
