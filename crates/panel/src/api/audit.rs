//! The audit trail over the API: acts with what came of them, and the chain's rows as they are kept.

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::handlers::{Answered, Problem, Wanted, limit};
use super::operations::Shape;
use crate::access::{AccessError, ActOutcome, AuditEntry};
use crate::pages;
use crate::panel::Panel;
use crate::web::Failure;

/// Rows that are read at once.
const ROWS: u32 = 500;

fn entry(entry: &AuditEntry) -> Value {
    let AuditEntry { number, at, who, address, act, object, outcome } = entry;
    let (ended_at, done, detail) = match outcome {
        Some(ActOutcome { at, done, detail }) => (Some(pages::iso(*at)), Some(*done), detail.as_str()),
        None => (None, None, ""),
    };
    json!({
        "number": number, "at": pages::iso(*at), "who": who, "address": address, "act": act, "object": object,
        "endedAt": ended_at, "done": done, "detail": detail,
    })
}

pub(crate) async fn list(State(panel): State<Panel>, Query(query): Wanted) -> Answered {
    let limit = limit(&query)?;
    let before = match query.get("before").map(|text| text.parse::<i64>()) {
        None => None,
        Some(Ok(before @ 0..)) => Some(before),
        Some(Ok(_) | Err(_)) => {
            return Err(Failure::BadInput("before is an entry's number.".to_owned()).into());
        }
    };
    let trail = panel.access.audit_trail(before, u32::try_from(limit).unwrap_or(u32::MAX))?;
    let next = trail.last().filter(|last| last.number > 1).map(|last| last.number);
    Ok(Json(json!({"entries": trail.iter().map(entry).collect::<Vec<_>>(), "nextBefore": next})))
}

/// All of it, a page of rows at a time: however long it is, little of it is in memory.
pub(crate) async fn export(State(panel): State<Panel>) -> Result<Response, Problem> {
    let first = lines(&panel, 0)?;
    let rest = stream::try_unfold((panel, Some(first)), async |(panel, page)| {
        let Some((text, last)) = page else { return Ok(None) };
        let next = match last {
            Some(last) => Some(lines(&panel, last)?),
            None => None,
        };
        Ok::<_, AccessError>(Some((text, (panel, next))))
    });
    let media_type = [(CONTENT_TYPE, Shape::AuditLines.media_type())];
    Ok((media_type, Body::from_stream(rest)).into_response())
}

/// A page of lines after a place, and the place of its last; `None`: there is no more.
fn lines(panel: &Panel, after: i64) -> Result<(String, Option<i64>), AccessError> {
    let rows = panel.access.trail_rows(after, ROWS)?;
    let text = rows.iter().map(|row| format!("{}\n", json!(row))).collect();
    Ok((text, rows.last().map(|row| row.place)))
}
