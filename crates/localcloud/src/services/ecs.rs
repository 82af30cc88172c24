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

pub(crate) use trouble::set_status;

use crate::descriptor::{Descriptor, Errors, TARGET_JSON, Target, changes, reads};
use crate::{AwsError, Speed, World};

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
#[derive(Debug, Clone, Default)]
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

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "ECS",
    signing_name: "ecs",
    // <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>: its buckets are on that page,
    // but nobody has read them from it yet, so it has no rates here.
    errors: Errors { server_error: "ServerException", ..TARGET_JSON.errors },
    target: Target::Computed(names::resources),
    resource_types: provision::TYPES,
    operations: &[
        changes("CreateCluster", clusters::create_cluster),
        reads("DescribeClusters", clusters::describe),
        reads("ListClusters", clusters::list),
        changes("DeleteCluster", clusters::delete_cluster),
        changes("RegisterTaskDefinition", definitions::register_definition),
        reads("DescribeTaskDefinition", definitions::describe),
        changes("DeregisterTaskDefinition", definitions::deregister_definition),
        reads("ListTaskDefinitions", definitions::list),
        changes("CreateService", services::create_service),
        changes("UpdateService", services::update_service),
        reads("DescribeServices", services::describe),
        reads("ListServices", services::list),
        changes("DeleteService", services::delete_service),
        reads("ListTasks", tasks::list),
        reads("DescribeTasks", tasks::describe),
        changes("RunTask", tasks::run),
        changes("StopTask", tasks::stop),
        changes("TagResource", tags::add),
        changes("UntagResource", tags::remove),
        reads("ListTagsForResource", tags::list),
    ],
    ..TARGET_JSON
};

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
