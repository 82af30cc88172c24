//! The world behind the lock, with the log of what happens to it.

use serde_json::Value;

use crate::clock::Timestamp;
use crate::error::AwsError;
use crate::input::Input;
use crate::journal::{Record, RequestLog};
use crate::throttle::Buckets;
use crate::wire::Service;
use crate::wire::route::Call;
use crate::world::World;

/// What one request at a time may change.
pub(super) struct Core {
    pub(super) world: World,
    pub(super) log: Option<RequestLog>,
    pub(super) buckets: Buckets,
    /// Requests answered, for request ids.
    pub(super) answered: u64,
    /// Requests that a fault holds back, with the time at which they arrive.
    pub(super) on_their_way: Vec<(Timestamp, Call)>,
}

impl Core {
    /// Let happen what was held back and is due, in the order of its time.
    pub(super) fn arrive(&mut self, now: Timestamp) {
        loop {
            let due = self.on_their_way.iter().enumerate().filter(|(_, (at, _))| *at <= now);
            let Some(place) = due.min_by_key(|(_, (at, _))| *at).map(|(place, _)| place) else { return };
            let (at, call) = self.on_their_way.remove(place);
            // Nobody waits for what it is answered.
            let _unheard = self.happen(at.max(self.world.now), call.service, &call.operation, &call.input);
        }
    }

    /// Log a request that may change something, and let the world answer it.
    pub(super) fn happen(
        &mut self,
        at: Timestamp,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<Value, AwsError> {
        let handle = |world: &mut World| world.handle(at, service, operation, Input(input));
        self.happen_typed(at, service, operation, || input.clone(), handle)
    }

    /// As [`Self::happen`], with the log's form of the request and what carries it out.
    pub(super) fn happen_typed<T>(
        &mut self,
        at: Timestamp,
        service: Service,
        operation: &str,
        logged: impl FnOnce() -> Value,
        handle: impl FnOnce(&mut World) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        if service.descriptor().changes(operation)
            && let Some(log) = &self.log
        {
            let record = Record { at, service, operation: operation.to_owned(), input: logged() };
            log.append(&record).map_err(|error| AwsError::new(500, "InternalFailure", error.to_string()))?;
        }
        self.world.advance(at);
        handle(&mut self.world)
    }
}
