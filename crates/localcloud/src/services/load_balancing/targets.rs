//! The targets of target groups: those that are registered by name, and the instances of Auto Scaling groups. What
//! is real of them (a process here, a loopback address) has the health that the machine room found; what is
//! simulated is healthy.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};

use super::{TargetGroup, refused, required, target_groups};
use crate::services::ec2;
use crate::{AwsError, Input, Timestamp, World};

/// A target that is registered by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) id: String,
    /// The target group's when there is none.
    pub(super) port: Option<u16>,
}

/// What was found of a real target.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Health {
    /// It answers as it should.
    Healthy,
    /// It doesn't.
    Unhealthy {
        /// Such as `Target.Timeout`.
        reason: String,
        /// AWS's words.
        description: String,
    },
}

impl Health {
    /// Whether it isn't healthy.
    pub(crate) fn is_unhealthy(&self) -> bool {
        matches!(self, Health::Unhealthy { .. })
    }
}

/// Where a target can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// There.
    Real(IpAddr),
    /// It is a process that doesn't run.
    Stopped,
    /// Nowhere: nothing runs.
    Simulated,
}

/// A target as it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) id: String,
    pub(super) port: u16,
    pub(super) is_draining: bool,
    pub(super) reach: Reach,
}

/// Its state, with a reason's code and words.
pub(super) type TargetState = (&'static str, Option<(String, String)>);

/// The port of a target group.
fn port_of(group: &TargetGroup) -> u16 {
    let port = Input(group.described.get("Port").unwrap_or(&Value::Null)).0.clone();
    let number = port.as_u64().or_else(|| port.as_str().and_then(|text| text.parse().ok()));
    number.and_then(|number| u16::try_from(number).ok()).unwrap_or(80)
}

/// The targets of a group, those that are draining last.
pub(super) fn registered(world: &World, arn: &str) -> Vec<Registered> {
    let Some(group) = world.load_balancing.target_groups.get(arn) else { return Vec::new() };
    let by_address = group.described.get("TargetType").and_then(Value::as_str) == Some("ip");
    let own = port_of(group);
    let named = group.targets.iter().map(|target| (target, false));
    let draining = group.draining.iter().filter(|(_, until)| *until > world.now);
    let named = named.chain(draining.map(|(target, _)| (target, true)));
    let named =
        named.map(|(target, is_draining)| (target.id.clone(), target.port.unwrap_or(own), is_draining));
    let members = world.auto_scaling.registered_with(arn);
    let members = members.into_iter().map(|(id, is_draining)| (id, own, is_draining));
    let mut all: Vec<Registered> = named
        .chain(members)
        .map(|(id, port, is_draining)| {
            let reach = if by_address { reach_of_address(world, &id) } else { reach_of_instance(world, &id) };
            Registered { id, port, is_draining, reach }
        })
        .collect();
    all.sort_by_key(|target| target.is_draining);
    all
}

fn reach_of_instance(world: &World, id: &str) -> Reach {
    if !ec2::is_process(world, id) {
        return Reach::Simulated;
    }
    match ec2::address(world, id) {
        Some((address, true)) => Reach::Real(IpAddr::V4(address)),
        // One on its way out still answers what is under way.
        Some((_, false)) | None => Reach::Stopped,
    }
}

/// Nothing beyond loopback is ever connected to.
fn reach_of_address(world: &World, id: &str) -> Reach {
    match id.parse::<IpAddr>() {
        Ok(address) if address.is_loopback() && world.machine_room.is_open => Reach::Real(address),
        Ok(_) | Err(_) => Reach::Simulated,
    }
}

/// The state of a target of a group, which is `in_use` when a listener forwards to it.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-reason-codes>
pub(super) fn state(world: &World, arn: &str, target: &Registered, in_use: bool) -> TargetState {
    let because = |code: &str, words: &str| Some((code.to_owned(), words.to_owned()));
    if target.is_draining {
        let words = "Target deregistration is in progress";
        return ("draining", because("Target.DeregistrationInProgress", words));
    }
    match target.reach {
        Reach::Simulated => ("healthy", None),
        Reach::Stopped => ("unused", because("Target.InvalidState", "Target is in the stopped state")),
        Reach::Real(_) if !in_use => {
            let words = "Target group is not configured to receive traffic from the load balancer";
            ("unused", because("Target.NotInUse", words))
        }
        Reach::Real(_) => match found(world, arn, target) {
            None => ("initial", because("Elb.InitialHealthChecking", "Initial health checks in progress")),
            Some(Health::Healthy) => ("healthy", None),
            Some(Health::Unhealthy { reason, description }) => ("unhealthy", because(reason, description)),
        },
    }
}

/// What was found of a real target; `None` as long as nothing was.
pub(super) fn found<'w>(world: &'w World, arn: &str, target: &Registered) -> Option<&'w Health> {
    world.load_balancing.health.get(&(arn.to_owned(), target.id.clone(), target.port))
}

/// Keep what was found of a target.
pub(crate) fn set_health(world: &mut World, arn: &str, target: &str, port: u16, health: Option<Health>) {
    let key = (arn.to_owned(), target.to_owned(), port);
    match health {
        Some(health) => world.load_balancing.health.insert(key, health),
        None => world.load_balancing.health.remove(&key),
    };
}

/// Nothing is known of any target any more.
pub(crate) fn forget_health(world: &mut World) {
    world.load_balancing.health.clear();
}

/// Whether an instance is an unhealthy target of any group.
pub(crate) fn is_unhealthy(world: &World, instance: &str) -> bool {
    let known = world.load_balancing.health.iter();
    known.filter(|((_, target, _), _)| target == instance).any(|(_, health)| health.is_unhealthy())
}

/// How long a target that is deregistered may go on with what it is at.
pub(super) fn deregistration_delay(group: &TargetGroup) -> Duration {
    // <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html>
    const USUAL_SECONDS: u64 = 300;
    let given = group.attributes.get("deregistration_delay.timeout_seconds");
    Duration::from_secs(given.and_then(|text| text.parse().ok()).unwrap_or(USUAL_SECONDS))
}

/// The targets of a request.
pub(super) fn given(input: Input<'_>, name: &str) -> Result<Vec<Target>, AwsError> {
    let targets = input.objects(name).map(|target| {
        let port = target.integer("Port")?.map(u16::try_from).transpose();
        Ok(Target {
            id: required(target, "Id")?.to_owned(),
            port: port.map_err(|_| AwsError::validation("Port must be between 1 and 65535"))?,
        })
    });
    targets.collect()
}

/// Replace the targets of a group; those that are not among the new ones drain.
pub(super) fn replace(world: &mut World, arn: &str, new: Vec<Target>) {
    let Some(group) = world.load_balancing.target_groups.get(arn) else { return };
    let gone: Vec<Target> = group.targets.iter().filter(|old| !new.contains(old)).cloned().collect();
    drain(world, arn, gone);
    if let Some(group) = world.load_balancing.target_groups.get_mut(arn) {
        group.draining.retain(|(target, _)| !new.contains(target));
        group.targets = new;
    }
}

fn drain(world: &mut World, arn: &str, gone: Vec<Target>) {
    let (now, scaled) = (world.now, |world: &World, delay| world.scaled(delay));
    let Some(delay) = world.load_balancing.target_groups.get(arn).map(deregistration_delay) else { return };
    let until: Timestamp = now.after(scaled(world, delay));
    let Some(group) = world.load_balancing.target_groups.get_mut(arn) else { return };
    group.draining.retain(|(_, until)| *until > now);
    group.targets.retain(|target| !gone.contains(target));
    group.draining.extend(gone.into_iter().map(|target| (target, until)));
}

pub(super) fn register(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let (arn, new) = of_request(world, input)?;
    for target in &new {
        check(world, &arn, target)?;
    }
    let group = world.load_balancing.target_groups.get(&arn).ok_or_else(target_groups::not_found)?;
    let mut all = group.targets.clone();
    for target in new {
        if !all.contains(&target) {
            all.push(target);
        }
    }
    replace(world, &arn, all);
    Ok(json!({}))
}

fn check(world: &World, arn: &str, target: &Target) -> Result<(), AwsError> {
    let group = world.load_balancing.target_groups.get(arn);
    let kind = group.and_then(|group| group.described.get("TargetType")).and_then(Value::as_str);
    let words = match kind.unwrap_or("instance") {
        "instance" => {
            let is_there = target.id.starts_with("i-") && !ec2::is_gone(world, &target.id);
            (!is_there).then(|| format!("The following targets are not valid instances: '{}'", target.id))
        }
        "ip" => {
            let is_address = target.id.parse::<IpAddr>().is_ok();
            (!is_address)
                .then(|| format!("The IP address '{}' is not a valid IPv4 or IPv6 address", target.id))
        }
        _ => None,
    };
    words.map_or(Ok(()), |words| Err(refused("InvalidTarget", words)))
}

pub(super) fn deregister(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let (arn, asked) = of_request(world, input)?;
    let group = world.load_balancing.target_groups.get(&arn).ok_or_else(target_groups::not_found)?;
    // Without a port, every registration of the target is meant.
    let is_meant = |target: &&Target| {
        asked.iter().any(|asked| asked.id == target.id && (asked.port.is_none() || asked.port == target.port))
    };
    let gone: Vec<Target> = group.targets.iter().filter(is_meant).cloned().collect();
    drain(world, &arn, gone);
    Ok(json!({}))
}

fn of_request(world: &World, input: Input<'_>) -> Result<(String, Vec<Target>), AwsError> {
    let arn = required(input, "TargetGroupArn")?;
    if !world.load_balancing.target_groups.contains_key(arn) {
        return Err(target_groups::not_found());
    }
    let targets = given(input, "Targets")?;
    if targets.is_empty() {
        return Err(AwsError::validation("At least one target must be specified"));
    }
    Ok((arn.to_owned(), targets))
}

/// A target group's targets with their states; those that a request names, if it names any.
pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = required(input, "TargetGroupArn")?;
    let group = world.load_balancing.target_groups.get(arn).ok_or_else(target_groups::not_found)?;
    let check_port =
        group.described.get("HealthCheckPort").filter(|port| port.as_str() != Some("traffic-port"));
    let asked = given(input, "Targets")?;
    let in_use = !target_groups::balancers_of(world, arn).is_empty();
    let is_asked = |target: &Registered| {
        asked.is_empty()
            || asked
                .iter()
                .any(|asked| asked.id == target.id && asked.port.is_none_or(|port| port == target.port))
    };
    let shown = registered(world, arn).into_iter().filter(is_asked).map(|target| {
        let (state, because) = state(world, arn, &target, in_use);
        let mut health = json!({"State": state});
        if let (Some((reason, words)), Some(fields)) = (because, health.as_object_mut()) {
            fields.insert("Reason".to_owned(), json!(reason));
            fields.insert("Description".to_owned(), json!(words));
        }
        let check_port = check_port.cloned().unwrap_or_else(|| json!(target.port.to_string()));
        json!({
            "Target": {"Id": target.id, "Port": target.port},
            "HealthCheckPort": check_port,
            "TargetHealth": health,
        })
    });
    Ok(json!({"TargetHealthDescriptions": shown.collect::<Vec<_>>()}))
}
