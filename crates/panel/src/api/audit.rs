//! The audit trail over the API: acts with what came of them, and the chain's rows as they are kept.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use schemars::{JsonSchema, json_schema};
use serde::Serialize;
use serde_json::json;

use super::operation::{Answer, Given, limit};
use crate::access::{AccessError, AuditEntry};
use crate::panel::Panel;
use crate::web::{Call, Failure};

/// Rows that are read at once.
const ROWS: u32 = 500;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Audit {
    entries: Vec<AuditEntry>,
    /// The number that the next page ends before.
    next_before: Option<i64>,
}

pub(super) async fn list(call: Call) -> Result<Audit, Failure> {
    let limit = limit(&call)?;
    let words = "before is an entry's number.";
    let before = call.parsed::<i64>("before", words)?;
    if before.is_some_and(|before| before < 0) {
        return Err(Failure::BadInput(words.to_owned()));
    }
    let trail = call.panel.access.audit_trail(before, u32::try_from(limit).unwrap_or(u32::MAX))?;
    let next_before = trail.last().filter(|last| last.number > 1).map(|last| last.number);
    Ok(Audit { entries: trail, next_before })
}

/// One JSON object a line.
pub(super) struct Lines(Body);

impl Answer for Lines {
    const GIVEN: Option<Given> =
        Some(Given { schema: |_| json_schema!({"type": "string"}), media_type: "application/jsonl" });

    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/jsonl")], self.0).into_response()
    }
}

/// All of it, a page of rows at a time: however long it is, little of it is in memory.
pub(super) async fn export(call: Call) -> Result<Lines, Failure> {
    let first = lines(&call.panel, 0)?;
    let rest = stream::try_unfold((call.panel, Some(first)), async |(panel, page)| {
        let Some((text, last)) = page else { return Ok(None) };
        let next = match last {
            Some(last) => Some(lines(&panel, last)?),
            None => None,
        };
        Ok::<_, AccessError>(Some((text, (panel, next))))
    });
    Ok(Lines(Body::from_stream(rest)))
}

/// A page of lines after a place, and the place of its last; `None`: there is no more.
fn lines(panel: &Panel, after: i64) -> Result<(String, Option<i64>), AccessError> {
    let rows = panel.access.trail_rows(after, ROWS)?;
    let text = rows.iter().map(|row| format!("{}\n", json!(row))).collect();
    Ok((text, rows.last().map(|row| row.place)))
}
