//! How long CloudFormation takes for a resource: the figures of [`changeset::durations`], or a rehearsal's own; and four figures
//! of the engine.

use std::time::Duration;

use changeset::durations::{self, Operation};

use crate::World;

/// How long one type takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durations {
    /// From CREATE_IN_PROGRESS to CREATE_COMPLETE.
    pub create: Duration,
    /// From UPDATE_IN_PROGRESS to UPDATE_COMPLETE, in place.
    pub update: Duration,
    /// From DELETE_IN_PROGRESS to DELETE_COMPLETE.
    pub delete: Duration,
}

/// From the request to the first resource. Assumption: AWS reads the template and begins within seconds.
pub const START: Duration = Duration::from_secs(4);
/// From a resource's first event to "Resource creation Initiated". Assumption: one call to the service.
pub const INITIATE: Duration = Duration::from_secs(1);
/// How long the account's hooks look at a resource, all together. Assumption: as long as in the examples of the Hooks user guide.
pub const HOOKS: Duration = Duration::from_secs(1);
/// From CreateChangeSet to a change set that can be executed. Assumption: seconds.
pub const CHANGE_SET: Duration = Duration::from_secs(6);

/// The usual figures of a type.
#[must_use]
pub fn usual(type_name: &str) -> Durations {
    let usual = |operation| Duration::from_secs(durations::usual(type_name, operation).seconds);
    Durations {
        create: usual(Operation::Create),
        update: usual(Operation::Update),
        delete: usual(Operation::Delete),
    }
}

/// How long things take in one rehearsal.
pub trait Pace: Send + Sync + std::fmt::Debug {
    /// An operation on a resource; `None`: as usual.
    fn resource(
        &self,
        stack_name: &str,
        logical_id: &str,
        type_name: &str,
        operation: Operation,
    ) -> Option<Duration>;

    /// How many times longer than usual takes what the service of this signing name does by itself.
    fn service(&self, signing_name: &str) -> f64;

    /// How much longer a Batch job goes on that runs when the pace is set; `None`: as long as it was to.
    fn job(&self, job_id: &str) -> Option<Duration> {
        let _ = job_id;
        None
    }
}

/// The figures of a resource of a stack.
#[must_use]
pub fn of(world: &World, stack_name: &str, logical_id: &str, type_name: &str) -> Durations {
    let usual = usual(type_name);
    let Some(pace) = &world.pace else { return usual };
    let of = |operation, usual| pace.resource(stack_name, logical_id, type_name, operation).unwrap_or(usual);
    Durations {
        create: of(Operation::Create, usual.create),
        update: of(Operation::Update, usual.update),
        delete: of(Operation::Delete, usual.delete),
    }
}
