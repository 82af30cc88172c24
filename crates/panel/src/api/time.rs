//! Times, as the API gives them.

use schemars::JsonSchema;
use serde::Serialize;
use upgrade::Timestamp;

use crate::words::iso;

/// RFC 3339, UTC, in whole seconds.
#[derive(Serialize, JsonSchema)]
#[schemars(inline, extend("format" = "date-time"))]
pub(super) struct Time(String);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Time {
        Time(iso(at))
    }
}
