//! Times, durations and counts as people read them, and the maintenance in which a deployment is.

use panel::Moment;
use serde::{Serialize as _, Serializer};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use upgrade::{Maintenance, Step, Timestamp};

use crate::zone::{self, Zone};

fn written(at: Timestamp, format: &[BorrowedFormatItem<'_>]) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000_000);
    time.unwrap_or(PrimitiveDateTime::MAX.assume_utc()).format(format).unwrap_or_default()
}

/// The same in the zone in which people read, and what that is called then.
fn written_in(zone: &Zone, at: Timestamp, format: &[BorrowedFormatItem<'_>]) -> (String, String) {
    let (offset_seconds, called) = zone.offset(at);
    (written(Timestamp(at.0.saturating_add_signed(i64::from(offset_seconds) * 1000)), format), called)
}

/// `08:15:30`, where a column or a line before says in which zone.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    written_in(&zone::current(), at, format_description!("[hour]:[minute]:[second]")).0
}

/// `08:15:30 UTC`.
pub(crate) fn clock_time(at: Timestamp) -> String {
    let (time, called) = written_in(&zone::current(), at, format_description!("[hour]:[minute]:[second]"));
    format!("{time} {called}")
}

/// `2026-11-23 08:15:30 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    let (moment, called) = written_in(&zone::current(), at, MOMENT);
    format!("{moment} {called}")
}

/// `2026-11-23 08:15:30`, in a column that names the zone.
pub(crate) fn bare_moment(at: Timestamp) -> String {
    written_in(&zone::current(), at, MOMENT).0
}

const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// `2026-11-23 08:15`, and what the zone is called then: nobody plans their work by the second.
pub(crate) fn minute(zone: &Zone, at: Timestamp) -> (String, String) {
    written_in(zone, at, format_description!("[year]-[month]-[day] [hour]:[minute]"))
}

/// `20261123-081530`, UTC.
pub(crate) fn moment_in_names(at: Timestamp) -> String {
    written(at, format_description!("[year][month][day]-[hour][minute][second]"))
}

/// `2026-11-23T08:15:30.250Z`.
pub(crate) fn iso8601(at: Timestamp) -> String {
    written(at, format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"))
}

/// As every answer has it: RFC 3339, UTC.
pub(crate) fn as_moment<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Moment::from).serialize(serializer)
}

/// As people and every answer have it.
pub(crate) fn as_title<S: Serializer>(step: &Step, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(step.title())
}

/// `0.4 s`, `12.0 s`, `3 min 05 s`, `1 h 02 min`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 job`, `2 jobs`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `In maintenance since 2026-11-29 22:00:00 UTC, by ada (run production-…).`
#[must_use]
pub fn already(found: &Maintenance) -> String {
    let Maintenance { run_id, since, by, state: _ } = found;
    let since = since.map(|since| format!(" since {}", moment(since))).unwrap_or_default();
    let by = by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
    format!("In maintenance{since}{by} (run {run_id}).")
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_well() {
        for (milliseconds, text) in [
            (0, "0.0 s"),
            (999, "0.9 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min 00 s"),
            (3_599_000, "59 min 59 s"),
            (3_720_000, "1 h 02 min"),
        ] {
            assert_eq!(duration(milliseconds), text);
        }
    }
}
