//! What a listener does with a request: its rules in the order of their priorities, then its default action; and what
//! the machine room needs to know to listen and to check targets.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};

use super::patterns::{self, Facts, Place};
use super::targets::{self, Health, Reach, Registered};
use super::{Balancer, Listener, target_groups};
use crate::{Input, World};

/// A listener that should listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listening {
    /// Its ARN.
    pub(crate) arn: String,
    /// The port that it has on AWS.
    pub(crate) port: u16,
    /// The loopback port that it had here.
    pub(crate) kept_port: Option<u16>,
}

/// How a listener carries requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `http` or `https`.
    pub(crate) protocol: &'static str,
    /// The port that it has on AWS.
    pub(crate) port: u16,
    /// `idle_timeout.timeout_seconds`.
    pub(crate) idle_timeout: Duration,
    /// `routing.http.xff_header_processing.mode`.
    pub(crate) forwarded_for: ForwardedFor,
}

/// What becomes of a client's `X-Forwarded-For`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForwardedFor {
    /// The client's address is added.
    Append,
    /// It stays as it is.
    Preserve,
    /// It is taken away.
    Remove,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Answered by the load balancer.
    Fixed {
        /// Such as 503.
        status: u16,
        /// Such as `text/plain`.
        content_type: String,
        /// The body.
        body: String,
    },
    /// Sent elsewhere.
    Redirect {
        /// 301 or 302.
        status: u16,
        /// Where.
        location: String,
    },
    /// Carried to one of these, of which there is at least one.
    Forward(Vec<Choice>),
    /// An action that isn't carried out here.
    NotImplemented(String),
}

/// A target group that a request may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The target group's ARN.
    pub(crate) group: String,
    /// 0 to 999.
    pub(crate) weight: u64,
    /// Those that may be chosen.
    pub(crate) targets: Vec<Candidate>,
}

/// A target that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The target's id.
    pub(crate) id: String,
    /// Where it is; `None` when nothing runs there.
    pub(crate) address: Option<SocketAddr>,
}

/// The listeners of application load balancers.
pub(crate) fn listening(world: &World) -> Vec<Listening> {
    if !world.machine_room.is_open {
        return Vec::new();
    }
    let listeners = world.load_balancing.listeners.iter();
    listeners
        .filter(|(_, listener)| balancer(world, listener).is_some_and(is_application))
        .filter_map(|(arn, listener)| {
            Some(Listening {
                arn: arn.clone(),
                port: port(listener)?,
                kept_port: world.machine_room.ports.get(arn).copied(),
            })
        })
        .collect()
}

fn balancer<'w>(world: &'w World, listener: &Listener) -> Option<&'w Balancer> {
    world.load_balancing.balancers.get(&listener.balancer_arn)
}

fn is_application(balancer: &Balancer) -> bool {
    balancer.full_name.starts_with("app/")
}

fn port(listener: &Listener) -> Option<u16> {
    let port = listener.described.get("Port")?;
    let number = port.as_u64().or_else(|| port.as_str()?.parse().ok())?;
    u16::try_from(number).ok()
}

/// Where listeners listen, for people.
pub(crate) fn endpoints(world: &World) -> Vec<Value> {
    let listeners = listening(world).into_iter();
    listeners
        .filter_map(|found| {
            let listener = world.load_balancing.listeners.get(&found.arn)?;
            let balancer = balancer(world, listener)?;
            Some(json!({
                "loadBalancerName": balancer.name,
                "loadBalancerArn": listener.balancer_arn,
                "dnsName": balancer.dns_name,
                "listenerArn": found.arn,
                "protocol": listener.described.get("Protocol"),
                "port": found.port,
                // Plain HTTP also for HTTPS: nobody has a certificate for loopback.
                "url": found.kept_port.map(|port| format!("http://127.0.0.1:{port}")),
            }))
        })
        .collect()
}

/// How a listener carries requests.
pub(crate) fn settings(world: &World, listener_arn: &str) -> Option<Settings> {
    let listener = world.load_balancing.listeners.get(listener_arn)?;
    let attributes = &balancer(world, listener)?.attributes;
    let attribute = |name: &str| attributes.get(name).map(String::as_str);
    let idle = attribute("idle_timeout.timeout_seconds").and_then(|text| text.parse().ok()).unwrap_or(60);
    Some(Settings {
        protocol: match listener.described.get("Protocol").and_then(Value::as_str) {
            Some("HTTPS") => "https",
            Some(_) | None => "http",
        },
        port: port(listener)?,
        // AWS allows 1 to 4000 seconds.
        idle_timeout: Duration::from_secs(idle).clamp(Duration::from_secs(1), Duration::from_secs(4000)),
        forwarded_for: match attribute("routing.http.xff_header_processing.mode") {
            Some("preserve") => ForwardedFor::Preserve,
            Some("remove") => ForwardedFor::Remove,
            Some(_) | None => ForwardedFor::Append,
        },
    })
}

/// What a listener does with a request that came to its loopback port; `None` when the listener is gone.
pub(crate) fn decide(world: &World, listener_arn: &str, facts: &Facts<'_>, port: u16) -> Option<Decision> {
    let state = &world.load_balancing;
    let listener = state.listeners.get(listener_arn)?;
    let rules = state.rules.values().filter(|rule| rule.listener_arn == listener_arn);
    let chosen = rules
        .filter(|rule| patterns::all_hold(&rule.conditions, facts))
        .min_by_key(|rule| rule.priority)
        .map(|rule| &rule.actions);
    let actions = chosen.or_else(|| listener.described.get("DefaultActions"))?;
    let mut actions = actions.as_array().into_iter().flatten().map(Input).collect::<Vec<_>>();
    actions.sort_by_key(|action| action.integer("Order").ok().flatten().unwrap_or(i64::MAX));
    // An authentication comes before; it is not carried out here, and a request must not get past it.
    let action = actions.first()?;
    Some(match action.string("Type").unwrap_or_default() {
        "fixed-response" => {
            let config = action.object("FixedResponseConfig")?;
            Decision::Fixed {
                status: config
                    .integer("StatusCode")
                    .ok()
                    .flatten()
                    .and_then(|code| u16::try_from(code).ok())?,
                content_type: config.string("ContentType").unwrap_or("text/plain").to_owned(),
                body: config.string("MessageBody").unwrap_or_default().to_owned(),
            }
        }
        "redirect" => {
            let config = action.object("RedirectConfig")?;
            let permanent = config.string("StatusCode") == Some("HTTP_301");
            // What is spoken here is plain HTTP on the loopback port, so that is what the placeholders say.
            let place =
                Place { protocol: "http", host: facts.host, port, path: facts.path, query: facts.query };
            Decision::Redirect {
                status: if permanent { 301 } else { 302 },
                location: patterns::location(config, place),
            }
        }
        "forward" => Decision::Forward(choices(world, *action)),
        other => Decision::NotImplemented(other.to_owned()),
    })
}

fn choices(world: &World, action: Input<'_>) -> Vec<Choice> {
    let config = action.object("ForwardConfig");
    let listed = config.into_iter().flat_map(|config| config.objects("TargetGroups"));
    let choices = listed.filter_map(|listed| {
        let group = listed.string("TargetGroupArn")?;
        let weight = listed.integer("Weight").ok().flatten().unwrap_or(1);
        Some(Choice {
            group: group.to_owned(),
            weight: u64::try_from(weight).unwrap_or_default(),
            targets: candidates(world, group),
        })
    });
    choices.collect()
}

/// The healthy targets; when none is healthy and some are unhealthy, all of them: a load balancer "fails open".
///
/// Assumption: a group whose targets are all in their first health checks has nobody to send a request to (503).
fn candidates(world: &World, group: &str) -> Vec<Candidate> {
    let registered: Vec<Registered> =
        targets::registered(world, group).into_iter().filter(|target| !target.is_draining).collect();
    let is_healthy = |target: &Registered| match target.reach {
        Reach::Simulated => true,
        Reach::Stopped => false,
        Reach::Real(_) => targets::found(world, group, target) == Some(&Health::Healthy),
    };
    let is_unhealthy = |target: &Registered| {
        matches!(target.reach, Reach::Real(_))
            && targets::found(world, group, target).is_some_and(Health::is_unhealthy)
    };
    let candidate = |target: &Registered| Candidate {
        id: target.id.clone(),
        address: match target.reach {
            Reach::Real(address) => Some(SocketAddr::new(address, target.port)),
            Reach::Stopped | Reach::Simulated => None,
        },
    };
    let healthy: Vec<Candidate> =
        registered.iter().filter(|target| is_healthy(target)).map(candidate).collect();
    if healthy.is_empty() && registered.iter().any(is_unhealthy) {
        return registered.iter().filter(|target| target.reach != Reach::Stopped).map(candidate).collect();
    }
    healthy
}

/// A health check that should be going on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Check {
    /// The target group's ARN.
    pub(crate) group: String,
    /// The target's id.
    pub(crate) target: String,
    /// The port that requests go to.
    pub(crate) port: u16,
    /// What is asked.
    pub(crate) address: SocketAddr,
    /// Its path.
    pub(crate) path: String,
    /// Status codes that count as healthy, such as `200,300-399`.
    pub(crate) matcher: String,
    /// Between two checks, on AWS.
    pub(crate) interval: Duration,
    /// How long an answer may take, on AWS.
    pub(crate) timeout: Duration,
    /// Successes until an unhealthy target is healthy.
    pub(crate) healthy_threshold: u64,
    /// Failures until a target is unhealthy.
    pub(crate) unhealthy_threshold: u64,
    /// Whether only a connection is asked for.
    pub(crate) is_connection_only: bool,
}

/// The health checks that should be going on: those of real targets of groups that a listener forwards to. The
/// defaults are those of application load balancers.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>
pub(crate) fn checks(world: &World) -> Vec<Check> {
    let mut checks = Vec::new();
    if !world.machine_room.is_open {
        return checks;
    }
    for (arn, group) in &world.load_balancing.target_groups {
        let real: Vec<(Registered, IpAddr)> = targets::registered(world, arn)
            .into_iter()
            .filter_map(|target| match target.reach {
                Reach::Real(address) if !target.is_draining => Some((target, address)),
                Reach::Real(_) | Reach::Stopped | Reach::Simulated => None,
            })
            .collect();
        if real.is_empty() || target_groups::balancers_of(world, arn).is_empty() {
            continue;
        }
        let described = Value::Object(group.described.clone());
        let described = Input(&described);
        let number = |name: &str, usual: u64| {
            let given = described.integer(name).ok().flatten();
            given.and_then(|given| u64::try_from(given).ok()).filter(|given| *given > 0).unwrap_or(usual)
        };
        let matcher = described.object("Matcher").and_then(|matcher| matcher.string("HttpCode"));
        let check_port = described.integer("HealthCheckPort").ok().flatten();
        for (target, address) in real {
            let port = check_port.and_then(|port| u16::try_from(port).ok()).unwrap_or(target.port);
            checks.push(Check {
                group: arn.clone(),
                target: target.id,
                port: target.port,
                address: SocketAddr::new(address, port),
                path: described.string("HealthCheckPath").unwrap_or("/").to_owned(),
                matcher: matcher.unwrap_or("200").to_owned(),
                interval: Duration::from_secs(number("HealthCheckIntervalSeconds", 30)),
                timeout: Duration::from_secs(number("HealthCheckTimeoutSeconds", 5)),
                healthy_threshold: number("HealthyThresholdCount", 5),
                unhealthy_threshold: number("UnhealthyThresholdCount", 2),
                is_connection_only: described.string("HealthCheckProtocol") == Some("TCP"),
            });
        }
    }
    checks
}

/// How long requests to an instance that leaves its groups may go on: the longest deregistration delay of the target
/// groups it is in.
pub(crate) fn longest_drain(world: &World, instance: &str) -> Duration {
    let groups = world.load_balancing.target_groups.iter();
    groups
        .filter(|(arn, _)| targets::registered(world, arn).iter().any(|target| target.id == instance))
        .map(|(_, group)| targets::deregistration_delay(group))
        .max()
        .unwrap_or_default()
}
