//! The port to the cloud: questions and acts, as the state machine names them.

use std::future::Future;

use upgrade::{Act, Observation, PortError, Query, Timestamp};

/// A cloud that can be asked and told.
pub trait Cloud {
    /// Ask. Changes nothing. An error's kind says whether asking again may help.
    fn observe(&self, query: &Query) -> impl Future<Output = Result<Observation, PortError>>;

    /// Do. Doing the same act again must be harmless.
    fn act(&self, act: &Act) -> impl Future<Output = Result<(), PortError>>;

    /// Until when the same questions have the same answers, if nobody acts; `None`: nobody knows. A rehearsal knows it of its own
    /// clouds, so that it needn't look for hours at what doesn't change.
    fn unchanged_until(&self) -> Option<Timestamp> {
        None
    }
}
