//! What can be done to services.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::definitions::Definition;
use super::names::{active_cluster, arn_of_given, cluster_of, is_name, service_arn};
use super::service::{Service, Status, is_fargate, percent, to_api};
use super::{client, clusters, definitions, deployment, fields, invalid, network, scheduler, tags};
use crate::{AwsError, Input, Timestamp, World};

/// Settings that only travel through, but for what [`super::service`] reads of them.
const DESCRIBED: &[&str] = &[
    "loadBalancers",
    "serviceRegistries",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "roleArn",
    "deploymentConfiguration",
    "placementConstraints",
    "placementStrategy",
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    "deploymentController",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "availabilityZoneRebalancing",
];

/// What of them begins a new deployment when it changes (developer guide, "Update Amazon ECS service parameters"; API
/// reference of `UpdateService`, `forceNewDeployment`).
const DEPLOYS: &[&str] = &[
    "capacityProviderStrategy",
    "loadBalancers",
    "networkConfiguration",
    "platformVersion",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// "Tasks per service", 5,000
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>). Assumption: the words.
const MOST_TASKS: u32 = 5000;

/// The `desiredCount` of a request.
fn desired_count(input: Input<'_>) -> Result<Option<u32>, AwsError> {
    match fields::count(input, "desiredCount")? {
        Some(count) if count > MOST_TASKS => {
            Err(invalid(format!("desiredCount must be between 0 and {MOST_TASKS}")))
        }
        count => Ok(count),
    }
}

fn not_found() -> AwsError {
    AwsError::new(400, "ServiceNotFoundException", "Service not found.")
}

/// The words of every request that gives a DAEMON a number (recorded by many clients).
fn daemon_has_no_count() -> AwsError {
    invalid(
        "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value \
         and try again",
    )
}

pub(super) fn create_service(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.string("serviceName").unwrap_or_default();
    let arn = create(world, name, input)?;
    Ok(json!({"service": world.ecs.services.get(&arn).map(|service| to_api(world, service, true))}))
}

/// Create a service of a name; gives its ARN.
pub(super) fn create(world: &mut World, name: &str, input: Input<'_>) -> Result<String, AwsError> {
    let cluster = cluster_of(input);
    if !is_name(name) {
        return Err(invalid(
            "Invalid service name: up to 255 letters, numbers, underscores and hyphens are allowed",
        ));
    }
    if !clusters::is_usable(world, cluster) {
        return Err(clusters::not_found());
    }
    let arn = service_arn(world, cluster, name);
    match world.ecs.services.get(&arn).map(|service| service.status) {
        Some(Status::Active) => return Err(invalid("Creation of service was not idempotent.")),
        Some(Status::Draining) => return Err(invalid("Unable to Start a service that is still Draining.")),
        Some(Status::Inactive) | None => {}
    }
    let is_daemon = match input.string("schedulingStrategy") {
        None | Some("REPLICA") => false,
        Some("DAEMON") => true,
        Some(other) => return Err(invalid(format!("Invalid scheduling strategy: {other}"))),
    };
    let given = desired_count(input)?;
    if is_daemon && given.is_some() {
        return Err(daemon_has_no_count());
    }
    let mut described = fields::kept(input, DESCRIBED);
    if let Some(role) = input.string("role") {
        described.insert("roleArn".to_owned(), json!(role));
    }
    let definition = definitions::usable(world, input.string("taskDefinition").unwrap_or_default())?;
    check_network(definition, &described)?;
    network::check_target_groups(world, definition, &described)?;
    let definition = definition.arn.clone();
    // "Required when schedulingStrategy is REPLICA" (API reference of `CreateService`).
    let desired = match (is_daemon, given) {
        (true, _) => 1,
        (false, Some(desired)) => desired,
        (false, None) => return Err(invalid("desiredCount is required")),
    };
    check_percents(&described, is_daemon)?;
    let service = Service {
        name: name.to_owned(),
        arn: arn.clone(),
        cluster: cluster.to_owned(),
        status: Status::Active,
        desired,
        is_daemon,
        deployments: Vec::new(),
        tasks: Vec::new(),
        events: VecDeque::new(),
        created: world.now,
        described,
        tags: tags::given(input)?,
        is_steady: false,
        is_to_be_reconciled: false,
        failures: 0,
        restart_at: Timestamp::default(),
        trouble: None,
        last_completed: None,
        has_tripped: false,
        looks: 0,
    };
    clusters::make_default(world, cluster);
    world.ecs.services.insert(arn.clone(), service);
    deployment::begin(world, &arn, &definition);
    scheduler::reconcile(world, &arn);
    Ok(arn)
}

pub(super) fn update_service(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = active_cluster(world, input)?;
    let arn = arn_of_given(world, "service", cluster, input.string("service").unwrap_or_default())?;
    update(world, &arn, input, fields::flag(input, "forceNewDeployment")?)?;
    Ok(json!({"service": world.ecs.services.get(&arn).map(|service| to_api(world, service, true))}))
}

/// Change what is given of a service.
pub(super) fn update(
    world: &mut World,
    arn: &str,
    input: Input<'_>,
    is_forced: bool,
) -> Result<(), AwsError> {
    let service = world.ecs.services.get(arn).ok_or_else(not_found)?;
    if service.status != Status::Active {
        return Err(AwsError::new(400, "ServiceNotActiveException", "Service was not ACTIVE."));
    }
    let desired = desired_count(input)?;
    if service.is_daemon && desired.is_some() {
        return Err(daemon_has_no_count());
    }
    let present = service.definition();
    let definition = definitions::find(world, input.string("taskDefinition").unwrap_or(present));
    let definition = definition.ok_or_else(|| client("TaskDefinition not found."))?;
    let changes_definition = definition.arn != present;
    // What a service has already it keeps, active or not.
    if changes_definition && !definition.is_active {
        return Err(client("TaskDefinition is inactive"));
    }
    let controller = service.described.get("deploymentController").and_then(|given| given.get("type"));
    if changes_definition && controller.is_some_and(|controller| controller == "CODE_DEPLOY") {
        return Err(invalid(
            "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy \
             to trigger a new deployment.",
        ));
    }
    let new = fields::kept(input, DESCRIBED);
    let changes = |name: &&str| new.get(*name).is_some_and(|new| is_other(service.described.get(*name), new));
    let deploys = is_forced || changes_definition || DEPLOYS.iter().any(changes);
    let mut described = service.described.clone();
    described.extend(new);
    check_percents(&described, service.is_daemon)?;
    check_network(definition, &described)?;
    if deploys {
        network::check_target_groups(world, definition, &described)?;
    }
    let definition = definition.arn.clone();
    let service = world.ecs.services.get_mut(arn).ok_or_else(not_found)?;
    service.described = described;
    service.desired = desired.unwrap_or(service.desired);
    service.has_tripped = false;
    if deploys {
        deployment::begin(world, arn, &definition);
    }
    scheduler::reconcile(world, arn);
    Ok(())
}

/// Whether a setting is another one; an empty list is as good as none.
fn is_other(present: Option<&Value>, new: &Value) -> bool {
    let is_nothing = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    present.filter(|present| !is_nothing(present)) != Some(new).filter(|new| !is_nothing(new))
}

/// Both at 100 would let nothing be replaced.
fn check_percents(described: &Map<String, Value>, is_daemon: bool) -> Result<(), AwsError> {
    let (least, most) = (
        percent(described, is_daemon, "minimumHealthyPercent"),
        percent(described, is_daemon, "maximumPercent"),
    );
    if is_daemon && most > 100 {
        return Err(invalid(
            "The daemon scheduling strategy does not support values above 100 for maximumPercent on a deployment \
             configuration. Change the maximumPercent value to 100, and try again",
        ));
    }
    // Assumption: the words. More than all could never be healthy.
    if least > 100 {
        return Err(invalid("minimumHealthyPercent must be between 0 and 100."));
    }
    if least == 100 && most <= 100 {
        return Err(invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        ));
    }
    Ok(())
}

/// A task with an interface of its own has to be told its subnets.
fn check_network(definition: &Definition, described: &Map<String, Value>) -> Result<(), AwsError> {
    if definition.is_awsvpc() && !described.contains_key("networkConfiguration") {
        return Err(invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    Ok(())
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = active_cluster(world, input)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    // "You may specify up to 10 services to describe in a single operation" (API reference of `DescribeServices`).
    for given in fields::several(input, "services", 10)? {
        let arn = arn_of_given(world, "service", cluster, given)?;
        match world.ecs.services.get(&arn) {
            Some(service) => found.push(to_api(world, service, fields::includes(input, "TAGS"))),
            None => failures.push(fields::missing(&arn)),
        }
    }
    Ok(json!({"services": found, "failures": failures}))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = active_cluster(world, input)?;
    let found = world.ecs.services.values().filter(|service| {
        let launch_type = if is_fargate(world, cluster, &service.described) { "FARGATE" } else { "EC2" };
        let strategy = if service.is_daemon { "DAEMON" } else { "REPLICA" };
        service.cluster == cluster
            && service.status != Status::Inactive
            && input.string("launchType").is_none_or(|wanted| wanted == launch_type)
            && input.string("schedulingStrategy").is_none_or(|wanted| wanted == strategy)
    });
    // "If this parameter isn't used, then ListServices returns up to 10 results" (API reference).
    fields::listed(input, "serviceArns", found.map(|service| service.arn.clone()), 10)
}

pub(super) fn delete_service(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = active_cluster(world, input)?;
    let arn = arn_of_given(world, "service", cluster, input.string("service").unwrap_or_default())?;
    let is_forced = fields::flag(input, "force")?;
    let found = world.ecs.services.get(&arn).filter(|service| service.status != Status::Inactive);
    let service = found.ok_or_else(not_found)?;
    if service.status == Status::Active && !is_forced && !service.is_daemon {
        if service.desired > 0 {
            return Err(invalid("The service cannot be stopped while it is scaled above 0."));
        }
        if service.deployments.len() > 1 {
            return Err(invalid("The service cannot be stopped while deployments are active."));
        }
    }
    drain(world, &arn);
    Ok(json!({"service": world.ecs.services.get(&arn).map(|service| to_api(world, service, true))}))
}

/// Delete a service: DRAINING until its tasks have ended, INACTIVE then.
pub(super) fn drain(world: &mut World, arn: &str) {
    if let Some(service) = world.ecs.services.get_mut(arn).filter(|service| service.status == Status::Active)
    {
        service.status = Status::Draining;
        scheduler::reconcile(world, arn);
    }
}
