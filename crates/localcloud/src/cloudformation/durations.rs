//! How long CloudFormation takes for a resource of a type: the figures of [`changeset::durations`], and three of its own.

use std::time::Duration;

use changeset::durations::{self, Operation};

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
