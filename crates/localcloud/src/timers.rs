//! What is going to happen, in the order of its time. Equal times keep the order of their scheduling.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::{cloudformation, services};

/// Something that happens at a time. Each service owns its variant.
#[derive(Debug, Clone, PartialEq)]
pub enum Timer {
    /// The CloudFormation engine: a resource operation is done, a stack operation moves on.
    CloudFormation(cloudformation::Timer),
    /// Auto Scaling: an instance changes its lifecycle state.
    AutoScaling(services::auto_scaling::Timer),
    /// Batch: a job or a queue changes its state.
    Batch(services::batch::Timer),
    /// EC2: an instance, a volume or a snapshot changes its state.
    Ec2(services::ec2::Timer),
    /// ECS: a task changes its state, a service starts others.
    Ecs(services::ecs::Timer),
    /// RDS: a database or a snapshot changes its state.
    Rds(services::rds::Timer),
    /// AWS Backup: a job changes its state.
    Backup(services::backup::Timer),
}

/// The queue of timers.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BTreeMap<(Timestamp, u64), Timer>,
    scheduled: u64,
}

impl Timers {
    /// Let `timer` happen at `at`.
    pub fn schedule(&mut self, at: Timestamp, timer: Timer) {
        self.queue.insert((at, self.scheduled), timer);
        self.scheduled += 1;
    }

    /// Take the first timer due at or before `until`, with its time.
    pub fn pop_due(&mut self, until: Timestamp) -> Option<(Timestamp, Timer)> {
        let entry = self.queue.first_entry()?;
        let (at, _) = *entry.key();
        (at <= until).then(|| (at, entry.remove()))
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.queue.keys().next().map(|(at, _)| *at)
    }
}
