//! Amazon ECS: clusters, task definitions, services, and the tasks that come and go over time. Nothing is run.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html>
//!
//! Assumptions, all of them here:
//! - Capacity always suffices. No container instance is simulated: a DAEMON service has one task for its cluster, as if the
//!   cluster had one instance, and targets of the type `instance` are registered under an id that is made up for the cluster.
//! - The cluster `default` is made when the first service or task asks for no other.
//! - A deployment controller of another type than `ECS` is kept and shown; rolling is done all the same.
//! - Task sets, Service Connect, service discovery, volumes and deployment alarms only travel through.

mod clusters;
mod definitions;
mod deployment;
mod durations;
mod fields;
mod names;
mod network;
pub mod provision;
mod scheduler;
mod service;
mod services;
mod tags;
mod task;
mod tasks;
mod trouble;
mod typed;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

pub(crate) use names::resource;
pub(crate) use trouble::set_status;

use crate::{AwsError, Input, Speed, World};

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Timer {
    /// A task's present state has lasted its time.
    Task {
        /// Its ARN.
        task: String,
        /// Which of its states is meant; another one means that it has moved on.
        step: u64,
    },
    /// A service is looked at: something of its tasks has changed, or it may start others again.
    Reconcile {
        /// The service's ARN.
        service: String,
    },
}

/// Everything that exists of it.
#[derive(Debug, Default)]
pub struct Ecs {
    /// By name.
    clusters: BTreeMap<String, clusters::Cluster>,
    /// By family; a revision's number is its place, from 1 on.
    definitions: BTreeMap<String, Vec<definitions::Definition>>,
    /// By ARN.
    services: BTreeMap<String, service::Service>,
    /// By ARN.
    tasks: BTreeMap<String, task::Task>,
}

/// A timer is due.
pub fn happen(world: &mut World, timer: Timer) {
    match timer {
        Timer::Task { task, step } => task::step_is_over(world, &task, step),
        Timer::Reconcile { service } => {
            if let Some(service) = world.ecs.services.get_mut(&service) {
                service.is_to_be_reconciled = false;
            }
            scheduler::reconcile(world, &service);
        }
    }
}

/// Answer a request.
///
/// # Errors
/// In ECS's words.
pub fn handle(world: &mut World, operation: &str, input: Input<'_>) -> Result<Value, AwsError> {
    match operation {
        "CreateCluster" => clusters::create_cluster(world, input),
        "DescribeClusters" => clusters::describe(world, input),
        "ListClusters" => clusters::list(world, input),
        "DeleteCluster" => clusters::delete_cluster(world, input),
        "RegisterTaskDefinition" => definitions::register_definition(world, input),
        "DescribeTaskDefinition" => definitions::describe(world, input),
        "DeregisterTaskDefinition" => definitions::deregister_definition(world, input),
        "ListTaskDefinitions" => definitions::list(world, input),
        "CreateService" => services::create_service(world, input),
        "UpdateService" => services::update_service(world, input),
        "DescribeServices" => services::describe(world, input),
        "ListServices" => services::list(world, input),
        "DeleteService" => services::delete_service(world, input),
        "ListTasks" => tasks::list(world, input),
        "DescribeTasks" => tasks::describe(world, input),
        "RunTask" => tasks::run(world, input),
        "StopTask" => tasks::stop(world, input),
        "TagResource" => tags::add(world, input),
        "UntagResource" => tags::remove(world, input),
        "ListTagsForResource" => tags::list(world, input),
        _ => Err(AwsError::invalid_action(operation)),
    }
}

/// A time that passes however fast the cloud is: nobody is to fill a moment with failures, or to find nothing of a task
/// that has stopped, where everything is done at once.
fn time_that_passes(world: &World, usual: Duration) -> Duration {
    match world.config.speed {
        Speed::Instant => usual,
        Speed::Times(_) => world.scaled(usual).max(Duration::from_secs(1)),
    }
}

/// `InvalidParameterException`.
fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidParameterException", message)
}

/// `ClientException`.
fn client(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ClientException", message)
}

#[cfg(test)]
mod tests;
