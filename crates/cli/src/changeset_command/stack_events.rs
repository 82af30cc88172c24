//! A stack's own events, as `aws cloudformation describe-stack-events` prints them.

use std::path::Path;

use changeset::estimate::{OwnEvents, TimedEvent};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::files::{self, FileError};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    stack_events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    logical_resource_id: String,
    resource_type: String,
    resource_status: String,
    timestamp: String,
}

/// How long things took here. The stack's own status lines tell nothing of a resource.
pub(super) fn read(path: &Path) -> Result<OwnEvents, FileError> {
    let malformed = |reason: String| FileError::malformed(path, reason);
    let Answer { stack_events } =
        serde_json::from_slice(&files::read(path)?).map_err(|error| malformed(error.to_string()))?;
    let mut events = Vec::with_capacity(stack_events.len());
    for event in stack_events {
        let at = OffsetDateTime::parse(&event.timestamp, &Rfc3339).map_err(|_| {
            malformed(format!(
                "the Timestamp {:?} of {} is not a time such as 2026-01-31T08:00:00Z",
                event.timestamp, event.logical_resource_id
            ))
        })?;
        events.push(TimedEvent {
            at_seconds: at.unix_timestamp_nanos() as f64 / 1e9,
            logical_id: event.logical_resource_id,
            resource_type: event.resource_type,
            status: event.resource_status,
        });
    }
    Ok(OwnEvents::of_events(events))
}
